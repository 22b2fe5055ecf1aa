"""Where a radar's target is: against three-dimensional geometry by pyproj."""

from __future__ import annotations

import math

import pyproj
import pytest

from overflight.errors import ParameterError
from overflight.surveillance.radars import Radar, ground_range_between_m, ground_range_m, parse_radar, place_at

TO_ECEF = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978")
GEOD = pyproj.Geod(ellps="WGS84")


def seen(radar, latitude, longitude, height_m):
    """Slant range in m and azimuth in deg at which a radar sees a place: the vector between them, turned to east, north, up."""
    here, there = TO_ECEF.transform(*radar), TO_ECEF.transform(latitude, longitude, height_m)
    x, y, z = (there[axis] - here[axis] for axis in range(3))
    lat, lon = math.radians(radar.latitude), math.radians(radar.longitude)
    east = -math.sin(lon) * x + math.cos(lon) * y
    north = -math.sin(lat) * math.cos(lon) * x - math.sin(lat) * math.sin(lon) * y + math.cos(lat) * z
    return math.hypot(x, y, z), math.degrees(math.atan2(east, north)) % 360


@pytest.mark.parametrize(
    "radar", [Radar(50.90, 4.48, 60.0), Radar(-33.9, 151.2, 10.0), Radar(64.1, -21.9, 900.0), Radar(0, 179.9, 0)]
)
@pytest.mark.parametrize("height_m", [0.0, 3_000.0, 12_000.0])
@pytest.mark.parametrize("way_km", [1, 20, 100, 300, 470])
@pytest.mark.parametrize("direction", [0, 45, 90, 200, 310])
def test_a_target_is_placed_where_it_was(radar, height_m, way_km, direction):
    longitude, latitude, _ = GEOD.fwd(radar.longitude, radar.latitude, direction, way_km * 1000)
    slant_m, azimuth = seen(radar, latitude, longitude, height_m)
    found = place_at(radar, azimuth, ground_range_m(radar, slant_m, azimuth, height_m))
    wrong_m = GEOD.inv(longitude, latitude, found[1], found[0])[2]
    assert wrong_m < 1.0 + way_km * 0.05, wrong_m  # 1/256 NM, what a report can say, is 7 m


def test_overhead_and_heights_that_are_not_known():
    radar = Radar(50.9, 4.48, 60.0)
    assert ground_range_m(radar, 9_000.0, 0.0, 12_000.0) == 0.0
    middle, half = ground_range_between_m(radar, 30_000.0, 10.0)
    for height_m in (60.0, 5_000.0, 15_240.0):
        assert abs(ground_range_m(radar, 30_000.0, 10.0, height_m) - middle) <= half + 1e-6


def test_a_place_as_it_is_written():
    assert parse_radar("25/10=50.90,4.48,60 m") == ("25/10", (50.90, 4.48, 60.0))
    assert parse_radar(" 025/010 = -50.90, 4.48, 200 ft")[1] == (-50.90, 4.48, pytest.approx(60.96))
    assert parse_radar("025/010=0,0,0 m")[0] == "25/10"


@pytest.mark.parametrize(
    "text",
    [
        *("", "25/10", "25/10=50,4", "25/10=50,4,60", "25/10=x,4,60 m", "25=50,4,60 m", "25/256=50,4,60 m"),
        *("1/-1=50,4,60 m", "1/1=91,4,60 m", "1/1=nan,4,60 m", "1/1=1,181,60 m", "1/1=1,4,60 km", "²/1=1,4,6 m"),
    ],
)
def test_places_that_are_none(text):
    with pytest.raises(ParameterError, match="radar"):
        parse_radar(text)
