"""What the twins share of the Earth: points on the WGS84 ellipsoid and its upward normal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
A, F = 6378137.0, 1 / 298.257223563


def surface(latitude: float | Array, longitude: float | Array) -> Array:
    """Earth-centred coordinates of a point at ellipsoid height 0, by its reduced latitude; m."""
    reduced = np.arctan((1 - F) * np.tan(np.radians(latitude)))
    lam = np.radians(longitude)
    return A * np.stack(
        [np.cos(reduced) * np.cos(lam), np.cos(reduced) * np.sin(lam), (1 - F) * np.sin(reduced)], axis=-1
    )


def up(point: Array) -> Array:
    """The outward normal of the ellipsoid at a point on it."""
    normal = point / np.array([1.0, 1.0, (1 - F) ** 2])
    return normal / np.linalg.norm(normal)
