"""A witness (C2SP tlog-witness): signs the latest checkpoint of a log, with the time, if it continues the one that it signed before.

What is here knows nothing of HTTP: a request is its body, an answer is a status and a body. What was cosigned last is stored in one transaction with the
check against it, before the cosignature is given out.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from overflight.errors import InputError
from overflight.incidents.log import merkle
from overflight.incidents.log.checkpoints import Checkpoint, checked, cosigned, read_checkpoint
from overflight.incidents.log.notes import Signature, Signer, VerifierKey, read_signatures
from overflight.incidents.log.proof import read_hash
from overflight.incidents.log.store import Store

MOST_BYTES: Final = 1_000_000
MOST_HASHES: Final = 63
TEXT: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"


@dataclass(frozen=True)
class Answer:
    """What a witness answers: an HTTP status, the type of the body, and the body."""

    status: int
    content_type: str
    body: bytes


def request(old: int, proof: Sequence[bytes], checkpoint: Checkpoint) -> bytes:
    """Return the body that asks for a cosignature of a checkpoint that continues a tree of `old` leaves."""
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof), "", ""]
    return "\n".join(lines).encode() + checkpoint.content


class Witness:
    """Cosigns checkpoints of the logs whose keys it was given."""

    def __init__(
        self, store: Store, signer: Signer, logs: Sequence[VerifierKey], clock: Callable[[], float] = time.time
    ) -> None:
        """Take where it keeps what it cosigned, its key, the logs, and a clock (s since 1970)."""
        self._store, self._signer, self._logs, self._clock = store, signer, logs, clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a request."""
        try:
            old, proof, checkpoint = read_request(body)
        except InputError as error:
            return _told(400, str(error))
        if all(key.name != checkpoint.origin for key in self._logs):
            return _told(404, "this log is not known here")
        try:
            checked(checkpoint, self._logs)
        except InputError as error:
            return _told(403, str(error))
        with self._store.log(checkpoint.origin).cosigning() as (before, now):
            answer, made = self._judged(old, proof, checkpoint, before)
            if made is not None:
                now.append(checkpoint.with_signatures([made]))
        return answer

    def latest(self, origin: str) -> Checkpoint | None:
        """Return the checkpoint of a log that was cosigned last."""
        if all(key.name != origin for key in self._logs):
            return None
        return self._store.log(origin).cosigned()

    def _judged(
        self, old: int, proof: list[bytes], checkpoint: Checkpoint, before: Checkpoint | None
    ) -> tuple[Answer, Signature | None]:
        size = 0 if before is None else before.size
        if old > checkpoint.size:
            return _told(400, "the old size is larger than that of the checkpoint"), None
        if old != size:
            return Answer(409, SIZE, f"{size}\n".encode()), None
        root = merkle.EMPTY_ROOT if before is None else before.root
        if old == checkpoint.size:
            sound = not proof and root == checkpoint.root
        elif old == 0:
            sound = not proof
        else:
            sound = merkle.verify_consistency(old, checkpoint.size, proof, root, checkpoint.root)
        if not sound:
            return _told(422, f"the checkpoint does not continue the tree of size {size} that was cosigned"), None
        made = cosigned(checkpoint, self._signer, int(self._clock()))
        return Answer(200, TEXT, f"{made}\n".encode()), made


def cosignatures(answer: bytes) -> tuple[Signature, ...]:
    """Read the cosignatures that a witness answered; who made them is not verified.

    Raises:
        InputError: it is no such answer.
    """
    try:
        return read_signatures(answer.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError("the witness answered with something else than a cosignature") from None


def read_request(body: bytes) -> tuple[int, list[bytes], Checkpoint]:
    """Read a request: the old size, the proof, and the checkpoint; nothing is verified.

    Raises:
        InputError: it is none.
    """
    head, blank, note = body.partition(b"\n\n")
    try:
        if not blank or len(body) > MOST_BYTES:
            raise ValueError("it has no checkpoint, or is too large")
        first, *lines = head.decode("ascii").split("\n")
        number = first.removeprefix("old ")
        if (
            not first.startswith("old ")
            or not number.isdigit()
            or (number != "0" and number.startswith("0"))
            or len(number) > 19
        ):
            raise ValueError("it does not begin with the old size")
        if len(lines) > MOST_HASHES:
            raise ValueError(f"it has more than {MOST_HASHES} hashes")
        proof = [read_hash(line) for line in lines]
    except ValueError as error:
        raise InputError(f"is no request for a cosignature ({error})", place="request") from None
    return int(number), proof, read_checkpoint(note)


def _told(status: int, reason: str) -> Answer:
    return Answer(status, TEXT, f"{reason}\n".encode())
