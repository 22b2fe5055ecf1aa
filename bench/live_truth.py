"""Which pairs of a sky lose their separation, by steps along great circles; for `live.py`.

Everybody goes on along the circle around the middle of the Earth that starts at the point of the WGS84 ellipsoid under
him, at his speed and rate of climb. Distance is the chord between those points, and a loss is strict: both distances
below the minima at one of the steps, by more than a micrometre (so that 1,000 ft apart is none, however it was rounded).
All pairs are looked at: only those are left out that could not meet at their speeds whatever their courses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from live_sky import HORIZONTAL_M, LOOKAHEAD_S, VERTICAL_M, Floats, Sky

Pairs = NDArray[np.int64]
ROUNDING_M = 1e-6
ROWS, CELLS = 400, 2_000_000  # of a block of the all-pairs table, and steps times pairs of a block


def truth(sky: Sky, step_s: float = 1.0) -> Pairs:
    """The pairs (N, 2) in conflict at any step from now to the end of the lookahead, the lower number first."""
    pairs = possible(sky)
    return pairs[nearness(sky, pairs, step_s) < 1.0]


def possible(sky: Sky) -> Pairs:
    """The pairs that may come near enough at their speeds and rates of climb, of all."""
    place = _circles(sky)[0]
    squared, reach = np.sum(place**2, axis=1), 1.001 * LOOKAHEAD_S * sky.speed_mps
    climb = LOOKAHEAD_S * np.abs(sky.up_mps)
    found: list[Pairs] = []
    for k in range(0, len(sky), ROWS):
        mine, others = slice(k, k + ROWS), slice(k, None)
        apart = squared[mine, None] + squared[None, others] - 2.0 * place[mine] @ place[others].T
        near = apart < (HORIZONTAL_M + 1.0 + reach[mine, None] + reach[None, others]) ** 2
        i, j = np.nonzero(near)
        i, j = i[j > i] + k, j[j > i] + k
        level = np.abs(sky.altitude_m[i] - sky.altitude_m[j]) < VERTICAL_M + climb[i] + climb[j]
        found.append(np.stack([i[level], j[level]], axis=-1))
    return np.concatenate(found)


def nearness(sky: Sky, pairs: Pairs, step_s: float) -> Floats:
    """Of each pair the least, over the steps, of the larger of its distances in shares of their minima: below 1 is a loss."""
    times = np.arange(0.0, LOOKAHEAD_S + step_s / 2, step_s)
    least = np.empty(len(pairs))
    out, per_s, turn = _circles(sky)
    several = max(CELLS // len(times), 1)
    for k in range(0, len(pairs), several):
        i, j = pairs[k : k + several].T
        (cos_i, sin_i), (cos_j, sin_j) = _angle(turn[i], times), _angle(turn[j], times)
        apart = np.zeros_like(cos_i)
        for axis in range(3):
            mine = out[i, axis, None] * cos_i + per_s[i, axis, None] * sin_i
            apart += (mine - out[j, axis, None] * cos_j - per_s[j, axis, None] * sin_j) ** 2
        height = np.abs(
            (sky.altitude_m[i] - sky.altitude_m[j])[:, None] + (sky.up_mps[i] - sky.up_mps[j])[:, None] * times
        )
        shares = np.maximum((np.sqrt(apart) + ROUNDING_M) / HORIZONTAL_M, (height + ROUNDING_M) / VERTICAL_M)
        least[k : k + several] = shares.min(axis=1)
    return least


def _angle(turn: Floats, times: Floats) -> tuple[Floats, Floats]:
    """The cosine of turn times t, and its sine over turn."""
    angle = turn[:, None] * times
    return np.cos(angle), np.sin(angle) / np.maximum(turn, 1e-15)[:, None]


def _circles(sky: Sky) -> tuple[Floats, Floats, Floats]:
    """Places (N, 3) in m, velocities (N, 3) in m/s along the circle, and the circle's rate, rad/s."""
    a, e2 = 6_378_137.0, 6.69437999014e-3  # WGS84 (NIMA TR8350.2)
    phi, lam, course = np.radians(sky.latitude), np.radians(sky.longitude), np.radians(sky.course_deg)
    normal = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)
    east = np.stack([-np.sin(lam), np.cos(lam), np.zeros_like(lam)], axis=-1)
    place = (a / np.sqrt(1.0 - e2 * np.sin(phi) ** 2))[:, None] * normal * [1.0, 1.0, 1.0 - e2]
    radius = np.linalg.norm(place, axis=1)
    ahead = np.sin(course)[:, None] * east + np.cos(course)[:, None] * np.cross(normal, east)
    ahead -= np.sum(ahead * place, axis=1, keepdims=True) / radius[:, None] ** 2 * place
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    return place, ahead * sky.speed_mps[:, None], sky.speed_mps / radius
