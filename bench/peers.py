"""Losses of separation by Overflight and by the closest points of approach of the `traffic` library, in the same run.

    python bench/peers.py [--tracks 120]

The sample is 30 minutes of the densest corner of the synthetic traffic (`traffic.py`). `traffic` runs in an environment
of its own (`.bench-venv`, made here, from PyPI), since it needs pandas before 3. It is given what it needs, all flights
resampled to one clock, and only its method is counted, not the reading and resampling; of Overflight everything after
the imports is counted, reading included. The pairs of both are held against the brute force of the tests.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

import polars as pl

import traffic
from figures import Figure, Stopwatch, at_least, at_most, child, show
from peer_env import ROOT, environment

PEER = ".bench-venv"
PACKAGES = ["traffic==2.13", "pandas<3", "pyarrow"]
GRAZE_S = 0.05  # a shorter loss may go either way


def sample(tracks: int) -> Path:
    """The first half hour around the densest place, as far out as `tracks` tracks go, each with 5 minutes at least."""
    path = ROOT / f"bench/data/dense-{tracks}.parquet"
    if path.exists():
        return path
    table = pl.scan_parquet(traffic.cached(10_000)).filter(
        pl.col("timestamp") < pl.col("timestamp").min() + pl.duration(minutes=30)
    )
    corner = pl.struct((pl.col("latitude") // 1).alias("lat"), (pl.col("longitude") // 1.4).alias("lon"))
    table = table.collect()
    densest = (
        table.select(corner.alias("at")).unnest("at").group_by("lat", "lon").len().sort("len", "lat", "lon").row(-1)
    )
    lat, lon = densest[0] + 0.5, (densest[1] + 0.5) * 1.4
    apart = ((pl.col("latitude") - lat) ** 2 + ((pl.col("longitude") - lon) / 1.4) ** 2).sqrt()
    long = (
        table.with_columns(apart.alias("apart"))
        .sort("apart")
        .group_by("track_id", maintain_order=True)
        .agg(pl.col("apart").get(60, null_on_oob=True))
        .drop_nulls()
        .sort("apart", "track_id")
    )
    reach = long["apart"][tracks - 1]
    table.filter(apart <= reach, pl.col("track_id").is_in(long["track_id"][:tracks].implode())).write_parquet(path)
    return path


def measure_overflight(path: Path) -> dict[str, object]:
    import overflight

    overflight.check  # noqa: B018 - loads the public functions
    with Stopwatch() as watch:
        events = overflight.check(path, minima="5 NM/1000 ft", vertical_tolerance="0 ft", ungated=True)
    pairs = events.to_polars().select("track_a", "track_b").unique().rows()
    return {"cpu": watch.cpu, "wall": watch.wall, "pairs": sorted(pairs)}


def brute_force(path: Path) -> set[tuple[str, str]]:
    sys.path.insert(0, str(ROOT))
    from tests.oracle.brute_force import losses
    from tests.oracle.traffic import tracks_of

    found = losses(tracks_of(pl.read_parquet(path)))
    return {pair for pair, some in found.items() if any(loss.end - loss.start >= GRAZE_S for loss in some)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=120)
    parser.add_argument("--runs", type=int, default=5, help="of Overflight; the peer runs once")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure_overflight(args.measure)))
        return 0
    python, path = environment(PEER, PACKAGES), sample(args.tracks)
    rows = pl.scan_parquet(path).select(pl.len()).collect().item()
    ours = [child(__file__, "--measure", path) for _ in range(args.runs)]
    print(f"running traffic on {rows:,} rows, which takes minutes ...", flush=True)
    theirs = child(str(ROOT / "bench/peer_cpa.py"), path, os.cpu_count(), python=str(python), isolated=True)
    truth = brute_force(path)
    cpu, wall = (statistics.median(run[key] for run in ours) for key in ("cpu", "wall"))
    our_pairs, their_pairs = ({tuple(pair) for pair in found["pairs"]} for found in (ours[0], theirs))
    peer = f"traffic {theirs['version']} (pandas {theirs['pandas']})"
    figures = [
        Figure("rows, tracks", f"{rows:,}, {args.tracks}"),
        Figure(f"{peer}: resampling, CPU", f"{theirs['prepare_cpu']:.1f} s"),
        Figure(f"{peer}: closest points of approach, CPU", f"{theirs['cpu']:.1f} s"),
        Figure(f"{peer}: closest points of approach, wall", f"{theirs['wall']:.1f} s"),
        Figure("Overflight: reading and checking, CPU", f"{cpu:.3f} s"),
        Figure("Overflight: reading and checking, wall", f"{wall:.3f} s"),
        at_least("CPU, traffic / Overflight", theirs["cpu"] / cpu, 300, "x"),
        Figure("pairs that the brute force finds", str(len(truth))),
        at_most("  of them missed by Overflight", len(truth - our_pairs), 0, digits=0),
        Figure("  of them missed by traffic", str(len(truth - their_pairs))),
        Figure("pairs beyond those, Overflight and traffic", f"{len(our_pairs - truth)}, {len(their_pairs - truth)}"),
    ]
    good = show("Losses within 5 NM and 1,000 ft in 30 minutes of dense traffic", figures)
    return 0 if good and truth else 1


if __name__ == "__main__":
    sys.exit(main())
