"""The twin of `TrackGate`: one track, one report after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.kernels.twin_earth import surface

FROZEN, JUMP, RELOCATED = 1, 2, 4
RING, RING_STEP_S = 24, 10.0

LIMITS = {
    "top_speed_mps": 770.0, "speed_factor": 1.5, "speed_margin_mps": 50.0, "climb_mps": 300.0, "jitter_s": 2.0,
    "slack_m": 500.0, "climb_slack_m": 150.0, "frozen_m": 200.0, "frozen_s": 2.0, "relocate_after": 3,
    "circle_least_m": 500.0, "circle_most_m": 30_000.0, "circle_roundness": 0.05,
}  # fmt: skip


@dataclass(frozen=True)
class Fix:
    time_us: int
    latitude: float
    longitude: float
    altitude: float  # m, NaN if unknown
    speed: float  # m/s, NaN if unknown

    def since(self, other: Fix) -> float:
        return (self.time_us - other.time_us) / 1e6

    def same_place(self, other: Fix) -> bool:
        return (self.latitude, self.longitude) == (other.latitude, other.longitude)


def reachable(a: Fix, b: Fix) -> bool:
    """Whether an aircraft can have flown from one report to the other."""
    seconds = b.since(a)
    top = LIMITS["top_speed_mps"]
    if seconds <= 60 and not np.isnan(a.speed + b.speed):
        top = min(top, LIMITS["speed_factor"] * max(a.speed, b.speed) + LIMITS["speed_margin_mps"])
    way = np.linalg.norm(surface(a.latitude, a.longitude) - surface(b.latitude, b.longitude))
    climb = abs(b.altitude - a.altitude)
    within = np.isnan(climb) or climb <= LIMITS["climb_mps"] * (seconds + LIMITS["jitter_s"]) + LIMITS["climb_slack_m"]
    return bool(way <= top * (seconds + LIMITS["jitter_s"]) + LIMITS["slack_m"] and within)


@dataclass
class Track:
    good: Fix | None = None
    refused: list[Fix] = field(default_factory=list)  # in a row, each within reach of the one before
    still: Fix | None = None
    ring: list[Fix] = field(default_factory=list)

    def look(self, fix: Fix) -> int:
        if self.still is not None and self.still.same_place(fix):
            seconds = fix.since(self.still)
            if seconds >= LIMITS["frozen_s"] and fix.speed * seconds > LIMITS["frozen_m"]:
                return FROZEN
        else:
            self.still = fix
        if self.good is None or reachable(self.good, fix):
            self.good, self.refused = fix, []
            return 0
        if self.refused and not reachable(self.refused[-1], fix):
            self.refused = []
        self.refused.append(fix)
        if len(self.refused) < LIMITS["relocate_after"]:
            return JUMP
        self.good, self.refused = fix, []
        return RELOCATED

    def circle(self, fix: Fix) -> tuple[float, float, float] | None:
        """Latitude, longitude and radius of the circle on which the track flies, where this report shows one."""
        if self.ring:
            seconds = fix.since(self.ring[-1])
            if seconds < RING_STEP_S:
                return None
            if seconds > 6 * RING_STEP_S:
                self.ring = []
        self.ring = [*self.ring, fix][-RING:]
        first = self.ring[0]
        lat, lon = (np.array([getattr(f, name) for f in self.ring]) for name in ("latitude", "longitude"))
        north = (lat - first.latitude) * 111.2e3
        east = ((lon - first.longitude + 180) % 360 - 180) * 111.2e3 * np.cos(np.radians(first.latitude))
        # Straight flight: the distance made good is most of the way flown.
        good = np.hypot(north[-1] / 111.2 * 110.5, east[-1] / 111.2 * 111.0)
        if good >= 0.7 * fix.speed * fix.since(first) or len(self.ring) < 9:
            return None
        # Least squares (Kasa 1976): x² + y² = 2 x cx + 2 y cy + c.
        columns = np.stack([2 * east, 2 * north, np.ones(len(self.ring))], axis=1)
        (cx, cy, c), _, rank, _ = np.linalg.lstsq(columns, east**2 + north**2, rcond=1e-9)
        radius = np.sqrt(c + cx**2 + cy**2)
        if rank < 3 or not LIMITS["circle_least_m"] <= radius <= LIMITS["circle_most_m"]:
            return None
        off = np.hypot(east - cx, north - cy) - radius
        sectors = np.unique(np.floor((np.arctan2(north - cy, east - cx) + np.pi) * 12 / (2 * np.pi)).clip(0, 11))
        if np.sqrt(np.mean(off**2)) > LIMITS["circle_roundness"] * radius or sectors.size < 8:
            return None
        scale = 111.2e3 * np.cos(np.radians(first.latitude))
        return first.latitude + cy / 111.2e3, first.longitude + cx / scale, float(radius)
