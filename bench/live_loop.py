"""The whole live loop: 20,000 aircraft at 1 Hz through the gate and every net, decoding excluded.

    python bench/live_loop.py [--aircraft 20000] [--seconds 120] [--hours 0]

Aircraft fly great circles worldwide, each reports once a second at its own moment, as a feed gives them: a second at a time, shuffled. Counted
is what the loop does with them: order, names, gate, nets, lives. `--hours` runs a flat sky of fewer aircraft for so long, for the memory.
"""

from __future__ import annotations

import argparse
import gc
import time

import numpy as np
import polars as pl
from figures import Figure, Stopwatch, at_most, child, show  # noqa: F401

from overflight.airspace.read import read_airspace
from overflight.engine.live import Live
from overflight.engine.parameters import NETS, CheckParameters

START_US = 1_790_000_000_000_000
NM_RAD = 1.0 / 3440.065


class Sky:
    """Aircraft on great circles."""

    def __init__(self, count: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        z = rng.uniform(-0.94, 0.94, count)
        lon = rng.uniform(-np.pi, np.pi, count)
        r = np.sqrt(1 - z * z)
        self.up = np.stack([r * np.cos(lon), r * np.sin(lon), z], axis=1)
        way = rng.normal(size=(count, 3))
        way -= (way * self.up).sum(axis=1, keepdims=True) * self.up
        self.way = way / np.linalg.norm(way, axis=1, keepdims=True)
        self.speed_kt = rng.uniform(120.0, 500.0, count)
        self.level_ft = rng.integers(20, 420, count) * 100.0
        self.moment_us = rng.integers(0, 1_000_000, count)
        self.name = [f"adsb:{k:06x}" for k in range(count)]
        self.address = [f"{k:06x}" for k in range(count)]

    def second(self, t: int, rng: np.random.Generator) -> pl.DataFrame:
        us = t * 1_000_000 + self.moment_us
        angle = self.speed_kt * NM_RAD / 3600.0 * us * 1e-6
        c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
        at, to = self.up * c + self.way * s, self.way * c - self.up * s
        latitude, longitude = np.degrees(np.arcsin(at[:, 2])), np.degrees(np.arctan2(at[:, 1], at[:, 0]))
        east = np.stack([-at[:, 1], at[:, 0], np.zeros(len(at))], axis=1)
        east /= np.linalg.norm(east, axis=1, keepdims=True)
        north = np.cross(at, east)
        course = np.degrees(np.arctan2((to * east).sum(axis=1), (to * north).sum(axis=1))) % 360.0
        frame = pl.DataFrame(
            {
                "timestamp": pl.Series(START_US + us).cast(pl.Datetime("us", "UTC")),
                "track_id": self.name,
                "icao24": self.address,
                "callsign": self.name,
                "squawk": ["2345"] * len(us),
                "latitude": latitude,
                "longitude": longitude,
                "altitude": self.level_ft.astype(np.float32),
                "groundspeed": self.speed_kt.astype(np.float32),
                "track": course.astype(np.float32),
                "vertical_rate": np.zeros(len(us), np.float32),
                "onground": [False] * len(us),
                "nic": np.full(len(us), 8, np.uint8),
                "nac_p": np.full(len(us), 9, np.uint8),
                "accuracy": np.full(len(us), 30.0, np.float32),
                "ref": ["bench"] * len(us),
            }
        )
        kinds = {"address_type": pl.Enum(ADDRESS_TYPES), "source": pl.Enum(SOURCES)}
        frame = frame.with_columns(
            address_type=pl.lit("icao", kinds["address_type"]), source=pl.lit("adsb", kinds["source"])
        )
        return frame[rng.permutation(len(us))]


def run(aircraft: int, seconds: int, warm: int = 20) -> None:
    sky, rng = Sky(aircraft, 1), np.random.default_rng(2)
    loop = Live(CheckParameters(nets=NETS), read_airspace("fir:" + FIRS))
    cpu: list[float] = []
    wall: list[float] = []
    for t in range(seconds):
        rows = sky.second(t, rng)
        began, began_cpu = time.perf_counter(), time.process_time()
        loop.take("bench", rows, None, float(t))
        loop.step(float(t), current=True)
        if t >= warm:
            cpu.append(time.process_time() - began_cpu)
            wall.append(time.perf_counter() - began)
    print(f"{aircraft:,} aircraft: CPU median {np.median(cpu):.3f} s, mean {np.mean(cpu):.3f} s; wall median {np.median(wall):.3f}, p99 {np.percentile(wall, 99):.3f} s")
    print(len(loop.open), "open")


FIRS = "EDGG,EDMM,LFFF,LECM,LTAA,OIIX,ZBPE,KZNY,KZLA,EGTT"
from overflight.surveillance.table import ADDRESS_TYPES, SOURCES  # noqa: E402

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aircraft", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=120)
    told = parser.parse_args()
    gc.collect()
    run(told.aircraft, told.seconds)
