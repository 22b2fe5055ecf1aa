"""The drawing of one event: plan view, horizontal and vertical separation against time, altitude profile."""

from __future__ import annotations

from typing import Final

import numpy as np

from overflight.report import scale, text
from overflight.report.canvas import INK, QUIET, Canvas, Dash, Frame
from overflight.report.encounter import Encounter
from overflight.report.markup import Html
from overflight.report.tracks import Floats, Plan

COLOURS: Final = ("#0b4f9e", "#b8430a")
DASHES: Final[tuple[Dash | None, ...]] = (None, (4.0, 1.5))  # told apart without colour too
LOSS: Final = "#f8d3cf"
MINIMUM: Final = "#b91c1c"

WIDTH: Final = 518.0  # points: the printable width of A4
HEIGHT: Final = 286.0
SIDE: Final = HEIGHT - 16.0


def draw(encounter: Encounter) -> Html:
    """Draw one event."""
    canvas = Canvas(WIDTH, HEIGHT)
    _plan_view(canvas, encounter)
    panels = (_horizontal, _vertical, _altitude) if len(encounter.tracks) == 2 else (_altitude,)
    left, low, each = SIDE + 44.0, 26.0, (HEIGHT - 26.0) / len(panels)
    for index, panel in enumerate(panels):
        bottom = low + each * (len(panels) - 1 - index)
        panel(canvas, encounter, left, bottom, WIDTH - left - 12.0, each - 20.0)
    for at_s, label in scale.times(encounter.time, float(encounter.at_s[0]), float(encounter.at_s[-1]), 4):
        place = _time_frame(encounter, left, low, WIDTH - left - 12.0, each - 20.0, (0.0, 1.0)).at(
            np.array([at_s, 0.0])
        )
        canvas.text(place - np.array([0.0, 4.0]), label, size=7, across="center", along="top")
    canvas.text(
        ((left + WIDTH - 12.0) / 2.0, 2.0), f"UTC, {encounter.time:%Y-%m-%d}", size=7, across="center", colour=QUIET
    )
    return canvas.svg(f"e{encounter.number}", f"Plan view and separation against time of event {encounter.number}")


def _title(canvas: Canvas, frame: Frame, title: str) -> None:
    canvas.text((frame.left, frame.bottom + frame.height + 4.0), title, size=8, bold=True)


# Plan view


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


def _plan_view(canvas: Canvas, encounter: Encounter) -> None:
    plan = encounter.plan()
    paths = [plan.project(positions) for positions in encounter.position_m]
    half = view_half_nm(encounter, paths)
    frame = Frame(1.0, 1.0, SIDE, SIDE, (-half, half), (-half, half))
    canvas.box(frame, fill="#fbfbfa")
    during = (encounter.at_s >= encounter.start_s) & (encounter.at_s <= encounter.end_s)
    if len(paths) == 2:
        for path in paths:
            canvas.line(frame.at(path[during]), LOSS, 7.0, inside=frame, round_ends=True)
    closest = [plan.project(point) for point in encounter.closest_m]
    _minimum_circle(canvas, encounter, frame, closest, half)
    for index, path in enumerate(paths):
        canvas.line(frame.at(path), COLOURS[index], 1.3, dash=DASHES[index], inside=frame)
        _reports(canvas, encounter, plan, frame, index)
        _arrows(canvas, frame, frame.at(path), encounter.at_s, COLOURS[index])
    _closest(canvas, encounter, frame, closest)
    length = scale.nice(half * 0.55)
    width = length / (2.0 * half) * SIDE
    scale.bar(canvas, max(width + 10.0, 10.0 + width), 9.0, length, width)
    _north(canvas, frame)
    canvas.box(frame, edge=QUIET)
    _title(canvas, frame, "Plan view, true north up")


