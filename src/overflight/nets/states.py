"""Where every aircraft is now and how it moves, from reports that are noisy, late and often without a velocity.

An alpha-beta filter (`overflight.nets.tracking`) keeps the velocity in the plane, another the rate of climb. What a report states
goes before what is filtered, and is checked: the way between two reports less what the stated velocities, halfway between the two,
would have made of it. Turning does not show in that; a wrong unit, a wrong reference or a velocity of another time does, and then
the filter's velocity is used, until the two agree again. A report's position is believed as it is. After `SILENCE_S` all begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from overflight.earth.wgs84 import Array, to_ecef, to_geodetic
from overflight.nets.tracking import LEAST_NOISE_M, RADIAL_95, gains, velocity_accuracy_mps
from overflight.surveillance.batch import NO_SQUAWK, Batch
from overflight.surveillance.renumbering import Renumbering
from overflight.units import FT_M, FT_PER_MIN_MPS, KT_MPS

SILENCE_S: Final = 60.0
SETTLED: Final = 5.0
"""Comparisons after which a stated velocity can be called wrong."""

DISAGREE_MPS: Final = 10.0
DISAGREE_SHARE: Final = 0.25
DISAGREE_NOISE: Final = 4.0
"""A stated velocity is wrong if the way made differs from it, on average, by more than each of: what NACv 1 allows (10 m/s, 14 CFR
91.227), a quarter of it, and four times what noise makes of the average."""

CHECK_GAIN: Final = 0.1
"""Weight of the latest comparison in that average, once there are many."""

STATED_ACCURACY_MPS: Final = 10.0
"""95 % accuracy of a stated velocity: NACv 1, the least that 14 CFR 91.227(c)(1) lets an equipped aircraft send."""

ALPHA: Final = 0.35
BETA: Final = 0.08
"""Steady-state gains of the altitude: they follow a climb that begins within some ten reports."""

_NAMES: Final[tuple[str, ...]] = (
    "time_us", "latitude", "longitude", "altitude_m", "altitude_time_us",
    "east_mps", "north_mps", "up_mps", "velocity_accuracy_mps",  # as they are used
    "off_east_m", "off_north_m", "filtered_east_mps", "filtered_north_mps", "filtered_up_mps",  # off: filtered less reported place
    "stated_east_mps", "stated_north_mps", "miss_east_mps", "miss_north_mps", "compared",
    "smooth_altitude_m", "reports", "levels", "accuracy_m", "squawk", "flags", "row",
)  # fmt: skip
_AT: Final = {name: k for k, name in enumerate(_NAMES)}
_ZERO: Final = ("time_us", "altitude_time_us", "off_east_m", "off_north_m", "compared", "reports", "levels", "flags")
_FIELDS: Final = (
    "time_us", "track", "latitude", "longitude", "altitude_ft", "groundspeed_kt", "track_deg", "vertical_rate_fpm",
    "accuracy_m", "squawk", "flags", "row",
)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """All aircraft at one time, one entry each, by number: those that were heard of not long before.

    Velocities and altitudes are NaN where they are unknown; accuracies are of 95 %; `row` is that of
    the last report.
    """

    track: NDArray[np.uint32]
    latitude: Array
    longitude: Array
    altitude_m: Array
    east_mps: Array
    north_mps: Array
    up_mps: Array
    age_s: Array
    accuracy_m: Array
    velocity_accuracy_mps: Array
    squawk: NDArray[np.uint16]
    flags: NDArray[np.uint32]
    row: NDArray[np.int64]


class States:
    """The last state of every track, and the reports that have not been taken in yet."""

    def __init__(self) -> None:
        """Know of nobody."""
        # One row a field, one column a track: what is known of some tracks is one copy. Whole numbers of these sizes are exact.
        self._a = np.empty((len(_NAMES), 0))
        self._tracks = 0
        self._waiting: list[dict[str, NDArray[Any]]] = []

    def add(self, batch: Batch, usable: NDArray[np.int64]) -> None:
        """Take in reports, which are not earlier than any before; they count from their time on."""
        if len(usable):
            self._waiting.append({name: getattr(batch, name)[usable] for name in _FIELDS})
        self._tracks = max(self._tracks, batch.tracks)
        if self._tracks > self._a.shape[1]:
            room = np.full((len(_NAMES), max(self._tracks, 2 * self._a.shape[1]) - self._a.shape[1]), np.nan)
            for name in _ZERO:
                room[_AT[name]] = 0.0
            room[_AT["squawk"]] = NO_SQUAWK
            self._a = np.concatenate([self._a, room], axis=1)

    def next_us(self) -> int | None:
        """When the first report was made that is not taken in yet; None for none."""
        return int(self._waiting[0]["time_us"][0]) if self._waiting else None

    def until(self, time_us: int) -> None:
        """Take in all reports before a time."""
        due: list[dict[str, NDArray[Any]]] = []
        while self._waiting and int(self._waiting[0]["time_us"][0]) < time_us:
            first = self._waiting[0]
            count = int(np.searchsorted(first["time_us"], time_us))
            due.append({name: values[:count] for name, values in first.items()})
            if count == len(first["time_us"]):
                self._waiting.pop(0)
            else:
                self._waiting[0] = {name: values[count:] for name, values in first.items()}
        if not due:
            return
        reports = due[0] if len(due) == 1 else {name: np.concatenate([each[name] for each in due]) for name in _FIELDS}
        if len(reports["track"]) == 1:
            self._take(reports)
            return
        # One report of each track at a time, the earliest first.
        order = np.argsort(reports["track"], kind="stable")
        track = reports["track"][order]
        first = np.flatnonzero(np.diff(track, prepend=track[0] + np.uint32(1)))
        nth = np.arange(len(track)) - np.repeat(first, np.diff(np.append(first, len(track))))
        for n in range(int(nth.max()) + 1):
            rows = order[nth == n]
            self._take({name: values[rows] for name, values in reports.items()})

    def picture(self, time_us: int, oldest_s: float) -> Picture:
        """Return everybody who was heard of at most `oldest_s` before a time, moved on to it."""
        here = np.flatnonzero(self._a[_AT["time_us"]] >= time_us - oldest_s * 1e6)
        known: dict[str, Array] = dict(zip(_NAMES, self._a[:, here], strict=True))
        age_s = (time_us - known["time_us"]) * 1e-6
        latitude, longitude = moved(
            known["latitude"], known["longitude"], _or_0(known["east_mps"]) * age_s, _or_0(known["north_mps"]) * age_s
        )
        since = (time_us - known["altitude_time_us"]) * 1e-6
        return Picture(
            track=here.astype(np.uint32),
            latitude=latitude,
            longitude=longitude,
            altitude_m=np.where(since <= SILENCE_S, known["altitude_m"] + _or_0(known["up_mps"]) * since, np.nan),
            east_mps=known["east_mps"],
            north_mps=known["north_mps"],
            up_mps=known["up_mps"],
            age_s=age_s,
            accuracy_m=known["accuracy_m"],
            velocity_accuracy_mps=known["velocity_accuracy_mps"],
            squawk=known["squawk"].astype(np.uint16),
            flags=known["flags"].astype(np.uint32),
            row=known["row"].astype(np.int64),
        )

    def _take(self, r: dict[str, NDArray[Any]]) -> None:
        """Take in one report each of some tracks."""
        k = r["track"].astype(np.int64)
        was: dict[str, Array] = dict(zip(_NAMES, self._a[:, k], strict=True))
        dt = (r["time_us"] - was["time_us"]) * 1e-6
        goes_on = (was["reports"] > 0) & (dt <= SILENCE_S)
        now: dict[str, NDArray[Any]] = was | self._plane(r, was, dt, goes_on) | self._altitude(r, was)
        now["reports"] = np.where(goes_on, was["reports"] + 1, 1)
        for name in ("time_us", "latitude", "longitude", "flags", "row"):
            now[name] = r[name]
        coded = r["squawk"] != NO_SQUAWK
        now["squawk"] = np.where(coded, r["squawk"], was["squawk"])
        self._a[:, k] = [now[name] for name in _NAMES]

    def _plane(
        self, r: dict[str, NDArray[Any]], was: dict[str, Array], dt: Array, goes_on: NDArray[np.bool_]
    ) -> dict[str, Array]:
        accuracy = np.where(np.isnan(r["accuracy_m"]), was["accuracy_m"], r["accuracy_m"])
        noise = np.maximum(_or_0(accuracy) / RADIAL_95, LEAST_NOISE_M)
        usable = goes_on & (dt > 0.0)
        step = np.where(usable, dt, 1.0)
        # The way from the report before, east and north, and from where the filter had the aircraft then.
        way = np.stack(_offset(was["latitude"], was["longitude"], r["latitude"], r["longitude"]))
        off = np.stack([was["off_east_m"], was["off_north_m"]])
        filtered = np.stack([was["filtered_east_mps"], was["filtered_north_mps"]])
        missed = way - off - _or_0(filtered) * step
        alpha, beta = gains(was["reports"] + 1.0, noise, step)
        off = np.where(usable, (alpha - 1.0) * missed, np.where(goes_on, off - _or_0(way), 0.0))
        filtered = np.where(usable, _or_0(filtered) + beta * missed / step, np.where(goes_on, filtered, np.nan))

        speed, course = r["groundspeed_kt"] * np.float64(KT_MPS), np.radians(r["track_deg"].astype(float))
        stated = np.stack([speed * np.sin(course), speed * np.cos(course)])
        stated[:, speed == 0.0] = 0.0
        before = np.stack([was["stated_east_mps"], was["stated_north_mps"]])
        miss = np.stack([was["miss_east_mps"], was["miss_north_mps"]])
        comparable = usable & ~np.isnan(before[0]) & ~np.isnan(stated[0])
        compared = np.where(comparable, was["compared"] + 1.0, np.where(goes_on, was["compared"], 0.0))
        gain = np.maximum(CHECK_GAIN, 1.0 / np.maximum(compared, 1.0))
        disagreement = way / step - 0.5 * (before + stated)
        miss = np.where(comparable, _or_0(miss) + gain * (disagreement - _or_0(miss)), np.where(goes_on, miss, np.nan))
        allowed = np.maximum(DISAGREE_MPS, DISAGREE_SHARE * speed)
        allowed = np.maximum(allowed, DISAGREE_NOISE * np.sqrt(2.0) * gain * noise / step)
        wrong = (compared >= SETTLED) & (np.hypot(*_or_0(miss)) > allowed)
        believed = ~np.isnan(stated[0]) & ~wrong
        count = np.where(goes_on, was["reports"] + 1.0, 1.0)
        by_filter = velocity_accuracy_mps(count, noise, step)
        used = np.where(believed, stated, filtered)
        return {
            "accuracy_m": accuracy,
            "off_east_m": off[0],
            "off_north_m": off[1],
            "filtered_east_mps": filtered[0],
            "filtered_north_mps": filtered[1],
            "stated_east_mps": stated[0],
            "stated_north_mps": stated[1],
            "miss_east_mps": miss[0],
            "miss_north_mps": miss[1],
            "compared": compared,
            "east_mps": used[0],
            "north_mps": used[1],
            "velocity_accuracy_mps": np.where(believed, STATED_ACCURACY_MPS, by_filter),
        }

    def _altitude(self, r: dict[str, NDArray[Any]], was: dict[str, Array]) -> dict[str, Array]:
        height = r["altitude_ft"] * np.float64(FT_M)
        known = ~np.isnan(height)
        dt = (r["time_us"] - was["altitude_time_us"]) * 1e-6
        goes_on = (was["levels"] > 0) & (dt <= SILENCE_S)
        step = np.where(goes_on & (dt > 0.0), dt, 1.0)
        rate = _or_0(was["filtered_up_mps"])
        expected = was["smooth_altitude_m"] + rate * np.where(goes_on, dt, 0.0)
        missed = np.where(goes_on, height - expected, 0.0)
        count = np.where(goes_on, was["levels"] + 1.0, 1.0)
        alpha = np.minimum(np.maximum(ALPHA, (4.0 * count - 2.0) / (count * (count + 1.0))), 1.0)
        beta = np.minimum(np.maximum(BETA, 6.0 / (count * (count + 1.0))), 1.0)
        smooth = np.where(goes_on, expected + alpha * missed, height)
        up = np.where(goes_on & (dt > 0.0), rate + beta * missed / step, np.where(goes_on, rate, np.nan))
        stated = r["vertical_rate_fpm"] * np.float64(FT_PER_MIN_MPS)
        now = {
            "filtered_up_mps": up,
            "smooth_altitude_m": smooth,
            "levels": count,
            "altitude_time_us": r["time_us"].astype(float),
            "altitude_m": height,
            "up_mps": np.where(np.isnan(stated), up, stated),
        }
        return {name: np.where(known, values, was[name]) for name, values in now.items()}

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks, none of which has reported lately."""
        self._a = self._a[:, numbers.kept[numbers.kept < self._a.shape[1]]]
        self._tracks = len(numbers.kept)
        self._waiting = [
            each | {"track": numbers.track[each["track"]].astype(each["track"].dtype)} for each in self._waiting
        ]

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"arrays": self._a.copy(), "tracks": self._tracks, "waiting": list(self._waiting)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._a, self._tracks = state["arrays"].copy(), state["tracks"]
        self._waiting = list(state["waiting"])


