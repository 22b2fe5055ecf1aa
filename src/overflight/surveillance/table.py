"""The position table: what flew, one row a reported position.

Field names and aviation units follow the `traffic` library. Required are ``timestamp``, ``latitude``, ``longitude`` and
one of ``track_id``, ``icao24``, ``callsign``; the rest may be absent and is then null.
"""

from __future__ import annotations

from typing import Final

import polars as pl

ADDRESS_TYPES: Final = ("icao", "tisb", "anonymous", "other", "adsr")
"""What an address is worth. *icao*: the aircraft's own 24-bit address (ADS-B, MLAT, Mode S); *tisb*: a target that a
ground station relays, most often a copy of somebody; *anonymous*: self-assigned; *other*: no ICAO address, or unknown;
*adsr*: the aircraft's own report, but heard from a ground station that repeats it from another link (ADS-R: FAA Aeronautical
Information Manual, chapter 4, section 5); the address may be no ICAO address, and is then written with ``~``."""

SOURCES: Final = ("adsb", "mlat", "mode_s", "radar", "system_track", "manual", "synthetic")
"""How a position came to be known."""

POSITION_SCHEMA: Final[dict[str, pl.DataType]] = {
    "timestamp": pl.Datetime("us", "UTC"),  # when the position applied
    "track_id": pl.String(),  # identity within the recording
    "icao24": pl.String(),  # 6 lower-case hexadecimal digits; null for primary radar
    "callsign": pl.String(),
    "squawk": pl.String(),  # 4 octal digits, leading zeros kept
    "address_type": pl.Enum(ADDRESS_TYPES),
    "latitude": pl.Float64(),  # deg WGS84
    "longitude": pl.Float64(),  # deg WGS84
    "altitude": pl.Float32(),  # ft at 1013.25 hPa; null if unknown
    "geoaltitude": pl.Float32(),  # ft above the ellipsoid
    "groundspeed": pl.Float32(),  # kt
    "track": pl.Float32(),  # deg true
    "vertical_rate": pl.Float32(),  # ft/min
    "onground": pl.Boolean(),
    "position_age": pl.Float32(),  # s, age of the position when it was reported
    "nic": pl.UInt8(),
    "nac_p": pl.UInt8(),
    "sil": pl.UInt8(),
    "accuracy": pl.Float32(),  # m, 95 % horizontal
    "source": pl.Enum(SOURCES),
    "sensor": pl.String(),
    "party": pl.String(),
    "flags": pl.UInt32(),  # integrity flags
    "ref": pl.String(),  # file and line or byte offset: the evidence trail
}
"""Column names and Polars types, in order. Every reader and `complete` return exactly these."""
