"""What ASTERIX is recorded in: captures of a network, and "final" frames.

*pcap*, the classic capture file of libpcap (https://www.tcpdump.org/manpages/pcap-savefile.5.txt): a header of 24 bytes whose
first four tell byte order and whether fractions of a second are µs or ns, then for each packet seconds since 1970 (UTC),
fraction, bytes stored, bytes sent, and the packet. Ethernet with VLAN tags (IEEE 802.1Q, 802.1ad), Linux "cooked" (SLL, SLL2),
BSD loopback and raw IP are read; of IPv4 (RFC 791) and IPv6 (RFC 8200) the UDP datagrams (RFC 768). pcapng is another format,
and refused with what turns it into this one.

*Final*, the frames of IOSS recorders (files ``.ff``, ``.astfin``; Luciad, "ASTERIX Final format",
https://dev.luciad.com/portal/productDocumentation/LuciadFusion/docs/articles/guide/asterix/finalformat.html): 8 bytes (length
with header and trailer, 2 bytes, most significant first; board, line, recording day, generally not used; time of day in 1/100 s,
3 bytes), data blocks, and 4 bytes 0xa5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from overflight.surveillance.asterix_blocks import SHORTEST, length_at
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source

DAMAGED_CAPTURE: Final = "capture is damaged here, what follows is left out (pcap)"
CUT_CAPTURE: Final = "packet cut short by the end of the capture (pcap)"
CUT_PACKET: Final = "packet cut short by the snap length of the capture (pcap)"
FRAGMENT: Final = "fragment of an IP packet, not put together (pcap)"
NO_DATAGRAM: Final = "packet without a UDP datagram (pcap)"
DAMAGED_FRAME: Final = "damaged final frame"

_MAGIC: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_LARGEST: Final = 262_144
"""Bytes of a packet: MAXIMUM_SNAPLEN of libpcap."""
_VLANS: Final = (0x8100, 0x88A8, 0x9100)
_IPV4, _IPV6 = 0x0800, 0x86DD
_UDP: Final = 17
_OPTIONS: Final = (0, 43, 60)  # IPv6: hop by hop, routing, destination options
_IPV6_FRAGMENT: Final = 44
_TRAILER: Final = b"\xa5" * 4
_FINAL_HEADER: Final = 8


@dataclass(frozen=True)
class Datagram:
    """One datagram, or what one frame holds.

    Attributes:
        at: the byte of the file at which its data starts.
        time_s: of the capture, s since 1970 (UTC); of a final frame, s since midnight.
        data: data blocks, if it is ASTERIX.
    """

    at: int
    time_s: float
    data: bytes


def is_capture(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a pcap file."""
    return len(head) >= 24 and head[:4] in _MAGIC


def captured(source: Source, drops: Drops) -> Iterator[list[Datagram]]:
    """The UDP datagrams of a pcap file, by blocks of the file."""
    order, fraction_s, link = "<", 1e-6, -1
    data, base = b"", 0
    for block in source.blocks():
        data += block
        at = 0
        if link < 0:
            if len(data) < 24:
                continue
            order, fraction_s = _MAGIC[data[:4]]
            link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
            at = 24
        found: list[Datagram] = []
        while at + 16 <= len(data):
            seconds, fraction, stored, sent = struct.unpack_from(order + "IIII", data, at)
            if stored > _LARGEST:
                drops.add(DAMAGED_CAPTURE, 1, f"{source.label}@{base + at}")
                yield found
                return
            if at + 16 + stored > len(data):
                break
            place = f"{source.label}@{base + at}"
            start, packet = at + 16, data[at + 16 : at + 16 + stored]
            if stored < sent:
                drops.add(CUT_PACKET, 1, place)
            payload = _payload(packet, link)
            if isinstance(payload, str):
                drops.add(payload, 1, place)
            else:
                found.append(Datagram(base + start + payload.start, seconds + fraction * fraction_s, packet[payload]))
            at += 16 + stored
        yield found
        data, base = data[at:], base + at
    if data:
        drops.add(CUT_CAPTURE, 1, f"{source.label}@{base}")


