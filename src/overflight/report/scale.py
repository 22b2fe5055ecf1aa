"""Round values for scales: tick marks, scale bars, times."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from overflight.report.canvas import INK, Canvas
from overflight.units import NM_M

_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


def nice(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `value`."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step for step in (1.0, 2.0, 5.0) if step <= value / power * (1.0 + 1e-9)) * power)


def ticks(low: float, high: float, count: int) -> list[float]:
    """At most `count` steps of round values between two limits."""
    step = nice(max(high - low, 1e-9) / count)
    while (high - low) / step > count:
        step = nice(step * 2.5)
    return [float(value) for value in np.arange(np.ceil(low / step - 1e-9) * step, high + step * 1e-6, step)]


def number(value: float) -> str:
    """A tick's label: thousands apart, no needless decimals."""
    return f"{round(value, 6) + 0.0:,.10g}"  # + 0.0: no minus zero


def times(moment: datetime, low_s: float, high_s: float, count: int) -> list[tuple[float, str]]:
    """Round instants of the day, as seconds from `moment` and their label, between two limits in seconds from it."""
    step = next((step for step in _STEPS_S if (high_s - low_s) / step <= count), _STEPS_S[-1])
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    since = (moment - midnight).total_seconds()
    marks = [n * step for n in range(math.ceil((low_s + since) / step), math.floor((high_s + since) / step) + 1)]
    return [(mark - since, f"{midnight + timedelta(seconds=mark):%H:%M:%S}") for mark in marks]


def bar(canvas: Canvas, right: float, bottom: float, length_nm: float, length_pt: float) -> None:
    """Draw a scale bar that ends at `right`, labelled in NM and metres."""
    left = right - length_pt
    line = [(left, 3.0), (left, 0.0), (right, 0.0), (right, 3.0)]
    canvas.line(np.array(line) + np.array([0.0, bottom]), INK, 1.2)
    metres = length_nm * NM_M
    metric = f"{metres:.0f} m" if metres < 1000.0 else f"{metres / 1000.0:,.{2 if metres < 10_000.0 else 0}f} km"
    canvas.text(((left + right) / 2.0, bottom + 4.0), f"{length_nm:,g} NM ({metric})", size=7, across="center")
