"""JSON lines (https://jsonlines.org): one object a line, with damaged lines counted instead of stopping the rest.

Polars parses a whole block at once and refuses all of it for one bad line. A block that it refuses is mended line by
line with the standard library: what is no object is dropped and counted, a field of the wrong type becomes null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

import polars as pl

from overflight.surveillance.readers.ahead import ahead
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source

BAD_LINE: Final = "line is no JSON object"


def first_object(head: bytes) -> dict[str, Any]:
    """The first line that is a JSON object, or an empty one: what a format is recognised by."""
    for line in head.splitlines()[:50]:
        if line.lstrip().startswith(b"{"):
            try:
                return cast("dict[str, Any]", json.loads(line))
            except (ValueError, RecursionError):
                continue
    return {}


def read_objects(
    source: Source,
    schema: Mapping[str, pl.DataType],
    drops: Drops,
    prepare: Callable[[bytes], bytes] | None = None,
) -> Iterator[pl.DataFrame]:
    """The fields named by `schema` of every object, with `line`, its number (u32).

    `prepare` may rewrite a block before it is parsed, for what a type cannot tell apart; it keeps the lines.
    """
    lines = source.lines(drops)
    blocks = ((number, prepare(block)) for number, block in lines) if prepare else lines
    for (number, block), frame in ahead(blocks, lambda numbered: _parse(numbered[1], schema)):
        count = block.count(b"\n")
        if frame is not None and len(frame) == count:
            yield frame.with_columns(line=pl.int_range(number, number + count, dtype=pl.UInt32))
        else:
            yield from _mended(source, number, block, schema, drops)


def _parse(block: bytes, schema: Mapping[str, pl.DataType]) -> pl.DataFrame | None:
    try:
        return pl.read_ndjson(block, schema=dict(schema))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


_RUN: Final = 500
"""Lines of a piece of a refused block: the most that are mended by hand for one bad line."""


def _mended(
    source: Source, number: int, block: bytes, schema: Mapping[str, pl.DataType], drops: Drops
) -> Iterator[pl.DataFrame]:
    lines = (
        block.splitlines(keepends=True) if b"\r" not in block else block.replace(b"\r", b" ").splitlines(keepends=True)
    )
    # bytes.splitlines splits at \n, \r and \r\n only; a bare \r counts as white space in JSON, not as the end of a line
    for start in range(0, len(lines), _RUN):
        run = lines[start : start + _RUN]
        frame = _parse(b"".join(run), schema)
        numbers = range(number + start, number + start + len(run))
        if frame is None or len(frame) != len(run):
            kept, kept_numbers = _objects(source, numbers, run, schema, drops)
            frame, numbers = pl.DataFrame(kept, schema=dict(schema), orient="row", strict=False), kept_numbers
        if len(frame):
            yield frame.with_columns(line=pl.Series(numbers, dtype=pl.UInt32))


def _objects(
    source: Source, numbers: range, lines: list[bytes], schema: Mapping[str, pl.DataType], drops: Drops
) -> tuple[list[dict[str, Any]], list[int]]:
    kept: list[dict[str, Any]] = []
    kept_numbers: list[int] = []
    for number, line in zip(numbers, lines, strict=True):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            kept.append(fields(cast("dict[str, Any]", value), schema))
            kept_numbers.append(number)
        else:
            drops.add(BAD_LINE, 1, f"{source.label}:{number}")
    return kept, kept_numbers


def fields(value: dict[str, Any], schema: Mapping[str, pl.DataType]) -> dict[str, Any]:
    """The fields named by `schema`; one of the wrong type is null."""
    return {name: _field(value.get(name), dtype) for name, dtype in schema.items()}


def _field(value: Any, dtype: pl.DataType) -> Any:
    """The value as Polars would read it, or null where it would refuse the line."""
    if isinstance(dtype, pl.Struct):
        inner = {field.name: cast("pl.DataType", field.dtype) for field in dtype.fields}
        return fields(cast("dict[str, Any]", value), inner) if isinstance(value, dict) else None
    if dtype == pl.String:
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode()  # a lone surrogate is legal in JSON, not in Arrow
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    if dtype == pl.Boolean:
        return value if isinstance(value, bool) else None
    try:
        number = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None
