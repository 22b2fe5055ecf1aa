"""Tables with a row a position: the position table itself, and what the `traffic` library exports.

Parquet, Arrow IPC (file and stream), CSV with a header line, JSON lines. Columns are known by the names of
`POSITION_SCHEMA`, which are those of `traffic` (https://traffic-viz.github.io): ``timestamp``, ``icao24``,
``callsign``, ``latitude``, ``longitude`` in deg, ``altitude``, ``geoaltitude`` in ft, ``groundspeed`` in kt, ``track``
in deg true, ``vertical_rate`` in ft/min, ``onground``, ``squawk``. Other columns are left out. The units are those of
the table.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final, cast

import polars as pl
import pyarrow  # pyright: ignore[reportMissingTypeStubs]

from overflight.errors import InputError
from overflight.surveillance.readers.csv_lines import header, read_columns
from overflight.surveillance.readers.json_lines import first_object, read_objects
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source
from overflight.surveillance.table import POSITION_SCHEMA

pa = cast("Any", pyarrow)  # it has no types of its own
_REMEDY: Final = "write the file again, or fetch it again"


def read_parquet(source: Source, _: Drops) -> Iterator[pl.DataFrame]:
    """Parquet."""
    try:
        data = source.path if source.packing is None else io.BytesIO(source.document())
        names = [name for name in pl.read_parquet_schema(data) if name in POSITION_SCHEMA]
        frame = pl.read_parquet(data, columns=names)
    except InputError:
        raise
    except BaseException as error:  # a damaged file may also make the Rust code panic, which is no Exception
        raise _damaged(source, "Parquet", error) from error
    yield frame


def read_arrow(source: Source, _: Drops) -> Iterator[pl.DataFrame]:
    """Arrow IPC, the file format (also known as Feather) or the stream format."""
    try:
        with pa.OSFile(str(source.path)) if source.packing is None else pa.BufferReader(source.document()) as data:
            head = source.head
            opened: Any = pa.ipc.open_file(data) if head.startswith(b"ARROW1") else pa.ipc.open_stream(data)
            table = opened.read_all()
            table = table.select([name for name in table.column_names if name in POSITION_SCHEMA])
            table.validate(full=True)
            frame = _polars(pa.table({name: _rebuilt(table.column(name)) for name in table.column_names}))
    except InputError:
        raise
    except BaseException as error:
        raise _damaged(source, "Arrow IPC", error) from error
    yield frame


def read_csv(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """CSV with a header line."""
    names = header(source.head)
    wanted = [name for name in POSITION_SCHEMA if name in names]
    for frame in read_columns(source, names, wanted, drops):
        yield _with_ref(frame.filter(pl.col("line") > 1), source)


def read_json_lines(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """JSON lines, as `traffic` and pandas write them (``orient="records", lines=True``)."""
    for frame in read_objects(source, dict.fromkeys(POSITION_SCHEMA, pl.String()), drops):
        kept = [name for name in POSITION_SCHEMA if frame.get_column(name).null_count() < len(frame)]
        yield _with_ref(frame.select(*{*kept, "timestamp", "latitude", "longitude", "track_id"}, "line"), source)


def _rebuilt(column: Any) -> Any:
    """Text built anew: what is null is not validated, and Polars looks at it all the same."""
    text = pa.large_string()
    if pa.types.is_dictionary(column.type):
        chunks = [chunk.dictionary.cast(text).take(chunk.indices) for chunk in column.chunks]
        return pa.chunked_array(chunks, type=text)
    return column.cast(text) if "string" in str(column.type) else column


def _polars(table: Any) -> pl.DataFrame:
    return cast("pl.DataFrame", cast("Any", pl).from_arrow(table))


def _with_ref(frame: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Where each row stands, unless the table brings its own evidence."""
    place = pl.format("{}:{}", pl.lit(source.label), "line")
    ref = pl.coalesce("ref", place) if "ref" in frame.columns else place
    return frame.with_columns(ref.alias("ref")).drop("line")


def _damaged(source: Source, what: str, error: BaseException) -> BaseException:
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
        return error
    first = str(error).strip().split("\n", 1)[0][:200] or type(error).__name__
    return InputError(f"damaged {what} ({first})", path=source.name, remedy=_REMEDY)


def _is_csv(head: bytes) -> bool:
    return {"timestamp", "latitude", "longitude"} <= set(header(head))


def _is_json_lines(head: bytes) -> bool:
    return {"timestamp", "latitude", "longitude"} <= first_object(head).keys()


PARQUET = Reader("parquet", "positions", lambda head: head.startswith(b"PAR1"), read_parquet)
ARROW = Reader("arrow", "positions", lambda head: head.startswith((b"ARROW1", b"\xff\xff\xff\xff")), read_arrow)
CSV = Reader("csv", "positions", _is_csv, read_csv)
JSON_LINES = Reader("jsonl", "positions", _is_json_lines, read_json_lines)
