"""Signed notes (C2SP signed-note): a text and signatures under it, each by a key with a name.

Two kinds of keys are known: Ed25519 over the text (type 0x01), and Ed25519 with a time over a checkpoint, a *cosignature* (C2SP
tlog-cosignature, type 0x04). Signatures by other keys are kept and mean nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from overflight.errors import InputError

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MOST_BYTES: Final = 1_000_000
MOST_SIGNATURES: Final = 100
_KINDS: Final = (ED25519, COSIGNATURE)
_NAME: Final = re.compile(r"[^\s+]{1,255}")
_DASH: Final = "\u2014 "
_LATEST: Final = 2**63 - 1


@dataclass(frozen=True)
class VerifierKey:
    """A public key with its name: `name+id+key` as text.

    Attributes:
        name: what it is called, in signatures too.
        kind: `ED25519` or `COSIGNATURE`.
        public: its 32 bytes.
    """

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that signatures name it by, besides its name."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def label(self) -> str:
        """Name and id, by which an envelope names it."""
        return f"{self.name}+{self.id.hex()}"

    def __str__(self) -> str:
        """Return it as a policy names it."""
        return f"{self.label}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Say whether a signature (64 bytes) over a message is by this key (RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def verifier_key(text: str) -> VerifierKey:
    """Read a verifier key.

    Raises:
        InputError: it is none, is of another type, or its id is not that of the key.
    """
    parts = text.split("+", 2)
    try:
        name, number, encoded = parts
        material = base64.b64decode(encoded, validate=True)
        key = VerifierKey(name, material[0], material[1:])
        given = bytes.fromhex(number)
    except (ValueError, IndexError):
        raise InputError(
            f"{text[:80]!r} is no verifier key", remedy="it reads name+id+key, as overflight key show prints it"
        ) from None
    if key.kind not in _KINDS or len(key.public) != 32:
        raise InputError(f"{text[:80]!r} is a key of a type that is not used here", remedy="give an Ed25519 key")
    if given != key.id or not _NAME.fullmatch(name):
        raise InputError(f"{text[:80]!r}: the id is not that of the key", remedy="copy the whole line again")
    return key


@dataclass(frozen=True)
class Signer:
    """A private key with its name; it is never printed."""

    key: VerifierKey
    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        """Say whose it is, and no more."""
        return f"Signer({self.key.label})"

    def sign(self, message: bytes) -> bytes:
        """Return the signature (64 bytes) over a message."""
        return self.private.sign(message)


def signer(name: str, kind: int, seed: bytes) -> Signer:
    """Return the signer of a name from the 32 bytes of a private key.

    Raises:
        InputError: the name is none that a note can hold.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name of a key", remedy="give one without spaces and +")
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return Signer(VerifierKey(name, kind, private.public_key().public_bytes_raw()), private)


@dataclass(frozen=True)
class Signature:
    """One line under a note: the name and id of the key, and what it made (cosignatures: 8 bytes of time before it)."""

    name: str
    id: bytes
    made: bytes

    def __str__(self) -> str:
        """Return the line, without its end."""
        return f"{_DASH}{self.name} {base64.b64encode(self.id + self.made).decode()}"

    def by(self, key: VerifierKey) -> bool:
        """Say whether it names this key."""
        return self.name == key.name and self.id == key.id

    @property
    def time_s(self) -> int:
        """Of a cosignature: when it was made, in s since 1970."""
        return int.from_bytes(self.made[:8], "big")


@dataclass(frozen=True)
class Note:
    """A text, which ends in a newline, and the signatures under it."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """Return the note as it is written."""
        return f"{self.text}\n" + "".join(f"{one}\n" for one in self.signatures)


def read_note(content: bytes) -> Note:
    """Read a signed note; nothing is verified.

    Raises:
        InputError: it is none, or has more signatures than can be meant.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"the note is larger than {MOST_BYTES:,} bytes", place="note")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("the note is no UTF-8", place="note") from None
    if any(one < " " and one != "\n" for one in text):
        raise InputError("the note has control characters", place="note")
    body, blank, lines = text.rpartition("\n\n")
    if not (blank and body and lines.endswith("\n")):
        raise InputError("the note has no signatures", place="note")
    return Note(body + "\n", read_signatures(lines))


def read_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines.

    Raises:
        InputError: one is none, or there are more than can be meant.
    """
    rows = lines.removesuffix("\n").split("\n")
    if len(rows) > MOST_SIGNATURES:
        raise InputError(f"the note has more than {MOST_SIGNATURES} signatures", place="note")
    return tuple(_signature(row) for row in rows)


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        made = base64.b64decode(encoded, validate=True)
        if base64.b64encode(made).decode() != encoded:  # bits that no byte holds would be a second way to write it
            raise ValueError
    except (ValueError, binascii.Error):
        made = b""
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(made) < 5:
        raise InputError(f"{line[:60]!r} is no signature line", place="note")
    return Signature(name, made[:4], made[4:])


def signature(text: str, by: Signer, time_s: int = 0) -> Signature:
    """Sign the text of a note; a key of cosignatures signs it with the time (s since 1970)."""
    if by.key.kind != COSIGNATURE:
        return Signature(by.key.name, by.key.id, by.sign(text.encode()))
    return Signature(by.key.name, by.key.id, time_s.to_bytes(8, "big") + by.sign(_with_time(text, time_s)))


def verified(note: Note, keys: Iterable[VerifierKey]) -> list[tuple[VerifierKey, Signature]]:
    """Return the keys that signed a note, each with its signature; those of unknown keys are passed over.

    Raises:
        InputError: a signature that names one of the keys is not by it.
    """
    found: list[tuple[VerifierKey, Signature]] = []
    for key in keys:
        for one in note.signatures:
            if one.by(key):
                if not _is_by(one, note.text, key):
                    raise InputError(f"the signature of {key.name} is not by its key", place="note")
                found.append((key, one))
                break
    return found


def _is_by(one: Signature, text: str, key: VerifierKey) -> bool:
    if key.kind == COSIGNATURE:
        return (
            len(one.made) == 72
            and 0 < one.time_s <= _LATEST
            and key.verifies(_with_time(text, one.time_s), one.made[8:])
        )
    return len(one.made) == 64 and key.verifies(text.encode(), one.made)


def _with_time(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()
