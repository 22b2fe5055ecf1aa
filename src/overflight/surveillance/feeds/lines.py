"""Whole lines out of a stream that is cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from overflight.surveillance.recording import Drops
from overflight.surveillance.source import LONG_LINE, MAX_LINE, Source

CUT: Final = "line or frame cut short by the end of a connection"


class Held(Source):
    """Bytes in memory, for the readers of files.

    Attributes:
        name, label: what references start with.
    """

    def __init__(self, label: str, data: bytes, first: int = 1) -> None:
        """Hold whole lines, the first of them with the number `first`, or one document."""
        self.name = self.label = label
        self.packing, self.zero_s = None, 0.0
        self._data, self._first = data, first

    def lines(self, drops: Drops) -> Iterator[tuple[int, bytes]]:
        """All lines at once."""
        if self._data:
            yield self._first, self._data

    def document(self) -> bytes:
        """All bytes."""
        return self._data


class Lines:
    """The lines of one feed, numbered from 1 over all its connections."""

    def __init__(self, label: str, drops: Drops) -> None:
        """Start with none."""
        self._label, self._drops = label, drops
        self._carry: bytes = b""
        self._skipping = False
        self._number = 1

    def take(self, data: bytes) -> Held:
        """The lines that are whole now; one of more than `MAX_LINE` bytes is left empty and counted."""
        if self._skipping:
            end = data.find(b"\n")
            if end < 0:
                return self._held(b"")
            data, self._skipping = data[end:], False
        data = self._carry + data if self._carry else data
        end = data.rfind(b"\n") + 1
        self._carry = data[end:]
        whole = data[:end]
        if len(whole) > MAX_LINE:
            whole = b"\n".join(self._short(line) for line in whole.split(b"\n"))
        held = self._held(whole)
        if len(self._carry) > MAX_LINE:
            self._drops.add(LONG_LINE, 1, f"{self._label}:{self._number}")
            self._carry, self._skipping = b"", True
        return held

    def rest(self) -> Held:
        """What is left at the end of a file: a last line may lack its end."""
        carry, self._carry = self._carry, b""
        return self._held(carry + b"\n" if carry.strip() else b"")

    def cut(self) -> None:
        """A connection has ended: half a line is none, as half a number would be another number."""
        if self._carry.strip():
            self._drops.add(CUT, 1, f"{self._label}:{self._number}")
        self._carry, self._skipping = b"", False

    def _held(self, whole: bytes) -> Held:
        held = Held(self._label, whole, self._number)
        self._number += whole.count(b"\n")
        return held

    def _short(self, line: bytes) -> bytes:
        if len(line) <= MAX_LINE:
            return line
        self._drops.add(LONG_LINE, 1, f"{self._label}, after line {self._number}")
        return b""
