"""Entities of the register (operational intents, constraints, subscriptions) in the database, and finding them by where and when they are."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.engine import Connection

from overflight.airspace.operational import Volume, read_volume, written
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.shapes import Shape, Shapes
from overflight.coordination.dss.tables import CELLS, ENTITIES

INTENT: Final = "operational intent"
CONSTRAINT: Final = "constraint"
SUBSCRIPTION: Final = "subscription"
KINDS: Final = (INTENT, CONSTRAINT, SUBSCRIPTION)
MOST_FOUND: Final = 5_000
"""Where more than this may be in an area, nothing is answered but that: what is left out could be what one flies into."""
_INSERT_POSTGRESQL: Final = insert_postgresql(ENTITIES).on_conflict_do_nothing().returning(ENTITIES.c.id)
_INSERT_SQLITE: Final = insert_sqlite(ENTITIES).on_conflict_do_nothing().returning(ENTITIES.c.id)
_INSERT_CELLS: Final = CELLS.insert()
_READ: Final = sa.select(ENTITIES).where(ENTITIES.c.kind == sa.bindparam("kind"), ENTITIES.c.id == sa.bindparam("id"))
_TOUCHED_POSTGRESQL: Final = (
    "WITH near AS MATERIALIZED (SELECT DISTINCT c.id FROM unnest(CAST(:low AS bigint[]), CAST(:high AS bigint[])) AS r(low, high)"
    " CROSS JOIN LATERAL (SELECT id FROM dss_cells"
    " WHERE kind = :kind AND cell BETWEEN r.low AND r.high OFFSET 0) AS c) SELECT id FROM near"
)
_TOUCHED_SQLITE: Final = (
    "SELECT c.id FROM json_each(:ranges) r CROSS JOIN dss_cells c"
    " ON c.kind = :kind AND c.cell BETWEEN json_extract(r.value, '$[0]') AND json_extract(r.value, '$[1]')"
)
"""Ranges of cells, each looked up in the index, and first: what PostgreSQL would plan by itself goes through all entities, as it knows nothing of ranges.
A condition for each range would be compiled anew for every question."""
_NEAR: Final = (
    "SELECT * FROM dss_entities WHERE kind = :kind AND id IN ({touched}) AND end_us >= :start AND start_us <= :end"
    " AND upper_m >= :lower AND lower_m <= :upper AND {unknown} LIMIT :most"
)
_NEAR_POSTGRESQL: Final = sa.text(
    _NEAR.format(touched=_TOUCHED_POSTGRESQL, unknown="ovn <> ALL(CAST(:known AS text[]))")
)
_NEAR_SQLITE: Final = sa.text(
    _NEAR.format(touched=_TOUCHED_SQLITE, unknown="ovn NOT IN (SELECT value FROM json_each(:known))")
)
_EVER: Final = 1 << 62
_FAR_M: Final = 1e9


@dataclass(frozen=True)
class Entity:
    """One of them, as it stands.

    Attributes:
        kind: of `KINDS`.
        manager: who made it and may change it, as their tokens name them.
        version: how often it was changed, from 1.
        ovn: 128 random bits of this version, as text.
        base_url: where its manager answers for it.
        volumes: where and when it is.
        state: of an intent.
        subscription: of an intent, the subscription that keeps its manager informed.
        for_intents, for_constraints: of a subscription, what changes notify.
        implicit: of a subscription, whether it was made with an intent, and goes with it.
        notified: of a subscription, the index of its last notification.
    """

    kind: str
    id: str
    manager: str
    version: int
    ovn: str
    base_url: str
    volumes: tuple[Volume, ...]
    state: str | None = None
    subscription: str | None = None
    for_intents: bool = False
    for_constraints: bool = False
    implicit: bool = False
    notified: int = 0

    @property
    def start_us(self) -> int:
        """When the first of its volumes begins."""
        return min(one.start_us for one in self.volumes if one.start_us is not None)

    @property
    def end_us(self) -> int:
        """When the last of its volumes ends."""
        return max(one.end_us for one in self.volumes if one.end_us is not None)


def new_ovn() -> str:
    """Return 128 random bits as text."""
    return secrets.token_urlsafe(16)


def read_entity(connection: Connection, kind: str, name: str) -> Entity | None:
    """Return an entity; None where there is none."""
    row = connection.execute(_READ, {"kind": kind, "id": name}).mappings().first()
    return None if row is None else _entity(row)


def read_cells(connection: Connection, kind: str, names: Collection[str]) -> set[int]:
    """Return the cells that entities are in."""
    chosen = sa.select(CELLS.c.cell).where(CELLS.c.kind == kind, CELLS.c.id.in_(names))
    return set(connection.execute(chosen).scalars())


def write_entity(connection: Connection, entity: Entity, shape: Shape, old: Entity | None) -> None:
    """Write an entity in place of what was, or where nothing was.

    Raises:
        Refusal: 409, it is no longer as it was.
    """
    values = _values(entity, shape)
    if old is None:
        insert = _INSERT_POSTGRESQL if connection.dialect.name == "postgresql" else _INSERT_SQLITE
        done = connection.execute(insert, values)
    else:
        as_it_was = (ENTITIES.c.kind == old.kind) & (ENTITIES.c.id == old.id) & (ENTITIES.c.ovn == old.ovn)
        del values["notified"]  # which others count on
        done = connection.execute(ENTITIES.update().where(as_it_was).values(values).returning(ENTITIES.c.id))
    if done.first() is None:
        raise Refusal(409, f"the {entity.kind} was changed by somebody else at the same time; read it again")
    if old is None or old.volumes != entity.volumes:
        if old is not None:
            connection.execute(CELLS.delete().where(CELLS.c.kind == old.kind, CELLS.c.id == old.id))
        connection.execute(
            _INSERT_CELLS, [{"kind": entity.kind, "cell": cell, "id": entity.id} for cell in shape.cells]
        )


def remove_entity(connection: Connection, entity: Entity) -> None:
    """Remove an entity."""
    for table in (CELLS, ENTITIES):
        connection.execute(table.delete().where(table.c.kind == entity.kind, table.c.id == entity.id))


def dependants(connection: Connection, subscription: str) -> list[Entity]:
    """Return the intents that a subscription keeps informed."""
    chosen = sa.select(ENTITIES).where(ENTITIES.c.subscription == subscription).order_by(ENTITIES.c.id)
    return [_entity(row) for row in connection.execute(chosen).mappings()]


def nearby(
    connection: Connection, kind: str, shape: Shape, shapes: Shapes, known: Collection[str] = ()
) -> list[Entity]:
    """Return entities that may meet a shape, by cells, times and levels, but for those of known OVNs: none is missing, and some may only be near.

    Raises:
        Refusal: 413, they are more than `MOST_FOUND`.
    """
    ranges = shape.ranges
    told = {
        "kind": kind,
        "start": -_EVER if shape.start_us is None else shape.start_us,
        "end": _EVER if shape.end_us is None else shape.end_us,
        "lower": max(shape.lower_m, -_FAR_M),
        "upper": min(shape.upper_m, _FAR_M),
        "most": MOST_FOUND + 1,
    }
    if connection.dialect.name == "postgresql":
        told |= {"low": [low for low, _ in ranges], "high": [high for _, high in ranges], "known": list(known)}
        rows = connection.execute(_NEAR_POSTGRESQL, told).mappings().all()
    else:
        rows = (
            connection.execute(_NEAR_SQLITE, told | {"ranges": json.dumps(ranges), "known": json.dumps(list(known))})
            .mappings()
            .all()
        )
    if len(rows) > MOST_FOUND:
        raise Refusal(
            413, f"more than {MOST_FOUND:,} {kind}s are there; ask for a smaller area, less time or fewer levels"
        )
    return sorted((_entity(row, shapes) for row in rows), key=lambda one: one.id)


def _entity(row: Any, shapes: Shapes | None = None) -> Entity:
    def made() -> Shape:
        return Shape([read_volume(one) for one in json.loads(row["extents"])])

    told = {one.name: row[one.name] for one in fields(Entity) if one.name != "volumes"}
    for flag in ("for_intents", "for_constraints", "implicit"):
        told[flag] = bool(told[flag])
    return Entity(**told, volumes=(made() if shapes is None else shapes.of(row["ovn"], made)).volumes)


def _values(entity: Entity, shape: Shape) -> dict[str, Any]:
    values = {one.name: getattr(entity, one.name) for one in fields(Entity) if one.name != "volumes"}
    return values | {
        "extents": json.dumps([written(one) for one in entity.volumes], separators=(",", ":")),
        "start_us": entity.start_us,
        "end_us": entity.end_us,
        "lower_m": max(shape.lower_m, -_FAR_M),
        "upper_m": min(shape.upper_m, _FAR_M),
    }
