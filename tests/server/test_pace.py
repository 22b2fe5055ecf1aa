"""How often a client may ask."""

from __future__ import annotations

import pytest

from overflight.coordination.dss.refusal import Refusal
from overflight.server.pace import AT_ONCE, PER_S, Pace


def test_who_asks_too_often_waits_and_nobody_else() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    for _ in range(int(AT_ONCE)):
        pace.take("one")
    with pytest.raises(Refusal) as refused:
        pace.take("one")
    assert refused.value.status == 429
    pace.take("other")
    now = 1.0
    for _ in range(int(PER_S)):
        pace.take("one")
    with pytest.raises(Refusal):
        pace.take("one")
    now = 1e6
    for _ in range(int(AT_ONCE)):
        pace.take("one")
    with pytest.raises(Refusal):
        pace.take("one")
