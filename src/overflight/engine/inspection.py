"""What is in a recording, before anything is judged."""

from __future__ import annotations

from typing import Any

import polars as pl

from overflight.surveillance import integrity
from overflight.surveillance.batch import TrackNames, batch_of
from overflight.surveillance.fusion import Fusion
from overflight.surveillance.integrity import Gate, Thresholds
from overflight.surveillance.recording import Recording


def inspect_recording(recording: Recording) -> dict[str, Any]:
    """Return span, tracks, rates, area, columns, and integrity counts, by name, ready for JSON."""
    table = recording.table
    names = TrackNames()
    batch = batch_of(table, names)
    judged = Gate(Thresholds(), names).judge(batch)
    fusion = Fusion(names)
    fusion.update(judged)
    interval = table.select(
        pl.col("timestamp").diff().over("track_id").dt.total_microseconds().median().alias("us")
    ).item()
    start, end = table["timestamp"].min(), table["timestamp"].max()
    known = {name: table.height - table[name].null_count() for name in table.columns}
    return {
        "inputs": [
            f"{file.path} ({file.format}, {file.rows:,} positions, SHA-256 {file.sha256})" for file in recording.files
        ],
        "positions": table.height,
        "dropped": dict(recording.drops.counts),
        "first": None if start is None else start.isoformat(),  # type: ignore[union-attr]
        "last": None if end is None else end.isoformat(),  # type: ignore[union-attr]
        "tracks": table["track_id"].n_unique(),
        "aircraft_addresses": table["icao24"].drop_nulls().n_unique(),
        "median_interval_s": None if interval is None else round(interval * 1e-6, 3),
        "area": _area(table),
        "altitude_ft": None
        if known["altitude"] == 0
        else f"{table['altitude'].min():,.0f} to {table['altitude'].max():,.0f}",
        "sources": _counts(table, "source"),
        "address_types": _counts(table, "address_type"),
        "known": {name: count for name, count in known.items() if count},
        "integrity_flags": integrity.counts(judged.flags),
        **({"sensors": sensors} if (sensors := fusion.told()) else {}),
    }


def _counts(table: pl.DataFrame, column: str) -> dict[str, int]:
    counted = table[column].cast(pl.String).fill_null("unknown").value_counts(sort=True)
    return dict(counted.iter_rows())


def _area(table: pl.DataFrame) -> str | None:
    """Say the latitudes and the shortest span of longitudes that hold every position."""
    if table.height == 0:
        return None
    longitude = table["longitude"].unique().sort()
    gaps = longitude.diff().extend_constant(None, 0)
    west, east = longitude[0], longitude[-1]
    widest = gaps.arg_max()
    if widest is not None and gaps[widest] is not None and gaps[widest] > 360.0 - (east - west):
        west, east = longitude[widest], longitude[widest - 1]  # across the antimeridian
    return (
        f"latitude {table['latitude'].min():.3f} to {table['latitude'].max():.3f}, longitude {west:.3f} to {east:.3f}"
    )
