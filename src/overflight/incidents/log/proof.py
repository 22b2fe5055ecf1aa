"""Proofs that something is in a log (C2SP tlog-proof): one text that can be verified without asking anybody."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from overflight.errors import InputError
from overflight.incidents.log import merkle
from overflight.incidents.log.checkpoints import Checkpoint, read_checkpoint
from overflight.incidents.log.policy import Policy

HEAD: Final = "c2sp.org/tlog-proof@v1"
MOST_HASHES: Final = 63
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Proof:
    """That a leaf is at `index` of the tree of a checkpoint."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint

    @property
    def content(self) -> bytes:
        """The proof as it is written."""
        lines = [HEAD, f"index {self.index}", *(base64.b64encode(one).decode() for one in self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint.content

    def verify(self, entry: bytes, policy: Policy) -> dict[str, int]:
        """Verify that the entry is in a log of the policy, witnessed as it asks; returns who cosigned and when (s since 1970).

        Raises:
            InputError: it is not.
        """
        witnessed = policy.accepts(self.checkpoint)
        self.holds(entry)
        return witnessed

    def holds(self, entry: bytes) -> None:
        """Verify that the entry is in the tree of the checkpoint, whoever signed it.

        Raises:
            InputError: it is not.
        """
        leaf = merkle.leaf_hash(entry)
        if not merkle.verify_inclusion(leaf, self.index, self.checkpoint.size, self.hashes, self.checkpoint.root):
            raise InputError(
                f"it is not entry {self.index} of the log {self.checkpoint.origin!r} (size {self.checkpoint.size})",
                place="proof",
            )


def read_proof(content: bytes) -> Proof:
    """Read a proof; nothing is verified.

    Raises:
        InputError: it is none.
    """
    head, blank, note = content.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        if lines[0] != HEAD or not blank:
            raise ValueError("it does not begin like one")
        del lines[0]
        if lines and lines[0].startswith("extra "):
            base64.b64decode(lines.pop(0).removeprefix("extra "), validate=True)  # not authenticated: not used
        number = lines.pop(0).removeprefix("index ") if lines and lines[0].startswith("index ") else ""
        if not _NUMBER.fullmatch(number):
            raise ValueError("it has no index")
        hashes = tuple(read_hash(line) for line in lines)
    except (ValueError, binascii.Error) as error:
        raise InputError(f"is no proof ({error})", place="proof") from None
    if len(hashes) > MOST_HASHES:
        raise InputError(f"has more than {MOST_HASHES} hashes", place="proof")
    return Proof(int(number), hashes, read_checkpoint(note))


def read_hash(line: str) -> bytes:
    """Read a hash of 32 bytes in Base64.

    Raises:
        ValueError: it is none.
    """
    digest = base64.b64decode(line, validate=True)
    if len(digest) != merkle.HASH_BYTES or base64.b64encode(digest).decode() != line:
        raise ValueError(f"{line[:50]!r} is no hash")
    return digest
