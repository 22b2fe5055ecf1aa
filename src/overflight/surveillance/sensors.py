"""What a track is as one of several: whose it is and which sensor saw it; and by how much two sensors disagree about everything.

A radar's antenna is some hundred metres from where it is believed to be, its clock is late, its north is off. Between two sensors that is
the same for every aircraft of a region, so it is estimated from pairs of tracks that fly steadily beside each other with nobody else near:
one offset to the east and north, and one of the clock, which shows along the way (Bar-Shalom, Willett and Tian, Tracking and Data
Fusion, 2011, chapter 9, "sensor registration"). Only what most of at least `LEAST` aircraft agree on is believed: whatever flies beside
somebody has an offset of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from overflight.earth.wgs84 import Array
from overflight.surveillance.batch import TrackNames
from overflight.surveillance.renumbering import GONE, Renumbering

LEAST: Final = 3
"""Aircraft that must agree on an offset: two formations are rare, three with one offset are none."""

MOST: Final = 64
"""Aircraft that are remembered for it, the latest: then the noise of each (40 m) has long gone."""

MEMORY_TICKS: Final = 2_160
"""Six hours: a sensor's errors change with its maintenance, and from day to night; by night hardly anybody flies."""

RENEWED_TICKS: Final = 6
"""A known offset is estimated anew once a minute."""

AGREE_M: Final = 200.0
"""How near to each other offsets are that say the same: 0.5 s at 250 m/s, and noise."""

_PRIOR: Final = np.diag([1.0 / 500.0**2, 1.0 / 500.0**2, 1.0 / 0.5**2])
_ONE_M: Final = 50.0  # standard deviation of one aircraft's offset: what is left of its noise, and a sensor's bias from place to place
_RANK: Final = {
    "adsb": 0,
    "mlat": 1,
    "mode_s": 1,
    "system_track": 2,
    "radar": 3,
    "": 4,
    "manual": 5,
    "synthetic": 6,
    "tisb": 7,
}


