"""The separation net against the brute force: random traffic, the demo recording, 115 real encounters."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod

import overflight
from tests.oracle.brute_force import NM_M, Loss, Track, losses
from tests.oracle.traffic import REGIONS, position_table, random_tracks, seconds, tracks_of

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "examples/california-2025/adsblol_20250602_36_-122.jsonl.gz"
ENCOUNTERS = ROOT / "tests/data/encounters/encounters.parquet"
GRAZE_S = 0.05  # a shorter loss may go either way

GEOD = Geod(ellps="WGS84")
Found = dict[tuple[str, str], list[Loss]]


def product(table: pl.DataFrame, minima: str = "5 NM/1000 ft", max_gap: str = "60s") -> Found:
    """What the product finds, in the judge's terms."""
    events = overflight.check(
        table, minima=minima, vertical_tolerance="0 ft", max_gap=max_gap, ungated=True
    ).to_polars()
    found: Found = defaultdict(list)
    for row in events.filter(kind="separation").sort("start").iter_rows(named=True):
        found[row["track_a"], row["track_b"]].append(
            Loss(
                start=seconds(row["start"]),
                end=seconds(row["end"]),
                time=seconds(row["time"]),
                severity=row["severity"],
                horizontal_m=row["horizontal_nm"] * NM_M,
                vertical_ft=row["vertical_ft"],
            )
        )
    return dict(found)


def differences(want: Found, have: Found) -> list[str]:
    """Every way in which two findings differ by more than is allowed."""
    wrong = []
    for pair in sorted({*want, *have}):
        ours, theirs = (sorted(found.get(pair, []), key=lambda loss: loss.start) for found in (want, have))
        if len(ours) != len(theirs):
            ours, theirs = ([loss for loss in side if loss.end - loss.start >= GRAZE_S] for side in (ours, theirs))
        if len(ours) != len(theirs):
            wrong.append(f"{pair}: expected {ours}, found {theirs}")
            continue
        for a, b in zip(ours, theirs, strict=True):
            off = {
                "start": (b.start - a.start, 0.1),
                "end": (b.end - a.end, 0.1),
                "severity": (b.severity - a.severity, 0.002),
                "closest distance": (b.horizontal_m - a.horizontal_m, 1.0),
            }
            bad = [f"{name} {value:+.4g}" for name, (value, limit) in off.items() if abs(value) > limit]
            if bad:
                wrong.append(f"{pair}: {', '.join(bad)}; expected {a}, found {b}")
    return wrong


def agree(
    table: pl.DataFrame, least: int = 1, minima: tuple[float, float] = (5.0, 1000.0), max_gap_s: float = 60.0
) -> None:
    horizontal_nm, vertical_ft = minima
    want = losses(tracks_of(table), horizontal_m=horizontal_nm * NM_M, vertical_ft=vertical_ft, max_gap_s=max_gap_s)
    if "icao24" in table.columns:  # two tracks of one aircraft are no pair
        address = dict(table.select("track_id", "icao24").unique().iter_rows())
        want = {(a, b): found for (a, b), found in want.items() if address[a] is None or address[a] != address[b]}
    have = product(table, f"{horizontal_nm} NM/{vertical_ft} ft", f"{max_gap_s}s")
    wrong = differences(want, have)
    assert not wrong, "\n".join([f"{len(wrong)} of {len(want)} pairs", *wrong[:10]])
    assert sum(map(len, want.values())) >= least  # else nothing was tested


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_traffic(region: str, seed: int) -> None:
    agree(position_table(random_tracks(seed, region)), least=40)


@pytest.mark.long
@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("seed", range(3, 23))
def test_random_traffic_at_length(region: str, seed: int) -> None:
    agree(position_table(random_tracks(seed, region, count=250, radius_m=200e3)), least=100)


