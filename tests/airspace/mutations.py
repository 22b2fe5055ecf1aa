"""Documents broken in every way that one careless edit or one bad transfer breaks them; the same ones every time."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from overflight.airspace.readers.format import Format
from overflight.airspace.volume import KINDS, Airspace
from overflight.errors import InputError


def mutations(data: bytes, count: int, seed: str) -> Iterator[bytes]:
    """Yield `count` damaged copies."""
    dice = random.Random(seed)
    for _ in range(count):
        broken = bytearray(data)
        for _ in range(dice.choice((1, 1, 1, 2, 5))):
            a, b = sorted(dice.randrange(len(broken) + 1) for _ in range(2))
            b = min(b, a + dice.choice((1, 3, 20, 200)))
            piece = bytes(broken[a:b])
            match dice.randrange(8):
                case 0:
                    broken[a:b] = b""
                case 1:
                    broken[a:a] = piece * dice.choice((1, 2, 50))
                case 2:
                    broken[a:b] = piece[::-1]
                case 3:
                    broken[a:a] = dice.choice(
                        (b"9" * 30, b"-", b"1e400", b"NaN", b"\x00", b"\xff\xfe", b"\n", b'"', b"*")
                    )
                case 4:
                    broken[a:b] = bytes(dice.randrange(256) for _ in piece)
                case 5:
                    broken[a:b] = piece.swapcase()
                case 6:
                    lines = bytes(broken).split(b"\n")
                    dice.shuffle(lines)
                    broken = bytearray(b"\n".join(lines))
                case _:
                    digits = [k for k, byte in enumerate(broken) if 48 <= byte < 58] or [0]
                    broken[dice.choice(digits) : dice.choice(digits) + 1] = str(dice.randrange(100)).encode()
            broken = broken or bytearray(b" ")
        yield bytes(broken)


def one_value_wrong(document: Any, wrong: Any) -> Iterator[bytes]:
    """Yield a JSON document as often as it has values and parts, each time with another of them replaced by `wrong`."""
    for path in _paths(document):
        copied = copy.deepcopy(document)
        there = copied
        for key in path[:-1]:
            there = there[key]
        there[path[-1]] = wrong
        yield json.dumps(copied).encode()


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [each for key, inner in items for each in _paths(inner, (*path, key))]


def read_or_refuse(kind: Format, data: bytes) -> Airspace | None:
    """Read a document that may be broken: nothing but `InputError` may come of it, and no volume that is none."""
    kind.matches(data)
    try:
        airspace = kind.read(data, "fuzz")
    except InputError:
        return None
    for volume in airspace.volumes:
        assert volume.kind in KINDS
        assert volume.parts
        assert volume.id
        for part in volume.parts:
            for ring in (part.outer, *part.holes):
                assert len(ring) >= 3
                assert (abs(ring.latitude) <= 90).all()
                assert (abs(ring.longitude) <= 180).all()
        for limit in (volume.floor, volume.ceiling):
            assert abs(limit.value_ft) < 1e6
    for refused in airspace.refused:
        assert refused.reason
        assert "\n" not in refused.reason
    return airspace
