"""SBS, also called BaseStation: comma-separated text as receivers give it on port 30003.

Source: Kinetic Avionics BaseStation, "Socket Data and BST Files"
(http://woodair.net/sbs/article/barebones42_socket_data.htm). Fields, from 1: 1 message type (MSG; MLAT from readsb); 2
kind of transmission; 5 address; 7, 8 date and time when the message was made; 11 callsign; 12 altitude in ft at 1013.25
hPa; 13 ground speed in kt; 14 track in deg; 15, 16 latitude, longitude in deg; 17 vertical rate in ft/min; 18 squawk;
22 on the ground (-1 or 1). A line tells what one transmission held: positions come in kind 3 (airborne) and 2 (on the
ground), the rest in others. The format names no time zone: times are taken for UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from overflight.surveillance.readers.csv_lines import read_columns
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source
from overflight.surveillance.table import SOURCES

_NUMBERS: Final = ("altitude", "groundspeed", "track", "latitude", "longitude", "vertical_rate")
_NAMES: Final = (
    *("message", "transmission", "session", "aircraft", "hex", "flight"),
    *("date", "time", "logged_date", "logged_time", "callsign", *_NUMBERS),
    *("squawk", "alert", "emergency", "spi", "ground"),
)
_WANTED: Final = ("message", "transmission", "hex", "date", "time", "callsign", *_NUMBERS, "squawk", "ground")
_FEWEST: Final = 10  # fields: session messages (ID, AIR, STA) end there
NO_MESSAGE: Final = "SBS line without a usable time"
_LINE: Final = re.compile(rb"\s*(MSG|MLAT|SEL|ID|AIR|STA|CLK),")


def read(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """Partial messages (see `overflight.surveillance.messages`)."""
    for lines in read_columns(source, _NAMES, _WANTED, drops, _FEWEST):
        number = {name: pl.col(name).cast(pl.Float64, strict=False) for name in _NUMBERS}
        moment = pl.concat_str("date", pl.lit(" "), "time").str.to_datetime(
            "%Y/%m/%d %H:%M:%S%.f", time_unit="us", time_zone="UTC", strict=False
        )
        messages = lines.filter(pl.col("message").is_in(["MSG", "MLAT"])).select(
            timestamp=moment,
            icao24=pl.col("hex").str.to_lowercase(),
            callsign=pl.col("callsign").str.strip_chars().replace("", None),
            squawk="squawk",
            **number,
            onground=pl.when(pl.col("transmission") == "2")
            .then(pl.lit(True))
            .otherwise(pl.col("ground").is_in(["-1", "1"])),
            source=pl.when(pl.col("message") == "MLAT")
            .then(pl.lit("mlat"))
            .otherwise(pl.lit("adsb"))
            .cast(pl.Enum(SOURCES)),
            ref=pl.format("{}:{}", pl.lit(source.label), "line"),
        )
        late = messages.filter(pl.col("timestamp").is_null())
        if len(late):
            drops.add(NO_MESSAGE, len(late), str(late.get_column("ref")[0]))
            messages = messages.filter(pl.col("timestamp").is_not_null())
        yield messages


def _matches(head: bytes) -> bool:
    lines = [line for line in head.split(b"\n")[:20] if line.strip()]
    return bool(lines) and sum(_LINE.match(line) is not None for line in lines) * 2 > len(lines)


SBS = Reader("sbs", "messages", _matches, read)
