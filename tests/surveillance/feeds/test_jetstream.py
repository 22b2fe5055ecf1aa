"""NATS JetStream, with a real server: in order, resumed where it was left, through a restart of the server."""

from __future__ import annotations

import asyncio
import functools

import nats
import polars as pl
import pytest

from overflight.engine.outlets import outlet
from overflight.engine.replay import as_lines
from overflight.errors import InputError
from overflight.surveillance.complete import finish
from overflight.surveillance.feeds.jetstream import ANEW, GONE
from overflight.surveillance.feeds.opened import open_feed
from overflight.surveillance.recording import Drops
from tests.surveillance import samples
from tests.surveillance.feeds.listening import Listening
from tests.surveillance.feeds.nats_server import NatsServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


@functools.cache
def table() -> pl.DataFrame:
    """Some rows, each with its evidence."""
    return samples.table().with_columns(ref=pl.format("demo.jsonl:{}", pl.int_range(pl.len())))


def publish(url: str, stream: str, rows: pl.DataFrame, each: int) -> int:
    """Store rows, some a message; how many messages that were."""
    out = outlet(f"{url}/{stream}")
    firsts = range(0, rows.height, each)
    for first in firsts:
        out.send(as_lines(rows[first : first + each]))
    out.close()
    return len(firsts)


def manage(url: str, work) -> None:
    async def talk():
        client = await nats.connect(url)
        await work(client.jetstream())
        await client.close()

    asyncio.run(talk())


def test_the_table_comes_back_as_it_was_and_can_be_resumed_anywhere(server):
    rows = table()
    count = publish(server.url, "whole", rows, 7)
    with Listening(open_feed(f"{server.url}/whole")) as live:
        live.until(lambda: live.rows == rows.height)
        assert live.table().equals(rows)
        assert live.pieces[-1].position in {count, None}
        assert max(piece.position or 0 for piece in live.pieces) == count
    for after in (0, 1, count // 2, count - 1):
        with Listening(open_feed(f"{server.url}/whole", after=after)) as live:
            live.until(lambda at=after: live.rows >= rows.height - at * 7)
            assert live.table().equals(rows[after * 7 :])
    assert not live.feed.drops.counts


def test_pieces_say_where_to_go_on(server):
    """Whatever piece was the last that was kept, reading on after its position completes the table."""
    rows = table()[:60]
    publish(server.url, "steps", rows, 1)
    feed = open_feed(f"{server.url}/steps")
    kept, position = [], None
    for piece in feed.pieces():
        kept.append(piece.rows)
        if piece.position:
            position = piece.position
            break
    feed.close()
    publish(server.url, "steps", table()[60:100], 1)
    with Listening(open_feed(f"{server.url}/steps", after=position)) as live:
        live.until(lambda: live.rows + sum(part.height for part in kept) >= 100)
        parts = [*kept, *(piece.rows for piece in live.pieces)]
    drops = Drops()
    assert finish(parts, drops).equals(table()[:100])
    assert not drops.counts, "none lost, none doubled"


def test_a_server_that_restarts_loses_and_doubles_nothing(tmp_path):
    rows = table()
    with NatsServer(tmp_path) as server:
        publish(server.url, "again", rows[:100], 5)
        with Listening(open_feed(f"{server.url}/again")) as live:
            live.until(lambda: live.rows == 100)
            server.stop()
            live.until(lambda: not live.feed.health.connected)
            assert live.feed.health.trouble
            server.start()
            publish(server.url, "again", rows[100:200], 5)
            live.until(lambda: live.rows >= 200)
            assert live.table().equals(rows[:200])
            assert live.rows == 200
            assert live.feed.health.connections == 2


def test_rows_without_a_reference_get_that_of_their_message(server):
    out = outlet(f"{server.url}/plain")
    line = b'{"timestamp":1748822400,"icao24":"a1b2c3","latitude":1.5,"longitude":2.5}\n'
    out.send(line * 2)
    out.send(line.replace(b"1.5", b"1.6") + b"nonsense\n" + line.replace(b"1.5", b"1.7"))
    out.close()
    with Listening(open_feed(f"{server.url}/plain")) as live:
        live.until(lambda: live.rows == 4)
        refs = pl.concat([piece.rows for piece in live.pieces], how="diagonal")["ref"].to_list()
        assert refs == [f"{server.url}/plain#{place}" for place in ("1:1", "1:2", "2:1", "2:3")]
        assert live.feed.drops.counts == {"line is no JSON object": 1}


def test_messages_that_are_gone_are_counted_and_a_stream_made_anew_is_said(server):
    rows = table()[:50]
    publish(server.url, "short", rows, 1)
    manage(server.url, lambda js: js.purge_stream("short", seq=31))
    with Listening(open_feed(f"{server.url}/short", after=10)) as live:
        live.until(lambda: live.rows == 20)
        assert live.feed.drops.counts == {GONE: 20}
    with Listening(open_feed(f"{server.url}/short", after=1000)) as live:
        live.until(lambda: live.rows == 20)
        assert live.feed.drops.counts == {ANEW: 1}


def test_a_stream_that_is_not_there_yet_is_waited_for(server):
    with Listening(open_feed(f"{server.url}/later")) as live:
        live.until(lambda: live.feed.health.trouble)
        assert live.feed.health.trouble == "has no stream later"
        publish(server.url, "later", table()[:10], 10)
        live.until(lambda: live.rows == 10)
        assert live.feed.health.trouble is None


def test_no_server_and_no_jetstream_are_said(tmp_path):
    server = NatsServer(tmp_path, "--user", "pilot", "--pass", "s3cr3t-Zebra")
    with Listening(open_feed(f"{server.url}/x")) as live:
        live.until(lambda: live.feed.health.trouble)
        assert live.feed.health.trouble in {"does not answer", "connection refused"}
    with pytest.raises(InputError, match="does not take what is sent"):
        outlet(f"{server.url}/x")
    with server:
        name = server.url.replace("//", "//pilot:s3cr3t-Wrong@") + "/x"
        with Listening(open_feed(name)) as live:
            live.until(lambda: live.feed.health.trouble)
            assert live.feed.health.trouble == "refuses the credentials"
            assert "s3cr3t" not in repr((live.feed.name, live.feed.health, live.feed.drops))
        with pytest.raises(InputError) as refused:
            outlet(name)
        assert "s3cr3t" not in str(refused.value)
        right = server.url.replace("//", "//pilot:s3cr3t-Zebra@")
        publish(right, "x", table()[:10], 10)
        with Listening(open_feed(f"{right}/x")) as live:
            live.until(lambda: live.rows == 10)
            assert "s3cr3t" not in repr((live.feed.name, live.table().to_dicts()))