def _minimum_circle(canvas: Canvas, encounter: Encounter, frame: Frame, closest: list[Floats], half: float) -> None:
    """The horizontal minimum as a circle round A, where some of it is in the picture."""
    minimum = encounter.number_of("horizontal_nm")
    if not minimum or len(closest) != 2 or minimum > 1.4 * half or not np.isfinite(closest).all():
        return
    turn = np.linspace(0.0, 2.0 * np.pi, 121)
    circle = closest[0] + minimum * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    canvas.line(frame.at(circle), MINIMUM, 0.7, dash=(4.0, 2.0), inside=frame)
    # The label stands on the circle on the side away from B, above or below.
    side = -1.0 if closest[1][1] > closest[0][1] else 1.0
    place = closest[0] + np.array([0.0, side * minimum])
    if np.abs(place).max() < 0.95 * half:
        canvas.text(
            frame.at(place),
            f"minimum {minimum:.3g} NM round A",
            size=6.5,
            colour=MINIMUM,
            across="center",
            along="center",
        )


def _reports(canvas: Canvas, encounter: Encounter, plan: Plan, frame: Frame, index: int) -> None:
    track = encounter.tracks[index]
    shown = (track.time_s >= encounter.at_s[0]) & (track.time_s <= encounter.at_s[-1])
    reports = plan.project(track.ecef_m[shown])
    reports = reports[(np.abs(reports) <= frame.x[1]).all(axis=1)]
    canvas.dots(frame.at(reports), COLOURS[index], 2.6)


def _arrows(canvas: Canvas, frame: Frame, path: Floats, at_s: Floats, colour: str) -> None:
    """Arrow heads towards both ends of the visible part, turned the way the track flew."""
    margin = np.minimum(path - frame.box.min, frame.box.max - path).min(axis=1)
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


def _north(canvas: Canvas, frame: Frame) -> None:
    x, y = frame.left + frame.width - 14.0, frame.bottom + frame.height - 12.0
    canvas.line(np.array([[x, y - 22.0], [x, y - 3.0]]), INK, 1.0)
    canvas.shape(np.array([[x, y + 3.0], [x - 3.5, y - 6.0], [x + 3.5, y - 6.0]]), INK)
    canvas.text((x, y - 31.0), "N", size=8, bold=True, across="center")


# Against time


def _time_frame(
    encounter: Encounter, space: Frame, y: tuple[float, float]
) -> Frame:
    return Frame(left, bottom, width, height, (float(encounter.at_s[0]), float(encounter.at_s[-1])), y)


def _panel(canvas: Canvas, encounter: Encounter, frame: Frame, title: str, *, marks: bool = True) -> None:
    """Axes, marks, the loss shaded, the worst moment: everything but the curves."""
    low, high = frame.y
    corners = np.array(
        [
            [t, y]
            for t, y in (
                (encounter.start_s, low),
                (encounter.end_s, low),
                (encounter.end_s, high),
                (encounter.start_s, high),
            )
        ]
    )
    canvas.shape(frame.at(corners), LOSS)
    canvas.line(frame.at(np.array([[0.0, low], [0.0, high]])), QUIET, 0.6)
    gap = np.full((1, 2), np.nan)
    grid: list[Floats] = []
    for value in scale.ticks(low, high, 4) if marks else []:
        place = frame.at(np.array([frame.x[0], value]))
        grid += [np.array([place - np.array([3.0, 0.0]), place + np.array([frame.width, 0.0])]), gap]
        canvas.text(place - np.array([5.0, 0.0]), scale.number(value), size=7, across="right", along="center")
    for at_s, _ in scale.times(encounter.time, *frame.x, 4):
        place = frame.at(np.array([at_s, low]))
        grid += [np.array([place, place - np.array([0.0, 3.0])]), gap]
    if grid:
        canvas.line(np.concatenate(grid), "#c3c8d0", 0.5)
    edge = [[frame.x[0], high], [frame.x[0], low], [frame.x[1], low]]
    canvas.line(frame.at(np.array(edge)), QUIET, 0.7)
    _title(canvas, frame, title)


def _unknown(canvas: Canvas, frame: Frame) -> None:
    middle = (frame.left + frame.width / 2.0, frame.bottom + frame.height / 2.0)
    canvas.text(middle, "not known: no altitude", size=8, colour=QUIET, across="center", along="center")


