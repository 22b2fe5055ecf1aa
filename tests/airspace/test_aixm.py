"""AIXM: the Donlon data set checked by hand against its text, each construct on its own, and whatever breaks a document."""

from __future__ import annotations

import contextlib
import gzip
import random
from pathlib import Path

import numpy as np
import pytest
import shapely
from lxml import etree
from pyproj import Geod

from overflight.airspace.read import read_airspace
from overflight.airspace.readers.aixm import AIXM
from overflight.airspace.volume import GEODESIC, STRAIGHT, SURFACE, UNLIMITED, Airspace, Limit, Refused, Ring, Volume
from overflight.errors import InputError
from tests.airspace.mutations import mutations, read_or_refuse

DONLON = gzip.decompress((Path(__file__).parent.parent / "data/airspace/aixm/donlon.xml.gz").read_bytes())
GEOD = Geod(ellps="WGS84")
NM_M = 1852.0


@pytest.fixture(scope="module")
def donlon() -> Airspace:
    return AIXM.read(DONLON, "donlon.xml")


def named(airspace: Airspace, name: str) -> Volume:
    return next(volume for volume in airspace.volumes if volume.id == name)


def points(ring: Ring) -> list[tuple[float, float]]:
    return list(zip(ring.latitude.tolist(), ring.longitude.tolist(), strict=True))


# The Donlon data set.


def test_donlon_every_airspace_is_read_or_refused(donlon: Airspace):
    assert [volume.id for volume in donlon.volumes] == [
        *("EAAD", "EAP2", "EAR1", "EAR3", "EAR5", "EAD4", "EAD6", "EADD TMA", "EAMTA01", "EAMM", "EAMM1", "EAMM2"),
        *("EADD CTR", "DORNBURG", "EADD CTA/1", "EADD CTA/2", "EADD1", "EADD2", "EADH"),
    ]
    assert donlon.refused == (
        Refused("ACR001", "donlon.xml:line 2022", "it is a strip along a centreline, whose ends AIXM does not define"),
        Refused(
            "EAR2 PASOUND",
            "donlon.xml:line 5217",
            "it is published as INACTIVE: it holds only while a NOTAM activates it",
        ),
    )
    assert len({volume.source for volume in donlon.volumes}) + len(donlon.refused) == 20


def test_donlon_is_found_by_its_content(tmp_path: Path):
    path = tmp_path / "ea.xml"
    path.write_bytes(DONLON)
    assert len(read_airspace(path).volumes) == 19
    assert len(AIXM.read(DONLON.decode().replace('encoding="UTF-8"', "").encode("utf-16"), "").volumes) == 19
    assert AIXM.matches(DONLON.decode().encode("utf-16"))
    assert not AIXM.matches(b'<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2"/>')


@pytest.mark.parametrize(
    ("name", "kind", "floor", "ceiling", "accuracy_m"),
    [  # read from the text of the file
        ("EAAD", "fir", SURFACE, UNLIMITED, 2000.0),
        ("EAP2", "restricted", SURFACE, UNLIMITED, 2000.0),
        ("EAR1", "restricted", SURFACE, Limit("AGL", 5003.28084), 2000.0),  # 1525 M SFC
        ("EAR3", "restricted", Limit("STD", 23000.0), Limit("STD", 36000.0), 0.0),
        ("EAD4", "danger", SURFACE, Limit("STD", 36000.0), 2000.0),
        ("EADD TMA", "restricted", Limit("AGL", 1476.377953), Limit("STD", 45000.0), 100.0),  # 450 M SFC
        ("EADD CTR", "restricted", SURFACE, Limit("AMSL", 3000.0), 100.0),
        ("DORNBURG", "restricted", SURFACE, Limit("AMSL", 6561.679790), 2000.0),  # 2000 M MSL
        ("EAMTA01", "restricted", Limit("AGL", 1000.0), Limit("STD", 13500.0), 2000.0),
        ("EADD CTA/1", "restricted", Limit("STD", 3000.0), Limit("STD", 24500.0), 0.0),
        ("EADD CTA/2", "restricted", Limit("STD", 5000.0), Limit("STD", 24500.0), 0.0),
        ("EADH", "restricted", SURFACE, Limit("AMSL", 492.125984), 100.0),  # 150 M MSL
    ],
)
def test_donlon_limits(donlon: Airspace, name: str, kind: str, floor: Limit, ceiling: Limit, accuracy_m: float):
    volume = named(donlon, name)
    assert (volume.kind, volume.floor, volume.ceiling, volume.accuracy_m) == (kind, floor, ceiling, accuracy_m)


