"""The altitude of a stay against time, with the floor and the ceiling as far as a pressure altitude can tell them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from overflight.airspace.levels import levels
from overflight.airspace.volume import Limit
from overflight.report import time_plot
from overflight.report.canvas import COLOURS, MINIMUM, Canvas, Frame
from overflight.report.stay import Stay
from overflight.report.stay_plan import apart
from overflight.report.tracks import Floats

BAND: Final = "#fbe0c4"


@dataclass(frozen=True)
class Edge:
    """A floor or a ceiling in terms of pressure altitude, ft: one level, or the band that it lies in.

    Attributes:
        word: "floor" or "ceiling".
        limit: as the volume has it.
        low_ft, high_ft: the lowest and the highest that it can be; infinite where there is none.
    """

    word: str
    limit: Limit
    low_ft: float
    high_ft: float

    @property
    def exact(self) -> bool:
        """Whether it is one level."""
        return self.low_ft == self.high_ft

    @property
    def drawn(self) -> bool:
        """Whether it has a place among pressure altitudes: not the surface, no limit, or a height above ground."""
        return self.limit.reference in {"STD", "AMSL"}

    @property
    def nominal_ft(self) -> float:
        """The middle of the band."""
        return (self.low_ft + self.high_ft) / 2.0

    def said(self) -> str:
        """What stands beside its line, or instead of it."""
        if self.exact:
            return f"{self.word} {self.limit}"
        return f"{self.word} {self.limit}, ± {(self.high_ft - self.low_ft) / 2.0:,.0f} ft: QNH is not known"


def edges(stay: Stay) -> tuple[Edge, Edge]:
    """Return the floor and the ceiling of the volume."""
    possible, sure = levels(stay.volume, stay.qnh_hpa)
    return (
        Edge("floor", stay.volume.floor, possible.floor_ft, sure.floor_ft),
        Edge("ceiling", stay.volume.ceiling, sure.ceiling_ft, possible.ceiling_ft),
    )


def in_words(stay: Stay) -> list[str]:
    """Say the limits that cannot be drawn."""
    said: list[str] = []
    for edge in edges(stay):
        if edge.limit.reference == "SFC":
            said.append(f"{edge.word}: the surface")
        elif edge.limit.reference == "UNL":
            said.append(f"{edge.word}: no limit")
        elif edge.limit.reference == "AGL":
            said.append(f"{edge.word} {edge.limit}: above ground, and no terrain to draw it by")
    return said


def draw(canvas: Canvas, stay: Stay, space: Frame) -> None:
    """Draw the profile into a part of the sheet."""
    encounter = stay.encounter
    axis, words = 26.0, in_words(stay)
    curve = encounter.tracks[0].altitude_at_ft(encounter.at_s)
    known = curve[np.isfinite(curve)]
    drawn = [edge for edge in edges(stay) if edge.drawn]
    low, high = _range(known.tolist(), drawn)
    beyond = [
        f"{edge.said()}: {'above' if edge.low_ft > high else 'below'} this picture"
        for edge in drawn
        if _out(edge, low, high)
    ]
    words += beyond
    top = 20.0 + 9.0 * len(words)
    frame = Frame(
        space.left,
        space.bottom + axis,
        space.width,
        space.height - axis - top,
        (float(encounter.at_s[0]), float(encounter.at_s[-1])),
        (low, high),
    )
    time_plot.panel_of(canvas, encounter, frame, "", marks=len(known) > 0)
    highest = frame.bottom + frame.height
    canvas.text((frame.left, highest + 5.0 + 9.0 * len(words)), "Pressure altitude, ft", size=8, bold=True)
    for number, line in enumerate(words):
        canvas.text((frame.left, highest + 5.0 + 9.0 * (len(words) - 1 - number)), line, size=6.5, colour=MINIMUM)
    if not len(known):
        time_plot.unknown(canvas, frame)
    for edge in drawn:
        if not _out(edge, low, high):
            _edge(canvas, edge, frame)
    line = frame.at(np.stack([encounter.at_s, curve], axis=-1))
    canvas.line(line, COLOURS[0], 1.3, inside=frame)
    track = encounter.tracks[0]
    shown = (track.time_s >= encounter.at_s[0]) & (track.time_s <= encounter.at_s[-1])
    reports = frame.at(np.stack([track.time_s, track.altitude_ft], axis=-1)[shown])
    canvas.dots(apart(reports[np.isfinite(reports).all(axis=1)], 2.4), COLOURS[0], 2.2)
    for edge in drawn:
        if not _out(edge, low, high):
            _say(canvas, edge, frame, np.concatenate([line[np.isfinite(line).all(axis=1)], reports]))
    time_plot.clock(canvas, encounter, frame, axis)


def _edge(canvas: Canvas, edge: Edge, frame: Frame) -> None:
    """A line where the limit is a flight level, a band around a broken line where it is within a margin."""
    left, right = frame.x
    if not edge.exact:
        band = np.array([[left, edge.low_ft], [right, edge.low_ft], [right, edge.high_ft], [left, edge.high_ft]])
        band[:, 1] = np.clip(band[:, 1], *frame.y)
        canvas.shape(frame.at(band), BAND, inside=frame)
    nominal = edge.nominal_ft
    if frame.y[0] <= nominal <= frame.y[1]:
        line = frame.at(np.array([[left, nominal], [right, nominal]]))
        canvas.line(line, MINIMUM, 0.9, dash=None if edge.exact else (4.0, 2.0))


def _say(canvas: Canvas, edge: Edge, frame: Frame, flown: Floats) -> None:
    """Write what the limit is above or below its line or band, where the track is not."""
    wide, high = len(edge.said()) * 6.5 * 0.56, 7.0
    left, right = frame.left + 3.0, max(frame.left + frame.width - wide - 3.0, frame.left + 3.0)
    top, bottom = (float(frame.at(np.array([frame.x[0], level]))[1]) for level in (edge.high_ft, edge.low_ft))
    heights = [top + 2.5, bottom - high - 1.5] if edge.word == "ceiling" else [bottom - high - 1.5, top + 2.5]
    if not edge.exact:
        heights += [(top + bottom) / 2.0 + 2.5, (top + bottom) / 2.0 - high - 1.5]
    best, least = np.array([left, heights[0]]), np.inf
    for y in heights:
        if not frame.bottom + 1.0 <= y <= frame.bottom + frame.height - high:
            continue
        for x in (left, right):
            low = np.array([x - 1.0, y - 2.0])
            on = float(((flown >= low) & (flown <= low + np.array([wide + 2.0, high + 4.0]))).all(axis=1).sum())
            if on < least:
                best, least = np.array([x, y]), on
    canvas.text(best, edge.said(), size=6.5, colour=MINIMUM)


def _out(edge: Edge, low: float, high: float) -> bool:
    return edge.high_ft < low or edge.low_ft > high


def _range(known: list[float], drawn: list[Edge]) -> tuple[float, float]:
    """What the axis shows: all that was flown, and a limit that is not so far off that the flight would be a flat line."""
    if not known:
        values = [level for edge in drawn for level in (edge.low_ft, edge.high_ft)] or [0.0, 1000.0]
    else:
        values = [min(known), max(known)]
        reach = max(3.0 * (values[1] - values[0]), 6000.0)
        for edge in drawn:
            if values[0] - reach <= edge.nominal_ft <= values[1] + reach:
                values += [edge.low_ft, edge.high_ft]
    low, high = min(values), max(values)
    margin = max(0.08 * (high - low), 250.0)
    return low - margin, high + margin
