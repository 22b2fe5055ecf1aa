"""Events with the state of their alarms, and the log of what happened to them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from overflight.store.migrations import only_grows

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    """Make the tables, and let the database itself keep the log from being changed."""
    op.create_table(
        "events",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("start_us", sa.BigInteger, nullable=False),
        sa.Column("end_us", sa.BigInteger, nullable=False),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        *(sa.Column(name, sa.Text) for name in ("track_a", "track_b", "party_a", "party_b")),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("life", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("acknowledged", sa.Boolean, nullable=False),
        sa.Column("shelved_until_us", sa.BigInteger),
        sa.Column("suppressed", sa.Boolean, nullable=False),
        sa.Column("out_of_service", sa.Boolean, nullable=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_index("events_start", "events", ["start_us"])
    op.create_index("events_waiting", "events", ["active", "acknowledged"])
    op.create_table(
        "alarm_log",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("known_us", sa.BigInteger),
        sa.Column("user", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("alarm", sa.Text, nullable=False),
        sa.Column("event", sa.Text),
    )
    op.create_index("alarm_log_event", "alarm_log", ["event_id"])
    only_grows("alarm_log")