@pytest.mark.parametrize(
    ("name", "latitude", "longitude", "radius_m"),
    [
        ("EAP2", 52.36666666666667, -22.1, 15 * NM_M),
        ("EAD4", 45.501666666666665, -29.006944444444443, 20_000.0),
        ("EAD6", 52.38333333333333, -31.216666666666665, 8_000.0),
        ("EADD TMA", 48.848333333333336, -23.236666666666668, 50 * NM_M),
        ("DORNBURG", 51.867222, -34.004167, 2 * NM_M),
        ("EADD CTR", 52.3716666666667, -31.9494444444444, 35_000.0),  # the centre is a point of its own
        ("EADH", 52.288888888888884, -32.035, 10_000.0),  # the centre is a link to a designated point
    ],
)
def test_donlon_circles(donlon: Airspace, name: str, latitude: float, longitude: float, radius_m: float):
    ring = named(donlon, name).parts[0].outer
    n = len(ring)
    _, _, distance = GEOD.inv(np.full(n, longitude), np.full(n, latitude), ring.longitude, ring.latitude)
    assert distance == pytest.approx(np.full(n, radius_m), abs=0.01)
    assert (ring.edge == GEODESIC).all()
    for k in range(n):  # the middle of each edge lies at most 10 m inside the circle
        a, b = points(ring)[k], points(ring)[(k + 1) % n]
        ((lon, lat),) = GEOD.npts(a[1], a[0], b[1], b[0], 1)
        assert radius_m - 10.0 <= GEOD.inv(longitude, latitude, lon, lat)[2] <= radius_m


def test_donlon_vertices(donlon: Airspace):
    fir = named(donlon, "EAAD").parts[0].outer
    assert points(fir) == [
        (57.0833333333333, -40.0),
        (52.85, -41.7833333333333),
        (48.4666666666667, -41.3333333333333),
        (44.0333333333333, -40.0),
        (42.6, -37.0),
        (40.7333333333333, -37.1833333333333),
        (41.4, -30.05),
        (43.5166666666667, -21.1333333333333),
        (56.6666666666667, -21.1333333333333),
    ]
    assert (fir.edge == GEODESIC).all()
    assert points(named(donlon, "EAR3").parts[0].outer) == [
        (50.46666666666667, -38.46666666666667),
        (50.43333333333333, -34.0),
        (48.8, -34.0),
        (49.0, -38.46666666666667),
    ]


def test_donlon_arc(donlon: Airspace):
    """BRAVO: from the centre west to the arc, clockwise from 270 by north and east to 137 degrees, back to the centre."""
    ring = named(donlon, "EAR1").parts[0].outer
    centre = (55.233333333333334, -36.166666666666664)
    assert points(ring)[0] == centre
    arc = points(ring)[1:]
    azimuth, _, distance = GEOD.inv(
        [centre[1]] * len(arc), [centre[0]] * len(arc), [lon for _, lon in arc], [lat for lat, _ in arc]
    )
    assert distance == pytest.approx(np.full(len(arc), 25 * NM_M), abs=10.0)
    turned = (np.array(azimuth) - 270.0 + 1.0) % 360.0 - 1.0
    assert (np.diff(turned) > 0).all()
    assert turned[0] == pytest.approx(0.0, abs=0.01)
    assert turned[-1] == pytest.approx(227.0, abs=0.01)
    area = shapely.Polygon([(lon, lat) for lat, lon in points(ring)])
    for bearing, inside in ((300.0, True), (0.0, True), (90.0, True), (130.0, True), (200.0, False), (260.0, False)):
        lon, lat, _ = GEOD.fwd(centre[1], centre[0], bearing, 20 * NM_M)
        assert area.contains(shapely.Point(lon, lat)) == inside


def test_donlon_a_segment_given_twice_is_left_out(donlon: Airspace):
    volume = named(donlon, "EAR5")
    assert points(volume.parts[0].outer) == [
        (47.333333333333336, -39.666666666666664),
        (43.666666666666664, -36.5),
        (43.0, -38.0),
        (44.03333333333333, -40.0),
        (47.0, -41.0),
    ]
    assert "segment 3 repeats the end of the one before, left out" in volume.notes


def test_donlon_along_a_border(donlon: Airspace):
    """EAMOA01 follows the border of Donlon between two of its points: the file's own numbers, in their order."""
    border = etree.fromstring(DONLON).find(".//{*}GeoBorder//{*}posList")
    assert border is not None
    values = np.array((border.text or "").split(), float).reshape(-1, 2).tolist()
    volume = named(donlon, "EAMTA01")
    ring = points(volume.parts[0].outer)
    assert ring[:3] == [
        (52.9282371670167, -31.461114091711558),
        (53.03083043591206, -31.568915849359982),
        (53.16843418881167, -31.345348764204196),
    ]
    start, end = (53.18194444444444, -31.1945), (52.96333333333334, -30.999444444444446)
    first, last = ring.index(start), ring.index(end)
    assert ring[last + 1 :] == [(52.90720345892345, -31.130039397963714)]
    on = [values.index(list(point)) for point in ring[first + 1 : last]]
    assert len(on) > 20
    assert set(np.diff(on)) == {1} or set(np.diff(on)) == {-1}
    lat, lon = zip(*ring[first : last + 1], strict=True)
    assert GEOD.line_length(lon, lat) < 45_000.0  # no way back and forth
    assert "along the border REPUBLICOFDONLON" in volume.notes


