"""What each position says about satellite navigation where it was: fine, degraded, or nothing.

| sign | an aircraft shows it where |
|---|---|
| fine | its NIC or NACp is known and neither is low |
| low | its NIC or NACp has been low (the gate's `low_quality`) for `lasting_s`, and the track was fine at most `memory_s` before |
| jump | its track jumped and stayed there (the gate's `relocated`): counted where it came to, and where it was before |
| point | it was on one point with others while moving (the gate's `shared_point`); where it was before it shows a jump |
| circle | it was on one circle with others (the gate's `shared_circle`) |

What says nothing, and why:

- An aircraft that was never fine is badly equipped, not jammed; one whose receiver did not recover would carry the area
  along with it: hence "fine before, not long ago". In a steep turn the aircraft hides satellites from itself: hence "for a while".
- NIC 0 means that the containment radius is *unknown* (RTCA DO-260B, 2.2.3.2.7). Beside a NACp that
  states a sound accuracy it is a relay's (ADS-R) that does not know the NIC, not a receiver's that lost its signal.
- TIS-B is what a radar saw; its quality is the radar's.
- A single jump is a stray decode. Stale and frozen positions tell of another time, those on the ground of hangars and of
  receivers that are starting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.earth.cells import cell_of
from overflight.surveillance.batch import Batch, TrackNames
from overflight.surveillance.integrity import (
    FROZEN,
    JUMP,
    LOW_QUALITY,
    ON_GROUND,
    RELOCATED,
    SHARED_CIRCLE,
    SHARED_POINT,
    STALE,
)
from overflight.surveillance.memory import LastKnown
from overflight.surveillance.renumbering import Renumbering

HOUR_US: Final = 3_600_000_000

FINE: Final = 1 << 0
LOW: Final = 1 << 1
JUMPED: Final = 1 << 2
ON_POINT: Final = 1 << 3
ON_CIRCLE: Final = 1 << 4
DEGRADED: Final = LOW | JUMPED | ON_POINT | ON_CIRCLE
SIGN_NAMES: Final = {LOW: "low_quality", JUMPED: "jump", ON_POINT: "shared_point", ON_CIRCLE: "shared_circle"}

EVIDENCE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "cell": pl.Int32(),
    "hour": pl.Int64(),  # whole hours since 1970, UTC
    "track": pl.UInt32(),
    "aircraft": pl.UInt32(),
    "signs": pl.UInt8(),  # FINE | LOW | ...; 0: seen, but nothing known
    "from_us": pl.Int64(),  # the first and the last degraded report; NEVER and 0 where there is none
    "to_us": pl.Int64(),
}
"""What one track showed in one cell and hour."""

SPOTS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "cell": pl.Int32(),
    "hour": pl.Int64(),
    "track": pl.UInt32(),
    "sign": pl.UInt8(),  # ON_POINT or ON_CIRCLE
    "slot": pl.Int64(),  # on a point: which point; on a circle: which `CIRCLE_STEP_US`
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
}
"""Where tracks were on shared points and circles: the first report of each slot."""

NEVER: Final = int(np.iinfo(np.int64).max)
_UNKNOWN_TIME: Final = int(np.iinfo(np.int64).min)
_UNUSED: Final = STALE | FROZEN | JUMP | ON_GROUND
_SHARED: Final = SHARED_POINT | SHARED_CIRCLE
POINT_DEG: Final = 1e-4
"""What the gate rounds to when it looks for shared points, deg."""
CIRCLE_STEP_US: Final = 5_000_000
"""Enough positions to draw a circle through (one of 5 km takes minutes to fly), few enough to keep."""


@dataclass(frozen=True)
class Evidence:
    """What a batch shows: `EVIDENCE_SCHEMA`, and `SPOTS_SCHEMA`; rows of one cell, hour and track may be several."""

    seen: pl.DataFrame
    spots: pl.DataFrame


class Witnesses:
    """Reads batches in order of time; remembers of each track its quality, when it was fine last, and in which cell it was."""

    def __init__(self, names: TrackNames, memory_us: int, lasting_us: int, sound_nac_p: int) -> None:
        """Start with nothing seen. See the module for the times; from `sound_nac_p` on a NACp contradicts a NIC of 0."""
        self._names, self._sound_nac_p = names, sound_nac_p
        self._memory_us, self._lasting_us = memory_us, lasting_us
        self._nic, self._nac_p = LastKnown(np.float32, np.nan), LastKnown(np.float32, np.nan)
        self._fine_us = LastKnown(np.int64, _UNKNOWN_TIME)
        self._low_us = LastKnown(np.int64, _UNKNOWN_TIME)  # the first low report after that; NEVER where there is none
        self._was_low = np.empty(0, np.bool_)  # whether the last report that tells was low
        self._cell = np.empty(0, np.int32)  # plus 1: 0 where a track was not seen yet

    def hear(self, batch: Batch) -> Evidence:
        """Say what a batch shows, by its flags and qualities."""
        from overflight_kernels import order_by_track

        rows, offsets = order_by_track(batch.track, batch.tracks)
        track = batch.track[rows]
        nic, nac_p = batch.nic[rows], batch.nac_p[rows]
        first = offsets[:-1][np.diff(offsets) > 0]
        # As the gate does it: of all rows, also those that are not used, since not every report repeats its quality.
        self._nic.carry(nic, track, first, batch.tracks)
        self._nac_p.carry(nac_p, track, first, batch.tracks)
        flags = batch.flags[rows]
        hearsay = self._names.array("hearsay")[: batch.tracks].astype(np.bool_)
        used = np.flatnonzero(((flags & _UNUSED == 0) | (flags & _SHARED != 0)) & ~hearsay[track])
        if len(used) == 0:
            return Evidence(pl.DataFrame(schema=EVIDENCE_SCHEMA), pl.DataFrame(schema=SPOTS_SCHEMA))
        rows, track, flags, nic, nac_p = rows[used], track[used], flags[used], nic[used], nac_p[used]
        time_us = batch.time_us[rows]
        first = np.flatnonzero(np.concatenate([[True], track[1:] != track[:-1]]))
        latitude, longitude = batch.latitude[rows], batch.longitude[rows]
        cell, hour = cell_of(latitude, longitude), time_us // HOUR_US
        signs = self._signs(time_us, track, flags, nic, nac_p, first, batch.tracks)
        before, self._cell = _one_before(cell + 1, self._cell, track, batch.tracks)
        before -= 1
        aircraft = self._names.array("aircraft")[: batch.tracks]
        seen = [_in_runs(cell, hour, track, aircraft, signs, time_us)]
        jumped = np.flatnonzero((signs & (JUMPED | ON_POINT) != 0) & (before >= 0) & (before != cell))
        if len(jumped):
            only = np.full(len(jumped), JUMPED, np.uint8)
            seen.append(_in_runs(before[jumped], hour[jumped], track[jumped], aircraft, only, time_us[jumped]))
        shared = np.flatnonzero(flags & _SHARED)
        spots = _spots(cell, hour, track, signs, time_us, latitude, longitude, shared)
        return Evidence(pl.concat(seen), spots)

    def _signs(
        self,
        time_us: NDArray[np.int64],
        track: NDArray[np.uint32],
        flags: NDArray[np.uint32],
        nic: NDArray[np.float32],
        nac_p: NDArray[np.float32],
        first: NDArray[np.int64],
        tracks: int,
    ) -> NDArray[np.uint8]:
        contradicted = (nic == 0) & (nac_p >= self._sound_nac_p)
        poor = flags & LOW_QUALITY != 0
        low = poor & ~contradicted
        fine = ~poor & ~(np.isnan(nic) & np.isnan(nac_p))
        fine_us = np.where(fine, time_us, _UNKNOWN_TIME)
        self._fine_us.carry(fine_us, track, first, tracks)
        low_us = self._onsets(time_us, track, low, fine, first, tracks)
        # Compared in a way that does not overflow where a time is unknown.
        lately = fine_us >= time_us - self._memory_us
        lasting = low_us <= time_us - self._lasting_us
        signs = np.where(fine, FINE, 0).astype(np.uint8)
        for sign, shown in (
            (LOW, low & lately & lasting),
            (JUMPED, flags & RELOCATED != 0),
            (ON_POINT, flags & SHARED_POINT != 0),
            (ON_CIRCLE, flags & SHARED_CIRCLE != 0),
        ):
            signs[shown] |= np.uint8(sign)
        return signs

    def _onsets(
        self,
        time_us: NDArray[np.int64],
        track: NDArray[np.uint32],
        low: NDArray[np.bool_],
        fine: NDArray[np.bool_],
        first: NDArray[np.int64],
        tracks: int,
    ) -> NDArray[np.int64]:
        """Return when each track that is low now began to be: at the first low report since it was fine; else NEVER or less."""
        telling = np.flatnonzero(low | fine)
        low_us = np.full(len(low), _UNKNOWN_TIME)
        if len(telling):
            was_low, self._was_low = _one_before(low[telling], self._was_low, track[telling], tracks)
            begins = telling[low[telling] & ~was_low]
            low_us[begins] = time_us[begins]
            low_us[fine] = NEVER
        self._low_us.carry(low_us, track, first, tracks)
        return low_us

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        for memory in self._memories():
            memory.forget(numbers)
        self._was_low, self._cell = numbers.kept_of(self._was_low), numbers.kept_of(self._cell)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "memories": tuple(memory.snapshot() for memory in self._memories()),
            "was_low": self._was_low.copy(),
            "cell": self._cell.copy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        for memory, was in zip(self._memories(), state["memories"], strict=True):
            memory.restore(was)
        self._was_low, self._cell = state["was_low"].copy(), state["cell"].copy()

    def _memories(self) -> tuple[LastKnown, ...]:
        return self._nic, self._nac_p, self._fine_us, self._low_us


def _one_before(
    values: NDArray[Any], last: NDArray[Any], track: NDArray[np.uint32], tracks: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the value one row before on the same track, and the last value of every track, which `last` was so far.

    Rows come track after track, at least one; what has no value yet is 0.
    """
    last = np.append(last, np.zeros(tracks - len(last), last.dtype))
    first = np.flatnonzero(np.concatenate([[True], track[1:] != track[:-1]]))
    before = np.roll(values, 1)
    before[first] = last[track[first]]
    ends = np.append(first[1:], len(values)) - 1
    last[track[ends]] = values[ends]
    return before, last


