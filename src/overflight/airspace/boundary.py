"""Boundaries as short pieces, for the kernels: each edge cut so that what lies between its points hardly matters.

A geodesic is cut every 5 km: there the line through the surface is at most 0.5 m deep, and the plane through the middle of the
Earth leaves the geodesic by less than a micrometre. A line straight in longitude and latitude is cut where it would leave the
shortest way by more than `TOLERANCE_M`. An edge is cut the same way whichever way round it is given, so that neighbours
share their border exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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


@dataclass(frozen=True)
class _Edges:
    """Edges, one entry each, deg. They lead from a to b, b north of a or due east, whichever way round their ring runs."""

    latitude_a: Array
    longitude_a: Array
    latitude_b: Array
    longitude_b: Array
    geodesic: NDArray[np.bool_]  # else straight in longitude and latitude
    turned: NDArray[np.bool_]  # the ring runs from b to a

    def __len__(self) -> int:
        """Count them."""
        return len(self.turned)


def pieces(ring: Ring) -> tuple[Array, Array]:
    """Cut the edges of a ring.

    Returns:
        Latitude and longitude in degrees of the ends of all pieces in turn; the last point is the first again.
    """
    latitude, longitude, _ = _cut(_edges([ring]))
    return np.append(latitude, latitude[0]), np.append(longitude, longitude[0])


def stretches(ring: Ring) -> list[tuple[Array, Array]]:
    """Return what of a ring is boundary, cut into pieces: latitude and longitude (deg) along each stretch.

    That is the ring itself, closed, but for the sides of a line: there it is the line, without the edges that only close it.
    """
    if ring.only_closes is None:
        return [pieces(ring)]
    latitude, longitude, count = _cut(_edges([ring]))
    first = np.cumsum(count) - count
    counts = np.flatnonzero(~ring.only_closes)
    found: list[tuple[Array, Array]] = []
    for run in np.split(counts, np.flatnonzero(np.diff(counts) != 1) + 1):
        if len(run):
            begin, end = int(first[run[0]]), int(first[run[-1]] + count[run[-1]])
            along = np.arange(begin, end + 1) % len(latitude)
            found.append((latitude[along], longitude[along]))
    return found


def areas_of(volumes: Sequence[Volume]) -> Areas:
    """Build the kernel's areas, one for each volume, in their order."""
    from overflight_kernels import Areas

    numbered = [(number, ring) for number, volume in enumerate(volumes) for ring in _rings(volume)]
    rings = [ring for _, ring in numbered]
    latitude, longitude, count = _cut(_edges(rings))
    until = np.cumsum(count)[np.cumsum(_lengths(rings)) - 1]
    length = np.diff(until, prepend=0)
    following = _following(length)
    return Areas(
        area=np.repeat(np.array([number for number, _ in numbered], np.uint32), length),
        latitude_a=latitude,
        longitude_a=longitude,
        latitude_b=latitude[following],
        longitude_b=longitude[following],
        closing=np.repeat(np.concatenate([np.zeros(0, bool), *map(_only_closes, rings)]), count).astype(np.uint8),
        areas=len(volumes),
    )


def _rings(volume: Volume) -> Iterator[Ring]:
    for part in volume.parts:
        yield part.outer
        yield from part.holes


def _only_closes(ring: Ring) -> NDArray[np.bool_]:
    return np.zeros(len(ring), bool) if ring.only_closes is None else ring.only_closes


def _lengths(rings: Sequence[Ring]) -> NDArray[np.int64]:
    return np.array([len(ring) for ring in rings], np.int64)


