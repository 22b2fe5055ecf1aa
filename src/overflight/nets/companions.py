"""Who has flown together lately: a formation goes on when its positions come back after a silence, or from another source."""

from __future__ import annotations

from typing import Any

import polars as pl

from overflight.surveillance.batch import TrackNames
from overflight.surveillance.renumbering import GONE, Renumbering

FORMATION_US = 120_000_000
"""Two minutes at one velocity: longer than any crossing or overtaking within a mile lasts."""

MEMORY_US = 600_000_000
"""Ten minutes, as long as a track may be silent and still be the same one."""


class Companions:
    """Remembers for each pair of aircraft, whatever their tracks, when and how long they flew together."""

    def __init__(self) -> None:
        """Start with nobody known."""
        self._flown: dict[tuple[int, int], list[tuple[int, int, int]]] = {}

    def judge(self, totals: pl.DataFrame, names: TrackNames) -> pl.DataFrame:
        """Add `formation` to encounters that are over, and remember them.

        `totals` has a, b (track numbers), start_us, end_us, total_us (time below the widest minima) and together_us.
        An encounter is formation flight if it and those before it that ended at most ten minutes earlier were together for
        two minutes, and for most of their time. Encounters that go on side by side (two tracks of one aircraft) do not add up.
        """
        ordered = totals.sort("start_us", "end_us", "a", "b")
        verdicts: list[bool] = []
        for row in ordered.iter_rows(named=True):
            one, other = names.aircraft[int(row["a"])], names.aircraft[int(row["b"])]
            key = (min(one, other), max(one, other))
            known = self._flown.get(key, [])
            before = [flown for flown in known if row["start_us"] - MEMORY_US <= flown[0] <= row["start_us"]]
            together = row["together_us"] + sum(flown[1] for flown in before)
            total = row["total_us"] + sum(flown[2] for flown in before)
            verdicts.append(row["together_us"] > 0 and together >= FORMATION_US and 2 * together >= total)
            if row["together_us"]:
                self._flown.setdefault(key, []).append((row["end_us"], row["together_us"], row["total_us"]))
        return ordered.with_columns(pl.Series("formation", verdicts, dtype=pl.Boolean))

    def forget(self, before_us: int) -> None:
        """Forget what no encounter that begins at `before_us` or later can follow on."""
        kept = {pair: [one for one in flown if one[0] >= before_us - MEMORY_US] for pair, flown in self._flown.items()}
        self._flown = {pair: flown for pair, flown in kept.items() if flown}

    def renumber(self, numbers: Renumbering) -> None:
        """Forget the aircraft that are forgotten, and know the others by their new numbers, whose order is the same."""
        new = numbers.aircraft.tolist()
        both = (((new[one], new[other]), flown) for (one, other), flown in self._flown.items())
        self._flown = {pair: flown for pair, flown in both if GONE not in pair}

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"flown": {pair: list(flown) for pair, flown in self._flown.items()}}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._flown = {pair: list(flown) for pair, flown in state["flown"].items()}
