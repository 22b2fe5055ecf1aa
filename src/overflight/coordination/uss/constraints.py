"""`Constraints`: notices and hazard volumes in the register, as constraints that everybody who plans is told of.

A constraint is larger than its volume rather than smaller: without its holes, at all levels that its limits may stand for, whatever the weather. One without an
end is there for a day at a time, and renewed in time: should nobody serve it any more, it goes.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.airspace.bands import HIGHEST_FL, Band
from overflight.airspace.levels import levels
from overflight.airspace.operational import Polygon, Volume, written
from overflight.airspace.volume import STRAIGHT, Ring, Window
from overflight.airspace.volume import Volume as Zone
from overflight.coordination.dss.answers import intent_or_constraint
from overflight.coordination.dss.client import Client
from overflight.coordination.dss.entities import CONSTRAINT, Entity, read_entity
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.requests import MANAGEMENT
from overflight.coordination.dss.shapes import Shape
from overflight.coordination.dss.tables import ENTITIES
from overflight.coordination.uss.telling import Telling
from overflight.errors import ParameterError
from overflight.units import FT_M

MANAGER: Final = "overflight-notices"
"""Who manages them, as the register has it."""
DAY_US: Final = 24 * 3_600_000_000
RENEW_US: Final = DAY_US // 2
_LOWEST_M: Final = -500.0
_STEP_DEG: Final = 0.1
"""How far apart points on a straight edge are: geodesics between them leave it by less than 10 m up to 75 degrees of latitude."""
_log = logging.getLogger("overflight.server")


class Constraints:
    """The constraints that a service publishes out of its airspace."""

    def __init__(self, telling: Telling, zones: Iterable[Zone]) -> None:
        """Take who tells others, over a register, and volumes of airspace of which notices and hazards are published."""
        self._register, self._telling = telling.register, telling
        self._zones = [zone for zone in zones if zone.kind == "hazard" or zone.notice]
        self._client = Client(MANAGER, frozenset({MANAGEMENT}))
        self._refused: set[str] = set()
        self._what: dict[str, str] = {}

    def publish(self) -> tuple[int, int]:
        """Put into the register what is not there or soon ends, and take out what is no longer; returns how many of each."""
        now = self._register.clock()
        wanted = {
            name: (zone, window) for zone in self._zones for name, window in _windows(zone) if not _over(window, now)
        }
        self._what = {name: _called(zone) for name, (zone, _) in wanted.items()}
        put = 0
        for name, (zone, window) in wanted.items():
            with self._register.database.reading() as connection:
                there = read_entity(connection, CONSTRAINT, name)
            start, end = _times(window, now)
            if there is not None and there.end_us >= min(end, now + RENEW_US):
                continue
            put += self._put(name, there, zone, start, end)
        return put, self._take_out(set(wanted))

    def details(self, name: str) -> dict[str, Any]:
        """Return one of them as everybody is told of it (`Constraint` of the standard's API).

        Raises:
            Refusal: 404, there is none here.
        """
        with self._register.database.reading() as connection:
            entity = read_entity(connection, CONSTRAINT, name)
            if entity is None or entity.manager != MANAGER:
                raise Refusal(404, f"there is no constraint {name} here")
            return self._told(connection, entity)

    def _told(self, connection: Connection, entity: Entity) -> dict[str, Any]:
        states = self._register.availabilities.of(connection, {MANAGER})
        details = {"type": self._what.get(entity.id, "notice"), "volumes": [written(one) for one in entity.volumes]}
        return {"reference": intent_or_constraint(entity, MANAGER, states), "details": details}

    def _put(self, name: str, there: Entity | None, zone: Zone, start_us: int, end_us: int) -> int:
        def within(connection: Connection, entity: Entity, subscribers: list[dict[str, Any]]) -> None:
            self._telling.constraint(connection, entity, subscribers, self._told(connection, entity))

        try:
            shape = Shape(_volumes(zone, start_us, end_us))
            ovn = None if there is None else there.ovn
            self._register.put_constraint(self._client, name, ovn, shape, self._telling.base_url, within)
        except (ParameterError, Refusal) as error:
            if zone.id not in self._refused:  # said once: it is not published, and nobody is told of it
                _log.error("a volume cannot be a constraint", extra={"volume": zone.id, "reason": str(error)})
            self._refused.add(zone.id)
            return 0
        return 1

    def _take_out(self, wanted: set[str]) -> int:
        mine = sa.select(ENTITIES.c.id, ENTITIES.c.ovn).where(
            ENTITIES.c.kind == CONSTRAINT, ENTITIES.c.manager == MANAGER
        )
        with self._register.database.reading() as connection:
            gone = [row for row in connection.execute(mine) if row.id not in wanted]

        def within(connection: Connection, entity: Entity, subscribers: list[dict[str, Any]]) -> None:
            self._telling.constraint(connection, entity, subscribers, None)

        for row in gone:
            self._register.delete_constraint(self._client, row.id, row.ovn, within)
        return len(gone)


def _called(zone: Zone) -> str:
    return " ".join(one for one in (zone.kind, zone.name or zone.id) if one)


def _windows(zone: Zone) -> list[tuple[str, Window]]:
    """Return each time of a volume, with an id that is the same again for the same volume and time."""
    found: list[tuple[str, Window]] = []
    for window in zone.active or (Window(None, None),):
        told = f"{zone.id}|{window.start}|{None if zone.estimated_end else window.end}|{zone.floor}|{zone.ceiling}|{zone.raw}"
        name = uuid.UUID(bytes=hashlib.sha256(told.encode()).digest()[:16], version=4)
        found.append((str(name), Window(window.start, None) if zone.estimated_end else window))
    return found


def _over(window: Window, now_us: int) -> bool:
    return window.end is not None and _us(window.end) < now_us


def _times(window: Window, now_us: int) -> tuple[int, int]:
    """Return from when to when a constraint is there for now."""
    start = now_us if window.start is None else _us(window.start)
    return start, max(start, now_us) + DAY_US if window.end is None else _us(window.end)


def _volumes(zone: Zone, start_us: int, end_us: int) -> list[Volume]:
    possible, _ = levels(zone)
    low_m = possible.floor_ft * FT_M if np.isfinite(possible.floor_ft) else _LOWEST_M
    high_m = possible.ceiling_ft * FT_M if np.isfinite(possible.ceiling_ft) else HIGHEST_FL * 100.0 * FT_M
    band = Band(max(low_m, _LOWEST_M), max(high_m, _LOWEST_M), pressure=True).above_ellipsoid()
    return [Volume(_polygon(part.outer), band.lower_m, band.upper_m, start_us, end_us) for part in zone.parts]


def _polygon(ring: Ring) -> Polygon:
    latitude: list[float] = []
    longitude: list[float] = []
    for k in range(len(ring)):
        here, there = (
            (ring.latitude[k], ring.longitude[k]),
            (ring.latitude[k - len(ring) + 1], ring.longitude[k - len(ring) + 1]),
        )
        along = (there[1] - here[1] + 180.0) % 360.0 - 180.0
        pieces = 1
        if ring.edge[k] == STRAIGHT:
            pieces = max(1, int(np.ceil(max(abs(along), abs(there[0] - here[0])) / _STEP_DEG)))
        for piece in range(pieces):
            latitude.append(float(here[0] + (there[0] - here[0]) * piece / pieces))
            longitude.append(float((here[1] + along * piece / pieces + 180.0) % 360.0 - 180.0))
    return Polygon(tuple(latitude), tuple(longitude))


def _us(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1_000_000)
