"""The line of those that were refused."""

from __future__ import annotations

import threading
import time

import pytest

from overflight.coordination.dss import turns
from overflight.coordination.dss.turns import Turns


def _waited(line: Turns, client: str, cells: set[int]) -> float:
    begun = time.monotonic()
    line.wait(client, cells)
    return time.monotonic() - begun


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Turns:
    monkeypatch.setattr(turns, "PATIENCE_S", 0.3)
    return Turns()


def test_nobody_waits_where_nobody_was_refused(line: Turns) -> None:
    assert _waited(line, "a", {1}) < 0.05


def test_others_wait_for_who_was_refused_and_only_there(line: Turns) -> None:
    line.refused("a", {1, 2})
    assert _waited(line, "a", {1}) < 0.05
    assert _waited(line, "b", {3}) < 0.05
    assert _waited(line, "b", {2, 3}) > 0.2


def test_who_comes_back_lets_the_others_in_at_once(line: Turns) -> None:
    line.refused("a", {1})
    threading.Timer(0.05, lambda: line.done("a")).start()
    assert 0.02 < _waited(line, "b", {1}) < 0.2


def test_who_was_refused_first_goes_first_and_keeps_its_place(line: Turns) -> None:
    line.refused("a", {1})
    line.refused("b", {1})
    line.refused("a", {1})  # again: somebody on another server was faster
    assert _waited(line, "a", {1}) < 0.05
    threading.Timer(0.05, lambda: line.done("a")).start()
    assert 0.02 < _waited(line, "b", {1}) < 0.2


def test_who_does_not_come_back_gets_no_place_for_a_while(line: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "NO_PLACE_S", 0.5)
    line.refused("a", {1})
    assert _waited(line, "b", {1}) > 0.2
    line.refused("a", {1})
    assert _waited(line, "b", {1}) < 0.05
    time.sleep(0.6)
    assert _waited(line, "b", {1}) < 0.05
    line.refused("a", {1})
    assert _waited(line, "b", {1}) > 0.2
