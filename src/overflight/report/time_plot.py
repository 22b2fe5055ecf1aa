"""The drawings of an event against time: horizontal and vertical separation, altitude profile."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from overflight.report import scale, text
from overflight.report.canvas import COLOURS, DASHES, INK, LOSS, MINIMUM, QUIET, Canvas, Frame
from overflight.report.encounter import Encounter
from overflight.report.tracks import Floats


def draw(canvas: Canvas, encounter: Encounter, space: Frame) -> None:
    """Draw the panels one above the other into a part of the sheet, over one axis of time."""
    panels = (_horizontal, _vertical, _altitude) if len(encounter.tracks) == 2 else (_altitude,)
    axis = 26.0
    each = (space.height - axis) / len(panels)
    space = replace(space, x=(float(encounter.at_s[0]), float(encounter.at_s[-1])), height=each - 20.0)
    for index, panel in enumerate(panels):
        bottom = space.bottom + axis + each * (len(panels) - 1 - index)
        panel(canvas, encounter, replace(space, bottom=bottom))
    clock(canvas, encounter, replace(space, bottom=space.bottom + axis), axis)


def clock(canvas: Canvas, encounter: Encounter, frame: Frame, room: float) -> None:
    """Label the axis of time below a frame, in so many points of room."""
    for at_s, label in scale.times(encounter.time, *frame.x, 4):
        place = frame.at(np.array([at_s, frame.y[0]]))
        canvas.text(place - np.array([0.0, 4.0]), label, size=7, across="center", along="top")
    middle = (frame.left + frame.width / 2.0, frame.bottom - room + 2.0)
    canvas.text(middle, f"UTC, {encounter.time:%Y-%m-%d}", size=7, across="center", colour=QUIET)


def panel_of(canvas: Canvas, encounter: Encounter, frame: Frame, title: str, *, marks: bool = True) -> None:
    """Axes, marks, the loss shaded, the worst moment: everything but the curves."""
    low, high = frame.y
    start, end = encounter.start_s, encounter.end_s
    corners = np.array([[start, low], [end, low], [end, high], [start, high]])
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
    canvas.title(frame, title)


def unknown(canvas: Canvas, frame: Frame) -> None:
    """Say in an empty panel that no altitude is known."""
    middle = (frame.left + frame.width / 2.0, frame.bottom + frame.height / 2.0)
    canvas.text(middle, "not known: no altitude", size=8, colour=QUIET, across="center", along="center")


def _horizontal(canvas: Canvas, encounter: Encounter, space: Frame) -> None:
    minimum, worst = encounter.number_of("horizontal_nm"), encounter.row["horizontal_nm"]
    curve = Curve(encounter.horizontal_nm(), minimum, "NM", worst)
    frame = replace(space, y=(0.0, curve.top))
    panel_of(canvas, encounter, frame, "Horizontal distance, NM")
    _draw(canvas, encounter, frame, curve)


def _vertical(canvas: Canvas, encounter: Encounter, space: Frame) -> None:
    curve = Curve(encounter.vertical_ft(), encounter.vertical_minimum_ft, "ft", encounter.row["vertical_ft"])
    frame = replace(space, y=(0.0, curve.top))
    known = bool(np.isfinite(curve.values).any())
    panel_of(canvas, encounter, frame, "Vertical distance, ft", marks=known)
    if known:
        _draw(canvas, encounter, frame, curve)
    else:
        unknown(canvas, frame)


@dataclass(frozen=True)
class Curve:
    """A distance against time: its values at the encounter's instants, its minimum, and where it was worst."""

    values: Floats
    minimum: float | None
    unit: str
    worst: float | None

    @property
    def top(self) -> float:
        """Upper limit of its scale: the minimum is always in view; what is far above it may leave the picture."""
        highest = float(np.nanmax(self.values)) if np.isfinite(self.values).any() else 1.0
        if not self.minimum:
            return 1.08 * max(highest, 1e-3)
        return max(1.5 * self.minimum, min(1.08 * highest, 3.0 * self.minimum))


def _draw(canvas: Canvas, encounter: Encounter, frame: Frame, curve: Curve) -> None:
    minimum = curve.minimum
    if minimum:
        canvas.line(frame.at(np.array([[frame.x[0], minimum], [frame.x[1], minimum]])), MINIMUM, 0.9, dash=(4.0, 2.0))
    canvas.line(frame.at(np.stack([encounter.at_s, curve.values], axis=-1)), INK, 1.2, inside=frame)
    if curve.worst is not None:
        canvas.dots(frame.at(np.array([[0.0, curve.worst]])), INK, 4.0)
    if minimum:
        place = frame.at(np.array([frame.x[1], minimum])) + np.array([0.0, 2.5])
        canvas.text(
            place, f"minimum applied {text.trimmed(minimum, curve.unit)}", size=6.5, colour=MINIMUM, across="right"
        )


def _altitude(canvas: Canvas, encounter: Encounter, space: Frame) -> None:
    curves = [track.altitude_at_ft(encounter.at_s) for track in encounter.tracks]
    known = np.concatenate([curve[np.isfinite(curve)] for curve in curves])
    middle, half = 0.0, 1.0
    if len(known):
        middle, half = float(known.max() + known.min()) / 2.0, max(float(known.max() - known.min()) * 0.58, 250.0)
    frame = replace(space, y=(middle - half, middle + half))
    panel_of(canvas, encounter, frame, "Pressure altitude, ft", marks=len(known) > 0)
    if not len(known):
        unknown(canvas, frame)
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
