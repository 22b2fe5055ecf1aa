"""Floors and ceilings against pressure altitude, which is all that aircraft report.

A flight level is a pressure altitude. A limit above mean sea level differs from it with the pressure of the day: 27 ft for each
hPa (ICAO Doc 7488, standard atmosphere at sea level), so that without QNH it is known to lie within a margin only. A limit
above ground needs terrain as well; without it all that is known is that ground lies between the Dead Sea's shore and Mount
Everest. Hence two sets of levels: *possible* ones, outside which an aircraft is certainly not in the volume, and *sure*
ones, inside which it certainly is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

from overflight.airspace.volume import HIGHEST_TERRAIN_FT, Limit, Volume

FT_PER_HPA: Final = 27.0
QNH_UNCERTAINTY_HPA: Final = 30.0
"""QNH is within this of 1013.25 hPa on all but a few days."""

LOWEST_TERRAIN_FT: Final = -1_420.0


@dataclass(frozen=True)
class Levels:
    """From a floor to a ceiling, both inside: pressure altitude in ft, infinite where there is no limit."""

    floor_ft: float
    ceiling_ft: float


def levels(volume: Volume, qnh_uncertainty_hpa: float = QNH_UNCERTAINTY_HPA) -> tuple[Levels, Levels]:
    """Return the possible and the sure levels of a volume; they are the same where both limits are flight levels."""
    margin_ft = FT_PER_HPA * qnh_uncertainty_hpa
    low, high = _between(volume.floor, -inf, margin_ft), _between(volume.ceiling, inf, margin_ft)
    return Levels(low[0], high[1]), Levels(low[1], high[0])


def _between(limit: Limit, none: float, margin_ft: float) -> tuple[float, float]:
    """Return the least and the greatest pressure altitude that a limit can stand for."""
    if limit.reference in {"SFC", "UNL"}:
        return none, none
    if limit.reference == "STD":
        return limit.value_ft, limit.value_ft
    if limit.reference == "AMSL":
        return limit.value_ft - margin_ft, limit.value_ft + margin_ft
    return limit.value_ft + LOWEST_TERRAIN_FT - margin_ft, limit.value_ft + HIGHEST_TERRAIN_FT + margin_ft
