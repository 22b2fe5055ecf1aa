"""`/api/v1`: the sky now, over a WebSocket, and as it was; the volumes; and how the service is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Query, Response, WebSocket, WebSocketDisconnect

from overflight.airspace.write import geojson
from overflight.errors import ParameterError
from overflight.server.access import Caller, SomeCaller, TheService, caller, service_of
from overflight.server.asked import utc
from overflight.server.pictures import Watcher
from overflight.server.problems import Problem
from overflight.server.service import Service

router = APIRouter(prefix="/api/v1", tags=["sky"])
LONGEST: Final = timedelta(hours=6)
MOST_POSITIONS: Final = 200_000
_STEPS_S: Final = (1, 2, 5, 10, 20, 30, 60)
_CHECKED: Final = 15
"""Pictures after which it is looked again whether a watcher may still watch."""
_UNKNOWN_SESSION: Final = 4401


@router.get("/status")
def status(_: SomeCaller, service: TheService) -> dict[str, Any]:
    """Say what is looked at and what is not: sources, nets, how far it is judged, and what is wrong."""
    return service.status()


@router.get("/volumes")
def volumes(_: SomeCaller, service: TheService) -> Response:
    """Return the volumes that flights are held against, as GeoJSON."""
    return Response(geojson(service.work.airspace), media_type="application/geo+json")


@router.get("/positions")
def positions(
    somebody: SomeCaller,
    service: TheService,
    start: Annotated[datetime, Query(alias="from")],
    end: Annotated[datetime, Query(alias="to")],
    track: Annotated[list[str] | None, Query(max_length=1000)] = None,
) -> dict[str, Any]:
    """Return what flew from a time to before another, track by track, columns in order of time.

    Where there are too many positions, each track's last of every `step_s` seconds is given; `t` is in seconds after `from`.
    """
    start, end = utc(start, "from"), utc(end, "to")
    if not timedelta(0) < end - start <= LONGEST:
        remedy = f"ask for at most {LONGEST / timedelta(hours=1):g} h"
        raise ParameterError("to", end.isoformat(), "is too far from `from`, or before it", remedy=remedy)
    kept = service.positions
    for step_s in (0, *_STEPS_S):
        if kept.count(start, end, tracks=track, parties=somebody.parties, every_s=step_s) <= MOST_POSITIONS:
            table = kept.read(start, end, tracks=track, parties=somebody.parties, every_s=step_s)
            break
    else:
        remedy = "ask for less time, or for some tracks"
        raise ParameterError("to", end.isoformat(), "is too far: there are too many positions", remedy=remedy)
    return {"from": start.isoformat(), "to": end.isoformat(), "step_s": step_s, "tracks": _by_track(table, start)}


def _by_track(table: pl.DataFrame, start: datetime) -> list[dict[str, Any]]:
    seconds = ((pl.col("timestamp") - start).dt.total_microseconds() / 1e6).round(2)
    columns = table.select(
        "track_id",
        *(pl.col(name).drop_nulls().last().over("track_id") for name in ("callsign", "icao24", "squawk", "party")),
        pl.col("source").cast(pl.String).drop_nulls().last().over("track_id"),
        seconds.alias("t"),
        pl.col("latitude", "longitude").round(6),
        *(pl.col(name).cast(pl.Float64).round(1) for name in ("altitude", "groundspeed", "track", "vertical_rate")),
        "flags",
    )
    named = ("track_id", "callsign", "icao24", "squawk", "party", "source")
    rest = [name for name in columns.columns if name not in named]
    found: list[dict[str, Any]] = []
    for part in columns.partition_by("track_id", maintain_order=True):
        head = part.row(0, named=True)
        lists = {name: [None if _nan(value) else value for value in part[name]] for name in rest}
        found.append({name: head[name] for name in named} | lists)
    return found


def _nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


@router.websocket("/tracks/live")
async def live(socket: WebSocket) -> None:
    """Send the sky once a second: what numbers stand for and how the loop is as text, the picture as bytes (`overflight.server.sky`)."""
    service = service_of(socket)
    try:
        somebody = await asyncio.to_thread(caller, socket)
    except Problem as refused:
        await socket.accept()  # a browser is told why a line was closed, but not why none was opened
        await socket.close(_UNKNOWN_SESSION, refused.detail)
        return
    await socket.accept()
    watcher = Watcher()
    if service.pictures.last is not None:
        watcher.offer(*service.pictures.last)
    service.pictures.watchers.add(watcher)
    sender = asyncio.create_task(_send(socket, service, watcher, somebody))
    listener = asyncio.create_task(_listen(socket))
    stopping = asyncio.create_task(service.stopping.wait())
    try:
        await asyncio.wait({sender, listener, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.done():
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(1001, "the service stops")
    finally:
        service.pictures.watchers.discard(watcher)
        for task in (sender, listener, stopping):
            task.cancel()
        await asyncio.gather(sender, listener, stopping, return_exceptions=True)


async def _send(socket: WebSocket, service: Service, watcher: Watcher, somebody: Caller) -> None:
    place, sent = 0, 0
    while True:
        picture, told = await watcher.next()
        sent += 1
        if sent % _CHECKED == 0:
            try:
                somebody = await asyncio.to_thread(caller, socket)
            except Problem as refused:
                await socket.close(_UNKNOWN_SESSION, refused.detail)
                return
        names, place = service.sky.names_after(place, somebody.sees)
        await socket.send_text(json.dumps({"names": names, "status": told}, ensure_ascii=False))
        await socket.send_bytes(picture.frame(somebody.sees))


async def _listen(socket: WebSocket) -> None:
    """Wait until the line is closed; what comes over it means nothing."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.receive_bytes()
