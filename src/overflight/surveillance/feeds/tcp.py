"""TCP: a receiver's or a recorder's port. Beast (30005), AVR (30002), SBS (30003), or JSON lines, recognised by themselves."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Final

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.feeds.feed import NO_ROWS, TICK_S, Health, Piece
from overflight.surveillance.feeds.place import Place
from overflight.surveillance.feeds.pump import FOREIGN, Chunk, Pump, keep_connected, runs
from overflight.surveillance.feeds.stream import Stream
from overflight.surveillance.recording import Drops

CONNECT_S: Final = 5.0
SILENT_S: Final = 60.0
"""A connection that has said nothing for so long is made anew: the other side may be gone without a word."""
_READ: Final = 256 << 10  # bytes


class Tcp:
    """``tcp://HOST:PORT``."""

    def __init__(self, place: Place) -> None:
        """Connect nowhere yet."""
        self.name = place.name
        self.drops = Drops()
        self.health = Health(lost=self.drops.counts)
        self._place = place
        self._stream = Stream(self.name, self.drops)
        self._pump = Pump(lambda: keep_connected(self._pump, self.health, self._session))
        self._foreign = False

    def pieces(self) -> Iterator[Piece]:
        """What comes (`Feed.pieces`)."""
        yield from self._pump.pieces(self.health, self._piece, lambda: Piece(self._stream.rest()))

    def close(self) -> None:
        """Stop."""
        self._pump.close()

    def _piece(self, chunks: list[Chunk]) -> Piece:
        parts = [NO_ROWS]
        for chunk in runs(chunks):
            if chunk.begins:
                self._stream.begin()
                self._foreign = False
            if self._foreign:
                continue
            try:
                parts.append(self._stream.take(chunk.data, chunk.received_s))
            except InputError as error:
                self.drops.add(FOREIGN, 1, str(error))
                self._foreign = True
        return Piece(pl.concat(parts, how="diagonal"))

    def _session(self) -> str:
        with socket.create_connection((self._place.host, self._place.port), CONNECT_S) as link:
            link.settimeout(TICK_S)
            self.health.connected, self.health.trouble = True, None
            self.health.connections += 1
            self._foreign = False
            begins, heard_at = True, time.monotonic()
            while not self._pump.closed:
                if self._foreign:
                    return FOREIGN
                try:
                    data = link.recv(_READ)
                except TimeoutError:
                    if time.monotonic() - heard_at > SILENT_S:
                        return f"said nothing for {SILENT_S:.0f} s"
                    continue
                if not data:
                    return "the other side closed the connection"
                self.health.heard_at = heard_at = time.monotonic()
                self.health.bytes += len(data)
                self._pump.put(Chunk(data, time.time(), begins=begins))
                begins = False
        return "closed"
