"""A live loop's ledger as a file: `events.jsonl` in a folder, one change a line. A last line that was cut off is no line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from overflight.files import locked_file


class LedgerFile:
    """The file of one folder. One process at a time."""

    def __init__(self, folder: Path) -> None:
        """Open or make the folder.

        Raises:
            InputError: it cannot be written, or another process uses it.
        """
        self._file = locked_file(folder, "events.jsonl")

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
