"""Whom the register refused for want of which key: they may ask the manager for the details, as nobody can keep clear of what they cannot see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.engine import Connection

from overflight.coordination.dss.tables import LACKING
from overflight.database import Database

KEPT_US: Final = 24 * 3_600_000_000


def keep_lacking(database: Database, client: str, names: Iterable[str], now_us: int) -> None:
    """Write down that a client lacked the keys of some intents."""
    rows = [{"client": client, "id": name, "at_us": now_us} for name in sorted(set(names))]
    made: Any = (insert_postgresql if database.shared else insert_sqlite)(LACKING)
    made = made.on_conflict_do_update(index_elements=["client", "id"], set_={"at_us": made.excluded.at_us})
    with database.transaction() as connection:
        connection.execute(LACKING.delete().where(LACKING.c.at_us < now_us - KEPT_US))
        connection.execute(made, rows)


def lacked(connection: Connection, client: str, name: str, now_us: int) -> bool:
    """Whether a client lacked the key of an intent, not too long ago."""
    which = (LACKING.c.client == client) & (LACKING.c.id == name) & (LACKING.c.at_us >= now_us - KEPT_US)
    return connection.execute(sa.select(LACKING.c.id).where(which)).first() is not None
