"""Convert the 1:10 million Natural Earth countries from npm `world-atlas` (TopoJSON) into the bundled map data.

Run once, by hand, when the map is to be renewed; the result is committed:

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python tools/make_natural_earth.py package/countries-10m.json src/overflight/earth/data/natural_earth_10m.npz

The topology is kept: a border that two countries share is stored once and both refer to it, so that polygons made from
the arcs fit without gap or overlap. Each array of the result:

    dx, dy          int16   steps along the arcs, in quanta; x is continuous along an arc (it may leave 0..period at the
                            antimeridian), so that no arc has a seam
    arc_end         int32   end of each arc's steps in dx and dy
    x0, y0          int32   first point of each arc, in quanta
    west .. north   int32   box around each arc, in quanta; east - west may span the antimeridian
    uses            uint8   how many rings use the arc: 1 is coast, 2 is a border between two countries
    ring_arc        int32   arcs of all rings, one after another; ~i is arc i taken backwards (TopoJSON)
    ring_end        int32   end of each ring in ring_arc
    ring_polygon    int32   polygon that each ring belongs to; a polygon's first ring is its shell, the others holes
    polygon_country int32   country that each polygon belongs to
    country_id      str     ISO 3166-1 numeric, "" where Natural Earth has none (Kosovo, Northern Cyprus, ...)
    country_name    str
    scale, offset   float64 degrees = quanta * scale + offset, for longitude and latitude
    period          int32   quanta in 360 degrees of longitude
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np


def unwrapped(steps: np.ndarray, period: int) -> np.ndarray:
    """Take the short way round wherever a step goes more than half round the world."""
    return steps - period * np.round(steps / period).astype(np.int64)


def convert(topology: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the arrays that the module docstring describes."""
    scale = np.array(topology["transform"]["scale"])
    offset = np.array(topology["transform"]["translate"])
    period = round(360.0 / scale[0])
    countries = topology["objects"]["countries"]["geometries"]

    ring_arcs: list[list[int]] = []
    ring_polygon: list[int] = []
    polygon_country: list[int] = []
    for index, country in enumerate(countries):
        if "arcs" not in country:
            continue
        for polygon in [country["arcs"]] if country["type"] == "Polygon" else country["arcs"]:
            ring_arcs += polygon
            ring_polygon += [len(polygon_country)] * len(polygon)
            polygon_country.append(index)
    uses = Counter(arc if arc >= 0 else ~arc for ring in ring_arcs for arc in ring)

    boxes, firsts, steps = [], [], []
    for arc in topology["arcs"]:
        delta = np.array(arc, dtype=np.int64)
        delta[1:, 0] = unwrapped(delta[1:, 0], period)
        points = np.cumsum(delta, axis=0)
        firsts.append(delta[0])
        steps.append(delta[1:])
        boxes.append(np.concatenate([points.min(axis=0), points.max(axis=0)]))
    step, first, box = np.concatenate(steps), np.array(firsts), np.array(boxes)
    if np.abs(step).max() > np.iinfo(np.int16).max:
        raise SystemExit("a step does not fit 16 bits: the input is not the 1:10 million topology")
    return {
        "dx": step[:, 0].astype(np.int16),
        "dy": step[:, 1].astype(np.int16),
        "arc_end": np.cumsum([len(arc) for arc in steps]).astype(np.int32),
        "x0": first[:, 0].astype(np.int32),
        "y0": first[:, 1].astype(np.int32),
        "west": box[:, 0].astype(np.int32),
        "south": box[:, 1].astype(np.int32),
        "east": box[:, 2].astype(np.int32),
        "north": box[:, 3].astype(np.int32),
        "uses": np.array([uses[i] for i in range(len(steps))], dtype=np.uint8),
        "ring_arc": np.array([arc for ring in ring_arcs for arc in ring], dtype=np.int32),
        "ring_end": np.cumsum([len(ring) for ring in ring_arcs]).astype(np.int32),
        "ring_polygon": np.array(ring_polygon, dtype=np.int32),
        "polygon_country": np.array(polygon_country, dtype=np.int32),
        "country_id": np.array([country.get("id") or "" for country in countries]),
        "country_name": np.array([country["properties"]["name"] for country in countries]),
        "scale": scale,
        "offset": offset,
        "period": np.array(period, dtype=np.int32),
    }


def main() -> None:
    """Convert the file named first into the file named second."""
    if len(sys.argv) != 3:
        raise SystemExit("usage: make_natural_earth.py countries-10m.json natural_earth_10m.npz")
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    np.savez_compressed(target, **convert(json.loads(source.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
