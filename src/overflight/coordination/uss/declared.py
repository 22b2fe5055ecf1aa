"""`Declared`: what a party says of an operation (where and when, and how urgent it is), read strictly, and whether two are in each other's way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, cast

from overflight.airspace.bands import Band
from overflight.airspace.declarations import read_declared_volume
from overflight.airspace.operational import Volume, read_object, shortened, written
from overflight.coordination.areas import Area
from overflight.coordination.dss.shapes import Shape
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
    volume, band = read_declared_volume(told, name)
    place = Place(volume, band)
    _ = place.area  # an area that makes no sense is refused now
    return place
