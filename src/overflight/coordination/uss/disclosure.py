"""What a party is told of another's operation that is in its way: where and when, as coarse as was agreed, by a name that says nothing.

Coarse is always larger: a box around the area whose edges are at whole steps, and whole steps of levels and of time. What is clear of it is clear of the
operation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from overflight.agreement.model import Disclosure
from overflight.airspace.bands import Band
from overflight.airspace.operational import written_time
from overflight.coordination.uss.declared import Place
from overflight.units import FT_M, parse_duration_s, parse_length_m


@dataclass(frozen=True)
class Coarseness:
    """In which steps others are told.

    Attributes:
        place_deg: of latitude and longitude.
        level_ft: of levels.
        time_s: of time.
    """

    place_deg: float = 0.05
    level_ft: float = 1_000.0
    time_s: int = 300


@dataclass(frozen=True)
class Box:
    """A volume as others are told of it.

    Attributes:
        south, west, north, east: deg; east may be more than 180.
        band: levels.
        start_us, end_us: times, us since 1970.
    """

    south: float
    west: float
    north: float
    east: float
    band: Band
    start_us: int
    end_us: int


def agreed(disclosure: Disclosure) -> Coarseness:
    """Return how coarse others are told by an agreement."""
    level_ft, time_s = parse_length_m(disclosure.level) / FT_M, parse_duration_s(disclosure.time)
    return Coarseness(disclosure.place_deg, max(level_ft, 1.0), max(round(time_s), 1))


def coarse(place: Place, coarseness: Coarseness) -> Box:
    """Return a volume in whole steps, always outwards."""
    step = coarseness.place_deg
    south, west, north, east = _box(place)
    low, high = math.floor(south / step) * step, math.ceil(north / step) * step
    left, right = math.floor(west / step) * step, math.ceil(east / step) * step
    if high >= 90.0 or low <= -90.0 or right - left >= 360.0:
        left, right = -180.0, 180.0
    band, step_m = place.band, coarseness.level_ft * FT_M
    lower_m, upper_m = (
        math.floor(band.lower_m / step_m + 1e-9) * step_m,
        math.ceil(band.upper_m / step_m - 1e-9) * step_m,
    )
    step_us = coarseness.time_s * 1_000_000
    assert place.volume.start_us is not None
    assert place.volume.end_us is not None
    begins, ends = place.volume.start_us // step_us * step_us, -(-place.volume.end_us // step_us) * step_us
    return Box(
        round(max(low, -90.0), 6),
        round(left, 6),
        round(min(high, 90.0), 6),
        round(right, 6),
        Band(lower_m, upper_m, band.pressure),
        begins,
        ends,
    )


def disclosed(place: Place, coarseness: Coarseness) -> dict[str, Any]:
    """Return what others are told of a volume: a box (south, west, north, east; deg), levels and times."""
    box = coarse(place, coarseness)
    told: dict[str, Any] = {
        "south": box.south,
        "west": box.west,
        "north": box.north,
        "east": box.east,
        "time_start": written_time(box.start_us),
        "time_end": written_time(box.end_us),
    }
    levels = (box.band.lower_m, box.band.upper_m)
    if box.band.pressure:
        return told | {"flight_levels": [round(level_m / FT_M / 100.0, 3) for level_m in levels]}
    return told | {"altitudes_m": [round(level_m, 1) for level_m in levels]}


def _box(place: Place) -> tuple[float, float, float, float]:
    """A box around an area, deg: south, west, north, east; east may be more than 180."""
    directions = place.area.directions
    latitude = np.degrees(np.arcsin(np.clip(directions[:, 2], -1.0, 1.0)))
    # Geocentric latitudes are at most 0.2 degrees nearer to the equator than geodetic ones: made larger by as much as they differ there.
    geodetic = np.degrees(np.arctan(np.tan(np.radians(latitude)) * 1.0067394967422765))
    south, north = float(geodetic.min()), float(geodetic.max())
    for pole, sign in ((90.0, 1.0), (-90.0, -1.0)):
        if np.arccos(np.clip(place.area.middle[2] * sign, -1.0, 1.0)) <= place.area.reach_rad:
            return (south, -180.0, pole, 180.0) if sign > 0 else (pole, -180.0, north, 180.0)
    middle = math.degrees(math.atan2(place.area.middle[1], place.area.middle[0]))
    longitude = np.degrees(np.arctan2(directions[:, 1], directions[:, 0]))
    off = (longitude - middle + 180.0) % 360.0 - 180.0
    return south, middle + float(off.min()), north, middle + float(off.max())
