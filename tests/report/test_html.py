"""The report as a file: complete in itself, safe, balanced, repeatable, and honest about what it does not know."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from overflight.errors import InputError
from overflight.report.html import compose, write_report
from tests.report.building import GEOD, crossing, event, flight, result

VOID = {"meta", "br", "hr", "col", "img"}


class Reader(HTMLParser):
    """Checks that every element is closed where it should be, and collects what a browser would load or run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.references: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        assert tag not in {
            "script",
            "link",
            "iframe",
            "img",
            "object",
            "embed",
            "form",
            "base",
            "image",
            "foreignobject",
        }
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name == "id":
                self.ids.append(value or "")
            if name in {"src", "srcset", "data", "action", "poster", "background"}:
                self.loads.append(value or "")
            if name in {"href", "xlink:href"}:
                self.references.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def many(count: int) -> tuple[list[pl.DataFrame], list[dict[str, object]]]:
    flights: list[pl.DataFrame] = []
    events: list[dict[str, object]] = []
    for number in range(count):
        pair, row = crossing(number, (-121.5 + 0.01 * number, 36.8), severity=0.1 + 0.8 * number / count)
        flights += pair
        events.append(row)
    return flights, events


def test_needs_nothing_else_and_is_balanced():
    page = compose(result(*many(3)))
    reader = read(page)
    assert reader.loads == []
    assert all(reference.startswith("#") for reference in reader.references)
    assert "http://" not in page
    assert "https://" not in page
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_ids_are_unique_and_every_reference_has_one():
    page = compose(result(*many(4)))
    reader = read(page)
    assert len(reader.ids) == len(set(reader.ids))
    named = {reference[1:] for reference in reader.references} | set(re.findall(r"url\(#([^)]+)\)", page))
    assert named <= set(reader.ids)


def test_what_was_read_is_escaped():
    hostile = '<script>alert("1")</script>&$x$'
    a = flight("syn:a'\"><b>", (20.0, 50.0), 0.0, callsign=hostile)
    b = flight("syn:b</svg>", (20.001, 50.0), 90.0, callsign="$\\frac{1}{2}$")
    row = event(a, b, why='<img src=x onerror="1">', rule="<i>", verdict='confirmed" onload="x')
    check = result([a, b], [row])
    files = (replace(check.recording.files[0], path='<a href="http://x">.csv', format="<u>"),)
    drops = replace(check.recording.drops)
    check = replace(check, recording=replace(check.recording, files=files, drops=drops), parameters={"<p>": "</main>"})
    page = compose(check)
    reader = read(page)  # asserts that nothing of it became an element
    assert hostile in "".join(reader.text)
    assert "$\\frac{1}{2}$" in "".join(reader.text)


def test_twenty_events_stay_small_and_the_same_result_gives_the_same_bytes(tmp_path: Path):
    check = result(*many(20))
    write_report(check, tmp_path / "one.html")
    write_report(check, tmp_path / "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert (tmp_path / "one.html").stat().st_size < 3_000_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.html", "two.html"]


def test_beyond_fifty_the_gravest_are_drawn_and_the_others_listed():
    flights, events = many(53)
    page = compose(result(flights[:2], events))
    reader = read(page)
    assert page.count('class="event"') == 50
    assert "event-50" in reader.ids
    assert "event-51" not in reader.ids
    text = "".join(reader.text)
    assert "The 50 gravest of 53 events" in text
    assert "Event 1: ALPHA0 and BRAVO0" in text
    rest = text.split("Further events")[1]
    assert [f"ALPHA{number} and BRAVO{number}" in rest for number in (49, 50, 51, 52)] == [False, True, True, True]


def test_without_events_it_never_says_all_clear():
    pair, _ = crossing()
    text = "".join(read(compose(result(pair, []))).text)
    assert "No loss found in what could be tested." in text
    assert "30 of 600 track-minutes (5.0 %) had no known altitude" in text
    assert "4 reports stood alone" in text
    assert "9 positions were not used" in text
    assert "12 rows" in text
    assert "are not in the recording" in text
    assert "Advisory only" in text


def test_with_nothing_testable_it_says_so():
    text = "".join(read(compose(result([], [], track_minutes=0.0, track_minutes_no_altitude=0.0))).text)
    assert "Nothing could be tested." in text
    assert "No loss found" not in text


def test_totals_are_all_there():
    text = "".join(read(compose(result(*many(2)))).text)
    for word in (
        "flights.csv",
        "cd" * 32,
        "no position",
        "flights.csv, line 18",
        "stale",
        "well clear",
        "provisional",
        "Natural Earth",
        "2 events found: 2 confirmed.",
    ):
        assert word in text


def test_the_table_agrees_with_the_geodesic():
    pair, row = crossing()
    text = "".join(read(compose(result(pair, [row]))).text)
    _, _, metres = GEOD.inv(-121.5, 36.8, *GEOD.fwd(-121.5, 36.8, 90.0, 926.0)[:2])
    assert f"0.50 NM ({metres:,.0f} m)" in text
    assert "300 ft" in text
    assert "minimum 800 ft (1,000 less 200)" in text
    assert "36°48.000′N 121°30.000′W" in text
    assert "0421" in text


def test_an_unknown_altitude_is_said_to_be_unknown():
    a = flight("syn:a", (10.0, 50.0), 0.0, altitude_ft=None)
    b = flight("syn:b", (10.001, 50.0), 90.0)
    row = event(a, b, verdict="undetermined", vertical_ft=None, altitude_ft=float("nan"))
    text = "".join(read(compose(result([a, b], [row]))).text)
    assert "not known: no altitude" in text
    assert "nan" not in text.lower().replace("natural", "")


def test_an_event_without_tracks_or_parameters_is_still_told():
    a = flight("syn:a", (10.0, 50.0), 0.0)
    bare = event(a, a) | {
        "track_a": "gone",
        "track_b": None,
        "parameters": None,
        "severity": None,
        "band": None,
        "horizontal_nm": None,
        "kind": "incursion",
        "end": None,
        "duration_s": None,
    }
    text = "".join(read(compose(result([a], [bare]))).text)
    assert "Event 1: gone" in text
    assert "not rated" in text


def test_a_notice_beside_the_input_is_carried_over(tmp_path: Path):
    (tmp_path / "README.md").write_text(
        "# Recording\n\nMuch else.\n\nContains data from adsb.lol, ODbL 1.0 <b>.\n", encoding="utf-8"
    )
    (tmp_path / "flights.csv").write_text("x", encoding="utf-8")
    pair, row = crossing()
    check = result(pair, [row])
    files = (replace(check.recording.files[0], path=str(tmp_path / "flights.csv")),)
    text = "".join(read(compose(replace(check, recording=replace(check.recording, files=files)))).text)
    assert "Contains data from adsb.lol, ODbL 1.0 <b>." in text
    assert "Much else" not in text


def test_a_folder_that_is_not_there_is_an_input_error(tmp_path: Path):
    with pytest.raises(InputError):
        write_report(result([], []), tmp_path / "missing" / "report.html")
