"""Subscriptions, constraints, availability and reports: the standard's rules, over the API, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.coordination.dss.standing import (
    CONSTRAINTS,
    HIDDEN,
    INTENTS,
    MANAGEMENT,
    PROCESSING,
    STRATEGIC,
    SUBSCRIPTIONS,
    Standing,
    new_id,
)

URL = {"uss_base_url": "https://uss1.example/utm"}


def _notified(answer: Any) -> dict[str, int]:
    """Index of the notification by the subscription's id."""
    assert answer.status_code in (200, 201), answer.text
    told = answer.json()["subscribers"]
    return {one["subscription_id"]: one["notification_index"] for each in told for one in each["subscriptions"]}


def _again(there: Standing, subscription: dict[str, Any]) -> dict[str, Any]:
    return there.ask("GET", f"{SUBSCRIPTIONS}/{subscription['id']}", sub="uss2").json()["subscription"]


def test_a_change_names_whom_to_notify_and_counts_without_a_new_version(there: Standing) -> None:
    near, far = there.subscribed(), there.subscribed(there.volume(longitude=38.0, minutes=(0, 120)))
    answer = there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent())
    assert _notified(answer) == {near["id"]: 1}
    assert answer.json()["subscribers"][0]["uss_base_url"] == near["uss_base_url"]
    assert _again(there, near) == near | {"notification_index": 1}
    assert _again(there, far) == far


def test_old_and_new_volumes_notify(there: Standing) -> None:
    here, elsewhere = there.subscribed(), there.subscribed(there.volume(longitude=38.0, minutes=(0, 120)))
    made = there.planned()
    moved = there.ask("PUT", f"{INTENTS}/{made['id']}/{made['ovn']}", there.intent(there.volume(longitude=38.0)))
    assert _notified(moved) == {here["id"]: 2, elsewhere["id"]: 1}
    ovn = moved.json()["operational_intent_reference"]["ovn"]
    assert _notified(there.ask("DELETE", f"{INTENTS}/{made['id']}/{ovn}")) == {elsewhere["id"]: 2}


def test_levels_and_times_decide_who_is_notified(there: Standing) -> None:
    for levels, minutes, told in (
        ((None, None), (None, None), True),
        ((2_000.0, 3_000.0), (0.0, 120.0), True),
        ((2_001.0, 3_000.0), (0.0, 120.0), False),
        ((0.0, 3_000.0), (71.0, 120.0), False),
    ):
        one = there.subscribed(there.volume(levels=levels, minutes=minutes))
        made = there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent())
        assert (one["id"] in _notified(made)) is told
        name, ovn = (made.json()["operational_intent_reference"][field] for field in ("id", "ovn"))
        there.ask("DELETE", f"{INTENTS}/{name}/{ovn}")


def test_what_is_not_subscribed_to_does_not_notify(there: Standing) -> None:
    intents = there.subscribed()
    constraints = there.subscribed(notify_for_operational_intents=False, notify_for_constraints=True)
    assert _notified(there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent())) == {intents["id"]: 1}
    told = {"extents": [there.volume()], **URL}
    assert _notified(there.ask("PUT", f"{CONSTRAINTS}/{new_id()}", told)) == {constraints["id"]: 1}


def test_a_subscription_is_answered_with_what_is_there(there: Standing) -> None:
    intent, constraint = there.planned(), there.restricted()
    told = {"extents": there.volume(), "uss_base_url": "https://uss2.example"}
    path = f"{SUBSCRIPTIONS}/{new_id()}"
    both = told | {"notify_for_operational_intents": True, "notify_for_constraints": True}
    answer = there.ask("PUT", path, both, "uss2").json()
    assert answer["operational_intent_references"] == [intent | {"ovn": HIDDEN}]
    assert answer["constraint_references"] == [constraint | {"ovn": HIDDEN}]
    version = answer["subscription"]["version"]
    one = there.ask("PUT", f"{path}/{version}", told | {"notify_for_constraints": True}, "uss2").json()
    assert "operational_intent_references" not in one
    assert len(one["constraint_references"]) == 1
    assert one["subscription"]["version"] != version


