"""What a live loop has told, on disk: every change once, whatever happens to the process.

A folder with `events.jsonl`, one change a line, which only grows, and `state`, the loop's state with the length that the journal had then.
What follows that length was told after the state was stored: a loop that goes on from the state comes to it again, in the same words, and it is
not written twice. A last line that was cut off is no line. So the journal is the same as that of a loop that was never stopped.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, Final

from overflight.engine.live import Live
from overflight.engine.lives import Change
from overflight.engine.state import read_state, write_state
from overflight.errors import InputError

STORE_S: Final = 10.0
"""How often the state is stored, in s."""


class Journal:
    """The folder of a loop. One process at a time."""

    def __init__(self, folder: Path, live: Live) -> None:
        """Open or make the folder, and let `live` go on from the state that is stored there.

        Raises:
            InputError: it cannot be written, another process uses it, or the state is of other parameters.
        """
        self._live, self._state = live, folder / "state"
        self._file = _opened(folder)
        self._writer = ThreadPoolExecutor(1, "state")
        self._storing: Future[None] | None = None
        try:
            self._go_on()
        except BaseException:
            self._file.close()
            raise

    def _go_on(self) -> None:
        stored = read_state(self._state) if self._state.exists() else None
        self._told: set[tuple[str, str]] = set()  # told after the state was stored, and not yet come to again
        length = 0
        if stored is not None:
            self._live.restore(stored["live"])
            length = stored["length"]
        self._catch_up(length)

    def _catch_up(self, length: int) -> None:
        """Learn what was told after the state was stored; take off a line that was cut short."""
        self._file.seek(length)
        told = self._file.read()
        whole = told[: told.rfind(b"\n") + 1]
        if len(whole) < len(told):
            self._file.truncate(length + len(whole))
        for line in whole.splitlines():
            change: dict[str, Any] = json.loads(line)
            self._told.add((change["life"], change["event"]["id"]))
            # What was said to be open is to be closed or withdrawn, by whoever goes on.
            if change["life"] == "opened":
                self._live.know(change["event"])

    def tell(self, changes: Iterable[Change]) -> list[dict[str, Any]]:
        """Write changes that were not told before; returns them as plain data."""
        new: list[dict[str, Any]] = []
        for change in changes:
            key = (change.life, change.event["id"])
            if key in self._told and change.life != "updated":
                self._told.discard(key)
            else:
                new.append(change.record())
        if new:
            self._file.write(b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in new))
            self._file.flush()
        return new

    def store(self, *, wait: bool = False) -> None:
        """Store the state: from here on a loop goes on, and asks its sources for what comes after it.

        It is written beside the loop, which must not stand still for it, unless told to `wait`; nothing is done as long as the
        one before is being written.

        Raises:
            InputError: this state, or the one before, cannot be written.
        """
        if self._storing is not None:
            if not (wait or self._storing.done()):
                return
            self._storing.result()
        state = {"live": self._live.snapshot(), "length": self._file.tell()}
        self._storing = self._writer.submit(self._write, state)
        if wait:
            self._storing.result()

    def _write(self, state: dict[str, Any]) -> None:
        os.fsync(self._file.fileno())
        write_state(self._state, state)

    def close(self) -> None:
        """Let go of the folder, once the state is written."""
        self._writer.shutdown()
        self._file.close()


def _opened(folder: Path) -> BinaryIO:
    """The journal of a folder, which is made where it is missing, and locked."""
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
