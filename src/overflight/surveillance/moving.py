"""Tracks for the tools that people have: GeoParquet 1.1, OGC Moving Features JSON, KML and CZML, one piece of a track after the other.

A track is cut where nobody heard it for longer than `GAP_S`: a line over a gap would say that it flew there. Longitudes go on beyond 180 degrees
within a piece, so that no line runs around the Earth. Heights in metres are those above the ellipsoid where they were reported, else pressure
altitudes; both stand in the tables as they are.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import IO, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.units import FT_M

GAP_S: Final = 60.0
_NAMED: Final = ("track_id", "icao24", "callsign", "squawk", "party", "source")
_KML: Final = "http://www.opengis.net/kml/2.2"
_GX: Final = "http://www.google.com/kml/ext/2.2"


@dataclass(frozen=True)
class Piece:
    """A part of a track without a gap.

    Attributes:
        names: what it is called (`track_id` and what else was heard, the last of it).
        number: of the piece in its track, from 0.
        time_us: of each report, us since 1970.
        longitude, latitude: deg; longitudes go on beyond 180.
        height_m: above the ellipsoid or by pressure; NaN where none is known.
        altitude_ft: by pressure, NaN where none is known.
    """

    names: dict[str, str | None]
    number: int
    time_us: NDArray[np.int64]
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    height_m: NDArray[np.float64]
    altitude_ft: NDArray[np.float64]

    @property
    def id(self) -> str:
        """A name that no other piece has."""
        return f"{self.names['track_id']}#{self.number}"

    def text(self, k: int) -> str:
        """The time of a report, ISO 8601."""
        return (
            datetime.fromtimestamp(int(self.time_us[k]) / 1e6, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )


def pieces(table: pl.DataFrame) -> Iterator[Piece]:
    """Give the pieces of all tracks of a position table, track by track."""
    for part in table.sort("track_id", "timestamp", maintain_order=True).partition_by("track_id", maintain_order=True):
        # two reports of one moment are one: the first
        rows = part.unique("timestamp", keep="first", maintain_order=True)
        names = {name: _last(rows[name]) for name in _NAMED}
        time_us = rows["timestamp"].to_physical().to_numpy()
        cuts = [0, *(np.flatnonzero(np.diff(time_us) > GAP_S * 1e6) + 1).tolist(), rows.height]
        longitude = rows["longitude"].to_numpy()
        altitude_ft = rows["altitude"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        above_ft = rows["geoaltitude"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        height_m = np.where(np.isnan(above_ft), altitude_ft, above_ft) * FT_M
        for number, (first, end) in enumerate(pairwise(cuts)):
            some = slice(first, end)
            yield Piece(
                names,
                number,
                time_us[some],
                np.unwrap(longitude[some], period=360.0),
                rows["latitude"].to_numpy()[some],
                height_m[some],
                altitude_ft[some],
            )


def write_geoparquet(table: pl.DataFrame, file: IO[bytes]) -> None:
    """Write GeoParquet 1.1: a row a piece, with a line (a point, where it is one report) in longitude and latitude (OGC:CRS84)."""
    rows: list[dict[str, Any]] = []
    for one in pieces(table):
        known = one.altitude_ft[~np.isnan(one.altitude_ft)]
        rows.append(
            one.names
            | {
                "piece": one.number,
                "start": int(one.time_us[0]),
                "end": int(one.time_us[-1]),
                "reports": len(one.time_us),
                "altitude_min": float(known.min()) if len(known) else None,
                "altitude_max": float(known.max()) if len(known) else None,
                "geometry": _wkb(one),
            }
        )
    schema = {
        **dict.fromkeys(_NAMED, pl.String()),
        "piece": pl.Int64(),
        "start": pl.Int64(),
        "end": pl.Int64(),
        "reports": pl.Int64(),
        "altitude_min": pl.Float64(),
        "altitude_max": pl.Float64(),
        "geometry": pl.Binary(),
    }
    about = {
        "encoding": "WKB",
        "geometry_types": sorted({"Point" if row["reports"] == 1 else "LineString" for row in rows}),
    }
    told = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    frame = frame.with_columns(pl.col("start", "end").cast(pl.Datetime("us", "UTC")))
    frame.write_parquet(file, compression="zstd", metadata={"geo": json.dumps(told)})


def write_mfjson(table: pl.DataFrame, file: IO[bytes]) -> None:
    """Write OGC Moving Features JSON (OGC 19-045r3, MF-JSON Prism): a feature a piece, with altitudes as a temporal property."""
    file.write(b'{"type":"FeatureCollection","features":[')
    for number, one in enumerate(pieces(table)):
        # MEOS, which MobilityDB reads it by, knows no Z
        times = [one.text(k).replace("Z", "+00:00") for k in range(len(one.time_us))]
        feature: dict[str, Any] = {
            "type": "Feature",
            "id": one.id,
            "properties": {"id": one.id, **{name: value for name, value in one.names.items() if value is not None}},
            "temporalGeometry": {
                "type": "MovingPoint",
                "datetimes": times,
                "coordinates": np.stack([one.longitude, one.latitude], axis=1).round(7).tolist(),
                "interpolation": "Linear",
            },
        }
        known = np.flatnonzero(~np.isnan(one.altitude_ft))
        if len(known):
            altitude = {
                "type": "Measure",
                "form": "FOT",
                "values": one.altitude_ft[known].tolist(),
                "interpolation": "Linear",
            }
            feature["temporalProperties"] = [{"datetimes": [times[k] for k in known.tolist()], "altitude": altitude}]
        file.write((b"," if number else b"") + b"\n" + json.dumps(feature, ensure_ascii=False).encode())
    file.write(b"\n]}\n")


def write_kml(table: pl.DataFrame, file: IO[bytes]) -> None:
    """Write KML 2.3 (OGC 12-007r2) with `gx:Track`: when and where, a placemark a piece."""
    from lxml import etree

    with etree.xmlfile(file, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element(f"{{{_KML}}}kml", nsmap={None: _KML, "gx": _GX}), xml.element(f"{{{_KML}}}Document"):  # type: ignore[arg-type]
            for one in pieces(table):
                mark = etree.Element(f"{{{_KML}}}Placemark")
                etree.SubElement(mark, f"{{{_KML}}}name").text = _printable(one.names["callsign"] or one.id)
                track = etree.SubElement(mark, f"{{{_GX}}}Track")
                known = not np.isnan(one.height_m).all()
                etree.SubElement(track, f"{{{_KML}}}altitudeMode").text = "absolute" if known else "clampToGround"
                for k in range(len(one.time_us)):
                    etree.SubElement(track, f"{{{_KML}}}when").text = one.text(k)
                height_m = np.nan_to_num(one.height_m)
                for x, y, z in zip(_wrapped(one.longitude), one.latitude, height_m, strict=True):
                    etree.SubElement(track, f"{{{_GX}}}coord").text = f"{x:.7f} {y:.7f} {z:.1f}"
                xml.write(mark)


def write_czml(table: pl.DataFrame, file: IO[bytes]) -> None:
    """Write CZML for Cesium: a packet a piece, its places in seconds after its first, linear between them."""
    head: dict[str, Any] = {"id": "document", "name": "Tracks", "version": "1.0"}
    if table.height:
        us = table["timestamp"].to_physical().to_numpy()
        first, last = (
            datetime.fromtimestamp(int(moment) / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            for moment in (us.min(), us.max())
        )
        head["clock"] = {"interval": f"{first}/{last}", "currentTime": first, "multiplier": 10}
    file.write(b"[" + json.dumps(head).encode())
    for one in pieces(table):
        seconds = (one.time_us - one.time_us[0]) / 1e6
        rows = np.stack(
            [seconds, _wrapped(one.longitude).round(7), one.latitude.round(7), np.nan_to_num(one.height_m).round(1)],
            axis=1,
        )
        packet = {
            "id": one.id,
            "name": one.names["callsign"] or one.id,
            "availability": f"{one.text(0)}/{one.text(len(seconds) - 1)}",
            "position": {"epoch": one.text(0), "cartographicDegrees": rows.ravel().tolist()},
            "point": {"pixelSize": 6},
            "path": {"trailTime": 600, "leadTime": 0, "width": 1},
        }
        file.write(b",\n" + json.dumps(packet, ensure_ascii=False).encode())
    file.write(b"]\n")


def _wkb(one: Piece) -> bytes:
    if len(one.time_us) == 1:
        return struct.pack("<BIdd", 1, 1, one.longitude[0], one.latitude[0])
    points = np.stack([one.longitude, one.latitude], axis=1).astype("<f8")
    return struct.pack("<BII", 1, 2, len(points)) + points.tobytes()


def _wrapped(longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    return (longitude + 180.0) % 360.0 - 180.0


def _last(values: pl.Series) -> str | None:
    known = values.drop_nulls()
    return str(known[-1]) if len(known) else None


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
