"""Who may use the service, and what for.

A role says what somebody may do, a party what they see: its own flights and events, those of parties that share theirs with it, and those of
no known party, which are everybody's danger. Who belongs to no party sees everything.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.engine import Connection

from overflight.errors import ConflictError, MissingError, ParameterError
from overflight.store import audit
from overflight.store.alarms import to_text
from overflight.store.audit import Actor
from overflight.store.keys import take_back_all
from overflight.store.tables import ACCOUNTS, SHARING

ROLES: Final[dict[str, frozenset[str]]] = {
    "viewer": frozenset(),
    "operator": frozenset({"acknowledge", "shelve", "note", "download"}),
    "analyst": frozenset({"note", "download"}),
    "party officer": frozenset({"note", "download", "share", "declare"}),
    "administrator": frozenset(
        {"acknowledge", "shelve", "note", "download", "share", "declare", "service", "administer"}
    ),
}
"""What each role may do, besides looking."""
LEAST_PASSWORD: Final = 12
MOST_PASSWORD: Final = 1000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_HASHER: Final = PasswordHasher()  # argon2id, the parameters of RFC 9106, 4 (second choice)
_AT_ONCE: Final = threading.BoundedSemaphore(4)
"""Each takes 64 MiB and four threads: whoever asks for many at once waits."""


@dataclass(frozen=True)
class Account:
    """Somebody who may use the service.

    Attributes:
        name: theirs.
        role: of `ROLES`.
        party: theirs; None for none.
    """

    name: str
    role: str
    party: str | None

    def may(self, what: str) -> bool:
        """Whether their role lets them do something."""
        return what in ROLES[self.role]


def add(connection: Connection, account: Account, password: str | None, actor: Actor) -> None:
    """Make an account; without a password it can only be used by who comes from the identity provider.

    Raises:
        ParameterError: the name, role, party or password cannot be used.
        ConflictError: the name is taken.
    """
    _refuse(account)
    if connection.execute(sa.select(ACCOUNTS.c.name).where(ACCOUNTS.c.name == account.name)).first() is not None:
        raise ConflictError("name", account.name, "is taken", remedy="choose another")
    connection.execute(
        ACCOUNTS.insert().values(
            **vars(account),
            password=None if password is None else hashed(password),
            enabled=True,
            made_us=time.time_ns() // 1000,
        )
    )
    audit.note(connection, actor, "made an account", _said(account))


def change(
    connection: Connection, account: Account, actor: Actor, *, password: str | None = None, enabled: bool = True
) -> None:
    """Change the account of a name to this role and party, and to this password if one is given; its sessions end.

    Raises:
        MissingError: there is no such account.
        ParameterError: role, party or password cannot be used.
        ConflictError: no administrator would be left.
    """
    _refuse(account)
    values: dict[str, Any] = {"role": account.role, "party": account.party, "enabled": enabled}
    if password is not None:
        values["password"] = hashed(password)
    if connection.execute(ACCOUNTS.update().where(ACCOUNTS.c.name == account.name).values(values)).rowcount == 0:
        raise MissingError("there is no such account", path=account.name, remedy="look at the list of accounts")
    if not has_administrator(connection):
        raise ConflictError("role", account.role, "leaves no administrator", remedy="make another one first")
    take_back_all(connection, "session", account.name)
    if not enabled:
        take_back_all(connection, "token", account.name)
    what = "changed an account" if enabled else "closed an account"
    audit.note(connection, actor, what, f"{_said(account)}{', new password' if password is not None else ''}")


def has_administrator(connection: Connection) -> bool:
    """Whether somebody can look after the accounts."""
    query = sa.select(ACCOUNTS.c.name).where(ACCOUNTS.c.role == "administrator", ACCOUNTS.c.enabled)
    return connection.execute(query.limit(1)).first() is not None


def account(connection: Connection, name: str) -> Account | None:
    """Return the account of a name, if it may be used."""
    query = sa.select(ACCOUNTS).where(ACCOUNTS.c.name == name, ACCOUNTS.c.enabled)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Account(row["name"], row["role"], row["party"])


def accounts(connection: Connection) -> list[dict[str, Any]]:
    """Return all accounts as plain data, without their passwords."""
    rows = connection.execute(sa.select(ACCOUNTS).order_by(ACCOUNTS.c.name)).mappings()
    named = ("name", "role", "party", "enabled")
    return [{**{name: row[name] for name in named}, "made": to_text(row["made_us"])} for row in rows]


def password_of(connection: Connection, name: str) -> str | None:
    """Return what is kept of the password of an account that may be used."""
    query = sa.select(ACCOUNTS.c.password).where(ACCOUNTS.c.name == name, ACCOUNTS.c.enabled)
    return connection.execute(query).scalar_one_or_none()


def is_password(kept: str | None, password: str) -> bool:
    """Whether a password is the one of which this is kept. Takes as long where there is none: a name is not given away by it."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept or _nobody(), password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobody() -> str:
    return _HASHER.hash("nobody has this password")


