"""Alembic's environment: the connection that `overflight.store.opened` gives, and no other."""

from __future__ import annotations

from alembic import context

from overflight.store.tables import TABLES

context.configure(connection=context.config.attributes["connection"], target_metadata=TABLES, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
