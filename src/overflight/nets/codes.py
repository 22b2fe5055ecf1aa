"""Codes and levels that tell visual flight.

Conspicuity codes: FAA JO 7110.66 (1200; 1202 gliders; 1255 fire fighting; 1277 search and rescue); ICAO EUR Doc 023 and
national AIPs (7000; 7010 in the circuit); ICAO Doc 8168 III-3-1 (2000: no code was assigned); AIP Australia ENR 1.6.
Visual cruising levels are a thousand and 500 ft: ICAO Annex 2, appendix 3; 14 CFR 91.159; SERA.5005(g).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from overflight.earth.wgs84 import Array

VFR_ANYWHERE: Final = (2000, 7000)
VFR_AMERICAS_AND_PACIFIC: Final = (1200, 1202, 1203, 1255, 1276, 1277, 1400)
VFR_EUROPE_AFRICA_ASIA: Final = (7001, 7010, 7020)
AMERICAS_AND_PACIFIC_DEG: Final = (
    (-180.0, -30.0),
    (110.0, 180.0),
)  # longitudes where the first list means visual flight

_WEST, _EAST = np.uint8(1), np.uint8(2)
_WHERE_VISUAL = np.zeros(1 << 16, np.uint8)  # by code: on which sides it means visual flight
_WHERE_VISUAL[list(VFR_ANYWHERE)] = _WEST | _EAST
_WHERE_VISUAL[list(VFR_AMERICAS_AND_PACIFIC)] = _WEST
_WHERE_VISUAL[list(VFR_EUROPE_AFRICA_ASIA)] = _EAST

LEVEL_WITHIN_FT = 100.0
LEVEL_FPM = 300.0
VISUAL_LEVELS_FT = (3000.0, 18_000.0)  # below, any altitude will do; above, there is no visual flight in most states


def is_visual(squawk: NDArray[np.uint16], longitude_deg: Array) -> NDArray[np.bool_]:
    """Tell which codes mean visual flight where they are squawked."""
    where = _WHERE_VISUAL[squawk]
    found = np.zeros(len(squawk), bool)
    some = np.flatnonzero(where)
    west = np.zeros(len(some), bool)
    for low, high in AMERICAS_AND_PACIFIC_DEG:
        west |= (longitude_deg[some] >= low) & (longitude_deg[some] <= high)
    found[some] = where[some] & np.where(west, _WEST, _EAST) != 0
    return found


def at_visual_level(altitude_ft: Array, climb_fpm: Array) -> NDArray[np.bool_]:
    """Tell who flies level at a thousand and 500 ft, which no controller assigns to a flight under instrument rules."""
    off = np.abs(altitude_ft % 1000.0 - 500.0)
    low, high = VISUAL_LEVELS_FT
    return (off <= LEVEL_WITHIN_FT) & (np.abs(climb_fpm) <= LEVEL_FPM) & (altitude_ft > low) & (altitude_ft < high)
