"""What a recording shows of its own coverage: where aircraft are seen, how often, and where they come and go.

The sphere is divided into cells of nearly one size: the faces of a cube, each divided evenly in angle. There are no poles
and no antimeridian in it. Times bands of altitude. Each cell counts who came through, who appeared or vanished in it, and
how long the silences between two reports were. Everything is an integer count, so that it does not depend on the order
in which it was learnt within a tick.
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
PASSED, STAYED = 0, 1
"""Columns of what is counted by cell, band and eighth of the compass: minutes of flight; after how many it was still seen."""
COURSES: Final = 9  # the last is for courses that are unknown


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
    north = np.cross(up, east)
    course, angle = np.radians(course_deg)[..., None], (distance_m / RADIUS_M)[..., None]
    return up * np.cos(angle) + (north * np.cos(course) + east * np.sin(course)) * np.sin(angle)


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
    cost more than all the rest. Sums do not depend on when.
    """

    def __init__(self, columns: int) -> None:
        """Start with nothing counted."""
        self._columns = columns
        self._tables: list[Table] = []
        self.all = np.zeros(columns, np.int64)

    def add(self, keys: Keys, columns: NDArray[np.intp]) -> None:
        """Count one in a column of a key, for each."""
        if len(keys) == 0:
            return
        both, amount = np.unique(keys * self._columns + columns, return_counts=True)
        cells, first = np.unique(both // self._columns, return_index=True)
        counts = np.zeros((len(cells), self._columns), np.int32)
        counts[np.repeat(np.arange(len(cells)), np.diff(np.append(first, len(both)))), both % self._columns] = amount
        self.all += counts.sum(axis=0, dtype=np.int64)
        self._tables.append((cells, counts))
        while len(self._tables) > 1 and len(self._tables[-2][0]) < 4 * len(self._tables[-1][0]):
            self._tables.append(_poured(self._tables.pop(-2), self._tables.pop()))

    def total(self, keys: Keys) -> NDArray[np.int64]:
        """Add up the counts of each row of keys (N, K); keys never met, such as -1, count nothing: (N, columns)."""
        found = np.zeros((len(keys), self._columns), np.int64)
        for known, counts in self._tables:
            at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            row, column = np.nonzero(known[at] == keys)
            np.add.at(found, row, counts[at[row, column]])
        return found

    def snapshot(self) -> tuple[Any, ...]:
        """Return the state as plain data."""
        return list(self._tables), self.all.copy()

    def restore(self, state: tuple[Any, ...]) -> None:
        """Go on from a snapshot."""
        self._tables, self.all = list(state[0]), state[1].copy()


Table: TypeAlias = tuple[Keys, NDArray[np.int32]]


def _poured(into: Table, more: Table) -> Table:
    """Add the counts of two tables, each with its keys in order and once; neither is changed."""
    keys = np.sort(np.concatenate([into[0], more[0]]), kind="stable")  # two runs in order: merged, not sorted anew
    keys = keys[np.append(True, keys[1:] != keys[:-1])]
    counts = np.zeros((len(keys), into[1].shape[1]), np.int32)
    counts[np.searchsorted(keys, into[0])] = into[1]
    counts[np.searchsorted(keys, more[0])] += more[1]
    return keys, counts


class Coverage:
    """What was learnt: who came through and how long the silences are, and of whom more was seen minutes later."""

    def __init__(self, cell_nm: float) -> None:
        """Start with nothing learnt; cells are about `cell_nm` wide."""
        self._reach_m = cell_nm * NM_M
        self._side = max(1, round(RADIUS_M * np.pi / 2.0 / self._reach_m))
        self.seen = Tally(GAPS + len(GAP_BOUNDS_S))
        self.passed = Tally(2)

    def keys(self, up: Floats, altitude_ft: Floats) -> Keys:
        """Return the cells of places at altitudes; an altitude that is NaN has a band of its own."""
        return self._cells(up) * BANDS + _band(altitude_ft)

    def _cells(self, up: Floats) -> Keys:
        size = np.abs(up)
        axis = size.argmax(axis=-1)
        major = np.take_along_axis(up, axis[..., None], -1)[..., 0]
        key = axis.astype(np.int64) * 2 + (major < 0.0)
        for turn in (1, 2):
            across = np.take_along_axis(up, ((axis + turn) % 3)[..., None], -1)[..., 0] / np.abs(major)
            place = np.floor((np.arctan(across) * (2.0 / np.pi) + 0.5) * self._side).astype(np.int64)
            key = key * self._side + np.clip(place, 0, self._side - 1)
        return key

    def _beside(self, up: Floats, altitude_ft: Floats, below: int, above: int, share: float) -> Keys:
        """Keys of the cells within `share` of a cell and so many bands below and above: (N, K), -1 for none."""
        cells = self._cells(_around(up, self._reach_m * share))
        cells.sort(axis=1)  # several of the nine may be one cell: it counts once
        cells[:, 1:][cells[:, 1:] == cells[:, :-1]] = -1
        band = _band(altitude_ft)[:, None] + np.arange(-below, above + 1)
        known = ~np.isnan(altitude_ft)[:, None]
        band = np.where(known & (band >= 0) & (band < BANDS - 1), band, -1)
        band[:, below] = np.where(known[:, 0], band[:, below], BANDS - 1)
        both = cells[:, :, None] * BANDS + band[:, None, :]
        return np.where((cells[:, :, None] >= 0) & (band[:, None, :] >= 0), both, -1).reshape(len(up), -1)

    def near(self, up: Floats, altitude_ft: Floats) -> NDArray[np.int64]:
        """Return what was seen within a cell and a band of places: (N, 1 + silences)."""
        return self.seen.total(self._beside(up, altitude_ft, 1, 1, 1.0))

    def visits(self, up: Floats, altitude_ft: Floats) -> NDArray[np.int64]:
        """Return how many came through places, within half a cell, at their level or the band below it."""
        return self.seen.total(self._beside(up, altitude_ft, 1, 0, 0.5))[:, VISITS]

    def survival(self, up: Floats, altitude_ft: Floats, course_deg: Floats) -> NDArray[np.int64]:
        """Return how many minutes of flight were spent near places on nearly these courses, and after how many it was still seen."""
        keys = self._beside(up, altitude_ft, 1, 1, 1.0)
        eighth = _eighth(course_deg)[:, None] + np.array([-1, 0, 1])
        eighth = np.where(np.isnan(course_deg)[:, None], np.array([-1, COURSES - 1, -1]), eighth % 8)
        both = keys[:, :, None] * COURSES + eighth[:, None, :]
        both = np.where((keys[:, :, None] >= 0) & (eighth[:, None, :] >= 0), both, -1)
        return self.passed.total(both.reshape(len(up), -1))

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
        return {"seen": self.seen.snapshot(), "passed": self.passed.snapshot()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self.seen.restore(state["seen"])
        self.passed.restore(state["passed"])


def course_keys(keys: Keys, course_deg: Floats) -> Keys:
    """Return the keys of cells and bands, by course."""
    return keys * COURSES + _eighth(course_deg)


def _eighth(course_deg: Floats) -> NDArray[np.int64]:
    eighth = np.floor(np.nan_to_num(course_deg) / 45.0 + 0.5) % 8
    return np.where(np.isnan(course_deg), COURSES - 1, eighth).astype(np.int64)


def gap_column(gap_s: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """Return the columns that count silences of these lengths."""
    return GAPS + np.searchsorted(GAP_BOUNDS_S, gap_s, side="left")


def _band(altitude_ft: Floats) -> NDArray[np.int64]:
    low = np.clip(np.floor(altitude_ft / BAND_FT) + 1.0, 0.0, BANDS - 2.0)
    return np.where(np.isnan(altitude_ft), BANDS - 1.0, low).astype(np.int64)
