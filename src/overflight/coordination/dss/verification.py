"""Whether a register told a party the truth: what the party kept, held against the register's journal.

A party keeps a receipt for each version of what it made (id, OVN, extents, the keys that it showed) and of what others gave it the details of. The journal
is taken from a copy of the log whose checkpoints were verified before (`overflight incident sync`), so that all parties hold the same one. What is found is a
sentence each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from overflight.airspace.operational import Volume, read_volumes
from overflight.coordination.dss.changes import AVAILABILITY, extents_digest, ovn_digest
from overflight.coordination.dss.entities import CONSTRAINT, INTENT
from overflight.coordination.dss.requests import ACCEPTED, PLANNED
from overflight.coordination.dss.shapes import Shape
from overflight.errors import InputError, ParameterError
from overflight.incidents.log.dsse import payload_of

_AT_ONCE_US: Final = 10_000_000
_OF_USS: Final = ("at_us", "action", "manager", "uss", "state")
_FIELDS: Final = ("at_us", "action", "kind", "id", "manager", "version", "ovn_sha256", "extents_sha256")


@dataclass(frozen=True)
class Receipt:
    """A version of an entity, as somebody kept it.

    Attributes:
        id, kind, manager, ovn, volumes: as the register has them.
        state: of one's own intent.
        key: what one showed for it; None for another's entity.
    """

    id: str
    kind: str
    manager: str
    ovn: str
    volumes: tuple[Volume, ...]
    state: str | None = None
    key: frozenset[str] | None = None


def read_receipts(content: str, path: str) -> list[Receipt]:
    """Read receipts, a JSON object a line: `id`, `manager`, `ovn`, `extents`, and of one's own `state` and `key`; `kind` where it is a constraint.

    Raises:
        InputError: a line makes no sense.
    """
    found: list[Receipt] = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            told = cast("dict[str, Any]", json.loads(line))
            key: Any = told.get("key")
            volumes = tuple(read_volumes(told["extents"]))
            kind = told.get("kind", INTENT)
            if kind not in (INTENT, CONSTRAINT):
                raise ValueError(kind)
            named = [str(told[name]) for name in ("id", "manager", "ovn")]
            keys = None if key is None else frozenset(str(one) for one in key)
            found.append(Receipt(named[0], kind, named[1], named[2], volumes, told.get("state"), keys))
        except (ValueError, KeyError, TypeError, AttributeError, ParameterError) as error:
            remedy = "see docs/coordination.md"
            raise InputError(f"is no receipt ({error})", path=path, place=f"line {number}", remedy=remedy) from None
    return found


def read_journal(entries: Iterable[bytes], origin: str) -> list[dict[str, Any]]:
    """Read the entries of a register's journal.

    Raises:
        InputError: an entry is no change of a register.
    """
    found: list[dict[str, Any]] = []
    for number, entry in enumerate(entries):
        try:
            told = json.loads(payload_of(entry))
            fields = _OF_USS if told["action"] == AVAILABILITY else _FIELDS
            found.append({name: told[name] for name in fields})
        except (ValueError, KeyError, TypeError):
            remedy = "is it the log of a register?"
            raise InputError(
                "is no change of a register", path=origin, place=f"entry {number}", remedy=remedy
            ) from None
    return found


def untruths(name: str, journal: Sequence[dict[str, Any]], receipts: Sequence[Receipt]) -> list[str]:
    """Return what does not fit of a journal and what a party kept: sentences, none where all fits."""
    changes = [one for one in journal if one["action"] != AVAILABILITY]
    found = _order(changes)
    at: dict[tuple[str, str], int] = {
        (one["id"], one["ovn_sha256"]): number for number, one in enumerate(journal) if one["action"] == "put"
    }
    kept = {(one.id, ovn_digest(one.ovn)): one for one in receipts}
    for place, receipt in kept.items():
        if place not in at:
            found.append(f"{receipt.id}: the version with the OVN {receipt.ovn} is not in the journal")
            continue
        entry = journal[at[place]]
        if entry["extents_sha256"] != extents_digest(receipt.ovn, receipt.volumes):
            found.append(f"{receipt.id}: the journal has other extents than {receipt.manager} gave")
        if (entry["manager"], entry["kind"]) != (receipt.manager, receipt.kind):
            found.append(f"{receipt.id}: the journal has it as a {entry['kind']} of {entry['manager']}")
    for one in changes:
        if one["manager"] == name and (one["id"], one["ovn_sha256"]) not in kept:
            found.append(f"{one['id']}: the journal has a version {one['version']} of yours that you did not keep")
    return found + _untold(name, journal, at, kept)


def _order(journal: Sequence[dict[str, Any]]) -> list[str]:
    """Return where versions are missing, doubled or out of order."""
    found: list[str] = []
    last: dict[tuple[str, str], int] = {}
    for one in journal:
        what = (one["kind"], one["id"])
        before = last.get(what, 0)
        wanted = before + 1 if one["action"] == "put" else before
        if one["version"] != wanted or (one["action"] == "delete" and before == 0):
            found.append(f"{one['id']}: {one['action']} of version {one['version']} after version {before}")
        last[what] = 0 if one["action"] == "delete" else one["version"]
    return found


def _untold(
    name: str, journal: Sequence[dict[str, Any]], at: dict[tuple[str, str], int], kept: dict[tuple[str, str], Receipt]
) -> list[str]:
    """Return plans of one's own that were let in though something was in their way whose key was not shown."""
    found: list[str] = []
    ends: dict[tuple[str, str], int] = {}  # when each version was no longer: the next change of the same
    following: dict[str, int] = {}
    for number in range(len(journal) - 1, -1, -1):
        one = journal[number]
        if one["action"] == AVAILABILITY:
            continue
        ends[one["id"], one["ovn_sha256"]] = following.get(one["id"], len(journal))
        following[one["id"]] = number
    shapes = {place: Shape(receipt.volumes) for place, receipt in kept.items()}
    for place, mine in kept.items():
        if mine.manager != name or mine.state not in PLANNED or mine.key is None or place not in at:
            continue
        for other, theirs in kept.items():
            there = (
                other in at and at[other] < at[place] < ends[other] and theirs.kind == INTENT and theirs.id != mine.id
            )
            if not there or theirs.ovn in mine.key or not shapes[place].meets(shapes[other]):
                continue
            if theirs.state in (None, ACCEPTED) and _was_down(journal, at[place], theirs.manager):
                continue
            found.append(
                f"{mine.id}: was let in without the key of {theirs.id} of {theirs.manager}, which was in its way"
            )
    return found


def _was_down(journal: Sequence[dict[str, Any]], number: int, uss: str) -> bool:
    """Whether a USS was Down when an entry was made, or just before: what two servers do at once may stand in either order."""
    at_us = journal[number]["at_us"]
    until_us = at_us
    for one in reversed(journal[:number]):
        if one["action"] != AVAILABILITY or one["uss"] != uss:
            continue
        if one["state"] == "Down":
            return until_us >= at_us - _AT_ONCE_US
        until_us = one["at_us"]
    return False
