"""How fast recordings are read, beside the plain library on the same bytes in the same run.

    python bench/read.py [--quick]

Prints medians over several runs, taken in turn so that both see the same machine, and the peak memory of each in a
process of its own. What the plain library does is less: no checks, no identity, no order.
"""

from __future__ import annotations

import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import rs1090

from overflight.surveillance.read import read

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "examples/california-2025/adsblol_20250602_36_-122.jsonl.gz"
FRAMES = ROOT / "tests/data/mode_s/rs1090_raw_frames_393322_20240706_first20000.jsonl.gz"
QUICK = "--quick" in sys.argv
RUNS = 3 if QUICK else 5


@dataclass(frozen=True)
class Case:
    name: str
    rows: int
    path: Path
    plain_name: str
    plain: Callable[[Path], object]
    target: str
    met: Callable[[float, float], bool]  # rows/s, times of the plain library


def jsonl(folder: Path) -> Case:
    """The demo, again and again, a day later each time."""
    rows = [json.loads(line) for line in gzip.decompress(DEMO.read_bytes()).splitlines()]
    path, count = folder / "readsb.jsonl", 3 if QUICK else 25
    with path.open("w") as file:
        for day in range(count):
            for row in rows:
                file.write(json.dumps({**row, "now": row["now"] + 86_400 * day}, separators=(",", ":")) + "\n")
    schema = {name: pl.String if name in {"alt_baro", "hex", "flight", "squawk"} else pl.Float64 for name in rows[0]}
    schema["flightdict"] = pl.Struct({"type": pl.String, "alt_geom": pl.Float64, "nic": pl.Int64, "nac_p": pl.Int64})
    return Case(
        "readsb JSON lines",
        len(rows) * count,
        path,
        "polars.read_ndjson",
        lambda path: pl.read_ndjson(path, schema=schema),
        ">= 300,000 rows/s",
        lambda rate, _: rate >= 300_000,
    )


def sbs(folder: Path) -> Case:
    """Messages as receivers mix them: half of them with a position."""
    rng = np.random.default_rng(7)
    path, count = folder / "data.sbs", 200_000 if QUICK else 1_000_000
    start = datetime(2025, 6, 2, tzinfo=UTC)
    with path.open("w") as file:
        for at, (kind, who) in enumerate(
            zip(rng.choice([1, 3, 3, 3, 4, 4, 5, 6], count), rng.integers(0, 500, count), strict=True)
        ):
            when = start + timedelta(milliseconds=4 * at)
            stamp = when.strftime("%Y/%m/%d,%H:%M:%S.") + f"{when.microsecond // 1000:03d}"
            fields = [""] * 12
            if kind == 1:
                fields[0] = f"ABC{who}"
            elif kind == 3:
                fields[1], fields[4], fields[5] = "37000", f"{36 + at % 1000 / 1e3:.5f}", f"{-122 + at % 777 / 777:.5f}"
            elif kind == 4:
                fields[2], fields[3], fields[6] = "288", "103", "-832"
            elif kind == 5:
                fields[1] = "37000"
            else:
                fields[7] = "0440"
            file.write(f"MSG,{kind},1,1,{0xA00000 + who:06X},1,{stamp},{stamp},{','.join(fields)}\r\n")
    return Case(
        "SBS",
        count,
        path,
        "polars.read_csv",
        lambda path: pl.read_csv(path, has_header=False, infer_schema=False),
        ">= 300,000 lines/s",
        lambda rate, _: rate >= 300_000,
    )


