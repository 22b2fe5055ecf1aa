"""The tables, as queries name them; `migrations` makes them. Times are whole microseconds since 1970, UTC; what is nested is JSON."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

TABLES: Final = sa.MetaData()

EVENTS: Final = sa.Table(
    "events",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("start_us", sa.BigInteger, nullable=False),
    sa.Column("end_us", sa.BigInteger, nullable=False),
    sa.Column("latitude", sa.Float),
    sa.Column("longitude", sa.Float),
    sa.Column("track_a", sa.Text),
    sa.Column("track_b", sa.Text),
    sa.Column("party_a", sa.Text),
    sa.Column("party_b", sa.Text),
    sa.Column("event", sa.Text, nullable=False),  # as a record, as it stands now
    sa.Column("life", sa.Text, nullable=False),  # the last step of it
    sa.Column("priority", sa.Integer, nullable=False),  # place in `priority.PRIORITIES`
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("acknowledged", sa.Boolean, nullable=False),
    sa.Column("shelved_until_us", sa.BigInteger),
    sa.Column("suppressed", sa.Boolean, nullable=False),
    sa.Column("out_of_service", sa.Boolean, nullable=False),
    sa.Column("asked", sa.BigInteger, nullable=False),  # sequence with which it last asked for attention
    sa.Column("sequence", sa.BigInteger, nullable=False),  # of its last entry in the log
    sa.Index("events_start", "start_us"),
    sa.Index("events_waiting", "active", "acknowledged"),
    sa.Index("events_pair", "track_a", "track_b"),
)
"""One row an event, with the state of its alarm."""

LOG: Final = sa.Table(
    "alarm_log",
    TABLES,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),  # of the clock on the wall
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),  # a step in the event's life, or what a person did
    sa.Column("known_us", sa.BigInteger),  # event time by which a step of its life was known
    sa.Column("user", sa.Text),  # who did it; null for a step of its life
    sa.Column("note", sa.Text),
    sa.Column("alarm", sa.Text, nullable=False),  # the alarm as it stood after
    sa.Column("event", sa.Text),  # the event as it stood after, where it changed
    sa.Index("alarm_log_event", "event_id"),
)
"""Everything that ever happened to an alarm, in order. It only grows: the database itself refuses changes."""

ACCOUNTS: Final = sa.Table(
    "accounts",
    TABLES,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),  # of `accounts.ROLES`
    sa.Column("party", sa.Text),  # whose flights and events it sees; null for everybody's
    sa.Column("password", sa.Text),  # hash (argon2id); null for who comes by an identity provider
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
)
"""Who may use the service."""

KEYS: Final = sa.Table(
    "keys",
    TABLES,
    sa.Column("digest", sa.Text, primary_key=True),  # SHA-256 of the secret, which is kept nowhere
    sa.Column("purpose", sa.Text, nullable=False),  # of `keys.PURPOSES`
    sa.Column("name", sa.Text, nullable=False),  # what its owner calls it
    sa.Column("account", sa.Text),  # null for the link that makes the first one
    sa.Column("csrf", sa.Text),  # what a page must say with whatever it changes, of a session
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
)
"""Secrets that open the service: sessions of a page, tokens of a program, and the link to begin with."""

SHARING: Final = sa.Table(
    "sharing",
    TABLES,
    sa.Column("party", sa.Text, primary_key=True),  # shows its flights and events to
    sa.Column("ally", sa.Text, primary_key=True),
)
"""Which party shows what is its own to which other."""

AUDIT: Final = sa.Table(
    "audit",
    TABLES,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),  # of the clock on the wall
    sa.Column("user", sa.Text),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("address", sa.Text),  # where it was asked from
)
"""What was done to accounts and with them, in order. It only grows: the database itself refuses changes."""

SUBSCRIPTIONS: Final = sa.Table(
    "subscriptions",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),  # of `subscriptions.CHANNELS`
    sa.Column("target", sa.Text, nullable=False),  # where to
    sa.Column("secret", sa.Text, nullable=False),  # that webhooks are signed with; whoever is told checks with it
    sa.Column("party", sa.Text),  # who is told: what this party may see; null for everything
    sa.Column("of_party", sa.Text),  # only of events of this party
    sa.Column("kinds", sa.Text),  # JSON; null for all
    sa.Column("priority", sa.Integer, nullable=False),  # at least this place in `priority.PRIORITIES`
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),  # sequence of the last entry of the log that is done with
)
"""Who is told of what, and how far they have been."""

DELIVERIES: Final = sa.Table(
    "deliveries",
    TABLES,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("subscription", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),  # of the entry that was to be told
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),  # of the clock on the wall
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("delivered", sa.Boolean, nullable=False),
    sa.Index("deliveries_subscription", "subscription", "number"),
)
"""Every attempt to tell somebody something, and how it went. It only grows."""