def test_each_form_of_notice_needs_its_scope(there: Standing) -> None:
    told = {"extents": there.volume(), "uss_base_url": "https://uss2.example"}
    for flag, scope in (("notify_for_operational_intents", STRATEGIC), ("notify_for_constraints", PROCESSING)):
        for given in (STRATEGIC, PROCESSING):
            answer = there.ask("PUT", f"{SUBSCRIPTIONS}/{new_id()}", told | {flag: True}, "uss2", given)
            assert answer.status_code == (200 if given == scope else 403)
    assert there.ask("PUT", f"{SUBSCRIPTIONS}/{new_id()}", told, "uss2").status_code == 400


def test_times_of_subscriptions(there: Standing) -> None:
    def asked(*minutes: float | None) -> Any:
        told = {"extents": there.volume(minutes=minutes), "uss_base_url": "https://u.example"}  # type: ignore[arg-type]
        return there.ask("PUT", f"{SUBSCRIPTIONS}/{new_id()}", told | {"notify_for_operational_intents": True})

    made = asked(None, None).json()["subscription"]
    assert made["time_start"]["value"].startswith(there.when(0)["value"][:16])
    assert made["time_end"]["value"].startswith(there.when(24 * 60)["value"][:16])
    assert asked(-4.9, 60).status_code == 200
    assert asked(-5.1, 60).status_code == 400
    assert asked(-4.0, -1.0).status_code == 400
    assert asked(0.0, 24 * 60.0).status_code == 200
    assert asked(0.0, 24 * 60.0 + 1.0).status_code == 400


def test_a_subscription_may_begin_long_ago_if_it_did(there: Standing) -> None:
    made = there.subscribed(there.volume(minutes=(0, 120)))
    there.now += timedelta(minutes=30)
    told = {"extents": there.volume(minutes=(-30, 90)), "uss_base_url": "https://uss2.example"}
    told |= {"notify_for_operational_intents": True}
    path = f"{SUBSCRIPTIONS}/{made['id']}/{made['version']}"
    assert there.ask("PUT", path, told | {"extents": there.volume(minutes=(-29, 90))}, "uss2").status_code == 400
    assert there.ask("PUT", path, told, "uss2").status_code == 200


def test_expired_subscriptions_are_not_listed_and_not_notified(there: Standing) -> None:
    made = there.subscribed(there.volume(minutes=(0, 60)))
    assert [one["id"] for one in there.found(SUBSCRIPTIONS, there.volume(), "uss2")] == [made["id"]]
    there.now += timedelta(minutes=61)
    always = there.volume(minutes=(None, None))
    assert there.found(SUBSCRIPTIONS, always, "uss2") == []
    assert there.ask("GET", f"{SUBSCRIPTIONS}/{made['id']}", sub="uss2").status_code == 404
    answer = there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(there.volume(minutes=(-30, 30))))
    assert _notified(answer) == {}
    told = {"extents": there.volume(minutes=(0, 60)), "uss_base_url": "https://uss2.example"}
    again = there.ask("PUT", f"{SUBSCRIPTIONS}/{made['id']}", told | {"notify_for_operational_intents": True}, "uss2")
    assert again.status_code == 200, "its id is free"


def test_subscriptions_are_their_holders_alone(there: Standing) -> None:
    made = there.subscribed()
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    assert there.found(SUBSCRIPTIONS, there.volume(), "uss1") == []
    assert there.ask("GET", path).status_code == 403
    assert there.ask("DELETE", f"{path}/{made['version']}").status_code == 403
    assert there.ask("DELETE", f"{path}/{'x' * 22}", sub="uss2").status_code == 409
    assert there.ask("DELETE", f"{SUBSCRIPTIONS}/{new_id()}/{'x' * 22}", sub="uss2").status_code == 404
    refused = there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(subscription_id=made["id"]))
    assert refused.status_code == 403
    assert there.ask("DELETE", f"{path}/{made['version']}", sub="uss2").json()["subscription"] == made


