"""Numbers of what only grows, without a gap: the order of the numbers is the order in which what they number can be read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def last_number(connection: Connection, column: sa.Column[Any]) -> int:
    """Return the greatest number of a table; 0 where there is none."""
    return connection.execute(sa.select(sa.func.coalesce(sa.func.max(column), 0))).scalar_one()


def next_number(connection: Connection, column: sa.Column[Any]) -> int:
    """Return the next number of a table, and keep others from writing to it until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"LOCK TABLE {column.table.name} IN SHARE ROW EXCLUSIVE MODE"))
    return last_number(connection, column) + 1
