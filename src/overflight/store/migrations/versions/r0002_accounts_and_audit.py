"""Accounts with their sessions and tokens, what parties share, and the audit of who did what."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from overflight.store.migrations import only_grows

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Make the tables, and let the database itself keep the audit from being changed."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("party", sa.Text),
        sa.Column("password", sa.Text),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("account", sa.Text),
        sa.Column("csrf", sa.Text),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "sharing",
        sa.Column("party", sa.Text, primary_key=True),
        sa.Column("ally", sa.Text, primary_key=True),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("user", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("address", sa.Text),
    )
    only_grows("audit")
