"""Rings of the shapes that NOTAMs state: polygons, circles, corridors, arcs; edges geodesic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pyproj
import shapely

from overflight.airspace.rings import GEOD, RingError, arc, circle, make_ring
from overflight.airspace.volume import ARC_TOLERANCE_M, GEODESIC, Ring
from overflight.units import NM_M

Point = tuple[float, float]
"""Latitude and longitude, deg."""

_CLOSING_M = 200.0
_LONGEST_LINE_M = 2_000_000.0


def polygon_ring(corners: Sequence[Point]) -> tuple[Ring, tuple[str, ...]]:
    """Make a ring of corners.

    Where the ring would cross itself, a last corner almost on the first (a second of arc off) closes it, and corners in a
    wrong order are put in order if only one order makes a ring: when all of them are corners of their convex hull.

    Returns:
        The ring, and what was mended.

    Raises:
        RingError: no ring can be made of them.
    """
    latitude, longitude = [list(axis) for axis in zip(*corners, strict=True)]
    try:
        ring, notes = make_ring(latitude, longitude, GEODESIC)
    except RingError as error:
        _, _, apart = GEOD.inv(longitude[-1], latitude[-1], longitude[0], latitude[0])
        if len(corners) > 3 and 0 < apart <= _CLOSING_M:
            ring, closed = polygon_ring(corners[:-1])
            return ring, (f"the last corner lies {apart:.0f} m from the first: taken as the first", *closed)
        order = _convex_order(corners)
        if order is None:
            raise
        ring, notes = make_ring([latitude[k] for k in order], [longitude[k] for k in order], GEODESIC)
        notes = [f"{error}: its corners put in the only order that encloses an area", *notes]
    return ring, tuple(notes)


def _convex_order(corners: Sequence[Point]) -> list[int] | None:
    """Around their hull, if every corner lies on it; a corner given twice counts once."""
    points: dict[Point, int] = {}
    for number, (latitude, longitude) in enumerate(corners):
        east = (longitude - corners[0][1] + 180.0) % 360.0 - 180.0
        points.setdefault((east, latitude), number)
    hull = shapely.MultiPoint(list(points)).convex_hull
    if hull.geom_type != "Polygon":
        return None
    around = [(float(x), float(y)) for x, y in cast("Any", hull).exterior.coords[:-1]]
    return [points[point] for point in around] if len(around) == len(points) else None


def circle_ring(centre: Point, radius_m: float) -> Ring:
    """Make a ring around a point.

    Raises:
        RingError: the radius is too small to be told from nothing.
    """
    return make_ring(*circle(*centre, radius_m), GEODESIC)[0]


def corridor_ring(line: Sequence[Point], half_width_m: float) -> tuple[Ring, tuple[str, ...]]:
    """Make a ring of all points within a distance of a line, with round ends (nothing is said of others: the safe side).

    Built in an azimuthal equidistant plane around the line's middle, whose distances err by less than 1 % within 1,000 km.

    Raises:
        RingError: the line is longer than 2,000 km, or has no length.
    """
    latitude, longitude = (np.array(axis) for axis in zip(*line, strict=True))
    if GEOD.line_length(longitude, latitude) > _LONGEST_LINE_M:
        raise RingError("a line with a width is longer than 2000 km")
    middle = line[len(line) // 2]
    plane = pyproj.Proj(proj="aeqd", lat_0=middle[0], lon_0=middle[1], ellps="WGS84")
    x, y = cast("Any", plane(longitude, latitude))
    quarter = max(8, int(np.ceil(np.pi / 4 / np.arccos(max(1.0 - ARC_TOLERANCE_M / half_width_m, 0.5)))))
    path = shapely.LineString(np.stack([x, y], axis=-1))
    around = shapely.buffer(path, half_width_m, quad_segs=quarter)
    if around.geom_type != "Polygon":
        raise RingError("a line with a width encloses no area")
    outline = np.array(cast("Any", around).exterior.coords)
    east, north = cast("Any", plane(outline[:, 0], outline[:, 1], inverse=True))
    ring, notes = make_ring([float(value) for value in north], [float(value) for value in east], GEODESIC)
    if len(cast("Any", around).interiors):
        notes.append("what a line with a width goes around is taken as part of it")
    return ring, tuple(notes)


def arc_between(
    begin: Point, end: Point, centre: Point, radius_m: float | None, *, clockwise: bool
) -> list[Point] | None:
    """Points of an arc between two corners, both left out; None where they do not lie on it (to 5 % or 1 NM)."""
    starts, _, first = GEOD.inv(centre[1], centre[0], begin[1], begin[0])
    ends, _, last = GEOD.inv(centre[1], centre[0], end[1], end[0])
    radius = radius_m or first
    slack = max(0.05 * radius, NM_M)
    if not (0 < radius <= 1000 * NM_M and abs(first - radius) <= slack and abs(last - radius) <= slack):
        return None
    latitude, longitude = arc(*centre, radius, starts % 360.0, ends % 360.0, clockwise=clockwise)
    return list(zip(latitude, longitude, strict=True))[1:-1]
