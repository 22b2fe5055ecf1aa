"""`Register`: operational intents and constraints of all, as ASTM F3548-21 wants a DSS to keep them. Nobody changes the airspace without knowing it.

Whoever plans an intent shows the OVNs of all others that it meets, which they get from the others' managers only: who has them has seen the details. A change
answers with the subscriptions whose holders its maker has to notify: those that the old or the new volumes meet.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.coordination.dss import requests
from overflight.coordination.dss.answers import intent_or_constraint, references, subscription_of, union_of
from overflight.coordination.dss.availability import Availabilities
from overflight.coordination.dss.changes import write_change
from overflight.coordination.dss.client import Client
from overflight.coordination.dss.entities import (
    CONSTRAINT,
    INTENT,
    SUBSCRIPTION,
    Entity,
    dependants,
    nearby,
    new_ovn,
    read_cells,
    read_entity,
    remove_entity,
    write_entity,
)
from overflight.coordination.dss.lacking import keep_lacking
from overflight.coordination.dss.locks import Locks, lock_cells
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.requests import CONFORMANCE, PLANNED, PROCESSING, STRATEGIC, IntentRequest
from overflight.coordination.dss.shapes import Shape, Shapes
from overflight.coordination.dss.tables import ENTITIES
from overflight.coordination.dss.turns import Turns
from overflight.database import Database

_ATTEMPTS: Final = 5
Within = Callable[[Connection, Entity, list[dict[str, Any]]], None]
"""What is done in the transaction of a change, with the entity as it then is, or was, and the subscribers to be notified."""


def now_us() -> int:
    """Return the time of the clock on the wall, us since 1970."""
    return time.time_ns() // 1000


class Register:
    """What is in a database; any number of threads may use it, and on PostgreSQL any number of servers."""

    def __init__(self, database: Database, clock: Callable[[], int] = now_us) -> None:
        """Take a database that has the tables, and a clock (us since 1970)."""
        self.database, self.clock = database, clock
        self.availabilities = Availabilities(database)
        self._locks, self._shapes, self._turns = Locks(database), Shapes(), Turns()

    def get(self, kind: str, client: Client, name: str) -> dict[str, Any]:
        """Return the reference of an intent or a constraint.

        Raises:
            Refusal: 404, there is none.
        """
        with self.database.reading() as connection:
            found = read_entity(connection, kind, name)
            if found is None:
                raise Refusal(404, f"there is no {kind} {name}")
            return intent_or_constraint(found, client.name, self.availabilities.of(connection, {found.manager}))

    def query(self, kind: str, client: Client, shape: Shape) -> list[dict[str, Any]]:
        """Return the references of intents or constraints that meet a shape.

        Raises:
            Refusal: 413, they are too many.
        """
        with self.database.reading() as connection:
            return self.referred(connection, self.meeting(connection, kind, shape), client)

    def put_intent(
        self, client: Client, name: str, ovn: str | None, asked: IntentRequest, within: Within | None = None
    ) -> dict[str, Any]:
        """Make an intent, or change it where an OVN is given; returns what `changeOperationalIntentReference` answers.

        What is done `within` the change is done in its transaction: both or neither.

        Raises:
            Refusal: 400, 403, 409, 412 or 413, as the standard has it.
        """
        planned = asked.state in PLANNED
        client.may(STRATEGIC if planned else CONFORMANCE)
        if asked.implicit_for_constraints:
            client.may(PROCESSING)
        self.refuse_past(asked.shape)

        def concerned(connection: Connection) -> set[tuple[str, str]]:
            return self._concerned(connection, name, asked.subscription)

        if not planned:  # who is out of their plan waits for nobody
            return self._put_intent(client, name, ovn, asked, concerned, within)
        held = lock_cells(asked.shape.cells)
        self._turns.wait(client.name, held)
        try:
            answer = self._put_intent(client, name, ovn, asked, concerned, within)
        except Refusal as refusal:
            if "missing_operational_intents" in refusal.more:
                self._turns.refused(client.name, held)
                missing = [one["id"] for one in refusal.more["missing_operational_intents"]]
                if missing:
                    keep_lacking(self.database, client.name, missing, self.clock())
            else:
                self._turns.done(client.name)
            raise
        self._turns.done(client.name)
        return answer

    def _put_intent(
        self,
        client: Client,
        name: str,
        ovn: str | None,
        asked: IntentRequest,
        concerned: Callable[[Connection], set[tuple[str, str]]],
        within: Within | None,
    ) -> dict[str, Any]:
        with self.changing(asked.shape, concerned) as connection:
            old = self.current(connection, INTENT, client, name, ovn)
            states = self.availabilities.of(connection, {client.name})
            if asked.state in PLANNED:
                _refuse_down(states)
            subscription = self._subscription(connection, client, asked)
            if asked.state in PLANNED:
                self._refuse_unknown(connection, client, name, asked, subscription)
            entity = Entity(
                INTENT,
                name,
                client.name,
                1 if old is None else old.version + 1,
                new_ovn(),
                asked.base_url,
                asked.shape.volumes,
                state=asked.state,
                subscription=NO_SUBSCRIPTION if subscription is None else subscription.id,
            )
            write_entity(connection, entity, asked.shape, old)
            if old is not None and old.subscription != entity.subscription:
                self._follow(connection, old.subscription)
            if asked.subscription is not None and subscription is not None and subscription.implicit:
                self._follow(connection, subscription.id)
            shapes = [asked.shape, *self._shape_of(old)]
            return self._changed(connection, client, "put", entity, shapes, states, within)

    def delete_intent(self, client: Client, name: str, ovn: str, within: Within | None = None) -> dict[str, Any]:
        """Remove an intent; returns what `changeOperationalIntentReference` answers.

        Raises:
            Refusal: 403, 404, 409 or 412, as the standard has it.
        """
        with self.changing(None, lambda connection: self._concerned(connection, name, None)) as connection:
            old = self.existing(connection, INTENT, client, name, ovn)
            states = self.availabilities.of(connection, {client.name})
            _refuse_down(states)
            remove_entity(connection, old)
            answer = self._changed(connection, client, "delete", old, self._shape_of(old), states, within)
            self._follow(connection, old.subscription)
            return answer

    def put_constraint(
        self, client: Client, name: str, ovn: str | None, shape: Shape, base_url: str, within: Within | None = None
    ) -> dict[str, Any]:
        """Make a constraint, or change it where an OVN is given; returns what `changeConstraintReference` answers.

        Raises:
            Refusal: 400, 403, 409 or 413, as the standard has it.
        """
        self.refuse_past(shape)
        with self.changing(shape, lambda _: {(CONSTRAINT, name)}) as connection:
            old = self.current(connection, CONSTRAINT, client, name, ovn)
            version = 1 if old is None else old.version + 1
            entity = Entity(CONSTRAINT, name, client.name, version, new_ovn(), base_url, shape.volumes)
            write_entity(connection, entity, shape, old)
            states = self.availabilities.of(connection, {client.name})
            return self._changed(connection, client, "put", entity, [shape, *self._shape_of(old)], states, within)

    def delete_constraint(self, client: Client, name: str, ovn: str, within: Within | None = None) -> dict[str, Any]:
        """Remove a constraint; returns what `changeConstraintReference` answers.

        Raises:
            Refusal: 403, 404 or 409, as the standard has it.
        """
        with self.changing(None, lambda _: {(CONSTRAINT, name)}) as connection:
            old = self.existing(connection, CONSTRAINT, client, name, ovn)
            remove_entity(connection, old)
            states = self.availabilities.of(connection, {client.name})
            return self._changed(connection, client, "delete", old, self._shape_of(old), states, within)

    # What subscriptions need too.

    @contextmanager
    def changing(
        self, shape: Shape | None, concerned: Callable[[Connection], Iterable[tuple[str, str]]]
    ) -> Generator[Connection]:
        """Give a transaction beside which nothing changes where a shape is, or where entities are that `concerned` names.

        Raises:
            Refusal: 409, others changed them again and again.
        """
        cells = set(() if shape is None else shape.cells)

        def wanted(connection: Connection) -> set[int]:
            by_kind: dict[str, set[str]] = {}
            for kind, name in concerned(connection):
                by_kind.setdefault(kind, set()).add(name)
            return cells.union(*(read_cells(connection, kind, names) for kind, names in by_kind.items()))

        if not self.database.shared:
            with self._locks.changing(()) as connection:
                yield connection
            return
        held = set(cells)  # what there was before is seldom elsewhere
        for _ in range(_ATTEMPTS):
            with self._locks.changing(held) as connection:
                now = wanted(connection)
                if now <= held:
                    yield connection
                    return
            held |= now
        raise Refusal(409, "others changed the same again and again; try again")

    def current(self, connection: Connection, kind: str, client: Client, name: str, ovn: str | None) -> Entity | None:
        """Return what is to be changed; None where it is to be made.

        Raises:
            Refusal: 403 it is another's, 409 it is not as the client knows it.
        """
        found = read_entity(connection, kind, name)
        if found is None:
            if ovn is not None:
                raise Refusal(409, f"there is no {kind} {name} of this version; make it without one")
            return None
        return _as_known(found, client, ovn)

    def existing(self, connection: Connection, kind: str, client: Client, name: str, ovn: str) -> Entity:
        """Return what is to be removed.

        Raises:
            Refusal: 403 it is another's, 404 there is none, 409 it is not as the client knows it.
        """
        found = read_entity(connection, kind, name)
        if found is None:
            raise Refusal(404, f"there is no {kind} {name}")
        return _as_known(found, client, ovn)

    def meeting(self, connection: Connection, kind: str, shape: Shape) -> list[Entity]:
        """Return entities that meet a shape exactly.

        Raises:
            Refusal: 413, they are too many.
        """
        return [one for one in nearby(connection, kind, shape, self._shapes) if self.shape(one).meets(shape)]

    def shape(self, entity: Entity) -> Shape:
        """Return the shape of an entity."""
        return self._shapes.of(entity.ovn, lambda: Shape(entity.volumes))

    def referred(self, connection: Connection, found: list[Entity], client: Client) -> list[dict[str, Any]]:
        """Return references of entities as a client may see them."""
        return references(found, client.name, self.availabilities.of(connection, {one.manager for one in found}))

    def to_be_known(self, connection: Connection, intents: list[Entity]) -> list[Entity]:
        """Return those of some intents that others must know who plan into them: all but accepted ones of a USS that is Down."""
        states = self.availabilities.of(connection, {one.manager for one in intents})
        return [one for one in intents if one.state != requests.ACCEPTED or states.get(one.manager) != "Down"]

    def refuse_past(self, shape: Shape) -> None:
        """Refuse what is over.

        Raises:
            Refusal: 400, all volumes end before now.
        """
        if shape.end_us is not None and shape.end_us < self.clock():
            raise Refusal(400, "the end of all extents is in the past")

    def _concerned(self, connection: Connection, name: str, subscription: str | None) -> set[tuple[str, str]]:
        """Return what a change of an intent changes besides: implicit subscriptions. Others need not be held: they reach over all of the intent."""
        old = read_entity(connection, INTENT, name)
        held: set[tuple[str, str]] = set() if old is None else {(INTENT, name)}
        for one in {subscription, None if old is None else old.subscription} - {None, NO_SUBSCRIPTION}:
            found = None if one is None else read_entity(connection, SUBSCRIPTION, one)
            if found is not None and found.implicit:
                held.add((SUBSCRIPTION, found.id))
        return held

    def _refuse_unknown(
        self, connection: Connection, client: Client, name: str, asked: IntentRequest, subscription: Entity | None
    ) -> None:
        """Refuse a plan whose maker does not know everything that it meets."""

        def unknown(kind: str) -> list[Entity]:
            near = nearby(connection, kind, asked.shape, self._shapes, asked.key)
            return [one for one in near if one.id != name and self.shape(one).meets(asked.shape)]

        intents = self.to_be_known(connection, unknown(INTENT))
        constraints: list[Entity] = []
        if subscription is not None and subscription.for_constraints:
            constraints = unknown(CONSTRAINT)
        if intents or constraints:
            raise Refusal(
                409,
                f"the key lacks {len(intents)} operational intents and {len(constraints)} constraints that are there",
                missing_operational_intents=self.referred(connection, intents, client),
                missing_constraints=self.referred(connection, constraints, client),
            )

    def _subscription(self, connection: Connection, client: Client, asked: IntentRequest) -> Entity | None:
        """Return the subscription that an intent is to have: named, made now, or none."""
        if asked.implicit_url is not None:
            made = Entity(
                SUBSCRIPTION,
                str(uuid.uuid4()),
                client.name,
                1,
                new_ovn(),
                asked.implicit_url,
                asked.shape.volumes,
                for_intents=True,
                for_constraints=asked.implicit_for_constraints,
                implicit=True,
            )
            write_entity(connection, made, asked.shape, None)
            return made
        if asked.subscription is None:
            return None
        found = read_entity(connection, SUBSCRIPTION, asked.subscription)
        if found is None or (found.end_us < self.clock() and not found.implicit):
            raise Refusal(400, f"there is no subscription {asked.subscription}")
        if found.manager != client.name:
            raise Refusal(403, f"the subscription {found.id} is another's")
        if not found.for_intents:
            raise Refusal(400, f"the subscription {found.id} does not notify of operational intents")
        if not found.implicit and not self.shape(found).covers(asked.shape, self.clock()):
            raise Refusal(400, f"the subscription {found.id} does not cover the intent's area, levels and times")
        return found

    def _follow(self, connection: Connection, name: str | None) -> None:
        """Let an implicit subscription be where the intents are that it is for, and end with the last of them."""
        found = None if name is None else read_entity(connection, SUBSCRIPTION, name)
        if found is None or not found.implicit:
            return
        served = dependants(connection, found.id)
        if not served:
            remove_entity(connection, found)
            return
        volumes = union_of(one.volumes for one in served)
        if volumes != found.volumes:
            grown = replace(found, volumes=volumes, version=found.version + 1, ovn=new_ovn())
            write_entity(connection, grown, self.shape(grown), found)

    def _shape_of(self, entity: Entity | None) -> list[Shape]:
        return [] if entity is None else [self.shape(entity)]

    def _changed(
        self,
        connection: Connection,
        client: Client,
        action: str,
        entity: Entity,
        shapes: list[Shape],
        states: dict[str, str],
        within: Within | None,
    ) -> dict[str, Any]:
        """Write a change down, count it for the subscriptions that it notifies, do what is to be done within it, and return the answer."""
        write_change(connection, self.clock(), action, entity)
        flag = ENTITIES.c.for_intents if entity.kind == INTENT else ENTITIES.c.for_constraints
        now = self.clock()
        near = {one.id: one for shape in shapes for one in self.meeting(connection, SUBSCRIPTION, shape)}
        chosen = sorted(name for name, one in near.items() if one.end_us >= now and getattr(one, flag.name))
        if chosen:
            which = (ENTITIES.c.kind == SUBSCRIPTION) & ENTITIES.c.id.in_(chosen)
            if self.database.shared:  # taken in order, so that no two changes wait for each other
                in_order = sa.select(ENTITIES.c.id).where(which).order_by(ENTITIES.c.id).with_for_update()
                which = (ENTITIES.c.kind == SUBSCRIPTION) & ENTITIES.c.id.in_(in_order)
            counted = ENTITIES.update().where(which).values(notified=ENTITIES.c.notified + 1)
            rows = connection.execute(counted.returning(ENTITIES.c.base_url, ENTITIES.c.id, ENTITIES.c.notified))
            found = sorted((row.base_url, row.id, row.notified) for row in rows)
        else:
            found = []
        by_url: dict[str, list[dict[str, Any]]] = {}
        for base_url, name, index in found:
            by_url.setdefault(base_url, []).append({"subscription_id": name, "notification_index": index})
        field = "operational_intent_reference" if entity.kind == INTENT else "constraint_reference"
        subscribers = [{"subscriptions": told, "uss_base_url": url} for url, told in by_url.items()]
        if within is not None:
            within(connection, entity, subscribers)
        return {field: intent_or_constraint(entity, client.name, states), "subscribers": subscribers}

    def subscription_told(self, connection: Connection, entity: Entity) -> dict[str, Any]:
        """Return a subscription as its holder sees it."""
        return subscription_of(entity, [one.id for one in dependants(connection, entity.id)])


NO_SUBSCRIPTION: Final = "00000000-0000-4000-8000-000000000000"
"""What an intent names that has none: the standard's reference cannot do without."""


def _as_known(found: Entity, client: Client, ovn: str | None) -> Entity:
    """Return an entity that is its manager's to change, who knows it as it stands."""
    if found.manager != client.name:
        raise Refusal(403, f"the {found.kind} {found.id} is another's")
    if found.ovn != ovn:
        raise Refusal(409, f"the {found.kind} {found.id} is there in another version; read it again")
    return found


def _refuse_down(states: dict[str, str]) -> None:
    """Refuse what a USS may not do that an arbiter found to be down."""
    if "Down" in states.values():
        raise Refusal(412, "you are marked as Down; an arbiter has to say that you are back")
