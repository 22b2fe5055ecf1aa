"""Parties of the hosted side: the names that others know them by, whether they are heard, and what they are told.

What a party is told has numbers without a gap, and stays until the party has acknowledged it. A party that has live operations and has not been heard for
`SILENCE_US` is stale: nobody knows whether it still has its operations in hand, and nobody may plan into them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.airspace.operational import written_time
from overflight.coordination.uss.tables import DELIVERIES, PARTIES, SUSPENSIONS
from overflight.errors import ConflictError, MissingError

SILENCE_US: Final = 120 * 1_000_000
MOST_AT_ONCE: Final = 500


def pseudonym_of(connection: Connection, party: str, now_us: int) -> str:
    """Return the name that others know a party by; made, at random, where it has none yet."""
    chosen = sa.select(PARTIES.c.pseudonym).where(PARTIES.c.party == party)
    found = connection.execute(chosen).scalar()
    if found is None:
        found = f"party-{secrets.token_hex(8)}"
        row = {"party": party, "pseudonym": found, "heard_us": now_us, "last_delivery": 0}
        connection.execute(PARTIES.insert(), row)
    return found


def heard(connection: Connection, party: str, now_us: int) -> None:
    """Write down that a party is there."""
    connection.execute(PARTIES.update().where(PARTIES.c.party == party).values(heard_us=now_us))


def stale(connection: Connection, parties: Collection[str], now_us: int) -> set[str]:
    """Return those parties that have not been heard for too long."""
    quiet = PARTIES.c.heard_us < now_us - SILENCE_US
    chosen = sa.select(PARTIES.c.party).where(PARTIES.c.party.in_(sorted(parties)), quiet)
    return set(connection.execute(chosen).scalars())


def suspension(connection: Connection, party: str) -> str | None:
    """Return why a party is suspended; None where it is not."""
    lasting = (SUSPENSIONS.c.party == party) & SUSPENSIONS.c.until_us.is_(None)
    return connection.execute(sa.select(SUSPENSIONS.c.why).where(lasting)).scalar()


def suspend(connection: Connection, party: str, why: str | None, now_us: int) -> None:
    """Suspend a party, or let it back in with None; what it has declared does not count while it is suspended.

    Raises:
        MissingError: there is no such party.
    """
    # taken by changing it: two that suspend a party at once do so one after the other
    known = PARTIES.update().where(PARTIES.c.party == party).values(last_delivery=PARTIES.c.last_delivery)
    if connection.execute(known.returning(PARTIES.c.party)).first() is None:
        raise MissingError("has declared nothing yet", path=party)
    lasting = (SUSPENSIONS.c.party == party) & SUSPENSIONS.c.until_us.is_(None)
    connection.execute(SUSPENSIONS.update().where(lasting).values(until_us=now_us))
    if why is not None:
        connection.execute(SUSPENSIONS.insert(), {"party": party, "from_us": now_us, "until_us": None, "why": why})


def deliver(connection: Connection, party: str, content: dict[str, Any], now_us: int) -> None:
    """Tell a party something, in the transaction in which it happens."""
    which = PARTIES.c.party == party
    counted = PARTIES.update().where(which).values(last_delivery=PARTIES.c.last_delivery + 1)
    sequence = connection.execute(counted.returning(PARTIES.c.last_delivery)).scalar_one()
    row = {"party": party, "sequence": sequence, "at_us": now_us, "content": json.dumps(content)}
    connection.execute(DELIVERIES.insert(), row)


def deliveries(connection: Connection, party: str, after: int) -> list[dict[str, Any]]:
    """Return what a party was told after a sequence, in order; at most `MOST_AT_ONCE`."""
    chosen = (
        sa.select(DELIVERIES)
        .where(DELIVERIES.c.party == party, DELIVERIES.c.sequence > after)
        .order_by(DELIVERIES.c.sequence)
        .limit(MOST_AT_ONCE)
    )
    return [
        {
            "sequence": row.sequence,
            "at": written_time(row.at_us)["value"],
            "acknowledged": row.acknowledged_us is not None,
            **json.loads(row.content),
        }
        for row in connection.execute(chosen)
    ]


def acknowledge(connection: Connection, party: str, sequence: int, now_us: int) -> None:
    """Write down that a party has everything up to a sequence.

    Raises:
        ConflictError: it was not told as much yet.
    """
    last = connection.execute(sa.select(PARTIES.c.last_delivery).where(PARTIES.c.party == party)).scalar() or 0
    if not 0 <= sequence <= last:
        raise ConflictError("sequence", sequence, f"was never told; the last is {last}", remedy="acknowledge what came")
    open_until = (
        (DELIVERIES.c.party == party) & (DELIVERIES.c.sequence <= sequence) & DELIVERIES.c.acknowledged_us.is_(None)
    )
    connection.execute(DELIVERIES.update().where(open_until).values(acknowledged_us=now_us))
