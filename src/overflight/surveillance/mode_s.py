"""Mode S: from raw frames to partial messages, through rs1090 in batches.

Source: ICAO Annex 10 vol. IV, 3.1.2 (formats), RTCA DO-260B 2.2.3 (extended squitter), as decoded by rs1090
(https://github.com/xoolive/rs1090). Fields used and their units: ``latitude``, ``longitude`` deg, ``altitude`` ft
(barometric, or above the ellipsoid for type codes 20 to 22), ``groundspeed`` kt, ``track`` deg true, ``vertical_rate``
ft/min, ``geo_minus_baro`` ft, ``callsign``, ``squawk``, ``NACp``, ``SIL``. All are the units of the position table.

Only what can fill a row is decoded: extended squitters (DF17, DF18) and identity replies (DF5, DF21). Altitude replies,
all-call replies and collision avoidance (DF0, 4, 11, 16, 20) say nothing that a squitter does not. A position is coded
in two halves (CPR) sent up to 10 s apart, so all frames of all files are put in order before they are decoded, and
TIS-B is decoded apart from the aircraft whose address it may carry. On the ground the code is ambiguous: such a
position is placed by an airborne one of the same aircraft, before or after it, without a silence in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

import numpy as np
import polars as pl
import rs1090

from overflight.surveillance.identity import SILENCE_S
from overflight.surveillance.recording import Drops
from overflight.surveillance.table import ADDRESS_TYPES, SOURCES

NO_FRAME: Final = "Mode S frame is not 7 or 14 bytes, or has no time"
BAD_FRAME: Final = "Mode S frame fails its checksum or is not defined"
TWICE: Final = "same Mode S frame twice"
NO_GROUND: Final = "ground position without an airborne one to place it by"

_LAST_S: Final = 1e11  # s since 1970; beyond it a number of microseconds is no timestamp any more
_BATCH: Final = 1000  # frames that rs1090 gives a thread at a time
_CHUNK: Final = 200_000  # frames decoded at once: their Python objects take about 200 MB
OVERLAP_S: Final = 15.0  # of frames decoded again before a chunk, so that both halves of a position are there

_CLASSES: Final = {0: "icao", 1: "anonymous", 2: "tisb", 3: "tisb", 5: "tisb", 6: "adsr"}
"""Address type by the control field of DF18 (DO-260B, table 2-11): 0 and 1 ADS-B of non-transponder devices, with and
without an ICAO address; 2, 3, 5 TIS-B; 6 ADS-R. 4 (TIS-B and ADS-R management) and 7 (reserved) hold no position."""

_MESSAGE: Final[dict[str, pl.DataType]] = {
    "seconds": pl.Float64(),
    "frame": pl.String(),
    "icao24": pl.String(),
    "bds": pl.String(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "altitude": pl.Float32(),
    "groundspeed": pl.Float32(),
    "track": pl.Float32(),
    "vertical_rate": pl.Float32(),
    "geo_minus_baro": pl.Float32(),
    "callsign": pl.String(),
    "squawk": pl.String(),
    "nac_p": pl.UInt8(),
    "sil": pl.UInt8(),
    "kind": pl.String(),
}
_KEYS: Final = {"seconds": "timestamp", "nac_p": "NACp", "sil": "SIL", "kind": "source"}


def decode(frames: pl.DataFrame, drops: Drops) -> Iterator[pl.DataFrame]:
    """Partial messages (see `overflight.surveillance.messages`) from raw frames.

    Args:
        frames: `seconds` since 1970 (f64), `frame` in hexadecimal, `ref`, `file`.
        drops: frames that cannot be used.
    """
    for kind, some in by_class(usable(frames, drops)):
        for part in _decoded(some, drops):
            yield as_messages(placed_on_ground(part, drops), kind)


def usable(frames: pl.DataFrame, drops: Drops) -> pl.DataFrame:
    """The frames that have a length and a time, in order, none twice; the others are counted."""
    frames = frames.with_columns(pl.col("frame").str.strip_chars().str.to_lowercase())
    good = frames.get_column("frame").str.contains("^(?:[0-9a-f]{14}){1,2}$").fill_null(False)
    good &= frames.get_column("seconds").is_between(0.0, _LAST_S).fill_null(False)
    if not good.all():
        drops.add(NO_FRAME, int((~good).sum()), str(frames.filter(~good).get_column("ref")[0]))
        frames = frames.filter(good)
    frames = frames.sort("seconds", "frame", "ref")
    twice = frames.select(
        (pl.col("seconds") == pl.col("seconds").shift()) & (pl.col("frame") == pl.col("frame").shift())
    )
    again = twice.to_series().fill_null(False)
    if again.any():
        drops.add(TWICE, int(again.sum()), str(frames.filter(again).get_column("ref")[0]))
        frames = frames.filter(~again)
    return frames


def by_class(frames: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The frames worth decoding, by address type: each keeps its own halves of positions."""
    first = pl.col("frame").str.slice(0, 2).str.to_integer(base=16)
    form, control = first // 8, first % 8
    kinds = (
        pl.when(form.is_in([5, 17, 21]))
        .then(pl.lit("icao"))
        .when(form == 18)
        .then(control.replace_strict(_CLASSES, default=None, return_dtype=pl.String))
    )
    frames = frames.with_columns(kinds.alias("kind"))
    for kind in ("icao", "tisb", "anonymous", "adsr"):
        some = frames.filter(pl.col("kind") == kind)
        if len(some):
            yield kind, some


