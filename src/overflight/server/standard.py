"""How the APIs of ASTM F3548-21 are answered: a bearer token, a body that is JSON, the standard's statuses and its `ErrorResponse`."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from overflight.coordination.dss import requests
from overflight.coordination.dss.client import Client
from overflight.coordination.dss.refusal import Refusal
from overflight.errors import InputError, ParameterError
from overflight.server.bearer import Bearers

LARGEST_BODY: Final = 4 << 20
_HEADERS: Final = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}}
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
"""Does what is asked; returns the status and what to answer, None for no body."""


def standard_app(routes: Iterable[Route]) -> Starlette:
    """Return an application that answers what is wrong, and what is not there, as the standard does."""
    app = Starlette(routes=list(routes))
    app.router.redirect_slashes = False
    for kind in (Refusal, ParameterError, InputError, HTTPException, Exception):
        app.add_exception_handler(kind, _refused)
    return app


def endpoint(
    bearers: Bearers, scopes: tuple[str, ...], work: Work, *, reads: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint for whose token has one of some scopes; `reads`: whether its body is looked at."""

    async def answered(request: Request) -> Response:
        client = bearers.client(request.headers.get("authorization"))
        bearers.pace.take(client.name)
        client.may(*scopes)
        body = await _body(request) if request.method in ("POST", "PUT") and reads else b""

        def done() -> Response:
            status, told = work(Asked(client, dict(request.path_params), _read(body) if body else None))
            return Response(status_code=status) if told is None else JSONResponse(told, status)

        return await run_in_threadpool(done)

    return answered


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


def _refused(request: Request, error: Exception) -> Response:
    """Answer with the standard's `ErrorResponse`."""
    if isinstance(error, Refusal):
        return JSONResponse({"message": str(error), **error.more}, error.status, _HEADERS.get(error.status))
    if isinstance(error, ParameterError):
        return JSONResponse({"message": " ".join(str(error).split())}, 400)
    if isinstance(error, HTTPException):
        return JSONResponse({"message": error.detail}, error.status_code, error.headers)
    ours = not isinstance(error, InputError)
    _log.error(
        "cannot answer", exc_info=error if ours else None, extra={"path": request.url.path, "reason": str(error)}
    )
    return JSONResponse({"message": "this cannot be done now; the log here says why"}, 500 if ours else 503)
