"""The compiled losses against their twin, on small worlds that are anything but realistic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from overflight_kernels import losses, losses_between

from tests.kernels.twin_losses import Loss, Minima, Vertices, all_losses, pair_losses

FT, NM = 0.3048, 1852.0
FLAT = Minima(np.array([-3048.0]), np.array([5 * NM]), np.array([1000 * FT]))
LAYERS = Minima(np.array([-3048.0, 3048.0, 3200.0]), np.array([3, 5, 4]) * NM, np.array([1000.0, 500.0, 2000.0]) * FT)
GRAZE_US = 2000


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Vertices, np.ndarray]:
    """Up to six tracks of up to eight reports around one place, some altitudes unknown, some segments broken."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    latitude = draw(st.sampled_from([0.0, 47.3, -89.97, 90.0]))
    longitude = draw(st.sampled_from([0.0, 180.0, -73.9]))
    lengths = rng.integers(0, 9, draw(st.integers(2, 6)))
    n = int(lengths.sum())
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    time = np.concatenate(
        [[0], *(rng.integers(0, 40) * 10**6 + np.cumsum(rng.choice([0, 1, 7, 25, 61], k)) * 10**6 for k in lengths)]
    )[1:]
    time = 1_444_176_000_000_000 + time.astype(np.int64)
    reach = draw(st.sampled_from([0.0, 0.02, 0.1]))
    narrow = max(np.cos(np.radians(latitude)), 1e-3)
    return Vertices(
        offsets=offsets,
        time_us=time,
        latitude=np.clip(latitude + rng.uniform(-reach, reach, n), -90, 90),
        longitude=(longitude + rng.uniform(-reach, reach, n) / narrow + 180) % 360 - 180,
        altitude=np.where(rng.random(n) < 0.1, np.nan, 3048 + rng.choice([-200.0, 0.0, 100.0, 152.4, 304.8, 350.0], n)),
        broken=(rng.random(n) < 0.1).astype(np.uint8),
        max_gap_us=60_000_000,
    ), rng.integers(0, lengths.size, lengths.size).astype(np.uint32)


def arrays(v: Vertices, minima: Minima) -> dict[str, Any]:
    return {
        "offsets": v.offsets, "time_us": v.time_us, "latitude_deg": v.latitude, "longitude_deg": v.longitude,
        "altitude_m": v.altitude, "broken": v.broken, "max_gap_us": v.max_gap_us,
        "floor_m": minima.floor, "horizontal_m": minima.horizontal, "vertical_m": minima.vertical,
    }  # fmt: skip


def agree(found: tuple[np.ndarray, ...], want: list[Loss]) -> None:
    """The same losses; those shorter than `GRAZE_US` may be missing on either side."""
    a, b, start, end, worst, severity, horizontal, vertical, _ = found
    long = np.flatnonzero(end - start >= GRAZE_US)
    expected = [loss for loss in want if loss.end_us - loss.start_us >= GRAZE_US]
    near = [loss for loss in want if abs(loss.end_us - loss.start_us - GRAZE_US) < 10]
    if near:
        return
    assert list(zip(a[long], b[long], strict=True)) == [(loss.a, loss.b) for loss in expected]
    for k, loss in zip(long, expected, strict=True):
        assert (start[k], end[k]) == pytest.approx((loss.start_us, loss.end_us), abs=5)
        assert start[k] <= worst[k] <= end[k]
        assert severity[k] == pytest.approx(loss.severity, abs=1e-6)
        # Severities within 1e-9 count as equal, so the gravest instant is known to some centimetres only.
        assert horizontal[k] == pytest.approx(loss.horizontal, abs=0.3)
        assert vertical[k] == pytest.approx(loss.vertical, abs=0.3, nan_ok=True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.sampled_from([FLAT, LAYERS]), st.sampled_from([1_000_000, 30_000_000, 10**10]), st.integers(1, 3))
