"""`Locks`: changes in one place come one after the other, whichever server makes them; changes far apart do not wait for each other.

On PostgreSQL a change first takes the rows of all cells of one level (80 km wide) that it touches, in the order of their numbers, so that no two can wait for
each other. SQLite has one writer at a time anyway: there a queue in the process spares it from asking again and again.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection

from overflight.coordination.dss.cells import LEVELS
from overflight.coordination.dss.tables import LOCKS
from overflight.database import Database

LEVEL: Final = 7
_LOWEST: Final = 1 << 2 * (LEVELS - LEVEL)


def lock_cells(cells: Iterable[int]) -> list[int]:
    """Return the numbers of all cells of `LEVEL` that cells are in, or that are in them, in order."""
    found: set[int] = set()
    for cell in cells:
        lowest = cell & -cell
        if lowest <= _LOWEST:
            found.add((cell & -(2 * _LOWEST)) | _LOWEST)
        else:
            base = cell - lowest + _LOWEST
            found.update(base + 2 * _LOWEST * k for k in range(lowest // _LOWEST))
    return sorted(found)


class Locks:
    """The locks of a database."""

    def __init__(self, database: Database) -> None:
        """Take a database that has the tables."""
        self._database = database
        self._turn = threading.Lock()
        self._known: set[int] = set()

    @contextmanager
    def changing(self, cells: Iterable[int]) -> Generator[Connection]:
        """Give a transaction that nothing else changes these cells beside.

        Raises:
            InputError: the database cannot be used.
        """
        if not self._database.shared:
            with self._turn, self._database.transaction() as connection:
                yield connection
            return
        held = lock_cells(cells)
        self._make(held)
        with self._database.transaction() as connection:
            connection.execute(
                sa.select(LOCKS.c.cell).where(LOCKS.c.cell.in_(held)).order_by(LOCKS.c.cell).with_for_update()
            )
            yield connection

    def _make(self, cells: list[int]) -> None:
        """Make rows in a transaction of their own: made in that of the change, others could not see and take them."""
        missing = [cell for cell in cells if cell not in self._known]
        if missing:
            with self._database.transaction() as connection:
                rows = [{"cell": cell} for cell in missing]
                connection.execute(insert(LOCKS).on_conflict_do_nothing(), rows)
            self._known.update(missing)
