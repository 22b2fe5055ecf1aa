"""Where airports are, and which positions are near one.

From `airportsdata` (MIT; from public sources, refreshed monthly): position and elevation of some 28,000 airports.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from overflight.earth.wgs84 import Array, to_ecef
from overflight.units import NM_M

NEAR_M = 8 * NM_M
BELOW_FT = 4000.0
"""Both within 8 NM of and less than 4,000 ft above an airport: there runway, visual and circuit separation rule, which no
distance on a screen can judge."""


@lru_cache(maxsize=1)
def _airports() -> tuple[list[str], Array, Array]:
    """Codes, ECEF positions (N, 3) and elevations (ft), in order of the cell that holds them."""
    import airportsdata

    rows = sorted(airportsdata.load("ICAO").values(), key=lambda airport: airport["icao"])
    codes = [row["icao"] for row in rows]
    where = to_ecef(np.array([row["lat"] for row in rows], float), np.array([row["lon"] for row in rows], float))
    return codes, where, np.array([row["elevation"] for row in rows], float)


@lru_cache(maxsize=1)
def _cells() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted cell numbers of the airports, and the airports in that order."""
    cell = _cell(_airports()[1])
    order = np.argsort(cell, kind="stable")
    return cell[order], order


def _cell(ecef_m: Array, shift: tuple[int, int, int] = (0, 0, 0)) -> NDArray[np.int64]:
    index = np.floor(ecef_m / NEAR_M).astype(np.int64) + np.array(shift) + 1024
    return (index[..., 0] << 24) | (index[..., 1] << 12) | index[..., 2]


def common_airport(a_m: Array, altitude_a_ft: Array, b_m: Array, altitude_b_ft: Array) -> list[str | None]:
    """For each pair of positions (ECEF, (N, 3)): an airport that both are near and low over, or None; the nearest to a.

    A position whose altitude is NaN counts as low: the traffic of a small field often gives none.
    """
    codes, where, elevation = _airports()
    cells, order = _cells()
    best = np.full(len(a_m), np.inf)
    found = np.full(len(a_m), -1)
    for shift in np.ndindex(3, 3, 3):
        key = _cell(a_m, (shift[0] - 1, shift[1] - 1, shift[2] - 1))
        first, last = np.searchsorted(cells, key, "left"), np.searchsorted(cells, key, "right")
        for step in range(int((last - first).max(initial=0))):
            some = np.flatnonzero(first + step < last)
            airport = order[first[some] + step]
            distance_a = np.linalg.norm(a_m[some] - where[airport], axis=-1)
            distance_b = np.linalg.norm(b_m[some] - where[airport], axis=-1)
            top = elevation[airport] + BELOW_FT
            near = (distance_a < NEAR_M) & (distance_b < NEAR_M) & (distance_a < best[some])
            near &= ~(altitude_a_ft[some] >= top) & ~(altitude_b_ft[some] >= top)
            best[some[near]], found[some[near]] = distance_a[near], airport[near]
    return [codes[k] if k >= 0 else None for k in found]