def test_donlon_an_airspace_made_of_others(donlon: Airspace):
    whole, one, two = (named(donlon, name) for name in ("EAMM", "EAMM1", "EAMM2"))
    assert [points(part.outer) for part in whole.parts] == [
        points(one.parts[0].outer),
        points(two.parts[0].outer),
    ]
    assert (whole.floor, whole.ceiling) == (Limit("STD", 21000.0), Limit("STD", 46000.0))


def test_donlon_notes_and_times(donlon: Airspace):
    horsham = named(donlon, "EAD4")
    assert horsham.notes[0] == "AIXM type D"
    assert "MON 07:00-17:00 UTC; TUE" in horsham.notes[1]
    assert horsham.notes[1].endswith("taken as active at all times")
    assert [(str(window.start), window.end) for window in horsham.active] == [("2017-07-01 00:00:00+00:00", None)]
    assert named(donlon, "EAP2").notes == ("AIXM type P",)  # any day from 00:00 to 00:00 is always
    assert "AVBL_FOR_ACTIVATION (MILOPS) 01-10 to 31-07 ANY" in " ".join(named(donlon, "EAMTA01").notes)
    assert "lower limit FL030 is given above SFC: taken as a flight level" in named(donlon, "EADD1").notes
    assert "the ring is not closed: an edge of 77.9 km is added" in named(donlon, "EADD CTA/2").notes


# Each construct on its own.

SQUARE = "50 10 51 10 51 11 50 11 50 10"
LIMITS = (
    '<aixm:upperLimit uom="FL">245</aixm:upperLimit><aixm:upperLimitReference>STD</aixm:upperLimitReference>'
    '<aixm:lowerLimit uom="FT">1000</aixm:lowerLimit><aixm:lowerLimitReference>SFC</aixm:lowerLimitReference>'
)


def geodesics(text: str) -> str:
    return f"<gml:GeodesicString><gml:posList>{text}</gml:posList></gml:GeodesicString>"


def straights(text: str) -> str:
    return f"<gml:LineStringSegment><gml:posList>{text}</gml:posList></gml:LineStringSegment>"


def arc_of(centre: str, radius: str, start: float, end: float) -> str:
    return (
        f"<gml:ArcByCenterPoint numArc='1'><gml:pos>{centre}</gml:pos><gml:radius uom='NM'>{radius}</gml:radius>"
        f"<gml:startAngle uom='deg'>{start}</gml:startAngle><gml:endAngle uom='deg'>{end}</gml:endAngle>"
        "</gml:ArcByCenterPoint>"
    )


def curve(*segments: str) -> str:
    return f"<gml:curveMember><gml:Curve><gml:segments>{''.join(segments)}</gml:segments></gml:Curve></gml:curveMember>"


def ring(*members: str) -> str:
    return f"<gml:Ring>{''.join(members)}</gml:Ring>"


def surface(outer: str, *inner: str, srs: str = "urn:ogc:def:crs:EPSG::4326") -> str:
    return (
        f"<aixm:horizontalProjection><aixm:Surface srsName='{srs}'><gml:patches><gml:PolygonPatch>"
        f"<gml:exterior>{outer}</gml:exterior>{''.join(f'<gml:interior>{each}</gml:interior>' for each in inner)}"
        "</gml:PolygonPatch></gml:patches></aixm:Surface></aixm:horizontalProjection>"
    )


def component(shape: str, operation: str = "", limits: str = LIMITS, order: int = 0) -> str:
    told = f"<aixm:operation>{operation}</aixm:operation>" if operation else ""
    return (
        f"<aixm:geometryComponent><aixm:AirspaceGeometryComponent>{told}"
        f"<aixm:operationSequence>{order}</aixm:operationSequence>"
        f"<aixm:theAirspaceVolume><aixm:AirspaceVolume>{limits}{shape}</aixm:AirspaceVolume></aixm:theAirspaceVolume>"
        "</aixm:AirspaceGeometryComponent></aixm:geometryComponent>"
    )


def slice_of(body: str, kind: str = "BASELINE", sequence: int = 1, correction: int = 0, valid: str = "") -> str:
    return (
        f"<aixm:timeSlice><aixm:AirspaceTimeSlice>{valid}<aixm:interpretation>{kind}</aixm:interpretation>"
        f"<aixm:sequenceNumber>{sequence}</aixm:sequenceNumber>"
        f"<aixm:correctionNumber>{correction}</aixm:correctionNumber>"
        f"{body}</aixm:AirspaceTimeSlice></aixm:timeSlice>"
    )


def feature(*slices: str, identifier: str = "a") -> str:
    return (
        f"<message:hasMember><aixm:Airspace><gml:identifier codeSpace='urn:uuid:'>{identifier}</gml:identifier>"
        f"{''.join(slices)}</aixm:Airspace></message:hasMember>"
    )


def message(*members: str, edition: str = "5.1.1") -> bytes:
    return (
        f"<message:AIXMBasicMessage xmlns:message='http://www.aixm.aero/schema/{edition}/message' "
        f"xmlns:aixm='http://www.aixm.aero/schema/{edition}' xmlns:gml='http://www.opengis.net/gml/3.2' "
        f"xmlns:xlink='http://www.w3.org/1999/xlink'>{''.join(members)}</message:AIXMBasicMessage>"
    ).encode()


