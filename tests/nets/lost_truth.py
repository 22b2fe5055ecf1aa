"""Losses made on purpose: where a recorded flight would certainly have been seen on, by brute force over the raw reports.

Independent of the net: no cells, no ticks, nothing learnt. A moment **fits the definition** of a loss (a track that stops
while others remain visible, not near a landing, not leaving coverage) if all of this holds:

1. It is seen on: the recorded flight truly goes on for 5 minutes with no gap over a minute, and was seen steadily before.
2. Not near a landing: all these 5 minutes it is 1,500 ft or more above every airport within 8 NM.
3. Others remain visible: in each of the next 4 minutes another is seen within 28 NM, no more than 5,000 ft higher, and that
   still holds when all other cuts of its group are made, too.
4. Not leaving coverage: going straight on for 3 minutes, at the speed, course and climb that it reports, it stays within the
   box of latitude and longitude and between the lowest and the highest altitude that the recording holds.
5. It is no aircraft that a ground station relays, and half an hour is left to judge it.

Cuts are made in groups, each group in one copy of the recording; an aircraft is cut off once in each. So of the 200 cuts in
eight groups an aircraft can have eight at most, and those who flew most of the day do not outweigh all others.

Nothing else is asked for: not that anybody flew there before, nor that others are heard well there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import airportsdata
import numpy as np
import polars as pl

NM_RAD = 1852.0 / 6_371_008.8
ON_S = 300.0  # the flight truly goes on so long
AHEAD_S = 180.0  # and would not leave the recording so soon


@dataclass(frozen=True)
class Moment:
    """A report of an aircraft after which it might be cut off."""

    icao24: str
    time_us: int


class Reports:
    """A recording's reports of aircraft that send for themselves, by aircraft and time."""

    def __init__(self, table: pl.DataFrame) -> None:
        own = table.filter(
            pl.col("icao24").is_not_null()
            & ~pl.col("address_type").is_in(["tisb", "adsr"])
            & pl.col("altitude").is_not_null()
        ).sort("icao24", "timestamp")
        self.icao24 = own["icao24"].to_numpy()
        self.us = own["timestamp"].dt.epoch("us").to_numpy()
        self.altitude = own["altitude"].cast(pl.Float64).to_numpy()
        self.course = own["track"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        self.latitude, self.longitude = own["latitude"].to_numpy(), own["longitude"].to_numpy()
        self.speed_kt = own["groundspeed"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        self.climb_fpm = own["vertical_rate"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        every = table.select("latitude", "longitude", pl.col("altitude").cast(pl.Float64)).drop_nulls()
        self.lowest, self.highest = every.min().row(0), every.max().row(0)  # latitude, longitude, altitude
        self.relayed = set(
            table.filter(pl.col("address_type").is_in(["tisb", "adsr"]))["icao24"].drop_nulls().to_list()
        )

    def distance_nm(self, k: int) -> np.ndarray:
        east = np.radians(self.longitude - self.longitude[k]) * np.cos(np.radians(self.latitude[k]))
        return np.hypot(np.radians(self.latitude - self.latitude[k]), east) / NM_RAD

    def aircraft(self, k: int) -> tuple[int, int]:
        """First and one past the last report of the aircraft that sent report `k`."""
        first, end = (np.searchsorted(self.icao24, self.icao24[k], side) for side in ("left", "right"))
        return int(first), int(end)


def _airports() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = list(airportsdata.load("ICAO").values())
    return tuple(np.array([row[name] for row in rows], float) for name in ("lat", "lon", "elevation"))  # type: ignore[return-value]


def _goes_on(r: Reports, k: int) -> int | None:
    """The report `ON_S` later, if the flight is seen steadily until then, and was for a minute and five reports before."""
    first, end = r.aircraft(k)
    gaps = np.diff(r.us[first:end])
    here = k - first
    later = here + int(np.searchsorted(r.us[k:end], r.us[k] + ON_S * 1e6))
    if later >= end - first or (gaps[here:later] > 60e6).any():
        return None
    stay = np.flatnonzero(gaps[:here] > 1_800_000_000)
    begin = int(stay[-1]) + 1 if len(stay) else 0
    steady = not (gaps[begin:here] >= 120e6).any()
    return later + first if steady and here - begin >= 6 and r.us[k] - r.us[first + begin] >= 90e6 else None


def _high(r: Reports, some: slice, airports: tuple[np.ndarray, np.ndarray, np.ndarray]) -> bool:
    """Whether reports are 1,500 ft or more above every airport within 8 NM."""
    lat, lon, elevation = airports
    for k in range(some.start, some.stop):
        near = np.abs(lat - r.latitude[k]) < 0.2
        east = (lon[near] - r.longitude[k]) * np.cos(np.radians(r.latitude[k]))
        close = np.hypot(lat[near] - r.latitude[k], east) * 60.0 < 8.0
        if (r.altitude[k] < elevation[near][close] + 1500.0).any():
            return False
    return True


def moments_in_company(table: pl.DataFrame, count: int, seed: int) -> list[Moment]:
    """Random moments in flight, at most one in 20 s of an aircraft, whatever is known of the coverage.

    It flies 1,500 ft or more above every airport near and is seen steadily for 5 minutes more; in each of the next 4 minutes
    another is seen within 28 NM, no more than 5,000 ft higher. It is no aircraft that a ground station relays, and half an
    hour is left to judge it.
    """
    return _moments(Reports(table), count, seed, lambda r, k, later: _company(r, k))


def groups_that_fit(table: pl.DataFrame, groups: int, size: int, seed: int) -> list[list[Moment]]:
    """Random moments that fit the definition (see the module), in so many groups, of which each is one recording.

    A group holds an aircraft once, and all its moments have company when all its cuts are made. A moment joins the first
    group in which that holds, and none if there is no such group: so the draw says which moments there are, not the net.
    """
    r = Reports(table)
    made: list[list[tuple[Moment, list[np.ndarray]]]] = [[] for _ in range(groups)]

    def join(r: Reports, k: int) -> bool:
        moment, others = Moment(str(r.icao24[k]), int(r.us[k])), _others(r, k)
        for group in made:
            if len(group) < size and all(other.icao24 != moment.icao24 for other, _ in group):
                together = [*group, (moment, others)]
                gone = {member.icao24: member.time_us for member, _ in together}
                if all(_left(r, minutes, gone) for _, minutes in together):
                    group.append((moment, others))
                    return True
        return False

    _moments(r, groups * size, seed, lambda r, k, later: _company(r, k) and _stays_in(r, k) and join(r, k))
    return [[moment for moment, _ in group] for group in made]


def _left(r: Reports, minutes: list[np.ndarray], gone: dict[str, int]) -> bool:
    """Whether in each minute some report is left when these aircraft are not seen after these times."""
    never = 1 << 62
    return all(any(r.us[i] <= gone.get(r.icao24[i], never) for i in minute.tolist()) for minute in minutes)


def moments_in_good_coverage(
    table: pl.DataFrame, count: int, seed: int, minutes: int = 15, share: float = 0.9
) -> list[Moment]:
    """Such moments at which it would, by what was known by then, have been seen on.

    On its way others came within 2.5 NM, at its level or a little below; before, three others or more flew such courses
    within 4 NM and 1,000 ft for `minutes` minutes at least, and `share` of these were seen on a minute later.
    """

    def holds(r: Reports, k: int, later: int) -> bool:
        return _company(r, k) and _known_way(r, k, later) and _known_here(r, k, minutes, share)

    return _moments(Reports(table), count, seed, holds)


def _moments(r: Reports, count: int, seed: int, holds: Callable[[Reports, int, int], bool]) -> list[Moment]:
    airports = _airports()
    last = int(r.us.max())
    found: list[Moment] = []
    taken: set[tuple[str, int]] = set()
    for k in np.random.default_rng(seed).permutation(len(r.us)).tolist():
        name = str(r.icao24[k])
        slot = (name, int(r.us[k]) // 20_000_000)
        if slot in taken or name in r.relayed or r.us[k] > last - 1_860_000_000:
            continue
        later = _goes_on(r, k)
        if later is not None and _high(r, slice(k, later + 1), airports) and holds(r, k, later):
            taken.add(slot)
            found.append(Moment(name, int(r.us[k])))
        if len(found) == count:
            break
    return found


def _company(r: Reports, k: int) -> bool:
    return all(len(minute) > 0 for minute in _others(r, k))


def _others(r: Reports, k: int) -> list[np.ndarray]:
    """Reports of others near, by minute, in the four minutes after report `k`."""
    near = (r.distance_nm(k) < 28.0) & (r.altitude <= r.altitude[k] + 5000.0) & (r.icao24 != r.icao24[k])
    return [np.flatnonzero(near & (r.us > r.us[k] + m * 60e6) & (r.us <= r.us[k] + (m + 1) * 60e6)) for m in range(4)]


def _stays_in(r: Reports, k: int) -> bool:
    """Whether straight on for `AHEAD_S` it stays in the recording's box and between its levels."""
    before = k - 1  # `_goes_on` asks for earlier reports of the same aircraft
    while r.us[k] - r.us[before] < 15e6 and before > r.aircraft(k)[0]:
        before -= 1
    seconds = (r.us[k] - r.us[before]) * 1e-6
    cos = np.cos(np.radians(r.latitude[k]))
    north_nm, east_nm = (r.latitude[k] - r.latitude[before]) * 60.0, (r.longitude[k] - r.longitude[before]) * 60.0 * cos
    far_nm, course = np.hypot(north_nm, east_nm) / seconds * AHEAD_S, np.degrees(np.arctan2(east_nm, north_nm))
    climb_fpm = (r.altitude[k] - r.altitude[before]) / seconds * 60.0
    if not np.isnan(r.speed_kt[k]):
        far_nm = r.speed_kt[k] / 3600.0 * AHEAD_S
    if not np.isnan(r.course[k]):
        course = r.course[k]
    if not np.isnan(r.climb_fpm[k]):
        climb_fpm = r.climb_fpm[k]
    there = (
        r.latitude[k] + far_nm * np.cos(np.radians(course)) / 60.0,
        r.longitude[k] + far_nm * np.sin(np.radians(course)) / 60.0 / cos,
        r.altitude[k] + climb_fpm * AHEAD_S / 60.0,
    )
    return all(low <= at <= high for low, at, high in zip(r.lowest, there, r.highest, strict=True))


def _known_way(r: Reports, k: int, later: int) -> bool:
    for m in range(1, 5):
        on = k + int(np.searchsorted(r.us[k:later], r.us[k] + m * 60e6))
        level = (r.altitude <= r.altitude[on] + 500.0) & (r.altitude >= r.altitude[on] - 1500.0)
        before = (r.us < r.us[k]) & (r.icao24 != r.icao24[k])
        if len(set(r.icao24[(r.distance_nm(on) < 2.5) & level & before])) < 3:
            return False
    return True


def _known_here(r: Reports, k: int, minutes: int, share: float) -> bool:
    turn = np.abs((r.course - r.course[k] + 180.0) % 360.0 - 180.0)
    like = (r.distance_nm(k) < 4.0) & (np.abs(r.altitude - r.altitude[k]) < 1000.0) & (turn < 45.0)
    some = np.flatnonzero(like & (r.us < r.us[k]) & (r.icao24 != r.icao24[k]))
    by_minute = {(r.icao24[i], r.us[i] // 60_000_000): i for i in some.tolist()}
    if len({name for name, _ in by_minute}) < 3 or len(by_minute) < minutes:
        return False
    on = [
        bool(((r.icao24 == r.icao24[i]) & (r.us > r.us[i] + 60e6) & (r.us <= r.us[i] + 180e6)).any())
        for i in by_minute.values()
    ]
    return sum(on) >= share * len(on)


def cut_off(table: pl.DataFrame, moments: list[Moment]) -> pl.DataFrame:
    """The recording as it would be if these aircraft (one moment each) had never been seen again."""
    limits = pl.DataFrame(
        {"icao24": [moment.icao24 for moment in moments], "limit": [moment.time_us for moment in moments]},
        schema={"icao24": pl.String, "limit": pl.Int64},
    )
    gone = pl.col("timestamp").dt.epoch("us") > pl.col("limit")
    return (
        table.join(limits, on="icao24", how="left", maintain_order="left").filter(~gone.fill_null(False)).drop("limit")
    )


def groups_of(moments: list[Moment], size: int) -> list[list[Moment]]:
    """The moments in groups of which each holds an aircraft once, so that a group is one recording."""
    groups: list[list[Moment]] = []
    for moment in moments:
        for group in groups:
            if len(group) < size and all(other.icao24 != moment.icao24 for other in group):
                group.append(moment)
                break
        else:
            groups.append([moment])
    return groups


def backwards(table: pl.DataFrame) -> pl.DataFrame:
    """The recording in reverse: every flight begins where it ended. As likely a day as any, with other ends."""
    return table.with_columns(
        (pl.col("timestamp").min() + (pl.col("timestamp").max() - pl.col("timestamp"))).alias("timestamp"),
        ((pl.col("track") + 180.0) % 360.0).alias("track"),
        (-pl.col("vertical_rate")).alias("vertical_rate"),
    ).sort("timestamp", "track_id")


def shuffled(table: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The recording with every aircraft's day moved by up to 3 hours, wrapping around: other company, learnt in other order."""
    names = table["icao24"].fill_null(table["track_id"]).unique().sort()
    shift = np.random.default_rng(seed).integers(-10_800, 10_800, len(names)) * 1_000_000
    moves = pl.DataFrame({"aircraft": names, "shift": shift})
    first = int(table["timestamp"].dt.epoch("us").min())  # type: ignore[arg-type]
    day = 86_400_000_000
    moved = (pl.col("timestamp").dt.epoch("us") + pl.col("shift") - first) % day + first
    return (
        table.with_columns(pl.coalesce("icao24", "track_id").alias("aircraft"))
        .join(moves, on="aircraft", how="left", maintain_order="left")
        .with_columns(moved.cast(pl.Datetime("us", "UTC")).alias("timestamp"))
        .drop("aircraft", "shift")
        .sort("timestamp", "track_id")
    )
