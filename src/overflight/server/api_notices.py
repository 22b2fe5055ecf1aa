"""`/api/v1`: who is told of what, how telling them went, and the text feed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from overflight.server.access import Caller, Sharer, SomeCaller, TheService
from overflight.server.asked import Body
from overflight.server.problems import Problem
from overflight.server.telling import line
from overflight.store import accounts, subscriptions
from overflight.store.alarms import last_sequence, latest
from overflight.store.priority import PRIORITIES
from overflight.store.search import Filters
from overflight.store.subscriptions import Subscription

router = APIRouter(prefix="/api/v1", tags=["notices"])


class NewSubscription(Body):
    """A subscription to be made."""

    channel: str
    target: str
    party: str | None = None
    of_party: str | None = None
    kinds: list[str] | None = None
    priority: str = "low"


def _told(one: Subscription) -> dict[str, Any]:
    named = ("id", "channel", "target", "party", "of_party", "kinds", "position")
    return {**{name: getattr(one, name) for name in named}, "priority": PRIORITIES[one.priority]}


def _refuse_foreign(somebody: Caller, party: str | None, of_party: str | None) -> None:
    """Let an officer subscribe their own party, and an ally to what is their own party's; an administrator whom they like.

    Raises:
        Problem: 403.
    """
    mine = somebody.account.party
    if mine is None or party == mine or (party is not None and of_party == mine):
        return
    raise Problem(403, f"an officer of {mine} may subscribe {mine}, and others to events of {mine} (of_party)")


@router.get("/subscriptions")
def list_subscriptions(somebody: Sharer, service: TheService) -> dict[str, Any]:
    """List who is told of what, as far as it is your party's business."""
    mine = somebody.account.party
    with service.store.reading() as connection:
        found = subscriptions.subscriptions(connection)
    return {"items": [_told(one) for one in found if mine is None or mine in {one.party, one.of_party}]}


@router.post("/subscriptions", status_code=201)
def subscribe(given: NewSubscription, somebody: Sharer, service: TheService) -> dict[str, Any]:
    """Let somebody be told of what happens from now on. The secret that webhooks are signed with is said once."""
    _refuse_foreign(somebody, given.party, given.of_party)
    with service.store.transaction() as connection:
        if given.of_party is not None and given.party not in {None, given.of_party}:
            seen = accounts.seen_by(connection, given.party)
            if seen is not None and given.of_party not in seen:
                raise Problem(409, f"{given.of_party} does not share with {given.party}; share first")
        made = subscriptions.subscribe(
            connection,
            given.channel,
            given.target,
            somebody.actor,
            party=given.party,
            of_party=given.of_party,
            kinds=given.kinds,
            priority=given.priority,
        )
    return _told(made) | {"secret": made.secret}


@router.delete("/subscriptions/{name}", status_code=204)
def unsubscribe(name: str, somebody: Sharer, service: TheService) -> None:
    """Tell somebody no more."""
    with service.store.transaction() as connection:
        found = _found(name, somebody, subscriptions.subscription(connection, _plain(name)))
        subscriptions.unsubscribe(connection, found, somebody.actor)


@router.get("/subscriptions/{name}/deliveries")
def list_deliveries(
    name: str, somebody: Sharer, service: TheService, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> dict[str, Any]:
    """List the last attempts to tell a subscriber something, the latest first, and how each went."""
    with service.store.reading() as connection:
        found = _found(name, somebody, subscriptions.subscription(connection, _plain(name)))
        return {
            "items": subscriptions.deliveries(connection, found.id, limit),
            "behind": last_sequence(connection) - found.position,
        }


def _plain(name: str) -> str:
    return name if name.isprintable() else ""


def _found(name: str, somebody: Caller, found: Subscription) -> Subscription:
    mine = somebody.account.party
    if mine is not None and mine not in {found.party, found.of_party}:
        raise Problem(404, f"{name[:40]!a}: there is no such subscription")
    return found


@router.get("/feed", response_class=PlainTextResponse)
def feed(
    somebody: SomeCaller,
    service: TheService,
    kind: Annotated[list[str] | None, Query()] = None,
    severity: Annotated[str | None, Query(description="at least: low, medium or high")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> PlainTextResponse:
    """Return what happened last as text, a line each, the latest first: for a display, or whoever reads no JSON."""
    wanted = Filters(kinds=kind, priority=severity)
    with service.store.reading() as connection:
        entries = latest(connection, wanted.kinds, wanted.priority, somebody.parties, limit, subscriptions.TOLD)
    return PlainTextResponse("".join(f"{line(entry)}\n" for entry in entries))
