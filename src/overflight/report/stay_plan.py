"""The plan view of a stay: the track, the boundary, where it was crossed, and how deep the deepest point lies."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from overflight.earth.naturalearth import NaturalEarth
from overflight.earth.wgs84 import to_ecef, to_geodetic
from overflight.report import outlines, scale, text
from overflight.report.canvas import COLOURS, INK, LOSS, MINIMUM, QUIET, Canvas, Frame
from overflight.report.labels import Labels
from overflight.report.overview import Projection
from overflight.report.plan_plot import arrows, north
from overflight.report.stay import Crossing, Stay
from overflight.report.tracks import Floats, Plan
from overflight.units import NM_M

AREA: Final = "#fbf3dc"
DOUBTFUL: Final = "#f0dfb8"
_COAST_FROM_NM: Final = 12.0
"""Half the width of a plan from which coasts and borders are worth drawing: their map is good to about 1 NM."""
_LEAST_HALF_NM: Final = 0.25
_APART_PT: Final = 2.8
"""Reports nearer to each other than this are not told apart."""


def draw(canvas: Canvas, stay: Stay, space: Frame) -> None:
    """Draw a stay into a square part of the sheet."""
    encounter = stay.encounter
    inside = (encounter.at_s >= encounter.start_s) & (encounter.at_s <= encounter.end_s)
    plan = Plan.at(stay.deepest_m)
    middle, half = view(stay, plan, inside)
    plan = Plan.at(plan.origin_m + (middle[0] * plan.east + middle[1] * plan.north) * NM_M)
    frame = replace(space, x=(-half, half), y=(-half, half))
    path = plan.project(encounter.position_m[0])

    canvas.box(frame, fill="#fbfbfa")
    _volume(canvas, stay, plan, frame)
    if half > _COAST_FROM_NM:
        _coasts(canvas, plan, frame)
    canvas.line(frame.at(path[inside]), LOSS, 6.0, inside=frame, round_ends=True)
    canvas.line(frame.at(path), COLOURS[0], 1.3, inside=frame)
    _reports(canvas, stay, plan, frame)
    arrows(canvas, frame, frame.at(path), encounter.at_s, COLOURS[0])

    labels = Labels(frame, frame.at(path[np.isfinite(path).all(axis=1)]))
    labels.taken += _reserved(frame)
    deepest, nearest = (frame.at(plan.project(point)) for point in (stay.deepest_m, stay.nearest_m))
    _depth(canvas, stay, frame, deepest, nearest, labels)
    _crossing(canvas, stay.entry, "in", frame, plan, labels)
    _crossing(canvas, stay.exit, "out", frame, plan, labels)
    length = scale.nice(half * 0.55)
    width = length / (2.0 * half) * frame.width
    scale.bar(canvas, frame.left + max(9.0 + width, 36.0 + width / 2.0), 9.0, length, width)
    north(canvas, frame)
    canvas.box(frame, edge=QUIET)
    canvas.title(frame, "Plan view, true north up")


def view(stay: Stay, plan: Plan, inside: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Middle (NM in the plan) and half the width of the plan: what was flown inside, and the nearest boundary.

    Where the boundary is much farther than what was flown, as for a track that the recording shows for a minute far inside, it
    stays outside: else the track would be a dot.
    """
    path = plan.project(stay.encounter.position_m[0][inside])
    ends = plan.project(np.array([stay.deepest_m, stay.entry.ecef_m, stay.exit.ecef_m]))
    points = np.concatenate([path, ends])
    points = points[np.isfinite(points).all(axis=1)]
    nearest = plan.project(stay.nearest_m)
    flown = float(np.ptp(points, axis=0).max())
    if float(np.hypot(*nearest)) < 3.0 * max(flown, _LEAST_HALF_NM):
        points = np.concatenate([points, nearest[None, :]])
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2.0, max(float((high - low).max()) * 0.65, _LEAST_HALF_NM)


