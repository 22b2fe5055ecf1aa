"""Whether two areas meet on the ellipsoid, and which cells they lie in.

Two circles meet where the geodesic between their middles is not longer than both radii (the triangle inequality holds on the ellipsoid). A circle meets
a polygon that its middle is in, or whose outline comes as near as its radius. Two polygons meet where, on a plane seen from the Earth's middle, their
pictures do: there the plane through two points and the middle is a line, and a geodesic of `PIECE_M` leaves it by less than a millimetre. What is nearer
than `TOUCH_M`, the precision that the standard asks for (`IntersectionMinimumPrecisionCm`), meets: rather one conflict too many than one too few.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Final

import numpy as np
import shapely

from overflight.airspace.operational import Circle, Polygon
from overflight.airspace.rings import GEOD
from overflight.coordination.dss.cells import axes_at, covering
from overflight.earth.wgs84 import SEMI_MAJOR_M, Array, to_ecef
from overflight.errors import ParameterError

PIECE_M: Final = 5_000.0
TOUCH_M: Final = 0.01
_FINE_M: Final = 50.0
_NEAR_M: Final = 5.0
"""Nearer to the edge of a circle than this, pieces of `PIECE_M` are not straight enough around its middle, and are cut finer."""
_CIRCLE_CORNERS: Final = 64
_CLOSE: Final = 1e-6
"""Of the Earth's radius, 6 m: what the cosine of a small angle cannot tell."""
_FARTHEST: Final = math.cos(math.radians(80.0))


class Area:
    """An outline, with what is computed of it once."""

    def __init__(self, outline: Circle | Polygon) -> None:
        """Take an outline.

        Raises:
            ParameterError: a polygon crosses itself, or reaches around a quarter of the Earth.
        """
        self.outline = outline
        if isinstance(outline, Polygon):
            self._refuse_crossing()

    @cached_property
    def points(self) -> tuple[Array, Array]:
        """Latitudes and longitudes (deg) along the outline of a polygon, at most `PIECE_M` apart."""
        assert isinstance(self.outline, Polygon)
        return _along(np.array(self.outline.latitude), np.array(self.outline.longitude), PIECE_M)

    @cached_property
    def directions(self) -> Array:
        """Directions from the Earth's middle to points along the outline, (N, 3); of a circle to corners around it."""
        if isinstance(self.outline, Polygon):
            return _directions(*self.points)
        around = self.outline
        count = max(_CIRCLE_CORNERS, math.ceil(2.0 * math.pi * around.radius_m / 20_000.0))
        # So far out that the sides between the corners touch the circle.
        radius_m = around.radius_m / math.cos(math.pi / count) + TOUCH_M
        turns = np.arange(count) * (360.0 / count)
        here = np.full(count, 1.0)
        longitude, latitude, _ = GEOD.fwd(here * around.longitude, here * around.latitude, turns, here * radius_m)
        return _directions(np.asarray(latitude), np.asarray(longitude))

    @cached_property
    def middle(self) -> Array:
        """A direction in the middle of the area, (3,)."""
        if isinstance(self.outline, Circle):
            return _directions(np.array([self.outline.latitude]), np.array([self.outline.longitude]))[0]
        mean = self.directions.mean(axis=0)
        return mean / np.linalg.norm(mean)

    @cached_property
    def reach_rad(self) -> float:
        """How far the area reaches from its middle, seen from the Earth's middle."""
        return float(np.arccos(np.clip(np.min(self.directions @ self.middle), -1.0, 1.0)))

    def cells(self) -> list[int]:
        """Return cells that cover the area (`overflight.coordination.dss.cells`)."""
        return covering(self.directions, self.middle)

    def meets(self, other: Area) -> bool:
        """Whether the two have a point in common."""
        one, two = self.outline, other.outline
        between = float(np.arccos(np.clip(self.middle @ other.middle, -1.0, 1.0)))
        if between > self.reach_rad + other.reach_rad + _CLOSE:
            return False
        if isinstance(one, Circle) and isinstance(two, Circle):
            _, _, apart_m = GEOD.inv(one.longitude, one.latitude, two.longitude, two.latitude)
            return apart_m <= one.radius_m + two.radius_m + TOUCH_M
        if isinstance(one, Circle):
            return _circle_meets(one, other)
        if isinstance(two, Circle):
            return _circle_meets(two, self)
        return _polygons_meet(self, other)

    def covers(self, other: Area) -> bool:
        """Whether the other has no point outside, but for `TOUCH_M`."""
        one, two = self.outline, other.outline
        if isinstance(one, Circle) and isinstance(two, Circle):
            _, _, apart_m = GEOD.inv(one.longitude, one.latitude, two.longitude, two.latitude)
            return apart_m + two.radius_m <= one.radius_m + TOUCH_M
        if isinstance(one, Circle):
            return float(_plane(one, *other.points)[1].max()) <= one.radius_m + TOUCH_M
        if isinstance(two, Circle):
            middle = Circle(two.latitude, two.longitude, TOUCH_M)
            plane, _ = _plane(middle, *self.points)
            inside = shapely.Polygon(plane).contains(shapely.Point(0.0, 0.0))
            return bool(inside) and _distance_m(middle, self, plane) >= two.radius_m - TOUCH_M
        axes = axes_at(self.middle)
        mine, theirs = self.directions @ axes.T, other.directions @ axes.T
        if np.min(theirs[:, 2]) < _FARTHEST:
            return False
        pictures = [shapely.Polygon(part[:, :2] / part[:, 2:]) for part in (mine, theirs)]
        return bool(pictures[0].buffer(TOUCH_M / SEMI_MAJOR_M).covers(pictures[1]))

    def _refuse_crossing(self) -> None:
        plane = self.directions @ axes_at(self.middle).T
        if np.min(plane[:, 2]) < _FARTHEST:
            raise ParameterError("outline_polygon", "vertices", "reach too far", remedy="give a smaller area")
        if not shapely.Polygon(plane[:, :2] / plane[:, 2:]).is_valid:
            raise ParameterError(
                "outline_polygon", "vertices", "cross each other", remedy="give them in order around the area"
            )


