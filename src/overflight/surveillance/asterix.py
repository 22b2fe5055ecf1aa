"""ASTERIX categories 021, 048 and 062: from data blocks to rows of the position table.

Source: EUROCONTROL-SPEC-0149, Surveillance Data Exchange, Part 1 (data blocks, records) and Parts 12 (category 021, ADS-B
reports), 4 (048, reports of one radar) and 9 (062, system tracks); each category's file lists its items and their units.
libasterix takes the records apart. Service messages (034, 065, ...) hold no targets and are counted, as are other categories.

A time of day has no date. It is that of the day which brings it nearest to the time of reception; where there is none (files of
bare data blocks), nearest to the report before, and the first lies on the day that the user names.

A live feed calls `decode` with each datagram, then `TrackNumbers.split` with the rows::

    numbers = TrackNumbers()
    rows, drops = decode(datagram, time.time(), "udp:8600", radars={"25/10": (50.90, 4.48, 60.0)})
    rows = numbers.split(rows)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import polars as pl

from overflight.surveillance import asterix_cat021, asterix_cat048, asterix_cat062
from overflight.surveillance.asterix_blocks import (
    FOREIGN,
    STATUS,
    TARGETS,
    Block,
    blocks,
    length_at,
)
from overflight.surveillance.asterix_items import NO_TIME_OF_DAY, Items, Row, Tell, records
from overflight.surveillance.radars import Radar, Radars, checked
from overflight.surveillance.recording import Drops
from overflight.surveillance.table import POSITION_SCHEMA

DAMAGED_RECORD: Final = "damaged ASTERIX record, and what follows it in its data block"
DAY_S: Final = 86_400.0
AGREE_S: Final = 600.0
"""Two times of day in a row that are this near tell the day on; one alone may be damage."""

_NAMES: Final = (
    *("timestamp", "track_id", "icao24", "callsign", "squawk", "address_type", "latitude", "longitude", "altitude"),
    *("geoaltitude", "groundspeed", "track", "vertical_rate", "onground", "position_age", "nic", "nac_p", "sil"),
    *("accuracy", "source", "sensor", "ref"),
)
ROW_SCHEMA: Final[dict[str, pl.DataType]] = {
    **{name: POSITION_SCHEMA[name] for name in _NAMES},
    "begins": pl.Boolean(),  # the first report of a track number, by the system's own word
    "ends": pl.Boolean(),  # the last one
}
"""Columns of the rows: those of the position table that the format has, and what `TrackNumbers.split` needs."""

Clock: TypeAlias = Callable[[float], float]
"""From a time of day, in s, to s since 1970 (UTC)."""


def decode(data: bytes, received_s: float, label: str, *, radars: Radars | None = None) -> tuple[pl.DataFrame, Drops]:
    """The positions in one datagram.

    Args:
        data: data blocks, one behind the other. Whatever the bytes are, nothing is raised.
        received_s: when it was received, s since 1970 (UTC).
        label: what to call it; `ref` of a row is "LABEL@BYTE", the byte at which its record starts.
        radars: where radars stand, by "SAC/SIC" in decimal: latitude, longitude in degrees, height in m. Category 048 of any other
            radar is dropped and counted.

    Returns:
        The rows (`ROW_SCHEMA`, in the units of the position table, identity and ranges not yet checked), and what was left out.

    Raises:
        ParameterError: a radar's name or place makes no sense.
    """
    collector = Collector(label, checked(radars or {}))
    collector.datagram(data, 0, received_s)
    return collector.rows(), collector.drops


def nearest_day_s(time_of_day_s: float, reference_s: float) -> float:
    """A time of day as s since 1970, on the day that brings it nearest to `reference_s`; of two, the earlier."""
    return time_of_day_s + math.ceil((reference_s - time_of_day_s) / DAY_S - 0.5) * DAY_S


@dataclass
class Days:
    """The days of a clock that shows only the time of day, from one reading to the next.

    Attributes:
        zero_s: any moment of the day of the first reading, s since 1970 (UTC).
    """

    zero_s: float
    _previous_s: float | None = None

    def __post_init__(self) -> None:
        """Begin at noon: every time of day is nearest to it on its own day."""
        self._reference_s = self.zero_s // DAY_S * DAY_S + DAY_S / 2.0

    def moment_s(self, time_of_day_s: float) -> float:
        """A reading as s since 1970."""
        if self._previous_s is not None:
            near = nearest_day_s(time_of_day_s, self._previous_s)
            if abs(near - self._previous_s) <= AGREE_S:
                self._reference_s = self._previous_s = near
                return near
        self._previous_s = nearest_day_s(time_of_day_s, self._reference_s)
        return self._previous_s


@dataclass
class Collector:
    """Takes in data blocks, gives out rows."""

    label: str
    radars: Mapping[str, Radar]
    drops: Drops = field(default_factory=Drops)
    _rows: list[Row] = field(default_factory=list[Row])

    def __len__(self) -> int:
        """Count the rows that wait to be given out."""
        return len(self._rows)

    def datagram(self, data: bytes, base: int, received_s: float) -> None:
        """Take in the data blocks of a datagram whose first byte is `base`."""
        damage = Drops()
        found, _ = blocks(data, base, self.label, damage, final=True)
        if not found and not length_at(data, 0):
            self.drops.add(FOREIGN, 1, f"{self.label}@{base}")
            return
        self.drops.merge(damage)
        for block in found:
            self.block(block, lambda time_of_day_s: nearest_day_s(time_of_day_s, received_s))

    def block(self, block: Block, clock: Clock) -> None:
        """Take in one data block."""
        place = f"{self.label}@{block.at}"
        if block.category not in TARGETS:
            what = "no target reports" if block.category in STATUS else "not read"
            self.drops.add(f"ASTERIX data block of category {block.category:03d}: {what}", 1, place)
            return
        for at, items in records(block.category, block.body):
            place = f"{self.label}@{block.at + 3 + at}"
            if items is None:
                self.drops.add(DAMAGED_RECORD, 1, place)
            elif (row := self._row(block.category, items, clock, place)) is not None:
                self._rows.append(row)

    def rows(self) -> pl.DataFrame:
        """The rows since the last time, `ROW_SCHEMA`."""
        rows, self._rows = self._rows, []
        return pl.DataFrame(
            {
                name: pl.Series(
                    name,
                    [row.get(name) for row in rows],
                    dtype=pl.Int64() if name == "timestamp" else dtype,
                    strict=False,
                ).cast(dtype)
                for name, dtype in ROW_SCHEMA.items()
            }
        )

    def _row(self, category: int, items: Items, clock: Clock, place: str) -> Row | None:
        def tell(reason: str) -> None:
            self.drops.add(reason, 1, place)

        try:
            row = self._take(category, items, tell)
        except Exception:  # values that the library finds no meaning for
            tell(DAMAGED_RECORD)
            return None
        if row is None:
            return None
        time_of_day_s: Any = row.pop("time_of_day_s")
        if time_of_day_s is None or time_of_day_s >= DAY_S:
            tell(NO_TIME_OF_DAY)
            return None
        row["timestamp"] = round(clock(time_of_day_s) * 1e6)
        row["ref"] = place
        return row

    def _take(self, category: int, items: Items, tell: Tell) -> Row | None:
        if category == 62:
            return asterix_cat062.row(items, tell)
        if category == 48:
            return asterix_cat048.row(items, tell, self.radars)
        return asterix_cat021.row(items, tell)
