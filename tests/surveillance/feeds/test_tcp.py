"""TCP on loopback: formats recognised, half lines, garbage, connections that end and begin again."""

from __future__ import annotations

import itertools
import random
import time

import pytest

from overflight.errors import InputError
from overflight.surveillance.feeds.lines import CUT
from overflight.surveillance.feeds.opened import open_feed
from overflight.surveillance.feeds.pump import FOREIGN
from overflight.surveillance.read import read
from tests.surveillance.feeds.listening import Listening, Server, free_port
from tests.surveillance.samples import SBS, samples


def listening(server: Server) -> Listening:
    return Listening(open_feed(f"tcp://127.0.0.1:{server.port}"))


@pytest.mark.parametrize("format_", ["readsb-jsonl", "jsonl", "sbs"])
def test_a_format_is_recognised_and_read_as_the_file(tmp_path, format_):
    data = samples()[format_]
    path = tmp_path / "file"
    path.write_bytes(data)
    expected = read(path).table
    places = sorted(random.Random(1).choices(range(len(data)), k=6))
    parts = [data[a:b] for a, b in itertools.pairwise([0, *places, len(data)])]
    with Server(parts, pause_s=0.02) as server, listening(server) as live:
        live.until(lambda: live.rows >= expected.height)
        assert live.table().drop("ref").equals(expected.drop("ref"))
        health = live.feed.health
        assert (health.connected, health.connections, health.bytes) == (True, 1, len(data))
        assert (health.rows, health.trouble) == (expected.height, None)
        assert time.monotonic() - health.heard_at < 10
        assert not health.lost


def test_it_connects_again_after_the_other_side_closed_and_half_a_line_is_counted():
    lines = samples()["readsb-jsonl"].splitlines(keepends=True)
    scripts = [[lines[0], lines[1][:40]], [lines[2]], [lines[3]]]
    with Server(*scripts) as server, listening(server) as live:
        live.until(lambda: live.rows >= 3)
        assert live.feed.health.connections == server.connections == 3
        assert live.feed.drops.counts == {CUT: 1}
        live.until(lambda: live.feed.health.connected)


def test_nobody_there_is_said_and_time_passes():
    port = free_port()
    feed = open_feed(f"tcp://127.0.0.1:{port}")
    with Listening(feed) as live:
        live.until(lambda: len(live.pieces) >= 5)
        assert not feed.health.connected
        assert feed.health.trouble == "connection refused"
        gaps = [b - a for a, b in itertools.pairwise(live.moments)]
        assert min(gaps) > 0.2
    assert live.rows == 0


def test_a_name_that_nobody_knows_is_said():
    feed = open_feed("tcp://no-such-host.invalid:30003")
    with Listening(feed) as live:
        live.until(lambda: feed.health.trouble)
        assert "\n" not in feed.health.trouble


def test_waits_grow_while_there_is_only_garbage():
    garbage = random.Random(3).randbytes(80_000).replace(b"\x1a", b"")
    with Server([garbage], keep=False) as server, listening(server) as live:
        live.until(lambda: server.connections >= 4)
        feed = live.feed
        assert feed.drops.counts[FOREIGN] >= 2
        assert live.rows == 0
        waits = [b - a for a, b in itertools.pairwise(server.accepted)]
        assert all(wait > 0.2 for wait in waits)


def test_garbage_within_lines_is_counted():
    lines = SBS.splitlines(keepends=True)
    dice = random.Random(4)
    noise = b"".join(dice.randbytes(30).replace(b"\n", b"") + b"\n" for _ in range(5))
    script = ["".join(lines[:4]).encode(), noise, "".join(lines[4:]).encode()]
    with Server(script) as server, listening(server) as live:
        live.until(lambda: live.rows >= 3)
        assert live.feed.drops.counts["line has the wrong number of fields"] >= 5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tcp://", "names no host"),
        ("tcp://host", "names no port"),
        ("tcp://host:99999", "no usable host and port"),
        ("tcp://user:secret@host", "names no port"),
        ("tcp://user:secret@host:port", "no usable host and port"),
        ("udp://example.org:8600", "no IPv4 address"),
        ("nats://user:secret@host", "names no stream"),
        ("nats://host/a.b", "names no stream"),
        ("opensky:1,2,3", "no W,S,E,N"),
        ("opensky:10,45,5,47", "no box"),
        ("gopher://user:secret@host", "no known kind"),
    ],
)
def test_a_name_that_is_not_whole_is_refused(name, said):
    with pytest.raises(InputError, match=said) as refused:
        open_feed(name)
    assert refused.value.remedy
    assert "secret" not in str(refused.value)
