"""The drawing of one event: plan view on the left, separation and altitude against time on the right."""

from __future__ import annotations

from typing import Final

from overflight.report import plan_plot, time_plot
from overflight.report.canvas import Canvas, Frame
from overflight.report.encounter import Encounter
from overflight.report.markup import Html

WIDTH: Final = 518.0  # points: the printable width of A4
HEIGHT: Final = 286.0
ANY: Final = (0.0, 1.0)
"""Each drawing sets its own scales."""


def draw(encounter: Encounter) -> Html:
    """Draw one event."""
    canvas = Canvas(WIDTH, HEIGHT)
    side = HEIGHT - 16.0
    plan_plot.draw(canvas, encounter, Frame(1.0, 1.0, side, side, ANY, ANY))
    time_plot.draw(canvas, encounter, Frame(side + 44.0, 0.0, WIDTH - side - 56.0, HEIGHT, ANY, ANY))
    return canvas.svg(f"e{encounter.number}", f"Plan view and separation against time of event {encounter.number}")
