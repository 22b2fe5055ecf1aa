"""Logs in a database: SQLite (one file) or PostgreSQL. One's own log, copies of the others', and what was cosigned last.

Entries and the hashes of complete subtrees are stored in one transaction, which takes the log's row first: two processes that append to one log do so one after
the other, and neither sees half of what the other wrote.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from overflight.database import Database, open_database
from overflight.errors import InputError
from overflight.incidents.log import merkle
from overflight.incidents.log.checkpoints import Checkpoint, read_checkpoint

_TABLES: Final = sa.MetaData()
_LOGS: Final = sa.Table(
    "record_logs", _TABLES, sa.Column("id", sa.Integer, primary_key=True), sa.Column("origin", sa.Text, unique=True, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
)  # fmt: skip
_ENTRIES: Final = sa.Table(
    "record_entries", _TABLES, sa.Column("log", sa.Integer, primary_key=True), sa.Column("at", sa.BigInteger, primary_key=True),
    sa.Column("entry", sa.LargeBinary, nullable=False),
)  # fmt: skip
_HASHES: Final = sa.Table(
    "record_hashes", _TABLES, sa.Column("log", sa.Integer, primary_key=True), sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("at", sa.BigInteger, primary_key=True), sa.Column("hash", sa.LargeBinary, nullable=False), sqlite_with_rowid=False,
)  # fmt: skip
_CHECKPOINTS: Final = sa.Table(
    "record_checkpoints", _TABLES, sa.Column("log", sa.Integer, primary_key=True), sa.Column("size", sa.BigInteger, primary_key=True),
    sa.Column("note", sa.LargeBinary, nullable=False), sqlite_with_rowid=False,
)  # fmt: skip
_COSIGNED: Final = sa.Table(
    "record_cosigned", _TABLES, sa.Column("log", sa.Integer, primary_key=True), sa.Column("note", sa.LargeBinary, nullable=False),
)  # fmt: skip
_STATEMENTS: Final = sa.Table(
    "record_statements", _TABLES, sa.Column("id", sa.Text, primary_key=True), sa.Column("log", sa.Integer, primary_key=True),
    sa.Column("at", sa.BigInteger, primary_key=True), sa.Column("incident", sa.Text, nullable=False, index=True),
)  # fmt: skip
_NOTES: Final = sa.Table(
    "record_notes", _TABLES, sa.Column("digest", sa.Text, primary_key=True), sa.Column("note", sa.LargeBinary, nullable=False),
)  # fmt: skip
# two processes may make it at once
_NEW_LOG: Final = sa.text("INSERT INTO record_logs (origin, size) VALUES (:origin, 0) ON CONFLICT (origin) DO NOTHING")


class Store:
    """A database of logs."""

    def __init__(self, database: Database) -> None:
        """Take a database that has the tables."""
        self._database = database
        self.transaction, self.reading = database.transaction, database.reading

    def log(self, origin: str) -> StoredLog:
        """Return the log of an origin, made where there is none yet."""
        with self.transaction() as connection:
            connection.execute(_NEW_LOG, {"origin": origin})
            found = connection.execute(sa.select(_LOGS.c.id).where(_LOGS.c.origin == origin)).scalar_one()
        return StoredLog(self, int(found), origin)

    def origins(self) -> list[str]:
        """Return the origins of all logs."""
        with self.reading() as connection:
            return list(connection.execute(sa.select(_LOGS.c.origin).order_by(_LOGS.c.id)).scalars())

    def incidents(self) -> list[str]:
        """Return the ids of all incidents that some log has a statement of."""
        with self.reading() as connection:
            return sorted(connection.execute(sa.select(_STATEMENTS.c.incident).distinct()).scalars())

    def statements(self, incident: str) -> list[tuple[str, int, bytes]]:
        """Return the statements of an incident in all logs: origin, index and entry of each, by log and index."""
        chosen = (
            sa.select(_LOGS.c.origin, _STATEMENTS.c.at, _ENTRIES.c.entry)
            .join(_LOGS, _LOGS.c.id == _STATEMENTS.c.log)
            .join(_ENTRIES, (_ENTRIES.c.log == _STATEMENTS.c.log) & (_ENTRIES.c.at == _STATEMENTS.c.at))
            .where(_STATEMENTS.c.incident == incident)
            .order_by(_LOGS.c.id, _STATEMENTS.c.at)
        )
        with self.reading() as connection:
            return [(origin, at, bytes(entry)) for origin, at, entry in connection.execute(chosen)]

    def keep_note(self, checkpoint: Checkpoint) -> None:
        """Keep a signed checkpoint under its hash, so that a statement that names it can be shown with it."""
        with self.transaction() as connection:
            known = connection.execute(sa.select(_NOTES.c.digest).where(_NOTES.c.digest == checkpoint.digest)).scalar()
            if known is None:
                connection.execute(_NOTES.insert().values(digest=checkpoint.digest, note=checkpoint.content))

    def notes(self) -> list[Checkpoint]:
        """Return all checkpoints that were kept under their hash."""
        with self.reading() as connection:
            return [read_checkpoint(bytes(one)) for one in connection.execute(sa.select(_NOTES.c.note)).scalars()]

    def note(self, digest: str) -> Checkpoint | None:
        """Return a checkpoint that was kept under its hash."""
        with self.reading() as connection:
            note = connection.execute(sa.select(_NOTES.c.note).where(_NOTES.c.digest == digest)).scalar()
        return _checkpoint(note)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


class StoredLog:
    """One log of a store."""

    def __init__(self, store: Store, number: int, origin: str) -> None:
        """Take a store and the number that the log has in it."""
        self._store, self._number, self.origin = store, number, origin

    @property
    def size(self) -> int:
        """How many entries there are."""
        with self._store.reading() as connection:
            return self._size(connection)

    def append(
        self,
        entries: Sequence[bytes],
        expected: tuple[int, bytes] | None = None,
        names: Sequence[tuple[str, str] | None] = (),
    ) -> int:
        """Add entries, durably, in one transaction; returns the index of the first.

        Args:
            entries: what is added.
            expected: of a copy: the size and root that the tree must then have.
            names: of each entry that is a statement its id and its incident, by which it is found again.

        Raises:
            InputError: the database cannot be used, or the tree has become another than expected (then nothing is added).
        """
        leaves = [merkle.leaf_hash(entry) for entry in entries]
        with self._store.transaction() as connection:
            size = self._size(connection, taking=True)
            after = size + len(entries)
            made = merkle.completed(size, leaves, partial(self._hash, connection))
            if entries:
                rows = [{"log": self._number, "at": size + n, "entry": entry} for n, entry in enumerate(entries)]
                connection.execute(_ENTRIES.insert(), rows)
                nodes = [{"log": self._number, "level": level, "at": at, "hash": digest} for level, at, digest in made]
                connection.execute(_HASHES.insert(), nodes)
                connection.execute(_LOGS.update().where(_LOGS.c.id == self._number).values(size=after))
            known = [
                {"id": name[0], "log": self._number, "at": size + n, "incident": name[1]}
                for n, name in enumerate(names)
                if name is not None
            ]
            if known:
                connection.execute(_STATEMENTS.insert(), known)
            if expected is not None:
                root = merkle.root(after, partial(self._hash, connection))
                if (after, root) != expected:
                    raise InputError(
                        f"the entries of {self.origin!r} are not those of its checkpoint of size {expected[0]}",
                        remedy="keep both: they are the proof; ask its party for the log again",
                    )
        return size

    def entries(self, begin: int, end: int) -> list[bytes]:
        """Return entries `begin` to before `end`."""
        chosen = sa.select(_ENTRIES.c.entry).where(
            _ENTRIES.c.log == self._number, _ENTRIES.c.at >= begin, _ENTRIES.c.at < end
        )
        with self._store.reading() as connection:
            return [bytes(one) for one in connection.execute(chosen.order_by(_ENTRIES.c.at)).scalars()]

    def hashes(self, level: int, begin: int, end: int) -> list[bytes]:
        """Return the hashes of the complete subtrees `begin` to before `end` of a level."""
        chosen = sa.select(_HASHES.c.hash).where(
            _HASHES.c.log == self._number, _HASHES.c.level == level, _HASHES.c.at >= begin, _HASHES.c.at < end
        )
        with self._store.reading() as connection:
            found = [bytes(one) for one in connection.execute(chosen.order_by(_HASHES.c.at)).scalars()]
        if len(found) != end - begin:
            raise self._damaged()
        return found

    def root(self, size: int) -> bytes:
        """Return the root of the tree of the first `size` entries."""
        with self._store.reading() as connection:
            return merkle.root(size, partial(self._hash, connection))

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Return the proof that entry `index` is in the tree of `size` entries."""
        with self._store.reading() as connection:
            return merkle.inclusion_proof(index, size, partial(self._hash, connection))

    def consistency_proof(self, old: int, size: int) -> list[bytes]:
        """Return the proof that the tree of `size` entries continues that of `old`."""
        with self._store.reading() as connection:
            return merkle.consistency_proof(old, size, partial(self._hash, connection))

    def keep(self, checkpoint: Checkpoint) -> Checkpoint:
        """Keep a checkpoint of the log, with the signatures that are known of it; returns it with all of them."""
        at = (_CHECKPOINTS.c.log == self._number) & (_CHECKPOINTS.c.size == checkpoint.size)
        with self._store.transaction() as connection:
            self._size(connection, taking=True)
            known = connection.execute(sa.select(_CHECKPOINTS.c.note).where(at)).scalar()
            if known is None:
                row = {"log": self._number, "size": checkpoint.size, "note": checkpoint.content}
                connection.execute(_CHECKPOINTS.insert().values(row))
            else:
                before = read_checkpoint(bytes(known))
                if before.note.text == checkpoint.note.text:
                    checkpoint = before.with_signatures(checkpoint.note.signatures)
                connection.execute(_CHECKPOINTS.update().where(at).values(note=checkpoint.content))
        return checkpoint

    def checkpoints(self) -> list[Checkpoint]:
        """Return the checkpoints that were kept, in order of size."""
        chosen = sa.select(_CHECKPOINTS.c.note).where(_CHECKPOINTS.c.log == self._number)
        with self._store.reading() as connection:
            return [
                read_checkpoint(bytes(one))
                for one in connection.execute(chosen.order_by(_CHECKPOINTS.c.size)).scalars()
            ]

    def latest(self) -> Checkpoint | None:
        """Return the checkpoint of the largest size that was kept."""
        chosen = sa.select(_CHECKPOINTS.c.note).where(_CHECKPOINTS.c.log == self._number)
        with self._store.reading() as connection:
            note = connection.execute(chosen.order_by(_CHECKPOINTS.c.size.desc()).limit(1)).scalar()
        return _checkpoint(note)

    def cosigned(self) -> Checkpoint | None:
        """Return the checkpoint of this log that was cosigned last."""
        with self._store.reading() as connection:
            return self._cosigned(connection)

    @contextmanager
    def cosigning(self) -> Generator[tuple[Checkpoint | None, list[Checkpoint]]]:
        """Give what was cosigned last, and a list: the checkpoint that is put into it is cosigned last from then on, all in one transaction."""
        with self._store.transaction() as connection:
            self._size(connection, taking=True)
            before = self._cosigned(connection)
            now: list[Checkpoint] = []
            yield before, now
            if now:
                if before is not None:
                    connection.execute(_COSIGNED.delete().where(_COSIGNED.c.log == self._number))
                connection.execute(_COSIGNED.insert().values(log=self._number, note=now[-1].content))

    def _cosigned(self, connection: Connection) -> Checkpoint | None:
        note = connection.execute(sa.select(_COSIGNED.c.note).where(_COSIGNED.c.log == self._number)).scalar()
        return _checkpoint(note)

    def _size(self, connection: Connection, *, taking: bool = False) -> int:
        """Return the size; `taking` holds the log's row until the transaction ends."""
        chosen = sa.select(_LOGS.c.size).where(_LOGS.c.id == self._number)
        return int(connection.execute(chosen.with_for_update() if taking else chosen).scalar_one())

    def _hash(self, connection: Connection, level: int, at: int) -> bytes:
        chosen = sa.select(_HASHES.c.hash).where(
            _HASHES.c.log == self._number, _HASHES.c.level == level, _HASHES.c.at == at
        )
        found = connection.execute(chosen).scalar()
        if found is None:
            raise self._damaged()
        return bytes(found)

    def _damaged(self) -> InputError:
        return InputError(
            f"the log {self.origin!r} lacks a hash: it is damaged", remedy="restore it, or take it from a copy"
        )


def open_store(place: Path | str) -> Store:
    """Open a database of logs: a path is SQLite, a `postgresql://` address is PostgreSQL; its tables are made where they are missing.

    Raises:
        InputError: it cannot be opened, or is none of ours.
    """
    database = open_database(place)
    with database.making() as connection:
        _TABLES.create_all(connection)
    return Store(database)


def _checkpoint(note: bytes | None) -> Checkpoint | None:
    return None if note is None else read_checkpoint(bytes(note))
