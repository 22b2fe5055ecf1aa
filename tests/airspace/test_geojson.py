"""GeoJSON, and what openAIP exports: what is mended, what is refused, and what each code means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from overflight.airspace.read import read_airspace
from overflight.airspace.readers.geojson import GEOJSON, OPENAIP
from overflight.airspace.readers.registry import format_of
from overflight.airspace.volume import Airspace, Limit, Volume
from overflight.airspace.write import geojson
from overflight.errors import InputError
from tests.airspace.mutations import mutations, one_value_wrong, read_or_refuse

RING = [[10.0, 50.0], [11.0, 50.0], [11.0, 51.0], [10.0, 51.0], [10.0, 50.0]]
DAY = {"startTime": "00:00", "endTime": "00:00", "byNotam": False, "sunrise": False, "sunset": False}
ITEM: dict[str, Any] = {
    "_id": "626151cacab4c45f3a58ff52",
    "name": "ED-R10B TODENDORF-PUTLOS",
    "dataIngestion": True,
    "type": 1,
    "icaoClass": 8,
    "activity": 0,
    "onDemand": False,
    "onRequest": False,
    "byNotam": False,
    "specialAgreement": False,
    "requestCompliance": False,
    "country": "DE",
    "upperLimit": {"value": 400, "unit": 6, "referenceDatum": 2},
    "lowerLimit": {"value": 0, "unit": 1, "referenceDatum": 0},
    "hoursOfOperation": {"operatingHours": [{"dayOfWeek": day} | DAY for day in range(7)]},
    "geometry": {"type": "Polygon", "coordinates": [RING]},
}


def polygon(*rings: list[list[float]], **properties: Any) -> Airspace:
    feature = {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
    }
    return GEOJSON.read(json.dumps(feature).encode(), "z.geojson")


def listed(*items: dict[str, Any]) -> Airspace:
    return OPENAIP.read(json.dumps(list(items)).encode(), "z.json")


def one(**changes: Any) -> Volume:
    [volume] = listed(ITEM | changes).volumes
    return volume


# --- mended or refused --------------------------------------------------------------------------------------------------


def test_a_ring_that_is_not_closed_is_closed_and_noted() -> None:
    [volume] = polygon(RING[:-1]).volumes
    assert len(volume.parts[0].outer) == 4
    assert volume.notes == (
        "part 1, ring 1: the ring is not closed: an edge of 111.2 km from vertex 4 to the first is added",
    )
    assert volume.assumed == ""  # an edge is missing in the file, not in the area
    assert polygon(RING).volumes[0].notes == ()


def test_longitudes_beyond_180_are_taken_within_and_noted() -> None:
    [volume] = polygon([[179.0, 0.0], [181.0, 0.0], [182.0, 1.0], [179.0, 1.0], [179.0, 0.0]]).volumes
    assert volume.parts[0].outer.longitude.tolist() == [179.0, -179.0, -178.0, 179.0]
    assert volume.notes == ("part 1, ring 1: vertex 2 has the longitude 181, taken as -179, and 1 more alike",)
    [refused] = polygon([[10.0, 0.0], [500.0, 0.0], [11.0, 1.0], [10.0, 0.0]]).refused
    assert refused.reason == "part 1, ring 1: vertex 2 (latitude 0, longitude 500) is not on the Earth"


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"edges": []}, "edges []: choose from"),
        ({"notice": ["NOTAM"]}, "notice ['NOTAM']: choose from"),
        ({"kind": {"a": 1}}, "kind \"{'a': 1}\": choose from"),
        ({"lowerLimit": 5}, "lowerLimit 5 is not understood"),
        ({"icaoClass": 3}, "has no lowerLimit"),
    ],
)
def test_properties_that_say_nothing(properties: dict[str, Any], said: str) -> None:
    found = polygon(RING, **properties)
    assert found.volumes == ()
    assert said in found.refused[0].reason


# --- openAIP ------------------------------------------------------------------------------------------------------------


def test_a_list_a_page_and_features_give_the_same() -> None:
    page = {"items": [ITEM], "limit": 1000, "page": 1, "totalCount": 1, "totalPages": 1}
    properties = {name: value for name, value in ITEM.items() if name != "geometry"}
    feature = {"type": "Feature", "properties": properties, "geometry": ITEM["geometry"]}
    documents = ([ITEM], page, {"type": "FeatureCollection", "features": [feature]})
    for document, kind in zip(documents, (OPENAIP, OPENAIP, GEOJSON), strict=True):
        data = json.dumps(document).encode()
        assert format_of(data) is kind
        [volume] = kind.read(data, "z.json").volumes
        assert (volume.id, volume.name, volume.kind) == (ITEM["_id"], ITEM["name"], "restricted")
        assert (volume.floor, volume.ceiling) == (Limit("SFC"), Limit("STD", 40_000.0))
        assert (volume.notes, volume.assumed, volume.active) == ((), "", ())
        assert len(volume.parts[0].outer) == 4


@pytest.mark.parametrize(
    ("value", "unit", "datum", "limit"),
    [
        (0, 1, 0, "SFC"),
        (0, 0, 0, "SFC"),
        (1500, 1, 0, "1500 ft AGL"),
        (4500, 1, 1, "4500 ft AMSL"),
        (1000, 0, 1, "3280.84 ft AMSL"),
        (5000, 1, 2, "FL050"),
        (95, 6, 2, "FL095"),
        (999, 6, 2, "FL999"),
        (-100, 1, 1, "-100 ft AMSL"),
    ],
)
def test_limits(value: float, unit: int, datum: int, limit: str) -> None:
    told = {"value": value, "unit": unit, "referenceDatum": datum}
    volume = one(lowerLimit=told) if limit != "FL999" else one(upperLimit=told)
    assert str(volume.ceiling if limit == "FL999" else volume.floor) == limit


@pytest.mark.parametrize(
    "told",
    [
        None,
        5,
        {},
        {"value": 5, "unit": 2, "referenceDatum": 1},
        {"value": 5, "unit": 1, "referenceDatum": 3},
        {"value": "5", "unit": 1, "referenceDatum": 1},
        {"value": float("nan"), "unit": 1, "referenceDatum": 1},
        {"value": 5, "unit": True, "referenceDatum": 1},
        {"unit": 1, "referenceDatum": 1},
    ],
)
def test_limits_that_are_none(told: Any) -> None:
    found = listed(ITEM | {"upperLimit": told}, ITEM)
    assert len(found.volumes) == 1
    assert "upperLimit" in found.refused[0].reason
    assert (found.refused[0].name, found.refused[0].source) == (ITEM["name"], "z.json:item 1")


@pytest.mark.parametrize(
    ("code", "kind", "note"),
    [
        (1, "restricted", None),
        (2, "danger", None),
        (10, "fir", None),
        (3, "restricted", "type 3 (prohibited): read as restricted, the nearest kind"),
        (4, "restricted", "type 4 (control zone (CTR)): read as restricted, the nearest kind"),
        (15, "corridor", "type 15 (airway): read as corridor, the nearest kind"),
        (18, "danger", "type 18 (warning area): read as danger, the nearest kind"),
        (36, "restricted", "type 36 (military control zone): read as restricted, the nearest kind"),
        (37, "restricted", "type 37 (unknown): read as restricted, the nearest kind"),
        ("R", "restricted", "type 'R' (unknown): read as restricted, the nearest kind"),
    ],
)
def test_types(code: Any, kind: str, note: str | None) -> None:
    volume = one(type=code)
    assert (volume.kind, volume.notes) == (kind, (note,) if note else ())


def test_what_is_taken_as_active_at_all_times_confirms_nothing() -> None:
    for name, when in (("byNotam", "by NOTAM"), ("onDemand", "on demand"), ("onRequest", "on request")):
        volume = one(**{name: True})
        assert volume.notes == (f"active {when} only: taken as active at all times",)
        assert volume.assumed == volume.notes[0]
    weekdays = [{"dayOfWeek": day} | DAY for day in range(5)]
    nights = [{"dayOfWeek": day} | DAY | {"sunset": True} for day in range(7)]
    for hours in (weekdays, nights, "by NOTAM"):
        volume = one(hoursOfOperation={"operatingHours": hours})
        assert volume.assumed == "its hours of operation are not applied: taken as active at all times"
    assert one(hoursOfOperation=None).assumed == one(hoursOfOperation={"operatingHours": []}).assumed == ""


def test_what_else_an_airspace_says() -> None:
    volume = one(activeFrom="2026-05-01T06:00:00.000Z", activeUntil="2026-05-02T18:00:00.000Z")
    [window] = volume.active
    assert f"{window.start:%d %H} {window.end:%d %H}" == "01 06 02 18"
    assert one(specialAgreement=True).notes == (
        "there are special agreements (specialAgreement), which are not known here",
    )
    assert one(requestCompliance=True).notes == ("it is a request, not an order (requestCompliance)",)
    assert one(upperLimitMax=ITEM["upperLimit"]).assumed == "its upperLimitMax is not applied"
    level = one(lowerLimit={"value": 65, "unit": 6, "referenceDatum": 0})
    assert str(level.floor) == "FL065"
    assert level.notes == ("lowerLimit FL65 is given as AGL: taken as a flight level",)


def test_a_page_of_several_says_so() -> None:
    page = {"items": [ITEM, ITEM], "page": 2, "totalPages": 5}
    first, second = OPENAIP.read(json.dumps(page).encode(), "z.json").volumes
    assert first.notes == ("page 2 of 5 of a list: what stands on the others is not in this file",)
    assert second.notes == ()


def test_it_is_converted_as_it_was_read(tmp_path: Path) -> None:
    (tmp_path / "z.json").write_text(json.dumps([ITEM, ITEM | {"_id": "2", "byNotam": True, "type": 4}]))
    volumes = read_airspace(tmp_path / "z.json").volumes
    (tmp_path / "z.geojson").write_text(geojson(Airspace(volumes)))
    for volume, again in zip(volumes, read_airspace(tmp_path / "z.geojson").volumes, strict=True):
        for name in ("id", "name", "kind", "floor", "ceiling", "active", "assumed"):
            assert getattr(volume, name) == getattr(again, name)


# --- broken -------------------------------------------------------------------------------------------------------------

LINE = {
    "type": "Feature",
    "properties": {"party_left": "A", "party_right": "B", "reach": "20 NM"},
    "geometry": {"type": "LineString", "coordinates": [[10.0, 50.0], [11.0, 50.5], [12.0, 50.0]]},
}
OWN = {
    "id": "A", "kind": "danger", "floor": "FL100", "ceiling": 20_000, "owner": "TR", "accuracy_m": 5, "edges": "geodesic",
    "active_from": "2015-10-07T03:00:00Z", "active_to": None, "notice": "NOTAM", "issued_for": ["LTAA"], "barred": "SY",
}  # fmt: skip
AREA = {"type": "Feature", "properties": OWN, "geometry": {"type": "MultiPolygon", "coordinates": [[RING]]}}
FEATURES = {"type": "FeatureCollection", "features": [AREA, LINE]}
DOCUMENTS = [(GEOJSON, FEATURES), (OPENAIP, [ITEM, ITEM])]


@pytest.mark.parametrize(("kind", "document"), DOCUMENTS)
@pytest.mark.parametrize("wrong", [None, "", "x", -1, 1e308, True, [], {}, [[]], {"type": "GeometryCollection"}])
def test_any_value_may_be_wrong(kind: Any, document: Any, wrong: Any) -> None:
    for broken in one_value_wrong(document, wrong):
        read_or_refuse(kind, broken)


@pytest.mark.parametrize(("kind", "document"), DOCUMENTS)
def test_damage_ends_in_a_refusal_at_worst(kind: Any, document: Any) -> None:
    for indent in (None, 1):
        data = json.dumps(document, indent=indent).encode()
        assert sum(read_or_refuse(kind, broken) is not None for broken in mutations(data, 200, f"{indent}")) > 10


@pytest.mark.parametrize("data", [b"", b"{", b"[1]x", b"\xff\xfe", b"[" * 100_000, b'{"features": 4}', b"4", b"null"])
def test_what_is_no_document(data: bytes) -> None:
    with pytest.raises(InputError):
        GEOJSON.read(data, "z.json")
