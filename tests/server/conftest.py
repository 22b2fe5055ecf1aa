"""What the tests of the service share."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.server.service import Running, running, sky


@pytest.fixture
def there(place: Path | str, tmp_path: Path) -> Generator[Running]:
    """A service that has judged a recording, and stands at its end; whoever asks for it runs on both databases."""
    with running(place, tmp_path, sky()) as one:
        one.ended()
        yield one
