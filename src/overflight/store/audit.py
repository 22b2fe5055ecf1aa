"""Who did what to accounts, keys and sharing, and from where: a table that only grows. What is done to alarms stands in their own log."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.store.alarms import to_text
from overflight.store.numbers import next_number
from overflight.store.tables import AUDIT


@dataclass(frozen=True)
class Actor:
    """Who does something.

    Attributes:
        user: name of the account; None where nobody has shown who they are.
        address: where they are, as far as is known.
    """

    user: str | None
    address: str | None = None


def note(connection: Connection, actor: Actor, action: str, subject: str) -> None:
    """Write what was done, in the transaction that does it."""
    sequence = next_number(connection, AUDIT.c.sequence)
    values = {"sequence": sequence, "at_us": time.time_ns() // 1000, "user": actor.user, "action": action}
    connection.execute(AUDIT.insert().values({**values, "subject": subject, "address": actor.address}))


def entries_before(connection: Connection, sequence: int | None, limit: int) -> list[dict[str, Any]]:
    """Return the last `limit` entries before one, or of all, the latest first."""
    query = sa.select(AUDIT)
    if sequence is not None:
        query = query.where(AUDIT.c.sequence < sequence)
    rows = connection.execute(query.order_by(AUDIT.c.sequence.desc()).limit(limit)).mappings()
    named = ("sequence", "user", "action", "subject", "address")
    return [{"at": to_text(row["at_us"]), **{name: row[name] for name in named}} for row in rows]
