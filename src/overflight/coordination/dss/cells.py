"""Cells of the Earth at many levels, for an index of areas: a cell has four within it, and all of them are numbered so that a range holds what is within.

A cube around the Earth has six faces, and a face is halved along both axes as often as the level says, by equal angles (the way of S2's cells; Ronchi,
Iacono, Paolucci, "The cubed sphere", J. Comput. Phys. 124, 1996). Edges of cells lie in planes through the Earth's middle: seen from there on a plane, they
are straight, as are short geodesics. A number is, from its highest bit: the face, two bits for each level, a one, zeros. What is within a cell has the
numbers from `first` to `last` of it; what it is within are its `ancestors`.

An area is covered by at most `MOST` cells, of different levels. Cells of a covering may reach beyond the area, and never miss a part of it: who shares no
cell, no ancestor and no descendant with an area's covering is apart from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from overflight.earth.wgs84 import Array

LEVELS: Final = 29
MOST: Final = 32
_BITS: Final = 2 * LEVELS + 1
_MARGIN: Final = 1e-9
"""Of the Earth's radius, 6 mm: what rounding and the flattening of 20 km of a geodesic may amount to, many times over."""
_ACROSS: Final = 2.0
"""An area is first covered by cells of which it spans two to this power, or up to twice as many."""
_GROWTH: Final = 1.5
"""How many of the four cells within one that an outline cuts touch the area, at the least: where these would be too many, they are not tried."""
_HORIZON: Final = 0.05
"""Nearer to the horizon of the plane, in terms of the cosine, nothing is drawn on it: such cells are taken to touch, and divided."""


def first(cell: int) -> int:
    """Return the least number of a cell within a cell."""
    return cell - (cell & -cell) + 1


def last(cell: int) -> int:
    """Return the greatest number of a cell within a cell."""
    return cell + (cell & -cell) - 1


def ancestors(cell: int) -> list[int]:
    """Return the cells that a cell is within, from the next to the face."""
    found: list[int] = []
    lowest = cell & -cell
    while lowest < 1 << (_BITS - 1):
        lowest <<= 2
        cell = (cell & ~((lowest << 1) - 1)) | lowest
        found.append(cell)
    return found


def related(one: Iterable[int], other: Iterable[int]) -> bool:
    """Whether two coverings have a cell in common, or one within another."""
    mine = set(one)
    wider = {up for cell in mine for up in ancestors(cell)}
    theirs = list(other)
    return any(cell in mine or cell in wider or any(up in mine for up in ancestors(cell)) for cell in theirs)


def covering(outline: Array, within: Array) -> list[int]:
    """Return cells that cover an area, in order.

    Args:
        outline: (N, 3) directions from the Earth's middle to points around it, at most 20 km apart, in order; a closed line without the last point.
        within: (3,) the direction of a point in the area's middle; the whole area is less than 80 degrees away from it.
    """
    axes = axes_at(within)
    plane = outline @ axes.T
    if np.min(plane[:, 2]) <= _HORIZON:
        raise ValueError("the area is too large for a plane")
    area = shapely.Polygon(plane[:, :2] / plane[:, 2:]).buffer(_MARGIN / np.min(plane[:, 2]) ** 2, quad_segs=1)
    shapely.prepare(area)
    radius = float(np.arccos(np.min(plane[:, 2] / np.linalg.norm(plane, axis=1)))) + 1e-6
    whole: list[tuple[int, int, int, int]] = []
    cut: list[tuple[int, int, int, int]] = []
    tried = np.array(_around(outline))
    while tried[0, 1] <= LEVELS:
        touched, inside = _touches(tried, axes, area, radius)
        if len(whole) + int(touched.sum()) > MOST:
            break
        whole += [(f, k, i, j) for f, k, i, j in tried[inside].tolist()]
        cut = [(f, k, i, j) for f, k, i, j in tried[touched & ~inside].tolist()]
        if not cut or len(whole) + _GROWTH * len(cut) > MOST:
            break
        tried = np.array([(f, k + 1, 2 * i + a, 2 * j + b) for f, k, i, j in cut for a in (0, 1) for b in (0, 1)])
    return sorted(_number(*cell) for cell in [*whole, *cut])