def body(*components: str, type_: str = "R", more: str = "") -> str:
    return f"<aixm:type>{type_}</aixm:type><aixm:designator>EAR9</aixm:designator>{more}{''.join(components)}"


def read(*components: str, members: tuple[str, ...] = (), **told: str) -> Airspace:
    return AIXM.read(message(feature(slice_of(body(*components, **told))), *members), "test")


def one(*components: str, members: tuple[str, ...] = (), **told: str) -> Volume:
    airspace = read(*components, members=members, **told)
    assert not airspace.refused
    (volume,) = airspace.volumes
    return volume


def why(*components: str, members: tuple[str, ...] = (), **told: str) -> str:
    airspace = read(*components, members=members, **told)
    assert not airspace.volumes
    return airspace.refused[0].reason


def test_each_segment_says_what_it_is():
    shape = surface(ring(curve(geodesics("50 10 50 20"), straights("50 20 45 20 45 10"), geodesics("45 10 50 10"))))
    outer = one(component(shape)).parts[0].outer
    assert points(outer) == [(50.0, 10.0), (50.0, 20.0), (45.0, 20.0), (45.0, 10.0)]
    assert outer.edge.tolist() == [GEODESIC, STRAIGHT, STRAIGHT, GEODESIC]


def test_a_linear_ring_is_straight():
    shape = surface(f"<gml:LinearRing><gml:posList>{SQUARE}</gml:posList></gml:LinearRing>")
    assert (one(component(shape)).parts[0].outer.edge == STRAIGHT).all()
    single = "".join(f"<gml:pos>{at}</gml:pos>" for at in ("50 10", "51 10", "51 11", "50 10"))
    assert len(one(component(surface(f"<gml:LinearRing>{single}</gml:LinearRing>"))).parts[0].outer) == 3


@pytest.mark.parametrize(
    "srs", ["urn:ogc:def:crs:OGC:1.3:CRS84", "CRS:84", "http://www.opengis.net/def/crs/OGC/1.3/CRS84"]
)
def test_the_reference_system_says_which_comes_first(srs: str):
    turned = surface(ring(curve(geodesics("10 50 10 51 11 51 11 50 10 50"))), srs=srs)
    plain = surface(ring(curve(geodesics(SQUARE))), srs="http://www.opengis.net/def/crs/EPSG/0/4326")
    assert points(one(component(turned)).parts[0].outer) == points(one(component(plain)).parts[0].outer)


def test_angles_turn_as_the_axes_do():
    """The same half circle north of its centre: from west over north to east."""
    plain = surface(ring(curve(arc_of("50 10", "10", 270, 450), geodesics("50 10.2586 50 9.7414"))))
    turned = surface(
        ring(curve(arc_of("10 50", "10", 180, 0), geodesics("10.2586 50 9.7414 50"))),
        srs="urn:ogc:def:crs:OGC:1.3:CRS84",
    )
    a, b = (points(one(component(shape)).parts[0].outer) for shape in (plain, turned))
    assert np.array(a) == pytest.approx(np.array(b), abs=1e-9)
    assert min(lat for lat, _ in a) == pytest.approx(50.0, abs=1e-3)
    anticlockwise = surface(ring(curve(arc_of("50 10", "10", 90, -90), geodesics("50 9.7414 50 10.2586"))))
    assert np.array(points(one(component(anticlockwise)).parts[0].outer)).mean(axis=0)[0] > 50.05


def test_where_an_arc_meets_a_published_point_the_point_counts():
    """The ends were rounded to whole minutes: 50 degrees and 10 NM of longitude are 15.5 minutes."""
    shape = surface(
        ring(curve(geodesics("50 10 50 9.75"), arc_of("50 10", "10", 270, 360), geodesics("50.16 10 50 10")))
    )
    volume = one(component(shape))
    found = points(volume.parts[0].outer)
    assert (50.0, 9.75) in found
    assert (50.16, 10.0) in found
    assert sum("gap of" in note for note in volume.notes) == 2
    assert all(GEOD.inv(10.0, 50.0, lon, lat)[2] < 18_530.0 for lat, lon in found)


def test_a_wide_gap_is_refused_and_a_missing_end_is_closed():
    gap = surface(ring(curve(geodesics("50 10 51 10"), geodesics("51.1 10 51 11 50 11 50 10"))))
    assert why(component(gap)) == "two segments of a ring are 11.1 km apart"
    volume = one(component(surface(ring(curve(geodesics("50 10 51 10 51 11"))))))
    assert len(volume.parts[0].outer) == 3
    assert "the ring is not closed: an edge of 131.9 km is added" in volume.notes


def test_holes_and_patches():
    hole = "50.4 10.4 50.6 10.4 50.6 10.6 50.4 10.4"
    (part,) = one(component(surface(ring(curve(geodesics(SQUARE))), ring(curve(geodesics(hole)))))).parts
    assert [len(each) for each in part.holes] == [3]
    two = surface(ring(curve(geodesics(SQUARE)))).replace("<gml:patches>", "<gml:patches>" + patch(hole))
    assert len(one(component(two)).parts) == 2


