"""Beast: raw Mode S frames in binary, as receivers give them on port 30005.

Source: Mode-S Beast, "Data Output Formats" (https://wiki.jetvision.de/wiki/Mode-S_Beast:Data_Output_Formats). A frame
is 0x1a, its type ('1' Mode A/C, 2 bytes; '2' Mode S, 7; '3' Mode S, 14; '4' status, 14; '5' receiver position, 21), a
time of 6 bytes, a signal level of 1 byte, and the content; a 0x1a inside is doubled. The time is a 48-bit counter of a
12 MHz clock, or, where a status frame says so (bit 0x10 of its first byte), the seconds since midnight UTC in the upper
18 bits and nanoseconds in the lower 30. Neither has a date: time zero is `UNDATED_EPOCH`, unless the user gives it. A
time that MLAT software made up (0xff004d4c4154 "MLAT") is no time: the frame is dropped and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source
from overflight.surveillance.times import CLOCK_HZ

DAMAGED: Final = "damaged Beast frame"
NO_CLOCK: Final = "frame without a time of reception (Beast, made by MLAT)"

_MLAT: Final = (0xFF004D4C4154, 0xFF004D4C4154 + 10)
_STATUS, _GPS, _MODE_S = 0x34, 0x10, (0x32, 0x33)
_LENGTHS: Final = {0x31: 9, 0x32: 14, 0x33: 21, 0x34: 21, 0x35: 21}  # after the type, escapes taken out
_FRAME: Final = re.compile(rb"\x1a([1-5])((?:[^\x1a]|\x1a\x1a)*)", re.DOTALL)
_LONGEST: Final = 1 << 20  # bytes without a frame's start that are kept in the hope of one


def read(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """Frames, as `overflight.surveillance.mode_s.decode` takes them; `ref` names the byte where each starts,
    unpacked."""
    carry, base, gps = b"", 0, False
    for block in source.blocks():
        data = carry + block
        starts = [match.start() for match in _FRAME.finditer(data)]
        # the last frame may go on in the next block
        end = starts[-1] if starts and len(data) - starts[-1] < _LONGEST else len(data)
        found, gps = frames(source, data[:end], base, gps, drops)
        yield found
        carry, base = data[end:], base + end
    found, _ = frames(source, carry, base, gps, drops)
    yield found


def whole(data: bytes) -> int:
    """How many of the bytes can be judged now: what is behind them may be the beginning of a frame that goes on."""
    last: re.Match[bytes] | None = None
    for match in _FRAME.finditer(data):
        last = match
    rest = data[last.end() :] if last else data
    alone = len(data) - rest.endswith(b"\x1a")  # an end like this may be the start of a frame, or half of an escape
    if last is None or len(rest) > 1:
        return alone
    content = last[2].replace(b"\x1a\x1a", b"\x1a")
    return alone if len(content) >= _LENGTHS[last[1][0]] else last.start()


def frames(source: Source, data: bytes, base: int, gps: bool, drops: Drops) -> tuple[pl.DataFrame, bool]:
    """The Mode S frames in bytes that begin at byte `base`, and whether their clock is that of GPS, as it was told (`gps`)."""
    seconds: list[float] = []
    contents: list[str] = []
    refs: list[str] = []
    at = 0
    for match in _FRAME.finditer(data):
        ref = f"{source.label}@{base + match.start()}"
        content = match[2].replace(b"\x1a\x1a", b"\x1a")
        kind = match[1][0]
        if match.start() != at:
            drops.add(DAMAGED, 1, f"{source.label}@{base + at}")
        at = match.end()
        if len(content) != _LENGTHS[kind]:
            drops.add(DAMAGED, 1, ref)
        elif kind == _STATUS:
            gps = bool(content[7] & _GPS)
        elif kind in _MODE_S:
            clock = int.from_bytes(content[:6])
            if _MLAT[0] <= clock <= _MLAT[1]:
                drops.add(NO_CLOCK, 1, ref)
                continue
            moment = (clock >> 30) + (clock & 0x3FFFFFFF) * 1e-9 if gps else clock / CLOCK_HZ
            seconds.append(moment + source.zero_s)
            contents.append(content[7:].hex())
            refs.append(ref)
    if at != len(data):
        drops.add(DAMAGED, 1, f"{source.label}@{base + at}")
    columns = {"seconds": seconds, "frame": contents, "ref": refs}
    return pl.DataFrame(columns, schema={"seconds": pl.Float64, "frame": pl.String, "ref": pl.String}), gps


def _matches(head: bytes) -> bool:
    whole = list(_FRAME.finditer(head[: 8 << 10]))[:-1]
    right = sum(len(match[2].replace(b"\x1a\x1a", b"\x1a")) == _LENGTHS[match[1][0]] for match in whole)
    return right >= max(1, len(whole) // 2) and right * 11 > min(len(head), 8 << 10) // 4


BEAST = Reader("beast", "frames", _matches, read)
