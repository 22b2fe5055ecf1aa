"""`Telling`: who is told of a change in the register. Other systems by what is queued for them; parties that are hosted here by deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.coordination.dss.entities import INTENT, SUBSCRIPTION, Entity, read_entity
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.tables import ENTITIES
from overflight.coordination.uss import parties
from overflight.coordination.uss.details import may_know
from overflight.coordination.uss.foreign import CONSTRAINTS, INTENTS
from overflight.coordination.uss.outgoing import queue
from overflight.coordination.uss.tables import OPERATIONS


@dataclass(frozen=True)
class Telling:
    """Tells of changes, in the transactions that make them; `base_url` is where this side answers."""

    register: Register
    base_url: str

    def intent(
        self, connection: Connection, entity: Entity, subscribers: list[dict[str, Any]], told: dict[str, Any] | None
    ) -> None:
        """Tell the systems that are in conflict with an operation that it is there, or, with None, that it is no more."""
        for one in subscribers:
            if one["uss_base_url"] == self.base_url:
                continue  # parties hosted here are told what concerns them, by whoever changes it
            concerned: list[dict[str, Any]] = []
            for subscription in one["subscriptions"]:
                holder = read_entity(connection, SUBSCRIPTION, subscription["subscription_id"])
                if holder is not None and may_know(self.register, connection, holder.manager, entity):
                    concerned.append(subscription)
            self._queue(connection, one["uss_base_url"], INTENTS, entity, concerned, told)

    def constraint(
        self, connection: Connection, entity: Entity, subscribers: list[dict[str, Any]], told: dict[str, Any] | None
    ) -> None:
        """Tell everybody who subscribed that a constraint is there, or, with None, that it is no more."""
        for one in subscribers:
            if one["uss_base_url"] != self.base_url:
                self._queue(connection, one["uss_base_url"], CONSTRAINTS, entity, one["subscriptions"], told)
                continue
            what = None if told is None else str(told["details"]["type"])
            names = [subscription["subscription_id"] for subscription in one["subscriptions"]]
            self.restriction(connection, entity.id, entity.manager, what, names)

    def restriction(
        self, connection: Connection, name: str, manager: str, what: str | None, subscriptions: list[str]
    ) -> None:
        """Tell parties hosted here of a constraint that their operations meet, or, with None, that it is no more."""
        for row in self.dependent(connection, subscriptions):
            content = {"kind": "constraint", "operation": row.id, "constraint": name, "with": manager, "what": what}
            parties.deliver(connection, row.party, content, self.register.clock())

    def dependent(self, connection: Connection, subscriptions: list[str]) -> list[Any]:
        """Return the rows of operations hosted here that subscriptions are for."""
        of = sa.select(ENTITIES.c.id).where(ENTITIES.c.kind == INTENT, ENTITIES.c.subscription.in_(subscriptions))
        chosen = sa.select(OPERATIONS).where(OPERATIONS.c.id.in_(of)).order_by(OPERATIONS.c.id)
        return list(connection.execute(chosen))

    def _queue(
        self,
        connection: Connection,
        url: str,
        kind: str,
        entity: Entity,
        subscriptions: list[dict[str, Any]],
        told: dict[str, Any] | None,
    ) -> None:
        if not subscriptions:
            return
        field = kind.removesuffix("s")
        body = {f"{field}_id": entity.id, "subscriptions": subscriptions} | ({} if told is None else {field: told})
        queue(connection, f"{url}/uss/v1/{kind}", body, entity.end_us, self.register.clock())
