"""ED-269 and ED-318, in documents written after the published models of both."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest

from overflight.airspace.read import read_airspace
from overflight.airspace.readers.ed269 import ED269, ED318
from overflight.airspace.readers.format import Format
from overflight.airspace.readers.registry import format_of
from overflight.airspace.volume import GEODESIC, STRAIGHT, SURFACE, UNLIMITED, Airspace, Limit, Volume, Window
from overflight.errors import InputError
from tests.airspace.mutations import mutations, one_value_wrong, read_or_refuse

GEOD = pyproj.Geod(ellps="WGS84")
SQUARE = [[7.4, 46.9], [7.6, 46.9], [7.6, 47.1], [7.4, 47.1], [7.4, 46.9]]
HOLE = [[7.45, 46.95], [7.45, 47.0], [7.5, 47.0], [7.5, 46.95], [7.45, 46.95]]
AUTHORITY = [{"name": "Authority", "email": "zones@example.org", "purpose": "AUTHORIZATION", "intervalBefore": "P1D"}]

ZONES: dict[str, Any] = {
    "title": "Zones",
    "description": "two zones",
    "features": [
        {
            "identifier": "AAA001",
            "country": "CHE",
            "name": "Heliport",
            "type": "COMMON",
            "restriction": "REQ_AUTHORISATION",
            "restrictionConditions": ["below 120 m"],
            "region": 1,
            "reason": ["AIR_TRAFFIC", "NOISE"],
            "applicability": [{"permanent": "YES"}],
            "zoneAuthority": AUTHORITY,
            "geometry": [
                {
                    "uomDimensions": "M",
                    "lowerLimit": 0,
                    "lowerVerticalReference": "AGL",
                    "upperLimit": 120,
                    "upperVerticalReference": "AGL",
                    "horizontalProjection": {"type": "Circle", "center": [7.5, 47.0], "radius": 2500},
                },
                {
                    "uomDimensions": "FT",
                    "lowerLimit": 1000,
                    "lowerVerticalReference": "AMSL",
                    "upperLimit": 4000,
                    "upperVerticalReference": "AMSL",
                    "horizontalProjection": {"type": "Polygon", "coordinates": [SQUARE, HOLE]},
                },
            ],
        },
        {
            "identifier": "AAA002",
            "country": "CHE",
            "type": "COMMON",
            "restriction": "PROHIBITED",
            "applicability": [
                {
                    "permanent": "NO",
                    "startDateTime": "2026-05-01T00:00:00.00Z",
                    "endDateTime": "2026-06-01T02:00:00.00+02:00",
                    "schedule": [{"day": ["MON", "TUE"], "startTime": "07:00:00.00Z", "endTime": "17:00:00.00Z"}],
                },
                {"permanent": "NO", "startDateTime": "2026-07-01T00:00:00Z"},
            ],
            "zoneAuthority": AUTHORITY,
            "geometry": [
                {
                    "uomDimensions": "M",
                    "lowerVerticalReference": "AGL",
                    "upperVerticalReference": "AMSL",
                    "horizontalProjection": {"type": "Polygon", "coordinates": [SQUARE]},
                }
            ],
        },
    ],
}

LAYER = {"upper": 120, "upperReference": "AGL", "lower": 0, "lowerReference": "AGL", "uom": "m"}
FEATURES: dict[str, Any] = {
    "type": "FeatureCollection",
    "name": "zones",
    "metadata": {"provider": [{"text": "Authority", "lang": "en-GB"}], "issued": "2026-01-01T00:00:00Z"},
    "features": [
        {
            "type": "Feature",
            "id": 1,
            "properties": {
                "identifier": "ESU247",
                "country": "SWE",
                "name": [{"text": "Sjukhus", "lang": "se-SE"}, {"text": "Hospital", "lang": "en-GB"}],
                "type": "REQ_AUTHORIZATION",
                "variant": "COMMON",
                "reason": ["AIR_TRAFFIC"],
                "limitedApplicability": [
                    {
                        "startDateTime": "2026-01-01T00:00:00Z",
                        "endDateTime": "2027-01-01T00:00:00Z",
                        "schedule": [{"day": ["ANY"], "startEvent": "SR", "endEvent": "SS"}],
                    }
                ],
                "zoneAuthority": [{"purpose": "AUTHORIZATION"}],
            },
            "geometry": {
                "type": "Point",
                "coordinates": [18.0, 59.3],
                "extent": {"subType": "Circle", "radius": 1852.0},
                "layer": LAYER,
            },
        },
        {
            "type": "Feature",
            "properties": {
                "identifier": "EI001",
                "country": "IRL",
                "name": "Airport",
                "type": "PROHIBITED",
                "variant": "COMMON",
                "zoneAuthority": [{"purpose": "INFORMATION"}],
            },
            "geometry": {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Polygon", "coordinates": [SQUARE, HOLE], "layer": LAYER | {"upper": 400, "uom": "ft"}},
                    {
                        "type": "MultiPolygon",
                        "coordinates": [[SQUARE], [[[8.0, 46.9], [8.1, 46.9], [8.1, 47.0]]]],
                        "layer": {"upper": 3000, "upperReference": "AMSL", "lower": 120, "lowerReference": "AGL"},
                    },
                ],
            },
        },
    ],
}


def read(kind: Format, document: Any) -> Airspace:
    return kind.read(json.dumps(document).encode(), "z.json")


def changed(document: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy whose first zone is changed."""
    copied = copy.deepcopy(document)
    change(copied["features"][0])
    return copied


