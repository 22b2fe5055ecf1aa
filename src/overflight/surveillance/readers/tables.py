"""Tables with a row a position: the position table itself, and what the `traffic` library exports.

Parquet, Arrow IPC (file and stream), CSV with a header line, JSON lines. Columns are known by the names of
`POSITION_SCHEMA`, which are those of `traffic` (https://traffic-viz.github.io): ``timestamp``, ``icao24``,
``callsign``, ``latitude``, ``longitude`` in deg, ``altitude``, ``geoaltitude`` in ft, ``groundspeed`` in kt, ``track``
in deg true, ``vertical_rate`` in ft/min, ``onground``, ``squawk``. Other columns are left out. The units are those of
the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

import polars as pl
import pyarrow  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.parquet as parquet  # pyright: ignore[reportMissingTypeStubs]

from overflight.errors import InputError
from overflight.surveillance.readers.csv_lines import header, read_columns
from overflight.surveillance.readers.json_lines import first_object, read_objects
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source
from overflight.surveillance.table import POSITION_SCHEMA

pa, pq = cast("Any", pyarrow), cast("Any", parquet)  # they have no types of their own
_TEXT: Final = ("track_id", "icao24", "callsign", "squawk", "sensor", "party")
_REMEDY: Final = "write the file again, or fetch it again"


def read_parquet(source: Source, _: Drops) -> Iterator[pl.DataFrame]:
    """Parquet. Identifiers repeat row after row and are read as what the file holds them as, a dictionary."""
    try:
        data = _bytes(source)
        schema: Any = pq.read_schema(data)
        names = [name for name in schema.names if name in POSITION_SCHEMA]
        text = [name for name in names if name in _TEXT and pa.types.is_string(schema.field(name).type)]
        table = pq.read_table(data, columns=names, read_dictionary=text, page_checksum_verification=True)
        yield _polars(table)
    except InputError:
        raise
    except Exception as error:  # pyarrow raises OSError, ValueError, ArrowException and more on damaged files
        raise InputError(f"damaged Parquet ({_line(error)})", path=source.name, remedy=_REMEDY) from error


def read_arrow(source: Source, _: Drops) -> Iterator[pl.DataFrame]:
    """Arrow IPC, the file format (also known as Feather) or the stream format."""
    try:
        with pa.memory_map(str(source.path)) if source.packing is None else pa.BufferReader(source.document()) as data:
            head = source.head
            opened: Any = pa.ipc.open_file(data) if head.startswith(b"ARROW1") else pa.ipc.open_stream(data)
            table = opened.read_all()
            table.validate(full=True)
            yield cast(
                "pl.DataFrame", pl.from_arrow(table.select([n for n in table.column_names if n in POSITION_SCHEMA]))
            )
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"damaged Arrow IPC ({_line(error)})", path=source.name, remedy=_REMEDY) from error


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


def _polars(table: Any) -> pl.DataFrame:
    return cast("pl.DataFrame", cast("Any", pl).from_arrow(table))


def _with_ref(frame: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Where each row stands, unless the table brings its own evidence."""
    place = pl.format("{}:{}", pl.lit(source.label), "line")
    ref = pl.coalesce("ref", place) if "ref" in frame.columns else place
    return frame.with_columns(ref.alias("ref")).drop("line")


def _bytes(source: Source) -> Any:
    return str(source.path) if source.packing is None else pa.BufferReader(source.document())


def _line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:200] or type(error).__name__


def _is_csv(head: bytes) -> bool:
    return {"timestamp", "latitude", "longitude"} <= set(header(head))


def _is_json_lines(head: bytes) -> bool:
    return {"timestamp", "latitude", "longitude"} <= first_object(head).keys()


PARQUET = Reader("parquet", "positions", lambda head: head.startswith(b"PAR1"), read_parquet)
ARROW = Reader("arrow", "positions", lambda head: head.startswith((b"ARROW1", b"\xff\xff\xff\xff")), read_arrow)
CSV = Reader("csv", "positions", _is_csv, read_csv)
JSON_LINES = Reader("jsonl", "positions", _is_json_lines, read_json_lines)
