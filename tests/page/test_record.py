"""The page of an incident with what each side states, and the page of an agreement: from a real record, and real breaches."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from overflight.agreement.logs import read_logs
from overflight.agreement.read import read_agreement
from overflight.examples import october
from overflight.incidents.claims import claims_as_text
from overflight.incidents.exchange import sync
from overflight.incidents.places import Folder
from overflight.incidents.stating import Check, state
from overflight.surveillance.read import read
from tests.incidents.parties import parties
from tests.page.test_page import shot
from tests.page.watching import log_in, violations
from tests.server.service import Running, running, sky

Opened = Callable[..., Page]


@pytest.fixture
def there(tmp_path: Path) -> Generator[Running]:
    """RED states the loss that the service finds too, out of the same positions; BLUE denies it."""
    file = tmp_path / "as_red_heard.parquet"
    sky().filter(pl.col("party").is_in(["RED", "BLUE"])).write_parquet(file)
    red, blue = parties(tmp_path / "records", "red", "blue", quorum=True)
    check = Check([file], parameters={"nets": ["separation"], "profile": "en-route"})
    told = claims_as_text(october() / "claims.json", "su24-2015-11-24")
    claims = [one for one in told if one["by"].startswith("Turkey")]
    incident = state(red, None, "open", "They came within a mile of each other.", check=check, claims=claims)
    (tmp_path / "stick").mkdir()
    stick = Folder(tmp_path / "stick")
    for one in (red, blue, red):
        sync(one, stick)
    state(blue, incident, "deny", "No aircraft of ours was there.", replies_to=[incident])
    for one in (blue, red, blue, red):
        sync(one, stick)
    folder = red.folder
    red.close()
    blue.close()
    with running(tmp_path / "overflight.sqlite", tmp_path, sky(), record=folder) as one:
        one.ended()
        yield one


def test_an_incident_shows_what_each_side_states_and_whether_it_holds(there: Running, opened: Opened) -> None:
    chief = there.administrator()
    event = next(one for one in chief.get("/events").json()["items"] if one["party_a"] == "RED")
    page = log_in(opened(there, f"/incident/{event['id']}"))
    statements = page.get_by_test_id("statements")
    expect(statements).to_contain_text("They came within a mile of each other.")
    expect(statements).to_contain_text("No aircraft of ours was there.")
    left, right = (statements.locator(".side").nth(k).bounding_box() for k in (0, 1))
    assert left is not None
    assert right is not None
    assert (left["y"], left["x"] < right["x"]) == (right["y"], True)
    expect(statements).to_contain_text("undetermined")
    # The event that RED states is the one that the service found, by its name.
    expect(statements.get_by_role("link", name=event["id"][:12])).to_be_visible()
    verified = page.get_by_test_id("verification")
    expect(verified).to_contain_text("Verified: signatures, logs, times and evidence hold")
    page.get_by_role("button", name="Repeat the checks over the evidence").click()
    expect(statements).to_contain_text("repeated: the same event", timeout=20_000)
    moment = page.get_by_test_id("moment").inner_text()
    page.locator("input[type=range]").press("ArrowRight")
    expect(page.get_by_test_id("moment")).not_to_have_text(moment)
    expect(page.get_by_test_id("plot-value").first).to_contain_text("distance:")
    for palette in ("dark", "light"):
        page.evaluate(f"document.documentElement.dataset.palette = '{palette}'")
        assert violations(page) == []
    page.get_by_role("button", name="Dark").click()
    page.set_viewport_size({"width": 1440, "height": 1900})
    shot(page, "record-1440")
    with page.expect_download() as report:
        page.get_by_role("link", name="Report (HTML)").click()
    assert "Loss of separation" in report.value.path().read_text()
    incident = chief.get("/incidents").json()["items"][0]["id"]
    page.goto(f"{there.url}/incident/{incident}")
    expect(page.get_by_test_id("verification")).to_contain_text("Verified")


def test_a_record_that_was_changed_is_said_to_be(there: Running, opened: Opened) -> None:
    there.administrator().close()
    assert there.service.work.record is not None
    for piece in (there.service.work.record / "evidence").glob("*/*.parquet"):
        piece.chmod(0o600)
        piece.write_bytes(b"something else")
    page = log_in(opened(there, "/events"))
    page.get_by_role("link", name="They came within a mile").click()
    expect(page.get_by_test_id("verification")).to_contain_text("Verification finds", timeout=10_000)


def test_an_agreement_is_in_words_and_breaches_stand_by_each_version(tmp_path: Path, opened: Opened) -> None:
    folder = october()
    table = read(str(folder / "synthetic_after_the_memorandum.csv")).table
    agreed = {
        "agreement": read_agreement(folder / "memorandum.toml"),
        "logs": read_logs(folder / "synthetic_calls.csv"),
    }
    with running(tmp_path / "overflight.sqlite", tmp_path, table, nets=("breach",), told=agreed) as there:
        there.ended()
        there.administrator().close()
        page = log_in(opened(there, "/agreement"))
        breaches = page.get_by_test_id("breaches")
        expect(breaches).to_contain_text("By the version of The coalition")
        row = breaches.locator("tbody tr", has_text="never below 3 NM and 2000 ft").first
        expect(row).to_contain_text("a breach")
        expect(row).to_contain_text("no breach")
        expect(page.get_by_text("Memorandum on flight safety over Syria").first).to_be_visible()
        assert violations(page) == []
        shot(page, "breaches-1440")
