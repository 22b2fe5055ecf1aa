"""A live loop's ledger (`overflight.engine.journal.Ledger`) in a database: events, their alarms and the log, in one transaction.

Before the loop's state is stored, the positions that it has seen are: sources are asked for what comes after the state, and for nothing before it.
"""

from __future__ import annotations

from typing import Any

from overflight.database import Database
from overflight.store import alarms
from overflight.store.positions import Positions


class LedgerTable:
    """The log of alarms, of which the loop reads what it told itself."""

    def __init__(self, database: Database, positions: Positions) -> None:
        """Take a database (`overflight.store.opened.open_store`) and the files of positions; both stay open."""
        self._database, self._positions = database, positions

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
        """Write the positions; what the database has committed stays anyway."""
        self._positions.flush()

    def close(self) -> None:
        """Nothing: others use the database too."""
