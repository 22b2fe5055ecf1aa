"""`Coordination`: the hosted side of a service, and, where others' tokens are taken, what it answers them by the standard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.routing import Mount

from overflight.airspace.volume import Airspace
from overflight.coordination.dss.register import Register
from overflight.coordination.uss import outgoing
from overflight.coordination.uss.asking import Asking
from overflight.coordination.uss.constraints import Constraints
from overflight.coordination.uss.declarations import Declarations
from overflight.coordination.uss.disclosure import Coarseness
from overflight.coordination.uss.incoming import Incoming
from overflight.coordination.uss.operations import Operations
from overflight.coordination.uss.outgoing import Outgoing
from overflight.coordination.uss.tables import make_tables
from overflight.coordination.uss.telling import Telling
from overflight.database import Database
from overflight.errors import InputError
from overflight.server import register, uss
from overflight.server.bearer import Bearers
from overflight.server.peers import OtherSystems

SWEEP_S: Final = 60.0
LOOKED_S: Final = 0.5
"""How often it is looked for what other systems have to be told: the standard gives 5 s for it."""
_log = logging.getLogger("overflight.server")


@dataclass(frozen=True)
class Others:
    """Other systems.

    Attributes:
        bearers: whose tokens are taken; None: `/dss/v1` and `/uss/v1` are not answered.
        base_url: where they reach this service; None for where it listens.
        systems: asks and tells them; None: they cannot be asked or told.
        journal: folder of the record that the register's journal goes into, if into any.
    """

    bearers: Bearers | None = None
    base_url: str | None = None
    systems: OtherSystems | None = None
    journal: Path | None = None


class Coordination:
    """Operations that are declared before they are flown, over a register in the service's database."""

    def __init__(self, store: Database, airspace: Airspace, coarseness: Coarseness, url: str, others: Others) -> None:
        """Take the database, whose notices and hazards are published, how coarse others are told, where the service listens, and other systems."""
        with store.making() as connection:
            make_tables(connection)
        base_url = others.base_url or url
        self.register = Register(store)
        telling = Telling(self.register, base_url)
        self.constraints = Constraints(telling, airspace.volumes)
        self.operations = Operations(telling, Asking(base_url, others.systems, self.constraints), coarseness)
        self.declarations = Declarations(store)
        self._incoming = Incoming(self.register, telling, coarseness)
        self._others = others

    def mounts(self) -> list[Mount]:
        """Return what other systems are answered."""
        bearers = self._others.bearers
        if bearers is None:
            return []
        hosted = uss.uss_api(self.register, self.operations, self.constraints, self._incoming, bearers)
        return [
            Mount(register.PLACE, app=register.register_api(self.register, bearers)),
            Mount(uss.PLACE, app=hosted),
        ]

    async def _keep(self) -> None:
        """Take operations that are over out of the register, and keep constraints in it, again and again."""
        while True:
            await run_in_threadpool(self.operations.sweep)
            await run_in_threadpool(self.constraints.publish)
            if self._others.systems is None:
                await run_in_threadpool(self._drop)
            await asyncio.sleep(SWEEP_S)

    def works(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """Return what it does as long as the service runs."""
        systems = self._others.systems
        return [self._keep] if systems is None else [self._keep, partial(self._tell, systems)]

    async def _tell(self, systems: OtherSystems) -> None:
        """Tell other systems what they have to be told, again and again: one that cannot be reached holds up nobody else."""
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                for one in await run_in_threadpool(self._due):
                    task = asyncio.create_task(asyncio.to_thread(self._told, systems, one))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                await asyncio.sleep(LOOKED_S)
        finally:
            await asyncio.gather(*under_way, return_exceptions=True)

    def _drop(self) -> None:
        with self.register.database.transaction() as connection:
            outgoing.drop(connection, self.register.clock())

    def _due(self) -> list[Outgoing]:
        with self.register.database.transaction() as connection:
            return outgoing.take(connection, self.register.clock())

    def _told(self, systems: OtherSystems, one: Outgoing) -> None:
        try:
            systems.notify(one.url, one.body)
        except InputError as error:
            with self.register.database.transaction() as connection:
                over = outgoing.failed(connection, one, self.register.clock())
            extra = {"url": one.url, "attempt": one.tries + 1, "reason": str(error)}
            _log.warning("given up telling another system" if over else "another system was not told", extra=extra)
            return
        with self.register.database.transaction() as connection:
            outgoing.done(connection, one)
