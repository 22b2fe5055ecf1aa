"""Conflict: losses that are coming if everybody goes on as now, with the alert that they deserve.

Every second of event time a picture of the sky is made of the last reports, moved on to it; pairs that may come too near are judged
by an alerting (`overflight.nets.alerting`), whose memory keeps alerts steady. An alert is one event, from the first second at which it
is given to the last; `time` is that at which its gravest level was first given, and place and distances are those of that moment.

State extrapolation is what short-term conflict alert does (EUROCONTROL-GUID-159): it knows no plans, so turns and level-offs make
nuisance alerts. An event is *undetermined* where an altitude or a rate of climb is unknown, or rests on positions of doubtful
integrity; else *confirmed*: the prediction was made, whatever followed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.earth.wgs84 import Array, to_ecef, to_geodetic
from overflight.events import DISMISSED_SCHEMA, event_id
from overflight.nets.alerting import STCA, Alerting, Memory, spans
from overflight.nets.base import Findings
from overflight.nets.encounters import FINDINGS_SCHEMA
from overflight.nets.states import Picture, States, axes
from overflight.surveillance.batch import Batch, TrackNames
from overflight.surveillance.integrity import DEGRADING, SAME_AIRCRAFT, SUSPECTS_SCHEMA
from overflight.units import FT_M, KT_MPS, NM_M

TICK_US: Final = 1_000_000
SAME_US: Final = 60_000_000
"""A pair found to be one aircraft stays so for a minute: where it falls silent for a while nothing is said of it."""

_PLACE: Final = ("latitude", "longitude", "altitude_ft", "horizontal_nm", "vertical_ft", "closure_kt")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ConflictParameters:
    """What the net is told.

    Attributes:
        alerting: levels, times and memory.
        report_unknown: judge pairs without altitude in the plane alone, instead of leaving them out.
        oldest_s: nobody is moved on for longer than this after the last report.
        skipped: integrity flags of positions that the net does not use.
        threads: of the kernel; the answer does not depend on it.
        inputs: digests of the recording, for the events.
    """

    alerting: Alerting = STCA
    report_unknown: bool = False
    oldest_s: float = 15.0
    skipped: int = 0
    threads: int = 1
    inputs: str = ""


@dataclass
class _Alert:
    """An alert that is being given."""

    start_us: int
    last_us: int
    level: int
    told: dict[str, Any]
    unknown: bool
    degraded: bool


class Conflict:
    """The net. See the module for what it finds, `overflight.nets.base.Net` for how it is driven."""

    name = "conflict"

    def __init__(self, parameters: ConflictParameters, names: TrackNames) -> None:
        """Start with nothing seen."""
        self._p, self._names = parameters, names
        self._states = States()
        self._tick_us: int | None = None
        self._last_us: int | None = None
        self._pairs = np.empty(0, np.uint64)  # remembered, ascending: the lower track in the high half
        self._memory = Memory(parameters.alerting)
        self._seen = np.empty(0, np.uint32)  # tracks of the last picture
        self._open: dict[int, _Alert] = {}
        self._suspects = pl.DataFrame(schema=SUSPECTS_SCHEMA)

    def update(self, batch: Batch) -> None:
        """Take in positions in order of time; those with a disqualifying flag are not used."""
        usable = np.flatnonzero(batch.flags & self._p.skipped == 0)
        self._states.add(batch, usable)
        if batch.suspects is not None and self._p.skipped & SAME_AIRCRAFT:
            self._suspects = pl.concat([self._suspects, batch.suspects.filter(pl.col("flags") & SAME_AIRCRAFT != 0)])
        if len(usable):
            self._last_us = int(batch.time_us[usable[-1]])

    def advance(self, watermark_us: int) -> Findings:
        """Judge every second until the watermark, and conclude the alerts that are over."""
        findings = self._conclude(self._run(watermark_us))
        if self._suspects.height:
            begun = min([watermark_us, *(alert.start_us for alert in self._open.values())])
            self._suspects = self._suspects.filter(pl.col("time_us") >= begun - 2 * SAME_US)
        return findings

    def finish(self) -> Findings:
        """Judge what is left, and conclude all alerts."""
        if self._last_us is None:
            return Findings.none()
        over = self._run(self._last_us + TICK_US)
        over += list(self._open.items())
        self._open = {}
        return self._conclude(over)

    def _run(self, until_us: int) -> list[tuple[int, _Alert]]:
        over: list[tuple[int, _Alert]] = []
        while True:
            if self._tick_us is None or not (len(self._seen) or self._open):
                # Nobody is in the sky: go on where somebody is heard of.
                following = self._states.next_us()
                if following is None:
                    return over
                self._tick_us = max(self._tick_us or 0, following // TICK_US * TICK_US + TICK_US)
            if self._tick_us > until_us:
                return over
            self._states.until(self._tick_us)
            over += self._judge(self._tick_us)
            self._tick_us += TICK_US

    def _judge(self, time_us: int) -> list[tuple[int, _Alert]]:
        """Judge one picture; returns the alerts that are over."""
        sky = self._states.picture(time_us, self._p.oldest_s)
        if not self._p.report_unknown:
            sky = sky.where(~np.isnan(sky.altitude_m))
        near = self._near(sky)
        still = self._pairs[np.isin(_low(self._pairs), sky.track) & np.isin(_high(self._pairs), sky.track)]
        pairs = np.union1d(near, still)
        self._remember(pairs, time_us * 1e-6)
        self._seen = sky.track
        time_s = np.full(len(pairs), time_us * 1e-6)
        a, b = (np.searchsorted(sky.track, half(pairs)) for half in (_low, _high))
        s, v, unknown = _relative(sky, a, b)
        held = self._memory.step(s, v, time_s)
        for k in np.flatnonzero(held > 0).tolist():
            pair, level = int(pairs[k]), int(held[k])
            alert = self._open.get(pair)
            if alert is None or level > alert.level:
                told = self._told(sky, time_us, int(a[k]), int(b[k]), s[k], v[k], level)
                start_us = time_us if alert is None else alert.start_us
                first = told["alert"] if alert is None else alert.told["first"]
                alert = self._open[pair] = _Alert(start_us, time_us, level, told | {"first": first}, False, False)
            alert.last_us = time_us
            alert.unknown |= bool(unknown[k])
            alert.degraded |= bool((sky.flags[a[k]] | sky.flags[b[k]]) & DEGRADING)
        given = set(pairs[held > 0].tolist())
        over = [(pair, alert) for pair, alert in self._open.items() if pair not in given]
        for pair, _ in over:
            del self._open[pair]
        # A pair that asks for nothing, and has not lately, is forgotten: it begins with a clean slate.
        keep = np.flatnonzero(self._memory.active())
        self._pairs = pairs[keep]
        self._memory = self._memory.rearranged(keep, np.zeros(len(keep), bool), 0.0)
        return over

    def _near(self, sky: Picture) -> NDArray[np.uint64]:
        """Pairs that may need an alert: whose distances may fall below the widest thresholds within the lookahead."""
        from overflight_kernels import ahead

        levels = self._p.alerting.levels
        patience_s = max(level.tthr_s or 0.0 for level in levels)
        fastest = float(np.nanmax(np.abs(sky.up_mps), initial=0.0))
        vertical_m = max(level.vertical_m for level in levels) + 2.0 * fastest * patience_s
        number, unknown = self._names.aircraft, np.isnan(sky.east_mps)
        first, second, _, _ = ahead(
            latitude_deg=sky.latitude,
            longitude_deg=sky.longitude,
            altitude_m=sky.altitude_m,
            east_mps=np.where(unknown, 0.0, sky.east_mps),
            north_mps=np.where(unknown, 0.0, sky.north_mps),
            up_mps=np.where(np.isnan(sky.altitude_m), np.nan, np.nan_to_num(sky.up_mps)),
            aircraft=np.array([number[k] for k in sky.track.tolist()], np.uint32),
            horizontal_m=max(level.horizontal_m for level in levels),
            vertical_m=vertical_m,
            lookahead_s=self._p.alerting.lookahead_s + patience_s,
            threads=self._p.threads,
        )
        return np.sort(sky.track[first].astype(np.uint64) << np.uint64(32) | sky.track[second].astype(np.uint64))

    def _remember(self, pairs: NDArray[np.uint64], time_s: float) -> None:
        """Make a place in the memory for each pair, in their order; both of a new one may have been in the sky before."""
        before = np.isin(_low(pairs), self._seen) & np.isin(_high(pairs), self._seen)
        was = np.searchsorted(self._pairs, pairs)
        known = np.isin(pairs, self._pairs)
        self._memory = self._memory.rearranged(np.where(known, was, -1), before, time_s - TICK_US * 1e-6)
        self._pairs = pairs

    def _told(self, sky: Picture, time_us: int, a: int, b: int, s: Array, v: Array, level: int) -> dict[str, Any]:
        """What is told of the moment at which a level was first given."""
        rung = self._p.alerting.levels[level - 1]
        horizontal_m, level_m = float(np.hypot(s[0], s[1])), float(abs(sky.altitude_m[a] - sky.altitude_m[b]))
        speed2 = float(v[0] ** 2 + v[1] ** 2)
        closest_s = max(0.0, -float(s[0] * v[0] + s[1] * v[1]) / speed2) if speed2 > 0.0 else 0.0
        miss = s + closest_s * v
        latitude, longitude = to_geodetic(to_ecef(sky.latitude[[a, b]], sky.longitude[[a, b]]).mean(axis=0)[None])
        times = spans(s[None], v[None], self._p.alerting)[level - 1]
        return {
            "alert": {"level": rung.name, "time_to_loss_s": _number(float(times.time_in[0]), 1)},
            "latitude": round(float(latitude[0]), 7),
            "longitude": round(float(longitude[0]), 7),
            "altitude_ft": _number(float(np.fmin(sky.altitude_m[a], sky.altitude_m[b])) / FT_M, 1),
            "horizontal_nm": horizontal_m / NM_M,
            "vertical_ft": None if np.isnan(level_m) else level_m / FT_M,
            "closure_kt": -float(s[0] * v[0] + s[1] * v[1]) / max(horizontal_m, 1.0) / KT_MPS,
            "closest": {
                "in_s": round(closest_s, 1),
                "horizontal_nm": round(float(np.hypot(miss[0], miss[1])) / NM_M, 3),
                "vertical_ft": None if np.isnan(level_m) else round(float(abs(miss[2])) / FT_M),
            },
            "rows": [int(sky.row[a]), int(sky.row[a]), int(sky.row[b]), int(sky.row[b])],
            "time_us": time_us,
        }

    def _conclude(self, over: list[tuple[int, _Alert]]) -> Findings:
        if not over:
            return Findings.none()
        events = [self._event(pair, alert) for pair, alert in over if not self._of_one(pair, alert)]
        dismissed = [
            {name: told for name, told in self._event(pair, alert).items() if name in DISMISSED_SCHEMA}
            | {"reason": "integrity: same_aircraft", "why": "one aircraft, two sensors"}
            for pair, alert in over
            if self._of_one(pair, alert)
        ]
        return Findings(
            pl.DataFrame(events, schema=FINDINGS_SCHEMA, orient="row"),
            pl.DataFrame(dismissed, schema=DISMISSED_SCHEMA, orient="row"),
        )

    def _of_one(self, pair: int, alert: _Alert) -> bool:
        """Whether the two were found to be one aircraft, seen by two sensors, by the second at which the alert was over."""
        if self._suspects.height == 0:
            return False
        sides = (pair >> 32, pair & 0xFFFFFFFF)
        copies = [
            (pl.col("track") == one) & (pl.col("original") == self._names.aircraft[other])
            for one, other in (sides, sides[::-1])
        ]
        near = pl.col("time_us").is_between(alert.start_us - SAME_US, alert.last_us + TICK_US)
        return self._suspects.filter(near & pl.any_horizontal(copies)).height > 0

    def _event(self, pair: int, alert: _Alert) -> dict[str, Any]:
        names, alerting = self._names, self._p.alerting
        first, second = pair >> 32, pair & 0xFFFFFFFF
        sides = [first, second] if names.track_id[first] < names.track_id[second] else [second, first]
        rows = alert.told["rows"] if sides[0] == first else [*alert.told["rows"][2:], *alert.told["rows"][:2]]
        start = _EPOCH + timedelta(microseconds=alert.start_us)
        ids = [names.track_id[k] for k in sides]
        told = alert.told
        rule = f"{alerting.name}: {told['alert']['level']}"
        due = told["alert"]["time_to_loss_s"]
        doubt = "an altitude or a rate of climb is unknown" if alert.unknown else None
        doubt = doubt or ("rests on positions of doubtful integrity" if alert.degraded else None)
        when = "a loss now" if due in {None, 0.0} else f"a loss predicted {due:.0f} s ahead"
        return {
            "id": event_id("conflict", ids, None, alerting.name, start),
            "kind": "conflict",
            "start": start,
            "end": _EPOCH + timedelta(microseconds=alert.last_us),
            "time": _EPOCH + timedelta(microseconds=told["time_us"]),
            "track_a": ids[0],
            "track_b": ids[1],
            "party_a": names.party[sides[0]],
            "party_b": names.party[sides[1]],
            "rule": rule,
            "verdict": "undetermined" if doubt else "confirmed",
            **{name: told[name] for name in _PLACE},
            "duration_s": (alert.last_us - alert.start_us) * 1e-6,
            "why": f"{when}: closest {told['closest']['horizontal_nm']:.2f} NM in {told['closest']['in_s']:.0f} s; {doubt or 'both known'}",
            "parameters": json.dumps(
                {
                    "alerting": alerting.name,
                    "first": told["first"],
                    "gravest": told["alert"],
                    "closest": told["closest"],
                    **{
                        side: {"callsign": names.callsign_by(k, alert.last_us), "icao24": names.icao24[k]}
                        | _sources(names.sources(k, alert.start_us, alert.last_us))
                        for side, k in zip("ab", sides, strict=True)
                    },
                }
            ),
            "inputs": self._p.inputs,
            "evidence": rows,
        }

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "states": self._states.snapshot(),
            "tick_us": self._tick_us,
            "last_us": self._last_us,
            "pairs": self._pairs,
            "memory": self._memory.snapshot(),
            "seen": self._seen,
            "open": {pair: vars(alert) for pair, alert in self._open.items()},
            "suspects": self._suspects,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._states.restore(state["states"])
        self._tick_us, self._last_us = state["tick_us"], state["last_us"]
        self._pairs, self._seen = state["pairs"], state["seen"]
        self._memory.restore(state["memory"])
        self._open = {pair: _Alert(**told) for pair, told in state["open"].items()}
        self._suspects = state["suspects"]


def _sources(sensors: list[str]) -> dict[str, Any]:
    return {"sources": sensors} if len(sensors) > 1 else {}


def _low(pairs: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return (pairs >> np.uint64(32)).astype(np.uint32)


def _high(pairs: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def _relative(sky: Picture, a: NDArray[np.int64], b: NDArray[np.int64]) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Positions and velocities (N, 3) of a relative to b, east, north and up in the middle between them; and what is unknown.

    Without an altitude both are taken to be level, and without a rate of climb to stay so: nobody is called separated for lack of it.
    """
    place = to_ecef(sky.latitude, sky.longitude)
    east, north = axes(sky.latitude, sky.longitude)
    velocity = np.nan_to_num(sky.east_mps)[:, None] * east + np.nan_to_num(sky.north_mps)[:, None] * north
    chord, change = place[a] - place[b], velocity[a] - velocity[b]
    across, along = east[a] + east[b], north[a] + north[b]
    across, along = (x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12) for x in (across, along))
    level = sky.altitude_m[a] - sky.altitude_m[b]
    climb = sky.up_mps[a] - sky.up_mps[b]
    s = np.stack([np.sum(chord * across, axis=-1), np.sum(chord * along, axis=-1), np.nan_to_num(level)], axis=-1)
    v = np.stack([np.sum(change * across, axis=-1), np.sum(change * along, axis=-1), np.nan_to_num(climb)], axis=-1)
    return s, v, np.isnan(level) | np.isnan(climb)


def _number(value: float, digits: int) -> float | None:
    return None if np.isnan(value) else round(value, digits)
