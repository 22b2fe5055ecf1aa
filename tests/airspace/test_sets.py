"""The airspace that ships with the package: FIRs and countries, by name."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import shapely
from pyproj import Geod

from overflight.airspace.read import read_airspace
from overflight.airspace.sets import COUNTRY_ACCURACY_M, FIR_ACCURACY_M, fir_codes, resolve
from overflight.airspace.volume import STRAIGHT, SURFACE, UNLIMITED, Ring, Volume
from overflight.earth.iso3166 import NUMERIC
from overflight.earth.naturalearth import NaturalEarth
from overflight.earth.territory import territory
from overflight.errors import InputError

GEOD = Geod(ellps="WGS84")


@cache
def volumes(name: str) -> tuple[Volume, ...]:
    found = resolve(name)
    assert found is not None
    assert not found.refused
    return found.volumes


def points(ring: Ring) -> set[tuple[float, float]]:
    return set(zip(ring.latitude.tolist(), ring.longitude.tolist(), strict=True))


def outline(ring: Ring) -> list[tuple[float, float]]:
    """Longitude and latitude, in one piece across the antimeridian."""
    steps = (np.diff(ring.longitude) + 180.0) % 360.0 - 180.0
    longitude = ring.longitude[0] + np.concatenate([[0.0], np.cumsum(steps)])
    return list(zip(longitude.tolist(), ring.latitude.tolist(), strict=True))


@cache
def shape(name: str) -> shapely.MultiPolygon:
    parts = [part for volume in volumes(name) for part in volume.parts]
    return shapely.MultiPolygon(
        [shapely.Polygon(outline(part.outer), [outline(hole) for hole in part.holes]) for part in parts]
    )


@pytest.mark.parametrize(
    ("name", "longitude", "latitude"),
    [
        *(("fir:LTAA", 32.85, 39.93), ("country:TR", 32.85, 39.93)),  # Ankara
        *(("fir:OSTT", 36.29, 33.51), ("country:SY", 36.29, 33.51)),  # Damascus
        *(("fir:OIIX", 51.39, 35.69), ("country:IR", 51.39, 35.69)),  # Tehran
        *(("country:US", -157.86, 21.31), ("country:FR", 2.35, 48.86), ("country:NO", 10.75, 59.91)),
        *(("country:FJ", 178.44, -18.14), ("country:IN", 77.21, 28.61), ("country:LS", 28.2, -29.6)),
    ],
)
def test_a_capital_lies_within(name: str, longitude: float, latitude: float):
    assert shape(name).contains(shapely.Point(longitude, latitude))
    assert not shape("country:GR").contains(shapely.Point(longitude, latitude))
    assert not shape("fir:LGGG").contains(shapely.Point(longitude, latitude))


def test_what_a_volume_says_of_itself():
    fir, country = volumes("fir:LTAA")[0], volumes("country:TR")[0]
    assert (fir.id, fir.kind, fir.floor, fir.ceiling) == ("LTAA", "fir", SURFACE, UNLIMITED)
    assert (country.id, country.name, country.kind, country.owner) == ("TR", "Turkey", "national", "TR")
    assert (fir.accuracy_m, country.accuracy_m) == (FIR_ACCURACY_M, COUNTRY_ACCURACY_M)
    assert (fir.source, country.source) == ("fir:LTAA", "country:TR")
    for volume in (fir, country):
        assert "approximate, not authoritative" in volume.notes[0]
        assert all((part.outer.edge == STRAIGHT).all() for part in volume.parts)
    assert "land only, without territorial sea" in country.notes[0]


def test_several_at_once_and_with_files():
    found = read_airspace("fir:LTAA,OSTT, oiix", "country:TR,SY,IR,TR", "FIR:LTAA")
    assert [volume.id for volume in found.volumes] == ["LTAA", "OSTT", "OIIX", "TR", "SY", "IR", "LTAA#2"]
    assert len(set(found.digests)) == 2  # of the files that ship: what an event was found with
    assert resolve("somewhere.geojson") is None
    assert resolve("c:country.txt") is None


def test_a_code_with_an_oceanic_part_has_both():
    land, ocean = volumes("fir:KZNY")
    assert (land.id, land.name, ocean.id, ocean.name) == ("KZNY", "KZNY", "KZNY#2", "KZNY oceanic")
    assert ocean.parts[0].outer.longitude.mean() > land.parts[0].outer.longitude.mean()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fir:LTAX", "fir:LTAX: is no FIR of the bundled set; did you mean LTXX, LTAA"),
        ("fir:QQQQ", "write it like fir:LTAA"),
        ("fir:", "a code is missing; write it like fir:LTAA,OSTT"),
        ("country:TR,,SY", "a code is missing; write it like country:TR,SY"),
        ("country:TUR", "country:TUR: is no ISO 3166-1 alpha-2 code; did you mean TR (Turkey)"),
        ("country:Turkey", "did you mean TR (Turkey)"),
        ("country:GP", "country:GP: has no land of its own in Natural Earth"),
        ("country:VA", "country:VA: is smaller than the grid of the map"),
    ],
)
def test_what_is_not_there(name: str, message: str):
    with pytest.raises(InputError) as caught:
        read_airspace(name)
    assert message in str(caught.value)


def test_every_fir_builds_or_is_refused_with_its_reason():
    built, refused = 0, {}
    for code in fir_codes():
        found = resolve(f"fir:{code}")
        assert found is not None
        refused |= {each.name: each.reason for each in found.refused}
        built += len(found.volumes)
        assert all(volume.kind == "fir" and volume.id.partition("#")[0] == code for volume in found.volumes)
    assert built == 1087
    assert set(refused) == {
        *("DAAA-SW", "EDWW-FLG", "ENBD", "ENBD-C", "ENBD-S", "GMAC", "GMMM", "GMMM-NE", "RJTG-T35", "SBCW-CS"),
        *("SBCW-CSE", "SBCW-S", "SBCW-SE", "UWWW-E", "UWWW-N"),
    }
    assert all("the ring crosses itself near vertex" in reason for reason in refused.values())


def test_one_useless_boundary_does_not_take_the_others_with_it():
    found = read_airspace("fir:LTAA,ENBD,OSTT")
    assert [volume.id for volume in found.volumes] == ["LTAA", "OSTT"]
    assert [(each.name, each.source) for each in found.refused] == [("ENBD", "fir:ENBD")]


def test_every_country_builds_or_is_refused_with_its_reason():
    built, refused = 0, {}
    for code in NUMERIC:
        try:
            (volume,) = volumes(f"country:{code}")
        except InputError as error:
            refused[code] = error.reason
            continue
        built += 1
        assert volume.owner == code
        assert volume.name
    assert built == 237
    assert refused.pop("VA") == "is smaller than the grid of the map"
    assert set(refused) == {"BQ", "BV", "CC", "CX", "GF", "GP", "MQ", "RE", "SJ", "TK", "YT"}
    assert all("has no land of its own" in reason for reason in refused.values())


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [("TR", "SY", 150), ("IR", "IQ", 400), ("DE", "LU", 30), ("SA", "YE", 150), ("RU", "KZ", 900), ("ZA", "LS", 200)],
)
def test_neighbours_share_their_border_to_the_last_bit(one: str, other: str, shared: int):
    """Vertices of one that lie on the other's boundary are vertices of the other, too; the land does not overlap."""
    both = [
        set().union(
            *(points(ring) for part in volumes(f"country:{code}")[0].parts for ring in (part.outer, *part.holes))
        )
        for code in (one, other)
    ]
    common = both[0] & both[1]
    assert len(common) > shared
    near = shapely.points([(lon, lat) for lat, lon in both[0] - common])
    assert shapely.distance(shape(f"country:{other}").boundary, near).min() > 0.0
    overlap = shape(f"country:{one}").intersection(shape(f"country:{other}")).area
    assert overlap < 20 * 0.0036 * 0.0017  # cells of the grid, where mending moved both


