"""Dangers against notices, held to a brute force over cells of place, time and level."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from overflight.airspace.audit import audit, state_of
from overflight.airspace.notices import COVERED, OPEN, PARTLY, UNDECIDED, Crossing
from overflight.airspace.read import read_airspace
from overflight.airspace.volume import STRAIGHT, SURFACE, UNLIMITED, Airspace, Limit, Volume, Window
from tests.airspace import zones

ROOT = Path(__file__).resolve().parents[2]
CORRIDOR = ROOT / "examples/october-2015/synthetic_corridor_7_october.geojson"
DAY = datetime(2025, 12, 1, tzinfo=UTC)
WEST, SOUTH = -150.0, -30.0
"""In the middle of the Pacific, where the regions of the tests are."""
CELL = 0.1
Box = tuple[int, int, int, int]  # west, south, east, north in cells
Spans = tuple[int, int]


def box(name: str, cells: Box, **over: object) -> Volume:
    west, south, east, north = (base + CELL * cell for base, cell in zip((WEST, SOUTH) * 2, cells, strict=True))
    corners = ([south, south, north, north], [west, east, east, west])
    return replace(zones.volume(name, corners, STRAIGHT, kind="danger"), **over)  # type: ignore[arg-type]


def region(name: str, cells: Box) -> Volume:
    return box(name, cells, kind="fir", accuracy_m=100.0, source="test")


def window(hours: Spans) -> tuple[Window, ...]:
    return (Window(DAY + timedelta(hours=hours[0]), DAY + timedelta(hours=hours[1])),)


def flight_levels(levels: Spans) -> dict[str, Limit]:
    return {"floor": Limit("STD", levels[0] * 1000.0), "ceiling": Limit("STD", levels[1] * 1000.0)}


def notice(name: str, fir: str, cells: Box, **over: object) -> Volume:
    return box(name, cells, notice="NOTAM", issued_for=(fir,), **({"kind": "restricted"} | over))


def held(*volumes: Volume, fir: str = "QAAA", danger: str = "D") -> Crossing:
    return next(one for one in audit(Airspace(volumes)).crossings if (one.fir, one.danger) == (fir, danger))


REGION = region("QAAA", (0, 0, 20, 20))
spans = st.tuples(st.integers(0, 5), st.integers(1, 4)).map(lambda pair: (pair[0], pair[0] + pair[1]))
boxes = st.tuples(spans, spans).map(lambda pair: (pair[0][0] + 2, pair[1][0] + 2, pair[0][1] + 2, pair[1][1] + 2))


@settings(max_examples=150, deadline=None)
@given(boxes, spans, spans, st.lists(st.tuples(boxes, spans, spans), max_size=5))
def test_against_every_cell(area: Box, hours: Spans, levels: Spans, others: list[tuple[Box, Spans, Spans]]) -> None:
    danger = box("D", area, active=window(hours), **flight_levels(levels))
    notices = [
        notice(f"N{k}", "QAAA", cells, active=window(when), **flight_levels(where))
        for k, (cells, when, where) in enumerate(others)
    ]
    found = held(danger, REGION, *notices)
    free = np.zeros((12, 12, 12, 12), bool)  # west to east, south to north, hours, thousands of feet
    free[area[0] : area[2], area[1] : area[3], slice(*hours), slice(*levels)] = True
    touched = free.copy()
    for cells, when, where in others:
        free[cells[0] : cells[2], cells[1] : cells[3], slice(*when), slice(*where)] = False
    if not free.any():
        assert found.verdict == COVERED, found
        return
    assert found.verdict == (PARTLY if (touched & ~free).any() else OPEN), found
    largest = max(float(size(free[:, :, t, z])) for t in range(12) for z in range(12))
    assert found.openings[0].area_km2 == pytest.approx(largest, rel=1e-3)
    for opening in found.openings:
        assert opening.start
        assert opening.end
        east, north = (opening.longitude - WEST) / CELL, (opening.latitude - SOUTH) / CELL
        first, last = ((moment - DAY) / timedelta(hours=1) for moment in (opening.start, opening.end))
        low, high = (int(text[2:]) // 10 for text in (opening.floor, opening.ceiling))
        assert free[int(east), int(north), int(first) : int(last), low:high].all(), opening


def size(cells: np.ndarray) -> float:
    """Area of cells in km², each by pyproj."""
    total = 0.0
    for x, y in np.argwhere(cells):
        west, south = WEST + CELL * x, SOUTH + CELL * y
        area, _ = Geod(ellps="WGS84").polygon_area_perimeter(
            [west, west + CELL, west + CELL, west], [south, south, south + CELL, south + CELL]
        )
        total += abs(area) * 1e-6
    return total


def test_the_corridor_of_2015_crosses_regions_without_a_notice() -> None:
    found = audit(read_airspace(CORRIDOR))
    assert {one.fir: one.verdict for one in found.crossings} == dict.fromkeys(["OIIX", "ORBB", "OSTT", "UBBA"], OPEN)


def test_a_notice_covers_its_own_region_alone() -> None:
    two = [REGION, region("QBBB", (20, 0, 40, 20))]
    danger = box("D", (15, 5, 25, 10))
    mine = notice("N1", "QAAA", (14, 4, 26, 11))
    assert held(danger, *two, mine).verdict == COVERED
    assert held(danger, *two, mine, fir="QBBB").verdict == OPEN


def test_what_a_notice_says_of_the_air_beyond_its_state_is_asked_for() -> None:
    """The debris area that ends where one authority's airspace does, on the map but not in the air."""
    two = [REGION, region("QBBB", (20, 0, 40, 20))]
    debris = replace(notice("N1", "QAAA", (15, 5, 25, 10)), kind="danger")
    found = [one for one in audit(Airspace((*two, debris))).crossings if one.fir.startswith("Q")]
    assert [(one.fir, one.verdict) for one in found] == [("QBBB", OPEN)]
    theirs = notice("N2", "QBBB", (19, 5, 25, 10))
    found = [one for one in audit(Airspace((*two, debris, theirs))).crossings if one.fir.startswith("Q")]
    assert [(one.fir, one.verdict) for one in found] == [("QBBB", COVERED)]