def patch(text: str) -> str:
    inner = f"<gml:LinearRing><gml:posList>{text}</gml:posList></gml:LinearRing>"
    return f"<gml:PolygonPatch><gml:exterior>{inner}</gml:exterior></gml:PolygonPatch>"


def test_a_third_coordinate_is_left_out():
    shape = surface(ring(curve(geodesics("50 10 5 51 10 5 51 11 5 50 10 5"))))
    shape = shape.replace("<gml:posList>", "<gml:posList srsDimension='3'>")
    assert points(one(component(shape)).parts[0].outer) == [(50.0, 10.0), (51.0, 10.0), (51.0, 11.0)]


def test_curves_are_turned_and_linked():
    shared = (
        "<message:hasMember><aixm:Other><gml:Curve gml:id='c1' srsName='urn:ogc:def:crs:EPSG::4326'><gml:segments>"
        + geodesics("51 11 51 10 50 10")
        + "</gml:segments></gml:Curve></aixm:Other></message:hasMember>"
    )
    back = (
        "<gml:curveMember><gml:OrientableCurve orientation='-'><gml:baseCurve xlink:href='#c1'/>"
        "</gml:OrientableCurve></gml:curveMember>"
    )
    volume = one(component(surface(ring(back, curve(geodesics("51 11 50 10"))))), members=(shared,))
    assert points(volume.parts[0].outer) == [(50.0, 10.0), (51.0, 10.0), (51.0, 11.0)]


BORDER = "<gml:curveMember xlink:href='urn:uuid:B' xlink:title='the border'/>"


def border(text: str) -> str:
    return (
        "<message:hasMember><aixm:GeoBorder><gml:identifier>b</gml:identifier><aixm:timeSlice><aixm:GeoBorderTimeSlice>"
        "<aixm:interpretation>BASELINE</aixm:interpretation><aixm:name>RIVER</aixm:name><aixm:border>"
        f"<aixm:Curve srsName='urn:ogc:def:crs:EPSG::4326'><gml:segments>{straights(text)}</gml:segments></aixm:Curve>"
        "</aixm:border></aixm:GeoBorderTimeSlice></aixm:timeSlice></aixm:GeoBorder></message:hasMember>"
    )


@pytest.mark.parametrize(
    "text", ["49 11 50.2 11.1 50.5 11.2 50.8 11.1 52 11", "52 11 50.8 11.1 50.5 11.2 50.2 11.1 49 11"]
)
def test_a_border_is_followed_between_the_ends_of_its_neighbours(text: str):
    """Whichever way it is drawn; the ends lie beside it, between its points."""
    shape = surface(ring(curve(geodesics("50.1 11.085 50.1 10 50.9 10 50.9 11.085")), BORDER))
    volume = one(component(shape), members=(border(text),))
    assert points(volume.parts[0].outer) == [
        *((50.1, 11.085), (50.1, 10.0), (50.9, 10.0), (50.9, 11.085)),
        *((50.8, 11.1), (50.5, 11.2), (50.2, 11.1)),
    ]
    assert volume.parts[0].outer.edge.tolist() == [GEODESIC] * 3 + [STRAIGHT] * 4


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ((), "curveMember refers to 'the border', which is not in the document"),
        ((border("49 12 52 12"),), "km from 50.9000 11.0850"),
        ((border("49 11.09 52 11.09 52 12 49 12 49 11.09"),), "cannot decide which way round the closed border RIVER"),
    ],
)
def test_a_border_that_cannot_be_followed(members: tuple[str, ...], reason: str):
    shape = surface(ring(curve(geodesics("50.1 11.085 50.1 10 50.9 10 50.9 11.085")), BORDER))
    assert reason in why(component(shape), members=members)


def test_a_border_alone_says_nothing():
    shape = surface(ring(BORDER))
    assert "a border alone" in why(component(shape), members=(border("49 11 52 11"),))


def test_components_are_parts_holes_or_cannot_be_decided():
    def square(south: float, west: float, size: float) -> str:
        n, e = south + size, west + size
        return surface(ring(curve(geodesics(f"{south} {west} {n} {west} {n} {e} {south} {e} {south} {west}"))))

    base = component(square(50, 10, 1), "BASE", order=1)
    union = component(square(51, 10, 1), "UNION", order=2)
    assert len(one(union, base).parts) == 2
    assert points(one(union, base).parts[0].outer)[0] == (50.0, 10.0)  # in their order, not the file's
    cut = one(base, component(square(50.4, 10.4, 0.2), "SUBTR", order=2))
    assert [len(hole) for hole in cut.parts[0].holes] == [4]
    apart = one(base, component(square(53, 10, 1), "SUBTR", limits="", order=2))
    assert apart.parts[0].holes == ()
    assert "what is subtracted lies apart: it changes nothing" in apart.notes
    assert "cannot decide" in why(base, component(square(50.5, 10.5, 1), "SUBTR", order=2))
    assert "cannot decide" in why(base, component(square(50, 10, 0.5), "SUBTR", order=2))  # it touches
    low = LIMITS.replace("245", "100")
    assert "some of its levels" in why(base, component(square(50.4, 10.4, 0.2), "SUBTR", limits=low, order=2))
    assert len(one(base, component(square(49, 9, 4), "INTERS", limits="", order=2)).parts) == 1
    assert "INTERS would cut" in why(base, component(square(50.5, 10.5, 1), "INTERS", order=2))
    assert "cannot decide" in why(component(square(50, 10, 1), "SUBTR"))
    layers = read(base, component(square(51, 10, 1), "UNION", limits=low, order=2)).volumes
    assert [(volume.id, volume.ceiling.value_ft) for volume in layers] == [("EAR9/1", 24500.0), ("EAR9/2", 10000.0)]


