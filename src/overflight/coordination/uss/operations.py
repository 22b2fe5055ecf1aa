"""`Operations`: what parties declare, held against each other and against the register, and told to whom it concerns and to nobody else.

An operation is in the register as an intent of its party's pseudonym. To plan, the hosted side shows the register the OVNs of all that it has looked at: if
something has come in between, the register says so, and it looks again. A volume's details go to a party in conflict with it, coarse, and to nobody else.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.coordination.dss import requests
from overflight.coordination.dss.client import Client
from overflight.coordination.dss.entities import INTENT, Entity, read_entity
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.requests import PROCESSING, STRATEGIC, IntentRequest
from overflight.coordination.dss.shapes import Shape
from overflight.coordination.uss import parties
from overflight.coordination.uss.asking import Asking
from overflight.coordination.uss.declared import Declared, Place, read_declared
from overflight.coordination.uss.details import intent_told, may_know
from overflight.coordination.uss.disclosure import Coarseness, disclosed
from overflight.coordination.uss.foreign import Other, Restriction
from overflight.coordination.uss.shifts import Shift, shifts
from overflight.coordination.uss.tables import OPERATIONS
from overflight.coordination.uss.telling import Telling
from overflight.errors import ConflictError, MissingError

PLANNED: Final = "planned"
ACTIVE: Final = "active"
ENDED: Final = "ended"
STATES: Final = (PLANNED, ACTIVE, ENDED)
_ATTEMPTS: Final = 10


@dataclass(frozen=True)
class Operation:
    """An operation of a party.

    Attributes:
        id: as in the register.
        party: whose it is.
        state: of `STATES`; what is past its end is ended.
        declared: where and when.
        ovn: of the register.
        start_us, end_us: from the first to the last moment, us.
    """

    id: str
    party: str
    state: str
    declared: Declared
    ovn: str
    start_us: int
    end_us: int


@dataclass(frozen=True)
class Conflict:
    """Another's operation that is in the way.

    Attributes:
        pseudonym: whose it is, as others know them.
        precedence: of it; "unknown" where its system does not tell.
        gives_way: whether the other gives way.
        stale: whether its party, or its system, is silent, so that nobody may plan into it.
        volumes: its volumes that are in the way, coarse.
    """

    pseudonym: str
    precedence: str
    gives_way: bool
    stale: bool
    volumes: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a declaration: an operation, what gives way to it and which constraints it meets; or what is in its way, and how it would be clear."""

    operation: Operation | None
    conflicts: tuple[Conflict, ...]
    shifts: tuple[Shift, ...] = ()
    restrictions: tuple[Restriction, ...] = ()