def test_enclaves_are_holes():
    (south_africa,) = (part for part in volumes("country:ZA")[0].parts if part.holes)
    (lesotho,) = volumes("country:LS")[0].parts
    assert points(south_africa.holes[0]) == points(lesotho.outer)
    italy = [hole for part in volumes("country:IT")[0].parts for hole in part.holes]
    (san_marino,) = volumes("country:SM")[0].parts
    assert [points(hole) for hole in italy] == [points(san_marino.outer)]  # the Vatican is smaller than the grid


def test_areas_are_right():
    """Area in km2 with lakes (CIA World Factbook), within 4 %: nothing is doubled, lost, or inside out."""
    told = {"TR": 783_562, "SY": 185_180, "IR": 1_648_195, "RU": 17_098_242, "FJ": 18_274, "ZA": 1_219_090}
    for code, area_km2 in told.items():
        found = sum(abs(GEOD.geometry_area_perimeter(polygon)[0]) / 1e6 for polygon in shape(f"country:{code}").geoms)
        assert found == pytest.approx(area_km2, rel=0.04), code


def test_no_seam_at_the_antimeridian():
    """Russia and Fiji are whole where the map cuts them: no edge runs along 180 degrees, but for a cell of the grid."""
    for code in ("RU", "FJ"):
        for part in volumes(f"country:{code}")[0].parts:
            on = np.abs(part.outer.longitude) == 180.0
            along = np.abs(part.outer.latitude - np.roll(part.outer.latitude, -1))[on & np.roll(on, -1)]
            assert (along < 0.002).all()
    main = max(shape("country:RU").geoms, key=lambda polygon: polygon.area)
    west, _, east, _ = main.bounds
    assert east - west > 160.0  # from the Kola peninsula to the Bering Strait