def test_a_named_subscription_must_cover_the_intent(there: Standing) -> None:
    for extents, fits in (
        (there.volume(radius_m=1_000.0, minutes=(10, 70)), True),
        (there.volume(radius_m=999.0, minutes=(10, 70)), False),
        (there.volume(radius_m=5_000.0, minutes=(10, 69)), False),
        (there.volume(radius_m=5_000.0, minutes=(11, 80)), False),
        (there.volume(radius_m=5_000.0, minutes=(0, 80), levels=(1_001, 3_000)), False),
        (there.volume(radius_m=5_000.0, minutes=(0, 80), levels=(None, None)), True),
    ):
        subscription = there.subscribed(extents, "uss1")
        told = there.intent(state="Accepted", subscription_id=subscription["id"])
        answer = there.ask("PUT", f"{INTENTS}/{new_id()}", told)
        assert answer.status_code == (201 if fits else 400), answer.text
        if fits:
            made = answer.json()["operational_intent_reference"]
            assert made["subscription_id"] == subscription["id"]
            path = f"{SUBSCRIPTIONS}/{subscription['id']}"
            served = there.ask("GET", path).json()["subscription"]["dependent_operational_intents"]
            assert served == [made["id"]]
            assert there.ask("DELETE", f"{path}/{subscription['version']}").status_code == 409
            there.ask("DELETE", f"{INTENTS}/{made['id']}/{made['ovn']}")
            assert there.ask("DELETE", f"{path}/{subscription['version']}").status_code == 200
    constraints = there.subscribed(sub="uss1", notify_for_operational_intents=False, notify_for_constraints=True)
    told = there.intent(subscription_id=constraints["id"])
    assert there.ask("PUT", f"{INTENTS}/{new_id()}", told).status_code == 400


def test_a_subscription_keeps_covering_what_depends_on_it(there: Standing) -> None:
    subscription = there.subscribed(sub="uss1")
    there.planned(subscription_id=subscription["id"])
    told = {"extents": there.volume(radius_m=900.0, minutes=(0, 120)), "notify_for_operational_intents": True, **URL}
    path = f"{SUBSCRIPTIONS}/{subscription['id']}/{subscription['version']}"
    assert there.ask("PUT", path, told).status_code == 400
    wide = told | {"extents": there.volume(radius_m=2_000.0, minutes=(0, 120))}
    neither = {"notify_for_operational_intents": False, "notify_for_constraints": True}
    assert there.ask("PUT", path, wide | neither).status_code == 400
    assert there.ask("PUT", path, wide).status_code == 200


def test_implicit_subscriptions_grow_and_go_with_their_intent(there: Standing) -> None:
    made = there.planned(new_subscription=URL)
    path = f"{SUBSCRIPTIONS}/{made['subscription_id']}"
    subscription = there.ask("GET", path).json()["subscription"]
    assert subscription["implicit_subscription"]
    assert subscription["dependent_operational_intents"] == [made["id"]]
    far = there.volume(longitude=38.0, minutes=(10, 200))
    told = there.intent(far, subscription_id=made["subscription_id"])
    moved = there.ask("PUT", f"{INTENTS}/{made['id']}/{made['ovn']}", told).json()["operational_intent_reference"]
    grown = there.ask("GET", path).json()["subscription"]
    assert grown["time_end"] == moved["time_end"]
    assert grown["version"] != subscription["version"]
    other = there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(far, key=[moved["ovn"]]), "uss2")
    assert made["subscription_id"] in _notified(other)
    two = there.planned(there.volume(latitude=40.0), subscription_id=made["subscription_id"])
    assert there.ask("DELETE", f"{INTENTS}/{moved['id']}/{moved['ovn']}").status_code == 200
    assert there.ask("GET", path).json()["subscription"]["dependent_operational_intents"] == [two["id"]]
    assert there.ask("DELETE", f"{INTENTS}/{two['id']}/{two['ovn']}").status_code == 200
    assert there.ask("GET", path).status_code == 404


