"""Boundaries as short pieces, for the kernels: each edge cut so that what lies between its points hardly matters.

A geodesic is cut every 5 km: there the line through the surface is at most 0.5 m deep, and the plane through the middle of the
Earth leaves the geodesic by less than a micrometre. A line straight in longitude and latitude is cut where it would leave the
shortest way by more than `TOLERANCE_M`. An edge is cut the same way whichever way round it is given, so that neighbours
share their border exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from overflight.airspace.rings import GEOD
from overflight.airspace.volume import GEODESIC, Ring, Volume
from overflight.earth.wgs84 import Array

if TYPE_CHECKING:
    from overflight_kernels import Areas

LONGEST_M: Final = 5_000.0
TOLERANCE_M: Final = 0.25
EARTH_M: Final = 6_371_000.0


def pieces(ring: Ring) -> tuple[Array, Array]:
    """Cut the edges of a ring.

    Returns:
        Latitude and longitude in degrees of the ends of all pieces in turn; the last point is the first again.
    """
    latitude: list[Array] = []
    longitude: list[Array] = []
    n = len(ring)
    for k in range(n):
        a, b = (ring.latitude[k], ring.longitude[k]), (ring.latitude[(k + 1) % n], ring.longitude[(k + 1) % n])
        turned = b < a
        first, second = (b, a) if turned else (a, b)
        lat, lon = _cut(*first, *second, geodesic=ring.edge[k] == GEODESIC)
        if turned:
            lat, lon = lat[::-1], lon[::-1]
        latitude.append(lat[:-1])
        longitude.append(lon[:-1])
    return np.append(np.concatenate(latitude), ring.latitude[0]), np.append(
        np.concatenate(longitude), ring.longitude[0]
    )


def _cut(lat_a: float, lon_a: float, lat_b: float, lon_b: float, *, geodesic: bool) -> tuple[Array, Array]:
    """Points along an edge, both ends included."""
    east = (lon_b - lon_a + 180.0) % 360.0 - 180.0
    if geodesic:
        length_m = GEOD.line_length([lon_a, lon_b], [lat_a, lat_b])
        count = max(int(np.ceil(length_m / LONGEST_M)), 1)
        if count == 1:
            return np.array([lat_a, lat_b]), np.array([lon_a, lon_b])
        inner = np.array(cast("Any", GEOD).npts(lon_a, lat_a, lon_b, lat_b, count - 1))
        return np.concatenate([[lat_a], inner[:, 1], [lat_b]]), np.concatenate([[lon_a], inner[:, 0], [lon_b]])
    # The curvature of such a line is at most 2 tan(latitude) / R times the sine of its course (a parallel's is half that);
    # over a length L it leaves the chord by the curvature times L² / 8.
    steepest = min(max(abs(lat_a), abs(lat_b)), 89.0)
    widest = np.cos(np.radians(min(abs(lat_a), abs(lat_b)) if lat_a * lat_b > 0 else 0.0))
    east_m = np.radians(abs(east)) * EARTH_M * widest
    length_m = float(np.hypot(east_m, np.radians(abs(lat_b - lat_a)) * EARTH_M))
    bow_m = 2.0 * np.tan(np.radians(steepest)) / EARTH_M * length_m * east_m / 8.0
    count = max(int(np.ceil(np.sqrt(bow_m / TOLERANCE_M))), int(np.ceil(length_m / LONGEST_M)), 1)
    share = np.linspace(0.0, 1.0, count + 1)
    lon = lon_a + share * east
    lon = np.where(np.abs(lon) > 180.0, (lon + 180.0) % 360.0 - 180.0, lon)
    lat = lat_a + share * (lat_b - lat_a)
    lat[-1], lon[-1] = lat_b, lon_b
    return lat, lon


def areas_of(volumes: tuple[Volume, ...] | list[Volume]) -> Areas:
    """Build the kernel's areas, one for each volume, in their order."""
    from overflight_kernels import Areas

    columns: list[tuple[NDArray[np.uint32], Array, Array]] = []
    for number, volume in enumerate(volumes):
        for ring in _rings(volume):
            lat, lon = pieces(ring)
            columns.append((np.full(len(lat) - 1, number, np.uint32), lat, lon))
    none = np.empty(0)
    return Areas(
        area=np.concatenate([np.empty(0, np.uint32), *(area for area, _, _ in columns)]),
        latitude_a=np.concatenate([none, *(lat[:-1] for _, lat, _ in columns)]),
        longitude_a=np.concatenate([none, *(lon[:-1] for _, _, lon in columns)]),
        latitude_b=np.concatenate([none, *(lat[1:] for _, lat, _ in columns)]),
        longitude_b=np.concatenate([none, *(lon[1:] for _, _, lon in columns)]),
        areas=len(volumes),
    )


def _rings(volume: Volume) -> Iterator[Ring]:
    for part in volume.parts:
        yield part.outer
        yield from part.holes
