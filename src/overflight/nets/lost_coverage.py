"""What a recording shows of its own coverage: where aircraft are seen, how often, and where they come and go.

The sphere is divided into cells of nearly one size: the faces of a cube, each divided evenly in angle. There are no poles
and no antimeridian in it. Times bands of altitude. Each cell counts who came through, after how many minutes of flight the
aircraft was seen again, and how long the silences between two reports were. Everything is an integer count, so that it does
not depend on the order in which it was learnt within a tick.

What is seen low is seen higher, too: a line of sight that clears the hills and the horizon from below clears them from above
(the horizon is farther by the square root of height). So what was seen at a level or anywhere below it counts as seen there.
A recording may end at some level, however, where its maker cut it off: above whatever was seen within some 45 NM nothing is known.
Nor beyond the outermost parallels and meridians at which anybody was seen: a recording is often cut out along these.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from overflight.units import NM_M

Floats = NDArray[np.float64]
Keys = NDArray[np.int64]

RADIUS_M: Final = 6_371_008.8
"""Mean radius of the Earth (IUGG): cells and projected paths are good to 0.5 %, which is less than any of them needs."""

BAND_FT: Final = 1000.0
BANDS: Final = 64  # from below -1,000 ft to 61,000 ft and above; the last is for altitudes that are unknown
GAP_BOUNDS_S: Final = np.array([2.0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, np.inf])
VISITS, GAPS = 0, 1
"""Columns of what is counted by cell and band: aircraft that came in; then silences by length."""
PASSED, STAYED, EXCUSED = 0, 1, 2
"""Columns of what is counted by cell, band and eighth of the compass: minutes of flight; after how many it was seen again."""
COURSES: Final = 9  # the last is for courses that are unknown
MOST_KEYS: Final = 1 << 22
"""Cells and bands (and courses) in a table that is still learnt into: 285 MB of them at most, as much as some hours of all that fly."""
WIDE_NM: Final = 30.0
"""Size of the cells in which it is learnt how high aircraft are seen at all."""
FIX_M: Final = 0.1 * NM_M
"""Error of a fix: no farther beyond the outermost one somebody may be and still be within (`overflight.nets.lost_search`)."""


def normal(latitude_deg: Floats, longitude_deg: Floats) -> Floats:
    """Return the unit vectors straight up from places: shape (..., 3)."""
    phi, lam = np.radians(latitude_deg), np.radians(longitude_deg)
    cos = np.cos(phi)
    return np.stack([cos * np.cos(lam), cos * np.sin(lam), np.sin(phi)], axis=-1)


def ahead(up: Floats, course_deg: Floats, distance_m: Floats) -> Floats:
    """Return the places so far along a great circle: unit vectors (..., 3), courses and distances of the same leading shape."""
    east = np.stack([-up[..., 1], up[..., 0], np.zeros_like(up[..., 0])], axis=-1)
    flat = np.linalg.norm(east, axis=-1, keepdims=True)
    # Exactly at a pole every course leads away from it, and which one is called north does not matter.
    east = np.where(flat > 1e-12, east / np.maximum(flat, 1e-12), np.array([0.0, 1.0, 0.0]))
    north = across(up, east)
    course, angle = np.radians(course_deg)[..., None], (distance_m / RADIUS_M)[..., None]
    return up * np.cos(angle) + (north * np.cos(course) + east * np.sin(course)) * np.sin(angle)


def across(up: Floats, east: Floats) -> Floats:
    """Return `up` x `east`, (..., 3), where `east` is level: it points north, as long as `east`."""
    x, y, z = up[..., 0], up[..., 1], up[..., 2]
    return np.stack([-z * east[..., 1], z * east[..., 0], x * east[..., 1] - y * east[..., 0]], axis=-1)


def _around(up: Floats, reach_m: float) -> Floats:
    """Return each place and eight around it: (N, 9, 3)."""
    bearings = np.arange(8, dtype=np.float64) * 45.0
    here = np.repeat(up[:, None, :], 8, axis=1)
    reach = reach_m * np.where(bearings % 90.0 == 0.0, 1.0, 2.0**0.5)
    ring = ahead(here, np.broadcast_to(bearings, here.shape[:2]), np.broadcast_to(reach, here.shape[:2]))
    return np.concatenate([up[:, None, :], ring], axis=1)


class Tally:
    """Counts by key: keys are met as they come, memory is for those met.

    What is new becomes a small table; tables of like size are poured together. To insert into a large one every minute would
    cost more than all the rest. Sums do not depend on when. A table holds its keys in order and the sums of the counts up to
    each of them, so that what lies between two keys is one difference.

    A loop that never ends goes on meeting new keys. Once the largest table has `most_keys`, it is put aside and all is learnt
    anew beside it; the one put aside before is forgotten. So what was met lately stays, and memory has a bound.
    """

    def __init__(self, columns: int, most_keys: int = MOST_KEYS) -> None:
        """Start with nothing counted."""
        self._columns, self._most_keys = columns, most_keys
        self._aside: list[Table] = []  # one at most
        self._tables: list[Table] = []
        self.all = np.zeros(columns, np.int64)

    def add(self, keys: Keys, columns: NDArray[np.intp], counts: NDArray[np.intp] | None = None) -> None:
        """Count one in a column of a key, or so many, for each."""
        if len(keys) == 0:
            return
        both, of = np.unique(keys * self._columns + columns, return_inverse=True)
        amount = np.bincount(of, np.ones(len(of)) if counts is None else counts).astype(np.int64)
        cells, first = np.unique(both // self._columns, return_index=True)
        table = np.zeros((len(cells), self._columns), np.uint32)
        table[np.repeat(np.arange(len(cells)), np.diff(np.append(first, len(both)))), both % self._columns] = amount
        self.all += table.sum(axis=0, dtype=np.int64)
        sums = np.zeros((len(cells) + 1, self._columns), np.uint32)
        np.cumsum(table, axis=0, dtype=np.uint32, out=sums[1:])
        self._tables.append((cells, sums))
        while len(self._tables) > 1 and len(self._tables[-2][0]) < 4 * len(self._tables[-1][0]):
            self._tables.append(_poured(self._tables.pop(-2), self._tables.pop()))
        if len(self._tables[0][0]) >= self._most_keys:
            self._aside = [self._tables.pop(0)]

    def between(self, low: Keys, high: Keys) -> NDArray[np.int64]:
        """Add up the counts of the keys from `low` up to, but without, `high`: shape (..., columns)."""
        found = np.zeros((*low.shape, self._columns), np.int64)
        for known, sums in (*self._aside, *self._tables):
            first, end = np.searchsorted(known, low), np.searchsorted(known, high)
            some = np.nonzero(end > first)
            found[some] += sums[end[some]] - sums[first[some]]
        return found

    def snapshot(self) -> tuple[Any, ...]:
        """Return the state as plain data."""
        return list(self._aside), list(self._tables), self.all.copy()

    def restore(self, state: tuple[Any, ...]) -> None:
        """Go on from a snapshot."""
        self._aside, self._tables, self.all = list(state[0]), list(state[1]), state[2].copy()


Table: TypeAlias = tuple[Keys, NDArray[np.uint32]]
"""Keys, and sums up to each: these may run over and start anew, their differences are right all the same."""


def _poured(into: Table, more: Table) -> Table:
    """Add the counts of two tables, each with its keys in order and once; neither is changed."""
    keys = np.sort(np.concatenate([into[0], more[0]]), kind="stable")  # two runs in order: merged, not sorted anew
    keys = keys[np.append(True, keys[1:] != keys[:-1])]
    sums = np.zeros((len(keys) + 1, into[1].shape[1]), np.uint32)
    for known, part in (into, more):
        sums[1:] += part[np.searchsorted(known, keys, side="right")]
    return keys, sums


class Limits:
    """The outermost parallels and meridians at which anybody was seen.

    Longitudes count from the first one that was seen, so that the antimeridian is no border. Aircraft all around the Earth,
    or around a pole, leave no meridian outside: then only the parallels limit anything.
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._from: float | None = None
        self._low, self._high = np.full(2, np.inf), np.full(2, -np.inf)

    def learn(self, up: Floats) -> None:
        """Know that somebody was seen at these places, (N, 3)."""
        if len(up) == 0:
            return
        if self._from is None:
            self._from = float(np.arctan2(up[0, 1], up[0, 0]))
        places = self._places(up)
        self._low, self._high = np.fmin(self._low, places.min(axis=0)), np.fmax(self._high, places.max(axis=0))

    def hold(self, up: Floats) -> NDArray[np.bool_]:
        """Whether each place, (N, 3), lies within, or no more than `FIX_M` outside."""
        if self._from is None:
            return np.zeros(len(up), np.bool_)
        places = self._places(up)
        beyond = np.maximum(self._low - places, places - self._high) * RADIUS_M
        beyond[:, 1] *= np.cos(places[:, 0])  # meridians draw together
        return np.all(beyond <= FIX_M, axis=1)

    def _places(self, up: Floats) -> Floats:
        """Latitude, and longitude from the first one, -pi to pi: (N, 2), rad."""
        east = np.arctan2(up[:, 1], up[:, 0]) - (self._from or 0.0)
        return np.stack([np.arcsin(np.clip(up[:, 2], -1.0, 1.0)), (east + np.pi) % (2.0 * np.pi) - np.pi], axis=1)

    def snapshot(self) -> tuple[Any, ...]:
        """Return the state as plain data."""
        return self._from, self._low.copy(), self._high.copy()

    def restore(self, state: tuple[Any, ...]) -> None:
        """Go on from a snapshot."""
        self._from, self._low, self._high = state[0], state[1].copy(), state[2].copy()


