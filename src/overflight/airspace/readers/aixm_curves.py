"""Curves and rings of AIXM (GML 3.2.1, as OGC 12-028r1 "Use of GML for aviation data" reads it).

Each segment says what it is: GeodesicString the shortest way; LineStringSegment and LinearRing straight in the coordinates,
which between equal latitudes is a parallel; ArcByCenterPoint and CircleByCenterPoint cut into short geodesics. Angles of arcs
turn from the first axis to the second: from north clockwise where latitude comes first (EPSG:4326), from east
counter-clockwise in CRS84. An arc runs from its start to its end angle, clockwise in EPSG:4326 where the end is greater.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from overflight.airspace.readers.aixm_document import (
    AixmError,
    Element,
    Links,
    href,
    length_m,
    local,
    number,
    own_text,
    text,
)
from overflight.airspace.rings import GEOD, arc, circle
from overflight.airspace.volume import GEODESIC, STRAIGHT

WIDEST_M: Final = 5_000_000.0
"""Radius of an arc: a quarter of a great circle is twice as long."""

NESTED: Final = 20
"""How deep curves may lie in curves."""

_SEGMENTS: Final = {"GeodesicString": GEODESIC, "Geodesic": GEODESIC, "LineStringSegment": STRAIGHT}


@dataclass(frozen=True)
class Piece:
    """A line from point to point.

    Attributes:
        latitude, longitude: in degrees, (N).
        edges: what leads from each point to the next, (N - 1).
        arc: its points are computed: where it meets published ones, those count.
        closed: a full circle.
    """

    latitude: list[float]
    longitude: list[float]
    edges: list[int]
    arc: bool = False
    closed: bool = False

    def turned(self) -> Piece:
        """Return it the other way round."""
        return Piece(self.latitude[::-1], self.longitude[::-1], self.edges[::-1], self.arc, self.closed)

    def cut(self, start: int, end: int) -> Piece:
        """Return the points from `start` to before `end`."""
        return Piece(self.latitude[start:end], self.longitude[start:end], self.edges[start : end - 1], self.arc)


def line(latitude: list[float], longitude: list[float], edge: int) -> Piece:
    """Make a piece all edges of which are the same."""
    return Piece(latitude, longitude, [edge] * (len(latitude) - 1))


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the geodesic distance of two points (latitude, longitude)."""
    return float(GEOD.inv(a[1], a[0], b[1], b[0])[2])


def pieces(curve: Element, links: Links, nested: int = 0) -> list[Piece]:
    """Read a curve of any sort.

    Raises:
        AixmError: it is of a sort that is not understood, or damaged.
    """
    if nested > NESTED:
        raise AixmError("its curves lie too deep in each other")
    kind = local(curve)
    if kind == "Curve":
        return [_segment(part, links) for part in curve.iterfind("{*}segments/{*}*")]
    if kind == "LineString":
        return [line(*positions(curve, links), STRAIGHT)]
    if kind == "OrientableCurve":
        found = [piece for base in curve.iterfind("{*}baseCurve") for piece in member(base, links, nested + 1)]
        return [piece.turned() for piece in reversed(found)] if curve.get("orientation") == "-" else found
    if kind == "CompositeCurve":
        return [piece for part in curve.iterfind("{*}curveMember") for piece in member(part, links, nested + 1)]
    raise AixmError(f"a {kind} is no curve that is understood")


def member(element: Element, links: Links, nested: int = 0) -> list[Piece]:
    """Read the curve that an element holds or links to."""
    curve = links.follow(element) if href(element) is not None else next(iter(element), None)
    if curve is None:
        raise AixmError(f"a {local(element)} is empty")
    return pieces(curve, links, nested)


def _segment(element: Element, links: Links) -> Piece:
    kind = local(element)
    if kind in _SEGMENTS:
        geodesic = element.get("interpolation") == "geodesic"
        return line(*positions(element, links), GEODESIC if geodesic else _SEGMENTS[kind])
    if kind not in {"ArcByCenterPoint", "CircleByCenterPoint"}:
        raise AixmError(f"a {kind} is no segment that is understood")
    latitude, longitude = positions(element, links)
    if len(latitude) != 1 or not (abs(latitude[0]) <= 90 and abs(longitude[0]) <= 360):
        raise AixmError(f"a {kind} needs one centre on the Earth")
    radius_m = length_m(element.find("{*}radius"), "radius")
    if not 0 < radius_m <= WIDEST_M:
        raise AixmError(f"radius {radius_m:g} m is out of range")
    centre = (latitude[0], longitude[0])
    if kind == "CircleByCenterPoint":
        lat, lon = circle(*centre, radius_m)
        links.count(len(lat))
        return Piece(lat, lon, [GEODESIC] * (len(lat) - 1), arc=True, closed=True)
    start, end = (_angle_deg(element, name) for name in ("startAngle", "endAngle"))
    sweep = end - start
    if not _latitude_first(element):
        start, end, sweep = 90.0 - start, 90.0 - end, -sweep
    if sweep == 0 or abs(sweep) > 360:
        raise AixmError(f"an arc from {start:g} to {end:g} degrees is none")
    lat, lon = arc(*centre, radius_m, start, end, clockwise=sweep > 0)
    links.count(len(lat))
    return Piece(lat, lon, [GEODESIC] * (len(lat) - 1), arc=True)


