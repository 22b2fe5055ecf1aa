"""Tables: what is written is what is read, in every format, and what `traffic` exports."""

from __future__ import annotations

import gzip
import warnings

import polars as pl
import pytest
import zstandard
from polars.testing import assert_frame_equal

from overflight.errors import InputError, ParameterError
from overflight.surveillance.read import read
from overflight.surveillance.table import POSITION_SCHEMA
from overflight.surveillance.write import write
from tests.surveillance.samples import DEMO, samples, table


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "feather", "csv", "jsonl", "ndjson"])
def test_written_and_read_again_it_is_the_same(tmp_path, suffix):
    demo = read(DEMO).table.head(5000)
    path = tmp_path / f"positions.{suffix}"
    write(demo, path)
    again = read(path)
    assert again.drops.counts.total() == 0
    assert_frame_equal(again.table, demo, check_exact=suffix not in {"csv", "jsonl", "ndjson"}, rel_tol=1e-6)
    assert [child.name for child in tmp_path.iterdir()] == [path.name]


def test_an_unknown_suffix_and_a_missing_folder_are_typed_errors(tmp_path):
    with pytest.raises(ParameterError, match="suffix"):
        write(table(), tmp_path / "positions.xlsx")
    with pytest.raises(InputError, match="cannot be written"):
        write(table(), tmp_path / "nowhere" / "positions.csv")


@pytest.mark.parametrize("name", sorted(samples()))
def test_every_format_is_known_by_its_content(tmp_path, name):
    path = tmp_path / "some.thing"
    path.write_bytes(samples()[name])
    plain = read(path)
    assert plain.files[0].format == name
    assert plain.table.schema == POSITION_SCHEMA
    for pack in (gzip.compress, zstandard.ZstdCompressor().compress):
        path.write_bytes(pack(samples()[name]))
        assert read(path).files[0].format == name
        assert read(path).table.equals(plain.table)


def traffic_frame():
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(
        {
            "timestamp": pd.to_datetime(["2018-05-30 15:21:38.000+00:00", "2018-05-30 15:21:39.500+00:00"]),
            "icao24": ["39b415", "39b415"],
            "latitude": [48.8, 48.81],
            "longitude": [2.3, 2.31],
            "groundspeed": [150.0, float("nan")],
            "track": [52.0, 53.0],
            "vertical_rate": [2240.0, 2176.0],
            "callsign": ["HOP36PP", "HOP36PP"],
            "onground": [False, False],
            "alert": [False, False],
            "squawk": ["1000", "0020"],
            "altitude": [4975.0, 5075.0],
            "geoaltitude": [5200.0, 5275.0],
            "last_position": pd.to_datetime(["2018-05-30 15:21:37+00:00"] * 2),
            "hour": pd.to_datetime(["2018-05-30 15:00:00+00:00"] * 2),
        }
    )


def check_traffic(found):
    first, second = found.table.iter_rows(named=True)
    assert first["timestamp"].isoformat() == "2018-05-30T15:21:38+00:00"
    assert second["timestamp"].isoformat() == "2018-05-30T15:21:39.500000+00:00"
    assert (first["icao24"], first["callsign"], first["altitude"]) == ("39b415", "HOP36PP", 4975)
    assert second["groundspeed"] is None
    assert second["squawk"] == "0020"
    assert first["onground"] is False
    assert first["track_id"] == "icao:39b415"
    assert found.drops.counts.total() == 0


def test_a_traffic_frame_goes_straight_in():
    check_traffic(read(traffic_frame()))


@pytest.mark.parametrize("how", ["csv", "jsonl", "jsonl-iso", "parquet"])
def test_traffic_exports(tmp_path, how):
    frame, path = traffic_frame(), tmp_path / "export"
    if how == "csv":
        frame.to_csv(path, index=False)
    elif how == "parquet":
        frame.to_parquet(path)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas announces that it will stop writing numbers
            frame.to_json(path, orient="records", lines=True, date_format="iso" if how.endswith("iso") else "epoch")
    check_traffic(read(path))


def test_tables_of_others_are_taken_as_they_are():
    frame = table()
    assert_frame_equal(read(frame).table, frame)
    assert_frame_equal(read(frame.lazy()).table, frame)
    assert_frame_equal(read(frame.to_arrow()).table, frame)


def test_quoted_csv_and_a_stray_quote(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "timestamp,icao24,latitude,longitude,callsign\n"
        '"2018-05-30 15:21:38","39b415","48.5","2.5","A,B"\n'
        '"2018-05-30 15:21:39","39b415","48.5","2.5","AB\n'
        '"2018-05-30 15:21:40","39b415","48.5","2.5","AB"\n'
    )
    found = read(path)
    assert found.table["callsign"].to_list() == ["A,B", "AB", "AB"]


def test_a_csv_line_with_too_few_fields_is_counted(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("timestamp,icao24,latitude,longitude\n1527693698,39b415,48.5,2.5\n\n1527693699,39b415,4")
    found = read(path)
    assert found.table.height == 1
    assert found.drops.counts == {"line has the wrong number of fields": 1}
    assert found.drops.examples["line has the wrong number of fields"] == "x.csv:4"


def test_nested_columns_do_no_harm():
    frame = pl.DataFrame(
        {"timestamp": [1527693698], "icao24": ["39b415"], "latitude": [48.5], "longitude": [2.5], "altitude": [[1, 2]]}
    )
    assert read(frame).table["altitude"].to_list() == [None]
