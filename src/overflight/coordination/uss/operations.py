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
from overflight.coordination.dss.entities import INTENT, Entity
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.requests import STRATEGIC, IntentRequest
from overflight.coordination.uss import parties
from overflight.coordination.uss.declared import Declared, Place, read_declared
from overflight.coordination.uss.disclosure import Coarseness, disclosed
from overflight.coordination.uss.shifts import Shift, shifts
from overflight.coordination.uss.tables import OPERATIONS
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
        precedence: of it.
        gives_way: whether the other gives way.
        stale: whether its party is silent, so that nobody may plan into it.
        volumes: its volumes that are in the way, coarse.
    """

    pseudonym: str
    precedence: str
    gives_way: bool
    stale: bool
    volumes: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a declaration: an operation, or what is in its way and how it would be clear. Never both."""

    operation: Operation | None
    conflicts: tuple[Conflict, ...]
    shifts: tuple[Shift, ...] = ()
    elsewhere: int = 0
    """How many intents of other USSs are in the way, whose details are theirs to give."""


class Operations:
    """The operations of all parties that a hosted side serves."""

    def __init__(self, register: Register, base_url: str, coarseness: Coarseness | None = None) -> None:
        """Take a register whose database has the tables, where this side answers, and how coarse others are told."""
        self._register, self._base_url, self._coarseness = register, base_url, coarseness or Coarseness()

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
        return self._tried(party, name, declared, lambda near: self._put(party, name, None, declared, near, PLANNED))

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
            lambda near: self._put(party, name, found.ovn, found.declared, near, ACTIVE),
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

        def within(connection: Connection, _: Entity) -> None:
            row = {"state": ENDED, "end_us": now}
            connection.execute(OPERATIONS.update().where(OPERATIONS.c.id == name).values(row))
            for other in self._near(connection, name, found.declared):
                if other.party != party and found.declared.meeting(other.declared):
                    parties.deliver(connection, other.party, {"kind": "released", "operation": other.id}, now)

        self._register.delete_intent(self._client(party), name, found.ovn, within)
        return self.operation(party, name)

    def sweep(self) -> int:
        """Take what is over out of the register; returns how many operations."""
        over = sa.select(OPERATIONS).where(OPERATIONS.c.state != ENDED, OPERATIONS.c.end_us < self._register.clock())
        with self._register.database.reading() as connection:
            rows = connection.execute(over).all()
        for row in rows:

            def within(connection: Connection, entity: Entity) -> None:
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
            return [self._operation(row) for row in connection.execute(chosen)]

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
        return self._operation(row)

    def conflicts(self, party: str, name: str) -> list[Conflict]:
        """Return what is in the way of one of a party's operations, and nothing else.

        Raises:
            MissingError: it has no such operation.
        """
        found = self.operation(party, name)
        if found.state == ENDED:
            return []
        with self._register.database.reading() as connection:
            near = self._near(connection, name, found.declared)
            return [conflict for conflict, _ in self._conflicting(connection, party, near, found.declared)]

    def _tried(self, party: str, name: str, declared: Declared, put: Callable[[list[Operation]], Operation]) -> Outcome:
        """Look at what is in the way, and plan where nothing is; look again where something has come in between."""
        with self._register.database.transaction() as connection:
            parties.pseudonym_of(connection, party, self._register.clock())
            parties.heard(connection, party, self._register.clock())
            why = parties.suspension(connection, party)
        if why is not None:
            raise ConflictError("party", party, f"is suspended ({why})", remedy="ask who suspended it")
        for _ in range(_ATTEMPTS):
            with self._register.database.reading() as connection:
                near = self._near(connection, name, declared)
                met = self._conflicting(connection, party, near, declared)
            blocking = [(conflict, other) for conflict, other in met if conflict.stale or not conflict.gives_way]
            if blocking:
                others = [other.declared for _, other in met]
                proposed = (
                    shifts(declared, others, self._register.clock()) if not any(c.stale for c, _ in blocking) else []
                )
                return Outcome(None, tuple(conflict for conflict, _ in blocking), tuple(proposed))
            try:
                done = put(near)  # with the keys of what was looked at, and of nothing else
            except Refusal as refusal:
                missing: list[dict[str, Any]] = refusal.more.get("missing_operational_intents", [])
                if not missing:
                    raise
                with self._register.database.reading() as connection:
                    ours = self._named(connection, [one["id"] for one in missing])
                if len(ours) < len(missing):
                    return Outcome(None, (), elsewhere=len(missing) - len(ours))
                continue
            return Outcome(done, tuple(conflict for conflict, _ in met))
        raise Refusal(409, "others planned the same again and again; try again")

    def _put(
        self, party: str, name: str, ovn: str | None, declared: Declared, near: list[Operation], state: str
    ) -> Operation:
        """Put an operation into the register and here, in one transaction, and tell those who have to give way to it."""
        shape = declared.shape
        now = self._register.clock()
        key = frozenset(one.ovn for one in near)

        def within(connection: Connection, entity: Entity) -> None:
            row = {"party": party, "state": state, "declared": json.dumps(declared.told()), "ovn": entity.ovn}
            row |= {"start_us": entity.start_us, "end_us": entity.end_us}
            if ovn is None:
                connection.execute(OPERATIONS.insert(), row | {"id": name, "made_us": now})
            else:
                connection.execute(OPERATIONS.update().where(OPERATIONS.c.id == name).values(row))
            for other in near:
                found = other.declared.meeting(declared)
                if other.party != party and found:
                    self._tell(connection, other, party, declared.precedence, found, state)

        intent_state, url = (requests.ACCEPTED, None) if state == PLANNED else (requests.ACTIVATED, self._base_url)
        asked = IntentRequest(shape, intent_state, self._base_url, key, None, url, implicit_for_constraints=False)
        self._register.put_intent(self._client(party), name, ovn, asked, within)
        return self.operation(party, name)

    def _tell(
        self, connection: Connection, other: Operation, party: str, precedence: str, places: list[Place], state: str
    ) -> None:
        now = self._register.clock()
        content = {
            "kind": "conflict",
            "operation": other.id,
            "with": parties.pseudonym_of(connection, party, now),
            "precedence": precedence,
            "state": state,
            "volumes": [disclosed(place, self._coarseness) for place in places],
        }
        parties.deliver(connection, other.party, content, now)

    def _conflicting(
        self, connection: Connection, party: str, near: list[Operation], declared: Declared
    ) -> list[tuple[Conflict, Operation]]:
        """Return others' live operations that are in the way of one, with what may be told of them; one's own, too, by one's own name."""
        found: list[tuple[Conflict, Operation]] = []
        silent = parties.stale(connection, {one.party for one in near}, self._register.clock())
        for other in near:
            places = declared.meeting(other.declared)
            if places:
                told = tuple(disclosed(place, self._coarseness) for place in places)
                who = parties.pseudonym_of(connection, other.party, self._register.clock())
                gives_way = not declared.gives_way_to(other.declared)
                is_stale = other.party in silent and other.party != party
                found.append((Conflict(who, other.declared.precedence, gives_way, is_stale, told), other))
        return found

    def _near(self, connection: Connection, name: str, declared: Declared) -> list[Operation]:
        """Return hosted operations that the register holds to meet one, with the margin of the weather."""
        found = self._register.meeting(connection, INTENT, declared.shape)
        return self._named(connection, [one.id for one in found if one.id != name])

    def _named(self, connection: Connection, names: list[str]) -> list[Operation]:
        """Return those of some operations that are hosted here."""
        chosen = sa.select(OPERATIONS).where(OPERATIONS.c.id.in_(names)).order_by(OPERATIONS.c.id)
        return [self._operation(row) for row in connection.execute(chosen)]

    def _client(self, party: str) -> Client:
        """Return who a party is to the register; it has its name since it first declared."""
        with self._register.database.reading() as connection:
            name = parties.pseudonym_of(connection, party, self._register.clock())
        return Client(name, frozenset({STRATEGIC}))

    def _operation(self, row: Any) -> Operation:
        state = ENDED if row.end_us < self._register.clock() else row.state
        declared = read_declared(json.loads(row.declared))
        return Operation(row.id, row.party, state, declared, row.ovn, row.start_us, row.end_us)
