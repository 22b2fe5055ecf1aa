"""Evidence: files that lie outside the log, each named by a salted digest.

The digest is SHA-256 of 32 random bytes (the salt) and the content. Who sees only the digest, in a statement, can neither find the file nor
guess it (a track of a known flight has few possible contents); who is given file and salt can prove that it is the one. A piece of evidence
is a folder named by its digest, with the file under its own name and the salt beside it:

    evidence/<digest>/salt
    evidence/<digest>/radar.parquet
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from overflight.errors import InputError

MOST_BYTES: Final = 4_000_000_000
SALT: Final = "salt"
_CHUNK: Final = 1 << 20
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Piece:
    """A piece of evidence: its salted digest (hex), and the name that the file has."""

    digest: str
    name: str


def salted_digest(salt: bytes, content: bytes) -> str:
    """Return SHA-256 of salt and content, in hex."""
    return hashlib.sha256(salt + content).hexdigest()


def safe_name(name: str) -> str:
    """Return a name that is no path and no hidden file, of at most 100 letters, digits, dots, dashes, underscores."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name.replace("\\", "/").rsplit("/", 1)[-1]).lstrip(".")[-100:]
    return plain if plain not in {"", SALT} else f"file_{plain}"


def keep(path: Path, folder: Path) -> Piece:
    """Copy a file into a folder of evidence.

    Raises:
        InputError: it cannot be read, is larger than `MOST_BYTES`, or the folder cannot be written to.
    """
    salt = secrets.token_bytes(32)
    with _into(folder) as temporary:
        name = safe_name(path.name)
        digest = hashlib.sha256(salt)
        size = 0
        try:
            with path.open("rb") as source, (temporary / name).open("xb") as copy:
                while chunk := source.read(_CHUNK):
                    size += len(chunk)
                    if size > MOST_BYTES:
                        raise InputError(f"is larger than {MOST_BYTES // 10**9} GB", path=str(path))
                    digest.update(chunk)
                    copy.write(chunk)
                copy.flush()
                os.fsync(copy.fileno())
        except OSError as error:
            raise InputError(f"cannot be kept as evidence ({error.strerror})", path=str(path)) from None
        (temporary / SALT).write_text(salt.hex() + "\n", encoding="ascii")
        piece = Piece(digest.hexdigest(), name)
        temporary.rename(folder / piece.digest)
    return piece


def held(folder: Path, digest: str) -> Path | None:
    """Return the file of a piece of evidence, or None where the folder does not hold it; it is checked against the digest.

    Raises:
        InputError: what lies there is not what the digest says.
    """
    place = folder / digest
    if _DIGEST.fullmatch(digest) is None or not place.is_dir():
        return None
    try:
        salt = bytes.fromhex((place / SALT).read_text("ascii").strip())
        (file,) = (entry for entry in place.iterdir() if entry.name != SALT)
        if file.is_symlink() or not file.is_file():
            raise ValueError("it is no file")
        found = hashlib.sha256(salt)
        with file.open("rb") as source:
            while chunk := source.read(_CHUNK):
                found.update(chunk)
    except (OSError, ValueError) as error:
        raise InputError(f"is no piece of evidence ({error})", path=str(place), remedy="ask for it again") from None
    if found.hexdigest() != digest:
        raise InputError(
            "is not the evidence that its digest names: it was changed or swapped",
            path=str(file),
            remedy="ask the side that stated it for the file",
        )
    return file


def copy(digest: str, source: Path, target: Path) -> bool:
    """Copy a piece of evidence from one folder to another, checked; False where the source does not hold it.

    Raises:
        InputError: it is not what its digest says, or it cannot be written.
    """
    if (target / digest).is_dir() and held(target, digest) is not None:
        return True
    file = held(source, digest)
    if file is None:
        return False
    with _into(target) as temporary:
        try:
            for entry in (file, file.parent / SALT):
                (temporary / entry.name).write_bytes(entry.read_bytes())
            temporary.rename(target / digest)
        except OSError as error:
            raise InputError(f"cannot be copied ({error.strerror})", path=str(target)) from None
    return True


@contextmanager
def _into(folder: Path) -> Generator[Path]:
    """Give a folder beside the others, which is gone at the end unless it was renamed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".", dir=folder))
        temporary.chmod(0o755)
    except OSError as error:
        raise InputError(f"cannot be written to ({error.strerror})", path=str(folder)) from None
    try:
        yield temporary
    finally:
        if temporary.exists():
            for entry in temporary.iterdir():
                entry.unlink()
            temporary.rmdir()
