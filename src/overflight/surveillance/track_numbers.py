"""Track numbers of radars and tracking systems: which track a number stood for, and when.

A system has few numbers and gives each to one target after another. A number's next *stay*, "system_track:25/10/0042#2", begins
with a report that says it is the first of a track (ASTERIX I062/080 TSB), with any report after one that said it was the last
(I062/080 TSE, I048/170 TRE), and after a silence of more than `SILENCE_S`. Reports are placed by their own time, so that late ones
and those received twice do no harm. A system that calls several reports in a row the first begins one stay, not many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from overflight.surveillance.identity import SILENCE_S

MOST: Final = 200_000
"""Numbers that are remembered; beyond it the one first heard is forgotten. Damaged data must not fill the memory."""


@dataclass
class _Stay:
    number: int
    start_us: int
    last_us: int
    began: bool  # the last report said that it was the first of a track
    ended_us: int | None = None


@dataclass
class TrackNumbers:
    """What is known of each track number. A live feed keeps one as long as it runs; it can be pickled."""

    _stays: dict[str, _Stay] = field(default_factory=dict[str, _Stay])

    def split(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with `track_id` by stay, and without the columns `begins` and `ends` that say so.

        Args:
            rows: `track_id` (null where there is none), `timestamp` (datetime[us, UTC]), `begins`, `ends`, and others.
        """
        moments = rows.get_column("timestamp").to_physical().to_list()
        names: list[str | None] = rows.get_column("track_id").to_list()
        begins, ends = rows.get_column("begins").to_list(), rows.get_column("ends").to_list()
        order: list[int] = rows.select(
            pl.arg_sort_by("timestamp", "begins", descending=[False, True], maintain_order=True)
        )[:, 0].to_list()
        for at in order:
            name, moment = names[at], moments[at]
            if name is not None and moment is not None:
                number = self._stay(name, moment, bool(begins[at]), bool(ends[at]))
                names[at] = name if number == 1 else f"{name}#{number}"
        return rows.with_columns(pl.Series("track_id", names, dtype=pl.String)).drop("begins", "ends")

    def _stay(self, name: str, moment: int, begins: bool, ends: bool) -> int:
        stay = self._stays.get(name)
        if stay is None:
            while len(self._stays) >= MOST:
                del self._stays[next(iter(self._stays))]
            stay = self._stays[name] = _Stay(1, moment, moment, begins)
        elif moment < stay.start_us:
            return max(1, stay.number - 1)
        elif moment > stay.last_us:
            ended = stay.ended_us is not None and moment > stay.ended_us
            if ended or (begins and not stay.began) or moment - stay.last_us > SILENCE_S * 1_000_000:
                stay.number, stay.start_us, stay.ended_us = stay.number + 1, moment, None
            stay.last_us, stay.began = moment, begins
        if ends:
            stay.ended_us = moment
        return stay.number


def split_all(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The rows of several files, whose reports of one number belong together; see `TrackNumbers.split`."""
    return TrackNumbers().split(pl.concat(parts, how="diagonal"))