def parquet(folder: Path) -> Case:
    """One hour of 10,000 aircraft, a report every 5 s, in the columns that an exchange of positions has."""
    rng, count, steps = np.random.default_rng(1), 10_000, 72 if QUICK else 720
    rows = count * steps
    micros = 1_444_176_000_000_000 + np.arange(steps)[:, None] * 5_000_000 + rng.integers(0, 5_000_000, count)[None, :]
    who = np.tile(np.arange(count), steps)
    address = pl.Series([f"{at:06x}" for at in range(0x3C0000, 0x3C0000 + count)])[who]
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series(micros.ravel()).cast(pl.Datetime("us", "UTC")),
            "track_id": "adsb:" + address,
            "icao24": address,
            "callsign": pl.Series([f"ABC{at:04d}" for at in range(count)])[who],
            "squawk": pl.Series([f"{at % 8}{at % 7}{at % 5}{at % 6}" for at in range(count)])[who],
            "latitude": rng.uniform(40, 55, rows).round(6),
            "longitude": rng.uniform(-5, 25, rows).round(6),
            "altitude": (rng.integers(10, 450, rows) * 100).astype(np.float32),
            "geoaltitude": (rng.integers(10, 450, rows) * 100).astype(np.float32),
            "groundspeed": rng.uniform(100, 500, rows).astype(np.float32),
            "track": rng.uniform(0, 360, rows).astype(np.float32),
            "vertical_rate": (rng.integers(-30, 30, rows) * 64).astype(np.float32),
            "onground": np.zeros(rows, dtype=np.bool_),
            "nic": np.full(rows, 8, np.uint8),
            "nac_p": np.full(rows, 9, np.uint8),
            "sil": np.full(rows, 3, np.uint8),
        }
    )
    path = folder / "positions.parquet"
    frame.sort("timestamp").write_parquet(path)
    return Case("Parquet", rows, path, "pyarrow", pq.read_table, "<= 1.3x pyarrow", lambda _, times: times <= 1.3)


def mode_s(folder: Path) -> Case:
    """Raw frames of one aircraft, again and again, an hour later each time."""
    rows = [json.loads(line) for line in gzip.decompress(FRAMES.read_bytes()).splitlines()]
    path, count = folder / "frames.jsonl", 2 if QUICK else 8
    frames = [row["frame"] for row in rows] * count
    seconds = [row["timestamp"] + 3600 * hour for hour in range(count) for row in rows]
    with path.open("w") as file:
        for frame, second in zip(frames, seconds, strict=True):
            file.write(json.dumps({"timestamp": second, "frame": frame}) + "\n")
    return Case(
        "Mode S",
        len(frames),
        path,
        "rs1090.decode",
        lambda _: rs1090.decode(frames, seconds),
        "<= 1.2x rs1090",
        lambda _, times: times <= 1.2,
    )


def seconds_of(work: Callable[[Path], object], path: Path) -> float:
    start = time.perf_counter()
    work(path)
    return time.perf_counter() - start


MEASURE = """
import sys
from pathlib import Path
import polars, pyarrow.parquet, rs1090
from overflight.surveillance.read import read
def peak(): return int(next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line).split()[1])
before = peak()
table = read(sys.argv[1]).table
print(peak() - before, table.to_arrow().nbytes)
"""


def memory_of(path: Path) -> tuple[float, float]:
    """Peak memory above that of the imports, and the size of the table, in MB; a process of its own measures it."""
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], check=True, capture_output=True, text=True)
    peak_kb, size = map(int, done.stdout.split())
    return peak_kb / 1e3, size / 1e6


def main() -> None:
    columns = ("format", "rows", "overflight", "rows/s", "plain", "", "ratio", "peak MB", "table MB", "target", "")
    print("{:<18} {:>9} {:>10} {:>10}   {:<18} {:>8} {:>6} {:>8} {:>9}   {:<18} {}".format(*columns))
    with tempfile.TemporaryDirectory() as folder:
        for make in (jsonl, sbs, parquet, mode_s):
            case = make(Path(folder))
            ours, plain = [], []
            for _ in range(RUNS):
                plain.append(seconds_of(case.plain, case.path))
                ours.append(seconds_of(read, case.path))
            our, their = statistics.median(ours), statistics.median(plain)
            peak, size = memory_of(case.path)
            rate, times = case.rows / our, our / their
            print(
                f"{case.name:<18} {case.rows:>9,} {our:>8.2f} s {rate:>10,.0f}   {case.plain_name:<18} {their:>6.2f} s"
                f" {times:>6.2f} {peak:>8.0f} {size:>9.0f}   {case.target:<18} {'met' if case.met(rate, times) else 'MISSED'}"
            )
            case.path.unlink()


if __name__ == "__main__":
    main()
