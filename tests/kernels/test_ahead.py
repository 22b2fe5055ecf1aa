"""Conflicts ahead of one picture of the sky, against steps of a second along great circles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from overflight_kernels import ahead

from overflight.earth.wgs84 import to_ecef
from overflight.units import FT_M, NM_M

HORIZONTAL_M, VERTICAL_M = 5 * NM_M, 1000 * FT_M
Sky = dict[str, Any]


def sky(
    latitude: Any,
    longitude: Any,
    course_deg: Any,
    speed_mps: Any,
    altitude_m: Any = 10_000.0,
    up_mps: Any = 0.0,
) -> Sky:
    arrays = np.broadcast_arrays(
        *(np.atleast_1d(x) for x in (latitude, longitude, course_deg, speed_mps, altitude_m, up_mps))
    )
    lat, lon, course, speed, altitude, up = (np.array(x, float) for x in arrays)
    return {
        "latitude_deg": lat,
        "longitude_deg": lon,
        "altitude_m": altitude,
        "east_mps": speed * np.sin(np.radians(course)),
        "north_mps": speed * np.cos(np.radians(course)),
        "up_mps": up,
        "aircraft": np.arange(len(lat), dtype=np.uint32),
    }


def found(traffic: Sky, lookahead_s: float = 300.0, threads: int = 1) -> dict[tuple[int, int], tuple[float, float]]:
    a, b, time_in, time_out = ahead(
        **traffic, horizontal_m=HORIZONTAL_M, vertical_m=VERTICAL_M, lookahead_s=lookahead_s, threads=threads
    )
    return {(int(i), int(j)): (float(t), float(u)) for i, j, t, u in zip(a, b, time_in, time_out, strict=True)}


def circles(traffic: Sky, times: np.ndarray) -> np.ndarray:
    """Places (T, N, 3) along great circles around the middle of the Earth."""
    start = to_ecef(traffic["latitude_deg"], traffic["longitude_deg"])
    phi, lam = np.radians(traffic["latitude_deg"]), np.radians(traffic["longitude_deg"])
    east = np.stack([-np.sin(lam), np.cos(lam), np.zeros_like(lam)], axis=-1)
    north = np.stack([-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)], axis=-1)
    velocity = traffic["east_mps"][:, None] * east + traffic["north_mps"][:, None] * north
    radius = np.linalg.norm(start, axis=-1, keepdims=True)
    out = start / radius
    speed = np.linalg.norm(velocity, axis=-1, keepdims=True)
    along = velocity - (velocity * out).sum(axis=-1, keepdims=True) * out
    along /= np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-12)
    turn = speed / radius * times[:, None, None]
    return radius * (np.cos(turn) * out + np.sin(turn) * along)


def brute_force(traffic: Sky, lookahead_s: float = 300.0, step_s: float = 1.0) -> dict[tuple[int, int], np.ndarray]:
    """The moments at which each pair is in conflict."""
    times = np.arange(0.0, lookahead_s + step_s / 2, step_s)
    places = circles(traffic, times)
    height = traffic["altitude_m"] + traffic["up_mps"] * times[:, None]
    lost: dict[tuple[int, int], np.ndarray] = {}
    n = places.shape[1]
    for i in range(n):
        apart = np.linalg.norm(places[:, i + 1 :] - places[:, i : i + 1], axis=-1)
        level = np.abs(height[:, i + 1 :] - height[:, i : i + 1])
        hit = (apart < HORIZONTAL_M) & (level < VERTICAL_M)
        for j in np.flatnonzero(hit.any(axis=0)):
            lost[i, i + 1 + int(j)] = times[hit[:, j]]
    return lost


PLACES = {"europe": (48.0, 11.0), "antimeridian": (-17.0, 179.9), "pole": (89.9, 0.0), "equator": (0.0, 0.0)}


def around(rng: np.random.Generator, place: tuple[float, float], count: int) -> Sky:
    from pyproj import Geod

    longitude, latitude, _ = Geod(ellps="WGS84").fwd(
        np.full(count, place[1]), np.full(count, place[0]), rng.uniform(0, 360, count), rng.uniform(0, 80e3, count)
    )
    return sky(
        latitude,
        longitude,
        rng.uniform(0, 360, count),
        rng.choice([0.0, 60.0, 120.0, 250.0], count) * rng.uniform(0.8, 1.2, count),
        rng.uniform(3000.0, 6000.0, count),
        rng.choice([0.0, 0.0, 10.0, -10.0], count),
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(sorted(PLACES)), st.sampled_from([60.0, 300.0]))
def test_equals_steps_along_great_circles(seed: int, where: str, lookahead_s: float) -> None:
    traffic = around(np.random.default_rng(seed), PLACES[where], 40)
    want, have = brute_force(traffic, lookahead_s, 0.5), found(traffic, lookahead_s)
    assert set(want) <= set(have)
    for pair, (time_in, time_out) in have.items():
        if pair not in want:
            assert time_out - time_in < 0.5  # between two steps
            continue
        assert want[pair][0] - 0.5 <= time_in <= want[pair][0] + 1e-3
        assert want[pair][-1] - 1e-3 <= time_out <= want[pair][-1] + 0.5
    for pair in have:  # exactly: at both ends one of the distances is at its threshold
        for t in have[pair]:
            if 0.0 < t < lookahead_s:
                places = circles(traffic, np.array([t]))[0]
                apart = np.linalg.norm(places[pair[0]] - places[pair[1]])
                height = traffic["altitude_m"] + traffic["up_mps"] * t
                level = abs(height[pair[0]] - height[pair[1]])
                assert apart == pytest.approx(HORIZONTAL_M, abs=1e-3) or level == pytest.approx(VERTICAL_M, abs=1e-6)


def test_the_number_of_threads_and_the_order_of_rows_change_nothing() -> None:
    traffic = around(np.random.default_rng(5), PLACES["europe"], 3000)
    one = found(traffic)
    assert len(one) > 1000
    assert found(traffic, threads=4) == one
    order = np.random.default_rng(6).permutation(3000)
    place = np.argsort(order)
    shuffled = found(
        {name: values[order] for name, values in traffic.items()} | {"aircraft": np.arange(3000, dtype=np.uint32)}
    )
    moved = {(int(place[i]), int(place[j])): span for (i, j), span in one.items()}
    again = {(min(pair), max(pair)): span for pair, span in moved.items()}
    assert set(shuffled) == set(again)
    assert all(shuffled[pair] == pytest.approx(span, abs=1e-6) for pair, span in again.items())


@pytest.mark.parametrize("fast", [3, 500])
def test_a_few_or_many_that_are_much_faster(fast: int) -> None:
    rng = np.random.default_rng(fast)
    traffic = around(rng, PLACES["europe"], 600)
    for name in ("east_mps", "north_mps"):
        traffic[name][:fast] *= 10.0
    assert set(brute_force(traffic, 60.0)) <= set(found(traffic, 60.0))


def test_head_on_across_the_antimeridian() -> None:
    span = found(sky([0.0, 0.0], [179.9, -179.9], [90.0, 270.0], 200.0))[0, 1]
    assert span[0] == pytest.approx((0.2 * 111_319.49 - HORIZONTAL_M) / 400.0, abs=0.1)


def test_across_the_pole() -> None:
    """3.6 NM apart, on both sides of the pole."""
    assert found(sky([89.97, 89.97], [0.0, 180.0], [90.0, 90.0], 0.0))[0, 1] == (0.0, 300.0)


@pytest.mark.parametrize("speed", [0.0, 1.0, 230.0])
def test_identical_velocities(speed: float) -> None:
    """A formation and hovering drones, 0.1 NM apart."""
    apart = 0.1 * NM_M / 111_000.0
    assert found(sky([45.0, 45.0 + apart], [10.0, 10.0], [90.0, 90.0], speed))[0, 1] == (0.0, 300.0)


@pytest.mark.parametrize("level_ft", [1000.0, 10_000.0, 33_000.0, 41_100.0])
def test_exactly_a_thousand_feet_apart_is_no_loss(level_ft: float) -> None:
    for other in (level_ft + 1000.0, level_ft - 1000.0):
        traffic = sky([45.0, 45.0], [10.0, 10.01], 90.0, 200.0, np.array([level_ft, other]) * FT_M)
        assert found(traffic) == {}
    near = sky([45.0, 45.0], [10.0, 10.01], 90.0, 200.0, np.array([level_ft, level_ft + 999.9]) * FT_M)
    assert len(found(near)) == 1


def test_exactly_five_miles_apart_is_no_loss() -> None:
    half = np.degrees(np.arcsin(HORIZONTAL_M / 2 / 6_378_137.0))  # chord, on the equator
    assert found(sky([0.0, 0.0], [-half, half], 0.0, 0.0)) == {}
    assert len(found(sky([0.0, 0.0], [-half * 0.999999, half], 0.0, 0.0))) == 1


@pytest.mark.parametrize("unknown", ["altitude_m", "up_mps"])
def test_an_unknown_altitude_or_climb_is_judged_in_the_plane(unknown: str) -> None:
    traffic = sky([45.0, 45.0], [10.0, 10.01], 90.0, 200.0, [1000.0, 9000.0])
    assert found(traffic) == {}
    traffic[unknown][0] = np.nan
    assert found(traffic) == {(0, 1): (0.0, 300.0)}


def test_one_aircraft_is_never_in_conflict_with_itself() -> None:
    traffic = sky([45.0, 45.0], [10.0, 10.01], 90.0, 200.0)
    assert found(traffic | {"aircraft": np.array([7, 7], np.uint32)}) == {}


def test_nobody_and_one() -> None:
    assert found(sky([], [], [], [])) == {}
    assert found(sky([1.0], [1.0], [1.0], [1.0])) == {}


def test_bad_thresholds_are_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        found(sky([1.0], [1.0], [1.0], [1.0]), lookahead_s=-1.0)
