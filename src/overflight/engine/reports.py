"""The reports that events of a live loop may rest on: those of the last minutes, and of older ones those that something still names.

A recording is there to look at when its events are concluded. On a live feed an aircraft may have entered a volume hours ago, so what an
open event names is kept, and the rest is forgotten.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.engine.evidence import SAID, with_evidence

_COLUMNS: Final = ("row", "ref", *SAID.values())
_FORGET_US: Final = 30_000_000
"""How often old reports are looked through."""


class Reports:
    """What was reported, by number of the row."""

    def __init__(self, keep_us: int) -> None:
        """Keep everything for `keep_us` of event time: as long as it takes until an event that rests on it is open."""
        self._keep_us = keep_us
        self._recent: deque[tuple[int, pl.DataFrame]] = deque()  # when it began to be given on, and the reports
        self._named = pl.DataFrame()  # older ones that are still named
        self._forgot_us = 0

    def add(self, table: pl.DataFrame, first_row: int) -> None:
        """Take in rows of the position table, which is in order of time."""
        some = table.select(
            pl.int_range(first_row, first_row + table.height, dtype=pl.Int64).alias("row"), *_COLUMNS[1:]
        )
        self._recent.append((int(table["timestamp"].to_physical()[-1]), some))

    def due(self, watermark_us: int) -> bool:
        """Whether it is time to forget."""
        return watermark_us - self._forgot_us >= _FORGET_US

    def forget(self, watermark_us: int, named: NDArray[np.int64]) -> None:
        """Forget old reports but those whose rows are `named`."""
        self._forgot_us = watermark_us
        old = [self._named] if self._named.height else []
        while self._recent and self._recent[0][0] < watermark_us - self._keep_us:
            old.append(self._recent.popleft()[1])
        if old:
            wanted = pl.Series(np.unique(named), dtype=pl.Int64).implode()
            self._named = pl.concat([some.filter(pl.col("row").is_in(wanted)) for some in old])

    def complete(self, events: pl.DataFrame) -> pl.DataFrame:
        """Put what was reported into the parameters of events (`overflight.engine.evidence.with_evidence`)."""
        rows = events["evidence"].explode().drop_nulls().unique().sort().to_frame("row")
        parts = [
            some.join(rows, on="row", how="semi")
            for some in (self._named, *(one[1] for one in self._recent))
            if some.height
        ]
        table = rows.join(pl.concat(parts), on="row", how="left", maintain_order="left") if parts else _nothing(rows)
        number = pl.element().replace_strict(
            table["row"], pl.Series(range(table.height), dtype=pl.Int64), return_dtype=pl.Int64
        )
        return with_evidence(events.with_columns(pl.col("evidence").list.eval(number)), table)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        recent = [some for _, some in self._recent]
        return {
            "ends": [end for end, _ in self._recent],
            "lengths": [some.height for some in recent],
            "recent": pl.concat(recent) if recent else None,
            "named": self._named,
            "forgot": self._forgot_us,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._named, self._forgot_us = state["named"], state["forgot"]
        self._recent = deque()
        at = 0
        for end, length in zip(state["ends"], state["lengths"], strict=True):
            self._recent.append((end, state["recent"][at : at + length]))
            at += length


def _nothing(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of which nothing is known."""
    return rows.with_columns(ref=pl.lit(None, pl.String), **{name: pl.lit(None, pl.Float32) for name in SAID.values()})
