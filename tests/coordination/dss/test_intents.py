"""Operational intents: each rule of the standard that implementations get wrong, over the API, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.coordination.dss.standing import (
    ARBITRATION,
    CONFORMANCE,
    HIDDEN,
    INTENTS,
    PROCESSING,
    STRATEGIC,
    SUBSCRIPTIONS,
    Standing,
    new_id,
)


def _missing(answer: Any) -> list[str]:
    assert answer.status_code == 409, answer.text
    return [one["id"] for one in answer.json()["missing_operational_intents"]]


def test_only_its_manager_sees_the_ovn_of_an_intent(there: Standing) -> None:
    made = there.planned()
    assert len(made["ovn"]) >= 22
    path = f"{INTENTS}/{made['id']}"
    assert there.ask("GET", path).json()["operational_intent_reference"] == made
    seen = there.ask("GET", path, sub="uss2").json()["operational_intent_reference"]
    assert seen == made | {"ovn": HIDDEN}
    assert [one["ovn"] for one in there.found(INTENTS, there.volume(), "uss2")] == [HIDDEN]
    assert [one["ovn"] for one in there.found(INTENTS, there.volume())] == [made["ovn"]]
    refused = there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(), "uss2")
    assert [one["ovn"] for one in refused.json()["missing_operational_intents"]] == [HIDDEN]


def test_ovns_are_never_the_same(there: Standing) -> None:
    made = there.planned()
    answer = there.ask("PUT", f"{INTENTS}/{made['id']}/{made['ovn']}", there.intent())
    assert answer.status_code == 200
    changed = answer.json()["operational_intent_reference"]
    assert changed["ovn"] != made["ovn"]
    assert changed["version"] == 2


@pytest.mark.parametrize("state", ["Accepted", "Activated"])
def test_a_plan_needs_the_keys_of_all_it_meets(there: Standing, state: str) -> None:
    first, second = (there.planned(there.volume(longitude=at), sub="uss2") for at in (37.0, 37.005)), there
    one = next(first)
    two = there.planned(there.volume(longitude=37.005), sub="uss2", key=[one["ovn"]])
    elsewhere = there.planned(there.volume(longitude=38.0), sub="uss2")
    assert second is there
    more = {} if state == "Accepted" else {"new_subscription": {"uss_base_url": "https://uss1.example"}}
    path = f"{INTENTS}/{new_id()}"

    def asked(*key: str) -> Any:
        return there.ask("PUT", path, there.intent(state=state, key=key, **more))

    assert set(_missing(asked())) == {one["id"], two["id"]}
    assert _missing(asked(one["ovn"])) == [two["id"]]
    assert set(_missing(asked(HIDDEN, elsewhere["ovn"]))) == {one["id"], two["id"]}
    assert there.ask("GET", path).status_code == 404
    assert asked(one["ovn"], two["ovn"]).status_code == 201


def test_the_key_of_an_old_version_does_not_do(there: Standing) -> None:
    made = there.planned(sub="uss2")
    assert there.ask("PUT", f"{INTENTS}/{made['id']}/{made['ovn']}", there.intent(), "uss2").status_code == 200
    assert _missing(there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(key=[made["ovn"]]))) == [made["id"]]


def test_a_change_needs_no_key_of_its_own_old_version(there: Standing) -> None:
    made = there.planned()
    assert there.ask("PUT", f"{INTENTS}/{made['id']}/{made['ovn']}", there.intent()).status_code == 200


def test_own_intents_need_keys_too(there: Standing) -> None:
    made = there.planned()
    assert _missing(there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent())) == [made["id"]]


@pytest.mark.parametrize("state", ["Nonconforming", "Contingent"])
def test_what_is_out_of_its_plan_needs_a_scope_and_no_key(there: Standing, state: str) -> None:
    there.planned(sub="uss2")
    told = there.intent(state=state, new_subscription={"uss_base_url": "https://uss1.example"})
    path = f"{INTENTS}/{new_id()}"
    assert there.ask("PUT", path, told, scope=STRATEGIC).status_code == 403
    assert there.ask("PUT", path, told, scope=CONFORMANCE).status_code == 201
    planned = there.intent(there.volume(latitude=50.0))
    assert there.ask("PUT", f"{INTENTS}/{new_id()}", planned, scope=CONFORMANCE).status_code == 403


def test_what_is_out_of_its_plan_must_still_be_known(there: Standing) -> None:
    subscription = {"new_subscription": {"uss_base_url": "https://uss2.example"}}
    made = there.planned(sub="uss2", state="Nonconforming", **subscription)
    assert _missing(there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent())) == [made["id"]]


@pytest.mark.parametrize("state", ["Activated", "Nonconforming", "Contingent"])
def test_only_an_accepted_intent_goes_without_a_subscription(there: Standing, state: str) -> None:
    assert there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(state=state)).status_code == 400
    there.planned(state="Accepted")


def test_accepted_intents_of_a_uss_that_is_down_need_no_key(there: Standing) -> None:
    one = there.planned(sub="uss2")
    two = there.planned(
        sub="uss2", key=[one["ovn"]], state="Activated", new_subscription={"uss_base_url": "https://uss2.example"}
    )
    down = {"old_version": "", "availability": "Down"}
    assert there.ask("PUT", "/dss/v1/uss_availability/uss2", down, scope=STRATEGIC).status_code == 403
    told = there.ask("PUT", "/dss/v1/uss_availability/uss2", down, "arbiter", ARBITRATION).json()
    assert told["status"] == {"uss": "uss2", "availability": "Down"}
    assert _missing(there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent())) == [two["id"]]
    assert {one["uss_availability"] for one in there.found(INTENTS, there.volume())} == {"Down"}
    # and may itself neither plan nor remove
    assert there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(), "uss2").status_code == 412
    assert there.ask("DELETE", f"{INTENTS}/{one['id']}/{one['ovn']}", sub="uss2").status_code == 412
    contingent = there.intent(state="Contingent", new_subscription={"uss_base_url": "https://uss2.example"})
    assert there.ask("PUT", f"{INTENTS}/{two['id']}/{two['ovn']}", contingent, "uss2").status_code == 200
    back = {"old_version": told["version"], "availability": "Normal"}
    assert there.ask("PUT", "/dss/v1/uss_availability/uss2", down, "arbiter").status_code == 409
    assert there.ask("PUT", "/dss/v1/uss_availability/uss2", back, "arbiter").status_code == 200
    assert set(_missing(there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent()))) == {one["id"], two["id"]}


def test_constraints_count_where_they_are_subscribed_to(there: Standing) -> None:
    constraint = there.restricted()
    url = {"uss_base_url": "https://uss1.example"}
    there.planned(new_subscription=url)
    processing = {"new_subscription": url | {"notify_for_constraints": True}}
    (known,) = [one["ovn"] for one in there.found(INTENTS, there.volume())]
    path = f"{INTENTS}/{new_id()}"
    assert there.ask("PUT", path, there.intent(**processing), scope=STRATEGIC).status_code == 403
    refused = there.ask("PUT", path, there.intent(**processing, key=[known]), scope=f"{STRATEGIC} {PROCESSING}")
    assert refused.status_code == 409
    assert [one["id"] for one in refused.json()["missing_constraints"]] == [constraint["id"]]
    assert refused.json()["missing_operational_intents"] == []
    assert refused.json()["missing_constraints"][0]["ovn"] == HIDDEN
    assert there.ask("PUT", path, there.intent(**processing, key=[known, constraint["ovn"]])).status_code == 201


def test_the_end_of_the_union_must_not_be_past(there: Standing) -> None:
    past, coming = there.volume(minutes=(-60, -30)), there.volume(minutes=(10, 20))
    answer = there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(past))
    assert answer.status_code == 400
    assert "past" in answer.json()["message"]
    made = there.planned(past, coming)
    assert made["time_start"] == there.when(-60) | {"value": made["time_start"]["value"]}
    assert made["time_end"]["value"].startswith(there.when(20)["value"][:16])


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("where", [INTENTS, SUBSCRIPTIONS, "/dss/v1/constraint_references"])
def test_a_path_without_its_version_is_never_done(there: Standing, method: str, where: str) -> None:
    made = there.planned()
    answer = there.ask(method, f"{where}/{made['id']}/", there.intent() if method == "PUT" else None)
    assert answer.status_code in (400, 404, 409)
    assert "message" in answer.json()
    assert there.ask("GET", f"{INTENTS}/{made['id']}").json()["operational_intent_reference"] == made


def test_only_its_manager_changes_an_intent_and_knows_the_version(there: Standing) -> None:
    made = there.planned()
    path = f"{INTENTS}/{made['id']}"
    assert there.ask("PUT", f"{path}/{made['ovn']}", there.intent(), "uss2").status_code == 403
    assert there.ask("DELETE", f"{path}/{made['ovn']}", sub="uss2").status_code == 403
    assert there.ask("PUT", f"{path}/{'x' * 22}", there.intent()).status_code == 409
    assert there.ask("DELETE", f"{path}/{'x' * 22}").status_code == 409
    assert there.ask("PUT", path, there.intent()).status_code == 409
    assert there.ask("PUT", path, there.intent(), "uss2").status_code == 403
    assert there.ask("PUT", f"{INTENTS}/{new_id()}/{'x' * 22}", there.intent()).status_code == 409
    assert there.ask("DELETE", f"{INTENTS}/{new_id()}/{'x' * 22}").status_code == 404
    answer = there.ask("DELETE", f"{path}/{made['ovn']}")
    assert answer.status_code == 200
    assert answer.json()["operational_intent_reference"] == made
    assert there.ask("GET", path).status_code == 404
    assert there.found(INTENTS, there.volume()) == []


def test_levels_and_times_are_part_of_every_query(there: Standing) -> None:
    made = there.planned(there.volume(levels=(1_000, 2_000), minutes=(10, 70)))

    def found(**asked: Any) -> bool:
        return [one["id"] for one in there.found(INTENTS, there.volume(**asked))] == [made["id"]]

    assert found()
    assert found(levels=(None, None), minutes=(None, None))
    assert found(levels=(2_000, 3_000))
    assert not found(levels=(2_000.1, 3_000))
    assert found(levels=(None, 1_000))
    assert not found(levels=(None, 999.9))
    assert found(levels=(1_500, None))
    assert not found(levels=(2_001, None))
    assert found(minutes=(70, 80))
    assert not found(minutes=(70.1, 80))
    assert found(minutes=(None, 10))
    assert not found(minutes=(None, 9.9))
    assert found(minutes=(30, 30)), "a moment is a time"
    assert not found(minutes=(5, 5))
    assert not found(latitude=36.1)


def test_areas_are_exact_and_not_their_cells(there: Standing) -> None:
    there.planned(there.volume(latitude=0.0, longitude=0.0, radius_m=1_000.0))
    degree_m = 111_319.490793
    for apart_m, meets in ((1_999.9, True), (2_000.1, False)):
        asked = there.volume(latitude=0.0, longitude=apart_m / degree_m, radius_m=1_000.0)
        assert bool(there.found(INTENTS, asked)) is meets


@pytest.mark.parametrize("pole", [90.0, -90.0])
def test_circles_at_the_poles_and_the_date_line(there: Standing, pole: float) -> None:
    made = there.planned(there.volume(latitude=pole, longitude=0.0, radius_m=50_000.0))
    for longitude in (-180.0, -90.0, 0.0, 45.0, 179.9):
        near = there.volume(latitude=pole * 89.6 / 90.0, longitude=longitude, radius_m=1_000.0)
        assert [one["id"] for one in there.found(INTENTS, near)] == [made["id"]]
        assert there.found(INTENTS, there.volume(latitude=pole * 89.5 / 90.0, longitude=longitude)) == []
    across = there.planned(there.volume(latitude=0.0, longitude=179.999, radius_m=1_000.0))
    assert [one["id"] for one in there.found(INTENTS, there.volume(0.0, -179.999))] == [across["id"]]


def test_several_volumes_are_held_each_against_each(there: Standing) -> None:
    there.planned(there.volume(longitude=37.0, minutes=(10, 20)), there.volume(longitude=37.1, minutes=(20, 30)))
    assert there.found(INTENTS, there.volume(longitude=37.1, minutes=(10, 19))) == []
    assert len(there.found(INTENTS, there.volume(longitude=37.1, minutes=(21, 22)))) == 1


def test_more_than_can_be_told_is_an_error_and_no_cut(there: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overflight.coordination.dss.entities.MOST_FOUND", 2)
    for k in range(3):
        there.planned(there.volume(longitude=37.0 + k))
    asked = {"area_of_interest": there.volume(longitude=38.0, radius_m=200_000.0)}
    answer = there.ask("POST", f"{INTENTS}/query", asked)
    assert answer.status_code == 413
    assert "smaller area" in answer.json()["message"]
    large = there.intent(there.volume(longitude=38.0, radius_m=200_000.0))
    assert there.ask("PUT", f"{INTENTS}/{new_id()}", large).status_code == 413
    assert len(there.found(INTENTS, there.volume(longitude=37.5, radius_m=60_000.0))) == 2


def test_keys_and_extents_are_bounded(there: Standing) -> None:
    many = there.intent(key=[f"key-{k:020}" for k in range(5_001)])
    assert there.ask("PUT", f"{INTENTS}/{new_id()}", many).status_code == 400
    assert there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(*[there.volume()] * 501)).status_code == 413
    assert there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(key=["x" * 5_000_000])).status_code == 413


def test_unknown_fields_are_ignored(there: Standing) -> None:
    volume = there.volume() | {"colour": "red"}
    volume["volume"]["weight"] = {"value": 1}
    there.planned(volume, flight_number="AB12", requested_ovn_suffix="018f1d2a-0000-7000-8000-000000000000")


_WRONG: list[dict[str, Any]] = [
    {"extents": []},
    {"extents": None},
    {"extents": [{}]},
    {"extents": "everywhere"},
    {"state": "Ended"},
    {"state": None},
    {"state": ["Accepted"]},
    {"key": "abc"},
    {"key": [1]},
    {"uss_base_url": None},
    {"uss_base_url": "uss1.example"},
    {"uss_base_url": "https://uss1.example/"},
    {"uss_base_url": "https://u:p@uss1.example"},
    {"uss_base_url": "https://[uss1"},
    {"uss_base_url": "javascript:alert(1)"},
    {"subscription_id": "abc"},
    {"subscription_id": 5},
    {"new_subscription": "yes"},
    {"new_subscription": {}},
    {"new_subscription": {"uss_base_url": "https://uss1.example", "notify_for_constraints": "yes"}},
    {"subscription_id": "2f8343be-6482-4d1b-a474-16847e01af1e", "new_subscription": {"uss_base_url": "https://a.b"}},
    {"subscription_id": "2f8343be-6482-4d1b-a474-16847e01af1e"},
]


@pytest.mark.parametrize("wrong", _WRONG, ids=str)
def test_what_makes_no_sense_is_400(there: Standing, wrong: dict[str, Any]) -> None:
    answer = there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent() | wrong)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"message"}
    assert there.found(INTENTS, there.volume()) == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"extents": NaN}', b"[" * 100_000, b'"x"']
)
def test_what_is_no_json_object_is_400(there: Standing, content: bytes) -> None:
    headers = {"Authorization": f"Bearer {_token()}"}
    for method, path in (("PUT", f"{INTENTS}/{new_id()}"), ("POST", f"{INTENTS}/query"), ("POST", "/dss/v1/reports")):
        answer = there.client.request(method, path, content=content, headers=headers)
        assert answer.status_code == 400
        assert "message" in answer.json()


@pytest.mark.parametrize(
    "name", ["abc", "00000000-0000-1000-8000-000000000000", "2f8343be64824d1ba47416847e01af1e", "..", "%00"]
)
def test_ids_are_random_uuids(there: Standing, name: str) -> None:
    assert there.ask("PUT", f"{INTENTS}/{name}", there.intent()).status_code in (400, 404)
    assert there.ask("GET", f"{INTENTS}/{name}").status_code in (400, 404)


def test_a_query_needs_an_area(there: Standing) -> None:
    for wrong in ({}, {"area_of_interest": None}, {"area_of_interest": {"volume": {}}}):
        assert there.ask("POST", f"{INTENTS}/query", wrong).status_code == 400


def _token() -> str:
    from tests.coordination.dss.standing import token

    return token()
