"""The recent past of every track, which the next batch continues.

A pair of segments is compared when the later of the two is complete. Until then the earlier one is kept: segments that
end within `max_gap` of the newest row, since a segment that is completed later began at most that long before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overflight.surveillance.batch import NO_SQUAWK, Batch, TrackNames
from overflight.surveillance.integrity import RELOCATED
from overflight.units import FT_M


@dataclass(frozen=True)
class Vertices:
    """Usable positions, track after track, each in order of time. `fresh` marks those of the newest batch."""

    offsets: NDArray[np.int64]  # (T + 1): the vertices of track t are offsets[t] to offsets[t + 1]
    batch: Batch
    altitude_m: NDArray[np.float64]
    broken: NDArray[np.uint8]  # 1 where nothing is known between a vertex and the one before it
    linked: NDArray[np.uint8]  # 1 where a segment leads to the vertex
    fresh_from: NDArray[np.int64]  # (T)
    fresh: NDArray[np.bool_]


@dataclass(frozen=True)
class Coverage:
    """How much could be tested: s, s, reports."""

    known_s: float = 0.0
    known_without_altitude_s: float = 0.0
    reports: int = 0
    connected: int = 0

    def __add__(self, other: Coverage) -> Coverage:
        """Add up."""
        return Coverage(
            self.known_s + other.known_s,
            self.known_without_altitude_s + other.known_without_altitude_s,
            self.reports + other.reports,
            self.connected + other.connected,
        )


class Tails:
    """Turns batches into vertices: what was kept of each track, then its new positions."""

    def __init__(self, names: TrackNames, max_gap_us: int) -> None:
        """Start with nothing kept."""
        self._names, self._max_gap_us = names, max_gap_us
        self._kept: Batch | None = None
        self._kept_linked = np.empty(0, np.uint8)
        self.coverage = Coverage()

    def extend(self, batch: Batch) -> Vertices:
        """Append a batch of usable positions, later than all before."""
        from overflight_kernels import order_by_track

        kept = self._kept
        joined = batch if kept is None or len(kept) == 0 else _concatenate(kept, batch)
        old = len(joined) - len(batch)
        tracks = len(self._names)
        rows, offsets = order_by_track(joined.track, tracks)
        ordered = joined.take(rows)
        fresh = rows >= old
        first = offsets[:-1]
        counts = np.zeros(tracks, np.int64)
        if old:
            counts = np.bincount(joined.track[:old], minlength=tracks).astype(np.int64)
        _carry_squawk(ordered, offsets)
        broken = (ordered.flags & RELOCATED != 0).astype(np.uint8)
        broken[first[first < len(broken)]] = 1
        gap = np.diff(ordered.time_us, prepend=np.int64(0))
        linked = ((broken == 0) & (gap <= self._max_gap_us)).astype(np.uint8)
        if old:
            linked[~fresh] = self._kept_linked[rows[~fresh]]
        altitude_m = ordered.altitude_ft.astype(np.float64) * FT_M
        vertices = Vertices(offsets, ordered, altitude_m, broken, linked, offsets[:-1] + counts, fresh)
        self.coverage += self._covered(vertices, gap)
        self._keep(vertices, int(joined.time_us.max()))
        return vertices

    def _covered(self, v: Vertices, gap_us: NDArray[np.int64]) -> Coverage:
        segment = v.fresh & (v.linked == 1)
        ends = np.flatnonzero(segment)
        unknown = np.isnan(v.altitude_m[ends]) | np.isnan(v.altitude_m[ends - 1])
        begins = ends[v.linked[ends - 1] == 0]  # the vertex before is the first of a connected run
        return Coverage(
            float(gap_us[ends].sum()) * 1e-6,
            float(gap_us[ends[unknown]].sum()) * 1e-6,
            int(v.fresh.sum()),
            len(ends) + len(begins),
        )

    def _keep(self, v: Vertices, newest_us: int) -> None:
        horizon = newest_us - self._max_gap_us
        time = v.batch.time_us
        end = np.empty_like(time)  # of the segment that begins at the vertex; of the vertex itself where it is the last
        end[:-1] = time[1:]
        last = v.offsets[1:][np.diff(v.offsets) > 0] - 1
        end[last] = time[last]
        keep = np.flatnonzero(end >= horizon)  # track after track, which the next grouping by track keeps
        self._kept, self._kept_linked = v.batch.take(keep), v.linked[keep]

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"kept": self._kept, "linked": self._kept_linked, "coverage": self.coverage}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._kept, self._kept_linked, self.coverage = state["kept"], state["linked"], state["coverage"]


def _concatenate(a: Batch, b: Batch) -> Batch:
    return Batch(**{name: np.concatenate([getattr(a, name), getattr(b, name)]) for name in Batch.__dataclass_fields__})


def _carry_squawk(ordered: Batch, offsets: NDArray[np.int64]) -> None:
    """Give each position the last code that its track is known to have had: receivers repeat a code only now and then."""
    n = len(ordered)
    if n == 0:
        return
    known = np.where(ordered.squawk != NO_SQUAWK, np.arange(n), -1)
    starts = np.zeros(n, np.int64)
    first = offsets[:-1][np.diff(offsets) > 0]
    starts[first] = first
    last_known = np.maximum.accumulate(known)
    valid = last_known >= np.maximum.accumulate(starts)
    ordered.squawk[valid] = ordered.squawk[last_known[valid]]
