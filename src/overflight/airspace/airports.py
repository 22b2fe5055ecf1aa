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


def _cell(ecef_m: Array) -> NDArray[np.int64]:
    index = np.floor(ecef_m / NEAR_M).astype(np.int64) + 1024
    return (index[..., 0] << 24) | (index[..., 1] << 12) | index[..., 2]


_ASIDE = np.array([(x << 24) + (y << 12) for x in (-1, 0, 1) for y in (-1, 0, 1)])
"""What to add to a cell's number for each column of cells around it; the three of a column follow each other."""


def common_airport(a_m: Array, altitude_a_ft: Array, b_m: Array, altitude_b_ft: Array) -> list[str | None]:
    """For each pair of positions (ECEF, (N, 3)): an airport that both are near and low over, or None; the nearest to a.

    A position whose altitude is NaN counts as low: the traffic of a small field often gives none.
    """
    codes, where, elevation = _airports()
    cells, order = _cells()
    found: list[str | None] = [None] * len(a_m)
    column = (_cell(a_m)[:, None] + _ASIDE).ravel()
    first, last = np.searchsorted(cells, column - 1, "left"), np.searchsorted(cells, column + 1, "right")
    count = last - first
    pair = np.repeat(np.arange(len(column)) // len(_ASIDE), count)
    before = np.repeat(np.cumsum(count) - count, count)
    airport = order[np.repeat(first, count) + np.arange(len(pair)) - before]
    top = elevation[airport] + BELOW_FT
    low = np.flatnonzero(~(altitude_a_ft[pair] >= top) & ~(altitude_b_ft[pair] >= top))
    pair, airport = pair[low], airport[low]
    distance_a, distance_b = (np.linalg.norm(side[pair] - where[airport], axis=-1) for side in (a_m, b_m))
    near = np.flatnonzero((distance_a < NEAR_M) & (distance_b < NEAR_M))
    for k in near[np.argsort(-distance_a[near], kind="stable")].tolist():  # the nearest last: it stays
        found[pair[k]] = codes[airport[k]]
    return found
