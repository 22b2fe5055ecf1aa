"""`overflight replay` as a person runs it: to a port, to a stream, to standard output; in order and in disorder."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from overflight.engine.outlets import outlet
from overflight.engine.replay import ReplayParameters, as_lines, replay
from overflight.errors import InputError, ParameterError
from overflight.surveillance.complete import complete, finish
from overflight.surveillance.feeds.opened import open_feed
from overflight.surveillance.feeds.stream import Stream
from overflight.surveillance.read import read
from overflight.surveillance.recording import Drops
from tests.cli.test_cli import OVERFLIGHT, refused, run
from tests.surveillance.feeds.listening import Listening, free_port
from tests.surveillance.feeds.nats_server import NatsServer
from tests.surveillance.samples import FRAMES, table


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """Rows that say all that a row can: names of every kind, relayed and anonymous ones, accuracies, flags, references."""
    said = table()[:200]
    numbers = pl.int_range(pl.len())
    said = said.with_columns(
        icao24=pl.when(numbers % 9 == 3).then(pl.concat_str(pl.lit("~"), "icao24")).otherwise("icao24"),
        address_type=pl.when(numbers % 9 == 3).then(pl.lit("tisb")),
        track_id=pl.lit(None, dtype=pl.String),
        geoaltitude=pl.col("altitude") + 0.1,
        groundspeed=numbers / 7,
        track=numbers / 3 % 360,
        nac_p=numbers % 12,
        position_age=numbers / 10,
        source=pl.when(numbers % 2 == 0).then(pl.lit("adsb")),
        flags=numbers % 5,
        party=pl.when(numbers % 5 == 0).then(pl.lit("A “party”")),
        ref=pl.format("recording.jsonl:{}", numbers),
    )
    return complete(said)[0]


@pytest.fixture
def recording(tmp_path, rows):
    path = tmp_path / "recording.parquet"
    rows.write_parquet(path)
    return path


class Kept:
    """An outlet that keeps what it gets, and when."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.moments: list[float] = []
        self.closed = False

    def ready(self) -> None:
        """Always."""

    def send(self, lines: bytes) -> None:
        self.lines.append(lines)
        self.moments.append(time.monotonic())

    def close(self) -> None:
        self.closed = True


def sent(rows: pl.DataFrame, **parameters) -> tuple[pl.DataFrame, Kept]:
    """What was sent, row by row in its order."""
    kept = Kept()
    count = replay(rows, ReplayParameters(**parameters), kept, lambda _: None)
    stream, drops = Stream("x", Drops()), Drops()
    parts = pl.concat([stream.take(lines, 0.0) for lines in kept.lines], how="diagonal")
    assert (parts.height, kept.closed, dict(drops.counts)) == (count, True, {})
    return parts, kept


