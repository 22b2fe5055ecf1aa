"""Conflict: losses that are coming if everybody goes on as now, with the alert that they deserve.

Every second of event time a picture of the sky is made of the last reports, moved on to it; pairs that may come too near are judged
by an alerting (`overflight.nets.alerting`), whose memory keeps alerts steady. An alert is one event, from the first second at which it
is given to the last; `time` is that at which its gravest level was first given, and place and distances are those of that moment.

State extrapolation is what short-term conflict alert does (EUROCONTROL-GUID-159): it knows no plans, so turns and level-offs make
nuisance alerts. Who is not held to the alerting's volume, and to which instead, says `overflight.nets.exempt`; what the alerting by
itself asks of such pairs, of formations, of copies, and where an altitude is unknown, is counted among what is no event.

An event is *undetermined* where all along an altitude or a rate of climb is unknown, or rests on positions of doubtful integrity, or,
if the volume is widened by the accuracies (`overflight.nets.volumes`), where it does not hold for all within them; else *confirmed*:
the prediction was made, whatever followed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.earth.wgs84 import Array, to_ecef
from overflight.nets.alert_events import (
    AIRPORT,
    BRIEF,
    COPY,
    FORMATION,
    NO_ALTITUDE,
    NO_CLIMB,
    WELL_CLEAR,
    Alert,
    dismissal,
    dismissals,
    event,
    formations,
    told,
)
from overflight.nets.alerting import NONE, STCA, Alerting, Levels, Memory
from overflight.nets.base import Findings
from overflight.nets.companions import Companions
from overflight.nets.conflict import Span
from overflight.nets.encounters import FINDINGS_SCHEMA
from overflight.nets.exempt import HELD_TO, NOBODY, VISUAL, exempt, together
from overflight.nets.states import Picture, States, axes
from overflight.nets.suspects import Suspects
from overflight.nets.volumes import Pairs, spans
from overflight.surveillance.batch import Batch, TrackNames
from overflight.surveillance.integrity import COPIED, DEGRADING, PROOF_US
from overflight.surveillance.renumbering import Renumbering
from overflight.units import FT_PER_MIN_MPS

TICK_US: Final = 1_000_000
SUSPECT_US: Final = 60_000_000
"""A copy or a spoofed track explains an alert that begins at most so long after it was found to be one."""

MOST_CLIMB_MPS: Final = 6000.0 * FT_PER_MIN_MPS
"""No airliner climbs or descends faster for long: what is farther apart in height than that takes is no conflict, unknown rates or not."""

Closed = list[tuple[int, Alert]]


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
class _Judged:
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
        self._asked, self._given = Memory(parameters.alerting), Memory(parameters.alerting)
        self._seen = np.empty(0, np.uint32)  # tracks of the last picture
        self._open: dict[int, Alert] = {}  # alerts that are given
        self._looked_at: dict[int, Alert] = {}  # and those that the alerting alone would give
        self._over: list[
            tuple[int, Alert, bool, int]
        ] = []  # alerts that are over: whether given, and when they are concluded
        self._suspects = Suspects()
        self._companions = Companions()

    def update(self, batch: Batch) -> None:
        """Take in positions in order of time; those with a disqualifying flag are not used."""
        usable = np.flatnonzero(batch.flags & self._p.skipped == 0)
        self._states.add(batch, usable)
        if batch.suspects is not None and batch.suspects.height and self._p.skipped & COPIED:
            self._suspects.add(batch.suspects, self._begun_us(self._tick_us or 0) - SUSPECT_US)
        if len(usable):
            self._last_us = int(batch.time_us[usable[-1]])

    def advance(self, watermark_us: int) -> Findings:
        """Judge every second until the watermark, and conclude the alerts that are over."""
        return self._run(watermark_us)

    def finish(self) -> Findings:
        """Judge what is left, and conclude all alerts."""
        if self._last_us is None:
            return Findings.none()
        found = [self._run(self._last_us + TICK_US)]
        over = (list(self._open.items()), list(self._looked_at.items()))
        self._open, self._looked_at = {}, {}
        self._end(*over, self._last_us + TICK_US)
        found.append(self._conclude(max((due_us for *_, due_us in self._over), default=0)))
        return _together(found)

    def current(self, watermark_us: int) -> pl.DataFrame:
        """Return the alerts that are being given, as of the last second judged: rows as of the events that they become.

        Ids are those of the events, ends the last second at which the alert was given. What began after the watermark is left
        out, and what would now be dismissed as a formation or a copy. Nothing changes.
        """
        waiting = [(pair, alert) for pair, alert, was_given, _ in self._over if was_given]
        alerts = [(pair, alert) for pair, alert in (*self._open.items(), *waiting) if alert.start_us <= watermark_us]
        companions = Companions()
        companions.restore(self._companions.snapshot())
        flown = formations(alerts, companions, self._names)
        rows = [
            self._event(pair, alert)
            for (pair, alert), formation in zip(alerts, flown, strict=True)
            if not self._copied(pair, alert, watermark_us) and (self._p.everybody or not formation)
        ]
        return pl.DataFrame(rows, schema=FINDINGS_SCHEMA, orient="row").sort("start", "id")

    def _run(self, until_us: int) -> Findings:
        found: list[Findings] = []
        while True:
            if self._tick_us is None or not (len(self._seen) or self._open or self._looked_at):
                # Nobody is in the sky: go on where somebody is heard of.
                following = self._states.next_us()
                if following is None:
                    return _together(found)
                self._tick_us = max(self._tick_us or 0, following // TICK_US * TICK_US + TICK_US)
            if self._tick_us > until_us:
                return _together(found)
            self._states.until(self._tick_us)
            over = self._judge(self._tick_us)
            self._end(*over, self._tick_us)
            if self._over:
                found.append(self._conclude(self._tick_us))
            self._tick_us += TICK_US

    def _judge(self, time_us: int) -> tuple[Closed, Closed]:
        """Judge one picture; returns the alerts that are over, given ones and those that were looked at."""
        sky = self._states.picture(time_us, self._p.oldest_s)
        pairs = self._near(sky)
        if len(self._pairs):
            here = _place(sky.track, _low(self._pairs))[1] & _place(sky.track, _high(self._pairs))[1]
            pairs = np.unique(np.concatenate([pairs, self._pairs[here]]))
        if len(pairs) or len(self._pairs):
            self._remember(pairs, time_us * 1e-6)
        self._seen = sky.track
        if len(pairs) == 0:
            return self._closed(self._open, set()), self._closed(self._looked_at, set())
        time_s = np.full(len(pairs), time_us * 1e-6)
        judged = self._levels(sky, pairs, time_s)
        asked, given = self._asked.settle(judged.asked, time_s), self._given.settle(judged.owed, time_s)
        flying = together(judged.pairs)
        known = ~_any_unknown(judged.pairs.altitude_m + judged.pairs.up_mps)
        sound = known & ((sky.flags[judged.a] | sky.flags[judged.b]) & DEGRADING == 0)
        reported, sure = sound & judged.reported, sound & judged.sure
        for k in np.flatnonzero(np.maximum(asked, given) > NONE).tolist():
            pair = int(pairs[k])
            for levels, alerts in ((asked, self._looked_at), (given, self._open)):
                level = int(levels[k])
                if level <= NONE:
                    continue
                alert = alerts.get(pair)
                if alert is None or level > alert.level:
                    alert = alerts[pair] = self._raised(alert, sky, judged, k, level, time_us)
                alert.last_us = time_us
                alert.changes += alert.now not in {NONE, level}
                alert.now = level
                alert.known |= bool(known[k])
                alert.sound |= bool(sound[k])
                alert.reported |= bool(reported[k])
                alert.sure |= bool(sure[k])
                alert.together_us += TICK_US * bool(flying[k])
            looked_at = self._looked_at.get(pair)
            if looked_at is None:
                continue
            looked_at.stood |= bool(given[k] > NONE)
            if judged.reason[k] and looked_at.reason in {"", NO_CLIMB}:  # that one is soon known
                looked_at.reason, looked_at.airport = judged.reason[k], judged.airport[k]
        over = (
            self._closed(self._open, set(pairs[given > NONE].tolist())),
            self._closed(self._looked_at, set(pairs[asked > NONE].tolist())),
        )
        # A pair that asks for nothing, and has not lately, is forgotten: it begins with a clean slate.
        keep = np.flatnonzero(self._asked.active() | self._given.active())
        if len(keep) < len(pairs):
            self._pairs = pairs[keep]
            self._rearrange(keep, np.zeros(len(keep), bool), 0.0)
        return over

    @staticmethod
    def _closed(alerts: dict[int, Alert], given: set[int]) -> Closed:
        over = [(pair, alert) for pair, alert in alerts.items() if pair not in given]
        for pair, _ in over:
            del alerts[pair]
        return over

    def _levels(self, sky: Picture, pairs: NDArray[np.uint64], time_s: Array) -> _Judged:
        """What the alerting asks for each pair, and what is owed to it."""
        alerting, share = self._p.alerting, self._p.widening
        a, b = (_place(sky.track, half(pairs))[0] for half in (_low, _high))
        states = self._relative(sky, a, b)
        no_level = _any_unknown(states.altitude_m)
        flat = no_level | _any_unknown(states.up_mps)
        found = spans(_in_plane(states, flat if self._p.report_unknown else no_level), alerting, share)
        owed = self._given.asked(found, time_s)
        asked = self._asked.asked(found, time_s)
        reason, airport = [""] * len(pairs), list[str | None]([None] * len(pairs))
        if not self._p.report_unknown and flat.any():
            apart_m = np.abs(states.s[:, 2]) - max(level.vertical_m for level in alerting.levels)
            within_reach = no_level | (apart_m < MOST_CLIMB_MPS * alerting.lookahead_s)
            by_plane = self._asked.asked(spans(_in_plane(states, flat), alerting, share), time_s)
            by_plane[~within_reach] = NONE
            for k in np.flatnonzero(flat & (by_plane > NONE)).tolist():
                reason[k] = NO_ALTITUDE if no_level[k] else NO_CLIMB
            asked = np.where(flat, by_plane, asked)
            owed[no_level] = NONE
        some = np.flatnonzero((owed > NONE) | (asked > NONE))
        if len(some) and not self._p.everybody:
            rule, near = exempt(sky, a[some], b[some], alerting)
            for which, volume in HELD_TO.items():
                mine = np.flatnonzero(rule == which)
                if len(mine) == 0:
                    continue
                k, level = some[mine], volume.levels[0]
                span = spans(
                    _in_plane(states.some(k), (flat if self._p.report_unknown else no_level)[k]), volume, share
                )[0]
                limit_s = np.where(self._given.level[k] > NONE, level.early_s, level.alerting_s)
                owed[k[~(span.time_in < limit_s)]] = NONE
            for k, place, code in zip(some.tolist(), rule.tolist(), near, strict=True):
                if place != NOBODY and not reason[k]:
                    reason[k], airport[k] = (WELL_CLEAR if place == VISUAL else AIRPORT), code
        reported = sure = np.ones(len(pairs), bool)
        if share:
            plain, narrow = spans(states, alerting), spans(states, alerting, -share)
            reported, sure = _any_entered(plain), _any_entered(narrow)
        return _Judged(states, a, b, asked, owed, found, reason, airport, reported, sure)

    def _raised(self, before: Alert | None, sky: Picture, judged: _Judged, k: int, level: int, time_us: int) -> Alert:
        """An alert that is given for the first time, or at a graver level."""
        due_s = float(judged.found[level - 1].time_in[k])
        rung = self._p.alerting.levels[level - 1].name
        said = told(sky, time_us, int(judged.a[k]), int(judged.b[k]), judged.pairs.s[k], judged.pairs.v[k], due_s, rung)
        if before is None:
            said["first"] = said["alert"]
            return Alert(time_us, time_us, level, said, judged.reason[k], judged.airport[k])
        before.level, before.told = level, said | {"first": before.told["first"]}
        return before

    def _near(self, sky: Picture) -> NDArray[np.uint64]:
        """Pairs that may need an alert: whose distances may fall below the widest thresholds within the lookahead."""
        from overflight_kernels import ahead

        if len(sky.track) < 2:
            return np.empty(0, np.uint64)
        alerting = self._p.alerting
        patience_s = max(level.tthr_s or 0.0 for level in alerting.levels)
        horizontal_m = max(level.horizontal_m for level in alerting.levels)
        if self._p.widening:
            error_m = float(np.max(self._error_m(sky)))
            error_mps = float(
                np.max(_or_0(sky.velocity_accuracy_mps), initial=0.0, where=~np.isinf(sky.velocity_accuracy_mps))
            )
            horizontal_m += 2.0 * self._p.widening * (error_m + error_mps * (alerting.lookahead_s + patience_s))
        up = _or_0(sky.up_mps)
        fastest = float(np.max(np.abs(up)))
        first, second, _, _ = ahead(
            latitude_deg=sky.latitude,
            longitude_deg=sky.longitude,
            altitude_m=sky.altitude_m,
            east_mps=_or_0(sky.east_mps),
            north_mps=_or_0(sky.north_mps),
            up_mps=sky.up_mps,
            aircraft=self._names.array("aircraft")[sky.track],
            horizontal_m=horizontal_m,
            vertical_m=max(level.vertical_m for level in alerting.levels) + 2.0 * fastest * patience_s,
            lookahead_s=alerting.lookahead_s + patience_s,
            threads=self._p.threads,
        )
        return sky.track[first].astype(np.uint64) << np.uint64(32) | sky.track[second].astype(np.uint64)

    def _remember(self, pairs: NDArray[np.uint64], time_s: float) -> None:
        """Make a place in the memory for each pair, in their order; both of a new one may have been in the sky before."""
        was, known = _place(self._pairs, pairs)
        if len(pairs) == len(self._pairs) and bool(known.all()):
            return
        quiet = _place(self._seen, _low(pairs))[1] & _place(self._seen, _high(pairs))[1]
        self._rearrange(np.where(known, was, -1), quiet, time_s - TICK_US * 1e-6)
        self._pairs = pairs

    def _rearrange(self, was: NDArray[np.int64], quiet: NDArray[np.bool_], time_s: float) -> None:
        self._asked = self._asked.rearranged(was, quiet, time_s)
        self._given = self._given.rearranged(was, quiet, time_s)

    def _error_m(self, sky: Picture) -> Array:
        return np.where(np.isnan(sky.accuracy_m), self._names.array("default_accuracy_m")[sky.track], sky.accuracy_m)

    def _relative(self, sky: Picture, a: NDArray[np.int64], b: NDArray[np.int64]) -> Pairs:
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
        error_m = self._error_m(sky)[both].reshape(2, n).sum(axis=0) if self._p.widening else np.zeros(n)
        error_mps = sky.velocity_accuracy_mps[both].reshape(2, n).sum(axis=0)
        # A velocity of which nothing is known is not moved on either: nobody can say how far it is off.
        return Pairs(s, v, altitude_m, up_mps, error_m, np.where(np.isfinite(error_mps), error_mps, 0.0))

    def _end(self, given: Closed, looked_at: Closed, time_us: int) -> None:
        """Take in alerts that are over: each is concluded by what is known at a time, of two tracks that may be one aircraft later."""
        for over, was_given in ((given, True), (looked_at, False)):
            for pair, alert in over:
                one = self._names.may_be_one(pair >> 32, pair & 0xFFFFFFFF)
                self._over.append((pair, alert, was_given, alert.last_us + PROOF_US if one else time_us))

    def _conclude(self, time_us: int) -> Findings:
        """Make events of alerts that are over and due, and rows of those that are none."""
        due = [one for one in self._over if one[3] <= time_us]
        if not due:
            return Findings.none()
        self._over = [one for one in self._over if one[3] > time_us]
        events: list[dict[str, Any]] = []
        dismissed: list[dict[str, Any]] = []
        given = [one for one in due if one[2]]
        flown = formations([(pair, alert) for pair, alert, _, _ in given], self._companions, self._names)
        for (pair, alert, _, known_us), formation in zip(given, flown, strict=True):
            copied = self._copied(pair, alert, known_us)
            if not copied and (self._p.everybody or not formation):
                events.append(self._event(pair, alert))
            else:
                dismissed.append(dismissal(pair, alert, COPY if copied else FORMATION, self._names, copied))
        for pair, alert, was_given, known_us in due:
            if not was_given and not alert.stood:
                copied = self._copied(pair, alert, known_us)
                dismissed.append(dismissal(pair, alert, COPY if copied else alert.reason or BRIEF, self._names, copied))
        self._companions.forget(self._begun_us(time_us))
        return Findings(pl.DataFrame(events, schema=FINDINGS_SCHEMA, orient="row"), dismissals(dismissed))

    def _begun_us(self, time_us: int) -> int:
        """When the first of the alerts began that are not over; `time_us` where there is none."""
        alerts = (*self._open.values(), *self._looked_at.values(), *(alert for _, alert, _, _ in self._over))
        return min((alert.start_us for alert in alerts), default=time_us)

    def _event(self, pair: int, alert: Alert) -> dict[str, Any]:
        return event(pair, alert, self._names, self._p.alerting, self._p.inputs)

    def _copied(self, pair: int, alert: Alert, time_us: int) -> int:
        """The flags by which the gate explains an alert: one of the two was found a copy of the other, or spoofed; 0 for none."""
        sides = (pair >> 32, pair & 0xFFFFFFFF)
        return self._suspects.flags(sides, self._names.aircraft, alert.start_us - SUSPECT_US, time_us)

    def rests_on(self) -> NDArray[np.int64]:
        """Return the rows of the recording that the alerts being given name."""
        alerts = (*self._open.values(), *(alert for _, alert, was_given, _ in self._over if was_given))
        return np.array([row for alert in alerts for row in alert.told["rows"]], np.int64)

    def holds(self) -> NDArray[np.int64]:
        """Return the tracks of the last picture, of the pairs that are remembered, and of all alerts."""
        pairs = [*self._pairs.tolist(), *self._open, *self._looked_at, *(pair for pair, *_ in self._over)]
        sides = [side for pair in pairs for side in (pair >> 32, pair & 0xFFFFFFFF)]
        return np.concatenate([self._seen.astype(np.int64), np.array(sides, np.int64)])

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        self._states.forget(numbers)
        self._suspects.forget(numbers)
        self._companions.renumber(numbers)
        self._pairs = numbers.pairs(self._pairs)
        self._seen = numbers.track[self._seen].astype(np.uint32)
        self._open = {numbers.pair(pair): alert for pair, alert in self._open.items()}
        self._looked_at = {numbers.pair(pair): alert for pair, alert in self._looked_at.items()}
        self._over = [(numbers.pair(pair), alert, given, due_us) for pair, alert, given, due_us in self._over]

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "states": self._states.snapshot(),
            "tick_us": self._tick_us,
            "last_us": self._last_us,
            "pairs": self._pairs,
            "memories": [self._asked.snapshot(), self._given.snapshot()],
            "seen": self._seen,
            "open": {pair: dict(vars(alert)) for pair, alert in self._open.items()},
            "looked_at": {pair: dict(vars(alert)) for pair, alert in self._looked_at.items()},
            "over": [(pair, dict(vars(alert)), *rest) for pair, alert, *rest in self._over],
            "suspects": self._suspects.snapshot(),
            "companions": self._companions.snapshot(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._states.restore(state["states"])
        self._tick_us, self._last_us = state["tick_us"], state["last_us"]
        self._pairs, self._seen = state["pairs"], state["seen"]
        for memory, kept in zip((self._asked, self._given), state["memories"], strict=True):
            memory.restore(kept)
        self._open = {pair: Alert(**kept) for pair, kept in state["open"].items()}
        self._looked_at = {pair: Alert(**kept) for pair, kept in state["looked_at"].items()}
        self._over = [(pair, Alert(**kept), was_given, due_us) for pair, kept, was_given, due_us in state["over"]]
        self._suspects.restore(state["suspects"])
        self._companions.restore(state["companions"])


def _low(pairs: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return (pairs >> np.uint64(32)).astype(np.uint32)


def _high(pairs: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def _place(ascending: NDArray[Any], values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where values are in an ascending array, and whether they are there."""
    if len(ascending) == 0:
        return np.zeros(len(values), np.int64), np.zeros(len(values), bool)
    place = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    return place, ascending[place] == values


def _any_unknown(values: Array) -> NDArray[np.bool_]:
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


def _together(found: list[Findings]) -> Findings:
    return found[0] if len(found) == 1 else Findings.together(found)


def _or_0(values: Array) -> Array:
    return np.where(np.isnan(values), 0.0, values)
