"""Volumes of operations as parties declare them: those of ASTM F3548-21, with `flight_levels` in place of altitudes where they are flown by pressure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from overflight.airspace import operational
from overflight.airspace.bands import GEOID_M, Band, flight_levels
from overflight.airspace.operational import Circle, Polygon, read_volume, shortened
from overflight.airspace.rings import RingError, circle, make_ring
from overflight.airspace.volume import ARC_TOLERANCE_M, GEODESIC, Limit, Part, Volume, Window
from overflight.errors import ParameterError
from overflight.units import FT_M

_FAR_M: Final = 1e9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_declared_volume(told: Any, name: str) -> tuple[operational.Volume, Band]:
    """Read a volume with its levels; both its times must be given.

    Raises:
        ParameterError: it makes no sense.
    """
    by_pressure = isinstance(told, dict) and "flight_levels" in told
    volume = read_volume(told, name)
    for end, moment in (("start", volume.start_us), ("end", volume.end_us)):
        if moment is None:
            raise ParameterError(f"{name}.time_{end}", None, "is missing", remedy="give it")
    if not by_pressure:
        if volume.lower_m < -_FAR_M or volume.upper_m > _FAR_M:
            remedy = "give flight_levels, or both altitudes"
            raise ParameterError(f"{name}.volume", "levels", "are missing", remedy=remedy)
        return volume, Band(volume.lower_m, volume.upper_m, pressure=False)
    levels = cast("dict[str, Any]", told)["flight_levels"]
    if not _two_numbers(levels):
        remedy = "give [280, 320]"
        raise ParameterError(f"{name}.flight_levels", shortened(levels), "are not two numbers", remedy=remedy)
    if volume.lower_m > -_FAR_M or volume.upper_m < _FAR_M:
        raise ParameterError(f"{name}.flight_levels", "and altitudes", "are both given", remedy="give one of them")
    return volume, flight_levels(float(levels[0]), float(levels[1]), f"{name}.flight_levels")


def declared_airspace(told: Any, name: str, number: str, party: str) -> Volume:
    """Read a volume as airspace that flights are held against; levels above the ellipsoid are as wide as the geoid may make them.

    Raises:
        ParameterError: it makes no sense.
    """
    volume, band = read_declared_volume(told, name)
    outline = volume.outline
    assert isinstance(outline, Circle | Polygon)
    try:
        ring, _ = make_ring(*_points(outline), GEODESIC)
    except RingError as error:
        raise ParameterError(f"{name}.volume", "outline", str(error), remedy="give one that encloses an area") from None
    off = (0.0, 0.0) if band.pressure else (-GEOID_M[1], -GEOID_M[0])
    reference = "STD" if band.pressure else "AMSL"
    floor, ceiling = (
        Limit(reference, round((level_m + by_m) / FT_M, 6))
        for level_m, by_m in zip((band.lower_m, band.upper_m), off, strict=True)
    )
    assert volume.start_us is not None
    assert volume.end_us is not None
    start, end = (_EPOCH + timedelta(microseconds=moment) for moment in (volume.start_us, volume.end_us))
    accuracy_m = ARC_TOLERANCE_M if isinstance(outline, Circle) else 0.0
    active = (Window(start, end),)
    return Volume(number, number, "keep_out", (Part(ring),), floor, ceiling, active, accuracy_m=accuracy_m, owner=party)


def _points(outline: Circle | Polygon) -> tuple[Sequence[float], Sequence[float]]:
    if isinstance(outline, Circle):
        return circle(outline.latitude, outline.longitude, outline.radius_m)
    return outline.latitude, outline.longitude


def _two_numbers(told: Any) -> bool:
    if not isinstance(told, list) or len(cast("list[Any]", told)) != 2:
        return False
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in cast("list[Any]", told))
