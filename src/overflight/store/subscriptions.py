"""Who is told of what: subscriptions, how far each has come in the log of alarms, and every attempt to tell them.

A subscriber is told of what an account of its party would see, at the time at which it is told: who shares no more is told of no more.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from overflight.errors import MissingError, ParameterError
from overflight.events import KINDS
from overflight.store import accounts, audit
from overflight.store.alarms import last_sequence, to_text
from overflight.store.audit import Actor
from overflight.store.numbers import next_number
from overflight.store.priority import PRIORITIES
from overflight.store.tables import DELIVERIES, SUBSCRIPTIONS

CHANNELS: Final = ("webhook", "email")
MOST: Final = 1000
TOLD: Final = frozenset({"opened", "closed", "withdrawn", "revised"})
"""Steps in the life of an event that somebody is told of; how it goes on in between is for who looks."""
_ADDRESS: Final = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,255}")


@dataclass(frozen=True)
class Subscription:
    """Who is told of what.

    Attributes:
        id: its name.
        channel: of `CHANNELS`.
        target: an address of the web, or of mail.
        secret: that webhooks are signed with, as Standard Webhooks writes it ("whsec_...").
        party: whose eyes what is told is seen with; None for everybody's.
        of_party: only of events of this party; None for all.
        kinds: of events; None for all.
        priority: at least this place in `PRIORITIES`.
        position: sequence of the last entry of the log that is done with.
    """

    id: str
    channel: str
    target: str
    secret: str
    party: str | None
    of_party: str | None
    kinds: Collection[str] | None
    priority: int
    position: int

    def wants(self, entry: dict[str, Any], seen: frozenset[str] | None) -> bool:
        """Whether an entry of the log (`alarms.entries_after`) is for somebody whose party sees these (`accounts.seen_by`)."""
        if entry["action"] not in TOLD or PRIORITIES.index(entry["alarm"]["priority"]) < self.priority:
            return False
        if self.kinds is not None and entry["alarm"]["kind"] not in self.kinds:
            return False
        if self.of_party is not None and self.of_party not in entry["parties"]:
            return False
        return accounts.sees_event(seen, entry["parties"])


def subscribe(
    connection: Connection,
    channel: str,
    target: str,
    actor: Actor,
    *,
    party: str | None,
    of_party: str | None = None,
    kinds: Collection[str] | None = None,
    priority: str = "low",
) -> Subscription:
    """Let somebody be told of what happens from now on.

    Raises:
        ParameterError: no such channel, kind or priority, or a target that is no address.
    """
    if channel not in CHANNELS:
        raise ParameterError("channel", channel, "is none", remedy=f"choose from {', '.join(CHANNELS)}")
    if priority not in PRIORITIES:
        raise ParameterError("priority", priority, "is none", remedy=f"choose from {', '.join(PRIORITIES)}")
    for kind in kinds or ():
        if kind not in KINDS:
            raise ParameterError("kind", kind, "is no kind of event", remedy=f"choose from {', '.join(KINDS)}")
    _refuse_target(channel, target)
    if connection.execute(sa.select(sa.func.count()).select_from(SUBSCRIPTIONS)).scalar_one() >= MOST:
        raise ParameterError("subscriptions", MOST, "are there already", remedy="take one back")
    made = Subscription(
        secrets.token_hex(8),
        channel,
        target,
        f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        party,
        of_party,
        None if kinds is None else sorted(set(kinds)),
        PRIORITIES.index(priority),
        last_sequence(connection),
    )
    values = vars(made) | {"kinds": None if made.kinds is None else json.dumps(made.kinds)}
    connection.execute(
        SUBSCRIPTIONS.insert().values(**values, made_by=actor.user or "", made_us=time.time_ns() // 1000)
    )
    whom = "everything" if party is None else f"what {party} sees"
    audit.note(connection, actor, "subscribed", f"{channel} {target} to {whom}{f', of {of_party}' if of_party else ''}")
    return made


def unsubscribe(connection: Connection, subscription: Subscription, actor: Actor) -> None:
    """Tell somebody no more; what was told stays in the log of deliveries."""
    connection.execute(SUBSCRIPTIONS.delete().where(SUBSCRIPTIONS.c.id == subscription.id))
    audit.note(connection, actor, "unsubscribed", f"{subscription.channel} {subscription.target}")


def subscriptions(connection: Connection) -> list[Subscription]:
    """Return all subscriptions, in the order in which they were made."""
    rows = connection.execute(sa.select(SUBSCRIPTIONS).order_by(SUBSCRIPTIONS.c.made_us, SUBSCRIPTIONS.c.id)).mappings()
    return [_subscription(row) for row in rows]


def subscription(connection: Connection, name: str) -> Subscription:
    """Return a subscription.

    Raises:
        MissingError: there is none.
    """
    row = connection.execute(sa.select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == name)).mappings().one_or_none()
    if row is None:
        raise MissingError("there is no such subscription", path=ascii(name[:40]), remedy="look at the list of them")
    return _subscription(row)


def attempted(
    connection: Connection, told: Subscription, sequence: int, attempt: int, outcome: str, *, delivered: bool
) -> None:
    """Write how an attempt to tell somebody of an entry of the log went."""
    number = next_number(connection, DELIVERIES.c.number)
    values = {"subscription": told.id, "sequence": sequence, "attempt": attempt, "outcome": outcome[:500]}
    at_us = time.time_ns() // 1000
    connection.execute(DELIVERIES.insert().values(number=number, at_us=at_us, delivered=delivered, **values))


def done(connection: Connection, told: Subscription, sequence: int) -> None:
    """Say that a subscription has been told of everything up to an entry of the log."""
    connection.execute(SUBSCRIPTIONS.update().where(SUBSCRIPTIONS.c.id == told.id).values(position=sequence))


def deliveries(connection: Connection, name: str, limit: int) -> list[dict[str, Any]]:
    """Return the last attempts to tell a subscriber something, the latest first."""
    query = sa.select(DELIVERIES).where(DELIVERIES.c.subscription == name)
    rows = connection.execute(query.order_by(DELIVERIES.c.number.desc()).limit(limit)).mappings()
    named = ("sequence", "attempt", "outcome", "delivered")
    return [{"at": to_text(row["at_us"]), **{key: row[key] for key in named}} for row in rows]


def _subscription(row: RowMapping) -> Subscription:
    named: dict[str, Any] = {name: row[name] for name in Subscription.__dataclass_fields__}
    kinds: str | None = row["kinds"]
    named["kinds"] = None if kinds is None else json.loads(kinds)
    return Subscription(**named)


def _refuse_target(channel: str, target: str) -> None:
    if channel == "email":
        if not (target.isascii() and _ADDRESS.fullmatch(target)):
            raise ParameterError(
                "target", target[:40], "is no address of mail", remedy="write it like safety@example.org"
            )
        return
    try:
        parts = urlsplit(target)
        good = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.username is None
            and (parts.port or 1) > 0
        )
    except ValueError:
        good = False
    if not good or len(target) > 1000 or not (target.isascii() and target.isprintable()) or " " in target:
        raise ParameterError(
            "target", target[:40], "is no address", remedy="write it like https://example.org/overflight"
        )
