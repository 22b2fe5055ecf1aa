"""What a live loop has told, kept: every change once, whatever happens to the process.

The changes stand in a ledger, which only grows (a file, or a database), and the loop's state in a file, with the length that the ledger had then.
What follows that length was told after the state was stored: a loop that goes on from the state comes to it again, in the same words, and it is
not written twice. So the ledger is the same as that of a loop that was never stopped.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Protocol

from overflight.engine.live import Live
from overflight.engine.lives import Change
from overflight.engine.state import read_state, write_state

STORE_S: Final = 10.0
"""How often the state is stored, in s."""


class Ledger(Protocol):
    """Changes as plain data (`Change.record`), in the order in which they were told; whole ones only."""

    def length(self) -> int:
        """How much there is, in a measure of its own that only grows."""
        ...

    def after(self, length: int) -> list[dict[str, Any]]:
        """What was written after it had this length."""
        ...

    def append(self, changes: list[dict[str, Any]]) -> None:
        """Write changes: all or none of them."""
        ...

    def sync(self) -> None:
        """Return when what was written stays, even if the machine stops."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Journal:
    """A loop's ledger, and its state in a file beside it."""

    def __init__(self, ledger: Ledger, state: Path, live: Live) -> None:
        """Let `live` go on from the state that is stored, and from what the ledger holds beyond it.

        Raises:
            InputError: the state cannot be read, or is of other parameters.
        """
        self._ledger, self._state, self._live = ledger, state, live
        self._writer = ThreadPoolExecutor(1, "state")
        self._storing: Future[None] | None = None
        self._told: set[tuple[str, str]] = set()  # told after the state was stored, and not yet come to again
        try:
            self._go_on()
        except BaseException:
            ledger.close()
            raise

    def _go_on(self) -> None:
        stored = read_state(self._state) if self._state.exists() else None
        if stored is not None:
            self._live.restore(stored["live"])
        for change in self._ledger.after(0 if stored is None else stored["length"]):
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
            self._ledger.append(new)
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
        state = {"live": self._live.snapshot(), "length": self._ledger.length()}
        self._storing = self._writer.submit(self._write, state)
        if wait:
            self._storing.result()

    def _write(self, state: dict[str, Any]) -> None:
        self._ledger.sync()
        write_state(self._state, state)

    def close(self) -> None:
        """Let go of both, once the state is written."""
        self._writer.shutdown()
        self._ledger.close()
