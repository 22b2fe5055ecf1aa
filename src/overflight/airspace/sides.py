"""A line that parties agreed not to cross, as the areas on its sides.

Which side is whose is told for somebody who looks along the line from its first point: left and right. A side reaches as far
from the line as is stated; it is bounded by the line itself and by edges that only close it, to which no depth is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, cast

import numpy as np

from overflight.airspace.plane import Plane, beside, unit
from overflight.airspace.rings import GEOD, RingError, make_ring
from overflight.airspace.volume import GEODESIC, Part, Ring
from overflight.earth.wgs84 import Array
from overflight.units import NM_M

REACH_M: Final = 100.0 * NM_M
"""How far a side reaches where nobody says."""

FARTHEST_M: Final = 1_000_000.0
_NPTS: Any = cast("Any", GEOD).npts
_STEP_M: Final = 5_000.0
_DETAIL: Final = 0.02
LEFT: Final = "left"
RIGHT: Final = "right"


def side(latitude: Sequence[float], longitude: Sequence[float], edge: int, which: str, reach_m: float) -> Part:
    """Return the area on one side of a line, deg and m.

    The far edge is drawn in a plane in which lengths are right to 1 % as far as 1,600 km from the line's middle.

    Raises:
        RingError: fewer than two points, or the line bends so that its side, that far out, is no area.
    """
    line = _checked(latitude, longitude)
    plane = Plane(_middle(line))
    path = plane.points(*_dense(line, edge).T)
    # The far edge needs no detail, and the side of a winding line at a great distance has none.
    far = beside(path, reach_m if which == LEFT else -reach_m, _DETAIL * reach_m)
    if far is None:
        raise RingError(f"the line bends so that no {which} side reaches {reach_m / NM_M:.0f} NM: give a smaller reach")
    back = np.array([plane.inverse(x, y) for x, y in far[::-1]])
    corners = np.concatenate([line, back])
    edges = np.full(len(corners), GEODESIC, np.uint8)
    edges[: len(line) - 1] = edge
    ring, mended = make_ring(corners[:, 0].tolist(), corners[:, 1].tolist(), edges.tolist())
    if mended or len(ring) != len(corners):
        raise RingError(f"the {which} side of the line is no simple area: {'; '.join(mended)}")
    only_closes = np.arange(len(corners)) >= len(line) - 1
    return Part(Ring(ring.latitude, ring.longitude, ring.edge, only_closes))


def _checked(latitude: Sequence[float], longitude: Sequence[float]) -> Array:
    """The points (N, 2) of a line, none twice in a row."""
    line = np.stack([np.asarray(latitude, float), np.asarray(longitude, float)], axis=-1)
    for k in np.flatnonzero(~((np.abs(line[:, 0]) <= 90.0) & (np.abs(line[:, 1]) <= 540.0)))[:1]:
        raise RingError(f"vertex {k + 1} is not on the Earth")
    again = np.flatnonzero((np.diff(line, axis=0) == 0.0).all(axis=1))
    line = np.delete(line, again, axis=0)
    if len(line) < 2:
        raise RingError("a line needs two points")
    return line


def _middle(line: Array) -> Array:
    mean = unit(line[:, 0], line[:, 1]).mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9))


def _dense(line: Array, edge: int) -> Array:
    """Points every few kilometres along a line, (M, 2)."""
    found: list[Any] = [line[0]]
    for a, b in pairwise(line):
        _, _, length = GEOD.inv(a[1], a[0], b[1], b[0])
        count = max(int(np.ceil(length / _STEP_M)), 1)
        if edge == GEODESIC:
            between: list[tuple[float, float]] = _NPTS(a[1], a[0], b[1], b[0], count - 1) if count > 1 else []
            found += [(lat, lon) for lon, lat in between]
        else:
            east = (b[1] - a[1] + 180.0) % 360.0 - 180.0
            found += [(a[0] + k / count * (b[0] - a[0]), a[1] + k / count * east) for k in range(1, count)]
        found.append(b)
    return np.array(found)
