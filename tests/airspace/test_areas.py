"""The compiled areas against dense edges in a plane, anywhere on the Earth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.airspace.boundary import TOLERANCE_M, areas_of, pieces
from overflight.airspace.read import read_airspace
from overflight.airspace.readers.geojson import GEOJSON
from overflight.airspace.rings import RingError, make_ring
from overflight.airspace.volume import GEODESIC, STRAIGHT, Part, Ring, Volume
from tests.airspace.zones import GEOD, Oracle, star, volume

PLACES = {
    "europe": (48.0, 11.0),
    "antimeridian": (-17.0, 179.8),
    "north pole": (89.7, 40.0),
    "south pole": (-89.95, -100.0),
    "cube edge": (0.1, 45.0),
    "cube corner": (35.2, 45.0),
}


def around(
    rng: np.random.Generator, place: tuple[float, float], reach_m: float, count: int
) -> tuple[np.ndarray, np.ndarray]:
    far = reach_m * np.sqrt(rng.uniform(0, 1, count))
    lon, lat, _ = GEOD.fwd(np.full(count, place[1]), np.full(count, place[0]), rng.uniform(0, 360, count), far)
    return np.asarray(lat), np.asarray(lon)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(sorted(PLACES)), st.sampled_from([3e3, 40e3, 600e3]))
def test_inside_and_distance_anywhere(seed: int, where: str, size_m: float) -> None:
    rng = np.random.default_rng(seed)
    place = PLACES[where]
    area = volume("Z", star(rng, *place, size_m), GEODESIC, holes=(star(rng, *place, 0.2 * size_m, 5),))
    lat, lon = around(rng, place, 1.3 * size_m, 400)
    want, far = Oracle(area, *place).inside(lat, lon)
    areas = areas_of([area])
    found = np.zeros(len(lat), bool)
    found[areas.inside(lat, lon)[0]] = True
    clear = far > max(1.0, 1e-5 * size_m)  # the plane bends what is far from its middle
    np.testing.assert_array_equal(found[clear], want[clear])
    near = areas.nearest(lat, lon, np.zeros(len(lat), np.uint32))[0]
    np.testing.assert_allclose(near, far, rtol=0.003, atol=1.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([5e3, 80e3, 500e3]))
def test_straight_edges_are_straight_in_degrees(seed: int, size_m: float) -> None:
    import shapely

    rng = np.random.default_rng(seed)
    corners = star(rng, 52.0, 20.0, size_m)
    area = volume("Z", corners, STRAIGHT)
    lat, lon = around(rng, (52.0, 20.0), 1.2 * size_m, 400)
    plane = shapely.Polygon(np.stack([corners[1], corners[0]], axis=-1))
    want = shapely.contains_xy(plane, lon, lat)
    found = np.zeros(len(lat), bool)
    found[areas_of([area]).inside(lat, lon)[0]] = True
    clear = shapely.distance(plane.boundary, shapely.points(lon, lat)) * 60_000 > 2 * TOLERANCE_M
    np.testing.assert_array_equal(found[clear], want[clear])


def test_pieces_are_the_same_from_both_sides() -> None:
    for edge in (GEODESIC, STRAIGHT):
        there = make_ring([40.0, 48.3, 44.0], [10.0, 19.1, 8.0], edge)[0]
        back = make_ring([48.3, 40.0, 45.0], [19.1, 10.0, 25.0], edge)[0]
        lat, lon = pieces(there)
        end = int(np.flatnonzero((lat == 48.3) & (lon == 19.1))[0])
        other_lat, other_lon = pieces(back)
        assert lat[: end + 1].tolist() == other_lat[: end + 1][::-1].tolist()
        assert lon[: end + 1].tolist() == other_lon[: end + 1][::-1].tolist()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(sorted(PLACES)), st.sampled_from([2e3, 60e3, 900e3]))
def test_an_edge_is_cut_the_same_in_whatever_company(seed: int, where: str, size_m: float) -> None:
    """Alone, the other way round and from another vertex on, with edges of both kinds: the same points, to the last bit."""
    rng = np.random.default_rng(seed)
    ring = make_ring(*star(rng, *PLACES[where], size_m), rng.integers(0, 2, 8).tolist())[0]
    order = (rng.integers(8) - np.arange(8)) % 8
    other = Ring(ring.latitude[order], ring.longitude[order], ring.edge[order - 1])
    (lat, lon), (other_lat, other_lon) = pieces(ring), pieces(other)
    assert sorted(zip(lat[1:], lon[1:], strict=True)) == sorted(zip(other_lat[1:], other_lon[1:], strict=True))
    for k in range(8):
        a, b = np.flatnonzero((lat == ring.latitude[k]) & (lon == ring.longitude[k]))[0], len(lat)
        if k < 7:
            b = np.flatnonzero((lat == ring.latitude[k + 1]) & (lon == ring.longitude[k + 1]))[0] + 1
        assert_along(lat[a:b], lon[a:b], int(ring.edge[k]))


def assert_along(lat: np.ndarray, lon: np.ndarray, edge: int) -> None:
    """Points at equal distances on an edge, at most 5 km apart."""
    n, (a, b) = len(lat) - 1, ((lat[0], lon[0]), (lat[-1], lon[-1]))
    if edge == GEODESIC:
        want = np.array(GEOD.npts(a[1], a[0], b[1], b[0], n - 1)).reshape(-1, 2) if n > 1 else np.empty((0, 2))
    else:
        east = (b[1] - a[1] + 180.0) % 360.0 - 180.0
        share = np.arange(1, n) / n
        want = np.stack([a[1] + share * east, a[0] + share * (b[0] - a[0])], axis=-1)
    np.testing.assert_allclose(lat[1:-1], want[:, 1], atol=1e-9, rtol=0)
    np.testing.assert_allclose((lon[1:-1] - want[:, 0] + 180.0) % 360.0, 180.0, atol=1e-9, rtol=0)
    assert GEOD.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2].max() < 5050.0  # lengths along parallels are a sphere's


def test_no_volume_at_all() -> None:
    assert areas_of([]).inside(np.array([10.0]), np.array([10.0]))[0].tolist() == []


def test_neighbours_leave_no_gap_and_no_overlap() -> None:
    """Points scattered over two areas with one edge in common: each is in exactly one, those on the edge in both."""
    west = volume("W", ([40.0, 50.0, 50.0, 40.0], [5.0, 5.0, 10.0, 10.3]), GEODESIC)
    east = volume("E", ([50.0, 40.0, 40.0, 50.0], [10.0, 10.3, 15.0, 15.0]), GEODESIC)
    areas = areas_of([west, east])
    line = np.array(GEOD.npts(10.0, 50.0, 10.3, 40.0, 5000))
    rng = np.random.default_rng(1)
    lat = line[:, 1] + rng.normal(0, 1e-7, 5000)
    point, _ = areas.inside(lat, line[:, 0] + rng.normal(0, 1e-7, 5000))
    assert set(point.tolist()) == set(range(5000))
    corner, _ = areas.inside(np.array([50.0, 40.0]), np.array([10.0, 10.3]))
    assert corner.tolist() == [0, 0, 1, 1]


def test_a_cap_over_the_pole_and_one_larger_than_a_face() -> None:
    ring = make_ring([-60.0] * 12, list(range(-180, 180, 30)), STRAIGHT)[0]
    cap = Volume("A", "A", "fir", (Part(ring),))
    point, _ = areas_of([cap]).inside(np.array([-90.0, -61.0, -59.0, 0.0, 90.0]), np.array([0.0, 77.0, 77.0, 0.0, 0.0]))
    assert point.tolist() == [0, 1]


def test_parts_and_holes() -> None:
    square = ([0.0, 0.0, 3.0, 3.0], [0.0, 3.0, 3.0, 0.0])
    hole = ([1.0, 1.0, 2.0, 2.0], [1.0, 2.0, 2.0, 1.0])
    first = volume("A", square, STRAIGHT, holes=(hole,)).parts[0]
    second = volume("B", ([5.0, 5.0, 6.0, 6.0], [5.0, 6.0, 6.0, 5.0]), STRAIGHT).parts[0]
    both = Volume("C", "C", "fir", (first, second))
    lat, lon = np.array([0.5, 1.5, 5.5, 4.0]), np.array([0.5, 1.5, 5.5, 4.0])
    assert areas_of([both]).inside(lat, lon)[0].tolist() == [0, 2]


def test_what_is_mended_and_what_is_refused() -> None:
    ring, notes = make_ring([0, 0, 0, 1, 1, 0], [0, 1, 1, 1, 0, 0], STRAIGHT)
    assert len(ring) == 4
    assert notes == ["vertex 2 repeats the next, left out"]
    ring, notes = make_ring([0, 0, 5, 0, 1], [0, 1, 1, 1, 1], STRAIGHT)  # out and back
    assert len(ring) == 3
    assert notes == ["vertex 3 is a spike, left out", "vertex 2 repeats the next, left out"]
    for lat, lon, said in (
        ([0, 1], [0, 1], "only 2"),
        ([0, 1, 0, 1], [0, 1, 1, 0], "crosses itself"),
        ([0, 0, 91], [0, 1, 1], "vertex 3"),
        ([0, float("nan"), 1], [0, 1, 1], "vertex 2"),
    ):
        with pytest.raises(RingError, match=said):
            make_ring(lat, lon, STRAIGHT)


def test_a_ring_may_go_round_the_globe_or_across_its_seam() -> None:
    ring, notes = make_ring([-10, -10, 10, 10], [170, -170, -170, 170], STRAIGHT)
    assert notes == []
    inside = areas_of([Volume("S", "S", "fir", (Part(ring),))]).inside(np.array([0.0, 0.0]), np.array([180.0, 0.0]))
    assert inside[0].tolist() == [0]


def test_parts_that_overlap_become_volumes_of_their_own(tmp_path: Path) -> None:
    def square(west: float) -> list[list[list[float]]]:
        return [[[west, 0], [west + 2, 0], [west + 2, 2], [west, 2], [west, 0]]]

    def read(*wests: float) -> tuple[Volume, ...]:
        geometry = {"type": "MultiPolygon", "coordinates": [square(west) for west in wests]}
        feature = {"type": "Feature", "properties": {"id": "A"}, "geometry": geometry}
        path = tmp_path / "a.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        return read_airspace(path).volumes

    assert [volume.id for volume in read(0, 2, 7)] == ["A"]  # they touch
    both = read(0, 1)
    assert [volume.id for volume in both] == ["A", "A/2"]
    assert areas_of(both).inside(np.array([1.0]), np.array([1.5]))[1].tolist() == [0, 1]
    assert [volume.id for volume in read(179, -180)] == ["A", "A/2"]  # across the antimeridian


def test_straight_edges_to_a_pole_go_along_their_own_meridians() -> None:
    """A wedge from 80 N to the pole: both of its corners there count, each on its longitude."""
    wedge = volume("W", ([80.0, 80.0, 90.0, 90.0], [10.0, 60.0, 60.0, 10.0]), STRAIGHT)
    areas = areas_of([wedge])
    point, _ = areas.inside(np.array([85.0, 85.0, 89.99, 85.0, 85.0]), np.array([11.0, 58.0, 59.0, 9.0, 61.0]))
    assert sorted(point.tolist()) == [0, 1, 2]


@pytest.mark.parametrize(
    ("hole", "message"),
    [
        ([[3, 3], [3, 4], [4, 4], [4, 3]], "hole 1 leaves the outline"),
        ([[0.5, 0.5], [0.5, 1.5], [1.5, 1.5], [1.5, 0.5]], "hole 1 leaves the outline"),
        ([[-1, -1], [-1, 2], [2, 2], [2, -1]], "hole 1 leaves the outline"),
    ],
)
def test_holes_that_are_none_are_refused(hole: list[list[float]], message: str) -> None:
    outer = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    feature = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Polygon", "coordinates": [outer, [*hole, hole[0]]]},
    }
    found = GEOJSON.read(json.dumps(feature).encode(), "z.geojson")
    assert found.volumes == ()
    assert message in found.refused[0].reason


@pytest.mark.parametrize(("floor", "ceiling"), [("FL300", "FL100"), ("UNL", "UNL"), ("SFC", "SFC")])
def test_nothing_between_floor_and_ceiling_is_refused(floor: str, ceiling: str) -> None:
    ring = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    told = {"floor": floor, "ceiling": ceiling}
    feature = {"type": "Feature", "properties": told, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    assert GEOJSON.read(json.dumps(feature).encode(), "z.geojson").volumes == ()
