"""The life of events on a live feed: opened, updated, closed; and what changes the account of them afterwards.

| life | says that |
|---|---|
| opened | something is going on; the event stands as it would if it ended now |
| updated | its verdict, rule, level or band has changed |
| closed | it is over: the event is the one that `overflight check` finds in a recording of the same positions |
| withdrawn | it was opened, and what came then shows that it is no event (a formation, a copy, another rule) |
| revised | it was closed, and an area of interference that was concluded later makes it undetermined |
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import polars as pl

from overflight.events import EVENT_SCHEMA, records
from overflight.nets.interference import KIND, doubt

Life = Literal["opened", "updated", "closed", "withdrawn", "revised"]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WATCHED: Final = ("verdict", "rule", "band")
"""Columns of an event whose change is worth a line."""
_KEPT: Final = timedelta(hours=48)
_MOST: Final = 200_000
"""Closed events that may still be revised, by age and by number: interference is concluded when it has ended, which can be days."""


@dataclass(frozen=True)
class Change:
    """One step in the life of an event.

    Attributes:
        life: what happened.
        event: the event as it stands now; of a withdrawn one, as it stood last.
        at: event time by which this is known.
    """

    life: Life
    event: dict[str, Any]
    at: datetime

    def record(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        return {"life": self.life, "at": f"{self.at:%Y-%m-%dT%H:%M:%S.%fZ}", "event": self.event}


class Lives:
    """What is open, and what was closed lately."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.open: dict[str, dict[str, Any]] = {}  # events as records, by id
        self._closed = pl.DataFrame(schema=EVENT_SCHEMA)
        self._areas = pl.DataFrame(schema=EVENT_SCHEMA)

    def close(self, events: pl.DataFrame, watermark_us: int) -> list[Change]:
        """Take in events that were concluded."""
        if events.height == 0:
            return []
        at = _EPOCH + timedelta(microseconds=watermark_us)
        events = events.sort("start", "id")
        areas = events.filter(pl.col("kind") == KIND)
        revised = pl.DataFrame(schema=EVENT_SCHEMA)
        if areas.height:
            self._areas = pl.concat([self._areas, areas]).filter(pl.col("end") >= at - _KEPT)
            again = doubt(self._closed, self._areas)
            revised = again.join(self._closed, on=["id", "verdict", "why"], how="anti")
            self._closed = again
        events = doubt(events, self._areas)
        kept = pl.concat([self._closed, events.filter(pl.col("kind") != KIND)])
        self._closed = kept.filter(pl.col("end") >= at - _KEPT).tail(_MOST)
        changes = [Change("closed", event, at) for event in records(events)]
        for change in changes:
            self.open.pop(change.event["id"], None)
        return [*changes, *(Change("revised", event, at) for event in records(revised))]

    def changed(self, current: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of `current` that are new or different from what was told of them."""
        keys = [
            known is None or any(known[name] != value for name, value in zip(_WATCHED, watched, strict=True))
            for known, *watched in (
                (self.open.get(key), *watched) for key, *watched in current.select("id", *_WATCHED).iter_rows()
            )
        ]
        return current.filter(pl.Series(keys, dtype=pl.Boolean))

    def go_on(
        self, current: pl.DataFrame, changed: pl.DataFrame, watermark_us: int, kinds: Collection[str] | None = None
    ) -> list[Change]:
        """Take in what is going on: the ids in `current`, and those that `changed`, complete; of some kinds, or all."""
        at = _EPOCH + timedelta(microseconds=watermark_us)
        changes: list[Change] = []
        there = set(current["id"].to_list())
        gone = [
            key for key, event in self.open.items() if key not in there and (kinds is None or event["kind"] in kinds)
        ]
        for key in gone:
            changes.append(Change("withdrawn", self.open.pop(key), at))
        for event in records(doubt(changed, self._areas)):
            changes.append(Change("updated" if event["id"] in self.open else "opened", event, at))
            self.open[event["id"]] = event
        return changes

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"open": dict(self.open), "closed": self._closed, "areas": self._areas}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self.open, self._closed, self._areas = dict(state["open"]), state["closed"], state["areas"]
