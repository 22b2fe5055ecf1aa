"""Every test of the store runs on both databases."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from overflight.database import Database
from overflight.store.opened import open_store
from tests.postgres import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "overflight.sqlite"
    return fresh_database(request.getfixturevalue("postgres"), "store")


@pytest.fixture
def store(place: Path | str) -> Generator[Database]:
    database = open_store(place)
    yield database
    database.close()
