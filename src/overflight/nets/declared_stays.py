"""`DeclaredStays`: who was when inside which declared operation.

An operation is looked at from just before it begins until it is over, whenever it was declared: what flew there before it was declared is
taken off when it is asked for (`inside`), as is what flew after it was released, or while its party was suspended. So whoever is told of all
declarations at once finds what they find who are told of each when it is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from overflight.agreement.logs import Entry, Logs
from overflight.airspace.active import spans_us
from overflight.nets.incursion import Incursion, IncursionParameters
from overflight.surveillance.batch import Batch, TrackNames

Span = tuple[datetime, datetime]
_SEPARATOR: Final = "\n"
_FAR: Final = datetime.max.replace(tzinfo=UTC)


class DeclaredStays:
    """Nets of stays in declared operations that are under way."""

    def __init__(self, logs: Logs, parameters: IncursionParameters, names: TrackNames) -> None:
        """Take where operations are declared, and what nets of stays are told but for the volumes."""
        self._logs, self._p, self._names = logs, parameters, names
        self._gap_us = round(parameters.max_gap_s * 1e6)
        self._entries: dict[str, Entry] = {}  # by what they are known by, as last known
        self._taken: set[str] = set()  # those that a net was made for
        self._nets: list[tuple[tuple[str, ...], Incursion]] = []

    @property
    def nets(self) -> list[Incursion]:
        """The nets of stays."""
        return [net for _, net in self._nets]

    def entry(self, volume: str | None) -> Entry | None:
        """Return the declaration that a volume is of; None where it is of none."""
        return self._entries.get((volume or "").partition(_SEPARATOR)[0])

    def update(self, batch: Batch) -> None:
        """Take in positions in order of time."""
        if len(batch.time_us) == 0:
            return
        if self._logs.meanwhile is not None or not self._entries:
            self._entries |= {one.ref: one for one in self._logs.of("notice") if one.volumes}
        since_us, until_us = int(batch.time_us[0]) - 2 * self._gap_us, int(batch.time_us[-1]) + self._gap_us
        due = [
            ref
            for ref, one in self._entries.items()
            if ref not in self._taken and _begins_us(one) <= until_us and _ends_us(one) >= since_us
        ]
        groups = [(ref,) for ref in due] if self._logs.meanwhile is not None else [tuple(due)] if due else []
        self._nets += [(refs, self._net(refs)) for refs in groups]
        self._taken.update(due)
        for net in self.nets:
            net.update(batch)

    def drop(self, watermark_us: int) -> None:
        """Let go of operations that are over, and that nobody is in any more."""
        before = watermark_us - 2 * self._gap_us
        self._nets = [
            (refs, net)
            for refs, net in self._nets
            if net.open_since_us() is not None or max(_ends_us(self._entries[ref]) for ref in refs) >= before
        ]

    def inside(self, rows: Iterable[dict[str, Any]], entries: Iterable[Entry]) -> list[Span]:
        """Return when a track was inside some operations while they were declared, by its stays in them."""
        wanted = {one.ref for one in entries}
        found: list[Span] = []
        for row in rows:
            one = self.entry(row["volume"])
            if one is not None and one.ref in wanted:
                found += _less([_clipped((row["start"], row["end"]), one)], self._suspended(one.party))
        return sorted(span for span in found if span[0] < span[1])

    def _suspended(self, party: str) -> list[Span]:
        return [(one.time, one.ends or _FAR) for one in self._logs.of("suspension") if one.party == party]

    def _net(self, refs: tuple[str, ...]) -> Incursion:
        volumes = [
            replace(volume, id=f"{ref}{_SEPARATOR}{number}", owner=None)
            for ref in refs
            for number, volume in enumerate(self._entries[ref].volumes)
        ]
        return Incursion(replace(self._p, volumes=tuple(volumes)), self._names)

    def snapshot(self) -> list[Any]:
        """Return the state as plain data."""
        return [[list(refs), net.snapshot()] for refs, net in self._nets]

    def restore(self, state: list[Any]) -> None:
        """Go on from a snapshot; of operations that nobody knows of any more nothing is left to say."""
        self._entries = {one.ref: one for one in self._logs.of("notice") if one.volumes}
        self._nets, self._taken = [], set()
        for refs, kept in state:
            if all(ref in self._entries for ref in refs):
                net = self._net(tuple(refs))
                net.restore(kept)
                self._nets.append((tuple(refs), net))
                self._taken.update(refs)


def _begins_us(one: Entry) -> int:
    return min(start for volume in one.volumes for start, _ in spans_us(volume))


def _ends_us(one: Entry) -> int:
    return max(end for volume in one.volumes for _, end in spans_us(volume))


def _clipped(span: Span, one: Entry) -> Span:
    """What of a time an operation was declared for."""
    start, end = max(span[0], one.time), span[1]
    return max(start, one.begins or start), min(end, one.ends or end)


def _less(spans: list[Span], gaps: list[Span]) -> list[Span]:
    """Return spans without what gaps take out of them."""
    for gap in gaps:
        spans = [
            part
            for start, end in spans
            for part in ((start, min(end, gap[0])), (max(start, gap[1]), end))
            if part[0] < part[1]
        ]
    return spans
