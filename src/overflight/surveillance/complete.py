"""From a partial frame to the position table: columns, types, ranges, identity, order.

Units are already those of the table; what has other units is converted by the reader that knows them. What cannot be
used is counted, by a reason that a person understands, with the place of one example.
"""

from __future__ import annotations

from typing import Any, Final, cast

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.identity import with_identity
from overflight.surveillance.order import column_by_column, in_order
from overflight.surveillance.recording import Drops
from overflight.surveillance.table import ADDRESS_TYPES, POSITION_SCHEMA, SOURCES
from overflight.surveillance.text import clean_text, example
from overflight.surveillance.times import to_timestamps

NO_TIME: Final = "no time"
TIME_RANGE: Final = "time outside 1990 to 2100"
NO_POSITION: Final = "no position"
POSITION_RANGE: Final = "position out of range"
NO_IDENTITY: Final = "no track_id, address or callsign"

_REQUIRED: Final = ("timestamp", "latitude", "longitude")
_IDENTITIES: Final = ("track_id", "icao24", "callsign")
_TIMES: Final = (pl.datetime(1990, 1, 1, time_zone="UTC"), pl.datetime(2100, 1, 1, time_zone="UTC"))

LARGE_CHUNK: Final = 100_000
"""Rows. Pieces of a table that are this large on average stay as they are; many small ones slow everything down."""

RANGES: Final[dict[str, tuple[float, float]]] = {
    "altitude": (-2_000.0, 150_000.0),  # ft; the Dead Sea's shore is at -1,400; Mode S can say up to 126,700
    "geoaltitude": (-2_000.0, 150_000.0),  # ft
    "groundspeed": (0.0, 5_000.0),  # kt; ADS-B can say up to 4,086 (DO-260B, supersonic)
    "track": (0.0, 360.0),  # deg
    "vertical_rate": (-100_000.0, 100_000.0),  # ft/min; ADS-B can say up to 32,608
    "position_age": (0.0, 86_400.0),  # s
    "nic": (0, 11),
    "nac_p": (0, 11),
    "sil": (0, 3),
    "accuracy": (0.0, 1e6),  # m
}
"""What a value can be, both ends included, in the units of the table. Anything else is taken for unknown, and
counted."""

NAC_P_ACCURACY_M: Final[dict[int, float]] = {
    11: 3.0,
    10: 10.0,
    9: 30.0,
    8: 92.6,
    7: 185.2,
    6: 555.6,
    5: 926.0,
    4: 1852.0,
    3: 3704.0,
    2: 7408.0,
    1: 18520.0,
}
"""Estimated position uncertainty, 95 % horizontal, in m: RTCA DO-260B, table 2-71. NACp 0 says nothing."""


def complete(table: Any, label: str = "table") -> tuple[pl.DataFrame, Drops]:
    """Bring one table to `POSITION_SCHEMA`: see `normalise` and `finish`.

    Args:
        table: a Polars frame, anything with ``__arrow_c_stream__`` (PyArrow, DuckDB, pandas), or a `traffic` object.
        label: what to call it where a dropped row is named.

    Raises:
        InputError: no table, a required column is missing or has no usable type.
    """
    drops = Drops()
    return finish([normalise(to_frame(table, label), label, drops)], drops), drops


def to_frame(table: Any, label: str = "table") -> pl.DataFrame:
    """Any table as a Polars frame, without a copy where its memory allows.

    Raises:
        InputError: it is no table.
    """
    try:
        if isinstance(table, pl.DataFrame):
            return table
        if isinstance(table, pl.LazyFrame):
            return table.collect()
        inner = getattr(table, "data", None)  # a `traffic` Traffic or Flight holds its pandas frame there
        if not hasattr(table, "__arrow_c_stream__") and hasattr(inner, "columns"):
            table = inner
        if hasattr(table, "__arrow_c_stream__"):
            return pl.DataFrame(table)
        if hasattr(table, "columns"):
            return cast("pl.DataFrame", cast("Any", pl).from_pandas(table))
    except Exception as error:  # whatever a foreign table raises on conversion, the user gets one kind
        raise InputError(f"the table cannot be read ({error})", path=label, remedy="pass simple columns") from error
    kind = type(table).__name__
    raise InputError(f"a {kind} is no table", path=label, remedy="pass a data frame, an Arrow table, or a file name")


