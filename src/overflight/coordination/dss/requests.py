"""What clients ask of the register, read strictly (ASTM F3548-21, API version 1.0.0): fields that it does not know are ignored, all others must make sense."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from overflight.airspace.operational import read_object, read_volume, read_volumes, shortened
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.shapes import Shape, Shapes
from overflight.errors import ParameterError

STRATEGIC: Final = "utm.strategic_coordination"
CONFORMANCE: Final = "utm.conformance_monitoring_sa"
MANAGEMENT: Final = "utm.constraint_management"
PROCESSING: Final = "utm.constraint_processing"
ARBITRATION: Final = "utm.availability_arbitration"
SCOPES: Final = (STRATEGIC, CONFORMANCE, MANAGEMENT, PROCESSING, ARBITRATION)

ACCEPTED: Final = "Accepted"
ACTIVATED: Final = "Activated"
NONCONFORMING: Final = "Nonconforming"
CONTINGENT: Final = "Contingent"
PLANNED: Final = (ACCEPTED, ACTIVATED)
"""States in which an intent must be clear of others."""
AVAILABILITIES: Final = ("Unknown", "Normal", "Down")

MOST_VOLUMES: Final = 500
MOST_KEYS: Final = 5_000
_UUID4: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
_OVN: Final = re.compile(r"[\w\-./:]{16,128}", re.ASCII)
_USS: Final = re.compile(r"[^\x00-\x20\x7f]{1,256}")
_LONGEST_URL: Final = 2_048
_SHAPES: Final = Shapes()


@dataclass(frozen=True)
class IntentRequest:
    """An operational intent that is to be.

    Attributes:
        shape: its extents.
        state, base_url: as `Entity` has them.
        key: OVNs that its manager knows.
        subscription: the id of the subscription that it names.
        implicit_url: where the subscription that is to be made for it notifies; None where none is.
        implicit_for_constraints: whether that is for constraints too.
    """

    shape: Shape
    state: str
    base_url: str
    key: frozenset[str]
    subscription: str | None
    implicit_url: str | None
    implicit_for_constraints: bool


@dataclass(frozen=True)
class SubscriptionRequest:
    """A subscription that is to be."""

    shape: Shape
    base_url: str
    for_intents: bool
    for_constraints: bool


def read_id(text: str) -> str:
    """Read the id of an entity, a random UUID.

    Raises:
        ParameterError: it is none.
    """
    if not _UUID4.fullmatch(text):
        raise ParameterError("id", text[:40], "is no id", remedy="give a random (version 4) UUID")
    return text.lower()


def read_ovn(text: str) -> str:
    """Read an OVN, or the version of a subscription.

    Raises:
        ParameterError: it is none.
    """
    if not _OVN.fullmatch(text):
        raise ParameterError("ovn", text[:40], "is no OVN", remedy="give that of the version that is to be changed")
    return text


def read_uss(text: str) -> str:
    """Read the name of a USS.

    Raises:
        ParameterError: it is none.
    """
    if not _USS.fullmatch(text):
        raise ParameterError("uss_id", text[:40], "is no name of a USS", remedy="give the subject of its tokens")
    return text


def read_query(told: Any) -> Shape:
    """Read what is asked about: an area, and levels and times if given.

    Raises:
        ParameterError: it makes no sense.
    """
    return Shape([read_volume(read_object(told, "body").get("area_of_interest"))])


def read_intent(told: Any) -> IntentRequest:
    """Read an operational intent.

    Raises:
        ParameterError: it makes no sense.
        Refusal: 413, it has too many volumes.
    """
    fields = read_object(told, "body")
    state = fields.get("state")
    if state not in (*PLANNED, NONCONFORMING, CONTINGENT):
        raise ParameterError("state", shortened(state), "is no state", remedy="give one that the standard has")
    subscription, new = fields.get("subscription_id"), fields.get("new_subscription")
    if subscription is not None and new is not None:
        raise ParameterError("new_subscription", "and subscription_id", "are both given", remedy="give one of them")
    if subscription is not None:
        subscription = read_id(_text(subscription, "subscription_id"))
    if subscription is None and new is None and state != ACCEPTED:
        raise ParameterError(
            "subscription_id", None, f"is missing for the state {state}", remedy="give it, or new_subscription"
        )
    made = {} if new is None else read_object(new, "new_subscription")
    return IntentRequest(
        _extents(fields.get("extents")),
        state,
        read_base_url(fields.get("uss_base_url"), "uss_base_url"),
        _key(fields.get("key")),
        subscription,
        None if new is None else read_base_url(made.get("uss_base_url"), "new_subscription.uss_base_url"),
        _flag(made, "notify_for_constraints"),
    )


def read_constraint(told: Any) -> tuple[Shape, str]:
    """Read a constraint: its extents, and where its manager answers.

    Raises:
        ParameterError: it makes no sense.
        Refusal: 413, it has too many volumes.
    """
    fields = read_object(told, "body")
    return _extents(fields.get("extents")), read_base_url(fields.get("uss_base_url"), "uss_base_url")


def read_subscription(told: Any) -> SubscriptionRequest:
    """Read a subscription.

    Raises:
        ParameterError: it makes no sense.
    """
    fields = read_object(told, "body")
    shape = Shape([read_volume(fields.get("extents"), "extents")])
    intents, constraints = (_flag(fields, f"notify_for_{what}") for what in ("operational_intents", "constraints"))
    if not intents and not constraints:
        raise ParameterError(
            "notify_for_operational_intents",
            False,
            "leaves nothing",
            remedy="ask for notices of intents or constraints",
        )
    return SubscriptionRequest(shape, read_base_url(fields.get("uss_base_url"), "uss_base_url"), intents, constraints)


def read_availability(told: Any) -> tuple[str, str]:
    """Read the availability that a USS is to have; returns the version that it is to replace, and the state.

    Raises:
        ParameterError: it makes no sense.
    """
    fields = read_object(told, "body")
    state = fields.get("availability")
    if state not in AVAILABILITIES:
        raise ParameterError("availability", shortened(state), "is no state", remedy="give one that the standard has")
    return _text(fields.get("old_version", ""), "old_version"), state


def read_report(told: Any) -> dict[str, Any]:
    """Read a report of an exchange that failed.

    Raises:
        ParameterError: it makes no sense.
    """
    fields = read_object(told, "body")
    exchange = read_object(fields.get("exchange"), "exchange")
    for name in ("url", "method"):
        _text(exchange.get(name), f"exchange.{name}")
    if exchange.get("recorder_role") not in ("Client", "Server"):
        role = shortened(exchange.get("recorder_role"))
        raise ParameterError("exchange.recorder_role", role, "is no role", remedy="give Client or Server")
    _text(
        read_object(exchange.get("request_time"), "exchange.request_time").get("value"), "exchange.request_time.value"
    )
    return fields


def read_base_url(told: Any, name: str) -> str:
    """Read where a USS answers.

    Raises:
        ParameterError: it is no base address.
    """
    text = _text(told, name)
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
        fits = fits and (parts.port or 1) > 0 and parts.username is None
    except ValueError:
        fits = False
    if not fits or text.endswith("/") or len(text) > _LONGEST_URL or not text.isascii() or not text.isprintable():
        remedy = "write it like https://uss.example.org/utm, without a slash at its end"
        raise ParameterError(name, text[:60], "is no base address", remedy=remedy)
    return text


def _extents(told: Any) -> Shape:
    """Read extents; those of a request that is made again, as after a refusal, are not computed again."""
    if _too_many(told, MOST_VOLUMES):
        raise Refusal(413, f"more than {MOST_VOLUMES} extents; give fewer that enclose them")
    return _SHAPES.of(json.dumps(told), lambda: Shape(read_volumes(told)))


def _too_many(told: Any, most: int) -> bool:
    return isinstance(told, list) and len(cast("list[Any]", told)) > most


def _key(told: Any) -> frozenset[str]:
    if told is None:
        return frozenset()
    if not isinstance(told, list):
        raise ParameterError("key", shortened(told), "is no list", remedy="give a list of OVNs")
    if _too_many(told, MOST_KEYS):
        raise ParameterError("key", "list", "is too long", remedy=f"give at most {MOST_KEYS:,} OVNs")
    known = cast("list[Any]", told)
    for k, one in enumerate(known):
        if not isinstance(one, str) or not 0 < len(one) <= 256:
            raise ParameterError(f"key[{k}]", shortened(one), "is no OVN", remedy="give OVNs of other entities")
    return frozenset(known)


def _flag(fields: dict[str, Any], name: str) -> bool:
    told = fields.get(name)
    if told is not None and not isinstance(told, bool):
        raise ParameterError(name, shortened(told), "is neither true nor false", remedy="give one of them")
    return bool(told)


def _text(told: Any, name: str) -> str:
    if not isinstance(told, str):
        raise ParameterError(name, shortened(told), "is no text", remedy="look at the standard's API")
    return told
