"""Velocity from noisy reports: how far it is off, and whether a feed that states a wrong one is found out."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import overflight
from overflight.nets.states import States
from overflight.surveillance.batch import TrackNames, batch_of
from tests.flights import flight

MPS = 1852 / 3600
PLACE: Any = {"latitude": 45.0, "longitude": 10.0, "course": 70.0, "every_s": 1.0}


def last_velocities(table: pl.DataFrame) -> np.ndarray:
    """East and north (2, N), m/s, of the tracks after their last report."""
    names, states = TrackNames(), States()
    batch = batch_of(overflight.read(table).table, names)
    states.add(batch, np.arange(len(batch)))
    states.until(2**62)
    picture = states.picture(int(batch.time_us[-1]), 15.0)
    return np.stack([picture.east_mps, picture.north_mps])


def noisy(speed_kt: float, sigma_m: float, reports: int, tracks: int = 100, **columns: Any) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    one = flight("T", speed_kt=speed_kt, reports=reports, **PLACE)
    parts = [
        one.with_columns(
            pl.lit(f"T{k:03d}").alias("track_id"),
            latitude=pl.col("latitude") + pl.Series(rng.normal(0, sigma_m, reports) / 111_132.0),
            longitude=pl.col("longitude") + pl.Series(rng.normal(0, sigma_m, reports) / 78_847.0),
            **{name: pl.lit(value) for name, value in columns.items()},
        )
        for k in range(tracks)
    ]
    return pl.concat(parts).sort("timestamp", "track_id")


def off_mps(have: np.ndarray, speed_kt: float) -> np.ndarray:
    course = np.radians(PLACE["course"])
    return np.hypot(*(have - speed_kt * MPS * np.array([[np.sin(course)], [np.cos(course)]])))


def test_after_ten_noisy_reports_the_velocity_is_ten_times_better_than_two_points() -> None:
    """50 m of noise along each axis, a report a second: two points are off by 100 m/s (root mean square)."""
    off = off_mps(last_velocities(noisy(240, 50.0, 10, accuracy=50.0 * 2.45)), 240)
    two_points = off_mps(last_velocities(noisy(240, 50.0, 2)), 240)
    assert np.sqrt(np.mean(two_points**2)) == pytest.approx(100.0, rel=0.2)
    assert np.sqrt(np.mean(off**2)) < np.sqrt(np.mean(two_points**2)) / 10.0
    later = off_mps(last_velocities(noisy(240, 50.0, 60, accuracy=50.0 * 2.45)), 240)
    assert np.sqrt(np.mean(later**2)) < 10.0


@pytest.mark.parametrize("speed_kt", [60, 240, 480])
@pytest.mark.parametrize("wrong", [{"track": 160.0}, {"factor": 1.852}, {"factor": 1 / 1.852}])
def test_a_feed_with_a_wrong_velocity_is_found_out(speed_kt: float, wrong: dict[str, float]) -> None:
    """Rotated by a right angle, or in km/h or the like: the filter's is used instead."""
    stated = {"groundspeed": speed_kt * wrong.get("factor", 1.0), "track": wrong.get("track", 70.0)}
    table = noisy(speed_kt, 5.0, 20, tracks=20, accuracy=12.0, **stated)
    assert (off_mps(last_velocities(table), speed_kt) < 8.0).all()


def test_a_right_velocity_is_believed_in_a_turn_and_in_noise() -> None:
    t = np.arange(0.0, 90.0, 1.0)
    course = np.radians(70.0 + 3.0 * np.clip(t - 30.0, 0, 30))
    speed = 240 * MPS
    east, north = (np.cumsum(speed * f(course)) for f in (np.sin, np.cos))
    whole = flight("T", speed_kt=240, reports=90, **PLACE)
    rng = np.random.default_rng(2)
    for last in range(20, 90, 6):
        turning = whole.head(last).with_columns(
            latitude=pl.Series(45.0 + (north[:last] + rng.normal(0, 50, last)) / 111_132.0),
            longitude=pl.Series(10.0 + (east[:last] + rng.normal(0, 50, last)) / 78_847.0),
            groundspeed=pl.lit(240.0),
            track=pl.Series(np.degrees(course[:last])),
            accuracy=pl.lit(122.0),
        )
        have = last_velocities(turning)[:, 0]
        assert have == pytest.approx(speed * np.array([np.sin(course[last - 1]), np.cos(course[last - 1])]), abs=0.01)
