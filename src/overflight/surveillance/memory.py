"""What was last known of each track: receivers repeat a code or a quality only now and then."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from overflight.surveillance.renumbering import Renumbering


class LastKnown:
    """The last known value of a column, track by track. Only the past is used, so the cut into batches does not matter."""

    def __init__(self, dtype: type[np.generic], unknown: float) -> None:
        """Start with nothing known; `unknown` stands for that, NaN included."""
        self._unknown = unknown
        self._last = np.empty(0, dtype)

    def carry(self, values: NDArray[Any], track: NDArray[np.uint32], first: NDArray[np.int64], tracks: int) -> None:
        """Put the last known value wherever it is unknown, in place.

        Rows come track after track, in order of time; `first` holds the first row of each track present, `tracks` is how
        many there are in all.
        """
        self._last = np.append(self._last, np.full(tracks - len(self._last), self._unknown, self._last.dtype))
        values[first] = np.where(self._is_known(values[first]), values[first], self._last[track[first]])
        known = self._is_known(values)
        if known.any() and not known.all():
            here = np.arange(len(values))
            start = np.zeros(len(values), np.int64)
            start[first] = first
            last_known = np.maximum.accumulate(np.where(known, here, -1))
            valid = last_known >= np.maximum.accumulate(start)
            values[valid] = values[last_known[valid]]
        last = np.append(first[1:], len(values)) - 1
        self._last[track[last]] = values[last]

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        self._last = numbers.kept_of(self._last)

    def _is_known(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        return ~np.isnan(values) if np.isnan(self._unknown) else values != self._unknown

    def snapshot(self) -> NDArray[Any]:
        """Return the state."""
        return self._last.copy()

    def restore(self, state: NDArray[Any]) -> None:
        """Go on from a snapshot."""
        self._last = state.copy()
