"""What the register did, as entries of its journal: who changed what to which version, and digests of the rest.

An OVN has 128 random bits and is known to the manager and to whom it gave the details: its digest says nothing to others, and, hashed together with
the extents, it keeps others from trying out where an entity could be.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy.engine import Connection

from overflight.airspace.operational import Volume, written
from overflight.coordination.dss.entities import Entity
from overflight.coordination.dss.tables import CHANGES

CHANGE_TYPE: Final = "application/vnd.overflight.register-change+json"
"""As what a register signs its changes."""
AVAILABILITY: Final = "availability"
"""The action of an entry that is about no entity, but about a USS."""
_INSERT: Final = CHANGES.insert().inline()


def write_change(connection: Connection, at_us: int, action: str, entity: Entity) -> None:
    """Write a change down, in the transaction that makes it: `put` or `delete`."""
    told = {
        "at_us": at_us,
        "action": action,
        "kind": entity.kind,
        "id": entity.id,
        "manager": entity.manager,
        "version": entity.version,
        "ovn_sha256": ovn_digest(entity.ovn),
        "extents_sha256": extents_digest(entity.ovn, entity.volumes),
    }
    connection.execute(_INSERT, {"entry": _canonical(told)})


def write_availability(connection: Connection, at_us: int, arbiter: str, uss: str, state: str) -> None:
    """Write down what an arbiter found of a USS, in the transaction that keeps it: what nobody has to know depends on it."""
    told = {"at_us": at_us, "action": AVAILABILITY, "manager": arbiter, "uss": uss, "state": state}
    connection.execute(_INSERT, {"entry": _canonical(told)})


def ovn_digest(ovn: str) -> str:
    """Return the digest of an OVN."""
    return hashlib.sha256(ovn.encode()).hexdigest()


def extents_digest(ovn: str, volumes: Iterable[Volume]) -> str:
    """Return the digest of an OVN and extents."""
    return hashlib.sha256(ovn.encode() + b"\n" + _canonical([written(one) for one in volumes])).hexdigest()


def _canonical(told: Any) -> bytes:
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
