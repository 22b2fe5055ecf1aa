"""Parsing ahead: the next blocks are parsed in threads while this one is worked on, and come out in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Block = TypeVar("Block")
Parsed = TypeVar("Parsed")


def ahead(blocks: Iterator[Block], parse: Callable[[Block], Parsed]) -> Iterator[tuple[Block, Parsed]]:
    """Every block with what `parse` makes of it. At most as many blocks as there are cores, but four, are held."""
    count = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(count) as pool:
        waiting: deque[tuple[Block, Future[Parsed]]] = deque()
        for block in blocks:
            waiting.append((block, pool.submit(parse, block)))
            if len(waiting) > count:
                first, parsed = waiting.popleft()
                yield first, parsed.result()
        for first, parsed in waiting:
            yield first, parsed.result()
