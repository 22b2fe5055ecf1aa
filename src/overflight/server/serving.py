"""`run`: everything that the service is made of, put together, served, and taken apart again."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import uvicorn

from overflight.coordination.dss.journal import journaling
from overflight.coordination.uss.disclosure import Coarseness
from overflight.coordination.uss.disclosure import agreed as agreed_coarseness
from overflight.database import Database
from overflight.engine.journal import Journal
from overflight.engine.live import Live
from overflight.files import locked_file
from overflight.incidents.party import Party
from overflight.server.address import Address
from overflight.server.app import create_app
from overflight.server.coordinating import Coordination
from overflight.server.listening import listening, wait
from overflight.server.logs import configure
from overflight.server.loop import Loop, both
from overflight.server.service import Service, Work
from overflight.server.sky import Sky
from overflight.store.accounts import has_administrator
from overflight.store.keys import make_key, take_back_all
from overflight.store.ledger import LedgerTable
from overflight.store.opened import open_store
from overflight.store.positions import Positions


@dataclass(frozen=True)
class Kept:
    """Where things are kept.

    Attributes:
        folder: for positions, state and database; None for a temporary one.
        database: address of a PostgreSQL database instead of SQLite in the folder.
        positions: how long positions are kept.
        verbose: whether every answer is written to the log of the service.
    """

    folder: Path | None
    database: str | None
    positions: timedelta
    verbose: bool = False


def run(work: Work, kept: Kept, address: Address) -> None:
    """Serve until somebody stops it.

    Raises:
        InputError: a folder, the database, the record or the address cannot be used.
    """
    if work.record is not None:
        Party(work.record).close()  # what is wrong with it is said before anything is begun
    configure(logging.INFO if kept.verbose else logging.WARNING)
    with contextlib.ExitStack() as stack:
        folder = kept.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="overflight-")))
        stack.callback(locked_file(folder, "lock").close)
        store = open_store(kept.database or folder / "overflight.sqlite")
        stack.callback(store.close)
        service = assembled(work, store, Positions(folder / "positions", kept.positions), folder / "state", address)
        stack.callback(service.loop.stop)
        if work.others.journal is not None:
            stack.enter_context(journaling(store, work.others.journal))
        with served(service, address) as (url, server):
            print(f"Overflight is at {url}  (stop it with Ctrl-C)", flush=True)
            secret = setup_secret(store)
            if secret is not None:
                print(
                    f"Make the first account, an administrator; this link opens once: {url}/setup#{secret}", flush=True
                )
            wait(server)


def assembled(work: Work, store: Database, positions: Positions, state: Path, address: Address) -> Service:
    """Put a service together, and start its loop.

    Raises:
        InputError: the database or the state cannot be used.
    """
    sky = Sky()
    agreement = work.parameters.agreement
    coarseness = Coarseness() if agreement is None else agreed_coarseness(agreement.disclosure)
    coordination = Coordination(store, work.airspace, coarseness, address.url(address.port), work.others)
    parameters = replace(work.parameters, logs=replace(work.parameters.logs, meanwhile=coordination.declarations))
    live = Live(parameters, work.airspace, work.lateness_s, seen=both(sky.take, positions.take))
    journal = Journal(LedgerTable(store, positions), state, live)
    agreed, shown = agreement is not None, work.sources.shown
    loop = Loop(live, work.sources.open(live.positions), journal, sky, work.airspace, shown, agreed=agreed)
    service = Service(store, positions, sky, loop, work, address.secure, coordination)
    loop.start(service.bell.ring)
    return service


def setup_secret(store: Database) -> str | None:
    """Return the secret of the link that makes the first administrator; None where there is one."""
    with store.transaction() as connection:
        if has_administrator(connection):
            return None
        take_back_all(connection, "setup", None)
        return make_key(connection, "setup", "first administrator", None)[0]


def served(service: Service, address: Address) -> contextlib.AbstractContextManager[tuple[str, uvicorn.Server]]:
    """Serve in a thread, as `listening` does.

    Raises:
        InputError: nothing can listen there.
    """
    app = create_app(service, local=address.local and address.proxy is None)
    return listening(app, address, service.stop)
