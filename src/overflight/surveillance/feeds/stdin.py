"""Standard input: lines that another program writes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Final

import polars as pl

from overflight.surveillance.feeds.feed import Health, Piece
from overflight.surveillance.feeds.pump import Chunk, Pump
from overflight.surveillance.feeds.stream import Stream
from overflight.surveillance.recording import Drops

_READ: Final = 256 << 10  # bytes


class Stdin:
    """``-``: ends where the input does."""

    def __init__(self, descriptor: int = 0) -> None:
        """Read from a file descriptor: past Python's own buffer, whose lock a waiting thread would keep until the end."""
        self.name = "-"
        self.drops = Drops()
        self.health = Health(lost=self.drops.counts)
        self._descriptor = descriptor
        self._stream = Stream("stdin", self.drops)
        self._pump = Pump(self._run)

    def pieces(self) -> Iterator[Piece]:
        """What comes (`Feed.pieces`).

        Raises:
            InputError: it is of no known format.
        """
        yield from self._pump.pieces(self.health, self._piece, lambda: Piece(self._stream.rest()), self._end)

    def close(self) -> None:
        """Stop."""
        self._pump.close()

    def _piece(self, chunks: list[Chunk]) -> Piece:
        data = b"".join(chunk.data for chunk in chunks)
        return Piece(self._stream.take(data, chunks[-1].received_s))

    def _end(self) -> Piece:
        return Piece(pl.concat([self._stream.end(), self._stream.rest()], how="diagonal"))

    def _run(self) -> None:
        self.health.connected, self.health.connections = True, 1
        try:
            while data := os.read(self._descriptor, _READ):
                self.health.bytes += len(data)
                self.health.heard_at = time.monotonic()
                if not self._pump.put(Chunk(data, time.time())):
                    return
            self.health.trouble = "has ended"
        except OSError as error:
            self.health.trouble = f"cannot be read ({error.strerror})"
        finally:
            self.health.connected = False