def contributor(identifier: str, dependency: str) -> str:
    return (
        f"<aixm:contributorAirspace><aixm:AirspaceVolumeDependency><aixm:dependency>{dependency}</aixm:dependency>"
        f"<aixm:theAirspace xlink:href='urn:uuid:{identifier}'/></aixm:AirspaceVolumeDependency></aixm:contributorAirspace>"
    )


def test_an_airspace_takes_the_outline_of_another_or_all_of_it():
    other = feature(slice_of(body(component(surface(ring(curve(geodesics(SQUARE))))))), identifier="b")
    own = '<aixm:upperLimit uom="FT">UNL</aixm:upperLimit><aixm:lowerLimit uom="FT">GND</aixm:lowerLimit>'
    outline = read(component(contributor("b", "HORZ_PROJECTION"), limits=own), members=(other,)).volumes[0]
    assert (outline.floor, outline.ceiling) == (SURFACE, UNLIMITED)
    whole = read(component(contributor("b", "FULL_GEOMETRY"), limits=""), members=(other,)).volumes[0]
    assert (whole.floor, whole.ceiling) == (Limit("AGL", 1000.0), Limit("STD", 24500.0))
    assert "not in the document" in why(component(contributor("c", "FULL_GEOMETRY")))
    assert "made of it" in why(component(contributor("a", "FULL_GEOMETRY")))


def limits_of(upper: str, lower: str) -> str:
    return component(surface(ring(curve(geodesics(SQUARE)))), limits=upper + lower)


def level(side: str, value: str, uom: str, reference: str = "") -> str:
    told = f"<aixm:{side}LimitReference>{reference}</aixm:{side}LimitReference>" if reference else ""
    return f"<aixm:{side}Limit uom='{uom}'>{value}</aixm:{side}Limit>{told}"


@pytest.mark.parametrize(
    ("text", "limit", "note"),
    [
        (level("upper", "245", "FL", "STD"), Limit("STD", 24500.0), ""),
        (level("upper", "245", "FL"), Limit("STD", 24500.0), ""),
        (level("upper", "5000", "FT", "MSL"), Limit("AMSL", 5000.0), ""),
        (level("upper", "5000", "FT", "STD"), Limit("STD", 5000.0), ""),
        (level("upper", "3048", "M", "SFC"), Limit("AGL", 10000.0), ""),
        (level("upper", "3048", "SM"), Limit("STD", 10000.0), ""),
        (level("upper", "5000", "FT", "W84"), Limit("AMSL", 5000.0), "above the WGS 84 ellipsoid"),
        (level("upper", "5000", "FT"), Limit("AMSL", 5000.0), "has no reference"),
        ("", UNLIMITED, "no upper limit is given"),
        (level("upper", "100", "FL", "SFC"), Limit("STD", 10000.0), "taken as a flight level"),
        (
            level("upper", "9000", "FT", "MSL") + "<aixm:maximumLimit uom='FL'>95</aixm:maximumLimit>",
            Limit("AMSL", 9000.0),
            "its maximumLimit 95 is not applied",
        ),
    ],
)
def test_limits(text: str, limit: Limit, note: str):
    volume = one(limits_of(text, level("lower", "GND", "FT")))
    assert volume.ceiling == limit
    assert note in "; ".join(volume.notes[1:])
    assert bool(note) == (len(volume.notes) > 1)


@pytest.mark.parametrize(
    "text",
    [
        level("upper", "CEILING", "FT"),
        level("upper", "high", "FT", "MSL"),
        level("upper", "5000", "", "MSL"),
        level("upper", "5000", "FT", "OTHER:QFE"),
        level("upper", "9" * 30, "FT", "MSL"),
        level("upper", "500", "FT", "MSL"),  # below the floor
        level("upper", "GND", "FT"),
    ],
)
def test_limits_that_are_none(text: str):
    reason = why(limits_of(text, level("lower", "1000", "FT", "MSL")))
    assert "imit" in reason or "its ceiling" in reason


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        *(("FIR", "fir"), ("UIR", "fir"), ("R", "restricted"), ("P", "restricted"), ("TRA", "restricted")),
        *(
            ("D", "danger"),
            ("NAS", "national"),
            ("AWY", "corridor"),
            ("OTHER:MOA", "restricted"),
            ("CTR", "restricted"),
        ),
    ],
)
def test_kinds(type_: str, kind: str):
    volume = one(component(surface(ring(curve(geodesics(SQUARE))))), type_=type_)
    assert (volume.kind, volume.notes) == (kind, (f"AIXM type {type_}",))


