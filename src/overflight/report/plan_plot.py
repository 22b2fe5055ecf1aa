"""The plan view of an event: both tracks around the worst moment, with scale and north."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from overflight.report import scale, text
from overflight.report.canvas import COLOURS, DASHES, INK, LOSS, MINIMUM, QUIET, Canvas, Frame
from overflight.report.encounter import Encounter
from overflight.report.tracks import Floats, Plan


def view_half_nm(encounter: Encounter, paths: list[Floats]) -> float:
    """Half the width of the plan: four times the closest distance, within half to one and a half times the minimum.

    So the line that joins the closest positions is never lost in the picture, and the minimum is mostly in it. Where
    there is no minimum, what was flown decides.
    """
    minimum = encounter.number_of("horizontal_nm")
    distance = encounter.row["horizontal_nm"]
    if minimum and distance is not None and len(paths) == 2:
        return max(float(np.clip(4.0 * distance, 0.5 * minimum, 1.5 * minimum)), 0.1)
    extent = [np.abs(path[np.isfinite(path).all(axis=1)]).max(initial=0.0) for path in paths]
    return float(np.clip(max(extent, default=0.0) * 1.1, 0.5, 40.0))


def draw(canvas: Canvas, encounter: Encounter, space: Frame) -> None:
    """Draw both tracks around the worst moment into a square part of the sheet."""
    plan = encounter.plan()
    paths = [plan.project(positions) for positions in encounter.position_m]
    half = view_half_nm(encounter, paths)
    frame = replace(space, x=(-half, half), y=(-half, half))
    canvas.box(frame, fill="#fbfbfa")
    during = (encounter.at_s >= encounter.start_s) & (encounter.at_s <= encounter.end_s)
    if len(paths) == 2:
        for path in paths:
            canvas.line(frame.at(path[during]), LOSS, 7.0, inside=frame, round_ends=True)
    closest = [plan.project(point) for point in encounter.closest_m]
    _minimum_circle(canvas, encounter, plan, frame, closest)
    for index, path in enumerate(paths):
        canvas.line(frame.at(path), COLOURS[index], 1.3, dash=DASHES[index], inside=frame)
        _reports(canvas, encounter, plan, frame, index)
        arrows(canvas, frame, frame.at(path), encounter.at_s, COLOURS[index])
    _closest(canvas, encounter, frame, closest)
    length = scale.nice(half * 0.55)
    width = length / (2.0 * half) * frame.width
    scale.bar(canvas, frame.left + 9.0 + width, 9.0, length, width)
    north(canvas, frame)
    canvas.box(frame, edge=QUIET)
    canvas.title(frame, "Plan view, true north up")


def _minimum_circle(canvas: Canvas, encounter: Encounter, plan: Plan, frame: Frame, closest: list[Floats]) -> None:
    """The horizontal minimum as a circle round A, where some of it is in the picture."""
    minimum, half = encounter.number_of("horizontal_nm"), frame.x[1]
    if not minimum or len(closest) != 2 or minimum > 1.4 * half or not np.isfinite(closest).all():
        return
    turn = np.linspace(0.0, 2.0 * np.pi, 121)
    circle = closest[0] + minimum * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    canvas.line(frame.at(circle), MINIMUM, 0.7, dash=(4.0, 2.0), inside=frame)
    # The label stands on the circle where it is farthest from what was flown: above, below, or at a slant.
    flown = np.concatenate([plan.project(positions) for positions in encounter.position_m])
    flown = flown[(np.abs(flown) <= half).all(axis=1)]
    bearings = np.radians([0.0, 180.0, 45.0, 135.0, 225.0, 315.0])
    options = closest[0] + minimum * np.stack([np.sin(bearings), np.cos(bearings)], axis=-1)
    options = options[(np.abs(options) < np.array([0.65, 0.95]) * half).all(axis=1)]
    if len(options):
        room = np.hypot(*(options[:, None, :] - flown[None, :, :]).T).min(axis=0, initial=half)
        place = frame.at(options[int(np.argmax(room))])
        canvas.text(
            place, f"minimum {minimum:.3g} NM round A", size=6.5, colour=MINIMUM, across="center", along="center"
        )


def _reports(canvas: Canvas, encounter: Encounter, plan: Plan, frame: Frame, index: int) -> None:
    track = encounter.tracks[index]
    shown = (track.time_s >= encounter.at_s[0]) & (track.time_s <= encounter.at_s[-1])
    reports = plan.project(track.ecef_m[shown])
    reports = reports[(np.abs(reports) <= frame.x[1]).all(axis=1)]
    canvas.dots(frame.at(reports), COLOURS[index], 2.6)


def arrows(canvas: Canvas, frame: Frame, path: Floats, at_s: Floats, colour: str) -> None:
    """Arrow heads towards both ends of the visible part, turned the way the track flew."""
    margin = np.minimum(path - frame.low, frame.high - path).min(axis=1)
    seen = np.flatnonzero(margin > 8.0)  # NaN is not
    if len(seen) < 3:
        return
    for share in (0.15, 0.85):
        wanted = at_s[seen[0]] + share * (at_s[seen[-1]] - at_s[seen[0]])
        index = int(seen[np.argmin(np.abs(at_s[seen] - wanted))])
        step = path[min(index + 1, len(path) - 1)] - path[max(index - 1, 0)]
        length = float(np.hypot(*step))
        if not np.isfinite(length) or length < 1e-3:
            continue
        forward = step / length
        across = np.array([forward[1], -forward[0]])
        dart = [6.0 * forward, 4.0 * across - 5.0 * forward, -2.0 * forward, -4.0 * across - 5.0 * forward]
        canvas.shape(path[index] + np.array(dart), colour, edge="#ffffff", inside=frame)


def _closest(canvas: Canvas, encounter: Encounter, frame: Frame, closest: list[Floats]) -> None:
    """Both aircraft at the worst moment, joined, with the distance."""
    places = [frame.at(point) for point in closest]
    both = len(places) == 2 and bool(np.isfinite(places).all())
    outward = [np.array([1.0, 0.0]), np.array([-1.0, 0.0])]
    if both:
        canvas.line(np.array(places), INK, 1.1, inside=frame)
        length = float(np.hypot(*(places[0] - places[1])))
        if length > 1e-6:
            outward = [(places[0] - places[1]) / length, (places[1] - places[0]) / length]
        distance = encounter.row["horizontal_nm"]
        if distance is not None:
            across = np.array([-outward[0][1], outward[0][0]])
            across = -across if across[0] < 0 else across
            middle = np.mean(places, axis=0) + across * 11.0
            canvas.text(middle, text.distance(distance), size=8, bold=True, along="center")
    for index, place in enumerate(places):
        if not np.isfinite(place).all():
            continue
        canvas.dots(place[None, :], "#ffffff", 9.0, inside=frame)
        if index == 0:
            canvas.dots(place[None, :], COLOURS[0], 7.0, inside=frame)
        else:
            square = 3.2 * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
            canvas.shape(place + square, COLOURS[1], inside=frame)
        canvas.text(
            place + outward[index] * 12.0,
            "AB"[index],
            size=11,
            bold=True,
            colour=COLOURS[index],
            across="center",
            along="center",
        )


def north(canvas: Canvas, frame: Frame) -> None:
    """An arrow to the north at the upper right of a frame."""
    x, y = frame.left + frame.width - 14.0, frame.bottom + frame.height - 12.0
    canvas.line(np.array([[x, y - 22.0], [x, y - 3.0]]), INK, 1.0)
    canvas.shape(np.array([[x, y + 3.0], [x - 3.5, y - 6.0], [x + 3.5, y - 6.0]]), INK)
    canvas.text((x, y - 31.0), "N", size=8, bold=True, across="center")
