"""One tick of the conflict net over a picture of the sky, against BlueSky and against SciPy on the same, in the same run.

    python bench/live.py [--runs 5]

Who will come within 5 NM and 1,000 ft of whom in 300 s: random traffic (`live_sky.py`), answered by the kernel under the
net, by BlueSky's compiled state-based detector, and by SciPy's cKDTree with vectorised NumPy (`live_ticks.py`). The peers
run in an environment of their own (`.bench-venv-bluesky`, made here, from PyPI). All run in processes of their own, in
turn, again and again; a tick is given arrays that lie ready. The tables show medians over all repeats, and in brackets the
least and the greatest; CPU counts all threads. Ratios are taken with one thread on both sides, since neither peer has more.

The answers are held against steps of a second along great circles (`live_truth.py`), and every pair beyond those against
steps of a hundredth.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import live_sky
from figures import Figure, at_least, at_most, child, noise, show
from live_sky import FT_M, Sky
from live_truth import Pairs, nearness, truth
from peer_env import environment
from separation import slope

HERE = Path(__file__).parent
PEER = ".bench-venv-bluesky"
PACKAGES = ["bluesky-simulator==1.1.1", "scipy==1.17.1", "numpy==2.4.6"]
KM2_PER_AIRCRAFT = 2000.0  # as over Europe at a busy hour
SIZES = (5_000, 10_000, 20_000, 50_000, 100_000)
REPEATS = 15
POLAR_DEG = 80.0


@dataclass
class Times:
    """Of all repeats so far, s."""

    wall: list[float] = field(default_factory=list[float])
    cpu: list[float] = field(default_factory=list[float])
    version: str = ""
    pairs: int = 0

    def add(self, told: dict[str, Any]) -> None:
        self.wall += told["wall"]
        self.cpu += told["cpu"]
        self.version, self.pairs = told["version"], told["pairs"]


@dataclass(frozen=True)
class Bench:
    """Where the skies lie, and the peers' interpreter."""

    folder: Path
    peer: Path

    def put(self, name: str, sky: Sky) -> Path:
        path = self.folder / f"{name}.npz"
        sky.write(path)
        return path

    def tick(self, which: str, sky: Path, repeats: int = REPEATS, threads: int = 1) -> dict[str, Any]:
        ours = which == "overflight"
        script, python = str(HERE / "live_ticks.py"), sys.executable if ours else str(self.peer)
        return child(script, which, sky, repeats, threads, self._answer(sky, which), python=python, isolated=not ours)

    def pairs(self, which: str, sky: Path) -> set[tuple[int, int]]:
        """What the last tick over this sky found."""
        return as_set(np.load(self._answer(sky, which)))

    def _answer(self, sky: Path, which: str) -> Path:
        return sky.with_suffix(f".{which}.npy")


def as_set(pairs: Pairs) -> set[tuple[int, int]]:
    return set(map(tuple, pairs.tolist()))


def as_pairs(pairs: set[tuple[int, int]]) -> Pairs:
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def ms(values: Sequence[float]) -> str:
    return noise([1000 * value for value in values], "ms", 1)


def ratios(bench: Bench, aircraft: int, runs: int) -> bool:
    """All ticks over one sky, in turn."""
    sky = bench.put("worldwide", live_sky.worldwide(aircraft))
    names = {
        "overflight": "Overflight, 1 thread",
        "overflight-2": "Overflight, 2 threads",
        "kdtree": "cKDTree and NumPy, from the middle",
        "kdtree-now": "cKDTree and NumPy, from now",
        "bluesky": "BlueSky",
    }
    times = {which: Times() for which in names}
    for _ in range(runs):
        for which, so_far in times.items():
            repeats, threads = 1 if which == "bluesky" else REPEATS, 2 if which == "overflight-2" else 1
            so_far.add(bench.tick(which.removesuffix("-2"), sky, repeats, threads))
    figures = [
        Figure(f"{name} ({times[which].version}), {key}", ms(getattr(times[which], key)))
        for which, name in names.items()
        for key in ("wall", "cpu")
    ]
    ours = times["overflight"]
    for which, limit in (("bluesky", 1000), ("kdtree", 3), ("kdtree-now", 3)):
        for key in ("wall", "cpu"):
            ratio = statistics.median(getattr(times[which], key)) / statistics.median(getattr(ours, key))
            figures.append(at_least(f"{names[which]} / Overflight, {key}", ratio, limit, "x", 0 if limit > 10 else 2))
    return show(f"One tick, {aircraft:,} aircraft worldwide, 5 NM/1000 ft, 300 s ahead; {runs} runs", figures)


