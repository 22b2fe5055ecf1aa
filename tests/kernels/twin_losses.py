"""The twin of `losses` and `losses_between`: every pair of segments, one after the other, nothing left out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.kernels.twin_earth import surface, up

Array = NDArray[np.float64]
INF = np.inf
TOUCH_ACROSS_M, TOUCH_ABOVE_M = 1e-3, 1e-6  # exactly at the minimum is kept, whatever the rounding
MEAN_RADIUS_M = 6371008.8


@dataclass(frozen=True)
class Minima:
    """By altitude, lowest layer first; m."""

    floor: Array
    horizontal: Array
    vertical: Array

    def layer(self, altitude_m: float) -> int:
        return max(int(np.searchsorted(self.floor, altitude_m, "right")) - 1, 0)


@dataclass(frozen=True)
class Vertices:
    offsets: NDArray[np.int64]
    time_us: NDArray[np.int64]
    latitude: Array
    longitude: Array
    altitude: Array
    broken: NDArray[np.uint8]
    max_gap_us: int

    def track(self, vertex: int) -> int:
        return int(np.searchsorted(self.offsets, vertex, "right")) - 1

    def segments(self) -> list[int]:
        """The vertices at which segments begin."""
        return [
            k
            for first, end in itertools.pairwise(self.offsets.tolist())
            for k in range(first, end - 1)
            if not self.broken[k + 1] and self.time_us[k + 1] - self.time_us[k] <= self.max_gap_us
        ]


@dataclass(frozen=True)
class Loss:
    a: int
    b: int
    start_us: float
    end_us: float
    severity: float
    horizontal: float
    vertical: float


def all_losses(v: Vertices, minima: Minima, aircraft: NDArray[np.uint32], fresh_from: NDArray[np.int64]) -> list[Loss]:
    """Of every two segments of different aircraft of which one is new; in the order of a, b, start."""
    return [
        loss
        for i, j in itertools.combinations(v.segments(), 2)
        if aircraft[v.track(i)] != aircraft[v.track(j)]
        and (i + 1 >= fresh_from[v.track(i)] or j + 1 >= fresh_from[v.track(j)])
        for loss in pair_losses(v, minima, i, j)
    ]


def pair_losses(
    v: Vertices, minima: Minima, i: int, j: int, shrink_m: float = 0.0, *, unknown: bool = False
) -> Iterator[Loss]:
    """Of one pair of segments, one for each stretch of time in one layer."""
    t0, t1 = max(v.time_us[i], v.time_us[j]), min(v.time_us[i + 1], v.time_us[j + 1])
    if t1 <= t0:
        return
    span = (t1 - t0) / 1e6
    (pa, va, za, wa), (pb, vb, zb, wb) = (_motion(v, k, t0) for k in (i, j))
    z, w = za - zb, wa - wb
    blind = bool(np.isnan(z) or np.isnan(w))
    if blind and not unknown:
        return
    # Horizontal is what lies across the vertical halfway between the two, halfway through their common time.
    normal = up((pa + pb + span / 2 * (va + vb)) / 2)
    p, d = (x - (x @ normal) * normal for x in (pa - pb, va - vb))
    passes = [(floor - x) / y for floor in minima.floor[1:] for x, y in ((za, wa), (zb, wb)) if not blind and y != 0]
    for low, high in itertools.pairwise(sorted([0.0, span, *(t for t in passes if 0 < t < span)])):
        middle = (low + high) / 2
        layer = len(minima.floor) - 1 if blind else minima.layer(max(za + wa * middle, zb + wb * middle))
        h, s = minima.horizontal[layer], minima.vertical[layer]
        reach = _chord(h - shrink_m) - TOUCH_ACROSS_M
        if reach <= 0:
            continue
        stretch = _meet((low, high), _below([d @ d, 2 * p @ d, p @ p - reach**2]))
        if not blind:
            limit = s - TOUCH_ABOVE_M
            stretch = _meet(_meet(stretch, _below([w, z - limit])), _below([-w, -z - limit]))
        start, end = stretch
        if not start < end:
            continue

        # Both shares are convex: between any three instants the lowest is bracketed, so looking ever closer finds it.
        # Of equally severe instants the one counts at which the other distance is least, too.
        t = np.linspace(start, end, 101)
        for _ in range(7):
            flat = np.linalg.norm(p + np.multiply.outer(t, d), axis=-1)
            across, above = flat / h, np.zeros(101) if blind else np.abs(z + w * t) / s
            k = np.lexsort((across + above, np.round(np.maximum(across, above), 10)))[0]
            worst = float(np.maximum(across, above)[k]), _arc(flat[k]), np.nan if blind else float(above[k] * s)
            t = np.linspace(t[max(k - 1, 0)], t[min(k + 1, 100)], 101)
        yield Loss(i, j, t0 + 1e6 * start, t0 + 1e6 * end, *worst)


def _chord(arc_m: float) -> float:
    """A minimum is a distance along the surface; its chord is a little shorter."""
    return float(2 * MEAN_RADIUS_M * np.sin(arc_m / (2 * MEAN_RADIUS_M)))


def _arc(chord_m: float) -> float:
    return float(2 * MEAN_RADIUS_M * np.arcsin(chord_m / (2 * MEAN_RADIUS_M)))


def _motion(v: Vertices, k: int, t0: int) -> tuple[Array, Array, float, float]:
    """Position, velocity, altitude and climb at `t0` on the segment that begins at `k`."""
    length, since = (v.time_us[k + 1] - v.time_us[k]) / 1e6, (t0 - v.time_us[k]) / 1e6
    here, there = (surface(v.latitude[n], v.longitude[n]) for n in (k, k + 1))
    velocity, climb = (there - here) / length, (v.altitude[k + 1] - v.altitude[k]) / length
    return here + since * velocity, velocity, float(v.altitude[k] + since * climb), float(climb)


def _below(polynomial: list[float]) -> tuple[float, float]:
    """Where a convex polynomial is below zero."""
    while len(polynomial) > 1 and abs(polynomial[0]) < 1e-12:
        polynomial = polynomial[1:]
    if len(polynomial) == 1:
        return (-INF, INF) if polynomial[0] < -1e-9 else (INF, -INF)
    roots = np.sort(np.roots(polynomial))
    if np.iscomplexobj(roots):
        return INF, -INF
    if roots.size == 1:
        return (-INF, roots[0]) if polynomial[0] > 0 else (roots[0], INF)
    return roots[0], roots[1]


def _meet(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return max(a[0], b[0]), min(a[1], b[1])
