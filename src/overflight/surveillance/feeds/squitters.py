"""Raw Mode S as it comes: stamped with a time, decoded with the other halves of its positions.

A position is coded in two halves (CPR) up to 10 s apart, so the position frames of the last 15 s of an aircraft are
decoded again before its new ones. A position on the ground is placed by the aircraft's last airborne one: one that only
comes later cannot be waited for, so ground positions before the first airborne one are dropped and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from overflight.surveillance.identity import SILENCE_S
from overflight.surveillance.mode_s import (
    OVERLAP_S,
    as_messages,
    as_table,
    by_class,
    near_places,
    placed_on_ground,
    rs1090_messages,
    usable,
)
from overflight.surveillance.recording import Drops

DRIFT_S: Final = 1.0
"""How far a receiver's counter may be from the time of reception before it is set by that again, in s."""

MOST: Final = 100_000
"""Aircraft whose last airborne position is remembered."""
FORGOTTEN: Final = f"place of an aircraft forgotten to bound memory: more than {MOST:,} of them within ten minutes"

_MOST_FRAMES: Final = 2_000_000  # that are kept for 15 s: several times what a receiver can hear
_LOST_FRAMES: Final = "position frame forgotten before its other half came, to bound memory"


class Clock:
    """The counter of a receiver, set by the time of reception once a connection.

    Frames wait in buffers, unevenly; the counter tells when each came out of the air. It has no date, may be another
    receiver's from frame to frame, wraps and drifts: where it is more than `DRIFT_S` off, the time of reception holds.
    """

    def __init__(self) -> None:
        """Start with a counter that is not set."""
        self._offset_s: float | None = None

    def stamped(self, clock_s: pl.Series, received_s: float) -> pl.Series:
        """When frames were heard, in s since 1970, of counters in s (null where there is none) received together."""
        clock = clock_s.to_numpy().astype(np.float64)
        counted = np.flatnonzero(~np.isnan(clock) & (clock > 0.0))
        if not counted.size:
            return pl.Series("seconds", np.full(len(clock), received_s))
        last = float(clock[counted[-1]])
        if self._offset_s is None or abs(last + self._offset_s - received_s) > DRIFT_S:
            self._offset_s = received_s - last
        moments = clock + self._offset_s
        near = np.abs(moments - received_s) <= DRIFT_S  # false for NaN
        return pl.Series("seconds", np.where(near, moments, received_s))


class Squitters:
    """The frames of one source, over all its connections."""

    def __init__(self, label: str, drops: Drops) -> None:
        """Start with none."""
        self._label, self._drops = label, drops
        self._halves: dict[str, pl.DataFrame] = {}  # by class: position frames of the last 15 s
        self._places: dict[str, pl.DataFrame] = {}  # by class: a message an aircraft, with its last airborne position

    def take(self, frames: pl.DataFrame, heard_s: float) -> Iterator[pl.DataFrame]:
        """Partial messages (see `overflight.surveillance.messages`).

        Args:
            frames: `seconds` since 1970 (f64), `frame` in hexadecimal, `ref`.
            heard_s: when they came, by any clock that does not jump.
        """
        for kind, new in by_class(usable(frames, self._drops)):
            table = self._decoded(kind, new.select("seconds", "frame", "ref"), heard_s)
            yield as_messages(self._placed(kind, table, heard_s), kind)

    def _decoded(self, kind: str, new: pl.DataFrame, heard_s: float) -> pl.DataFrame:
        some = pl.concat([self._before(kind, new), new], how="diagonal")
        messages = rs1090_messages(some.get_column("frame").to_list(), some.get_column("seconds").to_list(), None)
        table = as_table(messages, some, self._drops, float("-inf")).filter(pl.col("ref").is_not_null())
        halves = table.filter(pl.col("bds").is_in(["05", "06"])).select(
            "seconds", "frame", "icao24", heard_s=pl.lit(heard_s)
        )
        kept = self._halves.get(kind, halves.clear())
        halves = pl.concat([kept.filter(pl.col("heard_s") >= heard_s - OVERLAP_S), halves])
        if halves.height > _MOST_FRAMES:
            self._drops.add(_LOST_FRAMES, halves.height - _MOST_FRAMES, self._label)
            halves = halves.tail(_MOST_FRAMES)
        self._halves[kind] = halves
        return table

    def _before(self, kind: str, new: pl.DataFrame) -> pl.DataFrame:
        """The frames that may hold the other halves of the new positions; without a `ref`, as they were told already."""
        kept = self._halves.get(kind)
        positions = (
            new.filter(_is_position())
            .group_by(icao24=pl.col("frame").str.slice(2, 6))
            .agg(first_s=pl.col("seconds").min())
        )
        if kept is None or not positions.height:
            return new.clear()
        kept = kept.join(positions, on="icao24").filter(pl.col("seconds") >= pl.col("first_s") - OVERLAP_S)
        return kept.sort("seconds", maintain_order=True).select("seconds", "frame", ref=pl.lit(None, dtype=pl.String))

    def _placed(self, kind: str, table: pl.DataFrame, heard_s: float) -> pl.DataFrame:
        places = self._places.get(kind, table.clear().with_columns(heard_s=pl.lit(heard_s)))
        here = places.join(table.select("icao24").unique(), on="icao24", how="semi")
        rows = pl.concat([here.drop("heard_s"), table])
        placed = placed_on_ground(rows, self._drops, after=False).filter(pl.col("ref").is_not_null())
        near = near_places(rows, after=False).group_by("icao24", maintain_order=True).last()
        near = near.filter(pl.col("near_latitude").is_not_null()).with_columns(
            latitude="near_latitude",
            longitude="near_longitude",
            bds=pl.lit("05"),
            ref=pl.lit(None, dtype=pl.String),
            heard_s=pl.lit(heard_s),
        )
        places = pl.concat([places.join(rows, on="icao24", how="anti"), near.select(places.columns)])
        if places.height > MOST:
            places = places.filter(pl.col("heard_s") >= heard_s - SILENCE_S)
            if places.height > MOST:
                self._drops.add(FORGOTTEN, places.height - MOST, self._label)
                places = places.sort("heard_s", maintain_order=True).tail(MOST)
        self._places[kind] = places
        return placed.select(table.columns)


def _is_position() -> pl.Expr:
    """Extended squitters (DF17, DF18) of the type codes that hold a position (DO-260B, table 2-14): 5 to 18 and 20 to 22."""
    code = pl.col("frame").str.slice(8, 2).str.to_integer(base=16, strict=False) // 8
    form = pl.col("frame").str.slice(0, 2).str.to_integer(base=16) // 8
    return form.is_in([17, 18]) & (code.is_between(5, 18) | code.is_between(20, 22))
