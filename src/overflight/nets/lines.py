"""Agreed lines, day by day: how often each was crossed, how long parties were on the wrong side, and how deep.

Parties who drew such a line counted its crossings by the day. A day is a UTC day; a stay is counted on the day on which it began,
a crossing on its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from overflight.airspace.volume import Volume
from overflight.nets.stay_events import LINES
from overflight.nets.stays import BOUNDARY, WHY

_MOMENTS: Final = ("entry", "exit")


@dataclass(frozen=True)
class LineDay:
    """One side of a line on one day.

    Attributes:
        day: UTC.
        volume: the side, as the events name it.
        party: who was there and should not have been; None where nobody says.
        crossings: of the line, to this side and back.
        stays: that began on this day, and how many of them are confirmed.
        confirmed: of the stays.
        wrong_side_s: how long they lasted in all.
        depth_m: greatest distance from the line.
    """

    day: date
    volume: str
    party: str | None
    crossings: int
    stays: int
    confirmed: int
    wrong_side_s: float
    depth_m: float

    def __str__(self) -> str:
        """Say it in a line."""
        who = self.party or "flights of no known party"
        times = f"{self.crossings:,} crossing{'' if self.crossings == 1 else 's'}"
        stays = f"{self.stays:,} stay{'' if self.stays == 1 else 's'} ({self.confirmed:,} confirmed)"
        how = f"{self.wrong_side_s / 60.0:,.1f} min on the wrong side, up to {self.depth_m / 1000.0:,.1f} km deep"
        return f"{self.day} {self.volume}: {who}: {times}, {stays}, {how}"


def line_days(events: pl.DataFrame) -> list[LineDay]:
    """Count the crossings of lines in an event table, by day, side and party."""
    stays = events.filter((pl.col("kind") == "incursion") & pl.col("rule").is_in(LINES))
    if stays.height == 0:
        return []
    key = ["day", "volume", "party_a"]
    began = stays.group_by(pl.col("start").dt.date().alias("day"), "volume", "party_a").agg(
        pl.len().alias("stays"),
        (pl.col("verdict") == "confirmed").sum().alias("confirmed"),
        pl.col("duration_s").sum(),
        pl.col("depth_m").max(),
    )
    crossed = pl.DataFrame(
        list(_crossings(stays)),
        schema={"day": pl.Date(), "volume": pl.String(), "party_a": pl.String()},
        orient="row",
    )
    counted = crossed.group_by(key).agg(pl.len().alias("crossings"))
    together = began.join(counted, on=key, how="full", coalesce=True, nulls_equal=True)
    together = together.with_columns(pl.col("crossings", "stays", "confirmed", "duration_s", "depth_m").fill_null(0))
    columns = (*key, "crossings", "stays", "confirmed", "duration_s", "depth_m")
    return [LineDay(*row) for row in together.sort(key).select(columns).iter_rows()]


def untested(volumes: Iterable[Volume], parties: Iterable[str | None], dismissed: pl.DataFrame) -> list[str]:
    """Say of which lines nobody could be held to, a line each: no track is of a party, or nobody says whose tracks are."""
    known = {party for party in parties if party is not None}
    missing = sorted({v.barred for v in volumes if v.barred is not None and v.barred not in known})
    said = [f"no track is of party {party}: NOT tested, whether it kept to its side" for party in missing]
    nobodys = dismissed.filter(pl.col("reason") == "party unknown").height
    if nobodys:
        stays = f"{nobodys:,} stay{'' if nobodys == 1 else 's'}"
        said.append(f"{stays} on sides of lines by flights of no known party: NOT decided")
    return said


def _crossings(stays: pl.DataFrame) -> Iterator[tuple[date, str, str | None]]:
    for volume, party, text in stays.select("volume", "party_a", "parameters").iter_rows():
        told = json.loads(text)
        for moment in _MOMENTS:
            if told[moment]["how"] == WHY[BOUNDARY]:
                yield datetime.fromisoformat(told[moment]["time"]).date(), volume, party
