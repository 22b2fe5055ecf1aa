"""The recent past of every track, which the next batch continues.

A pair of segments is compared when the later of the two is complete. Until then the earlier one is kept: segments that end no
earlier than any track that may go on was heard last, since a segment that is completed later begins there. That is at most `max_gap` ago.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overflight.nets.codes import is_visual
from overflight.surveillance.batch import NO_SQUAWK, Batch, gather
from overflight.surveillance.memory import LastKnown
from overflight.surveillance.renumbering import GONE, Renumbering
from overflight.units import FT_M


@dataclass(frozen=True)
class Vertices:
    """Usable positions, track after track, each in order of time. Vertices of the newest batch are fresh."""

    offsets: NDArray[np.int64]  # (T + 1): the vertices of track t are offsets[t] to offsets[t + 1]
    fresh_from: NDArray[np.int64]  # (T)
    time_us: NDArray[np.int64]
    track: NDArray[np.uint32]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    altitude_m: NDArray[np.float64]  # NaN where unknown
    accuracy_m: NDArray[np.float32]
    squawk: NDArray[np.uint16]  # the last that the track is known to have had, as is the accuracy
    visual: NDArray[np.uint8]  # 1 where the track has shown a code for visual flight
    flags: NDArray[np.uint32]
    row: NDArray[np.int64]
    broken: NDArray[np.uint8]  # 1 where nothing is known between a vertex and the one before it
    linked: NDArray[np.uint8]  # 1 where a segment leads to the vertex

    def __len__(self) -> int:
        """Count the vertices."""
        return len(self.time_us)


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


# What is kept of a vertex for the next batch: its own columns, without those that are made anew.
SAME = ("time_us", "latitude", "longitude", "accuracy_m", "squawk", "flags", "row")  # as in a batch
KEPT = (*SAME, "track", "altitude_m", "visual", "linked")


class Tails:
    """Turns batches into vertices: what was kept of each track, then its new positions."""

    def __init__(self, max_gap_us: int, threads: int, breaks: int, *, pairs: bool = True) -> None:
        """Start with nothing kept. A position with a flag of `breaks` is not connected to the one before it.

        Without `pairs` only the last position of each track is kept: who looks at one track at a time needs no more.
        """
        self._breaks, self._pairs = breaks, pairs
        self._max_gap_us, self._threads = max_gap_us, threads
        self._kept: dict[str, NDArray[Any]] | None = None
        self._memory = {  # of each track, which outlives its kept positions
            "squawk": LastKnown(np.uint16, NO_SQUAWK),
            "accuracy_m": LastKnown(np.float32, np.nan),
            "visual": LastKnown(np.uint8, 0),
        }
        self.coverage = Coverage()

    def extend(self, batch: Batch, usable: NDArray[np.int64]) -> Vertices:
        """Append the `usable` rows of a batch, which are later than all before."""
        from overflight_kernels import order_by_track

        kept = self._kept
        old = 0 if kept is None else len(kept["track"])
        fresh_track = batch.track[usable]
        track = fresh_track if kept is None else np.concatenate([kept["track"], fresh_track])
        order, offsets = order_by_track(track, batch.tracks)
        columns: dict[str, NDArray[Any]] = {"track": track[order]}
        source = usable[order] if kept is None else usable[np.maximum(order - old, 0)]
        was = np.flatnonzero(order < old)  # few: what was kept, and where it was
        before = order[was]
        new = gather([batch.altitude_ft, *(getattr(batch, name) for name in SAME)], source, self._threads)
        columns |= {"altitude_m": new[0].astype(np.float64) * FT_M} | dict(zip(SAME, new[1:], strict=True))
        columns["visual"] = is_visual(columns["squawk"], columns["longitude"]).view(np.uint8)
        if kept is not None:
            for name in ("altitude_m", "visual", *SAME):
                columns[name][was] = kept[name][before]
        counts = np.bincount(track[:old], minlength=batch.tracks).astype(np.int64)
        first = offsets[:-1]
        broken = (columns["flags"] & self._breaks != 0).astype(np.uint8)
        broken[first[first < len(broken)]] = 1
        gap_us = np.diff(columns["time_us"], prepend=np.int64(0))
        linked = ((broken == 0) & (gap_us <= self._max_gap_us)).astype(np.uint8)
        if kept is not None:
            linked[was] = kept["linked"][before]
        fresh = np.ones(len(order), np.bool_)
        fresh[was] = False
        self._remember(batch.tracks, columns, None if kept is None else np.flatnonzero(fresh))
        vertices = Vertices(offsets=offsets, fresh_from=first + counts, broken=broken, linked=linked, **columns)
        self.coverage += _covered(vertices, gap_us, fresh)
        self._keep(vertices)
        return vertices

    def _remember(self, tracks: int, columns: dict[str, NDArray[Any]], fresh: NDArray[np.int64] | None) -> None:
        """Carry what is known of a track to its fresh vertices (all of them where None); kept ones have theirs already."""
        track = columns["track"] if fresh is None else columns["track"][fresh]
        first = np.flatnonzero(np.diff(track, prepend=np.uint32(0)))
        first = np.union1d(first, [0]) if len(track) else first
        for name, memory in self._memory.items():
            values = columns[name] if fresh is None else columns[name][fresh]
            memory.carry(values, track, first, tracks)
            if fresh is not None:
                columns[name][fresh] = values

    def _keep(self, v: Vertices) -> None:
        """Keep the segments that a segment still to come can share a time with, and the last position of each track."""
        last = v.offsets[1:][np.diff(v.offsets) > 0] - 1
        lasts = v.time_us[last]
        goes_on = lasts >= int(v.time_us.max()) - self._max_gap_us
        reaches = np.empty(len(v), np.bool_)  # by the segment that begins at the vertex
        # A segment that is completed later begins at the last position of a track that may go on.
        reaches[:-1] = (v.time_us[1:] >= lasts[goes_on].min()) & self._pairs
        reaches[last] = goes_on
        keep = np.flatnonzero(reaches)
        self._kept = {name: getattr(v, name)[keep] for name in KEPT}

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        for memory in self._memory.values():
            memory.forget(numbers)
        if self._kept is not None:
            track = numbers.track[self._kept["track"]]
            self._kept = {name: values[track != GONE] for name, values in self._kept.items()}
            self._kept["track"] = track[track != GONE].astype(np.uint32)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "kept": self._kept,
            "memory": {name: memory.snapshot() for name, memory in self._memory.items()},
            "coverage": vars(self.coverage),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._kept, self.coverage = state["kept"], Coverage(**state["coverage"])
        for name, memory in self._memory.items():
            memory.restore(state["memory"][name])


def _covered(v: Vertices, gap_us: NDArray[np.int64], fresh: NDArray[np.bool_]) -> Coverage:
    ends = np.flatnonzero(fresh & (v.linked == 1))
    unknown = np.isnan(v.altitude_m[ends]) | np.isnan(v.altitude_m[ends - 1])
    begins = int(np.count_nonzero(v.linked[ends - 1] == 0))  # the vertex before is the first of a connected run
    return Coverage(
        float(gap_us[ends].sum()) * 1e-6,
        float(gap_us[ends[unknown]].sum()) * 1e-6,
        int(np.count_nonzero(fresh)),
        len(ends) + begins,
    )
