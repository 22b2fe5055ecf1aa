"""Track numbers that are given out again: which reports are of one track."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import polars as pl

from overflight.surveillance import track_numbers
from overflight.surveillance.track_numbers import TrackNumbers, split_all

START = datetime(2015, 10, 7, tzinfo=UTC)


def rows(*told):
    """(s, name, begins, ends) each."""
    return pl.DataFrame(
        {
            "timestamp": [START + timedelta(seconds=row[0]) for row in told],
            "track_id": [row[1] for row in told],
            "begins": ["b" in row[2] for row in told],
            "ends": ["e" in row[2] for row in told],
        },
        schema={"timestamp": pl.Datetime("us", "UTC"), "track_id": pl.String, "begins": pl.Boolean, "ends": pl.Boolean},
    )


TOLD = (
    (0, "a", "b"),
    (4, "a", ""),
    (8, "a", "e"),
    (12, "a", ""),  # after the last report: another track
    (16, "a", ""),
    (20, "a", "b"),  # begun without the last having been ended
    (24, "a", "b"),  # said twice in a row
    (28, "a", ""),
    (629, "a", ""),  # after a silence of more than ten minutes
    (5, "b", ""),
    (605, "b", ""),  # ten minutes are no silence
    (7, None, ""),
)
NAMES = ["a", "a", "a", "a#2", "a#2", "a#3", "a#3", "a#3", "a#4", "b", "b", None]


def test_a_number_is_another_track_after_its_end_its_beginning_or_a_silence():
    found = split_all([rows(*TOLD[:5]), rows(*TOLD[5:])])
    assert found["track_id"].to_list() == NAMES
    assert found.columns == ["timestamp", "track_id"]


def test_the_order_of_files_and_rows_does_not_matter():
    rng = random.Random(1)
    expected = dict(zip(TOLD, NAMES, strict=True))
    for _ in range(20):
        told = list(TOLD)
        rng.shuffle(told)
        assert split_all([rows(*told[:3]), rows(*told[3:])])["track_id"].to_list() == [expected[row] for row in told]


def test_one_report_at_a_time_gives_the_same():
    numbers = TrackNumbers()
    told = sorted(TOLD, key=lambda row: row[0])
    found = [numbers.split(rows(row))["track_id"][0] for row in told]
    assert found == [dict(zip(TOLD, NAMES, strict=True))[row] for row in told]


def test_late_and_doubled_reports_do_no_harm():
    numbers = TrackNumbers()
    order = [TOLD[at] for at in (0, 2, 2, 1, 3, 1, 0, 4, 5, 3, 5)]
    found = [numbers.split(rows(row))["track_id"][0] for row in order]
    assert found == ["a", "a", "a", "a", "a#2", "a", "a", "a#2", "a#3", "a#2", "a#3"]


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(track_numbers, "MOST", 10)
    numbers = TrackNumbers()
    numbers.split(rows(*((at, f"t{at}", "") for at in range(100))))
    assert len(numbers._stays) == 10
