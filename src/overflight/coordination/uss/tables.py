"""The tables of the hosted side, in the database of the register. Times are whole microseconds since 1970, UTC; what is nested is JSON."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.coordination.dss.tables import TABLES

PARTIES: Final = sa.Table(
    "uss_parties",
    TABLES,
    sa.Column("party", sa.Text, primary_key=True),
    sa.Column("pseudonym", sa.Text, nullable=False, unique=True),  # what others know it by, the register too
    sa.Column("heard_us", sa.BigInteger, nullable=False),  # when it last said that it is there
    sa.Column("last_delivery", sa.BigInteger, nullable=False),  # the sequence of it
)
"""Parties that the hosted side serves."""

OPERATIONS: Final = sa.Table(
    "uss_operations",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # of `operations.STATES`
    sa.Column("declared", sa.Text, nullable=False),
    sa.Column("ovn", sa.Text, nullable=False),  # of the register
    sa.Column("start_us", sa.BigInteger, nullable=False),
    sa.Column("end_us", sa.BigInteger, nullable=False),  # of what was declared, or when it was released
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Index("uss_operations_party", "party", "start_us"),
    sa.Index("uss_operations_live", "state", "end_us"),
)
"""What they have declared. What is over stays."""

DELIVERIES: Final = sa.Table(
    "uss_deliveries",
    TABLES,
    sa.Column("party", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("acknowledged_us", sa.BigInteger),
)
"""What each of them was told, numbered without a gap, and when it said that it has it."""


SUSPENSIONS: Final = sa.Table(
    "uss_suspensions",
    TABLES,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger),  # null while it lasts
    sa.Column("why", sa.Text, nullable=False),
    sa.Index("uss_suspensions_party", "party"),
)
"""When parties were suspended. What they had declared does not count for that time."""

OUTGOING: Final = sa.Table(
    "uss_outgoing",
    TABLES,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),  # it is of no use after
    sa.Column("next_us", sa.BigInteger, nullable=False),  # when it is tried again
    sa.Column("tries", sa.BigInteger, nullable=False),
    sa.Index("uss_outgoing_next", "next_us"),
)
"""What other systems have to be told yet, each written in the transaction of what it tells of."""


def make_tables(connection: Connection) -> None:
    """Make the tables of the register and of the hosted side where they are not."""
    TABLES.create_all(connection)
