"""Alerts against what happened: by scenes whose answer is known, and by an independent judge on random traffic."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import overflight
from overflight.engine import history
from overflight.engine.evaluate import lost_below, parameter_sets, with_lookahead
from overflight.engine.evaluation import Evaluation, SetOutcome
from overflight.engine.outcomes import (
    DOUBTFUL,
    MISSED,
    NOT_ALERTABLE,
    SET_ASIDE,
    Happened,
    Span,
    of_alert,
    of_loss,
    restarts,
)
from overflight.engine.sight import Sight
from overflight.errors import ParameterError
from overflight.nets.alerting import EN_ROUTE, STCA
from overflight.units import FT_M, NM_M
from tests.flights import MIDNIGHT, flight, north_of
from tests.oracle.evaluator import Alert, Rules, evaluated
from tests.oracle.traffic import position_table, random_tracks, seconds


def run(table: pl.DataFrame, alerting: str = "stca", **options: Any) -> SetOutcome:
    return overflight.evaluate(table, alerting=alerting, threads=1, **options).sets[0]


def counted(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def since_midnight(moment: Any) -> float:
    return (moment - MIDNIGHT) / timedelta(seconds=1)


def meeting(reports: int = 121, **other: Any) -> pl.DataFrame:
    """Two flights at 240 kt that meet head-on at 300 s, at 30 N 135 W: 5 NM apart at 262.5 s."""
    east = flight("A", latitude=30, longitude=-135, course=90, speed_kt=240, reports=reports)
    west = flight(
        "B", **({"latitude": 30, "longitude": -135, "course": 270, "speed_kt": 240, "reports": reports} | other)
    )
    return pl.concat([east, west])


def after(table: pl.DataFrame, track: str, start_s: float) -> pl.DataFrame:
    """The same, but a track is first heard of at a time."""
    return table.filter((pl.col("track_id") != track) | (pl.col("timestamp") >= MIDNIGHT + timedelta(seconds=start_s)))


def second() -> pl.Expr:
    return (pl.col("timestamp") - MIDNIGHT).dt.total_microseconds() / 1e6


def climbing_to(level_ft: float) -> pl.DataFrame:
    """B climbs to the level of A, 10,000 ft, as if through it, and levels off below."""
    climb = pl.min_horizontal(3000.0 + 25.0 * second(), pl.lit(level_ft))
    altitude = pl.when(pl.col("track_id") == "A").then(10_000.0).otherwise(climb).cast(pl.Float32)
    return meeting().with_columns(altitude=altitude)


def turning() -> pl.DataFrame:
    """Side by side, 6 NM apart, until one turns at the other: 1 NM at 240 kt is 15 s."""
    latitude, longitude = 30.0, -135.0
    level = {"speed_kt": 240.0, "reports": 61, "every_s": 2.0}
    there = north_of(latitude, longitude, 6.0)
    a = flight("A", latitude=latitude, longitude=longitude, **level)
    b = flight("B", latitude=there[0], longitude=there[1], **level).filter(second() <= 60.0)
    lat, lon = b["latitude"][-1], b["longitude"][-1]
    towards = north_of(lat, lon, -240 / 3600 * 60)
    turned = flight("B", latitude=towards[0], longitude=towards[1], course=180, start_s=60.0, **level)
    return pl.concat([a, b, turned.filter(second() > 60.0)])


def dipping() -> pl.DataFrame:
    """20 ft too low at one report: one step asks for an alert, two would be needed."""
    there = north_of(30.0, -135.0, 2.0)
    level = {"speed_kt": 240.0, "reports": 121, "every_s": 1.0, "vertical_rate": 0.0}
    pair = pl.concat(
        [
            flight("A", latitude=30.0, longitude=-135.0, altitude=10_000.0, **level),
            flight("B", latitude=there[0], longitude=there[1], altitude=11_000.0, **level),
        ]
    )
    dip = (pl.col("track_id") == "B") & (second() == 60.0)
    return pair.with_columns(altitude=pl.when(dip).then(10_980.0).otherwise(pl.col("altitude")).cast(pl.Float32))


def blind_from_200() -> pl.DataFrame:
    level = pl.when((pl.col("track_id") == "B") & (second() > 200.0)).then(None).otherwise(pl.col("altitude"))
    return meeting().with_columns(altitude=level)


def landed_at_200() -> pl.DataFrame:
    landed = meeting().with_columns(onground=(pl.col("track_id") == "B") & (second() > 200.0))
    return landed.filter(~pl.col("onground") | (second() < 230.0))


SCENES = {
    "head-on": meeting,
    "level-off": lambda: climbing_to(8000.0),  # 2,000 ft below
    "level-off-near": lambda: climbing_to(8900.0),  # 1,100 ft below: within 1.5 times 1,000 ft
    "pop-up-300": lambda: after(meeting(), "B", 300.0),
    "pop-up-245": lambda: after(meeting(), "B", 245.0),
    "pop-up-225": lambda: after(meeting(), "B", 225.0),
    "turn": turning,
    "dip": dipping,
    "gone": lambda: meeting().filter((pl.col("track_id") == "A") | (second() <= 200.0)),
    "blind": blind_from_200,
    "landed": landed_at_200,
}


@pytest.fixture(scope="module")
def stage() -> Evaluation:
    """All scenes in one recording, three degrees apart from west to east: the Earth is round, and each is as it would be alone."""
    parts = [
        made().with_columns(pl.col("longitude") + 3.0 * k, track_id=pl.lit(f"{name} ") + pl.col("track_id"))
        for k, (name, made) in enumerate(SCENES.items())
    ]
    table = pl.concat(parts, how="diagonal").sort("timestamp", "track_id")
    return overflight.evaluate(table.filter(second() <= 480.0), threads=1)


def scene(stage: Evaluation, name: str, which: int = 0) -> SetOutcome:
    """What became of one scene."""
    one = stage.sets[which]
    mine = pl.col("track_a") == f"{name} A"
    return replace(one, alerts=one.alerts.filter(mine), losses=one.losses.filter(mine))


def test_a_head_on_is_genuine_and_warned(stage: Evaluation) -> None:
    """The alert begins less than 120 s before, on the second of two steps."""
    found = scene(stage, "head-on")
    assert counted(found.of_alerts) == {"genuine": 1}
    assert counted(found.of_losses) == {"warned": 1}
    (warning_s,) = found.warning_s
    assert warning_s == pytest.approx(118.5, abs=1.0)
    assert since_midnight(found.losses["start"][0]) == pytest.approx(262.5, abs=0.1)


def test_a_level_off_makes_a_nuisance(stage: Evaluation) -> None:
    found = scene(stage, "level-off")
    assert counted(found.of_alerts) == {"nuisance": found.alerts.height}
    assert found.alerts.height >= 1
    assert found.losses.height == 0
    assert found.quartiles_s is None


def test_a_level_off_just_below_is_near(stage: Evaluation) -> None:
    found = scene(stage, "level-off-near")
    assert counted(found.of_alerts) == {"near": found.alerts.height}
    assert found.nuisances == found.alerts.height > 0


@pytest.mark.parametrize(("first_s", "outcome"), [(300, "not alertable"), (245, "not alertable"), (225, "warned")])
def test_a_pop_up_cannot_be_alerted(stage: Evaluation, first_s: int, outcome: str) -> None:
    """Seen first inside, or less than 30 s before: nobody could have given 30 s of warning."""
    found = scene(stage, f"pop-up-{first_s}")
    assert counted(found.of_losses) == {outcome: 1}
    assert counted(found.of_alerts) == {"genuine": found.alerts.height}


def test_a_silence_before_the_loss_is_no_excuse_where_it_is_bridged() -> None:
    """Heard of for 100 s, but then not until 264 s, 16 s before the loss: with such gaps bridged, the alert came late."""
    silent = (pl.col("track_id") == "B") & (second() > 100.0) & (second() < 264.0)
    rows = meeting().filter(~silent & (second() < 280.0))
    assert counted(run(rows, max_gap="200s").of_losses) == {"late": 1}
    assert counted(run(rows, max_gap="60s").of_losses) == {"not alertable": 1}


def test_a_turn_into_the_other_is_late(stage: Evaluation) -> None:
    found = scene(stage, "turn")
    assert counted(found.of_losses) == {"late": 1}
    assert -10.0 < found.warning_s[0] < 16.0
    assert counted(found.of_alerts) == {"genuine": found.alerts.height}


def test_a_dip_of_a_second_is_missed(stage: Evaluation) -> None:
    found = scene(stage, "dip")
    assert counted(found.of_losses) == {"missed": 1}
    assert found.alerts.height == 0


def test_without_a_view_it_cannot_be_decided(stage: Evaluation) -> None:
    """B is last heard of at 200 s, or its altitude is: whether they met nobody knows."""
    assert set(scene(stage, "gone").undecided) == {"a track ends or is silent"}
    assert set(scene(stage, "blind").undecided) == {"an altitude is unknown"}
    for name in ("gone", "blind"):
        found = scene(stage, name)
        assert counted(found.of_alerts) == {"undecided": found.alerts.height}


def test_a_landing_is_in_view(stage: Evaluation) -> None:
    """B is on the ground from 200 s on: no loss can follow, though it falls silent there."""
    found = scene(stage, "landed")
    assert found.nuisances == found.alerts.height > 0


def test_levels_that_rise_are_changes(stage: Evaluation) -> None:
    found = scene(stage, "head-on", which=1)
    assert found.alerts["first_level"].to_list() == ["corrective"]
    assert found.alerts["gravest_level"].to_list() == ["warning"]
    assert found.level_changes == 1
    assert stage.sets[0].level_changes == 0  # one level cannot change


def test_an_alert_that_comes_back_is_a_restart() -> None:
    silent = (pl.col("track_id") == "B") & (second() > 180.0) & (second() < 212.0)
    found = run(meeting().filter(~silent & (second() < 350.0)))
    assert found.flight_hours == pytest.approx(2 * 345 / 3600)
    assert found.alerts_per_flight_hour == pytest.approx(2 / found.flight_hours)
    assert (found.alerts.height, found.restarts) == (2, 1)
    assert counted(found.of_alerts) == {"genuine": 2}
    assert found.warning_s[0] == pytest.approx(118.5, abs=1.0)  # by the first of the two
    assert restarts({("A", "B"): [Span(0, 10), Span(50, 60), Span(20, 30)], ("A", "C"): [Span(61, 70)]}, 15) == 1


def test_a_longer_lookahead_warns_earlier() -> None:
    found = overflight.evaluate(
        meeting().filter(second() < 330.0), alerting="stca", lookahead=["60s", "90s"], threads=1
    )
    assert [each.alerting.name for each in found.sets] == ["stca 60s", "stca 90s"]
    assert [each.warning_s[0] for each in found.sets] == pytest.approx([58.5, 88.5], abs=1.0)
    assert found.sets[0].losses["id"].to_list() == found.sets[1].losses["id"].to_list()


def test_a_lookahead_scales_all_levels() -> None:
    made = with_lookahead(EN_ROUTE, 110.0)
    assert [(level.alerting_s, level.early_s) for level in made.levels] == [
        (110.0, 150.0),
        (110.0, 150.0),
        (50.0, 110.0),
    ]
    assert lost_below(made) == lost_below(EN_ROUTE)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"alerting": "none"}, "do365-en-route"),
        ({"alerting": ()}, "name one"),
        ({"alerting": ["stca", "stca"]}, "twice"),
        ({"lookahead": "0s"}, "10 min"),
        ({"lookahead": "soon"}, "--lookahead"),
        ({"least_warning": "-1s"}, "--least-warning"),
    ],
)
def test_nonsense_is_refused(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        overflight.evaluate(meeting(), **options)


def test_nothing_flown_is_nothing_said() -> None:
    found = overflight.evaluate(meeting().clear())
    assert [(each.alerts.height, each.losses.height, each.alerts_per_flight_hour) for each in found.sets] == [
        (0, 0, None)
    ] * 2


class _InSight(Sight):
    """Everybody, always."""

    def __init__(self) -> None:
        pass

    def heard_s(self, track: str, time_us: int) -> float:
        return 600.0

    def lacking(self, track: str, start_us: int, end_us: int) -> str | None:
        return None


def test_a_loss_that_the_gate_doubts_decides_nothing() -> None:
    pair = ("A", "B")
    happened = Happened({}, {}, {pair: [Span(100, 110)]}, _InSight())
    assert of_alert(pair, Span(0, 50), happened, 60) == ("undecided", DOUBTFUL)
    assert of_alert(pair, Span(0, 50), happened, 40) == ("nuisance", None)


def test_an_alert_that_the_net_dismissed_is_no_miss() -> None:
    pair = ("A", "B")
    loss, happened = Span(200_000_000, 210_000_000), Happened({}, {}, {}, _InSight())
    set_aside = {pair: [(Span(150_000_000, 190_000_000), "near an airport")]}
    assert of_loss(pair, loss, {}, set_aside, happened, 30_000_000, 30.0)[:2] == (SET_ASIDE, "near an airport")
    assert of_loss(pair, loss, {}, set_aside, happened, 5_000_000, 30.0).outcome == MISSED
    assert of_loss(pair, loss, {}, {}, happened, 30_000_000, 30.0).outcome == MISSED
    assert of_loss(pair, loss, {}, {}, happened, 30_000_000, 601.0).outcome == NOT_ALERTABLE


def blanked(tracks: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same, with the altitude of every third track unknown for a while."""
    rng = np.random.default_rng(seed)
    made = {}
    for number, (name, (t, lat, lon, altitude)) in enumerate(tracks.items()):
        start = rng.uniform(0, t[-1])
        hidden = (number % 3 == 0) & (t > start) & (t < start + 40.0)
        made[name] = (t, lat, lon, np.where(hidden, np.nan, altitude))
    return made


