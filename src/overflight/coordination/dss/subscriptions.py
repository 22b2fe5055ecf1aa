"""`Subscriptions`: who is notified of changes where. The holder of a subscription changes it; that a notice is counted makes no new version of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from overflight.coordination.dss.client import Client
from overflight.coordination.dss.entities import (
    CONSTRAINT,
    INTENT,
    SUBSCRIPTION,
    Entity,
    dependants,
    new_ovn,
    read_entity,
    remove_entity,
    write_entity,
)
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.requests import PROCESSING, STRATEGIC, SubscriptionRequest
from overflight.coordination.dss.shapes import Shape

LONGEST_US: Final = 24 * 3_600_000_000
"""`DSSMaxSubscriptionDurationHours` of the standard."""
TOLERANCE_US: Final = 5 * 60_000_000
"""How long ago a subscription may begin: clocks differ, and requests take their time."""


class Subscriptions:
    """The subscriptions of a register."""

    def __init__(self, register: Register) -> None:
        """Take a register."""
        self._register = register

    def get(self, client: Client, name: str) -> dict[str, Any]:
        """Return a subscription.

        Raises:
            Refusal: 403 it is another's, 404 there is none.
        """
        with self._register.database.reading() as connection:
            found = read_entity(connection, SUBSCRIPTION, name)
            if found is None or self._over(found):
                raise Refusal(404, f"there is no subscription {name}")
            if found.manager != client.name:
                raise Refusal(403, f"the subscription {name} is another's")
            return self._register.subscription_told(connection, found)

    def query(self, client: Client, shape: Shape) -> list[dict[str, Any]]:
        """Return the client's subscriptions that meet a shape; not those that are over.

        Raises:
            Refusal: 413, they are too many.
        """
        with self._register.database.reading() as connection:
            found = self._register.meeting(connection, SUBSCRIPTION, shape)
            own = [one for one in found if one.manager == client.name and not self._over(one)]
            return [self._register.subscription_told(connection, one) for one in own]

    def put(self, client: Client, name: str, version: str | None, asked: SubscriptionRequest) -> dict[str, Any]:
        """Make a subscription, or change it where a version is given; returns what `putSubscription` answers.

        Raises:
            Refusal: 400, 403, 409 or 413, as the standard has it.
        """
        if asked.for_intents:
            client.may(STRATEGIC)
        if asked.for_constraints:
            client.may(PROCESSING)
        register = self._register
        with register.changing(asked.shape, lambda _: {(SUBSCRIPTION, name)}) as connection:
            old = read_entity(connection, SUBSCRIPTION, name)
            if old is not None and version is None and old.manager == client.name and self._over(old):
                remove_entity(connection, old)  # its time is over: the id is free
            old = register.current(connection, SUBSCRIPTION, client, name, version)
            shape = self._timed(asked.shape, old)
            served = [] if old is None else dependants(connection, old.id)
            if served and not asked.for_intents:
                raise Refusal(400, "operational intents depend on it; it must notify of them")
            for one in served:
                if not shape.covers(register.shape(one), register.clock()):
                    raise Refusal(400, f"the operational intent {one.id} depends on it, and would no longer be covered")
            entity = Entity(
                SUBSCRIPTION,
                name,
                client.name,
                1 if old is None else old.version + 1,
                new_ovn(),
                asked.base_url,
                shape.volumes,
                for_intents=asked.for_intents,
                for_constraints=asked.for_constraints,
                notified=0 if old is None else old.notified,
            )
            write_entity(connection, entity, shape, old)
            answer: dict[str, Any] = {"subscription": register.subscription_told(connection, entity)}
            for wanted, kind, field in (
                (asked.for_intents, INTENT, "operational_intent_references"),
                (asked.for_constraints, CONSTRAINT, "constraint_references"),
            ):
                if wanted:
                    answer[field] = register.referred(connection, register.meeting(connection, kind, shape), client)
            return answer

    def delete(self, client: Client, name: str, version: str) -> dict[str, Any]:
        """Remove a subscription; returns it as it was.

        Raises:
            Refusal: 403, 404 or 409, as the standard has it.
        """
        with self._register.changing(None, lambda _: {(SUBSCRIPTION, name)}) as connection:
            old = self._register.existing(connection, SUBSCRIPTION, client, name, version)
            told = self._register.subscription_told(connection, old)
            if told["dependent_operational_intents"]:
                raise Refusal(409, f"{len(told['dependent_operational_intents'])} operational intents depend on it")
            remove_entity(connection, old)
            return told

    def _over(self, subscription: Entity) -> bool:
        return subscription.end_us < self._register.clock()

    def _timed(self, shape: Shape, old: Entity | None) -> Shape:
        """Return a shape with the times that the standard gives where none are asked for."""
        (volume,), now = shape.volumes, self._register.clock()
        start, end = volume.start_us, volume.end_us
        if start is None:
            start = now if old is None else old.start_us
        elif start < now - TOLERANCE_US and (old is None or start != old.start_us):
            raise Refusal(400, "the start is in the past")
        if end is None:
            end = start + LONGEST_US if old is None else old.end_us
        if end < now:
            raise Refusal(400, "the end is in the past")
        if end < start:
            raise Refusal(400, "the end is before the start")
        if end - start > LONGEST_US:
            raise Refusal(400, "it is longer than 24 hours; renew it in time instead")
        return Shape([replace(volume, start_us=start, end_us=end)])