def test_the_newest_baseline_counts():
    shape = component(surface(ring(curve(geodesics(SQUARE)))))

    def named_(name: str) -> str:
        return body(shape, more=f"<aixm:name>{name}</aixm:name>")

    slices = [
        slice_of(named_("old"), sequence=1),
        slice_of(named_("corrected"), sequence=2, correction=1),
        slice_of(named_("new"), sequence=2),
        slice_of(named_("temporary"), kind="TEMPDELTA", sequence=3),
    ]
    for document in (
        message(feature(*slices)),
        message(*(feature(each) for each in slices)),  # one feature in several elements
        message(feature(*slices), edition="5.1"),
    ):
        (volume,) = AIXM.read(document, "").volumes
        assert volume.name == "EAR9 corrected"
        assert volume.notes[1:] == ("2 earlier baselines are left out", "1 TEMPDELTA time slices are not applied")
    only = AIXM.read(message(feature(slices[-1])), "")
    assert "no baseline (TEMPDELTA)" in only.refused[0].reason


def valid(start: str, end: str) -> str:
    return (
        "<gml:validTime><gml:TimePeriod>"
        f"<gml:beginPosition>{start}</gml:beginPosition><gml:endPosition>{end}</gml:endPosition>"
        "</gml:TimePeriod></gml:validTime>"
    )


def test_validity():
    shape = body(component(surface(ring(curve(geodesics(SQUARE))))))

    def read_(start: str, end: str) -> Airspace:
        return AIXM.read(message(feature(slice_of(shape, valid=valid(start, end)))), "")

    (window,) = read_("2024-01-01T00:00:00Z", "2024-02-01T01:00:00+01:00").volumes[0].active
    assert (str(window.start), str(window.end)) == ("2024-01-01 00:00:00+00:00", "2024-02-01 00:00:00+00:00")
    assert read_("", "").volumes[0].active == ()
    odd = read_("20010-11-01T00:00:00Z", "0001-01-01T00:00:00+14:00").volumes[0]
    assert odd.active == ()
    assert len([note for note in odd.notes if "is no date, taken as open" in note]) == 2
    assert "before it begins" in read_("2024-01-01T00:00:00Z", "2023-01-01T00:00:00Z").refused[0].reason


def test_owner():
    organisation = (
        "<message:hasMember><aixm:OrganisationAuthority><gml:identifier>o</gml:identifier><aixm:timeSlice>"
        "<aixm:OrganisationAuthorityTimeSlice><aixm:name>DONLON CAA</aixm:name></aixm:OrganisationAuthorityTimeSlice>"
        "</aixm:timeSlice></aixm:OrganisationAuthority></message:hasMember>"
    )
    shape = component(surface(ring(curve(geodesics(SQUARE)))))
    direct = "<aixm:responsibleOrganisation xlink:href='urn:uuid:o'/>"
    held = (
        "<aixm:responsibleOrganisation><aixm:AirspaceResponsibility>"
        "<aixm:theOrganisationAuthority xlink:href='urn:uuid:o'/>"
        "</aixm:AirspaceResponsibility></aixm:responsibleOrganisation>"
    )
    for more in (direct, held):
        assert one(shape, members=(organisation,), more=more).owner == "DONLON CAA"
        assert one(shape, more=more).owner is None
    assert one(shape).owner is None


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (
            surface(ring(curve(geodesics("95 10 51 10 51 11")))),
            "vertex 1 (latitude 95, longitude 10) is not on the Earth",
        ),
        (surface(ring(curve(geodesics("50 10 51 11 50 11 51 10 50 10")))), "crosses itself"),
        (surface(ring(curve(geodesics("50 10 51")))), "3 coordinates are no list of points of 2"),
        (surface(ring(curve(geodesics("50 x 51 11")))), "coordinate 'x' is no number"),
        (surface(ring(curve(geodesics("50 nan 51 11")))), "coordinate 'nan' is no number"),
        (surface(ring(curve(geodesics(SQUARE))), srs="urn:ogc:def:crs:EPSG::3395"), "only EPSG:4326 and CRS84"),
        (surface(ring(curve(geodesics(SQUARE))), srs=""), "no srsName"),
        (surface(ring(curve("<gml:Arc/>"))), "a Arc is no segment that is understood"),
        (surface(ring(curve(arc_of("50 10", "0", 0, 90)))), "radius 0 m is out of range"),
        (surface(ring(curve(arc_of("50 10", "10", 90, 90)))), "an arc from 90 to 90 degrees is none"),
        (surface(ring(curve(arc_of("50 10", "10", 0, 90).replace("NM", "ly")))), "has no known unit (ly)"),
        (surface(ring(curve(arc_of("99 10", "10", 0, 90)))), "needs one centre on the Earth"),
        (surface(ring()), "a ring has no segments"),
        ("", "it has no outline"),
        ("<aixm:centreline/>", "a strip along a centreline"),
    ],
)
def test_outlines_that_are_none(shape: str, reason: str):
    assert reason in why(component(shape))