def judged_by_hand(found: SetOutcome, tracks: dict[str, Any]) -> tuple[Counter[str], Counter[str], list[float]]:
    gravest = found.alerting.levels[-1]
    alerts = [
        Alert((row["track_a"], row["track_b"]), seconds(row["start"]), seconds(row["end"]))
        for row in found.alerts.iter_rows(named=True)
    ]
    rules = Rules(gravest.horizontal_m, gravest.vertical_m / FT_M, found.alerting.lookahead_s)
    return evaluated(tracks, alerts, rules)


SEEN: Counter[str] = Counter()


@pytest.mark.parametrize(("seed", "region"), [(1, "europe"), (2, "antimeridian"), (3, "europe")])
def test_plain_loops_say_the_same(seed: int, region: str) -> None:
    tracks = blanked(random_tracks(seed, region, count=20, radius_m=25e3, duration_s=330.0), seed)
    sets = parameter_sets(["stca", "do365-en-route"])
    found = overflight.evaluate(position_table(tracks), alerting=sets, threads=1)
    assert found.disqualified == 0
    for each in found.sets:
        of_alerts, of_losses, warnings = judged_by_hand(each, tracks)
        assert counted(each.of_alerts) == dict(of_alerts)
        assert counted(each.of_losses) == dict(of_losses)
        assert each.warning_s == pytest.approx(warnings, abs=0.05)
        SEEN.update(of_alerts)
        SEEN.update(of_losses)


def test_the_plain_loops_met_every_outcome() -> None:
    if not SEEN:
        pytest.skip("runs after the comparison")
    assert set(SEEN) >= {"genuine", "near", "nuisance", "undecided", "warned", "late", "not alertable"}


def test_cuts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = position_table(random_tracks(7, count=12, radius_m=20e3, duration_s=200.0))
    whole = overflight.evaluate(table, threads=1)
    monkeypatch.setattr(history, "ROWS", 53)
    cut = overflight.evaluate(table, threads=1)
    assert whole.as_json() == cut.as_json()
    assert whole.sets[0].alerts.height > 0
    for one, other in zip(whole.sets, cut.sets, strict=True):
        assert_frame_equal(one.alerts, other.alerts)
        assert_frame_equal(one.losses, other.losses)


def test_the_distances_are_those_of_the_gravest_level() -> None:
    (layer,) = lost_below(STCA).layers
    assert (layer.horizontal_nm, layer.vertical_ft) == (5.0, 1000.0)
    (layer,) = lost_below(EN_ROUTE, 1.5).layers
    assert layer.horizontal_nm * NM_M == pytest.approx(1.5 * 0.66 * NM_M)
    assert overflight.Evaluation is Evaluation
