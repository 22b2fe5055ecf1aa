"""The points and circles that spoofed positions lie on.

The gate flags positions on a circle that several aircraft fly (some spoofers let every receiver show the same orbit);
here the circle itself is found again. Each track's flagged positions are fitted by least squares (Kasa, "A circle fitting
procedure and its error analysis", IEEE Trans. Instrum. Meas. 25, 1976) in a plane that touches the Earth; tracks whose centre and
radius agree within 10 % of the radius, as the gate has it, are one circle, fitted once more through all their positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from overflight.earth.wgs84 import Array, to_ecef, to_geodetic
from overflight.nets.evidence import ON_CIRCLE, ON_POINT

LEAST_POSITIONS: Final = 4
ROUNDNESS: Final = 0.05
LEAST_M: Final = 500.0
MOST_M: Final = 30_000.0
"""What the gate calls a circle: how far off it positions lie, as a share of the radius, and how large it is."""
AGREEMENT: Final = 0.1
MOST_LISTED: Final = 5


@dataclass(frozen=True)
class _Circle:
    """In the plane, m; `off_m` is the root mean square distance of the positions from it."""

    x: float
    y: float
    radius_m: float
    off_m: float

    @property
    def round_enough(self) -> bool:
        return LEAST_M <= self.radius_m <= MOST_M and self.off_m <= ROUNDNESS * self.radius_m

    def agrees(self, other: _Circle) -> bool:
        reach = AGREEMENT * min(self.radius_m, other.radius_m)
        return (
            abs(self.radius_m - other.radius_m) <= reach
            and float(np.hypot(self.x - other.x, self.y - other.y)) <= reach
        )


def circles(spots: pl.DataFrame) -> list[dict[str, Any]]:
    """The circles (latitude, longitude, radius_m, numbers of the tracks) that `spots` (`SPOTS_SCHEMA`) lie on; the largest groups first."""
    spots = spots.filter(pl.col("sign") == ON_CIRCLE).sort("track", "slot", "latitude", "longitude")
    if spots.height == 0:
        return []
    ecef = to_ecef(spots["latitude"].to_numpy(), spots["longitude"].to_numpy())
    plane = _Plane(ecef.mean(axis=0))
    x, y = plane.put(ecef)
    track = spots["track"].to_numpy()
    fits = {int(one): _fit(x[track == one], y[track == one]) for one in np.unique(track)}
    left = {one: fit for one, fit in fits.items() if fit is not None and fit.round_enough}
    found: list[dict[str, Any]] = []
    while left:
        # The group around the track with which most agree; of equals the first track.
        groups = {one: [other for other, theirs in left.items() if fit.agrees(theirs)] for one, fit in left.items()}
        best = max(groups, key=lambda one: (len(groups[one]), -one))
        group = groups[best]
        if len(group) < 2:
            break
        on_it = np.isin(track, group)
        together = _fit(x[on_it], y[on_it])
        if together is not None and together.round_enough:
            latitude, longitude = plane.back(together.x, together.y)
            found.append(
                {
                    "latitude": round(latitude, 4),
                    "longitude": round(longitude, 4),
                    "radius_m": round(together.radius_m),
                    "tracks": group,
                }
            )
        left = {one: fit for one, fit in left.items() if one not in group}
    return found[:MOST_LISTED]


def points(spots: pl.DataFrame) -> list[dict[str, Any]]:
    """The points (latitude, longitude, numbers of the tracks) that at least two tracks were on; the largest groups first."""
    at = (
        spots.filter(pl.col("sign") == ON_POINT)
        .sort("track", "latitude", "longitude")
        .group_by("slot")
        .agg(pl.col("latitude", "longitude").first(), pl.col("track").unique().sort())
        .with_columns(pl.col("track").list.len().alias("count"))
        .filter(pl.col("count") >= 2)
        .sort("count", "slot", descending=[True, False])
        .head(MOST_LISTED)
    )
    return [
        {"latitude": round(latitude, 4), "longitude": round(longitude, 4), "tracks": tracks}
        for latitude, longitude, tracks in at.select("latitude", "longitude", "track").iter_rows()
    ]


def _fit(x: Array, y: Array) -> _Circle | None:
    """The circle x2 + y2 = 2 a x + 2 b y + c by linear least squares; None where the positions give none."""
    if len(x) < LEAST_POSITIONS:
        return None
    mean_x, mean_y = float(x.mean()), float(y.mean())
    u, v = x - mean_x, y - mean_y
    design = np.stack([2.0 * u, 2.0 * v, np.ones(len(u))], axis=1)
    (a, b, c), _, rank, _ = np.linalg.lstsq(design, u * u + v * v, rcond=1e-9)
    if rank < 3:
        return None
    radius_m = float(np.sqrt(a * a + b * b + c))
    off_m = float(np.sqrt(np.square(np.hypot(u - a, v - b) - radius_m).mean()))
    return _Circle(mean_x + float(a), mean_y + float(b), radius_m, off_m)


class _Plane:
    """The plane that touches the Earth below a point; within a cell it is true to 1 in 10,000."""

    def __init__(self, middle: Array) -> None:
        latitude, longitude = to_geodetic(middle)
        self._origin = to_ecef(latitude, longitude)
        phi, lam = np.radians(float(latitude)), np.radians(float(longitude))
        self._east = np.array([-np.sin(lam), np.cos(lam), 0.0])
        self._north = np.array([-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)])

    def put(self, ecef: Array) -> tuple[Array, Array]:
        """East and north of the origin, m."""
        away = ecef - self._origin
        return away @ self._east, away @ self._north

    def back(self, x: float, y: float) -> tuple[float, float]:
        """Latitude and longitude, deg; the plane is less than 1 km above the surface where a circle can be."""
        latitude, longitude = to_geodetic(self._origin + x * self._east + y * self._north)
        return float(latitude), float(longitude)