def _in_runs(
    cell: NDArray[np.int32],
    hour: NDArray[np.int64],
    track: NDArray[np.uint32],
    aircraft: NDArray[np.uint32],
    signs: NDArray[np.uint8],
    time_us: NDArray[np.int64],
) -> pl.DataFrame:
    """Rows that follow each other in one cell, hour and track as one; a track comes back as several."""
    new = (cell[1:] != cell[:-1]) | (hour[1:] != hour[:-1]) | (track[1:] != track[:-1])
    start = np.flatnonzero(np.concatenate([[True], new]))
    degraded = signs & DEGRADED != 0
    return pl.DataFrame(
        {
            "cell": cell[start],
            "hour": hour[start],
            "track": track[start],
            "aircraft": aircraft[track[start]],
            "signs": np.bitwise_or.reduceat(signs, start),
            "from_us": np.minimum.reduceat(np.where(degraded, time_us, NEVER), start),
            "to_us": np.maximum.reduceat(np.where(degraded, time_us, 0), start),
        },
        schema=EVIDENCE_SCHEMA,
    )


def _spots(
    cell: NDArray[np.int32],
    hour: NDArray[np.int64],
    track: NDArray[np.uint32],
    signs: NDArray[np.uint8],
    time_us: NDArray[np.int64],
    latitude: NDArray[np.float64],
    longitude: NDArray[np.float64],
    shared: NDArray[np.int64],
) -> pl.DataFrame:
    found: list[pl.DataFrame] = []
    for sign in (ON_POINT, ON_CIRCLE):
        at = shared[signs[shared] & sign != 0]
        north, east = (np.round((place[at] + 360.0) / POINT_DEG).astype(np.int64) for place in (latitude, longitude))
        slot = north << 32 | east if sign == ON_POINT else time_us[at] // CIRCLE_STEP_US
        columns = (cell[at], hour[at], track[at], np.full(len(at), sign), slot, latitude[at], longitude[at])
        found.append(pl.DataFrame(dict(zip(SPOTS_SCHEMA, columns, strict=True)), schema=SPOTS_SCHEMA))
    return thinned(pl.concat(found))


def thinned(spots: pl.DataFrame) -> pl.DataFrame:
    """The first report of each slot; the rows of a track come in order of time."""
    return spots.unique(["cell", "hour", "track", "sign", "slot"], keep="first", maintain_order=True)


def merged(seen: pl.DataFrame) -> pl.DataFrame:
    """One row for each cell, hour and track; what it says does not depend on how many rows it was before."""
    return seen.group_by("cell", "hour", "track").agg(
        pl.col("aircraft").first(),
        pl.col("signs").bitwise_or(),
        pl.col("from_us").min(),
        pl.col("to_us").max(),
    )
