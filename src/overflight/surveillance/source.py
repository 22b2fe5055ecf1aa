"""Bytes from outside: one stored file, unpacked on the way, given out in blocks of whole lines or as one document.

gzip (RFC 1952) and Zstandard (RFC 8878) are recognised by their first bytes, not by a name: readsb stores gzip in files
called ``.json``. What comes from outside is not trusted, so every length has a limit and memory stays bounded whatever
the bytes are: a line of more than `MAX_LINE` bytes is dropped and counted, a document of more than `MAX_DOCUMENT` and a
stream that unpacks to more than `MAX_RATIO` times its size are refused.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final, cast

import numpy as np
import zstandard

from overflight.errors import InputError
from overflight.surveillance.radars import Radars
from overflight.surveillance.recording import Drops
from overflight.surveillance.times import UNDATED_EPOCH

BLOCK: Final = 8 << 20
"""Bytes of a block. Large enough that the cost of a parser's start disappears, small enough for two to fit anywhere."""
HEAD: Final = 64 << 10
"""Unpacked bytes that a format is recognised by."""
MAX_LINE: Final = 1 << 20
"""Longest line, in bytes. The longest of any format here (a readsb object with all its fields) has about 2,000."""
MAX_DOCUMENT: Final = 512 << 20
"""Largest document that has to be held whole (aircraft.json, a trace, a state vector snapshot), in bytes."""
MAX_RATIO: Final = 250
"""Greatest expansion on unpacking. Recordings reach 10 to 60; gzip can reach 1,032, Zstandard far more."""
RATIO_FLOOR: Final = 64 << 20
"""Unpacked bytes below which the expansion does not matter."""

LONG_LINE: Final = f"line longer than {MAX_LINE >> 20} MiB"
_PIECE: Final = 4 << 10  # packed bytes per step of Zstandard, which cannot be told how much to put out at most
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"


def _nobody(_: int) -> None:
    """Nobody is told how far reading is."""


