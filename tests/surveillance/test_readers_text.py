"""SBS, OpenSky and .daa: known rows, in the units of the position table."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from overflight.errors import InputError
from overflight.surveillance.read import read
from tests.surveillance.samples import DAA, OPENSKY_CSV, SBS, STATES


def put(tmp_path, text, name="input"):
    path = tmp_path / name
    path.write_text(text, newline="")
    return path


def test_sbs(tmp_path):
    recording = read(put(tmp_path, SBS))
    assert recording.files[0].format == "sbs"
    assert recording.files[0].rows == recording.table.height == 3
    first, second, ground = recording.table.iter_rows(named=True)
    assert first["timestamp"] == datetime(2008, 11, 28, 23, 48, 19, tzinfo=UTC)
    assert first["icao24"] == "7404f2"
    assert (first["latitude"], first["longitude"], first["altitude"]) == (51.45735, -1.02826, 37000)
    assert first["callsign"] == "RJA1118"
    assert first["squawk"] == "0440"
    assert first["groundspeed"] == pytest.approx(288.6)
    assert first["track"] == pytest.approx(103.2)
    assert first["vertical_rate"] == -832
    assert first["onground"] is False
    assert first["ref"] == "input:5"
    assert second["groundspeed"] is None, "a speed of 21 s ago says nothing about now"
    assert second["callsign"] == "RJA1118"
    assert (ground["onground"], ground["groundspeed"], ground["altitude"]) == (True, 12, None)


def test_sbs_line_without_a_time_is_counted(tmp_path):
    recording = read(put(tmp_path, SBS.replace("2008/11/28,23:48:40.000", "2008/11/28,25:48:40.000")))
    assert recording.table.height == 2
    assert recording.drops.counts == {"SBS line without a usable time": 1}
    assert recording.drops.examples == {"SBS line without a usable time": "input:6"}


def test_opensky_states(tmp_path):
    recording = read(put(tmp_path, json.dumps(STATES)))
    assert recording.files[0].format == "opensky-states"
    assert recording.drops.counts == {"no position": 1}, "a state without a position"
    swiss, german = recording.table.iter_rows(named=True)
    assert german["timestamp"] == datetime.fromtimestamp(1458564120, UTC)
    assert german["position_age"] == 1
    assert german["icao24"] == "3c6444"
    assert german["callsign"] == "DLH9LF"
    assert (german["latitude"], german["longitude"]) == (50.1964, 6.1546)
    assert german["altitude"] == pytest.approx(9639.3 / 0.3048, rel=1e-6)
    assert german["geoaltitude"] == pytest.approx(9547.86 / 0.3048, rel=1e-6)
    assert german["groundspeed"] == pytest.approx(232.88 * 3600 / 1852, rel=1e-6)
    assert german["vertical_rate"] == pytest.approx(4.55 * 60 / 0.3048, rel=1e-6)
    assert german["track"] == pytest.approx(98.26)
    assert german["squawk"] == "1000"
    assert german["source"] == "adsb"
    assert (swiss["source"], swiss["onground"], swiss["position_age"]) == ("mlat", True, 11)
    assert swiss["altitude"] is None


def test_opensky_csv(tmp_path):
    recording = read(put(tmp_path, OPENSKY_CSV))
    assert recording.files[0].format == "opensky-csv"
    german, swiss = recording.table.iter_rows(named=True)
    assert german["timestamp"] == datetime(2016, 3, 21, 12, 42, 0, 360000, tzinfo=UTC)
    assert german["position_age"] == pytest.approx(0.64, abs=1e-4)
    assert german["altitude"] == pytest.approx(9639.3 / 0.3048, rel=1e-6)
    assert german["groundspeed"] == pytest.approx(232.88 * 3600 / 1852, rel=1e-6)
    assert german["ref"] == "input:2"
    assert swiss["squawk"] == "0021"
    assert swiss["onground"] is True


def test_daa():
    recording = read(DAA)
    assert recording.files[0].format == "daa"
    lines = DAA.read_text().splitlines()
    assert recording.table.height == len(lines) - 2
    first = dict(zip([name.strip() for name in lines[0].split(",")], lines[2].split(","), strict=True))
    row = next(row for row in recording.table.iter_rows(named=True) if row["ref"] == f"{DAA.name}:3")
    assert row["callsign"] == first["NAME"]
    assert row["track_id"] == f"system_track:{first['NAME']}"
    assert row["timestamp"].timestamp() == datetime(2000, 1, 1, tzinfo=UTC).timestamp() + float(first["time"])
    assert (row["latitude"], row["longitude"]) == (float(first["lat"]), float(first["lon"]))
    assert row["altitude"] == pytest.approx(float(first["alt"]), rel=1e-6)
    east, north = float(first["vx"]), float(first["vy"])
    assert row["groundspeed"] == pytest.approx((east**2 + north**2) ** 0.5 * 3600 / 1852, rel=1e-6)
    assert row["vertical_rate"] == pytest.approx(float(first["vz"]) * 60 / 0.3048, rel=1e-6)
    started = read(DAA, start=datetime(2019, 5, 1, tzinfo=UTC)).table
    assert (started["timestamp"] - recording.table["timestamp"]).unique().len() == 1


DAA_TEXT = "NAME, lat, lon, alt, trk, gs, vs, time\n[none], {}\nOWN, 0.5, 0.25, 1000, 1.5, 100, 2, 10\n"


@pytest.mark.parametrize(
    ("units", "altitude_ft", "speed_kt", "rate_fpm", "latitude"),
    [
        ("[deg],[deg],[ft],[deg],[kts],[fpm],[s]", 1000, 100, 2, 0.5),
        ("[deg],[deg],[m],[deg],[m/s],[m/s],[s]", 1000 / 0.3048, 100 * 3600 / 1852, 2 * 60 / 0.3048, 0.5),
        ("[rad],[rad],[km],[rad],[km/h],[ft/min],[s]", None, 100 / 1.852, 2, 28.64788975654116),
    ],
)
def test_daa_units_are_those_of_its_second_line(tmp_path, units, altitude_ft, speed_kt, rate_fpm, latitude):
    (row,) = read(put(tmp_path, DAA_TEXT.format(units))).table.iter_rows(named=True)
    assert row["altitude"] == (None if altitude_ft is None else pytest.approx(altitude_ft, rel=1e-6))
    assert row["groundspeed"] == pytest.approx(speed_kt, rel=1e-6)
    assert row["vertical_rate"] == pytest.approx(rate_fpm, rel=1e-6)
    assert row["latitude"] == pytest.approx(latitude)


@pytest.mark.parametrize(
    ("units", "reason"),
    [
        ("[deg],[deg],[parsec],[deg],[kts],[fpm],[s]", "column alt cannot have the unit [parsec]"),
        ("[deg],[deg],[ft],[deg],[kts],[fpm]", "7 units for 8 columns"),
        ("[ft],[deg],[ft],[deg],[kts],[fpm],[s]", "column lat cannot have the unit [ft]"),
    ],
)
def test_daa_with_a_wrong_unit_line_is_refused(tmp_path, units, reason):
    with pytest.raises(InputError) as error:
        read(put(tmp_path, DAA_TEXT.format(units)))
    assert reason in error.value.reason
    assert error.value.place == "line 2"


def test_daa_with_a_missing_comma(tmp_path):
    text = DAA.read_text().splitlines(keepends=True)
    text[3] = text[3].replace(", ", " ", 3).replace(" ", ", ", 2)
    broken = put(tmp_path, "".join(text), DAA.name)
    assert text[3].count(",") == 6
    assert read(broken).table.equals(read(DAA).table)