def _decoded(frames: pl.DataFrame, drops: Drops) -> Iterator[pl.DataFrame]:
    seconds = cast("Any", frames.get_column("seconds"))  # its search_sorted has no types
    start = 0
    while start < len(frames):
        end = len(frames)
        if start + _CHUNK < end:  # up to a change of time, so that a frame is on one side of the cut only
            end = int(seconds.search_sorted(seconds[start + _CHUNK], "left"))
            end = end if end > start else int(seconds.search_sorted(seconds[start], "right"))
        before = int(seconds.search_sorted(seconds[start] - OVERLAP_S, "left"))
        some = frames[before:end]
        messages = rs1090_messages(some.get_column("frame").to_list(), some.get_column("seconds").to_list(), None)
        yield as_table(messages, some, drops, float(seconds[start]))
        start = end


def rs1090_messages(frames: list[str], seconds: list[float], reference: tuple[float, float] | None) -> list[Any]:
    """Decode, and where rs1090 gives up on a frame, do without that frame."""
    try:
        return cast("list[Any]", rs1090.decode(frames, seconds, reference=reference, batch=_BATCH))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        if len(frames) == 1:
            return []
        half = len(frames) // 2
        return [
            *rs1090_messages(frames[:half], seconds[:half], reference),
            *rs1090_messages(frames[half:], seconds[half:], reference),
        ]


def as_table(messages: list[Any], frames: pl.DataFrame, drops: Drops, since: float) -> pl.DataFrame:
    """What rs1090 made of `frames`, from the time `since` on, with their `ref`; what it refused is counted."""
    values = {name: [message.get(_KEYS.get(name, name)) for message in messages] for name in _MESSAGE}
    table = pl.DataFrame(values, schema=_MESSAGE, strict=False)
    if len(table) != len(frames):  # what rs1090 refuses is left out, the rest keeps its order
        kept = np.zeros(len(frames), dtype=np.bool_)
        answers = iter([*zip(values["seconds"], values["frame"], strict=True), None])
        answer = next(answers)
        given = zip(frames.get_column("seconds"), frames.get_column("frame"), strict=True)
        for at, asked in enumerate(given):
            if asked == answer:
                kept[at] = True
                answer = next(answers)
        lost = frames.filter(~pl.Series(kept) & (pl.col("seconds") >= since))
        if len(lost):
            drops.add(BAD_FRAME, len(lost), str(lost.get_column("ref")[0]))
        frames = frames.filter(pl.Series(kept))
    whence = [frames.get_column(name) for name in ("ref", "file") if name in frames.columns]
    return table.with_columns(whence).filter(pl.col("seconds") >= since)


