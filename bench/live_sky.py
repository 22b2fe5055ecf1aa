"""Random pictures of the sky for `live.py`: what everybody is asked about, seeded.

Aircraft are scattered uniformly over the whole sphere or a part of it. Five of six are jets at 410 to 490 kt, the others fly
at 90 to 310 kt; courses are uniform. Seven of ten are level on a multiple of 1,000 ft (3,000 to 41,000 ft), as nearly
all traffic is, so that pairs exactly 1,000 ft apart abound; the others climb or descend at 500 to 3,000 ft/min from
anywhere in between.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NM_M, FT_M, KT_MPS = 1852.0, 0.3048, 1852.0 / 3600.0
EARTH_KM = 6371.0
HORIZONTAL_M, VERTICAL_M, LOOKAHEAD_S = 5 * NM_M, 1000 * FT_M, 300.0

Floats = NDArray[np.float64]

PLACES = {
    "Europe": (48.0, 11.0),
    "equator": (0.0, 0.0),
    "antimeridian": (-17.0, 180.0),
    "north pole": (90.0, 0.0),
    "south pole": (-90.0, 0.0),
}
"""Where `hard` puts its patches."""


@dataclass(frozen=True)
class Sky:
    """Flat arrays, one entry an aircraft: deg, m, m/s; course clockwise from true north."""

    latitude: Floats
    longitude: Floats
    altitude_m: Floats
    course_deg: Floats
    speed_mps: Floats
    up_mps: Floats

    def __len__(self) -> int:
        return len(self.latitude)

    def write(self, path: Path) -> None:
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})


def worldwide(aircraft: int, seed: int = 1) -> Sky:
    """Everywhere alike."""
    return within(aircraft, (90.0, 0.0), 2.0 * EARTH_KM, seed)


def at_density(aircraft: int, km2: float, seed: int = 1) -> Sky:
    """One aircraft for every `km2` in a cap around 46N 10W that grows with their number."""
    return within(aircraft, (46.0, -10.0), float(np.sqrt(aircraft * km2 / np.pi)), seed)


def hard(aircraft: int, seed: int = 1) -> Sky:
    """Patches 400 km around five `PLACES`, with as many aircraft in each; one of a hundred has company.

    Company flies at the same velocity, to the bit, 0.1 NM beside.
    """
    each = aircraft // len(PLACES)
    patches = [within(each, place, 400.0, seed + k) for k, place in enumerate(PLACES.values())]
    sky = Sky(*(np.concatenate([getattr(patch, f.name) for patch in patches]) for f in fields(Sky)))
    leader = np.arange(0, len(sky) - 1, 100)
    for field in fields(Sky):
        getattr(sky, field.name)[leader + 1] = getattr(sky, field.name)[leader]
    beside = np.degrees(0.1 * NM_M / (1000 * EARTH_KM))
    sky.latitude[leader + 1] -= np.copysign(beside, sky.latitude[leader])
    return sky


def within(aircraft: int, place: tuple[float, float], chord_km: float, seed: int) -> Sky:
    """In the cap whose rim is `chord_km` from its middle in a straight line: its area is exactly pi times the square of that."""
    rng = np.random.default_rng(seed)
    phi, lam = np.radians(place)
    up = np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
    east = np.array([-np.sin(lam), np.cos(lam), 0.0])
    north = np.cross(up, east)
    drop = rng.random(aircraft) * (chord_km / EARTH_KM) ** 2 / 2
    around, out = rng.uniform(0, 2 * np.pi, aircraft), np.sqrt(drop * (2 - drop))
    at = np.outer(1 - drop, up) + np.outer(out * np.cos(around), east) + np.outer(out * np.sin(around), north)
    jet, level = rng.random(aircraft) < 5 / 6, rng.random(aircraft) < 0.7
    climb = rng.uniform(500, 3000, aircraft) * rng.choice([-1, 1], aircraft) / 60
    flight_level = 1000.0 * rng.integers(3, 42, aircraft)
    return Sky(
        latitude=np.degrees(np.arcsin(np.clip(at[:, 2], -1, 1))),
        longitude=np.degrees(np.arctan2(at[:, 1], at[:, 0])),
        altitude_m=np.where(level, flight_level, rng.uniform(3_000, 41_000, aircraft)) * FT_M,
        course_deg=rng.uniform(0, 360, aircraft),
        speed_mps=np.where(jet, rng.uniform(410, 490, aircraft), rng.uniform(90, 310, aircraft)) * KT_MPS,
        up_mps=np.where(level, 0.0, climb * FT_M),
    )
