"""Lost: an aircraft that vanished where others stay visible, and that did not land.

A *silence* begins at the last report of an aircraft and ends at its next plausible one, under whatever track: within the
reach of 1.5 times its speed and 100 kt (as in the gate). A silence that is longer than is usual there is a candidate. It is judged
at a fixed moment of event time: `wait_s` after it began, with what was learnt from the reports up to then. What the coverage
known by then leaves open is judged once more, a day later or when the recording ends: a place that nobody had flown
through before may be well known by then. Both moments are event time, so the answer is the same live and from a file, and
however the reports are cut into batches.

A candidate is **lost** if none of these explains it:

| reason | the silence is no loss because |
|---|---|
| landed | it was on the ground, in a circuit, on or within a minute of an approach, or slow and low (`lost_rules.landed` has the figures) |
| seen again | a plausible report came within the waiting time, or by the time at which it is judged once more |
| seen too briefly | fewer than 5 reports, or less than a minute: too little to know an aircraft by |
| relayed | a ground station relays it (TIS-B) or repeats its reports (ADS-R): its own signal is not heard everywhere here, if at all |
| seldom seen | it fell silent for two minutes or more before, in this same stay |
| outage | nearly everybody near vanished at once: one event of kind `outage` |
| state unknown | speed, course or altitude unknown, or not reported any more with the last positions: reception was fading |
| nobody else seen | no other aircraft within 30 NM, no more than 5,000 ft higher, was seen throughout the 4 minutes after |
| left coverage | within 3 minutes it would have come to where nobody is seen at its level or below, or farther out or higher than anybody |
| coverage unknown | too few minutes of others' flight are known there |
| often lost here | of those who flew there too many were not seen again: an edge, a mountain, an approach. Or silences of 3 minutes are usual |
| recording ends | it ended before the silence could be judged |

"Left coverage", "coverage unknown" and "often lost here" follow from what was learnt: see `lost_coverage` and `lost_rules.covered`.

What remains is an event: `confirmed` if 3 others were seen in the 4 minutes after, at least 95 % of 20 minutes of flight near there
was seen again, its way ahead is well known, and the last position is sound; else `undetermined`. `confirmed` says that the aircraft stopped being seen where it
should have been seen. Neither says that it is in distress: a transponder that fails looks the same. And no event is no all-clear.

Waiting time: thirty minutes, when the uncertainty phase begins (ICAO Annex 11, 5.2). A live watch that wants to know
sooner sets it lower and gets more false alarms; the phases and the search area count from the last report in any case.

What was measured, where it was not tuned too, and which flights are not found: docs/lost.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.nets import lost_rules as rules
from overflight.nets.base import Findings
from overflight.nets.lost_coverage import Coverage, Floats, normal
from overflight.nets.lost_findings import Judged, Outages, told
from overflight.nets.lost_memory import NEVER, SILENT_US, TICK_US, Memory, Rows, anew, climb_fpm, motion, rows_of
from overflight.nets.lost_parameters import LostParameters
from overflight.surveillance.batch import Batch, TrackNames
from overflight.surveillance.renumbering import Renumbering

EXCUSES: Final = ("landed", "left coverage", "outage", "relayed")
"""Silences that say nothing of the coverage where they began."""
DOUBTS: Final = ("left coverage", "coverage unknown", "often lost here")
"""Reasons that may fall away when more of the coverage is known."""
HOUR: Final = 60  # ticks


class Lost:
    """The net. See the module for what it finds, `overflight.nets.base.Net` for how it is driven.

    Reports move its clock, and watermarks later than any report: a feed that falls silent is an outage while it lasts.
    """

    name = "lost"

    def __init__(self, parameters: LostParameters, names: TrackNames) -> None:
        """Start with nothing seen and nothing learnt."""
        self._p, self._names = parameters, names
        self._wait_us = max(1, round(parameters.wait_s * 1e6 / TICK_US)) * TICK_US
        self._ahead = max(1, round(parameters.ahead_s * 1e6 / TICK_US))
        self._coverage = Coverage(parameters.cell_nm)
        self._memory = Memory(self._wait_us, max(1, round(parameters.after_s * 1e6 / TICK_US)), self._coverage)
        self._outages = Outages(self._wait_us, parameters.radius_nm)
        self._doubts: list[Judged] = []  # what the coverage known so far left open
        self._hour: int | None = None  # of the newest row that was worked on
        self._waiting: list[Rows] = []
        self._now: int | None = None  # the tick of the newest row
        self._last_us = 0
        self._found: list[Findings] = []

    def update(self, batch: Batch) -> None:
        """Take in positions in order of time; a minute is worked on when it is over."""
        if len(batch) == 0:
            return
        usable = np.flatnonzero(batch.flags & self._p.skipped == 0)
        if len(usable):
            self._waiting.append(rows_of(batch, usable, self._names))
        self._last_us = int(batch.time_us[-1])
        now = self._last_us // TICK_US
        if self._now is None or now > self._now:
            self._work(now)
        self._now = now

    def _work(self, until: int) -> None:
        """Take in all ticks before `until`, and judge what is due by its beginning."""
        if self._waiting:
            rows, first = Rows.together(self._waiting), 0
            while first < len(rows) and (tick := int(rows.time_us[first]) // TICK_US) < until:
                self._judge_until(tick)
                if self._hour is not None and tick // HOUR > self._hour:
                    self._judge_again(tick * TICK_US)
                self._hour = tick // HOUR
                end = int(np.searchsorted(rows.time_us, (tick + 1) * TICK_US))
                self._memory.take(tick, rows.at(slice(first, end)))
                self._judge((tick + 1) * TICK_US)
                first = end
            rest = rows.at(slice(first, None))
            self._waiting = [rest] if len(rest) else []
        self._judge_until(until)
        self._found.extend(self._outages.over(until * TICK_US, self._p, self._names))

    def _judge_until(self, tick: int) -> None:
        """Judge what is due by the beginning of a tick, each at the end of the tick in which it is due."""
        while (due_us := self._memory.next_due_us()) is not None and -(-due_us // TICK_US) <= tick:
            self._judge(-(-due_us // TICK_US) * TICK_US)

    def _judge(self, now_us: int) -> None:
        due = self._memory.due(now_us)
        began = due["last_us"] // TICK_US
        for tick in np.unique(began).tolist():
            self._judge_tick(due[began == tick], tick, now_us)
        self._found.extend(self._outages.over(now_us, self._p, self._names))

    def _judge_tick(self, silences: NDArray[np.void], tick: int, now_us: int) -> None:
        """Judge silences that all began in one tick."""
        expected_s = self._expected_s(silences)
        back = (silences["back_us"] != NEVER) & (silences["back_us"] - silences["last_us"] <= self._wait_us)
        lasted_s = np.where(back, silences["back_us"] - silences["last_us"], self._wait_us) * 1e-6
        needed_s = np.minimum(np.fmax(self._p.silence_s, self._p.gap_factor * expected_s), self._wait_us * 1e-6)
        which = np.flatnonzero(lasted_s >= needed_s)
        if len(which):
            judged = self._judged(silences[which], tick, now_us, back[which], expected_s[which])
            self._memory.excuse(judged.silences["aircraft"][judged.excused], tick)
            self._outages.add(judged, self._memory.seen, tick)
            open_ = np.isin(judged.reason, DOUBTS)
            self._found.append(told(judged.at(np.flatnonzero(~open_)), self._p, self._names))
            if open_.any():
                self._doubts.append(judged.at(np.flatnonzero(open_)))

    def _expected_s(self, silences: NDArray[np.void]) -> Floats:
        near = self._coverage.near(normal(silences["latitude"], silences["longitude"]), silences["altitude_ft"])
        return self._coverage.expected_gap_s(near, self._p.gap_share, self._p.least_gaps)

    def _judged(
        self, silences: NDArray[np.void], tick: int, now_us: int, back: NDArray[np.bool_], expected_s: Floats
    ) -> Judged:
        """Find the reason for each, empty where none explains it."""
        p = self._p
        company = rules.others(silences, self._memory.seen, tick, self._ahead, p.radius_nm, p.above_ft)
        speed_kt, course_deg = motion(silences)
        seen_s = (silences["last_us"] - silences["first_us"]) * 1e-6
        outage = (company.before >= p.outage_of) & (company.anybody <= p.outage_share * company.before)
        explained = {
            "landed": silences["ground"],
            "outage": outage,
            "seen again": back,
            "seen too briefly": (silences["reports"] < p.least_reports) | (seen_s < p.least_seen_s),
            "relayed": silences["relayed_us"] != NEVER,
            "seldom seen": silences["longest_us"] >= SILENT_US,
            "state unknown": rules.unknown(silences),
            "nobody else seen": ~company.throughout,
        }
        reason = np.select(list(explained.values()), list(explained), "").astype(object)
        some = np.flatnonzero(reason == "")  # the rest costs more: only where it is asked for
        reason[some[rules.landed(silences[some], np.full(len(some), p.approach_s))]] = "landed"
        some, none = np.flatnonzero(reason == ""), np.zeros(len(silences), np.bool_)
        minutes, share, known = np.zeros(len(silences), np.int64), *np.full((2, len(silences)), np.nan)
        found = rules.covered(
            silences[some], course_deg[some], expected_s[some], none[some], none[some], self._coverage, p,
            once_more=False,
        )  # fmt: skip
        reason[some], minutes[some], share[some], known[some] = found.reason, found.minutes, found.share, found.known
        return Judged(
            silences=silences,
            reason=reason.tolist(),
            back=back,
            expected_s=expected_s,
            wait_us=self._wait_us,
            way_s=p.way_s,
            speed_kt=speed_kt,
            course_deg=course_deg,
            climb_fpm=climb_fpm(silences),
            others=company.after,
            minutes=minutes,
            share=share,
            known=known,
            excused=np.isin(reason.astype(str), EXCUSES),
            learnt_us=np.full(len(silences), now_us),
        )

    def _judge_again(self, now_us: int, *, everything: bool = False) -> None:
        """Judge once more what the coverage left open long ago, or all of it, with what was learnt since."""
        if not self._doubts:
            return
        doubts = Judged.together(self._doubts)
        due = everything | (doubts.silences["last_us"] <= now_us - self._p.again_s * 1e6)
        self._doubts = [doubts.at(np.flatnonzero(~due))] if not due.all() else []
        if not due.any():
            return
        open_ = doubts.at(np.flatnonzero(due))
        expected_s = self._expected_s(open_.silences)
        learnt = open_.silences["last_us"] // TICK_US <= self._memory.forgotten
        found = rules.covered(
            open_.silences, open_.course_deg, expected_s, learnt, open_.excused, self._coverage, self._p,
            once_more=True,
        )  # fmt: skip
        reason = np.where(self._memory.came_back(open_.silences), "seen again", found.reason).tolist()
        now: dict[str, Any] = {name: getattr(found, name) for name in ("minutes", "share", "known")}
        learnt_us = np.full(len(due), now_us)[due]
        again = replace(open_, reason=reason, expected_s=expected_s, learnt_us=learnt_us, **now)
        self._found.append(told(again, self._p, self._names))

    def advance(self, watermark_us: int) -> Findings:
        """Return what was concluded. A watermark past the newest row says that nobody reported until then: that is judged, too."""
        if self._now is not None and watermark_us // TICK_US > self._now:
            self._now = watermark_us // TICK_US
            self._work(self._now)
        return self._concluded()

    def _concluded(self) -> Findings:
        found, self._found = self._found, []
        return Findings.together(found) if found else Findings.none()

    def finish(self) -> Findings:
        """Conclude everything: silences that are not due by the end are dismissed."""
        if self._now is not None:
            self._work(self._now + 1)
        self._judge_again(self._last_us, everything=True)
        rest = self._memory.rest(self._last_us)
        if len(rest):
            back = rest["back_us"] != NEVER
            reason = ["seen again" if again else "recording ends" for again in back.tolist()]
            self._found.append(told(Judged.unjudged(rest, reason, back, self._wait_us), self._p, self._names))
        self._found.extend(self._outages.over(None, self._p, self._names))
        return self._concluded()

    def current(self, watermark_us: int) -> pl.DataFrame:
        """Return nothing: a silence is judged once, when it has lasted for the waiting time."""
        return Findings.none().events

    def rests_on(self) -> NDArray[np.int64]:
        """Return the last rows of everybody who may yet be lost."""
        silences = [*self._memory.states(), *(one.silences for one in self._doubts)]
        rows = [one[name] for one in silences for name in ("row", "row_before")]
        waiting = [rows.row for rows in self._waiting]
        return np.concatenate([np.array(self._outages.rows(), np.int64), *rows, *waiting])

    def holds(self) -> NDArray[np.int64]:
        """Return the tracks of everybody who may yet be lost."""
        doubts = [one.silences["track"] for one in self._doubts]
        waiting = [rows.track for rows in self._waiting]
        return np.concatenate([self._memory.holds(), np.array(self._outages.tracks(), np.int64), *doubts, *waiting])

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        self._memory.forget_tracks(numbers)
        self._outages.forget(numbers)
        self._doubts = [replace(one, silences=anew(one.silences, numbers)) for one in self._doubts]
        self._waiting = [
            replace(rows, track=numbers.track[rows.track], aircraft=numbers.aircraft[rows.aircraft])
            for rows in self._waiting
        ]

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "coverage": self._coverage.snapshot(),
            "memory": self._memory.snapshot(),
            "outages": self._outages.snapshot(),
            "doubts": [vars(one) for one in self._doubts],
            "waiting": [vars(rows) for rows in self._waiting],
            "clock": (self._now, self._last_us, self._hour),
            "found": [(one.events, one.dismissed) for one in self._found],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._coverage.restore(state["coverage"])
        self._memory.restore(state["memory"])
        self._outages.restore(state["outages"])
        self._waiting = [Rows(**rows) for rows in state["waiting"]]
        self._doubts = [Judged(**one) for one in state["doubts"]]
        self._now, self._last_us, self._hour = state["clock"]
        self._found = [Findings(*one) for one in state["found"]]
