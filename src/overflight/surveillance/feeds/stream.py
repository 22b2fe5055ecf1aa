"""Rows out of a stream of bytes (TCP, standard input), whose format shows in the first of them.

What is known of the aircraft lives on from one connection to the next; half a line or frame, the format and the clock of
the receiver do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.complete import normalise
from overflight.surveillance.feeds.feed import NO_ROWS
from overflight.surveillance.feeds.joined import Joiner
from overflight.surveillance.feeds.lines import CUT, Held, Lines
from overflight.surveillance.feeds.pump import FOREIGN
from overflight.surveillance.feeds.squitters import Clock, Squitters
from overflight.surveillance.readers import avr, beast, raw_lines, readsb, sbs, tables
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import HEAD

_LINES: Final[tuple[Reader, ...]] = (readsb.LINES, raw_lines.JET1090, sbs.SBS, avr.AVR, tables.JSON_LINES)
"""Formats of one row a line, in the order in which they are asked."""


class Stream:
    """The bytes of one source, over all its connections."""

    def __init__(self, label: str, drops: Drops) -> None:
        """Start before the first connection."""
        self._label, self._drops = label, drops
        self._lines = Lines(label, drops)
        self._joiner, self._squitters, self._clock = Joiner(label, drops), Squitters(label, drops), Clock()
        self._head: bytes = b""
        self._reader: Reader | None = None
        self._bytes = 0  # of Beast that were worked on
        self._gps = False
        self._heard_s = 0.0

    def begin(self) -> None:
        """A new connection: what was half there is no good any more, and the format is to be recognised again."""
        if self._reader is beast.BEAST and self._head:
            self._drops.add(CUT, 1, f"{self._label}@{self._bytes}")
        self._lines.cut()
        self._head, self._reader = b"", None
        self._clock, self._gps = Clock(), False

    def take(self, data: bytes, received_s: float) -> pl.DataFrame:
        """The rows that are whole now.

        Args:
            data: what came next, cut anywhere.
            received_s: when, in s since 1970.

        Raises:
            InputError: `HEAD` bytes have come and are of no known format.
        """
        self._heard_s = received_s
        data, self._head = self._head + data, b""
        if self._reader is None:
            self._reader = _reader_of(data)
            if self._reader is None:
                if len(data) >= HEAD:
                    raise self._foreign()
                self._head = data
                return NO_ROWS
        if self._reader is beast.BEAST:
            return self._of_frames(self._beast(data), received_s)
        return self._of_lines(self._lines.take(data), received_s)

    def rest(self) -> pl.DataFrame:
        """What is held back for something to follow, as nothing did."""
        return self._normal(self._joiner.rest(self._heard_s))

    def end(self) -> pl.DataFrame:
        """What is left at the end of the source.

        Raises:
            InputError: all that came is of no known format.
        """
        rows = NO_ROWS
        if self._reader is None and self._head.strip():
            head, self._head = self._head + b"\n", b""
            self._reader = _reader_of(head)
            if self._reader is None:
                raise self._foreign()
            rows = self._of_lines(self._lines.take(head), self._heard_s)
        elif self._reader is not None and self._reader is not beast.BEAST:
            rows = self._of_lines(self._lines.rest(), self._heard_s)
        return pl.concat([rows, self.rest()], how="diagonal")

    def _of_lines(self, held: Held, received_s: float) -> pl.DataFrame:
        assert self._reader is not None
        if self._reader is avr.AVR:
            frames = [
                rows.select(self._clock.stamped(rows.get_column("clock_s"), received_s), "frame", "ref")
                for rows in avr.clocked(held, self._drops)
            ]
            return self._of_frames(frames, received_s)
        parts = list(self._reader.read(held, self._drops))
        if self._reader.stage == "frames":
            return self._of_frames(parts, received_s)
        if self._reader.stage == "messages":
            return self._of_messages(parts, received_s)
        return self._together(self._normal(part) for part in parts)

    def _beast(self, data: bytes) -> list[pl.DataFrame]:
        end = beast.whole(data)
        found, self._gps = beast.frames(Held(self._label, b""), data[:end], self._bytes, self._gps, self._drops)
        self._head = data[end:]
        self._bytes += end
        stamped = self._clock.stamped(found.get_column("seconds"), self._heard_s)
        return [found.with_columns(stamped)]

    def _of_frames(self, frames: list[pl.DataFrame], received_s: float) -> pl.DataFrame:
        some = pl.concat(frames) if frames else pl.DataFrame()
        return self._of_messages(list(self._squitters.take(some, received_s)) if some.height else [], received_s)

    def _of_messages(self, messages: list[pl.DataFrame], received_s: float) -> pl.DataFrame:
        some = pl.concat(messages, how="diagonal") if messages else pl.DataFrame()
        return self._normal(self._joiner.take(some, received_s) if some.height else some)

    def _normal(self, rows: pl.DataFrame) -> pl.DataFrame:
        return normalise(rows, self._label, self._drops) if rows.height else NO_ROWS

    def _together(self, parts: Iterator[pl.DataFrame]) -> pl.DataFrame:
        return pl.concat([NO_ROWS, *parts], how="diagonal")

    def _foreign(self) -> InputError:
        remedy = "send Beast, AVR, SBS, or JSON lines of readsb or of the position table"
        return InputError(FOREIGN, path=self._label, remedy=remedy)


def _reader_of(head: bytes) -> Reader | None:
    if len(head) > 1 and head[0] == 0x1A and head[1] in b"12345":
        return beast.BEAST
    whole = head[: head.rfind(b"\n") + 1]
    found = next((reader for reader in _LINES if reader.matches(whole)), None) if whole else None
    return found or (beast.BEAST if beast.BEAST.matches(head) else None)
