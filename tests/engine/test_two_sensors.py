"""An aircraft that two sensors see is not in conflict with itself: dismissed where it is proven, undetermined where it cannot be."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import overflight
from overflight.nets.encounters import MAY_BE_ONE
from tests.flights import flight


def seen_twice(lasting_s: float, *, apart_deg: float = 0.0) -> pl.DataFrame:
    """Three airliners, each followed by a radar without addresses for so long, 200 m off and noisy, or farther north."""
    rng = np.random.default_rng(4)
    parts: list[pl.DataFrame] = []
    for k in range(3):
        own = flight(
            f"adsb:a{k}",
            latitude=50.0 + k,
            longitude=8.0,
            speed_kt=420.0,
            altitude=33_000.0 + 100 * k,
            every_s=2.0,
            reports=300,
        )
        own = own.with_columns(
            icao24=pl.lit(f"a{k:05d}"), source=pl.lit("adsb"), address_type=pl.lit("icao"), sensor=pl.lit("X")
        )
        some = own.gather_every(3).head(int(lasting_s / 6.0) + 1)
        radar = some.with_columns(
            track_id=pl.lit(f"radar:{k}"),
            icao24=pl.lit(None, pl.String),
            source=pl.lit("radar"),
            address_type=pl.lit("other"),
            sensor=pl.lit("Y"),
            latitude=pl.col("latitude") + 0.0018 + apart_deg + pl.Series(rng.normal(0, 4e-4, some.height)),
        )
        parts += [own, radar]
    return pl.concat(parts, how="diagonal")


@pytest.mark.parametrize("net", ["separation", "conflict"])
def test_what_is_proven_later_is_dismissed(net: str) -> None:
    events = overflight.check(seen_twice(420.0), nets=net, minima="3 NM/1000 ft")
    assert len(events) == 0
    reasons = set(events.result.dismissed["reason"].to_list())
    assert any("same_aircraft" in reason for reason in reasons)


@pytest.mark.parametrize("net", ["separation", "conflict"])
def test_what_is_too_brief_for_a_proof_is_undetermined_and_says_why(net: str) -> None:
    events = overflight.check(seen_twice(60.0), nets=net, minima="3 NM/1000 ft").to_polars()
    assert events.height == 3
    assert set(events["verdict"]) == {"undetermined"}
    assert all(MAY_BE_ONE in why for why in events["why"])


def test_an_intruder_without_address_two_miles_beside_is_none_of_it() -> None:
    events = overflight.check(seen_twice(60.0, apart_deg=0.033), nets="separation", minima="3 NM/1000 ft").to_polars()
    assert events.height == 3
    assert not any(MAY_BE_ONE in why for why in events["why"])
