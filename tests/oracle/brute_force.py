"""An independent judge of the separation net: brute force over geodesics and dense time.

It shares no code with the product and knows only the definition: between two reports of a track at most `max_gap_s`
apart the aircraft moves uniformly along the geodesic, its altitude linearly; beyond that nothing is known. A loss is an
open set of instants at which the horizontal distance (geodesic, WGS84) and the vertical distance are both below their
minima. Losses of one pair less than `join_s` apart are one. The severity is the least value that
max(horizontal / minimum, vertical / minimum) takes during the loss; among equally severe instants the one with the
least horizontal distance counts.

How: legs (two consecutive reports) are cut at every full `CELL_S` seconds; leg pairs of one cell whose bounding spheres
and altitude bands come close are kept, cut at most `STEP_S` long, and looked at one by one: bounds from the speeds say
whether a loss can hide in such a step, a ternary search finds the worst instant in it, and bisection finds the instants
at which the loss begins and ends. On a step both distances are convex functions of time, for the motion is uniform.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

NM_M = 1852.0
CELL_S = 10.0
STEP_S = 0.5
TIE = 1e-6  # weight of the horizontal distance among equally severe instants
KEPT = 1 - 1e-9  # the share at which a minimum counts as kept: exactly at it, whatever the rounding

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Track = tuple[Floats, Floats, Floats, Floats]
"""Time in s, latitude and longitude in deg, altitude in ft (NaN: unknown)."""

_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Loss:
    """One loss of separation of a pair: instants in s, distances at the worst instant `time`."""

    start: float
    end: float
    time: float
    severity: float
    horizontal_m: float
    vertical_ft: float


@dataclass(frozen=True)
class _Legs:
    """Flat arrays, one entry a leg: two consecutive reports of one track, with altitudes, not too far apart in time."""

    track: Ints
    t0: Floats
    t1: Floats
    lat: Floats
    lon: Floats
    azimuth: Floats
    length: Floats
    alt0: Floats
    alt1: Floats

    def at(self, leg: Ints, t: Floats) -> tuple[Floats, Floats, Floats]:
        """Latitude, longitude and altitude on each leg at each instant."""
        share = (t - self.t0[leg]) / (self.t1[leg] - self.t0[leg])
        lon, lat, _ = _GEOD.fwd(self.lon[leg], self.lat[leg], self.azimuth[leg], self.length[leg] * share)
        return np.asarray(lat), np.asarray(lon), self.alt0[leg] + (self.alt1[leg] - self.alt0[leg]) * share

    def speed(self, leg: Ints) -> Floats:
        return self.length[leg] / (self.t1[leg] - self.t0[leg])


@dataclass(frozen=True)
class _Steps:
    """Pieces of common time of two legs: the legs, and from when to when."""

    a: Ints
    b: Ints
    start: Floats
    end: Floats

    def pick(self, which: NDArray[np.bool_] | Ints) -> _Steps:
        return _Steps(self.a[which], self.b[which], self.start[which], self.end[which])


class _Judge:
    """The distances of leg pairs and what follows from them, for one pair of minima."""

    def __init__(self, legs: _Legs, horizontal_m: float, vertical_ft: float) -> None:
        self.legs, self.horizontal_m, self.vertical_ft = legs, horizontal_m, vertical_ft

    def apart(self, steps: _Steps, t: Floats) -> tuple[Floats, Floats]:
        """Horizontal distance in m and signed vertical distance in ft at one instant of each step."""
        lat_a, lon_a, alt_a = self.legs.at(steps.a, t)
        lat_b, lon_b, alt_b = self.legs.at(steps.b, t)
        return np.asarray(_GEOD.inv(lon_a, lat_a, lon_b, lat_b)[2]), alt_b - alt_a

    def ratio(self, steps: _Steps, t: Floats) -> Floats:
        """What is left of the minima: below 1 is a loss."""
        h, v = self.apart(steps, t)
        return np.maximum(h / self.horizontal_m, np.abs(v) / self.vertical_ft)

    def gravity(self, steps: _Steps, t: Floats) -> Floats:
        """The ratio, ties broken towards the least horizontal distance."""
        h, v = self.apart(steps, t)
        return np.maximum(h / self.horizontal_m, np.abs(v) / self.vertical_ft) + TIE * h / self.horizontal_m

    def least(self, steps: _Steps) -> Floats:
        """A lower bound of the ratio in each step: no closer than the two speeds allow, altitude linear."""
        h0, v0 = self.apart(steps, steps.start)
        h1, v1 = self.apart(steps, steps.end)
        reach = (self.legs.speed(steps.a) + self.legs.speed(steps.b)) * (steps.end - steps.start)
        h = np.maximum((h0 + h1 - reach) / 2, 0) / self.horizontal_m
        v = np.where(v0 * v1 <= 0, 0.0, np.minimum(np.abs(v0), np.abs(v1))) / self.vertical_ft
        return np.maximum(h, v)

    def worst(self, steps: _Steps) -> Floats:
        """The gravest instant of each step, by ternary search; its ends are candidates too."""
        low, high = steps.start.copy(), steps.end.copy()
        for _ in range(45):
            third = (high - low) / 3
            left = self.gravity(steps, low + third) <= self.gravity(steps, high - third)
            low, high = np.where(left, low, low + third), np.where(left, high - third, high)
        choices = np.stack([steps.start, (low + high) / 2, steps.end])
        grave = np.stack([self.gravity(steps, t) for t in choices])
        return np.take_along_axis(choices, grave.argmin(0)[None], 0)[0]

    def edge(self, steps: _Steps, outside: Floats, inside: Floats) -> Floats:
        """Where the loss begins or ends between an instant without and one with it, by bisection."""
        for _ in range(40):
            middle = (outside + inside) / 2
            lost = self.ratio(steps, middle) < KEPT
            outside, inside = np.where(lost, outside, middle), np.where(lost, middle, inside)
        return inside

    def lost(self, steps: _Steps) -> _Steps:
        """The steps cut to the parts that are lost; those without a loss are left out."""
        steps = steps.pick(self.least(steps) < KEPT)
        lost0 = self.ratio(steps, steps.start) < KEPT
        lost1 = self.ratio(steps, steps.end) < KEPT
        inside = np.where(lost0, steps.start, steps.end)
        hidden = ~lost0 & ~lost1
        inside[hidden] = self.worst(steps.pick(hidden))
        found = lost0 | lost1
        found[hidden] = self.ratio(steps.pick(hidden), inside[hidden]) < KEPT
        steps, inside, lost0, lost1 = steps.pick(found), inside[found], lost0[found], lost1[found]
        start, end = steps.start.copy(), steps.end.copy()
        start[~lost0] = self.edge(steps.pick(~lost0), steps.start[~lost0], inside[~lost0])
        end[~lost1] = self.edge(steps.pick(~lost1), steps.end[~lost1], inside[~lost1])
        return _Steps(steps.a, steps.b, start, end)


def losses(
    tracks: Mapping[str, Track],
    *,
    horizontal_m: float = 5 * NM_M,
    vertical_ft: float = 1000.0,
    max_gap_s: float = 60.0,
    join_s: float = 10.0,
) -> dict[tuple[str, str], list[Loss]]:
    """Every loss of separation, by pair (names in order), in the order of time; pairs without one are absent."""
    names = sorted(tracks)
    legs = _make_legs([tracks[name] for name in names], max_gap_s)
    judge = _Judge(legs, horizontal_m, vertical_ft)
    parts = judge.lost(_cut(_near(legs, horizontal_m, vertical_ft), STEP_S))
    if not parts.start.size:
        return {}
    first, second = legs.track[parts.a], legs.track[parts.b]
    order = np.lexsort((parts.start, second, first))
    parts, first, second = parts.pick(order), first[order], second[order]
    same = (np.diff(first) == 0) & (np.diff(second) == 0) & (parts.start[1:] - parts.end[:-1] < join_s)
    event = np.concatenate([[0], np.cumsum(~same)])
    # Only the parts that may hold an event's worst instant are searched for it.
    ends = np.minimum(judge.gravity(parts, parts.start), judge.gravity(parts, parts.end))
    best = np.full(event[-1] + 1, np.inf)
    np.minimum.at(best, event, ends)
    search = np.flatnonzero(judge.least(parts) <= best[event])
    moment = judge.worst(parts.pick(search))
    gravity = judge.gravity(parts.pick(search), moment)
    found: dict[tuple[str, str], list[Loss]] = {}
    for number in range(event[-1] + 1):
        i, j = np.searchsorted(event, [number, number + 1])
        k, stop = np.searchsorted(search, [i, j])
        k += gravity[k:stop].argmin()
        (h,), (v,) = judge.apart(parts.pick(search[k : k + 1]), moment[k : k + 1])
        loss = Loss(
            start=float(parts.start[i]),
            end=float(parts.end[j - 1]),
            time=float(moment[k]),
            severity=float(max(h / horizontal_m, abs(v) / vertical_ft)),
            horizontal_m=float(h),
            vertical_ft=float(abs(v)),
        )
        found.setdefault((names[first[i]], names[second[i]]), []).append(loss)
    return found


def _make_legs(tracks: list[Track], max_gap_s: float) -> _Legs:
    columns: list[list[Floats]] = []
    for number, track in enumerate(tracks):
        t, lat, lon, alt = (np.asarray(column, np.float64) for column in track)
        if np.any(np.diff(t) < 0):
            raise ValueError("the reports of a track must be in the order of time")
        gap = np.diff(t)
        keep = (gap > 0) & (gap <= max_gap_s) & ~np.isnan(alt[:-1]) & ~np.isnan(alt[1:])
        i = np.flatnonzero(keep)
        azimuth, _, length = _GEOD.inv(lon[i], lat[i], lon[i + 1], lat[i + 1])
        columns.append([
            np.full(i.size, number, np.float64), t[i], t[i + 1], lat[i], lon[i],
            np.asarray(azimuth), np.asarray(length), alt[i], alt[i + 1],
        ])  # fmt: skip
    flat = [np.concatenate(column) for column in zip(*columns, strict=True)]
    return _Legs(flat[0].astype(np.int64), *flat[1:])


def _near(legs: _Legs, horizontal_m: float, vertical_ft: float) -> _Steps:
    """Parts of leg pairs of different tracks, within one cell of time, that bounding volumes cannot keep apart."""
    cells = np.floor(legs.t1 / CELL_S).astype(np.int64) - np.floor(legs.t0 / CELL_S).astype(np.int64) + 1
    leg = np.repeat(np.arange(cells.size), cells)
    offset = np.arange(leg.size) - np.repeat(np.cumsum(cells) - cells, cells)
    cell = np.floor(legs.t0[leg] / CELL_S).astype(np.int64) + offset
    start, end = np.maximum(legs.t0[leg], cell * CELL_S), np.minimum(legs.t1[leg], (cell + 1) * CELL_S)
    order = np.argsort(cell, kind="stable")
    order = order[(end > start)[order]]
    leg, cell, start, end = leg[order], cell[order], start[order], end[order]
    lat0, lon0, alt0 = legs.at(leg, start)
    lat1, lon1, alt1 = legs.at(leg, end)
    p0, p1 = _space(lat0, lon0), _space(lat1, lon1)
    centre = (p0 + p1) / 2
    length = np.linalg.norm(p1 - p0, axis=1)
    radius = 0.55 * length + 1.0  # half, and room for the bulge of the geodesic over its chord
    low, high = np.minimum(alt0, alt1), np.maximum(alt0, alt1)
    pairs: list[tuple[Ints, Ints]] = []
    bounds = np.flatnonzero(np.diff(cell, prepend=-(2**60), append=2**60))
    for i, j in itertools.pairwise(bounds):
        here = slice(i, j)
        d2 = ((centre[here, None] - centre[None, here]) ** 2).sum(-1)
        close = d2 < (1.02 * horizontal_m + radius[here, None] + radius[None, here]) ** 2
        close &= low[here, None] - high[None, here] < vertical_ft
        close &= low[None, here] - high[here, None] < vertical_ft
        close &= np.minimum(end[here, None], end[None, here]) > np.maximum(start[here, None], start[None, here])
        close &= legs.track[leg[here, None]] < legs.track[leg[None, here]]
        a, b = np.nonzero(close)
        pairs.append((a + i, b + i))
    if not pairs:
        nothing = np.zeros(0, np.int64)
        return _Steps(nothing, nothing, np.zeros(0), np.zeros(0))
    a, b = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return _Steps(leg[a], leg[b], np.maximum(start[a], start[b]), np.minimum(end[a], end[b]))


def _cut(steps: _Steps, step_s: float) -> _Steps:
    """The same time in equal steps of at most `step_s`."""
    count = np.maximum(np.ceil((steps.end - steps.start) / step_s), 1).astype(np.int64)
    which = np.repeat(np.arange(count.size), count)
    k = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count)
    start, step = steps.start[which], ((steps.end - steps.start) / count)[which]
    end = np.where(k + 1 == count[which], steps.end[which], start + step * (k + 1))
    return _Steps(steps.a[which], steps.b[which], start + step * k, end)


def _space(lat: Floats, lon: Floats) -> Floats:
    """Points in space, m, good enough for bounding.

    On a sphere of the ellipsoid's greatest radius of curvature nothing is nearer than it is, nor farther by over 1.1 %.
    """
    la, lo = np.radians(lat), np.radians(lon)
    return 6_399_594.0 * np.stack([np.cos(la) * np.cos(lo), np.cos(la) * np.sin(lo), np.sin(la)], -1)