class Coverage:
    """What was learnt: who came through and how long the silences are, and of whom more was seen minutes later."""

    def __init__(self, cell_nm: float) -> None:
        """Start with nothing learnt; cells are about `cell_nm` wide."""
        self._reach_m = cell_nm * NM_M
        self._side = max(1, round(RADIUS_M * np.pi / 2.0 / self._reach_m))
        self._wide = max(1, round(RADIUS_M * np.pi / 2.0 / (WIDE_NM * NM_M)))
        self.seen = Tally(GAPS + len(GAP_BOUNDS_S))
        self.levels = Tally(1)
        self.passed = Tally(3)
        self.limits = Limits()

    def keys(self, up: Floats, altitude_ft: Floats) -> Keys:
        """Return the cells of places at altitudes; an altitude that is NaN has a band of its own."""
        return self._cells(up, self._side) * BANDS + _band(altitude_ft)

    def visit(self, up: Floats, altitude_ft: Floats, keys: Keys) -> None:
        """Learn that aircraft came into cells (`keys`) at these places and altitudes."""
        self.seen.add(keys, np.full(len(keys), VISITS))
        self.levels.add(self._cells(up, self._wide) * BANDS + _band(altitude_ft), np.zeros(len(keys), np.intp))

    def _cells(self, up: Floats, side: int) -> Keys:
        flat = up.reshape(-1, 3)
        axis, row = np.abs(flat).argmax(axis=1), np.arange(len(flat))
        major = flat[row, axis]
        key = axis * 2 + (major < 0.0)
        for turn in (1, 2):
            tangent = flat[row, (axis + turn) % 3] / np.abs(major)
            place = ((np.arctan(tangent) * (2.0 / np.pi) + 0.5) * side).astype(np.int64)
            key = key * side + np.minimum(place, side - 1)
        return key.reshape(up.shape[:-1])

    def _beside(self, up: Floats) -> tuple[Keys, NDArray[np.bool_]]:
        """Cells within one of places, (N, 9), and which of them are told for the first time."""
        cells = self._cells(_around(up, self._reach_m), self._side)
        cells.sort(axis=1)  # several of the nine may be one cell: it counts once
        return cells, np.diff(cells, axis=1, prepend=-1) != 0

    def near(self, up: Floats, altitude_ft: Floats) -> NDArray[np.int64]:
        """Return what was seen within a cell and a band of places: (N, 1 + silences)."""
        cells, once = self._beside(up)
        low, high = (band[:, None] for band in _bands(altitude_ft, 1, 1))
        return (self.seen.between(cells * BANDS + low, cells * BANDS + high) * once[..., None]).sum(axis=1)

    def known(self, up: Floats, altitude_ft: Floats, higher: int = 0) -> tuple[NDArray[np.bool_], Floats]:
        """Whether anybody was seen within half a cell of places, at their level or the band below, and how well they are covered.

        That is the share of the nine places around where anybody was seen at that level, at any below, or up to so many bands
        higher; zero where within some 45 NM nobody was seen as high, or farther out than anybody was seen: the recording may
        end there.
        """
        cells = self._cells(_around(up, self._reach_m / 2.0), self._side) * BANDS
        low, high = (band[:, None] for band in _bands(altitude_ft, 1, 0))
        level = np.any(self.seen.between(cells + low, cells + high)[..., VISITS] > 0, axis=1)
        low, high = (band[:, None] for band in _bands(altitude_ft, BANDS, higher))
        share = np.mean(self.seen.between(cells + low, cells + high)[..., VISITS] > 0, axis=1)
        wide = self._cells(_around(up, WIDE_NM * NM_M / 2.0), self._wide) * BANDS
        low, high = (band[:, None] for band in _bands(altitude_ft, 0, BANDS))
        as_high = np.any(self.levels.between(wide + low, wide + high)[..., 0] > 0, axis=1)
        return level, share * (as_high & self.limits.hold(up))

    def survival(
        self, up: Floats, altitude_ft: Floats, course_deg: Floats
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Minutes of flight near places, and after how many it was seen again: each (N, 3).

        First those on nearly these courses, within a band of altitude; second those on any course, up to a band higher.
        """
        cells, once = self._beside(up)
        low, high = (band[:, None] for band in _bands(altitude_ft, BANDS, 1))
        any_course = self.passed.between((cells * BANDS + low) * COURSES, (cells * BANDS + high) * COURSES)
        low, high = _bands(altitude_ft, 1, 1)
        eighth = _eighth(course_deg)[:, None] + np.array([-1, 0, 1])
        eighth = np.where(np.isnan(course_deg)[:, None], np.array([0, COURSES - 1, 0]), eighth % 8)
        counts = ~np.isnan(course_deg)[:, None] | (np.arange(3) == 1)
        band = np.minimum(low[:, None] + np.arange(3), high[:, None] - 1)
        counts = counts[:, None, :] & (np.diff(band, axis=1, prepend=-1) != 0)[:, :, None]
        keys = (cells[:, :, None, None] * BANDS + band[:, None, :, None]) * COURSES + eighth[:, None, None, :]
        like = self.passed.between(keys, keys + 1) * (once[:, :, None, None] & counts[:, None])[..., None]
        return like.sum(axis=(1, 2, 3)), (any_course * once[..., None]).sum(axis=1)

    def expected_gap_s(self, near: NDArray[np.int64], share: float, least: int) -> Floats:
        """Return how long a silence `share` of the reports near each place are followed by, at most.

        Where fewer than `least` silences were learnt, those of the whole recording stand in; infinite where there are none.
        """
        gaps = near[:, GAPS:]
        gaps = np.where(gaps.sum(axis=1, keepdims=True) >= least, gaps, self.seen.all[GAPS:])
        total = gaps.sum(axis=1)
        reached = np.cumsum(gaps, axis=1) >= share * total[:, None]
        return np.where(total > 0, GAP_BOUNDS_S[reached.argmax(axis=1)], np.inf)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {name: getattr(self, name).snapshot() for name in ("seen", "levels", "passed", "limits")}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        for name, counted in state.items():
            getattr(self, name).restore(counted)


def course_keys(keys: Keys, course_deg: Floats) -> Keys:
    """Return the keys of cells and bands, by course."""
    return keys * COURSES + _eighth(course_deg)


def _eighth(course_deg: Floats) -> NDArray[np.int64]:
    eighth = np.floor(np.nan_to_num(course_deg) / 45.0 + 0.5) % 8
    return np.where(np.isnan(course_deg), COURSES - 1, eighth).astype(np.int64)


def gap_column(gap_us: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the columns that count silences of these lengths."""
    column = np.full(len(gap_us), GAPS)
    longer = np.flatnonzero(gap_us > GAP_BOUNDS_S[0] * 1e6)  # few, of aircraft that report every second
    column[longer] += np.searchsorted(GAP_BOUNDS_S, gap_us[longer] * 1e-6, side="left")
    return column


def _bands(altitude_ft: Floats, below: int, above: int) -> tuple[Keys, Keys]:
    """First band, and one past the last, so many below and above altitudes; what is unknown is by itself."""
    band, unknown = _band(altitude_ft), np.isnan(altitude_ft)
    low, high = np.maximum(band - below, 0), np.minimum(band + above + 1, BANDS - 1)
    return np.where(unknown, band, low), np.where(unknown, band + 1, high)


def _band(altitude_ft: Floats) -> NDArray[np.int64]:
    low = np.clip(np.floor(altitude_ft / BAND_FT) + 1.0, 0.0, BANDS - 2.0)
    return np.where(np.isnan(altitude_ft), BANDS - 1.0, low).astype(np.int64)
