"""What goes with every answer, and what is refused before anything reads it: pages may load nothing from elsewhere, and bodies are small."""

from __future__ import annotations

import logging
import time
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overflight.server import register, uss
from overflight.server.address import LOOPBACK
from overflight.server.metrics import Metrics
from overflight.server.problems import problem
from overflight.server.standard import LARGEST_BODY

MOST_BYTES: Final = 64 * 1024
_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
"""Content Security Policy, level 3: scripts, styles and data come from this server, and no script can make another."""
_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}
_STANDARD: Final = (f"{register.PLACE}/", f"{uss.PLACE}/")
"""Where other systems tell volumes with all their points."""
_log = logging.getLogger("overflight.server")
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}


class Guard:
    """Wraps an application."""

    def __init__(self, app: ASGIApp, *, secure: bool, local: bool, metrics: Metrics) -> None:
        """Keep the application.

        Args:
            app: the application.
            secure: it is reached over TLS, and shall be from now on.
            local: it is reached from this machine alone, under its names: a page whose own name was made to lead here (DNS rebinding) is refused.
            metrics: counts the answers.
        """
        self._app, self._secure, self._local, self._metrics = app, secure, local, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        began_s = time.perf_counter()

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope, message["status"], time.perf_counter() - began_s)
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if self._secure:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
                elif scope["path"].startswith("/assets/"):
                    headers.setdefault("Cache-Control", "public, max-age=31536000, immutable")
            await send(message)

        headers = Headers(scope=scope)
        if self._local and urlsplit(f"//{headers.get('host', '')}").hostname not in LOOPBACK:
            await problem(421, "this service is reached by the names of this machine alone")(
                scope, receive, with_headers
            )
            return
        length = headers.get("content-length", "0")
        # Without a length nobody knows when to stop reading: no client of ours sends so.
        most = LARGEST_BODY if scope["path"].startswith(_STANDARD) else MOST_BYTES
        if not length.isdigit() or int(length) > most or "transfer-encoding" in headers:
            await problem(413, f"the body is longer than {most} bytes, or of unknown length")(
                scope, receive, with_headers
            )
            return
        await self._app(scope, receive, with_headers)

    def _count(self, scope: Scope, status: int, took_s: float) -> None:
        """Count an answer by its route, and write it to the log: with its path, and never with its query or body."""
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.answers.labels(scope["method"] if scope["method"] in _METHODS else "other", route, status).inc()
        self._metrics.seconds.labels(route).observe(took_s)
        told = {"method": scope["method"], "path": scope["path"], "status": status, "ms": round(took_s * 1000, 1)}
        _log.info("answered", extra=told)
