"""The drawings of an evaluation: what became of alerts and losses, and how long before the losses the alerts came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from overflight.engine.evaluation import Evaluation, SetOutcome
from overflight.engine.outcomes import (
    GENUINE,
    LATE,
    MISSED,
    NEAR,
    NOT_ALERTABLE,
    NUISANCE,
    SET_ASIDE,
    UNDECIDED,
    WARNED,
)
from overflight.report import scale
from overflight.report.canvas import INK, MINIMUM, QUIET, Canvas, Frame
from overflight.report.markup import Html

WIDTH: Final = 518.0  # points: the printable width of A4
BIN_S: Final = 10.0

_SHADES: Final = {
    GENUINE: "#0b4f9e",
    NEAR: "#e0a458",
    NUISANCE: "#b8430a",
    UNDECIDED: "#d1d5db",
    WARNED: "#0b4f9e",
    LATE: "#e0a458",
    MISSED: "#b91c1c",
    NOT_ALERTABLE: "#d1d5db",
    SET_ASIDE: "#9ca3af",
}
_NAMES: Final = {NOT_ALERTABLE: "could not be alerted", UNDECIDED: "cannot be decided"}


def outcomes(found: Evaluation) -> Html:
    """Draw a bar of alerts and one of losses for each set, all alerts to one scale and all losses to another."""
    each = 62.0
    height = each * len(found.sets) + 6.0
    canvas = Canvas(WIDTH, height)
    most_alerts = max(*(one.alerts.height for one in found.sets), 1)
    most_losses = max(*(one.losses.height for one in found.sets), 1)
    for index, one in enumerate(found.sets):
        top = height - each * index
        canvas.text((0.0, top - 10.0), one.alerting.name, size=8, bold=True)
        _bar(canvas, top - 28.0, "Alerts", one.of_alerts, most_alerts)
        _bar(canvas, top - 48.0, "Losses", one.of_losses, most_losses)
    return canvas.svg("outcomes", "What became of the alerts and of the losses, for each set of parameters")


def _bar(canvas: Canvas, bottom: float, name: str, counts: Mapping[str, int], most: int) -> None:
    left, width, tall = 40.0, WIDTH - 44.0, 7.0
    canvas.text((0.0, bottom), name, size=7.5)
    at = left
    for outcome, number in counts.items():
        wide = width * number / most
        if number:
            corners = np.array([[at, bottom], [at + wide, bottom], [at + wide, bottom + tall], [at, bottom + tall]])
            canvas.shape(corners, _SHADES[outcome], edge="#ffffff")
        at += wide
    # The numbers stand below in words: a bar may be too short for its own, and colours alone do not tell.
    place = left
    for outcome, number in counts.items():
        if number == 0 and outcome == SET_ASIDE:
            continue
        said = f"{number:,} {_NAMES.get(outcome, outcome)}"
        canvas.dots(np.array([[place + 2.5, bottom - 5.5]]), _SHADES[outcome], 5.0)
        canvas.text((place + 7.0, bottom - 8.0), said, size=6.5, colour=INK)
        place += 3.4 * len(said) + 16.0


def warnings(found: Evaluation) -> Html | None:
    """Draw a histogram of warning times for each set, over one axis; None where no loss was alerted."""
    sets = [one for one in found.sets if one.warning_s]
    if not sets:
        return None
    low = min(0.0, *(np.floor(one.warning_s[0] / BIN_S) * BIN_S for one in sets))
    high = max(found.least_warning_s, *(np.floor(one.warning_s[-1] / BIN_S) * BIN_S + BIN_S for one in sets))
    each, axis = 92.0, 26.0
    canvas = Canvas(WIDTH, each * len(sets) + axis)
    for index, one in enumerate(sets):
        bottom = axis + each * (len(sets) - 1 - index)
        _histogram(
            canvas, one, found.least_warning_s, Frame(26.0, bottom, WIDTH - 34.0, each - 22.0, (low, high), (0.0, 1.0))
        )
    frame = Frame(26.0, axis, WIDTH - 34.0, 1.0, (low, high), (0.0, 1.0))
    for value in scale.ticks(low, high, 12):
        place = frame.at(np.array([value, 0.0]))
        canvas.text(place - np.array([0.0, 5.0]), scale.number(value), size=7, across="center", along="top")
    canvas.text((WIDTH / 2.0, 1.0), "warning time, s", size=7, across="center", colour=QUIET)
    return canvas.svg("warnings", "Warning times of each set of parameters")


def _histogram(canvas: Canvas, one: SetOutcome, least_s: float, space: Frame) -> None:
    low, high = space.x
    counts, edges = np.histogram(one.warning_s, bins=np.arange(low, high + BIN_S / 2.0, BIN_S))
    frame = Frame(
        space.left, space.bottom, space.width, space.height, space.x, (0.0, float(max(counts.max(), 1)) * 1.1)
    )
    for number, left in zip(counts.tolist(), edges[:-1].tolist(), strict=True):
        if number:
            corners = np.array([[left, 0.0], [left + BIN_S, 0.0], [left + BIN_S, number], [left, number]])
            canvas.shape(frame.at(corners), "#33658f", edge="#ffffff")
    for value in _whole(scale.ticks(*frame.y, 3)):
        place = frame.at(np.array([low, value]))
        canvas.text(place - np.array([4.0, 0.0]), scale.number(value), size=7, across="right", along="center")
    canvas.line(frame.at(np.array([[low, 0.0], [high, 0.0]])), QUIET, 0.7)
    canvas.line(frame.at(np.array([[least_s, 0.0], [least_s, frame.y[1]]])), MINIMUM, 0.9, dash=(4.0, 2.0))
    middle = float(np.median(one.warning_s))
    canvas.line(frame.at(np.array([[middle, 0.0], [middle, frame.y[1]]])), INK, 0.9)
    canvas.title(frame, f"{one.alerting.name}: {len(one.warning_s):,} losses alerted, median {round(middle)} s")


def _whole(values: Sequence[float]) -> list[float]:
    return [value for value in values if value == round(value)]
