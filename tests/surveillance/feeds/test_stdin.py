"""Standard input, through a real pipe: cut anywhere, ended, broken."""

from __future__ import annotations

import gzip
import os
import random
import threading
import time

import polars as pl
import pytest

from overflight.errors import InputError
from overflight.surveillance.complete import finish
from overflight.surveillance.feeds.opened import open_feed
from overflight.surveillance.feeds.stdin import Stdin
from overflight.surveillance.read import read
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import LONG_LINE, MAX_LINE
from tests.surveillance.samples import DEMO, samples


def written(parts: list[bytes], pause_s: float = 0.0) -> int:
    """The end to read of a pipe into which the parts are written."""
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb", buffering=0) as pipe:  # noqa: PTH123 - a descriptor, no path
            for part in parts:
                pipe.write(part)
                time.sleep(pause_s)

    threading.Thread(target=write, daemon=True).start()
    return reading


def all_rows(parts: list[bytes], pause_s: float = 0.0) -> tuple[pl.DataFrame, Stdin]:
    reading = written(parts, pause_s)
    feed = Stdin(reading)
    rows = [piece.rows for piece in feed.pieces()]
    os.close(reading)
    return finish(rows, Drops()), feed


def cut(data: bytes, seed: int, pieces: int) -> list[bytes]:
    places = sorted(random.Random(seed).choices(range(len(data)), k=pieces - 1))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@pytest.mark.parametrize("format_", ["readsb-jsonl", "jsonl"])
def test_the_rows_are_those_of_the_file(tmp_path, format_):
    data = samples()[format_]
    path = tmp_path / "file"
    path.write_bytes(data)
    expected = read(path).table
    for seed in range(3):
        table, feed = all_rows(cut(data, seed, 9), 0.01)
        assert table.drop("ref").equals(expected.drop("ref"))
        assert [ref.split(":")[1] for ref in table["ref"]] == [ref.split(":")[1] for ref in expected["ref"]]
        assert feed.health.rows == table.height
        assert feed.health.bytes == len(data)


def test_a_large_input_is_read_whole():
    with gzip.open(DEMO) as lines:
        data = lines.read()
    table, _ = all_rows([data])
    assert table.drop("ref").equals(read(DEMO).table.drop("ref"))


def test_a_last_line_without_an_end_counts_and_garbage_between_is_counted():
    first, second, third = samples()["readsb-jsonl"].split(b"\n")[:3]
    table, feed = all_rows([first + b"\n\xff\xfe nonsense\n" + second + b"\n{" + b"\n" + third])
    assert table.height == 3
    assert feed.drops.counts == {"line is no JSON object": 2}
    assert feed.health.lost == {"line is no JSON object": 2}


@pytest.mark.parametrize("parts", [1, 40])
def test_a_line_without_end_is_dropped(parts):
    first, second = samples()["readsb-jsonl"].split(b"\n")[:2]
    long = b'{"now":1,"hex":"' + b"a" * (MAX_LINE * 2) + b'"}'
    whole = first + b"\n" + long + b"\n" + second + b"\n"
    table, feed = all_rows(cut(whole, 1, parts), 0.01 if parts > 1 else 0)
    assert table.height == 2
    assert feed.drops.counts == {LONG_LINE: 1}


def test_nothing_at_all():
    table, feed = all_rows([])
    assert table.height == 0
    assert not feed.health.connected


@pytest.mark.parametrize("data", [b"PK\x03\x04 nonsense", b"x" * 100_000, b'{"a": 1}\n' * 3])
def test_a_foreign_input_is_refused(data):
    with pytest.raises(InputError, match="stdin: stream of no known format; send"):
        all_rows([data])


def test_time_passes_while_nothing_comes_and_close_ends_it():
    reading, writing = os.pipe()
    feed = Stdin(reading)
    pieces = feed.pieces()
    started = time.monotonic()
    assert [next(pieces).rows.height for _ in range(3)] == [0, 0, 0]
    assert 0.9 < time.monotonic() - started < 3
    assert feed.health.connected
    assert feed.health.heard_at == float("-inf")
    threading.Timer(0.1, feed.close).start()
    assert sum(1 for _ in pieces) <= 1
    os.close(writing)
    os.close(reading)


def test_a_name_of_no_source_is_refused():
    for name in ("ftp://host/x", "host:30003", "", "recording.parquet"):
        with pytest.raises(InputError, match="no known kind of source; name it as tcp://HOST:PORT"):
            open_feed(name)
    assert isinstance(open_feed("-"), Stdin)
