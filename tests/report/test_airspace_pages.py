"""What the report says of airspace is what the check found: real checks of flights through real volumes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import overflight
from overflight.airspace.volume import Airspace, Refused, parse_limit
from overflight.api import Events
from overflight.cli.summary import totals as cli_totals
from overflight.earth.wgs84 import to_ecef
from overflight.engine.result import CheckResult
from overflight.events import EVENT_SCHEMA
from overflight.report import canvas, choice, encounter, event_pages, outlines, overview, stay, stay_profile, totals
from overflight.report.canvas import Frame
from overflight.report.html import compose
from overflight.report.tracks import Plan, Tracks
from overflight.units import NM_M
from tests.report.building import GEOD, START, flight
from tests.report.test_html import read


def box(number: str, /, west: float, south: float, east: float, north: float, **properties: Any) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"id": number, **properties},
    }


WEDGE = box("HAT", 36.1, 35.9, 36.3, 36.1, name="Hatay", kind="national", owner="TR", accuracy_m=300)
DANGER = box("D-1", 36.35, 35.95, 36.5, 36.2, kind="danger", floor="2000 ft AMSL", ceiling="FL195")
LOW = box("LOW", 36.0, 36.0, 36.2, 36.2, kind="restricted", floor="1500 ft AGL", ceiling="FL195")
EMPTY = box("EMPTY", 10.0, 10.0, 10.5, 10.5, kind="keep_out")
BOW = box("BOW", 0, 0, 1, 1, name="<Bow & tie>")
BOW["geometry"]["coordinates"] = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]
DOT = box("DOT", 0, 0, 0, 0, name="No area")
SKY = (WEDGE, DANGER, LOW, EMPTY)


def through(*features: dict[str, Any], flights: list[pl.DataFrame] | None = None, **told: Any) -> Events:
    """Check flights, one without any other, against volumes."""
    path = Path(told.pop("folder")) / "zones.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    if flights is None:
        flights = [flight("syn:1", (36.2, 36.0), 80.0, altitude_ft=19_000.0, callsign="ANKA1", speed_mps=200.0)]
    table = pl.concat(flights).sort("timestamp", "track_id")
    return overflight.check(table, airspace=path, **told)


def told(found: Events | CheckResult) -> str:
    page = compose(found.result if isinstance(found, Events) else found)
    return "".join(read(page).text)


def stays(found: Events) -> list[stay.Stay]:
    rows = found.result.events.to_dicts()
    tracks = Tracks(found.result.recording.table, [row["track_a"] for row in rows])
    volumes = stay.Volumes(found.result.airspace.volumes, 30.0)
    built = [stay.build(encounter.build(number, row, tracks), volumes) for number, row in enumerate(rows, 1)]
    return [each for each in built if each is not None]


def test_the_numbers_on_a_page_are_those_of_the_event_table(tmp_path: Path):
    found = through(*SKY, folder=tmp_path)
    rows = choice.drawn_and_listed(found.result.events, 50)[0].to_dicts()
    assert {row["volume"] for row in rows} == {"HAT", "D-1", "LOW"}
    page = told(found)
    for number, row in enumerate(rows, 1):
        of_it = page.split(f"Event {number}: ")[1].split("Inputs (SHA-256)")[0]
        assert of_it.startswith(f"ANKA1 in {row['volume']}")
        assert f"{row['depth_m'] / NM_M:.2f} NM ({row['depth_m']:,.0f} m)" in of_it
        assert f"{row['path_m'] / NM_M:.2f} NM ({row['path_m']:,.0f} m) flown inside" in of_it
        assert row["why"] in of_it
        assert f"Verdict: {row['verdict']}" in of_it
        crossings = json.loads(row["parameters"])
        for which in ("entry", "exit"):
            assert datetime.fromisoformat(crossings[which]["time"]).strftime("%H:%M:%S") in of_it
            assert crossings[which]["how"] in of_it


def test_the_arrow_ends_on_the_boundary_and_is_as_long_as_the_depth(tmp_path: Path):
    found = stays(through(*SKY, folder=tmp_path))
    assert found
    for each in found:
        length = float(np.linalg.norm(each.nearest_m - each.deepest_m))
        assert length == pytest.approx(each.row["depth_m"], abs=1.0)
        lines = outlines.rings(each.volume, lambda lon, lat: np.stack([lon, lat], axis=-1))
        corners = np.concatenate(lines)
        points = to_ecef(corners[:, 1], corners[:, 0])
        a, run = points[:-1], np.diff(points, axis=0)
        share = np.clip(((each.nearest_m - a) * run).sum(axis=1) / (run * run).sum(axis=1), 0.0, 1.0)
        assert np.linalg.norm(a + share[:, None] * run - each.nearest_m, axis=1).min() < 1.0


def test_crossings_lie_on_the_track_that_is_drawn(tmp_path: Path):
    for each in stays(through(*SKY, folder=tmp_path)):
        for crossing in (each.entry, each.exit):
            flown = each.encounter.tracks[0].position_m(np.array([crossing.at_s]))[0]
            assert np.linalg.norm(flown - crossing.ecef_m) < 1.0


def test_a_flight_level_is_a_line_a_height_above_the_sea_a_band_and_above_ground_words(tmp_path: Path):
    found = {each.volume.id: each for each in stays(through(*SKY, folder=tmp_path))}
    floor, ceiling = stay_profile.edges(found["D-1"])
    assert (floor.low_ft, floor.high_ft, floor.exact) == (2000.0 - 810.0, 2000.0 + 810.0, False)
    assert (ceiling.low_ft, ceiling.high_ft, ceiling.exact) == (19_500.0, 19_500.0, True)
    assert stay_profile.in_words(found["D-1"]) == []
    assert stay_profile.in_words(found["HAT"]) == ["floor: the surface", "ceiling: no limit"]
    assert stay_profile.in_words(found["LOW"]) == ["floor 1500 ft AGL: above ground, and no terrain to draw it by"]
    assert str(parse_limit("FL195")) in ceiling.said()


def test_every_refused_volume_is_named_with_its_reason(tmp_path: Path):
    found = through(*SKY, BOW, DOT, folder=tmp_path)
    assert len(found.summary.refused) == 2
    page = told(found)
    untested = page.split("What could not be tested")[1].split("volumes tested")[0]
    for each in found.result.airspace.refused:
        assert each.name in untested
        assert each.reason in page
        assert each.source in page
    assert "2 volumes could not be read and were NOT tested." in page
    assert "NOT tested, as they cannot be read: 2 volumes." in page


def test_many_refused_volumes_are_all_named(tmp_path: Path):
    found = through(*SKY, folder=tmp_path).result
    many = tuple(Refused(f"Zone {number}", f"zones.txt:{number}", "no area") for number in range(300))
    summary = replace(found.summary, refused=[f"{one.name}: {one.reason} ({one.source})" for one in many])
    page = told(replace(found, airspace=Airspace(found.airspace.volumes, many), summary=summary))
    assert all(f"Zone {number}: no area (zones.txt:{number})" in page for number in range(300))


def test_only_refused_volumes_is_no_all_clear(tmp_path: Path):
    page = told(through(BOW, folder=tmp_path, nets=("separation", "incursion", "hazard")))
    assert "No loss found in what could be tested." in page
    assert "no volume entered" not in page
    assert "No volume was entered" not in page
    assert "1 volume could not be read and was NOT tested." in page


def test_nothing_found_is_said_by_what_ran(tmp_path: Path):
    for nets, words in (
        (("separation", "incursion", "hazard"), "No loss found and no volume entered in what could be tested."),
        (("interference",), "No sign of interference in what could be tested."),
        (("incursion",), "No volume entered in what could be tested."),
        (("separation",), "No loss found in what could be tested."),
    ):
        page = told(through(EMPTY, folder=tmp_path, nets=nets))
        assert words in page
        assert ("1 volume given but not tested" in page) == ("incursion" not in nets)


def test_the_volumes_of_other_nets_are_not_said_to_be_tested(tmp_path: Path):
    page = told(through(*SKY, folder=tmp_path, nets=("hazard",)))
    assert "1 volume tested; 3 volumes given but not tested" in page
    assert "1 event found" in page


def test_entries_are_added_up_by_volume(tmp_path: Path):
    flights = [
        flight(f"syn:{number}", (36.2, 35.95 + 0.03 * number), 80.0 + 180.0 * (number % 2), altitude_ft=19_000.0)
        for number in range(4)
    ]
    found = through(WEDGE, folder=tmp_path, flights=flights, nets=("incursion",))
    events = found.result.events
    assert events.height == 4
    line = told(found).split("Deepest")[1].split("Kind")[0]
    deepest = float(events["depth_m"].max())  # type: ignore[arg-type]
    assert "HAT: Hatay" in line
    assert f"{deepest / NM_M:.2f} NM ({deepest:,.0f} m)" in line


def test_bundled_airspace_says_that_it_is_approximate():
    table = flight("syn:1", (36.2, 36.2), 80.0, altitude_ft=19_000.0, speed_mps=200.0)
    found = overflight.check(table, airspace=["country:TR", "fir:LTAA"])
    page = told(found)
    assert "approximate, not authoritative" in page.split("Notes on the volumes")[1].split("What the numbers mean")[0]
    assert "bundled set country" in page
    assert "bundled set fir" in page


def test_a_long_stay_is_drawn_whole_and_small():
    table = flight("syn:1", (35.0, 39.0), 280.0, altitude_ft=35_000.0, speed_mps=240.0, seconds=18_000, every_s=5)
    found = overflight.check(table, airspace="country:TR")
    page = compose(found.result)
    assert found.result.events.filter(pl.col("duration_s") > 3600.0).height == 1
    assert len(page) < 200_000 * found.result.events.height + 300_000
    assert "nan" not in re.sub(r"<[^>]*>", "", page).lower().replace("natural", "").replace("maintenance", "")


@pytest.mark.parametrize("middle", [(180.0, -17.0), (-180.0, 66.0), (10.0, 89.7), (0.0, 0.0)])
def test_stays_are_drawn_anywhere(middle: tuple[float, float], tmp_path: Path):
    corners = [GEOD.fwd(*middle, bearing, 15_000.0)[:2] for bearing in (45.0, 135.0, 225.0, 315.0)]
    ring = [[longitude, latitude] for longitude, latitude in corners[::-1]]
    feature = box("X", 0, 0, 1, 1, edges="geodesic")
    feature["geometry"]["coordinates"] = [[*ring, ring[0]]]
    flown = flight("syn:1", middle, 30.0, speed_mps=200.0)
    found = through(feature, folder=tmp_path, flights=[flown])
    if found.result.airspace.refused:
        pytest.skip(found.result.airspace.refused[0].reason)
    (only,) = stays(found)
    assert np.linalg.norm(only.nearest_m - only.deepest_m) == pytest.approx(only.row["depth_m"], abs=1.0)
    assert "nan" not in compose(found.result).split("<svg")[-1].lower()


def twenty() -> list[pl.DataFrame]:
    return [
        flight(f"syn:{number:02d}", (36.2, 35.91 + 0.009 * number), 80.0, altitude_ft=10_000.0 + 1_500.0 * number)
        for number in range(20)
    ]


def test_twenty_incursions_stay_small_and_the_same_result_gives_the_same_bytes(tmp_path: Path):
    found = through(WEDGE, folder=tmp_path, flights=twenty())
    assert found.summary.events == {"incursion": 20}
    page = compose(found.result)
    assert len(page.encode()) < 3_000_000
    assert page == compose(found.result)
    assert page.count('class="event"') == 20


def valid(page: str) -> str:
    """The checks that every report passes; returns its text."""
    reader = read(page)
    assert reader.loads == []
    assert all(reference.startswith("#") for reference in reader.references)
    assert len(reader.ids) == len(set(reader.ids))
    named = {reference[1:] for reference in reader.references} | set(re.findall(r"url\(#([^)]+)\)", page))
    assert named <= set(reader.ids)
    assert not re.search(r"url\((?!#)", page)
    return "".join(reader.text)


def of_kind(kind: str, parameters: dict[str, Any], **columns: Any) -> dict[str, Any]:
    """An event that is neither a pair nor a stay, as the nets for them write it."""
    row = dict.fromkeys(EVENT_SCHEMA) | {
        "id": kind * 4,
        "kind": kind,
        "start": START,
        "end": START,
        "time": START,
        "verdict": "confirmed",
        "latitude": 36.0,
        "longitude": 36.2,
        "duration_s": 900.0,
        "why": f"{kind} <b>seen</b>",
        "parameters": json.dumps(parameters),
    }
    return row | columns


SEARCH = {
    "a": {"callsign": "ANKA1", "latitude": 36.0, "longitude": 36.2, "altitude_ft": 9000.0},
    "search": {
        "latitude": 36.0,
        "longitude": 36.2,
        "sector": None,
        "circles": [{"after_min": 10, "radius_nm": 75.1}, {"after_min": 30, "radius_nm": 225.1}],
    },
    "phases": [{"phase": "INCERFA", "from": "2015-10-07T03:35:00Z"}],
}
CELL = {
    "cell": {"number": 7, "corners": [[36.5, 35.0], [37.2, 35.0], [37.0, 36.1], [36.3, 36.1]]},
    "hours": [{"hour": "2015-10-07T03:00:00Z", "share": 0.5}],
    "circles": [{"latitude": 36.4, "longitude": 36.2, "radius_m": 3000}],
    "points": [],
}


def mixed(tmp_path: Path) -> CheckResult:
    pair = [
        flight("syn:1", (36.2, 36.0), 80.0, altitude_ft=19_000.0, callsign="ANKA1"),
        flight("syn:2", (36.2, 36.01), 80.0, altitude_ft=19_200.0, callsign="<i>B</i>"),
    ]
    found = through(*SKY, BOW, folder=tmp_path, flights=pair, minima="5 NM/1000 ft").result
    assert set(found.summary.events) == {"separation", "incursion", "hazard"}
    more = [
        of_kind("lost", SEARCH, track_a="syn:1"),
        of_kind("interference", CELL),
        of_kind("outage", {"tracks": ["syn:1"], "radius_nm": 20.0}, latitude=36.3),
        of_kind("outage", {}, id="bare", latitude=None, longitude=None, end=None, duration_s=None, why=None),
    ]
    events = pl.concat([found.events, pl.DataFrame(more, schema=EVENT_SCHEMA, orient="row")])
    return replace(
        found, events=events, summary=replace(found.summary, nets=[*found.summary.nets, "lost", "interference"])
    )


def test_mixed_kinds_stay_valid(tmp_path: Path):
    check = mixed(tmp_path)
    page = compose(check)
    text = valid(page)
    assert page.count('class="event"') == check.events.height
    assert "Event 1: ANKA1 and <i>B</i>" in text
    for word in (
        "1 loss of separation",
        "1 area of interference",
        "2 outages of reception",
        "1 aircraft lost from sight",
    ):
        assert word in text
    assert "event without severity" in text
    for word in ("after 10 min", "INCERFA", "Search", "Hours"):
        assert word in text


def test_search_areas_and_volumes_are_on_the_overview(tmp_path: Path):
    page = compose(mixed(tmp_path))
    drawing = page.split('aria-label="Map of all events"')[1].split("</svg>")[0]
    for word in (">HAT<", ">D-1<", ">after 10 min<"):
        assert word in drawing
    assert ">EMPTY<" not in drawing  # out of view


def test_too_many_events_leave_pages_to_each_kind(tmp_path: Path):
    flights = [
        flight(f"syn:{number:02d}", (36.2, 35.91 + 0.002 * number), 80.0, altitude_ft=1_000.0 * number + 3_000.0)
        for number in range(60)
    ]
    found = through(WEDGE, DANGER, folder=tmp_path, flights=flights, nets=("incursion", "hazard"))
    kinds = found.result.events["kind"].value_counts()
    assert kinds.height == 2
    drawn, listed = choice.drawn_and_listed(found.result.events, 20)
    assert drawn.height == 20
    assert drawn.height + listed.height == found.result.events.height
    assert dict(drawn["kind"].value_counts().iter_rows()) == {"incursion": 10, "hazard": 10}
    for kind in ("incursion", "hazard"):
        some = drawn.filter((pl.col("kind") == kind) & (pl.col("verdict") == "confirmed"))
        others = listed.filter((pl.col("kind") == kind) & (pl.col("verdict") == "confirmed"))
        assert some["depth_m"].min() >= (others["depth_m"].max() or 0.0)  # type: ignore[operator]
    text = valid(compose(found.result))
    assert f"50 of {found.result.events.height} events have a page each, the gravest of each kind" in text


def test_an_edge_that_runs_through_the_frame_is_kept():
    frame = Frame(0.0, 0.0, 100.0, 100.0, (-1.0, 1.0), (-1.0, 1.0))
    square = np.array([[-50.0, 0.0], [50.0, 0.5], [50.0, 80.0], [-50.0, 80.0], [-50.0, 0.0]])
    kept = outlines.within(square, frame)
    np.testing.assert_array_equal(kept[np.isfinite(kept[:, 0])], square[:2])
    apart = np.array([[0.0, 0.0], [0.5, 0.5], [40.0, 90.0], [30.0, 90.0], [0.4, -0.4], [0.0, 0.0]])
    kept = outlines.within(apart, frame)
    steps = np.isfinite(kept).all(axis=1)
    assert not any((kept[k] == apart[2]).all() and (kept[k + 1] == apart[3]).all() for k in range(len(kept) - 1))
    assert steps.sum() >= 5


def test_filling_a_large_volume_stays_within_the_frame():
    frame = Frame(0.0, 0.0, 100.0, 100.0, (-1.0, 1.0), (-1.0, 1.0))
    ring = np.array([[-500.0, -400.0], [500.0, -400.0], [500.0, 0.0], [-500.0, 0.0], [-500.0, -400.0]])
    (cut,) = outlines.filled([ring], frame)
    assert np.abs(cut).max() <= 3.0
    assert outlines.filled([np.where(ring == 500.0, np.nan, ring)], frame) == []


def test_a_deep_short_sighting_is_drawn_as_a_track_and_not_as_a_dot(tmp_path: Path):
    large = box("BIG", 30.0, 30.0, 42.0, 42.0)
    found = through(large, folder=tmp_path, flights=[flight("syn:1", (36.0, 36.0), 10.0, seconds=60)])
    (only,) = stays(found)
    plan = Plan.at(only.deepest_m)
    at_s = only.encounter.at_s
    from overflight.report import stay_plan

    inside = (at_s >= only.encounter.start_s) & (at_s <= only.encounter.end_s)
    _, half = stay_plan.view(only, plan, inside)
    assert half < 10.0
    assert "to the boundary" in told(found)


def test_how_far_qnh_may_be_is_taken_from_the_parameters_where_they_say_it():
    assert event_pages.qnh_hpa_of({"QNH uncertainty": "12.5 hPa"}) == 12.5
    assert event_pages.qnh_hpa_of({"nets": "separation"}) == 30.0


def test_the_map_without_overlay_is_as_it_was():
    with canvas.style():
        drawn = overview.draw(np.array([36.0]), np.array([36.0]), [overview.UNRATED], [1])
    assert ">1<" in drawn


def test_the_headline_joins_words():
    assert totals.sentence(["a"]) == "a"
    assert totals.sentence(["a", "b", "c"]) == "a, b and c"


def test_what_gives_no_verdict_is_said(tmp_path: Path):
    stale = flight("syn:1", (36.2, 36.0), 80.0, altitude_ft=19_000.0, speed_mps=200.0).with_columns(
        position_age=pl.lit(30.0, pl.Float32)
    )
    found = through(WEDGE, folder=tmp_path, flights=[stale], allow=["callsign=THX*"])
    count = found.summary.withheld.positions
    assert (found.result.events.height, count > 5) == (0, True)
    page = told(found)
    assert (
        f"No border verdict: {count} positions of 1 track inside volumes are not to be believed (stale {count})."
        in page
    )
    assert "Allowed were callsign=THX*: no track of the recording is." in page
    lines = dict(cli_totals(found.summary, found.result.parameters))["Airspace"]
    assert (
        f"NO border verdict on {count} positions of 1 track inside volumes, which are not to be believed: stale {count} "
        "(--ungated uses them)"
    ) in lines
    assert "--allow callsign=THX*: matches nobody in the recording" in lines
