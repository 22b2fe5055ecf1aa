"""OpenSky Network state vectors: the answer of the REST interface, and CSV with the columns of its database.

Sources: OpenSky REST API, "All State Vectors" (https://openskynetwork.github.io/opensky-api/rest.html), and the table
``state_vectors_data4`` (https://opensky-network.org/data/trino). SI units: ``velocity`` and vertical rate in m/s,
altitudes in m (barometric at 1013.25 hPa, geometric above the ellipsoid), ``heading`` deg true, times in s since 1970.
A state is of the second ``time``; its position is of ``time_position`` (``lastposupdate``), which is the timestamp
here. ``position_source``: 0 ADS-B, 1 ASTERIX, 2 MLAT, 3 FLARM.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, cast

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.readers.csv_lines import header, read_columns
from overflight.surveillance.readers.documents import read_document, read_items
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source
from overflight.units import FT_M, FT_PER_MIN_MPS, KT_MPS

_STATE: Final[dict[str, pl.DataType]] = {
    "icao24": pl.String(),
    "callsign": pl.String(),
    "origin_country": pl.String(),
    "lastposupdate": pl.Float64(),
    "lastcontact": pl.Float64(),
    "lon": pl.Float64(),
    "lat": pl.Float64(),
    "baroaltitude": pl.Float64(),
    "onground": pl.Boolean(),
    "velocity": pl.Float64(),
    "heading": pl.Float64(),
    "vertrate": pl.Float64(),
    "sensors": pl.String(),
    "geoaltitude": pl.Float64(),
    "squawk": pl.String(),
    "spi": pl.Boolean(),
    "position_source": pl.Float64(),
}
"""The 17 values of a state in the REST answer, in their order, by their names in the database."""
_SOURCES: Final = {0: "adsb", 1: "radar", 2: "mlat"}
_COLUMNS: Final = (
    *("time", "icao24", "lat", "lon", "velocity", "heading", "vertrate", "callsign"),
    *("onground", "squawk", "baroaltitude", "geoaltitude", "lastposupdate"),
)


def _positions(states: pl.DataFrame, source: pl.Expr) -> pl.DataFrame:
    number = {
        name: pl.col(name).cast(pl.Float64, strict=False) for name in states.columns if name not in {"ref", "icao24"}
    }
    moment = pl.coalesce(number["lastposupdate"], number["time"])
    return states.select(
        timestamp=(moment * 1e6).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC")),
        icao24="icao24",
        callsign="callsign",
        squawk="squawk",
        latitude=number["lat"],
        longitude=number["lon"],
        altitude=number["baroaltitude"] / FT_M,
        geoaltitude=number["geoaltitude"] / FT_M,
        groundspeed=number["velocity"] / KT_MPS,
        track=number["heading"],
        vertical_rate=number["vertrate"] / FT_PER_MIN_MPS,
        onground="onground",
        position_age=number["time"] - moment,
        source=source,
        ref="ref",
    )


def read_states(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """The REST answer: `time` and `states`, a list of lists."""
    document = read_document(source)
    states, time = document.get("states"), document.get("time")
    if not isinstance(states, list) or not isinstance(time, int | float):
        raise InputError("an OpenSky answer without time or states", path=source.name, remedy="ask again")
    names = list(_STATE)
    objects = [
        dict(zip(names, cast("list[Any]", state), strict=False)) if isinstance(state, list) else None
        for state in cast("list[Any]", states)
    ]
    frame = read_items(source, "states", objects, _STATE, drops)
    known = pl.col("position_source").replace_strict(_SOURCES, default=None, return_dtype=pl.String)
    yield _positions(frame.with_columns(time=pl.lit(float(time))), known)


def read_csv(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """CSV with the columns of the database; the position is of `lastposupdate` where there is one."""
    names = header(source.head)
    wanted = [name for name in _COLUMNS if name in names]
    for lines in read_columns(source, names, wanted, drops):
        absent = [pl.lit(None, dtype=pl.String).alias(name) for name in _COLUMNS if name not in wanted]
        place = pl.format("{}:{}", pl.lit(source.label), "line").alias("ref")
        states = lines.filter(pl.col("line") > 1).with_columns(place, *absent)
        yield _positions(states.drop("line"), pl.lit(None, dtype=pl.String))


STATES = Reader(
    "opensky-states",
    "positions",
    lambda head: head.lstrip().startswith(b"{") and re.search(rb'"states"\s*:\s*(\[|null)', head) is not None,
    read_states,
)
CSV = Reader("opensky-csv", "positions", lambda head: {"time", "icao24", "lat", "lon"} <= set(header(head)), read_csv)
