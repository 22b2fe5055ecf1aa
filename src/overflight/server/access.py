"""Who asks, and whether they may: a page by its cookie, a program by its token.

A cookie is sent by the browser whoever makes it ask: what changes something must also say the session's CSRF value, which other sites' pages cannot
read (OWASP, synchronizer token), and a request that names another origin is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.requests import HTTPConnection

from overflight.server.problems import Problem
from overflight.server.service import Service
from overflight.store import accounts
from overflight.store.accounts import Account
from overflight.store.audit import Actor
from overflight.store.keys import Key, key_of

COOKIE: Final = "overflight_session"
CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE: Final = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        account: theirs.
        parties: whose flights and events they see, besides those of no known party; None for all.
        key: what they came in with.
        actor: as what they do is written down.
    """

    account: Account
    parties: frozenset[str] | None
    key: Key
    actor: Actor

    def sees(self, party: str | None) -> bool:
        """Whether they see the flights of a party; None for those of no known party."""
        return accounts.sees(self.parties, party)

    def sees_event(self, parties: list[str | None]) -> bool:
        """Whether they see an event of these parties."""
        return accounts.sees_event(self.parties, parties)


def service_of(connection: HTTPConnection) -> Service:
    """Return what the application shares."""
    return connection.app.state.service


def address_of(connection: HTTPConnection) -> str:
    """Return where somebody is, as far as is known."""
    return connection.client.host if connection.client is not None else "unknown"


def caller(connection: HTTPConnection) -> Caller:
    """Return who asks.

    Raises:
        Problem: 401 who they are is not shown, 403 a page of another site may have made their browser ask.
    """
    service = service_of(connection)
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    by_token = scheme.lower() == "bearer"
    cookie = connection.cookies.get(COOKIE)
    secret = token.strip() if by_token else cookie
    found = None
    if secret:
        with service.store.reading() as reading:
            key = key_of(reading, "token" if by_token else "session", secret)
            account = None if key is None or key.account is None else accounts.account(reading, key.account)
            if key is not None and account is not None:
                actor = Actor(account.name, address_of(connection))
                found = Caller(account, accounts.seen_by(reading, account.party), key, actor)
    if found is None:
        raise Problem(401, "who you are is not known; log in", {"WWW-Authenticate": "Bearer"})
    if not by_token:
        _refuse_other_sites(connection, found.key.csrf)
    return found


def _refuse_other_sites(connection: HTTPConnection, csrf: str | None) -> None:
    origin = connection.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != connection.headers.get("host"):
        raise Problem(403, "this was asked by a page of another site")
    changes = connection.scope["type"] == "http" and connection.scope["method"] not in _SAFE
    if changes and connection.headers.get(CSRF_HEADER) != csrf:
        raise Problem(403, f"the header {CSRF_HEADER} is missing or of another session; load the page again")


SomeCaller = Annotated[Caller, Depends(caller)]
TheService = Annotated[Service, Depends(service_of)]


def may(what: str) -> Callable[[Caller], Caller]:
    """Return a dependency that lets only those pass whose role lets them do something (`overflight.store.accounts.ROLES`)."""

    def allowed(somebody: SomeCaller) -> Caller:
        if not somebody.account.may(what):
            raise Problem(403, f"the role {somebody.account.role} may not {what}")
        return somebody

    return allowed


Downloader = Annotated[Caller, Depends(may("download"))]
Sharer = Annotated[Caller, Depends(may("share"))]
