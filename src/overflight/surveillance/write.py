"""`write`: the position table as a file that `read` and others take, or tracks as the tools that people have take them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

import polars as pl

from overflight.errors import ParameterError
from overflight.files import STDOUT, refuse_missing_folder, whole_file
from overflight.surveillance import moving

_WRITERS: Final[dict[str, Callable[[pl.DataFrame, IO[bytes]], None]]] = {
    ".parquet": lambda table, file: table.write_parquet(file, compression="zstd", statistics=True),
    ".arrow": lambda table, file: table.write_ipc(file, compression="zstd"),
    ".feather": lambda table, file: table.write_ipc(file, compression="zstd"),
    ".csv": lambda table, file: table.write_csv(file, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ"),
    ".jsonl": lambda table, file: _texts(table).write_ndjson(file),
    ".ndjson": lambda table, file: _texts(table).write_ndjson(file),
    ".geoparquet": moving.write_geoparquet,
    ".mfjson": moving.write_mfjson,
    ".kml": moving.write_kml,
    ".czml": moving.write_czml,
}


def write(table: pl.DataFrame, path: str | Path) -> None:
    """Write a position table: Parquet, Arrow IPC, CSV or JSON lines, by the suffix; or its tracks: GeoParquet, MF-JSON, KML or CZML.

    Times in text are ISO 8601 UTC.

    The file appears whole or not at all: it is written beside its place and then renamed. "-" is standard output, as CSV.

    Raises:
        ParameterError: a suffix that no format has.
        InputError: the place cannot be written to.
    """
    path = Path(path)
    refuse_output(path)
    if path == STDOUT:
        sys.stdout.flush()
        _WRITERS[".csv"](table, sys.stdout.buffer)
        return
    with whole_file(path) as temporary, temporary.open("wb") as file:
        _WRITERS[path.suffix.lower()](table, file)


def refuse_output(path: Path) -> None:
    """Say that an output cannot be written, before any work is done for it.

    Raises:
        ParameterError: the name ends in no format.
        InputError: there is no such folder.
    """
    if path == STDOUT:
        return
    if path.suffix.lower() not in _WRITERS:
        raise ParameterError("OUT", str(path), "names no known format", remedy=f"end it in {', '.join(_WRITERS)}")
    refuse_missing_folder(path)


def _texts(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