def growth(bench: Bench, runs: int) -> bool:
    """The largest sky on two threads, and the slope of the cost at one density."""
    everywhere = bench.put("many", live_sky.worldwide(SIZES[-1]))
    skies = {n: bench.put(f"dense-{n}", live_sky.at_density(n, KM2_PER_AIRCRAFT)) for n in SIZES}
    wide, dense, alone = Times(), Times(), {n: Times() for n in SIZES}
    for _ in range(runs):
        wide.add(bench.tick("overflight", everywhere, threads=2))
        dense.add(bench.tick("overflight", skies[SIZES[-1]], threads=2))
        for n, so_far in alone.items():
            so_far.add(bench.tick("overflight", skies[n]))
    figures: list[Figure] = []
    for where, times in (("worldwide", wide), (f"one for every {KM2_PER_AIRCRAFT:,.0f} km2", dense)):
        middle = 1000 * statistics.median(times.wall)
        name = f"{SIZES[-1]:,} aircraft {where}, 2 threads"
        figures.append(at_most(f"{name}, wall", middle, 150, " ms", shown=ms(times.wall)))
        figures.append(Figure(f"{name}, cpu", ms(times.cpu)))
    for n, times in alone.items():
        figures.append(Figure(f"{n:,} aircraft at that density, 1 thread, {times.pairs:,} pairs, cpu", ms(times.cpu)))
    for key in ("wall", "cpu"):
        middles = [statistics.median(getattr(times, key)) for times in alone.values()]
        figures.append(at_most(f"slope at that density, {key}", slope([float(n) for n in SIZES], middles), 1.1))
    return show(f"One tick, {SIZES[0]:,} to {SIZES[-1]:,} aircraft; {runs} runs", figures)


def answers(bench: Bench, title: str, name: str, sky: Sky) -> bool:
    """The pairs of each against the truth, and why those of the peers differ."""
    path = bench.put(name, sky)
    right = as_set(truth(sky))
    figures = [Figure("pairs in conflict at a step of 1 s", f"{len(right):,}")]
    for which, shown in (("overflight", "Overflight"), ("kdtree", "cKDTree and NumPy"), ("bluesky", "BlueSky")):
        bench.tick(which, path, 1)
        found = bench.pairs(which, path)
        beyond = as_pairs(found - right)
        brief = nearness(sky, beyond, 0.01) < 1.0
        missed, wrong = as_pairs(right - found), beyond[~brief]
        if which == "overflight":
            figures.append(at_most(f"{shown}: missed", len(missed), 0, digits=0))
            figures.append(at_most(f"{shown}: beyond those, and not at a step of 0.01 s", len(wrong), 0, digits=0))
        else:
            figures += [Figure(f"{shown}: missed", f"{len(missed):,}"), *why(sky, missed)]
            figures += [
                Figure(f"{shown}: beyond those, and not at a step of 0.01 s", f"{len(wrong):,}"),
                *why(sky, wrong),
            ]
        figures.append(Figure(f"{shown}: between two steps", f"{int(brief.sum())}"))
    return show(title, figures) and bool(right)


def why(sky: Sky, pairs: Pairs) -> list[Figure]:
    """The first reason that fits each pair; of those with none, how near their nearest is to the limit."""
    i, j = pairs.T
    still = (sky.up_mps[i] == 0) & (sky.up_mps[j] == 0)
    apart_ft = np.abs(sky.altitude_m[i] - sky.altitude_m[j]) / FT_M
    reasons = {
        "at one velocity": (sky.course_deg[i] == sky.course_deg[j]) & (sky.speed_mps[i] == sky.speed_mps[j]),
        "level and exactly 1,000 ft apart": still & (np.abs(apart_ft - 1000) < 1e-6),
        f"beyond {POLAR_DEG:.0f} degrees of latitude": np.maximum(np.abs(sky.latitude[i]), np.abs(sky.latitude[j]))
        > POLAR_DEG,
        "with the antimeridian between them": np.abs(sky.longitude[i] - sky.longitude[j]) > 180,
    }
    left = np.ones(len(pairs), bool)
    figures: list[Figure] = []
    for reason, fits in reasons.items():
        if (count := int((fits & left).sum())) > 0:
            figures.append(Figure(f"  {reason}", f"{count:,}"))
        left &= ~fits
    if left.any():
        shares = nearness(sky, pairs[left], 0.1)
        span = f"{shares.min():.4f} to {shares.max():.4f} of the limit"
        figures.append(Figure(f"  elsewhere, {span}", f"{int(left.sum()):,}"))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--aircraft", type=int, default=20_000, help="of the sky that all are timed on")
    args = parser.parse_args()
    peer = environment(PEER, PACKAGES)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), peer)
        load = os.getloadavg()[0]
        good = answers(bench, f"{args.aircraft:,} aircraft worldwide", "worldwide", live_sky.worldwide(args.aircraft))
        dense = live_sky.at_density(10_000, KM2_PER_AIRCRAFT)
        good &= answers(bench, f"10,000 aircraft, one for every {KM2_PER_AIRCRAFT:,.0f} km2", "dense", dense)
        places = ", ".join(live_sky.PLACES)
        good &= answers(bench, f"5,000 aircraft around {places}; formations", "hard", live_sky.hard(5_000))
        good &= growth(bench, args.runs)
        good &= ratios(bench, args.aircraft, args.runs)
        print(f"\nload when it began {load:.1f}, when it ended {os.getloadavg()[0]:.1f}, of {os.cpu_count()} cores")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
