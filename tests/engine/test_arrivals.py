"""Rows come late, twice, ahead of time: what the watermark has passed is final, and a wrong clock makes nobody else late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.engine import arrivals
from overflight.engine.arrivals import AHEAD, FLOOD, LATE, Arrivals
from overflight.surveillance.recording import Drops

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rows(*seconds: float, name: str = "a") -> pl.DataFrame:
    times = [START + timedelta(seconds=second) for second in seconds]
    return pl.DataFrame(
        {"timestamp": pl.Series(times, dtype=pl.Datetime("us", "UTC")), "track_id": [name] * len(times)},
        schema_overrides={"track_id": pl.String},
    )


def seconds(frame: pl.DataFrame) -> list[float]:
    return sorted((moment - START).total_seconds() for moment in frame["timestamp"]) if frame.width else []


def made() -> tuple[Arrivals, Drops]:
    drops = Drops()
    return Arrivals(5.0, drops), drops


def test_nothing_is_given_on_before_the_watermark_has_passed_it() -> None:
    waiting, drops = made()
    waiting.add(rows(0, 3, 1, 7, 6), 0.0)
    assert seconds(waiting.taken()) == [0, 1]
    waiting.add(rows(2, 8), 0.0)
    assert seconds(waiting.taken()) == [2]
    assert seconds(waiting.taken(everything=True)) == [3, 6, 7, 8]
    assert not drops.counts


def test_what_comes_too_late_is_counted() -> None:
    waiting, drops = made()
    waiting.add(rows(0, 10), 0.0)
    assert seconds(waiting.taken()) == [0]
    waiting.add(rows(4.9), 0.0)
    assert waiting.late_in_a_row == 1
    waiting.add(rows(5, 4), 0.0)
    assert drops.counts == {LATE: 2}
    assert waiting.late_in_a_row == 0
    assert seconds(waiting.taken(everything=True)) == [5, 10]


def test_a_clock_that_went_back_is_seen_to_have() -> None:
    waiting, drops = made()
    waiting.add(rows(*range(100)), 0.0)
    waiting.taken()
    for second in range(50):
        waiting.add(rows(second - 3600), 0.0)
    assert waiting.late_in_a_row == 50
    assert drops.counts[LATE] == 50


def test_a_clock_that_is_ahead_makes_nobody_late() -> None:
    waiting, drops = made()
    waiting.add(rows(0, 1, 86_400, 2), 0.0)
    waiting.add(rows(86_401), 0.1)
    waiting.add(rows(3, 9), 0.2)
    waiting.settle(99.0)
    assert seconds(waiting.taken()) == [0, 1, 2, 3]
    assert drops.counts == {AHEAD: 2}
    assert seconds(waiting.taken(everything=True)) == [9]


def test_a_recording_with_a_gap_goes_on_behind_it() -> None:
    waiting, drops = made()
    waiting.add(rows(0, 1, 3600, 3601), 0.0)
    waiting.settle(1.9)
    assert seconds(waiting.taken()) == []
    waiting.add(rows(3602), 1.9)
    waiting.settle(2.0)
    assert seconds(waiting.taken()) == [0, 1]
    assert seconds(waiting.taken(everything=True)) == [3600, 3601, 3602]
    assert not drops.counts


def test_what_waits_ahead_at_the_end_is_given_on() -> None:
    waiting, _ = made()
    waiting.add(rows(0, 3600), 0.0)
    assert seconds(waiting.taken(everything=True)) == [0, 3600]


def test_memory_is_bounded_and_the_oldest_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, drops = made()
    monkeypatch.setattr(arrivals, "MOST_ROWS", 10)
    for k in range(30):
        waiting.add(rows(k * 0.1), 0.0)
    assert drops.counts == {FLOOD: 20}
    assert seconds(waiting.taken(everything=True)) == [round(k * 0.1, 1) for k in range(20, 30)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.0, 300.0), min_size=1, max_size=60), st.data())
def test_within_the_lateness_nothing_is_lost(moments: list[float], data: st.DataObject) -> None:
    waiting, drops = made()
    came = sorted(moments, key=lambda second: second + data.draw(st.floats(0.0, 4.9)))
    given_on: list[float] = []
    while came:
        some = data.draw(st.integers(1, len(came)))
        waiting.add(rows(*came[:some]), 0.0)
        came = came[some:]
        taken = seconds(waiting.taken())
        assert not given_on or not taken or taken[0] >= given_on[-1]
        given_on += taken
        if data.draw(st.booleans()):
            state = waiting.snapshot()
            waiting = Arrivals(5.0, drops)
            waiting.restore(state)
    given_on += seconds(waiting.taken(everything=True))
    assert not drops.counts
    wanted = sorted(round(moment, 6) for moment in moments)
    assert [round(moment, 6) for moment in given_on] == wanted
