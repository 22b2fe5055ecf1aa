"""Whom a live loop follows: everybody, as long as that many can fly; and whom it forgets, so that it can go on for ever.

A track that was silent for two days, and that nothing still to be concluded names, is forgotten. Where there are more tracks than half of what
there is room for, those of few reports are after an hour: addresses that a receiver or a forger made up.

New tracks are followed up to a number in a minute. Of more, that many are not aircraft: they wait, by name, and the oldest in waiting are
dropped; half of the room is for those that were heard in an earlier batch, as an aircraft is and an address made up for one report is not.
Reports of tracks that are not followed are dropped and counted.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.engine.pipeline import Pipeline
from overflight.surveillance.batch import TrackNames
from overflight.surveillance.naming import Naming
from overflight.surveillance.recording import Drops

NEW_TRACKS: Final = 100_000
"""In a minute. All that fly at once worldwide may appear in the first second, to several sensors; more are no aircraft."""
MOST_TRACKS: Final = 2_000_000
"""Tracks in all, of some kilobyte each."""
MOST_WAITING: Final = 1_000_000
"""Names in waiting, of some hundred bytes each."""
FEW: Final = 5
"""Reports of a track by which an aircraft is not known (as in `overflight.nets.lost`)."""
KEEP_US: Final = 48 * 3_600_000_000
KEEP_FEW_US: Final = 3_600_000_000
FORGET_US: Final = 600_000_000
"""How often it is looked who can be forgotten."""

TOO_MANY: Final = "track of an address that is new, when too many were: not followed"


class Admission:
    """Who is followed, when each was heard last, and how often."""

    def __init__(self, names: TrackNames, naming: Naming, drops: Drops, new_tracks: int) -> None:
        """Follow nobody yet; up to `new_tracks` new ones in a minute."""
        self._names, self._naming, self._drops, self._new_tracks = names, naming, drops, new_tracks
        self._minute, self._new = 0, 0
        self._waiting: dict[str, None] = {}  # the longest in waiting first
        self._heard_us = np.zeros(0, np.int64)
        self._reports = np.zeros(0, np.int64)
        self._forgot_us = 0

    def admitted(self, rows: pl.DataFrame, minute: int) -> pl.DataFrame:
        """Return the rows of tracks that are followed already, and of new ones for which there is room."""
        new = self._names.unknown(rows["track_id"])
        if not new:
            return rows
        if minute != self._minute:
            self._minute, self._new = minute, 0
        room = max(0, min(self._new_tracks - self._new, MOST_TRACKS - len(self._names)))
        again = [name for name in new if name in self._waiting]
        first = [name for name in new if name not in self._waiting]
        taken = again[:room]
        # Once somebody waits, half of what comes is for those in waiting.
        half = (
            room - len(taken) if len(new) <= room else min(room - len(taken), max(0, self._new_tracks // 2 - self._new))
        )
        taken += first[:half]
        self._new += len(taken)
        for name in taken:
            self._waiting.pop(name, None)
        if len(taken) == len(new):
            return rows
        followed = set(taken)
        left = [name for name in new if name not in followed]
        for name in left:
            self._waiting.setdefault(name)
        for name in [name for name, _ in zip(self._waiting, range(len(self._waiting) - MOST_WAITING), strict=False)]:
            del self._waiting[name]
        refused = rows["track_id"].is_in(pl.Series(left, dtype=pl.String).implode())
        some = rows.filter(refused)
        self._naming.drop(some)
        self._drops.add(TOO_MANY, some.height, str(some["track_id"][0]))
        return rows.filter(~refused)

    def hear(self, track: NDArray[np.uint32], time_us: NDArray[np.int64]) -> None:
        """Know of reports, in order of time."""
        missing = len(self._names) - len(self._heard_us)
        if missing > 0:
            more = np.zeros(missing + len(self._names), np.int64)
            self._heard_us, self._reports = np.append(self._heard_us, more), np.append(self._reports, more)
        self._heard_us[track] = time_us  # of several the last one stays, which is the latest
        np.add.at(self._reports, track, 1)

    def heard_since(self, time_us: int) -> int:
        """Count the tracks that were heard after a time."""
        return int(np.count_nonzero(self._heard_us > time_us))

    def forget(self, now_us: int, pipeline: Pipeline) -> None:
        """Forget who has long been silent, now and then."""
        if now_us - self._forgot_us < FORGET_US:
            return
        self._forgot_us = now_us
        tracks = len(self._names)
        silent_us, reports = now_us - self._heard_us[:tracks], self._reports[:tracks]
        gone = silent_us > KEEP_US
        few = (silent_us > KEEP_FEW_US) & (reports < FEW) & (2 * tracks > MOST_TRACKS)
        if not (gone | few).any():
            return
        keep = ~(gone | few)
        keep[pipeline.holds()] = True
        track_id = self._names.track_id
        made_up = pl.DataFrame({"track_id": [track_id[k] for k in np.flatnonzero(few & ~keep).tolist()]})
        self._naming.drop(made_up)
        numbers = pipeline.forget(keep)
        self._heard_us, self._reports = numbers.kept_of(self._heard_us), numbers.kept_of(self._reports)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "minute": (self._minute, self._new),
            "waiting": list(self._waiting),
            "heard": self._heard_us.copy(),
            "reports": self._reports.copy(),
            "forgot": self._forgot_us,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._minute, self._new = state["minute"]
        self._waiting = dict.fromkeys(state["waiting"])
        self._heard_us, self._reports = state["heard"].copy(), state["reports"].copy()
        self._forgot_us = state["forgot"]
