"""All readers, and which one takes a file."""

from __future__ import annotations

from typing import Final

from overflight.surveillance.readers import avr, beast, daa, opensky, raw_lines, readsb, readsb_trace, sbs, tables
from overflight.surveillance.readers.reader import Reader

READERS: Final[tuple[Reader, ...]] = (
    tables.PARQUET,
    tables.ARROW,
    beast.BEAST,
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


def reader_of(head: bytes) -> Reader | None:
    """The reader whose format the first bytes of a file are of; None for a file that is foreign."""
    return next((reader for reader in READERS if reader.matches(head)), None)
