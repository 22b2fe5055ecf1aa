"""Who is who on a live feed: `track_id` and `address_type` from what came before, as `identity` gives them to a whole recording.

Rows come in order of time. The one difference: a recording that leaves the type out of an aircraft's first rows lends it from later ones;
a feed cannot wait for them, so until the type is told an ICAO address is taken for the aircraft's own.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from overflight.surveillance.identity import SILENCE_S, with_identity
from overflight.surveillance.table import ADDRESS_TYPES

_SILENCE_US: Final = SILENCE_S * 1_000_000
_TYPE: Final = pl.Enum(ADDRESS_TYPES)


class Naming:
    """Names the rows of a feed; remembers each address and name until it has been silent for `identity.SILENCE_S`."""

    def __init__(self) -> None:
        """Start with nobody known."""
        self._types: dict[
            tuple[str, str | None], tuple[int, str]
        ] = {}  # by address and source: when and what it said last
        self._stays: dict[str, tuple[int, int]] = {}  # by name: when it was heard last, and the number of its stay
        self._forgot_us = 0

    def name(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows with `address_type` and `track_id`; they span less than a silence, and none is earlier than any before."""
        if rows.height == 0 or (_whole(rows, "track_id") and _whole(rows, "address_type")):
            return with_identity(rows)
        newest_us = int(rows["timestamp"].to_physical().max())  # type: ignore[arg-type]
        if "icao24" in rows.columns:
            rows = self._typed(rows)
        had = rows["track_id"] if "track_id" in rows.columns else None
        named = with_identity(rows)
        made = named.select(pl.col("track_id").alias("name"), pl.col("timestamp").to_physical().alias("us"))
        own = pl.lit(False) if had is None else pl.lit(had.is_not_null())
        last = made.filter(~own).group_by("name").agg(pl.col("us").min().alias("first"), pl.col("us").max())
        renamed: dict[str, str] = {}
        for name, first_us, last_us in last.iter_rows():
            heard_us, stay = self._stays.get(name, (first_us, 1))
            stay += first_us - heard_us > _SILENCE_US
            self._stays[name] = (max(heard_us, last_us), stay)
            if stay > 1:
                renamed[name] = f"{name}#{stay}"
        if renamed:
            track = pl.col("track_id")
            later = track.replace_strict(renamed, default=track, return_dtype=pl.String)
            named = named.with_columns(pl.when(own).then(track).otherwise(later).alias("track_id"))
        self._forget(newest_us)
        return named

    def _typed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Fill unknown address types from what the same address and source said last."""
        source = pl.col("source").cast(pl.String) if "source" in rows.columns else pl.lit(None, pl.String)
        kind = pl.col("address_type").cast(pl.String) if "address_type" in rows.columns else pl.lit(None, pl.String)
        told = rows.select("icao24", source.alias("source"), kind.alias("type"), us=pl.col("timestamp").to_physical())
        types: list[str | None] = []
        for address, feed, said, us in told.iter_rows():
            if address is not None and said is not None:
                self._types[address, feed] = (us, said)
            elif address is not None and (known := self._types.get((address, feed))) and us - known[0] <= _SILENCE_US:
                types.append(known[1])
                continue
            types.append(said)
        return rows.with_columns(pl.Series("address_type", types, pl.String).cast(_TYPE))

    def _forget(self, now_us: int) -> None:
        """Forget, once a silence, whose type is too old to lend. Stays are kept: a name that comes back goes on counting."""
        if now_us - self._forgot_us > _SILENCE_US:
            self._forgot_us = now_us
            self._types = {key: one for key, one in self._types.items() if now_us - one[0] <= _SILENCE_US}

    def drop(self, rows: pl.DataFrame) -> None:
        """Forget who made these rows, which were named here (`track_id`, and `icao24` and `source` where there are), and is not followed."""
        for name in rows["track_id"].unique().to_list():
            self._stays.pop(name, None)
        if "icao24" in rows.columns:
            source = pl.col("source").cast(pl.String) if "source" in rows.columns else pl.lit(None, pl.String)
            for key in rows.select("icao24", source.alias("source")).unique().iter_rows():
                self._types.pop(key, None)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"types": dict(self._types), "stays": dict(self._stays), "forgot_us": self._forgot_us}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._types, self._stays = dict(state["types"]), dict(state["stays"])
        self._forgot_us = state["forgot_us"]


def _whole(rows: pl.DataFrame, column: str) -> bool:
    return column in rows.columns and rows[column].null_count() == 0
