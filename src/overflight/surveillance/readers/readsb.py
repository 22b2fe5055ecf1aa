"""readsb: JSON lines of aircraft objects and ``aircraft.json``.

Source: readsb, README-json.md (https://github.com/wiedehopf/readsb). Fields and units: ``hex`` the address, with a
leading ``~`` where it is no ICAO address; ``type`` where the position comes from; ``now`` and ``seen_pos`` in s (the
position is `seen_pos` older than `now`); ``lat``, ``lon`` in deg; ``alt_baro`` in ft or "ground"; ``alt_geom`` in ft
above the ellipsoid; ``gs`` in kt; ``track`` in deg true; ``baro_rate``, ``geom_rate`` in ft/min; ``squawk``; ``nic``,
``nac_p``, ``sil``. All are the units of the position table, so nothing is converted.

JSON lines are what recorders make of it: one aircraft object a line with its own ``now``. adsb_actions
(https://github.com/eastham/adsb_actions) writes the ground speed as ``gscp``, puts the fields that a trace carries only
now and then in ``flightdict``, and writes an unknown barometric altitude as the text "0", which is null here; a number 0
is an altitude.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, cast

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.readers.documents import read_document, read_items
from overflight.surveillance.readers.json_lines import first_object, read_objects
from overflight.surveillance.readers.reader import Reader
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source

_NUMBERS: Final = ("alt_geom", "track", "baro_rate", "geom_rate", "nic", "nac_p", "sil", "seen_pos")
DETAILS: Final = {
    "type": pl.String(),
    "flight": pl.String(),
    "squawk": pl.String(),
    **dict.fromkeys(_NUMBERS, pl.Float64()),
}
OBJECT: Final[dict[str, pl.DataType]] = {
    "now": pl.Float64(),
    "hex": pl.String(),
    "alt_baro": pl.String(),  # a number or "ground"
    "gs": pl.Float64(),
    "lat": pl.Float64(),
    "lon": pl.Float64(),
    **DETAILS,
}
_LINE: Final[dict[str, pl.DataType]] = {**OBJECT, "gscp": pl.Float64(), "flightdict": pl.Struct(DETAILS)}

_ADDRESS_TYPES: Final = {
    "adsb_icao": "icao",
    "adsb_icao_nt": "icao",
    "adsr_icao": "adsr",  # the aircraft's own report, relayed from another link
    "adsc": "icao",
    "mlat": "icao",
    "mode_s": "icao",
    "tisb_icao": "tisb",
    "tisb_other": "tisb",
    "tisb_trackfile": "tisb",
    "adsb_other": "anonymous",
    "adsr_other": "adsr",
    "other": "other",
}


def positions(objects: pl.DataFrame, ref: pl.Expr) -> pl.DataFrame:
    """Turn aircraft objects (columns of `OBJECT`, `now` in s) into rows of the position table."""
    age = pl.col("seen_pos").fill_null(0.0)
    kind = pl.col("type")
    return objects.select(
        timestamp=((pl.col("now") - age) * 1e6).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC")),
        icao24=pl.col("hex"),
        callsign=pl.col("flight"),
        squawk=pl.col("squawk"),
        address_type=kind.replace_strict(_ADDRESS_TYPES, default=None, return_dtype=pl.String),
        latitude=pl.col("lat"),
        longitude=pl.col("lon"),
        altitude=pl.col("alt_baro").cast(pl.Float32, strict=False),
        geoaltitude=pl.col("alt_geom"),
        groundspeed=pl.col("gs"),
        track=pl.col("track"),
        vertical_rate=pl.coalesce("baro_rate", "geom_rate"),
        # an altitude means airborne; without one nobody said where it is
        onground=pl.when(pl.col("alt_baro").is_not_null()).then(pl.col("alt_baro") == "ground"),
        position_age=pl.col("seen_pos"),
        nic=pl.col("nic"),
        nac_p=pl.col("nac_p"),
        sil=pl.col("sil"),
        # a line without a type comes from the receiver's own reports
        source=pl.when(kind == "mlat").then(pl.lit("mlat")).when(kind == "other").then(None).otherwise(pl.lit("adsb")),
        ref=ref,
    )


def read_lines(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """JSON lines: `now` and one aircraft object in each."""
    for frame in read_objects(source, _LINE, drops, _without_text_zeros):
        detail = pl.col("flightdict").struct
        objects = frame.with_columns(
            # gscp is 0 where no velocity was heard; then there is no track either
            pl.coalesce("gs", pl.when((pl.col("gscp") != 0) | pl.col("track").is_not_null()).then("gscp")).alias("gs"),
            *(pl.coalesce(name, detail.field(name)).alias(name) for name in DETAILS),
        )
        yield positions(objects, pl.format("{}:{}", pl.lit(source.label), "line"))


def _without_text_zeros(block: bytes) -> bytes:
    return block.replace(b'"alt_baro":"0"', b'"alt_baro":null').replace(b'"alt_baro": "0"', b'"alt_baro":null')


def read_aircraft(source: Source, drops: Drops) -> Iterator[pl.DataFrame]:
    """``aircraft.json``: one snapshot, `now` and the list of aircraft."""
    document = read_document(source)
    aircraft = document.get("aircraft")
    if not isinstance(aircraft, list) or not isinstance(document.get("now"), int | float):
        raise InputError("an aircraft.json without now or aircraft", path=source.name, remedy="fetch it again")
    objects = read_items(source, "aircraft", cast("list[Any]", aircraft), OBJECT, drops)
    now = pl.lit(document["now"], dtype=pl.Float64)
    yield positions(objects.with_columns(now=now), pl.col("ref"))


def _is_lines(head: bytes) -> bool:
    found = first_object(head)
    return "hex" in found and ("lat" in found or "now" in found)


AIRCRAFT = Reader(
    "readsb-aircraft",
    "positions",
    lambda head: head.lstrip().startswith(b"{") and re.search(rb'"aircraft"\s*:\s*\[', head) is not None,
    read_aircraft,
)
LINES = Reader("readsb-jsonl", "positions", _is_lines, read_lines)
