"""A live loop's ledger as a file: `events.jsonl` in a folder, one change a line. A last line that was cut off is no line."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from overflight.errors import InputError


class LedgerFile:
    """The file of one folder. One process at a time."""

    def __init__(self, folder: Path) -> None:
        """Open or make the folder.

        Raises:
            InputError: it cannot be written, or another process uses it.
        """
        self._file = _opened(folder)

    def length(self) -> int:
        """How many bytes there are."""
        return self._file.tell()

    def after(self, length: int) -> list[dict[str, Any]]:
        """What was written after it had this length; a line that was cut short is taken off."""
        self._file.seek(length)
        told = self._file.read()
        whole = told[: told.rfind(b"\n") + 1]
        if len(whole) < len(told):
            self._file.truncate(length + len(whole))
        return [json.loads(line) for line in whole.splitlines()]

    def append(self, changes: list[dict[str, Any]]) -> None:
        """Write changes, one a line."""
        self._file.write(b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in changes))
        self._file.flush()

    def sync(self) -> None:
        """Return when the disk has it."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the folder."""
        self._file.close()


def _opened(folder: Path) -> BinaryIO:
    """The file of a folder, which is made where it is missing, and locked."""
    file: BinaryIO | None = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.fdopen(os.open(folder / "events.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if file is not None:
            file.close()
        if isinstance(error, BlockingIOError):
            remedy = "stop that one, or name another folder"
            raise InputError("is in use by another process", path=str(folder), remedy=remedy) from None
        remedy = "name a folder that you may write to"
        raise InputError(f"cannot be written ({error.strerror})", path=str(folder), remedy=remedy) from None
    return file