def reason(kind: Format, document: Any) -> str:
    """Why the first zone, or its first geometry, is refused."""
    found = read(kind, document)
    assert len(found.refused) == 1
    assert found.volumes  # the others are read
    return found.refused[0].reason


def distances(volume: Volume, latitude: float, longitude: float) -> np.ndarray:
    ring = volume.parts[0].outer
    n = len(ring)
    return GEOD.inv(np.full(n, longitude), np.full(n, latitude), ring.longitude, ring.latitude)[2]


def test_ed269() -> None:
    found = read(ED269, ZONES)
    assert found.refused == ()
    circle, square, second = found.volumes
    assert [volume.id for volume in found.volumes] == ["AAA001/1", "AAA001/2", "AAA002"]
    assert [volume.name for volume in found.volumes] == ["Heliport", "Heliport", "AAA002"]
    assert {volume.kind for volume in found.volumes} == {"restricted"}
    assert {volume.owner for volume in found.volumes} == {"CHE"}
    assert circle.source == "z.json:zone 1, geometry 1"
    assert second.source == "z.json:zone 2"
    assert (circle.floor, circle.ceiling) == (SURFACE, Limit("AGL", pytest.approx(393.700787, abs=1e-6)))
    assert (square.floor, square.ceiling) == (Limit("AMSL", 1000.0), Limit("AMSL", 4000.0))
    assert distances(circle, 47.0, 7.5) == pytest.approx(2500.0, abs=1e-3)
    assert (circle.parts[0].outer.edge == GEODESIC).all()
    [part] = square.parts
    assert (part.outer.edge == STRAIGHT).all()
    assert len(part.outer) == len(part.holes[0]) == 4
    assert part.outer.longitude[:2] == pytest.approx([7.4, 7.6])
    assert circle.notes == (
        "zone for drones, REQ_AUTHORISATION (AIR_TRAFFIC, NOISE): read as restricted, the nearest kind",
        "conditions are not applied: \"['below 120 m']\"",
    )
    assert json.loads(circle.raw) == ZONES["features"][0]


def test_times_and_limits_that_are_left_out() -> None:
    second = read(ED269, ZONES).volumes[2]
    assert second.active == (
        Window(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)),
        Window(datetime(2026, 7, 1, tzinfo=UTC), None),
    )
    assert (second.floor, second.ceiling) == (SURFACE, UNLIMITED)
    assert second.notes[1:] == (
        "a schedule is not applied: taken as active at all hours from start to end",
        "no lower limit: from the surface",
        "no upper limit: unlimited",
    )
    assert read(ED269, ZONES).volumes[0].active == ()


