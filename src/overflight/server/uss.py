"""What the hosted side answers other systems: `/uss/v1` of ASTM F3548-21 (its OpenAPI, version 1.0.0).

Operations are told to systems that are in conflict with them, constraints to everybody. There is no telemetry: nothing that is hosted here is ever
Nonconforming or Contingent.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.applications import Starlette
from starlette.routing import Route

from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.reports import keep_report
from overflight.coordination.dss.requests import CONFORMANCE, MANAGEMENT, PROCESSING, SCOPES, STRATEGIC
from overflight.coordination.uss.constraints import Constraints
from overflight.coordination.uss.incoming import Incoming
from overflight.coordination.uss.operations import Operations
from overflight.server.bearer import Bearers
from overflight.server.standard import Asked, Work, endpoint, standard_app

PLACE: Final = "/uss/v1"


def uss_api(
    register: Register, operations: Operations, constraints: Constraints, incoming: Incoming, bearers: Bearers
) -> Starlette:
    """Return what answers under `PLACE`."""

    def intent(asked: Asked) -> tuple[int, Any]:
        return 200, {"operational_intent": operations.details(asked.client, asked.id)}

    def telemetry(asked: Asked) -> tuple[int, Any]:
        operations.details(asked.client, asked.id)
        raise Refusal(409, "the operational intent is as it was planned; there is no telemetry of those that are")

    def intent_changed(asked: Asked) -> tuple[int, Any]:
        incoming.intent(asked.client, asked.body)
        return 204, None

    def constraint(asked: Asked) -> tuple[int, Any]:
        return 200, {"constraint": constraints.details(asked.id)}

    def constraint_changed(asked: Asked) -> tuple[int, Any]:
        incoming.constraint(asked.client, asked.body)
        return 204, None

    def report(asked: Asked) -> tuple[int, Any]:
        return 201, keep_report(register, asked.client, asked.body)

    def log_set(_: Asked) -> tuple[int, Any]:
        raise Refusal(404, "no log set was made here; whoever runs this service makes them when asked")

    told: list[tuple[str, str, tuple[str, ...], Work]] = [
        ("GET", "/operational_intents/{entityid}", (STRATEGIC, CONFORMANCE), intent),
        ("GET", "/operational_intents/{entityid}/telemetry", (CONFORMANCE,), telemetry),
        ("POST", "/operational_intents", (STRATEGIC,), intent_changed),
        ("GET", "/constraints/{entityid}", (PROCESSING, MANAGEMENT), constraint),
        ("POST", "/constraints", (MANAGEMENT,), constraint_changed),
        ("POST", "/reports", SCOPES, report),
        ("GET", "/log_sets/{name}", SCOPES, log_set),
    ]
    return standard_app(
        Route(path, endpoint(bearers, scopes, work), methods=[method]) for method, path, scopes, work in told
    )
