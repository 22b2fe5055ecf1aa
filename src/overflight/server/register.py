"""The register's API: `/dss/v1` of ASTM F3548-21 (its OpenAPI, version 1.0.0), with the standard's answers and errors."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from overflight.coordination.dss import requests
from overflight.coordination.dss.client import Client
from overflight.coordination.dss.entities import CONSTRAINT, INTENT
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.requests import ARBITRATION, CONFORMANCE, MANAGEMENT, PROCESSING, SCOPES, STRATEGIC
from overflight.coordination.dss.subscriptions import Subscriptions
from overflight.coordination.dss.tables import REPORTS
from overflight.errors import InputError, ParameterError
from overflight.server.bearer import Bearers

LARGEST_BODY: Final = 4 << 20
_log = logging.getLogger("overflight.server")


@dataclass(frozen=True)
class Asked:
    """A request: who asks, what its path names, and what it says."""

    client: Client
    path: dict[str, str]
    body: Any

    @property
    def id(self) -> str:
        """The id in the path."""
        return requests.read_id(self.path["entityid"])

    @property
    def ovn(self) -> str:
        """The version in the path."""
        return requests.read_ovn(self.path["ovn"])


Work = Callable[[Asked], tuple[int, Any]]


def create_register_app(register: Register, bearers: Bearers) -> Starlette:
    """Return the application of a register."""
    answers = _Answers(register)
    intents, constraints, subscriptions = (
        f"/dss/v1/{name}" for name in ("operational_intent_references", "constraint_references", "subscriptions")
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
        ("POST", "/dss/v1/reports", SCOPES, answers.report),
        ("GET", "/dss/v1/uss_availability/{uss}", (ARBITRATION, STRATEGIC, CONFORMANCE), answers.get_availability),
        ("PUT", "/dss/v1/uss_availability/{uss}", (ARBITRATION,), answers.set_availability),
    ]
    routes = [Route(path, _endpoint(bearers, scopes, work), methods=[method]) for method, path, scopes, work in told]
    for kind, scopes in ((intents, planning), (constraints, (MANAGEMENT,)), (subscriptions, notified)):
        no_version = _endpoint(bearers, scopes, _without_version)
        routes.append(Route(f"{kind}/{{entityid}}/", no_version, methods=["PUT", "DELETE"]))
        routes.append(Route(f"{kind}/{{entityid}}", no_version, methods=["DELETE"]))
    app = Starlette(routes=[*routes, Route("/healthz", _healthz)])
    app.router.redirect_slashes = False
    for kind in (Refusal, ParameterError, InputError, HTTPException, Exception):
        app.add_exception_handler(kind, _refused)
    return app


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
        told = requests.read_report(asked.body) | {"report_id": str(uuid.uuid4())}
        row = {"id": told["report_id"], "at_us": self._register.clock(), "reporter": asked.client.name}
        with self._register.database.transaction() as connection:
            connection.execute(REPORTS.insert().values(**row, report=json.dumps(told)))
        return 201, told

    def get_availability(self, asked: Asked) -> tuple[int, Any]:
        return 200, self._register.availabilities.get(requests.read_uss(asked.path["uss"]))

    def set_availability(self, asked: Asked) -> tuple[int, Any]:
        old_version, state = requests.read_availability(asked.body)
        name = requests.read_uss(asked.path["uss"])
        return 200, self._register.availabilities.set(name, old_version, state)


def _without_version(asked: Asked) -> tuple[int, Any]:
    raise Refusal(400, f"there is no version of {asked.id} in the path")


def _endpoint(bearers: Bearers, scopes: tuple[str, ...], work: Work) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        client = bearers.client(request.headers.get("authorization"))
        client.may(*scopes)
        body = await _body(request) if request.method in ("POST", "PUT") and work is not _without_version else b""

        def done() -> Response:
            status, told = work(Asked(client, dict(request.path_params), _read(body) if body else None))
            return JSONResponse(told, status)

        return await run_in_threadpool(done)

    return endpoint


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise Refusal(413, f"the request is larger than {LARGEST_BODY >> 20} MiB")
        parts.append(part)
    return b"".join(parts)


def _read(body: bytes) -> Any:
    def refuse(text: str) -> float:
        raise ValueError(text)

    try:
        return json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the request is no JSON ({type(error).__name__})") from None


def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _refused(request: Request, error: Exception) -> Response:
    """Answer with the standard's `ErrorResponse`."""
    if isinstance(error, Refusal):
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        return JSONResponse({"message": str(error), **error.more}, error.status, headers)
    if isinstance(error, ParameterError):
        return JSONResponse({"message": " ".join(str(error).split())}, 400)
    if isinstance(error, HTTPException):
        return JSONResponse({"message": error.detail}, error.status_code, error.headers)
    ours = not isinstance(error, InputError)
    _log.error(
        "cannot answer", exc_info=error if ours else None, extra={"path": request.url.path, "reason": str(error)}
    )
    return JSONResponse({"message": "this cannot be done now; the log of the register says why"}, 500 if ours else 503)