def test_antarctica_goes_round_the_pole():
    main = max(volumes("country:AQ")[0].parts, key=lambda part: len(part.outer)).outer
    steps = (np.diff(main.longitude, append=main.longitude[0]) + 180.0) % 360.0 - 180.0
    assert abs(steps.sum()) == pytest.approx(360.0)
    assert main.latitude.max() < -60.0


def test_mending_loses_no_vertex():
    """A ring that the grid made cross itself keeps all its points, but for the few that enclose nothing."""
    earth = NaturalEarth()
    for code in ("SA", "DE", "US", "RU"):
        drawn = np.concatenate(
            [earth.to_degrees(ring) for polygon in earth.polygons(NUMERIC[code]) for ring in polygon]
        )
        kept = {
            tuple(point) for polygon in territory(code, earth).polygons for ring in polygon for point in ring.tolist()
        }
        lost = {tuple(point) for point in drawn.tolist() if abs(point[0]) != 180.0} - kept
        assert len(lost) <= 5, code


def test_the_stated_accuracy_of_firs_holds_where_they_follow_borders():
    """`FIR_ACCURACY_M` is what 95 % of the boundary keep, as far as Natural Earth can tell."""
    off: list[float] = []
    for one, other, fir in (("TR", "SY", "LTAA"), ("IR", "IQ", "OIIX"), ("TR", "IR", "OIIX"), ("RO", "HU", "LHCC")):
        border = shape(f"country:{one}").boundary.intersection(shape(f"country:{other}").boundary)
        places = shapely.points(shapely.get_coordinates(border.segmentize(0.05)))
        lines = shapely.get_coordinates(shapely.shortest_line(places, shape(f"fir:{fir}").boundary)).reshape(-1, 4)
        off += list(GEOD.inv(*lines.T)[2])
    assert float(np.percentile(off, 95)) == pytest.approx(FIR_ACCURACY_M, abs=800.0)
