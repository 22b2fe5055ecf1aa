"""readsb: what each field of a real file becomes, against the file read plainly."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from overflight.surveillance.read import read
from tests.surveillance.samples import AIRCRAFT, DEMO, TRACES


@pytest.fixture(scope="module")
def demo():
    return read(DEMO)


@pytest.fixture(scope="module")
def lines():
    with gzip.open(DEMO, "rt") as file:
        return [json.loads(line) for line in file]


def test_the_demo_is_all_there(demo, lines):
    assert demo.files[0].format == "readsb-jsonl"
    assert demo.files[0].rows == len(lines) == 41_294
    assert dict(demo.drops.counts) == {"same position twice": 3}
    assert demo.table.height == 41_291
    named = demo.table["track_id"].str.extract(r":(~?[0-9a-f]{6})")
    assert named.n_unique() == len({line["hex"] for line in lines}) == 507
    assert demo.table["icao24"].drop_nulls().n_unique() == len({line["hex"] for line in lines if line["hex"][0] != "~"})


def test_every_row_of_the_demo_is_its_line(demo, lines):
    table = demo.table.with_columns(line=pl.col("ref").str.split(":").list.last().cast(pl.Int64))
    assert table["ref"].str.starts_with(DEMO.name + ":").all()
    for row in table.iter_rows(named=True):
        line = lines[row["line"] - 1]
        details = line["flightdict"] or {}
        assert row["timestamp"] == datetime.fromtimestamp(line["now"], UTC)
        assert row["icao24"] == (None if line["hex"][0] == "~" else line["hex"])
        assert (row["latitude"], row["longitude"]) == (line["lat"], line["lon"])
        assert row["altitude"] == (None if line["alt_baro"] == "0" else line["alt_baro"])
        unheard = line["gscp"] == 0 and line["track"] is None
        assert row["groundspeed"] == (None if unheard else line["gscp"])
        assert row["track"] == (None if line["track"] is None else pytest.approx(line["track"]))
        assert row["callsign"] == ((line["flight"] or "").strip() or None)
        assert row["squawk"] == line.get("squawk")
        assert row["geoaltitude"] == details.get("alt_geom")
        assert row["nac_p"] == details.get("nac_p")
        assert row["vertical_rate"] == line.get("baro_rate", details.get("geom_rate"))
        assert row["ref"] is not None


def test_a_tisb_ghost_is_not_the_aircraft(demo):
    by_type = {
        key: frame["track_id"].str.split("#").list.first().unique()
        for (key,), frame in demo.table.group_by("address_type")
    }
    assert by_type["tisb"].str.starts_with("tisb:").all()
    assert by_type["icao"].str.starts_with("adsb:").all()
    assert by_type["adsr"].str.starts_with("adsb:").all()  # its own report, by way of a ground station
    assert set(demo.table["address_type"].unique()) >= {"icao", "tisb", "anonymous", "adsr"}
    ghosts = demo.table.filter(pl.col("track_id").str.contains("~"))
    assert ghosts["address_type"].cast(pl.String).is_in(["tisb", "anonymous", "other", "adsr"]).all()


def test_adsr_is_marked_from_the_typed_lines_on(demo):
    # aade67: 319 of its 1,275 lines say adsr_icao, the others say nothing
    rows = demo.table.filter(pl.col("icao24") == "aade67")
    assert rows.height == 1275
    assert rows["address_type"].cast(pl.String).unique().to_list() == ["adsr"]
    assert rows["track_id"].str.starts_with("adsb:").all()
    other = demo.table.filter(pl.col("track_id").str.starts_with("adsb:~aa688f"))
    assert set(other["address_type"].cast(pl.String)) >= {"adsr", "anonymous"}


def test_untyped_lines_between_tisb_lines_are_tisb(demo):
    # a6c125: all its typed lines from 1748900360 on say tisb_icao, three of four lines say nothing
    first = datetime.fromtimestamp(1748900360, UTC)
    rows = demo.table.filter(
        (pl.col("icao24") == "a6c125") & pl.col("timestamp").is_between(first, first + timedelta(seconds=270))
    )
    assert rows.height >= 30
    assert rows["address_type"].cast(pl.String).unique().to_list() == ["tisb"]


def test_tracks_end_at_ten_silent_minutes(demo):
    gaps = demo.table.sort("track_id", "timestamp").select(
        gap=pl.col("timestamp").diff().over("track_id").dt.total_microseconds()
    )
    assert gaps["gap"].max() <= 600_000_000
    again = demo.table.filter(pl.col("track_id").str.contains("#"))
    assert again.height > 0
    for name in again["track_id"].unique().sort()[:50]:
        stem, number = name.split("#")
        before = stem if number == "2" else f"{stem}#{int(number) - 1}"
        ended = demo.table.filter(track_id=before)["timestamp"].max()
        began = demo.table.filter(track_id=name)["timestamp"].min()
        assert began - ended > timedelta(minutes=10)


def test_aircraft_json(tmp_path):
    path = tmp_path / "aircraft.json"
    path.write_text(json.dumps(AIRCRAFT))
    recording = read(path)
    assert recording.files[0].format == "readsb-aircraft"
    assert dict(recording.drops.counts) == {"no position": 1}
    assert recording.drops.examples["no position"] == "aircraft.json:aircraft[3]"
    rows = {row["track_id"]: row for row in recording.table.iter_rows(named=True)}
    one = rows["adsb:a1b2c3"]
    assert one["timestamp"] == datetime.fromtimestamp(1748822500.5 - 1.25, UTC)
    assert one["position_age"] == 1.25
    assert one["icao24"] == "a1b2c3"
    assert one["callsign"] == "TEST12"
    assert one["squawk"] == "0421"
    assert (one["altitude"], one["geoaltitude"], one["vertical_rate"]) == (10000, 10350, -640)
    assert one["onground"] is False
    assert one["accuracy"] == 30.0
    ghost = rows["tisb:~29a1bc"]
    assert (ghost["icao24"], ghost["address_type"], ghost["onground"]) == (None, "tisb", True)
    assert ghost["altitude"] is None
    mlat = rows["mlat:a00001"]
    assert (mlat["icao24"], mlat["source"], mlat["vertical_rate"]) == ("a00001", "mlat", 64)
    assert mlat["altitude"] is None
    assert mlat["onground"] is None


@pytest.mark.parametrize("name", ["34718d", "a3c78c", "aa178d", "a2fe8f"])
def test_traces(name):
    path = TRACES / f"trace_full_{name}.json"  # gzip, whatever the name says
    document = json.loads(gzip.decompress(path.read_bytes()))
    recording = read(path)
    assert recording.files[0].format == "readsb-trace"
    assert recording.files[0].rows == len(document["trace"])
    rows = recording.table.with_columns(at=pl.col("ref").str.extract(r"trace\[(\d+)\]").cast(pl.Int64))
    assert rows.height + recording.drops.counts.total() == len(document["trace"])
    for row in rows.iter_rows(named=True):
        point = document["trace"][row["at"]]
        assert row["timestamp"].timestamp() == pytest.approx(document["timestamp"] + point[0], abs=1e-6)
        assert (row["latitude"], row["longitude"]) == (point[1], point[2])
        assert row["altitude"] == (point[3] if isinstance(point[3], int) and not point[6] & 8 else None)
        known = point[3] == "ground" or (point[3] is not None and not point[6] & 8)
        assert row["onground"] == (point[3] == "ground" if known else None)
        assert row["groundspeed"] == (None if point[4] is None else pytest.approx(point[4]))
        assert row["vertical_rate"] == point[7]
        assert row["geoaltitude"] == (point[10] if point[10] is not None else (point[8] or {}).get("alt_geom"))


def test_a_trace_carries_what_it_sends_rarely():
    rows = read(TRACES / "trace_full_34718d.json").table
    assert rows["callsign"].drop_nulls().unique().sort().to_list() == ["IBE2621", "IBE2622"]
    assert rows["callsign"].null_count() < 20
    assert rows["nac_p"].null_count() < 3
