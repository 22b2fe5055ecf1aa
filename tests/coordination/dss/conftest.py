"""What the tests of the register share."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.coordination.dss.standing import Standing, standing


@pytest.fixture
def there(place: Path | str, tmp_path: Path) -> Generator[Standing]:
    """A register; whoever asks for it runs on both databases."""
    with standing(place, tmp_path) as one:
        yield one
