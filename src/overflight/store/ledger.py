"""A live loop's ledger (`overflight.engine.journal.Ledger`) in a database: events, their alarms and the log, in one transaction."""

from __future__ import annotations

from typing import Any

from overflight.database import Database
from overflight.store import alarms


class LedgerTable:
    """The log of alarms, of which the loop reads what it told itself."""

    def __init__(self, database: Database) -> None:
        """Take a database (`overflight.store.opened.open_store`), which stays open."""
        self._database = database

    def length(self) -> int:
        """The number of the last entry."""
        with self._database.reading() as connection:
            return alarms.last_sequence(connection)

    def after(self, length: int) -> list[dict[str, Any]]:
        """What was told after that entry."""
        with self._database.reading() as connection:
            return alarms.told_after(connection, length)

    def append(self, changes: list[dict[str, Any]]) -> None:
        """Write changes: all or none of them."""
        with self._database.transaction() as connection:
            alarms.live(connection, changes)

    def sync(self) -> None:
        """Nothing is left to do: what a database has committed stays."""

    def close(self) -> None:
        """Nothing: others use the database too."""
