"""The projection of the maps.

Azimuthal equidistant (Snyder, Map Projections: A Working Manual, USGS 1395, section 25, on the sphere: for orientation,
0.5 % off): it has no seam at the antimeridian and none at the poles.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from overflight.earth.naturalearth import Area
from overflight.report.tracks import Floats
from overflight.units import NM_M

EARTH_NM: Final = 6371008.8 / NM_M
"""Mean radius (IUGG)."""


class Projection:
    """Longitude and latitude in degrees to east and north of a centre in NM, and what of the globe a box shows."""

    def __init__(self, longitude_deg: float, latitude_deg: float) -> None:
        """Centre the projection."""
        self.longitude_deg, self.latitude_deg = longitude_deg, latitude_deg

    def __call__(self, longitude_deg: Floats, latitude_deg: Floats) -> Floats:
        """Return (N, 2) NM."""
        phi0, phi = np.radians(self.latitude_deg), np.radians(latitude_deg)
        turn = np.radians(longitude_deg - self.longitude_deg)
        cosine = np.sin(phi0) * np.sin(phi) + np.cos(phi0) * np.cos(phi) * np.cos(turn)
        east = np.cos(phi) * np.sin(turn)
        north = np.cos(phi0) * np.sin(phi) - np.sin(phi0) * np.cos(phi) * np.cos(turn)
        sine = np.hypot(east, north)
        stretch = np.where(sine > 1e-12, np.arctan2(sine, cosine) / np.where(sine > 1e-12, sine, 1.0), 1.0)
        return np.stack([east * stretch, north * stretch], axis=-1) * EARTH_NM

    def area(self, half_x_nm: float, half_y_nm: float) -> Area:
        """Return everything within a box around the centre."""
        radius = np.degrees(np.hypot(half_x_nm, half_y_nm) / EARTH_NM)
        south, north = max(self.latitude_deg - radius, -90.0), min(self.latitude_deg + radius, 90.0)
        if south <= -90.0 or north >= 90.0 or radius >= 90.0:
            return Area(self.longitude_deg - 180.0, south, self.longitude_deg + 180.0, north)
        # The meridians that touch the circle around the box (spherical right triangle).
        reach = np.degrees(np.arcsin(min(np.sin(np.radians(radius)) / np.cos(np.radians(self.latitude_deg)), 1.0)))
        return Area(self.longitude_deg - reach, south, self.longitude_deg + reach, north)


def centre(longitude_deg: Floats, latitude_deg: Floats) -> tuple[float, float]:
    """Longitude and latitude of the middle of places on the globe."""
    phi, lam = np.radians(latitude_deg), np.radians(longitude_deg)
    x, y, z = (np.cos(phi) * np.cos(lam)).mean(), (np.cos(phi) * np.sin(lam)).mean(), np.sin(phi).mean()
    return float(np.degrees(np.arctan2(y, x))), float(np.degrees(np.arctan2(z, np.hypot(x, y))))
