"""Tracks that are forgotten, and the new numbers of those that are kept.

A recording ends; a live loop does not, and what it knows of aircraft that have long gone would grow without end. From time to
time it forgets them. The others move up, in their order, so that whoever was met first still has the lower number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

GONE: Final = -1


@dataclass(frozen=True)
class Renumbering:
    """Numbers of tracks and of aircraft (`overflight.surveillance.batch.TrackNames`) before and after some were forgotten."""

    kept: NDArray[np.int64]  # tracks by their old numbers, ascending
    track: NDArray[np.int64]  # by old number: the new one, or `GONE`
    kept_aircraft: NDArray[np.int64]
    aircraft: NDArray[np.int64]

    def kept_of(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what is known of the tracks that are kept, by their new numbers; `values`, by old ones, may know fewer or have room for more."""
        return values[self.kept[: np.searchsorted(self.kept, len(values))]]

    def kept_of_aircraft(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the same of what is known of aircraft."""
        return values[self.kept_aircraft[: np.searchsorted(self.kept_aircraft, len(values))]]

    def pairs(self, keys: NDArray[Any]) -> NDArray[Any]:
        """Return keys of pairs of tracks, the first in the high half, by the new numbers; all are kept."""
        wide = keys.astype(np.int64)
        return (self.track[wide >> 32] << 32 | self.track[wide & 0xFFFFFFFF]).astype(keys.dtype)

    def pair(self, key: int) -> int:
        """Return one key of `pairs`."""
        return int(self.track[key >> 32]) << 32 | int(self.track[key & 0xFFFFFFFF])

    def frame(
        self, rows: pl.DataFrame, *, tracks: tuple[str, ...] = (), aircraft: tuple[str, ...] = ()
    ) -> pl.DataFrame:
        """Return rows by the new numbers of their columns, without those of somebody who is forgotten; -1 ("nobody") stays."""
        mapped: dict[str, NDArray[np.int64]] = {}
        whole = np.ones(rows.height, np.bool_)
        for names, numbers in ((tracks, self.track), (aircraft, self.aircraft)):
            for name in names:
                old = rows[name].to_numpy().astype(np.int64)
                mapped[name] = np.where(old < 0, old, np.append(numbers, GONE)[old])
                whole &= (old < 0) | (mapped[name] >= 0)
        columns = [pl.Series(name, values[whole], rows.schema[name]) for name, values in mapped.items()]
        return rows.filter(pl.Series(whole)).with_columns(columns)


def renumbered(keep: NDArray[np.bool_], aircraft: NDArray[np.int64]) -> Renumbering:
    """Give new numbers to the tracks that are kept, by whether each is, and by its aircraft; an aircraft stays if a track of it does."""
    kept, kept_aircraft = np.flatnonzero(keep), np.unique(aircraft[keep])
    numbers: list[NDArray[np.int64]] = []
    for old, size in ((kept, len(keep)), (kept_aircraft, int(aircraft.max(initial=-1)) + 1)):
        new = np.full(size, GONE, np.int64)
        new[old] = np.arange(len(old))
        numbers.append(new)
    return Renumbering(kept, numbers[0], kept_aircraft, numbers[1])
