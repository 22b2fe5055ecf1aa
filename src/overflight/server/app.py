"""The application: the API, the page, and what goes with every answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from overflight._version import __version__
from overflight.server import (
    api_alarms,
    api_events,
    api_login,
    api_notices,
    api_operations,
    api_record,
    api_sessions,
    api_sky,
    problems,
)
from overflight.server.access import caller
from overflight.server.guard import Guard
from overflight.server.metrics import MEDIA_TYPE, Metrics
from overflight.server.problems import problem
from overflight.server.service import Service

_log = logging.getLogger("overflight.server")
PAGE: Final = Path(__file__).with_name("page")
_PAGES: Final = ("/", "/setup", "/events", "/incident/{event_id}", "/agreement", "/accounts", "/notices", "/operations")


def create_app(service: Service, *, local: bool) -> FastAPI:
    """Return the application of a service, whose own parts run as long as it does; `local`: only this machine reaches it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        works = (service.bell.follow, service.pictures.take, service.notices.tell, *service.coordination.works())
        tasks = [asyncio.create_task(_kept_up(work)) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(
        title="Overflight",
        version=__version__,
        summary="Flight safety for airspace that several parties share. Advisory: it decides nothing.",
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    metrics = Metrics(service)
    app.add_middleware(Guard, secure=service.secure, local=local, metrics=metrics)
    for part in (api_sessions, api_alarms, api_events, api_login, api_notices, api_operations, api_record, api_sky):
        app.include_router(part.router)
    app.router.routes.extend(service.coordination.mounts())
    _add_health(app, service)

    @app.get("/metrics", include_in_schema=False)
    def told(request: Request) -> Response:
        """Return what a monitor asks for: to this machine where nobody else reaches it, else to who shows a token."""
        if not local:
            caller(request)
        return Response(metrics.text(), media_type=MEDIA_TYPE)

    _add_page(app)
    return app


async def _kept_up(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do what never ends; whatever ends it is an error of ours, which is written down, and it is begun again."""
    while True:
        try:
            await work()
        except Exception:
            _log.exception("begun again after an error of ours")
        await asyncio.sleep(1.0)


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", include_in_schema=False)
    def healthz() -> PlainTextResponse:
        """Say that the process answers."""
        return PlainTextResponse("ok\n")

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> Response:
        """Say whether it does its work: the loop judges, or has judged all there was, and the database can be read."""
        with service.store.reading():
            pass
        state = service.loop.state
        if state in {"running", "ended"} and not service.stopping.is_set():
            return PlainTextResponse("ready\n")
        return problem(503, f"the loop is {state}")


def _add_page(app: FastAPI) -> None:
    index = PAGE / "index.html"

    async def page(_: Request) -> Response:
        if not index.is_file():
            return PlainTextResponse(
                "The page is not built; `make install` builds it. The API is under /api/v1.\n", 503
            )
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    for path in _PAGES:
        app.add_api_route(path, page, include_in_schema=False)
    if PAGE.is_dir():
        app.mount("/assets", StaticFiles(directory=PAGE / "assets", check_dir=False), "assets")