def test_ed318() -> None:
    found = read(ED318, FEATURES)
    assert found.refused == ()
    point, low, high = found.volumes
    assert [volume.id for volume in found.volumes] == ["ESU247", "EI001/1", "EI001/2"]
    assert [volume.name for volume in found.volumes] == ["Hospital", "Airport", "Airport"]
    assert [volume.owner for volume in found.volumes] == ["SWE", "IRL", "IRL"]
    assert distances(point, 59.3, 18.0) == pytest.approx(1852.0, abs=1e-3)
    assert point.active == (Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),)
    assert "a schedule is not applied: taken as active at all hours from start to end" in point.notes
    assert (str(low.floor), str(low.ceiling)) == ("SFC", "400 ft AGL")
    assert (high.floor.reference, high.ceiling.reference) == ("AGL", "AMSL")
    assert high.ceiling.value_ft == pytest.approx(3000 / 0.3048, abs=1e-6)
    assert len(low.parts[0].holes) == 1
    assert len(high.parts) == 2
    assert (high.parts[1].outer.edge == STRAIGHT).all()


def test_the_radius_has_the_unit_of_the_zone() -> None:
    in_feet = changed(ZONES, lambda zone: zone["geometry"][0].update(uomDimensions="FT"))
    assert distances(read(ED269, in_feet).volumes[0], 47.0, 7.5) == pytest.approx(2500 * 0.3048, abs=1e-3)


def test_a_layer_may_stand_in_the_properties() -> None:
    def move(feature: Any) -> None:
        feature["properties"]["layer"] = feature["geometry"].pop("layer")

    assert str(read(ED318, changed(FEATURES, move)).volumes[0].ceiling) == "393.701 ft AGL"


def test_found_by_content_and_by_no_other_format(tmp_path: Path) -> None:
    plain = b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}}]}'
    assert {
        "ED-269": format_of(json.dumps(ZONES).encode()),
        "ED-318": format_of(b"\xef\xbb\xbf" + json.dumps(FEATURES).encode()),
        "GeoJSON": format_of(plain),
    } == {kind.name: kind for kind in (ED269, ED318, format_of(plain)) if kind}
    for name, document in (("zones.json", ZONES), ("zones.geojson", FEATURES)):
        path = tmp_path / name
        path.write_text(json.dumps(document), encoding="utf-8")
        assert len(read_airspace(path).volumes) == 3


