"""What the benchmarks share: a measured child process, medians with their noise, and a table with the limit beside."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A line of the table: what was measured, its value, its limit (None where it is only shown), and whether it holds."""

    name: str
    value: str
    limit: str = ""
    holds: bool | None = None


class Stopwatch:
    """Wall and CPU time (all threads of this process) of a `with` block, s."""

    wall = cpu = 0.0

    def __enter__(self) -> Stopwatch:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu


def peak_mb() -> float:
    """The most memory that this process ever held, MB (10^6 bytes)."""
    for line in Path("/proc/self/status").read_text().splitlines() if Path("/proc/self/status").exists() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def child(script: str, *arguments: object, python: str = sys.executable, isolated: bool = False) -> dict[str, Any]:
    """Run `script` in a process of its own; it prints one JSON object as its last line."""
    options = ["-I"] if isolated else []
    command = [python, *options, script, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"{' '.join(command)}\n{run.stdout[-2000:]}{run.stderr[-4000:]}")
    return json.loads(run.stdout.splitlines()[-1])


def noise(values: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """The median, and in brackets the least and the greatest."""
    return f"{statistics.median(values):.{digits}f} {unit} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def show(title: str, figures: Sequence[Figure]) -> bool:
    """Print the table; returns whether every limit holds."""
    print(f"\n{title}  [{os.cpu_count()} cores]")
    widths = [max(len(row[k]) for row in [(f.name, f.value, f.limit) for f in figures]) for k in range(3)]
    for figure in figures:
        mark = {None: "", True: "holds", False: "FAILS"}[figure.holds]
        print(
            f"  {figure.name:<{widths[0]}}  {figure.value:>{widths[1]}}  {figure.limit:<{widths[2]}}  {mark}".rstrip()
        )
    return all(figure.holds is not False for figure in figures)


def at_most(name: str, value: float, limit: float, unit: str = "", digits: int = 2, shown: str | None = None) -> Figure:
    """A figure that must not pass a limit."""
    return Figure(name, shown or f"{value:.{digits}f}{unit}", f"at most {limit:g}{unit}", value <= limit)


def at_least(name: str, value: float, limit: float, unit: str = "", digits: int = 0) -> Figure:
    """A figure that must reach a limit."""
    return Figure(name, f"{value:,.{digits}f}{unit}", f"at least {limit:g}{unit}", value >= limit)
