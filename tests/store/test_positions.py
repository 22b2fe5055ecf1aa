"""Positions by the hour: all of them, each once, across deaths, and none that is too old."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from overflight.errors import InputError, ParameterError
from overflight.store.positions import Positions
from tests.engine.test_live import span

DAY = timedelta(days=1)


def bounds(table: pl.DataFrame) -> tuple[datetime, datetime]:
    first, last = table["timestamp"].min(), table["timestamp"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return first, last + timedelta(microseconds=1)


def in_order(table: pl.DataFrame) -> pl.DataFrame:
    return table.unique().sort("timestamp", "track_id", "ref")


def test_what_was_taken_in_is_read_before_and_after_it_is_written(tmp_path: Path) -> None:
    table = span(16.5, 2.0)
    positions = Positions(tmp_path / "positions", DAY)
    for first in range(0, table.height, 3000):
        positions.take(table[first : first + 3000])
        if first % 2:
            positions.flush()
    start, end = bounds(table)
    assert positions.read(start, end).equals(in_order(table))
    positions.flush()
    assert positions.read(start, end).equals(in_order(table))
    again = Positions(tmp_path / "positions", DAY)
    assert again.read(start, end).equals(in_order(table))
    some = table["track_id"].unique().sort()[:3].to_list()
    middle = start + timedelta(hours=1, minutes=7)
    wanted = table.filter(pl.col("track_id").is_in(some), pl.col("timestamp") < middle)
    assert again.read(start, middle, tracks=some).equals(in_order(wanted))
    thinned = again.read(start, end, every_s=60)
    by_minute = in_order(table).group_by(
        "track_id", pl.col("timestamp").dt.truncate("1m").alias("m"), maintain_order=True
    )
    assert thinned.equals(by_minute.last().select(table.columns).sort("timestamp", "track_id", "ref"))
    assert again.count(start, end, every_s=60) == thinned.height < table.height
    assert again.count(start, end) >= table.height


def test_hours_that_are_over_are_one_file_each_and_a_row_written_twice_is_read_once(tmp_path: Path) -> None:
    table = span(16.5, 2.0)
    start, end = bounds(table)
    positions = Positions(tmp_path, DAY)
    for first in range(0, table.height, 2000):
        positions.take(table[first : first + 2000])
        positions.flush()
    hours = table["timestamp"].dt.strftime("%Y-%m-%dT%H").unique().sort().to_list()
    whole = sorted(path.name for path in tmp_path.iterdir() if ".part." not in path.name)
    assert whole == [f"{hour}.parquet" for hour in hours[:-1]]
    # A loop that goes on from a state of before comes to the same rows again.
    positions = Positions(tmp_path, DAY)
    positions.take(table[: table.height // 2])
    positions.flush()
    assert positions.read(start, end).equals(in_order(table))
    assert oct((tmp_path / whole[0]).stat().st_mode)[-3:] == "600"


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    table = span(16.5, 2.0)
    start, end = bounds(table)
    positions = Positions(tmp_path, timedelta(hours=1))
    for hour in table["timestamp"].dt.hour().unique(maintain_order=True):
        positions.take(table.filter(pl.col("timestamp").dt.hour() == hour))
        positions.flush()
    oldest = (end - timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    assert positions.read(start, end).equals(in_order(table.filter(pl.col("timestamp") >= oldest)))
    assert positions.span() == (oldest, oldest + timedelta(hours=1))


def test_nothing_there(tmp_path: Path) -> None:
    positions = Positions(tmp_path, DAY)
    positions.flush()
    assert positions.span() is None
    assert positions.read(*bounds(span(17.0, 0.1))).height == 0


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    table = span(17.0, 0.1)
    positions = Positions(tmp_path, DAY)
    positions.take(table)
    positions.flush()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="cannot be read"):
        positions.read(*bounds(table))


def test_kept_for_less_than_a_file_holds(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="less than a file holds"):
        Positions(tmp_path, timedelta(minutes=59))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        Positions(tmp_path / "file" / "folder", DAY)
