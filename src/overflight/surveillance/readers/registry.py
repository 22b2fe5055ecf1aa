"""All readers, and which one takes a file."""

from __future__ import annotations

from typing import Final

from overflight.surveillance.readers import (
    asterix,
    avr,
    beast,
    daa,
    opensky,
    raw_lines,
    readsb,
    readsb_trace,
    sbs,
    tables,
)
from overflight.surveillance.readers.csv_lines import header
from overflight.surveillance.readers.reader import Reader

READERS: Final[tuple[Reader, ...]] = (
    tables.PARQUET,
    tables.ARROW,
    beast.BEAST,
    asterix.CAPTURE,
    asterix.PCAPNG,
    asterix.FINAL,
    asterix.BLOCKS,
    readsb.AIRCRAFT,
    readsb_trace.TRACE,
    opensky.STATES,
    readsb.LINES,
    raw_lines.JET1090,
    sbs.SBS,
    avr.AVR,
    daa.DAA,
    opensky.CSV,
    tables.JSON_LINES,
    tables.CSV,
)
"""In the order in which they are asked: formats with a signature first, those that look at column names last."""


def remedy_for(head: bytes) -> str:
    """What to do with a file that is foreign: where it has a header line of columns, which ones would make it a table."""
    needed = ("timestamp", "latitude", "longitude")
    columns = header(head)
    missing = [name for name in needed if name not in columns]
    if len(columns) > 2 and 0 < len(missing) < len(needed):
        return f"it is a table without {' and '.join(missing)}: rename or add the column"
    return "see the documentation for the formats that are read, or convert it to one of them"


def reader_of(head: bytes) -> Reader | None:
    """The reader whose format the first bytes of a file are of; None for a file that is foreign."""
    return next((reader for reader in READERS if reader.matches(head)), None)
