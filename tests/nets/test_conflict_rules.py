"""Alerts held to common sense: near airports, in visual flight, in formation, of copies, and where something is unknown."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import overflight
from overflight.nets.alerting import LAYERED, STCA, Alerting
from overflight.nets.asked import ConflictParameters
from overflight.nets.predicted import Conflict
from overflight.surveillance.batch import TrackNames, batch_of
from overflight.surveillance.integrity import DUPLICATE, SUSPECTS_SCHEMA
from tests.flights import MIDNIGHT, flight, north_of

OCEAN: Any = {"latitude": 30.0, "longitude": -135.0}
KSEA: Any = {"latitude": 47.449, "longitude": -122.309}


def beside(distance_nm: float, place: Any = OCEAN, **other: Any) -> pl.DataFrame:
    """Two flights side by side at one velocity, for 200 s."""
    lat, lon = north_of(place["latitude"], place["longitude"], distance_nm)
    common: dict[str, Any] = {"speed_kt": 200, "reports": 41} | {k: v for k, v in other.items() if k != "b"}
    return pl.concat(
        [flight("A", **place, **common), flight("B", latitude=lat, longitude=lon, **(common | other.get("b", {})))]
    )


def found(table: pl.DataFrame, alerting: Alerting = STCA, **told: Any) -> tuple[list[dict[str, Any]], dict[str, int]]:
    names = TrackNames()
    net = Conflict(ConflictParameters(alerting, **told), names)
    net.update(batch_of(overflight.read(table).table, names))
    findings = net.finish()
    return findings.events.to_dicts(), dict(findings.dismissed["reason"].value_counts().iter_rows())


def test_the_layer_decides() -> None:
    assert len(found(beside(4.0, altitude=9000.0))[0]) == 1
    assert found(beside(4.0, altitude=9000.0), LAYERED)[0] == []
    assert len(found(beside(2.9, altitude=9000.0), LAYERED)[0]) == 1
    assert len(found(beside(4.0, altitude=12_000.0), LAYERED)[0]) == 1
    high = beside(4.0, altitude=43_000.0, b={"altitude": 44_500.0})
    assert found(high)[0] == []
    assert len(found(high, LAYERED)[0]) == 1


def test_a_climb_into_the_next_layer_is_alerted_two_minutes_ahead() -> None:
    """4 NM apart, through 10,000 ft at 200 s."""
    (row,), _ = found(beside(4.0, altitude=8000.0, climb_fpm=600.0), LAYERED)
    assert (row["start"] - MIDNIGHT) / timedelta(seconds=1) == pytest.approx(200.0 - 120.0, abs=4.0)


def test_near_an_airport_only_a_near_collision_is_an_alert() -> None:
    low = beside(2.0, KSEA, altitude=2000.0, speed_kt=60)
    assert found(low) == ([], {"alert: near an airport": 1})
    assert len(found(low, everybody=True)[0]) == 1
    near = beside(0.05, KSEA, altitude=2000.0, b={"speed_kt": 120}, speed_kt=60)
    assert len(found(near)[0]) == 1


def test_visual_flight_is_held_to_well_clear() -> None:
    assert found(beside(2.0, squawk="4521", b={"squawk": "1200"})) == ([], {"alert: visual flight, well clear": 1})
    assert len(found(beside(0.5, squawk="4521", b={"squawk": "1200", "speed_kt": 240}))[0]) == 1


def test_a_formation_is_none() -> None:
    assert found(beside(0.2)) == ([], {"alert: formation": 1})
    assert len(found(beside(0.2), everybody=True)[0]) == 1
    passing = beside(0.2, b={"course": 270.0})
    assert len(found(passing)[0]) == 1


def test_a_copy_is_none() -> None:
    names = TrackNames()
    net = Conflict(ConflictParameters(skipped=DUPLICATE), names)
    batch = batch_of(overflight.read(beside(0.5, b={"speed_kt": 240})).table, names)
    when = int(batch.time_us[20])
    told = {"track": [1], "time_us": [when], "flags": [DUPLICATE], "original": [names.aircraft[0]]}
    object.__setattr__(batch, "suspects", pl.DataFrame(told, schema=SUSPECTS_SCHEMA))
    net.update(batch)
    findings = net.finish()
    assert findings.events.height == 0
    assert findings.dismissed["reason"].to_list() == ["alert: integrity: duplicate"]


def test_an_unknown_altitude_is_never_no_conflict() -> None:
    table = beside(2.0, b={"altitude": None})
    assert found(table) == ([], {"alert: altitude unknown": 1})
    (row,), none = found(table, report_unknown=True)
    assert (row["verdict"], none) == ("undetermined", {})


def test_an_unknown_rate_of_climb_is_never_no_conflict() -> None:
    """One report each, a second apart, 3,000 ft: nobody knows whether they climb."""
    table = beside(2.0, b={"altitude": 8000.0}).filter(pl.col("timestamp") == MIDNIGHT)
    assert found(table) == ([], {"alert: rate of climb unknown": 1})
    (row,), _ = found(table, report_unknown=True)
    assert row["verdict"] == "undetermined"
    level = table.with_columns(vertical_rate=pl.lit(0.0))
    assert found(level) == ([], {})


def test_verdicts_of_a_widened_volume() -> None:
    apart = {"altitude": 20_000.0, "accuracy": 500.0, "groundspeed": 200.0, "track": 90.0}
    (row,), _ = found(beside(4.9, **apart))
    assert row["verdict"] == "confirmed"
    (row,), _ = found(beside(4.9, **apart), widening=1.0)
    assert (row["verdict"], "not for all" in row["why"]) == ("undetermined", True)
    assert found(beside(5.2, **apart))[0] == []
    (row,), _ = found(beside(5.2, **apart), widening=1.0)
    assert (row["verdict"], "not as they were reported" in row["why"]) == ("undetermined", True)
    (row,), _ = found(beside(2.0, **apart), widening=1.0)
    assert row["verdict"] == "confirmed"


def test_what_is_given_now_is_what_will_be_found() -> None:
    names = TrackNames()
    net = Conflict(ConflictParameters(), names)
    table = overflight.read(beside(2.0)).table
    for first in range(0, table.height, 14):
        batch = batch_of(table[first : first + 14], names, first)
        net.update(batch)
        net.advance(int(batch.time_us[-1]))
        before = net.snapshot()["open"]
        now = net.current(int(batch.time_us[-1]))
        assert net.snapshot()["open"] == before
        if first > 20:
            assert now.height == 1
            assert now["duration_s"][0] == pytest.approx(batch.time_us[-1] * 1e-6 - MIDNIGHT.timestamp() - 1, abs=2)
    ended = net.finish().events
    assert now["id"].to_list() == ended["id"].to_list()
    assert_frame_equal(now.drop("end", "duration_s"), ended.drop("end", "duration_s"))
    assert json.loads(now["parameters"][0])["alerting"] == "stca"
