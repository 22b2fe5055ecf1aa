"""Lines not to be crossed: sides, depths and crossings against an independent brute force."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import overflight
from overflight.airspace.boundary import stretches
from overflight.airspace.read import read_airspace
from overflight.airspace.readers.geojson import GEOJSON
from overflight.airspace.rings import make_ring
from overflight.airspace.volume import Airspace
from overflight.airspace.write import geojson
from overflight.nets.lines import line_days
from tests.airspace.test_areas import PLACES
from tests.airspace.zones import GEOD
from tests.flights import MIDNIGHT, flight
from tests.nets.test_incursion import Path as Flown
from tests.nets.test_incursion import at_s, wandering

Point = tuple[float, float]


def line(points: list[Point], **properties: Any) -> Airspace:
    """A line of (latitude, longitude)."""
    told = {"id": "L", "edges": "geodesic", "party_left": "left", "party_right": "right"} | properties
    feature = {
        "type": "Feature",
        "properties": {name: value for name, value in told.items() if value is not None},
        "geometry": {"type": "LineString", "coordinates": [[lon, lat] for lat, lon in points]},
    }
    return GEOJSON.read(json.dumps(feature).encode(), "line.geojson")


def checked(table: pl.DataFrame, sides: Airspace) -> overflight.api.Events:
    return overflight.check(table, airspace=sides, nets=("line",), ungated=True)


MERIDIAN = line([(29.0, -135.0), (31.0, -135.0)])  # northward: left is west
EASTWARD = {"latitude": 30.0, "longitude": -135.0, "speed_kt": 240.0, "reports": 41}  # 200 s, in the middle on the line


class Plane:
    """The azimuthal equidistant plane around a place, by pyproj."""

    def __init__(self, place: Point) -> None:
        self.place = place

    def __call__(self, latitude: Any, longitude: Any) -> np.ndarray:
        n = len(latitude)
        azimuth, _, far = GEOD.inv(np.full(n, self.place[1]), np.full(n, self.place[0]), longitude, latitude)
        return np.stack([far * np.sin(np.radians(azimuth)), far * np.cos(np.radians(azimuth))], axis=-1)


def dense(points: list[Point]) -> np.ndarray:
    found = [points[0]]
    for a, b in pairwise(points):
        count = int(GEOD.inv(a[1], a[0], b[1], b[0])[2] / 300.0)
        found += [(y, x) for x, y in GEOD.npts(a[1], a[0], b[1], b[0], count)] if count else []
        found.append(b)
    return np.array(found)


PLANE_OFF = 2e-5
"""What the plane that distances are compared on makes of them a hundred kilometres from its middle: 2 m."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.sampled_from(sorted(PLACES)))
@example(4222, "antimeridian")  # 101 km from the line
def test_sides_depths_and_crossings(seed: int, where: str) -> None:
    rng = np.random.default_rng(seed)
    place = PLACES[where]
    # A bent line through the place, far longer than any flight: beyond its ends nothing is divided.
    course = rng.uniform(0, 360)
    bends = [
        (float(lat), float(lon))
        for lon, lat, _ in (
            GEOD.fwd(place[1], place[0], course + (180 if far < 0 else 0) + rng.uniform(-8, 8), abs(far))
            for far in (-150e3, -20e3, 15e3, 150e3)
        )
    ]
    sides = line(bends, reach="140 km")
    assert not sides.refused
    track = wandering(rng, place, "T").with_columns(pl.lit("right").alias("party"))
    plane = Plane(place)
    path = shapely.LineString(plane(*dense(bends).T))
    flown = Flown(track)

    def side(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Whether to the left of the line (by the way round from it to the point), and how far."""
        points = plane(*flown.at(times)[:2])
        along = shapely.line_locate_point(path, shapely.points(points))
        before, after = (
            shapely.get_coordinates(shapely.line_interpolate_point(path, along + s)) for s in (-50.0, 50.0)
        )
        (ax, ay), (bx, by) = (after - before).T, (points - before).T
        return ax * by - ay * bx > 0.0, shapely.distance(path, shapely.points(points))

    rows = checked(track, sides).to_polars().sort("start").to_dicts()
    assert {row["volume"] for row in rows} <= {"L left"}
    for run in flown.runs:
        for t in np.arange(flown.t[run[0]], flown.t[run[-1]], 1.0) if len(run) > 1 else ():
            left, far = side(np.array([t]))
            held = [row for row in rows if at_s(row["start"]) <= t <= at_s(row["end"])]
            if far[0] > 150.0:  # at a bend the way round is told by 50 m of the line
                assert bool(held) == left[0], (t, far)
            if held:
                assert held[0]["depth_m"] >= far[0] * (1.0 - PLANE_OFF) - 1.0
    for row in rows:
        told = json.loads(row["parameters"])
        assert side(np.array([at_s(row["time"])]))[1][0] == pytest.approx(
            row["depth_m"], rel=0.0, abs=1.0 + PLANE_OFF * row["depth_m"]
        )
        for moment in ("entry", "exit"):
            point = told[moment]
            off = shapely.distance(path, shapely.points(plane([point["latitude"]], [point["longitude"]])))[0]
            assert (off < 1.0) == (point["how"] == "boundary")


def test_each_party_is_barred_from_the_other_side_alone() -> None:
    flights = [
        flight(name, **EASTWARD, **({} if party is None else {"party": party}))
        for name, party in (("A", "left"), ("B", "right"), ("C", "third"), ("D", None))
    ]
    table = pl.concat([f if "party" in f.columns else f.with_columns(party=pl.lit(None, pl.String)) for f in flights])
    events = checked(table, MERIDIAN)
    found = events.to_polars().sort("track_a").select("track_a", "volume", "kind", "rule", "party_a", "party_b").rows()
    assert found == [
        ("A", "L right", "incursion", "line_side", "left", "right"),
        ("B", "L left", "incursion", "line_side", "right", "left"),
    ]
    assert events.summary.dismissed == {"own airspace": 2, "not bound by the line": 2, "party unknown": 2}
    assert events.summary.lines[-1] == "2 stays on sides of lines by flights of no known party: NOT decided"


def test_one_side_alone_is_barred_to_everybody_else() -> None:
    sides = line([(29.0, -135.0), (31.0, -135.0)], party_right=None)
    (only,) = sides.volumes
    assert (only.id, only.owner, only.barred) == ("L left", "left", None)
    table = pl.concat(
        [
            flight("A", **EASTWARD, party="left"),
            flight("B", **EASTWARD).with_columns(party=pl.lit(None, pl.String)),
        ]
    )
    assert checked(table, sides).to_polars()["track_a"].to_list() == ["B"]


def test_depth_is_measured_from_the_line_and_not_from_where_its_side_ends() -> None:
    """A stay that goes on to the far end of a side, and beyond it."""
    sides = line([(29.0, -135.0), (31.0, -135.0)], reach="5 km")
    events = checked(flight("A", **EASTWARD, party="left"), sides)
    row = events.to_polars().to_dicts()[0]
    told = json.loads(row["parameters"])
    assert (told["entry"]["how"], told["exit"]["how"]) == ("boundary", "end of the line's side")
    assert row["depth_m"] == pytest.approx(5000.0, abs=5.0)
    assert events.summary.lines == [
        "2015-10-07 L right: left: 1 crossing, 1 stay (1 confirmed), 0.7 min on the wrong side, up to 5.0 km deep",
        "no track is of party right: NOT tested, whether it kept to its side",
    ]


def test_crossings_are_counted_by_the_day() -> None:
    """There and back over midnight: the crossing there is of one day, that back of the next; the stay is of the first."""
    out = flight("A", **EASTWARD, party="left", start_s=86_400.0 - 150.0)
    back = flight("A", **EASTWARD, course=270.0, party="left", start_s=86_400.0 + 60.0)
    events = checked(pl.concat([out, back]), MERIDIAN)
    days = line_days(events.to_polars())
    assert [(str(day.day), day.crossings, day.stays, day.confirmed) for day in days] == [
        ("2015-10-07", 1, 1, 1),
        ("2015-10-08", 1, 0, 0),
    ]
    row = events.to_polars().to_dicts()[0]
    assert days[0].wrong_side_s == row["duration_s"] == pytest.approx(210.0, abs=0.1)
    assert row["end"] - MIDNIGHT > timedelta(days=1) > row["start"] - MIDNIGHT


@pytest.mark.parametrize(
    ("points", "properties", "message"),
    [
        ([(30.0, -135.0)], {}, "a line needs two points"),
        ([(30.0, -135.0), (30.0, -135.0)], {}, "a line needs two points"),
        ([(30.0, -135.0), (91.0, -135.0)], {}, "vertex 2 (latitude 91, longitude -135) is not on the Earth"),
        ([(29.0, -135.0), (31.0, -135.0)], {"party_left": None, "party_right": None}, "whose side of it is whose"),
        ([(29.0, -135.0), (31.0, -135.0)], {"kind": "danger"}, "a LineString is a line_side"),
        ([(29.0, -135.0), (31.0, -135.0)], {"reach": "far"}, "reach"),
        ([(29.0, -135.0), (31.0, -135.0)], {"reach": "2000 km"}, "give one up to 1000 km"),
        ([(29.0, -135.0), (31.0, -135.0), (29.0, -135.0)], {}, "the line crosses itself"),
        ([(29.0, -135.0), (31.0, -135.0), (29.0, -134.5), (30.0, -136.0)], {}, "the line crosses itself"),
    ],
)
def test_lines_that_divide_nothing(points: list[Point], properties: dict[str, Any], message: str) -> None:
    found = line(points, **properties)
    assert found.volumes == ()
    assert message in found.refused[0].reason


WINDING = [(50.2, 10.6), (50.4, 10.4), (50.5, 10.9), (50.7, 11.0), (50.4, 11.4)]
"""A line around a pocket on its right, 40 NM wide."""


@pytest.mark.parametrize("reach", ["20 NM", "60 NM", "100 NM"])
def test_a_line_that_winds_too_much_names_a_reach_that_can_be_drawn(reach: str) -> None:
    """What is proposed works as it is proposed."""
    refused = line(WINDING, reach=reach).refused[0].reason
    assert refused.startswith(f"the line bends so that it has no right side that reaches {reach} (")
    proposed = re.search(r'give "reach": "([\d.]+ NM)"$', refused)
    assert proposed is not None
    assert len(line(WINDING, reach=proposed[1]).volumes) == 2


def test_what_is_mended_of_a_line_is_noted_on_both_sides() -> None:
    found = line([(30.0, 179.0), (30.0, 181.0), (30.0, 181.0), (31.0, 182.0)])
    notes = ("vertex 2 has the longitude 181, taken as -179, and 2 more alike", "vertex 2 repeats the next, left out")
    assert [volume.notes for volume in found.volumes] == [notes, notes]


def test_of_a_side_the_line_alone_is_boundary() -> None:
    """What is drawn of both sides is what was agreed; a ring that is boundary all around is drawn all around."""
    for volume in line([(29.0, -135.0), (30.0, -134.0), (31.0, -135.0)], reach="20 NM").volumes:
        [(latitude, longitude)] = stretches(volume.parts[0].outer)
        ends = np.stack([latitude, longitude], axis=-1)[[0, -1]].tolist()
        assert ends == [[29.0, -135.0], [31.0, -135.0]]
        assert (30.0, -134.0) in zip(latitude.tolist(), longitude.tolist(), strict=True)
        far = GEOD.inv(longitude[:-1], latitude[:-1], longitude[1:], latitude[1:])[2]
        along = GEOD.inv(-135.0, 29.0, -134.0, 30.0)[2] + GEOD.inv(-134.0, 30.0, -135.0, 31.0)[2]
        assert sum(far) == pytest.approx(along, rel=1e-4)
    ring = make_ring([0.0, 0.0, 1.0], [0.0, 1.0, 0.0], 0)[0]
    [(latitude, longitude)] = stretches(ring)
    assert (latitude[0], longitude[0]) == (latitude[-1], longitude[-1])


def test_a_line_is_written_as_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "line.geojson"
    path.write_text(geojson(MERIDIAN))
    again = read_airspace(path)
    for one, other in zip(again.volumes, MERIDIAN.volumes, strict=True):
        assert (one.id, one.name, one.owner, one.barred) == (other.id, other.name, other.owner, other.barred)
        assert np.array_equal(one.parts[0].outer.latitude, other.parts[0].outer.latitude)
        assert np.array_equal(one.parts[0].outer.only_closes, other.parts[0].outer.only_closes)  # type: ignore[arg-type]
