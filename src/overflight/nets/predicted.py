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

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.nets.alert_events import (
    BRIEF,
    COPY,
    FORMATION,
    NO_CLIMB,
    Alert,
    dismissal,
    dismissals,
    event,
    formations,
    told,
)
from overflight.nets.alerting import NONE, Memory
from overflight.nets.asked import ConflictParameters, Judged, any_unknown, candidates, high, judge, low, place_of
from overflight.nets.base import Findings
from overflight.nets.companions import Companions
from overflight.nets.encounters import FINDINGS_SCHEMA
from overflight.nets.exempt import together
from overflight.nets.states import Picture, States
from overflight.nets.suspects import Suspects
from overflight.surveillance.batch import Batch, TrackNames
from overflight.surveillance.integrity import COPIED, DEGRADING, PROOF_US
from overflight.surveillance.renumbering import Renumbering

TICK_US: Final = 1_000_000
SUSPECT_US: Final = 60_000_000
"""A copy or a spoofed track explains an alert that begins at most so long after it was found to be one."""

Closed = list[tuple[int, Alert]]


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
        pairs = candidates(sky, self._p, self._names)
        if len(self._pairs):
            here = place_of(sky.track, low(self._pairs))[1] & place_of(sky.track, high(self._pairs))[1]
            pairs = np.unique(np.concatenate([pairs, self._pairs[here]]))
        if len(pairs) or len(self._pairs):
            self._remember(pairs, time_us * 1e-6)
        self._seen = sky.track
        if len(pairs) == 0:
            return self._closed(self._open, set()), self._closed(self._looked_at, set())
        time_s = np.full(len(pairs), time_us * 1e-6)
        judged = judge(sky, pairs, time_s, (self._asked, self._given), self._p, self._names)
        asked, given = self._asked.settle(judged.asked, time_s), self._given.settle(judged.owed, time_s)
        flying = together(judged.pairs)
        known = ~any_unknown(judged.pairs.altitude_m + judged.pairs.up_mps)
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

    def _raised(self, before: Alert | None, sky: Picture, judged: Judged, k: int, level: int, time_us: int) -> Alert:
        """An alert that is given for the first time, or at a graver level."""
        due_s = float(judged.found[level - 1].time_in[k])
        rung = self._p.alerting.levels[level - 1].name
        said = told(sky, time_us, int(judged.a[k]), int(judged.b[k]), judged.pairs.s[k], judged.pairs.v[k], due_s, rung)
        if before is None:
            said["first"] = said["alert"]
            return Alert(time_us, time_us, level, said, judged.reason[k], judged.airport[k])
        before.level, before.told = level, said | {"first": before.told["first"]}
        return before

    def _remember(self, pairs: NDArray[np.uint64], time_s: float) -> None:
        """Make a place in the memory for each pair, in their order; both of a new one may have been in the sky before."""
        was, known = place_of(self._pairs, pairs)
        if len(pairs) == len(self._pairs) and bool(known.all()):
            return
        quiet = place_of(self._seen, low(pairs))[1] & place_of(self._seen, high(pairs))[1]
        self._rearrange(np.where(known, was, -1), quiet, time_s - TICK_US * 1e-6)
        self._pairs = pairs

    def _rearrange(self, was: NDArray[np.int64], quiet: NDArray[np.bool_], time_s: float) -> None:
        self._asked = self._asked.rearranged(was, quiet, time_s)
        self._given = self._given.rearranged(was, quiet, time_s)

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


def _together(found: list[Findings]) -> Findings:
    return found[0] if len(found) == 1 else Findings.together(found)
