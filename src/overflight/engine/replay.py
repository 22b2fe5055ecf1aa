"""A recording as a live feed: its positions in order of time, as JSON lines, as fast as they happened or faster.

A line is a row of the position table with all that it says (identity, reference, flags), so that a table read from the
lines is the recording's. To test what stands a live feed's disorder, positions may be delayed by a random time and some
of them said twice.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.errors import InputError, ParameterError

TICK_S: Final = 0.05
"""Positions that are due within so long are sent together, in s."""
MOST_ROWS: Final = 500
"""Positions that are sent together at most."""
_TWICE_S: Final = 1.0  # after how long, at most, a position is said again, where none is delayed


class Outlet(Protocol):
    """Where positions go."""

    def ready(self) -> None:
        """Wait until somebody can take them."""
        ...

    def send(self, lines: bytes) -> None:
        """Send whole lines."""
        ...

    def close(self) -> None:
        """Send what is left, and end."""
        ...


@dataclass(frozen=True)
class ReplayParameters:
    """How a recording is replayed.

    Attributes:
        speed: times real time; 0 for as fast as it is taken.
        start, end: only positions from `start` to before `end`.
        now: whether times are moved so that the first position is of now.
        shuffle_s: the longest random delay of a position, in s of its own time.
        duplicate: share of the positions that are said twice, 0 to 1.
        seed: of chance.
    """

    speed: float = 1.0
    start: datetime | None = None
    end: datetime | None = None
    now: bool = False
    shuffle_s: float = 0.0
    duplicate: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ParameterError: a speed or delay below 0, or a share that is none.
        """
        if not 0.0 <= self.speed < float("inf"):
            raise ParameterError("--speed", self.speed, "is no speed", remedy="give times real time, or 0 for no wait")
        if not 0.0 <= self.shuffle_s <= 86_400.0:
            raise ParameterError("--shuffle", self.shuffle_s, "is no delay", remedy="give 0 to 86400 s")
        if not 0.0 <= self.duplicate <= 1.0:
            raise ParameterError("--duplicate", self.duplicate, "is no share", remedy="give 0 % to 100 %")


def replay(table: pl.DataFrame, parameters: ReplayParameters, outlet: Outlet, sent: Callable[[int], None]) -> int:
    """Send a position table, and say how many lines that were.

    Args:
        table: in order of time.
        parameters: how.
        outlet: where to; it is closed at the end.
        sent: told after each sending how many lines there were so far.

    Raises:
        InputError: no position lies within the times.
    """
    rows, due_us = as_sent(table, parameters)
    if not rows.height:
        raise InputError("no position to replay", remedy="widen --from and --to-time")
    try:
        outlet.ready()
        if parameters.now:
            moved = round(time.time() * 1e6) - int(due_us[0])
            rows = rows.with_columns(pl.col("timestamp") + pl.duration(microseconds=moved))
        started = time.monotonic()
        for first, after in together(due_us, parameters.speed):
            if parameters.speed:
                due_s = (int(due_us[first]) - int(due_us[0])) / 1e6 / parameters.speed
                time.sleep(max(0.0, started + due_s - time.monotonic()))
            outlet.send(as_lines(rows[first:after]))
            sent(after)
    finally:
        outlet.close()
    return rows.height


def as_lines(table: pl.DataFrame) -> bytes:
    """A position table as JSON lines, times in ISO 8601 UTC; columns that hold nothing are left out."""
    kept = [name for name in table.columns if table.get_column(name).null_count() < table.height]
    sink = io.BytesIO()
    stamp = pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    table.select(kept).with_columns(stamp).write_ndjson(sink)
    return sink.getvalue()


def as_sent(table: pl.DataFrame, parameters: ReplayParameters) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Return the rows in the order in which they are sent, and when each is due, in us of the recording's time."""
    wanted = pl.lit(True)
    if parameters.start is not None:
        wanted &= pl.col("timestamp") >= parameters.start
    if parameters.end is not None:
        wanted &= pl.col("timestamp") < parameters.end
    rows = table.filter(wanted)
    due_us = rows.get_column("timestamp").to_physical().to_numpy().astype(np.int64)
    dice = np.random.default_rng(parameters.seed)
    longest_us = parameters.shuffle_s * 1e6
    place = np.arange(len(due_us))
    if parameters.duplicate:
        twice = np.flatnonzero(dice.random(len(due_us)) < parameters.duplicate)
        again_us = due_us[twice] + (dice.random(len(twice)) * (longest_us or _TWICE_S * 1e6)).astype(np.int64)
    else:
        twice, again_us = np.empty(0, np.int64), np.empty(0, np.int64)
    if longest_us:
        due_us = due_us + (dice.random(len(due_us)) * longest_us).astype(np.int64)
    place, due_us = np.concatenate([place, twice]), np.concatenate([due_us, again_us])
    order = np.argsort(due_us, kind="stable")
    return rows[place[order]], due_us[order]


def together(due_us: NDArray[np.int64], speed: float) -> Iterator[tuple[int, int]]:
    """Say from and to which row is sent at once."""
    width_us = TICK_S * 1e6 * speed if speed else float("inf")
    first = 0
    while first < len(due_us):
        after = min(len(due_us), first + MOST_ROWS)
        if speed:
            after = min(after, int(np.searchsorted(due_us, int(due_us[first]) + width_us, "right")))
        yield first, after
        first = after
