"""Predicted conflicts: what is alerted, when, of whom; and that the cut into batches changes nothing."""

from __future__ import annotations

import itertools
import json
import pickle
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import overflight
from overflight.nets.alerting import EN_ROUTE, LAYERED, STCA, TABLES, Alerting
from overflight.nets.asked import ConflictParameters
from overflight.nets.base import Findings
from overflight.nets.predicted import Conflict
from overflight.nets.states import States
from overflight.surveillance.batch import TrackNames, batch_of
from tests.flights import MIDNIGHT, flight
from tests.oracle.traffic import position_table, random_tracks


def alerts(table: pl.DataFrame, **options: Any) -> list[dict[str, Any]]:
    events = overflight.check(table, nets=("conflict",), ungated=True, **options).to_polars()
    return events.sort("start").to_dicts()


def meeting(**other: Any) -> pl.DataFrame:
    """Two flights at 240 kt that meet head-on at 300 s, at 30 N 135 W."""
    east = flight("A", latitude=30, longitude=-135, course=90, speed_kt=240, reports=121)
    west = flight("B", **({"latitude": 30, "longitude": -135, "course": 270, "speed_kt": 240, "reports": 121} | other))
    return pl.concat([east, west])


def seconds(moment: Any) -> float:
    return (moment - MIDNIGHT) / timedelta(seconds=1)


def test_a_loss_is_alerted_two_minutes_ahead() -> None:
    """5 NM apart at 262.5 s: the alert begins two minutes before, and a second for the second of two steps."""
    (row,) = alerts(meeting())
    assert (row["kind"], row["rule"], row["verdict"]) == ("conflict", "stca: conflict", "confirmed")
    assert seconds(row["start"]) == pytest.approx(262.5 - 120.0, abs=2.5)
    told = json.loads(row["parameters"])
    assert told["first"]["time_to_loss_s"] == pytest.approx(119.0, abs=2.0)
    assert told["closest"]["horizontal_nm"] == pytest.approx(0.0, abs=0.05)
    assert row["closure_kt"] == pytest.approx(480.0, abs=2.0)
    assert seconds(row["end"]) == pytest.approx(337.5, abs=6.0)  # until 5 NM apart again, and what persistence adds


def test_the_same_without_stated_velocities_and_with_wrong_ones() -> None:
    plain = alerts(meeting())
    stated = meeting().with_columns(
        groundspeed=pl.lit(240.0), track=pl.when(pl.col("track_id") == "A").then(90.0).otherwise(270.0)
    )
    wrong = stated.with_columns(groundspeed=pl.lit(2400.0))
    assert len(alerts(stated)) == 1
    for table in (stated, wrong):  # until the filter is settled, a wrong one is believed
        *early, row = alerts(table)
        assert all(seconds(one["end"]) < 40.0 for one in early)
        assert seconds(row["start"]) == pytest.approx(seconds(plain[0]["start"]), abs=3.0)


def test_a_thousand_feet_apart_is_no_conflict() -> None:
    assert alerts(meeting(altitude=6000.0)) == []
    assert len(alerts(meeting(altitude=5990.0))) == 1


def test_a_climb_into_the_other_is_one() -> None:
    climbing = meeting(altitude=1000.0, climb_fpm=800.0)  # at 300 s, 5,000 ft
    (row,) = alerts(climbing)
    assert seconds(row["start"]) < 262.5


def test_an_unknown_altitude_is_counted_or_reported() -> None:
    table = meeting(altitude=None)
    events = overflight.check(table, nets=("conflict",), ungated=True)
    assert len(events) == 0
    assert events.summary.track_minutes_no_altitude == pytest.approx(10.0, abs=0.1)
    (row,) = alerts(table, unknown_altitude="report")
    assert (row["verdict"], row["vertical_ft"]) == ("undetermined", None)


def test_levels_rise() -> None:
    names = TrackNames()
    net = Conflict(ConflictParameters(EN_ROUTE), names)
    table = overflight.read(meeting()).table
    net.update(batch_of(table, names))
    row = net.finish().events.to_dicts()[0]
    told = json.loads(row["parameters"])
    assert told["first"]["level"] == "corrective"
    assert told["gravest"]["level"] == "warning"
    assert row["time"] > row["start"]
    assert row["rule"] == "do365-en-route: warning"


