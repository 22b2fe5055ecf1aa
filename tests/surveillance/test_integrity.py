"""A truth test for each integrity flag, made from real rows of the demo recording: untouched rows are not flagged, changed ones are."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from overflight.errors import ParameterError
from overflight.examples import california
from overflight.surveillance import integrity
from overflight.surveillance.batch import TrackNames, batch_of
from overflight.surveillance.integrity import Gate, Thresholds
from overflight.surveillance.read import read
from overflight.surveillance.table import POSITION_SCHEMA


@pytest.fixture(scope="module")
def day() -> pl.DataFrame:
    return read(california()).table


@pytest.fixture(scope="module")
def flight(day: pl.DataFrame) -> pl.DataFrame:
    """A real airliner: level or descending straight, a report every few seconds, no flag."""
    unsaid = [pl.lit(None, POSITION_SCHEMA[name]).alias(name) for name in ("nic", "nac_p")]
    rows = day.filter(pl.col("track_id") == "adsb:ac6102").with_columns(unsaid)
    assert rows.height == 25
    assert rows["timestamp"].diff().dt.total_seconds().max() < 60
    assert not flags_of(rows).any()
    return rows


def flags_of(table: pl.DataFrame, pieces: int = 1, thresholds: Thresholds | None = None) -> np.ndarray:
    """Flags of each row, the table fed in `pieces` batches."""
    table = table.select(pl.col(name).cast(kind) for name, kind in POSITION_SCHEMA.items()).sort(
        "timestamp", "track_id", maintain_order=True
    )
    names = TrackNames()
    gate = Gate(thresholds or Thresholds(), names)
    cuts = np.linspace(0, table.height, pieces + 1).astype(int)
    parts = [gate.judge(batch_of(table[a:b], names, a)).flags for a, b in pairwise(cuts)]
    return np.concatenate(parts)


def at(table: pl.DataFrame, row: int, **values: object) -> pl.DataFrame:
    """The table with some values of one row changed."""
    here = pl.int_range(pl.len()) == row
    return table.with_columns(
        pl.when(here).then(pl.lit(value, dtype=table.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


def test_every_flag_has_a_name_and_a_row_in_the_documentation() -> None:
    assert integrity.__doc__
    for name in integrity.NAMES.values():
        assert f"| {name} |" in integrity.__doc__


def test_a_real_flight_is_clean(flight: pl.DataFrame) -> None:
    assert not flags_of(flight).any()


def test_stale_is_a_position_older_than_the_limit_when_reported(flight: pl.DataFrame) -> None:
    flags = flags_of(at(at(flight, 3, position_age=20.5), 5, position_age=19.5))
    assert flags.nonzero()[0].tolist() == [3]
    assert flags[3] == integrity.STALE


def test_frozen_is_the_same_place_while_moving_and_the_next_true_place_is_no_jump(flight: pl.DataFrame) -> None:
    held = at(flight, 11, latitude=flight["latitude"][10], longitude=flight["longitude"][10])
    moved_m = (flight["timestamp"][11] - flight["timestamp"][10]).total_seconds() * flight["groundspeed"][11] * 0.514
    assert moved_m > 200
    flags = flags_of(held)
    assert flags.nonzero()[0].tolist() == [11]
    assert flags[11] == integrity.FROZEN


def test_a_parked_aircraft_is_not_frozen(flight: pl.DataFrame) -> None:
    parked = flight.with_columns(
        latitude=pl.lit(flight["latitude"][0]),
        longitude=pl.lit(flight["longitude"][0]),
        groundspeed=pl.lit(0.0, pl.Float32),
    )
    assert not flags_of(parked).any()


def test_jump_is_one_position_out_of_reach(flight: pl.DataFrame) -> None:
    flags = flags_of(at(flight, 8, latitude=flight["latitude"][8] + 0.5))
    assert flags.nonzero()[0].tolist() == [8]
    assert flags[8] == integrity.JUMP


def test_jump_in_altitude(flight: pl.DataFrame) -> None:
    flags = flags_of(at(flight, 8, altitude=float(flight["altitude"][8]) + 20_000))
    assert flags.nonzero()[0].tolist() == [8]
    assert flags[8] == integrity.JUMP


def test_a_shifted_track_is_followed_after_three_that_agree(flight: pl.DataFrame) -> None:
    shifted = flight.with_columns(
        pl.when(pl.int_range(pl.len()) >= 10)
        .then(pl.col("latitude") - 1.0)
        .otherwise(pl.col("latitude"))
        .alias("latitude")
    )
    flags = flags_of(shifted)
    assert flags.nonzero()[0].tolist() == [10, 11, 12]
    assert flags[10] == flags[11] == integrity.JUMP
    assert flags[12] == integrity.RELOCATED


def test_altitude_is_a_geometric_height_that_no_weather_explains(flight: pl.DataFrame) -> None:
    altitude = float(flight["altitude"][4])
    limit = 1500 + 0.08 * altitude
    flags = flags_of(
        at(at(flight, 4, geoaltitude=altitude + 1.1 * limit), 6, geoaltitude=float(flight["altitude"][6]) + 1000)
    )
    assert flags.nonzero()[0].tolist() == [4]
    assert flags[4] == integrity.ALTITUDE


def copy_of(flight: pl.DataFrame, **changes: pl.Expr) -> pl.DataFrame:
    """The same flight again as a ground station relays it: a second later, a little off, without an address."""
    return flight.with_columns(
        pl.col("timestamp") + timedelta(seconds=1),
        pl.lit("tisb:~2b0000").alias("track_id"),
        pl.lit(None, pl.String).alias("icao24"),
        pl.lit("tisb").cast(POSITION_SCHEMA["address_type"]).alias("address_type"),
        pl.col("latitude") + 0.001,
        **changes,
    )


def test_duplicate_is_a_relayed_copy_on_top_of_an_aircraft(flight: pl.DataFrame) -> None:
    both = pl.concat([flight, copy_of(flight)]).sort("timestamp", "track_id")
    flags = flags_of(both)
    relayed = (both["track_id"] == "tisb:~2b0000").to_numpy()
    recent = np.array(
        [
            any((b := (row["timestamp"] - other).total_seconds()) <= 15 and b >= 0 for other in flight["timestamp"])
            for row in both.to_dicts()
        ]
    )
    assert (flags[relayed & recent] == integrity.DUPLICATE).all()
    assert relayed.sum() == 25
    assert not flags[~relayed].any()


def test_a_relayed_target_well_above_is_no_duplicate(flight: pl.DataFrame) -> None:
    both = pl.concat([flight, copy_of(flight, altitude=pl.col("altitude") + 700)]).sort("timestamp", "track_id")
    assert not (flags_of(both) & integrity.DUPLICATE).any()


def test_two_own_addresses_side_by_side_are_no_duplicate(flight: pl.DataFrame) -> None:
    other = copy_of(flight).with_columns(
        pl.lit("adsb:aaaaaa").alias("track_id"),
        pl.lit("aaaaaa").alias("icao24"),
        pl.lit("icao").cast(POSITION_SCHEMA["address_type"]).alias("address_type"),
    )
    assert not flags_of(pl.concat([flight, other])).any()


def test_one_aircraft_heard_by_two_sensors_is_one(flight: pl.DataFrame) -> None:
    other = copy_of(flight).with_columns(
        pl.lit("mlat:ac6102").alias("track_id"),
        pl.lit("ac6102").alias("icao24"),
        pl.lit("icao").cast(POSITION_SCHEMA["address_type"]).alias("address_type"),
    )
    both = pl.concat([flight, other]).sort("timestamp", "track_id")
    flags = flags_of(both)
    assert (flags[(both["track_id"] == "mlat:ac6102").to_numpy()] == integrity.DUPLICATE).sum() >= 20
    assert not flags[(both["track_id"] == flight["track_id"][0]).to_numpy()].any()


def several(day: pl.DataFrame, count: int) -> pl.DataFrame:
    """Rows of several real aircraft in flight, one after the other in time, 5 s apart."""
    moving = (
        day.filter((pl.col("groundspeed") > 150) & (pl.col("address_type") == "icao"))
        .unique("icao24", keep="first", maintain_order=True)
        .head(count)
    )
    start = moving["timestamp"][0]
    return moving.with_columns(
        pl.Series("timestamp", [start + timedelta(seconds=5 * k) for k in range(count)]).dt.cast_time_unit("us")
    )


def test_shared_point_is_many_aircraft_in_one_place(day: pl.DataFrame) -> None:
    rows = several(day, 4).with_columns(pl.lit(35.409).alias("latitude"), pl.lit(35.949).alias("longitude"))
    assert flags_of(rows).tolist() == [0, 0, integrity.SHARED_POINT, integrity.SHARED_POINT]


def test_two_aircraft_over_one_point_are_not_spoofed(day: pl.DataFrame) -> None:
    rows = several(day, 2).with_columns(pl.lit(35.409).alias("latitude"), pl.lit(35.949).alias("longitude"))
    assert not flags_of(rows).any()


def circling(day: pl.DataFrame, count: int, radius_deg: float = 0.05) -> pl.DataFrame:
    """Real rows of several aircraft moved onto one circle, each at its own phase, at its own speed of 2 degrees a second."""
    parts = []
    for k, row in enumerate(several(day, count).to_dicts()):
        base = pl.DataFrame([row], schema=POSITION_SCHEMA)
        n = 30
        angle = np.radians(np.arange(n) * 20.0 + 70.0 * k)
        part = pl.concat([base] * n).with_columns(
            pl.Series("timestamp", [row["timestamp"] + timedelta(seconds=10 * i) for i in range(n)]).dt.cast_time_unit(
                "us"
            ),
            pl.Series("latitude", 35.4 + radius_deg * np.sin(angle)),
            pl.Series("longitude", 35.9 + radius_deg * np.cos(angle) / np.cos(np.radians(35.4))),
            pl.lit(380.0, pl.Float32).alias("groundspeed"),
            pl.lit(None, pl.Float32).alias("altitude"),
        )
        parts.append(part)
    return pl.concat(parts).sort("timestamp", "track_id")


def test_shared_circle_is_many_aircraft_on_one_circle(day: pl.DataFrame) -> None:
    flags = flags_of(circling(day, 3))
    assert (flags & integrity.SHARED_CIRCLE != 0).sum() >= 30
    assert not (flags & ~np.uint32(integrity.SHARED_CIRCLE)).any()


def test_two_aircraft_in_one_orbit_are_not_spoofed(day: pl.DataFrame) -> None:
    assert not flags_of(circling(day, 2)).any()


def test_low_quality_is_a_known_bad_nic_or_nac_p(flight: pl.DataFrame) -> None:
    flags = flags_of(at(at(flight, 2, nic=4), 4, nic=5))
    assert flags.nonzero()[0].tolist() == [2, 3]  # what is not repeated still holds
    assert set(flags[[2, 3]]) == {integrity.LOW_QUALITY}
    assert flags_of(at(at(flight, 2, nac_p=5), 5, nac_p=6)).nonzero()[0].tolist() == [2, 3, 4]


def test_on_ground_is_as_reported(flight: pl.DataFrame) -> None:
    flags = flags_of(at(flight, 2, onground=True))
    assert flags.nonzero()[0].tolist() == [2]
    assert flags[2] == integrity.ON_GROUND


def test_the_day_has_the_same_flags_however_it_is_cut(day: pl.DataFrame) -> None:
    whole = flags_of(day)
    assert integrity.counts(whole)["duplicate"] > 100
    for pieces in (2, 7, 61):
        assert (flags_of(day, pieces) == whole).all()


def test_spoofed_circles_have_the_same_flags_however_they_are_cut(day: pl.DataFrame) -> None:
    rows = circling(day, 4)
    whole = flags_of(rows)
    for pieces in (2, 5, 50, rows.height):
        assert (flags_of(rows, pieces) == whole).all()


def test_a_gate_goes_on_from_a_snapshot(day: pl.DataFrame) -> None:
    part = day.head(6000)
    names = TrackNames()
    first, second = Gate(Thresholds(), names), Gate(Thresholds(), names)
    head, tail = batch_of(part[:3000], names), batch_of(part[3000:], names, 3000)
    first.judge(head)
    second.restore(first.snapshot())
    assert (first.judge(tail).flags == second.judge(tail).flags).all()


def test_each_threshold_can_be_set_and_a_wrong_one_is_refused(flight: pl.DataFrame) -> None:
    assert flags_of(at(flight, 3, position_age=25.0), thresholds=Thresholds.of({"stale_s": 30})).sum() == 0
    with pytest.raises(ParameterError, match="no threshold"):
        Thresholds.of({"stale": 30})
    for wrong in (0, -1, float("nan"), True, "30"):
        with pytest.raises(ParameterError, match="no positive number"):
            Thresholds.of({"stale_s": wrong})


def test_who_comes_near_from_afar_is_no_duplicate(flight: pl.DataFrame) -> None:
    """A relayed target that overtakes an aircraft through it, from 4 NM behind: somebody else, not a copy."""
    seconds = (pl.col("timestamp") - flight["timestamp"][0]).dt.total_seconds()
    passing = copy_of(flight).with_columns(pl.col("latitude") + 0.066 * (1 - seconds / 120.0))
    both = pl.concat([flight, passing]).sort("timestamp", "track_id")
    assert not (flags_of(both) & integrity.DUPLICATE).any()
