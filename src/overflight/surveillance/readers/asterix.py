"""ASTERIX in files: data blocks one behind the other, network captures (pcap), and "final" frames.

Source: EUROCONTROL-SPEC-0149; see `overflight.surveillance.asterix` for the items and units, and
`overflight.surveillance.readers.asterix_containers` for what they are recorded in. A capture has the time of reception of each
datagram. Bare data blocks have only times of day, and final frames a time of day of their own: the first lies on the day of time
zero, which is `UNDATED_EPOCH` unless the user gives it, and each further one on the day that brings it nearest to the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.asterix import Collector, Days
from overflight.surveillance.asterix_blocks import blocks, looks_like_blocks
from overflight.surveillance.radars import checked
from overflight.surveillance.readers.asterix_containers import captured, final_frames, final_length, is_capture
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source

_ROWS: Final = 50_000
"""Rows held before they become a frame."""
_PCAPNG: Final = b"\x0a\x0d\x0d\x0a"


def read_blocks(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """Data blocks, one behind the other."""
    collector, days = Collector(source.label, checked(source.radars), drops), Days(source.zero_s)
    data, base = b"", 0
    for piece, final in chain(((piece, False) for piece in source.blocks()), [(b"", True)]):
        data += piece
        found, done = blocks(data, base, source.label, drops, final=final)
        for block in found:
            collector.block(block, days.moment_s)
            if len(collector) >= _ROWS:
                yield collector.rows()
        data, base = data[done:], base + done
    yield collector.rows()


def read_capture(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """The datagrams of a network capture."""
    collector = Collector(source.label, checked(source.radars), drops)
    for datagrams in captured(source, drops):
        for datagram in datagrams:
            collector.datagram(datagram.data, datagram.at, datagram.time_s)
            if len(collector) >= _ROWS:
                yield collector.rows()
    yield collector.rows()


def read_final(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """The data blocks in final frames."""
    collector, days = Collector(source.label, checked(source.radars), drops), Days(source.zero_s)
    for frames in final_frames(source, drops):
        for frame in frames:
            collector.datagram(frame.data, frame.at, days.moment_s(frame.time_s))
            if len(collector) >= _ROWS:
                yield collector.rows()
    yield collector.rows()


def refuse(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """Say how to turn a pcapng capture into one that is read.

    Raises:
        InputError: always.
    """
    raise InputError(
        "a network capture in the pcapng format", path=source.name, remedy="convert it: editcap -F pcap IN OUT"
    )
    yield


BLOCKS = Reader("asterix", "tracks", looks_like_blocks, read_blocks)
CAPTURE = Reader("asterix-pcap", "tracks", is_capture, read_capture)
FINAL = Reader("asterix-final", "tracks", lambda head: final_length(head, 0) > 0, read_final)
PCAPNG = Reader("pcapng", "tracks", lambda head: head.startswith(_PCAPNG), refuse)
