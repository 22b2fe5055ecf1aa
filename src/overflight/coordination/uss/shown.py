"""Which operations somebody sees on the map: a party its own, and of others what is in their way, coarse; whoever is of no party all of them, coarse."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.airspace.declarations import declared_airspace
from overflight.airspace.volume import STRAIGHT, Airspace, Limit, Part, Ring, Volume, Window
from overflight.airspace.write import geojson
from overflight.coordination.uss.declared import Place, read_declared
from overflight.coordination.uss.disclosure import Coarseness, coarse
from overflight.coordination.uss.operations import ENDED
from overflight.coordination.uss.tables import OPERATIONS, PARTIES
from overflight.units import FT_M

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def shown(connection: Connection, party: str | None, now_us: int, coarseness: Coarseness) -> dict[str, Any]:
    """Return operations that are not over as GeoJSON, of the kind `operation`; `party` is whose they are to be seen for, None for nobody's."""
    whose = OPERATIONS.join(PARTIES, PARTIES.c.party == OPERATIONS.c.party)
    live = sa.select(OPERATIONS, PARTIES.c.pseudonym).select_from(whose)
    live = live.where(OPERATIONS.c.state != ENDED, OPERATIONS.c.end_us >= now_us).order_by(OPERATIONS.c.id)
    rows = [(row, read_declared(json.loads(row.declared))) for row in connection.execute(live)]
    own = [declared for row, declared in rows if party is not None and row.party == party]
    volumes: list[Volume] = []
    for row, declared in rows:
        name = f"{row.state} operation, {declared.precedence}"
        if row.party == party:
            told = enumerate(declared.told()["volumes"])
            volumes += [_named(declared_airspace(one, "volumes", f"{row.id} {k}", row.party), name) for k, one in told]
            continue
        places = declared.places if party is None else {one: None for mine in own for one in mine.meeting(declared)}
        volumes += [_box(one, coarseness, f"{row.id} {k}", f"{row.pseudonym}: {name}") for k, one in enumerate(places)]
    found: dict[str, Any] = json.loads(geojson(Airspace(tuple(volumes))))
    for feature in found["features"]:
        feature["properties"]["kind"] = "operation"
    return found


def _named(volume: Volume, name: str) -> Volume:
    return Volume(
        volume.id, name, volume.kind, volume.parts, volume.floor, volume.ceiling, volume.active, owner=volume.owner
    )


def _box(place: Place, coarseness: Coarseness, number: str, name: str) -> Volume:
    box = coarse(place, coarseness)
    latitude = np.array([box.south, box.south, box.north, box.north])
    longitude = (np.array([box.west, box.east, box.east, box.west]) + 180.0) % 360.0 - 180.0
    ring = Ring(latitude, longitude, np.full(4, STRAIGHT, np.uint8))
    reference = "STD" if box.band.pressure else "AMSL"
    floor, ceiling = (Limit(reference, round(m / FT_M, 1)) for m in (box.band.lower_m, box.band.upper_m))
    start, end = (_EPOCH + timedelta(microseconds=moment) for moment in (box.start_us, box.end_us))
    return Volume(number, name, "keep_out", (Part(ring),), floor, ceiling, (Window(start, end),))
