"""Agreements and logs for the tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from overflight.agreement.logs import read_logs
from overflight.agreement.read import read_agreement
from overflight.api import check

PARTIES = """
title = "test"
[[party]]
id = "n"
{n_border}
aircraft = {{ callsign = ["N*"], icao24 = ["AE0000-AEFFFF"] }}
  [[party.version]]
  name = "signed"
  since = 2010-01-01
  {n}
[[party]]
id = "s"
{s_border}
aircraft = {{ callsign = ["S*"], track_id = ["marked"] }}
  [[party.version]]
  name = "signed"
  since = 2010-01-01
  {s}
"""


CALIFORNIA = Path(__file__).resolve().parents[1] / "data/agreement"


def halves() -> dict[str, Any]:
    """An agreement and logs for the demo recording, as parameters of a check: every rule finds something."""
    return {"agreement": read_agreement(CALIFORNIA / "california.toml"), "logs": read_logs(CALIFORNIA / "calls.csv")}


def write(folder: Path, rules: str, *, n: str = "", s: str = "", n_border: str = "", s_border: str = "") -> Path:
    """Write an agreement of two parties, "n" and "s"."""
    path = folder / "agreement.toml"
    path.write_text(PARTIES.format(n=n, s=s, n_border=n_border, s_border=s_border) + rules)
    return path


def box(folder: Path, name: str, west: float, south: float, east: float, north: float, **properties: Any) -> str:
    """Write a volume of four corners as GeoJSON; returns the file's name."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    told = {
        "id": name,
        "name": name,
        "kind": "keep_out",
        "floor": "SFC",
        "ceiling": "UNL",
        "accuracy_m": 10,
    } | properties
    feature = {"type": "Feature", "properties": told, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (folder / f"{name}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return f"{name}.geojson"


def breaches(folder: Path, path: Path, flights: Iterable[pl.DataFrame], log: str | None = None) -> list[dict[str, Any]]:
    """Check flights against an agreement; returns the breaches."""
    logs = []
    if log is not None:
        (folder / "log.csv").write_text(log)
        logs = [folder / "log.csv"]
        read_logs(*logs)
    found = check(
        pl.concat(list(flights), how="diagonal"),
        nets="breach",
        agreement=read_agreement(path),
        logs=logs,
        vertical_tolerance="0 ft",
    )
    return found.to_polars().to_dicts()
