"""Snapshots asked for again and again: ``aircraft.json`` of readsb, tar1090 and dump1090, and the OpenSky Network.

A snapshot repeats positions that the one before had; said again, they are no news, and are left out and counted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Final

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.complete import normalise
from overflight.surveillance.feeds.feed import NO_ROWS, Health, Piece
from overflight.surveillance.feeds.lines import Held
from overflight.surveillance.feeds.place import Place
from overflight.surveillance.feeds.pump import Chunk, Pump, keep_connected
from overflight.surveillance.feeds.web import ask
from overflight.surveillance.readers import readsb
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops

EVERY_S: Final = 1.0
"""How often ``aircraft.json`` is asked for: readsb writes it once a second."""
AGAIN: Final = "position that the source had said before"
DAMAGED: Final = "answer that is not what the format says"
JITTER: Final = pl.duration(milliseconds=500)
"""`now` and `seen_pos` are rounded apart: one position said again may seem this much younger or older."""


class Polled:
    """A source that is asked."""

    def __init__(self, name: str, reader: Reader, clock: str, fetch: Callable[[], bytes], every_s: float) -> None:
        """Ask nothing yet.

        Args:
            name: without what is secret.
            reader: of the documents.
            clock: the field that says when a document was made: one that is no newer is no news.
            fetch: the document; raises an OSError that says why there is none.
            every_s: how often.
        """
        self.name = name
        self.drops = Drops()
        self.health = Health(lost=self.drops.counts)
        self._reader, self._fetch, self._every_s = reader, fetch, every_s
        self._clock = re.compile(rb'"' + clock.encode() + rb'"\s*:\s*([0-9.eE+]+)')
        self._pump = Pump(lambda: keep_connected(self._pump, self.health, self._session))
        self._said = NO_ROWS

    def pieces(self) -> Iterator[Piece]:
        """What comes (`Feed.pieces`)."""
        yield from self._pump.pieces(self.health, self._piece, lambda: Piece(NO_ROWS))

    def close(self) -> None:
        """Stop."""
        self._pump.close()

    def _session(self) -> str:
        last: bytes | None = None
        while not self._pump.closed:
            asked_at = time.monotonic()
            document = self._fetch()
            if not self._reader.matches(document):
                return f"answers with something else than {self._reader.name}"
            if not self.health.connected:
                self.health.connected, self.health.trouble = True, None
                self.health.connections += 1
            self.health.bytes += len(document)
            made = self._clock.search(document)
            if made is None or made[1] != last:
                last = made[1] if made else None
                self.health.heard_at = time.monotonic()
                self._pump.put(Chunk(document, time.time()))
            self._pump.sleep(max(0.0, asked_at + self._every_s - time.monotonic()))
        return "closed"

    def _piece(self, chunks: list[Chunk]) -> Piece:
        return Piece(pl.concat([self._rows(chunk) for chunk in chunks], how="diagonal"))

    def _rows(self, chunk: Chunk) -> pl.DataFrame:
        made = self._clock.search(chunk.data)
        held = Held(f"{self.name}@{made[1].decode() if made else chunk.received_s}", chunk.data)
        try:
            parts = [normalise(frame, self.name, self.drops) for frame in self._reader.read(held, self.drops)]
        except InputError as error:
            self.drops.add(DAMAGED, 1, str(error))
            return NO_ROWS
        rows = pl.concat(parts, how="diagonal")
        same = ["icao24", "latitude", "longitude"]
        before = self._said.select(*same, said="timestamp").unique(same)
        marked = rows.join(before, on=same, how="left", maintain_order="left", nulls_equal=True)
        again = ((pl.col("timestamp") - pl.col("said")).abs() <= JITTER).fill_null(False)
        known = marked.filter(again)
        if known.height:
            self.drops.add(AGAIN, known.height, str(known.get_column("ref")[0]))
        self._said = rows
        return marked.filter(~again).drop("said")


def aircraft(place: Place) -> Polled:
    """``http://HOST/data/aircraft.json``, as readsb and its like publish it, once a second."""

    def fetch() -> bytes:
        answer = ask(place.url.geturl())
        if answer.status != 200:
            raise OSError(f"answers with status {answer.status}")
        return answer.body

    return Polled(place.name, readsb.AIRCRAFT, "now", fetch, EVERY_S)
