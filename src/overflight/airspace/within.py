"""Areas within areas: what can be said of parts without cutting their edges.

Outlines are put into a plane of longitude and latitude, cut as finely as the kernels have them. Two that come nearer to each
other than `CLEAR_DEG` are not told apart there: nothing is decided about them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from overflight.airspace.boundary import pieces
from overflight.airspace.volume import Part, Ring

CLEAR_DEG: Final = 1e-4
"""10 m; over 5 km a geodesic leaves the line in the plane by 1 m at 60 degrees of latitude."""


class CannotDecideError(ValueError):
    """Areas that meet so that what remains of them would have edges of nobody's."""


def covered(parts: Sequence[Part], by: Sequence[Part]) -> bool:
    """Say whether each part lies clearly within one of others."""
    origin = _origin(parts)
    outlines = [_polygon(part, origin) for part in by]
    return all(any(_within(_polygon(part, origin), outline) for outline in outlines) for part in parts)


def without(parts: Sequence[Part], cut: Sequence[Part], notes: list[str]) -> tuple[Part, ...]:
    """Return parts less others that lie clearly within (they become holes) or apart (noted).

    Raises:
        CannotDecideError: outlines cross or touch.
    """
    found = list(parts)
    for hole in cut:
        origin = _origin(found)
        shape, inside = _polygon(hole, origin), False
        for k, part in enumerate(found):
            outline = _polygon(part, origin)
            if _within(shape, outline) and not hole.holes:
                found[k] = Part(part.outer, (*part.holes, hole.outer))
                inside = True
            elif outline.distance(shape) < CLEAR_DEG:
                raise CannotDecideError("cannot decide: what is subtracted cuts the outline")
        if not inside:
            notes.append("what is subtracted lies apart: it changes nothing")
    return tuple(found)


def _within(inner: shapely.Polygon, outer: shapely.Polygon) -> bool:
    return bool(outer.contains_properly(inner)) and outer.boundary.distance(inner) >= CLEAR_DEG


def _origin(parts: Sequence[Part]) -> float:
    return float(parts[0].outer.longitude[0])


def _polygon(part: Part, origin: float) -> shapely.Polygon:
    """Put a part into the plane, in one piece around a longitude.

    Raises:
        CannotDecideError: it has no place there, as it goes round a pole.
    """
    polygon = shapely.Polygon(_points(part.outer, origin), [_points(hole, origin) for hole in part.holes])
    if not polygon.is_valid:
        raise CannotDecideError("cannot decide: an outline touches itself, or goes round a pole")
    return polygon


def _points(ring: Ring, origin: float) -> NDArray[np.float64]:
    latitude, longitude = (values[:-1] for values in pieces(ring))  # Shapely closes it, to the last bit
    steps = (np.diff(longitude) + 180.0) % 360.0 - 180.0
    start = origin + (longitude[0] - origin + 180.0) % 360.0 - 180.0
    return np.stack([start + np.concatenate([[0.0], np.cumsum(steps)]), latitude], axis=-1)
