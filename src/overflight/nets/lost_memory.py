"""What was last known of every aircraft, and who fell silent: the memory of the net `lost`.

Event time is divided into ticks. A tick is taken in once all its rows have come, whatever the batches: so everything that
is remembered, and everything learnt from it, is the same however the recording is cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from overflight.nets.lost_coverage import (
    EXCUSED,
    GAP_BOUNDS_S,
    GAPS,
    PASSED,
    RADIUS_M,
    STAYED,
    Coverage,
    Floats,
    across,
    course_keys,
    gap_column,
    normal,
)
from overflight.surveillance.batch import NO_SQUAWK, Batch, TrackNames
from overflight.surveillance.integrity import DEGRADING
from overflight.surveillance.renumbering import GONE, Renumbering
from overflight.units import KT_MPS, NM_M

TICK_US: Final = 60_000_000
SLOT_US: Final = 20_000_000
"""A place is learnt from at most every 20 s, so that one who reports ten times a second weighs no more than others."""

NEVER: Final = np.iinfo(np.int64).min // 4
SILENT_US: Final = 2 * TICK_US
"""A shorter silence is none: it lies within the scatter of reception. No silence so long fits into one tick."""

STALE_US: Final = 15_000_000
"""A course reported so long before the last position need not be its course: at 3 deg/s (a standard rate turn) it has turned by 45."""

STATE: Final = np.dtype(
    [
        ("aircraft", np.int64),
        ("track", np.int64),  # of the last report
        ("first_us", np.int64),  # when this stay began: after a silence longer than the waiting time another begins
        ("last_us", np.int64),
        ("relayed_us", np.int64),  # last heard of by TIS-B or ADS-R
        ("back_us", np.int64),  # of a silence: when the next plausible report came, or NEVER
        ("latitude", np.float64),
        ("longitude", np.float64),
        ("altitude_ft", np.float64),  # last known, as are speed, course and code
        ("speed_kt", np.float64),
        ("course_deg", np.float64),
        ("course_us", np.int64),  # when the course was last reported
        ("accuracy_m", np.float64),
        ("squawk", np.int64),
        ("reports", np.int64),
        ("longest_us", np.int64),  # silence within this stay
        ("from_us", np.int64),  # an earlier report, 15 s before or more where there is one: for the climb
        ("from_ft", np.float64),
        ("from_latitude", np.float64),
        ("from_longitude", np.float64),
        ("row", np.int64),
        ("row_before", np.int64),
        ("degraded", np.bool_),
        ("ground", np.bool_),
        ("open", np.bool_),  # not yet judged
        ("key", np.int64),
    ]
)
"""What is kept of an aircraft, and of a silence: how it stood at its last report."""


@dataclass(frozen=True)
class Rows:
    """Usable positions in order of time; arrays of one length."""

    time_us: NDArray[np.int64]
    aircraft: NDArray[np.int64]
    track: NDArray[np.int64]
    latitude: Floats
    longitude: Floats
    altitude_ft: Floats
    speed_kt: Floats
    course_deg: Floats
    accuracy_m: Floats
    squawk: NDArray[np.int64]
    ground: NDArray[np.bool_]
    hearsay: NDArray[np.bool_]  # by TIS-B: not the aircraft's own word
    relayed: NDArray[np.bool_]  # by TIS-B, or by ADS-R now or before
    degraded: NDArray[np.bool_]
    row: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.time_us)

    def at(self, which: Any) -> Rows:
        """Return some of the rows."""
        return Rows(**{name: column[which] for name, column in vars(self).items()})

    @staticmethod
    def together(parts: list[Rows]) -> Rows:
        """Return several as one; at least one."""
        if len(parts) == 1:
            return parts[0]
        return Rows(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def rows_of(batch: Batch, usable: NDArray[np.int64], names: TrackNames) -> Rows:
    """Take the usable rows of a batch."""
    track = batch.track[usable].astype(np.int64)
    taken = names.array("default_accuracy_m")[track]
    reported = batch.accuracy_m[usable].astype(np.float64)
    hearsay = names.array("hearsay")[track].astype(np.bool_)
    return Rows(
        time_us=batch.time_us[usable],
        aircraft=names.array("aircraft")[track].astype(np.int64),
        track=track,
        latitude=batch.latitude[usable],
        longitude=batch.longitude[usable],
        altitude_ft=batch.altitude_ft[usable].astype(np.float64),
        speed_kt=batch.groundspeed_kt[usable].astype(np.float64),
        course_deg=batch.track_deg[usable].astype(np.float64),
        accuracy_m=np.where(np.isnan(reported), taken, reported),
        squawk=batch.squawk[usable].astype(np.int64),
        ground=batch.onground[usable],
        hearsay=hearsay,
        relayed=hearsay | (batch.time_us[usable] >= names.array("repeated_from_us")[track]),
        degraded=batch.flags[usable] & DEGRADING != 0,
        row=batch.row[usable],
    )


@dataclass(frozen=True)
class Sightings:
    """Who was seen in one tick, by aircraft: the last place and altitude, when first and when last."""

    aircraft: NDArray[np.int64]
    up: Floats
    altitude_ft: Floats
    first_us: NDArray[np.int64]
    last_us: NDArray[np.int64]
    key: NDArray[np.int64]  # cell, band and course in the coverage


@dataclass(frozen=True)
class _Turns:
    """The rows of a tick, aircraft after aircraft: each has the places `begin` to `end` in `order`, in order of time."""

    aircraft: NDArray[np.int64]
    order: NDArray[np.int64]  # rows by place
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    gap_us: NDArray[np.int64]  # by place: since the report before
    anew: NDArray[np.bool_]  # by aircraft: a stay begins

    @property
    def first(self) -> NDArray[np.int64]:
        """The first row of each."""
        return self.order[self.begin]

    @property
    def last(self) -> NDArray[np.int64]:
        """The last row of each."""
        return self.order[self.end]


class Memory:
    """Every aircraft's state, the silences that wait to be judged, and who was seen in the last ticks."""

    def __init__(self, wait_us: int, look: int, coverage: Coverage) -> None:
        """Start with nothing seen; a silence is due after `wait_us`."""
        self._wait_us, self._look, self._coverage = wait_us, look, coverage
        self._state = np.zeros(0, STATE)
        self._ended = np.zeros(0, STATE)  # silences after which there was another report, not yet due
        self._excused: dict[int, list[int]] = {}  # aircraft by the tick in which they fell silent
        self.forgotten = NEVER  # the newest tick that was learnt from
        self.seen: dict[int, Sightings] = {}

    def take(self, tick: int, rows: Rows) -> None:
        """Take in all rows of one tick."""
        from overflight_kernels import order_by_track

        self._grow(int(rows.aircraft.max(initial=-1)) + 1)
        if rows.relayed.any():
            relayed = rows.aircraft[rows.relayed]
            self._state["relayed_us"][relayed] = rows.time_us[rows.relayed]  # of several to one place the last stays
            rows = rows.at(~rows.hearsay)
        self.forget(tick)
        if len(rows) == 0:
            return
        order, offsets = order_by_track(rows.aircraft.astype(np.uint32), len(self._state))
        who = np.flatnonzero(np.diff(offsets))
        old = self._state[who]
        begin, end = offsets[who], offsets[who + 1] - 1
        gap_us = np.diff(rows.time_us[order], prepend=np.int64(0))
        gap_us[begin] = rows.time_us[order[begin]] - old["last_us"]
        turns = _Turns(who, order, begin, end, gap_us, gap_us[begin] > self._wait_us)
        self._end_silences(old, rows.at(turns.first), gap_us[begin])
        up = normal(rows.latitude[turns.last], rows.longitude[turns.last])
        new = self._updated(old, rows, turns)
        new["key"] = self._learn(rows, up, turns, old["key"])
        self._state[who] = new
        key = np.where(new["key"] >= 0, course_keys(new["key"], motion(new)[1]), -1)
        first_us, last_us = rows.time_us[turns.first], rows.time_us[turns.last]
        self.seen[tick] = Sightings(who, up, new["altitude_ft"], first_us, last_us, key)

    def forget(self, tick: int) -> None:
        """Drop the sightings of ticks long before `tick`, and learn from them who was seen again within the waiting time.

        A silence that is judged has lasted for the waiting time: what counts is whether others there were heard again by then.
        They are learnt from only when every silence that began in those minutes has been judged: no aircraft's own
        silence counts against the place where it is judged, and none that has an excuse counts at all.
        """
        for when in sorted(when for when in self.seen if when < tick - self._wait_us // TICK_US - self._look - 2):
            past = self.seen[when]
            stayed = self._state["last_us"][past.aircraft] >= (when + self._look) * TICK_US
            own = past.key >= 0  # of whom is relayed nothing is learnt
            excused = np.isin(past.aircraft, self._excused.pop(when, [])) & ~stayed
            counts = {PASSED: own, STAYED: own & stayed, EXCUSED: own & excused}
            columns = np.repeat(list(counts), [int(which.sum()) for which in counts.values()])
            self._coverage.passed.add(np.concatenate([past.key[which] for which in counts.values()]), columns)
            del self.seen[when]
            self.forgotten = when

    def excuse(self, aircraft: NDArray[np.int64], tick: int) -> None:
        """Know that these fell silent in `tick` for a reason that says nothing of the coverage there."""
        self._excused.setdefault(tick, []).extend(aircraft.tolist())

    def came_back(self, silences: NDArray[np.void]) -> NDArray[np.bool_]:
        """Whether each aircraft was heard of again since, where it can have flown to."""
        now = self._state[silences["aircraft"]]
        return (now["last_us"] > silences["last_us"]) & _reachable(silences, now, now["last_us"])

    def _end_silences(self, old: NDArray[np.void], rows: Rows, gap_us: NDArray[np.int64]) -> None:
        """Keep the silences that these reports end, if they are no reception's scatter and were not judged before."""
        over = np.flatnonzero(old["open"] & (gap_us >= SILENT_US))
        if len(over) == 0:
            return
        ended, then = old[over], rows.at(over)
        plausible = _reachable(ended, {"latitude": then.latitude, "longitude": then.longitude}, then.time_us)
        ended["back_us"] = np.where(plausible, then.time_us, NEVER)
        self._ended = np.concatenate([self._ended, ended])

    def _updated(self, old: NDArray[np.void], rows: Rows, turns: _Turns) -> NDArray[np.void]:
        new = old.copy()
        first, last, anew = turns.first, turns.last, turns.anew
        new["aircraft"], new["open"], new["back_us"] = turns.aircraft, True, NEVER
        for name in ("track", "latitude", "longitude", "accuracy_m", "row"):
            new[name] = getattr(rows, name)[last]
        new["last_us"] = rows.time_us[last]
        several = turns.end > turns.begin
        row_before = rows.row[turns.order[turns.end - several]]
        new["row_before"] = np.where(several, row_before, np.where(anew, -1, old["row"]))
        new["ground"] = rows.ground[last]
        new["degraded"] = rows.degraded[last]
        for name in ("altitude_ft", "speed_kt", "course_deg", "squawk"):
            values = getattr(rows, name)
            known = ~np.isnan(values) if values.dtype.kind == "f" else values != NO_SQUAWK
            before = np.where(anew, NO_SQUAWK if name == "squawk" else np.nan, old[name])
            latest = np.full(len(self._state), -1)
            latest[rows.aircraft[known]] = np.flatnonzero(known)  # rows are in order of time: of several the last stays
            place = latest[turns.aircraft]
            new[name] = np.where(place >= 0, values[place], before)
            if name == "course_deg":
                new["course_us"] = np.where(place >= 0, rows.time_us[place], old["course_us"])
        new["first_us"] = np.where(anew, rows.time_us[first], old["first_us"])
        new["reports"] = np.where(anew, 0, old["reports"]) + turns.end - turns.begin + 1
        inner = turns.gap_us.copy()
        inner[turns.begin[anew]] = 0
        longest = np.maximum.reduceat(inner, turns.begin)
        new["longest_us"] = np.maximum(np.where(anew, 0, old["longest_us"]), longest)
        # For the climb: the first report of this tick if it is 15 s back, else the last one of a tick before.
        far = (rows.time_us[last] - rows.time_us[first] >= 15_000_000) & ~np.isnan(rows.altitude_ft[first])
        near = ~far & ~anew & (rows.time_us[last] - old["last_us"] <= 3 * TICK_US)
        keep = near & (rows.time_us[last] - old["last_us"] < 10_000_000)  # too near to measure by: one farther back
        sources = {
            "from_us": (rows.time_us, "last_us", NEVER),
            "from_ft": (rows.altitude_ft, "altitude_ft", np.nan),
            "from_latitude": (rows.latitude, "latitude", np.nan),
            "from_longitude": (rows.longitude, "longitude", np.nan),
        }
        for name, (column, before, unknown) in sources.items():
            new[name] = np.select([far, keep, near], [column[first], old[name], old[before]], unknown)
        return new

    def _learn(self, rows: Rows, up_last: Floats, turns: _Turns, key_before: NDArray[np.int64]) -> NDArray[np.int64]:
        """Teach the coverage; returns the cell that each aircraft is in by the end of the tick."""
        order, gap_us = turns.order, turns.gap_us
        group_of = np.repeat(np.arange(len(turns.aircraft)), turns.end - turns.begin + 1)
        slot = (rows.time_us // SLOT_US)[order]
        ends = np.ones(len(rows), np.bool_)
        ends[:-1] = (slot[1:] != slot[:-1]) | (group_of[1:] != group_of[:-1])
        ends = np.flatnonzero(ends)
        ends = ends[~(rows.ground | rows.relayed)[order[ends]]]  # who is relayed is not seen itself
        told, group = order[ends], group_of[ends]
        up = normal(rows.latitude[told], rows.longitude[told])
        keys = self._coverage.keys(up, rows.altitude_ft[told])
        # An aircraft that stays in a cell comes into it once.
        before = np.append(-1, keys)[: len(keys)]
        opens = np.diff(group, prepend=-1) != 0
        before[opens] = np.where(turns.anew, -1, key_before)[group[opens]]
        came = keys != before
        self._coverage.visit(up[came], rows.altitude_ft[told[came]], keys[came])
        self._coverage.limits.learn(up)
        last = turns.last
        here = np.where(rows.relayed[last], -1, self._coverage.keys(up_last, rows.altitude_ft[last]))
        # A silence belongs to where it began; within a tick the cell of its end will do. Counted by aircraft first: they are many.
        silent = (gap_us <= self._wait_us) & (gap_us > 0) & ~rows.relayed[order]
        opening = silent[turns.begin] & (key_before >= 0)
        self._coverage.seen.add(key_before[opening], gap_column(gap_us[turns.begin[opening]]))
        silent[turns.begin] = False
        columns = GAPS + len(GAP_BOUNDS_S)
        counts = np.bincount(group_of[silent] * columns + gap_column(gap_us[silent]), minlength=len(here) * columns)
        told = np.flatnonzero(counts)
        told = told[here[told // columns] >= 0]
        self._coverage.seen.add(here[told // columns], told % columns, counts[told])
        return here

    def due(self, until_us: int) -> NDArray[np.void]:
        """Return, once, the silences whose waiting time is over by then, in the order in which they began."""
        late = self._state["open"] & (self._state["last_us"] + self._wait_us <= until_us)
        still = self._state[late]
        self._state["open"][late] = False
        over = self._ended["last_us"] + self._wait_us <= until_us
        ended, self._ended = self._ended[over], self._ended[~over]
        return in_order(np.concatenate([still, ended]))

    def next_due_us(self) -> int | None:
        """Return when the next silence will be due if nobody reports any more; None if nobody is silent."""
        waiting = np.append(self._state["last_us"][self._state["open"]], self._ended["last_us"])
        return int(waiting.min()) + self._wait_us if len(waiting) else None

    def rest(self, end_us: int) -> NDArray[np.void]:
        """Return the silences that are not due by the end of the recording."""
        silent = self._state["open"] & (self._state["last_us"] + SILENT_US <= end_us)
        return in_order(np.concatenate([self._state[silent], self._ended]))

    def _grow(self, size: int) -> None:
        if size > len(self._state):
            more = np.zeros(max(size, 2 * len(self._state)) - len(self._state), STATE)
            for name in ("last_us", "first_us", "relayed_us", "back_us", "from_us", "course_us"):
                more[name] = NEVER
            more["key"] = -1
            self._state = np.concatenate([self._state, more])

    def states(self) -> list[NDArray[np.void]]:
        """Return the last known states: of everybody, and of who fell silent and came back."""
        return [self._state, self._ended]

    def holds(self) -> NDArray[np.int64]:
        """Return the tracks of those whose silence may yet be judged, and of those who were seen lately."""
        lately = [who.aircraft for who in self.seen.values()]
        seen = self._state[np.unique(np.concatenate([np.zeros(0, np.int64), *lately]))]
        return np.concatenate([some["track"] for some in (self._state[self._state["open"]], self._ended, seen)])

    def forget_tracks(self, numbers: Renumbering) -> None:
        """Forget some tracks, of those that are held none."""
        self._state = numbers.kept_of_aircraft(self._state)
        self._state, self._ended = (anew(some, numbers) for some in (self._state, self._ended))
        both = ((tick, numbers.aircraft[np.array(who, np.int64)]) for tick, who in self._excused.items())
        self._excused = {tick: who[who != GONE].tolist() for tick, who in both}
        self.seen = {tick: replace(who, aircraft=numbers.aircraft[who.aircraft]) for tick, who in self.seen.items()}

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data and arrays."""
        seen = {tick: vars(who) for tick, who in self.seen.items()}
        excused = {tick: list(who) for tick, who in self._excused.items()}
        learnt = {"excused": excused, "forgotten": self.forgotten}
        return {"state": self._state.copy(), "ended": self._ended.copy(), "seen": seen, **learnt}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._state, self._ended = state["state"].copy(), state["ended"].copy()
        self._excused = {tick: list(who) for tick, who in state["excused"].items()}
        self.forgotten = state["forgotten"]
        self.seen = {tick: Sightings(**who) for tick, who in state["seen"].items()}


def anew(silences: NDArray[np.void], numbers: Renumbering) -> NDArray[np.void]:
    """Return silences, or states, with the new numbers of their tracks and aircraft."""
    moved = silences.copy()
    moved["track"], moved["aircraft"] = numbers.track[silences["track"]], numbers.aircraft[silences["aircraft"]]
    return moved


def _reachable(silences: NDArray[np.void], place: Any, time_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each can have flown to a place by then: at 1.5 times its speed and 100 kt, as in the gate."""
    speed = np.where(np.isnan(silences["speed_kt"]), 500.0, silences["speed_kt"])
    reach_m = (1.5 * speed + 100.0) * KT_MPS * (time_us - silences["last_us"]) * 1e-6 + NM_M
    up = normal(silences["latitude"], silences["longitude"]), normal(place["latitude"], place["longitude"])
    return np.linalg.norm(up[0] - up[1], axis=-1) * RADIUS_M <= reach_m


def climb_fpm(silences: NDArray[np.void]) -> Floats:
    """Rate of climb by the last reports, ft/min; NaN where they do not tell."""
    minutes = (silences["last_us"] - silences["from_us"]) / 60e6
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = (silences["altitude_ft"] - silences["from_ft"]) / minutes
    return np.where((minutes > 0.1) & (minutes < 5.0), rate, np.nan)


def motion(silences: NDArray[np.void]) -> tuple[Floats, Floats]:
    """Ground speed (kt) and track (deg) as reported of late, else by the last positions, else as reported before; NaN for unknown."""
    up = normal(silences["latitude"], silences["longitude"])
    came = normal(silences["from_latitude"], silences["from_longitude"])
    seconds = (silences["last_us"] - silences["from_us"]) * 1e-6
    known = (seconds > 5.0) & (seconds < 300.0)
    chord = up - came
    with np.errstate(invalid="ignore", divide="ignore"):
        speed = np.linalg.norm(chord, axis=-1) * RADIUS_M / seconds / KT_MPS
    east = np.stack([-up[:, 1], up[:, 0], np.zeros(len(up))], axis=-1)
    north = across(up, east)
    course = np.degrees(np.arctan2((chord * east).sum(-1), (chord * north).sum(-1))) % 360.0
    speed, course = np.where(known, speed, np.nan), np.where(known, course, np.nan)
    late = (silences["last_us"] - silences["course_us"] > STALE_US) & known
    return (
        np.where(np.isnan(silences["speed_kt"]) | late, speed, silences["speed_kt"]),
        np.where(np.isnan(silences["course_deg"]) | late, course, silences["course_deg"]),
    )


def in_order(silences: NDArray[np.void]) -> NDArray[np.void]:
    """Sort by when they began, then by aircraft."""
    return silences[np.lexsort((silences["aircraft"], silences["last_us"]))]
