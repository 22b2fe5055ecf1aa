"""The hosted side and another system, over HTTP with tokens of one authority: each is told what is in the way of its own, and nothing else."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from overflight.airspace.operational import read_volumes
from overflight.coordination.areas import Area
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.requests import STRATEGIC
from overflight.coordination.uss.declared import read_declared
from overflight.errors import InputError
from overflight.server.bearer import Bearers
from overflight.server.coordinating import Others
from overflight.server.listening import listening
from overflight.server.peers import Authority, OtherSystems
from overflight.server.standard import Asked, endpoint, standard_app
from tests.coordination.dss.standing import AUDIENCE, EVERYTHING, HIDDEN, INTENTS, keys_file, token
from tests.server.service import LOCAL, Running, running, sky
from tests.server.test_operations import officers, operation

NAME = "other-system"
SECRET = "what the authority knows us by"
HOSTED = "https://hosted.example"


@dataclass
class Peer:
    """Another system that answers by the standard, and the authority: real servers over HTTP.

    Attributes:
        url: where it answers.
        intents: what it tells of its own, by id.
        heard: what it was told.
        mute: it answers nobody.
    """

    url: str = ""
    intents: dict[str, Any] = field(default_factory=dict[str, Any])
    heard: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    mute: bool = False
    news: threading.Event = field(default_factory=threading.Event)

    def tell(self, asked: Asked) -> tuple[int, Any]:
        if self.mute or asked.id not in self.intents:
            raise Refusal(404, "not here")
        return 200, {"operational_intent": self.intents[asked.id]}

    def hear(self, asked: Asked) -> tuple[int, Any]:
        if self.mute:
            raise Refusal(429, "later")
        self.heard.append(asked.body)
        self.news.set()
        return 204, None

    def told(self) -> dict[str, Any]:
        """The next that it is told."""
        assert self.news.wait(20), "it was told nothing"
        found = self.heard.pop(0)
        if not self.heard:
            self.news.clear()
        return found


async def give_token(request: Request) -> Response:
    form = dict(item.split("=") for item in (await request.body()).decode().split("&"))
    assert form["grant_type"] == "client_credentials"
    assert request.headers["authorization"].startswith("Basic ")
    made = token("overflight", form["scope"].replace("%20", " "), aud=form["audience"])
    return JSONResponse({"access_token": made, "expires_in": 3600, "token_type": "bearer"})


@dataclass
class Both:
    """A service, the other system, and clients of both."""

    there: Running
    peer: Peer

    def ask(self, method: str, path: str, body: Any = None, sub: str = NAME, scope: str = EVERYTHING) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token(sub, scope)}"}
        return httpx.request(method, f"{self.there.url}{path}", json=body, headers=headers, timeout=20)

    def plan(self, told: dict[str, Any], key: list[str], priority: int = 0, name: str | None = None) -> httpx.Response:
        """Plan an intent of the other system, which it can then tell of."""
        name = name or str(uuid.uuid4())
        volumes = [_above_ellipsoid(one) for one in told["volumes"]]
        asked = {"extents": volumes, "key": key, "state": "Accepted", "uss_base_url": self.peer.url}
        answer = self.ask("PUT", f"{INTENTS}/{name}", asked | {"new_subscription": {"uss_base_url": self.peer.url}})
        if answer.status_code == 201:
            details = {"volumes": volumes, "off_nominal_volumes": [], "priority": priority}
            reference = answer.json()["operational_intent_reference"]
            self.peer.intents[name] = {"reference": reference, "details": details}
        return answer


def _above_ellipsoid(volume: dict[str, Any]) -> dict[str, Any]:
    place = read_declared({"volumes": [volume]}).places[0].registered()
    told = {name: value for name, value in volume.items() if name != "flight_levels"}
    levels = {"lower": place.lower_m, "upper": place.upper_m}
    at = {f"altitude_{end}": {"value": m, "reference": "W84", "units": "M"} for end, m in levels.items()}
    return told | {"volume": volume["volume"] | at}


@contextmanager
def other_system(folder: Path) -> Generator[Peer]:
    peer = Peer()
    bearers = Bearers(keys_file(folder), ["127.0.0.1"])
    routes = [
        Route("/uss/v1/operational_intents/{entityid}", endpoint(bearers, (STRATEGIC,), peer.tell)),
        Route("/uss/v1/operational_intents", endpoint(bearers, (STRATEGIC,), peer.hear), methods=["POST"]),
        Route("/token", give_token, methods=["POST"]),
    ]
    with listening(standard_app(routes), LOCAL) as (url, _):
        peer.url = url
        yield peer


@pytest.fixture
def both(place: Path | str, tmp_path: Path) -> Generator[Both]:
    with other_system(tmp_path) as peer:
        systems = OtherSystems(Authority(f"{peer.url}/token", "overflight", SECRET), ["127.0.0.1"])
        others = Others(Bearers(keys_file(tmp_path), [AUDIENCE]), HOSTED, systems)
        with running(place, tmp_path, sky(), others=others) as there:
            yield Both(there, peer)


def test_another_systems_intent_is_in_the_way_as_it_tells_of_it(both: Both) -> None:
    _, red = officers(both.there, "red")
    assert both.plan(operation(), []).status_code == 201
    refused = red.post("/operations", json=operation(36.1))
    assert refused.status_code == 409, refused.text
    (conflict,) = refused.json()["conflicts"]
    assert (conflict["pseudonym"], conflict["precedence"], conflict["stale"]) == (NAME, "routine", False)
    (volume,) = conflict["volumes"]
    assert (volume["south"], volume["north"]) == (35.8, 36.2)
    shifts = refused.json()["shifts"]
    assert shifts
    for one in shifts:
        answer = red.post("/operations", json=one["operation"])
        assert answer.status_code == 201, "what is proposed is clear of it"
        red.post(f"/operations/{answer.json()['operation']['id']}/release")
    urgent = red.post("/operations", json=operation(36.1, "medical"))
    assert urgent.status_code == 201
    assert urgent.json()["conflicts"][0]["gives_way"]
    told = both.peer.told()
    assert told["operational_intent_id"] == urgent.json()["operation"]["id"]
    assert told["operational_intent"]["details"]["priority"] == 2
    mine = urgent.json()["operation"]["id"]
    assert [one["pseudonym"] for one in red.get(f"/operations/{mine}/conflicts").json()["items"]] == [NAME]


def test_what_its_system_does_not_tell_of_is_not_planned_into(both: Both) -> None:
    _, red = officers(both.there, "red")
    both.plan(operation(), [])
    both.peer.mute = True
    refused = red.post("/operations", json=operation(36.1, "emergency"))
    assert refused.status_code == 409
    (conflict,) = refused.json()["conflicts"]
    assert (conflict["pseudonym"], conflict["precedence"], conflict["stale"]) == (NAME, "unknown", True)
    assert refused.json()["shifts"] == []
    both.peer.mute = False
    assert red.post("/operations", json=operation(36.1, "emergency")).status_code == 201


def test_it_is_told_of_ours_once_it_is_in_conflict_and_not_before(both: Both) -> None:
    _, red = officers(both.there, "red")
    mine = red.post("/operations", json=operation()).json()["operation"]
    path = f"/uss/v1/operational_intents/{mine['id']}"
    for early in (both.ask("GET", path), both.ask("GET", path, sub="nobody")):
        assert early.status_code == 403
        assert "44" not in early.text
    refused = both.plan(operation(36.1), [])
    assert refused.status_code == 409
    (missing,) = refused.json()["missing_operational_intents"]
    assert (missing["id"], missing["ovn"], missing["uss_base_url"]) == (mine["id"], HIDDEN, HOSTED)
    assert "RED" not in refused.text
    told = both.ask("GET", path)
    assert told.status_code == 200, told.text
    assert "RED" not in told.text
    details = told.json()["operational_intent"]
    (coarse,) = read_volumes(details["details"]["volumes"])
    assert coarse.outline is not None
    assert Area(coarse.outline).covers(read_declared(operation()).places[0].area)
    assert both.ask("GET", path, sub="nobody").status_code == 403, "nobody else is told"
    assert both.plan(operation(36.1), [details["reference"]["ovn"]], priority=1).status_code == 201


def test_both_are_told_of_changes_that_concern_them(both: Both) -> None:
    _, red = officers(both.there, "red")
    mine = red.post("/operations", json=operation()).json()["operation"]
    path = f"/uss/v1/operational_intents/{mine['id']}"
    name = str(uuid.uuid4())
    both.plan(operation(36.1), [], name=name)
    ovn = both.ask("GET", path).json()["operational_intent"]["reference"]["ovn"]
    planned = both.plan(operation(36.1), [ovn], priority=3, name=name).json()
    (subscriber,) = [one for one in planned["subscribers"] if one["uss_base_url"] == HOSTED]
    news = {
        "operational_intent_id": name,
        "operational_intent": both.peer.intents[name],
        "subscriptions": subscriber["subscriptions"],
    }
    assert both.ask("POST", "/uss/v1/operational_intents", news, sub="liar").status_code == 403
    assert red.get("/deliveries").json()["items"] == []
    assert both.ask("POST", "/uss/v1/operational_intents", news).status_code == 204
    (told,) = red.get("/deliveries").json()["items"]
    assert (told["kind"], told["with"], told["precedence"], told["state"]) == (
        "conflict",
        NAME,
        "emergency",
        "accepted",
    )
    assert told["volumes"][0]["south"] == 35.9
    assert red.post(f"/operations/{mine['id']}/activate").status_code == 409
    gone = {"operational_intent_id": name, "subscriptions": subscriber["subscriptions"]}
    assert both.ask("POST", "/uss/v1/operational_intents", gone).status_code == 409, "it is still there"
    reference = both.peer.intents[name]["reference"]
    assert both.ask("DELETE", f"{INTENTS}/{name}/{reference['ovn']}").status_code == 200
    assert both.ask("POST", "/uss/v1/operational_intents", gone).status_code == 204
    assert red.get("/deliveries").json()["items"][-1]["kind"] == "released"
    both.plan(operation(36.1), [ovn], name=str(uuid.uuid4()))
    both.peer.mute = True  # what it does not hear is told again
    red.post(f"/operations/{mine['id']}/release")
    time.sleep(1.0)
    both.peer.mute = False
    told = both.peer.told()
    assert told["operational_intent_id"] == mine["id"]
    assert "operational_intent" not in told
    assert both.ask("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda news: news | {"operational_intent_id": 5}, 400),
        (lambda news: news | {"subscriptions": []}, 400),
        (lambda news: news | {"subscriptions": [{"subscription_id": "x"}]}, 400),
        (lambda news: news | {"operational_intent": {}}, 400),
        (lambda news: news | {"operational_intent_id": str(uuid.uuid4())}, 400),  # of another than it tells of
        (lambda _: [], 400),
    ],
)
def test_news_that_make_no_sense_are_refused(one: Both, change: Any, status: int) -> None:
    name = next(iter(one.peer.intents), None) or str(uuid.uuid4())
    if name not in one.peer.intents:
        assert one.plan(operation(), [], name=name).status_code == 201
    intent = one.peer.intents[name]
    subscriptions = [{"subscription_id": str(uuid.uuid4()), "notification_index": 1}]
    news = {"operational_intent_id": name, "operational_intent": intent, "subscriptions": subscriptions}
    assert one.ask("POST", "/uss/v1/operational_intents", news).status_code == 204
    assert one.ask("POST", "/uss/v1/operational_intents", change(news)).status_code == status
    old = intent | {"reference": intent["reference"] | {"ovn": "a-version-of-before"}}
    assert one.ask("POST", "/uss/v1/operational_intents", news | {"operational_intent": old}).status_code == 409


def test_what_else_is_answered(one: Both) -> None:
    red = one.there.logged_in("red") if one.there.secret is None else officers(one.there, "red")[1]
    mine = red.post("/operations", json=operation(50.0)).json()["operation"]["id"]
    assert one.ask("GET", f"/uss/v1/operational_intents/{mine}/telemetry").status_code == 403
    own = red.get("/operations").json()["items"]
    assert [item["id"] for item in own] == [mine]
    assert one.ask("GET", f"/uss/v1/operational_intents/{mine}", scope="utm.constraint_processing").status_code == 403
    assert httpx.get(f"{one.there.url}/uss/v1/operational_intents/{mine}").status_code == 401
    assert one.ask("GET", "/uss/v1/operational_intents/5").status_code == 400
    assert one.ask("GET", f"/uss/v1/constraints/{uuid.uuid4()}").status_code == 404
    assert one.ask("GET", "/uss/v1/log_sets/today").status_code == 404
    assert one.ask("POST", "/uss/v1/reports", {}).status_code == 400
    exchange = {"url": "https://x.example", "method": "GET", "recorder_role": "Client"}
    report = {"exchange": exchange | {"request_time": {"value": "2026-01-01T00:00:00Z", "format": "RFC3339"}}}
    assert "report_id" in one.ask("POST", "/uss/v1/reports", report).json()
    assert one.ask("GET", "/uss/v1/nothing").json() == {"message": "Not Found"}
    assert one.plan(operation(50.1), []).status_code == 409
    telemetry = one.ask("GET", f"/uss/v1/operational_intents/{mine}/telemetry")
    assert (telemetry.status_code, "no telemetry" in telemetry.text) == (409, True)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Generator[Both]:
    """A service for all tests that leave nothing behind."""
    folder = tmp_path_factory.mktemp("one")
    with other_system(folder) as peer:
        others = Others(Bearers(keys_file(folder), [AUDIENCE]), HOSTED)
        with running(folder / "store.sqlite", folder, sky(), others=others) as there:
            yield Both(there, peer)


def test_an_address_inside_is_not_asked(tmp_path: Path) -> None:
    with other_system(tmp_path) as peer:
        systems = OtherSystems(Authority(f"{peer.url}/token", "overflight", SECRET), [])
        for url in (peer.url, "https://127.0.0.1:1"):
            with pytest.raises(InputError, match=r"no https address|network of our own"):
                systems.details("operational_intents", url, str(uuid.uuid4()))
