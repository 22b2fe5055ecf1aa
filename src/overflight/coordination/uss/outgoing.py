"""What other systems are told of changes here: written in the transaction of the change, sent until they have it or it is of no use any more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.coordination.uss.tables import OUTGOING

MOST_AT_ONCE: Final = 100
_HELD_US: Final = 30_000_000
"""For how long whoever takes one has it alone: longer than an attempt may take."""
_FIRST_PAUSE_US: Final = 1_000_000
_LONGEST_PAUSE_US: Final = 60_000_000


@dataclass(frozen=True)
class Outgoing:
    """A notification: where it goes, what it says, and how often it was tried."""

    number: int
    url: str
    body: str
    tries: int


def queue(connection: Connection, url: str, told: dict[str, Any], until_us: int, now_us: int) -> None:
    """Have something told, at once and again until it was heard, or until it is of no use."""
    row = {"url": url, "body": json.dumps(told), "until_us": until_us, "next_us": now_us, "tries": 0}
    connection.execute(OUTGOING.insert(), row)


def take(connection: Connection, now_us: int) -> list[Outgoing]:
    """Take what is due; nobody else takes it for a while."""
    chosen = (
        sa.select(OUTGOING.c.number).where(OUTGOING.c.next_us <= now_us).order_by(OUTGOING.c.number).limit(MOST_AT_ONCE)
    )
    numbers = list(connection.execute(chosen.with_for_update(skip_locked=True)).scalars())
    if not numbers:
        return []
    held = OUTGOING.update().where(OUTGOING.c.number.in_(numbers)).values(next_us=now_us + _HELD_US)
    rows = connection.execute(held.returning(OUTGOING)).all()
    return [Outgoing(row.number, row.url, row.body, row.tries) for row in sorted(rows, key=lambda row: row.number)]


def done(connection: Connection, one: Outgoing) -> None:
    """Write down that it was heard."""
    connection.execute(OUTGOING.delete().where(OUTGOING.c.number == one.number))


def drop(connection: Connection, now_us: int) -> None:
    """Drop what is of no use any more, where nobody sends."""
    connection.execute(OUTGOING.delete().where(OUTGOING.c.until_us < now_us))


def failed(connection: Connection, one: Outgoing, now_us: int) -> bool:
    """Write down that it was not heard; returns whether it is given up."""
    which = OUTGOING.c.number == one.number
    over = connection.execute(OUTGOING.delete().where(which, OUTGOING.c.until_us < now_us).returning(OUTGOING.c.number))
    if over.first() is not None:
        return True
    pause = min(_LONGEST_PAUSE_US, _FIRST_PAUSE_US << min(one.tries, 10))
    connection.execute(OUTGOING.update().where(which).values(tries=one.tries + 1, next_us=now_us + pause))
    return False
