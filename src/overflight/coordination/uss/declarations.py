"""`Declarations`: what parties have declared here, as the log that rules are judged by (`overflight.agreement.logs`): live, and as a file for history."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.agreement.logs import Entry
from overflight.airspace.declarations import declared_airspace
from overflight.airspace.volume import Volume
from overflight.coordination.uss.tables import OPERATIONS, PARTIES, SUSPENSIONS
from overflight.database import Database
from overflight.errors import InputError

KEPT_US: Final = 48 * 3_600_000_000
"""For how long after its end nets may ask for an operation."""
_FRESH_S: Final = 0.5
"""Nets look at what is some seconds old: what is asked again within so long has not changed for them."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Declarations:
    """The log of what is declared, as nets ask for it again and again."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._lock = threading.Lock()
        self._volumes: dict[str, tuple[Volume, ...]] = {}
        self._read: tuple[float, tuple[Entry, ...]] = (-1.0, ())

    def entries(self) -> Sequence[Entry]:
        """Return what is, or was not long ago, declared or suspended, and who declares here."""
        return self._now()

    def _now(self) -> tuple[Entry, ...]:
        with self._lock:
            if time.monotonic() - self._read[0] >= _FRESH_S:
                since_us = time.time_ns() // 1000 - KEPT_US
                try:
                    with self._database.reading() as connection:
                        rows = log_rows(connection, since_us)
                except InputError:
                    if self._read[0] < 0.0:
                        raise
                    return self._read[1]  # gone for a while, as the log of alarms says: what was known holds
                names = {row["text"] for row in rows}
                self._volumes = {name: one for name, one in self._volumes.items() if name in names}
                self._read = (time.monotonic(), tuple(self._entry(row) for row in rows))
            return self._read[1]

    def _entry(self, row: dict[str, Any]) -> Entry:
        ref = row["text"]
        if ref not in self._volumes:
            told = enumerate(row.get("volumes", ()))
            found = tuple(declared_airspace(one, f"volumes[{k}]", ref, row["party"]) for k, one in told)
            self._volumes[ref] = found
        until = None if row.get("until") is None else datetime.fromisoformat(row["until"])
        made = datetime.fromisoformat(row["time"])
        known_as = row.get("known_as", "")
        return Entry(
            row["kind"], made, row["party"], "", None, "", "", "", None, until, ref, ref, self._volumes[ref], known_as
        )


def log_rows(connection: Connection, since_us: int, party: str | None = None) -> list[dict[str, Any]]:
    """Return what was declared or suspended and is not over since a time, as rows of a log; of one party, or of all."""
    whose = OPERATIONS.join(PARTIES, PARTIES.c.party == OPERATIONS.c.party)
    operations = sa.select(OPERATIONS, PARTIES.c.pseudonym).select_from(whose).where(OPERATIONS.c.end_us >= since_us)
    suspended = sa.select(SUSPENSIONS).where(SUSPENSIONS.c.until_us.is_(None) | (SUSPENSIONS.c.until_us >= since_us))
    if party is not None:
        operations, suspended = (
            operations.where(OPERATIONS.c.party == party),
            suspended.where(SUSPENSIONS.c.party == party),
        )
    first = sa.select(OPERATIONS.c.party, sa.func.min(OPERATIONS.c.made_us)).group_by(OPERATIONS.c.party)
    found: list[dict[str, Any]] = [
        {"kind": "declares", "time": _written(made_us), "party": name, "text": f"party {name}"}
        for name, made_us in connection.execute(first.order_by(OPERATIONS.c.party))
        if party in (None, name)
    ]
    found += [
        {
            "kind": "notice",
            "time": _written(row.made_us),
            "party": row.party,
            "until": _written(row.end_us),
            "volumes": json.loads(row.declared)["volumes"],
            "text": f"operation {row.id}",
            "known_as": row.pseudonym,
        }
        for row in connection.execute(operations.order_by(OPERATIONS.c.made_us, OPERATIONS.c.id))
    ]
    for row in connection.execute(suspended.order_by(SUSPENSIONS.c.number)):
        until = None if row.until_us is None else _written(row.until_us)
        text = f"suspension {row.number}: {row.why}"
        found.append(
            {"kind": "suspension", "time": _written(row.from_us), "party": row.party, "until": until, "text": text}
        )
    return found


def _written(moment_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=moment_us)).isoformat()
