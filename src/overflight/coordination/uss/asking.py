"""`Asking`: what others' operations and constraints are that the register knows of, from whoever manages them.

What its manager does not tell of, or tells of in another version than the register has, is not known: nobody may plan into it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from overflight.airspace.operational import read_object
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.uss.foreign import (
    CONSTRAINTS,
    INTENTS,
    Other,
    Peers,
    Restriction,
    read_constraint_details,
    read_intent_details,
)
from overflight.errors import InputError, ParameterError

T = TypeVar("T")
_log = logging.getLogger("overflight.server")


class Published(Protocol):
    """Constraints that are published here."""

    def details(self, name: str) -> dict[str, Any]:
        """Return one of them."""
        ...


class Asking:
    """Asks for details."""

    def __init__(self, base_url: str, peers: Peers | None = None, published: Published | None = None) -> None:
        """Take where this side answers, whoever asks other systems (None: nobody can), and what is published here."""
        self._base_url, self._peers, self._published = base_url, peers, published

    def intents(self, references: list[dict[str, Any]]) -> tuple[list[Other], list[dict[str, Any]]]:
        """Return what references of other systems' intents stand for, and the references of those that are not told of."""
        return self._each(references, self._intent)

    def constraints(self, references: list[dict[str, Any]]) -> tuple[list[Restriction], list[dict[str, Any]]]:
        """Return what references of constraints stand for, and the references of those that are not told of."""
        return self._each(references, self._constraint)

    def _each(
        self, references: list[dict[str, Any]], look: Callable[[dict[str, Any]], T]
    ) -> tuple[list[T], list[dict[str, Any]]]:
        told: list[T] = []
        silent: list[dict[str, Any]] = []
        for one in references:
            try:
                told.append(look(one))
            except (InputError, ParameterError, Refusal) as error:
                reason = " ".join(str(error).split())
                extra = {"manager": one["manager"], "id": one["id"], "reason": reason}
                _log.warning("it is not told what is in the way", extra=extra)
                silent.append(one)
        return told, silent

    def _intent(self, reference: dict[str, Any]) -> Other:
        found = read_object(self._asked(INTENTS, reference), "answer").get("operational_intent")
        other = read_intent_details(found, reference["id"])
        return replace(other, name=reference["manager"])  # the register knows whose it is

    def _constraint(self, reference: dict[str, Any]) -> Restriction:
        if reference["uss_base_url"] == self._base_url and self._published is not None:
            return read_constraint_details(self._published.details(reference["id"]), reference["id"])
        found = read_object(self._asked(CONSTRAINTS, reference), "answer").get("constraint")
        return replace(read_constraint_details(found, reference["id"]), manager=reference["manager"])

    def _asked(self, kind: str, reference: dict[str, Any]) -> Any:
        if self._peers is None:
            raise InputError("cannot be asked: this service has no tokens for others", path=reference["uss_base_url"])
        return self._peers.details(kind, reference["uss_base_url"], reference["id"])
