"""Areas that an event's parameters tell of: search areas of lost aircraft, cells and circles of interference.

Nets write areas into their parameters in plain terms: ``corners`` are latitudes and longitudes of a polygon; ``radius_nm`` or ``radius_m``
is a circle around the ``latitude`` and ``longitude`` beside it, or of what it is part of. Whatever is said so is found here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from overflight.airspace.rings import GEOD
from overflight.report.encounter import known
from overflight.report.tracks import Floats
from overflight.units import NM_M

_BEARINGS = np.linspace(0.0, 360.0, 73)


@dataclass(frozen=True)
class Shape:
    """An area on the ground.

    Attributes:
        outline: a closed line of longitude and latitude in degrees, (N, 2).
        label: what it is, in a word or two.
        radius_nm: of a circle; None for a polygon.
    """

    outline: Floats
    label: str
    radius_nm: float | None


def shapes(row: dict[str, Any], parameters: dict[str, Any]) -> list[Shape]:
    """Return the areas of an event, the largest first."""
    if row["volume"] is not None or row["track_b"] is not None:
        return []
    found = list(_of(parameters, (known(row["latitude"]), known(row["longitude"]))))
    return sorted(found, key=lambda shape: -float(np.ptp(shape.outline, axis=0).max()))


def _of(value: object, place: tuple[float | None, float | None]) -> Iterator[Shape]:
    if isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _of(each, place)
    if not isinstance(value, dict):
        return
    told = cast("dict[str, Any]", value)
    place = known(told.get("latitude")) or place[0], known(told.get("longitude")) or place[1]
    corners = _corners(told.get("corners"))
    if corners is not None:
        yield Shape(corners, "cell", None)
    radius_m = known(told.get("radius_m"))
    radius_nm = known(told.get("radius_nm")) if radius_m is None else radius_m / NM_M
    if radius_nm is not None and radius_nm > 0.0 and place[0] is not None and place[1] is not None:
        after = known(told.get("after_min"))
        label = f"after {after:g} min" if after is not None else "circle" if radius_m is not None else ""
        yield Shape(_circle(place[0], place[1], radius_nm), label, radius_nm)
    for name, part in told.items():
        if name != "a":  # the state of the aircraft
            yield from _of(part, place)


def _corners(told: object) -> Floats | None:
    """A polygon's corners as a closed line, or None where they are none."""
    try:
        points = np.array(told, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
        return None
    return np.concatenate([points, points[:1]])[:, ::-1]


def _circle(latitude: float, longitude: float, radius_nm: float) -> Floats:
    ones = np.ones(len(_BEARINGS))
    east, north, _ = GEOD.fwd(longitude * ones, latitude * ones, _BEARINGS, radius_nm * NM_M * ones)
    return np.stack([east, north], axis=-1)
