"""Volumes as GeoJSON, with the properties that the GeoJSON reader takes: reading it again gives the same volumes.

What GeoJSON has no words for:

- A feature has one kind of edge. Where a volume mixes them, its straight edges are cut, so that the shortest way between
  their points leaves the line by less than `TOLERANCE_M`, and all are then geodesic. Arcs and circles are vertices already.
- A feature has one active time. A volume with several becomes as many features, alike but for time and id: "EDR1",
  "EDR1#2".
- An estimated end is none: such a volume is active until further notice, and ``active_to_estimated`` keeps the time.

Outer rings go counter-clockwise and holes clockwise (RFC 7946, 3.1.6). Rings across the antimeridian are not cut there: an
edge goes the short way. ``notes`` and ``source`` are written for people; the reader does not take them.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from overflight.airspace.rings import GEOD
from overflight.airspace.volume import GEODESIC, STRAIGHT, Airspace, Part, Ring, Volume, Window
from overflight.errors import ParameterError
from overflight.files import STDOUT, refuse_missing_folder, whole_file

TOLERANCE_M: Final = 0.25
"""The most that an edge which had to become geodesic leaves the straight line that it was."""

SUFFIXES: Final = (".geojson", ".json")


def write_airspace(airspace: Airspace, path: Path) -> None:
    """Write volumes as GeoJSON, whole or not at all; "-" is standard output.

    Raises:
        ParameterError: the name does not end in .geojson or .json.
        InputError: the place cannot be written to.
    """
    refuse_output(path)
    text = geojson(airspace)
    if path == STDOUT:
        sys.stdout.write(text)
        return
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def refuse_output(path: Path) -> None:
    """Say that an output cannot be written, before any work is done for it.

    Raises:
        ParameterError: the name does not end in .geojson or .json.
        InputError: there is no such folder.
    """
    if path == STDOUT:
        return
    if path.suffix.lower() not in SUFFIXES:
        raise ParameterError("OUT", str(path), "names no format of airspace", remedy="end it in .geojson")
    refuse_missing_folder(path)


def geojson(airspace: Airspace) -> str:
    """Return volumes as a FeatureCollection, one feature a line."""
    features: dict[str, None] = {}
    for each in airspace.volumes:
        if any(part.outer.only_closes is not None for part in each.parts):
            features[each.raw] = None  # the line itself, once: its sides follow from it
            continue
        written = (_feature(volume) for volume in _one_time(each))
        features |= dict.fromkeys(json.dumps(one, ensure_ascii=False, allow_nan=False) for one in written)
    lines = ",\n".join(features)
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'


def _one_time(volume: Volume) -> list[Volume]:
    """Take a volume with several active times apart."""
    if len(volume.active) < 2:
        return [volume]
    return [
        replace(volume, id=volume.id if number == 1 else f"{volume.id}#{number}", active=(window,))
        for number, window in enumerate(volume.active, start=1)
    ]


def _feature(volume: Volume) -> dict[str, Any]:
    kinds = {int(edge) for part in volume.parts for ring in (part.outer, *part.holes) for edge in np.unique(ring.edge)}
    mixed = len(kinds) > 1
    polygons = [_polygon(part, mixed=mixed) for part in volume.parts]
    window = volume.active[0] if volume.active else Window(None, None)
    properties: dict[str, Any] = {
        "id": volume.id,
        "name": volume.name,
        "kind": volume.kind,
        "floor": _limit(volume.floor.reference, volume.floor.value_ft),
        "ceiling": _limit(volume.ceiling.reference, volume.ceiling.value_ft),
        "owner": volume.owner,
        "accuracy_m": volume.accuracy_m,
        "active_from": _time(window.start),
        "active_to": None if volume.estimated_end else _time(window.end),
        "edges": "straight" if kinds == {STRAIGHT} else "geodesic",
        "source": volume.source,
        "notes": list(volume.notes),
    }
    if volume.notice:
        properties["notice"] = volume.notice
        properties["issued_for"] = list(volume.issued_for)
    if volume.barred is not None:
        properties["barred"] = volume.barred
    if volume.assumed:
        properties["assumed"] = volume.assumed
    if volume.estimated_end:
        properties["active_to_estimated"] = _time(window.end)
    one = len(polygons) == 1
    geometry = {"type": "Polygon" if one else "MultiPolygon", "coordinates": polygons[0] if one else polygons}
    return {"type": "Feature", "id": volume.id, "properties": properties, "geometry": geometry}


def _limit(reference: str, value_ft: float) -> str:
    """Write a limit as `parse_limit` reads it, with every digit: `Limit.__str__` rounds to six."""
    if reference in {"SFC", "UNL"}:
        return reference
    level = value_ft / 100.0
    if reference == "STD" and level == round(level) and 0 <= level <= 999:
        return f"FL{level:03.0f}"
    return f"{np.format_float_positional(value_ft, trim='-')} ft {reference}"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _polygon(part: Part, *, mixed: bool) -> list[list[list[float]]]:
    return [
        _coordinates(ring, mixed=mixed, counter_clockwise=number == 0)
        for number, ring in enumerate((part.outer, *part.holes))
    ]


def _coordinates(ring: Ring, *, mixed: bool, counter_clockwise: bool) -> list[list[float]]:
    """Return the closed list of positions, longitude first."""
    points: list[list[float]] = []
    n = len(ring)
    for k in range(n):
        a, b = (
            (float(ring.longitude[k]), float(ring.latitude[k])),
            (float(ring.longitude[(k + 1) % n]), float(ring.latitude[(k + 1) % n])),
        )
        points.append(list(a))
        if mixed and ring.edge[k] != GEODESIC:
            points += _cut(a, b)
    step = (np.diff([x for x, _ in points], append=points[0][0]) + 180.0) % 360.0 - 180.0
    x = np.concatenate([[0.0], np.cumsum(step[:-1])])  # in one piece across the antimeridian
    y = np.array([y for _, y in points])
    twice_area = float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    # Around a pole neither way round is the right one on a flat map: it stays as it is.
    if abs(float(step.sum())) < 180.0 and (twice_area > 0.0) != counter_clockwise:
        points = [points[0], *points[:0:-1]]
    return [*points, points[0]]


def _cut(a: tuple[float, float], b: tuple[float, float]) -> list[list[float]]:
    """Return points on the straight line between two positions, so many that geodesics between them keep to it.

    A geodesic leaves the straight line by an amount that grows with the square of its length (both are arcs of constant
    curvature for short lengths), so that a cut into n pieces makes it n² times less.
    """
    east = (b[0] - a[0] + 180.0) % 360.0 - 180.0
    north = b[1] - a[1]
    pieces = 1
    while pieces < 1_000_000:
        # The worst piece is nearest to a pole: all are measured, at their middle.
        share = np.arange(pieces + 1) / pieces
        x, y = a[0] + share * east, a[1] + share * north
        azimuth, _, length = GEOD.inv(x[:-1], y[:-1], x[1:], y[1:])
        x_on, y_on, _ = GEOD.fwd(x[:-1], y[:-1], azimuth, np.asarray(length) / 2.0)
        middle = (np.arange(pieces) + 0.5) / pieces
        _, _, off = GEOD.inv(x_on, y_on, a[0] + middle * east, a[1] + middle * north)
        worst = float(np.max(off))
        if worst <= TOLERANCE_M:
            break
        pieces = max(pieces + 1, math.ceil(pieces * math.sqrt(worst / TOLERANCE_M) * 1.01))
    share = np.arange(1, pieces) / pieces
    x = (a[0] + share * east + 180.0) % 360.0 - 180.0
    return [[float(lon), float(lat)] for lon, lat in zip(x, a[1] + share * north, strict=True)]
