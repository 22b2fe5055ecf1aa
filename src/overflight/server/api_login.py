"""`/login`: to the identity provider and back, where one was named."""

from __future__ import annotations

import hmac
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from overflight.errors import InputError
from overflight.server.access import TheService, address_of
from overflight.server.api_sessions import enter
from overflight.server.problems import Problem
from overflight.store import accounts, audit
from overflight.store.audit import Actor

router = APIRouter(tags=["login"])
_STATE: Final = "overflight_login"
_PATH: Final = "/login"


@router.get("/login", include_in_schema=False)
def begin(request: Request, service: TheService) -> RedirectResponse:
    """Send the browser to the identity provider."""
    if service.work.provider is None:
        raise Problem(404, "no identity provider was named")
    service.attempts.refuse("provider", address_of(request))
    try:
        url, state = service.work.provider.begin(str(request.url_for("end")))
    except InputError as error:
        raise Problem(502, str(error)) from None
    answer = RedirectResponse(url, 303)
    # Lax: the provider sends the browser back, which is a navigation from another site.
    answer.set_cookie(_STATE, state, 600, path=_PATH, httponly=True, secure=service.secure, samesite="lax")
    return answer


@router.get("/login/done", include_in_schema=False)
def end(
    request: Request,
    service: TheService,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> RedirectResponse:
    """Take somebody in that the identity provider vouches for, and that has an account."""
    if service.work.provider is None:
        raise Problem(404, "no identity provider was named")
    address = address_of(request)
    if not hmac.compare_digest(request.cookies.get(_STATE, "").encode(), state.encode()) or not state:
        raise Problem(403, "this login was begun in another browser; begin again at /login")
    try:
        name = service.work.provider.end(state, code)
    except InputError as error:
        service.attempts.failed("provider", address)
        raise Problem(403, str(error)) from None
    with service.store.transaction() as connection:
        somebody = accounts.account(connection, name)
        if somebody is None:
            audit.note(connection, Actor(None, address), "has no account", ascii(name[:100]))
    if somebody is None:
        raise Problem(403, f"{name[:100]!a} has no account here; an administrator can make one")
    answer = RedirectResponse("/", 303)
    enter(service, answer, somebody, address)
    answer.delete_cookie(_STATE, path=_PATH)
    return answer
