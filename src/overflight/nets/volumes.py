"""When the volume of an alert is entered: of one size, of a size by altitude, and widened or shrunk by what is not known exactly.

Two aircraft whose places are known to `e` together and whose velocities to `w` together are at time t within `e + w t` of where they are
computed, for every place and velocity within the accuracies. The horizontal threshold D becomes D + e + w t (wider: entered by some of
them) or D - e - w t (narrower: entered by all of them). That the distance s + t v is below a threshold that changes uniformly is a
quadratic in t, so the moments are exact. The errors add up, as in the verdicts of the net separation: a bound, not a chance. The idea
is the sensor uncertainty mitigation of DAIDALUS (Narkawicz, Muñoz, Dutle, Sensor Uncertainty Mitigation and Dynamic Well Clear
Volumes in DAIDALUS, DASC 2018), which adds position and velocity errors to the thresholds in the same manner.

Of a well-clear volume that is widened, the time variable is the time to enter its disc: the most cautious of the family (it is lost
wherever modified tau has it lost: Muñoz et al., AIAA 2014-2412, theorem on inclusion). Shrunk, it is the disc alone. Vertical
thresholds stay: pressure altitudes share their error, and widening 1,000 ft would alert everybody who is rightly separated by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from overflight.nets.conflict import ROUNDING_M, Array, Span, common, slab, time_in_cylinder, time_in_well_clear
from overflight.nets.minima import Minima, layer_arrays

if TYPE_CHECKING:
    from overflight.nets.alerting import Alerting, Level


@dataclass(frozen=True)
class Pairs:
    """Relative states of pairs, and what their volumes depend on.

    Attributes:
        s, v: of one relative to the other (N, 3): east, north, up; m and m/s.
        altitude_m, up_mps: of both (N, 2); NaN where unknown.
        error_m, error_mps: how far places and velocities are off together, (N).
    """

    s: Array
    v: Array
    altitude_m: Array
    up_mps: Array
    error_m: Array
    error_mps: Array

    def some(self, k: NDArray[np.int64]) -> Pairs:
        """Return some of them."""
        return Pairs(**{name: values[k] for name, values in vars(self).items()})


def plain(s: Array, v: Array) -> Pairs:
    """Return pairs of which nothing but the relative state is known: errors none, altitudes unknown."""
    unknown, none = np.full((len(s), 2), np.nan), np.zeros(len(s))
    return Pairs(s, v, unknown, unknown, none, none)


def spans(pairs: Pairs, alerting: Alerting, share: float = 0.0) -> list[Span]:
    """Say for each level when its volume is entered and left: s from now, NaN where it is not within the lookahead.

    `share` of the errors is added to the horizontal thresholds; a negative one is taken off.
    """
    found: dict[object, Span] = {}
    for level in alerting.levels:
        key = (level.horizontal_m, level.vertical_m, level.tthr_s, level.layers)
        if key not in found:
            found[key] = (
                _layered(pairs, level.layers, alerting, share)
                if level.layers
                else _entered(pairs, level, alerting, share)
            )
    return [found[level.horizontal_m, level.vertical_m, level.tthr_s, level.layers] for level in alerting.levels]


def _entered(pairs: Pairs, level: Level, alerting: Alerting, share: float) -> Span:
    end_s = alerting.lookahead_s
    if share == 0.0 and level.tthr_s is None:
        limits = {"horizontal_m": level.horizontal_m, "vertical_m": level.vertical_m}
        return time_in_cylinder(pairs.s, pairs.v, **limits, end_s=end_s)
    patience_s = level.tthr_s or 0.0
    if share == 0.0:
        return time_in_well_clear(
            pairs.s,
            pairs.v,
            dthr_m=level.horizontal_m,
            zthr_m=level.vertical_m,
            tthr_s=patience_s,
            method=alerting.method,
            end_s=end_s,
        )
    disc = growing_disc(
        pairs.s[:, :2], pairs.v[:, :2], level.horizontal_m + share * pairs.error_m, share * pairs.error_mps
    )
    if share > 0.0:
        disc = Span(disc.time_in - patience_s, disc.time_out)
    height = slab(pairs.s[:, 2], pairs.v[:, 2], level.vertical_m - ROUNDING_M)
    return common([disc, height], 0.0, end_s if share > 0.0 else end_s + patience_s)


def _layered(pairs: Pairs, minima: Minima, alerting: Alerting, share: float) -> Span:
    """The first and last moment of a loss by the minima of the layer that the higher aircraft is in at that moment.

    Below a floor the higher one is for one span of time, as heights are linear: in a layer, then, before and after the span below it.
    """
    floors_m, horizontal_m, vertical_m = layer_arrays(minima)
    below = [_below(pairs, floor) for floor in floors_m[1:]]
    never = Span(np.full(len(pairs.s), np.nan), np.full(len(pairs.s), np.nan))
    always = Span(np.full(len(pairs.s), -np.inf), np.full(len(pairs.s), np.inf))
    unknown = np.isnan(pairs.altitude_m).any(axis=1)
    first, last = never
    for k in range(len(floors_m)):
        disc = growing_disc(
            pairs.s[:, :2],
            pairs.v[:, :2],
            horizontal_m[k] - ROUNDING_M + share * pairs.error_m,
            share * pairs.error_mps,
        )
        height = slab(pairs.s[:, 2], pairs.v[:, 2], float(vertical_m[k]) - ROUNDING_M)
        inside = below[k] if k < len(below) else always
        under = below[k - 1] if k else never
        nobody_under = np.isnan(under.time_in)
        early = Span(np.full(len(pairs.s), -np.inf), np.where(nobody_under, np.inf, under.time_in))
        late = Span(np.where(nobody_under, np.nan, under.time_out), np.full(len(pairs.s), np.inf))
        for part in (early, late):
            span = common([disc, height, inside, part], 0.0, alerting.lookahead_s)
            if k == len(floors_m) - 1:  # where an altitude is unknown, the highest layer's
                plane = common([disc, height], 0.0, alerting.lookahead_s)
                span = Span(*(np.where(unknown, one, other) for one, other in zip(plane, span, strict=True)))
            else:
                span = Span(*(np.where(unknown, np.nan, each) for each in span))
            first, last = np.fmin(first, span.time_in), np.fmax(last, span.time_out)
    return Span(first, last)


def _below(pairs: Pairs, floor_m: float) -> Span:
    """The span during which both are below a floor; NaN for none."""
    low, high = np.full(len(pairs.s), -np.inf), np.full(len(pairs.s), np.inf)
    for side in range(2):
        room, climb = floor_m - pairs.altitude_m[:, side], np.nan_to_num(pairs.up_mps[:, side])
        with np.errstate(all="ignore"):
            crossing = room / climb
        high = np.where(climb > 0.0, np.minimum(high, crossing), high)
        low = np.where(climb < 0.0, np.maximum(low, crossing), low)
        high = np.where((climb == 0.0) & ~(room > 0.0), -np.inf, high)
    some = low < high
    return Span(np.where(some, low, np.nan), np.where(some, high, np.nan))


def growing_disc(s: Array, v: Array, radius_m: Array | float, growth_mps: Array | float) -> Span:
    """The open span during which |s + t v| is below a radius that grows uniformly (or shrinks); one span, as the one is convex.

    Args:
        s, v: relative positions and velocities in the plane, (N, 2).
        radius_m: radius now, (N) or one for all.
        growth_mps: how fast it grows.
    """
    radius, growth = np.broadcast_to(radius_m, len(s)), np.broadcast_to(growth_mps, len(s))
    speed2, distance2 = _dot(v, v), _dot(s, s)
    a = speed2 - growth * growth
    b = _dot(s, v) - radius * growth
    c = distance2 - radius * radius
    # b² - a c, without losing digits.
    grown = radius[:, None] * v - growth[:, None] * s
    discriminant = _dot(grown, grown) - (s[:, 0] * v[:, 1] - s[:, 1] * v[:, 0]) ** 2
    with np.errstate(all="ignore"):
        q = -b - np.copysign(np.sqrt(np.maximum(discriminant, 0.0)), b)
        one, other = q / a, c / q
        low, high = np.fmin(one, other), np.fmax(one, other)
        linear = -c / (2.0 * b)
        middle = radius + growth * 0.5 * (low + high)
    inf, nan = np.full(len(s), np.inf), np.full(len(s), np.nan)
    inside = (c < 0.0) & (radius > 0.0)
    after, until = (b < 0.0) & (growth > 0.0), (b > 0.0) & (growth < 0.0)
    cases = (
        ((speed2 == 0.0) & (growth == 0.0), np.where(inside, -inf, nan), np.where(inside, inf, nan)),
        # The radius changes as fast as the distance in the end: from one moment on, until one, or never.
        (
            a == 0.0,
            np.where(after, linear, np.where(until, -inf, nan)),
            np.where(after, inf, np.where(until, linear, nan)),
        ),
        (a < 0.0, np.where(growth > 0.0, high, -inf), np.where(growth > 0.0, inf, low)),
        # As usual slower: between two moments, if the radius is more than nothing then.
        ((discriminant > 0.0) & (middle > 0.0), low, high),
    )
    which = [case for case, _, _ in cases]
    return Span(np.select(which, [x for _, x, _ in cases], np.nan), np.select(which, [x for _, _, x in cases], np.nan))


def _dot(a: Array, b: Array) -> Array:
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1]
