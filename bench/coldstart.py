"""How long a user waits before anything happens: import, help, and the whole check of the demo recording.

    python bench/coldstart.py [--runs 9]

Each in a fresh process, the interpreter's start included (it is shown beside); medians of several runs, and in brackets
the least and the greatest. Files are in the page cache, byte code is compiled.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, at_most, noise, show

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "examples/california-2025/adsblol_20250602_36_-122.jsonl.gz"


def walls(command: list[str], runs: int) -> list[float]:
    """Wall times of `command`, the first, which fills the caches, left out."""
    times = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        times.append(time.perf_counter() - begin)
        if run.returncode:
            sys.exit(f"{' '.join(command)}\n{run.stderr[-2000:]}")
    return times[1:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    args = parser.parse_args()
    python, overflight = sys.executable, str(Path(sys.executable).with_name("overflight"))
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder, "events.parquet"))
        cases = [
            ("python -c pass", [python, "-c", "pass"], None),
            ("python -c 'import overflight'", [python, "-c", "import overflight"], 0.25),
            ("overflight --help", [overflight, "--help"], 0.5),
            ("overflight check DEMO --out events.parquet", [overflight, "check", str(DEMO), "--out", out], 3.0),
        ]
        figures = []
        for name, command, limit in cases:
            times = walls(command, args.runs)
            told = noise(times, digits=3)
            middle = statistics.median(times)
            figures.append(Figure(name, told) if limit is None else at_most(name, middle, limit, " s", shown=told))
    return 0 if show(f"Cold start; {args.runs} runs", figures) else 1


if __name__ == "__main__":
    sys.exit(main())
