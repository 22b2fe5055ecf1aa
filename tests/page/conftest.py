"""A real browser: Debian's Chromium with a software renderer. Whatever it asks of anybody but the service, and every error of a script, fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.page.watching import watched
from tests.server.service import Running, running, sky

FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NO_WEBGL = ["--no-sandbox", "--disable-gpu", "--disable-3d-apis", "--disable-software-rasterizer"]


def chromium() -> str:
    path = shutil.which("chromium")
    if path is None:
        said = "no Chromium (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    return path


@pytest.fixture(scope="module")
def playwright() -> Generator[Playwright]:
    """As long as it runs, this thread has a loop, and no other test could run one: it ends with the tests of a file."""
    with sync_playwright() as one:
        yield one


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Generator[Browser]:
    one = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield one
    one.close()


@pytest.fixture
def there(tmp_path: Path) -> Generator[Running]:
    """A service that has judged a recording, and stands at its end."""
    with running(tmp_path / "overflight.sqlite", tmp_path, sky(), nets=("separation", "conflict")) as one:
        one.ended()
        yield one


@pytest.fixture
def opened(browser: Browser) -> Generator[Callable[..., Page]]:
    """Opens pages in browsers of their own: `opened(there, "/events", size=(390, 844))`."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(
        there: Running, path: str = "/", *, size: tuple[int, int] = (1440, 900), of: Browser = browser, **more: object
    ) -> Page:
        context = of.new_context(viewport={"width": size[0], "height": size[1]}, **{"color_scheme": "dark", **more})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        watched(page, there.url, wrong)
        page.goto(f"{there.url}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
