"""Check results made by hand: straight flights and the event that a net would find in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from pyproj import Geod

from overflight.airspace.notices import Audit
from overflight.airspace.volume import Airspace
from overflight.engine.borders import Withheld
from overflight.engine.result import CheckResult, Summary
from overflight.events import DISMISSED_SCHEMA, EVENT_SCHEMA, band, event_id
from overflight.surveillance.recording import Drops, Recording, SourceFile
from overflight.surveillance.table import POSITION_SCHEMA

GEOD = Geod(ellps="WGS84")
START = datetime(2015, 10, 7, 3, 0, tzinfo=UTC)


def flight(
    track_id: str,
    at: tuple[float, float],
    heading: float,
    *,
    altitude_ft: float | None = 10000.0,
    callsign: str | None = None,
    speed_mps: float = 120.0,
    seconds: int = 300,
    every_s: int = 5,
    climb_fpm: float = 0.0,
) -> pl.DataFrame:
    """Fly straight through `at` (longitude, latitude) in the middle of the time."""
    times = np.arange(0, seconds + 1, every_s)
    middle = seconds / 2
    ones = np.ones(len(times))
    longitude, latitude, _ = GEOD.fwd(at[0] * ones, at[1] * ones, heading * ones, (times - middle) * speed_mps)
    columns = {
        "timestamp": [START + timedelta(seconds=int(second)) for second in times],
        "track_id": track_id,
        "callsign": callsign,
        "icao24": track_id[-6:],
        "latitude": latitude,
        "longitude": longitude,
        "altitude": None if altitude_ft is None else altitude_ft + climb_fpm * (times - middle) / 60.0,
        "groundspeed": speed_mps / 0.514444,
        "track": heading % 360.0,
        "accuracy": 92.6,
        "source": "synthetic",
        "flags": 0,
        "ref": "synthetic",
    }
    table = pl.DataFrame({"timestamp": columns["timestamp"]})
    for name, kind in POSITION_SCHEMA.items():
        value = columns.get(name)
        series = pl.Series(name, value) if isinstance(value, list | np.ndarray) else None
        table = table.with_columns((pl.lit(value) if series is None else series).cast(kind).alias(name))
    return table.select(list(POSITION_SCHEMA))


def event(a: pl.DataFrame, b: pl.DataFrame, *, severity: float = 0.3, **over: Any) -> dict[str, Any]:
    """The row that a net would give for two flights that are closest in the middle of their time."""
    middle = START + timedelta(seconds=150)
    states: list[dict[str, Any]] = []
    for table in (a, b):
        row = table.filter(pl.col("timestamp") == middle).row(0, named=True)
        states.append(
            {
                "latitude": row["latitude"],
                "longitude": row["longitude"],
                "altitude_ft": row["altitude"],
                "accuracy_m": 92.6,
                "ref_before": "synthetic",
                "ref_after": "synthetic",
                "groundspeed_kt": row["groundspeed"],
                "track_deg": row["track"],
                "vertical_rate_fpm": None,
                "callsign": row["callsign"],
                "squawk": "0421",
                "icao24": row["icao24"],
            }
        )
    one, two = states
    _, _, metres = GEOD.inv(one["longitude"], one["latitude"], two["longitude"], two["latitude"])
    heights = [state["altitude_ft"] for state in states]
    known = None not in heights
    ids = [table["track_id"][0] for table in (a, b)]
    parameters = {
        "horizontal_nm": 3.0,
        "vertical_ft": 1000.0,
        "vertical_tolerance_ft": 200.0,
        "max_gap_s": 60.0,
        "a": one,
        "b": two,
    }
    row = {
        "id": event_id("separation", ids, None, "radar", middle),
        "kind": "separation",
        "start": middle - timedelta(seconds=20),
        "end": middle + timedelta(seconds=20),
        "time": middle,
        "track_a": ids[0],
        "track_b": ids[1],
        "rule": "radar",
        "verdict": "confirmed",
        "severity": severity,
        "band": band(severity),
        "latitude": one["latitude"],
        "longitude": one["longitude"],
        "altitude_ft": heights[0],
        "horizontal_nm": metres / 1852.0,
        "vertical_ft": abs(heights[0] - heights[1]) if known else None,
        "closure_kt": 120.0,
        "duration_s": 40.0,
        "why": "held to 3 NM and 800 ft",
        "parameters": json.dumps(parameters),
        "inputs": "ab" * 32,
    }
    return row | over


def result(flights: list[pl.DataFrame], events: list[dict[str, Any]], **over: Any) -> CheckResult:
    """A check's result around flights and events."""
    table = pl.concat(flights) if flights else pl.DataFrame(schema=POSITION_SCHEMA)
    table = table.sort("timestamp", "track_id")
    found = pl.DataFrame(events, schema=EVENT_SCHEMA, orient="row").sort("start", "id")
    drops = Drops()
    drops.add("no position", 12, "flights.csv, line 18")
    summary: dict[str, Any] = {
        "files": 1,
        "rows": table.height,
        "outside": 0,
        "dropped": dict(drops.counts),
        "drop_examples": drops.examples,
        "start": table["timestamp"].min(),
        "end": table["timestamp"].max(),
        "tracks": table["track_id"].n_unique(),
        "aircraft": table["icao24"].n_unique(),
        "flagged": {"stale": 7, "duplicate": 3},
        "disqualified": 9,
        "track_minutes": 600.0,
        "track_minutes_no_altitude": 30.0,
        "isolated": 4,
        "encounters": 25,
        "dismissed": {"well clear": 20, "near an airport": 2},
        "explained": {"duplicate": 5},
        "events": {"separation": found.height} if found.height else {},
        "nets": ["separation"],
        "volumes": 0,
        "volumes_given": 0,
        "above_ground": 0,
        "noted": {},
        "refused": [],
        "withheld": Withheld(),
        "allows_nobody": [],
        "sensors": [],
        "notices": [],
        "agreement": [],
        "lines": [],
        "confirmed": found.filter(pl.col("verdict") == "confirmed").height,
        "undetermined": found.filter(pl.col("verdict") == "undetermined").height,
    }
    files = (SourceFile("flights.csv", "csv", "cd" * 32, table.height),)
    parameters = {"minima": "by each pair's rules of flight", "largest gap bridged": "60s"}
    return CheckResult(
        found,
        pl.DataFrame(schema=DISMISSED_SCHEMA),
        Recording(table, files, drops),
        Summary(**(summary | over)),
        parameters,
        Airspace(),
        Audit(),
    )


def crossing(
    number: int = 0, at: tuple[float, float] = (-121.5, 36.8), **over: Any
) -> tuple[list[pl.DataFrame], dict[str, Any]]:
    """Two flights that pass 0.5 NM apart, and their event."""
    longitude, latitude, _ = GEOD.fwd(at[0], at[1], 90.0, 926.0)
    a = flight(f"syn:a{number:05d}", at, 0.0, callsign=f"ALPHA{number}", altitude_ft=10000.0)
    b = flight(f"syn:b{number:05d}", (longitude, latitude), 300.0, callsign=f"BRAVO{number}", altitude_ft=10300.0)
    return [a, b], event(a, b, **over)
