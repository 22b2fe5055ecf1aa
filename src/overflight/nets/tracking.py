"""Alpha-beta filters: place and velocity from reports that are noisy and come at their own times, for many tracks at once.

Steady-state gains follow from the tracking index, what a manoeuvre moves an aircraft between two reports against what a report
is off (Kalata, The Tracking Index, IEEE Transactions on Aerospace and Electronic Systems AES-20(2), 1984, for piecewise constant
acceleration). Before them come the gains of a growing memory, which fits a line to all reports so far (Brookner, Tracking and
Kalman Filtering Made Easy, 1998, chapter 1).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from overflight.earth.wgs84 import Array

MANOEUVRE_MPS2: Final = 2.0
"""Standard deviation of the acceleration between two reports: half of a turn with 25° of bank, as is the custom (Bar-Shalom, Li,
Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, 6.3.2: 0.5 to 1 of the greatest)."""

LEAST_NOISE_M: Final = 5.0
"""No report is taken to be better: time stamps are rounded."""

RADIAL_95: Final = 2.4477
"""The radius that holds 95 % of a circular normal distribution, in standard deviations of one axis."""


class Gains(NamedTuple):
    """What of a miss corrects the place, and what, by the time between reports, the velocity."""

    alpha: Array
    beta: Array


def gains(count: Array, noise_m: Array, dt_s: Array) -> Gains:
    """Gains for the `count`-th report (2 for the second) of each track (N): growing memory until the steady state is reached.

    `noise_m` is the standard deviation of a report along one axis, `dt_s` the time since the one before.
    """
    index = MANOEUVRE_MPS2 * dt_s * dt_s / np.maximum(noise_m, LEAST_NOISE_M)
    root = (4.0 + index - np.sqrt(8.0 * index + index * index)) / 4.0
    steady = 1.0 - root * root
    steady_beta = 2.0 * (2.0 - steady) - 4.0 * np.abs(root)
    alpha = np.maximum(steady, (4.0 * count - 2.0) / (count * (count + 1.0)))
    beta = np.maximum(steady_beta, 6.0 / (count * (count + 1.0)))
    return Gains(np.minimum(alpha, 1.0), np.minimum(beta, 1.0))


def velocity_accuracy_mps(count: Array, noise_m: Array, dt_s: Array) -> Array:
    """Return the 95 % accuracy (m/s, N) of a filtered velocity after `count` reports `dt_s` apart; infinite after one.

    In the steady state Kalata's covariance, before it that of a line fitted to `count` points.
    """
    noise = np.maximum(noise_m, LEAST_NOISE_M)
    alpha, beta = gains(np.full_like(count, 1e6), noise, dt_s)
    steady = beta * (alpha - beta / 2.0) / np.maximum(1.0 - alpha, 1e-9)
    with np.errstate(divide="ignore"):
        line = 12.0 / (count * (count * count - 1.0))
    return RADIAL_95 * noise / dt_s * np.sqrt(np.where(count > 1.0, np.minimum(np.maximum(steady, line), 2.0), np.inf))