def test_a_circle_of_the_q_line_decides_nothing() -> None:
    danger = box("D", (5, 5, 8, 8))
    circle = notice("N1", "QAAA", (4, 4, 9, 9), assumed="area from the Q line")
    found = held(danger, REGION, circle)
    assert found.verdict == UNDECIDED
    assert "something is only assumed: area from the Q line" in found.why
    beside = notice("N1", "QAAA", (4, 4, 7, 9), assumed="area from the Q line")
    assert held(danger, REGION, beside).verdict == PARTLY  # even a full circle leaves some of it open


def test_levels_of_different_references() -> None:
    def verdict(ceiling: Limit, noticed: Limit) -> str:
        danger = box("D", (5, 5, 8, 8), floor=SURFACE, ceiling=ceiling)
        return held(danger, REGION, notice("N1", "QAAA", (4, 4, 9, 9), floor=SURFACE, ceiling=noticed)).verdict

    assert verdict(Limit("AMSL", 10000.0), Limit("AMSL", 10000.0)) == COVERED
    assert verdict(Limit("AMSL", 10000.0), Limit("STD", 10000.0)) == UNDECIDED
    assert verdict(Limit("AMSL", 10000.0), Limit("STD", 10900.0)) == COVERED
    assert verdict(Limit("AMSL", 10000.0), Limit("STD", 9000.0)) == PARTLY
    assert verdict(Limit("AGL", 1000.0), Limit("AGL", 1000.0)) == COVERED
    assert verdict(Limit("AGL", 1000.0), Limit("AMSL", 5000.0)) == UNDECIDED
    assert verdict(Limit("AGL", 1000.0), UNLIMITED) == COVERED
    assert verdict(UNLIMITED, Limit("STD", 60000.0)) == PARTLY


def test_a_strip_along_an_approximate_boundary_is_not_decided() -> None:
    vague = replace(REGION, accuracy_m=6000.0)
    assert held(box("D", (19, 5, 30, 10)), vague).verdict == OPEN
    grazing = replace(box("D", (20, 5, 30, 10)), id="D")
    shifted = replace(vague, parts=box("x", (0, 0, 20, 20)).parts)
    assert not [one for one in audit(Airspace((grazing, shifted))).crossings if one.fir == "QAAA"]
    corners = ([SOUTH + 0.5, SOUTH + 0.5, SOUTH + 1.0, SOUTH + 1.0], [WEST + 1.98, WEST + 3, WEST + 3, WEST + 1.98])
    inside_by_2_km = zones.volume("D", corners, STRAIGHT, kind="danger")
    assert held(inside_by_2_km, vague).verdict == UNDECIDED
    covered = held(box("D", (15, 5, 25, 10)), vague, notice("N1", "QAAA", (14, 4, 19, 11)))
    assert covered.verdict == PARTLY
    nearly = zones.volume("N1", ([-29.7, -29.7, -28.8, -28.8], [-148.7, -148.03, -148.03, -148.7]), STRAIGHT)
    found = held(box("D", (15, 5, 25, 10)), vague, replace(nearly, notice="NOTAM", issued_for=("QAAA",)))
    assert found.verdict == COVERED
    assert "not decided along the region's boundary" in found.why


