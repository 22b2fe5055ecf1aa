"""A log as files (C2SP tlog-tiles): hashes in tiles of 256, entries in bundles, under paths that never change.

A reader here takes the entries and makes every hash from them anew, so nothing that a tile of hashes says is believed; they are written for the
programs of others, which read logs by their tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from overflight.errors import InputError

WIDTH: Final = 256
HEIGHT: Final = 8
MOST_LEVELS: Final = 8
MOST_ENTRY: Final = 65_535
MOST_BUNDLE: Final = WIDTH * (MOST_ENTRY + 2)

Hashes = Callable[[int, int, int], list[bytes]]
"""The hashes of the complete subtrees of a level, from an index to before another."""

Read = Callable[[str], "bytes | None"]
"""The content at a path of a place where logs are published; None where there is nothing."""


def path_of(level: int | str, index: int, width: int = WIDTH) -> str:
    """Return the path of a tile of hashes (or of "entries"), of the whole 256 or of the `width` that there are."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries as a bundle: each after its length in two bytes."""
    return b"".join(len(one).to_bytes(2, "big") + one for one in entries)


def unbundled(content: bytes, width: int, path: str) -> list[bytes]:
    """Return the `width` entries of a bundle.

    Raises:
        InputError: it is cut short, or holds more.
    """
    found: list[bytes] = []
    at = 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if at + 2 > len(content) or end > len(content):
            break
        found.append(content[at + 2 : end])
        at = end
    if at != len(content) or len(found) != width:
        raise InputError(f"holds {len(found)} whole entries, not {width}: it was cut short or changed", path=path)
    return found


def entries(read: Read, begin: int, size: int) -> Iterator[bytes]:
    """Read entries `begin` to before `size` from where a log of that size is published.

    Raises:
        InputError: a bundle is missing or damaged.
    """
    for index in range(begin // WIDTH, -(-size // WIDTH)):
        first = index * WIDTH
        width = min(WIDTH, size - first)
        path = path_of("entries", index, width)
        content = read(path)
        if content is None and width < WIDTH:  # a partial bundle may go once the whole one is there
            content = read(path_of("entries", index))
            width, path = WIDTH, path_of("entries", index)
        if content is None:
            raise InputError("is missing", path=path, remedy="ask its party to publish the log again")
        yield from unbundled(content, width, path)[max(begin - first, 0) : size - first]


def published(
    before: int, size: int, read: Callable[[int, int], list[bytes]], hashes: Hashes
) -> Iterator[tuple[str, bytes]]:
    """Give every file of a log of `size` leaves that one of `before` leaves does not have: path and content.

    Args:
        before: leaves that were published; 0 gives all.
        size: leaves that there are.
        read: entries from an index to before another.
        hashes: of its complete subtrees.
    """
    levels = ["entries", *(str(level) for level in range(MOST_LEVELS) if size >> (HEIGHT * level))]
    for level in levels:
        height = 0 if level == "entries" else HEIGHT * int(level)
        count = size >> height
        for index in range((before >> height) // WIDTH, -(-count // WIDTH)):
            width = min(WIDTH, count - index * WIDTH)
            content = tile(level, index, width, size, read, hashes)
            if content is not None:
                yield path_of(level, index, width), content


def tile(
    level: str, index: int, width: int, size: int, read: Callable[[int, int], list[bytes]], hashes: Hashes
) -> bytes | None:
    """Return one tile of a log of `size` leaves, of a level or of "entries"; None where there is none of that width."""
    height = 0 if level == "entries" else HEIGHT * int(level)
    first = index * WIDTH
    if not 0 < width <= WIDTH or first + width > size >> height:
        return None
    if level == "entries":
        return bundle(read(first, first + width))
    return b"".join(hashes(height, first, first + width))
