"""Partial messages joined as they come: the rows are those that `messages.join` makes of all of them at once.

Of every sender and every field the last value is kept and put before the next messages. Messages of the newest instant
are held back until a later one has come, as those of one instant are put in order together, however they were cut.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from overflight.surveillance.messages import HOLD_S, joined, ordered, sender
from overflight.surveillance.recording import Drops

MOST: Final = 100_000
"""Senders that are remembered: several times as many as fly at once worldwide."""
FORGOTTEN: Final = f"sender forgotten to bound memory: more than {MOST:,} of them within ten minutes"

_MEMORY_S: Final = max(HOLD_S.values())


class Joiner:
    """What has been heard of every sender."""

    def __init__(self, label: str, drops: Drops, most: int = MOST) -> None:
        """Start with nothing heard; at most `most` senders are remembered, the last heard ones."""
        self._label, self._drops, self._most = label, drops, most
        self._held = pl.DataFrame()
        self._known = pl.DataFrame()  # a row a sender: heard_s, and for every field its value and when that was said

    def take(self, messages: pl.DataFrame, heard_s: float) -> pl.DataFrame:
        """The positions that are complete now.

        Args:
            messages: as `messages.join` takes them.
            heard_s: when they came, by any clock that does not jump.
        """
        messages = pl.concat([self._held, messages], how="diagonal") if self._held.height else messages
        newest = messages.get_column("timestamp") == messages.get_column("timestamp").max()
        self._held = messages.filter(newest)
        return self._joined(messages.filter(~newest), heard_s)

    def rest(self, heard_s: float) -> pl.DataFrame:
        """The positions that were held back."""
        held, self._held = self._held, pl.DataFrame()
        return self._joined(held, heard_s)

    def _joined(self, messages: pl.DataFrame, heard_s: float) -> pl.DataFrame:
        if not messages.height:
            return pl.DataFrame()
        keys = sender(messages)
        # messages first: the order of their columns is that in which equal instants are put in order
        rows = ordered(pl.concat([messages, self._remembered(messages, keys)], how="diagonal"))
        self._remember(rows, keys, heard_s)
        return joined(rows)

    def _remembered(self, messages: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        """What is known of the senders of these messages, as messages without a position."""
        fields = [name for name in HOLD_S if name in messages.columns]
        if not self._known.height:
            return messages.clear()
        known = self._known.join(messages.select(keys).unique(), on=keys, how="semi", nulls_equal=True)
        said = [
            known.filter(pl.col(name).is_not_null()).select(*keys, name, timestamp=f"{name} said")
            for name in fields
            if name in known.columns
        ]
        return pl.concat(said, how="diagonal") if said else messages.clear()

    def _remember(self, rows: pl.DataFrame, keys: list[str], heard_s: float) -> None:
        fields = [name for name in HOLD_S if name in rows.columns]
        said = {f"{name} said": pl.col("timestamp").filter(pl.col(name).is_not_null()).last() for name in fields}
        new = rows.group_by(keys).agg(
            *(pl.col(name).drop_nulls().last() for name in fields), heard_s=pl.lit(heard_s), **said
        )
        if self._known.height:
            others = self._known.join(new, on=keys, how="anti", nulls_equal=True)
            new = pl.concat([others, new], how="diagonal")
        self._known = new if new.height <= self._most else self._newest(new, heard_s)

    def _newest(self, known: pl.DataFrame, heard_s: float) -> pl.DataFrame:
        known = known.filter(pl.col("heard_s") >= heard_s - _MEMORY_S)  # what is older holds no more
        lost = known.height - self._most
        if lost > 0:
            known = known.sort("heard_s", maintain_order=True)
            self._drops.add(FORGOTTEN, lost, f"{self._label}, {known.get_column('icao24')[0]}")
            known = known.tail(self._most)
        return known
