"""Where tracks were at common instants: positions on a grid of event time, between two reports of each track.

Sensors report at different times. Two tracks are compared at whole multiples of `GRID_US`, where each is put by uniform motion between its
report before and the one at or after; nothing is extrapolated, so the error of a turn is a quarter of what looking ahead as far would
make. A grid instant is complete `LAG_US` later, as reports farther apart than that are not bridged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from overflight.earth.wgs84 import E2, Array, to_ecef
from overflight.surveillance.batch import Batch
from overflight.surveillance.renumbering import GONE, Renumbering
from overflight.units import FT_M

GRID_US: Final = 10_000_000
"""Time between comparisons. A turn of a radar takes 4 to 12 s: about one new report each."""

LAG_US: Final = 30_000_000
"""Longest time between two reports that is bridged, and so the time after which a grid instant is judged."""

RADIAL_95: Final = 2.4477
"""95 % radius over the standard deviation along an axis, of a circular normal error: sqrt(-2 ln 0.05)."""

LEAST_SIGMA_M: Final = 30.0
"""No position is taken to be better, whatever it claims: latency and antenna offsets remain."""

CLOCK_S: Final = 0.3
"""Standard deviation of a time stamp: one in whole seconds is off by 1 / sqrt(12)."""

TURN_MPS2: Final = 1.5
"""Standard deviation of the acceleration between two reports: a turn at 3 deg/s at 60 kt, or at 0.4 deg/s at 400 kt."""

_UNSEEN: Final = np.iinfo(np.int64).min // 2
_LAST: Final = {
    "time_us": (np.int64, _UNSEEN),
    "latitude": (np.float64, np.nan),
    "longitude": (np.float64, np.nan),
    "altitude_ft": (np.float32, np.nan),
    "accuracy_m": (np.float32, np.nan),
    "onground": (np.bool_, False),
}


@dataclass(frozen=True)
class Samples:
    """Positions of tracks at grid instants, in order of `tick`, then `track`."""

    tick: NDArray[np.int64]  # the instant over GRID_US
    track: NDArray[np.int64]
    place: Array  # (N, 3) ECEF, m
    velocity: Array  # (N, 3) ECEF, m/s, made good between the two reports
    altitude_m: Array  # NaN where unknown
    variance_m2: Array  # along an axis
    onground: NDArray[np.bool_]  # as one of the two reports says

    def __len__(self) -> int:
        """Count them."""
        return len(self.tick)

    def at(self, rows: NDArray[Any]) -> Samples:
        """Return some of them."""
        return Samples(**{name: values[rows] for name, values in vars(self).items()})

    @staticmethod
    def none() -> Samples:
        """Return no samples."""
        whole, place, real = np.empty(0, np.int64), np.empty((0, 3)), np.empty(0)
        return Samples(whole, whole, place, place, real, real, np.empty(0, np.bool_))

    @staticmethod
    def together(parts: list[Samples]) -> Samples:
        """Return several as one, in order."""
        if not parts:
            return Samples.none()
        joined = {name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])}
        return Samples(**joined).at(np.lexsort((joined["track"], joined["tick"])))


class Sampler:
    """Turns reports in order of time into samples. Only the last report of each track is kept between batches."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.last: dict[str, NDArray[Any]] = {name: np.empty(0, kind) for name, (kind, _) in _LAST.items()}
        self._pending: list[Samples] = []

    @property
    def waiting(self) -> bool:
        """Whether there are samples that are not due yet."""
        return bool(self._pending)

    def remember(self, batch: Batch, rows: NDArray[np.int64]) -> None:
        """Keep the last of some rows of each track."""
        missing = batch.tracks - len(self.last["time_us"])
        if missing > 0:
            for name, (kind, unknown) in _LAST.items():
                self.last[name] = np.append(self.last[name], np.full(missing, unknown, kind))
        for name, values in self.last.items():
            values[batch.track[rows]] = getattr(batch, name)[rows]  # of several to a place the last one stays

    def add(self, batch: Batch, rows: NDArray[np.int64], default_accuracy_m: Array) -> None:
        """Sample the tracks of some rows (`remember` comes after it, with all usable rows)."""
        if len(rows) == 0:
            return
        order = rows[np.argsort(batch.track[rows], kind="stable")]
        track = batch.track[order].astype(np.int64)
        first = np.flatnonzero(np.diff(track, prepend=-1))
        known = track[first] < len(self.last["time_us"])
        now: dict[str, NDArray[Any]] = {}
        was: dict[str, NDArray[Any]] = {}
        for name, (_, unknown) in _LAST.items():
            now[name] = getattr(batch, name)[order]
            was[name] = np.empty_like(now[name])
            was[name][1:] = now[name][:-1]
            was[name][first] = unknown
            was[name][first[known]] = self.last[name][track[first[known]]]
        gap_us = now["time_us"] - was["time_us"]
        bridged = (gap_us > 0) & (gap_us <= LAG_US)
        count = np.where(bridged, now["time_us"] // GRID_US - was["time_us"] // GRID_US, 0)
        some = np.flatnonzero(count)
        k = np.repeat(some, count[some])
        if len(k) == 0:
            return
        nth = np.arange(len(k)) - np.repeat(np.cumsum(count[some]) - count[some], count[some])
        tick = was["time_us"][k] // GRID_US + 1 + nth
        span_s = gap_us[k] * 1e-6
        share = (tick * GRID_US - was["time_us"][k]) * 1e-6 / span_s
        before, after = (to_ecef(end["latitude"][k], end["longitude"][k]) for end in (was, now))
        velocity = (after - before) / span_s[:, None]
        default = default_accuracy_m[track[k]]
        radius = np.stack([was["accuracy_m"][k], now["accuracy_m"][k]]).astype(float)
        radius = np.where(np.isnan(radius), default, radius).max(axis=0)
        low, high = (end["altitude_ft"][k].astype(float) * FT_M for end in (was, now))
        turned_m = TURN_MPS2 * share * (1.0 - share) * span_s**2 / 2.0  # of the chord from an arc
        variance = np.maximum(radius / RADIAL_95, LEAST_SIGMA_M) ** 2 + turned_m**2
        variance += CLOCK_S**2 * np.sum(velocity * velocity, axis=-1) / 2.0  # along the way; half of it on each axis
        place = before + (after - before) * share[:, None]
        ground = was["onground"][k] | now["onground"][k]
        self._pending.append(Samples(tick, track[k], place, velocity, low + (high - low) * share, variance, ground))

    def due(self, until_us: int) -> Samples:
        """Take the samples of the instants that are complete once reports at `until_us` come."""
        if not self._pending:
            return Samples.none()
        last = (until_us - LAG_US) // GRID_US
        taken: list[Samples] = []
        left: list[Samples] = []
        for part in self._pending:
            ready = part.tick <= last
            taken.append(part if ready.all() else part.at(ready))
            if not ready.all():
                left.append(part.at(~ready))
        self._pending = left
        return Samples.together([part for part in taken if len(part)])

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        self.last = {name: numbers.kept_of(values) for name, values in self.last.items()}
        pending = [part.at(numbers.track[part.track] != GONE) for part in self._pending]
        self._pending = [replace(part, track=numbers.track[part.track]) for part in pending if len(part)]

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        pending = [dict(vars(part)) for part in self._pending]
        return {"last": {name: values.copy() for name, values in self.last.items()}, "pending": pending}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self.last = {name: values.copy() for name, values in state["last"].items()}
        self._pending = [Samples(**part) for part in state["pending"]]


def places(ascending: NDArray[Any], values: NDArray[Any], side: Literal["left", "right"] = "left") -> NDArray[np.int64]:
    """Where values stand in an ascending array (`numpy.searchsorted`)."""
    return np.asarray(np.searchsorted(ascending, values, side=side), np.int64)


_CELL_M: Final = 4_000.0
NEAR_M: Final = 3_704.0
"""Tracks farther apart (2 NM) are not compared. No more than the cell."""


def near(samples: Samples, from_rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of one instant and less than `NEAR_M` apart: rows out of `from_rows`, and rows of any sample but themselves.

    By hashing Earth-centred cells and the instant; a collision of hashes is sorted out by the distance.
    """
    cell = np.floor(samples.place / _CELL_M).astype(np.int64)
    code = _hash(cell, samples.tick)
    order = np.argsort(code, kind="stable")
    ordered = code[order]
    firsts: list[NDArray[np.int64]] = []
    seconds: list[NDArray[np.int64]] = []
    for shift in np.ndindex(3, 3, 3):
        wanted = _hash(cell[from_rows] + (np.array(shift) - 1), samples.tick[from_rows])
        low, high = places(ordered, wanted), places(ordered, wanted, "right")
        count = high - low
        some = np.flatnonzero(count)
        total = count[some]
        nth = np.arange(int(total.sum())) - np.repeat(np.cumsum(total) - total, total)
        one = np.repeat(from_rows[some], total)
        other = order[np.repeat(low[some], total) + nth]
        chord = samples.place[one] - samples.place[other]
        real = (
            (np.sum(chord * chord, axis=-1) <= NEAR_M**2) & (samples.tick[one] == samples.tick[other]) & (one != other)
        )
        firsts.append(one[real])
        seconds.append(other[real])
    return np.concatenate(firsts), np.concatenate(seconds)


def _hash(cell: NDArray[np.int64], tick: NDArray[np.int64]) -> NDArray[np.int64]:
    with np.errstate(over="ignore"):
        mixed = cell[:, 0] * np.int64(0x1F123BB5159A55E5) + cell[:, 1] * np.int64(0x2545F4914F6CDD1D)
        return mixed + cell[:, 2] * np.int64(0x369DEA0F31A53F85) + tick * np.int64(0x5851F42D4C957F2D)


def offset(samples: Samples, one: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[Array, Array]:
    """How far east and north `one` is of `other` (N, 2), m, and the velocity of `other` there (N, 2), m/s."""
    here = samples.place[other]
    across = np.hypot(here[:, 0], here[:, 1])
    across = np.where(across > 1e-6, across, 1.0)  # at a pole any axis will do
    east_x, east_y = -here[:, 1] / across, here[:, 0] / across
    high = here[:, 2] / (1.0 - E2)
    size = np.hypot(across, high)
    sin, cos = high / size, across / size
    moved = [samples.place[one] - here, samples.velocity[other]]
    east = [v[:, 0] * east_x + v[:, 1] * east_y for v in moved]
    north = [v[:, 2] * cos - sin * (v[:, 0] * east_y - v[:, 1] * east_x) for v in moved]
    return np.stack([east[0], north[0]], axis=-1), np.stack([east[1], north[1]], axis=-1)
