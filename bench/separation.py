"""How long the main job takes, against reading the same file with pyarrow in the same run; its memory; its growth.

    python bench/separation.py [--runs 5]

One hour of 10,000 aircraft with a report every 5 s (`traffic.py`). *Read* is `pyarrow.parquet.read_table`. *Net* is the
separation net alone, on positions that lie in memory and have passed the gate. *Check* is everything: read, gate, net,
and the events written as Parquet. Each is measured in a process of its own (imports and the interpreter's start left
out), in turn, several times, and in each process three times: the first time is what a user waits for, with memory
that the system has yet to hand out; the later ones find it warm, which helps a plain read most. Ratios compare first
with first and warm with warm. The table shows medians, and in brackets the least and the greatest. Growth is the slope
of a line through log(time) over log(rows) for 1, 3.2 and 10 million rows at one density, first times. Peak memory is
the check's greatest resident set in the first round, libraries and all.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import traffic
from figures import Figure, Stopwatch, at_most, child, noise, peak_mb, show

MINIMA = "5 NM/1000 ft"
GROWTH_ROWS = (1_000_000, 3_162_000, 10_000_000)
REPORTS = 720  # of one aircraft in an hour


ROUNDS = 3
Measured = dict[str, Any]
"""`first`: a Stopwatch's wall and cpu; `warm`: the medians of the later rounds; and what else is told."""


def rounds(work: Callable[[], object], keep: dict[str, Callable[[Any], float]]) -> Measured:
    """Time `work` again and again; `keep` takes figures from what it returned the first time."""
    walls, cpus, told = [], [], {}
    for number in range(ROUNDS):
        with Stopwatch() as watch:
            found = work()
        walls.append(watch.wall)
        cpus.append(watch.cpu)
        if number == 0:
            told = {name: take(found) for name, take in keep.items()} | {"peak_mb": peak_mb()}
        del found
    warm = {"wall": statistics.median(walls[1:]), "cpu": statistics.median(cpus[1:])}
    return {"first": {"wall": walls[0], "cpu": cpus[0]}, "warm": warm} | told


def measure_read(path: Path, _: str | None) -> Measured:
    import pyarrow.parquet as pq

    return rounds(lambda: pq.read_table(path), {"rows": lambda table: table.num_rows})


def measure_net(path: Path, minima: str | None) -> Measured:
    import overflight
    from overflight.engine.history import ROWS
    from overflight.engine.parameters import CheckParameters
    from overflight.nets.base import Findings
    from overflight.nets.separation import Separation
    from overflight.surveillance.batch import TrackNames, batch_of
    from overflight.surveillance.integrity import Gate

    parameters = CheckParameters(minima=minima)
    names = TrackNames()
    told = parameters.separation("")
    gate, table = Gate(parameters.thresholds, names, told.threads), overflight.read(path).table
    # In the batches that a check uses.
    batches = [gate.judge(batch_of(table.slice(k, ROWS), names, k)) for k in range(0, table.height, ROWS)]

    def work() -> Findings:
        net = Separation(told, names)
        found = [Findings.none()]
        for batch in batches:
            net.update(batch)
            found.append(net.advance(int(batch.time_us[-1])))
        return Findings.together([*found, net.finish()])

    return rounds(work, {"events": lambda found: found.events.height})


def measure_check(path: Path, minima: str | None) -> Measured:
    import pyarrow.parquet

    import overflight

    assert pyarrow.parquet is not None  # what `read` has imported, too
    overflight.check  # noqa: B018 - loads the public functions
    with tempfile.TemporaryDirectory() as folder:

        def work() -> overflight.Events:
            events = overflight.check(path, minima=minima)
            events.write(Path(folder, "events.parquet"))
            return events

        return rounds(work, {"events": len, "flagged": lambda events: sum(events.summary.flagged.values())})


MEASURES = {"read": measure_read, "net": measure_net, "check": measure_check}


def measure(path: Path, runs: int, minima: str | None) -> dict[str, list[Measured]]:
    """All three, `runs` times in turn, so that a slow minute of the machine falls on all alike."""
    found: dict[str, list[Measured]] = {what: [] for what in MEASURES}
    path.read_bytes()  # into the page cache
    for _ in range(runs):
        for what, so_far in found.items():
            so_far.append(child(__file__, "--measure", what, "--file", path, "--minima", minima or ""))
    return found


def ratios(path: Path, runs: int, minima: str | None) -> bool:
    found = measure(path, runs, minima)
    last = found["check"][-1]
    figures = [
        Figure("rows", f"{found['read'][-1]['rows']:,}"),
        Figure("events", f"{last['events']:,}"),
        Figure("rows flagged by the gate", f"{last['flagged']:,}"),
    ]
    for when in ("first", "warm"):
        middle = {}
        for what, name in (("read", "read with pyarrow"), ("net", "net alone"), ("check", "whole check")):
            for key in ("wall", "cpu"):
                times = [run[when][key] for run in found[what]]
                middle[what, key] = statistics.median(times)
                figures.append(Figure(f"{name}, {when}, {key}", noise(times)))
        for what, limit in (("net", 4), ("check", 10)):
            for key in ("wall", "cpu"):
                ratio = middle[what, key] / middle["read", key]
                figures.append(at_most(f"{what} / read, {when}, {key}", ratio, limit, "x"))
    peaks = [run["peak_mb"] / 1000 for run in found["check"]]
    figures.append(at_most("peak memory of the check", max(peaks), 2.5, " GB", shown=noise(peaks, "GB")))
    how = f"held to {minima}" if minima else "each pair held to its own minima"
    return show(f"One hour of 10,000 aircraft, a report every 5 s; {how}; {runs} runs", figures)


def growth(runs: int, minima: str | None) -> bool:
    walls: dict[str, list[float]] = {"net": [], "check": []}
    rows: list[float] = []
    figures = []
    for wanted in GROWTH_ROWS:
        found = measure(traffic.cached(wanted // REPORTS), runs, minima)
        rows.append(found["read"][-1]["rows"])
        for what, times in walls.items():
            first = [run["first"]["wall"] for run in found[what]]
            times.append(statistics.median(first))
            figures.append(Figure(f"{what}, {rows[-1]:,} rows, {found[what][-1]['events']:,} events", noise(first)))
    for what, times in walls.items():
        figures.append(at_most(f"slope of the {what}", slope(rows, times), 1.1))
    return show(f"Growth from 1 to 10 million rows at one density; {runs} runs", figures)


def slope(x: list[float], y: list[float]) -> float:
    """Of the line through the logarithms, least squares."""
    u, v = [math.log(value) for value in x], [math.log(value) for value in y]
    return statistics.linear_regression(u, v).slope


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--minima", default=MINIMA, help="empty: by each pair's rules of flight")
    parser.add_argument("--no-growth", action="store_true")
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(MEASURES[args.measure](args.file, args.minima or None)))
        return 0
    good = ratios(traffic.cached(10_000), args.runs, args.minima or None)
    if not args.no_growth:
        good &= growth(max(args.runs * 3 // 5, 1), args.minima or None)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