def _horizontal(canvas: Canvas, encounter: Encounter, space: Frame) -> None:
    minimum, curve = encounter.number_of("horizontal_nm"), encounter.horizontal_nm()
    frame = _time_frame(encounter, left, bottom, width, height, (0.0, _top(curve, minimum)))
    _panel(canvas, encounter, frame, "Horizontal distance, NM")
    _curve(canvas, encounter, frame, curve, minimum, "NM", encounter.row["horizontal_nm"])


def _vertical(canvas: Canvas, encounter: Encounter, space: Frame) -> None:
    minimum, curve = encounter.vertical_minimum_ft, encounter.vertical_ft()
    known = bool(np.isfinite(curve).any())
    frame = _time_frame(encounter, left, bottom, width, height, (0.0, _top(curve, minimum)))
    _panel(canvas, encounter, frame, "Vertical distance, ft", marks=known)
    if not known:
        _unknown(canvas, frame)
        return
    _curve(canvas, encounter, frame, curve, minimum, "ft", encounter.row["vertical_ft"])


def _top(curve: Floats, minimum: float | None) -> float:
    """Upper limit of a scale: the minimum is always in view; what is far above it may leave the picture."""
    highest = float(np.nanmax(curve)) if np.isfinite(curve).any() else 1.0
    return max(1.5 * minimum, min(1.08 * highest, 3.0 * minimum)) if minimum else 1.08 * max(highest, 1e-3)


def _curve(
    canvas: Canvas,
    encounter: Encounter,
    frame: Frame,
    curve: Floats,
    minimum: float | None,
    unit: str,
    worst: float | None,
) -> None:
    if minimum:
        canvas.line(frame.at(np.array([[frame.x[0], minimum], [frame.x[1], minimum]])), MINIMUM, 0.9, dash=(4.0, 2.0))
    canvas.line(frame.at(np.stack([encounter.at_s, curve], axis=-1)), INK, 1.2, inside=frame)
    if worst is not None:
        canvas.dots(frame.at(np.array([[0.0, worst]])), INK, 4.0)
    if minimum:
        place = frame.at(np.array([frame.x[1], minimum])) + np.array([0.0, 2.5])
        canvas.text(place, f"minimum applied {text.trimmed(minimum, unit)}", size=6.5, colour=MINIMUM, across="right")


def _altitude(canvas: Canvas, encounter: Encounter, space: Frame) -> None:
    curves = [track.altitude_at_ft(encounter.at_s) for track in encounter.tracks]
    known = np.concatenate([curve[np.isfinite(curve)] for curve in curves])
    middle, half = 0.0, 1.0
    if len(known):
        middle, half = float(known.max() + known.min()) / 2.0, max(float(known.max() - known.min()) * 0.58, 250.0)
    frame = _time_frame(encounter, left, bottom, width, height, (middle - half, middle + half))
    _panel(canvas, encounter, frame, "Pressure altitude, ft", marks=len(known) > 0)
    if not len(known):
        _unknown(canvas, frame)
        return
    ends: list[float] = []
    for index, (track, curve) in enumerate(zip(encounter.tracks, curves, strict=True)):
        canvas.line(
            frame.at(np.stack([encounter.at_s, curve], axis=-1)), COLOURS[index], 1.3, dash=DASHES[index], inside=frame
        )
        shown = (track.time_s >= encounter.at_s[0]) & (track.time_s <= encounter.at_s[-1])
        canvas.dots(frame.at(np.stack([track.time_s, track.altitude_ft], axis=-1)[shown]), COLOURS[index], 2.2)
        last = np.flatnonzero(np.isfinite(curve))
        if len(last):
            place = frame.at(np.array([encounter.at_s[last[-1]], curve[last[-1]]])) + np.array([4.0, 0.0])
            if ends and abs(ends[0] - place[1]) < 9.0:  # two letters at one height
                place[1] = ends[0] + (9.0 if place[1] >= ends[0] else -9.0)
            ends.append(float(place[1]))
            canvas.text(place, "AB"[index], size=8, bold=True, colour=COLOURS[index], along="center")
