"""Constructed flights for tests: straight, uniform, as position tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from pyproj import Geod

GEOD = Geod(ellps="WGS84")
MIDNIGHT = datetime(2015, 10, 7, tzinfo=UTC)


def flight(
    name: str,
    *,
    latitude: float,
    longitude: float,
    course: float = 90.0,
    speed_kt: float = 120.0,
    altitude: float | None = 5000.0,
    climb_fpm: float = 0.0,
    start_s: float = 0.0,
    every_s: float = 5.0,
    reports: int = 25,
    **columns: Any,
) -> pl.DataFrame:
    """A flight that is over `latitude`, `longitude` in the middle of its reports."""
    t = start_s + every_s * np.arange(reports)
    along_m = speed_kt * 1852 / 3600 * (t - t.mean())
    lon, lat, _ = GEOD.fwd(np.full(reports, longitude), np.full(reports, latitude), np.full(reports, course), along_m)
    level = [None] * reports if altitude is None else list(altitude + climb_fpm / 60 * (t - t[0]))
    table = pl.DataFrame(
        {
            "timestamp": pl.Series([int(x) for x in np.round((MIDNIGHT.timestamp() + t) * 1e6)]).cast(
                pl.Datetime("us", "UTC")
            ),
            "track_id": [name] * reports,
            "latitude": np.asarray(lat),
            "longitude": np.asarray(lon),
            "altitude": pl.Series(level, dtype=pl.Float32),
        }
    )
    return table.with_columns(pl.lit(value).alias(column) for column, value in columns.items())


def north_of(latitude: float, longitude: float, distance_nm: float) -> tuple[float, float]:
    """The place so far north of another."""
    lon, lat, _ = GEOD.fwd(longitude, latitude, 0.0, distance_nm * 1852)
    return float(lat), float(lon)
