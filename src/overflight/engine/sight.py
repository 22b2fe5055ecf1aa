"""Which tracks were in sight when: what a recording can decide about a pair at a time, and what it cannot."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.surveillance.integrity import DISQUALIFYING, ON_GROUND, RELOCATED

SILENT: Final = "a track ends or is silent"
NO_ALTITUDE: Final = "an altitude is unknown"

_Times = NDArray[np.int64]
_Sums = NDArray[np.int64]


class _Track(NamedTuple):
    """Reports of a track that the gate let pass, in order of time; `silent` and `unknown` count bad stretches up to each."""

    time_us: _Times
    silent: _Sums
    unknown: _Sums
    landed: bool  # the last report is on the ground
    heard_us: _Times  # in the air, with an altitude
    since_us: _Times  # for each of these: since when the track has been heard without a silence


class Sight:
    """The reports of some tracks."""

    def __init__(self, table: pl.DataFrame, tracks: set[str], *, max_gap_s: float) -> None:
        """Take in a position table with integrity flags.

        Args:
            table: the position table, `flags` set by the gate.
            tracks: the ones that will be asked for.
            max_gap_s: two reports at most so far apart are bridged (as by the net separation).
        """
        self._max_gap_us = max_gap_us = round(max_gap_s * 1e6)
        used = (
            table.select("track_id", "timestamp", "altitude", "flags")
            .filter(pl.col("track_id").is_in(list(tracks)) & (pl.col("flags") & DISQUALIFYING == 0))
            .sort("track_id", "timestamp", maintain_order=True)
        )
        self._tracks = {
            str(name): _track(rows, max_gap_us) for (name,), rows in used.group_by("track_id", maintain_order=True)
        }

    def heard_s(self, track: str, time_us: int) -> float:
        """How long a track has been heard of at a time, in the air and with an altitude; 0 where it is not."""
        t = self._tracks[track]
        last = int(np.searchsorted(t.heard_us, time_us, side="right")) - 1
        if last < 0 or time_us - int(t.heard_us[last]) > self._max_gap_us:
            return 0.0
        return (time_us - int(t.since_us[last])) * 1e-6

    def lacking(self, track: str, start_us: int, end_us: int) -> str | None:
        """Say why a track is not known all along a time; None where it is.

        One that has landed is known to be on the ground from then on.
        """
        t = self._tracks[track]
        first = int(np.searchsorted(t.time_us, start_us, side="right")) - 1
        last = int(np.searchsorted(t.time_us, end_us, side="left"))
        ends = last == len(t.time_us)
        last = min(last, len(t.time_us) - 1)
        if first < 0 or (ends and not t.landed) or t.silent[last] > t.silent[first]:
            return SILENT
        return NO_ALTITUDE if t.unknown[last] > t.unknown[first] else None


def _track(rows: pl.DataFrame, max_gap_us: int) -> _Track:
    time_us = rows["timestamp"].to_physical().to_numpy()
    flags = rows["flags"].to_numpy()
    ground = flags & ON_GROUND != 0
    level = rows["altitude"].is_not_null().to_numpy()
    parked = ground & np.append(ground[:1], ground[:-1])
    silent = (np.diff(time_us, prepend=time_us[0]) > max_gap_us) & ~parked | (flags & RELOCATED != 0)
    told = level | ground
    unknown = ~told | ~np.append(told[:1], told[:-1])
    heard_us = time_us[level & ~ground]
    begins = np.flatnonzero(np.diff(heard_us, prepend=np.iinfo(np.int64).min // 2) > max_gap_us)
    runs = np.diff(np.append(begins, len(heard_us)))
    return _Track(
        time_us,
        np.cumsum(silent),
        np.cumsum(unknown),
        bool(ground[-1]),
        heard_us,
        np.repeat(heard_us[begins], runs),
    )
