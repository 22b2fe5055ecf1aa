"""Entities as the register's answers have them (ASTM F3548-21, API version 1.0.0). An OVN is shown to its manager only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from overflight.airspace.operational import Volume, written_time
from overflight.coordination.dss.entities import INTENT, Entity

NOT_SHOWN: Final = "Available from USS"
"""What others see in place of an OVN."""


def references(found: Iterable[Entity], reader: str, states: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return references of intents or constraints, as `intent_or_constraint` has them."""
    return [intent_or_constraint(one, reader, states) for one in found]


def intent_or_constraint(entity: Entity, reader: str, states: Mapping[str, str]) -> dict[str, Any]:
    """Return the reference of an intent or a constraint for a reader, with the availabilities of managers."""
    told = {
        "id": entity.id,
        "manager": entity.manager,
        "uss_availability": states.get(entity.manager, "Unknown"),
        "version": entity.version,
        "ovn": entity.ovn if entity.manager == reader else NOT_SHOWN,
        "time_start": written_time(entity.start_us),
        "time_end": written_time(entity.end_us),
        "uss_base_url": entity.base_url,
    }
    if entity.kind == INTENT:
        told |= {"state": entity.state, "subscription_id": entity.subscription}
    return told


def subscription_of(entity: Entity, served: list[str]) -> dict[str, Any]:
    """Return a subscription, with the ids of the intents that depend on it."""
    return {
        "id": entity.id,
        "version": entity.ovn,
        "notification_index": entity.notified,
        "time_start": written_time(entity.start_us),
        "time_end": written_time(entity.end_us),
        "uss_base_url": entity.base_url,
        "notify_for_operational_intents": entity.for_intents,
        "notify_for_constraints": entity.for_constraints,
        "implicit_subscription": entity.implicit,
        "dependent_operational_intents": served,
    }


def union_of(parts: Iterable[Iterable[Volume]]) -> tuple[Volume, ...]:
    """Return all volumes, each once."""
    return tuple(dict.fromkeys(volume for part in parts for volume in part))
