"""`read`: any recordings, in any format, as one position table."""

from __future__ import annotations

import glob
import hashlib
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.complete import finish, normalise, to_frame
from overflight.surveillance.messages import join
from overflight.surveillance.mode_s import decode
from overflight.surveillance.radars import Radars, checked
from overflight.surveillance.readers.reader import Stage
from overflight.surveillance.readers.registry import reader_of, remedy_for
from overflight.surveillance.recording import Drops, Recording, SourceFile
from overflight.surveillance.source import Source
from overflight.surveillance.times import UNDATED_EPOCH
from overflight.surveillance.track_numbers import split_all

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes there are, as stored."""

FOREIGN: Final = "file of no known format, skipped"
_STDIN: Final = "-"


def read(
    *sources: Any,
    progress: Progress | None = None,
    start: datetime = UNDATED_EPOCH,
    radars: Radars | None = None,
) -> Recording:
    """Read recordings into one position table.

    Args:
        sources: file names, folders (all files below them), patterns with ``*``, "-" for standard input, or tables (a
            Polars, pandas or `traffic` frame, anything with ``__arrow_c_stream__``). The format is recognised by the
            content; gzip and Zstandard are unpacked.
        progress: told how far reading is.
        start: when the clock showed zero, for formats whose clock has no date (Beast, AVR, .daa, ASTERIX but for pcap); in UTC
            without a zone.
        radars: where radars stand, for ASTERIX category 048: by "SAC/SIC", latitude, longitude in degrees, height in m.

    Returns:
        The recording. Its table does not depend on the order of the files or of their rows.

    Raises:
        InputError: nothing to read, a file that cannot be read or is of no known format, damaged content. In a folder a
            file of no known format is skipped and counted instead.
        ParameterError: a radar's name or place makes no sense.
    """
    reading = _Reading(start if start.tzinfo else start.replace(tzinfo=UTC), checked(radars or {}))
    with tempfile.TemporaryDirectory(prefix="overflight-") as scratch, ThreadPoolExecutor(1) as hasher:
        inputs = [found for source in sources for found in _expand(source, Path(scratch))]
        if not inputs:
            raise InputError("nothing to read", remedy="name a file, a folder or a table")
        total = sum(found.path.stat().st_size for found in inputs if found.path)
        done = 0
        for found in inputs:
            if found.path is None:
                reading.table(found.table)
                continue
            size, at = found.path.stat().st_size, done

            def on_bytes(count: int) -> None:
                nonlocal done
                done += count
                if progress:
                    progress(done, total)

            reading.file(found, hasher, on_bytes)
            on_bytes(at + size - done)
        if not reading.files:
            remedy = "name files of a format that is read (the documentation lists them)"
            raise InputError(f"none of {len(inputs)} files is of a known format", path=inputs[0].name, remedy=remedy)
        return reading.finished()


@dataclass(frozen=True)
class _Input:
    """One thing to read: a table, or a file, whose `name` is as the user named it."""

    name: str
    path: Path | None = None
    table: Any = None
    explicit: bool = True


@dataclass(frozen=True)
class _Named:
    """A `SourceFile` in the making: its digest may still be computed."""

    name: str
    format: str
    digest: Future[str] | str


@dataclass
class _Reading:
    """What has been read so far."""

    start: datetime
    radars: Radars
    drops: Drops = field(default_factory=Drops)
    parts: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    unjoined: dict[Stage, list[pl.DataFrame]] = field(default_factory=dict[Stage, list[pl.DataFrame]])
    files: list[_Named] = field(default_factory=list["_Named"])
    rows: Counter[int] = field(default_factory=Counter[int])

    def table(self, table: Any) -> None:
        frame = to_frame(table)
        part = normalise(frame, "table", self.drops)
        self.rows[len(self.files)] = len(part)
        self.files.append(_Named("table", "table", _table_digest(frame)))
        self.parts.append(part)

    def file(self, found: _Input, hasher: ThreadPoolExecutor, on_bytes: Callable[[int], None]) -> None:
        assert found.path is not None
        try:
            source = Source(found.name, found.path, on_bytes, self.start, self.radars)
            reader = reader_of(source.head)
            if reader is None:
                raise InputError("the format is not known", path=found.name, remedy=remedy_for(source.head))
        except InputError:
            if found.explicit:
                raise
            self.drops.add(FOREIGN, 1, found.name)
            return
        digest = hasher.submit(source.sha256)
        number = len(self.files)
        self.files.append(_Named(found.name, reader.name, digest))
        for frame in reader.read(source, self.drops):
            if reader.stage == "positions":
                part = normalise(frame, found.name, self.drops)
                self.rows[number] += len(part)
                self.parts.append(part)
            else:
                tagged = frame.with_columns(pl.lit(number, dtype=pl.UInt32).alias("file"))
                self.unjoined.setdefault(reader.stage, []).append(tagged)

    def finished(self) -> Recording:
        if tracks := self.unjoined.pop("tracks", []):
            self._late(split_all(tracks), "track reports")
        messages = self.unjoined.pop("messages", [])
        if frames := self.unjoined.pop("frames", []):
            messages.extend(decode(pl.concat(frames), self.drops))
        if messages:
            self._late(join(pl.concat(messages, how="diagonal")), "messages")
        files = tuple(
            SourceFile(
                file.name,
                file.format,
                file.digest if isinstance(file.digest, str) else file.digest.result(),
                self.rows[number],
            )
            for number, file in enumerate(self.files)
        )
        parts, self.parts = self.parts, []
        return Recording(finish(parts, self.drops), files, self.drops)

    def _late(self, rows: pl.DataFrame, label: str) -> None:
        """Take rows that needed those of all files, with the column `file`."""
        for number, count in rows.group_by("file").len().iter_rows():
            self.rows[number] += count
        self.parts.append(normalise(rows, label, self.drops))


def _expand(source: Any, scratch: Path) -> Iterator[_Input]:
    if not isinstance(source, str | Path):
        yield _Input("table", table=source)
        return
    name = str(source)
    if name == _STDIN:
        spool = scratch / "stdin"
        with spool.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield _Input(name, spool)
        return
    path = Path(name)
    try:
        if path.is_dir():
            found = sorted(inner for inner in path.rglob("*") if inner.is_file())
            if not found:
                raise InputError("the folder is empty", path=name, remedy="name another one")
            for inner in found:
                yield _Input(str(inner), inner, explicit=False)
        elif path.exists():
            yield _Input(name, path)
        elif matches := sorted(glob.glob(name, recursive=True)):  # noqa: PTH207 - a pattern may be absolute
            for match in matches:
                yield from _expand(match, scratch)
        else:
            raise InputError("there is no such file", path=name, remedy="check the path")
    except (OSError, ValueError) as error:  # a name that is too long or holds a zero byte is a ValueError
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot be read ({error})", path=name, remedy="check the path") from error


def _table_digest(frame: pl.DataFrame) -> str:
    """A table has no stored bytes: the digest is of its Arrow stream."""
    sink = _Digest()
    frame.write_ipc_stream(cast("Any", sink))
    return sink.hash.hexdigest()


class _Digest:
    """A file that only hashes what is written to it."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""