class Source:
    """One stored file.

    Attributes:
        name: as the user named it; "-" for standard input.
        label: the short name that evidence references start with.
        path: where its bytes lie.
        packing: "gzip", "zstd" or None.
        zero_s: when a clock without a date showed zero, in s since 1970.
        radars: where radars stand, for formats that give range and azimuth.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        on_bytes: Callable[[int], None] | None = None,
        start: datetime = UNDATED_EPOCH,
        radars: Radars | None = None,
    ) -> None:
        """Open nothing yet, look at the first bytes only.

        Raises:
            InputError: the file cannot be read, or is empty.
        """
        self.name, self.path, self.zero_s = name, path, start.timestamp()
        self.radars: Radars = radars or {}
        self.label = path.name if name != "-" else "stdin"
        self._on_bytes = on_bytes or _nobody
        with self._open() as file:
            magic = file.read(4)
        if not magic:
            raise InputError("the file is empty", path=name, remedy="leave it out, or fetch it again")
        self.packing = "gzip" if magic.startswith(_GZIP) else "zstd" if magic == _ZSTD else None

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", path=self.name, remedy="check the path") from error

    def sha256(self) -> str:
        """Digest of the bytes as stored, lower-case hexadecimal."""
        with self._open() as file:
            return hashlib.file_digest(cast("BufferedReader", file), "sha256").hexdigest()

    @cached_property
    def head(self) -> bytes:
        """The first `HEAD` bytes, unpacked; fewer where the file is shorter."""
        head = b""
        for block in self._unpacked(_nobody, HEAD):
            head += block
            if len(head) >= HEAD:
                break
        return head[:HEAD]

    def blocks(self) -> Iterator[bytes]:
        """All bytes, unpacked, in blocks of at most about `BLOCK`.

        Raises:
            InputError: the file is cut short or damaged, or unpacks to more than it should.
        """
        return self._unpacked(self._on_bytes, BLOCK)

    def lines(self, drops: Drops) -> Iterator[tuple[int, bytes]]:
        """Blocks of whole lines, each with the number of its first line (from 1); a last line without an end gets one.

        A line that is too long is counted in `drops` and left empty, so that the numbers stay right.
        """
        number, carry, skipping = 1, b"", False
        for raw in self.blocks():
            block = raw
            if skipping:
                end = block.find(b"\n")
                if end < 0:
                    continue
                block, skipping = block[end:], False
            data = carry + block if carry else block
            end = data.rfind(b"\n") + 1
            carry = data[end:]
            if end:
                whole, count = self._without_long_lines(data[:end], number, drops)
                yield number, whole
                number += count
            if len(carry) > MAX_LINE:
                drops.add(LONG_LINE, 1, f"{self.label}:{number}")
                carry, skipping = b"", True
        if carry:
            yield number, carry + b"\n"

    def _without_long_lines(self, data: bytes, number: int, drops: Drops) -> tuple[bytes, int]:
        ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 0x0A)
        lengths = np.diff(ends, prepend=-1)
        long = np.flatnonzero(lengths > MAX_LINE + 1)
        if long.size:
            drops.add(LONG_LINE, int(long.size), f"{self.label}:{number + int(long[0])}")
            kept, start = b"", 0
            for at in long:
                first = int(ends[at] - lengths[at]) + 1
                kept, start = kept + data[start:first], int(ends[at])
            data = kept + data[start:]
        return data, int(ends.size)

    def document(self) -> bytes:
        """All bytes as one.

        Raises:
            InputError: more than `MAX_DOCUMENT`, or as `blocks`.
        """
        parts: list[bytes] = []
        size = 0
        for block in self.blocks():
            parts.append(block)
            size += len(block)
            if size > MAX_DOCUMENT:
                raise InputError(
                    f"one document of more than {MAX_DOCUMENT >> 20} MiB",
                    path=self.name,
                    remedy="split it, or use JSON lines",
                )
        return b"".join(parts)

    def _unpacked(self, on_bytes: Callable[[int], None], size: int) -> Iterator[bytes]:
        """Unpack block by block, without the byte order mark that some editors put before UTF-8."""
        with self._open() as file:
            packed = self._packed(file, on_bytes, min(size, BLOCK if self.packing is None else 256 << 10))
            steps = {"gzip": self._gunzip, "zstd": self._unzstd}
            blocks = steps[self.packing](packed, size) if self.packing else packed
            first, given = True, 0
            for raw in blocks:
                given += len(raw)
                if self.packing and given > max(RATIO_FLOOR, MAX_RATIO * file.tell()):
                    raise InputError(
                        f"unpacks to more than {MAX_RATIO} times its size",
                        path=self.name,
                        place=f"byte {file.tell()}",
                        remedy="unpack it yourself if you trust it",
                    )
                block = raw.removeprefix(b"\xef\xbb\xbf") if first else raw
                first = False
                if block:
                    yield block

    def _packed(self, file: BinaryIO, on_bytes: Callable[[int], None], size: int) -> Iterator[bytes]:
        try:
            while data := file.read(size):
                on_bytes(len(data))
                yield data
        except OSError as error:
            raise InputError(
                f"cannot be read ({error.strerror})", path=self.name, place=f"byte {file.tell()}"
            ) from error

    def _damaged(self, what: str, at: int) -> InputError:
        remedy = "fetch the file again, or unpack what is left of it yourself and read that"
        return InputError(what, path=self.name, place=f"byte {at}", remedy=remedy)

    def _gunzip(self, packed: Iterator[bytes], size: int) -> Iterator[bytes]:
        """RFC 1952: one or more members, one behind the other; zeros may follow the last."""
        at, member = 0, zlib.decompressobj(wbits=31)
        for data in packed:
            rest = data
            at += len(data)
            while rest:
                if member.eof:
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    member = zlib.decompressobj(wbits=31)
                try:
                    block = member.decompress(rest, size)
                except zlib.error as error:
                    raise self._damaged(f"damaged gzip ({error})", at - len(rest)) from error
                if block:
                    yield block
                rest = member.unused_data if member.eof else member.unconsumed_tail
                while not member.eof and not rest and len(block) == size:  # all taken in, not yet all put out
                    block = member.decompress(b"", size)
                    yield block
        if not member.eof:
            raise self._damaged("truncated gzip: the end is missing", at)

    def _unzstd(self, packed: Iterator[bytes], size: int) -> Iterator[bytes]:
        """RFC 8878: one or more frames."""
        at, held = 0, b""
        frame = zstandard.ZstdDecompressor().decompressobj()
        for data in packed:
            for start in range(0, len(data), _PIECE):
                rest = data[start : start + _PIECE]
                at += len(rest)
                while rest:
                    if frame.eof:
                        frame = zstandard.ZstdDecompressor().decompressobj()
                    try:
                        held += frame.decompress(rest)
                    except zstandard.ZstdError as error:
                        raise self._damaged(f"damaged Zstandard ({error})", at - len(rest)) from error
                    rest = frame.unused_data
                    if len(held) >= size:
                        yield held
                        held = b""
        if held:
            yield held
        if not frame.eof:
            raise self._damaged("truncated Zstandard: the end is missing", at)
