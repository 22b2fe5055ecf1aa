"""Coverings: nothing of an area is missed, nothing far from it is taken, and the numbers of cells mean what is within what."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overflight.coordination.dss.cells import (
    LEVELS,
    MOST,
    ancestors,
    covering,
    first,
    last,
    related,
)
from overflight.earth.wgs84 import Array, to_ecef

PLACES = [
    (0.0, 0.0),
    (47.5, 8.6),
    (90.0, 0.0),
    (-89.999, 12.0),
    (10.0, 179.9999),
    (35.26, 45.0),
    (0.0, -45.0),
    (-33.9, 151.2),
]
RADII_M = [5.0, 300.0, 7_000.0, 150_000.0, 1_000_000.0]


def directions(latitude: Array, longitude: Array) -> Array:
    ecef = to_ecef(np.asarray(latitude, float), np.asarray(longitude, float))
    return ecef / np.linalg.norm(ecef, axis=-1, keepdims=True)


def disc(latitude: float, longitude: float, radius_m: float, shares: Array, turns: Array) -> Array:
    """Directions at a share of a radius and a share of a turn around a place, on a sphere: the outline is one of these, and what is within too."""
    up = directions(np.array([latitude]), np.array([longitude]))[0]
    aside = np.eye(3)[int(np.argmin(np.abs(up)))]
    right = np.cross(aside, up)
    right /= np.linalg.norm(right)
    ahead = np.cross(up, right)
    angle, turn = shares * radius_m / 6_371_000.0, 2 * np.pi * turns
    flat = np.cos(turn)[:, None] * right + np.sin(turn)[:, None] * ahead
    return np.cos(angle)[:, None] * up + np.sin(angle)[:, None] * flat


def covered(latitude: float, longitude: float, radius_m: float) -> list[int]:
    count = max(256, math.ceil(2 * math.pi * radius_m / 20_000))
    # The corners stand so far out that the sides between them touch the circle.
    outline = disc(latitude, longitude, radius_m / math.cos(math.pi / count), np.ones(count), np.arange(count) / count)
    return covering(outline, directions(np.array([latitude]), np.array([longitude]))[0])


def leaf(direction: Array) -> int:
    """The finest cell that a point lies in, found by its coordinates alone."""
    axis = int(np.argmax(np.abs(direction)))
    ahead = direction[axis]
    parts = [direction[(axis + step) % 3] / abs(ahead) for step in (1, 2)]
    i, j = (min(2**LEVELS - 1, int((math.atan(part) / (math.pi / 2) + 0.5) * 2**LEVELS)) for part in parts)
    number = 2 * axis + (ahead < 0)
    for bit in range(LEVELS - 1, -1, -1):
        number = (number << 2) | ((i >> bit & 1) << 1) | (j >> bit & 1)
    return (number << 1) | 1


@pytest.mark.parametrize("radius_m", RADII_M)
@pytest.mark.parametrize("place", PLACES)
def test_nothing_of_an_area_is_missed(place: tuple[float, float], radius_m: float) -> None:
    cells = covered(*place, radius_m)
    assert 1 <= len(cells) <= MOST
    assert len(set(cells)) == len(cells)
    rng = np.random.default_rng(5)
    shares = np.concatenate([np.sqrt(rng.random(400)), np.ones(100)])
    for direction in disc(*place, radius_m, shares, rng.random(500)):
        number = leaf(direction)
        assert any(first(cell) <= number <= last(cell) for cell in cells)
        assert related(cells, [number])


@pytest.mark.parametrize("radius_m", RADII_M)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_far_is_not_taken(place: tuple[float, float], radius_m: float) -> None:
    cells = covered(*place, radius_m)
    rng = np.random.default_rng(6)
    for direction in disc(*place, radius_m, 2.0 + rng.random(300), rng.random(300)):
        assert not related(cells, [leaf(direction)])


@given(
    st.integers(0, 5),
    st.lists(st.integers(0, 3), max_size=LEVELS),
    st.lists(st.integers(0, 3), max_size=LEVELS),
)
def test_numbers_say_what_is_within_what(face: int, outer: list[int], more: list[int]) -> None:
    def number(path: list[int]) -> int:
        found = face
        for step in path:
            found = (found << 2) | step
        return ((found << 1) | 1) << (2 * (LEVELS - len(path)))

    inner = (outer + more)[:LEVELS]
    one, other = number(outer), number(inner)
    assert first(one) <= first(other) <= other <= last(other) <= last(one)
    assert (one in ancestors(other)) == (one != other)
    assert len(ancestors(other)) == len(inner)
    assert related([one], [other])
    assert related([other], [one])
    assert 0 < other < 2**63
    if outer:
        beside = number([*outer[:-1], (outer[-1] + 1) % 4])
        assert not related([beside], [other])
