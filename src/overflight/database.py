"""A database: SQLite (one file) or PostgreSQL, and transactions in it that are whole or not at all.

SQLite runs in WAL mode with `synchronous=FULL`: what is committed is on the disk.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from overflight.errors import InputError, ParameterError

BUSY_S: Final = 30.0
"""How long another process may hold the database before it is an error."""

_READS: Final = "overflight_reads"
_MAKING: Final = 0x6F766572
"""The lock that PostgreSQL's clients take while they make the tables."""


class Database:
    """An open database."""

    def __init__(self, engine: Engine, where: str) -> None:
        """Take an engine; `where` names the database in errors, without a password."""
        self.engine, self.where = engine, where

    @property
    def shared(self) -> bool:
        """Whether several servers may use it at once: PostgreSQL."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """Give a transaction that writes.

        Raises:
            InputError: the database cannot be used.
        """
        with self._begun(self.engine) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """Give a transaction that reads one state of the database, and keeps nobody from writing.

        Raises:
            InputError: the database cannot be used.
        """
        with self._begun(self.engine.execution_options(**{_READS: True})) as connection:
            yield connection

    @contextmanager
    def making(self) -> Generator[Connection]:
        """Give a transaction in which tables are made: one process at a time; the engine is let go of where that fails.

        Raises:
            InputError: the database cannot be used.
        """
        try:
            with self.transaction() as connection:
                if self.shared:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING)))
                yield connection
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of it."""
        self.engine.dispose()

    @contextmanager
    def _begun(self, engine: Engine) -> Generator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise _unusable(self.where, error) from None


def open_database(place: Path | str) -> Database:
    """Open a database: a path is SQLite, a `postgresql://` address is PostgreSQL. Nothing is connected yet.

    Raises:
        ParameterError: it is no address.
    """
    if isinstance(place, Path):
        engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(place)), connect_args={"timeout": BUSY_S, "check_same_thread": False}
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return Database(engine, str(place))
    try:
        url = sa.make_url(place)
    except SQLAlchemyError:
        url = None
    if url is None or url.drivername not in {"postgresql", "postgres"}:
        raise ParameterError(
            "--database",
            place.partition(":")[0],
            "is no address of a database",
            remedy="write it like postgresql://USER@HOST/NAME",
        )
    url = url.set(drivername="postgresql+psycopg")
    return Database(sa.create_engine(url), url.render_as_string(hide_password=True))


def _prepare(connection: Any, _: Any) -> None:
    """Make SQLite durable, and leave transactions to us: its driver would begin them late, and as readers."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _unusable(where: str, error: Exception) -> InputError:
    reason = (str(getattr(error, "orig", error)).strip() or type(error).__name__).splitlines()[0]
    return InputError(f"cannot be used ({reason})", path=where, remedy="is it a database of Overflight?")
