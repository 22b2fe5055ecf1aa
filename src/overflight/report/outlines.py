"""Boundaries of volumes for drawings: their true lines, cut to what is in view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import shapely

from overflight.airspace.boundary import pieces, stretches
from overflight.airspace.volume import Volume
from overflight.report.canvas import Frame
from overflight.report.tracks import Floats

LEAP_NM: Final = 1500.0
"""No step of a boundary or a coast is as long as this."""

Project = Callable[[Floats, Floats], Floats]
"""Longitude and latitude in degrees to (N, 2) NM on a drawing; NaN for what it cannot show."""


def rings(volume: Volume, project: Project) -> list[Floats]:
    """Return each ring of a volume as a closed line with all its bends, (N, 2) each."""
    lines = [pieces(ring) for part in volume.parts for ring in (part.outer, *part.holes)]
    return [project(longitude, latitude) for latitude, longitude in lines]


def boundaries(volume: Volume, project: Project) -> list[Floats]:
    """Return what of the rings of a volume is boundary, (N, 2) each: not the edges that only close the side of a line."""
    every = (ring for part in volume.parts for ring in (part.outer, *part.holes))
    return [project(longitude, latitude) for ring in every for latitude, longitude in stretches(ring)]


def within(path: Floats, frame: Frame) -> Floats:
    """Keep of a projected line what may be seen in a frame: the steps whose box meets it; the others become one NaN.

    Unlike a test of points, this keeps a long edge that runs through the frame with both ends outside.
    """
    low, high = np.array([frame.x[0], frame.y[0]]), np.array([frame.x[1], frame.y[1]])
    margin = (high - low) * 0.05
    a, b = path[:-1], path[1:]
    meets = ((np.fmax(a, b) >= low - margin) & (np.fmin(a, b) <= high + margin)).all(axis=1)
    # Around the far side of the Earth a step leaps across the drawing; it is no line.
    meets &= np.hypot(*(b - a).T) < LEAP_NM
    keep = np.concatenate([meets, [False]]) | np.concatenate([[False], meets])
    path = np.where(keep[:, None], path, np.nan)
    # Where two steps that are kept have one between them that is not, the line is broken there.
    lost = np.flatnonzero(keep[:-1] & keep[1:] & ~meets) + 1
    path = np.insert(path, lost, np.nan, axis=0)
    gaps = np.isnan(path[:, 0])
    return path[~(gaps & np.concatenate([[False], gaps[:-1]]))]


def inner(paths: list[Floats], frame: Frame) -> tuple[Floats, Floats] | None:
    """Return a point well within what a frame shows of the first of closed lines, and the size of that; None where it shows none."""
    if not paths or len(paths[0]) < 4 or not np.isfinite(paths[0]).all():
        return None
    shape = shapely.make_valid(shapely.Polygon(paths[0]))
    parts = shapely.get_parts(shapely.clip_by_rect(shape, frame.x[0], frame.y[0], frame.x[1], frame.y[1])).tolist()
    areas = [part for part in parts if isinstance(part, shapely.Polygon) and not part.is_empty]
    if not areas:
        return None
    largest = max(areas, key=lambda part: part.area)
    middle = shapely.maximum_inscribed_circle(largest, tolerance=0.02 * (frame.x[1] - frame.x[0])).coords[0]
    west, south, east, north = largest.bounds
    return np.array(middle), np.array([east - west, north - south])


def filled(paths: list[Floats], frame: Frame) -> list[Floats]:
    """Cut closed lines to a frame, to fill what lies in an odd number of them; none where they leave what is shown."""
    cut: list[Floats] = []
    wide, high = frame.x[1] - frame.x[0], frame.y[1] - frame.y[0]
    for path in paths:
        if not np.isfinite(path).all() or len(path) < 4:
            return []
        shape = shapely.make_valid(shapely.Polygon(path))
        box = (frame.x[0] - wide, frame.y[0] - high, frame.x[1] + wide, frame.y[1] + high)
        for part in shapely.get_parts(shapely.clip_by_rect(shape, *box)).tolist():
            if isinstance(part, shapely.Polygon) and not part.is_empty:
                cut += [np.array(ring.coords) for ring in (part.exterior, *part.interiors)]
    return cut
