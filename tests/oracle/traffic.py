"""Random traffic for the tests: seeded, straight flights with level changes, irregular reports and silences."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
from pyproj import Geod

from tests.oracle.brute_force import Track

EPOCH = datetime(2015, 10, 7, tzinfo=UTC)
REGIONS = {
    "europe": (50.0, 10.0),
    "antimeridian": (-17.5, 180.0),
    "pole": (89.95, 40.0),
    "equator": (0.0, 35.0),
}
"""Centre of each region: latitude, longitude."""
COLUMNS = ("latitude", "longitude", "altitude")

_GEOD = Geod(ellps="WGS84")


def random_tracks(
    seed: int,
    region: str = "europe",
    *,
    count: int = 100,
    radius_m: float = 120e3,
    duration_s: float = 1800.0,
) -> dict[str, Track]:
    """Aircraft on geodesics through a disc, some climbing or descending, with 0 to 2 silences of 20 to 100 s each."""
    rng = np.random.default_rng(seed)
    lat0, lon0 = REGIONS[region]
    tracks: dict[str, Track] = {}
    for number in range(count):
        lon, lat, _ = _GEOD.fwd(lon0, lat0, rng.uniform(0, 360), radius_m * np.sqrt(rng.uniform()))
        t = rng.uniform(0, 8) + np.cumsum(rng.uniform(2.0, 12.0, int(duration_s / 7)))
        t = t[t < duration_s]
        for _ in range(rng.integers(0, 3)):
            silent = rng.uniform(0, duration_s)
            t = t[(t < silent) | (t > silent + rng.choice([20.0, 50.0, 100.0]))]
        along = rng.uniform(50, 260) * (t - duration_s / 2)
        course = np.full(t.size, rng.uniform(0, 360))
        lons, lats, _ = _GEOD.fwd(np.full(t.size, lon), np.full(t.size, lat), course, along)
        rate = rng.choice([0.0, 0.0, 20.0, -20.0, 40.0])
        alt = rng.integers(90, 130) * 100.0 + rate * np.clip(t - rng.uniform(0, duration_s), 0, 150)
        tracks[f"T{number:04d}"] = (np.round(t, 3), np.round(lats, 7), np.round(lons, 7), np.round(alt, 1))
    return tracks


def position_table(tracks: dict[str, Track], **columns: object) -> pl.DataFrame:
    """The tracks as a position table in the order of time; `columns` are further columns, one value for all rows."""
    parts = [
        pl.DataFrame({"t": t, "track_id": [name] * len(t), "latitude": lat, "longitude": lon, "altitude": alt})
        for name, (t, lat, lon, alt) in tracks.items()
    ]
    offset = pl.duration(microseconds=(pl.col("t") * 1e6).round().cast(pl.Int64))
    return (
        pl.concat(parts)
        .select(
            (pl.lit(EPOCH).cast(pl.Datetime("us", "UTC")) + offset).alias("timestamp"),
            "track_id", "latitude", "longitude",
            pl.col("altitude").fill_nan(None).cast(pl.Float32),
            **{name: pl.lit(value) for name, value in columns.items()},
        )
        .sort("timestamp", "track_id")
    )  # fmt: skip


def tracks_of(table: pl.DataFrame) -> dict[str, Track]:
    """The reports of a position table by track, in s since `EPOCH`.

    Several at one instant stay, in the order of the table: the first of them ends the leg before, the last begins the next.
    """
    found: dict[str, Track] = {}
    table = table.sort("track_id", "timestamp", maintain_order=True)
    for (name,), rows in table.group_by("track_id", maintain_order=True):
        t = (rows["timestamp"] - EPOCH).dt.total_microseconds().to_numpy() / 1e6
        lat, lon, alt = (rows[column].cast(pl.Float64).fill_null(np.nan).to_numpy() for column in COLUMNS)
        found[str(name)] = (t, lat, lon, alt)
    return found


def seconds(moment: datetime) -> float:
    """Seconds since `EPOCH`."""
    return (moment - EPOCH).total_seconds()