def test_an_implicit_subscription_goes_when_its_intent_takes_another(there: Standing) -> None:
    made = there.planned(new_subscription=URL)
    changed = there.ask("PUT", f"{INTENTS}/{made['id']}/{made['ovn']}", there.intent(new_subscription=URL)).json()
    assert there.ask("GET", f"{SUBSCRIPTIONS}/{made['subscription_id']}").status_code == 404
    new = changed["operational_intent_reference"]
    assert there.ask("GET", f"{SUBSCRIPTIONS}/{new['subscription_id']}").status_code == 200
    without = there.ask("PUT", f"{INTENTS}/{made['id']}/{new['ovn']}", there.intent()).json()
    assert without["operational_intent_reference"]["subscription_id"] == "00000000-0000-4000-8000-000000000000"
    assert there.ask("GET", f"{SUBSCRIPTIONS}/{new['subscription_id']}").status_code == 404


def test_an_intent_that_is_refused_leaves_no_subscription(there: Standing) -> None:
    there.planned(sub="uss2")
    assert there.ask("PUT", f"{INTENTS}/{new_id()}", there.intent(new_subscription=URL)).status_code == 409
    assert there.found(SUBSCRIPTIONS, there.volume()) == []


def test_constraints(there: Standing) -> None:
    made = there.restricted()
    path = f"{CONSTRAINTS}/{made['id']}"
    assert there.ask("GET", path, sub="uss1").json()["constraint_reference"] == made | {"ovn": HIDDEN}
    assert [one["ovn"] for one in there.found(CONSTRAINTS, there.volume(), "uss3")] == [made["ovn"]]
    assert there.found(CONSTRAINTS, there.volume(levels=(2_001, 3_000))) == []
    told = {"extents": [there.volume()], **URL}
    assert there.ask("PUT", path, told, "uss3").status_code == 409, "it is there already"
    assert there.ask("PUT", f"{path}/{made['ovn']}", told, "uss1").status_code == 403
    past = told | {"extents": [there.volume(minutes=(-20, -10))]}
    assert there.ask("PUT", f"{path}/{made['ovn']}", past, "uss3").status_code == 400
    assert there.ask("PUT", f"{CONSTRAINTS}/{new_id()}", told, scope=PROCESSING).status_code == 403
    assert there.ask("GET", path, scope=STRATEGIC).status_code == 403
    changed = there.ask("PUT", f"{path}/{made['ovn']}", told, "uss3", MANAGEMENT).json()["constraint_reference"]
    assert changed["version"] == 2
    assert there.ask("DELETE", f"{path}/{made['ovn']}", sub="uss3").status_code == 409
    assert there.ask("DELETE", f"{path}/{changed['ovn']}", sub="uss3").status_code == 200
    assert there.ask("GET", path).status_code == 404


def test_availability_of_which_nothing_is_known(there: Standing) -> None:
    told = there.ask("GET", "/dss/v1/uss_availability/nobody").json()
    assert told == {"version": "", "status": {"uss": "nobody", "availability": "Unknown"}}
    wrong = {"old_version": "", "availability": "Sleepy"}
    assert there.ask("PUT", "/dss/v1/uss_availability/nobody", wrong).status_code == 400


def test_reports(there: Standing) -> None:
    exchange = {"url": "https://u", "method": "GET", "recorder_role": "Client", "request_time": there.when(0)}
    answer = there.ask("POST", "/dss/v1/reports", {"exchange": exchange})
    assert answer.status_code == 201
    assert answer.json()["exchange"] == exchange
    assert answer.json()["report_id"]
    assert there.ask("POST", "/dss/v1/reports", {"exchange": exchange | {"recorder_role": "Spy"}}).status_code == 400
    assert there.ask("POST", "/dss/v1/reports", {}).status_code == 400


@pytest.mark.parametrize("where", [INTENTS, CONSTRAINTS, SUBSCRIPTIONS])
def test_what_is_not_there_is_404(there: Standing, where: str) -> None:
    answer = there.ask("GET", f"{where}/{new_id()}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"message"}
