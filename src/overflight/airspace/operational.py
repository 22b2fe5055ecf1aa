"""A volume of an operation: an area, levels and times, as ASTM F3548-21 writes them (`Volume4D` of its API, version 1.0.0), read strictly.

Levels are metres above the WGS84 ellipsoid; times are UTC, whole microseconds since 1970. Fields that the standard does not know are ignored; what it
asks for and is missing, or makes no sense, is refused by its name.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from overflight.errors import ParameterError

MOST_VERTICES: Final = 10_000
"""`OiMaxVertices` of the standard."""
LARGEST_M: Final = 5_000_000.0
"""The largest radius of a circle: the standard has none, and an operation is smaller."""
ALTITUDES_M: Final = (-8_000.0, 100_000.0)
"""What the standard's API allows a level to be."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]00:00)", re.ASCII)


@dataclass(frozen=True)
class Circle:
    """All points at most `radius_m` from a point (deg) along the ellipsoid."""

    latitude: float
    longitude: float
    radius_m: float


@dataclass(frozen=True)
class Polygon:
    """What geodesics between points (deg) enclose, each with the next and the last with the first: the smaller side."""

    latitude: tuple[float, ...]
    longitude: tuple[float, ...]


@dataclass(frozen=True)
class Volume:
    """Where and when something is.

    Attributes:
        outline: the area; None for everywhere, which only a query may ask for.
        lower_m, upper_m: levels, m above the ellipsoid; infinite where none was given.
        start_us, end_us: times, us since 1970; None where none was given.
    """

    outline: Circle | Polygon | None
    lower_m: float = -math.inf
    upper_m: float = math.inf
    start_us: int | None = None
    end_us: int | None = None

    def when(self, other: Volume) -> bool:
        """Whether both are at some time; a time that was not given is open, and ends that touch are at once."""
        begins = self.start_us is None or other.end_us is None or self.start_us <= other.end_us
        return begins and (self.end_us is None or other.start_us is None or other.start_us <= self.end_us)

    def level(self, other: Volume) -> bool:
        """Whether both are at some level; levels that touch are one."""
        return self.lower_m <= other.upper_m and other.lower_m <= self.upper_m


def read_volumes(told: Any, name: str = "extents") -> list[Volume]:
    """Read a list of volumes, each with its area, levels and times.

    Raises:
        ParameterError: it is empty, or one of them makes no sense.
    """
    if not isinstance(told, list) or not told:
        raise ParameterError(name, shortened(told), "is no list of volumes", remedy="give one at least")
    return [read_volume(one, f"{name}[{k}]", whole=True) for k, one in enumerate(cast("list[Any]", told))]


def read_volume(told: Any, name: str = "area_of_interest", *, whole: bool = False) -> Volume:
    """Read a volume (`Volume4D`); where it is `whole`, levels and times must be given.

    Raises:
        ParameterError: it makes no sense.
    """
    fields = read_object(told, name)
    space = read_object(fields.get("volume"), f"{name}.volume")
    circle, polygon = space.get("outline_circle"), space.get("outline_polygon")
    if (circle is None) == (polygon is None):
        raise ParameterError(f"{name}.volume", "outline", "is a circle or a polygon", remedy="give one, not both")
    where = f"{name}.volume.outline"
    outline = _polygon(polygon, f"{where}_polygon") if circle is None else _circle(circle, f"{where}_circle")
    lower, upper = (
        _altitude(space.get(f"altitude_{end}"), f"{name}.volume.altitude_{end}") for end in ("lower", "upper")
    )
    start, end = (_time(fields.get(f"time_{end}"), f"{name}.time_{end}") for end in ("start", "end"))
    for side, value in (("altitude_lower", lower), ("altitude_upper", upper), ("time_start", start), ("time_end", end)):
        if whole and value is None:
            raise ParameterError(f"{name}.{side}", None, "is missing", remedy="give it")
    if lower is not None and upper is not None and lower > upper:
        raise ParameterError(f"{name}.volume.altitude_lower", lower, "is above the upper level", remedy="exchange them")
    if start is not None and end is not None and start > end:
        raise ParameterError(f"{name}.time_start", start, "is after the end", remedy="exchange them")
    low, high = -math.inf if lower is None else lower, math.inf if upper is None else upper
    return Volume(outline, low, high, start, end)