def normalise(frame: pl.DataFrame, label: str, drops: Drops) -> pl.DataFrame:
    """The columns that are in `POSITION_SCHEMA`, typed and in range; rows that cannot be used are dropped and counted.

    Timestamps without a zone are UTC; numbers are s, ms, us or ns since 1970, by their magnitude. NaN is unknown, as in
    pandas. `icao24` keeps a leading ``~`` until `finish`, which needs it.

    Raises:
        InputError: a required column is missing.
    """
    missing = [name for name in _REQUIRED if name not in frame.columns]
    if not any(name in frame.columns for name in _IDENTITIES):
        missing.append("track_id, icao24 or callsign")
    if missing:
        remedy = f"rename or add it; there are: {', '.join(frame.columns[:30])}"
        raise InputError("a required column is missing", path=label, place=f"column {missing[0]}", remedy=remedy)
    frame = frame.select(name for name in POSITION_SCHEMA if name in frame.columns)
    frame = frame.with_columns(to_timestamps(frame.get_column("timestamp"), label))
    frame = clean_text(_typed(frame, label, drops), label, drops)
    return _in_range(_usable(frame, label, drops), label, drops)


def finish(parts: list[pl.DataFrame], drops: Drops) -> pl.DataFrame:
    """One position table from normalised parts: identity, order, no row twice, every column there.

    The list is emptied, so that no more than two copies of a large table are in memory at a time.
    """
    if not parts:
        return pl.DataFrame(schema=POSITION_SCHEMA)
    frame = in_order(with_identity(_joined(parts)), drops)
    if "nac_p" in frame.columns and ("accuracy" not in frame.columns or frame.get_column("accuracy").null_count()):
        frame = frame.drop("accuracy", strict=False).hstack([_accuracy(frame)])
    columns: list[pl.Series] = []
    for name, dtype in POSITION_SCHEMA.items():
        if name in frame.columns:
            column = frame.get_column(name)
            columns.append(column.fill_null(0) if name == "flags" else column)
        else:
            empty = pl.Series(name, [0 if name == "flags" else None], dtype=dtype)
            columns.append(empty.new_from_index(0, len(frame)))
    return pl.DataFrame(columns)


def _joined(parts: list[pl.DataFrame]) -> pl.DataFrame:
    frame = pl.concat(parts, how="diagonal") if len(parts) > 1 else parts[0].select(pl.all())
    parts.clear()
    if frame.n_chunks() * LARGE_CHUNK <= len(frame):
        return frame
    return column_by_column(frame, pl.Series.rechunk)


def _accuracy(frame: pl.DataFrame) -> pl.Series:
    table = pl.Series([NAC_P_ACCURACY_M.get(value) for value in range(256)], dtype=pl.Float32)
    derived = pl.lit(table).gather(pl.col("nac_p"))
    given = pl.coalesce("accuracy", derived) if "accuracy" in frame.columns else derived
    return frame.select(given.alias("accuracy")).to_series()


def _typed(frame: pl.DataFrame, label: str, drops: Drops) -> pl.DataFrame:
    """Cast to the types of the table; what cannot be read becomes null and is counted."""
    typed = _cast(frame)
    for name in frame.columns:
        given, kept = frame.get_column(name), typed.get_column(name)
        if kept.null_count() > given.null_count():
            lost = kept.is_null() & given.is_not_null()
            if given.dtype.is_float():
                lost &= given.is_not_nan()  # as pandas writes what is unknown
            if isinstance(given.dtype, pl.String):
                lost &= given.str.strip_chars() != ""  # an empty field is no value, not a wrong one
            if count := lost.sum():
                drops.add(f"{name} not understood, set unknown", int(count), example(frame, lost, label))
    return typed


