"""Raw Mode S: Beast, AVR and jet1090 lines against the decode that stands beside each frame."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime

import pytest

from overflight.surveillance.read import read
from overflight.surveillance.readers import beast
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source
from tests.surveillance.samples import BEAST, FRAMES, avr, frames


@pytest.fixture(scope="module")
def recording():
    return read(FRAMES)


@pytest.fixture(scope="module")
def truth():
    with gzip.open(FRAMES, "rt") as lines:
        return [json.loads(line) for line in lines]


def micros(row):
    return round(row["timestamp"] * 1e6)


def test_every_position_of_the_oracle_is_found(recording, truth):
    expected = {(micros(row), row["latitude"], row["longitude"]): row for row in truth if "latitude" in row}
    found = {
        (round(row["timestamp"].timestamp() * 1e6), row["latitude"], row["longitude"]): row
        for row in recording.table.iter_rows(named=True)
    }
    assert found.keys() <= expected.keys()
    # the oracle was told where the airport is; without that, the first positions after take-off wait for their other half
    missing = sorted(moment for moment, _, _ in expected.keys() - found.keys())
    airborne = min(micros(row) for row in truth if row.get("bds") == "05")
    assert len(missing) < 10
    assert missing[-1] - airborne < 3e6
    for key, row in found.items():
        line = expected[key]
        ground = line["bds"] == "06"
        assert row["onground"] is ground
        assert row["altitude"] == (None if ground else line["altitude"])
        assert row["icao24"] == "393322"
        assert row["ref"].startswith(FRAMES.name)


def test_other_fields_come_from_the_messages_before(recording, truth):
    velocities = [(row["timestamp"], row) for row in truth if row.get("bds") == "09"]
    checked = 0
    for row in recording.table.filter(onground=False).iter_rows(named=True):
        moment = row["timestamp"].timestamp()
        before = [line for at, line in velocities if moment - 9.9 < at <= moment + 2e-6]
        if before:
            sure = [
                line for line in before if line["timestamp"] < moment - 2e-6
            ]  # in the same instant either may be first
            last = [*sure[-1:], *before[len(sure) :]]
            assert any(row["groundspeed"] == pytest.approx(line["groundspeed"]) for line in last)
            assert any(row["vertical_rate"] == line["vertical_rate"] for line in last)
            checked += 1
    assert checked > 1500
    assert recording.table["callsign"].drop_nulls().unique().to_list() == ["AFR34ZG"]
    assert recording.table["squawk"].drop_nulls().unique().to_list() == ["1000"]


def test_order_and_cut_of_raw_files_do_not_matter(tmp_path, recording, truth):
    rows = truth[:]
    random.Random(1).shuffle(rows)
    paths = []
    for part in range(3):
        paths.append(tmp_path / f"{part}.jsonl")
        paths[-1].write_text("".join(json.dumps(row) + "\n" for row in rows[part::3]))
    table = read(*reversed(paths)).table
    assert table.drop("ref").equals(recording.table.drop("ref"))


def test_avr_is_the_same_frames(tmp_path):
    rows = frames(20_000)
    path = tmp_path / "frames.txt"
    path.write_bytes(avr(rows))
    start = datetime.fromtimestamp(1720248000, UTC)
    found = read(path, start=start)
    assert found.files[0].format == "avr"
    expected = read(FRAMES).table
    assert found.table.height == expected.height
    for column in ("latitude", "longitude", "altitude", "icao24", "onground"):
        assert found.table[column].to_list() == expected[column].to_list()
    apart = (found.table["timestamp"] - expected["timestamp"]).dt.total_microseconds().abs()
    assert apart.max() <= 1
    assert read(path).table["timestamp"].min().year == 2000


def parity(frame: bytes) -> int:
    """The 24 check bits of a Mode S frame without them (ICAO Annex 10, volume IV, chapter 3: generator 1FFF409)."""
    rest = int.from_bytes(frame) << 24
    for bit in range(len(frame) * 8 - 1, -1, -1):
        if rest >> (bit + 24) & 1:
            rest ^= 0x1FFF409 << bit
    return rest


def test_what_a_ground_station_repeats_is_told_from_the_aircraft(tmp_path):
    own = ["8D40621D58C382D690C8AC2863A7", "8D40621D58C386435CC412692AD6"]  # a pair of halves, even and odd
    assert all(parity(bytes.fromhex(frame)[:11]) == int(frame[-6:], 16) for frame in own)
    # The same by ADS-R: format 18, control field 6.
    bodies = [bytes([18 << 3 | 6]) + bytes.fromhex(frame)[1:11] for frame in own]
    repeated = [(body + parity(body).to_bytes(3)).hex() for body in bodies]
    for frames_, kind in ((own, "icao"), (repeated, "adsr")):
        lines = [{"timestamp": 1720248000.0 + k, "frame": frame.lower()} for k, frame in enumerate(frames_)]
        path = tmp_path / f"{kind}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        (row,) = read(path).table.iter_rows(named=True)
        assert (row["icao24"], row["address_type"], row["track_id"]) == ("40621d", kind, "adsb:40621d")
        assert row["latitude"] == pytest.approx(52.26, abs=0.01)


def test_avr_without_a_clock_is_dropped_and_says_why(tmp_path):
    path = tmp_path / "frames.txt"
    path.write_text("*8D4840D6202CC371C32CE0576098;\n*8D40621D58C382D690C8AC2863A7;\nnonsense\n")
    drops = read(path).drops.counts
    assert drops == {"frame without a time (AVR text without MLAT counters)": 2, "line is no AVR frame": 1}


def test_beast_sample():
    drops = Drops()
    found = list(beast.read(Source(BEAST.name, BEAST), drops))
    rows = [row for frame in found for row in frame.iter_rows(named=True)]
    assert len(rows) == BEAST.read_bytes().replace(b"\x1a\x1a", b"").count(b"\x1a") == 239
    assert not drops.counts
    # first frame: 1a 32, counter 00 00 15 a8 87 7e, signal 0d, 20 00 0c a8 f7 0a a7
    assert rows[0]["frame"] == "20000ca8f70aa7"
    assert rows[0]["ref"] == f"{BEAST.name}@0"
    zero = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
    assert rows[0]["seconds"] - zero == pytest.approx(0x15A8877E / 12e6, abs=1e-6)
    # second frame has an escaped 1a in its counter: 00 00 15 be 1a 0c
    assert rows[1]["seconds"] - zero == pytest.approx(0x15BE1A0C / 12e6, abs=1e-6)
    assert rows[1]["frame"] == "02e18ca8f1d2ed"


def as_beast(rows, clock):
    out = b""
    for row in rows:
        data = bytes.fromhex(row["frame"])
        kind = b"2" if len(data) == 7 else b"3"
        out += b"\x1a" + kind + (clock(row).to_bytes(6) + b"\x80" + data).replace(b"\x1a", b"\x1a\x1a")
    return out


def test_beast_is_the_same_frames(tmp_path, recording):
    path = tmp_path / "data.bin"
    path.write_bytes(as_beast(frames(20_000), lambda row: round((row["timestamp"] - 1720248000) * 12e6)))
    found = read(path, start=datetime.fromtimestamp(1720248000, UTC)).table
    assert found["latitude"].to_list() == recording.table["latitude"].to_list()
    assert (found["timestamp"] - recording.table["timestamp"]).dt.total_microseconds().abs().max() <= 1


def test_beast_with_gps_time(tmp_path, recording):
    midnight = datetime(2024, 7, 6, tzinfo=UTC)

    def clock(row):
        seconds = row["timestamp"] - midnight.timestamp()
        return int(seconds) << 30 | int(seconds % 1 * 1e9)

    status = b"\x1a4" + bytes(7) + b"\x10" + bytes(13)
    path = tmp_path / "data.bin"
    path.write_bytes(status + as_beast(frames(20_000), clock))
    found = read(path, start=midnight).table
    assert found["longitude"].to_list() == recording.table["longitude"].to_list()
    assert (found["timestamp"] - recording.table["timestamp"]).dt.total_microseconds().abs().max() <= 1


def test_beast_frames_made_by_mlat_have_no_time(tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(as_beast(frames(50), lambda _: 0xFF004D4C4154))
    assert read(path).drops.counts == {"frame without a time of reception (Beast, made by MLAT)": 50}


def test_a_frame_with_a_wrong_bit_is_dropped(tmp_path):
    rows = [row for row in frames(3000) if row["df"] == "17"]
    bad = f"{int(rows[5]['frame'], 16) ^ (1 << 50):028x}"
    path = tmp_path / "raw.jsonl"
    path.write_text(
        "".join(json.dumps({**row, "frame": bad if row is rows[5] else row["frame"]}) + "\n" for row in rows)
    )
    drops = read(path).drops
    assert drops.counts["Mode S frame fails its checksum or is not defined"] == 1
    assert drops.examples["Mode S frame fails its checksum or is not defined"] == "raw.jsonl:6"


def test_ground_positions_without_an_airborne_one_are_dropped(tmp_path):
    rows = [row for row in frames(2000) if row.get("bds") == "06"]
    path = tmp_path / "raw.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recording = read(path)
    assert recording.table.height == 0
    assert recording.drops.counts["ground position without an airborne one to place it by"] > 100
