"""Telling those who have subscribed: each in the order of the log, again after a while where it failed, and every attempt written down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection
from typing import Any, Final

from overflight.database import Database
from overflight.errors import InputError
from overflight.server.bell import Bell
from overflight.server.mail import Mail
from overflight.server.telling import payload
from overflight.server.webhook import post
from overflight.store import accounts, subscriptions
from overflight.store.alarms import entries_after
from overflight.store.subscriptions import Subscription

ATTEMPTS: Final = 12
"""How often it is tried to tell somebody something: with the pauses between, for more than an hour."""
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 900.0
_AT_ONCE: Final = 100
_LOOKED_S: Final = 2.0
_log = logging.getLogger("overflight.server")


class Notices:
    """Tells subscribers what happens. Each has a task of its own: one that cannot be reached holds up nobody else."""

    def __init__(self, database: Database, bell: Bell, mail: Mail | None, inside: Collection[str]) -> None:
        """Keep what to tell from, and by what."""
        self._database, self._bell, self._mail, self._inside = database, bell, mail, frozenset(inside)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.delivered, self.failed = 0, 0

    async def tell(self) -> None:
        """Tell everybody, for ever."""
        try:
            while True:
                try:
                    known = {one.id: one for one in await asyncio.to_thread(self._subscriptions)}
                except InputError:  # the database has gone for a while: the bell says so
                    known = None
                for name in [] if known is None else [name for name in self._tasks if name not in known]:
                    self._tasks.pop(name).cancel()
                for name in known or ():
                    task = self._tasks.get(name)
                    if task is None or task.done():
                        self._tasks[name] = asyncio.create_task(self._follow(name))
                await asyncio.sleep(_LOOKED_S)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _subscriptions(self) -> list[Subscription]:
        with self._database.reading() as connection:
            return subscriptions.subscriptions(connection)

    async def _follow(self, name: str) -> None:
        """Tell one subscriber what comes, until they are no more, or the database is not: then it is begun again."""
        with contextlib.suppress(InputError):
            while not self._bell.stopped:
                told, wanted, last = await asyncio.to_thread(self._waiting, name)
                for entry in wanted:
                    await self._deliver(told, entry)
                if last > told.position:
                    await asyncio.to_thread(self._done, told, last)
                else:
                    await self._bell.after(told.position, 5.0)

    def _waiting(self, name: str) -> tuple[Subscription, list[dict[str, Any]], int]:
        with self._database.reading() as connection:
            told = subscriptions.subscription(connection, name)
            seen = accounts.seen_by(connection, told.party)
            entries = entries_after(connection, told.position, _AT_ONCE)
        last = entries[-1]["sequence"] if entries else told.position
        return told, [entry for entry in entries if told.wants(entry, seen)], last

    async def _deliver(self, told: Subscription, entry: dict[str, Any]) -> None:
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, ATTEMPTS + 1):
            try:
                outcome, delivered = await asyncio.to_thread(self._send, told, entry), True
            except InputError as error:
                outcome, delivered = " ".join(str(error).split()), False
            if not delivered and attempt == ATTEMPTS:
                outcome = f"given up: {outcome}"
            await asyncio.to_thread(self._attempted, told, entry["sequence"], attempt, outcome, delivered)
            if delivered:
                self.delivered += 1
                return
            self.failed += 1
            _log.warning(
                "a notice was not delivered", extra={"subscription": told.id, "attempt": attempt, "reason": outcome}
            )
            if attempt < ATTEMPTS:
                await asyncio.sleep(pause_s)
                pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)

    def _send(self, told: Subscription, entry: dict[str, Any]) -> str:
        message_id = f"msg_{told.id}_{entry['sequence']}"
        if told.channel == "webhook":
            return post(told.target, told.secret, message_id, payload(entry), self._inside)
        if self._mail is None:
            raise InputError("no mail server was named", remedy="start the service with --smtp")
        return self._mail.send(told.target, message_id, entry)

    def _attempted(self, told: Subscription, sequence: int, attempt: int, outcome: str, delivered: bool) -> None:
        with self._database.transaction() as connection:
            subscriptions.attempted(connection, told, sequence, attempt, outcome, delivered=delivered)
            # What came before it in the log is done with too: whoever goes on from here tells nothing twice.
            if delivered or attempt == ATTEMPTS:
                subscriptions.done(connection, told, sequence)

    def _done(self, told: Subscription, sequence: int) -> None:
        with self._database.transaction() as connection:
            subscriptions.done(connection, told, sequence)