@pytest.mark.parametrize(("minima", "max_gap_s"), [((3.0, 1000.0), 60.0), ((5.0, 300.0), 9.0), ((0.33, 300.0), 30.0)])
def test_other_minima_and_gaps(minima: tuple[float, float], max_gap_s: float) -> None:
    agree(position_table(random_tracks(31, count=150, radius_m=60e3)), least=5, minima=minima, max_gap_s=max_gap_s)


@st.composite
def wild_tracks(draw: st.DrawFn) -> dict[str, Track]:
    """A few aircraft that turn, hover, jump and fall silent anywhere on Earth, poles and antimeridian included."""
    lat0 = draw(st.sampled_from([0.0, 45.0, -60.0, 89.98, -89.99]) | st.floats(-90, 90))
    lon0 = draw(st.sampled_from([0.0, 179.99, -180.0]) | st.floats(-180, 180))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    reach_m = draw(st.sampled_from([2e3, 1e4, 3e4]))
    tracks = {}
    for number in range(draw(st.integers(2, 5))):
        t = np.cumsum(
            rng.choice([0.5, 1.0, 4.0, 10.0, 35.0, 61.0], rng.integers(1, 25), p=[0.1, 0.2, 0.3, 0.2, 0.15, 0.05])
        )
        t += rng.choice([0.0, 0.25, rng.uniform(0, 60)])
        # A random walk in a plane, laid onto the globe around the centre: azimuth and distance.
        steps = rng.normal(0, 1, (t.size, 2)) * rng.choice([0.0, 30.0, 1500.0])
        x, y = np.cumsum(steps, 0).T + rng.uniform(-reach_m, reach_m, (2, 1))
        azimuth, distance = np.degrees(np.arctan2(x, y)), np.hypot(x, y)
        lon, lat, _ = GEOD.fwd(np.full(t.size, lon0), np.full(t.size, lat0), azimuth, distance)
        alt = 10_000 + 100.0 * rng.integers(-8, 9) + np.cumsum(rng.choice([0.0, 0.0, 90.0, -130.0], t.size))
        tracks[f"T{number}"] = (np.round(t, 3), np.asarray(lat), np.asarray(lon), alt)
    return tracks


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wild_tracks())
def test_wild_traffic(tracks: dict[str, Track]) -> None:
    agree(position_table(tracks), least=0)


@pytest.mark.long
@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wild_tracks())
def test_wild_traffic_at_length(tracks: dict[str, Track]) -> None:
    agree(position_table(tracks), least=0)


def test_demo_recording() -> None:
    table = overflight.read(DEMO).table
    agree(table.filter(~pl.col("onground").fill_null(False)), least=150)


@pytest.fixture(scope="module")
def encounters() -> pl.DataFrame:
    """All encounters in one table: each aircraft a track per encounter, each encounter an hour of its own."""
    raw = pl.read_parquet(ENCOUNTERS)
    since = pl.col("time_ms") - pl.col("time_ms").min().over("encounter")
    hour = pl.col("encounter").cast(pl.Int64) * 3_600_000
    return raw.select(
        (pl.datetime(2015, 10, 7, time_unit="us", time_zone="UTC") + pl.duration(milliseconds=hour + since)).alias(
            "timestamp"
        ),
        pl.format("{}:{}", pl.col("encounter").cast(pl.String).str.zfill(3), "name").alias("track_id"),
        pl.col("latitude", "longitude") / 1e6,
        "altitude",
    ).sort("timestamp", "track_id")


@pytest.mark.parametrize("minima", [(5.0, 1000.0), (0.658, 450.0)], ids=["5 NM", "well clear"])
def test_real_encounters(encounters: pl.DataFrame, minima: tuple[float, float]) -> None:
    agree(encounters, least=80, minima=minima)


def test_real_encounters_without_a_common_clock(encounters: pl.DataFrame) -> None:
    thin = encounters.sample(fraction=0.25, seed=7).sort("timestamp", "track_id")
    assert thin.group_by("timestamp").len().filter(pl.col("len") == 1).height > thin.height // 2
    agree(thin, least=80, minima=(1.0, 500.0))
