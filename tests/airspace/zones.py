"""Areas for tests, and an independent answer to "inside?": dense edges by pyproj, in a plane around the area's middle."""

from __future__ import annotations

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from overflight.airspace.rings import make_ring
from overflight.airspace.volume import GEODESIC, SURFACE, UNLIMITED, Limit, Part, Ring, Volume, Window

GEOD = pyproj.Geod(ellps="WGS84")
Array = NDArray[np.float64]


def star(
    rng: np.random.Generator, latitude: float, longitude: float, size_m: float, corners: int = 8
) -> tuple[list[float], list[float]]:
    """Corners of a star-shaped area around a place; eight or more leave a third of `size_m` around it inside."""
    azimuth = 360.0 * (np.arange(corners) + rng.uniform(0, 0.8, corners)) / corners
    far = size_m * rng.uniform(0.5, 1.0, corners)
    lon, lat, _ = GEOD.fwd(np.full(corners, longitude), np.full(corners, latitude), azimuth, far)
    return [float(x) for x in lat], [float(x) for x in lon]


def volume(
    name: str,
    corners: tuple[list[float], list[float]],
    edge: int = GEODESIC,
    *,
    holes: tuple[tuple[list[float], list[float]], ...] = (),
    kind: str = "restricted",
    floor: Limit = SURFACE,
    ceiling: Limit = UNLIMITED,
    active: tuple[Window, ...] = (),
    accuracy_m: float = 0.0,
    owner: str | None = None,
) -> Volume:
    """A volume from corners."""
    outer, *inner = (make_ring(*ring, edge)[0] for ring in (corners, *holes))
    return Volume(name, name, kind, (Part(outer, tuple(inner)),), floor, ceiling, active, False, accuracy_m, owner)


def dense(ring: Ring, step_m: float = 500.0) -> tuple[Array, Array]:
    """Points along a ring: latitude and longitude; geodesics from pyproj, straight edges in small steps."""
    lat: list[float] = []
    lon: list[float] = []
    for k in range(len(ring)):
        a, b = k, (k + 1) % len(ring)
        pair = ring.longitude[a], ring.latitude[a], ring.longitude[b], ring.latitude[b]
        lat.append(pair[1])
        lon.append(pair[0])
        count = int(GEOD.inv(*pair)[2] / step_m)
        if ring.edge[k] == GEODESIC:
            for x, y in GEOD.npts(*pair, count) if count else ():
                lon.append(x)
                lat.append(y)
        else:
            east = (pair[2] - pair[0] + 180) % 360 - 180
            share = np.arange(1, count + 1) / (count + 1)
            lon += list(pair[0] + share * east)
            lat += list(pair[1] + share * (pair[3] - pair[1]))
    return np.array(lat), np.array(lon)


class Oracle:
    """One volume's area in an azimuthal equidistant plane around a place near it."""

    def __init__(self, area: Volume, latitude: float, longitude: float) -> None:
        self._here = latitude, longitude
        parts = [
            shapely.Polygon(self._plane(*dense(part.outer)), [self._plane(*dense(hole)) for hole in part.holes])
            for part in area.parts
        ]
        self.area = shapely.unary_union(parts)

    def _plane(self, latitude: Array, longitude: Array) -> Array:
        n = len(latitude)
        azimuth, _, far = GEOD.inv(np.full(n, self._here[1]), np.full(n, self._here[0]), longitude, latitude)
        east, north = np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))
        return np.stack([far * east, far * north], axis=-1)

    def inside(self, latitude: Array, longitude: Array) -> tuple[NDArray[np.bool_], Array]:
        """Tell which points are inside, and how far (m) each is from the boundary."""
        points = self._plane(np.asarray(latitude), np.asarray(longitude))
        return shapely.contains_xy(self.area, *points.T), shapely.distance(self.area.boundary, shapely.points(points))
