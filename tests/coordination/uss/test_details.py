"""What other systems are told of an operation encloses all of it, and says no more than where and when."""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.agreement.model import Disclosure
from overflight.airspace.operational import Polygon, read_volumes
from overflight.coordination.areas import Area
from overflight.coordination.dss.entities import INTENT, Entity, new_ovn
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.tables import open_tables
from overflight.coordination.uss.details import intent_told
from overflight.coordination.uss.disclosure import Coarseness, agreed
from tests.coordination.uss.test_declared import declared, told


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Register:
    return Register(open_tables(tmp_path_factory.mktemp("details") / "register.sqlite"))


@settings(deadline=None, max_examples=150)
@given(
    latitude=st.floats(-90.0, 90.0),
    longitude=st.floats(-180.0, 180.0),
    radius_m=st.floats(10.0, 600_000.0),
    step_deg=st.sampled_from([0.01, 0.05, 0.5]),
    polygon=st.booleans(),
)
def test_what_is_told_encloses_what_was_declared(
    register: Register, latitude: float, longitude: float, radius_m: float, step_deg: float, polygon: bool
) -> None:
    volume = told()
    circle = {"center": {"lat": latitude, "lng": longitude}, "radius": {"value": radius_m, "units": "M"}}
    volume["volume"] = {"outline_circle": circle}
    if polygon:
        turn = max(-170.0, min(170.0, longitude))
        corners = [(0.0, 0.0), (0.0, 3.0), (2.0, 5.0), (3.0, -1.0)]
        found = [{"lat": max(-89.0, min(85.0, latitude)) + up, "lng": turn + east} for up, east in corners]
        volume["volume"] = {"outline_polygon": {"vertices": found}}
    one = declared(volume)
    entity = Entity(INTENT, str(uuid.uuid4()), "party-x", 1, new_ovn(), "https://hosted.example", one.shape.volumes)
    with register.database.reading() as connection:
        given_out = intent_told(connection, register, entity, one, Coarseness(place_deg=step_deg))
    (coarse,) = read_volumes(given_out["details"]["volumes"])
    assert coarse.outline is not None
    assert Area(coarse.outline).covers(one.places[0].area)
    (exact,) = one.shape.volumes
    assert coarse.lower_m <= exact.lower_m
    assert coarse.upper_m >= exact.upper_m
    assert (coarse.start_us, coarse.end_us) == (entity.start_us, entity.end_us)
    assert given_out["details"]["priority"] == 0


def test_a_box_has_round_edges(register: Register) -> None:
    one = declared(told(36.012, 37.034), precedence="medical")
    entity = Entity(INTENT, str(uuid.uuid4()), "party-x", 1, new_ovn(), "https://hosted.example", one.shape.volumes)
    with register.database.reading() as connection:
        given_out = intent_told(connection, register, entity, one, Coarseness())
    (coarse,) = read_volumes(given_out["details"]["volumes"])
    assert isinstance(coarse.outline, Polygon)
    assert {round(one, 6) for one in coarse.outline.latitude} == {35.899, 36.151}
    assert {round(one, 3) for one in coarse.outline.longitude} == {36.9, 37.15}
    assert "36.012" not in json.dumps(given_out)
    assert given_out["details"]["priority"] == 2
    assert given_out["reference"]["ovn"] == entity.ovn


def test_how_coarse_is_agreed() -> None:
    assert agreed(Disclosure()) == Coarseness()
    found = agreed(Disclosure(place_deg=0.5, level="2000 ft", time="15 min"))
    assert (found.place_deg, round(found.level_ft, 6), found.time_s) == (0.5, 2000.0, 900)
