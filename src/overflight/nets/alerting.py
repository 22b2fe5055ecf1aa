"""Alerting: which level of alert a predicted conflict deserves, and how alerts are kept from flickering.

A level is a volume that must not be entered, and how long before it is the alert begins. Of several levels the gravest that holds
counts. An alert comes after `m` of the last `n` steps asked for it, stays for at least `persistence_s`, and once given is kept
while the volume is entered within the longer `early_s`; a pair not heard of for longer than `hysteresis_s` begins anew.

Sources: levels and times RTCA DO-365B, tables 2-21 to 2-23, as NASA's DAIDALUS 2.0 has them (alerters DWC_Phase_I, DWC_Phase_II,
DWC_Non_Coop, without sensor uncertainty mitigation); STCA's 5 NM, 1,000 ft and two minutes: EUROCONTROL-GUID-159, part I. The memory is
that of Munoz, Narkawicz, DAIDALUS Reference Manual (NASA/TM-20210014846), section on hysteresis, M of N and persistence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from overflight.nets.conflict import Array, Method, Span
from overflight.nets.minima import RADAR, Minima
from overflight.nets.volumes import plain, spans
from overflight.units import FT_M, NM_M

Levels = NDArray[np.int8]
NONE: Final = 0
_UNSET: Final = -1


@dataclass(frozen=True)
class Level:
    """One level of alert.

    Attributes:
        name: as the alert is called.
        horizontal_m, vertical_m: thresholds of the volume, m.
        alerting_s: the alert begins so long before the volume is entered.
        early_s: once given it holds while the volume is entered within this time.
        tthr_s: time threshold of well clear; None for a plain cylinder.
        layers: thresholds of a plain cylinder by altitude; then `horizontal_m` and `vertical_m` are the widest of them.
    """

    name: str
    horizontal_m: float
    vertical_m: float
    alerting_s: float
    early_s: float
    tthr_s: float | None = None
    layers: Minima | None = None


@dataclass(frozen=True)
class Alerting:
    """A set of levels, the mildest first, and how alerts are kept steady.

    Attributes:
        name: what people call it.
        levels: their numbers are 1, 2, ...; 0 is no alert.
        m, n: an alert needs `m` of the last `n` steps.
        hysteresis_s: a pair not tested for longer than this is a new one.
        persistence_s: an alert stays, and is not lowered, for so long after it was raised.
        method: time variable of well clear.
    """

    name: str
    levels: tuple[Level, ...]
    m: int = 2
    n: int = 4
    hysteresis_s: float = 5.0
    persistence_s: float = 4.0
    method: Method = "taumod"

    @property
    def lookahead_s(self) -> float:
        """How far ahead any level looks."""
        return max(max(level.alerting_s, level.early_s) for level in self.levels)


def _well_clear(name: str, dthr_m: float, zthr_ft: float, tthr_s: float, alerting_s: float, early_s: float) -> Level:
    return Level(name, dthr_m, zthr_ft * FT_M, alerting_s, early_s, tthr_s)


EN_ROUTE: Final = Alerting(
    "do365-en-route",
    (
        _well_clear("preventive", 0.66 * NM_M, 700.0, 35.0, 55.0, 75.0),
        _well_clear("corrective", 0.66 * NM_M, 450.0, 35.0, 55.0, 75.0),
        _well_clear("warning", 0.66 * NM_M, 450.0, 35.0, 25.0, 55.0),
    ),
)
TERMINAL: Final = Alerting("do365-terminal", (_well_clear("warning", 1500.0 * FT_M, 450.0, 0.0, 45.0, 75.0),))
NON_COOPERATIVE: Final = Alerting(
    "do365-non-cooperative",
    (
        _well_clear("corrective", 2200.0 * FT_M, 450.0, 0.0, 55.0, 110.0),
        _well_clear("warning", 2200.0 * FT_M, 450.0, 0.0, 25.0, 90.0),
    ),
)
STCA: Final = Alerting(
    "stca",
    (Level("conflict", 5.0 * NM_M, 1000.0 * FT_M, 120.0, 130.0),),
    m=2,
    n=3,
    hysteresis_s=15.0,
    persistence_s=4.0,
)
LAYERED: Final = replace(
    STCA,
    name="stca-layered",
    levels=(Level("conflict", 5.0 * NM_M, 2000.0 * FT_M, 120.0, 130.0, layers=RADAR),),
)
"""As STCA, by the minima of the layer (`overflight.nets.minima.RADAR`) that the higher of the two is in when they come that near."""

TABLES: Final = {each.name: each for each in (STCA, LAYERED, EN_ROUTE, TERMINAL, NON_COOPERATIVE)}
"""By name. DO-365 has the same volume and times for every level in terminal areas: one level says as much."""


class Memory:
    """What is remembered of pairs, each in its place, so that their alerts are steady."""

    def __init__(self, alerting: Alerting, pairs: int = 0) -> None:
        """Know nothing of any pair."""
        self._a = alerting
        self.level = np.full(pairs, _UNSET, np.int8)  # as given last
        self._seen_s = np.full(pairs, -np.inf)
        self._raised_s = np.full(pairs, np.nan)
        self._recent = np.full((pairs, alerting.n), _UNSET, np.int8)

    def raw(self, s: Array, v: Array, time_s: Array) -> Levels:
        """Return the level that states ask for by themselves, but for the longer time of the level that is given already."""
        return self.asked(spans(plain(s, v), self._a), time_s)

    def asked(self, found: list[Span], time_s: Array) -> Levels:
        """Return the level that is asked for where the volumes of the levels are entered at such times."""
        held = np.where(self._anew(time_s), np.int8(_UNSET), self.level)
        level = np.zeros(len(held), np.int8)
        for number, (rung, span) in enumerate(zip(self._a.levels, found, strict=True), start=1):
            level[span.time_in < np.where(held == number, rung.early_s, rung.alerting_s)] = number
        return level

    def step(self, s: Array, v: Array, time_s: Array) -> Levels:
        """Take in states (P, 3) of all pairs at a time (P), s; return the levels that are given."""
        raw = self.raw(s, v, time_s)
        return self.settle(raw, time_s)

    def rearranged(self, was: NDArray[np.int64], quiet: NDArray[np.bool_], time_s: float) -> Memory:
        """Return a memory of other pairs.

        Args:
            was: the place of each here, -1 for one that is new.
            quiet: new ones that are known to have asked for nothing until `time_s`; nothing is known of the others.
            time_s: the last step.
        """
        made = Memory(self._a, len(was))
        known = was >= 0
        for mine, others in zip(made._arrays(), self._arrays(), strict=True):
            mine[known] = others[was[known]]
        made.level[quiet & ~known], made._recent[quiet & ~known], made._seen_s[quiet & ~known] = NONE, NONE, time_s
        return made

    def active(self) -> NDArray[np.bool_]:
        """Say which pairs are given an alert, or asked for one lately."""
        return (self.level > NONE) | (self._recent > NONE).any(axis=1)

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self.level, self._seen_s, self._raised_s, self._recent

    def snapshot(self) -> list[NDArray[Any]]:
        """Return the state as arrays."""
        return [values.copy() for values in self._arrays()]

    def restore(self, state: list[NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self.level, self._seen_s, self._raised_s, self._recent = (values.copy() for values in state)

    def _anew(self, time_s: Array) -> NDArray[np.bool_]:
        return (time_s <= self._seen_s) | (time_s - self._seen_s > self._a.hysteresis_s)

    def settle(self, raw: Levels, time_s: Array) -> Levels:
        """Take in raw levels of all pairs; return the levels that are given after M of N and persistence."""
        anew = self._anew(time_s)
        self._recent[anew] = _UNSET
        self._recent[anew, : self._a.m] = raw[anew, None]
        self.level[anew] = _UNSET
        self._raised_s[anew] = np.nan
        self._recent = np.concatenate([self._recent[:, 1:], raw[:, None]], axis=1)
        asked = np.sort(self._recent, axis=1)[:, -self._a.m]  # reached by m of them
        with np.errstate(invalid="ignore"):
            lasting = time_s - self._raised_s < self._a.persistence_s
        stays = lasting & (self.level > NONE) & (asked < self.level)
        raised = ~stays & (asked > NONE) & (asked > self.level)
        self._raised_s[raised] = time_s[raised]
        self.level = np.where(stays, self.level, np.maximum(asked, NONE)).astype(np.int8)
        self._seen_s = np.array(time_s, float)
        return self.level