def test_an_estimated_end_holds_until_somebody_says_otherwise() -> None:
    danger = box("D", (5, 5, 8, 8), active=window((0, 10)))
    mine = notice("N1", "QAAA", (4, 4, 9, 9), active=window((0, 5)))
    assert held(danger, REGION, mine).verdict == PARTLY
    found = held(danger, REGION, replace(mine, estimated_end=True))
    assert (found.verdict, found.why) == (UNDECIDED, "after the end that N1 estimates")
    assert held(replace(danger, active=window((0, 5))), REGION, replace(mine, estimated_end=True)).verdict == COVERED


def test_what_is_about_something_else_covers_nothing_for_sure() -> None:
    danger = box("D", (5, 5, 8, 8))
    other = notice("N1", "QAAA", (4, 4, 9, 9), kind="hazard")
    found = held(danger, REGION, other)
    assert (found.verdict, found.why) == (UNDECIDED, "N1 may be about something else: read it")
    beacon = replace(other, assumed="its code (QNVAS) is not about airspace: what it means there, nobody says")
    assert held(danger, REGION, beacon).verdict == OPEN


def test_a_danger_smaller_than_a_sliver_is_not_lost() -> None:
    corners = ([SOUTH + 0.5, SOUTH + 0.5, SOUTH + 0.5005], [WEST + 0.5, WEST + 0.5005, WEST + 0.5005])
    danger = zones.volume("D", corners, STRAIGHT, kind="danger")
    assert held(danger, REGION).verdict == OPEN
    assert held(danger, REGION, notice("N1", "QAAA", (4, 4, 9, 9))).verdict == COVERED


def test_parts_far_apart_are_looked_at_one_by_one() -> None:
    near, far = box("D", (5, 5, 8, 8)), zones.volume("F", ([40.0, 40.0, 41.0], [15.0, 16.0, 16.0]), STRAIGHT)
    both = replace(near, parts=(*near.parts, *far.parts))
    found = {one.fir: one for one in audit(Airspace((REGION, both))).crossings}
    assert found["QAAA"].area_km2 == pytest.approx(held(near, REGION).area_km2)
    assert {code[:2] for code in found if code} == {"QA", "LI", *(code[:2] for code in found if code[0] in "NSK")}


def test_a_region_whose_boundary_crosses_itself_is_named() -> None:
    morocco = zones.volume("D", ([31.0, 31.0, 32.0], [-7.0, -6.0, -6.0]), STRAIGHT, kind="danger")
    found = {one.fir: one for one in audit(Airspace((morocco,))).crossings}
    assert found["GMMM"].verdict == UNDECIDED
    assert "crosses itself" in found["GMMM"].why


def test_contradictions_are_named() -> None:
    text = """A0001/15 NOTAMN
Q) LTAA/QRDCA/IV/BO/W/000/999/3600N03600E010
A) LTAA B) 2512010100 C) 2512010400
E) FIRING WITHIN 5NM RADIUS OF 360000N0360000E FROM SFC TO 70000FT AMSL
F) SFC G) UNL
"""
    from overflight.airspace.readers.notam import NOTAM

    found = audit(NOTAM.read(text.encode(), "n.txt"))
    assert found.contradictions == ("A0001/15 LTAA contradicts itself: upper limit UNL in G, 70000 ft AMSL in E",)
    assert found.lines()[-1] == found.contradictions[0]


@pytest.mark.parametrize(("code", "state"), [("ZGZU", "Z"), ("ZMUB", "ZM"), ("KZNY", "K"), ("OIIX", "OI"), ("", "")])
def test_states(code: str, state: str) -> None:
    assert state_of(code) == state


def test_real_notices() -> None:
    """Real rocket notices: nothing of them is open but what lies beyond a state's border."""
    folder = ROOT.parent / "shared/data/notam"
    if not folder.exists():
        pytest.skip("no data")
    found = audit(read_airspace(folder / "rocket_launch_notams_2025-12.json"))
    assert found.dangers == found.notices == 80
    assert {(one.danger, one.fir) for one in found.crossings} == {("A4744/25", "VHHK"), ("A4790/25", "VHHK")}
