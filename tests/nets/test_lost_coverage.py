"""Lost: what shows that an aircraft should have been seen, and what does not; and a feed that falls silent."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from overflight.engine.pipeline import Pipeline
from overflight.examples import california
from overflight.nets.lost import Lost
from overflight.nets.lost_coverage import Coverage, Limits, Tally, normal
from overflight.surveillance.batch import NOT_REPEATED, TrackNames, batch_of
from overflight.surveillance.integrity import Gate, Thresholds
from overflight.surveillance.read import read
from tests.flights import GEOD, MIDNIGHT, flight
from tests.nets.test_lost import CUT_S, PARAMETERS, VICTIM, after, airway, completed, reason, run, two_airways, without

LATITUDE, LONGITUDE = 50.0, 10.0


def lattice(altitude: float) -> list[pl.DataFrame]:
    """Flights to and fro along lines 2 NM apart, for two hours: an area of 40 NM by 40 in coverage at that level."""
    made = []
    for n in range(40):
        north = n % 2 == 0
        shift_m = (n // 2 - 9.5) * 2.0 * 1852.0
        lon, lat, _ = GEOD.fwd(LONGITUDE, LATITUDE, 90.0 if north else 0.0, shift_m)
        told = {"latitude": lat, "longitude": lon, "course": 0.0 if north else 90.0, "icao24": f"{n + 4096:06x}"}
        made.append(
            flight(f"G{n}", start_s=n * 180.0, every_s=10.0, reports=120, speed_kt=120.0, altitude=altitude, **told)  # type: ignore[arg-type]
        )
    return made


def stranger(altitude: float, climb_fpm: float = 0.0) -> pl.DataFrame:
    """One who crosses the middle of the lattice on a course that nobody else flies, and vanishes there."""
    told = {"latitude": LATITUDE - 0.1, "longitude": LONGITUDE - 0.1, "course": 40.0, "icao24": "00abcd"}
    told |= {"speed_kt": 160.0, "altitude": altitude, "climb_fpm": climb_fpm}
    return flight("S", start_s=5000.0, every_s=10.0, reports=40, **told)  # type: ignore[arg-type]


def company(altitude: float) -> pl.DataFrame:
    """One who circles 20 NM away, seen all the time."""
    lon, lat, _ = GEOD.fwd(LONGITUDE, LATITUDE, 0.0, 37_000.0)
    return flight(
        "C", latitude=lat, longitude=lon, start_s=4000.0, every_s=10.0, reports=700, speed_kt=1.0, altitude=altitude,
        icao24="00c0de",
    )  # fmt: skip


def test_what_is_seen_low_is_seen_higher() -> None:
    events, _ = run(completed([*lattice(5_000.0), stranger(15_000.0), company(15_500.0)]))
    assert events["track_a"].to_list() == ["S"]


def test_what_is_seen_high_need_not_be_seen_lower() -> None:
    events, dismissed = run(completed([*lattice(15_000.0), stranger(5_000.0), company(5_500.0)]))
    assert events.height == 0
    assert reason(dismissed, "S") == "left coverage"


def test_where_nobody_was_lost_who_flew_a_little_higher_shows_coverage_too() -> None:
    seen = [*lattice(6_000.0), company(5_500.0)]
    events, _ = run(completed([*seen, stranger(5_500.0)]))
    assert events["track_a"].to_list() == ["S"]
    assert "known only in part" in events["why"][0]
    events, dismissed = run(completed([*seen, stranger(4_500.0)]))  # two bands lower
    assert events.height == 0
    assert reason(dismissed, "S") == "left coverage"
    # One of those on like courses vanishes near the place where the stranger did: that may be an edge.
    beyond = (pl.col("track_id") == "G24") & (pl.col("latitude") > LATITUDE + 0.04)
    events, dismissed = run(completed([*seen, stranger(5_500.0)]).filter(~beyond))
    assert "S" not in events["track_a"].to_list()
    assert reason(dismissed, "S") == "left coverage"


def test_above_whatever_was_seen_the_recording_may_end() -> None:
    climbing = [*lattice(5_000.0), stranger(6_000.0, climb_fpm=1_200.0)]  # up to 14,000 ft
    events, dismissed = run(completed([*climbing, company(14_500.0)]))
    assert events.height == 0
    assert reason(dismissed, "S") == "left coverage"
    higher = flight("H", latitude=LATITUDE + 0.2, longitude=LONGITUDE, altitude=22_000.0, icao24="00beef")
    assert run(completed([*climbing, company(14_500.0), higher]))[0]["track_a"].to_list() == ["S"]


def test_reception_that_fades_is_no_loss() -> None:
    table = without(airway(groundspeed=400.0, track=90.0))
    fading = (pl.col("track_id") == VICTIM) & after(CUT_S - 20.0)
    silent = [pl.when(~fading).then(name).alias(name) for name in ("groundspeed", "track")]
    assert run(table)[0]["track_a"].to_list() == [VICTIM]
    events, dismissed = run(table.with_columns(silent))
    assert events.height == 0
    assert reason(dismissed) == "state unknown"


def test_where_long_silences_are_usual_nobody_is_lost() -> None:
    table = without(airway())
    # Each of the others is unheard for four minutes, somewhere; of some 80 reports one is followed by that.
    numbers = table["track_id"].str.slice(1).cast(pl.Float64)
    begin = (numbers * 150.0 + numbers % 7 * 80.0 + 60.0) * 1e6 + MIDNIGHT.timestamp() * 1e6
    since = table["timestamp"].dt.epoch("us").cast(pl.Float64) - begin
    unheard = (since >= 0.0) & (since < 240e6) & (table["track_id"] != VICTIM)
    events, dismissed = run(table.filter(~unheard))
    assert VICTIM not in events["track_a"].to_list()
    assert reason(dismissed) in {"often lost here", "left coverage"}


# Repeated by a ground station


def repeated(table: pl.DataFrame, which: pl.Expr) -> pl.DataFrame:
    kind = table.schema["address_type"]
    return table.with_columns(
        pl.when(which).then(pl.lit("adsr")).otherwise(pl.lit("icao")).cast(kind).alias("address_type")
    )


def test_what_a_ground_station_repeats_is_no_loss() -> None:
    table = without(airway())
    events, dismissed = run(repeated(table, pl.col("track_id") == VICTIM))
    assert events.height == 0
    assert reason(dismissed) == "relayed"
    # Once is enough, as long as it was before.
    once = (pl.col("track_id") == VICTIM) & after(CUT_S - 300.0) & ~after(CUT_S - 290.0)
    assert reason(run(repeated(table, once))[1]) == "relayed"


def test_what_a_ground_station_repeats_shows_no_coverage() -> None:
    table = without(airway())
    events, dismissed = run(repeated(table, pl.col("track_id") != VICTIM))
    assert events.height == 0
    assert reason(dismissed) == "left coverage"


def test_names_know_since_when_a_track_is_repeated() -> None:
    table = repeated(airway(), (pl.col("track_id") == "F1") & after(300.0))
    for cuts in ([table.height], [10, 40, table.height]):
        names, first = TrackNames(), 0
        for end in cuts:
            batch_of(table[first:end], names, first)
            first = end
        since = dict(zip(names.track_id, names.repeated_from_us, strict=True))
        assert since["F1"] == int((MIDNIGHT + timedelta(seconds=300)).timestamp() * 1e6)
        assert {since[name] for name in since if name != "F1"} == {NOT_REPEATED}


def test_in_the_real_recording_no_repeated_aircraft_is_lost() -> None:
    table = read(california()).table
    adsr = table.filter(pl.col("address_type") == "adsr")
    assert adsr["track_id"].n_unique() > 40
    assert adsr.height > 5_000
    _, dismissed = run(table)
    reasons = dismissed.filter(pl.col("track_a").is_in(adsr["track_id"].unique().to_list()))["reason"]
    assert reasons.is_in(["relayed", "landed", "seen again", "seen too briefly", "recording ends", "outage"]).all()
    assert reasons.to_list().count("relayed") >= 20
    # Taken for the aircraft's own reports, they would be: what stops is the repeating.
    own = table.with_columns(pl.col("address_type").replace("adsr", "icao"))
    lost = run(own)[0].filter(pl.col("kind") == "lost")
    assert set(lost["track_a"]) & set(adsr["track_id"])


# A feed that falls silent


def fed(table: pl.DataFrame, watermarks_s: list[float], finish: bool = False) -> list[tuple[float, pl.DataFrame]]:
    """What is found at each watermark, after all rows before it were fed."""
    names = TrackNames()
    line = Pipeline(Gate(Thresholds(), names), [Lost(PARAMETERS, names)])
    found, first = [], 0
    for mark in watermarks_s:
        end = table.filter(~after(mark)).height
        line.update(batch_of(table[first:end], names, first))
        found.append((mark, line.advance(round((MIDNIGHT.timestamp() + mark) * 1e6)).events))
        first = end
    if finish:
        found.append((np.inf, line.finish().events))
    return found


def test_a_feed_that_falls_silent_is_an_outage_while_it_lasts() -> None:
    table = two_airways().filter(~after(CUT_S))
    minutes = [CUT_S + 60.0 * k for k in range(60)]
    told = [(mark - CUT_S, events) for mark, events in fed(table, minutes) if events.height]
    ((since, events),) = told
    assert 30 * 60 <= since <= 36 * 60
    assert events["kind"].to_list() == ["outage"]
    assert json.loads(events["parameters"][0])["seen_again"] is False


def test_a_feed_that_resumes_says_the_same_as_its_recording() -> None:
    table = two_airways().filter(~after(CUT_S) | after(CUT_S + 3600.0))
    marks = [CUT_S - 3000.0, *(CUT_S + 100.0 * k for k in range(60)), 20_000.0]
    found = pl.concat([events for _, events in fed(table, marks, finish=True)], how="diagonal")
    whole, _ = run(table)
    assert found.sort("start", "id")["id"].to_list() == whole["id"].to_list()
    assert whole["kind"].to_list().count("outage") == 1


# What is counted


def test_sums_between_keys_against_a_plain_count() -> None:
    rng = np.random.default_rng(3)
    tally, plain = Tally(3), np.zeros((1000, 3), np.int64)
    for _ in range(50):
        keys, columns = rng.integers(0, 1000, 40), rng.integers(0, 3, 40)
        tally.add(keys, columns)
        np.add.at(plain, (keys, columns), 1)
    low = rng.integers(-5, 1005, (20, 7))
    high = low + rng.integers(0, 300, low.shape)
    expected = [
        [plain[max(a, 0) : max(b, 0)].sum(axis=0) for a, b in zip(*rows, strict=True)]
        for rows in zip(low, high, strict=True)
    ]
    np.testing.assert_array_equal(tally.between(low, high), expected)
    np.testing.assert_array_equal(tally.all, plain.sum(axis=0))


def test_what_was_met_lately_is_counted_and_memory_has_a_bound() -> None:
    rng = np.random.default_rng(5)
    tally, lately = Tally(2, most_keys=1_000), []
    for tick in range(400):
        keys = rng.integers(tick * 20, tick * 20 + 100, 50)  # ever new ones
        tally.add(keys, np.zeros(len(keys), np.intp))
        lately.append(keys)
        if tick == 200:
            again = Tally(2, most_keys=1_000)
            again.restore(tally.snapshot())
            tally = again
        aside, tables, _ = tally.snapshot()
        assert sum(len(keys) for keys, _ in (*aside, *tables)) <= 4_000
    counts = np.bincount(np.concatenate(lately[-40:]))
    low = np.arange(400 * 20 - 700, 400 * 20 - 100)
    full = low[low >= lately[-40].max()]  # all that counted for these came since
    assert len(full) > 300
    np.testing.assert_array_equal(tally.between(full, full + 1)[:, 0], counts[full])
    assert tally.between(np.array([0]), np.array([2_000])).sum() == 0
    assert tally.all[0] == 400 * 50


@pytest.mark.parametrize("altitude", [-3_000.0, -500.0, 0.0, 9_999.0, 61_000.0, np.nan])
def test_somebody_is_seen_where_he_was_seen(altitude: float) -> None:
    coverage = Coverage(3.0)
    up, level = normal(np.array([89.99]), np.array([179.99])), np.array([altitude])
    coverage.visit(up, level, coverage.keys(up, level))
    coverage.limits.learn(up)
    here, share = coverage.known(up, level)
    assert here.tolist() == [True]
    assert share[0] > 0.0
    above, _ = coverage.known(up, level + 5_000.0)
    assert above.tolist() == [bool(np.isnan(altitude)) or altitude > 60_000.0]


@pytest.mark.parametrize(("latitude", "longitude"), [(36.5, -121.5), (-17.5, 180.0), (0.0, 0.0), (70.0, -179.9)])
def test_farther_out_than_anybody_was_seen_nothing_is_known(latitude: float, longitude: float) -> None:
    limits = Limits()
    assert not limits.hold(normal(np.array([latitude]), np.array([longitude]))).any()
    for north, east in ((-0.5, -0.5), (0.5, 0.5)):
        limits.learn(normal(np.array([latitude + north]), np.array([longitude + east])))
    within = [(0.0, 0.0), (0.499, -0.499), (0.5, 0.5), (-0.501, 0.0)]
    beyond = [(0.51, 0.0), (-0.51, 0.0), (0.0, 0.52), (0.0, -0.52), (0.6, 0.6)]
    for places, inside in ((within, True), (beyond, False)):
        north, east = np.array(places).T
        assert limits.hold(normal(latitude + north, longitude + east)).tolist() == [inside] * len(places)
    again = Limits()
    again.restore(limits.snapshot())
    assert again.hold(normal(np.array([latitude, latitude + 0.51]), np.full(2, longitude))).tolist() == [True, False]


@pytest.mark.parametrize(("course", "lost"), [(80.0, False), (100.0, True)])
def test_one_who_slips_out_along_the_edge_has_left_coverage(course: float, lost: bool) -> None:
    # The lattice ends at 50.330 degrees north; in three minutes it would have come to 50.345, or 50.275, on these courses.
    told = {"latitude": 50.31, "longitude": LONGITUDE - 0.2, "speed_kt": 160.0, "altitude": 5_400.0, "icao24": "00abcd"}
    along = flight("S", course=course, start_s=7000.0, every_s=10.0, reports=20, **told)  # type: ignore[arg-type]
    events, dismissed = run(completed([*lattice(5_000.0), along, company(5_500.0)]))
    assert events["track_a"].to_list() == (["S"] if lost else [])
    assert lost or reason(dismissed, "S") == "left coverage"
