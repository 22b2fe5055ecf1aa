"""Every test of the store runs on both databases."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from overflight.database import Database
from overflight.store.opened import open_store


@pytest.fixture
def store(place: Path | str) -> Generator[Database]:
    database = open_store(place)
    yield database
    database.close()
