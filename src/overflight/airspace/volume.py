"""A volume of airspace: what area, from which level to which, when, and whose.

An area is one or more parts, each an outer ring and holes. The edges of a ring say what they are: *geodesic* (the shortest way
on the ellipsoid) or *straight* in longitude and latitude (RFC 7946, 3.1.1; between equal latitudes that is a parallel). Arcs
and circles are cut into short geodesic edges by whoever reads them. A ring has no repeated last point; it encloses the
smaller side of the Earth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from overflight.errors import ParameterError
from overflight.units import FT_M, parse_length_m

GEODESIC: Final = 0
STRAIGHT: Final = 1
"""What an edge is; see the top of the module."""

ARC_TOLERANCE_M: Final = 10.0
"""The most that the edges of an arc or a circle may lie inside it."""

KINDS: Final = ("fir", "national", "restricted", "danger", "corridor", "keep_out", "line_side", "hazard")
NOTICES: Final = ("NOTAM", "bulletin")
"""A region's own notice, and what somebody else says of a region."""

Reference = Literal["SFC", "AGL", "AMSL", "STD", "UNL"]

HIGHEST_TERRAIN_FT: Final = 29_032.0
"""Mount Everest, 8,848.86 m: no limit above ground is higher than this and its own height."""


@dataclass(frozen=True)
class Limit:
    """A floor or a ceiling: a height above its reference, in ft.

    SFC is the surface and UNL no limit, both with the value 0; AGL is above ground, AMSL above mean sea level, STD the
    pressure altitude, written as a flight level.
    """

    reference: Reference
    value_ft: float = 0.0

    def __str__(self) -> str:
        """Write it as `parse_limit` reads it."""
        if self.reference in {"SFC", "UNL"}:
            return self.reference
        if self.reference == "STD":
            level = self.value_ft / 100.0
            return f"FL{level:03.0f}" if level == round(level) else f"{self.value_ft:g} ft STD"
        return f"{self.value_ft:g} ft {self.reference}"


SURFACE: Final = Limit("SFC")
UNLIMITED: Final = Limit("UNL")

_LIMIT = re.compile(
    r"([+-]?\d+(?:\.\d+)?\s*(?:FT|F|M|KM)?)\s*(AGL|AMSL|MSL|ALT|STD|SFC|GND|ASFC|AGND|QNH)?", re.IGNORECASE
)
_REFERENCES: Final[dict[str, Reference]] = {
    "AGL": "AGL", "SFC": "AGL", "GND": "AGL", "ASFC": "AGL", "AGND": "AGL",
    "AMSL": "AMSL", "MSL": "AMSL", "ALT": "AMSL", "QNH": "AMSL", "STD": "STD",
}  # fmt: skip


def parse_limit(text: str, parameter: str = "limit") -> Limit:
    """Read a floor or ceiling: "SFC", "GND", "FL245", "4500 ft AMSL", "1500 ft AGL", "1200 M MSL", "UNL".

    A number without a unit is in ft; one without a reference is above mean sea level.

    Raises:
        ParameterError: none of these.
    """
    plain = " ".join(text.upper().split())
    if plain in {"SFC", "GND", "0", "SURFACE", "GROUND"}:
        return SURFACE
    if plain in {"UNL", "UNLIM", "UNLIMITED", "UNLTD"}:
        return UNLIMITED
    if level := re.fullmatch(r"FL\s*(\d{1,3})", plain):
        return Limit("STD", float(level[1]) * 100.0)
    match = _LIMIT.fullmatch(plain)
    if match is None:
        remedy = 'write it like "FL245", "4500 ft AMSL", "1500 ft AGL", "SFC" or "UNL"'
        raise ParameterError(parameter, text, "is no vertical limit", remedy=remedy)
    number = match[1].strip().removesuffix("F") if match[1].strip().endswith("F") else match[1].strip()
    value_ft = float(number) if re.fullmatch(r"[+-]?\d+(\.\d+)?", number) else parse_length_m(number, parameter) / FT_M
    reference = _REFERENCES[match[2]] if match[2] else "AMSL"
    return SURFACE if reference == "AGL" and value_ft == 0 else Limit(reference, round(value_ft, 6))


