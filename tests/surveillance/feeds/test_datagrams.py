"""UDP on loopback, to one address and to a group, with a small decoder of our own, and with that of ASTERIX."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

import polars as pl

from overflight.surveillance.feeds.datagrams import EMPTY
from overflight.surveillance.feeds.opened import open_feed
from overflight.surveillance.read import read
from overflight.surveillance.recording import Drops
from tests.surveillance.feeds.listening import Listening, free_port

HALF = "half a datagram"
ASTERIX = Path(__file__).resolve().parents[2] / "data/asterix"


def decode(data, received_s, label):
    """A datagram of two floats: latitude, longitude."""
    drops = Drops()
    if len(data) != 16:
        drops.add(HALF, 1, label)
        return pl.DataFrame(), drops
    latitude, longitude = struct.unpack("<dd", data)
    row = {"timestamp": received_s, "track_id": "radar:1", "latitude": latitude, "longitude": longitude, "ref": label}
    return pl.DataFrame([row]), drops


def send(address, port, *datagrams):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        for data in datagrams:
            link.sendto(data, (address, port))


def test_one_address():
    port = free_port()
    with Listening(open_feed(f"udp://127.0.0.1:{port}", decode=decode)) as live:
        live.until(lambda: live.feed.health.connected)
        whole = struct.pack("<dd", 36.5, -121.5)
        send("127.0.0.1", port, whole, whole[:7], b"", struct.pack("<dd", 99.0, 0.0), whole)
        live.until(lambda: live.rows == 2)
        table = live.table()
        assert table["latitude"].to_list() == [36.5, 36.5]
        assert abs(table["timestamp"][0].timestamp() - time.time()) < 20
        assert table["ref"].to_list() == [f"udp://127.0.0.1:{port}#1", f"udp://127.0.0.1:{port}#4"]
        assert live.feed.drops.counts == {HALF: 1, EMPTY: 1, "position out of range": 1}
        assert live.feed.health.bytes == 16 * 3 + 7


def test_a_group():
    port = free_port()
    name = f"udp://239.255.77.1:{port}?interface=127.0.0.1"
    with Listening(open_feed(name, decode=decode)) as live, Listening(open_feed(name, decode=decode)) as other:
        live.until(lambda: live.feed.health.connected and other.feed.health.connected)
        send("239.255.77.1", port, struct.pack("<dd", 36.5, -121.5))
        live.until(lambda: live.rows == other.rows == 1)
        # what is sent to the machine and not to the group is for somebody else
        send("127.0.0.1", port, struct.pack("<dd", 1.0, 1.0))
        send("239.255.77.1", port, struct.pack("<dd", 2.0, 2.0))
        live.until(lambda: live.rows >= 2)
        assert live.table()["latitude"].to_list() == [36.5, 2.0]


def test_an_address_that_is_in_use_is_said_and_taken_once_it_is_free():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        feed = open_feed(f"udp://127.0.0.1:{port}", decode=decode)
        live = Listening(feed)
        live.__enter__()
        live.until(lambda: feed.health.trouble == "address already in use")
    live.until(lambda: feed.health.connected)
    live.__exit__()


def test_asterix():
    """Real system tracks, half of a datagram of them, and a radar whose place is not known."""
    blocks = {name: (ASTERIX / name).read_bytes() for name in ("cat062.ast", "cat048.ast")}
    port = free_port()
    with Listening(open_feed(f"udp://127.0.0.1:{port}")) as live:
        live.until(lambda: live.feed.health.connected)
        send("127.0.0.1", port, blocks["cat062.ast"], blocks["cat062.ast"][:40], blocks["cat048.ast"])
        live.until(lambda: live.feed.health.bytes == sum(map(len, blocks.values())) + 40 and live.rows, 120)
        live.until(lambda: any("has no known place" in reason for reason in live.feed.drops.counts), 120)
        assert live.table().height == read(ASTERIX / "cat062.ast").table.height
        assert abs(live.table()["timestamp"][0].timestamp() - time.time()) < 43_300  # of today, or next to midnight
        assert len(live.feed.drops.counts) >= 2  # and the half