def written(volume: Volume) -> dict[str, Any]:
    """Return a volume as the standard writes it (`Volume4D`); `read_volume` reads it back."""
    outline = volume.outline
    space: dict[str, Any] = {}
    if isinstance(outline, Circle):
        center = {"lat": outline.latitude, "lng": outline.longitude}
        space["outline_circle"] = {"center": center, "radius": {"value": outline.radius_m, "units": "M"}}
    elif outline is not None:
        points = zip(outline.latitude, outline.longitude, strict=True)
        space["outline_polygon"] = {"vertices": [{"lat": latitude, "lng": longitude} for latitude, longitude in points]}
    for end, level_m in (("lower", volume.lower_m), ("upper", volume.upper_m)):
        if math.isfinite(level_m):
            space[f"altitude_{end}"] = {"value": level_m, "reference": "W84", "units": "M"}
    told: dict[str, Any] = {"volume": space}
    for end, time_us in (("start", volume.start_us), ("end", volume.end_us)):
        if time_us is not None:
            told[f"time_{end}"] = written_time(time_us)
    return told


def written_time(time_us: int) -> dict[str, str]:
    """Return a time as the standard writes it."""
    moment = _EPOCH + timedelta(microseconds=time_us)
    return {"value": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"), "format": "RFC3339"}


def _circle(told: Any, name: str) -> Circle:
    fields = read_object(told, name)
    latitude, longitude = _point(fields.get("center"), f"{name}.center")
    radius = read_object(fields.get("radius"), f"{name}.radius")
    if radius.get("units") != "M":
        raise ParameterError(f"{name}.radius.units", shortened(radius.get("units")), "is no unit", remedy="give M")
    metres = _number(radius.get("value"), f"{name}.radius.value", 0.0, LARGEST_M)
    if metres == 0.0:
        raise ParameterError(f"{name}.radius.value", metres, "encloses nothing", remedy="give more than 0")
    return Circle(latitude, longitude, metres)


def _polygon(told: Any, name: str) -> Polygon:
    vertices = read_object(told, name).get("vertices")
    if not isinstance(vertices, list) or not 3 <= len(cast("list[Any]", vertices)) <= MOST_VERTICES:
        raise ParameterError(name, "vertices", "are no polygon", remedy=f"give 3 to {MOST_VERTICES:,}")
    points = [_point(one, f"{name}.vertices[{k}]") for k, one in enumerate(cast("list[Any]", vertices))]
    if len(set(points)) < len(points):
        raise ParameterError(
            name, "vertices", "are there twice", remedy="give each once; the last is joined to the first"
        )
    latitude, longitude = zip(*points, strict=True)
    return Polygon(latitude, longitude)


def _point(told: Any, name: str) -> tuple[float, float]:
    fields = read_object(told, name)
    return _number(fields.get("lat"), f"{name}.lat", -90.0, 90.0), _number(
        fields.get("lng"), f"{name}.lng", -180.0, 180.0
    )


def _altitude(told: Any, name: str) -> float | None:
    if told is None:
        return None
    fields = read_object(told, name)
    for field, wanted in (("reference", "W84"), ("units", "M")):
        if fields.get(field) != wanted:
            raise ParameterError(
                f"{name}.{field}", shortened(fields.get(field)), "is not known", remedy=f"give {wanted}"
            )
    return _number(fields.get("value"), f"{name}.value", *ALTITUDES_M)


def _time(told: Any, name: str) -> int | None:
    if told is None:
        return None
    fields = read_object(told, name)
    if fields.get("format") != "RFC3339":
        raise ParameterError(f"{name}.format", shortened(fields.get("format")), "is not known", remedy="give RFC3339")
    value = fields.get("value")
    moment = None
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:  # a thirtieth of February
            moment = None
    if moment is None:
        raise ParameterError(
            f"{name}.value", shortened(value), "is no time", remedy='write it like "2015-10-07T04:00:00Z"'
        )
    return (moment - _EPOCH) // timedelta(microseconds=1)


def read_object(told: Any, name: str) -> dict[str, Any]:
    """Return what is told if it is an object.

    Raises:
        ParameterError: it is none.
    """
    if not isinstance(told, dict):
        raise ParameterError(name, shortened(told), "is no object", remedy="look at the standard's API")
    return cast("dict[str, Any]", told)


def _number(told: Any, name: str, least: float, most: float) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float) or not least <= told <= most:
        raise ParameterError(name, shortened(told), "is no such number", remedy=f"give {least:g} to {most:g}")
    return float(told)


def shortened(told: Any) -> str:
    """Return what was told as an error may show it."""
    return ascii(told)[:40]
