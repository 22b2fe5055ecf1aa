"""How long the main job takes, against reading the same file with pyarrow in the same run; its memory; its growth.

    python bench/separation.py [--runs 5]

One hour of 10,000 aircraft with a report every 5 s (`traffic.py`). *Read* is `pyarrow.parquet.read_table`. *Net* is the
separation net alone, on positions that lie in memory and have passed the gate. *Check* is everything: read, gate, net,
and the events written as Parquet. Each is measured in a process of its own (imports and the interpreter's start left
out), in turn, several times; the table shows medians, and in brackets the least and the greatest. Growth is the slope of
a line through log(time) over log(rows) for 1, 3.2 and 10 million rows at one density. Peak memory is the check's
greatest resident set, libraries and all.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from pathlib import Path

import traffic
from figures import Figure, Stopwatch, at_most, child, noise, peak_mb, show

MINIMA = "5 NM/1000 ft"
GROWTH_ROWS = (1_000_000, 3_162_000, 10_000_000)
REPORTS = 720  # of one aircraft in an hour


def measure_read(path: Path) -> dict[str, float]:
    import pyarrow.parquet as pq

    with Stopwatch() as watch:
        table = pq.read_table(path)
    return {"wall": watch.wall, "cpu": watch.cpu, "peak_mb": peak_mb(), "rows": table.num_rows}


def measure_net(path: Path, minima: str | None) -> dict[str, float]:
    import overflight
    from overflight.engine.parameters import CheckParameters
    from overflight.nets.separation import Separation
    from overflight.surveillance.batch import TrackNames, batch_of
    from overflight.surveillance.integrity import Gate

    parameters = CheckParameters(minima=minima)
    names = TrackNames()
    told = parameters.separation("")
    batch = Gate(parameters.thresholds, names, told.threads).judge(batch_of(overflight.read(path).table, names))
    net = Separation(told, names)
    with Stopwatch() as watch:
        net.update(batch)
        found = net.finish()
    return {"wall": watch.wall, "cpu": watch.cpu, "rows": len(batch), "events": found.events.height}


def measure_check(path: Path, minima: str | None) -> dict[str, float]:
    import pyarrow.parquet

    import overflight

    assert pyarrow.parquet is not None  # what `read` has imported, too
    overflight.check  # noqa: B018 - loads the public functions
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "events.parquet")
        with Stopwatch() as watch:
            events = overflight.check(path, minima=minima)
            events.write(out)
        size = out.stat().st_size
    flagged = sum(events.summary.flagged.values())
    return {
        "wall": watch.wall, "cpu": watch.cpu, "peak_mb": peak_mb(), "rows": events.summary.rows,
        "events": len(events), "bytes": size, "flagged": flagged,
    }  # fmt: skip


def medians(path: Path, runs: int, minima: str | None) -> dict[str, list[dict[str, float]]]:
    """All three, `runs` times in turn, so that a slow minute of the machine falls on all alike."""
    found: dict[str, list[dict[str, float]]] = {"read": [], "net": [], "check": []}
    path.read_bytes()  # into the page cache
    for _ in range(runs):
        for what, runs_so_far in found.items():
            runs_so_far.append(child(__file__, "--measure", what, "--file", path, "--minima", minima or ""))
    return found


def middle(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def ratios(path: Path, runs: int, minima: str | None) -> bool:
    found = medians(path, runs, minima)
    rows, events = middle(found["read"], "rows"), middle(found["check"], "events")
    figures = [
        Figure("rows", f"{rows:,.0f}"),
        Figure("events", f"{events:,.0f}"),
        Figure("rows flagged by the gate", f"{middle(found['check'], 'flagged'):,.0f}"),
    ]
    for what, name in (("read", "read with pyarrow"), ("net", "net alone"), ("check", "whole check")):
        figures.append(Figure(f"{name}, wall", noise([run["wall"] for run in found[what]])))
        figures.append(Figure(f"{name}, CPU", noise([run["cpu"] for run in found[what]])))
    for what, limit in (("net", 4), ("check", 10)):
        for key in ("wall", "cpu"):
            ratio = middle(found[what], key) / middle(found["read"], key)
            name = f"{what} / read, {key}"
            figures.append(at_most(name, ratio, limit, "x") if key == "wall" else Figure(name, f"{ratio:.2f}x"))
    peaks = [run["peak_mb"] / 1000 for run in found["check"]]
    figures.append(at_most("peak memory of the check", max(peaks), 2.5, " GB", shown=noise(peaks, "GB")))
    how = f"held to {minima}" if minima else "each pair held to its own minima"
    return show(f"One hour of 10,000 aircraft, a report every 5 s; {how}; {runs} runs", figures)


def growth(runs: int, minima: str | None) -> bool:
    walls: dict[str, list[float]] = {"net": [], "check": []}
    rows: list[float] = []
    figures = []
    for wanted in GROWTH_ROWS:
        found = medians(traffic.cached(wanted // REPORTS), runs, minima)
        rows.append(middle(found["read"], "rows"))
        for what, times in walls.items():
            times.append(middle(found[what], "wall"))
            figures.append(Figure(f"{what}, {rows[-1]:,.0f} rows", noise([run["wall"] for run in found[what]])))
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
    parser.add_argument("--measure", choices=["read", "net", "check"], help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure == "read":
        print(json.dumps(measure_read(args.file)))
        return 0
    if args.measure:
        work = {"net": measure_net, "check": measure_check}[args.measure]
        print(json.dumps(work(args.file, args.minima or None)))
        return 0
    good = ratios(traffic.cached(10_000), args.runs, args.minima or None)
    if not args.no_growth:
        good &= growth(max(args.runs * 3 // 5, 1), args.minima or None)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
