"""The page as a watch officer and an investigator use it."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hatch_build import node
from matplotlib.image import imread
from playwright.sync_api import Page, Playwright, expect

from overflight.engine.replay import as_lines
from overflight.server.sources import open_sources
from tests.page.conftest import NO_WEBGL, chromium
from tests.page.watching import log_in, violations, with_map
from tests.server.service import PASSWORD, START, Running, flight, running, sky

Opened = Callable[..., Page]
SECONDS = [173 + k / 2 for k in range(44)]  # an aircraft says where it is twice a second
SHOTS = os.environ.get("OVERFLIGHT_SHOTS")


def shot(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to look at it."""
    if SHOTS:
        page.wait_for_timeout(2500)
        page.screenshot(path=f"{SHOTS}/{name}.png")


def entered(there: Running, opened: Opened, path: str = "/", **more: object) -> Page:
    there.administrator().close()
    return log_in(opened(there, path, **more))


def first_alarm(page: Page) -> str:
    page.wait_for_selector("[data-testid=alarm]")
    found = page.get_attribute("[data-testid=alarm]", "data-id")
    assert found is not None
    return found


def violet(page: Page) -> int:
    """How much of the map has the colour of flights at 35,000 ft and above; the legend has some of it too."""
    page.wait_for_timeout(2000)
    picture = imread(io.BytesIO(page.locator("[data-testid=map] .canvas").screenshot()), format="png")[..., :3]
    return int((np.abs(picture - np.array([240, 150, 250]) / 255).max(axis=-1) < 0.08).sum())


