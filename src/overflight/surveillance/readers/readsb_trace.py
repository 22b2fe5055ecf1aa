"""readsb: ``trace_full_*.json`` and ``trace_recent_*.json``, the day of one aircraft.

Source: readsb, README-json.md, "trace jsons" (https://github.com/wiedehopf/readsb). Often gzip without the name saying
so. `timestamp` is the start in s since 1970; `trace` a list of arrays: 0 s after the start; 1, 2 lat, lon in deg; 3
altitude in ft, "ground" or null; 4 ground speed in kt; 5 track in deg true; 6 flags (1 stale, 2 new leg, 4 vertical
rate geometric, 8 altitude geometric); 7 vertical rate in ft/min; 8 an aircraft object or null; in newer files also 9
type, 10 geometric altitude in ft. The altitude of flag 8 goes to `geoaltitude`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, cast

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.readers.documents import read_document, read_items
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.readers.readsb import DETAILS, OBJECT, positions
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source

CARRY_S: Final = 600
"""How long callsign, squawk and quality hold on, in s: objects come about every fourth point, and a flight keeps
them."""


def read(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """The points of the trace; what only the objects hold is carried to the points after them."""
    document = read_document(source)
    start, trace = document.get("timestamp"), document.get("trace")
    if not isinstance(start, int | float) or not isinstance(trace, list):
        raise InputError("a readsb trace without timestamp or trace", path=source.name, remedy="fetch it again")
    points = [_object(point) for point in cast("list[Any]", trace)]
    objects = read_items(source, "trace", points, OBJECT, drops)
    moment = pl.col("now")
    carried: list[pl.Expr] = []
    for name in ("flight", "squawk", "nic", "nac_p", "sil", "type"):
        age = moment - pl.when(pl.col(name).is_not_null()).then(moment).forward_fill()
        carried.append(pl.when(age <= CARRY_S).then(pl.col(name).forward_fill()).alias(name))
    address = pl.lit(str(document.get("icao") or ""))
    yield positions(objects.with_columns(carried).with_columns(moment + float(start), hex=address), pl.col("ref"))


def _object(point: Any) -> dict[str, Any] | None:
    """An array as an aircraft object; None where it is none."""
    if not isinstance(point, list) or len(cast("list[Any]", point)) < 8:
        return None
    values: list[Any] = [*cast("list[Any]", point), None, None, None]
    details = cast("dict[str, Any]", values[8]) if isinstance(values[8], dict) else {}
    flags = values[6] if isinstance(values[6], int) else 0
    found: dict[str, Any] = {name: details.get(name) for name in DETAILS}
    found |= {"now": values[0], "lat": values[1], "lon": values[2], "gs": values[4], "track": values[5]}
    found["geom_rate" if flags & 4 else "baro_rate"] = values[7]
    found["alt_geom" if flags & 8 and values[3] != "ground" else "alt_baro"] = values[3]
    if isinstance(values[9], str):
        found["type"] = values[9]
    if values[10] is not None:
        found["alt_geom"] = values[10]
    return found


TRACE = Reader(
    "readsb-trace",
    "positions",
    lambda head: head.lstrip().startswith(b"{") and re.search(rb'"trace"\s*:\s*\[', head) is not None,
    read,
)