def test_data_that_stops_ends_an_alert() -> None:
    table = meeting().filter((pl.col("timestamp") < MIDNIGHT + timedelta(seconds=200)) | (pl.col("track_id") == "A"))
    (row,) = alerts(table)
    assert seconds(row["end"]) == pytest.approx(195 + 15, abs=1.0)


def test_one_aircraft_on_two_tracks_is_in_no_conflict_with_itself() -> None:
    table = pl.concat([flight(name, latitude=30, longitude=-135, icao24="abc123") for name in "AB"])
    assert alerts(table) == []


def test_an_unknown_alerting_is_refused() -> None:
    with pytest.raises(overflight.errors.ParameterError, match="do365-en-route"):
        alerts(meeting(), alerting="none")


def run(
    table: pl.DataFrame, parameters: ConflictParameters, cuts: Sequence[int], stored_at: int | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    names = TrackNames()
    net = Conflict(parameters, names)
    found = []
    for number, (first, end) in enumerate(itertools.pairwise([0, *sorted(cuts), table.height])):
        if number == stored_at:
            state = pickle.dumps(net.snapshot())
            net = Conflict(parameters, names)
            net.restore(pickle.loads(state))
        batch = batch_of(table[first:end], names, first)
        net.update(batch)
        if len(batch):
            found.append(net.advance(int(batch.time_us[-1])))
            net.current(int(batch.time_us[-1]))
    both = Findings.together([*found, net.finish()])
    return both.events.sort("start", "id"), both.dismissed.sort("start", "track_a", "track_b", "reason")


def mixed_traffic(seed: int) -> pl.DataFrame:
    """Some in visual flight, some without altitude, in pairs that fly together, low over an airport."""
    table = position_table(random_tracks(seed, count=14, radius_m=20e3, duration_s=200.0))
    number = pl.col("track_id").str.slice(1).cast(pl.Int32)
    table = table.with_columns(
        altitude=pl.when(number % 8 != 7).then(pl.col("altitude") - 8000.0),
        squawk=pl.when(number % 4 == 1).then(pl.lit("7000")).otherwise(pl.lit("4521")),
        accuracy=pl.lit(200.0),
    )
    wing = table.filter(number == 0).with_columns(track_id=pl.lit("W"), latitude=pl.col("latitude") + 0.003)
    return overflight.read(pl.concat([table, wing]).sort("timestamp", "track_id")).table


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1000), st.sampled_from([(STCA, 0.0), (LAYERED, 1.0)]), st.data())
def test_cuts_change_nothing(seed: int, told: tuple[Alerting, float], data: st.DataObject) -> None:
    table = mixed_traffic(seed)
    parameters = ConflictParameters(told[0], widening=told[1], inputs="x")
    whole = run(table, parameters, [])
    assert whole[1]["reason"].n_unique() > 1
    cuts = data.draw(st.lists(st.integers(0, table.height), max_size=15))
    stored_at = data.draw(st.integers(0, len(cuts)))
    for have, want in zip(run(table, parameters, cuts, stored_at), whole, strict=True):
        assert_frame_equal(have, want)


def test_states_follow_a_straight_flight() -> None:
    table = overflight.read(flight("A", latitude=60, longitude=179.99, course=70, climb_fpm=1200.0, speed_kt=450)).table
    names = TrackNames()
    states = States()
    batch = batch_of(table, names)
    states.add(batch, np.arange(len(batch)))
    states.until(2**62)
    picture = states.picture(int(batch.time_us[-1]) + 5_000_000, 15.0)
    speed = np.hypot(picture.east_mps[0], picture.north_mps[0])
    assert speed == pytest.approx(450 * 1852 / 3600, rel=1e-3)
    assert picture.up_mps[0] == pytest.approx(1200 * 0.3048 / 60, rel=1e-3)
    ahead = flight("A", latitude=60, longitude=179.99, course=70, climb_fpm=1200.0, speed_kt=450, reports=27)
    assert len(ahead) == 27
    assert abs(picture.longitude[0]) > 179.0


def test_tables_are_named_as_they_are_called() -> None:
    assert set(TABLES) == {"stca", "stca-layered", "do365-en-route", "do365-terminal", "do365-non-cooperative"}
