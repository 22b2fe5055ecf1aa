"""Tracks as other tools take them: each file is opened by the library that people would open it with, and says what the table says."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lxml import etree

from overflight.errors import ParameterError
from overflight.surveillance.moving import pieces
from overflight.surveillance.read import read
from overflight.surveillance.write import write
from tests.flights import MIDNIGHT, flight


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """A flight with a gap, one over the antimeridian without altitudes, and a lone report."""
    one = flight("one", latitude=36.0, longitude=40.0, altitude=20_000.0, callsign="ABC1", reports=20)
    later = flight("one", latitude=36.5, longitude=41.0, altitude=21_000.0, callsign="ABC1", reports=10, start_s=1000.0)
    across = flight("across", latitude=10.0, longitude=180.0, speed_kt=450.0, altitude=None, reports=30)
    lone = flight("lone", latitude=-20.0, longitude=-60.0, reports=1)
    return read(pl.concat([one, later, across, lone], how="diagonal")).table


def test_pieces_have_no_gap_and_no_jump(table: pl.DataFrame) -> None:
    found = list(pieces(table))
    assert [(one.id, len(one.time_us)) for one in found] == [
        ("across#0", 30),
        ("lone#0", 1),
        ("one#0", 20),
        ("one#1", 10),
    ]
    assert np.abs(np.diff(found[0].longitude)).max() < 1.0
    assert found[0].longitude.max() > 180.0
    assert np.isnan(found[0].height_m).all()
    assert found[2].height_m == pytest.approx(20_000.0 * 0.3048)
    assert sum(len(one.time_us) for one in found) == table.height


def test_geoparquet_in_geopandas_and_duckdb(table: pl.DataFrame, tmp_path: Path) -> None:
    geopandas, duckdb = pytest.importorskip("geopandas"), pytest.importorskip("duckdb")
    path = tmp_path / "tracks.geoparquet"
    write(table, path)
    frame = geopandas.read_parquet(path)
    assert frame.crs.to_string() == "OGC:CRS84"
    assert frame["track_id"].tolist() == ["across", "lone", "one", "one"]
    assert frame.geometry.geom_type.tolist() == ["LineString", "Point", "LineString", "LineString"]
    line = frame.geometry.iloc[2]
    assert (line.coords[0][0], line.coords[0][1]) == pytest.approx(
        table.filter(pl.col("track_id") == "one").select("longitude", "latitude").row(0)
    )
    assert frame["start"].iloc[2].to_pydatetime() == MIDNIGHT
    assert frame["altitude_max"].iloc[3] == 21_000.0
    (count,) = duckdb.sql(f"SELECT sum(reports) FROM read_parquet('{path}')").fetchall()
    assert count == (table.height,)


@pytest.mark.filterwarnings("ignore")  # of libraries of each other; and that it takes times without their zone
def test_moving_features_in_movingpandas_and_meos(table: pl.DataFrame, tmp_path: Path) -> None:
    movingpandas, pymeos = pytest.importorskip("movingpandas"), pytest.importorskip("pymeos")
    path = tmp_path / "tracks.mfjson"
    write(table.filter(pl.col("track_id") != "lone"), path)
    told: dict[str, Any] = json.loads(path.read_text())
    found = movingpandas.read_mf_json(str(path), traj_id_property="id")
    assert sorted(one.id for one in found.trajectories) == ["across#0", "one#0", "one#1"]
    one = next(one for one in found.trajectories if one.id == "one#0")
    assert one.get_duration().total_seconds() == 95.0
    pymeos.pymeos_initialize()
    try:
        feature = next(one for one in told["features"] if one["id"] == "one#0")
        moving = pymeos.TGeomPoint.from_mfjson(json.dumps(feature["temporalGeometry"]))
        assert (moving.start_timestamp(), moving.end_timestamp() - MIDNIGHT) == (MIDNIGHT, timedelta(seconds=95))
        assert moving.start_value().x == pytest.approx(feature["temporalGeometry"]["coordinates"][0][0])
    finally:
        pymeos.pymeos_finalize()
    assert feature["temporalProperties"][0]["altitude"]["values"] == [20_000.0] * 20
    assert "temporalProperties" not in next(one for one in told["features"] if one["id"] == "across#0")


def test_kml_has_a_moment_for_each_place(table: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "tracks.kml"
    write(table, path)
    root = etree.parse(path).getroot()
    spaces = {"k": "http://www.opengis.net/kml/2.2", "gx": "http://www.google.com/kml/ext/2.2"}
    marks = root.findall(".//k:Placemark", spaces)
    assert [mark.findtext("k:name", None, spaces) for mark in marks] == ["across#0", "lone#0", "ABC1", "ABC1"]
    for mark, one in zip(marks, pieces(table), strict=True):
        assert len(mark.findall(".//k:when", spaces)) == len(mark.findall(".//gx:coord", spaces)) == len(one.time_us)
    assert marks[0].findtext(".//k:altitudeMode", None, spaces) == "clampToGround"
    coordinates = [float(coord.text.split()[0]) for coord in marks[0].findall(".//gx:coord", spaces)]  # type: ignore[union-attr]
    assert max(map(abs, coordinates)) <= 180.0


def test_czml_says_where_in_seconds_after_its_epoch(table: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "tracks.czml"
    write(table, path)
    head, *packets = json.loads(path.read_text())
    assert (head["id"], head["version"]) == ("document", "1.0")
    one = packets[2]
    assert one["availability"] == "2015-10-07T00:00:00.000Z/2015-10-07T00:01:35.000Z"
    assert one["position"]["cartographicDegrees"][4:8] == pytest.approx(
        [5.0, *one["position"]["cartographicDegrees"][5:7], 6096.0]
    )


@pytest.mark.parametrize("suffix", ["geoparquet", "mfjson", "kml", "czml"])
def test_nothing_flown_is_an_empty_file_that_opens(suffix: str, tmp_path: Path, table: pl.DataFrame) -> None:
    path = tmp_path / f"nothing.{suffix}"
    write(table.clear(), path)
    if suffix == "geoparquet":
        assert pl.read_parquet(path).height == 0
    elif suffix == "kml":
        assert etree.parse(path).getroot().tag.endswith("kml")
    else:
        json.loads(path.read_text())


def test_what_no_format_is_called_is_refused(tmp_path: Path, table: pl.DataFrame) -> None:
    with pytest.raises(ParameterError):
        write(table, tmp_path / "tracks.shp")
