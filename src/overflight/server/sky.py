"""The sky now: the last position of every track, and pictures of it in binary columns for whoever watches.

A picture is a head of 24 bytes and the columns one after the other, all little-endian:

| bytes | what |
|---|---|
| 4 | magic, the letters "OVF1" |
| 4 | count of tracks, unsigned |
| 8 | sequence, unsigned: one more with each picture |
| 8 | time of the picture, us since 1970, signed |
| 4 each | number of the track, unsigned; never given to another |
| 4, 4 | latitude, longitude, 1e-7 deg, signed |
| 4 x 4 | altitude (ft), groundspeed (kt), track (deg), vertical rate (ft/min), floats; NaN where unknown |
| 2 | flags of the integrity gate |
| 2 | age of the position, 0.1 s, unsigned |

Numbers and ages are of the time of the picture: event time, so that a recording shows as it happened. What a number stands for is said
apart (`Names`), before the first picture that has it: a picture may be left out, a name may not.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

MAGIC: Final = 0x3146564F
HEAD: Final = struct.Struct("<IIQq")
SHOWN_US: Final = 120_000_000
"""A track is shown for so long after its last report: by then it is lost, if anything is."""
_KEPT_US: Final = 600_000_000
_MOST_AGE: Final = 0xFFFF
_COLUMNS: Final = {
    "number": "<u4", "latitude": "<i4", "longitude": "<i4", "altitude": "<f4", "groundspeed": "<f4", "track": "<f4",
    "vertical_rate": "<f4", "flags": "<u2",
}  # fmt: skip
_NAMED: Final = ("callsign", "icao24", "squawk", "source", "party")
Sees = Callable[[str | None], bool]
"""Whether somebody may see the flights of a party; None for those whose party is not known."""


@dataclass(frozen=True)
class Picture:
    """The sky at one moment; nothing in it changes any more.

    Attributes:
        sequence: one more with each picture.
        time_us: of the picture, event time.
        columns: as in the format, and the time of each position.
        parties: of each track.
    """

    sequence: int
    time_us: int
    columns: dict[str, NDArray[Any]]
    parties: list[str | None]
    _frames: dict[frozenset[str | None], bytes] = field(default_factory=dict["frozenset[str | None]", bytes])

    def frame(self, sees: Sees) -> bytes:
        """Return the picture as bytes, of the tracks that somebody may see; made once for all who see the same."""
        seen = frozenset(party for party in set(self.parties) if sees(party))
        frame = self._frames.get(seen)
        if frame is None:
            frame = self._frames[seen] = self._made(seen)
        return frame

    def _made(self, seen: frozenset[str | None]) -> bytes:
        rows = np.array([party in seen for party in self.parties], dtype=np.bool_)
        age = np.clip((self.time_us - self.columns["time_us"]) // 100_000, 0, _MOST_AGE).astype("<u2")
        parts = [self.columns[name].astype(kind)[rows].tobytes() for name, kind in _COLUMNS.items()]
        return b"".join([HEAD.pack(MAGIC, int(rows.sum()), self.sequence, self.time_us), *parts, age[rows].tobytes()])


class Sky:
    """The last position of every track. One thread takes in, another makes pictures."""

    def __init__(self) -> None:
        """Start with an empty sky."""
        self._lock = threading.Lock()
        self._rows: dict[str, tuple[Any, ...]] = {}  # by track: number, time in us, then as in `_COLUMNS`
        self._names: dict[str, tuple[Any, ...]] = {}
        self._said: list[tuple[Any, ...]] = []
        self._base = 0  # what was forgotten of `_said`
        self._given, self._sequence, self._newest_us = 0, 0, 0

    def take(self, rows: pl.DataFrame) -> None:
        """Take in rows of the position table that were judged, in order of time."""
        last = rows.group_by("track_id", maintain_order=True).agg(
            pl.col("timestamp").to_physical().last(),
            (pl.col("latitude", "longitude") * 1e7).round().cast(pl.Int32).last(),
            pl.col("altitude", "groundspeed", "track", "vertical_rate").fill_null(float("nan")).last(),
            (pl.col("flags") & _MOST_AGE).last(),
            pl.col(_NAMED).drop_nulls().last(),  # not every report says all of it
        )
        with self._lock:
            for track_id, time_us, *rest in last.iter_rows():
                before = self._rows.get(track_id)
                if before is None:
                    self._given += 1
                number = self._given if before is None else before[0]
                self._rows[track_id] = (number, time_us, *rest[:7])
                self._name(track_id, number, rest[7:])
                self._newest_us = max(self._newest_us, time_us)

    def _name(self, track_id: str, number: int, told: list[str | None]) -> None:
        """Say what a number stands for, where that is new or has changed; what is not said again stays as it was."""
        known = self._names.get(track_id)
        if known is not None:
            told = [new if new is not None else old for new, old in zip(told, known[2:], strict=True)]
        named = (number, track_id, *told)
        if named != known:
            self._names[track_id] = named
            self._said.append(named)

    def picture(self, time_us: int | None = None) -> Picture:
        """Return the sky at a time, or at that of the newest report; lets go of who was not heard for long."""
        with self._lock:
            self._sequence += 1
            now_us = self._newest_us if time_us is None else max(time_us, self._newest_us)
            for track_id in [key for key, row in self._rows.items() if row[1] < now_us - _KEPT_US]:
                del self._rows[track_id], self._names[track_id]
            if len(self._said) > 4 * len(self._names) + 1000:
                self._base += len(self._said)
                self._said = []
            shown = [(key, row) for key, row in self._rows.items() if row[1] >= now_us - SHOWN_US]
            parties = [self._names[key][6] for key, _ in shown]
        columns = list(zip(*(row for _, row in shown), strict=True)) or [()] * 9
        number, time, *rest = (np.array(column) for column in columns)
        others = [name for name in _COLUMNS if name != "number"]
        return Picture(
            self._sequence,
            now_us,
            {"number": number, "time_us": time, **dict(zip(others, rest, strict=True))},
            parties,
        )

    def names_after(self, place: int, sees: Sees) -> tuple[list[tuple[Any, ...]], int]:
        """Return the names that were said after a place in their list, of parties that somebody may see, and the place after them.

        Each is number, track_id, callsign, icao24, squawk, source, party. Whoever is too far behind, or new with place 0, is given all
        that stand for something now.
        """
        with self._lock:
            new = self._said[place - self._base :] if place > self._base else list(self._names.values())
            return [name for name in new if sees(name[6])], self._base + len(self._said)
