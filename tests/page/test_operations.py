"""The page of operations, in a real browser: two parties, what is in whose way, and what would be clear."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from tests.page.test_page import shot
from tests.page.watching import log_in, violations, with_map
from tests.server.service import PASSWORD, Running

DAY = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")


def _declare(page: Page, **more: str) -> None:
    told = {"Latitude of its middle": "36", "Longitude": "44", "Radius, NM": "10", "From (UTC)": f"{DAY} 04:00"}
    told |= {"Until (UTC)": f"{DAY} 05:00"}
    for label, value in told.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Precedence").select_option(more.get("precedence", "routine"))
    page.get_by_role("button", name="Declare", exact=True).click()


def test_two_parties(there: Running, opened: Callable[..., Page]) -> None:
    chief = there.administrator()
    for name in ("red", "blue"):
        given = {"name": name, "role": "party officer", "party": name.upper(), "password": PASSWORD}
        assert chief.post("/accounts", json=given).status_code == 201
    red, blue = (log_in(opened(there, "/operations"), name) for name in ("red", "blue"))
    expect(red.get_by_text("No operations were declared.")).to_be_visible()
    _declare(red)
    expect(red.get_by_role("status")).to_have_text("The operation is planned.")
    expect(red.get_by_role("cell", name=f"{DAY} 04:00 to 05:00")).to_be_visible()

    _declare(blue)
    way = blue.get_by_role("region", name="In the way")
    expect(way).to_contain_text("1 operation is in the way")
    expect(way).to_contain_text("does not give way")
    expect(way).not_to_contain_text("RED")
    shot(blue, "operations-blue")
    assert violations(blue) == []
    way.get_by_role("listitem").filter(has_text="ft ").get_by_role("button", name="Declare that").click()
    expect(blue.get_by_role("status")).to_have_text("The operation is planned.")

    _declare(blue, precedence="medical")
    expect(blue.get_by_role("status")).to_contain_text("1 other gives way to it, and is told")
    red.reload()
    told = red.get_by_role("region", name="Told to you")
    expect(told).to_contain_text("(medical) is planned where yours is; yours gives way")
    shot(red, "operations-red")
    assert violations(red) == []
    told.get_by_role("button", name="Acknowledge").click()
    expect(told).to_have_count(0)
    red.get_by_role("button", name="Activate").click()
    expect(red.get_by_role("region", name="In the way")).to_contain_text("was not let in")
    red.get_by_role("button", name="In its way").click()
    expect(red.get_by_role("region", name="In the way")).to_contain_text("medical, does not give way")
    red.get_by_role("button", name="Make a token").click()
    expect(red.get_by_role("status")).to_contain_text("export OVERFLIGHT_TOKEN=")
    red.get_by_role("button", name="Release").click()
    expect(red.get_by_role("cell", name="ended")).to_be_visible()


def test_it_fits_a_telephone(there: Running, opened: Callable[..., Page]) -> None:
    given = {"name": "red", "role": "party officer", "party": "RED", "password": PASSWORD}
    assert there.administrator().post("/accounts", json=given).status_code == 201
    page = log_in(opened(there, "/operations", size=(390, 844)), "red")
    expect(page.get_by_role("link", name="Operations")).to_be_visible()
    expect(page.get_by_text("No operations were declared.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shot(page, "operations-390")


def test_who_is_of_no_party(there: Running, opened: Callable[..., Page]) -> None:
    there.administrator()
    page = log_in(opened(there, "/operations", size=(390, 844)))
    expect(page.get_by_text("your account is of none")).to_be_visible()


def test_they_are_on_the_map(there: Running, opened: Callable[..., Page]) -> None:
    chief = there.administrator()
    given = {"name": "red", "role": "party officer", "party": "RED", "password": PASSWORD}
    assert chief.post("/accounts", json=given).status_code == 201
    red = log_in(opened(there, "/operations"), "red")
    _declare(red)
    expect(red.get_by_role("status")).to_have_text("The operation is planned.")
    with red.expect_response("**/api/v1/operations/map") as answer:
        red.goto(f"{there.url}/")
    (feature,) = answer.value.json()["features"]
    assert feature["properties"]["name"] == "planned operation, routine"
    with_map(red, 1)
    expect(red.get_by_text("declared operation", exact=True)).to_be_visible()
    shot(red, "operations-map")
    assert violations(red) == []
