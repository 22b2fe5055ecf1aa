"""Comma-separated lines (RFC 4180): blocks of lines as text columns, with the number of each line.

A quoted field may not span lines: no format here needs it, and one stray quote must not swallow the rest of a file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from overflight.surveillance.readers.ahead import ahead
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source

BAD_LINE: Final = "line has the wrong number of fields"


def header(head: bytes) -> list[str]:
    """The column names in the first line."""
    line = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    return [name.strip().strip('"') for name in line.split(",")]


def read_columns(
    source: Source, names: Sequence[str], wanted: Sequence[str], drops: Drops, fewest: int | None = None
) -> Iterator[pl.DataFrame]:
    """The columns `wanted` of every line as text, with `line` (u32).

    Args:
        source: the file.
        names: all the columns of a line, in order.
        wanted: those to return.
        drops: where lines are counted that have more fields, or fewer than `fewest`. Blank lines count for nothing.
        fewest: fields that a line must have; all of them if None.
    """
    width = len(names)
    blocks = (
        (number, _whole_lines(source, number, block, drops, width=width, fewest=fewest or width))
        for number, block in source.lines(drops)
    )
    for (number, whole), frame in ahead(blocks, lambda numbered: _parse(numbered[1], names, wanted)):
        count = whole.count(b"\n")
        if frame is None or len(frame) != count:
            rows = _slowly(source, number, whole, drops, names=names, wanted=wanted)
        else:
            rows = frame.with_columns(line=pl.int_range(number, number + count, dtype=pl.UInt32))
        yield rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in wanted))


def _whole_lines(source: Source, number: int, block: bytes, drops: Drops, *, width: int, fewest: int) -> bytes:
    """Empty the lines that have too few or too many fields."""
    if b'"' in block or block.count(b",") == block.count(b"\n") * (width - 1):
        return block  # with quotes a comma may be text: such lines are taken one by one if their number is wrong
    data = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(data == 0x0A)
    starts = np.concatenate(([0], ends[:-1] + 1))
    commas = np.flatnonzero(data == 0x2C)
    fields = np.searchsorted(commas, ends) - np.searchsorted(commas, starts) + 1
    blank = (ends - starts <= 1) & (fields == 1)
    bad = np.flatnonzero(((fields < fewest) | (fields > width)) & ~blank)
    if bad.size:
        drops.add(BAD_LINE, int(bad.size), f"{source.label}:{number + int(bad[0])}")
        lines = block.split(b"\n")
        for at in bad:
            lines[at] = b""
        block = b"\n".join(lines)
    return block


def _parse(block: bytes, names: Sequence[str], wanted: Sequence[str]) -> pl.DataFrame | None:
    first = ",".join(f"c{index}" for index in range(len(names))).encode() + b"\n"
    columns = [f"c{names.index(name)}" for name in wanted]
    try:
        frame = pl.read_csv(
            first + block,
            columns=columns,
            infer_schema=False,
            truncate_ragged_lines=True,
            quote_char='"' if b'"' in block else None,
            encoding="utf8-lossy",
        )
    except pl.exceptions.PolarsError:
        return None
    return frame.select(pl.col(column).alias(name) for column, name in zip(columns, wanted, strict=True))


def _slowly(
    source: Source, number: int, block: bytes, drops: Drops, *, names: Sequence[str], wanted: Sequence[str]
) -> pl.DataFrame:
    """Line by line with the standard library: for blocks in which a quote is open at the end of a line."""
    places = [names.index(name) for name in wanted]
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    for at, line in enumerate(block.decode("utf-8", "replace").split("\n"), start=number):
        if not line.strip():
            continue
        try:
            fields = next(csv.reader([line]))
        except (csv.Error, StopIteration):
            fields = []
        if len(fields) == len(names):
            rows.append([fields[place] or None for place in places])
            numbers.append(at)
        else:
            drops.add(BAD_LINE, 1, f"{source.label}:{at}")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(wanted, pl.String()), orient="row")
    return frame.with_columns(line=pl.Series(numbers, dtype=pl.UInt32))
