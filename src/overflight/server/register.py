"""The register's API: `/dss/v1` of ASTM F3548-21 (its OpenAPI, version 1.0.0), with the standard's answers and errors."""

from __future__ import annotations

from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from overflight.coordination.dss import requests
from overflight.coordination.dss.entities import CONSTRAINT, INTENT
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.reports import keep_report
from overflight.coordination.dss.requests import ARBITRATION, CONFORMANCE, MANAGEMENT, PROCESSING, SCOPES, STRATEGIC
from overflight.coordination.dss.subscriptions import Subscriptions
from overflight.server.bearer import Bearers
from overflight.server.standard import Asked, Work, endpoint, standard_app

PLACE: Final = "/dss/v1"


def create_register_app(register: Register, bearers: Bearers) -> Starlette:
    """Return the application of a register that stands alone."""
    app = standard_app([Route("/healthz", _healthz)])
    app.router.routes.append(Mount(PLACE, app=register_api(register, bearers)))
    return app


def register_api(register: Register, bearers: Bearers) -> Starlette:
    """Return what answers under `PLACE`."""
    answers = _Answers(register)
    intents, constraints, subscriptions = (
        f"/{name}" for name in ("operational_intent_references", "constraint_references", "subscriptions")
    )
    watching, planning = (STRATEGIC, CONFORMANCE), (STRATEGIC, CONFORMANCE)
    restricted, notified = (MANAGEMENT, PROCESSING), (STRATEGIC, PROCESSING)
    told: list[tuple[str, str, tuple[str, ...], Work]] = [
        ("POST", f"{intents}/query", watching, answers.query_intents),
        ("GET", f"{intents}/{{entityid}}", watching, answers.get_intent),
        ("PUT", f"{intents}/{{entityid}}", planning, answers.create_intent),
        ("PUT", f"{intents}/{{entityid}}/{{ovn}}", planning, answers.update_intent),
        ("DELETE", f"{intents}/{{entityid}}/{{ovn}}", planning, answers.delete_intent),
        ("POST", f"{constraints}/query", restricted, answers.query_constraints),
        ("GET", f"{constraints}/{{entityid}}", restricted, answers.get_constraint),
        ("PUT", f"{constraints}/{{entityid}}", (MANAGEMENT,), answers.create_constraint),
        ("PUT", f"{constraints}/{{entityid}}/{{ovn}}", (MANAGEMENT,), answers.update_constraint),
        ("DELETE", f"{constraints}/{{entityid}}/{{ovn}}", (MANAGEMENT,), answers.delete_constraint),
        ("POST", f"{subscriptions}/query", notified, answers.query_subscriptions),
        ("GET", f"{subscriptions}/{{entityid}}", notified, answers.get_subscription),
        ("PUT", f"{subscriptions}/{{entityid}}", notified, answers.create_subscription),
        ("PUT", f"{subscriptions}/{{entityid}}/{{ovn}}", notified, answers.update_subscription),
        ("DELETE", f"{subscriptions}/{{entityid}}/{{ovn}}", notified, answers.delete_subscription),
        ("POST", "/reports", SCOPES, answers.report),
        ("GET", "/uss_availability/{uss}", (ARBITRATION, STRATEGIC, CONFORMANCE), answers.get_availability),
        ("PUT", "/uss_availability/{uss}", (ARBITRATION,), answers.set_availability),
    ]
    routes = [Route(path, endpoint(bearers, scopes, work), methods=[method]) for method, path, scopes, work in told]
    for kind, scopes in ((intents, planning), (constraints, (MANAGEMENT,)), (subscriptions, notified)):
        no_version = endpoint(bearers, scopes, _without_version, reads=False)
        routes.append(Route(f"{kind}/{{entityid}}/", no_version, methods=["PUT", "DELETE"]))
        routes.append(Route(f"{kind}/{{entityid}}", no_version, methods=["DELETE"]))
    return standard_app(routes)


class _Answers:
    """What each request is answered with."""

    def __init__(self, register: Register) -> None:
        self._register, self._subscriptions = register, Subscriptions(register)

    def query_intents(self, asked: Asked) -> tuple[int, Any]:
        found = self._register.query(INTENT, asked.client, requests.read_query(asked.body))
        return 200, {"operational_intent_references": found}

    def get_intent(self, asked: Asked) -> tuple[int, Any]:
        return 200, {"operational_intent_reference": self._register.get(INTENT, asked.client, asked.id)}

    def create_intent(self, asked: Asked) -> tuple[int, Any]:
        return 201, self._register.put_intent(asked.client, asked.id, None, requests.read_intent(asked.body))

    def update_intent(self, asked: Asked) -> tuple[int, Any]:
        return 200, self._register.put_intent(asked.client, asked.id, asked.ovn, requests.read_intent(asked.body))

    def delete_intent(self, asked: Asked) -> tuple[int, Any]:
        return 200, self._register.delete_intent(asked.client, asked.id, asked.ovn)

    def query_constraints(self, asked: Asked) -> tuple[int, Any]:
        found = self._register.query(CONSTRAINT, asked.client, requests.read_query(asked.body))
        return 200, {"constraint_references": found}

    def get_constraint(self, asked: Asked) -> tuple[int, Any]:
        return 200, {"constraint_reference": self._register.get(CONSTRAINT, asked.client, asked.id)}

    def create_constraint(self, asked: Asked) -> tuple[int, Any]:
        return 201, self._register.put_constraint(asked.client, asked.id, None, *requests.read_constraint(asked.body))

    def update_constraint(self, asked: Asked) -> tuple[int, Any]:
        told = requests.read_constraint(asked.body)
        return 200, self._register.put_constraint(asked.client, asked.id, asked.ovn, *told)

    def delete_constraint(self, asked: Asked) -> tuple[int, Any]:
        return 200, self._register.delete_constraint(asked.client, asked.id, asked.ovn)

    def query_subscriptions(self, asked: Asked) -> tuple[int, Any]:
        found = self._subscriptions.query(asked.client, requests.read_query(asked.body))
        return 200, {"subscriptions": found}

    def get_subscription(self, asked: Asked) -> tuple[int, Any]:
        return 200, {"subscription": self._subscriptions.get(asked.client, asked.id)}

    def create_subscription(self, asked: Asked) -> tuple[int, Any]:
        return 200, self._subscriptions.put(asked.client, asked.id, None, requests.read_subscription(asked.body))

    def update_subscription(self, asked: Asked) -> tuple[int, Any]:
        return 200, self._subscriptions.put(asked.client, asked.id, asked.ovn, requests.read_subscription(asked.body))

    def delete_subscription(self, asked: Asked) -> tuple[int, Any]:
        return 200, {"subscription": self._subscriptions.delete(asked.client, asked.id, asked.ovn)}

    def report(self, asked: Asked) -> tuple[int, Any]:
        return 201, keep_report(self._register, asked.client, asked.body)

    def get_availability(self, asked: Asked) -> tuple[int, Any]:
        return 200, self._register.availabilities.get(requests.read_uss(asked.path["uss"]))

    def set_availability(self, asked: Asked) -> tuple[int, Any]:
        old_version, state = requests.read_availability(asked.body)
        name = requests.read_uss(asked.path["uss"])
        return 200, self._register.availabilities.set(
            asked.client.name, name, old_version, state, self._register.clock()
        )


def _without_version(asked: Asked) -> tuple[int, Any]:
    raise Refusal(400, f"there is no version of {asked.id} in the path")


def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok\n")