def _payload(packet: bytes, link: int) -> slice | str:
    """Where the data of a UDP datagram lies in a packet, or why there is none."""
    try:
        at = _network(packet, link)
        if at is None:
            return NO_DATAGRAM
        found = _ipv4(packet, at) if packet[at] >> 4 == 4 else _ipv6(packet, at) if packet[at] >> 4 == 6 else None
        if found is None or isinstance(found, str):
            return found or NO_DATAGRAM
        start, end = found
        length = int.from_bytes(packet[start + 4 : start + 6])
        if start + 8 > end or length < 8:
            return NO_DATAGRAM
        return slice(start + 8, min(start + length, end))
    except IndexError:
        return NO_DATAGRAM


def _network(packet: bytes, link: int) -> int | None:
    """Where the IP packet starts; None where there is none."""
    if link in {12, 14, 101, 228, 229}:  # raw IP
        return 0
    if link in {0, 108}:  # loopback: 4 bytes of address family
        return 4
    if link == 113:  # Linux cooked
        at, kind = 16, int.from_bytes(packet[14:16])
    elif link == 276:  # Linux cooked, version 2
        at, kind = 20, int.from_bytes(packet[0:2])
    elif link == 1:  # Ethernet
        at, kind = 14, int.from_bytes(packet[12:14])
    else:
        return None
    while kind in _VLANS and at + 4 <= len(packet):
        at, kind = at + 4, int.from_bytes(packet[at + 2 : at + 4])
    return at if kind in {_IPV4, _IPV6} else None


def _ipv4(packet: bytes, at: int) -> tuple[int, int] | str | None:
    """Where the UDP header starts and where the packet ends, without the padding of short Ethernet frames."""
    header = (packet[at] & 0x0F) * 4
    total, fragment = int.from_bytes(packet[at + 2 : at + 4]), int.from_bytes(packet[at + 6 : at + 8])
    if packet[at + 9] != _UDP or header < 20:
        return None
    if fragment & 0x3FFF:  # more fragments, or an offset
        return FRAGMENT
    return at + header, min(len(packet), at + total) if total else len(packet)  # 0: left to the network card


def _ipv6(packet: bytes, at: int) -> tuple[int, int] | str | None:
    length, following = int.from_bytes(packet[at + 4 : at + 6]), packet[at + 6]
    end = min(len(packet), at + 40 + length) if length else len(packet)
    at += 40
    while following in _OPTIONS:
        following, at = packet[at], at + (packet[at + 1] + 1) * 8
    if following == _IPV6_FRAGMENT:
        return FRAGMENT
    return (at, end) if following == _UDP else None


def final_length(data: bytes, at: int) -> int:
    """Length of the final frame that starts there; 0 where none does, or where it is not all there."""
    length = int.from_bytes(data[at : at + 2])
    end = at + length
    held = length - _FINAL_HEADER - len(_TRAILER)
    whole = held >= SHORTEST and end <= len(data) and data[end - len(_TRAILER) : end] == _TRAILER
    return length if whole and 0 < length_at(data, at + _FINAL_HEADER) <= held else 0


def final_frames(source: Source, drops: Drops) -> Iterator[list[Datagram]]:
    """What the final frames of a file hold, by blocks of the file.

    Where no frame starts, the next is sought behind the next trailer.
    """
    data, base = b"", 0
    for block in source.blocks():
        data += block
        found, at = _finals(data, base, source.label, drops, final=False)
        yield found
        data, base = data[at:], base + at
    yield _finals(data, base, source.label, drops, final=True)[0]


def _finals(data: bytes, base: int, label: str, drops: Drops, *, final: bool) -> tuple[list[Datagram], int]:
    found: list[Datagram] = []
    at = 0
    while at < len(data) and (final or len(data) - at > 0xFFFF):
        length = final_length(data, at)
        if length:
            time_s = int.from_bytes(data[at + 5 : at + 8]) / 100.0
            held = data[at + _FINAL_HEADER : at + length - len(_TRAILER)]
            found.append(Datagram(base + at + _FINAL_HEADER, time_s, held))
            at += length
            continue
        drops.add(DAMAGED_FRAME, 1, f"{label}@{base + at}")
        at = _behind_trailer(data, at, final)
    return found, at


def _behind_trailer(data: bytes, at: int, final: bool) -> int:
    """Where the next frame starts behind a trailer; where none does, the end, or where one that is still to come may start."""
    found = at
    while (found := data.find(_TRAILER, found + 1)) >= 0:
        if final_length(data, found + len(_TRAILER)):
            return found + len(_TRAILER)
    return len(data) if final else max(at + 1, len(data) - 0xFFFF)
