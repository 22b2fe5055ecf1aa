"""Where every aircraft is now and how it moves, from reports that are noisy, late and often without a velocity.

In the plane the velocity made good between reports, averaged with a gain that shrinks to `BETA`; for the altitude an alpha-beta filter
(Kalata, The Tracking Index, IEEE Transactions on Aerospace and Electronic Systems AES-20(2), 1984), whose gains are those of a
growing memory at first. A velocity that a report states is believed unless the average, once settled, disagrees with it by more
than turns and noise explain; a report's position is believed as it is. After `SILENCE_S` the filters begin anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from overflight.earth.wgs84 import Array, to_ecef, to_geodetic
from overflight.surveillance.batch import Batch
from overflight.units import FT_M, FT_PER_MIN_MPS, KT_MPS

SILENCE_S: Final = 60.0
SETTLED: Final = 5
"""Reports after which the filter's velocity is worth something."""

ALPHA: Final = 0.35
BETA: Final = 0.08
"""Steady-state gains: they follow a climb that begins within some ten reports."""

DISAGREE_MPS: Final = 40.0
"""A stated velocity that the settled filter misses by more than this and a third of it is wrong: off by a factor, or of another time."""

_ARRAYS: Final = {
    "time_us": (np.int64, 0),
    "latitude": (np.float64, np.nan),
    "longitude": (np.float64, np.nan),
    "altitude_m": (np.float64, np.nan),
    "altitude_time_us": (np.int64, 0),
    "east_mps": (np.float64, np.nan),  # as it is used
    "north_mps": (np.float64, np.nan),
    "up_mps": (np.float64, np.nan),
    "filtered_east_mps": (np.float64, np.nan),
    "filtered_north_mps": (np.float64, np.nan),
    "filtered_up_mps": (np.float64, np.nan),
    "smooth_altitude_m": (np.float64, np.nan),
    "reports": (np.int64, 0),
    "levels": (np.int64, 0),
    "accuracy_m": (np.float64, np.nan),
    "flags": (np.uint32, 0),
    "row": (np.int64, -1),
}
_FIELDS: Final = (
    "time_us", "track", "latitude", "longitude", "altitude_ft", "groundspeed_kt", "track_deg", "vertical_rate_fpm",
    "accuracy_m", "flags", "row",
)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """All aircraft at one time, one entry each: those that were heard of not long before.

    Velocities and altitudes are NaN where they are unknown; `row` is that of the last report.
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
    flags: NDArray[np.uint32]
    row: NDArray[np.int64]

    def where(self, some: NDArray[np.bool_]) -> Picture:
        """Return some of it."""
        return Picture(**{name: values[some] for name, values in vars(self).items()})


class States:
    """The last state of every track, and the reports that have not been taken in yet."""

    def __init__(self) -> None:
        """Know of nobody."""
        self._a: dict[str, NDArray[Any]] = {name: np.empty(0, kind) for name, (kind, _) in _ARRAYS.items()}
        self._waiting: list[dict[str, NDArray[Any]]] = []

    def add(self, batch: Batch, usable: NDArray[np.int64]) -> None:
        """Take in reports, which are not earlier than any before; they count from their time on."""
        if len(usable):
            self._waiting.append({name: getattr(batch, name)[usable] for name in _FIELDS})
        missing = batch.tracks - len(self._a["time_us"])
        if missing > 0:
            for name, (kind, unknown) in _ARRAYS.items():
                self._a[name] = np.append(self._a[name], np.full(missing, unknown, kind))

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
        reports = {name: np.concatenate([each[name] for each in due]) for name in _FIELDS}
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
        a = self._a
        age_s = (time_us - a["time_us"]) * 1e-6
        here = np.flatnonzero((a["reports"] > 0) & (age_s <= oldest_s))
        age_s = age_s[here]
        known = {name: values[here] for name, values in a.items()}
        east, north = (np.nan_to_num(known[name]) for name in ("east_mps", "north_mps"))
        latitude, longitude = moved(known["latitude"], known["longitude"], east * age_s, north * age_s)
        since = (time_us - known["altitude_time_us"]) * 1e-6
        altitude = known["altitude_m"] + np.nan_to_num(known["up_mps"]) * since
        return Picture(
            here.astype(np.uint32),
            latitude,
            longitude,
            altitude,
            known["east_mps"],
            known["north_mps"],
            known["up_mps"],
            age_s,
            known["accuracy_m"],
            known["flags"],
            known["row"],
        )

    def _take(self, r: dict[str, NDArray[Any]]) -> None:
        """Take in one report each of some tracks."""
        a, k = self._a, r["track"].astype(np.int64)
        dt = (r["time_us"] - a["time_us"][k]) * 1e-6
        goes_on = (a["reports"][k] > 0) & (dt <= SILENCE_S)
        self._plane(r, k, dt, goes_on)
        self._altitude(r, k)
        a["reports"][k] = np.where(goes_on, a["reports"][k] + 1, 1)
        a["time_us"][k], a["latitude"][k], a["longitude"][k] = r["time_us"], r["latitude"], r["longitude"]
        a["accuracy_m"][k] = np.where(np.isnan(r["accuracy_m"]), a["accuracy_m"][k], r["accuracy_m"])
        a["flags"][k], a["row"][k] = r["flags"], r["row"]

    def _plane(self, r: dict[str, NDArray[Any]], k: NDArray[np.int64], dt: Array, goes_on: NDArray[np.bool_]) -> None:
        a = self._a
        speed = r["groundspeed_kt"].astype(float) * KT_MPS
        course = np.radians(r["track_deg"].astype(float))
        stated = np.stack([speed * np.sin(course), speed * np.cos(course)])
        stated[:, speed == 0.0] = 0.0
        filtered = np.stack([a["filtered_east_mps"][k], a["filtered_north_mps"][k]])
        # How far the report lies from where the filter had the aircraft, east and north.
        east, north = _offset(a["latitude"][k], a["longitude"][k], r["latitude"], r["longitude"])
        made_good = np.stack([east, north])
        usable = goes_on & (dt > 0.0)
        step = np.where(usable, dt, 1.0)
        fresh = np.isnan(filtered[0])
        gain = np.maximum(BETA, 2.0 / (a["reports"][k] + 1.0))  # growing memory at first
        moved_on = np.where(fresh, made_good / step, filtered + np.minimum(gain, 1.0) * (made_good / step - filtered))
        filtered = np.where(usable, moved_on, np.where(goes_on, filtered, np.nan))
        a["filtered_east_mps"][k], a["filtered_north_mps"][k] = filtered
        settled = a["reports"][k] >= SETTLED
        off = np.hypot(*(stated - filtered))
        wrong = settled & (off > np.maximum(DISAGREE_MPS, np.hypot(*filtered) / 3.0))
        believed = ~np.isnan(stated[0]) & ~np.isnan(stated[1]) & ~wrong
        used = np.where(believed, stated, filtered)
        a["east_mps"][k], a["north_mps"][k] = used

    def _altitude(self, r: dict[str, NDArray[Any]], k: NDArray[np.int64]) -> None:
        a = self._a
        height = r["altitude_ft"].astype(float) * FT_M
        known = ~np.isnan(height)
        k, height = k[known], height[known]
        time_us = r["time_us"][known]
        dt = (time_us - a["altitude_time_us"][k]) * 1e-6
        goes_on = (a["levels"][k] > 0) & (dt <= SILENCE_S)
        step = np.where(goes_on & (dt > 0.0), dt, 1.0)
        rate = np.nan_to_num(a["filtered_up_mps"][k])
        expected = a["smooth_altitude_m"][k] + rate * np.where(goes_on, dt, 0.0)
        missed = np.where(goes_on, height - expected, 0.0)
        count = np.where(goes_on, a["levels"][k] + 1, 1)
        alpha = np.maximum(ALPHA, (4.0 * count - 2.0) / (count * (count + 1.0)))
        beta = np.maximum(BETA, 6.0 / (count * (count + 1.0)))
        smooth = np.where(goes_on, expected + np.minimum(alpha, 1.0) * missed, height)
        up = np.where(
            goes_on & (dt > 0.0), rate + np.minimum(beta, 1.0) * missed / step, np.where(goes_on, rate, np.nan)
        )
        a["filtered_up_mps"][k], a["smooth_altitude_m"][k] = up, smooth
        a["levels"][k], a["altitude_time_us"][k], a["altitude_m"][k] = count, time_us, height
        stated = r["vertical_rate_fpm"].astype(float)[known] * FT_PER_MIN_MPS
        a["up_mps"][k] = np.where(np.isnan(stated), up, stated)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"arrays": {name: values.copy() for name, values in self._a.items()}, "waiting": list(self._waiting)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._a = {name: values.copy() for name, values in state["arrays"].items()}
        self._waiting = list(state["waiting"])


def axes(latitude: Array, longitude: Array) -> tuple[Array, Array]:
    """Unit vectors (N, 3) to the east and to the north at places in degrees."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    zero = np.zeros_like(phi)
    east = np.stack([-np.sin(lam), np.cos(lam), zero], axis=-1)
    north = np.stack([-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)], axis=-1)
    return east, north


def moved(latitude: Array, longitude: Array, east_m: Array, north_m: Array) -> tuple[Array, Array]:
    """Places in degrees, moved along the tangent plane by some kilometres at most."""
    east, north = axes(latitude, longitude)
    return to_geodetic(to_ecef(latitude, longitude) + east_m[:, None] * east + north_m[:, None] * north)


def _offset(latitude: Array, longitude: Array, to_latitude: Array, to_longitude: Array) -> tuple[Array, Array]:
    """How far east and north of places others are, m; NaN where one of them is unknown."""
    east, north = axes(latitude, longitude)
    chord = to_ecef(to_latitude, to_longitude) - to_ecef(latitude, longitude)
    return np.asarray(np.sum(chord * east, axis=-1)), np.asarray(np.sum(chord * north, axis=-1))
