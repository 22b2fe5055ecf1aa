"""`Turns`: whoever was refused because others were faster is let in before them. Without it the one who won last, and so alone knows all keys, wins again.

Those that were refused stand in a line. A plan waits while somebody is before it in the line whose volumes may touch its own, but never longer than it takes
them to come back: `PATIENCE_S` after a refusal the place is lost, and who lets a place go by gets none for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from typing import Final

PATIENCE_S: Final = 0.5
NO_PLACE_S: Final = 5.0


class Turns:
    """The line before one server."""

    def __init__(self) -> None:
        """Begin with nobody in it."""
        self._changed = threading.Condition()
        self._line: dict[str, tuple[frozenset[int], float]] = {}
        self._late: dict[str, float] = {}

    def wait(self, client: str, cells: Collection[int]) -> None:
        """Wait until nobody is before a client in some cells."""
        wanted = frozenset(cells)
        with self._changed:
            while (until_s := self._until(client, wanted)) is not None:
                self._changed.wait(max(0.001, until_s - time.monotonic()))

    def refused(self, client: str, cells: Collection[int]) -> None:
        """Let a client that was refused stand in line, or keep the place that it has."""
        now_s = time.monotonic()
        with self._changed:
            if self._late.get(client, 0.0) <= now_s:
                self._line[client] = (frozenset(cells), now_s + PATIENCE_S)

    def done(self, client: str) -> None:
        """Let a client that was not refused leave the line."""
        with self._changed:
            if self._line.pop(client, None) is not None:
                self._changed.notify_all()

    def _until(self, client: str, wanted: frozenset[int]) -> float | None:
        """Until when to wait for those before a client; None where nobody is."""
        now_s = time.monotonic()
        self._late = {name: until_s for name, until_s in self._late.items() if until_s > now_s}
        for name in [name for name, (_, until_s) in self._line.items() if until_s <= now_s]:
            if name != client:
                del self._line[name]
                self._late[name] = now_s + NO_PLACE_S
        for name, (cells, until_s) in self._line.items():
            if name == client:
                return None
            if not cells.isdisjoint(wanted):
                return until_s
        return None