def test_the_page_s_own_tests_hold() -> None:
    """Among them that page and service read one picture of the sky alike."""
    done = subprocess.run(
        [node(), "--test", "web/test/*.test.ts"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_first_account_is_made_and_tracks_are_drawn(there: Running, opened: Opened) -> None:
    page = opened(there, f"/setup#{there.secret}")
    page.fill("[name=name]", "chief")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    with_map(page, 6)
    assert "#" not in page.url
    drawn = violet(page)
    page.keyboard.press("f")
    page.get_by_label("Callsign").fill("nobody")
    with_map(page, 0)
    assert drawn - violet(page) > 100
    page.get_by_role("button", name="No filters").click()
    page.keyboard.press("f")
    expect(page.get_by_test_id("mode")).to_contain_text("REPLAY")
    expect(page.get_by_test_id("off")).to_contain_text("Detection off: incursion, hazard")
    shot(page, "sky-1440")


def test_an_alarm_is_acknowledged_by_mouse_and_by_key_and_others_see_it(there: Running, opened: Opened) -> None:
    chief = there.administrator()
    chief.post("/accounts", json={"name": "ops", "role": "operator", "password": PASSWORD})
    mine, theirs = log_in(opened(there)), log_in(opened(there), "ops")
    first = first_alarm(mine)
    theirs.wait_for_selector(f"[data-id='{first}']")
    mine.locator(f"[data-id='{first}'] [data-testid=acknowledge]").click()
    # It is over: acknowledged by somebody, it leaves the list of everybody.
    expect(mine.locator(f"[data-id='{first}']")).to_have_count(0)
    expect(theirs.locator(f"[data-id='{first}']")).to_have_count(0, timeout=2000)
    theirs.keyboard.press("j")
    second = theirs.get_attribute("[data-testid=alarm][aria-current=true]", "data-id")
    theirs.keyboard.press("a")
    expect(theirs.locator(f"[data-id='{second}']")).to_have_count(0)
    expect(mine.locator(f"[data-id='{second}']")).to_have_count(0, timeout=2000)
    for event, who in ((first, "chief"), (second, "ops")):
        log = chief.get(f"/events/{event}").json()["log"]
        assert [one["user"] for one in log if one["action"] == "acknowledged"] == [who]


def test_an_alarm_is_shelved_with_a_reason_and_noted(there: Running, opened: Opened) -> None:
    page = entered(there, opened)
    first = first_alarm(page)
    page.keyboard.press("j")
    page.keyboard.press("z")
    page.get_by_role("textbox", name="Reason").fill("formation, known to both")
    page.get_by_role("button", name="Shelve", exact=True).last.click()
    expect(page.locator(f"[data-id='{first}']")).to_have_attribute("data-state", "shelved")
    page.locator(f"[data-id='{first}']").get_by_role("button", name="Note").click()
    page.get_by_role("textbox", name="Note").fill("told the supervisor")
    page.get_by_role("button", name="Write").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    log = there.logged_in("chief").get(f"/events/{first}").json()["log"]
    assert [(one["action"], one["note"]) for one in log][-2:] == [
        ("shelved", "formation, known to both"),
        ("noted", "told the supervisor"),
    ]


def test_replay_jumps_to_an_alarm_and_the_address_restores_the_view(there: Running, opened: Opened) -> None:
    page = with_map(entered(there, opened), 6)
    first_alarm(page)
    page.wait_for_selector(".tick", state="attached")
    page.keyboard.press("Shift+E")
    expect(page.get_by_test_id("mode")).to_have_attribute("data-mode", "history")
    events = sorted(one["start"] for one in there.logged_in("chief").get("/events").json()["items"])
    expect(page.get_by_test_id("history-time")).to_contain_text(events[-1][11:19])
    with_map(page, 6)
    page.keyboard.press("Shift+E")
    page.keyboard.press("f")
    page.get_by_label("Callsign").fill("TST0[12]")
    page.get_by_label("Callsign").fill("TST0*")
    page.get_by_label("From FL").fill("100")
    page.get_by_label("From FL").press("Tab")
    page.wait_for_timeout(500)
    url = page.url
    assert "time=2015-10-07T04:" in url
    assert "callsign=TST0*" in url
    assert "altitude=10000-" in url
    shot(page, "history-1440")
    again = log_in(opened(there, url.removeprefix(there.url)))
    expect(again.get_by_test_id("mode")).to_have_attribute("data-mode", "history")
    expect(again.get_by_test_id("history-time")).to_have_text(page.get_by_test_id("history-time").inner_text())
    with_map(again, 6)
    again.wait_for_timeout(500)
    assert again.url == url
    again.keyboard.press("l")
    expect(again.get_by_test_id("mode")).to_have_attribute("data-mode", "replay")
    again.keyboard.press("f")
    again.get_by_label("Callsign").fill("nobody")
    expect(again.get_by_test_id("map")).to_have_attribute("data-tracks", "0")
    expect(again.get_by_text("6 tracks hidden by filters")).to_be_visible()


@pytest.fixture
def at_once(tmp_path: Path) -> Generator[Running]:
    """A service whose sources tell what happens as it happens: two flights that will be too near in some seconds."""
    pair = [flight("adsb:000001", None, 30.0, 10.0, SECONDS), flight("adsb:000002", None, 30.01, -10.0, SECONDS)]
    table = pl.concat(pair).sort("timestamp", "track_id")
    with running(tmp_path / "overflight.sqlite", tmp_path, table, speed=1.0, lateness_s=0.1) as one:
        yield one


def test_an_alarm_is_seen_within_two_seconds_of_its_event(at_once: Running, opened: Opened) -> None:
    page = entered(at_once, opened)
    page.wait_for_selector("[data-testid=alarm]", timeout=25_000)
    seen = time.time()
    event = page.get_attribute("[data-testid=alarm]", "data-id")
    start = datetime.fromisoformat(at_once.logged_in("chief").get(f"/events/{event}").json()["event"]["start"])
    after_s = (start - START).total_seconds() - SECONDS[0]  # the recording goes on as fast as it happened
    assert after_s > 8
    assert 0 < seen - (at_once.began + after_s) < 2.0


def test_what_a_role_may_not_do_is_not_offered(there: Running, opened: Opened) -> None:
    chief = there.administrator()
    chief.post("/accounts", json={"name": "guest", "role": "viewer", "party": "RED", "password": PASSWORD})
    page = log_in(opened(there), "guest")
    first_alarm(page)
    expect(page.get_by_test_id("acknowledge")).to_have_count(0)
    expect(page.get_by_role("button", name="Shelve")).to_have_count(0)
    expect(page.get_by_role("link", name="Accounts")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_timeout(500)
    assert all(one["acknowledged"] is False for one in chief.get("/alarms").json()["items"])
    assert "GREEN" not in page.content()
    page.goto(f"{there.url}/events")
    page.wait_for_selector("[data-testid=events] tbody a")
    expect(page.get_by_role("link", name="CSV")).to_have_count(0)


def test_a_link_that_is_lost_is_said(tmp_path: Path, opened: Opened) -> None:
    with running(tmp_path / "overflight.sqlite", tmp_path, flight("adsb:000001", None, 30.0, 10.0)) as there:
        page = entered(there, opened)
        with_map(page)
        page.context.set_offline(True)
        there.service.pictures.watchers.clear()  # nothing comes any more, and the line does not say so
        expect(page.get_by_text("Link to the service lost")).to_be_visible(timeout=8000)


def test_without_webgl_everything_but_the_map_works(there: Running, opened: Opened, playwright: Playwright) -> None:
    plain = playwright.chromium.launch(executable_path=chromium(), args=NO_WEBGL)
    try:
        page = entered(there, opened, of=plain)
        expect(page.get_by_test_id("no-map")).to_contain_text("No map.")
        expect(page.get_by_test_id("no-map").get_by_role("button", name="TST01")).to_be_visible()
        first = first_alarm(page)
        shot(page, "no-webgl-1440")
        page.locator(f"[data-id='{first}'] [data-testid=acknowledge]").click()
        expect(page.locator(f"[data-id='{first}']")).to_have_count(0)
        page.locator("[data-testid=alarm]").first.get_by_role("link", name="Open").click()
        expect(page.get_by_test_id("plan")).to_be_visible()
        page.context.close()
    finally:
        plain.close()


def test_the_sky_as_it_stands_can_be_kept(there: Running, opened: Opened) -> None:
    page = with_map(entered(there, opened), 6)
    with page.expect_download() as kept:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(kept.value.path().read_text())))
    assert {row["track_id"] for row in rows} == {f"adsb:00000{k}" for k in range(1, 7)}
    with page.expect_download() as kept:
        page.get_by_role("button", name="PNG").click()
    assert imread(io.BytesIO(kept.value.path().read_bytes()), format="png").std() > 0.01


@pytest.mark.parametrize("palette", ["dark", "light"])
def test_everybody_can_use_it(there: Running, opened: Opened, palette: str) -> None:
    there.administrator().close()
    page = opened(there, color_scheme=palette)
    assert violations(page) == []
    with_map(log_in(page), 6)
    event = first_alarm(page)
    page.keyboard.press("f")
    page.keyboard.press("j")
    page.wait_for_timeout(300)
    assert page.locator("html").get_attribute("data-palette") == palette
    assert violations(page) == []
    shot(page, f"filters-{palette}")
    page.keyboard.press("?")
    assert violations(page) == []
    for path in ("/events", "/agreement", "/notices", "/accounts", f"/incident/{event}"):
        page.goto(f"{there.url}{path}")
        page.wait_for_selector("main h1")
        page.wait_for_timeout(600)
        assert violations(page) == [], path
        shot(page, f"{path.strip('/').split('/')[0]}-{palette}")


def test_it_fits_a_telephone(there: Running, opened: Opened) -> None:
    page = entered(there, opened, size=(390, 844))
    event = first_alarm(page)
    with_map(page, 6)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shot(page, "sky-390")
    for path in (f"/incident/{event}", "/events"):
        page.goto(f"{there.url}{path}")
        page.wait_for_selector("main h1")
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        shot(page, f"{path.strip('/').split('/')[0]}-390")


class Receiver:
    """What a receiver is on the network: it tells of one flight, as it flies, until it falls silent with the line open."""

    def __init__(self) -> None:
        self.silent = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.name = f"tcp://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._tell, daemon=True).start()

    def _tell(self) -> None:
        with contextlib.suppress(OSError), self._listening, self._listening.accept()[0] as line:
            for second in range(60):
                if self.silent.is_set():
                    break
                now = flight("adsb:000001", None, 30.0, 10.0, range(second, second + 1))
                line.sendall(
                    as_lines(now.with_columns(timestamp=pl.lit(datetime.now(UTC)).cast(now.schema["timestamp"])))
                )
                time.sleep(0.5)
            line.recv(1)


def test_live_is_said_to_be_and_data_that_stop_are_an_alarm(tmp_path: Path, opened: Opened) -> None:
    receiver = Receiver()
    sources = open_sources([receiver.name], None, None, {})
    with running(tmp_path / "overflight.sqlite", tmp_path, sky(), sources=sources, lateness_s=0.5) as there:
        page = with_map(entered(there, opened))
        expect(page.get_by_test_id("mode")).to_have_text("LIVE")
        expect(page.get_by_test_id("banner")).to_have_count(0)
        receiver.silent.set()
        expect(page.get_by_test_id("banner")).to_contain_text("A sky without reports is not a quiet sky.", timeout=8000)
        page.get_by_role("button", name="Play").click()
        expect(page.get_by_test_id("mode")).to_contain_text("REPLAY of the past")
        page.get_by_test_id("now").click()
        expect(page.get_by_test_id("mode")).to_have_text("LIVE")
