"""The one who puts statements into a party's log and signs its checkpoints.

A checkpoint is signed only over entries that are stored, and only if it continues every checkpoint that the log has signed and everything that a witness
has seen of it: a database that was restored from an older copy has lost entries that others know of, and signs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from overflight.errors import InputError
from overflight.incidents.log.checkpoints import Checkpoint, signed
from overflight.incidents.log.notes import Signer
from overflight.incidents.log.store import StoredLog


class RollbackError(InputError):
    """The log has lost or changed what it signed before."""


class Sequencer:
    """Adds to a log and signs it."""

    def __init__(self, log: StoredLog, signer: Signer, seen: Iterable[Checkpoint] = ()) -> None:
        """Take a stored log, its key, and checkpoints of it that others have seen.

        Raises:
            RollbackError: the log is not a continuation of what it signed, or of what others have seen.
        """
        self._log, self._signer = log, signer
        latest = log.latest()
        for checkpoint in [*([] if latest is None else [latest]), *seen]:
            self.continues(checkpoint)

    def continues(self, checkpoint: Checkpoint) -> None:
        """Check that the log continues a checkpoint that it signed.

        Raises:
            RollbackError: it does not.
        """
        size = self._log.size
        if checkpoint.size > size:
            raise RollbackError(
                f"the log {self._log.origin!r} has {size} entries, and has signed {checkpoint.size}: an older copy was restored",
                remedy="take the missing entries from another party's copy; nothing is signed until then",
            )
        if self._log.root(checkpoint.size) != checkpoint.root:
            raise RollbackError(
                f"the log {self._log.origin!r} is not the one whose first {checkpoint.size} entries it has signed",
                remedy="take the log from another party's copy; nothing is signed until then",
            )

    def add(self, entries: Sequence[bytes], names: Sequence[tuple[str, str] | None] = ()) -> int:
        """Add entries (and of statements the names, as `StoredLog.append` says); returns the index of the first. They are then durable.

        Raises:
            InputError: the database cannot be written to.
        """
        return self._log.append(entries, names=names)

    def checkpoint(self) -> Checkpoint:
        """Sign the log as it is stored, or return the checkpoint of that size that was signed before.

        Raises:
            RollbackError: it does not continue what it signed before.
        """
        latest = self._log.latest()
        size = self._log.size
        if latest is not None:
            self.continues(latest)
            if latest.size == size:
                return latest
        return self._log.keep(signed(self._log.origin, size, self._log.root(size), self._signer))
