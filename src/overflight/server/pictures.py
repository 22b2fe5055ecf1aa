"""Pictures of the sky for whoever watches: one a second, and of each watcher the last two wait at most. Who is slow sees fewer, never old ones."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from overflight.server.sky import Picture

EVERY_S: Final = 1.0
WAITING: Final = 2


class Watcher:
    """Somebody who watches."""

    def __init__(self) -> None:
        """Start with nothing waiting."""
        self._waiting: deque[tuple[Picture, dict[str, Any]]] = deque(maxlen=WAITING)
        self._new = asyncio.Event()

    def offer(self, picture: Picture, status: dict[str, Any]) -> None:
        """Let a picture wait; the oldest that waits makes room for it."""
        self._waiting.append((picture, status))
        self._new.set()

    async def next(self) -> tuple[Picture, dict[str, Any]]:
        """Return the oldest that waits, once there is one."""
        while not self._waiting:
            self._new.clear()
            await self._new.wait()
        return self._waiting.popleft()


class Pictures:
    """Makes pictures, and gives each to all who watch."""

    def __init__(self, make: Callable[[], tuple[Picture, dict[str, Any]]]) -> None:
        """Take what makes a picture, and says how the loop is."""
        self._make = make
        self.watchers: set[Watcher] = set()
        self.last: tuple[Picture, dict[str, Any]] | None = None

    async def take(self) -> None:
        """Make one a second, for ever: at full seconds of the loop's clock, however long one takes."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            self.last = await asyncio.to_thread(self._make)
            for watcher in self.watchers:
                watcher.offer(*self.last)
            due_s = max(due_s + EVERY_S, loop.time())
            await asyncio.sleep(due_s - loop.time())