@pytest.mark.parametrize("wrap", [lambda zones: zones, lambda zones: {"formatVersion": "1.0", "UASZoneList": zones}])
def test_lists_of_zones_in_other_wraps(wrap: Callable[[Any], Any]) -> None:
    document = json.dumps(wrap(ZONES["features"])).encode()
    assert format_of(document) is ED269
    assert len(ED269.read(document, "z.json").volumes) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda zone: zone.pop("geometry"), "geometry is no list"),
        (lambda zone: zone.update(geometry=[]), "has no geometry"),
        (lambda zone: zone["applicability"][0].update(permanent="NO", startDateTime="soon"), "no ISO 8601 time"),
        (
            lambda zone: zone["applicability"][0].update(
                permanent="NO", startDateTime="2026-02-01T00:00Z", endDateTime="2026-01-01T00:00Z"
            ),
            "is not after its start",
        ),
    ],
)
def test_zones_that_are_refused(change: Callable[[Any], Any], said: str) -> None:
    assert said in reason(ED269, changed(ZONES, change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"uomDimensions": None}, "uomDimensions None is neither m nor ft"),
        ({"uomDimensions": "FL"}, "neither m nor ft"),
        ({"upperLimit": "120"}, "is no number"),
        ({"upperLimit": True}, "is no number"),
        ({"upperLimit": 1e30}, "is no number that could be meant"),
        ({"upperLimit": float("nan")}, "is no number"),
        ({"upperLimit": 0}, "nothing is between the floor SFC and the ceiling SFC"),
        ({"lowerLimit": 200}, "nothing is between"),
        ({"upperVerticalReference": "WGS84"}, "without a geoid"),
        ({"upperVerticalReference": None}, "the upper limit is above None"),
        ({"horizontalProjection": None}, "geometry without type encloses no area"),
        ({"horizontalProjection": {"type": "Line"}}, "a Line encloses no area"),
        ({"horizontalProjection": {"type": "Circle", "center": [7.5, 97.0], "radius": 5}}, "not on the Earth"),
        ({"horizontalProjection": {"type": "Circle", "center": [7.5], "radius": 5}}, "is no longitude and latitude"),
        ({"horizontalProjection": {"type": "Circle", "center": [7.5, 47], "radius": 0}}, "is no length"),
        ({"horizontalProjection": {"type": "Circle", "center": [7.5, 47]}}, "radius None is no number"),
        ({"horizontalProjection": {"type": "Polygon", "coordinates": []}}, "part 1 has no ring"),
        ({"horizontalProjection": {"type": "Polygon", "coordinates": [SQUARE[:2]]}}, "part 1, ring 1: only 2 distinct"),
        (
            {"horizontalProjection": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0]]]}},
            "part 1, ring 1: the ring crosses itself",
        ),
    ],
)
def test_a_broken_geometry_leaves_the_others(change: dict[str, Any], said: str) -> None:
    document = changed(ZONES, lambda zone: zone["geometry"][0].update(change))
    found = read(ED269, document)
    assert [volume.id for volume in found.volumes] == ["AAA001/2", "AAA002"]
    [refused] = found.refused
    assert said in refused.reason
    assert (refused.name, refused.source) == ("Heliport/1", "z.json:zone 1, geometry 1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda feature: feature.pop("geometry"), "has no geometry"),
        (lambda feature: feature["geometry"].pop("layer"), "has no layer of limits"),
        (lambda feature: feature["geometry"].pop("extent"), "a Point encloses no area"),
        (lambda feature: feature["geometry"]["layer"].update(uom="nm"), "uom 'nm' is neither m nor ft"),
        (lambda feature: feature["geometry"]["layer"].update(upperReference="WGS84"), "without a geoid"),
        (lambda feature: feature["geometry"].update(type="MultiPolygon", coordinates=[]), "the geometry is empty"),
        (lambda feature: feature["properties"].update(limitedApplicability="x"), "limitedApplicability is no list"),
    ],
)
def test_features_that_are_refused(change: Callable[[Any], Any], said: str) -> None:
    assert said in reason(ED318, changed(FEATURES, change))


@pytest.mark.parametrize("kind", [ED269, ED318])
@pytest.mark.parametrize("data", [b"", b"{", b"[1]x", b"\xff\xfe", b"{}" * 2, b"[" * 100_000, b'{"features": 4}'])
def test_what_is_no_document(kind: Format, data: bytes) -> None:
    with pytest.raises(InputError):
        kind.read(data, "z.json")


@pytest.mark.parametrize(("kind", "document"), [(ED269, ZONES), (ED318, FEATURES)])
def test_damage_ends_in_a_refusal_at_worst(kind: Format, document: Any) -> None:
    for indent in (None, 1):
        data = json.dumps(document, indent=indent).encode()
        read = sum(read_or_refuse(kind, broken) is not None for broken in mutations(data, 300, f"{indent}"))
        assert read > 10  # not everything ends at the JSON


@pytest.mark.parametrize(("kind", "document"), [(ED269, ZONES), (ED318, FEATURES)])
@pytest.mark.parametrize("wrong", [None, "", "x", -1, 1e308, True, [], {}, [[]], {"type": "GeometryCollection"}])
def test_any_value_may_be_wrong(kind: Format, document: Any, wrong: Any) -> None:
    for broken in one_value_wrong(document, wrong):
        read_or_refuse(kind, broken)
