"""`open_store`: the database of a service, with its tables as this version wants them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from overflight.database import Database, open_database
from overflight.errors import InputError

_MIGRATIONS: Final = Path(__file__).with_name("migrations")


def open_store(place: Path | str) -> Database:
    """Open a database (`overflight.database.open_database`), and make or renew its tables.

    Raises:
        ParameterError: it is no address of a database.
        InputError: it cannot be used, or was made by a newer version.
    """
    database = open_database(place)
    with database.making() as connection:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            remedy = "use the version that made it, or another database"
            raise InputError("was made by a newer version", path=database.where, remedy=remedy) from None
    return database