def _angle_deg(element: Element, name: str) -> float:
    angle = element.find(f"{{*}}{name}")
    value = number(own_text(angle), name)
    uom = (angle.get("uom") or "deg") if angle is not None else "deg"
    if uom.lower() not in {"deg", "rad"}:
        raise AixmError(f"{name} has the unit {uom!r}: neither deg nor rad")
    return value if uom.lower() == "deg" else math.degrees(value)


def positions(element: Element, links: Links) -> tuple[list[float], list[float]]:
    """Return latitude and longitude of the points that an element lists: posList, pos, pointProperty.

    Raises:
        AixmError: no points, not numbers, or coordinates of another reference system.
    """
    latitude: list[float] = []
    longitude: list[float] = []
    for child in element:
        kind = local(child)
        if kind in {"posList", "pos"}:
            lat, lon = _coordinates(child)
        elif kind in {"pointProperty", "pointRep"}:
            lat, lon = _point(child, links)
        elif kind == "coordinates":
            raise AixmError("gml:coordinates are no longer part of GML 3.2")
        else:
            continue
        latitude += lat
        longitude += lon
    if not latitude:
        raise AixmError(f"a {local(element)} has no points")
    links.count(len(latitude))
    return latitude, longitude


def _coordinates(element: Element) -> tuple[list[float], list[float]]:
    words = (element.text or "").split()
    each = next((up.get("srsDimension") for up in _upwards(element) if up.get("srsDimension")), "2")
    if each not in {"2", "3"} or len(words) % int(each):
        raise AixmError(f"{len(words)} coordinates are no list of points of {each}")
    values = [number(word, "coordinate") for word in words]
    first, second = values[:: int(each)], values[1 :: int(each)]
    return (first, second) if _latitude_first(element) else (second, first)


def _point(element: Element, links: Links) -> tuple[list[float], list[float]]:
    """Return the one point that is held or linked to: a point, or a feature that has a single place."""
    place = links.follow(element) if href(element) is not None else element
    points = [
        pos for kind in ("Point", "ElevatedPoint") for at in place.iter(f"{{*}}{kind}") for pos in at.iterfind("{*}pos")
    ]
    found = {(lat[0], lon[0]) for lat, lon in map(_coordinates, points[:100]) if lat}
    if len(found) != 1:
        raise AixmError(f"a {local(element)} leads to {len(found)} points instead of one")
    lat, lon = found.pop()
    return [lat], [lon]


def _latitude_first(element: Element) -> bool:
    """Say whether latitude comes first, by the nearest srsName.

    Raises:
        AixmError: it is not WGS 84 in degrees.
    """
    name = next((up.get("srsName") for up in _upwards(element) if up.get("srsName")), None)
    if name is None:  # then the box of what encloses it says so (GML 3.2.1, 9.10)
        boxes = [up.find("{*}boundedBy/{*}Envelope") for up in _upwards(element)]
        name = next((box.get("srsName") for box in boxes if box is not None), None)
    if name is None:
        raise AixmError("its coordinates have no srsName: latitude or longitude may come first")
    code = name.upper().replace("/", ":").rpartition(":")[2]
    if code in {"4326", "4979"}:
        return True
    if code in {"CRS84", "CRS84H", "84"}:
        return False
    raise AixmError(f"coordinates in {name[:60]!r}: only EPSG:4326 and CRS84 are read")


def _upwards(element: Element) -> list[Element]:
    return [element, *element.iterancestors()]


def accuracy_m(surface: Element) -> float:
    """Return the horizontal accuracy that a surface or its curves declare in m; 0 where they do not."""
    stated = [each for each in surface.iter("{*}horizontalAccuracy") if own_text(each) is not None]
    widest = max((length_m(each, "horizontalAccuracy") for each in stated), default=0.0)
    if not 0 <= widest < 1e6:
        raise AixmError(f"horizontalAccuracy {widest:g} m is out of range")
    return widest


def border_name(border: Element) -> str:
    """Return what a border is called."""
    return next((name for part in border.iter("{*}*") if (name := text(part, "name"))), "without a name")