def _along(latitude: Array, longitude: Array, piece_m: float) -> tuple[Array, Array]:
    """Points along geodesics between points, each with the next and the last with the first, at most `piece_m` apart."""
    to_latitude, to_longitude = np.roll(latitude, -1), np.roll(longitude, -1)
    azimuth, _, length_m = (np.asarray(part) for part in GEOD.inv(longitude, latitude, to_longitude, to_latitude))
    pieces = np.maximum(1, np.ceil(length_m / piece_m)).astype(np.int64)
    edge = np.repeat(np.arange(len(latitude)), pieces)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    flown_m = length_m[edge] * step / pieces[edge]
    found_longitude, found_latitude, _ = GEOD.fwd(longitude[edge], latitude[edge], azimuth[edge], flown_m)
    return np.asarray(found_latitude), np.asarray(found_longitude)


def _circle_meets(circle: Circle, polygon: Area) -> bool:
    """Around the middle of the circle, distances from it are exact; short pieces are straight but for little there."""
    latitude, longitude = polygon.points
    plane, distance_m = _plane(circle, latitude, longitude)
    if float(distance_m.min()) <= circle.radius_m + TOUCH_M:
        return True
    if shapely.Polygon(plane).contains(shapely.Point(0.0, 0.0)):
        return True
    return _distance_m(circle, polygon, plane) <= circle.radius_m + TOUCH_M


def _distance_m(circle: Circle, polygon: Area, plane: Array) -> float:
    """How far it is from the middle of a circle to the outline of a polygon, whose points on the circle's plane are given.

    It is exact near the circle's edge, and near the nearest point.
    """
    latitude, longitude = polygon.points
    nearest_m = _from_origin_m(plane, np.roll(plane, -1, axis=0))
    within_m = max(float(nearest_m.min()), circle.radius_m) + _NEAR_M
    found_m = float(nearest_m.min()) if float(nearest_m.min()) > circle.radius_m + _NEAR_M else math.inf
    for k in np.flatnonzero(nearest_m <= within_m).tolist():
        ends = [k, (k + 1) % len(latitude)]
        fine, _ = _plane(circle, *_along(latitude[ends], longitude[ends], _FINE_M))
        found_m = min(found_m, float(_from_origin_m(fine, np.roll(fine, -1, axis=0)).min()))
    return found_m


def _plane(circle: Circle, latitude: Array, longitude: Array) -> tuple[Array, Array]:
    """Points (N, 2) east and north of a circle's middle by course and distance along the ellipsoid, m; and the distances."""
    here = np.ones(len(latitude))
    azimuth, _, distance_m = GEOD.inv(here * circle.longitude, here * circle.latitude, longitude, latitude)
    turn, distance = np.radians(np.asarray(azimuth)), np.asarray(distance_m)
    return np.stack([distance * np.sin(turn), distance * np.cos(turn)], axis=-1), distance


def _from_origin_m(a: Array, b: Array) -> Array:
    """How near the lines from points `a` (N, 2) to points `b` come to the middle of the plane, m."""
    along = b - a
    square = np.maximum(np.sum(along * along, axis=1), 1e-30)
    share = np.clip(-np.sum(a * along, axis=1) / square, 0.0, 1.0)
    return np.hypot(*(a + share[:, None] * along).T)


def _polygons_meet(one: Area, other: Area) -> bool:
    axes = axes_at(one.middle)
    mine, theirs = one.directions @ axes.T, other.directions @ axes.T
    if np.min(theirs[:, 2]) < _FARTHEST:
        between = one.middle + other.middle
        axes = axes_at(between / float(np.linalg.norm(between)))
        mine, theirs = one.directions @ axes.T, other.directions @ axes.T
        if min(np.min(mine[:, 2]), np.min(theirs[:, 2])) < _FARTHEST:
            raise ParameterError("extents", "areas", "are too large to be compared", remedy="give smaller areas")
    pictures = [shapely.Polygon(part[:, :2] / part[:, 2:]) for part in (mine, theirs)]
    return bool(shapely.dwithin(pictures[0], pictures[1], TOUCH_M / SEMI_MAJOR_M))


def _directions(latitude: Array, longitude: Array) -> Array:
    ecef = to_ecef(latitude, longitude)
    return ecef / np.linalg.norm(ecef, axis=-1, keepdims=True)