class Traits:
    """What is known of each track, as arrays by its number."""

    def __init__(self, names: TrackNames) -> None:
        """Know of nobody yet."""
        self._names = names
        self._codes: dict[str, int] = {}
        self.sensors: list[str] = []
        self.sensor = np.empty(0, np.int64)  # place in `sensors`
        self.rank = np.empty(0, np.int64)  # the less, the more its word counts
        self.addressed = np.empty(0, np.bool_)
        self.hearsay = np.empty(0, np.bool_)
        self.aircraft = np.empty(0, np.int64)
        self.accuracy_m = np.empty(0)
        self.first_stay = np.empty(0, np.int64)  # the track whose later stay it is: the two are never there at once
        self.compared = np.empty(0, np.bool_)  # with whom another track may be one

    def __len__(self) -> int:
        """Count the tracks."""
        return len(self.sensor)

    def learn(self, tracks: int) -> None:
        """Learn the tracks up to a number."""
        names, old = self._names, len(self)
        if tracks <= old:
            return
        fresh = names.sensor[old:tracks]
        for name in fresh:
            if name not in self._codes:
                self._codes[name] = len(self.sensors)
                self.sensors.append(name)
        source = names.source[old:tracks]
        added: dict[str, Any] = {
            "sensor": [self._codes[name] for name in fresh],
            "rank": [_RANK.get(name, 4) for name in source],
            "addressed": [address is not None for address in names.icao24[old:tracks]],
            "hearsay": [name == "tisb" for name in source],
            "aircraft": names.aircraft[old:tracks],
            "accuracy_m": names.default_accuracy_m[old:tracks],
            "first_stay": [names.first_stay(track) for track in range(old, tracks)],
        }
        for name, values in added.items():
            known = getattr(self, name)
            setattr(self, name, np.append(known, np.array(values, known.dtype)))
        own = ~self.hearsay
        joinable = own & ~self.addressed
        if joinable.any() and len(np.unique(self.sensor[own])) > 1:
            self.compared = np.ones(tracks, np.bool_)
        else:
            views = np.unique(np.stack([self.aircraft[own], self.first_stay[own]]), axis=1)[0]
            several = np.bincount(views, minlength=int(self.aircraft.max(initial=0)) + 1) > 1
            self.compared = own & several[self.aircraft]

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        for name in ("sensor", "rank", "addressed", "hearsay", "accuracy_m", "compared"):
            setattr(self, name, numbers.kept_of(getattr(self, name)))
        self.aircraft = numbers.aircraft[numbers.kept_of(self.aircraft)]
        # Of stays whose first is forgotten the earliest that is kept takes its part.
        _, first, of = np.unique(numbers.kept_of(self.first_stay), return_index=True, return_inverse=True)
        self.first_stay = first[of].astype(np.int64)

    def may_join(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which tracks `one` may be another sensor's view of `other`, whose word counts more."""
        free = ~self.addressed[one] & ~self.hearsay[one] & (self.sensor[one] != self.sensor[other])
        names = np.array(self.sensors)
        better = (self.rank[other] < self.rank[one]) | (
            (self.rank[other] == self.rank[one]) & (names[self.sensor[other]] < names[self.sensor[one]])
        )
        return free & (self.addressed[other] | self.hearsay[other] | better)


@dataclass
class _Offset:
    """Of one sensor from another."""

    # aircraft: tick, offset east and north (m), velocity east and north (m/s); the latest last
    steady: dict[int, tuple[int, float, float, float, float]] = field(
        default_factory=dict[int, tuple[int, float, float, float, float]]
    )
    known: bool = False
    renewed: int = -(2**40)  # tick of the last estimate
    east_m: float = 0.0
    north_m: float = 0.0
    clock_s: float = 0.0
    aircraft: int = 0


class Offsets:
    """The offsets between all pairs of sensors that see the same aircraft."""

    def __init__(self) -> None:
        """Know nothing."""
        self._of: dict[tuple[str, str], _Offset] = {}

    def residual(self, pair: tuple[str, str], offset_m: Array, velocity_mps: Array) -> tuple[Array, bool]:
        """What is left of offsets (..., 2) without that of the sensors, m; and whether that is known."""
        one = self._of.get(pair)
        if one is None or not one.known:
            return offset_m, False
        return offset_m - np.array([one.east_m, one.north_m]) - one.clock_s * velocity_mps, True

    def note(self, pair: tuple[str, str], tick: int, aircraft: NDArray[Any], offset_m: Array, velocity: Array) -> None:
        """Take in the mean offsets (N, 2) of aircraft that fly steadily with their supposed selves, and estimate anew."""
        one = self._of.setdefault(pair, _Offset())
        for who, (east, north), (v_east, v_north) in zip(
            aircraft.tolist(), offset_m.tolist(), velocity.tolist(), strict=True
        ):
            one.steady.pop(who, None)
            one.steady[who] = (tick, east, north, v_east, v_north)
        if one.known and tick - one.renewed < RENEWED_TICKS:
            return
        one.renewed = tick
        recent = [(who, told) for who, told in one.steady.items() if tick - told[0] <= MEMORY_TICKS][-MOST:]
        one.steady = dict(recent)
        _estimate(one)

    def forget(self, numbers: Renumbering) -> None:
        """Give those who said something their new numbers; what somebody said who is forgotten still counts."""
        for one in self._of.values():
            told: dict[int, tuple[int, float, float, float, float]] = {}
            nobody = min([0, *one.steady])
            for who, said in one.steady.items():
                now = GONE if who < 0 else int(numbers.aircraft[who])
                if now == GONE:
                    nobody -= 1
                told[nobody if now == GONE else now] = said
            one.steady = told

    def told(self) -> list[tuple[str, str, float, float, float, int]]:
        """Return what is known: sensor, of which other, east and north (m), clock (s), from how many aircraft."""
        return [
            (*pair, one.east_m, one.north_m, one.clock_s, one.aircraft)
            for pair, one in sorted(self._of.items())
            if one.known
        ]

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"of": {pair: vars(one) | {"steady": dict(one.steady)} for pair, one in self._of.items()}}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._of = {pair: _Offset(**one) for pair, one in state["of"].items()}


def _estimate(one: _Offset) -> None:
    """Fit the offset that most agree on; none where there is no such."""
    told = np.array(list(one.steady.values())).reshape(-1, 5)
    place, velocity = told[:, 1:3], told[:, 3:5]
    agree = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1)) <= AGREE_M
    count = agree.sum(axis=1)
    best = int(np.argmax(count)) if len(count) else 0
    one.known = bool(len(count) and count[best] >= LEAST and 2 * count[best] > len(count))
    if not one.known:
        return
    some = agree[best]
    one.aircraft = int(some.sum())
    information, vector = _PRIOR.copy(), np.zeros(3)
    for axis in (0, 1):
        rows = np.zeros((one.aircraft, 3))
        rows[:, axis], rows[:, 2] = 1.0, velocity[some, axis]
        information += rows.T @ rows / _ONE_M**2
        vector += rows.T @ place[some, axis] / _ONE_M**2
    solved: Array = np.asarray(np.linalg.solve(information, vector), np.float64)  # pyright: ignore[reportUnknownMemberType]
    one.east_m, one.north_m, one.clock_s = float(solved[0]), float(solved[1]), float(solved[2])
