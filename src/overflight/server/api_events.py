"""`/api/v1/events`: what was found, by time, area, kind, priority, track and party; as pages, as files, and as a report."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Response

from overflight.errors import ParameterError
from overflight.events import from_records, write_events
from overflight.server.access import Downloader, SomeCaller, TheService
from overflight.server.api_alarms import refuse_unseen
from overflight.server.asked import utc
from overflight.store import alarms, search
from overflight.store.search import Filters
from overflight.units import parse_bbox

router = APIRouter(prefix="/api/v1/events", tags=["events"])
MOST_DOWNLOADED: Final = 100_000
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "geojson": "application/geo+json",
    "geoparquet": "application/vnd.apache.parquet",
    "parquet": "application/vnd.apache.parquet",
    "kml": "application/vnd.google-earth.kml+xml",
}
_AROUND: Final = timedelta(minutes=20)


def filters(
    somebody: SomeCaller,
    start: Annotated[
        datetime | None, Query(alias="from", description="events that go on at or after this time")
    ] = None,
    end: Annotated[datetime | None, Query(alias="to", description="events that began before this time")] = None,
    bbox: Annotated[str | None, Query(description="W,S,E,N in degrees", max_length=200)] = None,
    kind: Annotated[list[str] | None, Query()] = None,
    severity: Annotated[str | None, Query(description="at least: low, medium or high")] = None,
    track: Annotated[str | None, Query(max_length=200)] = None,
    party: Annotated[list[str] | None, Query(description="events of these parties, and of none")] = None,
    withdrawn: Annotated[bool, Query(description="also what turned out to be none")] = False,
) -> Filters:
    """Read what events are wanted, of those that somebody may see."""
    parties: frozenset[str] | None = somebody.parties
    if party is not None:
        parties = frozenset(party) if parties is None else parties & frozenset(party)
    return Filters(
        None if start is None else utc(start, "from"),
        None if end is None else utc(end, "to"),
        None if bbox is None else parse_bbox(bbox),
        kind,
        severity,
        track,
        parties,
        withdrawn,
    )


Wanted = Annotated[Filters, Depends(filters)]


@router.get("")
def list_events(
    wanted: Wanted,
    service: TheService,
    limit: Annotated[int, Query(ge=1, le=search.MOST)] = 100,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """List events, the latest first; `next`, given as `after`, asks for those that follow."""
    with service.store.reading() as connection:
        items, following = search.events(connection, wanted, limit, after)
    return {"items": items, "next": following}


@router.get("/download")
def download(
    wanted: Wanted,
    _: Downloader,
    service: TheService,
    form: Annotated[Literal["csv", "json", "geojson", "geoparquet", "parquet", "kml"], Query(alias="format")] = "csv",
) -> Response:
    """Download the events as one file; refused where they are too many for one."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    with service.store.reading() as connection:
        while True:
            items, after = search.events(connection, wanted, search.MOST, after)
            found += items
            if after is None:
                break
            if len(found) >= MOST_DOWNLOADED:
                remedy = "ask for less time, a smaller area or fewer kinds"
                raise ParameterError("from", len(found), "events and more are too many for one file", remedy=remedy)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"events.{form}"
        write_events(from_records(found).sort("start", "id"), path)
        content = path.read_bytes()
    return Response(content, media_type=_TYPES[form], headers=as_file(f"overflight-events.{form}"))


@router.get("/{event_id}")
def one(event_id: str, somebody: SomeCaller, service: TheService) -> dict[str, Any]:
    """Return an event with its alarm, and everything that happened to it."""
    with service.store.reading() as connection:
        found = refuse_unseen(connection, event_id, somebody)
        return found | {"log": alarms.history(connection, event_id)}


@router.get("/{event_id}/report")
def report(event_id: str, somebody: SomeCaller, service: TheService) -> Response:
    """Download the report of an event: one HTML file that needs nothing else."""
    from overflight.report.one_event import compose

    with service.store.reading() as connection:
        event = refuse_unseen(connection, event_id, somebody)["event"]
    events = from_records([event])
    row = events.to_dicts()[0]
    sides = [row[side] for side in ("track_a", "track_b") if row[side] is not None]
    table = service.positions.read(row["start"] - _AROUND, row["end"] + _AROUND, tracks=sides)
    page = compose(events, table, service.work.airspace, service.work.parameters.described())
    return Response(page, media_type="text/html; charset=utf-8", headers=as_file(f"overflight-{event_id}.html"))


def as_file(name: str) -> dict[str, str]:
    """Return the headers with which a browser keeps an answer as a file."""
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
