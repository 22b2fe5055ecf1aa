"""The register's tables. Times are whole microseconds since 1970, UTC; levels are metres above the ellipsoid."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from overflight.database import Database, open_database

TABLES: Final = sa.MetaData()

ENTITIES: Final = sa.Table(
    "dss_entities",
    TABLES,
    sa.Column("kind", sa.Text, primary_key=True),  # of `entities.KINDS`
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("manager", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("ovn", sa.Text, nullable=False),  # of a subscription: its version, as others see it
    sa.Column("extents", sa.Text, nullable=False),  # volumes as the standard writes them
    sa.Column("start_us", sa.BigInteger, nullable=False),  # of all volumes, as the levels
    sa.Column("end_us", sa.BigInteger, nullable=False),
    sa.Column("lower_m", sa.Double, nullable=False),
    sa.Column("upper_m", sa.Double, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("state", sa.Text),  # of an intent, as the next
    sa.Column("subscription", sa.Text),
    sa.Column("for_intents", sa.Boolean),  # of a subscription, as the next
    sa.Column("for_constraints", sa.Boolean),
    sa.Column("implicit", sa.Boolean),
    sa.Column("notified", sa.BigInteger, nullable=False),  # the index of its last notification
    sa.Index("dss_entities_subscription", "subscription"),
)
"""Operational intents, constraints and subscriptions."""

CELLS: Final = sa.Table(
    "dss_cells",
    TABLES,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("cell", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Index("dss_cells_entity", "kind", "id"),
    sqlite_with_rowid=False,
)
"""In which cells they are."""

LOCKS: Final = sa.Table("dss_locks", TABLES, sa.Column("cell", sa.BigInteger, primary_key=True, autoincrement=False))
"""What is held while something changes in a cell, where several servers share a database."""

AVAILABILITY: Final = sa.Table(
    "dss_availability",
    TABLES,
    sa.Column("uss", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
)
"""Whether a USS answers, as an arbiter found."""

REPORTS: Final = sa.Table(
    "dss_reports",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("reporter", sa.Text, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
)
"""What one USS told of exchanges with others that failed."""

LACKING: Final = sa.Table(
    "dss_lacking",
    TABLES,
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index("dss_lacking_at", "at_us"),
)
"""Whom the register refused for want of the key of which intent."""

CHANGES: Final = sa.Table(
    "dss_changes",
    TABLES,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("entry", sa.LargeBinary, nullable=False),
    sqlite_autoincrement=True,  # numbers are in order even where all before were moved
)
"""Changes, and what was found of USSs, that are not in the journal yet, each written in the transaction that makes it."""


def open_tables(place: Path | str) -> Database:
    """Open a database (`overflight.database.open_database`) and make the register's tables where they are not.

    Raises:
        ParameterError: it is no address of a database.
        InputError: it cannot be used.
    """
    database = open_database(place)
    with database.making() as connection:
        TABLES.create_all(connection)
    return database
