"""What was found: the event table, its identity, and its export.

One row an event, the same columns for every kind and in every export, null where they do not apply.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from overflight.errors import ParameterError
from overflight.files import STDOUT, refuse_missing_folder, whole_file

EVENT_SCHEMA: Final[dict[str, pl.DataType]] = {
    "id": pl.String(),
    "kind": pl.String(),
    "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
    "time": pl.Datetime("us", "UTC"),  # of the worst moment, as are place and distances
    "track_a": pl.String(),
    "track_b": pl.String(),
    "party_a": pl.String(),
    "party_b": pl.String(),
    "volume": pl.String(),
    "rule": pl.String(),
    "verdict": pl.String(),
    "severity": pl.Float64(),
    "band": pl.String(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "altitude_ft": pl.Float64(),
    "horizontal_nm": pl.Float64(),
    "vertical_ft": pl.Float64(),
    "closure_kt": pl.Float64(),
    "duration_s": pl.Float64(),
    "depth_m": pl.Float64(),
    "path_m": pl.Float64(),
    "why": pl.String(),
    "parameters": pl.String(),  # JSON
    "inputs": pl.String(),  # SHA-256 digests, joined by a space
}
"""Column names and Polars types of the event table, in order."""

OUTPUTS: Final = (".parquet", ".csv", ".json", ".geojson", ".geoparquet", ".kml", ".html")
KINDS: Final = ("separation", "conflict", "incursion", "hazard", "lost", "breach", "interference", "outage")
VERDICTS: Final = ("confirmed", "undetermined", "refuted")
BANDS: Final = ("below 0.25", "0.25 to 0.5", "0.5 to 0.75", "above 0.75")
"""Provisional severity bands: the share of the minimum that was left at the worst moment (the smaller, the graver)."""

REASONS: Final = ("formation", "well clear", "near an airport", "rules of flight unknown", "integrity")
"""Why an encounter below the widest minima is no event; see `DISMISSED_SCHEMA`."""

DISMISSED_SCHEMA: Final[dict[str, pl.DataType]] = {
    "track_a": pl.String(),
    "track_b": pl.String(),
    "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
    "time": pl.Datetime("us", "UTC"),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "altitude_ft": pl.Float64(),
    "horizontal_nm": pl.Float64(),
    "vertical_ft": pl.Float64(),
    "duration_s": pl.Float64(),
    "reason": pl.String(),  # one of REASONS; for "integrity" followed by the flag, "integrity: duplicate"
    "why": pl.String(),
}
"""Encounters that are no events, with the reason: the same columns as the event table where they mean the same."""


def band(severity: float) -> str:
    """Name the provisional band that a severity (0 collision to 1 minimum just kept) falls in."""
    return BANDS[sum(severity >= limit for limit in (0.25, 0.5, 0.75))]


_CANONICAL: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def event_id(kind: str, subjects: Iterable[str | None], volume: str | None, rule: str | None, start: datetime) -> str:
    """Derive an event's identity from what it is, not from how it was found.

    The hash of kind, subjects, volume, rule and the start in whole milliseconds (rounded down), as canonical JSON:
    the same input gives the same id on any machine. 32 hexadecimal digits (128 bits).
    """
    micros = round((start - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6)
    what = [kind, list(subjects), volume, rule, micros // 1000]
    return hashlib.sha256(_CANONICAL.encode(what).encode()).hexdigest()[:32]


def gravest_first(events: pl.DataFrame) -> pl.DataFrame:
    """Sort events for a person: near mid-air collisions, then by severity, which compares only under one rule.

    Those without severity follow: confirmed ones, then the deepest.
    """
    nmac = pl.col("parameters").str.contains('"nmac": true', literal=True).fill_null(False)
    unrated = pl.col("severity").is_null()
    doubtful, depth = unrated & (pl.col("verdict") != "confirmed"), pl.when(unrated).then("depth_m")
    order = [True, False, False, True, False, False]
    return events.sort(nmac, "severity", doubtful, depth, "start", "id", descending=order, nulls_last=True)


def write_events(events: pl.DataFrame, path: Path) -> None:
    """Write an event table in the format that the suffix names; the file appears whole or not at all.

    "-" is standard output, as CSV.

    Raises:
        ParameterError: a suffix that is none of `OUTPUTS` for a table.
        InputError: the file cannot be written.
    """
    refuse_output(path)
    if path == STDOUT:
        sys.stdout.write(_iso(events).write_csv())
        return
    writers = {
        ".parquet": _parquet,
        ".csv": _csv,
        ".json": _json,
        ".geojson": _geojson,
        ".geoparquet": _geoparquet,
        ".kml": _kml,
    }
    with whole_file(path) as temporary:
        writers[path.suffix.lower()](events, temporary)


def refuse_output(path: Path) -> None:
    """Say that an output cannot be written, before any work is done for it.

    Raises:
        ParameterError: the name ends in no format.
        InputError: there is no such folder.
    """
    if path == STDOUT:
        return
    if path.suffix.lower() not in OUTPUTS:
        raise ParameterError("--out", str(path), "names no known format", remedy=f"end it in {', '.join(OUTPUTS)}")
    refuse_missing_folder(path)


def _parquet(events: pl.DataFrame, path: Path) -> None:
    events.write_parquet(path, compression="zstd")


def _iso(events: pl.DataFrame) -> pl.DataFrame:
    """Times as ISO 8601 with microseconds, for formats that are text."""
    return events.with_columns(pl.col("start", "end", "time").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))


def _csv(events: pl.DataFrame, path: Path) -> None:
    _iso(events).write_csv(path)


def records(events: pl.DataFrame) -> list[dict[str, Any]]:
    """Return events, or dismissed encounters, as plain records, ready for JSON."""
    rows = _iso(events).to_dicts()
    for row in rows:
        if row.get("parameters") is not None:
            row["parameters"] = json.loads(row["parameters"])
    return rows


def from_records(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Return the event table of records that `records` made."""
    times, text = ("start", "end", "time"), pl.String()
    told = [{**row, "parameters": None if row["parameters"] is None else json.dumps(row["parameters"])} for row in rows]
    schema = {name: text if name in times else kind for name, kind in EVENT_SCHEMA.items()}
    table = pl.DataFrame([{name: row.get(name) for name in schema} for row in told], schema=schema, orient="row")
    return table.with_columns(pl.col(times).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC"))


def _json(events: pl.DataFrame, path: Path) -> None:
    path.write_text(json.dumps(records(events), indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _geojson(events: pl.DataFrame, path: Path) -> None:
    features = [
        {
            "type": "Feature",
            "id": row["id"],
            "geometry": None
            if row["latitude"] is None
            else {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
            "properties": row,
        }
        for row in records(events)
    ]
    collection = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _geoparquet(events: pl.DataFrame, path: Path) -> None:
    """Write GeoParquet 1.1: the table and a column of points as WKB, in longitude and latitude (OGC:CRS84, what it takes where none is named)."""
    places = zip(events["longitude"], events["latitude"], strict=True)
    points = [None if x is None or y is None else struct.pack("<BIdd", 1, 1, x, y) for x, y in places]
    about = {"encoding": "WKB", "geometry_types": ["Point"]}
    told = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}
    table = events.with_columns(geometry=pl.Series(points, dtype=pl.Binary))
    table.write_parquet(path, compression="zstd", metadata={"geo": json.dumps(told)})


def _kml(events: pl.DataFrame, path: Path) -> None:
    """Write KML 2.3 (OGC 12-007r2): one placemark an event, with its time and everything that the table has."""
    from lxml import etree

    place = "http://www.opengis.net/kml/2.2"
    root = etree.Element(f"{{{place}}}kml", nsmap={None: place})  # type: ignore[arg-type]  # its stubs know no default namespace
    document = etree.SubElement(root, f"{{{place}}}Document")

    def add(parent: Any, tag: str, text: str | None = None, /, **attributes: str) -> Any:
        one = etree.SubElement(parent, f"{{{place}}}{tag}", attributes)
        # What no XML can hold is replaced, and seen to be.
        one.text = (
            None
            if text is None
            else "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
        )
        return one

    add(document, "name", "Events found by Overflight")
    for row in records(events):
        mark = add(document, "Placemark", id=f"event-{row['id']}")
        add(mark, "name", " ".join([row["kind"], *(row[side] for side in ("track_a", "track_b") if row[side])]))
        add(mark, "description", row["why"])
        span = add(mark, "TimeSpan")
        add(span, "begin", row["start"])
        add(span, "end", row["end"])
        more = add(mark, "ExtendedData")
        for name, value in row.items():
            if value is not None and name != "why":
                told = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
                add(add(more, "Data", name=name), "value", told)
        if row["latitude"] is not None:
            add(add(mark, "Point"), "coordinates", f"{row['longitude']},{row['latitude']}")
    etree.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True, pretty_print=True)
