"""Whether areas meet, against distances along the ellipsoid that are searched for, and against points."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import pytest

from overflight.airspace.operational import Circle, Polygon
from overflight.airspace.rings import GEOD
from overflight.coordination.areas import Area
from overflight.coordination.dss.cells import related
from overflight.errors import ParameterError

PLACES = [(0.02, 0.0), (47.5, 8.6), (89.98, 30.0), (-89.5, 12.0), (10.0, 179.99), (35.26, 45.0), (-45.0, -135.0)]


def polygon(latitude: float, longitude: float, radius_m: float, corners: int = 5, turn_deg: float = 17.0) -> Polygon:
    """Corners around a place."""
    here = np.ones(corners)
    turns = turn_deg + np.arange(corners) * 360.0 / corners
    lon, lat, _ = GEOD.fwd(here * longitude, here * latitude, turns, here * radius_m)
    return Polygon(tuple(lat), tuple(lon))


def least(far: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    """Search for the least value of a function that falls and rises (golden section); returns where, and the value."""
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    for _ in range(80):
        one, two = high - ratio * (high - low), low + ratio * (high - low)
        if far(one) < far(two):
            high = two
        else:
            low = one
    return (low + high) / 2.0, far((low + high) / 2.0)


def nearest(latitude: float, longitude: float, shape: Polygon) -> tuple[float, float, float]:
    """The point of an outline that is nearest to a place: its latitude and longitude, and how far that is, m."""
    found = (0.0, 0.0, math.inf)
    count = len(shape.latitude)
    for k in range(count):
        a, b = (
            (shape.longitude[k], shape.latitude[k]),
            (shape.longitude[(k + 1) % count], shape.latitude[(k + 1) % count]),
        )
        azimuth, _, length = GEOD.inv(*a, *b)

        def at(flown: float, a: tuple[float, float] = a, azimuth: float = azimuth) -> tuple[float, float]:
            lon, lat, _ = GEOD.fwd(*a, azimuth, flown)
            return lat, lon

        def far(flown: float, at: Callable[[float], tuple[float, float]] = at) -> float:
            lat, lon = at(flown)
            return GEOD.inv(longitude, latitude, lon, lat)[2]

        flown, metres = least(far, 0.0, length)
        if metres < found[2]:
            found = (*at(flown), metres)
    return found


@pytest.mark.parametrize("size_m", [120.0, 9_000.0, 400_000.0])
@pytest.mark.parametrize("place", PLACES)
def test_a_circle_meets_a_polygon_to_the_centimetre(place: tuple[float, float], size_m: float) -> None:
    shape = polygon(*place, size_m)
    for course, times in ((40.0, 1.6), (200.0, 2.5)):
        lon, lat, _ = GEOD.fwd(place[1], place[0], course, size_m * times)
        _, _, apart_m = nearest(lat, lon, shape)
        assert not Area(Circle(lat, lon, apart_m - 0.03)).meets(Area(shape))
        assert Area(Circle(lat, lon, apart_m + 0.02)).meets(Area(shape))
        assert Area(shape).meets(Area(Circle(lat, lon, apart_m + 0.02)))
    assert Area(Circle(*place, 1.0)).meets(Area(shape))  # all within
    assert Area(Circle(*place, 3.0 * size_m)).meets(Area(shape))  # all around


@pytest.mark.parametrize("size_m", [120.0, 9_000.0, 400_000.0])
@pytest.mark.parametrize("place", PLACES)
def test_polygons_meet_to_the_centimetre(place: tuple[float, float], size_m: float) -> None:
    shape = polygon(*place, size_m, 4)
    lon, lat, _ = GEOD.fwd(place[1], place[0], 62.0, size_m * 1.8)
    at_latitude, at_longitude, _ = nearest(lat, lon, shape)
    to_azimuth, _, _ = GEOD.inv(at_longitude, at_latitude, lon, lat)
    for gap_m, meets in ((0.05, False), (-0.05, True)):
        # A triangle whose point stands so far from the side that it looks at.
        tip_lon, tip_lat, _ = GEOD.fwd(at_longitude, at_latitude, to_azimuth, gap_m)
        ends = [GEOD.fwd(at_longitude, at_latitude, to_azimuth + turn, size_m * 0.6)[:2] for turn in (-20.0, 20.0)]
        pointed = Polygon((tip_lat, ends[0][1], ends[1][1]), (tip_lon, ends[0][0], ends[1][0]))
        assert Area(shape).meets(Area(pointed)) is meets
        assert Area(pointed).meets(Area(shape)) is meets
    assert Area(shape).meets(Area(polygon(*place, size_m / 10)))
    assert not Area(shape).meets(Area(polygon(-place[0], place[1] + 175.0, size_m)))


def test_circles_meet_where_their_radii_do() -> None:
    for (one, two), share in product(pairwise(PLACES), (0.1, 0.5)):
        _, _, apart_m = GEOD.inv(one[1], one[0], two[1], two[0])
        radius_m = min(share * apart_m, 4e6)
        other_m = apart_m - radius_m
        if other_m < 5e6:
            assert Area(Circle(*one, radius_m)).meets(Area(Circle(*two, other_m + 0.01)))
            assert not Area(Circle(*one, radius_m)).meets(Area(Circle(*two, other_m - 0.03)))


def test_what_meets_shares_cells() -> None:
    rng = np.random.default_rng(8)
    met = apart = 0
    for _ in range(300):
        place = PLACES[int(rng.integers(len(PLACES)))]
        areas: list[Area] = []
        for _ in range(2):
            size_m = float(10.0 ** rng.uniform(2, 5))
            lon, lat, _ = GEOD.fwd(place[1], place[0], float(rng.uniform(0, 360)), float(rng.uniform(0, 80_000)))
            round_ = rng.random() < 0.5
            areas.append(
                Area(Circle(lat, lon, size_m) if round_ else polygon(lat, lon, size_m, int(rng.integers(3, 9))))
            )
        one, two = areas
        assert one.meets(two) == two.meets(one)
        if one.meets(two):
            met += 1
            assert related(one.cells(), two.cells())
        else:
            apart += 1
    assert met > 50
    assert apart > 50


@pytest.mark.parametrize(
    "shape",
    [
        Polygon((0.0, 1.0, 0.0, 1.0), (0.0, 1.0, 1.0, 0.0)),
        Polygon((85.0, 85.0, -85.0), (0.0, 120.0, 240.0)),
    ],
)
def test_what_encloses_nothing_is_refused(shape: Polygon) -> None:
    with pytest.raises(ParameterError):
        Area(shape)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("radius_m", [500.0, 40_000.0])
def test_what_covers_covers_to_centimetres(place: tuple[float, float], radius_m: float) -> None:
    around = Area(Circle(*place, radius_m))
    assert around.covers(around)
    lon, lat, _ = GEOD.fwd(place[1], place[0], 70.0, radius_m / 4.0)
    for gap_m in (-0.05, 0.05):
        within = Area(Circle(float(lat), float(lon), radius_m * 0.75 + gap_m))
        assert around.covers(within) is (gap_m < 0.0)
        assert not within.covers(around)
    shape = polygon(*place, radius_m)
    for gap_m in (-0.05, 0.05):
        assert Area(Circle(*place, radius_m - gap_m)).covers(Area(shape)) is (gap_m < 0.0)
    _, _, inner_m = nearest(*place, shape)
    for gap_m in (-0.05, 0.05):
        assert Area(shape).covers(Area(Circle(*place, inner_m + gap_m))) is (gap_m < 0.0)
    small = polygon(*place, radius_m * 0.5)
    assert Area(shape).covers(Area(small))
    assert not Area(small).covers(Area(shape))
    turned = polygon(*place, radius_m, turn_deg=53.0)
    assert not Area(shape).covers(Area(turned))


def test_what_is_elsewhere_is_not_covered() -> None:
    one, other = Area(polygon(10.0, 10.0, 5_000.0)), Area(polygon(-60.0, -170.0, 5_000.0))
    small = Area(Circle(-60.0, -170.0, 100.0))
    assert not one.covers(other)
    assert not one.covers(small)
    assert not small.covers(one)