def _cast(frame: pl.DataFrame) -> pl.DataFrame:
    columns: list[pl.Expr] = []
    for name, dtype in frame.schema.items():
        wanted = POSITION_SCHEMA[name]
        column = pl.col(name)
        if dtype == wanted:
            continue
        if name == "squawk" and dtype.is_numeric():
            columns.append(column.cast(pl.Int64, strict=False).cast(pl.String).str.zfill(4))
        elif name == "onground":
            columns.append(_boolean(column, dtype))
        elif isinstance(wanted, pl.Enum):
            allowed = ADDRESS_TYPES if name == "address_type" else SOURCES
            text = column.cast(pl.String, strict=False)
            columns.append(pl.when(text.is_in(allowed)).then(text).cast(wanted).alias(name))
        elif isinstance(dtype, pl.String | pl.Categorical) and wanted.is_numeric():
            columns.append(column.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False))
        elif dtype.is_nested() or dtype == pl.Object:
            columns.append(pl.lit(None, dtype=wanted).alias(name))
        elif wanted == pl.String or dtype == pl.Null:
            columns.append(column.cast(wanted, strict=False))
        elif not dtype.is_numeric():
            columns.append(column.cast(pl.Float64, strict=False))
    return frame.with_columns(columns)


def _boolean(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_numeric() or isinstance(dtype, pl.Boolean | pl.Null):
        return column.cast(pl.Boolean, strict=False)
    words = {
        "true": True,
        "1": True,
        "-1": True,
        "1.0": True,
        "t": True,
        "false": False,
        "0": False,
        "0.0": False,
        "f": False,
    }
    text = column.cast(pl.String, strict=False).str.strip_chars().str.to_lowercase()
    return text.replace_strict(words, default=None, return_dtype=pl.Boolean)


def _usable(frame: pl.DataFrame, label: str, drops: Drops) -> pl.DataFrame:
    """Drop the rows without time, position or identity. Each row counts once, under the first reason that holds."""
    for name in ("latitude", "longitude"):
        if not frame.schema[name].is_float():
            frame = frame.with_columns(pl.col(name).cast(pl.Float64, strict=False))
    latitude, longitude = pl.col("latitude"), pl.col("longitude")
    placed = latitude.is_between(-90, 90) & longitude.is_between(-180, 180)  # false for NaN and infinity
    named = pl.any_horizontal(pl.col(name).is_not_null() for name in _IDENTITIES if name in frame.columns)
    checks = {
        NO_TIME: pl.col("timestamp").is_null(),
        TIME_RANGE: ~pl.col("timestamp").is_between(*_TIMES, closed="left"),
        NO_POSITION: latitude.is_null() | longitude.is_null() | latitude.is_nan() | longitude.is_nan(),
        POSITION_RANGE: ~placed,
        NO_IDENTITY: ~named,
    }
    good = frame.select(
        (
            pl.col("timestamp", "latitude", "longitude").is_not_null().all(),
            pl.col("timestamp").is_between(*_TIMES, closed="left").all().alias("times"),
            placed.all().alias("placed"),
            named.all().alias("named"),
        )
    )
    if all(good.row(0)):
        return frame
    reasons = frame.select(
        pl.coalesce(pl.when(check.fill_null(False)).then(pl.lit(reason)) for reason, check in checks.items()).alias(
            "why"
        )
    ).to_series()
    for reason in checks:
        mask = (reasons == reason).fill_null(False)
        if count := mask.sum():
            drops.add(reason, int(count), example(frame, mask, label))
    return frame.filter(reasons.is_null())


def _in_range(frame: pl.DataFrame, label: str, drops: Drops) -> pl.DataFrame:
    """Set to null what a value cannot be, count it, and cast to the types of the table."""
    ranges = {name: limits for name, limits in RANGES.items() if name in frame.columns}
    floats = [name for name in ranges if frame.schema[name].is_float()]
    if floats:
        nans = frame.select(pl.col(name).is_nan().any() for name in floats).row(0)
        frame = frame.with_columns(pl.col(name).fill_nan(None) for name, nan in zip(floats, nans, strict=True) if nan)
    if ranges and len(frame):
        fits = frame.select(pl.col(name).is_between(*limits).all() for name, limits in ranges.items()).row(0)
        for (name, limits), fit in zip(ranges.items(), fits, strict=True):
            if not fit:
                mask = ~frame.get_column(name).is_between(*limits)
                mask = mask.fill_null(False)
                drops.add(f"{name} out of range, set unknown", int(mask.sum()), example(frame, mask, label))
                frame = frame.with_columns(pl.when(pl.col(name).is_between(*limits)).then(name).alias(name))
    wrong = [name for name, dtype in frame.schema.items() if dtype != POSITION_SCHEMA[name]]
    return frame.with_columns(pl.col(name).cast(POSITION_SCHEMA[name], strict=False) for name in wrong)
