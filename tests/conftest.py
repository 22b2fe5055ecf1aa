"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

# `make test` tries the same examples every time, so that it fails only for a change; `make test-long` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None)
settings.load_profile("searching" if os.environ.get("OVERFLIGHT_LONG") else "steady")


@pytest.fixture(scope="session")
def postgres() -> Generator[str]:
    """The address of a PostgreSQL server, started for the tests that ask for it."""
    from tests.postgres import postgres_server

    with postgres_server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty database is: a file, or on a server. Whoever asks for it runs on both."""
    from tests.postgres import fresh_database

    if request.param == "sqlite":
        return tmp_path / "overflight.sqlite"
    return fresh_database(request.getfixturevalue("postgres"), "overflight_tests")
