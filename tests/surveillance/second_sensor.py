"""A second sensor for the tests: a recording as a radar without addresses would have seen it, with the truth of who is who."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from overflight.surveillance.table import POSITION_SCHEMA


@dataclass(frozen=True)
class Radar:
    """How a radar sees: every `turn_s` (drawn for each track), off by noise, by an offset, and by its clock."""

    turn_s: tuple[float, float] = (4.0, 12.0)
    noise_m: tuple[float, float] = (50.0, 100.0)  # standard deviation along an axis
    east_m: float = 220.0
    north_m: float = -180.0
    late_s: float = 0.4
    broken_per_s: float = 1.0 / 1200.0
    silence_s: float = 60.0


def seen_by_radar(table: pl.DataFrame, seed: int, radar: Radar | None = None) -> tuple[pl.DataFrame, dict[str, str]]:
    """What a radar makes of the aircraft's own reports of `table`, and the true icao24 of each of its tracks.

    It sees some of the reports, at least a turn apart, and gives a new number after a silence, and now and then for no reason.
    """
    rng = np.random.default_rng(seed)
    radar = radar or Radar(
        east_m=float(rng.uniform(-300, 300)),
        north_m=float(rng.uniform(-300, 300)),
        late_s=float(rng.uniform(-0.5, 0.5)),
    )
    own = table.filter(pl.col("address_type").is_in(["icao", "adsr"]) & pl.col("icao24").is_not_null())
    parts: list[pl.DataFrame] = []
    truth: dict[str, str] = {}
    number = 0
    for (icao24,), rows in own.sort("timestamp").group_by("icao24", maintain_order=True):
        t = rows["timestamp"].to_physical().to_numpy() * 1e-6
        turn, noise = rng.uniform(*radar.turn_s), rng.uniform(*radar.noise_m)
        kept: list[int] = []
        names: list[str] = []
        for k, now in enumerate(t.tolist()):
            since = now - t[kept[-1]] if kept else np.inf
            if since < turn - 0.5:
                continue
            if since > radar.silence_s or rng.random() < 1.0 - np.exp(-since * radar.broken_per_s):
                number += 1
                truth[f"radar:{number}"] = str(icao24)
            kept.append(k)
            names.append(f"radar:{number}")
        some = rows[kept]
        n = some.height
        north = radar.north_m + rng.normal(0, noise, n)
        east = radar.east_m + rng.normal(0, noise, n)
        parts.append(
            some.with_columns(
                pl.col("timestamp") + pl.duration(microseconds=round(radar.late_s * 1e6)),
                track_id=pl.Series(names),
                latitude=some["latitude"].to_numpy() + north / 111_200.0,
                longitude=some["longitude"].to_numpy()
                + east / (111_300.0 * np.cos(np.radians(some["latitude"].to_numpy()))),
                altitude=((pl.col("altitude") / 100.0).round() * 100.0).cast(pl.Float32),
                source=pl.lit("radar", POSITION_SCHEMA["source"]),
                address_type=pl.lit("other", POSITION_SCHEMA["address_type"]),
            )
        )
    unsaid = ("icao24", "callsign", "geoaltitude", "vertical_rate", "nic", "nac_p", "sil", "accuracy", "position_age")
    copy = pl.concat(parts).with_columns(pl.lit(None, POSITION_SCHEMA[name]).alias(name) for name in unsaid)
    return copy.with_columns(sensor=pl.lit("TEST")).select(table.columns).sort("timestamp", "track_id"), truth