def near_places(messages: pl.DataFrame, *, after: bool) -> pl.DataFrame:
    """The messages, aircraft after aircraft, with `near_latitude` and `near_longitude`: its airborne position before each.

    Where there is none before, it is the next one where that may be used (`after`).
    """
    rows = messages.sort("icao24", "seconds", maintain_order=True)
    airborne = (pl.col("bds") == "05") & pl.col("latitude").is_not_null()
    new = (pl.col("icao24") != pl.col("icao24").shift()) | (pl.col("seconds").diff() > SILENCE_S)
    rows = rows.with_columns(stay=new.fill_null(True).cum_sum())
    places: list[pl.Expr] = []
    for name in ("latitude", "longitude"):
        place = pl.when(airborne).then(name)
        near = place.forward_fill().over("stay")
        if after:
            near = pl.coalesce(near, place.backward_fill().over("stay"))
        places.append(near.alias(f"near_{name}"))
    return rows.with_columns(places).drop("stay")


def placed_on_ground(messages: pl.DataFrame, drops: Drops, *, after: bool = True) -> pl.DataFrame:
    """Place the positions on the ground, each by an airborne one of the same aircraft before it, or else (`after`) after it."""
    ground = (pl.col("bds") == "06") & pl.col("latitude").is_null()
    if not messages.select(ground.any()).item():
        return messages
    rows = near_places(messages.with_row_index("row"), after=after)
    near = rows.filter(ground)
    placed: list[pl.DataFrame] = []
    for (latitude, longitude), some in near.group_by("near_latitude", "near_longitude", maintain_order=True):
        if latitude is None:
            drops.add(NO_GROUND, len(some), str(some.sort("seconds").get_column("ref")[0]))
            continue
        reference = (cast("float", latitude), cast("float", longitude))
        answers = rs1090_messages(some.get_column("frame").to_list(), some.get_column("seconds").to_list(), reference)
        found = {(a["timestamp"], a["frame"]): (a.get("latitude"), a.get("longitude")) for a in answers}
        points = [found.get(key, (None, None)) for key in some.select("seconds", "frame").iter_rows()]
        columns = {"row": some.get_column("row"), "lat": [p[0] for p in points], "lon": [p[1] for p in points]}
        placed.append(pl.DataFrame(columns, schema_overrides={"lat": pl.Float64, "lon": pl.Float64}))
    if not placed:
        return messages
    rows = messages.with_row_index("row").join(pl.concat(placed), on="row", how="left", maintain_order="left")
    return rows.with_columns(
        pl.coalesce("latitude", "lat").alias("latitude"), pl.coalesce("longitude", "lon").alias("longitude")
    )


def as_messages(messages: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Partial messages of one address type, with the names of the position table."""
    bds = pl.col("bds")
    above_ellipsoid = pl.col("kind") == "gnss"
    return messages.select(
        timestamp=(pl.col("seconds") * 1e6).round().cast(pl.Int64).cast(pl.Datetime("us", "UTC")),
        icao24="icao24",
        address_type=pl.lit(kind, dtype=pl.Enum(ADDRESS_TYPES)),
        latitude="latitude",
        longitude="longitude",
        altitude=pl.when(bds.is_in(["05"]) & ~above_ellipsoid.fill_null(False)).then("altitude"),
        geoaltitude=pl.when((bds == "05") & above_ellipsoid).then("altitude"),
        groundspeed="groundspeed",
        track="track",
        vertical_rate="vertical_rate",
        geo_minus_baro="geo_minus_baro",
        onground=pl.when(bds == "06").then(pl.lit(True)).when(bds == "05").then(pl.lit(False)),
        callsign="callsign",
        squawk="squawk",
        nac_p="nac_p",
        sil="sil",
        source=pl.lit("adsb", dtype=pl.Enum(SOURCES)),
        **{name: pl.col(name) for name in ("ref", "file") if name in messages.columns},
    )
