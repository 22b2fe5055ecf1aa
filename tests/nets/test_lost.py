"""Lost: each rule on constructed flights, and the same findings however the recording is cut."""

from __future__ import annotations

import itertools
import json
import pickle
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import airportsdata
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from overflight.engine.pipeline import Pipeline
from overflight.nets.lost import Lost, LostParameters
from overflight.surveillance.batch import TrackNames, batch_of
from overflight.surveillance.integrity import Gate, Thresholds
from overflight.surveillance.table import POSITION_SCHEMA
from tests.flights import MIDNIGHT, flight, north_of
from tests.nets.test_cut_invariance import traffic

PLACES = {"europe": (50.0, 10.0), "antimeridian": (-17.5, 180.0), "pole": (90.0, 0.0), "equator": (0.0, 35.0)}
VICTIM = "F40"
FLIGHTS = 75
EVERY_S = 150.0
LENGTH_S = 900.0
CUT_S = 40 * EVERY_S + 450.0  # the victim is halfway then
PARAMETERS = LostParameters(inputs="x")


def completed(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Flights as one position table."""
    table = pl.concat(
        [one.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)) for one in tables], how="diagonal"
    )
    missing = [pl.lit(None, kind).alias(name) for name, kind in POSITION_SCHEMA.items() if name not in table.columns]
    return table.with_columns(missing).select(
        pl.col(name).cast(kind) for name, kind in POSITION_SCHEMA.items()
    ).sort("timestamp", "track_id")  # fmt: skip


def airway(place: tuple[float, float] = PLACES["europe"], **columns: Any) -> pl.DataFrame:
    """One flight after another on one airway, 100 NM long, all seen from end to end."""
    told = {"latitude": place[0], "longitude": place[1], "speed_kt": 400.0, "altitude": 20_000.0} | columns
    return completed(
        [
            flight(f"F{n}", start_s=n * EVERY_S, every_s=10.0, reports=90, icao24=f"{n:06x}", **told)
            for n in range(FLIGHTS)
        ]
    )


def two_airways() -> pl.DataFrame:
    """Two, 10 NM apart: seven others are within 30 NM of a flight."""
    other = airway(north_of(*PLACES["europe"], 10.0)).with_columns(
        track_id="N" + pl.col("track_id"), icao24="a" + pl.col("icao24").str.slice(1)
    )
    return completed([airway(), other])


def after(seconds: float) -> pl.Expr:
    return pl.col("timestamp") >= MIDNIGHT + timedelta(seconds=seconds)


def without(table: pl.DataFrame, track: str = VICTIM, seconds: float = CUT_S) -> pl.DataFrame:
    """The recording if `track` had vanished then."""
    return table.filter(~((pl.col("track_id") == track) & after(seconds)))


def run(
    table: pl.DataFrame,
    cuts: Sequence[int] = (),
    stored_at: int | None = None,
    parameters: LostParameters = PARAMETERS,
    *,
    late: bool = False,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and dismissals of `table` in batches that end at the rows `cuts`; the state is stored before one of them.

    Where it is `late`, the watermark is not that of a batch's last row but of the row after it: nobody reported in between.
    """
    names = TrackNames()
    line = Pipeline(Gate(Thresholds(), names), [Lost(parameters, names)])
    found = []
    for number, (first, end) in enumerate(itertools.pairwise([0, *sorted(cuts), table.height])):
        if number == stored_at:
            state = pickle.dumps(line.snapshot())
            line = Pipeline(Gate(Thresholds(), names), [Lost(parameters, names)])
            line.restore(pickle.loads(state))
        batch = batch_of(table[first:end], names, first)
        line.update(batch)
        if len(batch):
            following = table["timestamp"][end : end + 1].dt.epoch("us").to_list() if late else []
            found.append(line.advance(following[0] if following else int(batch.time_us[-1])))
    found.append(line.finish())
    events = pl.concat([one.events for one in found], how="diagonal").sort("start", "id")
    dismissed = pl.concat([one.dismissed for one in found]).sort("start", "track_a", "reason", "end")
    return events, dismissed


def reason(dismissed: pl.DataFrame, track: str = VICTIM) -> str:
    """Why the last silence of a track was dismissed."""
    return dismissed.filter(pl.col("track_a") == track)["reason"].to_list()[-1]


@pytest.mark.parametrize("place", PLACES)
def test_a_flight_that_vanishes_among_others_is_lost(place: str) -> None:
    table = without(airway(PLACES[place]))
    events, _ = run(table)
    assert events["track_a"].to_list() == [VICTIM]
    event = events.row(0, named=True)
    last = table.filter(pl.col("track_id") == VICTIM).row(-1, named=True)
    assert (event["kind"], event["verdict"], event["time"]) == ("lost", "confirmed", last["timestamp"])
    assert event["start"] == event["time"]
    assert event["end"] - event["start"] == timedelta(minutes=30)
    assert (event["latitude"], event["altitude_ft"]) == (pytest.approx(last["latitude"], abs=1e-6), 20_000.0)
    rows = [table.row(row, named=True) for row in event["evidence"]]
    assert [row["track_id"] for row in rows] == [VICTIM, VICTIM]
    assert rows[1]["timestamp"] == last["timestamp"]
    assert rows[0]["timestamp"] < rows[1]["timestamp"]
    assert "usual there" in event["why"]


def test_no_flight_is_lost_where_all_end() -> None:
    events, dismissed = run(airway())
    assert events.height == 0
    assert set(dismissed["reason"]) <= {"left coverage", "coverage unknown", "often lost here", "recording ends"}
    assert reason(dismissed) in {"left coverage", "often lost here"}


def test_search_area_and_phases() -> None:
    table = without(airway(squawk="7700", groundspeed=400.0, track=90.0))
    told = json.loads(run(table)[0]["parameters"][0])
    ten, _, sixty = told["search"]["circles"]
    assert ten["after_min"] == 10
    assert ten["radius_nm"] == pytest.approx(0.1 + 400 / 6, abs=0.02)
    assert sixty["radius_nm"] == pytest.approx(400.1, abs=0.02)
    glide_nm = 0.1 + 17 * 20_000 * 0.3048 / 1852
    assert ten["glide_radius_nm"] == pytest.approx(glide_nm, abs=0.02)
    assert sixty["glide_radius_nm"] == ten["glide_radius_nm"]
    assert told["search"]["sector"] == {"from_deg": 45.0, "to_deg": 135.0}
    assert told["a"]["squawk"] == "7700"
    assert told["proposed_only"] is True
    assert [phase["phase"] for phase in told["phases"]] == ["INCERFA", "ALERFA", "DETRESFA"]
    assert "fuel on board" in told["missing_facts"]


def test_seen_again_under_another_track_is_no_loss() -> None:
    table = airway()
    gone = after(CUT_S) & (pl.col("track_id") == VICTIM)
    silent = table.filter(~gone | after(CUT_S + 240.0)).with_columns(
        track_id=pl.when(gone).then(pl.lit(VICTIM + "#2")).otherwise("track_id")
    )
    events, dismissed = run(silent)
    assert events.height == 0
    assert reason(dismissed) == "seen again"


def test_an_address_that_turns_up_far_away_is_not_seen_again() -> None:
    table = without(airway())
    elsewhere = flight("other", latitude=20.0, longitude=-60.0, start_s=CUT_S + 600, icao24=f"{40:06x}", reports=90)
    events, _ = run(completed([table, elsewhere]))
    assert events["track_a"].to_list() == [VICTIM]


def test_the_end_of_the_recording_is_no_loss() -> None:
    table = without(airway()).filter(~after(CUT_S + 1500.0))
    events, dismissed = run(table)
    assert events.height == 0
    assert reason(dismissed) == "recording ends"


def test_nothing_is_said_before_enough_is_known() -> None:
    events, dismissed = run(without(airway(), "F0", 450.0).filter(~after(2700.0)))
    assert events.height == 0
    assert reason(dismissed, "F0") in {"coverage unknown", "left coverage"}


def test_what_is_learnt_later_decides_at_the_end() -> None:
    table = without(airway(), "F0", 450.0)
    (event,) = run(table)[0].iter_rows(named=True)
    assert event["track_a"] == "F0"
    assert "as was learnt until" in event["why"]
    assert json.loads(event["parameters"])["learnt_until"] == f"{table['timestamp'].max():%Y-%m-%dT%H:%M:%SZ}"
    # Not so for one that is back by then: it was somewhere all the time.
    told = {"latitude": 50.0, "longitude": 10.0, "speed_kt": 400.0, "altitude": 20_000.0, "icao24": f"{0:06x}"}
    again = flight("back", start_s=9000.0, every_s=10.0, reports=90, **told)  # type: ignore[arg-type]
    events, dismissed = run(completed([table, again]))
    assert events.height == 0
    assert reason(dismissed, "F0") == "seen again"


def test_what_was_left_open_is_judged_again_within_the_hour_that_follows() -> None:
    table = without(airway(), "F0", 450.0)
    (event,) = run(table, parameters=LostParameters(again_s=7200.0))[0].iter_rows(named=True)
    learnt = datetime.fromisoformat(json.loads(event["parameters"])["learnt_until"])
    assert timedelta(hours=2) <= learnt - event["time"] <= timedelta(hours=3, minutes=1)


def test_without_others_nothing_is_said() -> None:
    table = without(airway())
    _, dismissed = run(table.filter((pl.col("track_id") == VICTIM) | ~after(CUT_S - 400.0) | after(CUT_S + 1900.0)))
    assert reason(dismissed) == "nobody else seen"


def test_everybody_at_once_is_one_outage() -> None:
    table = two_airways().filter(~after(CUT_S) | after(CUT_S + 600.0))
    events, dismissed = run(table)
    assert events["kind"].to_list() == ["outage"]
    event = events.row(0, named=True)
    assert event["duration_s"] == pytest.approx(600.0, abs=20.0)
    flying = table.filter(after(CUT_S - 20.0) & ~after(CUT_S))["track_id"].unique()
    assert set(json.loads(event["parameters"])["tracks"]) <= set(flying.to_list())
    assert dismissed.filter(pl.col("reason") == "outage").height >= 5


def test_a_landing_is_no_loss() -> None:
    airport = airportsdata.load("ICAO")["EDDF"]
    lat, lon = airport["lat"], airport["lon"]
    # Down a slope of 3 degrees, until 300 ft above the runway; others go on over it, so that it is in coverage.
    final = [
        flight(
            f"L{n}", latitude=lat, longitude=lon, start_s=n * 150.0, every_s=5.0, reports=90, speed_kt=140.0,
            altitude=airport["elevation"] + 300.0, icao24=f"{n + 500:06x}",
        )
        for n in range(FLIGHTS)
    ]  # fmt: skip
    descent = flight(
        "down", latitude=lat, longitude=lon, start_s=6000.0, every_s=5.0, reports=90, speed_kt=140.0, climb_fpm=-700.0,
        altitude=airport["elevation"] + 3000.0, icao24="00ffff",
    )  # fmt: skip
    events, dismissed = run(without(completed([*final, descent]), "down", 6225.0))
    assert events.height == 0
    assert reason(dismissed, "down") == "landed"


def test_what_a_ground_station_relays_is_no_loss() -> None:
    table = without(airway())
    relay = flight(
        "tisb:x",
        latitude=50.0,
        longitude=9.0,
        start_s=3000.0,
        icao24=f"{40:06x}",
        address_type="tisb",
        altitude=20_000.0,
    )
    events, dismissed = run(completed([table, relay]))
    assert events.height == 0
    assert reason(dismissed) == "relayed"


def test_one_that_was_silent_before_proves_nothing() -> None:
    table = without(airway())
    hole = after(CUT_S - 300.0) & ~after(CUT_S - 170.0) & (pl.col("track_id") == VICTIM)
    events, dismissed = run(table.filter(~hole))
    assert events.height == 0
    assert reason(dismissed) == "seldom seen"


def test_one_who_climbs_out_of_coverage_is_not_lost() -> None:
    table = airway()
    up = flight(
        "up", latitude=50.0, longitude=10.0, speed_kt=400.0, altitude=18_000.0, climb_fpm=1500.0, start_s=CUT_S - 450.0,
        every_s=10.0, reports=30, icao24="00ffff",
    )  # fmt: skip
    events, dismissed = run(completed([table, up]))
    assert events.height == 0
    assert reason(dismissed, "up") in {"left coverage", "coverage unknown"}


def scene(seed: int, place: str) -> pl.DataFrame:
    """Losses, gaps, an outage, reports that come at random and at one instant, beside unrelated traffic."""
    rng = np.random.default_rng(seed)
    table = completed([airway(PLACES[place]), two_airways()]) if place == "europe" else airway(PLACES[place])
    table = table.unique(["track_id", "timestamp"], keep="first").sort("timestamp", "track_id")
    keep = np.ones(table.height, np.bool_)
    t = ((table["timestamp"].dt.epoch("us") - int(MIDNIGHT.timestamp() * 1e6)) * 1e-6).to_numpy()
    for name in rng.choice(FLIGHTS, 6, replace=False):
        begin = name * EVERY_S + rng.uniform(200, 700)
        again = begin + rng.choice([150.0, 400.0, 1e9])
        keep &= ~((table["track_id"] == f"F{name}").to_numpy() & (t >= begin) & (t < again))
    dark = rng.uniform(7000, 10_000)
    keep &= ~((t >= dark) & (t < dark + rng.choice([0.0, 300.0, 1200.0])))
    keep &= rng.random(table.height) < 0.95
    table = table.filter(pl.Series(keep)).with_columns(
        groundspeed=pl.when(pl.Series(rng.random(int(keep.sum())) < 0.5)).then(400.0).cast(pl.Float32),
        altitude=pl.when(pl.Series(rng.random(int(keep.sum())) < 0.9)).then("altitude"),
    )
    return completed([table, traffic(seed, "europe", count=15)])


def agree(table: pl.DataFrame, cuts: Sequence[int], stored_at: int | None = None, *, late: bool = False) -> None:
    for ours, theirs in zip(run(table, cuts, stored_at, late=late), run(table), strict=True):
        assert_frame_equal(ours, theirs, check_exact=True)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_cuts(data: st.DataObject) -> None:
    table = scene(data.draw(st.integers(0, 2**16)), data.draw(st.sampled_from(sorted(PLACES))))
    cuts = data.draw(st.lists(st.integers(0, table.height), max_size=12))
    agree(table, cuts, data.draw(st.none() | st.integers(0, len(cuts))), late=data.draw(st.booleans()))


@pytest.mark.long
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_cuts_at_length(data: st.DataObject) -> None:
    table = scene(data.draw(st.integers(0, 2**32)), data.draw(st.sampled_from(sorted(PLACES))))
    cuts = data.draw(st.lists(st.integers(0, table.height), max_size=40))
    agree(table, cuts, data.draw(st.none() | st.integers(0, len(cuts))), late=data.draw(st.booleans()))


def test_seconds_at_a_time() -> None:
    table = scene(5, "europe")
    starts = table.with_row_index().group_by(pl.col("timestamp").dt.truncate("7s")).agg(pl.col("index").min())
    agree(table, starts.sort("index")["index"].to_list()[200:600], stored_at=150, late=True)


def test_there_is_something_to_find() -> None:
    kinds = [kind for seed in range(8) for kind in run(scene(seed, "europe"))[0]["kind"].to_list()]
    assert kinds.count("lost") >= 5
    assert kinds.count("outage") >= 2
