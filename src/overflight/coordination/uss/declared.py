"""`Declared`: what a party says of an operation (where and when, and how urgent it is), read strictly, and whether two are in each other's way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, cast

from overflight.coordination.areas import Area
from overflight.coordination.dss.shapes import Shape
from overflight.coordination.uss.levels import Band, flight_levels
from overflight.coordination.volumes import Volume, read_object, read_volume, shortened, written
from overflight.errors import ParameterError
from overflight.units import FT_M

PRECEDENCE: Final = ("routine", "state", "medical", "emergency")
"""Who gives way to whom: the later before the earlier. It is fixed: what everybody may claim for themselves, nobody would keep to if it could be argued."""
MOST_VOLUMES: Final = 100


@dataclass(frozen=True)
class Place:
    """One volume of an operation: an area and times, as `Volume` has them, and its band of levels as it was told."""

    volume: Volume
    band: Band

    @cached_property
    def area(self) -> Area:
        """The area."""
        assert self.volume.outline is not None
        return Area(self.volume.outline)

    def meets(self, other: Place) -> bool:
        """Whether both have a place, a time and a level in common; levels as they were told."""
        return self.volume.when(other.volume) and self.band.meets(other.band) and self.area.meets(other.area)

    def registered(self) -> Volume:
        """Return the volume above the ellipsoid that this one is in, whatever the weather."""
        band = self.band.above_ellipsoid()
        return replace(self.volume, lower_m=band.lower_m, upper_m=band.upper_m)

    def told(self) -> dict[str, Any]:
        """Return it as `read_place` reads it."""
        fields = written(self.volume)
        if self.band.pressure:
            fields["flight_levels"] = [
                round(self.band.lower_m / FT_M / 100.0, 6),
                round(self.band.upper_m / FT_M / 100.0, 6),
            ]
        return fields


@dataclass(frozen=True)
class Declared:
    """What a party says of an operation."""

    precedence: str
    places: tuple[Place, ...]

    @property
    def shape(self) -> Shape:
        """The shape that the register is told."""
        return Shape(place.registered() for place in self.places)

    def meeting(self, other: Declared) -> list[Place]:
        """Return the places of another that are in the way of this one."""
        return [theirs for theirs in other.places if any(mine.meets(theirs) for mine in self.places)]

    def gives_way_to(self, other: Declared) -> bool:
        """Whether this one may not be planned into the other: that is of the same precedence, or a higher one."""
        return PRECEDENCE.index(self.precedence) <= PRECEDENCE.index(other.precedence)

    def told(self) -> dict[str, Any]:
        """Return it as `read_declared` reads it."""
        return {"precedence": self.precedence, "volumes": [place.told() for place in self.places]}


def read_declared(told: Any) -> Declared:
    """Read what a party says of an operation: `precedence` (routine where none is given) and `volumes`.

    Raises:
        ParameterError: it makes no sense.
    """
    fields = read_object(told, "operation")
    unknown = sorted(set(fields) - {"precedence", "volumes"})
    if unknown:
        raise ParameterError(unknown[0], "field", "is not known", remedy="tell where and when, and nothing more")
    precedence = fields.get("precedence", PRECEDENCE[0])
    if precedence not in PRECEDENCE:
        raise ParameterError(
            "precedence", shortened(precedence), "is none", remedy=f"give one of {', '.join(PRECEDENCE)}"
        )
    volumes = fields.get("volumes")
    if not isinstance(volumes, list) or not 0 < len(cast("list[Any]", volumes)) <= MOST_VOLUMES:
        raise ParameterError("volumes", "what is given", "is no list of volumes", remedy=f"give 1 to {MOST_VOLUMES}")
    told_volumes = enumerate(cast("list[Any]", volumes))
    return Declared(precedence, tuple(read_place(one, f"volumes[{k}]") for k, one in told_volumes))


def read_place(told: Any, name: str) -> Place:
    """Read a volume as ASTM F3548-21 writes it, with `flight_levels` (two numbers) instead of altitudes where it is flown by pressure.

    Raises:
        ParameterError: it makes no sense.
    """
    by_pressure = isinstance(told, dict) and "flight_levels" in told
    volume = read_volume(told, name)
    for end, moment in (("start", volume.start_us), ("end", volume.end_us)):
        if moment is None:
            raise ParameterError(f"{name}.time_{end}", None, "is missing", remedy="give it")
    if by_pressure:
        levels = cast("dict[str, Any]", told)["flight_levels"]
        if not _two_numbers(levels):
            raise ParameterError(
                f"{name}.flight_levels", shortened(levels), "are not two numbers", remedy="give [280, 320]"
            )
        if volume.lower_m > -1e9 or volume.upper_m < 1e9:
            raise ParameterError(f"{name}.flight_levels", "and altitudes", "are both given", remedy="give one of them")
        band = flight_levels(float(levels[0]), float(levels[1]), f"{name}.flight_levels")
    else:
        if volume.lower_m < -1e9 or volume.upper_m > 1e9:
            raise ParameterError(
                f"{name}.volume", "levels", "are missing", remedy="give flight_levels, or both altitudes"
            )
        band = Band(volume.lower_m, volume.upper_m, pressure=False)
    place = Place(volume, band)
    _ = place.area  # an area that makes no sense is refused now
    return place


def _two_numbers(told: Any) -> bool:
    if not isinstance(told, list) or len(cast("list[Any]", told)) != 2:
        return False
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in cast("list[Any]", told))
