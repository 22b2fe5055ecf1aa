"""Why a silence is no loss: each rule looks at silences that are due, with what was learnt by then, and marks its own.

All are arrays over the silences of one tick. See `overflight.nets.lost` for the definitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from overflight.airspace.airports import common_airport
from overflight.earth.wgs84 import to_ecef
from overflight.nets.lost_coverage import EXCUSED, PASSED, RADIUS_M, STAYED, Coverage, Floats, ahead, normal
from overflight.nets.lost_memory import STALE_US, Sightings, climb_fpm, motion
from overflight.nets.lost_parameters import LostParameters
from overflight.units import KT_MPS, NM_M

STEP_S: Final = 15.0
"""The way ahead is looked at every 15 s: 2 NM at 480 kt, less than a cell."""
LEAST_CLIMB_FPM: Final = 300.0
"""Less is level flight: 25 ft of rounding over 15 s is 100 ft/min, and aircraft bob."""
CIRCUIT_FT, CIRCUIT_NM = 1500.0, 5.0
"""Circuits are flown 500 to 1,500 ft above an aerodrome (FAA Aeronautical Information Manual, 4-3-3), within some NM."""
SLOPE_FT_PER_NM = 400.0
"""The usual approach descends 318 ft/NM (3 degrees); visual ones a little more."""
FIELD_FT, FIELD_KT = 1000.0, 110.0
"""Slower and lower than this over ground without a known aerodrome: a landing there cannot be told from anything else."""


NEAR_IN_TIME_US: Final = 90_000_000
"""Last reports before an outage lie up to so far apart: only what is seen later than this shows that receivers work."""


def way_ahead(silences: NDArray[np.void], for_s: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Where each would have gone: unit vectors (N, S, 3), altitudes (N, S), and which of the S steps lie within `for_s`.

    Straight on, at the speed and climb it had; where the climb is unknown, level.
    """
    steps = np.arange(0.0, float(for_s.max(initial=0.0)) + STEP_S, STEP_S)
    speed, course = motion(silences)
    rate = np.nan_to_num(climb_fpm(silences))
    rate = np.where(np.abs(rate) < LEAST_CLIMB_FPM, 0.0, rate)
    up = normal(silences["latitude"], silences["longitude"])
    shape = (len(silences), len(steps))
    reach = np.nan_to_num(speed)[:, None] * KT_MPS * steps
    headed = np.broadcast_to(np.nan_to_num(course)[:, None], shape)
    path = ahead(np.broadcast_to(up[:, None, :], (*shape, 3)), headed, reach)
    return path, silences["altitude_ft"][:, None] + rate[:, None] / 60.0 * steps, steps <= for_s[:, None]


@lru_cache(maxsize=1)
def _airports() -> dict[str, tuple[float, float, float]]:
    import airportsdata

    return {code: (row["lat"], row["lon"], row["elevation"]) for code, row in airportsdata.load("ICAO").items()}


def height_over_airport(up: Floats, altitude_ft: Floats) -> tuple[Floats, Floats]:
    """Distance (NM) to, and height (ft) over, the nearest airport that is near and low below; infinite where there is none.

    Near and low: within 8 NM and less than 4,000 ft above it (`overflight.airspace.airports`).
    """
    latitude, longitude = np.degrees(np.arcsin(up[:, 2])), np.degrees(np.arctan2(up[:, 1], up[:, 0]))
    here = to_ecef(latitude, longitude)
    codes = common_airport(here, altitude_ft, here, altitude_ft)
    found = [_airports().get(code or "", (np.nan, np.nan, np.nan)) for code in codes]
    where = np.array(found, np.float64).reshape(-1, 3)
    apart = np.linalg.norm(here - to_ecef(where[:, 0], where[:, 1]), axis=-1) / NM_M
    return np.where(np.isnan(apart), np.inf, apart), np.where(np.isnan(apart), np.inf, altitude_ft - where[:, 2])


def landed(silences: NDArray[np.void], for_s: Floats) -> NDArray[np.bool_]:
    """Whether each was landing: in a circuit, coming down onto an approach within `for_s`, or slow and low anywhere."""
    rate = climb_fpm(silences)
    path, altitude, meant = way_ahead(silences, for_s)
    shape = altitude.shape
    apart, height = (one.reshape(shape) for one in height_over_airport(path.reshape(-1, 3), altitude.ravel()))
    climbing = (rate > LEAST_CLIMB_FPM)[:, None]
    circuit = (apart <= CIRCUIT_NM) & (height <= CIRCUIT_FT) & ~climbing
    approach = (
        np.isfinite(apart) & (height <= CIRCUIT_FT / 3.0 + SLOPE_FT_PER_NM * apart) & (rate < -LEAST_CLIMB_FPM)[:, None]
    )
    slow = motion(silences)[0] < FIELD_KT
    field = slow[:, None] & (height <= FIELD_FT) & ~climbing
    return np.any((circuit | approach | field) & meant, axis=1)


@dataclass(frozen=True)
class Covered:
    """What the coverage known by some moment says of silences; one entry each."""

    reason: NDArray[np.str_]  # empty where it explains nothing
    minutes: NDArray[np.int64]  # of others' flight known there, after which they were seen again
    share: Floats  # of others, seen again
    known: Floats  # how well the way ahead is known; 1 along an airway


