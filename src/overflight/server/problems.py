"""Errors as problem documents (RFC 9457), with the words of `overflight.errors`: what is wrong, and what to do about it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any, Final, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from overflight.coordination.dss.refusal import Refusal
from overflight.errors import ConflictError, InputError, MissingError, ParameterError

MEDIA_TYPE: Final = "application/problem+json"
_log = logging.getLogger("overflight.server")


class Problem(Exception):  # noqa: N818  its name in the standard
    """What is answered instead of what was asked for."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        """Keep the status, what is wrong in a sentence, and headers to answer with."""
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """Return a problem document."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let an application answer every error with one."""

    async def ours(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, Problem):
            return problem(error.status, error.detail, error.headers)
        if isinstance(error, Refusal):
            return problem(error.status, str(error))
        said = " ".join(str(error).split())
        if isinstance(error, MissingError):
            return problem(404, said)
        if isinstance(error, ConflictError):
            return problem(409, said)
        if isinstance(error, ParameterError):
            return problem(422, said, parameter=error.parameter)
        _log.error("cannot answer", extra={"path": request.url.path, "reason": said})
        return problem(503, "what this needs cannot be read or written now; the log of the server says what")

    async def of_starlette(_: Request, error: Exception) -> JSONResponse:
        told = cast("HTTPException", error)
        headers = dict(told.headers) if told.headers else None
        return problem(told.status_code, f"{told.detail}", headers)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        found = cast("RequestValidationError", error).errors()
        wrong = [{"where": ".".join(map(str, one["loc"])), "reason": one["msg"]} for one in found]
        said = "; ".join(f"{one['where']}: {one['reason']}" for one in wrong[:5])
        return problem(422, said, errors=wrong)

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("an error of ours", exc_info=error, extra={"path": request.url.path})
        return problem(500, "an error of ours; the log of the server has it")

    for kind in (Problem, Refusal, ParameterError, InputError):
        app.add_exception_handler(kind, ours)
    app.add_exception_handler(HTTPException, of_starlette)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unexpected)
