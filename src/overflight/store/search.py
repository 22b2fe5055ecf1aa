"""Events by time, area, kind, priority, track and party, a page at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.errors import ParameterError
from overflight.events import KINDS
from overflight.store.alarms import of_parties, to_us
from overflight.store.priority import PRIORITIES
from overflight.store.tables import EVENTS

MOST: Final = 1000
"""Events on a page at most."""


@dataclass(frozen=True)
class Filters:
    """Which events are wanted; None is any.

    Attributes:
        start, end: those that go on at some time from `start` to before `end`.
        within: west, south, east, north in degrees; west is greater than east across the antimeridian. Events without a place are outside.
        kinds: of `overflight.events.KINDS`.
        priority: at least this one of `PRIORITIES`.
        track: one of the two is this.
        parties: events of none, or of at least one of these.
        withdrawn: whether those that turned out to be none are wanted too.
    """

    start: datetime | None = None
    end: datetime | None = None
    within: tuple[float, float, float, float] | None = None
    kinds: Collection[str] | None = None
    priority: str | None = None
    track: str | None = None
    parties: Collection[str] | None = None
    withdrawn: bool = False

    def __post_init__(self) -> None:
        """Refuse what there is not.

        Raises:
            ParameterError: an unknown kind or priority, a name or an area that is none.
        """
        for kind in self.kinds or ():
            if kind not in KINDS:
                raise ParameterError("kind", kind, "is no kind of event", remedy=f"choose from {', '.join(KINDS)}")
        if self.priority is not None and self.priority not in PRIORITIES:
            raise ParameterError("priority", self.priority, "is none", remedy=f"choose from {', '.join(PRIORITIES)}")
        for name in (self.track, *(self.parties or ())):
            if name is not None and not name.isprintable():  # a database refuses some of them in words of its own
                raise ParameterError("track or party", name, "is no name", remedy="leave out what cannot be printed")
        if self.within is not None:
            west, south, east, north = self.within
            if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
                remedy = "give west, south, east and north in degrees"
                raise ParameterError("within", self.within, "is no area", remedy=remedy)


def events(
    connection: Connection, filters: Filters, limit: int, after: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of events as records, each with its `priority`, the latest first, and what to give as `after` for the next; None after the last.

    Raises:
        ParameterError: a limit that is none, or an `after` that no page gave.
    """
    if not 1 <= limit <= MOST:
        raise ParameterError("limit", limit, "is no length of a page", remedy=f"give 1 to {MOST}")
    query = sa.select(EVENTS.c.event, EVENTS.c.start_us, EVENTS.c.id, EVENTS.c.priority).where(*_conditions(filters))
    if after is not None:
        start_us, event_id = _place(after)
        query = query.where(
            (EVENTS.c.start_us < start_us) | ((EVENTS.c.start_us == start_us) & (EVENTS.c.id > event_id))
        )
    rows = connection.execute(query.order_by(EVENTS.c.start_us.desc(), EVENTS.c.id).limit(limit + 1)).all()
    more = len(rows) > limit
    rows = rows[:limit]
    found = [json.loads(row[0]) | {"priority": PRIORITIES[row[3]]} for row in rows]
    return found, f"{rows[-1][1]}.{rows[-1][2]}" if more else None


def _conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if filters.start is not None:
        found.append(EVENTS.c.end_us >= to_us(filters.start))
    if filters.end is not None:
        found.append(EVENTS.c.start_us < to_us(filters.end))
    if filters.within is not None:
        west, south, east, north = filters.within
        beyond, before = EVENTS.c.longitude >= west, EVENTS.c.longitude <= east
        found += [EVENTS.c.latitude.between(south, north), (beyond & before) if west <= east else (beyond | before)]
    if filters.kinds is not None:
        found.append(EVENTS.c.kind.in_(list(filters.kinds)))
    if filters.priority is not None:
        found.append(EVENTS.c.priority >= PRIORITIES.index(filters.priority))
    if filters.track is not None:
        found.append((EVENTS.c.track_a == filters.track) | (EVENTS.c.track_b == filters.track))
    if filters.parties is not None:
        found.append(of_parties(filters.parties))
    if not filters.withdrawn:
        found.append(EVENTS.c.life != "withdrawn")
    return found


def _place(after: str) -> tuple[int, str]:
    number, _, event_id = after.partition(".")
    if not re.fullmatch(r"-?[0-9]{1,18}", number, re.ASCII) or not event_id.isprintable():
        raise ParameterError("after", after, "was given by no page", remedy="begin without it")
    return int(number), event_id
