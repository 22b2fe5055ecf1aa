"""The log of alarms for whoever follows it: every entry once, in order, from wherever they were.

One task reads what is new, when it is told that there is something, or after a second: another server on the same database may have written it. Whoever
is behind what it has in memory is given what the database has. Nothing is ever left out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from overflight.database import Database
from overflight.errors import InputError
from overflight.store.alarms import entries_after, last_sequence

_KEPT: Final = 2000
_AT_ONCE: Final = 500
_LOOKED_S: Final = 1.0


class Bell:
    """Reads the log once for all who follow it."""

    def __init__(self, database: Database) -> None:
        """Follow the log of a database."""
        self._database = database
        self._recent: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._last = 0
        self._new = asyncio.Event()
        self._changed = asyncio.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.trouble: str | None = None
        self.stopped = False

    def ring(self) -> None:
        """Say that there is something new; from any thread."""
        self.call(self._new.set)

    def call(self, what: Callable[[], None]) -> None:
        """Let the thread of those that follow do something; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what)

    async def follow(self) -> None:
        """Read what is new, for ever."""
        self._loop = asyncio.get_running_loop()
        self._last = await asyncio.to_thread(self._where)
        while True:
            try:
                entries = await asyncio.to_thread(self._after, self._last)
                self.trouble = None
            except InputError as error:  # the database has gone for a while: it is asked again
                entries, self.trouble = [], error.reason
            if entries:
                self._recent.extend(entries)
                self._last = entries[-1]["sequence"]
                async with self._changed:
                    self._changed.notify_all()
                continue
            try:
                await asyncio.wait_for(self._new.wait(), _LOOKED_S)
            except TimeoutError:
                continue
            finally:
                self._new.clear()

    async def stop(self) -> None:
        """Let nobody wait any longer."""
        self.stopped = True
        async with self._changed:
            self._changed.notify_all()

    async def after(self, sequence: int, wait_s: float) -> list[dict[str, Any]]:
        """Return entries after one, at least one of them unless none comes in time, or the end."""
        if sequence >= self._last:
            async with self._changed:
                try:
                    await asyncio.wait_for(
                        self._changed.wait_for(lambda: self.stopped or self._last > sequence), wait_s
                    )
                except TimeoutError:
                    return []
        if self._recent and self._recent[0]["sequence"] <= sequence + 1:
            return [entry for entry in self._recent if entry["sequence"] > sequence][:_AT_ONCE]
        return await asyncio.to_thread(self._after, sequence)

    def _where(self) -> int:
        with self._database.reading() as connection:
            return last_sequence(connection)

    def _after(self, sequence: int) -> list[dict[str, Any]]:
        with self._database.reading() as connection:
            return entries_after(connection, sequence, _AT_ONCE)
