"""Rows of live sources as they arrive: late, out of order, twice, with clocks that are wrong; given on in order of event time.

The watermark is the newest event time less the lateness that is allowed. What it has passed is given on and final: a row that comes later
than that is dropped and counted. A clock that is wrong must not make everybody else late: a row that is more than ten minutes ahead
of all others waits; if the others go on as before, it is dropped and counted, and if nobody does, time has really moved on.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.surveillance.recording import Drops

LATE: Final = "came later than the lateness allows"
AHEAD: Final = "clock more than ten minutes ahead of the others"
FLOOD: Final = "more rows than can be held, the oldest dropped"

AHEAD_US: Final = 600_000_000
PATIENCE_S: Final = 2.0
"""Wall time for which rows that are ahead wait for somebody who goes on as before. Receivers report every second."""
MOST_ROWS: Final = 5_000_000
"""Rows that are held: some four minutes of 20,000 aircraft at 1 Hz, of some 100 bytes each."""


class Arrivals:
    """The rows that the watermark has not passed yet."""

    def __init__(self, lateness_s: float, drops: Drops) -> None:
        """Start with nothing; `drops` counts what is not given on."""
        self._lateness_us, self._drops = round(lateness_s * 1e6), drops
        self._held: list[pl.DataFrame] = []
        self._ahead: list[pl.DataFrame] = []
        self._ahead_since_s = 0.0
        self.newest_us: int | None = None
        self.given_us: int | None = None  # the watermark up to which rows were given on
        self.late_in_a_row = 0  # rows since the last one that was not late: a clock that has gone back

    @property
    def watermark_us(self) -> int | None:
        """Nothing earlier is taken in any more."""
        if self.newest_us is None:
            return None
        return max(self.newest_us - self._lateness_us, self.given_us or 0)

    def add(self, rows: pl.DataFrame, now_s: float) -> None:
        """Take in rows in the order in which they came; `now_s` is a monotonic clock."""
        if rows.height == 0:
            return
        rows = self._in_time(rows)
        while rows.height:
            us = rows["timestamp"].to_physical().to_numpy()
            newest = us[0] if self.newest_us is None else self.newest_us
            before = np.maximum.accumulate(np.concatenate([[newest], us]))[:-1]
            jumps = np.flatnonzero(us - before > AHEAD_US)
            sound = int(jumps[0]) if len(jumps) else len(us)
            if sound:
                self._accept(rows[:sound], us[:sound])
            rest, rest_us = rows[sound:], us[sound:]
            if len(rest_us) == 0:
                return
            newest = int(before[sound])
            back = np.flatnonzero(rest_us <= newest + AHEAD_US)
            if len(back) == 0:  # nobody goes on as before: wait
                if not self._ahead:
                    self._ahead_since_s = now_s
                self._ahead.append(rest)
                self._bound()
                return
            wrong = (rest_us > newest + AHEAD_US) & (np.arange(len(rest_us)) < back[-1])
            self._drop(AHEAD, rest.filter(pl.Series(wrong)))
            rows = rest.filter(pl.Series(~wrong))

    def settle(self, now_s: float) -> None:
        """Take in rows that were ahead, if nobody has gone on as before for `PATIENCE_S`."""
        if self._ahead and now_s - self._ahead_since_s >= PATIENCE_S:
            ahead, self._ahead = pl.concat(self._ahead, how="diagonal"), []
            self.newest_us = int(ahead["timestamp"].to_physical().min())  # type: ignore[arg-type]
            self.add(ahead, now_s)

    def _in_time(self, rows: pl.DataFrame) -> pl.DataFrame:
        given_us = self.given_us
        if given_us is None:
            return rows
        late = rows["timestamp"].to_physical() < given_us
        count = int(late.sum())
        self.late_in_a_row = self.late_in_a_row + count if count == rows.height else 0
        if not count:
            return rows
        self._drop(LATE, rows.filter(late))
        return rows.filter(~late)

    def _accept(self, rows: pl.DataFrame, us: NDArray[np.int64]) -> None:
        if self._ahead:
            self._drop(AHEAD, pl.concat(self._ahead, how="diagonal"))
            self._ahead = []
        self._held.append(rows)
        self.newest_us = max(int(us.max()), self.newest_us or 0)
        self._bound()

    def _bound(self) -> None:
        for some in (self._held, self._ahead):
            while len(some) > 1 and sum(one.height for one in some) > MOST_ROWS:
                self._drop(FLOOD, some.pop(0))

    def _drop(self, reason: str, rows: pl.DataFrame) -> None:
        if rows.height:
            ref = rows["ref"][0] if "ref" in rows.columns else None
            self._drops.add(reason, rows.height, str(ref or f"{rows['timestamp'][0]:%Y-%m-%d %H:%M:%S}"))

    def taken(self, *, everything: bool = False) -> pl.DataFrame:
        """Return and forget what the watermark has passed, or everything, in no order."""
        if everything:
            self.settle(np.inf)
        if not self._held or self.newest_us is None:
            return pl.DataFrame()
        until_us = self.newest_us + 1 if everything else self.watermark_us
        assert until_us is not None
        held = pl.concat(self._held, how="diagonal") if len(self._held) > 1 else self._held[0]
        over = held["timestamp"].to_physical() < until_us
        self.given_us = max(until_us, self.given_us or 0)
        rest = held.filter(~over)
        self._held = [rest] if rest.height else []
        return held.filter(over)

    def move_on(self, watermark_us: int) -> None:
        """Say that nothing earlier is to be expected, though nobody has reported later."""
        self.given_us = max(watermark_us, self.given_us or 0)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"held": list(self._held), "ahead": list(self._ahead), "newest": self.newest_us, "given": self.given_us}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._held, self._ahead = list(state["held"]), list(state["ahead"])
        self.newest_us, self.given_us = state["newest"], state["given"]
