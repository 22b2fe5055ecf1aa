"""`Availabilities`: whether a USS answers, as an arbiter found. Nothing is asked of them: a USS of which nothing is known is Unknown."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.coordination.dss.changes import write_availability
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.tables import AVAILABILITY
from overflight.database import Database

_STATES: Final = sa.select(AVAILABILITY.c.uss, AVAILABILITY.c.state).where(
    AVAILABILITY.c.uss.in_(sa.bindparam("names", expanding=True))
)


class Availabilities:
    """The states of all USSs."""

    def __init__(self, database: Database) -> None:
        """Take a database that has the tables."""
        self._database = database

    def of(self, connection: Connection, names: Collection[str]) -> dict[str, str]:
        """Return the states of those of whom something is known."""
        if not names:
            return {}
        return {row.uss: row.state for row in connection.execute(_STATES, {"names": sorted(names)})}

    def get(self, name: str) -> dict[str, Any]:
        """Return the state of a USS and its version, as the standard writes them."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(AVAILABILITY).where(AVAILABILITY.c.uss == name)).first()
        return _told(name, "Unknown", "") if row is None else _told(name, row.state, row.version)

    def set(self, arbiter: str, name: str, old_version: str, state: str, now_us: int) -> dict[str, Any]:
        """Set the state of a USS, as an arbiter found it; returns it as `get` does.

        Raises:
            Refusal: 409, the version is not the current one.
        """
        version = secrets.token_urlsafe(16)
        with self._database.transaction() as connection:
            if self._database.shared:
                connection.execute(sa.text("LOCK TABLE dss_availability IN SHARE ROW EXCLUSIVE MODE"))
            which = AVAILABILITY.c.uss == name
            known = connection.execute(sa.select(AVAILABILITY.c.version).where(which)).scalar()
            if (known or "") != old_version:
                raise Refusal(409, f"the availability of {name} is there in another version; read it again")
            if known is None:
                connection.execute(AVAILABILITY.insert().values(uss=name, state=state, version=version))
            else:
                connection.execute(AVAILABILITY.update().where(which).values(state=state, version=version))
            write_availability(connection, now_us, arbiter, name, state)
        return _told(name, state, version)


def _told(name: str, state: str, version: str) -> dict[str, Any]:
    return {"version": version, "status": {"uss": name, "availability": state}}