def _following(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of closed lines that lie one after the other: the place of the point that follows each, the first after the last."""
    following = np.arange(1, int(lengths.sum()) + 1)
    following[np.cumsum(lengths) - 1] -= lengths
    return following


def _edges(rings: Sequence[Ring]) -> _Edges:
    """The edges of rings, in their order."""
    following = _following(_lengths(rings))
    latitude = np.concatenate([np.empty(0), *(ring.latitude for ring in rings)])
    longitude = np.concatenate([np.empty(0), *(ring.longitude for ring in rings)])
    edge = np.concatenate([np.empty(0, np.uint8), *(ring.edge for ring in rings)])
    other, across = latitude[following], longitude[following]
    turned = (other < latitude) | ((other == latitude) & (across < longitude))
    return _Edges(
        latitude_a=np.where(turned, other, latitude),
        longitude_a=np.where(turned, across, longitude),
        latitude_b=np.where(turned, latitude, other),
        longitude_b=np.where(turned, longitude, across),
        geodesic=edge == GEODESIC,
        turned=turned,
    )


def _cut(e: _Edges) -> tuple[Array, Array, NDArray[np.int64]]:
    """Cut edges into pieces.

    Each point follows from the ends of its edge, a and b, by itself: it is the same in whatever company it is computed.

    Returns:
        Latitude and longitude (deg) where each piece begins, the way the rings run; and the number of pieces of each edge.
    """
    east = (e.longitude_b - e.longitude_a + 180.0) % 360.0 - 180.0
    count = _straight_count(e, east)
    azimuth, length_m = np.zeros(len(e)), np.zeros(len(e))
    some = np.flatnonzero(e.geodesic)
    azimuth[some], _, length_m[some] = GEOD.inv(
        e.longitude_a[some], e.latitude_a[some], e.longitude_b[some], e.latitude_b[some]
    )
    count[some] = np.maximum(np.ceil(length_m[some] / LONGEST_M), 1)

    edge = np.repeat(np.arange(len(e)), count)
    place = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    steps = np.where(e.turned[edge], count[edge] - place, place)  # from a
    share = steps * (1.0 / count)[edge]
    latitude = e.latitude_a[edge] + share * (e.latitude_b - e.latitude_a)[edge]
    longitude = e.longitude_a[edge] + share * east[edge]
    longitude = np.where(np.abs(longitude) > 180.0, (longitude + 180.0) % 360.0 - 180.0, longitude)
    bent = np.flatnonzero(e.geodesic[edge] & (place > 0))
    of = edge[bent]
    longitude[bent], latitude[bent], _ = GEOD.fwd(
        e.longitude_a[of], e.latitude_a[of], azimuth[of], steps[bent] * (length_m / count)[of]
    )
    corner = np.flatnonzero(place == 0)  # the ring's own vertices, to the last bit
    latitude[corner] = np.where(e.turned, e.latitude_b, e.latitude_a)
    longitude[corner] = np.where(e.turned, e.longitude_b, e.longitude_a)
    return latitude, longitude, count


def _straight_count(e: _Edges, east_deg: Array) -> NDArray[np.int64]:
    """Into how many pieces to cut edges that are straight in longitude and latitude.

    The curvature of such a line is at most 2 tan(latitude) / R times the sine of its course (a parallel's is half that);
    over a length L it leaves the chord by the curvature times L² / 8.
    """
    a, b = np.abs(e.latitude_a), np.abs(e.latitude_b)
    steepest = np.minimum(np.maximum(a, b), 89.0)
    nearest_equator = np.where(e.latitude_a * e.latitude_b > 0, np.minimum(a, b), 0.0)
    east_m = np.radians(np.abs(east_deg)) * EARTH_M * np.cos(np.radians(nearest_equator))
    length_m = np.hypot(east_m, np.radians(np.abs(e.latitude_b - e.latitude_a)) * EARTH_M)
    bow_m = 2.0 * np.tan(np.radians(steepest)) / EARTH_M * length_m * east_m / 8.0
    longest = np.maximum(np.ceil(np.sqrt(bow_m / TOLERANCE_M)), np.ceil(length_m / LONGEST_M))
    return np.maximum(longest, 1).astype(np.int64)
