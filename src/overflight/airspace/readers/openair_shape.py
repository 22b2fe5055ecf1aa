"""The geometry of an OpenAir volume: points, arcs, circles and airways, put together to areas.

Variables (V) hold from their line to the end of the volume: the centre X, the direction D of arcs (clockwise unless "-")
and the width W of an airway. Each arc begins and ends exactly where its line says; where its two ends are not equally far
from the centre, as happens with positions in whole seconds, the radius changes evenly from one to the other.
"""

from __future__ import annotations

import math
import re
from typing import Final

import numpy as np

from overflight.airspace.readers import openair_lines as text
from overflight.airspace.readers.openair_lines import Line, LineError, Place
from overflight.airspace.rings import GEOD, SAME_DEG, RingError, arc, circle, make_ring
from overflight.airspace.volume import GEODESIC, Part
from overflight.units import NM_M

LARGEST_NM: Final = 5400.0
"""A quarter of the way around the Earth: no radius and no width is larger."""

ROUNDED_M: Final = 100.0
"""The ends of an arc are this far from one circle at most where positions are rounded; beyond, a note says so."""

SHARPEST_DEG: Final = 120.0
"""An airway that turns more has no width that anybody could name."""


class Shape:
    """Areas, as far as they are read."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.parts: list[Part] = []
        self.notes: list[str] = []
        self.broken = False  # a line was refused: what is left is not the area
        self._latitude: list[float] = []
        self._longitude: list[float] = []
        self._lines: list[int] = []
        self._airway: list[Place] = []
        self._airway_line = 0
        self._centre: Place | None = None
        self._clockwise = True
        self._width_nm: float | None = None

    @property
    def begun(self) -> bool:
        """Whether there is a point, an arc, a circle or an airway already."""
        return bool(self.parts or self._lines or self._airway or self.broken)

    def take(self, line: Line) -> list[str]:
        """Read one line of the geometry.

        Returns:
            Notes on what was mended.

        Raises:
            LineError: it is not understood.
        """
        try:
            notes = self._take(line)
        except LineError:
            self.broken = True
            raise
        return [f"line {line.number}: {note}" for note in notes]

    def _take(self, line: Line) -> list[str]:
        match line.command:
            case "VX":
                [self._centre] = text.places(line.text, 1)
                return [self._centre.note] if self._centre.note else []
            case "VD":
                if line.text not in {"+", "-"}:
                    raise LineError(f"direction V D={line.text[:20]!r} is neither + nor -")
                self._clockwise = line.text == "+"
            case "VW":
                self._width_nm = _length_nm(line.text, "width (V W)")
            case "DP":
                [place] = text.places(line.text, 1)
                self._add([place.latitude], [place.longitude], line, arc=False)
                return [place.note] if place.note else []
            case "DY":
                [place] = text.places(line.text, 1)
                self._airway.append(place)
                self._airway_line = self._airway_line or line.number
                return [place.note] if place.note else []
            case "DC":
                self._polygon()
                centre = self._needed_centre("a circle (DC)")
                radius_m = _length_nm(line.text, "radius (DC)") * NM_M
                self._area(*circle(centre.latitude, centre.longitude, radius_m), [line.number])
            case "DA":
                centre = self._needed_centre("an arc (DA)")
                radius_nm, start, end = text.numbers(line.text, 3, "an arc (DA) by radius and two bearings")
                if not all(-360.0 <= angle <= 360.0 for angle in (start, end)):
                    raise LineError(f"bearings {start:g} and {end:g} (DA) are not within 360 degrees")
                radius_m = _length_nm(f"{radius_nm}", "radius (DA)") * NM_M
                points = arc(centre.latitude, centre.longitude, radius_m, start, end, clockwise=self._clockwise)
                self._add(*points, line, arc=True)
            case _:  # DB
                start, end = text.places(line.text, 2)
                return self._arc_between(self._needed_centre("an arc (DB)"), start, end, line)
        return []

    def close(self) -> None:
        """Finish the area that is open.

        Raises:
            LineError: it is none.
        """
        self._polygon()
        if self._airway:
            if self._width_nm is None:
                raise LineError(f"line {self._airway_line}: an airway (DY) needs its width (V W)")
            outline = _corridor(self._airway, self._width_nm * NM_M / 2.0)
            self._area(*outline, [self._airway_line])
        if not self.parts:
            raise LineError("no geometry (DP, DC, DA, DB or DY)")

    def _needed_centre(self, what: str) -> Place:
        if self._centre is None:
            raise LineError(f"{what} needs its centre (V X) before it")
        return self._centre

    def _add(self, latitude: list[float], longitude: list[float], line: Line, *, arc: bool) -> None:
        """Append vertices. An arc and the point that it begins or ends at are told twice, which is no repetition."""
        for lat, lon in zip(latitude, longitude, strict=True):
            if self._lines and self._same(-1, lat, lon) and (arc or self._lines[-1] < 0):
                continue
            self._latitude.append(lat)
            self._longitude.append(lon)
            self._lines.append(-line.number if arc else line.number)  # the sign keeps what it came from

    def _same(self, at: int, latitude: float, longitude: float) -> bool:
        return abs(self._latitude[at] - latitude) <= SAME_DEG and abs(self._longitude[at] - longitude) <= SAME_DEG

    def _arc_between(self, centre: Place, start: Place, end: Place, line: Line) -> list[str]:
        ends_lon, ends_lat = [start.longitude, end.longitude], [start.latitude, end.latitude]
        azimuth, _, radius = GEOD.inv([centre.longitude] * 2, [centre.latitude] * 2, ends_lon, ends_lat)
        low, high = sorted(float(each) for each in radius)
        if low < 1.0 or high > LARGEST_NM * NM_M or high - low > 0.2 * high:
            near = " and ".join(f"{each / NM_M:.2f} NM" for each in radius)
            raise LineError(f"the ends of the arc (DB) are {near} from its centre")
        lat, lon = arc(
            centre.latitude,
            centre.longitude,
            high,
            float(azimuth[0]),
            float(azimuth[1]),
            clockwise=self._clockwise,
        )
        if high > low:
            n = len(lat)
            there, _, _ = GEOD.inv([centre.longitude] * n, [centre.latitude] * n, lon, lat)
            between = np.linspace(float(radius[0]), float(radius[1]), n)
            around = GEOD.fwd([centre.longitude] * n, [centre.latitude] * n, there, between)
            lon, lat = [float(x) for x in around[0]], [float(y) for y in around[1]]
        lat[0], lon[0], lat[-1], lon[-1] = start.latitude, start.longitude, end.latitude, end.longitude
        self._add(lat, lon, line, arc=True)
        notes = [place.note for place in (start, end) if place.note]
        if high - low > ROUNDED_M:
            notes.append(f"one end of the arc (DB) is {high - low:.0f} m farther from its centre than the other")
        return notes

    def _polygon(self) -> None:
        """Close the ring of points and arcs, if there is one."""
        if self._lines:
            latitude, longitude, lines = self._latitude, self._longitude, self._lines
            self._latitude, self._longitude, self._lines = [], [], []
            self._area(latitude, longitude, [abs(number) for number in lines])

    def _area(self, latitude: list[float], longitude: list[float], lines: list[int]) -> None:
        """Make a part; `lines` says where each vertex came from, or all of them."""
        try:
            ring, mended = make_ring(latitude, longitude, GEODESIC)
        except RingError as error:
            raise LineError(f"{_where(str(error), latitude, longitude, lines)}: {error}") from None
        self.parts.append(Part(ring))
        what = f"part {len(self.parts)}: " if len(self.parts) > 1 else ""
        self.notes += [what + note for note in mended]


def _where(reason: str, latitude: list[float], longitude: list[float], lines: list[int]) -> str:
    """Name the line of the vertex that an error names."""
    vertex = re.search(r"vertex (\d+)", reason)
    if len(lines) != len(latitude) or vertex is None:
        return f"line {lines[0]}" if lines[0] == lines[-1] else f"lines {lines[0]} to {lines[-1]}"
    # The ring is counted without vertices that repeat the one before.
    kept = [
        k
        for k in range(len(lines))
        if k == 0 or abs(latitude[k] - latitude[k - 1]) > SAME_DEG or abs(longitude[k] - longitude[k - 1]) > SAME_DEG
    ]
    return f"line {lines[kept[min(int(vertex[1]), len(kept)) - 1]]}"


def _length_nm(told: str, what: str) -> float:
    [length] = text.numbers(re.sub(r"\s*NM$", "", told, flags=re.IGNORECASE), 1, what)
    if not 0.0 < length <= LARGEST_NM:
        raise LineError(f"{what} {length:g} NM is no length")
    return length


def _corridor(line: list[Place], half_m: float) -> tuple[list[float], list[float]]:
    """Outline an airway: half the width to both sides, mitred where it turns, ending square at its first and last point."""
    kept = [place for k, place in enumerate(line) if k == 0 or place != line[k - 1]]
    if len(kept) < 2:
        raise LineError("an airway (DY) needs two points")
    lat, lon = [place.latitude for place in kept], [place.longitude for place in kept]
    leaving, back, _ = GEOD.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    sides: dict[float, list[tuple[float, float]]] = {-90.0: [], 90.0: []}
    for k in range(len(kept)):
        coming = float(back[k - 1]) + 180.0 if k else float(leaving[0])
        going = float(leaving[k]) if k < len(kept) - 1 else coming
        turn = (going - coming + 180.0) % 360.0 - 180.0
        if abs(turn) > SHARPEST_DEG:
            raise LineError(f"the airway (DY) turns by {abs(turn):.0f} degrees at its point {k + 1}")
        reach = half_m / math.cos(math.radians(turn / 2.0))
        for side, points in sides.items():
            east, north, _ = GEOD.fwd(lon[k], lat[k], coming + turn / 2.0 + side, reach)
            points.append((float(north), float(east)))
    outline = sides[-90.0] + sides[90.0][::-1]
    return [north for north, _ in outline], [east for _, east in outline]
