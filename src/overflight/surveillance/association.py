"""Is a track without an address another sensor's view of an aircraft? A test that goes on as long as both are seen.

At every grid instant (`overflight.surveillance.sampling`) the place of the one is compared with that of the other, less the offset
between their sensors. What is tested is a displacement that lasts: none (one aircraft) against `APART_M` (somebody who flies with
it), by Wald's sequential probability ratio (Wald, Sequential Analysis, 1947). With independent normal errors of variance S along an axis
and a mean displacement d of n comparisons, in the direction in which it is the likeliest,

    L = sum(1 / S) * APART_M * (APART_M - 2 |d|) / 2.

One of two aircraft is believed at `SURE` = ln(10^6) and refuted at its negative: of errors in a million, Wald's bounds. Uniform traffic as the
alternative (Blackman and Popoli, Design and Analysis of Modern Tracking Systems, 1999, 6.2) would be far easier to refute than
somebody who flies along. Further, as in track-to-track association (Bar-Shalom and Li, Multitarget-Multisensor Tracking, 1995, 8.3), the
displacement must not drift, its scatter must be that of the errors, and the altitudes must agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from overflight.earth.wgs84 import Array
from overflight.surveillance.renumbering import GONE, Renumbering
from overflight.surveillance.sampling import GRID_US
from overflight.surveillance.sensors import Offsets, Traits
from overflight.units import FT_M, NM_M

APART_M: Final = 0.25 * NM_M
"""A displacement that must be told from none. A neighbour nearer than half of it (232 m) looks like the aircraft itself, where the sensors are
no better than 100 m: radar returns a quarter of a mile apart are not resolved either."""

SURE: Final = float(np.log(1e6))

LEAST: Final = 5
"""Comparisons before two are joined, with the drift known to `SETTLED_MPS`: with a radar of 300 m, seven in a minute."""

SETTLED_MPS: Final = 3.0
"""Standard deviation of the drift, at most: an aircraft that overtakes at 18 kt is told from one that does not at 3 sigma."""

STANDING: Final = 12
"""Comparisons of somebody who stands in the air; never on the ground."""

BLIND: Final = 18
"""Comparisons without a known altitude: three minutes, in which only a formation stays on one spot above another."""

WINDOW: Final = 18
"""Comparisons that are remembered: three minutes; as long takes a parting to outweigh what was."""

UNREGISTERED_M: Final = 1_000.0
"""How far the sensors may be off as long as their offset is not known: until then anybody so near is a rival."""

DRIFT_MPS: Final = 3.0
"""6 kt of relative velocity are nobody's; more, where noise cannot be told from it, is allowed at 3 sigma."""

SCATTER: Final = 3.0
"""Variance over what the accuracies say, at most."""

LEVEL_M: Final = 300.0 * FT_M
"""Mean difference of altitude: rounding to 100 ft, a late altitude in a climb of 2,000 ft/min."""

OTHER_LEVEL_M: Final = 500.0 * FT_M
"""From here they are at two levels."""

FORGET_TICKS: Final = 60
"""Ten minutes, as long as a track may be silent: so long a parting is remembered, and a join without comparisons."""

SILENT_TICKS: Final = 12
"""Two minutes without comparison: those before count no more."""

LAPSE_TICKS: Final = 6
"""Once a minute it is looked whose time is over."""

MOVING_MPS: Final = 10.0
"""Who is slower stands: beside somebody else, for what is known."""

_ARRAYS: Final[dict[str, tuple[Any, tuple[int, ...], Any]]] = {
    "offset": (np.float64, (WINDOW, 2), 0.0),
    "velocity": (np.float64, (WINDOW, 2), 0.0),
    "level": (np.float64, (WINDOW,), np.nan),
    "weight": (np.float64, (WINDOW,), 0.0),  # 1 / variance
    "tick": (np.int64, (WINDOW,), 0),
    "seen": (np.int64, (), 0),  # comparisons since the last silence
    "last": (np.int64, (), -(2**40)),  # tick of the last comparison
    "apart": (np.int64, (), -(2**40)),  # tick at which they were last seen apart
    "open": (np.bool_, (), True),  # the other may be the same aircraft: not refuted
}


@dataclass(frozen=True)
class Change:
    """Two tracks joined, or no longer so."""

    track: int
    other: int
    joined: bool
    why: str


