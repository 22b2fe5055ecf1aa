"""Rows out of a stream of bytes (TCP, standard input), whose format shows in the first of them."""

from __future__ import annotations

from typing import Final

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.complete import normalise
from overflight.surveillance.feeds.feed import NO_ROWS
from overflight.surveillance.feeds.lines import Held, Lines
from overflight.surveillance.readers import readsb, tables
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import HEAD

FOREIGN: Final = "stream of no known format"

_LINES: Final[tuple[Reader, ...]] = (readsb.LINES, tables.JSON_LINES)
"""Formats of one row a line, in the order in which they are asked."""


class Stream:
    """The bytes of one source, over all its connections."""

    def __init__(self, label: str, drops: Drops) -> None:
        """Start before the first connection."""
        self._label, self._drops = label, drops
        self._lines = Lines(label, drops)
        self._head: bytes = b""
        self._reader: Reader | None = None

    def begin(self) -> None:
        """A new connection: what was half there is no good any more, and the format is to be recognised again."""
        self._lines.cut()
        self._head, self._reader = b"", None

    def take(self, data: bytes, received_s: float) -> pl.DataFrame:
        """The rows that are whole now.

        Args:
            data: what came next, cut anywhere.
            received_s: when, in s since 1970.

        Raises:
            InputError: `HEAD` bytes have come and are of no known format.
        """
        if self._reader is None:
            data, self._head = self._head + data, b""
            self._reader = _reader_of(data)
            if self._reader is None:
                if len(data) >= HEAD:
                    raise self._foreign()
                self._head = data
                return NO_ROWS
        return self._rows(self._lines.take(data))

    def rest(self) -> pl.DataFrame:
        """What is held back for something to follow, as nothing did."""
        return NO_ROWS

    def end(self) -> pl.DataFrame:
        """What is left at the end of the source.

        Raises:
            InputError: all that came is of no known format.
        """
        if self._reader is None:
            if not self._head.strip():
                return NO_ROWS
            head, self._head = self._head + b"\n", b""
            self._reader = _reader_of(head)
            if self._reader is None:
                raise self._foreign()
            return self._rows(self._lines.take(head))
        return self._rows(self._lines.rest())

    def _rows(self, held: Held) -> pl.DataFrame:
        assert self._reader is not None
        parts = [normalise(frame, self._label, self._drops) for frame in self._reader.read(held, self._drops)]
        return pl.concat(parts, how="diagonal") if parts else NO_ROWS

    def _foreign(self) -> InputError:
        remedy = "send Beast, AVR, SBS, or JSON lines of readsb or of the position table"
        return InputError(FOREIGN, path=self._label, remedy=remedy)


def _reader_of(head: bytes) -> Reader | None:
    whole = head[: head.rfind(b"\n") + 1]
    return next((reader for reader in _LINES if reader.matches(whole)), None) if whole else None
