"""How each rule of an agreement is judged, by each party's version of it.

Every version gives an answer: a breach or none, or that it cannot be decided, with the reason. A version that is suspended, or not yet
there, has none. The event is *confirmed* if every version that is in force says so of positions that are sure; else *undetermined*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

from overflight.agreement.logs import Entry, Logs
from overflight.agreement.matching import SEVERAL
from overflight.agreement.model import AREAS, DECLARED, PAIRS, Agreement, bound
from overflight.agreement.versions import View, disclosed, parts_of, variant, view, views
from overflight.nets.breach_events import Answer, Subject, breach_event
from overflight.nets.declared_stays import DeclaredStays, Span
from overflight.units import parse_duration_s

ROUNDING: Final = timedelta(seconds=1)
"""Instants at which two boundaries are crossed are that near where both are one: what is shorter is no time outside."""
_LOG_OF: Final = {"contact": "call", "hotline": "hotline", "notice": "notice"}


@dataclass
class Episode:
    """What the nets of geometry found of one track, or pair, under one rule, with no gap between."""

    rule: Any
    rows: list[dict[str, Any]]

    @property
    def start(self) -> datetime:
        """When it began."""
        return min(row["start"] for row in self.rows)

    @property
    def end(self) -> datetime:
        """When it ended."""
        return max(row["end"] for row in self.rows)

    @property
    def day(self) -> datetime:
        """The day (UTC) on which it began."""
        return self.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def whose(self, side: int) -> str | None:
        """Whose the track is: as soon as that was known."""
        return next((row["whose"][side] for row in self.rows if row["whose"][side] is not None), None)

    def callsign(self, side: int) -> str | None:
        """What the flight is called: as soon as that was known."""
        return next((row["callsigns"][side] for row in self.rows if row["callsigns"][side] is not None), None)


@dataclass(frozen=True)
class Call:
    """A call that was to be answered, and until when."""

    agreement: Agreement
    rule: Any
    entry: Entry
    due: datetime
    inputs: str

    def event(self) -> dict[str, Any] | None:
        """Return the breach, if it was not answered in time by any version that is in force."""
        entry = self.entry
        said: dict[str, tuple[View, Answer]] = {}
        late = (
            "never answered"
            if entry.answered is None
            else f"answered after {(entry.answered - entry.time).total_seconds():.0f} s"
        )
        for party in self.agreement.party:
            here = view(party, self.rule, entry.time)
            limit_s = parse_duration_s(_within(here.rule))
            in_time = entry.answered is not None and (entry.answered - entry.time).total_seconds() <= limit_s
            said[party.id] = (here, Answer(not in_time, f"{late}, {_within(here.rule)} agreed"))
        who = Subject((None, None), (entry.to or None, entry.party), (None, None))
        return breach_event(self.rule, said, who, (entry.time, entry.answered or self.due), self.inputs, entry.ref)


class Judge:
    """Judges episodes and calls."""

    def __init__(
        self,
        agreement: Agreement,
        logs: Logs,
        ids: dict[str, list[str]],
        barred: dict[str, str | None],
        declared: DeclaredStays | None,
        inputs: str,
    ) -> None:
        """Take the agreement, the logs, the numbers of the volumes by their names, who is barred from which, and stays in declared operations."""
        self._agreement, self._logs, self._ids, self._barred, self._inputs = agreement, logs, ids, barred, inputs
        self._declared = declared
        self._of_operations: set[str] = set()  # rules that ask what was declared
        self._numbers: dict[str, frozenset[str]] = {}
        self._limits: dict[str, frozenset[tuple[str, str]]] = {}
        for rule in agreement.rules:
            here = list(views(agreement, rule))
            if rule.kind in AREAS:
                names = {variant(one, party.border, part) for party, one in here for part in parts_of(one)}
                if any(one.kind == "notice" or getattr(one, "corridor", "") == DECLARED for _, one in here):
                    self._of_operations.add(rule.id)
                self._numbers[rule.id] = frozenset(number for name in names if name for number in ids.get(name, ()))
            elif rule.kind in PAIRS:
                self._limits[rule.id] = frozenset((one.horizontal, one.vertical) for _, one in here)

    def concerns(self, rule: Any, row: dict[str, Any]) -> bool:
        """Say whether what was found is of a rule's volumes or distances, and of somebody whom it binds."""
        who = bound(self._agreement, rule)
        if row["limits"] is not None:
            a, b = row["whose"]
            return (
                row["limits"] in self._limits.get(rule.id, ())
                and None not in (a, b)
                and (a != b or a == SEVERAL)
                and bool({a, b} & {*who, SEVERAL})
            )
        whose = row["whose"][0]
        entry = None if self._declared is None else self._declared.entry(row["volume"])
        if entry is not None:
            return rule.id in self._of_operations and entry.party == whose and whose in who
        if row["volume"] not in self._numbers.get(rule.id, ()):
            return False
        if rule.kind == "line" and whose != SEVERAL and self._barred[row["volume"]] != whose:
            return False
        return whose in who or whose == SEVERAL

    def missing(self) -> list[str]:
        """Say which rules are not judged, or not wholly, for want of a log."""
        said: list[str] = []
        for rule in self._agreement.rules:
            kind = _LOG_OF.get(rule.kind)
            if rule.kind == "visible":
                kind = "plan" if "flight_plan" in rule.means else "call" if "contact" in rule.means else None
            elif rule.kind in {"zone", "line"} and rule.entry == "with_call":
                kind = "call"
            elif rule.id in self._of_operations:
                kind = "notice"
            if kind is not None and not self._logs.given and (kind != "notice" or self._logs.meanwhile is None):
                said.append(
                    f"rule {rule.id} ({rule.kind}): no log of {kind}s was given; what depends on one was not decided"
                )
        return said

    def calls(self) -> list[Call]:
        """Return the calls that were to be answered, in order of when they were due."""
        found: list[Call] = []
        for rule in self._agreement.rules:
            if rule.kind not in {"contact", "hotline"}:
                continue
            for entry in self._logs.of(_LOG_OF[rule.kind]):
                wanted = (
                    rule.kind == "hotline"
                    or not entry.frequency
                    or _frequency(entry.frequency) == _frequency(rule.frequency)
                )
                if (
                    wanted
                    and entry.rule in ("", rule.id)
                    and (entry.to in bound(self._agreement, rule) or not entry.to)
                ):
                    longest_s = max(
                        parse_duration_s(_within(view(party, rule, entry.time).rule)) for party in self._agreement.party
                    )
                    found.append(
                        Call(self._agreement, rule, entry, entry.time + timedelta(seconds=longest_s), self._inputs)
                    )
        return sorted(found, key=lambda one: (one.due, one.rule.id, one.entry.ref))

    def judged(self, episodes: Iterable[Episode]) -> list[dict[str, Any]]:
        """Return the breaches among episodes; of lines these are all of their days."""
        some = list(episodes)
        counted: dict[int, int] = {}
        days: dict[tuple[str, str, datetime], int] = {}
        for one in sorted((e for e in some if e.rule.kind == "line"), key=lambda e: (e.start, e.rows[0]["track_a"])):
            key = (one.rule.id, one.whose(0) or "", one.day)
            counted[id(one)] = days[key] = days.get(key, 0) + 1
        found = [self._judged(one, counted.get(id(one), 0)) for one in some]
        return [one for one in found if one is not None]

    def _judged(self, episode: Episode, number: int) -> dict[str, Any] | None:
        said: dict[str, tuple[View, Answer]] = {}
        for party in self._agreement.party:
            here = view(party, episode.rule, episode.start)
            said[party.id] = (here, self._answer(here, episode, number))
        first = episode.rows[0]
        who = Subject(
            (first["track_a"], first["track_b"]),
            (episode.whose(0), episode.whose(1)),
            (episode.callsign(0), episode.callsign(1)),
        )
        return breach_event(episode.rule, said, who, (episode.start, episode.end), self._inputs)

    def _answer(self, here: View, episode: Episode, number: int) -> Answer:
        rule = here.rule
        if rule.kind in PAIRS:
            return _near(rule, episode)
        known = variant(rule, here.border, parts_of(rule)[0]) is not None
        stays = self._stays(here, episode, parts_of(rule)[0])
        if not stays:
            return Answer(False, "not inside, by its volume") if known else Answer(None, "it has given no border")
        worst = max(stays, key=lambda row: (row["depth_m"] or 0.0, row["start"]))
        sure = all(row["verdict"] == "confirmed" for row in stays)
        if rule.kind in {"zone", "line"}:
            return self._entered(rule, episode, stays, worst, sure, number)
        if rule.kind in {"corridor", "altitude_block"} and len(parts_of(rule)) > 1:
            return _outside(rule, stays, self._stays(here, episode, parts_of(rule)[1]), worst)
        by_kind = {"corridor": self._as_declared, "notice": self._noticed, "visible": self._visible}
        return by_kind[rule.kind](rule, episode, stays, worst, sure)

    def _stays(self, here: View, episode: Episode, part: str) -> list[dict[str, Any]]:
        name = variant(here.rule, here.border, part)
        numbers = self._ids.get(name or "", [])
        return [row for row in episode.rows if row["volume"] in numbers]

    def _entered(
        self, rule: Any, episode: Episode, stays: list[dict[str, Any]], worst: dict[str, Any], sure: bool, number: int
    ) -> Answer:
        deep = f"up to {worst['depth_m']:.0f} m inside, for {sum(row['duration_s'] for row in stays):.0f} s"
        if rule.kind == "line" and number <= rule.daily_count:
            return Answer(False, f"crossing {number} of {rule.daily_count} that are agreed for a day")
        if rule.kind == "line" and rule.daily_count:
            deep = f"crossing {number} of the day, {rule.daily_count} are agreed; {deep}"
        if rule.entry == "never":
            return Answer(True, deep, sure, worst)
        call = self._logged("call", rule, episode, stays[0]["start"])
        if call is not None:
            return Answer(False, f"called before, at {call.time:%H:%M:%S}")
        if not self._logs.given:
            return Answer(None, f"{deep}; whether it had called is not known", sure, worst)
        return Answer(True, f"{deep}, with no call in the {rule.call_within} before", sure, worst)

    def _noticed(
        self, rule: Any, episode: Episode, stays: list[dict[str, Any]], worst: dict[str, Any], sure: bool
    ) -> Answer:
        start, end = stays[0]["start"], max(row["end"] for row in stays)
        if not self._logs.declares(episode.whose(0), stays[0]["start"]):
            return Answer(None, "whether it was declared is not known", sure, worst)
        mine = [one for one in self._logs.of("notice") if _for(one, rule, episode) and one.of_time(start, end)]
        lead = timedelta(seconds=parse_duration_s(rule.lead))
        early = [one for one in mine if one.volumes and one.time + lead <= start]
        if early and self._longest_out(episode, stays, early)[0] <= ROUNDING:
            return Answer(
                False, f"inside what was declared, the last at {max(one.time for one in early):%Y-%m-%d %H:%M}"
            )
        suspended = any(
            one.time < end and (one.ends is None or one.ends > start) and one.party == episode.whose(0)
            for one in self._logs.of("suspension")
        )
        covering = [
            one
            for one in mine
            if not (one.volumes or suspended)
            and (one.begins is None or one.begins <= start)
            and (one.ends is None or one.ends >= end)
        ]
        late = [one for one in mine if one.volumes and one.time + lead > start]
        if not covering and late and self._longest_out(episode, stays, [*early, *late])[0] <= ROUNDING:
            covering = late
        if not covering:
            some = f" ({len(mine)} of its party do not)" if mine else ""
            return Answer(True, f"no declared operation covers it{some}", sure, worst)
        earliest = min(covering, key=lambda one: one.time)
        lead_s = (start - earliest.time).total_seconds()
        if lead_s < parse_duration_s(rule.lead):
            return Answer(True, f"declared {lead_s / 60:.0f} min before, {rule.lead} agreed", sure, worst)
        return Answer(False, f"declared at {earliest.time:%Y-%m-%d %H:%M}")

    def _as_declared(
        self, rule: Any, episode: Episode, stays: list[dict[str, Any]], worst: dict[str, Any], sure: bool
    ) -> Answer:
        """How long it was in the area, and outside of all that its party had declared."""
        if not self._logs.declares(episode.whose(0), stays[0]["start"]):
            return Answer(None, "what was declared is not known", sure, worst)
        mine = [one for one in self._logs.of("notice") if one.volumes and _for(one, rule, episode)]
        longest, since = self._longest_out(episode, stays, mine)
        if longest <= max(ROUNDING, timedelta(seconds=parse_duration_s(rule.tolerance))):
            return Answer(False, "inside what was declared")
        return Answer(
            True, f"outside what was declared for {longest.total_seconds():.0f} s from {since:%H:%M:%S}", sure, worst
        )

    def _longest_out(
        self, episode: Episode, stays: list[dict[str, Any]], entries: list[Entry]
    ) -> tuple[timedelta, datetime]:
        inside = [] if self._declared is None else self._declared.inside(episode.rows, entries)
        return _longest_gap(stays, inside)

    def _visible(
        self, rule: Any, episode: Episode, stays: list[dict[str, Any]], worst: dict[str, Any], sure: bool
    ) -> Answer:
        """A transponder that nobody heard may have been heard by somebody else: that is never sure."""
        lacking: list[str] = []
        certain = sure
        unknown: list[str] = []
        for means in rule.means:
            if means == "transponder":
                if not any(row["transponder"] for row in stays):
                    lacking.append("no transponder was heard")
                    certain = False
            elif not self._logs.given:
                unknown.append(f"{means.replace('_', ' ')} not known")
            elif self._logged("plan" if means == "flight_plan" else "call", rule, episode, stays[0]["start"]) is None:
                lacking.append(f"no {means.replace('_', ' ')}")
        if lacking:
            return Answer(True, ", ".join(lacking), certain, worst)
        return Answer(None, ", ".join(unknown), certain, worst) if unknown else Answer(False, "seen as agreed")

    def _logged(self, kind: str, rule: Any, episode: Episode, before: datetime) -> Entry | None:
        """The last call or plan for a flight before a time, not older than the rule allows."""
        oldest = before - timedelta(seconds=parse_duration_s(rule.call_within)) if kind == "call" else None
        fitting = [
            one
            for one in self._logs.of(kind)
            if _for(one, rule, episode)
            and one.time <= before
            and (oldest is None or one.time >= oldest)
            and (one.ends is None or one.ends >= before)
        ]
        return fitting[-1] if fitting else None


