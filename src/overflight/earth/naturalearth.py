"""Coastlines, borders and land from the bundled Natural Earth data (1:10 million, public domain).

Only the arcs whose box meets the wanted area, or that belong to the wanted country, are decoded: some ten milliseconds
for a region, most of it to unpack the file. Its layout is described in `tools/make_natural_earth.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TURNS = (-1, 0, 1)


@dataclass(frozen=True)
class Line:
    """A piece of coast, or of a border between two countries: longitude and latitude in degrees, (N, 2).

    Longitude is continuous along the line: it may go beyond 180 or -180.
    """

    points: Floats
    border: bool


@dataclass(frozen=True)
class Area:
    """A part of the globe in degrees. Across the antimeridian, `east` is beyond 180 or `west` below -180."""

    west: float
    south: float
    east: float
    north: float


class NaturalEarth:
    """The bundled map, opened once for a drawing."""

    def __init__(self) -> None:
        """Read the bundled file."""
        path = files("overflight.earth").joinpath("data/natural_earth_10m.npz")
        with path.open("rb") as stream, np.load(stream) as data:
            self._dx, self._dy, self._end = data["dx"], data["dy"], data["arc_end"].astype(np.int64)
            self._x0, self._y0, self._uses = data["x0"].astype(np.int64), data["y0"].astype(np.int64), data["uses"]
            self._box = np.stack([data[name] for name in ("west", "south", "east", "north")], axis=-1).astype(np.int64)
            self._ring_arc, self._ring_end = data["ring_arc"].astype(np.int64), data["ring_end"].astype(np.int64)
            self._scale, self._offset, self._period = data["scale"], data["offset"], int(data["period"])
            self._polygon, self._owner = data["ring_polygon"].astype(np.int64), data["polygon_country"].astype(np.int64)
            self._number, self._name = data["country_id"], data["country_name"]
        self._start = np.concatenate([[0], self._end[:-1]])

    def _degrees(self, quanta: Ints, turn: int) -> Floats:
        return quanta * self._scale + self._offset + np.array([360.0 * turn, 0.0])

    def _latitude(self, degrees: float) -> int:
        return round((degrees - float(self._offset[1])) / float(self._scale[1]))

    def _arc(self, arc: int) -> Ints:
        """Decode one arc, (N, 2) quanta."""
        steps = slice(int(self._start[arc]), int(self._end[arc]))
        points = np.empty((steps.stop - steps.start + 1, 2), dtype=np.int64)
        points[0] = self._x0[arc], self._y0[arc]
        points[1:, 0], points[1:, 1] = self._dx[steps], self._dy[steps]
        return np.cumsum(points, axis=0)

    def _meets(self, box: Ints, area: Area, turn: int) -> npt.NDArray[np.intp]:
        """Which boxes (N, 4: west, south, east, north in quanta), turned, meet the area."""
        low, high = self._degrees(box[:, :2], turn), self._degrees(box[:, 2:], turn)
        meets = (
            (low[:, 0] <= area.east)
            & (high[:, 0] >= area.west)
            & (low[:, 1] <= area.north)
            & (high[:, 1] >= area.south)
        )
        return np.flatnonzero(meets)

    def lines(self, area: Area) -> list[Line]:
        """Return every coast and border with a part in the area, shifted by whole turns to where the area is."""
        found: list[Line] = []
        for turn in TURNS:
            for arc in self._meets(self._box, area, turn):
                points = self._arc(int(arc))
                # Russia and Fiji are cut at the antimeridian; the cut is neither coast nor border.
                seam = (points[1:, 0] % self._period == 0) & (points[:-1, 0] % self._period == 0)
                for piece in np.split(points, np.flatnonzero(seam) + 1) if seam.any() else [points]:
                    if len(piece) > 1:
                        found.append(Line(self._degrees(piece, turn), bool(self._uses[arc] > 1)))
        return found

    def land(self, area: Area) -> list[Floats]:
        """Return the rings of all countries, cut to the area: longitude and latitude in degrees, (N, 2) each.

        Shells and holes alike; filled by the even-odd rule they are the land.
        """
        starts = np.concatenate([[0], self._ring_end[:-1]])
        arcs: Ints = np.maximum(self._ring_arc, -1 - self._ring_arc)  # ~i is arc i backwards
        low = np.minimum.reduceat(self._box[arcs, :2], starts, axis=0)
        high = np.maximum.reduceat(self._box[arcs, 2:], starts, axis=0)
        # Antarctica's ring goes round the pole, and its land to it.
        polar = (high[:, 0] - low[:, 0] > 0.9 * self._period) & (high[:, 1] < self._latitude(-60.0))
        low[polar, 1] = self._latitude(-90.0)
        boxes = np.concatenate([low, high], axis=1)
        found: list[Floats] = []
        for turn in TURNS:
            for ring in self._meets(boxes, area, turn):
                points = self._ring(self._ring_arc[starts[ring] : self._ring_end[ring]])
                cut = clip(self._degrees(points, turn), area)
                if len(cut) > 2:
                    found.append(cut)
        return found

    @property
    def period(self) -> int:
        """How many quanta make 360 degrees of longitude."""
        return self._period

    def names(self) -> dict[str, str]:
        """Return the countries' names in English by ISO 3166-1 numeric code ("792"); a code's main territory names it."""
        numbers = [str(number) for number in self._number]
        return {number: str(self._name[at]) for at, number in reversed(list(enumerate(numbers))) if number}

    def polygons(self, number: str) -> list[list[Ints]]:
        """Return the polygons of a country by ISO 3166-1 numeric code: the outer ring first, then its holes.

        Rings are as stored, in quanta, (N, 2): x eastward, continuous along a ring, y northward; the last point repeats
        the first, but for a ring round a pole, whose end is a `period` away. Arcs that two countries share give both the
        same points, give or take whole periods of x. `to_degrees` makes degrees of them.
        """
        countries = np.flatnonzero(self._number == number)
        wanted = np.flatnonzero(np.isin(self._owner, countries))
        starts = np.concatenate([[0], self._ring_end[:-1]])
        return [
            [
                self._joined(self._ring_arc[starts[ring] : self._ring_end[ring]])
                for ring in np.flatnonzero(self._polygon == polygon)
            ]
            for polygon in wanted
        ]

    def to_degrees(self, quanta: Floats | Ints) -> Floats:
        """Return longitude (-180 to below 180) and latitude of points in quanta, (N, 2).

        Points that are whole periods apart are the same to the last bit: neighbours fit across the antimeridian, too.
        """
        return np.stack([quanta[:, 0] % self._period, quanta[:, 1]], axis=-1) * self._scale + self._offset

    def _ring(self, arcs: Ints) -> Ints:
        """Join arcs to a ring with continuous longitude; one that goes round a pole is closed over the pole."""
        ring = self._joined(arcs)
        if abs(int(ring[-1, 0] - ring[0, 0])) > self._period // 2:
            # Antarctica is the only one: its land is south of the ring.
            pole = self._latitude(-90.0)
            ring = np.concatenate([ring, [[ring[-1, 0], pole], [ring[0, 0], pole]]])
        return ring

    def _joined(self, arcs: Ints) -> Ints:
        """Join arcs to a ring with continuous longitude."""
        parts: list[Ints] = []
        for arc in arcs.tolist():
            points = self._arc(arc) if arc >= 0 else self._arc(~arc)[::-1]
            if parts:
                turns = round((parts[-1][-1, 0] - points[0, 0]) / self._period)
                points = points[1:] + np.array([turns * self._period, 0])
            parts.append(points)
        return np.concatenate(parts)


def clip(ring: Floats, area: Area) -> Floats:
    """Cut a ring to an area (Sutherland and Hodgman, Communications of the ACM 17, 1974)."""
    for axis, limit, sign in ((0, area.west, 1.0), (0, area.east, -1.0), (1, area.south, 1.0), (1, area.north, -1.0)):
        inside = sign * (ring[:, axis] - limit)
        if len(ring) == 0 or (inside >= 0.0).all():
            continue
        ahead, after = np.roll(ring, -1, axis=0), np.roll(inside, -1)
        crossing = (inside >= 0.0) != (after >= 0.0)
        share = np.where(crossing, inside / np.where(crossing, inside - after, 1.0), 0.0)
        both = np.stack([ring, ring + share[:, None] * (ahead - ring)], axis=1).reshape(-1, 2)
        ring = both[np.stack([inside >= 0.0, crossing], axis=1).ravel()]
    return ring
