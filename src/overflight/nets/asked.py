"""What is asked of a picture of the sky: which pairs may need an alert, and which level each of them asks for and is owed.

`overflight.nets.predicted` asks this once a second and remembers the answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from overflight.earth.wgs84 import Array, to_ecef
from overflight.nets.alert_events import (
    AIRPORT,
    NO_ALTITUDE,
    NO_CLIMB,
    WELL_CLEAR,
)
from overflight.nets.alerting import NONE, STCA, Alerting, Levels, Memory
from overflight.nets.conflict import Span
from overflight.nets.exempt import HELD_TO, NOBODY, VISUAL, exempt
from overflight.nets.states import Picture, axes
from overflight.nets.volumes import Pairs, spans
from overflight.surveillance.batch import TrackNames
from overflight.units import FT_PER_MIN_MPS

MOST_CLIMB_MPS: Final = 6000.0 * FT_PER_MIN_MPS
"""No airliner climbs or descends faster for long: what is farther apart in height than that takes is no conflict, unknown rates or not."""


@dataclass(frozen=True)
class ConflictParameters:
    """What the net is told.

    Attributes:
        alerting: levels, times and memory.
        report_unknown: judge pairs without altitude or rate of climb in the plane alone, instead of counting them.
        everybody: hold every pair to the alerting, near airports, in visual flight and in formation too.
        widening: how many times the accuracies of both aircraft are added to horizontal thresholds; 0 for none.
        oldest_s: nobody is moved on for longer than this after the last report.
        skipped: integrity flags of positions that the net does not use.
        threads: of the kernel; the answer does not depend on it.
        inputs: digests of the recording, for the events.
    """

    alerting: Alerting = STCA
    report_unknown: bool = False
    everybody: bool = False
    widening: float = 0.0
    oldest_s: float = 15.0
    skipped: int = 0
    threads: int = 1
    inputs: str = ""


@dataclass(frozen=True)
class Judged:
    """What is asked of the pairs of one picture."""

    pairs: Pairs
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    asked: Levels  # by the alerting alone
    owed: Levels  # by the volume that the pair is held to
    found: list[Span]  # of each level
    reason: list[str]  # why less is owed than asked
    airport: list[str | None]
    reported: NDArray[np.bool_]
    sure: NDArray[np.bool_]


def candidates(sky: Picture, p: ConflictParameters, names: TrackNames) -> NDArray[np.uint64]:
    """Return the pairs that may need an alert: whose distances may fall below the widest thresholds within the lookahead."""
    from overflight_kernels import ahead

    if len(sky.track) < 2:
        return np.empty(0, np.uint64)
    alerting = p.alerting
    patience_s = max(level.tthr_s or 0.0 for level in alerting.levels)
    horizontal_m = max(level.horizontal_m for level in alerting.levels)
    if p.widening:
        error_m = float(np.max(_error_m(sky, names)))
        error_mps = float(
            np.max(_or_0(sky.velocity_accuracy_mps), initial=0.0, where=~np.isinf(sky.velocity_accuracy_mps))
        )
        horizontal_m += 2.0 * p.widening * (error_m + error_mps * (alerting.lookahead_s + patience_s))
    up = _or_0(sky.up_mps)
    fastest = float(np.max(np.abs(up)))
    first, second, _, _ = ahead(
        latitude_deg=sky.latitude,
        longitude_deg=sky.longitude,
        altitude_m=sky.altitude_m,
        east_mps=_or_0(sky.east_mps),
        north_mps=_or_0(sky.north_mps),
        up_mps=sky.up_mps,
        aircraft=names.array("aircraft")[sky.track],
        horizontal_m=horizontal_m,
        vertical_m=max(level.vertical_m for level in alerting.levels) + 2.0 * fastest * patience_s,
        lookahead_s=alerting.lookahead_s + patience_s,
        threads=p.threads,
    )
    return sky.track[first].astype(np.uint64) << np.uint64(32) | sky.track[second].astype(np.uint64)


def judge(
    sky: Picture,
    pairs: NDArray[np.uint64],
    time_s: Array,
    memories: tuple[Memory, Memory],
    p: ConflictParameters,
    names: TrackNames,
) -> Judged:
    """Say what the alerting asks for each pair, and what is owed to it; `memories` are those of what was asked, and of what was given."""
    by_asking, by_giving = memories
    alerting, share = p.alerting, p.widening
    a, b = (place_of(sky.track, half(pairs))[0] for half in (low, high))
    states = _relative(sky, a, b, p, names)
    no_level = any_unknown(states.altitude_m)
    flat = no_level | any_unknown(states.up_mps)
    found = spans(_in_plane(states, flat if p.report_unknown else no_level), alerting, share)
    owed = by_giving.asked(found, time_s)
    asked = by_asking.asked(found, time_s)
    reason, airport = [""] * len(pairs), list[str | None]([None] * len(pairs))
    if not p.report_unknown and flat.any():
        apart_m = np.abs(states.s[:, 2]) - max(level.vertical_m for level in alerting.levels)
        within_reach = no_level | (apart_m < MOST_CLIMB_MPS * alerting.lookahead_s)
        by_plane = by_asking.asked(spans(_in_plane(states, flat), alerting, share), time_s)
        by_plane[~within_reach] = NONE
        for k in np.flatnonzero(flat & (by_plane > NONE)).tolist():
            reason[k] = NO_ALTITUDE if no_level[k] else NO_CLIMB
        asked = np.where(flat, by_plane, asked)
        owed[no_level] = NONE
    some = np.flatnonzero((owed > NONE) | (asked > NONE))
    if len(some) and not p.everybody:
        rule, near = exempt(sky, a[some], b[some], alerting)
        for which, volume in HELD_TO.items():
            mine = np.flatnonzero(rule == which)
            if len(mine) == 0:
                continue
            k, level = some[mine], volume.levels[0]
            span = spans(_in_plane(states.some(k), (flat if p.report_unknown else no_level)[k]), volume, share)[0]
            limit_s = np.where(by_giving.level[k] > NONE, level.early_s, level.alerting_s)
            owed[k[~(span.time_in < limit_s)]] = NONE
        for k, place, code in zip(some.tolist(), rule.tolist(), near, strict=True):
            if place != NOBODY and not reason[k]:
                reason[k], airport[k] = (WELL_CLEAR if place == VISUAL else AIRPORT), code
    reported = sure = np.ones(len(pairs), bool)
    if share:
        plain, narrow = spans(states, alerting), spans(states, alerting, -share)
        reported, sure = _any_entered(plain), _any_entered(narrow)
    return Judged(states, a, b, asked, owed, found, reason, airport, reported, sure)


def _error_m(sky: Picture, names: TrackNames) -> Array:
    return np.where(np.isnan(sky.accuracy_m), names.array("default_accuracy_m")[sky.track], sky.accuracy_m)


def _relative(
    sky: Picture, a: NDArray[np.int64], b: NDArray[np.int64], p: ConflictParameters, names: TrackNames
) -> Pairs:
    """Positions and velocities of a relative to b, east, north and up in the middle between them.

    Without an altitude both are taken to be level, and without a rate of climb to stay so.
    """
    both = np.concatenate([a, b])
    n, latitude, longitude = len(a), sky.latitude[both], sky.longitude[both]
    place, (east, north) = to_ecef(latitude, longitude), axes(latitude, longitude)
    velocity = _or_0(sky.east_mps[both])[:, None] * east + _or_0(sky.north_mps[both])[:, None] * north
    chord, change = place[:n] - place[n:], velocity[:n] - velocity[n:]
    s, v = np.empty((n, 3)), np.empty((n, 3))
    for axis, halfway in ((0, east[:n] + east[n:]), (1, north[:n] + north[n:])):
        unit = halfway / np.maximum(np.sqrt(np.einsum("ij,ij->i", halfway, halfway)), 1e-12)[:, None]
        s[:, axis], v[:, axis] = np.einsum("ij,ij->i", chord, unit), np.einsum("ij,ij->i", change, unit)
    altitude_m, up_mps = sky.altitude_m[both].reshape(2, n).T, sky.up_mps[both].reshape(2, n).T
    s[:, 2], v[:, 2] = _or_0(altitude_m[:, 0] - altitude_m[:, 1]), _or_0(up_mps[:, 0] - up_mps[:, 1])
    error_m = _error_m(sky, names)[both].reshape(2, n).sum(axis=0) if p.widening else np.zeros(n)
    error_mps = sky.velocity_accuracy_mps[both].reshape(2, n).sum(axis=0)
    # A velocity of which nothing is known is not moved on either: nobody can say how far it is off.
    return Pairs(s, v, altitude_m, up_mps, error_m, np.where(np.isfinite(error_mps), error_mps, 0.0))


def low(pairs: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Return the lower track of each pair."""
    return (pairs >> np.uint64(32)).astype(np.uint32)


def high(pairs: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Return the higher track of each pair."""
    return (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def place_of(ascending: NDArray[Any], values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return where values are in an ascending array, and whether they are there."""
    if len(ascending) == 0:
        return np.zeros(len(values), np.int64), np.zeros(len(values), bool)
    place = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    return place, ascending[place] == values


def any_unknown(values: Array) -> NDArray[np.bool_]:
    """Say of which pairs one value (N, 2) or the other is unknown."""
    return np.isnan(values[:, 0]) | np.isnan(values[:, 1])


def _any_entered(found: list[Span]) -> NDArray[np.bool_]:
    return np.asarray(~np.all([np.isnan(span.time_in) for span in found], axis=0))


def _in_plane(pairs: Pairs, flat: NDArray[np.bool_]) -> Pairs:
    """Return the pairs, with those that are flat level with each other for good."""
    if not flat.any():
        return pairs
    s, v = pairs.s.copy(), pairs.v.copy()
    s[flat, 2], v[flat, 2] = 0.0, 0.0
    return replace(pairs, s=s, v=v, altitude_m=np.where(flat[:, None], np.nan, pairs.altitude_m))


def _or_0(values: Array) -> Array:
    return np.where(np.isnan(values), 0.0, values)