def inverted(floor: Limit, ceiling: Limit) -> str | None:
    """Say so where nothing can be between floor and ceiling: only limits of one reference can be compared."""
    if floor.reference == "UNL" or ceiling.reference == "SFC":
        return f"nothing is between the floor {floor} and the ceiling {ceiling}"
    if floor.reference == ceiling.reference and floor.value_ft > ceiling.value_ft:
        return f"the floor {floor} is above the ceiling {ceiling}"
    return None


@dataclass(frozen=True, eq=False)
class Ring:
    """A closed line: vertices in degrees, and what the edge from each to the next is (the last one leads to the first)."""

    latitude: NDArray[np.float64]  # (N)
    longitude: NDArray[np.float64]  # (N), -180 to 180
    edge: NDArray[np.uint8]  # (N), GEODESIC or STRAIGHT
    only_closes: NDArray[np.bool_] | None = None  # (N), edges that are no boundary; None for none

    def __len__(self) -> int:
        """Count the vertices."""
        return len(self.latitude)


@dataclass(frozen=True, eq=False)
class Part:
    """An area: an outer ring, less its holes."""

    outer: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True)
class Window:
    """A time during which a volume is active, UTC: from `start` (None: always was) to before `end` (None: until further)."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, eq=False)
class Volume:
    """A volume of airspace.

    Attributes:
        id: unique among the volumes of a check.
        name: what people call it.
        kind: one of `KINDS`.
        parts: its area.
        floor, ceiling: both count as inside.
        active: when it is active; empty for always.
        estimated_end: the end is an estimate (a NOTAM's EST): it holds until somebody says otherwise.
        accuracy_m: of the boundary; 0 where it is exact by definition.
        owner: the party whose it is.
        barred: the party that must not be in it; None for everybody but the owner.
        source: file and place that it was read from.
        raw: the text that it was read from.
        notes: what was mended, assumed or not understood, each in one line.
        notice: what published it, one of `NOTICES`; empty for what is no notice.
        issued_for: flight information regions that a notice is for.
        assumed: what of its area, times or levels is only assumed, on the safe side (a NOTAM's circle of the Q line, a
            schedule that is not understood); empty for nothing. Whatever rests on it is undetermined.
    """

    id: str
    name: str
    kind: str
    parts: tuple[Part, ...]
    floor: Limit = SURFACE
    ceiling: Limit = UNLIMITED
    active: tuple[Window, ...] = ()
    estimated_end: bool = False
    accuracy_m: float = 0.0
    owner: str | None = None
    source: str = ""
    raw: str = ""
    notes: tuple[str, ...] = ()
    notice: str = ""
    issued_for: tuple[str, ...] = ()
    assumed: str = ""
    barred: str | None = None


NOT_ABOUT_AIRSPACE: Final = "is not about airspace"
"""What is assumed of a notice about equipment or the ground: that it has a volume at all."""

_ASSUMING: Final = re.compile(
    rf"{NOT_ABOUT_AIRSPACE}|from the Q line|taken as active|is not applied|is not cut out|is not taken off|contradicts itself|taken as SFC to UNL"
    r"|not stated: open|the widest is taken|all of it is taken|taken as valid"
)


def assumption(notes: Iterable[str]) -> str:
    """Return the first of a reader's notes that says what was assumed of area, times or levels; empty for none."""
    return next((note for note in notes if _ASSUMING.search(note)), "")


@dataclass(frozen=True)
class Refused:
    """A volume that could not be read: it is not tested, and everybody is told.

    Attributes:
        name: what it is called, as far as that is known.
        source: file and place (line, feature, vertex).
        reason: why, in one line.
    """

    name: str
    source: str
    reason: str


@dataclass(frozen=True)
class Airspace:
    """Volumes, and what was refused on the way."""

    volumes: tuple[Volume, ...] = ()
    refused: tuple[Refused, ...] = ()
    digests: tuple[str, ...] = ()  # SHA-256 of the files, lower-case hexadecimal

    def __add__(self, other: Airspace) -> Airspace:
        """Put two together."""
        return Airspace(self.volumes + other.volumes, self.refused + other.refused, self.digests + other.digests)
