"""What the gate has told of tracks lately: which were found to be copies of another, or spoofed, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.surveillance.integrity import SUSPECTS_SCHEMA
from overflight.surveillance.renumbering import Renumbering


class Suspects:
    """Rows of `overflight.surveillance.integrity.SUSPECTS_SCHEMA` in order of time, as arrays: they are asked for every alert."""

    def __init__(self) -> None:
        """Start with nothing told."""
        self._told = {name: np.empty(0, np.int64) for name in SUSPECTS_SCHEMA}

    def add(self, suspects: pl.DataFrame, since_us: int) -> None:
        """Take in more, which are later than all before, and forget what is earlier than a time."""
        kept = self._told["time_us"] >= since_us
        self._told = {
            name: np.append(known[kept], suspects[name].to_numpy().astype(np.int64))
            for name, known in self._told.items()
        }

    def flags(self, sides: tuple[int, int], aircraft: list[int], since_us: int, until_us: int) -> int:
        """Return the flags by which one of two tracks was found a copy of the other, or spoofed, in a time; 0 for none.

        `aircraft` is that of each track (`overflight.surveillance.batch.TrackNames`); both ends of the time count.
        """
        since, until = np.searchsorted(self._told["time_us"], [since_us, until_us + 1])
        if since == until:
            return 0
        track, original, flags = (self._told[name][since:until] for name in ("track", "original", "flags"))
        explains = np.zeros(len(track), bool)
        for one, other in (sides, sides[::-1]):
            explains |= (track == one) & ((original == -1) | (original == aircraft[other]))
        return int(np.bitwise_or.reduce(flags[explains], initial=0))

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        self._told = {
            name: values.to_numpy().astype(np.int64)
            for name, values in numbers.frame(pl.DataFrame(self._told), tracks=("track",), aircraft=("original",))
            .to_dict()
            .items()
        }

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return the state as plain data."""
        return dict(self._told)

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._told = dict(state)
