"""A grid of nearly equal cells over the whole Earth, about 100 km across, without poles and without an antimeridian.

The direction of a surface point from the Earth's centre is projected onto the faces of a cube, and each face is divided by equal
angles (the equiangular cubed sphere: Ronchi, Iacono, Paolucci, "The cubed sphere", J. Comput. Phys. 124, 1996). With 91
divisions, just under one degree each, there are 49,686 cells of 10,260 km2 on average, 8,600 to 12,100; an edge is 78 to
110 km long. The number is odd so that the poles, the equator and the antimeridian run through cells and not along borders.
A cell's number is ``(face * 91 + i) * 91 + j``; it means the same on any machine and in any recording.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from overflight.earth.wgs84 import E2, FLATTENING, SEMI_MAJOR_M, Array, to_geodetic

DIVISIONS: Final = 91
COUNT: Final = 6 * DIVISIONS * DIVISIONS
"""How many cells there are."""

Cells = NDArray[np.int32]


def cell_of(latitude_deg: Array, longitude_deg: Array) -> Cells:
    """Numbers of the cells (N) that points (deg WGS84) lie in."""
    phi, lam = np.radians(latitude_deg), np.radians(longitude_deg)
    # Of the Earth-centred coordinates only the direction is needed, so the radius of curvature is left out.
    cos = np.cos(phi)
    x, y, z = cos * np.cos(lam), cos * np.sin(lam), (1.0 - E2) * np.sin(phi)
    far_x, far_y, far_z = np.abs(x), np.abs(y), np.abs(z)
    on_x = (far_x >= far_y) & (far_x >= far_z)
    on_y = ~on_x & (far_y >= far_z)
    # Faces 0 and 1 look along +x and -x, then y and z; each is divided along the two axes that follow.
    ahead = np.where(on_x, x, np.where(on_y, y, z))
    depth = np.abs(ahead)
    i = _division(np.where(on_x, y, np.where(on_y, z, x)) / depth)
    j = _division(np.where(on_x, z, np.where(on_y, x, y)) / depth)
    face = np.where(on_x, 0, np.where(on_y, 2, 4)) + (ahead < 0)
    return ((face * DIVISIONS + i) * DIVISIONS + j).astype(np.int32)


def centre_of(cells: Cells) -> tuple[Array, Array]:
    """Latitude and longitude (deg) of the middle of each cell."""
    return _place(cells, 0.5, 0.5)


def corners_of(cell: int) -> list[tuple[float, float]]:
    """Latitude and longitude (deg) of the four corners of a cell, in order around it."""
    four = np.full(4, cell, np.int32)
    latitude, longitude = _place(four, np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    return list(zip(latitude.tolist(), longitude.tolist(), strict=True))


def _division(tangent: Array) -> NDArray[np.int64]:
    share = np.arctan(tangent) / (np.pi / 2.0) + 0.5
    return np.clip((share * DIVISIONS).astype(np.int64), 0, DIVISIONS - 1)


def _place(cells: Cells, along_i: Array | float, along_j: Array | float) -> tuple[Array, Array]:
    """Where a cell's share `along_i`, `along_j` (0 to 1) of the way across it is."""
    face, within = np.divmod(cells.astype(np.int64), DIVISIONS * DIVISIONS)
    i, j = np.divmod(within, DIVISIONS)
    axis, backwards = np.divmod(face, 2)
    rows = np.arange(len(cells))
    direction = np.empty((len(cells), 3))
    direction[rows, axis] = 1.0 - 2.0 * backwards
    for step, part, along in ((1, i, along_i), (2, j, along_j)):
        direction[rows, (axis + step) % 3] = np.tan(((part + along) / DIVISIONS - 0.5) * (np.pi / 2.0))
    # Onto the ellipsoid: x2 + y2 + (z / (1 - f))2 = a2.
    stretched = direction * np.array([1.0, 1.0, 1.0 / (1.0 - FLATTENING)])
    return to_geodetic(direction * (SEMI_MAJOR_M / np.linalg.norm(stretched, axis=-1, keepdims=True)))
