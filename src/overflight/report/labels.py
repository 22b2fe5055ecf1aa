"""Where a label may stand in a drawing: near its mark, inside the frame, and on as little as can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from overflight.report.canvas import INK, Canvas, Frame
from overflight.report.tracks import Floats

_LETTER: Final = 0.56
"""Mean width of a letter, as a share of its size."""

_DIRECTIONS: Final = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


@dataclass
class Labels:
    """Labels of one frame; what they must not hide is told first.

    Attributes:
        frame: they stand within it.
        points: on the sheet, (N, 2), better not covered.
        taken: rectangles that other labels have: left, bottom, right, top.
    """

    frame: Frame
    points: Floats
    taken: list[Floats] = field(default_factory=list[Floats])

    def put(
        self,
        canvas: Canvas,
        place: Floats,
        text: str,
        *,
        size: float = 7.0,
        colour: str = INK,
        bold: bool = False,
        on: bool = False,
    ) -> None:
        """Write a text beside a place, or `on` it if nothing else is there."""
        if not np.isfinite(place).all():
            return
        wide, high = len(text) * size * _LETTER * (1.06 if bold else 1.0), size * 1.1
        options = [
            self._box(place, direction, far, wide, high) for far in (7.0, 15.0, 26.0) for direction in _DIRECTIONS
        ]
        if on:
            options.insert(0, self._box(place, (0, 0), 0.0, wide, high))
        costs = [self._cost(box) + 0.6 * (number // len(_DIRECTIONS)) for number, box in enumerate(options)]
        best = options[int(np.argmin(costs))]
        self.taken.append(best)
        across: Literal["left", "center", "right"] = "left"
        canvas.text((best[0], best[1] + 0.2 * size), text, size=size, colour=colour, bold=bold, across=across)

    @staticmethod
    def _box(place: Floats, direction: tuple[int, int], far: float, wide: float, high: float) -> Floats:
        x, y = direction
        middle = place + np.array([x * (far + wide / 2.0), y * (far + high / 2.0)])
        if x and y:
            middle = place + np.array([x * (0.7 * far + wide / 2.0), y * (0.7 * far + high / 2.0)])
        return np.array([middle[0] - wide / 2, middle[1] - high / 2, middle[0] + wide / 2, middle[1] + high / 2])

    def _cost(self, box: Floats) -> float:
        low, high = self.frame.low + 2.0, self.frame.high - 2.0
        out = float(np.maximum(low - box[:2], 0.0).sum() + np.maximum(box[2:] - high, 0.0).sum())
        on = (
            ((self.points >= box[:2] - 1.5) & (self.points <= box[2:] + 1.5)).all(axis=1).sum()
            if len(self.points)
            else 0
        )
        over = sum(
            bool((box[0] < other[2]) & (other[0] < box[2]) & (box[1] < other[3]) & (other[1] < box[3]))
            for other in self.taken
        )
        return 5.0 * out + 0.5 * float(on) + 50.0 * over
