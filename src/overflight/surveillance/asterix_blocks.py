"""ASTERIX data blocks: where one begins and ends in a datagram, or in a file that may be damaged.

Source: EUROCONTROL-SPEC-0149, Part 1, 4.2 and 5: a data block is its category (1 byte), its length with these three bytes
(2 bytes, most significant first), and records, each opening with a field specification of one or more bytes. All categories
here have data item 010 first, so that the first bit after the length is 1: no text looks like that.

A block is taken where another stands behind it, or nothing. Where neither is so, it must at least come apart into whole
records. Else it is damaged: it is counted, and the next place is sought where a block stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from overflight.surveillance.asterix_items import records
from overflight.surveillance.recording import Drops

TARGETS: Final = (21, 48, 62)
"""Categories that hold the positions of targets and are read."""
STATUS: Final = frozenset({2, 8, 9, 19, 23, 25, 34, 63, 65})
"""Categories of service messages and weather: they hold no targets."""
OTHERS: Final = frozenset({1, 4, 7, 10, 11, 15, 16, 17, 18, 20, 32, 150, 205, 240, 247})
"""Categories that are known, and not read."""
CATEGORIES: Final = frozenset({*TARGETS, *STATUS, *OTHERS})

SHORTEST: Final = 6
"""Bytes: category and length, one byte of field specification, SAC and SIC."""
DAMAGED: Final = "damaged ASTERIX data block"
CUT_SHORT: Final = "ASTERIX data block cut short"
FOREIGN: Final = "datagram without an ASTERIX data block"

_START: Final = re.compile(
    b"[" + b"".join(re.escape(bytes([code])) for code in sorted(CATEGORIES)) + rb"](?=[\x00-\xff]{2}[\x80-\xff])",
    re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One data block.

    Attributes:
        at: the byte at which it starts.
        category: 21, 48, 62, ...
        body: its records.
    """

    at: int
    category: int
    body: bytes


def length_at(data: bytes, at: int) -> int:
    """Length of the data block that seems to start there, in bytes; 0 where none does."""
    if at + 4 > len(data) or data[at] not in CATEGORIES or not data[at + 3] & 0x80:
        return 0
    length = int.from_bytes(data[at + 1 : at + 3])
    return length if length >= SHORTEST else 0


def blocks(data: bytes, base: int, label: str, drops: Drops, *, final: bool) -> tuple[list[Block], int]:
    """The data blocks, and how many bytes of `data` are done with.

    Args:
        data: data blocks, one behind the other.
        base: the byte of the whole at which `data` starts.
        label: what to call the whole where damage is counted.
        drops: damage, by reason.
        final: nothing comes behind `data`. Else a block that is not all there is left for the next call.
    """
    found: list[Block] = []
    at = 0
    while at < len(data):
        length = length_at(data, at)
        end = at + length
        if not final and len(data) < (end if length else at) + 4:
            break  # whether it is whole, or what stands behind it, is still to come
        if length and end <= len(data) and (_follows(data, end) or _comes_apart(data[at:end])):
            found.append(Block(base + at, data[at], data[at + 3 : end]))
            at = end
            continue
        further = _next(data, at + 1, final)
        short = final and further == len(data) and (end > len(data) or len(data) - at < SHORTEST)
        drops.add(CUT_SHORT if short else DAMAGED, 1, f"{label}@{base + at}")
        at = further
    return found, at


def looks_like_blocks(head: bytes) -> bool:
    """Whether the first bytes of a file are data blocks: one that is all there, and behind it another or nothing."""
    end = length_at(head, 0)
    return 0 < end <= len(head) and _follows(head, end)


def _follows(data: bytes, at: int) -> bool:
    """Whether nothing stands there, or a block, or too little to say."""
    return len(data) - at < 4 or length_at(data, at) > 0


def _next(data: bytes, start: int, final: bool) -> int:
    """Where the next block starts, with another or the end behind it, or made of whole records; the end where there is none."""
    for match in _START.finditer(data, start):
        at = match.start()
        length = length_at(data, at)
        end = at + length
        if not length or (final and end > len(data)):
            continue
        behind = end >= len(data) or length_at(data, end) > 0  # beyond the data: not final, it is still to come
        if behind or _comes_apart(data[at:end]):
            return at
    return len(data) if final else max(start, len(data) - 3)


def _comes_apart(block: bytes) -> bool:
    return block[0] in TARGETS and all(items is not None for _, items in records(block[0], block[3:]))
