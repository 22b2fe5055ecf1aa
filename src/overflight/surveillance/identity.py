"""Who is who within a recording: `track_id` and `address_type`.

A track is one source's view of one address, without a silence of more than `SILENCE_S`: "adsb:a1b2c3", and
"adsb:a1b2c3#2" for what comes after the silence. What a ground station relays (TIS-B) is another track, "tisb:a1b2c3",
as it is most often a copy of somebody and must not be taken for the aircraft; what an aircraft says itself over another
link and is only relayed (ADS-R) is the aircraft. An address that is no ICAO address is written with ``~``, as readsb
does: "tisb:~29a1bc". Where there is no address the callsign stands in for it.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from overflight.surveillance.table import ADDRESS_TYPES

SILENCE_S: Final = 600
"""A longer silence ends a track, in s. Ten minutes: beyond any gap of coverage that a net would bridge, and shorter
than a turn-round on the ground, so that two flights of one aircraft are two tracks."""

_ADDRESS_TYPE: Final = pl.Enum(ADDRESS_TYPES)


def with_identity(frame: pl.DataFrame) -> pl.DataFrame:
    """Give every row an `address_type`, and a `track_id` where it has none; no `icao24` where it is none.

    A row whose address type is unknown takes that of the nearest earlier row of the same address and source, else of
    the nearest later one, at most `SILENCE_S` away: recorders that leave it out of most rows do not thereby make TIS-B
    an aircraft.
    """
    frame = _with_address_type(frame)
    if "track_id" not in frame.columns or frame.get_column("track_id").null_count():
        frame = _with_track_id(frame)
    if "icao24" in frame.columns:
        address = frame.get_column("icao24")
        if address.str.starts_with("~").any():
            frame = frame.with_columns(pl.when(~address.str.starts_with("~")).then(address).alias("icao24"))
    return frame


def _with_address_type(frame: pl.DataFrame) -> pl.DataFrame:
    if "icao24" not in frame.columns:
        return frame.with_columns(pl.lit("other", dtype=_ADDRESS_TYPE).alias("address_type"))
    known = pl.col("address_type") if "address_type" in frame.columns else pl.lit(None, dtype=_ADDRESS_TYPE)
    if "address_type" in frame.columns:
        missing = frame.get_column("address_type").null_count()
        if not missing:
            return frame
        if missing < len(frame):
            frame = _nearest_address_type(frame)
    address = pl.col("icao24")
    own = address.is_not_null() & ~address.str.starts_with("~")
    guess = pl.when(own).then(pl.lit("icao")).otherwise(pl.lit("other")).cast(_ADDRESS_TYPE)
    return frame.with_columns(pl.coalesce(known, guess).alias("address_type"))


def _nearest_address_type(frame: pl.DataFrame) -> pl.DataFrame:
    """Fill unknown types from the nearest row of the same address and source within the silence limit."""
    key = pl.col("icao24").cast(pl.Categorical).to_physical().cast(pl.UInt64).fill_null(2**32) * 256
    if "source" in frame.columns:
        key = key + pl.col("source").to_physical().fill_null(255)
    small = frame.select("timestamp", "address_type", key.alias("key")).with_row_index("row")
    # equal instants in the order of the types, so that the answer does not depend on the order of the rows
    small = small.sort("key", "timestamp", pl.col("address_type").to_physical(), nulls_last=True)
    moment = pl.col("timestamp").to_physical()
    for back in (False, True):
        fill = pl.Expr.backward_fill if back else pl.Expr.forward_fill
        stands = pl.col("address_type").is_not_null()
        same = fill(pl.when(stands).then("key")) == pl.col("key")
        near = (fill(pl.when(stands).then(moment)) - moment).abs() <= SILENCE_S * 1_000_000
        small = small.with_columns(
            pl.when(stands | (same & near)).then(fill(pl.col("address_type"))).alias("address_type")
        )
    return frame.with_columns(small.sort("row").get_column("address_type"))


def _with_track_id(frame: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("address_type").cast(pl.String)
    source = pl.col("source").cast(pl.String) if "source" in frame.columns else pl.lit(None, dtype=pl.String)
    view = pl.when(kind == "tisb").then(kind).otherwise(pl.coalesce(source, kind))
    name = pl.lit(None, dtype=pl.String)
    if "icao24" in frame.columns:
        address = pl.col("icao24")
        name = pl.when(address.is_not_null()).then(pl.concat_str(view, pl.lit(":"), address))
    if "callsign" in frame.columns:
        name = pl.coalesce(name, pl.concat_str(pl.coalesce(source, pl.lit("callsign")), pl.lit(":"), "callsign"))
    if "track_id" in frame.columns:
        name = pl.when(pl.col("track_id").is_null()).then(name)  # what has one is no part of anybody's stay
    identity = frame.select(name.alias("name"), "timestamp")
    stay = _stays(identity)
    numbered = pl.when(stay > 1).then(pl.concat_str("name", pl.lit("#"), stay)).otherwise("name")
    made = identity.select(numbered.alias("track_id")).to_series()
    if "track_id" in frame.columns:
        made = frame.get_column("track_id").zip_with(frame.get_column("track_id").is_not_null(), made)
    return frame.with_columns(made.alias("track_id"))


def _stays(identity: pl.DataFrame) -> pl.Series:
    """The number of each row's stay, from 1, for every name."""
    span = identity.select(pl.col("timestamp").max() - pl.col("timestamp").min()).item()
    if span is None or span.total_seconds() <= SILENCE_S:
        return pl.Series("stay", [1], dtype=pl.UInt32).new_from_index(0, len(identity))
    rows = identity.select(pl.col("name").cast(pl.Categorical).to_physical().alias("key"), "timestamp").with_row_index(
        "row"
    )
    rows = rows.sort("key", "timestamp")
    starts = (pl.col("timestamp").diff().to_physical() > SILENCE_S * 1_000_000).fill_null(True)
    first = (pl.col("key") != pl.col("key").shift()).fill_null(True)
    count = (starts & ~first).cast(pl.UInt32).cum_sum()
    stay = count - pl.when(first).then(count).forward_fill() + 1
    return rows.select("row", stay.alias("stay")).sort("row").get_column("stay")
