"""`Journal`: changes of the register put into a log that only grows (`overflight.incidents.log`), signed: what the register said once it cannot take back.

A change is written down in the transaction that makes it, and moved into the log by whichever server gets to it, one at a time. A server that dies between
the two steps of a move leaves both: what stands at the end of the log already is not added again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from overflight.coordination.dss.changes import CHANGE_TYPE
from overflight.coordination.dss.tables import CHANGES, LOCKS
from overflight.database import Database
from overflight.errors import OverflightError
from overflight.incidents.log.dsse import sealed
from overflight.incidents.party import Party

EVERY_S: Final = 0.5
_BATCH: Final = 1_000
_TURN: Final = 0
"""The row that the server takes which moves: no cell has this number."""
_log = logging.getLogger("overflight.server")


@contextlib.contextmanager
def journaling(database: Database, record: Path) -> Generator[None]:
    """Keep the journal of a register in a record, as long as this lasts.

    Raises:
        InputError: the record cannot be used.
    """
    party = Party(record)
    with contextlib.closing(party):
        journal = Journal(database, party)
        journal.move()  # what is wrong with it is said before anything is begun
        journal.start()
        try:
            yield
        finally:
            journal.stop()


class Journal:
    """Moves changes into the log of a record, and signs it."""

    def __init__(self, database: Database, party: Party) -> None:
        """Take the register's database, and the record that its journal is."""
        self._database, self._party = database, party
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="journal", daemon=True)

    def move(self) -> int:
        """Move changes until there are none, and sign; returns how many were added.

        Raises:
            InputError: a database cannot be used.
            RollbackError: the log does not continue what it signed before.
        """
        added = 0
        while (moved := self._move()) is not None:
            added += moved
        if added:
            self._party.sign(self._party.sequencer())
        return added

    def start(self) -> None:
        """Move from now on, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Move what is left, and end."""
        self._stopping.set()
        self._thread.join()

    def _move(self) -> int | None:
        """Move a batch; returns how many were added, None where nothing is left."""
        sequencer = self._party.sequencer()
        with self._database.transaction() as connection:
            if self._database.shared:
                connection.execute(insert(LOCKS).values(cell=_TURN).on_conflict_do_nothing())
                connection.execute(sa.select(LOCKS.c.cell).where(LOCKS.c.cell == _TURN).with_for_update())
            rows = connection.execute(sa.select(CHANGES).order_by(CHANGES.c.number).limit(_BATCH)).all()
            if not rows:
                return None
            log = self._party.log
            there = set(log.entries(max(0, log.size - _BATCH), log.size))
            changes = [sealed(bytes(row.entry), CHANGE_TYPE, self._party.signer) for row in rows]
            new = [one for one in changes if one not in there]
            if new:
                sequencer.add(new)
            connection.execute(CHANGES.delete().where(CHANGES.c.number.in_([row.number for row in rows])))
            return len(new)

    def _follow(self) -> None:
        trouble = False
        while True:
            last = self._stopping.wait(EVERY_S)
            try:
                self.move()
                trouble = False
            except OverflightError as error:
                if not trouble:
                    _log.error("the journal cannot be written", extra={"reason": str(error)})
                trouble = True
            if last:
                return