def _volume(canvas: Canvas, stay: Stay, plan: Plan, frame: Frame) -> None:
    """The area, its boundary, and how far the boundary is known, where that can be seen."""
    paths, edges = (
        drawn(stay.volume, lambda longitude, latitude: plan.project(to_ecef(latitude, longitude)))
        for drawn in (outlines.rings, outlines.boundaries)
    )
    # The plan shows one side of the Earth: what lies behind it has no place there.
    around = float(np.hypot(*np.concatenate(paths).T).max()) if paths else 0.0
    if around < 3000.0:
        canvas.areas([frame.at(ring) for ring in outlines.filled(paths, frame)], AREA, inside=frame)
    seen = [outlines.within(path, frame) for path in edges]
    width = 2.0 * stay.volume.accuracy_m / NM_M / (frame.x[1] - frame.x[0]) * frame.width
    if width > 2.5:
        reach = stay.volume.accuracy_m / NM_M
        wide = replace(frame, x=(frame.x[0] - reach, frame.x[1] + reach), y=(frame.y[0] - reach, frame.y[1] + reach))
        for path in (outlines.within(path, wide) for path in edges):
            canvas.line(frame.at(path), DOUBTFUL, width, inside=frame, round_ends=True)
    for path in seen:
        canvas.line(frame.at(path), MINIMUM, 1.2, inside=frame)


def _coasts(canvas: Canvas, plan: Plan, frame: Frame) -> None:
    """Coasts and borders, to know the place by."""
    latitude, longitude = to_geodetic(plan.origin_m)
    half = frame.x[1]
    for line in NaturalEarth().lines(Projection(float(longitude), float(latitude)).area(half, half)):
        path = outlines.within(plan.project(to_ecef(line.points[:, 1], line.points[:, 0])), frame)
        dash = (4.0, 1.5, 1.0, 1.5) if line.border else None
        canvas.line(frame.at(path), "#9ca3af" if line.border else "#8fb3cc", 0.6, dash=dash, inside=frame)


def _reports(canvas: Canvas, stay: Stay, plan: Plan, frame: Frame) -> None:
    """The reports that can be told apart."""
    track, at_s = stay.encounter.tracks[0], stay.encounter.at_s
    shown = (track.time_s >= at_s[0]) & (track.time_s <= at_s[-1])
    reports = plan.project(track.ecef_m[shown])
    places = frame.at(reports[(np.abs(reports) <= frame.x[1]).all(axis=1)])
    canvas.dots(apart(places, _APART_PT), COLOURS[0], 2.4)


def apart(places: Floats, least: float) -> Floats:
    """Leave out each place that is nearer than `least` to the last one kept."""
    kept: list[Floats] = []
    for place in places:
        if not kept or np.hypot(*(place - kept[-1])) >= least:
            kept.append(place)
    return np.array(kept).reshape(-1, 2)


def _depth(canvas: Canvas, stay: Stay, frame: Frame, deepest: Floats, nearest: Floats, labels: Labels) -> None:
    """An arrow from the deepest point to the nearest point of the boundary, with its length."""
    run = nearest - deepest
    length = float(np.hypot(*run))
    told = text.depth(stay.row["depth_m"])
    seen = bool((nearest >= frame.low).all() and (nearest <= frame.high).all())
    if length > 1e-6:
        forward = run / length
        canvas.line(np.array([deepest, nearest]), INK, 1.2, inside=frame)
        if seen and length > 5.0:
            across = np.array([forward[1], -forward[0]])
            head = nearest + np.array([0.0 * forward, 2.4 * across - 6.0 * forward, -2.4 * across - 6.0 * forward])
            canvas.shape(head, INK, inside=frame)
        steps = np.linspace(0.0, min(length, frame.width), 25)
        labels.points = np.concatenate([labels.points, deepest + steps[:, None] * forward])
    canvas.dots(deepest[None, :], "#ffffff", 8.0, inside=frame)
    canvas.dots(deepest[None, :], INK, 6.0, inside=frame)
    middle = (deepest + nearest) / 2.0 if seen else deepest
    labels.put(canvas, middle, told if seen else f"{told} to the boundary", size=8, bold=True)


def _crossing(canvas: Canvas, crossing: Crossing, word: str, frame: Frame, plan: Plan, labels: Labels) -> None:
    """A ring where the stay began or ended, with the time and how where it was not over the boundary."""
    place = frame.at(plan.project(crossing.ecef_m))
    if not np.isfinite(place).all():
        return
    canvas.dots(place[None, :], COLOURS[0], 8.5, inside=frame)
    canvas.dots(place[None, :], "#ffffff", 5.6, inside=frame)
    time = f"{crossing.time:%H:%M:%S}"
    said = f"{word} {time}"
    if crossing.how not in {"boundary", ""}:
        said = f"{said}, {crossing.how}" if crossing.crossed else f"{crossing.how} {time}"
    labels.put(canvas, place, said)


def _reserved(frame: Frame) -> list[Floats]:
    """Where north and the scale bar stand."""
    (left, bottom), (right, top) = frame.low, frame.high
    return [np.array([right - 24.0, top - 46.0, right, top]), np.array([left, bottom, left + 100.0, bottom + 20.0])]
