"""Timestamps of any kind as datetime[us, UTC]."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import polars as pl

from overflight.errors import InputError

UNDATED_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Time zero of formats whose clock has no date (Beast, AVR, .daa), unless the user says when it was. A fixed one, so
that the same file gives the same table everywhere; one that nobody takes for the time of a modern flight."""

CLOCK_HZ: Final = 12e6
"""Rate of the counter that Mode S receivers put on a frame (Mode-S Beast, "Data Output Formats")."""

_UTC: Final = pl.Datetime("us", "UTC")
_MS, _US, _NS = 1e11, 1e14, 1e17
"""From these numbers on, a time is in ms, us, ns since 1970: in s they would be the years 5138, 3 million, 3
billion."""


def from_number(number: pl.Expr) -> pl.Expr:
    """Numbers since 1970-01-01 UTC as timestamps, in s, ms, us or ns by their magnitude; NaN and infinity are null."""
    size = number.cast(pl.Float64, strict=False).abs()
    whole = number.cast(pl.Int64, strict=False)
    micros = (
        pl.when(size < _MS)
        .then((number.cast(pl.Float64, strict=False) * 1e6).round().cast(pl.Int64, strict=False))
        .when(size < _US)
        .then((number.cast(pl.Float64, strict=False) * 1e3).round().cast(pl.Int64, strict=False))
        .when(size < _NS)
        .then(whole)
        .otherwise(whole // 1000)
    )
    return micros.cast(_UTC)


def to_timestamps(column: pl.Series, label: str) -> pl.Series:
    """A column as datetime[us, UTC]; what is no time is null.

    Dates with a zone are converted, those without are UTC; text is ISO 8601 or a number; numbers as `from_number`.

    Raises:
        InputError: the column's type can be no time.
    """
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        if dtype == _UTC:
            return column
        zoned = column.dt.replace_time_zone("UTC") if dtype.time_zone is None else column.dt.convert_time_zone("UTC")
        return zoned.dt.cast_time_unit("us")
    frame = column.to_frame()
    name = pl.col(column.name)
    if dtype.is_numeric() or dtype == pl.Null:
        return frame.select(from_number(name)).to_series()
    if dtype == pl.Date:
        return frame.select(name.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")).to_series()
    if isinstance(dtype, pl.String | pl.Categorical):
        return _from_text(frame, name.cast(pl.String).str.strip_chars())
    raise InputError(
        f"a column of type {dtype} is no time", path=label, place=f"column {column.name}", remedy="use a datetime"
    )


def _from_text(frame: pl.DataFrame, text: pl.Expr) -> pl.Series:
    number = from_number(text.cast(pl.Float64, strict=False))
    # Python and pandas write a space for the T and leave out a fraction of zero, within one column as well
    plain = text.str.replace(" ", "T", literal=True).str.replace(r"(Z|[+-]00:?00)$", "")
    offset = text.str.replace(" ", "T", literal=True)
    moment = pl.coalesce(
        plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False).dt.replace_time_zone("UTC"),
        offset.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", strict=False).dt.convert_time_zone("UTC"),
        number,
    )
    return frame.select(moment.alias(frame.columns[0])).to_series()
