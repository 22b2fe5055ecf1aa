"""A recording as a source in the same process."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from overflight.airspace.volume import Airspace
from overflight.engine.live import Live
from overflight.engine.parameters import CheckParameters
from overflight.engine.recorded import Recorded
from overflight.engine.replay import ReplayParameters
from overflight.engine.watch import Watch
from overflight.errors import InputError
from overflight.surveillance.feeds.feed import TICK_S
from overflight.surveillance.integrity import NAMES
from tests.engine.test_live import expected, recording, span

PARAMETERS = CheckParameters(nets=("separation",))


def test_a_recording_watched_gives_the_events_of_a_check_and_every_row_is_seen_once() -> None:
    table = span(17.0, 0.5)
    seen: list[pl.DataFrame] = []
    told: list[dict[str, Any]] = []
    live = Live(PARAMETERS, Airspace(), seen=seen.append)
    feed = Recorded("part of a day", table, ReplayParameters(speed=0.0))
    Watch(live, [feed], None, told.extend).run()
    closed = {change["event"]["id"] for change in told if change["life"] == "closed"}
    wanted = expected(table, PARAMETERS, Airspace())
    assert closed == set(wanted)
    assert closed
    rows = pl.concat(seen)
    assert rows.height == table.height == feed.health.rows
    assert rows["timestamp"].is_sorted()
    # The gate's flags and its tracks, not the reader's.
    for flag, name in NAMES.items():
        assert (rows["flags"] & flag != 0).sum() == live.flagged.get(name, 0)
    assert sum(live.flagged.values()) > 0
    assert set(rows["track_id"]) >= {event["track_a"] for event in wanted.values()}
    assert not feed.health.connected


def test_it_goes_on_after_a_position_and_ends_when_told() -> None:
    table = span(17.0, 0.3)
    first = [piece for piece in Recorded("x", table, ReplayParameters(speed=0.0)).pieces() if piece.rows.height]
    middle = first[0].position
    rest = list(Recorded("x", table, ReplayParameters(speed=0.0), after=middle).pieces())
    assert pl.concat([first[0].rows, *(piece.rows for piece in rest)]).equals(table)
    assert rest[-1].position == table.height
    assert list(Recorded("x", table, ReplayParameters(speed=0.0), after=table.height).pieces()) == []


def test_between_positions_it_shows_that_time_passes() -> None:
    table = span(17.0, 0.01)
    late = table[:1].with_columns(pl.col("timestamp") + timedelta(hours=1))
    feed = Recorded("x", pl.concat([table[:1], late]), ReplayParameters(speed=1.0))
    pieces = feed.pieces()
    assert next(pieces).rows.height == 1
    for _ in range(2):
        began_s = time.monotonic()
        assert next(pieces).rows.height == 0
        assert time.monotonic() - began_s < 2 * TICK_S
        assert time.monotonic() - feed.health.heard_at < 2 * TICK_S
    threading.Timer(0.1, feed.close).start()
    assert sum(piece.rows.height for piece in pieces) == 0


def test_no_position_in_the_times() -> None:
    start = recording().table["timestamp"].max()
    with pytest.raises(InputError, match="no position to replay"):
        Recorded("x", span(17.0, 0.01), ReplayParameters(start=start))  # type: ignore[arg-type]
