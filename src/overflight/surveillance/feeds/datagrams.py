"""UDP: ASTERIX as surveillance networks send it, to one address or to a multicast group.

A group is joined on the interface named by ``?interface=`` (an address of this machine), else on the one that the system
chooses. What the system threw away before we could read it is counted where the system tells (Linux).
"""

from __future__ import annotations

import importlib
import ipaddress
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias, cast
from urllib.parse import parse_qs

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.complete import normalise
from overflight.surveillance.feeds.feed import NO_ROWS, TICK_S, Health, Piece
from overflight.surveillance.feeds.place import Place
from overflight.surveillance.feeds.pump import Chunk, Pump, keep_connected
from overflight.surveillance.recording import Drops

Decode: TypeAlias = Callable[[bytes, float, str], tuple[pl.DataFrame, Drops]]
"""From a datagram, when it was received (s since 1970) and a label for references to rows of the position table, and what was
left out of it: `overflight.surveillance.asterix.decode`."""

TOO_FAST: Final = "datagram that came faster than it could be worked on"
EMPTY: Final = "empty datagram"
_LARGEST: Final = 64 << 10  # bytes; UDP's own limit is 65,507
_BUFFER: Final = 8 << 20  # bytes that the system is asked to hold for us
_OVERFLOW: Final = 40  # SO_RXQ_OVFL of Linux: tells with each datagram how many were thrown away so far


class Datagrams:
    """``udp://HOST:PORT``, with HOST an address of this machine or a multicast group."""

    def __init__(self, place: Place, decode: Decode | None = None) -> None:
        """Listen nowhere yet.

        Raises:
            InputError: the host or the interface is no IPv4 address.
        """
        self.name = place.name
        self.drops = Drops()
        self.health = Health(lost=self.drops.counts)
        self._port = place.port
        self._address = _address(place.host, self.name)
        given = parse_qs(place.url.query).get("interface", ["0.0.0.0"])[0]
        self._interface = _address(given, self.name)
        self._decode = decode
        self._number = 0
        self._numbers: Any = None
        self._pump = Pump(lambda: keep_connected(self._pump, self.health, self._session))

    def pieces(self) -> Iterator[Piece]:
        """What comes (`Feed.pieces`)."""
        if self._decode is None:
            self._decode = cast("Decode", importlib.import_module("overflight.surveillance.asterix").decode)
        yield from self._pump.pieces(self.health, self._piece, lambda: Piece(NO_ROWS))

    def close(self) -> None:
        """Stop."""
        self._pump.close()

    def _piece(self, chunks: list[Chunk]) -> Piece:
        assert self._decode is not None
        parts = [NO_ROWS]
        for chunk in chunks:
            self._number += 1
            label = f"{self.name}#{self._number}"
            rows, drops = self._decode(chunk.data, chunk.received_s, label)
            self.drops.merge(drops)
            if rows.height:
                parts.append(normalise(self._by_stay(rows), label, self.drops))
        return Piece(pl.concat(parts, how="diagonal"))

    def _by_stay(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Track numbers are given to one target after another: rows that say where a track begins and ends are told apart."""
        if "begins" not in rows.columns:
            return rows
        if self._numbers is None:
            self._numbers = cast("Any", importlib.import_module("overflight.surveillance.track_numbers")).TrackNumbers()
        return cast("pl.DataFrame", self._numbers.split(rows))

    def _session(self) -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            self._listen(link)
            self.health.connected, self.health.trouble = True, None
            self.health.connections += 1
            number, thrown = 0, 0
            while not self._pump.closed:
                try:
                    data, told, _, _ = link.recvmsg(_LARGEST, 64)
                except TimeoutError:
                    continue
                number += 1
                place = f"{self.name}#{number}"
                for level, kind, content in told:
                    if level == socket.SOL_SOCKET and kind == _OVERFLOW:
                        (so_far,) = struct.unpack("=I", content[:4])
                        self.drops.add(TOO_FAST, so_far - thrown, place)
                        thrown = so_far
                if not data:
                    self.drops.add(EMPTY, 1, place)
                    continue
                self.health.heard_at = time.monotonic()
                self.health.bytes += len(data)
                if not self._pump.put(Chunk(data, time.time()), wait=False) and not self._pump.closed:
                    self.drops.add(TOO_FAST, 1, place)
        return "closed"

    def _listen(self, link: socket.socket) -> None:
        link.settimeout(TICK_S)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        if sys.platform == "linux":
            link.setsockopt(socket.SOL_SOCKET, _OVERFLOW, 1)
        if self._address.is_multicast:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # others may listen to the group, too
            link.bind((str(self._address), self._port))
            group = self._address.packed + self._interface.packed
            link.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        else:
            link.bind((str(self._address), self._port))


def _address(text: str, name: str) -> ipaddress.IPv4Address:
    try:
        return ipaddress.IPv4Address("127.0.0.1" if text == "localhost" else text)
    except ValueError:
        remedy = "write it like udp://239.1.1.1:8600?interface=192.168.1.5 or udp://0.0.0.0:8600"
        raise InputError("no IPv4 address to listen at", path=name, remedy=remedy) from None
