"""`/api/v1/alarms`: the list, the stream of what changes, and what people do about alarms."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field
from sqlalchemy.engine import Connection

from overflight.errors import MissingError
from overflight.server.access import Caller, SomeCaller, TheService, caller, may
from overflight.server.asked import Body
from overflight.server.problems import Problem
from overflight.server.service import Service
from overflight.store import alarms
from overflight.store.alarm_states import LONGEST_SHELVED

router = APIRouter(prefix="/api/v1/alarms", tags=["alarms"])
_QUIET_S: Final = 10.0
"""How often a stream says something where nothing happens: whoever reads it knows that the line stands."""
_NUMBER: Final = 2**62

Acknowledger = Annotated[Caller, Depends(may("acknowledge"))]
Shelver = Annotated[Caller, Depends(may("shelve"))]
Noter = Annotated[Caller, Depends(may("note"))]
Servicer = Annotated[Caller, Depends(may("service"))]


class Acknowledgement(Body):
    """That an alarm was seen, as it stood at an entry of the log."""

    seen: int = Field(ge=0, lt=_NUMBER)
    note: str | None = None


class Shelf(Body):
    """For how long an alarm is put aside, and why."""

    minutes: float = Field(gt=0, le=LONGEST_SHELVED / timedelta(minutes=1))
    reason: str


class Note(Body):
    """Something to be written to an alarm."""

    note: str


class OutOfService(Body):
    """Whether an alarm is out of service, and why."""

    out: bool
    reason: str


@router.get("")
def list_alarms(somebody: SomeCaller, service: TheService) -> dict[str, Any]:
    """List the alarms that want something of somebody, the most urgent first, and the number of the log's last entry."""
    with service.store.reading() as connection:
        found = alarms.alarms(connection)
        sequence = alarms.last_sequence(connection)
    return {"items": [one for one in found if somebody.sees_event(_parties(one))], "sequence": sequence}


@router.get("/stream", response_class=StreamingResponse)
async def stream(
    request: Request,
    service: TheService,
    after: Annotated[int | None, Query(ge=0, lt=_NUMBER)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Follow the log of alarms as server-sent events ("alarm"), every entry once and in order.

    It goes on after the header `Last-Event-ID`, else after `after`, else after the last entry.
    """
    somebody = await asyncio.to_thread(caller, request)
    begun = after
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19:
        begun = int(last_event_id)
    if begun is None:
        begun = await asyncio.to_thread(_last, service)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _entries(request, service, somebody, begun), media_type="text/event-stream", headers=headers
    )


def _last(service: Service) -> int:
    with service.store.reading() as connection:
        return alarms.last_sequence(connection)


async def _entries(request: Request, service: Service, somebody: Caller, after: int) -> AsyncGenerator[str]:
    yield ": here\n\n"
    looked_s = time.monotonic()
    while not service.stopping.is_set():
        entries = await service.bell.after(after, _QUIET_S)
        if time.monotonic() - looked_s >= _QUIET_S:
            # A session that has ended in the meantime, or sees less now, does not go on as it was.
            looked_s = time.monotonic()
            try:
                somebody = await asyncio.to_thread(caller, request)
            except Problem:
                return
        if not entries:
            yield f"event: quiet\nid: {after}\ndata: {{}}\n\n"
        for entry in entries:
            after = entry["sequence"]
            if somebody.sees_event(entry["parties"]):
                yield f"id: {after}\nevent: alarm\ndata: {json.dumps(entry, ensure_ascii=False)}\n\n"


def _act(service: Service, event_id: str, somebody: Caller, act: Callable[[Connection], int]) -> dict[str, Any]:
    """Do something to an alarm that somebody sees; returns it as it stands then."""
    with service.store.transaction() as connection:
        refuse_unseen(connection, event_id, somebody)
        act(connection)
        found = alarms.alarm(connection, event_id)
    service.bell.ring()
    return found


@router.post("/{event_id}/acknowledge")
def acknowledge(event_id: str, given: Acknowledgement, somebody: Acknowledger, service: TheService) -> dict[str, Any]:
    """Say that you have seen an alarm as it stood at an entry of the log; refused if it has asked again since."""
    user = somebody.account.name
    return _act(service, event_id, somebody, lambda to: alarms.acknowledge(to, event_id, given.seen, user, given.note))


@router.post("/{event_id}/shelve")
def shelve(event_id: str, given: Shelf, somebody: Shelver, service: TheService) -> dict[str, Any]:
    """Put an alarm aside for a while, for a reason."""
    until, user = datetime.now(UTC) + timedelta(minutes=given.minutes), somebody.account.name
    return _act(service, event_id, somebody, lambda to: alarms.shelve(to, event_id, until, user, given.reason))


@router.post("/{event_id}/unshelve")
def unshelve(event_id: str, somebody: Shelver, service: TheService) -> dict[str, Any]:
    """Take an alarm back from the shelf."""
    return _act(service, event_id, somebody, lambda to: alarms.unshelve(to, event_id, somebody.account.name))


@router.post("/{event_id}/note")
def note(event_id: str, given: Note, somebody: Noter, service: TheService) -> dict[str, Any]:
    """Write a note to an alarm."""
    user = somebody.account.name
    return _act(service, event_id, somebody, lambda to: alarms.add_note(to, event_id, user, given.note))


@router.post("/{event_id}/service")
def put_out_of_service(event_id: str, given: OutOfService, somebody: Servicer, service: TheService) -> dict[str, Any]:
    """Take an alarm out of service, or put it back."""
    user = somebody.account.name
    return _act(service, event_id, somebody, lambda to: alarms.service(to, event_id, user, given.reason, out=given.out))


@router.get("/{event_id}/log")
def log(event_id: str, somebody: SomeCaller, service: TheService) -> dict[str, Any]:
    """List everything that ever happened to an alarm, in order."""
    with service.store.reading() as connection:
        refuse_unseen(connection, event_id, somebody)
        return {"items": alarms.history(connection, event_id)}


def refuse_unseen(connection: Connection, event_id: str, somebody: Caller) -> dict[str, Any]:
    """Return an alarm, if somebody may see it.

    Raises:
        MissingError: there is none, or they may not: that there is one is not said either.
    """
    if not event_id.isprintable():
        raise MissingError("there is no such event", path="the event", remedy="look at the list of events")
    found = alarms.alarm(connection, event_id)
    if not somebody.sees_event(_parties(found)):
        raise MissingError("there is no such event", path=event_id[:40], remedy="look at the list of events")
    return found


def _parties(alarm: dict[str, Any]) -> list[str | None]:
    return [alarm["event"]["party_a"], alarm["event"]["party_b"]]
