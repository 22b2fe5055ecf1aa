"""The closest points of approach by the `traffic` library, for `peers.py`; runs in that library's own environment.

    .bench-venv/bin/python -I bench/peer_cpa.py SAMPLE.parquet WORKERS

Prints one JSON object: CPU and wall time of the preparation that the method needs (positions of all flights on one
clock) and of the method itself, worker processes included, and the pairs within 5 NM and 1,000 ft.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings

warnings.simplefilter("ignore")

import pandas as pd  # noqa: E402
import pyproj  # noqa: E402
from traffic.core import Traffic  # noqa: E402

from traffic import __version__  # noqa: E402


def now() -> tuple[float, float]:
    """CPU time of this process and of its workers that have ended, and wall time."""
    own, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime, time.perf_counter()


def main() -> None:
    table = pd.read_parquet(sys.argv[1]).assign(flight_id=lambda df: df.track_id)
    lat, lon = table.latitude.median(), table.longitude.median()
    plane = pyproj.Proj(proj="lcc", lat_0=lat, lon_0=lon, lat_1=lat - 2, lat_2=lat + 2)
    clock = [now()]
    resampled = Traffic(table).resample("1s").eval()
    clock.append(now())
    found = resampled.closest_point_of_approach(
        lateral_separation=5 * 1852, vertical_separation=1000, projection=plane, max_workers=int(sys.argv[2])
    )
    clock.append(now())
    close = found.data.query("lateral < 5 and vertical < 1000")
    pairs = {tuple(sorted(pair)) for pair in zip(close.flight_id_x, close.flight_id_y, strict=True)}
    (cpu0, wall0), (cpu1, wall1), (cpu2, wall2) = clock
    told = {
        "version": __version__, "pandas": pd.__version__, "pairs": sorted(pairs),
        "prepare_cpu": cpu1 - cpu0, "prepare_wall": wall1 - wall0, "cpu": cpu2 - cpu1, "wall": wall2 - wall1,
    }  # fmt: skip
    print()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
