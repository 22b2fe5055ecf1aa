"""Parts of one volume that overlap, as two areas of one notice may.

Inside is where an odd number of boundaries lies between a point and the outside: where two parts overlap that would be wrong.
Such parts become volumes of their own. Parts that only touch stay together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import shapely
from shapely.affinity import translate

from overflight.airspace.volume import Part, Ring, Volume

SLIVER_DEG2 = 1e-9  # 10 m by 1 m: rounding, not an overlap
NOTE = "its parts overlap: tested one by one"


def apart(volume: Volume) -> Iterator[Volume]:
    """The volume itself, or one for each of its parts ("A1", "A1/2", ...) where any two of them overlap."""
    if len(volume.parts) < 2 or not _overlap(volume.parts):
        yield volume
        return
    for number, part in enumerate(volume.parts, start=1):
        name = volume.id if number == 1 else f"{volume.id}/{number}"
        yield replace(volume, id=name, parts=(part,), notes=(*volume.notes, NOTE))


def _overlap(parts: tuple[Part, ...]) -> bool:
    """Whether any two share an area, in the plane of longitude and latitude: nearly right, and errs where they nearly touch."""
    shapes = [_plane(part) for part in parts]
    turned = [translate(shape, turn) for turn in (-360.0, 0.0, 360.0) for shape in shapes]
    one, other = shapely.STRtree(turned).query(shapes, predicate="intersects")
    return any(
        float(cast("Any", shapes[a]).intersection(turned[b]).area) > SLIVER_DEG2
        for a, b in zip(one.tolist(), other.tolist(), strict=True)
        if a != b % len(shapes)
    )


def _plane(part: Part) -> shapely.Geometry:
    shape = shapely.Polygon(_unwrapped(part.outer), [_unwrapped(hole) for hole in part.holes])
    return shape if shape.is_valid else shapely.make_valid(shape)


def _unwrapped(ring: Ring) -> np.ndarray:
    step = (np.diff(ring.longitude, append=ring.longitude[0]) + 180.0) % 360.0 - 180.0
    return np.stack([ring.longitude[0] + np.concatenate([[0.0], np.cumsum(step[:-1])]), ring.latitude], axis=-1)
