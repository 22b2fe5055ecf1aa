"""`/api/v1`: a party's operations, what is in their way, and what the party is told of others'."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query
from fastapi.responses import JSONResponse

from overflight.airspace.operational import written, written_time
from overflight.coordination.uss import parties
from overflight.coordination.uss.declarations import log_rows
from overflight.coordination.uss.declared import read_declared
from overflight.coordination.uss.foreign import Restriction
from overflight.coordination.uss.operations import Operation, Outcome
from overflight.coordination.uss.shifts import Shift
from overflight.coordination.uss.shown import shown
from overflight.server.access import Caller, Downloader, SomeCaller, TheService, may
from overflight.server.asked import Body as Asked
from overflight.server.asked import utc
from overflight.server.problems import Problem, problem
from overflight.store.alarms import to_us
from overflight.store.audit import note
from overflight.units import FT_M

router = APIRouter(prefix="/api/v1", tags=["operations"])
Administrator = Annotated[Caller, Depends(may("administer"))]


def _party(somebody: Annotated[Caller, Depends(may("declare"))]) -> str:
    """Return the party that somebody declares for.

    Raises:
        Problem: 403, none.
    """
    if somebody.account.party is None:
        raise Problem(403, "your account is of no party; operations are declared for one")
    return somebody.account.party


Party = Annotated[str, Depends(_party)]


class Acknowledged(Asked):
    """Up to which sequence a party has what it was told."""

    sequence: int


class Suspension(Asked):
    """Why a party is suspended; null lets it back in."""

    why: str | None = None


@router.get("/operations")
def list_operations(party: Party, service: TheService) -> dict[str, Any]:
    """List your party's operations, the latest first."""
    return {"items": [_told(one) for one in service.coordination.operations.own(party)]}


@router.post("/operations", status_code=201, responses={409: {}})
def declare(told: Annotated[dict[str, Any], Body()], party: Party, service: TheService) -> Any:
    """Declare an operation: planned if it is clear of what it must give way to. Otherwise 409 says what is in its way, and how it would be clear."""
    return _answer(service.coordination.operations.declare(party, read_declared(told)), 201)


@router.get("/operations/{operation_id}/conflicts")
def list_conflicts(operation_id: str, party: Party, service: TheService) -> dict[str, Any]:
    """List what is in the way of one of your party's operations, coarse, and nothing else."""
    return {"items": [asdict(one) for one in service.coordination.operations.conflicts(party, operation_id)]}


@router.post("/operations/{operation_id}/activate", responses={409: {}})
def activate(operation_id: str, party: Party, service: TheService) -> Any:
    """Let a planned operation begin, if it is still clear."""
    return _answer(service.coordination.operations.activate(party, operation_id), 200)


@router.post("/operations/{operation_id}/release")
def release(operation_id: str, party: Party, service: TheService) -> dict[str, Any]:
    """End an operation before its time, so that others may have its place."""
    return _told(service.coordination.operations.release(party, operation_id))


@router.get("/operations/map")
def map_operations(somebody: SomeCaller, service: TheService) -> dict[str, Any]:
    """Return live operations as GeoJSON: your party's, and of others what is in their way, coarse; all, coarse, if you are of no party."""
    operations = service.coordination.operations
    with service.store.reading() as connection:
        return shown(connection, somebody.account.party, operations.now_us(), operations.coarseness)


@router.get("/operations/log")
def list_log(
    somebody: Downloader, service: TheService, since: Annotated[datetime | None, Query()] = None
) -> list[dict[str, Any]]:
    """List what was declared or suspended and is not over since a time, as a log for `overflight check --log`: your party's; an administrator gets all."""
    if somebody.account.party is None and not somebody.account.may("administer"):
        raise Problem(403, "it says whose each operation is: of all parties it is for administrators alone")
    since_us = 0 if since is None else to_us(utc(since, "since"))
    with service.store.reading() as connection:
        return log_rows(connection, since_us, somebody.account.party)


@router.get("/deliveries")
def list_deliveries(
    party: Party, service: TheService, after: Annotated[int, Query(ge=0, le=2**62)] = 0
) -> dict[str, Any]:
    """List what your party was told after a sequence, and say that it is there."""
    now_us = service.coordination.operations.now_us()
    with service.store.transaction() as connection:
        parties.pseudonym_of(connection, party, now_us)
        parties.heard(connection, party, now_us)
        return {"items": parties.deliveries(connection, party, after)}


@router.post("/deliveries/acknowledge")
def acknowledge(told: Acknowledged, party: Party, service: TheService) -> dict[str, Any]:
    """Say that your party has what it was told up to a sequence."""
    with service.store.transaction() as connection:
        parties.acknowledge(connection, party, told.sequence, service.coordination.operations.now_us())
    return {"sequence": told.sequence}


@router.put("/parties/{party}/suspension")
def suspend(party: str, told: Suspension, somebody: Administrator, service: TheService) -> dict[str, Any]:
    """Suspend a party: it may plan nothing, and what it has planned stays in the way. Null lets it back in."""
    with service.store.transaction() as connection:
        parties.suspend(connection, party, told.why or None, service.coordination.operations.now_us())
        note(connection, somebody.actor, "suspend" if told.why else "let back in", party)
    return {"party": party, "why": told.why}


def _answer(outcome: Outcome, status: int) -> Any:
    conflicts = [asdict(one) for one in outcome.conflicts]
    if outcome.operation is not None:
        restrictions = [_restriction(one) for one in outcome.restrictions]
        told = {"operation": _told(outcome.operation), "conflicts": conflicts, "constraints": restrictions}
        return JSONResponse(told, status)
    proposed = [_proposed(one) for one in outcome.shifts]
    if any(one.stale for one in outcome.conflicts):
        said = "a party whose operation is in the way is silent; what it does is not known"
    else:
        said = f"{_counted(len(conflicts))} in the way"
    return problem(409, said, conflicts=conflicts, shifts=proposed)


def _counted(count: int) -> str:
    return f"{count} operation is" if count == 1 else f"{count} operations are"


def _told(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "state": operation.state,
        "start": written_time(operation.start_us)["value"],
        "end": written_time(operation.end_us)["value"],
        **operation.declared.told(),
    }


def _restriction(one: Restriction) -> dict[str, Any]:
    return {"id": one.id, "manager": one.manager, "what": one.what, "volumes": [written(each) for each in one.volumes]}


def _proposed(shift: Shift) -> dict[str, Any]:
    return {
        "kind": shift.kind,
        "steps": shift.steps,
        "later_s": shift.later_us // 1_000_000,
        "higher_ft": round(shift.higher_m / FT_M),
        "distance_m": shift.distance_m,
        "bearing_deg": shift.bearing_deg,
        "operation": shift.declared.told(),
    }
