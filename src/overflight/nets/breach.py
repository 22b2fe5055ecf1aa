"""Breach: an agreed procedure that was not kept, by each party's own version of the agreement and of the border.

The geometry is that of the other nets: who was when inside the volumes that any version of a rule names (`incursion.py`), and which pairs
were nearer than any version allows (`separation.py`). What they find of one track (or pair) under one rule and without a gap between is one
*episode*; it is held against every party's version (`breach_rules.py`), once nothing that is still to come can belong to it. An episode that
is a breach by no version is none.

Calls that were to be answered are judged from the logs alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.agreement.logs import Logs
from overflight.agreement.matching import Matching
from overflight.agreement.model import AREAS, PAIRS, Agreement
from overflight.agreement.versions import Volumes, disclosed, parts_of, variant, views
from overflight.airspace.volume import Volume
from overflight.nets.base import Findings
from overflight.nets.breach_rules import Episode, Judge
from overflight.nets.declared_stays import DeclaredStays
from overflight.nets.encounters import FINDINGS_SCHEMA, UTC_EPOCH
from overflight.nets.incursion import Incursion, IncursionParameters
from overflight.nets.minima import parse_minima
from overflight.nets.separation import Separation, SeparationParameters
from overflight.surveillance.batch import Batch, TrackNames
from overflight.surveillance.renumbering import Renumbering

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class BreachParameters:
    """What the net is told.

    Attributes:
        agreement: parties and rules.
        logs: of calls, notices and plans.
        separation: what the nets of geometry are told: gaps, flags, threads, digests.
        qnh_uncertainty_hpa: how far QNH may be from 1013.25 hPa.
    """

    agreement: Agreement
    logs: Logs
    separation: SeparationParameters
    qnh_uncertainty_hpa: float


class Breach:
    """The net. See the module for what it finds, `overflight.nets.base.Net` for how it is driven."""

    name = "breach"

    def __init__(self, parameters: BreachParameters, names: TrackNames) -> None:
        """Read the volumes of all versions; nothing is seen yet.

        Raises:
            InputError: a volume cannot be read.
        """
        self._p, self._names = parameters, names
        self._volumes = Volumes(parameters.agreement.folder)
        self._matching = Matching(parameters.agreement)
        self._ids: dict[str, list[str]] = {}
        self._barred: dict[str, str | None] = {}
        areas = self._areas()
        told = parameters.separation
        self._stays = Incursion(self._told_stays(tuple(areas)), names) if areas else None
        self._pairs = {limits: self._separation(limits) for limits in self._limits()}
        self._declared = None if self._stays is None else DeclaredStays(parameters.logs, self._told_stays(()), names)
        self._judge = Judge(parameters.agreement, parameters.logs, self._ids, self._barred, self._declared, told.inputs)
        self._closed: list[dict[str, Any]] = []  # what the nets of geometry found, of episodes that may go on
        self._days: list[Episode] = []  # crossings of lines, of days that are not over
        self._due = self._judge.calls()
        self._calls = 0  # how many of them were judged

    def _told_stays(self, areas: tuple[Volume, ...]) -> IncursionParameters:
        told = self._p.separation
        return IncursionParameters(
            volumes=areas, max_gap_s=told.max_gap_s, report_unknown=True, skipped=told.skipped,
            qnh_uncertainty_hpa=self._p.qnh_uncertainty_hpa, threads=told.threads, inputs=told.inputs,
        )  # fmt: skip

    def _areas(self) -> list[Volume]:
        """Every volume that any version of any rule names, under a number; a stay in it is told by that number."""
        areas: list[Volume] = []
        for rule in self._p.agreement.rules:
            for party, here in views(self._p.agreement, rule) if rule.kind in AREAS else ():
                for part in parts_of(here):
                    name = variant(here, party.border, part)
                    if name is None or name in self._ids:
                        continue
                    found = self._volumes.part(here, party.border, part)
                    self._ids[name] = [str(len(areas) + k) for k in range(len(found))]
                    for number, volume in zip(self._ids[name], found, strict=True):
                        self._barred[number] = volume.barred
                        areas.append(_nobodys(volume, number))
        return areas

    def _limits(self) -> list[tuple[str, str]]:
        """Every pair of distances that any version of a rule has."""
        found = {
            (here.horizontal, here.vertical)
            for rule in self._p.agreement.rules
            if rule.kind in PAIRS
            for _, here in views(self._p.agreement, rule)
            if disclosed(here)
        }
        return sorted(found)

    def _separation(self, limits: tuple[str, str]) -> Separation:
        minima = parse_minima("/".join(limits))
        told = replace(self._p.separation, minima=minima, tolerance_ft=0.0, report_unknown=True, everybody=True)
        return Separation(told, self._names)

    @property
    def unjudged(self) -> list[str]:
        """What could not be judged for want of something, a line each."""
        said = self._judge.missing()
        for rule in self._p.agreement.rules:
            if rule.kind in PAIRS:
                silent = {
                    party.id for party, here in views(self._p.agreement, rule, suspended=False) if not disclosed(here)
                }
                without = sorted(silent)
                if without:
                    said.append(
                        f"rule {rule.id}: the distance is undisclosed, and {', '.join(without)} has set none: not judged by that version"
                    )
        return said

    def _fixed(self) -> list[Incursion | Separation]:
        """The nets that there are from the beginning."""
        return [*([self._stays] if self._stays else []), *self._pairs.values()]

    def _inside(self) -> list[Incursion]:
        """The nets of stays: in the volumes of rules, and in declared operations."""
        declared = [] if self._declared is None else self._declared.nets
        return [*([self._stays] if self._stays else []), *declared]

    def _nets(self) -> list[Incursion | Separation]:
        return [*self._inside(), *self._pairs.values()]

    def update(self, batch: Batch) -> None:
        """Take in positions in order of time."""
        for net in self._fixed():
            net.update(batch)
        if self._declared is not None:
            self._declared.update(batch)

    def advance(self, watermark_us: int) -> Findings:
        """Conclude the episodes that are over."""
        self._closed += self._found(lambda net: net.advance(watermark_us).events)
        moment = UTC_EPOCH + timedelta(microseconds=watermark_us)
        going = self._still_open()
        over = [one for one in self._closed if not self._goes_on(one, going)]
        self._closed = [one for one in self._closed if self._goes_on(one, going)]
        due = self._of_days_over(self._episodes(over), moment)
        if self._declared is not None:
            self._declared.drop(watermark_us)
        return self._findings(due, self._calls_until(moment))

    def finish(self) -> Findings:
        """Conclude everything."""
        self._closed += self._found(lambda net: net.finish().events)
        episodes = [*self._days, *self._episodes(self._closed)]
        self._closed, self._days = [], []
        return self._findings(episodes, self._calls_until(None))

    def current(self, watermark_us: int) -> pl.DataFrame:
        """Return the breaches that go on."""
        rows = [*self._closed, *self._found(lambda net: net.current(watermark_us))]
        return self._findings([*self._days, *self._episodes(rows)], []).events

    def _found(self, ask: Callable[[Incursion | Separation], pl.DataFrame]) -> list[dict[str, Any]]:
        """What the nets of geometry answer."""
        rows = [row for limits, net in self._pairs.items() for row in self._told(ask(net), limits)]
        return rows + [row for net in self._inside() for row in self._told(ask(net))]

    def _told(self, events: pl.DataFrame, limits: tuple[str, str] | None = None) -> list[dict[str, Any]]:
        """What a net of geometry found, with whose the tracks are as known by then."""
        rows: list[dict[str, Any]] = []
        for row in events.iter_rows(named=True):
            row.pop("told", None)
            row["limits"] = limits
            known = [
                None if row[side] is None else self._known(row[side], row["end"]) for side in ("track_a", "track_b")
            ]
            row["whose"] = [None if one is None else self._matching.party(*one) for one in known]
            row["callsigns"] = [None if one is None else one[2] for one in known]
            row["transponder"] = known[0] is not None and known[0][1] is not None
            rows.append(row)
        return rows

    def _known(self, track_id: str, until: datetime) -> tuple[str, str | None, str | None, str | None]:
        """Track, address, callsign and party, the callsign if it was heard by then: what comes later must change nothing."""
        names = self._names
        number = names.find(track_id)
        heard = names.callsign_from_us[number] <= (until - UTC_EPOCH) // timedelta(microseconds=1)
        return track_id, names.icao24[number], names.callsign[number] if heard else None, names.party[number]

    def _still_open(self) -> tuple[frozenset[str], dict[tuple[str, str], frozenset[str]]]:
        """The tracks that are in some volume, and by distances those that are near another."""
        inside = frozenset[str]().union(*(self._track_ids(net.holds()) for net in self._inside()))
        return inside, {limits: self._track_ids(net.holds()) for limits, net in self._pairs.items()}

    def _track_ids(self, numbers: NDArray[np.int64]) -> frozenset[str]:
        return frozenset(self._names.track_id[int(k)] for k in np.unique(numbers))

    def _goes_on(
        self, row: dict[str, Any], going: tuple[frozenset[str], dict[tuple[str, str], frozenset[str]]]
    ) -> bool:
        inside, near = going
        if row["limits"] is None:
            return row["track_a"] in inside
        return any(row["track_a"] in tracks and row["track_b"] in tracks for tracks in near.values())

    def _episodes(self, rows: Iterable[dict[str, Any]]) -> list[Episode]:
        """Put together what overlaps in time, of one rule and one track or pair."""
        by_subject: dict[tuple[int, str, str], list[dict[str, Any]]] = {}
        for row in rows:
            for number, rule in enumerate(self._p.agreement.rules):
                if self._judge.concerns(rule, row):
                    by_subject.setdefault((number, row["track_a"], row["track_b"] or ""), []).append(row)
        found: list[Episode] = []
        for (number, _, _), some in sorted(by_subject.items()):
            some.sort(key=lambda row: (row["start"], row["end"], row["volume"] or "", row["limits"] or ()))
            parts: list[list[dict[str, Any]]] = []
            until = UTC_EPOCH
            for row in some:
                if not parts or row["start"] > until:
                    parts.append([])
                parts[-1].append(row)
                until = max(until, row["end"])
            found += [Episode(self._p.agreement.rules[number], part) for part in parts]
        return found

    def _of_days_over(self, episodes: list[Episode], moment: datetime) -> list[Episode]:
        """Keep crossings of lines until all of their day are known: how many there were decides."""
        self._days += [one for one in episodes if one.rule.kind == "line"]
        since = None if self._stays is None else self._stays.open_since_us()
        starts = [row["start"] for row in self._closed if row["limits"] is None]
        if since is not None:
            starts.append(UTC_EPOCH + timedelta(microseconds=since))
        known = min([moment - timedelta(seconds=self._p.separation.max_gap_s), *starts])
        over = [one for one in self._days if one.day + _DAY <= known]
        self._days = [one for one in self._days if one.day + _DAY > known]
        return [*(one for one in episodes if one.rule.kind != "line"), *over]

    def _calls_until(self, moment: datetime | None) -> list[dict[str, Any]]:
        first = self._calls
        while self._calls < len(self._due) and (moment is None or self._due[self._calls].due <= moment):
            self._calls += 1
        return [found for call in self._due[first : self._calls] if (found := call.event()) is not None]

    def _findings(self, episodes: list[Episode], events: list[dict[str, Any]]) -> Findings:
        events = [*events, *self._judge.judged(episodes)]
        if not events:
            return Findings.none()
        events.sort(key=lambda row: (row["start"], row["id"]))
        return Findings(pl.DataFrame(events, schema=FINDINGS_SCHEMA, orient="row"), Findings.none().dismissed)

    def rests_on(self) -> NDArray[np.int64]:
        """Return the rows of the recording that episodes name which may go on."""
        waiting = [row for one in self._days for row in one.rows]
        own = [k for row in (*self._closed, *waiting) for k in row["evidence"] if k is not None]
        return np.concatenate([np.array(own, np.int64), *(net.rests_on() for net in self._nets())])

    def holds(self) -> NDArray[np.int64]:
        """Return the tracks that are inside a volume or near another."""
        return np.concatenate([np.empty(0, np.int64), *(net.holds() for net in self._nets())])

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        for net in self._nets():
            net.forget(numbers)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "nets": [net.snapshot() for net in self._fixed()],
            "declared": [] if self._declared is None else self._declared.snapshot(),
            "closed": [_plain(row) for row in self._closed],
            "days": [[one.rule.id, [_plain(row) for row in one.rows]] for one in self._days],
            "calls": self._calls,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        for net, kept in zip(self._fixed(), state["nets"], strict=True):
            net.restore(kept)
        if self._declared is not None:
            self._declared.restore(state["declared"])
        rules = {rule.id: rule for rule in self._p.agreement.rule}
        self._closed, self._calls = [_timed(row) for row in state["closed"]], state["calls"]
        self._days = [Episode(rules[name], [_timed(row) for row in rows]) for name, rows in state["days"]]


_TIMES: Final = ("start", "end", "time")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """What was found as plain data: times as microseconds since 1970."""
    return row | {name: (row[name] - UTC_EPOCH) // timedelta(microseconds=1) for name in _TIMES}


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    times = {name: UTC_EPOCH + timedelta(microseconds=row[name]) for name in _TIMES}
    return row | times | {"limits": None if row["limits"] is None else tuple(row["limits"])}


def _nobodys(volume: Volume, number: str) -> Volume:
    """A volume whose every stay is told: whose it is, and who is barred, the rule says."""
    return replace(volume, id=number, kind="keep_out", owner=None, barred=None)
