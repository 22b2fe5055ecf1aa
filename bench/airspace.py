"""Airspace entered: 7.2 million positions against 2,000 volumes, beside the separation check and GeoPandas in the same run.

    python bench/airspace.py [--runs 3]

The positions are one hour of 10,000 aircraft (`traffic.py`); the volumes the world's flight information regions and sectors
(bundled), and seeded zones of 5 to 80 km between flight levels where the traffic is. *Check* is everything, from the file to the
events. *Net alone* is the incursion net on positions that lie in memory and have passed the gate. GeoPandas (in an environment of
its own, `.bench-venv-geo`) is given the same positions and areas and joins them (`sjoin`, predicate "within"): which point is in
which area, no crossing, no level; what it needs before (reading, making points) is not counted.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import traffic
from figures import Figure, Stopwatch, at_least, at_most, child, noise, peak_mb, show

ROOT = Path(__file__).resolve().parent.parent
PEER = ROOT / ".bench-venv-geo"
PACKAGES = ["geopandas==1.1.1", "pyarrow"]
VOLUMES = 2_000


def zones(count: int) -> list[dict[str, Any]]:
    """Seeded zones where the traffic is, as GeoJSON features."""
    import pyproj

    geod, rng = pyproj.Geod(ellps="WGS84"), np.random.default_rng(7)
    found = []
    for k in range(count):
        far = 2.2e6 * np.sqrt(rng.uniform())
        lon, lat, _ = geod.fwd(traffic.CENTRE[1], traffic.CENTRE[0], rng.uniform(0, 360), far)
        corners = int(rng.integers(5, 40))
        azimuth = -360.0 * (np.arange(corners) + rng.uniform(0, 0.8, corners)) / corners
        reach = rng.uniform(5e3, 80e3) * rng.uniform(0.6, 1.0, corners)
        x, y, _ = geod.fwd(np.full(corners, lon), np.full(corners, lat), azimuth, reach)
        ring = np.round(np.stack([x, y], axis=-1), 6).tolist()
        floor = int(rng.choice([0, 60, 150, 245]))
        told = {"id": f"Z{k}", "floor": f"FL{floor:03d}" if floor else "SFC", "ceiling": f"FL{floor + 150:03d}"}
        geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        found.append({"type": "Feature", "properties": told, "geometry": geometry})
    return found


def regions() -> list[dict[str, Any]]:
    """The bundled flight information regions and sectors, as GeoJSON features, but for the few that are refused."""
    from overflight.airspace.readers.geojson import read

    packed = next((ROOT / "src/overflight/airspace/data/vatspy").glob("*.gz"))
    document = json.loads(gzip.decompress(packed.read_bytes()))
    refused = {one.source.rpartition(" ")[2] for one in read(json.dumps(document).encode(), "firs").refused}
    taken = [one for number, one in enumerate(document["features"], start=1) if str(number) not in refused]
    return [one | {"geometry": closed(one["geometry"])} for one in taken]


def closed(geometry: dict[str, Any]) -> dict[str, Any]:
    """A polygon or several whose rings end where they begin: GeoPandas refuses others, and two of the regions have them."""

    def ring(points: list[list[float]]) -> list[list[float]]:
        return points if points[0] == points[-1] else [*points, points[0]]

    parts, several = geometry["coordinates"], geometry["type"] == "MultiPolygon"
    rings = [[ring(one) for one in part] for part in parts] if several else [ring(one) for one in parts]
    return geometry | {"coordinates": rings}


def measure_check(path: Path, area: Path, net: str) -> dict[str, Any]:
    import overflight

    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"minima": "5 NM/1000 ft"} if net == "separation" else {"airspace": area}
        with Stopwatch() as watch:
            events = overflight.check(path, nets=net, **options)
            events.write(Path(folder, "events.parquet"))
    return {"wall": watch.wall, "cpu": watch.cpu, "peak_mb": peak_mb(), "events": len(events)}


def measure_net(path: Path, area: Path) -> dict[str, Any]:
    import overflight
    from overflight.engine.history import ROWS
    from overflight.nets.base import Findings
    from overflight.nets.incursion import Incursion, IncursionParameters
    from overflight.surveillance.batch import TrackNames, batch_of
    from overflight.surveillance.integrity import Gate, Thresholds

    names, table = TrackNames(), overflight.read(path).table
    volumes = overflight.read_airspace(area).volumes
    gate = Gate(Thresholds(), names, os.cpu_count() or 1)
    batches = [gate.judge(batch_of(table.slice(k, ROWS), names, k)) for k in range(0, table.height, ROWS)]
    with Stopwatch() as build:
        net = Incursion(IncursionParameters(volumes, threads=os.cpu_count() or 1), names)
    with Stopwatch() as watch:
        found = [Findings.none()]
        for batch in batches:
            net.update(batch)
            found.append(net.advance(int(batch.time_us[-1])))
        events = Findings.together([*found, net.finish()]).events
    return {"wall": watch.wall, "cpu": watch.cpu, "build": build.wall, "events": events.height, "volumes": len(volumes)}


GEOPANDAS = """
import json, sys, time
import geopandas, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1], columns=["longitude", "latitude"])
points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(table["longitude"], table["latitude"]), crs=4326)
areas = geopandas.read_file(sys.argv[2])[["id", "geometry"]]
wall, cpu = time.perf_counter(), time.process_time()
joined = points.sjoin(areas, predicate="within")
print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "pairs": len(joined)}))
"""


def environment() -> Path:
    """The interpreter of the peer's environment, which is made where it is missing."""
    python, done = PEER / "bin/python", PEER / ".complete"
    if not done.exists():
        uv = shutil.which("uv") or ROOT / ".tools/bin/uv"
        print(f"making {PEER.name} with {', '.join(PACKAGES)} ...", flush=True)
        subprocess.run([str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(PEER)], check=True)
        subprocess.run([str(uv), "pip", "install", "--quiet", "--python", str(python), *PACKAGES], check=True)
        done.write_text("\n")
    return python


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", choices=("separation", "incursion", "net"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--area", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        net = args.measure == "net"
        print(
            json.dumps(measure_net(args.file, args.area) if net else measure_check(args.file, args.area, args.measure))
        )
        return 0
    path, python = traffic.cached(10_000), environment()
    path.read_bytes()
    found: dict[str, list[dict[str, Any]]] = {"separation": [], "incursion": [], "net": [], "geopandas": []}
    with tempfile.TemporaryDirectory() as folder:
        area, script = Path(folder, "volumes.geojson"), Path(folder, "join.py")
        features = regions()
        features += zones(VOLUMES - len(features))
        area.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        script.write_text(GEOPANDAS)
        for _ in range(args.runs):
            for what in ("separation", "incursion", "net"):
                found[what].append(child(__file__, "--measure", what, "--file", path, "--area", area))
            found["geopandas"].append(child(str(script), path, area, python=str(python)))
    walls = {what: statistics.median(run["wall"] for run in runs) for what, runs in found.items()}
    figures = [
        Figure("volumes", f"{found['net'][-1]['volumes']:,}"),
        Figure("stays found", f"{found['net'][-1]['events']:,}"),
    ]
    for time in ("wall", "cpu"):
        figures += [Figure(f"{what}, {time}", noise([run[time] for run in runs])) for what, runs in found.items()]
    figures.append(Figure("index built in", noise([run["build"] for run in found["net"]])))
    figures += [
        at_most("check for incursions / check for separation", walls["incursion"] / walls["separation"], 3, "x"),
        at_least("GeoPandas sjoin / net alone", walls["geopandas"] / walls["net"], 10, "x"),
        at_most("peak memory", max(run["peak_mb"] for run in found["incursion"]) / 1000, 2.5, " GB"),
    ]
    return 0 if show(f"7.2 million positions against {VOLUMES:,} volumes; {args.runs} runs", figures) else 1


if __name__ == "__main__":
    sys.exit(main())
