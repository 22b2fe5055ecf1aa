"""What a page must not do, and what it is made to do often."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

from tests.server.service import PASSWORD

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
EXPECTED = ("401 (Unauthorized)", "404 (Not Found)", "409 (Conflict)", "ERR_INTERNET_DISCONNECTED")
"""What Chromium says of answers that the page deals with: nobody is logged in yet, there is no record, an operation is in the way, the line is cut."""


def watched(page: Page, url: str, wrong: list[str]) -> None:
    """Note requests to anybody but the service at `url`, errors of scripts, and what the policy refused."""
    host = urlsplit(url).netloc

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != host:
            wrong.append(f"asked {request.url}")

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in EXPECTED):
            wrong.append(f"console: {message.text}")

    page.on("request", asked)
    page.on("websocket", lambda socket: None if urlsplit(socket.url).netloc == host else wrong.append(socket.url))
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    page.on("console", said)


def log_in(page: Page, name: str = "chief") -> Page:
    """Log somebody in by the form."""
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("header .brand")
    return page


def shown(page: Page) -> int:
    """How many tracks the map shows."""
    return int(page.get_attribute("[data-testid=map]", "data-tracks") or 0)


def with_map(page: Page, tracks: int = 1) -> Page:
    """Wait until the map is drawn, with some tracks at least."""
    page.wait_for_selector("[data-testid=map][data-drawn=true]", timeout=30_000)
    until = time.monotonic() + 20
    # Looked at from here: the page's policy lets nobody evaluate text in it again and again.
    while shown(page) < tracks:
        assert time.monotonic() < until, shown(page)
        page.wait_for_timeout(100)
    return page


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2, levels A and AA."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
