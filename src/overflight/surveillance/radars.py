"""Where radars stand, and where on the Earth a target is that one of them sees at a range and an azimuth.

A plot of a radar (ASTERIX category 048) is a slant range and an azimuth from true north at the antenna. The ground range
follows from the triangle of the middle of the Earth, the antenna and the target, whose sides are the Earth's radius plus
each height, and the slant range (the law of cosines); the radius is that of the ellipsoid in the direction of the target
(Euler: 1/R = cos^2 A/M + sin^2 A/N). The place follows by the geodesic on WGS84 (pyproj). The height is taken from the flight
level, as if at standard pressure: at 40 km a height wrong by 300 m displaces a target at FL350 by 80 m.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

from overflight.errors import ParameterError
from overflight.units import parse_length_m

_A_M: Final = 6_378_137.0  # WGS84
_E2: Final = 6.694379990141e-3
HIGHEST_M: Final = 15_240.0
"""FL500: how high a target may be that tells no height."""
_REMEDY: Final = (
    'write it like "25/10=50.90,4.48,60 m": SAC/SIC, latitude and longitude in degrees, height of the antenna'
)


class Radar(NamedTuple):
    """Where a radar's antenna stands: degrees WGS84, and m above the ellipsoid (or mean sea level, which is near enough)."""

    latitude: float
    longitude: float
    height_m: float


Radars: TypeAlias = Mapping[str, tuple[float, float, float]]
"""By "SAC/SIC" in decimal, "25/10": latitude, longitude, height in m."""


def parse_radar(text: str, parameter: str = "radar") -> tuple[str, Radar]:
    """Read ``"25/10=50.90,4.48,60 m"``.

    Raises:
        ParameterError: it is not written so, or no such place is on the Earth.
    """
    name, equals, place = text.partition("=")
    parts = place.split(",")
    if not equals or len(parts) != 3:
        raise ParameterError(parameter, text, "is no radar with its place", remedy=_REMEDY)
    try:
        latitude, longitude = float(parts[0]), float(parts[1])
    except ValueError:
        raise ParameterError(parameter, text, "has no latitude and longitude", remedy=_REMEDY) from None
    return next(iter(checked({name.strip(): (latitude, longitude, parse_length_m(parts[2], parameter))}).items()))


def checked(radars: Radars, parameter: str = "radar") -> dict[str, Radar]:
    """The radars, after a look at each.

    Raises:
        ParameterError: a name that is no SAC/SIC, or a place that is not on the Earth.
    """
    found: dict[str, Radar] = {}
    for name, place in radars.items():
        codes = name.split("/")
        if len(codes) != 2 or not all(code.isascii() and code.isdigit() and int(code) < 256 for code in codes):
            raise ParameterError(parameter, name, "is no SAC/SIC, two numbers up to 255", remedy=_REMEDY)
        radar = Radar(*place)
        # the comparisons are false for NaN
        if not (abs(radar.latitude) <= 90 and abs(radar.longitude) <= 180 and abs(radar.height_m) <= 10_000):
            raise ParameterError(parameter, f"{name}={place}", "is no place on the Earth", remedy=_REMEDY)
        found[f"{int(codes[0])}/{int(codes[1])}"] = radar
    return found


def ground_range_m(radar: Radar, slant_m: float, azimuth_deg: float, height_m: float) -> float:
    """Way along the Earth to a target at a height, for the slant range at which the radar sees it, both in m.

    A slant range shorter than the difference of heights is overhead: 0.
    """
    sin_latitude, azimuth = math.sin(math.radians(radar.latitude)), math.radians(azimuth_deg)
    square = 1.0 - _E2 * sin_latitude**2
    meridian, normal = _A_M * (1.0 - _E2) / square**1.5, _A_M / math.sqrt(square)
    radius = 1.0 / (math.cos(azimuth) ** 2 / meridian + math.sin(azimuth) ** 2 / normal)
    here, there = radius + radar.height_m, radius + height_m
    # the law of cosines by half angles: the plain one loses metres to rounding at short range
    sine = math.sqrt(max(slant_m**2 - (there - here) ** 2, 0.0) / (4.0 * here * there))
    return 2.0 * radius * math.asin(min(sine, 1.0))


def ground_range_between_m(radar: Radar, slant_m: float, azimuth_deg: float) -> tuple[float, float]:
    """Middle and half width of the ground ranges that a target of unknown height may have, from the antenna's to FL500."""
    far = ground_range_m(radar, slant_m, azimuth_deg, radar.height_m)
    near = ground_range_m(radar, slant_m, azimuth_deg, HIGHEST_M)
    return (far + near) / 2.0, (far - near) / 2.0


def place_at(radar: Radar, azimuth_deg: float, ground_m: float) -> tuple[float, float]:
    """Latitude and longitude, in degrees, of what is so far away on the ground in that direction."""
    longitude, latitude, _ = _geod().fwd(radar.longitude, radar.latitude, azimuth_deg, ground_m)
    return latitude, longitude


@cache
def _geod() -> Any:
    import pyproj

    return pyproj.Geod(ellps="WGS84")
