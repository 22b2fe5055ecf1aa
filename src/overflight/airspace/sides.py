"""A line that parties agreed not to cross, as the areas on its sides.

Which side is whose is told for somebody who looks along the line from its first point: left and right. A side reaches as far
from the line as is stated; it is bounded by the line itself and by edges that only close it, to which no depth is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, cast

import numpy as np

from overflight.airspace.plane import Plane, beside, simple, unit
from overflight.airspace.rings import GEOD, RingError, make_ring, on_earth
from overflight.airspace.volume import GEODESIC, Part, Ring
from overflight.earth.wgs84 import Array
from overflight.units import NM_M

REACH_M: Final = 100.0 * NM_M
"""How far a side reaches where nobody says."""

FARTHEST_M: Final = 1_000_000.0
_NPTS: Any = cast("Any", GEOD).npts
_STEP_M: Final = 5_000.0
_DETAIL: Final = 0.02
_OTHER_REACHES: Final = (0.9, 1.1, 0.75, 1.25, 0.5, 2.0, 0.25, 0.1)
"""Of the one that cannot be drawn, tried in turn."""
LEFT: Final = "left"
RIGHT: Final = "right"


def side(line: Array, edge: int, which: str, reach_m: float) -> Part:
    """Return the area on one side of a line (see `checked`), deg and m.

    The far edge is drawn in a plane in which lengths are right to 1 % as far as 1,600 km from the line's middle.

    Raises:
        RingError: the line bends so that its side, that far out, is no area. Winding lines have a few such reaches, and none
            beside them: one that can be drawn is named.
    """
    if not simple(_in_plane(line, edge)[1]):
        raise RingError("the line crosses itself: it has no sides")
    try:
        return _side(line, edge, which, reach_m)
    except RingError as error:
        no_side = f"the line bends so that it has no {which} side that reaches {reach_m / NM_M:.3g} NM ({error})"
    for share in _OTHER_REACHES:
        other_nm = float(f"{share * reach_m / NM_M:.2g}")
        if other_nm * NM_M > FARTHEST_M:
            continue
        try:
            _side(line, edge, which, other_nm * NM_M)
        except RingError:
            continue
        raise RingError(f'{no_side}: one that reaches {other_nm:g} NM can be drawn, give "reach": "{other_nm:g} NM"')
    raise RingError(f"{no_side}: draw the line with fewer bends, or its side as a Polygon of the kind line_side")


def _side(line: Array, edge: int, which: str, reach_m: float) -> Part:
    plane, path = _in_plane(line, edge)
    # The far edge needs no detail, and the side of a winding line at a great distance has none.
    far = beside(path, reach_m if which == LEFT else -reach_m, _DETAIL * reach_m)
    if far is None:
        raise RingError("its far edge falls apart")
    back = np.array([plane.inverse(x, y) for x, y in far[::-1]])
    corners = np.concatenate([line, back])
    edges = np.full(len(corners), GEODESIC, np.uint8)
    edges[: len(line) - 1] = edge
    ring, mended = make_ring(corners[:, 0].tolist(), corners[:, 1].tolist(), edges.tolist())
    if mended or len(ring) != len(corners):
        raise RingError("; ".join(mended))
    only_closes = np.arange(len(corners)) >= len(line) - 1
    return Part(Ring(ring.latitude, ring.longitude, ring.edge, only_closes))


def _in_plane(line: Array, edge: int) -> tuple[Plane, Array]:
    """The plane around a line, and its points there, every few kilometres."""
    plane = Plane(_middle(line))
    return plane, plane.points(*_dense(line, edge).T)


def checked(latitude: Sequence[float], longitude: Sequence[float]) -> tuple[Array, list[str]]:
    """Return the points (N, 2) of a line, none twice in a row, and a note for each thing that was mended.

    Raises:
        RingError: fewer than two points, or one that is not on the Earth.
    """
    line = np.stack([np.asarray(latitude, float), np.asarray(longitude, float)], axis=-1)
    line[:, 1], notes = on_earth(line[:, 0], line[:, 1])
    again = np.flatnonzero((np.diff(line, axis=0) == 0.0).all(axis=1))
    notes += [f"vertex {k + 1} repeats the next, left out" for k in again]
    line = np.delete(line, again, axis=0)
    if len(line) < 2:
        raise RingError("a line needs two points")
    return line, notes


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
