"""When two aircraft will be too near each other if both go on as they do: kernels on arrays of relative states.

States are ownship minus intruder, east, north and up: positions in m, velocities in m/s, shape (N, 3). Answers are two arrays (N):
the first and the last moment, s from now, of a loss within the lookahead; NaN where there is none. A loss is strict, both
distances below their thresholds at once: what touches a limit is no loss.

Sources: the cylinder is that of Munoz, Siminiceanu, Carreno, Dowek, KB3D Reference Manual (NASA/TM-2005-213769); well clear and its
time variables are those of Munoz, Narkawicz, Chamberlain, Consiglio, Upchurch, A Family of Well-Clear Boundary Models for the
Integration of UAS in the NAS (AIAA 2014-2412), which RTCA DO-365 uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overflight.errors import ParameterError

Array = NDArray[np.float64]
Method = Literal["taumod", "tcpa", "tep"]
METHODS: Final = ("taumod", "tcpa", "tep")

ROUNDING_M: Final = 1e-9
"""Taken off every threshold: 1,000 ft apart in metres may come out as 304.79999999999995 m, and is no loss. Three hundred
times what the difference of two altitudes or Earth-centred coordinates can be off."""


class Span(NamedTuple):
    """First and last moment, s from now, (N) each; NaN where there is none."""

    time_in: Array
    time_out: Array


def time_in_cylinder(
    s: ArrayLike, v: ArrayLike, *, horizontal_m: float, vertical_m: float, begin_s: float = 0.0, end_s: float = 180.0
) -> Span:
    """Say when both distances will be below their thresholds.

    Args:
        s: relative positions (N, 3), m.
        v: relative velocities (N, 3), m/s.
        horizontal_m, vertical_m: thresholds, m.
        begin_s, end_s: the lookahead, s from now.

    Returns:
        Time in and time out. NaN, too, where a state is not finite: whoever calls must say that nothing is known there.

    Raises:
        ParameterError: a threshold is negative, or the lookahead ends before it begins.
    """
    s, v = _states(s, v, begin_s, end_s, horizontal_m=horizontal_m, vertical_m=vertical_m)
    disc = _disc(s[:, :2], v[:, :2], horizontal_m - ROUNDING_M)
    return common([disc, slab(s[:, 2], v[:, 2], vertical_m - ROUNDING_M)], begin_s, end_s)


def time_in_well_clear(
    s: ArrayLike,
    v: ArrayLike,
    *,
    dthr_m: float,
    zthr_m: float,
    tthr_s: float,
    tcoa_s: float = 0.0,
    method: Method = "taumod",
    begin_s: float = 0.0,
    end_s: float = 180.0,
) -> Span:
    """Say when two aircraft will not be well clear of each other.

    They are not where, horizontally, their distance is below `dthr_m`, or will be and the time variable is at most `tthr_s`; and,
    vertically, their distance is below `zthr_m`, or the time to the same altitude is at most `tcoa_s`.

    Args:
        s: relative positions (N, 3), m.
        v: relative velocities (N, 3), m/s.
        dthr_m, zthr_m: distance thresholds, m.
        tthr_s, tcoa_s: time thresholds, s.
        method: the time variable: taumod ((D² - r²) / (s · v), DO-365), tcpa (to the closest point), tep (to the entry into
            the disc of radius `dthr_m`).
        begin_s, end_s: the lookahead, s from now.

    Returns:
        Time in and time out. NaN, too, where a state is not finite.

    Raises:
        ParameterError: a threshold is negative, the lookahead ends before it begins, or there is no such method.
    """
    if method not in METHODS:
        raise ParameterError("method", method, "is no time variable", remedy=f"choose from {', '.join(METHODS)}")
    thresholds = {"dthr_m": dthr_m, "zthr_m": zthr_m, "tthr_s": tthr_s, "tcoa_s": tcoa_s}
    s, v = _states(s, v, begin_s, end_s, **thresholds)
    near = _near(s[:, :2], v[:, :2], dthr_m - ROUNDING_M, tthr_s, method)
    return common([near, slab(s[:, 2], v[:, 2], zthr_m - ROUNDING_M, tcoa_s)], begin_s, end_s)


def _states(s: ArrayLike, v: ArrayLike, begin_s: float, end_s: float, **thresholds: float) -> tuple[Array, Array]:
    for name, value in thresholds.items():
        if not value >= 0.0:
            raise ParameterError(name, str(value), "is no threshold", remedy="give one of 0 or more")
    if not end_s >= begin_s:
        raise ParameterError("end_s", str(end_s), f"is before begin_s ({begin_s})", remedy="give a later one")
    s, v = (np.asarray(state, float).reshape(-1, 3) for state in (s, v))
    return s, v


def _disc(s: Array, v: Array, radius_m: float) -> Span:
    """The open span during which |s + t v| is below a radius; -inf to inf where nothing moves within it."""
    a, b, c = _dot(v, v), _dot(s, v), _dot(s, s) - radius_m**2
    # b² - a c, without losing digits: a r² less the square of what the one passes the other at.
    discriminant = a * radius_m**2 - (s[:, 0] * v[:, 1] - s[:, 1] * v[:, 0]) ** 2
    with np.errstate(all="ignore"):
        q = -b - np.copysign(np.sqrt(np.maximum(discriminant, 0.0)), b)
        one, other = q / a, c / q
        crossing = np.stack([np.fmin(one, other), np.fmax(one, other)])
    still = a == 0.0
    always = still & (c < 0.0)
    never = (still & ~always) | (~still & ~(discriminant > 0.0)) | (radius_m <= 0.0)
    time_in = np.where(never, np.nan, np.where(always, -np.inf, crossing[0]))
    return Span(time_in, np.where(never, np.nan, np.where(always, np.inf, crossing[1])))


def slab(z: Array, w: Array, height_m: float, tcoa_s: float = 0.0) -> Span:
    """The open span during which |z + t w| is below a height, begun earlier where the same altitude is `tcoa_s` away."""
    begun = np.maximum(height_m, tcoa_s * np.abs(w))
    with np.errstate(all="ignore"):
        moving = Span((-np.sign(w) * begun - z) / w, (np.sign(w) * height_m - z) / w)
    still = w == 0.0
    inside = np.abs(z) < height_m
    time_in = np.where(still, np.where(inside, -np.inf, np.nan), moving.time_in)
    return Span(time_in, np.where(still, np.where(inside, np.inf, np.nan), moving.time_out))


def _near(s: Array, v: Array, dthr_m: float, tthr_s: float, method: Method) -> Span:
    """The span during which the horizontal part of well clear is lost: it ends as the disc is left, and begins before it is entered."""
    disc = _disc(s, v, dthr_m)
    a, b = _dot(v, v), _dot(s, v)
    with np.errstate(all="ignore"):
        if method == "tep":
            early = disc.time_in - tthr_s
        elif method == "tcpa":
            early = -b / a - tthr_s
        else:  # r² + T (s · v) - D² <= 0: the earlier root
            half = b + 0.5 * tthr_s * a
            c = _dot(s, s) - dthr_m**2 + tthr_s * b
            root = np.sqrt(np.maximum(half**2 - a * c, 0.0))
            early = (-half - root) / a
    moving = ~np.isnan(disc.time_in) & (a > 0.0)
    return Span(np.where(moving, np.fmin(disc.time_in, early), disc.time_in), disc.time_out)


def common(spans: Sequence[Span], begin_s: float, end_s: float) -> Span:
    """What open spans and the lookahead share; nothing of no length, but for a moment well within all. NaN where one is."""
    opened, closed = spans[0]
    for span in spans[1:]:
        opened, closed = np.maximum(opened, span.time_in), np.minimum(closed, span.time_out)
    low, high = np.maximum(opened, begin_s), np.minimum(closed, end_s)
    lost = (low < high) | ((low == high) & (opened < low) & (high < closed))
    return Span(np.where(lost, low, np.nan), np.where(lost, high, np.nan))


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->i", a, b))
