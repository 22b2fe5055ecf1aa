"""`Incoming`: what other systems tell of changes of theirs, held against the register, and told to the parties here whose operations it concerns."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy.engine import Connection

from overflight.airspace.operational import read_object, shortened
from overflight.coordination.dss.client import Client
from overflight.coordination.dss.entities import CONSTRAINT, INTENT, read_entity
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.requests import read_id
from overflight.coordination.uss import parties
from overflight.coordination.uss.disclosure import Coarseness, disclosed
from overflight.coordination.uss.foreign import Other, read_constraint_details, read_intent_details
from overflight.coordination.uss.operations import read_operation
from overflight.coordination.uss.telling import Telling
from overflight.errors import ParameterError


class Incoming:
    """Takes what other systems tell."""

    def __init__(self, register: Register, telling: Telling, coarseness: Coarseness | None = None) -> None:
        """Take the register, who is told of changes, and how coarse."""
        self._register, self._telling, self._coarseness = register, telling, coarseness or Coarseness()

    def intent(self, client: Client, told: Any) -> None:
        """Take the news of an operational intent.

        Raises:
            ParameterError: it makes no sense.
            Refusal: 403, it is another's; 409, it is not as the register has it.
        """
        name, subscriptions, given = _news(told, "operational_intent")
        other = None if given is None else read_intent_details(given, name)
        with self._register.database.transaction() as connection:
            self._hold(connection, client, INTENT, name, None if other is None else other.ovn)
            for row in self._telling.dependent(connection, subscriptions):
                mine = read_operation(row, self._register.clock())
                if other is None:
                    content: dict[str, Any] | None = {"kind": "released", "operation": mine.id}
                else:
                    content = self._conflict(other, mine.id, [*mine.declared.meeting(other.declared)])
                if content is not None:
                    parties.deliver(connection, mine.party, content, self._register.clock())

    def constraint(self, client: Client, told: Any) -> None:
        """Take the news of a constraint.

        Raises:
            ParameterError: it makes no sense.
            Refusal: 403, it is another's; 409, it is not as the register has it.
        """
        name, subscriptions, given = _news(told, "constraint")
        one = None if given is None else read_constraint_details(given, name)
        with self._register.database.transaction() as connection:
            self._hold(connection, client, CONSTRAINT, name, None if one is None else one.ovn)
            what = None if one is None else one.what
            self._telling.restriction(connection, name, client.name, what, subscriptions)

    def _conflict(self, other: Other, mine: str, places: list[Any]) -> dict[str, Any] | None:
        if not places:
            return None
        return {
            "kind": "conflict",
            "operation": mine,
            "with": other.name,
            "precedence": other.declared.precedence,
            "state": other.state.lower(),
            "volumes": [disclosed(place, self._coarseness) for place in places],
        }

    def _hold(self, connection: Connection, client: Client, kind: str, name: str, ovn: str | None) -> None:
        """Hold news against the register: nobody tells of what is another's, or of what is no more."""
        found = read_entity(connection, kind, name)
        if found is not None and found.manager != client.name:
            raise Refusal(403, f"the {kind} {name} is another's")
        if (None if found is None else found.ovn) != ovn:
            raise Refusal(409, f"the {kind} {name} is not so in the register; read it again")


def _news(told: Any, field: str) -> tuple[str, list[str], Any]:
    """Return the id of what has changed, the subscriptions that notify of it, and what it is now; None where it is no more."""
    fields = read_object(told, "body")
    name = fields.get(f"{field}_id")
    if not isinstance(name, str):
        raise ParameterError(f"{field}_id", shortened(name), "is no text", remedy="say what has changed")
    subscriptions = fields.get("subscriptions")
    if not isinstance(subscriptions, list) or not subscriptions:
        raise ParameterError("subscriptions", shortened(subscriptions), "are none", remedy="say whom it notifies")
    found: list[str] = []
    for one in cast("list[Any]", subscriptions):
        given = read_object(one, "subscriptions").get("subscription_id")
        if not isinstance(given, str):
            raise ParameterError("subscription_id", shortened(given), "is no text", remedy="say whom it notifies")
        found.append(read_id(given))
    return read_id(name), found, fields.get(field)