def _for(entry: Entry, rule: Any, episode: Episode) -> bool:
    """Whether a row of a log is of the flight of an episode."""
    callsigns = {row["callsigns"][0] for row in episode.rows if row["callsigns"][0]}
    flight = not entry.callsign or any(fnmatchcase(one, entry.callsign) for one in callsigns)
    return entry.party == episode.whose(0) and entry.rule in ("", rule.id) and flight


def _near(rule: Any, episode: Episode) -> Answer:
    limits = f"{rule.horizontal} and {rule.vertical}"
    if not disclosed(rule):
        return Answer(None, "its safe distance is undisclosed, and it has set none")
    rows = [row for row in episode.rows if row["limits"] == (rule.horizontal, rule.vertical)]
    if not rows:
        return Answer(False, f"never below {limits}")
    worst = min(rows, key=lambda row: (row["severity"], row["start"]))
    vertical = "an unknown height" if worst["vertical_ft"] is None else f"{worst['vertical_ft']:.0f} ft"
    why = f"{worst['horizontal_nm']:.2f} NM and {vertical} apart, {limits} agreed"
    if rule.kind == "conduct":
        closing = worst["closure_kt"]
        why = f"{worst['horizontal_nm']:.2f} NM and {vertical} apart" + (
            "" if closing is None else f", closing at {closing:.0f} kt"
        )
        return Answer(None, why, worst=worst)
    return Answer(True, why, worst["verdict"] == "confirmed", worst)


