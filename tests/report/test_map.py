"""The overview map and the bundled Natural Earth data."""

from __future__ import annotations

import re

import numpy as np
import pytest
from pyproj import Geod

from overflight.earth.naturalearth import Area, NaturalEarth, clip
from overflight.report import canvas, overview


def area_of(rings: list[np.ndarray]) -> float:
    """Area of rings in square degrees; holes count against their shells."""
    return abs(
        sum(
            float(np.sum(ring[:, 0] * np.roll(ring[:, 1], -1) - np.roll(ring[:, 0], -1) * ring[:, 1])) / 2.0
            for ring in rings
        )
    )


def test_california_has_a_coast_and_no_border():
    found = NaturalEarth().lines(Area(-122.5, 36.0, -121.0, 37.2))
    assert found
    assert not any(line.border for line in found)
    points = np.concatenate([line.points for line in found])
    monterey = np.hypot(points[:, 0] + 121.90, points[:, 1] - 36.60)  # the city lies on its bay
    assert monterey.min() < 0.05


def test_the_turkish_syrian_border_is_one():
    assert any(line.border for line in NaturalEarth().lines(Area(36.0, 35.9, 37.0, 37.0)))


@pytest.mark.parametrize("west", [178.0, -182.0])
def test_fiji_has_no_seam_at_the_antimeridian(west: float):
    earth, area = NaturalEarth(), Area(west, -19.0, west + 4.0, -16.0)
    for line in earth.lines(area):
        straight_along = (line.points[1:, 0] % 360.0 == 180.0) & (line.points[:-1, 0] % 360.0 == 180.0)
        assert not straight_along.any()
    land = earth.land(area)
    assert 0.5 < area_of(land) < 2.0  # Viti Levu, Vanua Levu, Taveuni
    assert all((ring[:, 0] >= west).all() and (ring[:, 0] <= west + 4.0).all() for ring in land)


def test_land_fills_an_area_within_a_country_and_none_of_the_ocean():
    earth = NaturalEarth()
    assert area_of(earth.land(Area(-101.0, 39.0, -99.0, 40.0))) == pytest.approx(2.0, abs=1e-9)
    assert earth.land(Area(-140.0, 20.0, -138.0, 22.0)) == []
    assert area_of(earth.land(Area(0.0, -89.0, 10.0, -88.0))) == pytest.approx(10.0, abs=1e-9)  # Antarctica


def test_clip_keeps_the_part_inside():
    square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    cut = clip(square, Area(1.0, 1.0, 10.0, 3.0))
    assert area_of([cut]) == pytest.approx(6.0)
    assert len(clip(square, Area(5.0, 5.0, 6.0, 6.0))) == 0


@pytest.mark.parametrize("place", [(-121.5, 36.8), (179.9, -17.0), (30.0, 89.5), (-60.0, -89.9)])
def test_the_projection_keeps_distance_and_direction_from_its_centre(place: tuple[float, float]):
    projection = overview.Projection(*place)
    sphere = Geod(a=6371008.8, b=6371008.8)
    for bearing in (0.0, 77.0, 200.0):
        longitude, latitude, _ = sphere.fwd(*place, bearing, 300_000.0)
        east, north = projection(np.array([longitude]), np.array([latitude]))[0]
        assert np.hypot(east, north) * 1852.0 == pytest.approx(300_000.0, abs=1.0)
        assert (np.degrees(np.arctan2(east, north)) - bearing + 180.0) % 360.0 == pytest.approx(180.0, abs=1e-3)


@pytest.mark.parametrize(
    "places",
    [
        [(-121.5, 36.8)],
        [(179.5, -17.0), (-179.5, -17.4)],
        [(10.0, 89.0), (-170.0, 88.5)],
        [(0.0, -90.0)],
        [(36.2, 36.0), (51.4, 35.7)],
        [(0.0, 50.0), (-120.0, 40.0), (150.0, -30.0)],
    ],
)
def test_every_map_draws_and_stays_small(places: list[tuple[float, float]]):
    longitude, latitude = (np.array(values) for values in zip(*places, strict=True))
    with canvas.style():
        drawn = overview.draw(longitude, latitude, [0] * len(places), list(range(1, len(places) + 1)))
    assert "nan" not in drawn.lower()
    assert len(drawn) < 1_200_000
    numbers = [int(number) for number in re.findall(r">(\d+)</text>", drawn)]
    assert numbers == list(range(1, len(places) + 1))
