"""Rings from vertices: mended where only one mending is possible, else refused with the vertex named; arcs and circles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from overflight.airspace.volume import ARC_TOLERANCE_M, GEODESIC, STRAIGHT, Part, Ring

GEOD = pyproj.Geod(ellps="WGS84")
SLIVER_DEG2 = 1e-9  # 10 m by 1 m: rounding
SAME_DEG = 1e-9  # 0.1 mm: two vertices this near are one


class RingError(ValueError):
    """A ring that encloses no area anybody could name; says which vertex is at fault."""


def make_ring(
    latitude: Sequence[float], longitude: Sequence[float], edge: Sequence[int] | int
) -> tuple[Ring, list[str]]:
    """Build a ring from its vertices in degrees.

    The closing vertex may be repeated or not. Vertices that repeat the one before and spikes (out and back on the same
    line) are removed, and noted, as is a longitude beyond 180 degrees, which is taken within. `edge` says what the edge after
    each vertex is, or all of them.

    Returns:
        The ring, and a note for each thing that was mended.

    Raises:
        RingError: fewer than three vertices, coordinates off the Earth, or a ring that crosses itself.
    """
    lat, lon = np.asarray(latitude, float), np.asarray(longitude, float)
    edges = np.full(len(lat), edge, np.uint8) if isinstance(edge, int) else np.asarray(edge, np.uint8)
    notes: list[str] = []
    lon, wrapped = on_earth(lat, lon)
    notes += wrapped
    if len(lat) > 1 and _same(lat, lon, len(lat) - 1, 0, edges):
        lat, lon, edges = lat[:-1], lon[:-1], edges[:-1]
    while True:
        n = len(lat)
        again = [k for k in range(n) if n > 1 and _same(lat, lon, k, (k + 1) % n, edges)]
        spike = [k for k in range(n) if n > 2 and not again and _same(lat, lon, k - 1, (k + 1) % n, edges)]
        if not again and not spike:
            break
        gone = again or spike[:1]
        notes.append(f"vertex {gone[0] + 1} {'repeats the next' if again else 'is a spike'}, left out")
        lat, lon, edges = np.delete(lat, gone), np.delete(lon, gone), np.delete(edges, gone)
    if len(lat) < 3:
        raise RingError(f"only {len(lat)} distinct {'vertex' if len(lat) == 1 else 'vertices'}, an area needs three")
    ring = Ring(lat, lon, edges)
    _refuse_crossing(ring)
    return ring, notes


def on_earth(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[str]]:
    """Return longitudes from -180 to 180, deg, and a note where one was beyond: up to 360, as maps across the antimeridian have it.

    Raises:
        RingError: a vertex is not on the Earth, or has no such longitude.
    """
    for k in np.flatnonzero(~((np.abs(latitude) <= 90) & (np.abs(longitude) <= 360)))[:1]:  # NaN, too
        raise RingError(f"vertex {k + 1} (latitude {latitude[k]:g}, longitude {longitude[k]:g}) is not on the Earth")
    beyond = np.flatnonzero(np.abs(longitude) > 180)
    within = np.where(np.abs(longitude) > 180, (longitude + 180.0) % 360.0 - 180.0, longitude)
    if len(beyond) == 0:
        return within, []
    k, others = beyond[0], f", and {len(beyond) - 1} more alike" if len(beyond) > 1 else ""
    return within, [f"vertex {k + 1} has the longitude {longitude[k]:g}, taken as {within[k]:g}{others}"]


def unclosed(latitude: Sequence[float], longitude: Sequence[float]) -> list[str]:
    """Return a note where the last of a ring's vertices does not repeat the first, in formats that ask for it: `make_ring` closes it."""
    gap_m = GEOD.inv(longitude[-1], latitude[-1], longitude[0], latitude[0])[2] if len(latitude) else 0.0
    same = abs(latitude[-1] - latitude[0]) <= SAME_DEG and gap_m < 1.0 if len(latitude) else True
    return (
        []
        if same
        else [
            f"the ring is not closed: an edge of {gap_m / 1000:.1f} km from vertex {len(latitude)} to the first is added"
        ]
    )


def make_part(outer: Ring, holes: Sequence[Ring]) -> Part:
    """Put an outline and its holes together.

    Raises:
        RingError: a hole leaves the outline, or lies on another: taken as they are drawn, what is cut out would be inside.
    """
    if holes:
        planes = [shapely.Polygon(_beside(ring, outer)) for ring in (outer, *holes)]
        shapes = [plane if plane.is_valid else shapely.make_valid(plane) for plane in planes]
        for k in range(1, len(shapes)):
            if _more_than_a_sliver(shapes[k].difference(shapes[0])):
                raise RingError(f"hole {k} leaves the outline")
            if any(_more_than_a_sliver(shapes[k].intersection(other)) for other in shapes[1:k]):
                raise RingError(f"hole {k} lies on another")
    return Part(outer, tuple(holes))


def _more_than_a_sliver(shape: shapely.Geometry) -> bool:
    return float(cast("Any", shape).area) > SLIVER_DEG2


def _beside(ring: Ring, outer: Ring) -> NDArray[np.float64]:
    """A ring in the plane of longitude and latitude, unwound beside another: good enough to tell holes from what is none."""
    start = outer.longitude[0] + (ring.longitude[0] - outer.longitude[0] + 180.0) % 360.0 - 180.0
    step = (np.diff(ring.longitude, append=ring.longitude[0]) + 180.0) % 360.0 - 180.0
    return np.stack([start + np.concatenate([[0.0], np.cumsum(step[:-1])]), ring.latitude], axis=-1)


