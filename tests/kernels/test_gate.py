"""The compiled look along each track against its twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from overflight_kernels import GateLimits, TrackGate

from tests.kernels.twin_gate import FROZEN, JUMP, LIMITS, RELOCATED, Fix, Track

Rows = dict[str, np.ndarray]


def rows_of(tracks: list[list[Fix]]) -> Rows:
    fixes = [fix for track in tracks for fix in track]
    names = ("time_us", "latitude", "longitude", "altitude", "speed")
    time, lat, lon, alt, speed = ([getattr(fix, name) for fix in fixes] for name in names)
    return {
        "offsets": np.concatenate([[0], np.cumsum([len(track) for track in tracks])]).astype(np.int64),
        "time_us": np.array(time, np.int64), "latitude_deg": np.array(lat, float), "longitude_deg": np.array(lon, float),
        "altitude_m": np.array(alt, float), "speed_mps": np.array(speed, float),
    }  # fmt: skip


def gate() -> TrackGate:
    return TrackGate(GateLimits(**LIMITS))


def circles(found: tuple[np.ndarray, ...]) -> list[tuple[Any, ...]]:
    return list(zip(*(column.tolist() for column in found[1:]), strict=True))


@st.composite
def flown(draw: st.DrawFn) -> list[list[Fix]]:
    """Tracks with reports that stand still, leap away and back, or for good, and fly straight or in circles."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    latitude = draw(st.sampled_from([0.0, 52.0, -78.0]))
    longitude = draw(st.sampled_from([13.0, 179.99, -180.0]))
    tracks = []
    for _ in range(draw(st.integers(1, 4))):
        n = int(rng.integers(0, 80))
        t = np.cumsum(rng.choice([0.0, 1.0, 5.0, 12.0, 70.0], n, p=[0.05, 0.2, 0.45, 0.27, 0.03]))
        speed = rng.uniform(20, 250)
        if rng.random() < 0.5:
            radius = rng.uniform(300, 12e3)
            angle = rng.uniform(0, 6) + speed * t / radius
            east, north = radius * np.cos(angle), radius * np.sin(angle)
        else:
            east, north = speed * t, rng.normal(0, 3, n)
        leap = np.where(rng.random(n) < 0.05, rng.uniform(1e3, 1e5, n), 0.0) + np.where(np.arange(n) > 50, 3e4, 0.0)
        climb = np.where(rng.random(n) < 0.04, 9000.0, 0.0)
        lat = latitude + (north + leap) / 111.2e3
        lon = (longitude + east / (111.2e3 * np.cos(np.radians(latitude))) + 180) % 360 - 180
        for k in range(1, n):
            if rng.random() < 0.1:
                lat[k], lon[k] = lat[k - 1], lon[k - 1]
        alt = np.where(rng.random(n) < 0.1, np.nan, 3000 + climb)
        said = np.where(rng.random(n) < 0.1, np.nan, speed)
        tracks.append([Fix(int(1e6 * a), *map(float, rest)) for a, *rest in zip(t, lat, lon, alt, said, strict=True)])
    return tracks


def twin(tracks: list[list[Fix]]) -> tuple[list[int], list[tuple[Any, ...]]]:
    flags, found = [], []
    for track in tracks:
        state = Track()
        for fix in track:
            flags.append(state.look(fix))
            circle = None if flags[-1] == FROZEN else state.circle(fix)
            if circle:
                found.append((len(flags) - 1, *circle))
    return flags, found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flown(), st.integers(1, 3))
def test_equals_its_twin(tracks: list[list[Fix]], threads: int) -> None:
    answer = gate().update(**rows_of(tracks), threads=threads)
    flags, want = twin(tracks)
    assert answer[0].tolist() == flags
    have = circles(answer)
    assert [row for row, *_ in have] == [row for row, *_ in want]
    for ours, theirs in zip(have, want, strict=True):
        # Over the antimeridian a centre may be told as 180.1 or as -179.9 degrees.
        east = (ours[2] - theirs[2] + 180) % 360 - 180
        assert (ours[1], east, ours[3]) == pytest.approx((theirs[1], 0, theirs[3]), rel=1e-6, abs=1e-6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flown(), st.floats(0, 1), st.booleans())
def test_goes_on_where_it_stopped(tracks: list[list[Fix]], share: float, stored: bool) -> None:
    cuts = [round(share * len(track)) for track in tracks]
    first, second = gate(), gate()
    before = first.update(**rows_of([t[:c] for t, c in zip(tracks, cuts, strict=True)]), threads=1)[0]
    if stored:
        second.set_state(first.state())
        first = second
    after = first.update(**rows_of([t[c:] for t, c in zip(tracks, cuts, strict=True)]), threads=1)[0]
    whole = gate().update(**rows_of(tracks), threads=1)[0]
    edges = np.cumsum([0, *(len(track) for track in tracks)])
    first_part = np.concatenate([np.arange(e, e + c) for e, c in zip(edges, cuts, strict=False)])
    np.testing.assert_array_equal(before, whole[first_part])
    np.testing.assert_array_equal(after, np.delete(whole, first_part))


def test_each_flag_is_reached() -> None:
    rng = np.random.default_rng(1)
    steps = [Fix(5_000_000 * k, 50 + k * 0.005, 8.0, 3000.0, 110.0) for k in range(20)]
    stuck = [*steps[:5], *(Fix(5_000_000 * k, steps[4].latitude, 8.0, 3000.0, 110.0) for k in range(5, 8))]
    moved = [*steps[:5], *(Fix(fix.time_us, fix.latitude + 1, 8.0, 3000.0, 110.0) for fix in steps[5:9])]
    angle = np.arange(0, 40) * 10 * 60 / 2000 + rng.normal(0, 1e-3, 40)
    round_trip = [
        Fix(10_000_000 * k, 50 + 2000 * np.sin(a) / 111.2e3, 8 + 2000 * np.cos(a) / 71.5e3, 3000.0, 60.0)
        for k, a in enumerate(angle)
    ]
    flags, *found = gate().update(**rows_of([stuck, moved, round_trip]), threads=1)
    assert flags[:8].tolist() == [0] * 5 + [FROZEN] * 3
    assert flags[8:17].tolist() == [0] * 5 + [JUMP, JUMP, RELOCATED, 0]
    assert len(found[0]) > 10
    assert found[3] == pytest.approx(2000, rel=0.01)
