"""The order of the position table, and no row twice.

By timestamp, then track_id; among equal ones by position, then by every other column, so that the order in which files
and rows came never matters. Two rows are the same position when timestamp, track_id, latitude, longitude and altitude
are equal: receivers that hear one message both record it. The first in that order stays, which is the one that says
more.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.surveillance.recording import Drops
from overflight.surveillance.text import example

DUPLICATE: Final = "same position twice"
SMALL: Final = 100_000
"""Rows of a frame that is quicker done than two threads are started."""
_SAME: Final = ("timestamp", "track_id", "latitude", "longitude", "altitude")


def in_order(frame: pl.DataFrame, drops: Drops) -> pl.DataFrame:
    """Sorted and without duplicates, which are counted.

    A recording is mostly in order already, and few rows share an instant: only those are looked at closely.
    """
    if not frame.get_column("timestamp").is_sorted():
        frame = _taken(frame, frame.get_column("timestamp").arg_sort())
    moments = frame.get_column("timestamp").to_physical().to_numpy()
    same_moment = moments[1:] == moments[:-1]
    if not same_moment.any():
        return frame
    shared = _with_neighbours(same_moment)
    name = np.zeros(len(frame), np.uint32)  # of a row that is alone at its instant, any number will do
    name[shared] = _ranks(frame.get_column("track_id").gather(shared))
    if (same_moment & (name[1:] < name[:-1])).any():
        from overflight_kernels import order_ties

        place = order_ties(moments, name)
        name = name[place]
        frame = _taken(frame, pl.Series(place))
    tied = _with_neighbours(same_moment & (name[1:] == name[:-1]))
    if not tied.size:
        return frame
    rows = frame[tied] if tied.size < len(frame) else frame
    rows = rows.with_columns(pl.Series("at", tied, dtype=pl.Int64))
    same = [name for name in _SAME if name in rows.columns]
    rest = [name for name in rows.columns if name not in {*same, "at"}]
    rows = rows.sort(*same, *rest, nulls_last=True)
    again = rows.select(pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in same)).to_series()
    again = again & (pl.int_range(len(rows), eager=True) > 0)
    twice = int(again.sum())
    if twice:
        drops.add(DUPLICATE, twice, example(rows, again, "row"))
    order = rows.get_column("at").to_numpy()
    if not twice and bool((order == tied).all()):
        return frame
    place = np.arange(len(frame))
    place[tied] = order
    if twice:
        place = np.delete(place, tied[again.to_numpy()])
    del rows
    return _taken(frame, pl.Series(place))


def _ranks(names: pl.Series) -> NDArray[np.uint32]:
    """The place of each name among all in their order: numbers that compare as the names do."""
    codes = names.cast(pl.Categorical)
    distinct = codes.unique().cast(pl.String).sort()
    numbers = distinct.cast(pl.Categorical).to_physical().to_numpy()
    rank = np.zeros(int(numbers.max()) + 1, np.uint32)
    rank[numbers] = np.arange(len(numbers), dtype=np.uint32)
    return rank[codes.to_physical().to_numpy()]


def _with_neighbours(equal: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows that are equal to the one before or after, where `equal` compares each with the next."""
    return np.flatnonzero(np.concatenate(([False], equal)) | np.concatenate((equal, [False])))


def _taken(frame: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """The rows at `places`."""
    return column_by_column(frame, lambda column: column.gather(places))


def column_by_column(frame: pl.DataFrame, work: Callable[[pl.Series], pl.Series]) -> pl.DataFrame:
    """Do work on every column, two at a time. The frame is emptied on the way: it may be large, and Polars would hold two."""
    if frame.height < SMALL:
        return pl.DataFrame([work(column) for column in frame.get_columns()])
    with ThreadPoolExecutor(2) as pool:
        columns = (frame.drop_in_place(name) for name in frame.columns)
        return pl.DataFrame(list(pool.map(work, columns)))


def sort_with_ties(frame: pl.DataFrame, keys: list[str], ties: list[str]) -> pl.DataFrame:
    """Sorted by `keys`, and rows that are equal in those by `ties`: few, so that only they pay for many columns."""
    rows = frame.sort(*keys, nulls_last=True)
    again = rows.select(pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in keys)).to_series()
    again = again & (pl.int_range(len(rows), eager=True) > 0)
    tied = (again | again.shift(-1, fill_value=False)).arg_true()
    if not len(tied):
        return rows
    some = rows[tied].with_columns(at=tied).sort(*keys, *ties, nulls_last=True)
    place = np.arange(len(rows))
    place[tied.to_numpy()] = some.get_column("at").to_numpy()
    return rows[place]