class Operations:
    """The operations of all parties that a hosted side serves; `coarseness` is how coarse others are told of them."""

    def __init__(self, telling: Telling, asking: Asking, coarseness: Coarseness | None = None) -> None:
        """Take who tells others and asks them, over a register whose database has the tables, and how coarse others are told."""
        self._register, self._telling, self._asking = telling.register, telling, asking
        self.coarseness = coarseness or Coarseness()

    def now_us(self) -> int:
        """Return the time, us since 1970."""
        return self._register.clock()

    def declare(self, party: str, declared: Declared) -> Outcome:
        """Plan an operation, if it is clear of what it must give way to.

        Raises:
            ConflictError: the party is suspended.
            ParameterError: it makes no sense.
            Refusal: 400, it is over; 413, it is too large.
        """
        name = str(uuid.uuid4())
        return self._tried(
            party, name, declared, lambda near, more: self._put(party, name, None, declared, near, more, PLANNED)
        )

    def activate(self, party: str, name: str) -> Outcome:
        """Let a planned operation begin, if it is still clear of what it must give way to.

        Raises:
            MissingError: the party has no such operation.
            ConflictError: the party is suspended, or the operation is not planned.
        """
        found = self.operation(party, name)
        if found.state != PLANNED:
            raise ConflictError("operation", name, f"is {found.state}", remedy="declare another")
        return self._tried(
            party,
            name,
            found.declared,
            lambda near, more: self._put(party, name, found.ovn, found.declared, near, more, ACTIVE),
        )

    def release(self, party: str, name: str) -> Operation:
        """End an operation before its time, so that others may have its place.

        Raises:
            MissingError: the party has no such operation.
            ConflictError: it is over.
        """
        found = self.operation(party, name)
        if found.state == ENDED:
            raise ConflictError("operation", name, "is over already", remedy="there is nothing to release")
        now = self._register.clock()

        def within(connection: Connection, entity: Entity, subscribers: list[dict[str, Any]]) -> None:
            row = {"state": ENDED, "end_us": now}
            connection.execute(OPERATIONS.update().where(OPERATIONS.c.id == name).values(row))
            for other in self._near(connection, name, found.declared)[0]:
                if other.party not in (party, None) and found.declared.meeting(other.declared):
                    parties.deliver(connection, other.party, {"kind": "released", "operation": other.id}, now)
            self._telling.intent(connection, entity, subscribers, None)

        self._register.delete_intent(self._client(party), name, found.ovn, within)
        return self.operation(party, name)

    def sweep(self) -> int:
        """Take what is over out of the register; returns how many operations."""
        over = sa.select(OPERATIONS).where(OPERATIONS.c.state != ENDED, OPERATIONS.c.end_us < self._register.clock())
        with self._register.database.reading() as connection:
            rows = connection.execute(over).all()
        for row in rows:

            def within(connection: Connection, entity: Entity, _: list[dict[str, Any]]) -> None:
                connection.execute(OPERATIONS.update().where(OPERATIONS.c.id == entity.id).values(state=ENDED))

            self._register.delete_intent(self._client(row.party), row.id, row.ovn, within)
        return len(rows)

    def own(self, party: str) -> list[Operation]:
        """Return a party's operations, the latest first."""
        chosen = (
            sa.select(OPERATIONS)
            .where(OPERATIONS.c.party == party)
            .order_by(OPERATIONS.c.start_us.desc(), OPERATIONS.c.id)
        )
        with self._register.database.reading() as connection:
            return [read_operation(row, self._register.clock()) for row in connection.execute(chosen)]

    def operation(self, party: str, name: str) -> Operation:
        """Return one of a party's operations.

        Raises:
            MissingError: it has no such operation.
        """
        chosen = sa.select(OPERATIONS).where(OPERATIONS.c.id == name, OPERATIONS.c.party == party)
        with self._register.database.reading() as connection:
            row = connection.execute(chosen).first()
        if row is None:
            raise MissingError("is no operation of yours", path=name)
        return read_operation(row, self._register.clock())

    def conflicts(self, party: str, name: str) -> list[Conflict]:
        """Return what is in the way of one of a party's operations, and nothing else.

        Raises:
            MissingError: it has no such operation.
        """
        found = self.operation(party, name)
        if found.state == ENDED:
            return []
        with self._register.database.reading() as connection:
            near, foreign = self._near(connection, name, found.declared)
            references = self._register.referred(connection, foreign, self._client(party))
        told, silent = self._asking.intents(references)
        with self._register.database.reading() as connection:
            met = self._conflicting(connection, party, [*near, *told], found.declared)
        return [*(conflict for conflict, _ in met), *(_silent(one) for one in silent)]

    def details(self, client: Client, name: str) -> dict[str, Any]:
        """Return an operation as other systems are told of it.

        Raises:
            Refusal: 404, none is hosted here; 403, it is in conflict with none of theirs.
        """
        with self._register.database.reading() as connection:
            entity = read_entity(connection, INTENT, name)
            hosted = [] if entity is None else self._rows(connection, [name])
            if entity is None or not hosted:
                raise Refusal(404, f"there is no operational intent {name} here")
            if not may_know(self._register, connection, client.name, entity):
                raise Refusal(
                    403, "nothing of yours is in conflict with it; plan, and what the register misses is told"
                )
            declared = read_declared(json.loads(hosted[0].declared))
            return intent_told(connection, self._register, entity, declared, self.coarseness)

    def _tried(
        self,
        party: str,
        name: str,
        declared: Declared,
        put: Callable[[list[Other], list[Restriction]], Operation],
    ) -> Outcome:
        """Look at what is in the way, and plan where nothing is; look again where something has come in between."""
        with self._register.database.transaction() as connection:
            parties.pseudonym_of(connection, party, self._register.clock())
            parties.heard(connection, party, self._register.clock())
            why = parties.suspension(connection, party)
        if why is not None:
            raise ConflictError("party", party, f"is suspended ({why})", remedy="ask who suspended it")
        foreign: dict[str, Other] = {}
        restrictions: dict[str, Restriction] = {}
        for _ in range(_ATTEMPTS):
            with self._register.database.reading() as connection:
                near = [*self._near(connection, name, declared)[0], *foreign.values()]
                met = self._conflicting(connection, party, near, declared)
            blocking = [(conflict, other) for conflict, other in met if conflict.stale or not conflict.gives_way]
            if blocking:
                others = [other.declared for _, other in met]
                stale = any(conflict.stale for conflict, _ in blocking)
                proposed = [] if stale else shifts(declared, others, self._register.clock())
                return Outcome(None, tuple(conflict for conflict, _ in blocking), tuple(proposed))
            try:
                done = put(near, [*restrictions.values()])  # with the keys of what was looked at, and of nothing else
            except Refusal as refusal:
                silent = self._look(refusal, foreign, restrictions)
                if silent:
                    return Outcome(None, tuple(_silent(one) for one in silent))
                continue
            met_restrictions = tuple(one for one in restrictions.values() if declared.shape.meets(Shape(one.volumes)))
            return Outcome(done, tuple(conflict for conflict, _ in met), (), met_restrictions)
        raise Refusal(409, "others planned the same again and again; try again")

    def _look(
        self, refusal: Refusal, foreign: dict[str, Other], restrictions: dict[str, Restriction]
    ) -> list[dict[str, Any]]:
        """Look at what the register missed the keys of; returns references of what nobody tells of.

        Raises:
            Refusal: it was refused for another reason.
        """
        missing: list[dict[str, Any]] = refusal.more.get("missing_operational_intents", [])
        restricted: list[dict[str, Any]] = refusal.more.get("missing_constraints", [])
        if not missing and not restricted:
            raise refusal
        with self._register.database.reading() as connection:
            ours = {row.id for row in self._rows(connection, [one["id"] for one in missing])}
        told, silent = self._asking.intents([one for one in missing if one["id"] not in ours])
        foreign |= {one.id: one for one in told}
        known, mute = self._asking.constraints(restricted)
        restrictions |= {one.id: one for one in known}
        return [*silent, *mute]

    def _put(
        self,
        party: str,
        name: str,
        ovn: str | None,
        declared: Declared,
        near: list[Other],
        restrictions: list[Restriction],
        state: str,
    ) -> Operation:
        """Put an operation into the register and here, in one transaction, and tell those who have to give way to it."""
        shape = declared.shape
        now = self._register.clock()
        key = frozenset(one.ovn for one in (*near, *restrictions))

        def within(connection: Connection, entity: Entity, subscribers: list[dict[str, Any]]) -> None:
            row = {"party": party, "state": state, "declared": json.dumps(declared.told()), "ovn": entity.ovn}
            row |= {"start_us": entity.start_us, "end_us": entity.end_us}
            if ovn is None:
                connection.execute(OPERATIONS.insert(), row | {"id": name, "made_us": now})
            else:
                connection.execute(OPERATIONS.update().where(OPERATIONS.c.id == name).values(row))
            for other in near:
                found = other.declared.meeting(declared)
                if other.party not in (party, None) and found:
                    self._tell(connection, other, party, declared.precedence, found, state)
            told = intent_told(connection, self._register, entity, declared, self.coarseness)
            self._telling.intent(connection, entity, subscribers, told)

        intent_state, url = requests.ACCEPTED if state == PLANNED else requests.ACTIVATED, self._telling.base_url
        asked = IntentRequest(shape, intent_state, url, key, None, url, implicit_for_constraints=True)
        self._register.put_intent(self._client(party), name, ovn, asked, within)
        return self.operation(party, name)

    def _tell(
        self, connection: Connection, other: Other, party: str, precedence: str, places: list[Place], state: str
    ) -> None:
        assert other.party is not None
        now = self._register.clock()
        content = {
            "kind": "conflict",
            "operation": other.id,
            "with": parties.pseudonym_of(connection, party, now),
            "precedence": precedence,
            "state": state,
            "volumes": [disclosed(place, self.coarseness) for place in places],
        }
        parties.deliver(connection, other.party, content, now)

    def _conflicting(
        self, connection: Connection, party: str, near: list[Other], declared: Declared
    ) -> list[tuple[Conflict, Other]]:
        """Return others' live operations that are in the way of one, with what may be told of them; one's own, too, by one's own name."""
        found: list[tuple[Conflict, Other]] = []
        silent = parties.stale(connection, {one.party for one in near if one.party}, self._register.clock())
        for other in near:
            places = declared.meeting(other.declared)
            if places:
                told = tuple(disclosed(place, self.coarseness) for place in places)
                gives_way = not declared.gives_way_to(other.declared)
                is_stale = other.party in silent and other.party != party
                found.append((Conflict(other.name, other.declared.precedence, gives_way, is_stale, told), other))
        return found

    def _near(self, connection: Connection, name: str, declared: Declared) -> tuple[list[Other], list[Entity]]:
        """Return what the register holds to meet an operation, with the margin of the weather: what is hosted here, and what else must be known."""
        found = [one for one in self._register.meeting(connection, INTENT, declared.shape) if one.id != name]
        rows = self._rows(connection, [one.id for one in found])
        entities = {one.id: one for one in found}
        hosted = [
            Other(
                row.id, row.ovn, entities[row.id].manager, row.party, read_declared(json.loads(row.declared)), row.state
            )
            for row in rows
        ]
        ours = {one.id for one in hosted}
        foreign = [one for one in found if one.id not in ours]
        return hosted, self._register.to_be_known(connection, foreign)

    def _rows(self, connection: Connection, names: list[str]) -> list[Any]:
        """Return the rows of those of some operations that are hosted here."""
        chosen = sa.select(OPERATIONS).where(OPERATIONS.c.id.in_(names)).order_by(OPERATIONS.c.id)
        return list(connection.execute(chosen))

    def _client(self, party: str) -> Client:
        """Return who a party is to the register; it has its name since it first declared."""
        with self._register.database.reading() as connection:
            name = parties.pseudonym_of(connection, party, self._register.clock())
        return Client(name, frozenset({STRATEGIC, PROCESSING}))


def read_operation(row: Any, now_us: int) -> Operation:
    """Return the operation of a row."""
    state = ENDED if row.end_us < now_us else row.state
    declared = read_declared(json.loads(row.declared))
    return Operation(row.id, row.party, state, declared, row.ovn, row.start_us, row.end_us)


def _silent(reference: dict[str, Any]) -> Conflict:
    """Return what stands for something that its system does not tell of: nobody knows what it is."""
    return Conflict(reference["manager"], "unknown", gives_way=False, stale=True, volumes=())
