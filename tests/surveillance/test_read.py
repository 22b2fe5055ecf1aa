"""`read`: files, folders, patterns, standard input, tables; and every kind of bad input."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import zstandard

from overflight.errors import InputError
from overflight.surveillance import source as source_module
from overflight.surveillance.read import read
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source
from tests.surveillance.samples import DEMO, TRACES, samples, table


def line(second=0, **fields):
    return json.dumps({"now": 1748822400 + second, "hex": "a1b2c3", "lat": 36.5, "lon": -121.5, **fields}) + "\n"


def put(tmp_path, data, name="input.jsonl"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def refused(*sources, **options):
    with pytest.raises(InputError) as error:
        read(*sources, **options)
    assert error.value.remedy
    assert "\n" not in str(error.value)
    return error.value


def test_digest_name_and_progress():
    told = []
    recording = read(DEMO, progress=lambda done, total: told.append((done, total)))
    (file,) = recording.files
    assert file.path == str(DEMO)
    assert file.sha256 == hashlib.sha256(DEMO.read_bytes()).hexdigest()
    size = DEMO.stat().st_size
    assert told[-1] == (size, size)
    assert all(done <= total == size for done, total in told)
    assert told == sorted(told)


def test_a_folder_is_read_and_a_foreign_file_in_it_is_counted(tmp_path):
    for trace in TRACES.glob("*.json"):
        put(tmp_path, trace.read_bytes(), trace.name)
    (tmp_path / "deep").mkdir()
    put(tmp_path / "deep", line(), "more")
    put(tmp_path, "Dear diary, today no aircraft came.\n", "diary.txt")
    put(tmp_path, b"", "empty")
    recording = read(tmp_path)
    assert [file.format for file in recording.files] == ["readsb-jsonl"] + ["readsb-trace"] * 4
    assert recording.drops.counts["file of no known format, skipped"] == 2
    assert recording.drops.examples["file of no known format, skipped"] == str(tmp_path / "diary.txt")
    error = refused(tmp_path / "diary.txt")
    assert error.reason == "the format is not known"
    assert error.path == str(tmp_path / "diary.txt")


def test_a_table_that_lacks_a_column_is_told_which(tmp_path):
    put(tmp_path, "time,icao24,latitude,longitude\n0,abcdef,1,2\n", "t.csv")
    assert "without timestamp" in str(refused(tmp_path / "t.csv"))


def test_patterns(tmp_path):
    put(tmp_path, line(0), "a.1")
    put(tmp_path, line(1), "b.1")
    put(tmp_path, line(2), "c.2")
    recording = read(str(tmp_path / "*.1"))
    assert recording.table.height == 2
    assert [Path(file.path).name for file in recording.files] == ["a.1", "b.1"]
    assert refused(str(tmp_path / "*.9")).reason == "there is no such file"


def test_standard_input(monkeypatch):
    class Stdin:
        buffer = io.BytesIO(gzip.compress((line(0) + line(5)).encode()))

    monkeypatch.setattr(sys, "stdin", Stdin)
    recording = read("-")
    assert recording.files[0].path == "-"
    assert recording.table["ref"].to_list() == ["stdin:1", "stdin:2"]


def test_files_and_tables_together(tmp_path):
    frame = table()
    recording = read(put(tmp_path, line(-1)), frame)
    assert recording.table.height == frame.height + 1
    assert [file.path for file in recording.files][1] == "table"
    assert len(recording.files[1].sha256) == 64


@pytest.mark.parametrize("name", ["nowhere.json", "x" * 5000, "zero\0byte"])
def test_a_file_that_is_not_there(tmp_path, name):
    refused(str(tmp_path / name))


def test_nothing_to_read(tmp_path):
    assert refused().reason == "nothing to read"
    assert refused(tmp_path).reason == "the folder is empty"
    assert refused(put(tmp_path, b"")).reason == "the file is empty"
    refused(put(tmp_path, gzip.compress(b"")))


@pytest.mark.parametrize("name", sorted(samples()))
def test_neither_cut_nor_order_nor_repetition_matters(tmp_path, name):
    """Files of lines, cut in three, out of order, some of it twice."""
    binary = {"parquet", "arrow", "beast", "asterix", "asterix-pcap", "asterix-final"}
    if name in {*binary, "readsb-aircraft", "readsb-trace", "opensky-states", "daa"}:
        pytest.skip("not a file of lines")
    lines = samples()[name].splitlines(keepends=True)
    head, body = ([lines[0]], lines[1:]) if name in {"csv", "opensky-csv"} else ([], lines)
    whole = read(put(tmp_path, b"".join(lines))).table
    rng = np.random.default_rng(3)
    mixed = [body[at] for at in rng.permutation(len(body))]
    mixed += mixed[: max(1, len(body) // 30)]
    parts = [put(tmp_path, b"".join([*head, *mixed[at::3]]), f"part{at}") for at in range(3) if mixed[at::3]]
    again = read(*parts[::-1]).table
    assert again.drop("ref").equals(whole.drop("ref"))


def test_truncated_gzip(tmp_path):
    packed = gzip.compress(b"".join(line(at, alt_baro=at).encode() for at in range(5000)))
    for cut in (len(packed) // 2, len(packed) - 1, 12):
        error = refused(put(tmp_path, packed[:cut]))
        assert error.path == str(tmp_path / "input.jsonl")
        assert error.place == f"byte {cut}"
        assert "truncated gzip" in error.reason
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 0xFF
    assert "damaged gzip" in refused(put(tmp_path, bytes(damaged))).reason


def test_truncated_zstandard(tmp_path):
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(b"".join(line(at).encode() for at in range(5000)))
    assert "truncated Zstandard" in refused(put(tmp_path, packed[: len(packed) - 1])).reason
    assert "Zstandard" in refused(put(tmp_path, packed[: len(packed) // 2])).reason


def test_packed_in_several_members(tmp_path):
    for pack in (gzip.compress, zstandard.ZstdCompressor().compress):
        assert read(put(tmp_path, pack(line(0).encode()) + pack(line(1).encode()))).table.height == 2
    assert read(put(tmp_path, gzip.compress(line(0).encode()) + b"\0" * 300)).table.height == 1
    refused(put(tmp_path, gzip.compress(line(0).encode()) + b"rubbish"))


def test_what_unpacks_to_far_too_much_is_refused(tmp_path):
    for pack in (gzip.compress, zstandard.ZstdCompressor().compress):
        started = time.perf_counter()
        error = refused(put(tmp_path, pack(line().encode() + b" " * (200 << 20))))
        assert "times its size" in error.reason
        assert time.perf_counter() - started < 5


def test_half_a_line_is_counted(tmp_path):
    recording = read(put(tmp_path, line(0) + line(1)[:40] + "\n" + line(2) + line(3)[:30]))
    assert recording.table["ref"].to_list() == ["input.jsonl:1", "input.jsonl:3"]
    assert recording.drops.counts == {"line is no JSON object": 2}
    assert recording.drops.examples == {"line is no JSON object": "input.jsonl:2"}


@pytest.mark.parametrize(
    "bad", ["[1]", "5", "null", "nonsense", '{"now": 1, ', "{" * 5000, '{"a":' * 3000, "\xff", '"\\ud800"']
)
def test_bad_lines_among_many_good_ones(tmp_path, bad):
    lines = [line(at) for at in range(3000)]
    lines[1234] = bad + "\n"
    recording = read(put(tmp_path, "".join(lines)))
    assert recording.table.height == 2999
    assert recording.drops.examples == {"line is no JSON object": "input.jsonl:1235"}


def test_fields_of_the_wrong_type_are_unknown(tmp_path):
    recording = read(
        put(
            tmp_path,
            line(0)
            + line(1, track="x", squawk=["1200"], flight={"a": 1}, alt_baro=True, gs=None, flightdict=[1])
            + line(2, squawk=21, flight=77, alt_baro="1000.5", gs="250")
            + '{"now":1748822403,"hex":"a1b2c3","lat":NaN,"lon":1}\n'
            + '{"now":1748822403,"hex":"a1b2c3","lat":1e999,"lon":1}\n',
        )
    )
    assert recording.table.height == 3
    second, third = recording.table.row(1, named=True), recording.table.row(2, named=True)
    for name in ("track", "squawk", "callsign", "altitude", "groundspeed"):
        assert second[name] is None
    assert (third["squawk"], third["callsign"], third["altitude"], third["groundspeed"]) == ("0021", "77", 1000.5, 250)
    assert recording.drops.counts == {"no position": 2}


def test_coordinates_that_are_none(tmp_path):
    text = "timestamp,icao24,latitude,longitude\n" + "".join(
        f"1748822400,a1b2c3,{latitude},1\n" for latitude in ("nan", "", "91", "inf", "north", "45")
    )
    recording = read(put(tmp_path, text))
    assert recording.table.height == 1
    assert recording.drops.counts == {
        "latitude not understood, set unknown": 1,
        "no position": 3,
        "position out of range": 2,
    }


def test_times_in_the_wrong_order_and_in_milliseconds(tmp_path):
    recording = read(put(tmp_path, "".join(line(at) for at in (5, 3, 9, 1))))
    assert recording.table["timestamp"].is_sorted()
    assert recording.table.height == 4
    # readsb's `now` is in seconds: one in milliseconds would be the year 57,000
    odd = read(put(tmp_path, line(0) + line(1748822400000)))
    assert odd.table.height == 1
    assert odd.drops.counts == {"time outside 1990 to 2100": 1}
    # a table does not say, so the magnitude does
    rows = "timestamp,icao24,latitude,longitude\n1748822400000,a1b2c3,45,1\n"
    assert read(put(tmp_path, rows)).table["timestamp"][0].year == 2025


def test_duplicate_rows_are_counted(tmp_path):
    recording = read(put(tmp_path, line(0) + line(1) + line(0)))
    assert recording.table["ref"].to_list() == ["input.jsonl:1", "input.jsonl:2"]
    assert recording.drops.counts == {"same position twice": 1}


def test_a_line_of_two_gigabytes(tmp_path, monkeypatch):
    """A sparse file holds the line; the memory that reading takes stays far below it."""
    path = put(tmp_path, line(0))
    with path.open("r+b") as file:
        file.seek(2 << 30, io.SEEK_END)
        file.write(b"\n" + line(1).encode())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    monkeypatch.setattr(Source, "sha256", lambda _: "0" * 64)  # hashing 2 GB is not what is tested
    recording = read(path)
    assert time.perf_counter() - started < 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    assert recording.table["ref"].to_list() == ["input.jsonl:1", "input.jsonl:3"]
    assert recording.drops.counts == {"line longer than 1 MiB": 1}
    assert recording.drops.examples == {"line longer than 1 MiB": "input.jsonl:2"}


@pytest.mark.parametrize("block", [50, 1000, 1 << 20, 8 << 20])
def test_long_lines_are_found_however_the_file_is_cut_into_blocks(tmp_path, monkeypatch, block):
    monkeypatch.setattr(source_module, "BLOCK", block)
    monkeypatch.setattr(source_module, "MAX_LINE", 200)
    path = put(tmp_path, line(0) + "x" * 201 + "\n" + line(1) + "y" * 200 + "\n" + line(2) + "z" * 999)
    drops = Drops()
    source = Source(str(path), path)
    text = b"".join(whole for _, whole in source.lines(drops))
    assert drops.counts == {source_module.LONG_LINE: 2}
    assert text.split(b"\n")[:5] == [
        line(0).strip().encode(),
        b"",
        line(1).strip().encode(),
        b"y" * 200,
        line(2).strip().encode(),
    ]
    numbers = [number for number, _ in source.lines(Drops())]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("name", ["readsb-aircraft", "readsb-trace", "opensky-states"])
def test_documents_cut_short(tmp_path, name):
    whole = samples()[name]
    error = refused(put(tmp_path, whole[: len(whole) * 3 // 4]))
    assert "JSON" in error.reason
    assert error.place.startswith("byte")


def test_a_document_that_is_too_deep(tmp_path):
    refused(put(tmp_path, '{"now":1,"aircraft":[' + "[" * 200_000))


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_binary_tables_cut_short(tmp_path, name):
    whole = samples()[name]
    assert "damaged" in refused(put(tmp_path, whole[: len(whole) // 2])).reason


def test_a_table_without_what_is_needed(tmp_path):
    path = tmp_path / "x.parquet"
    pl.DataFrame({"timestamp": [1], "lat": [2.0]}).write_parquet(path)
    error = refused(path)
    assert error.place == "column latitude"
    assert error.path == str(path)


def test_a_byte_order_mark_and_windows_line_ends(tmp_path):
    text = "\ufefftimestamp,icao24,latitude,longitude\r\n1748822400,a1b2c3,45,1\r\n"
    assert read(put(tmp_path, text)).table.height == 1
    assert read(put(tmp_path, "\ufeff" + line(0).replace("\n", "\r\n") + line(1))).table.height == 2
