"""From partial messages to positions: an aircraft tells its position, its speed and its name in different messages.

Each position row takes, from the messages of the same address before it, the last value of every other field, as long
as that is not too old to hold (`HOLD_S`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from overflight.surveillance.order import sort_with_ties

HOLD_S: Final[dict[str, float]] = {
    "groundspeed": 10.0,
    "track": 10.0,
    "vertical_rate": 10.0,
    "altitude": 10.0,
    "geoaltitude": 10.0,
    "geo_minus_baro": 10.0,
    "callsign": 600.0,
    "squawk": 600.0,
    "nic": 600.0,
    "nac_p": 600.0,
    "sil": 600.0,
}
"""How long a value holds, in s. Motion is sent twice a second by ADS-B and answered every 4 to 12 s to radars, so 10 s
is a few lost messages; at 10 s a turning aircraft has changed its track by 30 deg, and no more. A name, a code and a
quality change a few times a flight: 10 min, the silence that ends a track."""


def join(messages: pl.DataFrame) -> pl.DataFrame:
    """The positions in the messages, completed.

    Args:
        messages: `timestamp`, `icao24`, `source`, `ref`, `file` and any other columns of the position table, all but
            the first two null in part; `geo_minus_baro` in ft is added to `altitude` where there is no `geoaltitude`.
            Their order does not matter.
    """
    return joined(ordered(messages))


def sender(messages: pl.DataFrame) -> list[str]:
    """The columns that tell whose a message is: an aircraft is heard in several ways, which do not complete each other."""
    return [name for name in ("icao24", "address_type", "source") if name in messages.columns]


def ordered(messages: pl.DataFrame) -> pl.DataFrame:
    """The messages sender by sender, each in order of time, equal instants in an order that depends on nothing else."""
    keys = [*sender(messages), "timestamp"]
    return sort_with_ties(messages, keys, [name for name in messages.columns if name not in keys])


def joined(rows: pl.DataFrame) -> pl.DataFrame:
    """The positions in messages that are `ordered`, completed."""
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in sender(rows))
    rows = rows.with_columns((~same).fill_null(True).cum_sum().alias("group"))
    moment = pl.col("timestamp").to_physical()
    held: list[pl.Expr] = []
    for name, hold_s in HOLD_S.items():
        if name not in rows.columns or rows.get_column(name).null_count() in {0, len(rows)}:
            continue
        stands = pl.col(name).is_not_null()
        age = moment - pl.when(stands).then(moment).forward_fill()
        whose = pl.when(stands).then("group").forward_fill()
        holds = (whose == pl.col("group")) & (age <= int(hold_s * 1e6))
        held.append(pl.when(holds).then(pl.col(name).forward_fill()).alias(name))
    rows = rows.with_columns(held).filter(pl.col("latitude").is_not_null() & pl.col("longitude").is_not_null())
    if "geo_minus_baro" in rows.columns:
        sum_ft = pl.col("altitude") + pl.col("geo_minus_baro")
        given = pl.col("geoaltitude") if "geoaltitude" in rows.columns else pl.lit(None, dtype=pl.Float32)
        rows = rows.with_columns(pl.coalesce(given, sum_ft).cast(pl.Float32).alias("geoaltitude"))
    return rows.drop("group", "geo_minus_baro", strict=False)
