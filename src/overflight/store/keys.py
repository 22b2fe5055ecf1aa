"""Secrets that open the service: what a page keeps in its cookie, the token of a program, and the link that makes the first administrator.

Only their digests are kept: who reads the database cannot come in with what stands there.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.errors import ParameterError
from overflight.store.alarms import to_text
from overflight.store.tables import KEYS

PURPOSES: Final = {"session": timedelta(hours=12), "token": timedelta(days=366), "setup": timedelta(hours=24)}
"""What a secret is for, and how long it opens at most. A session lasts a shift and what it hands over."""
MOST_OF_AN_ACCOUNT: Final = 100
_BYTES: Final = 32


@dataclass(frozen=True)
class Key:
    """A secret that was shown, as far as it is known."""

    digest: str
    name: str
    account: str | None
    csrf: str | None
    until_us: int


def make_key(
    connection: Connection, purpose: str, name: str, account: str | None, lasting: timedelta | None = None
) -> tuple[str, Key]:
    """Make a secret; returns it, which nobody can read again, and what is kept of it.

    Raises:
        ParameterError: it would last too long, have no name, or the account has too many.
    """
    longest = PURPOSES[purpose]
    lasting = longest if lasting is None else lasting
    if not timedelta(0) < lasting <= longest:
        raise ParameterError("days", lasting.days, "is too long", remedy=f"give at most {longest.days} days")
    if not (0 < len(name) <= 200 and name.isprintable()):
        raise ParameterError("name", name[:20], "is no name", remedy="give 1 to 200 printable characters")
    now_us = time.time_ns() // 1000
    connection.execute(KEYS.delete().where(KEYS.c.until_us <= now_us))
    mine = sa.select(sa.func.count()).where(KEYS.c.account == account, KEYS.c.purpose == purpose)
    if account is not None and connection.execute(mine).scalar_one() >= MOST_OF_AN_ACCOUNT:
        if purpose != "session":
            remedy = "take one back that is not used any more"
            raise ParameterError(purpose, MOST_OF_AN_ACCOUNT, "are there already", remedy=remedy)
        oldest = sa.select(KEYS.c.digest).where(KEYS.c.account == account, KEYS.c.purpose == purpose)
        first = connection.execute(oldest.order_by(KEYS.c.made_us).limit(1)).scalar_one()
        connection.execute(KEYS.delete().where(KEYS.c.digest == first))
    secret = secrets.token_urlsafe(_BYTES)
    csrf = secrets.token_urlsafe(_BYTES) if purpose == "session" else None
    until_us = now_us + lasting // timedelta(microseconds=1)
    key = Key(digest_of(secret), name, account, csrf, until_us)
    connection.execute(KEYS.insert().values(purpose=purpose, made_us=now_us, **vars(key)))
    return secret, key


def digest_of(secret: str) -> str:
    """Return what is kept of a secret. It has 256 bits of chance: no salt and no slow hash are needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_of(connection: Connection, purpose: str, secret: str) -> Key | None:
    """Return what is kept of a secret that opens now; None for one that does not."""
    query = sa.select(KEYS).where(KEYS.c.digest == digest_of(secret), KEYS.c.purpose == purpose)
    row = connection.execute(query.where(KEYS.c.until_us > time.time_ns() // 1000)).mappings().one_or_none()
    return None if row is None else Key(row["digest"], row["name"], row["account"], row["csrf"], row["until_us"])


def take_back(connection: Connection, digest: str) -> None:
    """Let a secret open nothing any more."""
    connection.execute(KEYS.delete().where(KEYS.c.digest == digest))


def take_back_all(connection: Connection, purpose: str, account: str | None) -> None:
    """Let all secrets of an account for a purpose open nothing any more."""
    connection.execute(KEYS.delete().where(KEYS.c.purpose == purpose, KEYS.c.account == account))


def tokens(connection: Connection, account: str) -> list[dict[str, Any]]:
    """Return the tokens of an account, without what is secret: how each is called, and until when it opens."""
    query = sa.select(KEYS).where(KEYS.c.account == account, KEYS.c.purpose == "token").order_by(KEYS.c.made_us)
    return [
        {"id": row["digest"], "name": row["name"], "made": to_text(row["made_us"]), "until": to_text(row["until_us"])}
        for row in connection.execute(query).mappings()
    ]
