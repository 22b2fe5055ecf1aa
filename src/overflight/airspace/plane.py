"""A plane around areas, in which they can be cut and measured: Lambert's azimuthal equal-area projection of WGS84.

Equal-area (Snyder, Map Projections: A Working Manual, USGS PP 1395, chapter 24), so that sizes and shares are right everywhere; lengths are
off by 1 % at 1,600 km from the middle and by 4 % at 3,200 km. No antimeridian and no pole is special in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pyproj
import shapely

from overflight.airspace.boundary import pieces
from overflight.airspace.volume import Part, Ring
from overflight.earth.wgs84 import Array

_ANY: Any = shapely  # its functions take one or many, which no type says
Area = shapely.Geometry


def common(one: Area, other: Area) -> Area:
    """What two areas share."""
    return cast("Area", _ANY.intersection(one, other))


def less(one: Area, other: Area) -> Area:
    """An area without another."""
    return cast("Area", _ANY.difference(one, other))


def grown(area: Area, by_m: float) -> Area:
    """An area with a margin all around; a negative one takes it off."""
    return cast("Area", _ANY.buffer(area, by_m))


def together(areas: Sequence[Area]) -> Area:
    """What at least one of some areas holds."""
    return cast("Area", _ANY.union_all(list(areas)))


def box_around(area: Area) -> Area:
    """The rectangle of the plane around an area."""
    return cast("Area", _ANY.box(*_ANY.bounds(area)))


def beside(path: Array, by_m: float, tolerance_m: float) -> Array | None:
    """The line that runs so far to the left of a path (N, 2), or to its right where `by_m` is negative; None where it falls apart.

    Details below the tolerance are left out first.
    """
    found = _ANY.offset_curve(_ANY.simplify(_ANY.LineString(path), tolerance_m), by_m)
    found = _ANY.simplify(_ANY.line_merge(found), tolerance_m)  # at times it comes in pieces that meet
    if found.geom_type != "LineString" or found.is_empty:
        return None
    return np.array(found.coords)


def simple(path: Array) -> bool:
    """Whether a path (N, 2) neither crosses nor touches itself."""
    return bool(_ANY.is_simple(_ANY.LineString(path)))


def size_m2(area: Area) -> float:
    """How large an area is; 0 for an empty one."""
    return float(_ANY.area(area))


def middle(parts: Sequence[Part]) -> Array:
    """The unit vector to the middle of the vertices of outer rings, on a sphere."""
    mean = unit(*(np.concatenate([getattr(part.outer, name) for part in parts]) for name in ("latitude", "longitude")))
    total = mean.sum(axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9))


def unit(latitude: Array, longitude: Array) -> Array:
    """Unit vectors (N, 3) of latitudes and longitudes in degrees, on a sphere."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def reach_rad(parts: Sequence[Part], centre: Array) -> float:
    """An angle around a centre that holds all parts: no edge leaves its two ends by more than half its length."""
    farthest = 0.0
    for part in parts:
        ring = part.outer
        away = np.arccos(np.clip(unit(ring.latitude, ring.longitude) @ centre, -1.0, 1.0))
        east = np.abs((np.diff(ring.longitude, append=ring.longitude[0]) + 180.0) % 360.0 - 180.0)
        north = np.abs(np.diff(ring.latitude, append=ring.latitude[0]))
        after = np.roll(ring.latitude, -1)
        lowest = np.minimum(np.abs(ring.latitude), np.abs(after)) * (ring.latitude * after > 0.0)
        east *= np.cos(np.radians(lowest))
        farthest = max(farthest, float(np.max(away + np.radians(np.hypot(east, north)) / 2.0)))
    return farthest


class Plane:
    """The plane that touches the Earth in the middle of some parts; coordinates in m."""

    def __init__(self, centre: Array) -> None:
        """Take the plane at a unit vector."""
        latitude = np.degrees(np.arcsin(np.clip(centre[2], -1.0, 1.0)))
        longitude = np.degrees(np.arctan2(centre[1], centre[0]))
        self._project = pyproj.Proj(proj="laea", lat_0=float(latitude), lon_0=float(longitude), ellps="WGS84")

    def area(self, parts: Sequence[Part]) -> Area:
        """The area of parts as one; where their outlines touch themselves it is made valid."""
        polygons = [
            shapely.Polygon(self._outline(part.outer), [self._outline(hole) for hole in part.holes]) for part in parts
        ]
        return together(
            [p if p.is_valid else _ANY.make_valid(p, method="structure", keep_collapsed=False) for p in polygons]
        )

    def place(self, area: Area) -> tuple[float, float]:
        """Latitude and longitude in degrees of a point within an area."""
        point = cast("Any", area).representative_point()
        return self.inverse(point.x, point.y)

    def inverse(self, x: float, y: float) -> tuple[float, float]:
        """Latitude and longitude in degrees of a point of the plane."""
        longitude, latitude = self._project(x, y, inverse=True)
        return float(latitude), float(longitude)

    def points(self, latitude: Array, longitude: Array) -> Array:
        """Points of the plane (N, 2) of latitudes and longitudes in degrees."""
        return np.stack(self._project(longitude, latitude), axis=-1)

    def _outline(self, ring: Ring) -> Array:
        points = self.points(*pieces(ring))
        points[-1] = points[0]
        return points
