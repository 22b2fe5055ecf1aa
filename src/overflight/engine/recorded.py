"""A recording as a live source in the same process: as fast as it happened, or faster, with its own times."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import polars as pl

from overflight.engine.replay import ReplayParameters, as_sent, together
from overflight.errors import InputError
from overflight.surveillance.feeds.feed import NO_ROWS, TICK_S, Health, Piece
from overflight.surveillance.recording import Drops


class Recorded:
    """A `Feed` of a position table. It ends with it."""

    def __init__(
        self, name: str, table: pl.DataFrame, parameters: ReplayParameters, *, after: int | None = None
    ) -> None:
        """Keep what to send.

        Args:
            name: of the recording.
            table: in order of time.
            parameters: how fast, and from when to when; `now` is not for this one.
            after: the `Piece.position` to go on after; None for the beginning.

        Raises:
            InputError: no position lies within the times.
        """
        self.name = name
        self.drops = Drops()
        self.health = Health(lost=self.drops.counts)
        self.speed = parameters.speed
        self._rows, self._due_us = as_sent(table, parameters)
        if not self._rows.height:
            raise InputError("no position to replay", path=name, remedy="widen --from and --to-time")
        self._first = min(after or 0, self._rows.height)
        self._stopping = threading.Event()

    def pieces(self) -> Iterator[Piece]:
        """What comes (`Feed.pieces`)."""
        rows, due_us = self._rows[self._first :], self._due_us[self._first :]
        self.health.connected, self.health.connections = True, 1
        began_s = time.monotonic()
        for first, after in together(due_us, self.speed):
            due_s = began_s
            if self.speed:
                due_s += (int(due_us[first]) - int(due_us[0])) / 1e6 / self.speed
            while (left_s := due_s - time.monotonic()) > 0:
                if self._stopping.wait(min(left_s, TICK_S)):
                    return
                self.health.heard_at = time.monotonic()  # nothing was due: that is no silence
                yield Piece(NO_ROWS)
            if self._stopping.is_set():
                return
            self.health.heard_at = time.monotonic()
            self.health.rows += after - first
            yield Piece(rows[first:after], self._first + after)
        self.health.connected, self.health.trouble = False, "has ended"

    def close(self) -> None:
        """Stop."""
        self._stopping.set()
