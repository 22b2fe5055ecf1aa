"""`run`: a register put together, served, and taken apart again."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

from overflight.coordination.dss.journal import journaling
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.tables import open_tables
from overflight.errors import InputError
from overflight.server.address import Address
from overflight.server.bearer import Bearers
from overflight.server.listening import listening, wait
from overflight.server.logs import configure
from overflight.server.register import create_register_app


@dataclass(frozen=True)
class Settings:
    """What a register is told.

    Attributes:
        database: a file, or the address of a PostgreSQL database that several servers may share.
        bearers: what opens it.
        record: folder of the record that its journal goes into; None for no journal.
        verbose: whether more is written to its log.
    """

    database: Path | str
    bearers: Bearers
    record: Path | None
    verbose: bool = False


def run(told: Settings, address: Address) -> None:
    """Serve until somebody stops it.

    Raises:
        InputError: the database, the record or the address cannot be used.
    """
    configure(logging.INFO if told.verbose else logging.WARNING)
    with contextlib.ExitStack() as stack:
        if isinstance(told.database, Path):
            _private(told.database)
        database = open_tables(told.database)
        stack.callback(database.close)
        if told.record is not None:
            stack.enter_context(journaling(database, told.record))
        app = create_register_app(Register(database), told.bearers)
        url, server = stack.enter_context(listening(app, address))
        print(f"The register is at {url}/dss/v1  (stop it with Ctrl-C)", flush=True)
        wait(server)


def _private(path: Path) -> None:
    """Make the file of a database, if there is none, so that nobody else reads it: it says where everybody will be."""
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise InputError(f"cannot be made ({error.strerror})", path=str(path)) from None
