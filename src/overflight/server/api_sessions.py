"""`/api/v1`: coming in, going out, the first administrator, tokens, accounts, sharing and the audit."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from overflight.errors import MissingError
from overflight.server.access import COOKIE, Caller, Sharer, SomeCaller, TheService, address_of, may
from overflight.server.asked import Body
from overflight.server.problems import Problem
from overflight.server.service import Service
from overflight.store import accounts, audit, keys
from overflight.store.accounts import Account
from overflight.store.audit import Actor

router = APIRouter(prefix="/api/v1", tags=["accounts"])
Administrator = Annotated[Caller, Depends(may("administer"))]


class Credentials(Body):
    """A name and a password."""

    name: str
    password: str


class Setup(Credentials):
    """The first administrator, with the secret of the link."""

    secret: str


class NewToken(Body):
    """A token to be made."""

    name: str
    days: int = Field(90, ge=1, le=366)


class NewAccount(Body):
    """An account to be made."""

    name: str
    role: str
    party: str | None = None
    password: str | None = None


class ChangedAccount(Body):
    """An account as it shall be."""

    role: str
    party: str | None = None
    password: str | None = None
    enabled: bool = True


class Sharing(Body):
    """Whether a party shares with another."""

    party: str
    ally: str
    shared: bool


def _told(somebody: Account, csrf: str | None) -> dict[str, Any]:
    may_do = sorted(accounts.ROLES[somebody.role])
    return {"user": somebody.name, "role": somebody.role, "party": somebody.party, "may": may_do, "csrf": csrf}


def enter(service: Service, response: Response, somebody: Account, address: str) -> dict[str, Any]:
    """Begin a session: put its secret into a cookie that scripts cannot read, and return what a page may know of it."""
    with service.store.transaction() as connection:
        secret, key = keys.make_key(connection, "session", "page", somebody.name)
        audit.note(connection, Actor(somebody.name, address), "logged in", somebody.name)
    lasting_s = int(keys.PURPOSES["session"].total_seconds())
    response.set_cookie(COOKIE, secret, lasting_s, httponly=True, secure=service.secure, samesite="strict", path="/")
    return _told(somebody, key.csrf)


@router.get("/login")
def ways(service: TheService) -> dict[str, Any]:
    """Say how one may log in: by name and password, and at an identity provider, if one was named."""
    return {"provider": None if service.work.provider is None else service.work.provider.issuer}


@router.get("/session")
def session(somebody: SomeCaller) -> dict[str, Any]:
    """Say who you are, what you may do, and what a page must say with every change (`X-CSRF-Token`)."""
    return _told(somebody.account, somebody.key.csrf)


@router.post("/session", status_code=201)
def log_in(given: Credentials, request: Request, response: Response, service: TheService) -> dict[str, Any]:
    """Log in with a name and a password."""
    address = address_of(request)
    service.attempts.refuse(given.name, address)
    with service.store.reading() as connection:
        kept = accounts.password_of(connection, given.name)
        somebody = accounts.account(connection, given.name)
    if not accounts.is_password(kept, given.password) or somebody is None:
        service.attempts.failed(given.name, address)
        with service.store.transaction() as connection:
            audit.note(connection, Actor(None, address), "failed to log in", given.name[:100])
        raise Problem(401, "no such name and password")
    service.attempts.succeeded(given.name, address)
    return enter(service, response, somebody, address)


@router.delete("/session", status_code=204)
def log_out(somebody: SomeCaller, response: Response, service: TheService) -> None:
    """Log out: the session ends."""
    with service.store.transaction() as connection:
        keys.take_back(connection, somebody.key.digest)
        audit.note(connection, somebody.actor, "logged out", somebody.account.name)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=service.secure)


@router.post("/setup", status_code=201)
def set_up(given: Setup, request: Request, response: Response, service: TheService) -> dict[str, Any]:
    """Make the first administrator, with the link that the service printed; it opens once."""
    address = address_of(request)
    service.attempts.refuse("setup", address)
    somebody = Account(given.name, "administrator", None)
    with service.store.transaction() as connection:
        key = keys.key_of(connection, "setup", given.secret)
        if key is not None:
            accounts.add(connection, somebody, given.password, Actor(None, address))
            keys.take_back_all(connection, "setup", None)
    if key is None:
        service.attempts.failed("setup", address)
        raise Problem(401, "this link does not open, or not any more; start the service again for a new one")
    return enter(service, response, somebody, address)


@router.get("/tokens")
def list_tokens(somebody: SomeCaller, service: TheService) -> dict[str, Any]:
    """List your tokens, without their secrets."""
    with service.store.reading() as connection:
        return {"items": keys.tokens(connection, somebody.account.name)}


@router.post("/tokens", status_code=201)
def make_token(given: NewToken, somebody: SomeCaller, service: TheService) -> dict[str, Any]:
    """Make a token, for a program that acts as you. Its secret is said once."""
    with service.store.transaction() as connection:
        secret, key = keys.make_key(connection, "token", given.name, somebody.account.name, timedelta(days=given.days))
        audit.note(connection, somebody.actor, "made a token", given.name)
    return {"id": key.digest, "name": key.name, "secret": secret}


@router.delete("/tokens/{token_id}", status_code=204)
def drop_token(token_id: str, somebody: SomeCaller, service: TheService) -> None:
    """Take a token of yours back."""
    with service.store.transaction() as connection:
        mine = {token["id"]: token for token in keys.tokens(connection, somebody.account.name)}
        if token_id not in mine:
            raise MissingError("there is no such token", path=token_id[:40], remedy="look at the list of tokens")
        keys.take_back(connection, token_id)
        audit.note(connection, somebody.actor, "took back a token", mine[token_id]["name"])


@router.get("/accounts")
def list_accounts(_: Administrator, service: TheService) -> dict[str, Any]:
    """List the accounts."""
    with service.store.reading() as connection:
        return {
            "items": accounts.accounts(connection),
            "roles": {role: sorted(of) for role, of in accounts.ROLES.items()},
        }


@router.post("/accounts", status_code=201)
def make_account(given: NewAccount, somebody: Administrator, service: TheService) -> dict[str, Any]:
    """Make an account."""
    made = Account(given.name, given.role, given.party)
    with service.store.transaction() as connection:
        accounts.add(connection, made, given.password, somebody.actor)
    return vars(made)


@router.put("/accounts/{name}")
def change_account(name: str, given: ChangedAccount, somebody: Administrator, service: TheService) -> dict[str, Any]:
    """Change an account, or close it; its sessions end."""
    changed = Account(name, given.role, given.party)
    with service.store.transaction() as connection:
        accounts.change(connection, changed, somebody.actor, password=given.password, enabled=given.enabled)
    return vars(changed)


@router.get("/sharing")
def list_sharing(somebody: SomeCaller, service: TheService) -> dict[str, Any]:
    """List which party shows its flights and events to which other, as far as it concerns yours."""
    with service.store.reading() as connection:
        found = accounts.sharing(connection)
    mine = somebody.account.party
    return {"items": [one for one in found if mine is None or mine in one.values()]}


@router.put("/sharing", status_code=204)
def change_sharing(given: Sharing, somebody: Sharer, service: TheService) -> None:
    """Let your party show what is its own to another, or not any more."""
    if somebody.account.party not in {None, given.party}:
        raise Problem(403, f"{somebody.account.name} is no officer of {given.party}")
    with service.store.transaction() as connection:
        accounts.share(connection, given.party, given.ally, somebody.actor, shared=given.shared)


@router.get("/audit")
def list_audit(
    _: Administrator,
    service: TheService,
    before: Annotated[int | None, Query(ge=1, lt=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """List who did what to accounts, keys and sharing, the latest first."""
    with service.store.reading() as connection:
        items = audit.entries_before(connection, before, limit)
    return {
        "items": items,
        "next": items[-1]["sequence"] if len(items) == limit and items[-1]["sequence"] > 1 else None,
    }
