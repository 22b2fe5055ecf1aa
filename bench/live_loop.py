"""The whole live loop: 20,000 aircraft at 1 Hz through the gate and every net, decoding excluded.

    python bench/live_loop.py [--aircraft 20000] [--seconds 120] [--hours 6]

Aircraft fly great circles worldwide, each reports once a second at its own moment, as a feed gives them: shuffled, a quarter of a second at a
time, which is how often the loop looks. Counted is what the loop does with them: order, names, gate, nets, lives, the evidence kept, the
journal, and the state stored every ten seconds. Then a thinner sky for six hours of event time, for the memory: aircraft fly routes there and
back, as air traffic does, half an hour each way, and some land and are replaced by others on the same route.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from figures import Figure, at_most, child, noise, show
from overflight.airspace.read import read_airspace
from overflight.engine.journal import STORE_S, Journal
from overflight.engine.ledger_file import LedgerFile
from overflight.engine.live import Live
from overflight.engine.parameters import NETS, CheckParameters
from overflight.surveillance.table import ADDRESS_TYPES, SOURCES

START_US = 1_790_000_000_000_000
NM_RAD = 1.0 / 3440.065
WARM_S = 30
REGIONS = "fir:EDGG,EDMM,LFFF,LECM,LTAA,OIIX,ZBPE,KZNY,KZLA,EGTT"
EVERY = tuple(net for net in NETS if net != "breach")  # that one needs an agreement
CYCLE_S = 1800
"""Of the thin sky: so long is a route, and as often a tenth of the aircraft is replaced."""


class Sky:
    """Aircraft on great circles; with `there_and_back_s` they turn round as often."""

    def __init__(self, count: int, seed: int, there_and_back_s: float = float("inf")) -> None:
        self.leg_s = there_and_back_s
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
        self.address = [f"{k:06x}" for k in range(count)]

    def second(self, t: int, rng: np.random.Generator) -> pl.DataFrame:
        us = t * 1_000_000 + self.moment_us
        flown_s = us * 1e-6
        back = flown_s // self.leg_s % 2 == 1
        along_s = np.where(back, self.leg_s - flown_s % self.leg_s, flown_s % self.leg_s)
        angle = self.speed_kt * NM_RAD / 3600.0 * along_s
        c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
        at, to = self.up * c + self.way * s, (self.way * c - self.up * s) * np.where(back, -1.0, 1.0)[:, None]
        latitude, longitude = np.degrees(np.arcsin(at[:, 2])), np.degrees(np.arctan2(at[:, 1], at[:, 0]))
        east = np.stack([-at[:, 1], at[:, 0], np.zeros(len(at))], axis=1)
        east /= np.linalg.norm(east, axis=1, keepdims=True)
        north = np.cross(at, east)
        course = np.degrees(np.arctan2((to * east).sum(axis=1), (to * north).sum(axis=1))) % 360.0
        frame = pl.DataFrame(
            {
                "timestamp": pl.Series(START_US + us).cast(pl.Datetime("us", "UTC")),
                "track_id": [f"adsb:{name}" for name in self.address],
                "icao24": self.address,
                "callsign": self.address,
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


def rss_mb() -> float:
    """Memory that the process holds now, MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return float("nan")


def dense(aircraft: int, seconds: int) -> dict[str, object]:
    sky, rng = Sky(aircraft, 1), np.random.default_rng(2)
    loop = Live(CheckParameters(nets=EVERY), read_airspace(REGIONS))
    cpu: list[float] = []
    wall: list[float] = []
    size = -(-aircraft // 4)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(LedgerFile(Path(folder)), Path(folder) / "state", loop)
        for t in range(WARM_S + seconds):
            began_cpu, made_cpu = time.process_time(), time.thread_time()
            rows = sky.second(t, rng)
            made_cpu = time.thread_time() - made_cpu
            began = time.perf_counter()
            for quarter in range(4):
                taken = time.perf_counter()
                loop.take("bench", rows[quarter * size : (quarter + 1) * size], None, float(t))
                journal.tell(loop.step(float(t), current=quarter == 3))
                if t >= WARM_S:
                    wall.append(time.perf_counter() - taken)
            if t % STORE_S == 0:
                journal.store()
            time.sleep(
                max(0.0, 1.0 - (time.perf_counter() - began) - made_cpu)
            )  # in real time: the state is written beside
            if t >= WARM_S:
                cpu.append(time.process_time() - began_cpu - made_cpu)
        journal.close()
    return {"cpu": cpu, "wall": wall, "open": len(loop.open), "rss": rss_mb()}


def long(aircraft: int, hours: float) -> dict[str, object]:
    sky, rng = Sky(aircraft, 3, CYCLE_S), np.random.default_rng(4)
    loop = Live(CheckParameters(nets=EVERY), read_airspace(REGIONS))
    held: list[float] = []
    for t in range(0, int(hours * 3600), 10):
        if t and t % CYCLE_S == 0:
            gone = rng.choice(aircraft, aircraft // 10, replace=False)
            for k in gone.tolist():
                sky.address[k] = f"{int(rng.integers(0x100000, 0xFFFFFF)):06x}"
            held.append(rss_mb())
        loop.take("bench", sky.second(t, rng), None, float(t))
        loop.step(float(t), current=True)
    return {"rss": [*held, rss_mb()], "tracks": len(loop.names)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aircraft", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--hours", type=float, default=6.0)
    parser.add_argument("--part", choices=("dense", "long"), help="run one part and print it as JSON")
    told = parser.parse_args()
    if told.part:
        print(json.dumps(dense(told.aircraft, told.seconds) if told.part == "dense" else long(1000, told.hours)))
        return
    own = str(Path(__file__).resolve())
    busy = child(own, "--part", "dense", "--aircraft", told.aircraft, "--seconds", told.seconds)
    cpu, wall = (np.array(busy[name]) for name in ("cpu", "wall"))
    p99 = float(np.percentile(wall, 99))
    figures = [
        at_most(
            "CPU for a second, all nets, median", float(np.median(cpu)), 0.5, " s", shown=noise(cpu.tolist(), digits=3)
        ),
        at_most("CPU for a second, on average, with the state stored", float(cpu.mean()), 0.5, " s", digits=3),
        at_most("from batch to event, p99", p99, 0.5, " s", digits=3),
        Figure("from batch to event, the longest", f"{wall.max():.3f} s"),
        Figure("events open in the end", f"{busy['open']}"),
        Figure("memory", f"{busy['rss']:.0f} MB"),
    ]
    show(f"The live loop: {told.aircraft:,} aircraft at 1 Hz", figures)
    if told.hours:
        thin = child(own, "--part", "long", "--hours", told.hours)
        rss = thin["rss"]
        # By then every route was flown both ways, and the first silences of half an hour were judged: all is learnt that there is to learn.
        grown = rss[-1] / rss[min(3, len(rss) - 1)]
        name = f"memory after {told.hours:g} h over that after 2 h"
        figures = [
            at_most(name, grown, 1.1, "x", shown=f"{grown:.2f}x ({rss[-1]:.0f} MB)"),
            Figure("tracks met", f"{thin['tracks']:,}"),
        ]
        show("1,000 aircraft, every ten seconds, a tenth replaced every half hour", figures)


if __name__ == "__main__":
    sys.exit(main())
