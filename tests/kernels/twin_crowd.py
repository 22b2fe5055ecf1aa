"""The twin of `Crowd`: every report against the last one of every other track."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.kernels.twin_earth import surface

SHARED, COPY = 1, 2
NEAR_M = 10_000.0  # further away nothing is compared

LIMITS = {
    "shared_tracks": 3, "shared_us": 60_000_000, "shared_speed_mps": 20.0, "shared_deg": 1e-4,
    "copy_age_us": 15_000_000, "copy_m": 555.6, "copy_same_m": 4556.0, "copy_climb_m": 152.4,
    "copy_turn_deg": 45.0, "copy_speed_mps": 20.0, "apart_m": 2777.0, "apart_us": 600_000_000,
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    time_us: int
    track: int
    latitude: float
    longitude: float
    altitude: float
    speed: float
    course: float
    doubtful: bool


@dataclass
class Crowd:
    hearsay: list[int]  # by track: 0 the aircraft's own word, more the further from it
    aircraft: list[int]
    visits: dict[tuple[int, int], dict[int, int]] = field(default_factory=dict)  # point: when each aircraft was there
    last: dict[int, Row] = field(default_factory=dict)
    apart: dict[tuple[int, int], int] = field(default_factory=dict)  # when last a track was seen away from another

    def look(self, row: Row) -> tuple[int, int]:
        """Flags of a row, and the track it copies (-1 for none)."""
        flags = 0
        if not row.speed < LIMITS["shared_speed_mps"]:
            point = tuple(int(np.floor((x + 360) / LIMITS["shared_deg"] + 0.5)) for x in (row.latitude, row.longitude))
            there = self.visits.setdefault(point, {})
            there[self.aircraft[row.track]] = row.time_us
            lately = [when for when in there.values() if row.time_us - when <= LIMITS["shared_us"]]
            flags |= SHARED if len(lately) >= LIMITS["shared_tracks"] else 0
        if row.doubtful:
            return flags, -1
        original = min([track for track, other in self.last.items() if self.original(row, other)], default=-1)
        self.last[row.track] = row
        return flags | (COPY if original >= 0 else 0), original

    def original(self, row: Row, other: Row) -> bool:
        """Whether `row` only repeats what the better track of `other` does."""
        same = self.aircraft[row.track] == self.aircraft[other.track]
        rank, rank_other = self.hearsay[row.track], self.hearsay[other.track]
        better = rank_other < rank or (rank_other == rank and same and other.track < row.track)
        age = row.time_us - other.time_us
        if other.track == row.track or not better or age > LIMITS["copy_age_us"]:
            return False
        gone = other.speed * age / 1e6
        phi, lam, course = np.radians([other.latitude, other.longitude, other.course])
        east = np.array([-np.sin(lam), np.cos(lam), 0.0])
        north = np.array([-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)])
        step = gone * (np.sin(course) * east + np.cos(course) * north)
        step = np.zeros(3) if np.isnan(step).any() else step
        apart = np.linalg.norm(surface(other.latitude, other.longitude) + step - surface(row.latitude, row.longitude))
        if same:
            return bool(apart <= LIMITS["copy_same_m"])
        pair = (row.track, other.track)
        if apart > NEAR_M:
            return False
        if apart > LIMITS["apart_m"]:
            self.apart[pair] = row.time_us
            return False
        if pair in self.apart and row.time_us - self.apart[pair] <= LIMITS["apart_us"]:
            return False
        moving = all(speed > LIMITS["copy_speed_mps"] for speed in (row.speed, other.speed))
        turn = abs((row.course - other.course + 180) % 360 - 180)
        return bool(
            apart <= LIMITS["copy_m"]
            and not abs(row.altitude - other.altitude) > LIMITS["copy_climb_m"]
            and not (moving and turn > LIMITS["copy_turn_deg"])
        )
