"""WGS84 as every horizontal computation uses it: points of the ellipsoid's surface in Earth-centred coordinates.

Constants: NIMA TR8350.2, third edition, table 3.1. No poles, no antimeridian, no projection zones; over 5 NM the straight
chord between two surface points is shorter than the geodesic by less than 1 mm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SEMI_MAJOR_M = 6378137.0
FLATTENING = 1.0 / 298.257223563
E2 = FLATTENING * (2.0 - FLATTENING)


def to_ecef(latitude_deg: Array, longitude_deg: Array) -> Array:
    """Earth-centred, Earth-fixed coordinates of points at ellipsoid height 0: shape (N, 3), m."""
    phi, lam = np.radians(latitude_deg), np.radians(longitude_deg)
    sin = np.sin(phi)
    n = SEMI_MAJOR_M / np.sqrt(1.0 - E2 * sin * sin)
    cos = n * np.cos(phi)
    return np.stack([cos * np.cos(lam), cos * np.sin(lam), n * (1.0 - E2) * sin], axis=-1)


def to_geodetic(ecef_m: Array) -> tuple[Array, Array]:
    """Latitude and longitude (deg) of points (N, 3) within a few kilometres of the surface, to better than 1 mm.

    Bowring, "Transformation from spatial to geographical coordinates", Survey Review 23 (1976), one step.
    """
    x, y, z = ecef_m[..., 0], ecef_m[..., 1], ecef_m[..., 2]
    b = SEMI_MAJOR_M * (1.0 - FLATTENING)
    p = np.hypot(x, y)
    theta = np.arctan2(z * SEMI_MAJOR_M, p * b)
    second = (SEMI_MAJOR_M / b) ** 2 - 1.0
    phi = np.arctan2(z + second * b * np.sin(theta) ** 3, p - E2 * SEMI_MAJOR_M * np.cos(theta) ** 3)
    return np.degrees(phi), np.degrees(np.arctan2(y, x))


def distance_m(a: Array, b: Array) -> Array:
    """Horizontal distance between points (N, 3) near the surface: what is left of their chord without its vertical part."""
    chord, middle = a - b, a + b
    normal = middle * np.array([1.0, 1.0, 1.0 / (1.0 - E2)])
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    vertical = np.sum(chord * normal, axis=-1)
    return np.sqrt(np.maximum(0.0, np.sum(chord * chord, axis=-1) - vertical * vertical))