def covered(
    silences: NDArray[np.void],
    course_deg: Floats,
    expected_s: Floats,
    learnt: NDArray[np.bool_],
    excused: NDArray[np.bool_],
    coverage: Coverage,
    p: LostParameters,
    *,
    once_more: bool,
) -> Covered:
    """What the coverage known by now says of each.

    A silence whose own last minute was `learnt` from does not count against itself; one that was `excused` never does.

    Its way ahead must lie where somebody was seen at its level or below (`well_known`, see `Coverage.known`; `least_known` when
    it is judged `once_more`). Then less will do where reception is proven: if of those on like courses nobody was lost, whoever
    flew up to a band higher counts, too (`well_known`; `proven_known` if `confirm_minutes` of flight are known).

    And of others on like courses at its level no more than some were lost, where what is known of all courses at its level or
    below stands in for as many of them as are missing. Or else it flew an airway, off which nobody flies: everywhere on its way
    somebody was seen at its level, and of those on like courses nobody was lost. Neither holds where silences so long that they
    would be candidates are usual (`expected_s`).
    """
    up = normal(silences["latitude"], silences["longitude"])
    like, anyone = coverage.survival(up, silences["altitude_ft"], course_deg)
    for_s = np.full(len(silences), p.way_s)
    level, known = stays(silences, for_s, coverage)
    passed, minutes = like[:, PASSED] - learnt, anyone[:, STAYED]
    general = minutes / np.maximum(anyone[:, PASSED] - anyone[:, EXCUSED] - (learnt & ~excused), 1)
    share = (like[:, STAYED] + p.smoothing * general) / np.maximum(passed + p.smoothing, 1.0)
    own = like[:, STAYED] / np.maximum(passed, 1)
    airway = level & (known > 0.0) & (passed >= p.least_minutes) & (own >= 1.0)
    enough = known >= (p.least_known if once_more else p.well_known)
    if once_more:
        higher = stays(silences, for_s, coverage, higher=1)[1]
        least = np.where(minutes >= p.confirm_minutes, p.proven_known, p.well_known)
        enough |= (own >= 1.0) & (higher >= least)
    reasons = {
        "left coverage": ~airway & ~enough,
        "coverage unknown": minutes < p.least_low_minutes,
        "often lost here": ~airway & (share < p.least_share) | (expected_s >= p.silence_s),
    }
    return Covered(
        np.select(list(reasons.values()), list(reasons), ""),
        minutes,
        np.where(airway, own, share),
        np.where(airway, 1.0, known),
    )


def stays(
    silences: NDArray[np.void], for_s: Floats, coverage: Coverage, higher: int = 0
) -> tuple[NDArray[np.bool_], Floats]:
    """Whether each, going on as it did for `for_s`, would have stayed where others are seen at its level, and how well covered it is there.

    See `Coverage.known`, as for `higher`: the least of all steps.
    """
    path, altitude, meant = way_ahead(silences, for_s)
    level, share = coverage.known(path.reshape(-1, 3), altitude.ravel(), higher)
    seen = level.reshape(altitude.shape) | ~meant
    return np.all(seen, axis=1), np.where(meant, share.reshape(altitude.shape), 1.0).min(axis=1, initial=1.0)


def unknown(silences: NDArray[np.void]) -> NDArray[np.bool_]:
    """Whether speed, course or altitude of each are unknown; or were reported before, but not with its last positions.

    The latter is how reception fades: where some messages are missed already, the next positions may be, too.
    """
    speed, course = motion(silences)
    fading = ~np.isnan(silences["course_deg"]) & (silences["last_us"] - silences["course_us"] > STALE_US)
    return np.isnan(speed) | np.isnan(course) | np.isnan(silences["altitude_ft"]) | fading


@dataclass(frozen=True)
class Company:
    """Who else was near each silence."""

    before: NDArray[np.int64]  # how many were seen just before it began
    anybody: NDArray[np.int64]  # how many, of whatever altitude, were seen a little after it began, newcomers included
    after: NDArray[np.int64]  # how many were seen after it began, no more than so much higher
    throughout: NDArray[np.bool_]  # whether one of the latter was seen in every two minutes


def others(
    silences: NDArray[np.void], seen: dict[int, Sightings], tick: int, ticks: int, radius_nm: float, above_ft: float
) -> Company:
    """Say who else was near silences that all began in `tick`, during as many `ticks` after it.

    Those more than `above_ft` higher can be seen where it cannot: they show that receivers work, but no more.
    """
    n = len(silences)
    up = normal(silences["latitude"], silences["longitude"])
    limit = 1.0 - 0.5 * (radius_nm * NM_M / RADIUS_M) ** 2
    top = silences["altitude_ft"] + above_ft
    before, anybody, after = ([set[int]() for _ in range(n)] for _ in range(3))
    present = np.zeros((n, ticks), np.bool_)
    for step in range(-1, ticks + 1):
        who = seen.get(tick + step)
        if who is None:
            continue
        near = (up @ who.up.T > limit) & (who.aircraft != silences["aircraft"][:, None])
        begun = silences["last_us"][:, None]
        if step <= 0:
            _gather(before, near & (who.first_us <= begun), who.aircraft)
        else:
            low = near & ~(who.altitude_ft > top[:, None])
            _gather(anybody, near & (who.last_us > begun + NEAR_IN_TIME_US), who.aircraft)
            _gather(after, low, who.aircraft)
            present[:, step - 1] = np.any(low, axis=1)
    pairs = present[:, 1:] | present[:, :-1] if ticks > 1 else present
    return Company(_sizes(before), _sizes(anybody), _sizes(after), np.all(pairs, axis=1))


def _gather(found: list[set[int]], which: NDArray[np.bool_], aircraft: NDArray[np.int64]) -> None:
    for k in np.flatnonzero(which.any(axis=1)).tolist():
        found[k].update(aircraft[which[k]].tolist())


def _sizes(found: list[set[int]]) -> NDArray[np.int64]:
    return np.array([len(one) for one in found], np.int64)