def hashed(password: str) -> str:
    """Return what is kept of a password (NIST SP 800-63B, 5.1.1.2: its length counts, not which characters it has).

    Raises:
        ParameterError: it is too short, or too long.
    """
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        remedy = f"use {LEAST_PASSWORD} to {MOST_PASSWORD} characters; a few words do"
        raise ParameterError(
            "password", "...", "is too short" if len(password) < LEAST_PASSWORD else "is too long", remedy=remedy
        )
    return _HASHER.hash(password)


def share(connection: Connection, party: str, ally: str, actor: Actor, *, shared: bool) -> None:
    """Let a party show what is its own to another, or not any more.

    Raises:
        ParameterError: one of them is no name of a party, or both are the same.
    """
    for one in (party, ally):
        _refuse_party(one)
    if party == ally:
        raise ParameterError("ally", ally, "is the party itself", remedy="name another")
    connection.execute(SHARING.delete().where(SHARING.c.party == party, SHARING.c.ally == ally))
    if shared:
        connection.execute(SHARING.insert().values(party=party, ally=ally))
    audit.note(connection, actor, "shared" if shared else "shared no more", f"{party} with {ally}")


def sharing(connection: Connection) -> list[dict[str, str]]:
    """Return who shares with whom."""
    rows = connection.execute(sa.select(SHARING).order_by(SHARING.c.party, SHARING.c.ally)).mappings()
    return [{"party": row["party"], "ally": row["ally"]} for row in rows]


def seen_by(connection: Connection, party: str | None) -> frozenset[str] | None:
    """Return the parties whose flights and events somebody of a party sees, besides those of no known party; None for all."""
    if party is None:
        return None
    rows = connection.execute(sa.select(SHARING.c.party).where(SHARING.c.ally == party))
    return frozenset({party, *rows.scalars()})


def sees(seen: frozenset[str] | None, party: str | None) -> bool:
    """Say whether somebody who sees these parties (`seen_by`) sees the flights of a party; None for those of no known party."""
    return seen is None or party is None or party in seen


def sees_event(seen: frozenset[str] | None, parties: Iterable[str | None]) -> bool:
    """Say the same of an event of these parties: one of no known party, or of at least one that they see."""
    known = [party for party in parties if party is not None]
    return not known or any(sees(seen, party) for party in known)


def _refuse(account: Account) -> None:
    if not _NAME.fullmatch(account.name):
        remedy = "use letters, digits and . _ @ -, at most 100"
        raise ParameterError("name", account.name[:20], "is no name of an account", remedy=remedy)
    if account.role not in ROLES:
        raise ParameterError("role", account.role, "is none", remedy=f"choose from {', '.join(ROLES)}")
    if account.party is not None:
        _refuse_party(account.party)
    elif account.role == "party officer":
        raise ParameterError("party", "", "is missing", remedy="a party officer has a party")


def _refuse_party(party: str) -> None:
    if not (0 < len(party) <= 200 and party.isprintable()):
        raise ParameterError("party", party[:20], "is no name of a party", remedy="give 1 to 200 printable characters")


def _said(account: Account) -> str:
    return f"{account.name}, {account.role}{'' if account.party is None else ' of ' + account.party}"
