"""`Band`: between which levels something is, by pressure (flight levels) or above the ellipsoid, and what one says of the other.

Two bands by pressure are held against each other as they are: whoever flies them has the same altimeter setting. Against the ellipsoid a flight level is only
known within what the weather allows: the air may be warmer or colder than the standard atmosphere by `ISA_OFF_K` all the way down (the thickness of a layer
goes with its temperature, so by at most that over the coldest temperature of the standard, 216.65 K), and the pressure at sea level may be from
`QNH_HPA[0]` to `QNH_HPA[1]`, each hPa moving a level by at most `HPA_M`. Sources: ICAO Doc 7488 (standard atmosphere), EGM2008's range for the geoid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from overflight.errors import ParameterError
from overflight.units import FT_M

HIGHEST_FL: Final = 600
ISA_OFF_K: Final = 30.0
QNH_HPA: Final = (940.0, 1055.0)
HPA_M: Final = 8.8
"""What a hPa is in the thinnest air there is at sea level: 287.05 / 9.80665 * 288.15 K / 1013.25 hPa is 8.32 m; 20 K warmer, and at 1,000 hPa, 8.8 m."""
_STANDARD_HPA: Final = 1013.25
_COLDEST_K: Final = 216.65
_EARTH_M: Final = 6_356_766.0
"""The radius that turns geopotential into geometric altitude (Doc 7488)."""
GEOID_M: Final = (-107.0, 86.0)


@dataclass(frozen=True)
class Band:
    """From a level to a level, m; by pressure in the standard atmosphere, or above the ellipsoid."""

    lower_m: float
    upper_m: float
    pressure: bool

    def meets(self, other: Band) -> bool:
        """Whether both may be at one level; levels that touch are one."""
        one, two = (
            (self, other) if self.pressure == other.pressure else (self.above_ellipsoid(), other.above_ellipsoid())
        )
        return one.lower_m <= two.upper_m and two.lower_m <= one.upper_m

    def above_ellipsoid(self) -> Band:
        """Return a band above the ellipsoid that this one lies in, whatever the weather."""
        if not self.pressure:
            return self
        off = ISA_OFF_K / _COLDEST_K
        lower = self.lower_m * (1.0 - off if self.lower_m > 0.0 else 1.0 + off) - (_STANDARD_HPA - QNH_HPA[0]) * HPA_M
        upper = self.upper_m * (1.0 + off if self.upper_m > 0.0 else 1.0 - off) + (QNH_HPA[1] - _STANDARD_HPA) * HPA_M
        return Band(_geometric(lower) + GEOID_M[0], _geometric(upper) + GEOID_M[1], pressure=False)

    def moved(self, by_m: float) -> Band:
        """Return the band higher by so much."""
        return Band(self.lower_m + by_m, self.upper_m + by_m, self.pressure)


def flight_levels(lower: float, upper: float, name: str = "flight_levels") -> Band:
    """Return the band between two flight levels.

    Raises:
        ParameterError: they are none, or the wrong way round.
    """
    if not 0 <= lower <= upper <= HIGHEST_FL:
        remedy = f"give two from 0 to {HIGHEST_FL}, the lower first"
        raise ParameterError(name, f"{lower:g} to {upper:g}", "are no flight levels", remedy=remedy)
    return Band(lower * 100.0 * FT_M, upper * 100.0 * FT_M, pressure=True)


def _geometric(geopotential_m: float) -> float:
    return _EARTH_M * geopotential_m / (_EARTH_M - geopotential_m)