def test_the_lines_read_back_are_the_table(rows, tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(as_lines(rows))
    assert read(path).table.equals(rows)
    parts, _ = sent(rows, speed=0.0)
    assert parts["ref"].to_list() == rows["ref"].to_list(), "in order of time"
    assert finish([parts], Drops()).equals(rows)


def test_decoded_frames_survive_it(tmp_path):
    found = read(FRAMES).table
    parts, _ = sent(found, speed=0.0)
    assert finish([parts], Drops()).equals(found)


def test_it_takes_as_long_as_it_should(rows):
    span_s = (rows["timestamp"].max() - rows["timestamp"].min()).total_seconds()
    _, kept = sent(rows, speed=span_s / 1.5)
    took_s = kept.moments[-1] - kept.moments[0]
    assert 1.3 < took_s < 5.0, took_s
    middle = rows.filter(pl.col("timestamp") <= rows["timestamp"][0] + pl.duration(seconds=span_s / 2)).height
    so_far = np.cumsum([part.count(b"\n") for part in kept.lines])
    at = kept.moments[int(np.searchsorted(so_far, middle))] - kept.moments[0]
    assert 0.5 < at < 3.0, "half of the time for half of the span"


def test_disorder_stays_within_the_delay_and_nothing_is_lost(rows):
    parts, _ = sent(rows, speed=0.0, shuffle_s=4.0, duplicate=0.1, seed=5)
    newest = parts["timestamp"].cum_max()
    late_s = (newest - parts["timestamp"]).dt.total_microseconds() / 1e6
    assert 0.0 < late_s.max() <= 4.0
    assert parts["ref"].to_list() != rows["ref"].to_list()
    assert rows.height < parts.height < rows.height * 1.25
    drops = Drops()
    assert finish([parts], drops).equals(rows)
    assert sum(drops.counts.values()) == parts.height - rows.height
    again, _ = sent(rows, speed=0.0, shuffle_s=4.0, duplicate=0.1, seed=5)
    other, _ = sent(rows, speed=0.0, shuffle_s=4.0, duplicate=0.1, seed=6)
    assert again.equals(parts)
    assert not other.equals(parts)


def test_now_and_times(rows):
    start, end = rows["timestamp"][50], rows["timestamp"][150]
    parts, _ = sent(rows, speed=0.0, start=start, end=end)
    expected = rows.filter(pl.col("timestamp").is_between(start, end, closed="left"))
    assert parts["ref"].to_list() == expected["ref"].to_list()
    moved, _ = sent(rows, speed=0.0, now=True)
    assert abs((moved["timestamp"][0] - datetime.now(UTC)).total_seconds()) < 30
    assert (moved["timestamp"] - rows["timestamp"]).n_unique() == 1
    with pytest.raises(InputError, match="no position to replay"):
        sent(rows, start=datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("wrong", [{"speed": -1.0}, {"speed": float("nan")}, {"shuffle_s": -1.0}, {"duplicate": 2.0}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ParameterError):
        ReplayParameters(**wrong)


def test_standard_output(recording, rows, tmp_path):
    done = run("replay", recording, "--to", "stdout", "--speed", "0")
    assert (done.returncode, done.stderr) == (0, f"{rows.height} positions sent\n")
    path = tmp_path / "out.jsonl"
    path.write_text(done.stdout)
    assert read(path).table.equals(rows)


def test_every_client_of_a_port_gets_the_recording(recording, rows):
    port = free_port()
    name = f"tcp://127.0.0.1:{port}"
    with (
        Listening(open_feed(name)) as live,
        subprocess.Popen([OVERFLIGHT, "replay", recording, "--to", name, "--speed", "0", "-q"]) as process,
    ):
        live.until(lambda: live.rows >= rows.height, 60)
        assert live.table().equals(rows)
        assert process.wait(20) == 0


def test_a_client_that_leaves_does_not_stop_it(rows):
    port = free_port()
    out = outlet(f"tcp://127.0.0.1:{port}")
    with Listening(open_feed(f"tcp://127.0.0.1:{port}")) as live:
        out.ready()
        out.send(as_lines(rows[:10]))
        live.until(lambda: live.rows == 10)
    for first in range(10, 100, 10):
        out.send(as_lines(rows[first : first + 10]))
    out.close()


def test_a_nats_stream(recording, rows, tmp_path):
    with NatsServer(tmp_path / "nats") as server:
        name = f"{server.url}/flights"
        done = run(
            "replay", recording, "--to", name, "--speed", "0", "--shuffle", "4s", "--duplicate", "5%", "--seed", "1"
        )
        assert done.returncode == 0, done.stderr
        with Listening(open_feed(name)) as live:
            live.until(lambda: live.rows >= rows.height)
            assert live.table().equals(rows)


def test_bad_calls_end_in_one_line(recording):
    assert "no known destination; name it as tcp://127.0.0.1:PORT" in refused("replay", recording, "--to", "ftp://x")
    assert "cannot listen" in refused("replay", recording, "--to", "tcp://192.0.2.1:9000")
    assert "is no share" in refused("replay", recording, "--to", "stdout", "--duplicate", "much")
    assert "--to" in refused("replay", recording)
