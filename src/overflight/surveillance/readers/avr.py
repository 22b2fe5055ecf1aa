"""AVR: raw Mode S frames as text, one a line, as dump1090 and readsb give them on port 30002.

Source: Mode-S Beast, "Data Output Formats" (https://wiki.jetvision.de/wiki/Mode-S_Beast:Data_Output_Formats).
``*8D...;`` is a frame without a time; ``@`` puts a 48-bit counter of a 12 MHz clock before it, ``<`` counter and signal
level (8 bits). The counter has no date: time zero is `UNDATED_EPOCH`, unless the user gives it. A frame without any
time cannot be placed in time, and is dropped and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source
from overflight.surveillance.times import CLOCK_HZ

NO_CLOCK: Final = "frame without a time (AVR text without MLAT counters)"
BAD_LINE: Final = "line is no AVR frame"

_LINE: Final = re.compile(rb"\s*[*@<%:][0-9A-Fa-f]{4,42};?\s*$")
_FRAME: Final = r"^(?:\*|[@%]([0-9a-f]{12})|<([0-9a-f]{12})[0-9a-f]{2})([0-9a-f]{4}|[0-9a-f]{14}|[0-9a-f]{28});$"


def read(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """Frames, as `overflight.surveillance.mode_s.decode` takes them."""
    for rows in clocked(source, drops):
        late = rows.filter(pl.col("clock_s").is_null())
        if len(late):
            drops.add(NO_CLOCK, len(late), str(late.get_column("ref")[0]))
        yield (
            rows.drop_nulls("clock_s")
            .select(pl.col("clock_s") + source.zero_s, "frame", "ref")
            .rename({"clock_s": "seconds"})
        )


def clocked(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """The frames with `clock_s`, what their counter says, in s; null where there is none."""
    for number, block in source.lines(drops):
        lines = pl.Series("line", block.decode("latin-1").split("\n")[:-1], dtype=pl.String)
        parts = pl.col("line").str.strip_chars().str.to_lowercase().str.extract_groups(_FRAME)
        rows = lines.to_frame().select(
            pl.format("{}:{}", pl.lit(source.label), pl.int_range(number, number + len(lines))).alias("ref"),
            (pl.col("line").str.strip_chars() == "").alias("blank"),
            pl.coalesce(parts.struct.field("1"), parts.struct.field("2")).alias("counter"),
            parts.struct.field("3").alias("frame"),
        )
        rows = rows.filter(~pl.col("blank"))
        bad = rows.filter(pl.col("frame").is_null())
        if len(bad):
            drops.add(BAD_LINE, len(bad), str(bad.get_column("ref")[0]))
        clock_s = pl.col("counter").str.to_integer(base=16) / CLOCK_HZ
        # Mode A/C replies (4 digits) hold no position
        yield rows.filter(pl.col("frame").str.len_bytes() > 4).select(clock_s.alias("clock_s"), "frame", "ref")


def _matches(head: bytes) -> bool:
    lines = [line for line in head.splitlines()[:20] if line.strip()]
    return bool(lines) and sum(_LINE.match(line) is not None for line in lines) * 2 > len(lines)


AVR = Reader("avr", "frames", _matches, read)
