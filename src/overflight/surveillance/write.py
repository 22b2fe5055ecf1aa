"""`write`: the position table as a file that `read` and others take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from overflight.errors import ParameterError
from overflight.files import whole_file

_WRITERS: Final[dict[str, Callable[[pl.DataFrame, str], object]]] = {
    ".parquet": lambda table, path: table.write_parquet(path, compression="zstd", statistics=True),
    ".arrow": lambda table, path: table.write_ipc(path, compression="zstd"),
    ".feather": lambda table, path: table.write_ipc(path, compression="zstd"),
    ".csv": lambda table, path: table.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ"),
    ".jsonl": lambda table, path: _texts(table).write_ndjson(path),
    ".ndjson": lambda table, path: _texts(table).write_ndjson(path),
}


def write(table: pl.DataFrame, path: str | Path) -> None:
    """Write a position table: Parquet, Arrow IPC, CSV or JSON lines, by the suffix; times in text are ISO 8601 UTC.

    The file appears whole or not at all: it is written beside its place and then renamed.

    Raises:
        ParameterError: a suffix that no format has.
        InputError: the place cannot be written to.
    """
    path = Path(path)
    refuse_unknown_format(path)
    with whole_file(path) as temporary:
        _WRITERS[path.suffix.lower()](table, str(temporary))


def refuse_unknown_format(path: Path) -> None:
    """Say that a name ends in no format that can be written, before any work is done for it.

    Raises:
        ParameterError: it does.
    """
    if path.suffix.lower() not in _WRITERS:
        raise ParameterError("OUT", str(path), "names no known format", remedy=f"end it in {', '.join(_WRITERS)}")


def _texts(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