def _outside(rule: Any, stays: list[dict[str, Any]], inside: Sequence[dict[str, Any]], worst: dict[str, Any]) -> Answer:
    """How long it was in the area and not in the corridor or block, within the tolerance that was agreed."""
    longest, since = _longest_gap(stays, [(row["start"], row["end"]) for row in inside])
    what = "corridor" if rule.kind == "corridor" else f"{rule.floor} to {rule.ceiling}"
    if longest.total_seconds() <= parse_duration_s(rule.tolerance):
        return Answer(False, f"inside {what} as agreed")
    sure = all(row["verdict"] == "confirmed" for row in (*stays, *inside))
    return Answer(True, f"outside {what} for {longest.total_seconds():.0f} s from {since:%H:%M:%S}", sure, worst)


def _longest_gap(stays: list[dict[str, Any]], inside: Iterable[Span]) -> tuple[timedelta, datetime]:
    """Return the longest time that was in stays, and in none of some spans, and when it began."""
    spans = sorted(inside)
    longest = timedelta(0)
    since: datetime = stays[0]["start"]
    for stay in stays:
        at = stay["start"]
        for begin, end in [*spans, (stay["end"], stay["end"])]:
            gap = min(begin, stay["end"]) - at
            if gap > longest:
                longest, since = gap, at
            at = max(at, min(end, stay["end"]))
    return longest, since


def _within(rule: Any) -> str:
    return rule.answered_within if rule.kind == "contact" else rule.acknowledged_within


def _frequency(text: str) -> str:
    return text.upper().removesuffix("MHZ").strip().rstrip("0").rstrip(".")