def axes(latitude: Array, longitude: Array) -> tuple[Array, Array]:
    """Unit vectors (N, 3) to the east and to the north at places in degrees."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    sin_phi, cos_phi, sin_lam, cos_lam = np.sin(phi), np.cos(phi), np.sin(lam), np.cos(lam)
    axis = np.zeros((2, *phi.shape, 3))
    axis[0, ..., 0], axis[0, ..., 1] = -sin_lam, cos_lam
    axis[1, ..., 0], axis[1, ..., 1], axis[1, ..., 2] = -sin_phi * cos_lam, -sin_phi * sin_lam, cos_phi
    return axis[0], axis[1]


def moved(latitude: Array, longitude: Array, east_m: Array, north_m: Array) -> tuple[Array, Array]:
    """Places in degrees, moved along the tangent plane by some kilometres at most."""
    east, north = axes(latitude, longitude)
    return to_geodetic(to_ecef(latitude, longitude) + east_m[:, None] * east + north_m[:, None] * north)


def _offset(latitude: Array, longitude: Array, to_latitude: Array, to_longitude: Array) -> tuple[Array, Array]:
    """How far east and north of places others are, m; NaN where one of them is unknown."""
    east, north = axes(latitude, longitude)
    chord = to_ecef(to_latitude, to_longitude) - to_ecef(latitude, longitude)
    return np.asarray(np.sum(chord * east, axis=-1)), np.asarray(np.sum(chord * north, axis=-1))


def _or_0(values: Array) -> Array:
    return np.where(np.isnan(values), 0.0, values)
