"""A recording: the position table with where it came from and what was left out of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class SourceFile:
    """One input that was read.

    Attributes:
        path: as the user named it; "-" for standard input, "table" for a table given in Python.
        format: the reader that took it, e.g. "readsb-jsonl".
        sha256: lower-case hexadecimal digest of the bytes as stored (compressed, where they are).
        rows: positions that this input gave.
    """

    path: str
    format: str
    sha256: str
    rows: int


@dataclass
class Drops:
    """Rows that were read but cannot be used: how many for each reason, and one example of each."""

    counts: Counter[str] = field(default_factory=Counter[str])
    examples: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, reason: str, count: int, example: str) -> None:
        """Count `count` rows dropped for `reason`; `example` says where one of them stands. A count of 0 is ignored."""
        if count > 0:
            self.counts[reason] += count
            self.examples.setdefault(reason, example)

    def merge(self, other: Drops) -> None:
        """Add another tally to this one."""
        for reason, count in other.counts.items():
            self.add(reason, count, other.examples[reason])


@dataclass(frozen=True)
class Recording:
    """What flew.

    Attributes:
        table: the position table (`POSITION_SCHEMA`), sorted by timestamp then track_id, no row twice.
        files: the inputs, in the order given.
        drops: what was left out, and why.
    """

    table: pl.DataFrame
    files: tuple[SourceFile, ...]
    drops: Drops