def test_no_geometry():
    assert why() == "it has no geometry"


# What is meant to break it.


@pytest.mark.parametrize("place", ["<aixm:name>&d;</aixm:name>", "<aixm:name a='&d;'/>"])
def test_entities_are_refused_before_they_grow(place: str):
    bomb = "".join(
        f"<!ENTITY {name} '{f'&{before};' * 20}'>" for name, before in zip("bcdefgh", "abcdefg", strict=True)
    )
    document = f"<!DOCTYPE x [<!ENTITY a '{'lol' * 100}'>{bomb}]>" + message(place.replace("&d;", "&h;")).decode()
    with pytest.raises(InputError):
        AIXM.read(document.encode(), "bomb")


def test_no_file_is_opened_and_no_host_is_asked(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for outside in (secret.as_uri(), "http://127.0.0.1:9/x"):
        for declared in (f"<!DOCTYPE x [<!ENTITY a SYSTEM '{outside}'>]>", f"<!DOCTYPE x SYSTEM '{outside}'>"):
            with pytest.raises(InputError, match="document type"):
                AIXM.read(declared.encode() + message("<aixm:name>&a;</aixm:name>" if "[" in declared else ""), "x")


def test_deep_nesting_is_refused():
    with pytest.raises(InputError):
        AIXM.read(message("<a>" * 5000 + "</a>" * 5000), "deep")
    nested = "<gml:CompositeCurve><gml:curveMember>" * 60 + "</gml:curveMember></gml:CompositeCurve>" * 60
    shape = surface(ring(f"<gml:curveMember>{nested}</gml:curveMember>"))
    assert why(component(shape)) == "its curves lie too deep in each other"


def test_links_that_multiply_are_given_up():
    ten = {k: f"<gml:curveMember xlink:href='#c{k + 1}'/>" * 10 for k in range(15)}
    curves = "".join(f"<gml:CompositeCurve gml:id='c{k}'>{ten[k]}</gml:CompositeCurve>" for k in ten)
    last = "<gml:Curve gml:id='c15'><gml:segments/></gml:Curve>"
    shape = surface(ring("<gml:curveMember xlink:href='#c0'/>"))
    assert "leads to more than" in why(component(shape), members=(curves, last))
    long = (
        "<gml:Curve gml:id='l' srsName='CRS84'><gml:segments>"
        + geodesics("1 1 " * 5000)
        + "</gml:segments></gml:Curve>"
    )
    shape = surface(ring("<gml:curveMember xlink:href='#l'/>" * 100))
    assert "points" in why(component(shape), members=(long,))
    around = "<gml:CompositeCurve gml:id='r'><gml:curveMember xlink:href='#r'/></gml:CompositeCurve>"
    shape = surface(ring("<gml:curveMember xlink:href='#r'/>"))
    assert "too deep" in why(component(shape), members=(around,))


@pytest.mark.parametrize(
    "data", [b"", b"<", b"<a/>", b"\xff\xfe<", b"<?xml version='1.0' encoding='none'?><a/>", b"\0" * 9]
)
def test_what_is_no_document(data: bytes):
    with contextlib.suppress(InputError):
        assert AIXM.read(data, "x") == Airspace()


def test_damaged_documents_raise_nothing_else():
    for broken in mutations(DONLON, 100, "aixm"):
        read_or_refuse(AIXM, broken)


def test_documents_that_are_well_formed_but_wrong_raise_nothing_else():
    """Elements lost, moved and doubled, texts and attributes replaced: what the parser lets through."""
    dice = random.Random("aixm trees")
    kept = etree.fromstring(DONLON)
    for held in kept.findall("{*}hasMember"):
        if not any(str(each.tag).endswith(("Airspace", "GeoBorder", "DesignatedPoint")) for each in held):
            kept.remove(held)
    small = etree.tostring(kept)
    words = ["", "NaN", "1e999", "-1", "0", "91 181", "UNL", "XYZ", "9" * 400, "é", "2024-13-01T00:00:00Z", "-0.0"]
    read = 0
    for _ in range(100):
        root = etree.fromstring(small)
        every = list(root.iter("*"))[1:]
        for _ in range(dice.choice((1, 5, 40))):
            element, other = dice.choice(every), dice.choice(every)
            parent = element.getparent()
            match dice.randrange(5):
                case 0 if parent is not None:
                    parent.remove(element)
                case 1 if element not in other.iterancestors() and element is not other and parent is not None:
                    other.append(element)
                case 2:
                    element.text = dice.choice([*words, other.text or ""])
                case 3:
                    for name in element.attrib:
                        element.set(str(name), dice.choice(words))
                case _:
                    numbers = (element.text or "").split()
                    dice.shuffle(numbers)
                    element.text = " ".join(numbers[dice.randrange(2) :])
        airspace = read_or_refuse(AIXM, etree.tostring(root))
        read += airspace is not None and len(airspace.volumes) > 0
    assert read > 90