def _same(lat: NDArray[np.float64], lon: NDArray[np.float64], a: int, b: int, edges: NDArray[np.uint8]) -> bool:
    """Whether two vertices are one. A pole has all longitudes, but a straight edge leaves it along the one that is stated."""
    east = abs((lon[b] - lon[a] + 180.0) % 360.0 - 180.0)
    pole = abs(lat[a]) == 90 and edges[a] == GEODESIC and edges[b] == GEODESIC
    return bool(abs(lat[b] - lat[a]) <= SAME_DEG and (east <= SAME_DEG or pole))


def _refuse_crossing(ring: Ring) -> None:
    """Raise where a ring crosses itself, judged in a plane in which its edges are (nearly) what they are on the Earth."""
    points, vertices = _in_plane(ring)
    polygon = shapely.Polygon(points)
    reason = str(shapely.is_valid_reason(polygon))
    if polygon.is_valid or reason.startswith("Ring Self-intersection"):  # it touches itself: its inside is clear
        return
    if place := reason.partition("[")[2].rstrip("]"):
        at = np.array([float(x) for x in place.split()[:2]])
        nearest = int(np.argmin(np.hypot(*(points[vertices] - at).T)))
        raise RingError(f"the ring crosses itself near vertex {nearest + 1}")
    raise RingError(f"the ring is not valid ({reason})")


def _in_plane(ring: Ring) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The ring as points of a plane (M, 2), and which of them are its vertices.

    Edges straight in degrees are so in the plane of longitude and latitude. Otherwise, and around a pole, it is the azimuthal
    equidistant plane of a sphere around the ring's middle, with each edge in steps.
    """
    step = (np.diff(ring.longitude, append=ring.longitude[0]) + 180.0) % 360.0 - 180.0
    lon = ring.longitude[0] + np.concatenate([[0.0], np.cumsum(step[:-1])])
    if (ring.edge == STRAIGHT).all() and abs(step.sum()) < 180.0:
        return np.stack([lon, ring.latitude], axis=-1), np.arange(len(ring))
    lat_next = np.roll(ring.latitude, -1)
    count = np.maximum(np.ceil(np.hypot(step, lat_next - ring.latitude)), 1).astype(np.int64)  # a degree at most
    start = np.cumsum(count) - count
    edge = np.repeat(np.arange(len(ring)), count)
    share = (np.arange(int(count.sum())) - start[edge]) / count[edge]
    straight = _unit(ring.latitude[edge] + share * (lat_next - ring.latitude)[edge], lon[edge] + share * step[edge])
    a, b = _unit(ring.latitude, lon), _unit(lat_next, lon + step)
    geodesic = a[edge] + share[:, None] * (b - a)[edge]  # of an edge longer than a step, unevenly: the line is the same
    path = np.where((ring.edge[edge] == STRAIGHT)[:, None], straight, geodesic)
    path /= np.linalg.norm(path, axis=-1, keepdims=True)
    middle = path.mean(axis=0)
    middle = middle / max(float(np.linalg.norm(middle)), 1e-9)
    east = np.cross([0.0, 0.0, 1.0] if abs(middle[2]) < 0.9 else [1.0, 0.0, 0.0], middle)
    east /= np.linalg.norm(east)
    flat = np.stack([path @ east, path @ np.cross(middle, east)], axis=-1)
    sine = np.linalg.norm(flat, axis=-1, keepdims=True)
    far = np.arctan2(sine, (path @ middle)[:, None])
    return np.where(sine > 0, flat * far / np.where(sine > 0, sine, 1.0), 0.0), start


def _unit(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    phi, lam = np.radians(latitude), np.radians(longitude)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def circle(latitude: float, longitude: float, radius_m: float) -> tuple[list[float], list[float]]:
    """Vertices of a circle, every edge of which stays within `ARC_TOLERANCE_M` of it; counter-clockwise."""
    count = arc_steps(radius_m, 360.0)
    azimuth = -np.arange(count) * 360.0 / count
    lon, lat, _ = GEOD.fwd(np.full(count, longitude), np.full(count, latitude), azimuth, np.full(count, radius_m))
    return list(map(float, lat)), list(map(float, lon))


def arc(
    latitude: float, longitude: float, radius_m: float, from_deg: float, to_deg: float, *, clockwise: bool
) -> tuple[list[float], list[float]]:
    """Vertices of an arc around a centre, from one azimuth (deg true) to another, both ends included."""
    sweep = (to_deg - from_deg) % 360.0 if clockwise else -((from_deg - to_deg) % 360.0)
    sweep = sweep or (360.0 if clockwise else -360.0)
    count = arc_steps(radius_m, abs(sweep))
    azimuth = from_deg + np.linspace(0.0, sweep, count + 1)
    n = len(azimuth)
    lon, lat, _ = GEOD.fwd(np.full(n, longitude), np.full(n, latitude), azimuth, np.full(n, radius_m))
    return list(map(float, lat)), list(map(float, lon))


def arc_steps(radius_m: float, sweep_deg: float) -> int:
    """How many edges keep an arc within tolerance: the sagitta of each is r (1 - cos(half its angle))."""
    widest = 2.0 * np.arccos(max(1.0 - ARC_TOLERANCE_M / max(radius_m, 1e-9), 0.5))
    return max(int(np.ceil(np.radians(sweep_deg) / widest)), 8 if sweep_deg >= 360.0 else 1)


__all__ = ["GEOD", "GEODESIC", "STRAIGHT", "RingError", "arc", "circle", "make_part", "make_ring"]