@dataclass(frozen=True)
class Compared:
    """Pairs of tracks at one grid instant, ascending by (one, other)."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    offset_m: Array  # (N, 2): one from other, east and north
    velocity_mps: Array  # (N, 2): of other
    level_m: Array  # one over other; NaN where unknown
    variance_m2: Array  # along an axis
    onground: NDArray[np.bool_]  # one of them


@dataclass(frozen=True)
class _Verdict:
    """What the windows of some pairs say."""

    mean_m: Array  # |displacement|
    ratio: Array  # L
    drift: Array
    steady: NDArray[np.bool_]
    same: NDArray[np.bool_]
    apart: NDArray[np.bool_]
    refuted: NDArray[np.bool_]
    span: NDArray[np.int64]
    raw: Array
    velocity: Array


def within(values: NDArray[np.int64], ascending: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which values are among those of an ascending array."""
    if len(ascending) == 0:
        return np.zeros(len(values), np.bool_)
    return ascending[np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)] == values


class Association:
    """The evidence on every pair that came near, and who is joined to whom."""

    def __init__(self, traits: Traits) -> None:
        """Start with nothing compared."""
        self._traits = traits
        self.offsets = Offsets()
        self._keys = np.empty(0, np.int64)
        self._a: dict[str, NDArray[Any]] = {
            name: np.empty((0, *shape), kind) for name, (kind, shape, _) in _ARRAYS.items()
        }
        self.whom = np.empty(0, np.int64)  # by track: the other that it is, -1 for none

    def step(self, tick: int, pairs: Compared) -> list[Change]:
        """Take in the comparisons of one instant, later than any before; returns what changes by them."""
        self.whom = np.append(self.whom, np.full(len(self._traits) - len(self.whom), -1))
        if len(pairs.one) == 0:
            return self._lapsed(tick)
        keys = pairs.one << 32 | pairs.other
        self._know(keys)
        at = np.searchsorted(self._keys, keys)
        a = self._a
        a["seen"][at] = np.where(tick - a["last"][at] > SILENT_TICKS, 0, a["seen"][at])
        column = a["seen"][at] % WINDOW
        a["offset"][at, column], a["velocity"][at, column] = pairs.offset_m, pairs.velocity_mps
        a["level"][at, column], a["weight"][at, column] = pairs.level_m, 1.0 / pairs.variance_m2
        a["tick"][at, column] = tick
        a["seen"][at] += 1
        a["last"][at] = tick
        verdict = self._verdict(at, pairs)
        a["apart"][at[verdict.apart]] = tick
        a["open"][at] = ~verdict.refuted & (tick - a["apart"][at] > FORGET_TICKS)
        changes = self._parted(pairs, verdict)
        alone = self._alone(tick)[at] & a["open"][at]
        self._register(tick, pairs, verdict, alone)
        changes += self._joins(tick, pairs, verdict, alone, a["seen"][at])
        if tick % FORGET_TICKS == 0:
            self._forget(tick)
        return changes + self._lapsed(tick)

    def _know(self, keys: NDArray[np.int64]) -> None:
        new = keys[~within(keys, self._keys)]
        if len(new):
            where = np.searchsorted(self._keys, new)
            self._keys = np.insert(self._keys, where, new)
            for name, (_, _, unknown) in _ARRAYS.items():
                self._a[name] = np.insert(self._a[name], where, unknown, axis=0)

    def _forget(self, tick: int) -> None:
        keep = (tick - self._a["last"] <= FORGET_TICKS) | (tick - self._a["apart"] <= FORGET_TICKS)
        self._keys = self._keys[keep]
        self._a = {name: values[keep] for name, values in self._a.items()}

    def _residual(self, pairs: Compared, offset: Array, velocity: Array) -> tuple[Array, NDArray[np.bool_]]:
        """What is left of windows of offsets without that of the sensors, and whether that is known."""
        sensor, names = self._traits.sensor, self._traits.sensors
        left, known = offset.copy(), np.zeros(len(offset), np.bool_)
        code = sensor[pairs.one] * len(names) + sensor[pairs.other]
        for each in map(int, np.unique(code)):
            some = np.flatnonzero(code == each)
            pair = (names[each // len(names)], names[each % len(names)])
            left[some], known[some] = self.offsets.residual(pair, offset[some], velocity[some])
        return left, known

    def _verdict(self, at: NDArray[np.int64], pairs: Compared) -> _Verdict:
        a = self._a
        count = np.minimum(a["seen"][at], WINDOW)
        valid = np.arange(WINDOW) < count[:, None]
        weight = np.where(valid, a["weight"][at], 0.0)
        raw, velocity = a["offset"][at], a["velocity"][at]
        left, known = self._residual(pairs, raw, velocity)
        total = weight.sum(axis=1)
        share = (weight / total[:, None])[:, :, None]
        ticks = a["tick"][at]
        time_s = ticks * (GRID_US * 1e-6)
        time_s = time_s - (share[:, :, 0] * time_s).sum(axis=1, keepdims=True)
        mean = (share * left).sum(axis=1)
        mean_m = np.hypot(mean[:, 0], mean[:, 1])
        spread = (weight * time_s * time_s).sum(axis=1)
        slope = ((weight * time_s)[:, :, None] * left).sum(axis=1) / np.maximum(spread, 1e-12)[:, None]
        drift = np.hypot(slope[:, 0], slope[:, 1])
        drift_sigma = 1.0 / np.sqrt(np.maximum(spread, 1e-12))
        rest = left - mean[:, None]
        scatter = (weight * (rest * rest).sum(axis=2)).sum(axis=1) / np.maximum(2.0 * (count - 1), 1.0)
        ratio = total * APART_M * (APART_M - 2.0 * mean_m) / 2.0
        level, measured = self._level(a["level"][at], valid)
        # Apart: the last three comparisons all say so, in the plane or in height.
        latest = (a["seen"][at][:, None] - 1 - np.arange(3)) % WINDOW
        row = np.arange(len(at))[:, None]
        sigma = 1.0 / np.sqrt(np.maximum(a["weight"][at][row, latest], 1e-12))
        limit = np.maximum(APART_M, 4.0 * sigma) + np.where(known, 0.0, UNREGISTERED_M)[:, None]
        far = np.hypot(left[row, latest][:, :, 0], left[row, latest][:, :, 1]) > limit
        far |= np.abs(np.nan_to_num(a["level"][at][row, latest])) > 2.0 * OTHER_LEVEL_M
        apart = far.all(axis=1) & (count >= 3)
        mean_sigma = 1.0 / np.sqrt(total)
        refuted = (known & (ratio <= -SURE)) | (~known & (mean_m - 3.0 * mean_sigma > UNREGISTERED_M))
        refuted |= (measured >= 3) & (np.abs(level) > OTHER_LEVEL_M)
        refuted |= (count >= 6) & (drift > np.maximum(2.0 * DRIFT_MPS, 5.0 * drift_sigma))
        span = ticks.max(axis=1, where=valid, initial=0) - ticks.min(axis=1, where=valid, initial=2**60)
        speed = (share[:, :, 0] * np.hypot(velocity[:, :, 0], velocity[:, :, 1])).sum(axis=1)  # that of a turn is none
        steady = (drift <= np.maximum(DRIFT_MPS, 3.0 * drift_sigma)) & (scatter <= SCATTER)
        steady &= (np.abs(level) <= LEVEL_M) & (drift_sigma <= SETTLED_MPS)
        stands = speed < MOVING_MPS
        least = np.where(measured < 3, BLIND, np.where(stands, STANDING, LEAST))
        same = steady & (count >= least) & ~(stands & pairs.onground)
        steady &= (count >= LEAST) & (measured >= 3) & ~stands
        same &= (ratio >= SURE) & ~apart
        return _Verdict(
            mean_m, ratio, drift, steady, same, apart, refuted, span,
            (share * raw).sum(axis=1), (share * velocity).sum(axis=1),
        )  # fmt: skip

    @staticmethod
    def _level(level: Array, valid: NDArray[np.bool_]) -> tuple[Array, NDArray[np.int64]]:
        """Mean difference of altitude of each window, and how many comparisons it is from."""
        told = valid & ~np.isnan(level)
        count = told.sum(axis=1)
        return np.where(told, level, 0.0).sum(axis=1) / np.maximum(count, 1), count

    def _alone(self, tick: int) -> NDArray[np.bool_]:
        """Which pairs have no rival: nobody else whom the one may be, and nobody else of its sensor who may be the other."""
        t = self._traits
        alone = np.zeros(len(self._keys), np.bool_)
        active = np.flatnonzero(self._a["open"] & (tick - self._a["last"] <= 3))
        one, other = self._keys[active] >> 32, self._keys[active] & 0xFFFFFFFF
        aircraft = t.aircraft[np.where(self.whom[other] >= 0, self.whom[other], other)]
        relayed = t.hearsay[other]
        # Who is only relayed by TIS-B is no rival of one who speaks for himself.
        low = one[0] if len(one) else 0
        size = int(one.max(initial=0) - low) + 1
        candidates = np.unique(one << 32 | aircraft)
        everybody = np.bincount((candidates >> 32) - low, minlength=size)
        candidates = np.unique((one << 32 | aircraft)[~relayed])
        speaking = np.bincount((candidates >> 32) - low, minlength=size)
        choices = np.where(relayed, everybody[one - low], speaking[one - low])
        seat = t.sensor[one] << 32 | other
        _, place, claims = np.unique(seat, return_inverse=True, return_counts=True)
        alone[active] = (choices == 1) & (claims[place] == 1)
        return alone

    def _register(self, tick: int, pairs: Compared, verdict: _Verdict, alone: NDArray[np.bool_]) -> None:
        """Learn the offsets of the sensors from those who fly steadily, with nobody else near, and from the joined."""
        t = self._traits
        own = self.whom[pairs.one] == pairs.other
        near = np.hypot(verdict.raw[:, 0], verdict.raw[:, 1]) <= UNREGISTERED_M
        some = np.flatnonzero(verdict.steady & near & (alone | own) & ~t.hearsay[pairs.other])
        code = t.sensor[pairs.one[some]] * len(t.sensors) + t.sensor[pairs.other[some]]
        for each in map(int, np.unique(code)):
            rows = some[code == each]
            pair = (t.sensors[each // len(t.sensors)], t.sensors[each % len(t.sensors)])
            self.offsets.note(pair, tick, t.aircraft[pairs.other[rows]], verdict.raw[rows], verdict.velocity[rows])

    def _parted(self, pairs: Compared, verdict: _Verdict) -> list[Change]:
        changes: list[Change] = []
        held = self.whom[pairs.one] == pairs.other
        for k in np.flatnonzero(held & (verdict.apart | verdict.refuted)).tolist():
            one, other = int(pairs.one[k]), int(pairs.other[k])
            self.whom[one] = -1
            changes.append(Change(one, other, joined=False, why=f"parted: {verdict.mean_m[k]:.0f} m apart"))
        return changes

    def _joins(
        self, tick: int, pairs: Compared, verdict: _Verdict, alone: NDArray[np.bool_], seen: NDArray[np.int64]
    ) -> list[Change]:
        changes: list[Change] = []
        for k in np.flatnonzero(verdict.same & alone).tolist():
            one, other = int(pairs.one[k]), int(pairs.other[k])
            held = int(self.whom[one])
            if held >= 0 and (held == other or self._traits.aircraft[held] != self._traits.aircraft[other]):
                continue
            if held >= 0:  # another track of the same aircraft: only where the one it has is silent
                if self._last(np.array([one]), np.array([held]))[0] == tick:
                    continue
                changes.append(Change(one, held, joined=False, why="goes on as another track"))
            for former in np.flatnonzero(self.whom == other).tolist():
                if self._traits.sensor[former] == self._traits.sensor[one]:
                    self.whom[former] = -1
                    changes.append(Change(former, other, joined=False, why="its sensor has a later track"))
            self.whom[one] = other
            why = (
                f"{min(int(seen[k]), WINDOW)} comparisons in {int(verdict.span[k]) * GRID_US // 1_000_000} s: "
                f"{verdict.mean_m[k]:.0f} m apart, {verdict.drift[k]:.1f} m/s"
            )
            changes.append(Change(one, other, joined=True, why=why))
        return changes

    def _last(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tick of the last comparison of each pair."""
        keys = one << 32 | other
        at = np.minimum(np.searchsorted(self._keys, keys), max(len(self._keys) - 1, 0))
        known = self._keys[at] == keys if len(self._keys) else np.zeros(len(keys), np.bool_)
        return np.where(known, self._a["last"][at], -(2**40)) if len(self._keys) else np.full(len(keys), -(2**40))

    def _lapsed(self, tick: int) -> list[Change]:
        """End the joins of those who have not been seen both for long; looked for once a minute."""
        one = np.flatnonzero(self.whom >= 0)
        if tick % LAPSE_TICKS or len(one) == 0:
            return []
        over = one[tick - self._last(one, self.whom[one]) > FORGET_TICKS]
        changes = [
            Change(k, int(self.whom[k]), joined=False, why="not seen both for ten minutes") for k in over.tolist()
        ]
        self.whom[over] = -1
        return changes

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks; none that is joined."""
        self.offsets.forget(numbers)
        keep = (numbers.track[self._keys >> 32] != GONE) & (numbers.track[self._keys & 0xFFFFFFFF] != GONE)
        self._keys = numbers.pairs(self._keys[keep])
        self._a = {name: values[keep] for name, values in self._a.items()}
        whom = numbers.kept_of(self.whom)
        self.whom = np.where(whom >= 0, numbers.track[whom], -1)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "keys": self._keys.copy(),
            "arrays": {name: values.copy() for name, values in self._a.items()},
            "whom": self.whom.copy(),
            "offsets": self.offsets.snapshot(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._keys = state["keys"].copy()
        self._a = {name: values.copy() for name, values in state["arrays"].items()}
        self.whom = state["whom"].copy()
        self.offsets.restore(state["offsets"])