def test_losses(world: tuple[Vertices, np.ndarray], minima: Minima, block_us: int, threads: int) -> None:
    vertices, aircraft = world
    tracks = len(aircraft)
    fresh = np.where(np.arange(tracks) % 2, 0, vertices.offsets[:-1] + 3).astype(np.int64)
    for aircraft_of, fresh_from in (
        (np.arange(tracks, dtype=np.uint32), np.zeros(tracks, np.int64)),
        (aircraft, fresh),
    ):
        found = losses(
            **arrays(vertices, minima), aircraft=aircraft_of, fresh_from=fresh_from,
            block_us=block_us, report_unknown=False, threads=threads,
        )  # fmt: skip
        agree(found, all_losses(vertices, minima, aircraft_of, fresh_from))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.sampled_from([FLAT, LAYERS]), st.sampled_from([0.0, 150.0, 6000.0]), st.booleans())
def test_losses_between(world: tuple[Vertices, np.ndarray], minima: Minima, shrink_m: float, unknown: bool) -> None:
    vertices, _ = world
    begin = vertices.segments()
    pairs = [(i, j) for i in begin for j in begin if vertices.track(i) < vertices.track(j)]
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T.copy()
    found = losses_between(
        **arrays(vertices, minima), a=a, b=b, shrink_m=np.full(len(pairs), shrink_m), report_unknown=unknown
    )
    agree(found, [loss for i, j in pairs for loss in pair_losses(vertices, minima, i, j, shrink_m, unknown=unknown)])


def test_blocks_of_time_do_not_matter() -> None:
    rng = np.random.default_rng(8)
    tracks, reports = 60, 30
    time = np.sort(rng.integers(0, 600_000_000, (tracks, reports)), axis=1).ravel()
    vertices = Vertices(
        offsets=np.arange(0, tracks * reports + 1, reports), time_us=time,
        latitude=50 + rng.uniform(-0.3, 0.3, time.size), longitude=8 + rng.uniform(-0.3, 0.3, time.size),
        altitude=rng.choice([3000.0, 3200.0, 3400.0], time.size), broken=np.zeros(time.size, np.uint8),
        max_gap_us=60_000_000,
    )  # fmt: skip
    rest = {"aircraft": np.arange(tracks, dtype=np.uint32), "fresh_from": np.zeros(tracks, np.int64)}
    answers = [
        losses(**arrays(vertices, FLAT), **rest, block_us=block_us, report_unknown=False, threads=threads)
        for block_us, threads in ((30_000_000, 1), (30_000_000, 2), (1_000_000, 2), (777_777, 3), (10**9, 1))
    ]
    assert len(answers[0][0]) > 100
    for answer in answers[1:]:
        for ours, theirs in zip(answer, answers[0], strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"broken": np.zeros(2, np.uint8)}, "broken"),
        ({"offsets": np.array([0, 2], np.int64)}, "offsets"),
        ({"offsets": np.array([0, 5, 3, 4], np.int64)}, "offsets"),
        ({"floor_m": np.zeros(0)}, "floor_m"),
        ({"threads": 0}, "threads"),
        ({"block_us": 0}, "block_us"),
        ({"fresh_from": np.zeros(1, np.int64)}, "fresh_from"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, Any], said: str) -> None:
    four = np.zeros(4)
    vertices = Vertices(
        offsets=np.array([0, 2, 4], np.int64), time_us=np.arange(4), latitude=four, longitude=four, altitude=four,
        broken=np.zeros(4, np.uint8), max_gap_us=10**7,
    )  # fmt: skip
    good = arrays(vertices, FLAT) | {
        "aircraft": np.arange(2, dtype=np.uint32), "fresh_from": np.zeros(2, np.int64),
        "block_us": 10**7, "report_unknown": False, "threads": 1,
    }  # fmt: skip
    losses(**good)
    with pytest.raises(ValueError, match=said):
        losses(**(good | change))