def _around(outline: Array) -> list[tuple[int, int, int, int]]:
    """Return some cells (face, level, i, j) that an area lies within: small ones on one face, or all faces."""
    largest = np.abs(outline).argmax(axis=1)
    axis = int(largest[0])
    ahead = outline[:, axis]
    if not (largest == axis).all() or (ahead > 0.0).any() != (ahead > 0.0).all():
        return [(face, 0, 0, 0) for face in range(6)]
    # Lines are straight on the face as they are on any plane: what holds their ends holds them.
    across = np.stack([outline[:, (axis + 1) % 3], outline[:, (axis + 2) % 3]]) / np.abs(ahead)
    share = np.arctan(across) * (2.0 / np.pi) + 0.5
    low, high = share.min(axis=1) - _MARGIN, share.max(axis=1) + _MARGIN
    if low.min() <= 0.0 or high.max() >= 1.0:
        return [(face, 0, 0, 0) for face in range(6)]
    level = min(LEVELS, max(0, int(_ACROSS - np.log2((high - low).max()))))
    (i, j), (last_i, last_j) = (np.floor(ends * 2.0**level).astype(int).tolist() for ends in (low, high))
    face = 2 * axis + (0 if ahead[0] > 0.0 else 1)
    return [(face, level, a, b) for a in range(i, last_i + 1) for b in range(j, last_j + 1)]


def axes_at(within: Array) -> Array:
    """Return the axes (3, 3) of a plane that touches the Earth at a direction (3,): two along it, and the direction."""
    up = within / np.linalg.norm(within)
    aside = np.eye(3)[int(np.argmin(np.abs(up)))]
    right = np.cross(aside, up)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(up, right), up])


def _number(face: int, level: int, i: int, j: int) -> int:
    within = 0
    for bit in range(level - 1, -1, -1):
        within = (within << 2) | ((i >> bit & 1) << 1) | (j >> bit & 1)
    rest = 2 * (LEVELS - level)
    return (face << _BITS) | (within << (rest + 1)) | (1 << rest)


def _touches(
    cells: NDArray[np.int64], axes: Array, area: shapely.Polygon, radius: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say which cells (face, level, i, j) touch an area on a plane, and which lie within it."""
    corners = _directions(cells, np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])) @ axes.T
    drawn = np.min(corners[..., 2], axis=1) > _HORIZON
    touched, inside = np.zeros(len(cells), np.bool_), np.zeros(len(cells), np.bool_)
    if drawn.any():
        shapes = shapely.polygons(corners[drawn, :, :2] / corners[drawn, :, 2:])
        touched[drawn], inside[drawn] = shapely.intersects(area, shapes), shapely.contains_properly(area, shapes)
    # Beyond the horizon of the plane: by the distance between the middles, which is never too little.
    middles = _directions(cells, np.array([0.5]), np.array([0.5]))[:, 0] @ axes.T
    half = np.pi / 4.0 / 2.0 ** cells[:, 1] * 1.5
    touched[~drawn] = np.arccos(np.clip(middles[~drawn, 2], -1.0, 1.0)) <= radius + half[~drawn]
    return touched, inside


def _directions(cells: NDArray[np.int64], along_i: Array, along_j: Array) -> Array:
    """Directions (N, M, 3) of points that are shares `along_i`, `along_j` (M) of the way across cells."""
    face, level, i, j = cells.T
    axis, backwards = np.divmod(face, 2)
    found = np.empty((len(cells), len(along_i), 3))
    rows = np.arange(len(cells))
    found[rows, :, axis] = (1.0 - 2.0 * backwards)[:, None]
    for step, part, along in ((1, i, along_i), (2, j, along_j)):
        share = (part[:, None] + along) / 2.0 ** level[:, None]
        found[rows, :, (axis + step) % 3] = np.tan((share - 0.5) * (np.pi / 2.0))
    return found / np.linalg.norm(found, axis=-1, keepdims=True)
