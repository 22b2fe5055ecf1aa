"""Encounter files (``.daa``) of NASA's detect-and-avoid software.

Source: DAIDALUS, "Input file format" (https://nasa.github.io/daidalus/). Comma-separated; a line of column names, a
line of units in brackets, then a state of an aircraft a line. Columns by name, any letter case: ``name``; ``lat``,
``lon`` (deg, rad); ``alt`` (ft, m, km, NM); velocity as ``vx`` east, ``vy`` north, ``vz`` up, or ``trk``, ``gs``,
``vs`` (kt, m/s, km/h, ft/min and so on); ``time`` (s). The unit line decides, and an unknown unit is an error: a guess
would be a factor of three. ``alt`` is above sea level; the format does not say by which reference, and detect-and-avoid
uses it as pressure altitude, so it is `altitude` here. Time has no date: time zero is `UNDATED_EPOCH`, unless the user
gives it. The names are callsigns. Some recorded files miss the comma between two numbers: white space between them
counts as one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source
from overflight.units import FT_M, FT_PER_MIN_MPS, KMH_MPS, KT_MPS, NM_M

BAD_LINE: Final = "line is no state of an aircraft"

_LENGTHS_M: Final = {"ft": FT_M, "m": 1.0, "km": 1000.0, "nmi": NM_M, "nm": NM_M}
_SPEEDS_MPS: Final = {
    "m/s": 1.0,
    "mps": 1.0,
    "kts": KT_MPS,
    "kt": KT_MPS,
    "knot": KT_MPS,
    "knots": KT_MPS,
    "kn": KT_MPS,
    "km/h": KMH_MPS,
    "kph": KMH_MPS,
    "ft/min": FT_PER_MIN_MPS,
    "fpm": FT_PER_MIN_MPS,
    "ft/s": FT_M,
    "fps": FT_M,
}
_ANGLES_DEG: Final = {"deg": 1.0, "degree": 1.0, "rad": 180.0 / math.pi}
_TIMES_S: Final = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0, "hr": 3600.0}
_UNITS: Final[dict[str, dict[str, float]]] = {
    **dict.fromkeys(("lat", "lon", "trk"), _ANGLES_DEG),
    "alt": _LENGTHS_M,
    **dict.fromkeys(("vx", "vy", "vz", "gs", "vs"), _SPEEDS_MPS),
    "time": _TIMES_S,
}
_REQUIRED: Final = ("name", "lat", "lon", "time")


def read(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """The states, in the units of the position table."""
    names: list[str] = []
    factors: list[float] | None = None
    for number, block in source.lines(drops):
        rows: list[list[float]] = []
        calls: list[str] = []
        refs: list[str] = []
        for at, raw in enumerate(block.decode("utf-8", "replace").splitlines(), start=number):
            line = raw.split("#", 1)[0].strip()
            if not line:
                continue
            if not names:
                names = [name.strip().lower() for name in line.split(",")]
            elif factors is None:
                factors = _factors(source, names, line, at)
            else:
                values = _values(line, names)
                if values is None:
                    drops.add(BAD_LINE, 1, f"{source.label}:{at}")
                    continue
                call, numbers = values
                rows.append([value * factor for value, factor in zip(numbers, factors, strict=True)])
                calls.append(call)
                refs.append(f"{source.label}:{at}")
        schema = {name: pl.Float64 for name in names if name != "name"}
        yield _positions(pl.DataFrame(rows, schema=schema, orient="row"), calls, refs, source.zero_s)


def _factors(source: Source, names: list[str], line: str, at: int) -> list[float]:
    """What a number is multiplied by to be in deg, m, m/s, s: one for each column but the name."""
    units = [unit.strip().lower() for unit in re.findall(r"\[([^\]]*)\]", line)]
    remedy = "give the unit of each column in brackets, as [deg], [ft], [kts], [s]"
    if len(units) != len(names):
        reason = f"{len(units)} units for {len(names)} columns"
        raise InputError(reason, path=source.name, place=f"line {at}", remedy=remedy)
    factors: list[float] = []
    for name, unit in zip(names, units, strict=True):
        if name == "name":
            continue
        if name in _UNITS and unit not in _UNITS[name]:
            allowed = ", ".join(_UNITS[name])
            reason = f"column {name} cannot have the unit [{unit}], only {allowed}"
            raise InputError(reason, path=source.name, place=f"line {at}", remedy=remedy)
        factors.append(_UNITS[name][unit] if name in _UNITS else 1.0)
    return factors


def _values(line: str, names: list[str]) -> tuple[str, list[float]] | None:
    fields = [field.strip() for field in line.split(",")]
    place = names.index("name")
    if len(fields) < len(names):  # a comma is missing: a name holds no white space, nor does a number
        fields = [part for field in fields for part in field.split()]
    if len(fields) != len(names):
        return None
    call = fields.pop(place)
    try:
        return call, [float(field) if field else math.nan for field in fields]
    except ValueError:
        return None


def _positions(states: pl.DataFrame, calls: list[str], refs: list[str], zero_s: float) -> pl.DataFrame:
    def column(name: str) -> pl.Expr:
        return pl.col(name) if name in states.columns else pl.lit(None, dtype=pl.Float64)

    east, north = column("vx"), column("vy")
    track = pl.coalesce(column("trk"), pl.arctan2(east, north).degrees())
    moment = (column("time") + zero_s) * 1e6
    return states.select(
        timestamp=moment.round().cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC")),
        latitude=column("lat"),
        longitude=column("lon"),
        altitude=column("alt") / FT_M,
        groundspeed=pl.coalesce(column("gs"), (east**2 + north**2).sqrt()) / KT_MPS,
        track=track % 360.0,
        vertical_rate=pl.coalesce(column("vs"), column("vz")) / FT_PER_MIN_MPS,
        source=pl.lit("system_track"),
    ).with_columns(callsign=pl.Series(calls, dtype=pl.String), ref=pl.Series(refs, dtype=pl.String))


def _matches(head: bytes) -> bool:
    lines = [line for line in head.decode("utf-8", "replace").splitlines() if line.split("#", 1)[0].strip()]
    if len(lines) < 2:
        return False
    names = {name.strip().lower() for name in lines[0].split(",")}
    return set(_REQUIRED) <= names and "[" in lines[1]


DAA = Reader("daa", "positions", _matches, read)
