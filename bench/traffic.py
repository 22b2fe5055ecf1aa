"""Synthetic traffic for the benchmarks: seeded, at a density and with a structure like a continent's on a busy day.

Hubs of very different size lie in a square patch of the Earth around 46N 10W; flights go between them on fixed routes
(great circles), climb, cruise on levels by direction (ICAO Annex 2, appendix 3) and descend. As under air traffic
control, flights that would come too close are given another level or another time until few are left. One aircraft
flies for every 2,000 km2, as over Europe or the contiguous United States at a busy hour, whatever their number: the
patch grows with it. A flight that lands is followed by another, so the number in the air stays.

    python bench/traffic.py --aircraft 10000 --seconds 3600 --out bench/data/traffic.parquet
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

KM2_PER_AIRCRAFT = 2000.0
CENTRE = (46.0, -10.0)
RADIUS_M = 6_371_000.0
NM_M, KT_MPS = 1852.0, 1852.0 / 3600.0
REPORT_S, BLOCK_S = 5.0, 60.0
FIRST_FT = 4000.0  # where a flight is first and last seen
ROW_GROUP = 16  # blocks a row group: about a million rows for 10,000 aircraft, a common size

Floats = NDArray[np.float64]


@dataclass
class Flights:
    """Flat arrays, one entry a flight. SI units and unit vectors, altitudes in ft."""

    slot: NDArray[np.int64]  # one aircraft after the other flies in each slot
    start: Floats  # s
    climb: Floats  # s
    cruise: Floats  # s
    descent: Floats  # s
    origin: Floats  # (n, 3)
    toward: Floats  # (n, 3): unit tangent at the origin
    length: Floats  # m
    slow: Floats  # m/s, at both ends
    fast: Floats  # m/s, in cruise
    rate: Floats  # ft/s
    level: Floats  # ft

    @property
    def end(self) -> Floats:
        return self.start + self.climb + self.cruise + self.descent

    def take(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Flights:
        return Flights(*(getattr(self, field.name)[which] for field in fields(self)))

    def plan(self) -> None:
        """Set the times from the level: climb and descent at one rate, the rest in cruise."""
        self.climb = (self.level - FIRST_FT) / self.rate
        self.descent = (self.level - FIRST_FT) / (0.8 * self.rate)
        slanted = (self.slow + self.fast) / 2 * (self.climb + self.descent)
        self.cruise = np.maximum(self.length - slanted, 0.0) / self.fast

    def at(self, k: NDArray[np.int64], t: Floats) -> tuple[Floats, Floats, Floats]:
        """Distance flown (m), speed (m/s) and altitude (ft) of flights `k` at times `t`."""
        since = t - self.start[k]
        slow, gain = self.slow[k], self.fast[k] - self.slow[k]
        up = np.clip(since, 0, self.climb[k])
        level = np.clip(since - self.climb[k], 0, self.cruise[k])
        down = np.clip(since - self.climb[k] - self.cruise[k], 0, self.descent[k])
        along = (
            slow * up + gain * up**2 / (2 * self.climb[k])
            + self.fast[k] * level
            + self.fast[k] * down - gain * down**2 / (2 * self.descent[k])
        )  # fmt: skip
        share = up / self.climb[k] - down / self.descent[k]
        return along, slow + gain * share, FIRST_FT + (self.level[k] - FIRST_FT) * share

    def place(self, k: NDArray[np.int64], along: Floats) -> tuple[Floats, Floats, Floats]:
        """Latitude, longitude and course (deg) after `along` metres."""
        angle = (along / RADIUS_M)[:, None]
        p = self.origin[k] * np.cos(angle) + self.toward[k] * np.sin(angle)
        q = self.toward[k] * np.cos(angle) - self.origin[k] * np.sin(angle)
        horizontal = np.hypot(p[:, 0], p[:, 1])
        east = (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]) / horizontal
        course = np.degrees(np.arctan2(east, q[:, 2] / horizontal)) % 360  # q is tangent: its z is north's share of it
        return np.degrees(np.arcsin(p[:, 2])), np.degrees(np.arctan2(p[:, 1], p[:, 0])), course


def make_flights(aircraft: int, seconds: float, seed: int = 1, km2: float = KM2_PER_AIRCRAFT) -> Flights:
    """All flights of a patch of `aircraft` times `km2`, with `aircraft` of them in the air all the time."""
    rng = np.random.default_rng(seed)
    routes = _routes(rng, aircraft, 1000.0 * np.sqrt(aircraft * km2))
    generation = [_fly(rng, routes, np.arange(aircraft))]
    generation[0].start = -rng.random(aircraft) * generation[0].end
    while (early := generation[-1].end < seconds).any():
        before = generation[-1].take(early)
        after = _fly(rng, routes, before.slot)
        after.start = before.end
        generation.append(after)
    flights = Flights(*(np.concatenate([getattr(g, f.name) for g in generation]) for f in fields(Flights)))
    for _ in range(12):
        if not _separate(rng, flights, seconds):
            break
    return flights


def _routes(rng: np.random.Generator, aircraft: int, side_m: float) -> tuple[Floats, Floats, Floats]:
    """Origins and destinations (unit vectors) of the routes, and how much is flown on each."""
    count = max(aircraft // 6, 30)
    north, east = rng.uniform(-side_m / 2, side_m / 2, (2, count)) / RADIUS_M
    centre, up, right = _frame(*CENTRE)
    hubs = centre * (np.cos(north) * np.cos(east))[:, None] + right * (np.sin(east) * np.cos(north))[:, None]
    hubs += up * np.sin(north)[:, None]
    weight = rng.pareto(1.5, count).clip(0.2, 3.0)
    apart = RADIUS_M * np.arccos(np.clip(hubs @ hubs.T, -1, 1))
    pull = np.where(apart > min(400e3, side_m / 3), weight[:, None] * weight * np.exp(-apart / 3000e3), 0.0)
    # Each hub serves the twenty that pull most.
    pull[np.arange(count)[:, None], np.argsort(pull, axis=1)[:, :-20]] = 0.0
    a, b = np.nonzero(pull)
    return hubs[a], hubs[b], pull[a, b] / pull.sum()


def _frame(lat: float, lon: float) -> tuple[Floats, Floats, Floats]:
    la, lo = np.radians([lat, lon])
    centre = np.array([np.cos(la) * np.cos(lo), np.cos(la) * np.sin(lo), np.sin(la)])
    up = np.array([-np.sin(la) * np.cos(lo), -np.sin(la) * np.sin(lo), np.cos(la)])
    return centre, up, np.cross(up, centre)


def _fly(rng: np.random.Generator, routes: tuple[Floats, Floats, Floats], slot: NDArray[np.int64]) -> Flights:
    """One flight for each slot, all leaving at time 0."""
    n = slot.size
    route = rng.choice(routes[2].size, n, p=routes[2])
    # Runways and first fixes lie within some 20 km of the hub.
    ends = [hubs[route] + rng.normal(0, 12e3 / RADIUS_M, (n, 3)) for hubs in routes[:2]]
    origin, target = (end / np.linalg.norm(end, axis=1, keepdims=True) for end in ends)
    cosine = np.clip((origin * target).sum(1), -1, 1)
    toward = target - cosine[:, None] * origin
    toward /= np.linalg.norm(toward, axis=1, keepdims=True)
    length = RADIUS_M * np.arccos(cosine)
    jet = rng.random(n) < 0.85
    fast = np.where(jet, rng.uniform(410, 490, n), rng.uniform(240, 310, n)) * KT_MPS
    flights = Flights(
        slot=slot, start=np.zeros(n), climb=np.zeros(n), cruise=np.zeros(n), descent=np.zeros(n),
        origin=origin, toward=toward, length=length, slow=np.full(n, 170 * KT_MPS), fast=fast,
        rate=np.where(jet, rng.uniform(1800, 2600, n), rng.uniform(1100, 1500, n)) / 60, level=np.zeros(n),
    )  # fmt: skip
    _assign_levels(rng, flights, np.arange(n))
    return flights


def _assign_levels(rng: np.random.Generator, flights: Flights, which: NDArray[np.int64]) -> None:
    """A level that the length of the flight allows, odd thousands eastbound, even thousands westbound."""
    some = flights.take(which)
    room = 0.7 * some.length / (some.slow + some.fast) * 2 / (1 + 1 / 0.8)  # s of climb
    highest = np.minimum(FIRST_FT + some.rate * room, np.where(some.fast > 180, 41_000, 26_000))
    wanted = highest * rng.uniform(0.72, 1.0, which.size)
    _, _, course = some.place(np.arange(which.size), some.length / 2)
    flights.level[which] = np.maximum(2000 * np.floor(wanted / 2000) + np.where(course < 180, 1000, 0), 7000)
    flights.plan()


def _separate(rng: np.random.Generator, flights: Flights, seconds: float) -> int:
    """Give one of each two flights that come within 6 NM and 1,000 ft another level and time; returns how many."""
    step, cell = 15.0, 20e3
    first = np.maximum(np.ceil(flights.start / step), 0).astype(np.int64)
    last = np.minimum(np.floor(flights.end / step), seconds // step).astype(np.int64)
    count = np.maximum(last - first + 1, 0)
    k = np.repeat(np.arange(count.size), count)
    tick = np.arange(k.size) - np.repeat(np.cumsum(count) - count, count) + first[k]
    along, _, alt = flights.at(k, tick * step)
    lat, lon, _ = flights.place(k, along)
    # Cells of a sinusoidal plane: neighbours within 12 km are at most one cell apart in each direction.
    y = RADIUS_M * np.radians(lat)
    x = RADIUS_M * np.radians(lon - CENTRE[1]) * np.cos(np.radians(lat))
    column, row = np.floor(x / cell).astype(np.int64) + 2000, np.floor(y / cell).astype(np.int64) + 2000
    key = (tick * 4000 + row) * 4000 + column
    order = np.argsort(key)
    key, k, lat, lon, alt = key[order], k[order], lat[order], lon[order], alt[order]
    moved: list[NDArray[np.int64]] = []
    for shift in (0, 1, 3999, 4000, 4001):
        low, end = np.searchsorted(key, key + shift), np.searchsorted(key, key + shift, "right")
        if shift == 0:
            low = np.arange(1, key.size + 1)
        found = np.maximum(end - low, 0)
        i = np.repeat(np.arange(key.size), found)
        j = np.arange(i.size) - np.repeat(np.cumsum(found) - found, found) + low[i]
        near = np.abs(alt[i] - alt[j]) < 1000
        i, j = i[near], j[near]
        dx = np.radians(lon[i] - lon[j]) * np.cos(np.radians(lat[i] + lat[j]) / 2)
        close = RADIUS_M * np.hypot(dx, np.radians(lat[i] - lat[j])) < 6 * NM_M
        moved.append(np.maximum(k[i[close]], k[j[close]]))
    again = np.unique(np.concatenate(moved))
    _assign_levels(rng, flights, again)
    flights.start[again] += rng.normal(0, 120, again.size)
    return again.size


def write(path: Path, aircraft: int, seconds: float = 3600.0, seed: int = 1, km2: float = KM2_PER_AIRCRAFT) -> int:
    """Write the position table as Parquet, in the order of time; returns the number of rows."""
    flights = make_flights(aircraft, seconds, seed, km2)
    rng = np.random.default_rng(seed + 1)
    n = flights.slot.size
    phase = rng.uniform(1.0, REPORT_S - 1.0, n)
    address = rng.permutation(0x3C0000 + np.arange(n)).tolist()
    names = {
        "icao24": pa.array([f"{code:06x}" for code in address]),
        "callsign": pa.array([f"{'ABCDEFGHKL'[a % 10]}{'RST'[a % 3]}{'UVWX'[a % 4]}{a % 9999}" for a in address]),
        "squawk": pa.array([f"{0o2101 + a % 0o2000:04o}" for a in address]),  # discrete, none that means visual flight
    }
    nac_p = rng.integers(8, 11, n)
    partial = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, writer, held = 0, None, []
    blocks = int(np.ceil(seconds / BLOCK_S))
    for block in range(blocks):
        table = _block(rng, flights, phase, block * BLOCK_S, min((block + 1) * BLOCK_S, seconds), names, nac_p)
        rows += table.num_rows
        held.append(table)
        if len(held) == max(ROW_GROUP * 10_000 // aircraft // 2, 1) or block == blocks - 1:
            writer = writer or pq.ParquetWriter(partial, table.schema, compression="zstd")
            writer.write_table(pa.concat_tables(held), row_group_size=1 << 20)
            held = []
    assert writer is not None
    writer.close()
    partial.rename(path)
    return rows


def _block(
    rng: np.random.Generator,
    flights: Flights,
    phase: Floats,
    low: float,
    high: float,
    names: dict[str, pa.Array],
    nac_p: NDArray[np.int64],
) -> pa.Table:
    active = np.flatnonzero((flights.start < high) & (flights.end > low))
    reports = np.arange(low, high, REPORT_S)
    # Less than the phase's margin: reports stay in their block, so the file is in the order of time.
    t = (reports + phase[flights.slot[active], None] + rng.uniform(-0.8, 0.8, (active.size, reports.size))).ravel()
    k = np.repeat(active, reports.size)
    flying = (t >= flights.start[k]) & (t < flights.end[k])
    order = np.argsort(t[flying])
    t, k = np.round(t[flying][order], 3), k[flying][order]
    along, speed, alt = flights.at(k, t)
    lat, lon, course = flights.place(k, along)
    _, _, later = flights.at(k, t + 1.0)
    micros = 1_444_176_000_000_000 + (t * 1e6).round().astype(np.int64)  # 7 October 2015, 00:00 UTC

    def small(values: Floats, step: float) -> pa.Array:
        return pa.array((np.round(values / step) * step).astype(np.float32))

    text = {name: values.take(pa.array(k)) for name, values in names.items()}
    return pa.table(
        {
            "timestamp": pa.array(micros, pa.timestamp("us", "UTC")),
            "track_id": text["icao24"],
            **text,
            "latitude": np.round(lat, 6),
            "longitude": np.round(lon, 6),
            "altitude": small(alt, 25),
            "geoaltitude": small(1.02 * alt + 150, 25),
            "groundspeed": small(speed / KT_MPS, 1),
            "track": small(course, 0.1),
            "vertical_rate": small((later - alt) * 60, 64),
            "onground": np.zeros(k.size, bool),
            "nic": np.full(k.size, 8, np.uint8),
            "nac_p": nac_p[k].astype(np.uint8),
            "sil": np.full(k.size, 3, np.uint8),
        }
    )


def cached(aircraft: int, seconds: float = 3600.0, seed: int = 1, km2: float = KM2_PER_AIRCRAFT) -> Path:
    """The file with this traffic in bench/data, made where it is missing."""
    path = Path(__file__).parent / "data" / f"traffic-{aircraft}x{seconds:g}s-{km2:g}km2-{seed}.parquet"
    if not path.exists():
        print(f"generating {path.name} ...", flush=True)
        write(path, aircraft, seconds, seed, km2)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aircraft", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    print(f"{write(args.out, args.aircraft, args.seconds, args.seed):,} rows in {args.out}")


if __name__ == "__main__":
    main()
