"""Rings from vertices: mended where only one mending is possible, else refused with the vertex named; arcs and circles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from overflight.airspace.volume import ARC_TOLERANCE_M, GEODESIC, STRAIGHT, Ring

GEOD = pyproj.Geod(ellps="WGS84")
SAME_DEG = 1e-9  # 0.1 mm: two vertices this near are one


class RingError(ValueError):
    """A ring that encloses no area anybody could name; says which vertex is at fault."""


def make_ring(
    latitude: Sequence[float], longitude: Sequence[float], edge: Sequence[int] | int
) -> tuple[Ring, list[str]]:
    """Build a ring from its vertices in degrees.

    The closing vertex may be repeated or not. Vertices that repeat the one before and spikes (out and back on the same
    line) are removed, and noted. `edge` says what the edge after each vertex is, or all of them.

    Returns:
        The ring, and a note for each thing that was mended.

    Raises:
        RingError: fewer than three vertices, coordinates off the Earth, or a ring that crosses itself.
    """
    lat, lon = np.asarray(latitude, float), np.asarray(longitude, float)
    edges = np.full(len(lat), edge, np.uint8) if isinstance(edge, int) else np.asarray(edge, np.uint8)
    notes: list[str] = []
    for k in np.flatnonzero(~((np.abs(lat) <= 90) & (np.abs(lon) <= 540)))[:1]:  # NaN, too
        raise RingError(f"vertex {k + 1} ({lat[k]:g}, {lon[k]:g}) is not on the Earth")
    lon = np.where((lon < -180) | (lon > 180), (lon + 180.0) % 360.0 - 180.0, lon)
    if len(lat) > 1 and _same(lat, lon, len(lat) - 1, 0):
        lat, lon, edges = lat[:-1], lon[:-1], edges[:-1]
    while True:
        n = len(lat)
        again = [k for k in range(n) if n > 1 and _same(lat, lon, k, (k + 1) % n)]
        spike = [k for k in range(n) if n > 2 and not again and _same(lat, lon, k - 1, (k + 1) % n)]
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


def _same(lat: NDArray[np.float64], lon: NDArray[np.float64], a: int, b: int) -> bool:
    east = abs((lon[b] - lon[a] + 180.0) % 360.0 - 180.0)
    return bool(abs(lat[b] - lat[a]) <= SAME_DEG and (east <= SAME_DEG or abs(lat[a]) == 90))


def _refuse_crossing(ring: Ring) -> None:
    """Raise where a ring crosses itself, judged in a plane that has it in one piece."""
    step = (np.diff(ring.longitude, append=ring.longitude[0]) + 180.0) % 360.0 - 180.0
    lon = ring.longitude[0] + np.concatenate([[0.0], np.cumsum(step[:-1])])
    if abs(step.sum()) > 180.0:  # around a pole: seen from above it
        pole = np.sign(ring.latitude.mean())
        away = 90.0 - pole * ring.latitude
        points = np.stack([away * np.cos(np.radians(lon)), away * np.sin(np.radians(lon))], axis=-1)
    else:
        points = np.stack([lon, ring.latitude], axis=-1)
    polygon = shapely.Polygon(points)
    reason = str(shapely.is_valid_reason(polygon))
    if polygon.is_valid or reason.startswith("Ring Self-intersection"):  # it touches itself: its inside is clear
        return
    if place := reason.partition("[")[2].rstrip("]"):
        at = np.array([float(x) for x in place.split()[:2]])
        nearest = int(np.argmin(np.hypot(*(points - at).T)))
        raise RingError(f"the ring crosses itself near vertex {nearest + 1}")
    raise RingError(f"the ring is not valid ({reason})")


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


__all__ = ["GEOD", "GEODESIC", "STRAIGHT", "RingError", "arc", "circle", "make_ring"]
