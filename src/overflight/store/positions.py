"""Positions that were seen, in Parquet files by the hour, for as long as they are kept.

A file of an hour (`2015-10-07T04.parquet`) is made when the hour is over, from parts that are written on the way (`2015-10-07T04.000001.part.parquet`).
Rows that come for an hour that has its file are parts again, and are put into it with the next hour. A row that was written twice, by a loop that
went on from a state of before, is read once.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from overflight.errors import InputError, ParameterError
from overflight.files import whole_file
from overflight.surveillance.table import POSITION_SCHEMA

_HOUR: Final = "%Y-%m-%dT%H"
_PART: Final = ".part.parquet"
_ORDER: Final = ("timestamp", "track_id", "ref")


class Positions:
    """The files of one folder. Rows are taken in by one thread; any may read."""

    def __init__(self, folder: Path, keep: timedelta) -> None:
        """Make the folder where it is missing.

        Args:
            folder: where the files are.
            keep: how long positions are kept, by their own time, counted back from the newest.

        Raises:
            ParameterError: they are kept for less than an hour.
            InputError: the folder cannot be written.
        """
        if keep < timedelta(hours=1):
            raise ParameterError(
                "--keep",
                f"{keep / timedelta(days=1):g}",
                "days are less than a file holds",
                remedy="keep an hour or more",
            )
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            remedy = "name a folder that you may write to"
            raise InputError(f"cannot be written ({error.strerror})", path=str(folder), remedy=remedy) from None
        self._folder, self._keep = folder, keep
        self._taken: list[pl.DataFrame] = []
        self._lock = threading.RLock()  # of the files
        self._adding = threading.Lock()  # of what was taken in: who takes in waits for no file
        self._newest = max(self._hours(), default="")
        self._part = max((int(path.name.split(".")[1]) for path in folder.glob(f"[0-9]*{_PART}")), default=0)

    def take(self, rows: pl.DataFrame) -> None:
        """Take in rows of the position table; they are read from now on, and on the disk after `flush`."""
        if rows.height:
            with self._adding:
                self._taken.append(rows.select(list(POSITION_SCHEMA)))

    def flush(self) -> None:
        """Write what was taken in; of hours that are over make one file each, and let go of those that are not kept.

        Raises:
            InputError: a file cannot be written.
        """
        with self._lock:
            taken = self._taken_in()
            if not taken:
                return
            rows = pl.concat(taken)
            for (hour,), part in rows.group_by(pl.col("timestamp").dt.strftime(_HOUR), maintain_order=True):
                self._part += 1
                self._write(part, f"{hour}.{self._part:06d}{_PART}")
            with self._adding:
                del self._taken[: len(taken)]
            newest = max(self._hours())
            if newest > self._newest:
                self._newest = newest
                self._make_files()
                self._forget()

    def read(
        self,
        start: datetime,
        end: datetime,
        *,
        tracks: Collection[str] | None = None,
        parties: Collection[str] | None = None,
        every_s: int = 0,
    ) -> pl.DataFrame:
        """Return positions from `start` to before `end`, in order of time.

        Args:
            start, end: the time.
            tracks: of these tracks; None for all.
            parties: of no known party, or of these; None for all.
            every_s: of each track only the last of every so many seconds; 0 for all.

        Raises:
            InputError: a file cannot be read.
        """
        with self._lock:
            found = self._found(start, end, tracks, parties)
            if every_s:
                last = found.sort(_ORDER).group_by("track_id", _step(every_s), maintain_order=True).last()
                found = last.select(list(POSITION_SCHEMA))
            return self._collected(found.unique().sort(_ORDER))

    def count(
        self,
        start: datetime,
        end: datetime,
        *,
        tracks: Collection[str] | None = None,
        parties: Collection[str] | None = None,
        every_s: int = 0,
    ) -> int:
        """Return how many positions `read` would, at most: those that were written twice are counted twice.

        Raises:
            InputError: a file cannot be read.
        """
        with self._lock:
            found = self._found(start, end, tracks, parties)
            if every_s:
                found = found.group_by("track_id", _step(every_s)).agg()
            return int(self._collected(found.select(pl.len())).item())

    def _found(
        self, start: datetime, end: datetime, tracks: Collection[str] | None, parties: Collection[str] | None
    ) -> pl.LazyFrame:
        wanted = (pl.col("timestamp") >= start) & (pl.col("timestamp") < end)
        if tracks is not None:
            wanted &= pl.col("track_id").is_in(list(tracks))
        if parties is not None:
            wanted &= pl.col("party").is_null() | pl.col("party").is_in(list(parties))
        paths = [
            path
            for path in sorted(self._folder.glob("[0-9]*.parquet"))
            if f"{start:{_HOUR}}" <= _hour_of(path) <= f"{end:{_HOUR}}"
        ]
        parts = [pl.scan_parquet(path).filter(wanted) for path in paths]
        parts += [rows.lazy().filter(wanted) for rows in self._taken_in()]
        return pl.concat(parts) if parts else pl.LazyFrame(schema=POSITION_SCHEMA)

    def _taken_in(self) -> list[pl.DataFrame]:
        with self._adding:
            return list(self._taken)

    def _collected(self, found: pl.LazyFrame) -> pl.DataFrame:
        try:
            return found.collect()
        except (OSError, pl.exceptions.PolarsError) as error:
            raise InputError(f"cannot be read ({error})", path=str(self._folder), remedy="is a file damaged?") from None

    def span(self) -> tuple[datetime, datetime] | None:
        """Return the first and the last hour of which there are files; None where there are none."""
        hours = self._hours()
        return (_time(min(hours)), _time(max(hours))) if hours else None

    def _hours(self) -> set[str]:
        return {_hour_of(path) for path in self._folder.glob("[0-9]*.parquet")}

    def _write(self, rows: pl.DataFrame, name: str) -> None:
        path = self._folder / name
        with whole_file(path) as temporary:
            rows.write_parquet(temporary, compression="zstd")
        path.chmod(0o600)  # where everybody flew is nobody else's business

    def _make_files(self) -> None:
        """Put the parts of hours that are over into the file of their hour."""
        for hour in sorted({_hour_of(path) for path in self._folder.glob(f"[0-9]*{_PART}")} - {self._newest}):
            parts = sorted(self._folder.glob(f"{hour}.*{_PART}"))
            there = [path for path in (self._folder / f"{hour}.parquet",) if path.exists()]
            rows = pl.concat([pl.read_parquet(path) for path in [*there, *parts]]).unique().sort(_ORDER)
            self._write(rows, f"{hour}.parquet")
            for path in parts:  # whoever dies here reads their rows twice, and tells them once
                path.unlink()

    def _forget(self) -> None:
        oldest = f"{_time(self._newest) - self._keep:{_HOUR}}"
        for path in self._folder.glob("[0-9]*.parquet"):
            if _hour_of(path) < oldest:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()


def _step(every_s: int) -> pl.Expr:
    return (pl.col("timestamp").to_physical() // (every_s * 1_000_000)).alias("step")


def _hour_of(path: Path) -> str:
    return path.name.partition(".")[0]


def _time(hour: str) -> datetime:
    return datetime.fromisoformat(f"{hour}:00:00+00:00")
