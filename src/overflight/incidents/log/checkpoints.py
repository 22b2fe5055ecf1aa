"""Checkpoints (C2SP tlog-checkpoint): the size and root of a log's tree at a moment, as a note that the log signs and witnesses cosign."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from overflight.errors import InputError
from overflight.incidents.log import merkle
from overflight.incidents.log.notes import Note, Signature, Signer, VerifierKey, read_note, signature, verified

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """A log's tree at a moment.

    Attributes:
        origin: which log.
        size: how many leaves.
        root: the hash of the tree.
        note: the note that says so, with its signatures.
    """

    origin: str
    size: int
    root: bytes
    note: Note

    @property
    def content(self) -> bytes:
        """The note as it is written."""
        return str(self.note).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the note with its signatures, in hex: it commits to when witnesses cosigned it, too."""
        return hashlib.sha256(self.content).hexdigest()

    def with_signatures(self, more: Iterable[Signature]) -> Checkpoint:
        """Return it with further signatures, one for each key, the newest time where a key signed twice."""
        kept = {(one.name, one.id): one for one in self.note.signatures}
        for one in more:
            before = kept.get((one.name, one.id))
            if before is None or one.made[:8] > before.made[:8]:
                kept[one.name, one.id] = one
        return replace(self, note=replace(self.note, signatures=tuple(kept.values())))


def origin_hash(origin: str) -> str:
    """Return the name of a log in paths: SHA-256 of its origin, in hex (C2SP tlog-witness)."""
    return hashlib.sha256(origin.encode()).hexdigest()


def signed(origin: str, size: int, root: bytes, by: Signer) -> Checkpoint:
    """Sign a checkpoint."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    return Checkpoint(origin, size, root, Note(text, (signature(text, by),)))


def read_checkpoint(content: bytes) -> Checkpoint:
    """Read a checkpoint; no signature is verified.

    Raises:
        InputError: it is none.
    """
    note = read_note(content)
    lines = note.text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        raise InputError("it has no origin, size and root", place="checkpoint")
    origin, size, encoded = lines[:3]
    try:
        root = base64.b64decode(encoded, validate=True)
    except ValueError:
        root = b""
    if not _SIZE.fullmatch(size) or len(root) != merkle.HASH_BYTES or base64.b64encode(root).decode() != encoded:
        raise InputError("its size is no number, or its root no hash", place="checkpoint")
    if size == "0" and root != merkle.EMPTY_ROOT:
        raise InputError("its tree is empty, and its root is not", place="checkpoint")
    return Checkpoint(origin, int(size), root, note)


def cosigned(checkpoint: Checkpoint, by: Signer, time_s: int) -> Signature:
    """Return a witness's cosignature of a checkpoint at a time (s since 1970)."""
    return signature(checkpoint.note.text, by, time_s)


def checked(checkpoint: Checkpoint, keys: Iterable[VerifierKey]) -> VerifierKey:
    """Return the key of the log that signed a checkpoint, of those that are named as its origin.

    Raises:
        InputError: none did.
    """
    own = [key for key in keys if key.name == checkpoint.origin]
    found = verified(checkpoint.note, own)
    if not found:
        raise InputError(
            f"the checkpoint of {checkpoint.origin!r} is signed by no key that is pinned for it",
            place="checkpoint",
            remedy="ask its party for the line that overflight key show prints, and put it into the policy",
        )
    return found[0][0]
