"""OpenAir: what each fixture says, reasoned out from its text, and every spelling that files have.

The fixtures are those of openAIP/openaip-openair-parser (MIT), good and broken.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely

from overflight.airspace.read import read_airspace
from overflight.airspace.readers.openair import OPENAIR
from overflight.airspace.readers.openair_lines import LineError, limit, places, window
from overflight.airspace.readers.registry import format_of
from overflight.airspace.volume import GEODESIC, Airspace, Refused, Volume, Window
from overflight.errors import InputError
from tests.airspace.mutations import mutations, read_or_refuse

FIXTURES = Path("tests/data/airspace/openair")
EVERY = sorted(path.name for path in FIXTURES.glob("*.txt"))
GEOD = pyproj.Geod(ellps="WGS84")
NM = 1852.0

BOX = "DP 54:00:00 N 010:00:00 E\nDP 54:00:00 N 011:00:00 E\nDP 55:00:00 N 011:00:00 E\nDP 55:00:00 N 010:00:00 E\n"
HEAD = "AC R\nAN X\nAL GND\nAH FL100\n"


def fixture(name: str) -> Airspace:
    return OPENAIR.read((FIXTURES / f"{name}.txt").read_bytes(), f"{name}.txt")


def one(name: str) -> Volume:
    found = fixture(name)
    assert found.refused == ()
    [volume] = found.volumes
    return volume


def none(name: str) -> Refused:
    found = fixture(name)
    assert found.volumes == ()
    [refused] = found.refused
    return refused


def text(document: str) -> Airspace:
    return OPENAIR.read(document.encode(), "t.txt")


def volume(document: str) -> Volume:
    found = text(document)
    assert found.refused == ()
    [volume] = found.volumes
    return volume


def reason(document: str) -> str:
    found = text(document)
    assert found.volumes == ()
    [refused] = found.refused
    return refused.reason


def polygon(volume: Volume) -> shapely.Polygon:
    [part] = volume.parts
    return shapely.Polygon(np.stack([part.outer.longitude, part.outer.latitude], axis=-1))


def dense(volume: Volume) -> tuple[np.ndarray, np.ndarray]:
    """Twenty points along each edge, the geodesic as pyproj has it."""
    [part] = volume.parts
    lat, lon = part.outer.latitude, part.outer.longitude
    points = [(lon[0], lat[0])]
    for k in range(len(lat)):
        m = (k + 1) % len(lat)
        points += [*GEOD.npts(lon[k], lat[k], lon[m], lat[m], 19), (lon[m], lat[m])]
    found = np.array(points)
    return found[:, 1], found[:, 0]


def dms(degrees: int, minutes: int, seconds: float) -> float:
    return degrees + minutes / 60 + seconds / 3600


# --- the fixtures ---------------------------------------------------------------------------------------------------


LIMITS = {
    # name: kind, floor, ceiling, vertices (None: there are arcs)
    "activation-times-none": ("restricted", "SFC", "40000 ft AMSL", 3),
    "activation-times": ("restricted", "SFC", "40000 ft AMSL", 3),
    "version-2-warn-if-expired": ("restricted", "SFC", "40000 ft AMSL", 3),
    "airway": ("restricted", "FL090", "FL140", 4),
    "arc-angle-ccw": ("restricted", "SFC", "5000 ft AMSL", None),
    "arc-angle-cw": ("restricted", "SFC", "500 ft AGL", None),
    "arc-angle-single-vx": ("restricted", "SFC", "22999 ft AMSL", None),
    "arc-ccw": ("restricted", "4000 ft AMSL", "FL100", None),
    "arc-cw": ("restricted", "SFC", "3500 ft AMSL", None),
    "arc-cw-ccw": ("restricted", "2500 ft AMSL", "FL195", None),
    "arc-first": ("danger", "1501 ft AGL", "5000 ft AMSL", None),
    "check-limits-unit-conversion": ("restricted", "FL180", "35000 ft AMSL", 9),
    "circular": ("restricted", "SFC", "2200 ft AMSL", None),
    "circular-invalid": ("restricted", "SFC", "2200 ft AMSL", None),
    "coordinate-minutes-60": ("restricted", "SFC", "1000 ft AGL", 4),
    "empty-name": ("restricted", "2000 ft AGL", "FL175", None),
    "expected-output-openair": ("restricted", "SFC", "1000 ft AGL", 3),
    "in-output-openair": ("restricted", "SFC", "1000 ft AGL", 3),
    "inline-comments": ("restricted", "SFC", "FL240", 5),
    "laser-beam": ("danger", "SFC", "UNL", None),
    "meter-altitude-unit": ("restricted", "9842.52 ft AMSL", "FL150", 4),
    "missing-AY": ("restricted", "3500 ft AMSL", "FL310", 5),
    "polygon": ("restricted", "SFC", "40000 ft AMSL", 7),
    "round-altitude-values": ("restricted", "1607.61 ft AMSL", "FL090", 4),
    "single-airspace-ag-but-missing-af": ("restricted", "SFC", "2700 ft AMSL", 4),
    "skipped-tokens": ("danger", "1000 ft AGL", "9500 ft AMSL", 8),
    "start-end-coordinates-not-equal": ("restricted", "SFC", "2000 ft AMSL", 4),
    "transponder-code-invalid": ("restricted", "SFC", "40000 ft AMSL", 7),
    "without-ac": ("restricted", "3500 ft AMSL", "FL310", 5),
}

REFUSED = {
    # name: what the reason says. Each is a file that two people would read as two different volumes.
    "activation-times-invalid-with-none-none": ["line 8", "neither when it starts nor when it ends"],
    "activation-times-invalid-with-none": ["AA NONE stands beside other active times"],
    "activation-times-invalid": ["line 9", "ends (2025-01-01T15:00Z) before it starts (2025-01-02T14:00Z)"],
    "ceiling-definitions-al-greater-ah": ["the floor FL999 is above the ceiling FL240"],
    "ceiling-definitions-duplicate": ["more than one floor (AL): SFC (line 3) and FL080 (line 4)", "no ceiling (AH)"],
    "coordinate-seconds-60": ["line 7", "crosses itself near vertex 3"],
    "do-not-split-into-multipolygon": ["line 5", "crosses itself near vertex 1"],
    "flight-level-missing-number": ["line 6", "ceiling (AH): 'FL' is no vertical limit"],
    "insufficient-coordinates": ["only 2 distinct vertices", "lines 5 to 7"],
    "invalid-coordinates": ["line 14", "'45:49:51 N 008:42:' is no position"],
    "missing-ah-al": ["no floor (AL)", "no ceiling (AH)"],
    "self-intersecting": ["line 8", "crosses itself near vertex 4"],
}


def test_each_fixture_has_an_expectation() -> None:
    assert {*LIMITS, *REFUSED, "ignored-only", "version-2-commands"} == {name.removesuffix(".txt") for name in EVERY}


@pytest.mark.parametrize("name", LIMITS)
def test_good_fixtures(name: str) -> None:
    found = one(name)
    kind, floor, ceiling, vertices = LIMITS[name]
    assert (found.kind, str(found.floor), str(found.ceiling)) == (kind, floor, ceiling)
    [part] = found.parts
    assert part.holes == ()
    assert vertices is None or len(part.outer) == vertices
    assert (part.outer.edge == GEODESIC).all()
    assert found.source.startswith(f"{name}.txt:line ")
    document = (FIXTURES / f"{name}.txt").read_text(encoding="utf-8")
    assert set(found.raw.split("\n")) <= set(document.splitlines())
    assert sum(line.startswith("D") for line in found.raw.split("\n")) == len(re.findall(r"(?m)^D", document))


@pytest.mark.parametrize("name", REFUSED)
def test_broken_fixtures_are_refused_and_say_why(name: str) -> None:
    found = none(name)
    for part in REFUSED[name]:
        assert part in found.reason
    assert found.source.startswith(f"{name}.txt:line ")


@pytest.mark.parametrize("name", EVERY)
def test_found_by_content_and_by_no_other_format(name: str) -> None:
    head = (FIXTURES / name).read_bytes()
    kind = format_of(head)
    assert (kind is None) == (name == "ignored-only.txt")
    assert kind is None or kind.name == "OpenAir"


def test_a_file_of_comments_is_no_airspace() -> None:
    with pytest.raises(InputError, match="holds no airspace"):
        fixture("ignored-only")
    with pytest.raises(InputError, match="format of the airspace is not known"):
        read_airspace(FIXTURES / "ignored-only.txt")


def test_vertices_are_where_the_text_says() -> None:
    [part] = one("polygon").parts
    assert part.outer.latitude[0] == pytest.approx(dms(54, 25, 0), abs=1e-12)
    assert part.outer.longitude[:3] == pytest.approx([dms(10, 40, 0), dms(10, 50, 0), dms(10, 53, 0)], abs=1e-12)
    west = one("expected-output-openair").parts[0].outer
    assert west.longitude == pytest.approx([-dms(0, 41, 0), -dms(0, 41, 0), -dms(0, 40, 3)], abs=1e-12)


def test_names_and_classes_are_kept() -> None:
    assert one("polygon").name == "ED-R10B Todendorf-Putlos MON-SAT+"
    assert one("polygon").notes == ()  # R says all that "restricted" says
    assert one("skipped-tokens").name == "LED52B Ocaña: Daily HJ LELT TFC 123.375"
    assert one("skipped-tokens").notes == ("left out, for drawing only: AT, SB, SP, TC, TO, VZ",)
    assert one("activation-times").notes == ("class D, type TMA: read as restricted, the nearest kind",)
    assert one("inline-comments").name == "TMP JSDF X-12-2 till 31Mar22 Height by NOTAM"
    assert one("start-end-coordinates-not-equal").notes == ("class RMZ: read as restricted, the nearest kind",)
    empty = one("empty-name")
    assert empty.name == empty.id == "(no name, line 1)"
    assert "no name (AN)" in empty.notes
    assert any("no class (AC)" in note for note in one("without-ac").notes)
    assert any("transponder code (AX) '7891'" in note for note in one("transponder-code-invalid").notes)
    assert any("'ACC CPH' without a frequency" in note for note in one("single-airspace-ag-but-missing-af").notes)
    assert one("single-airspace-ag-but-missing-af").name == "EKR506 RODSAND II"


def test_active_times() -> None:
    assert one("activation-times").active == (
        Window(datetime(2025, 1, 1, 12, tzinfo=UTC), datetime(2025, 1, 1, 13, tzinfo=UTC)),
        Window(datetime(2025, 1, 1, 14, tzinfo=UTC), datetime(2025, 1, 1, 15, tzinfo=UTC)),
        Window(None, datetime(2025, 2, 2, 12, tzinfo=UTC)),
        Window(datetime(2025, 3, 3, 11, tzinfo=UTC), None),
    )
    by_notam = one("activation-times-none")
    assert by_notam.active == ()
    assert "AA NONE, active only by NOTAM: taken as active at all times" in by_notam.notes
    assert window("2024-12-17T00:00Z/2024-12-17T24:00Z   ; the whole day") == Window(
        datetime(2024, 12, 17, tzinfo=UTC), datetime(2024, 12, 18, tzinfo=UTC)
    )
    for wrong in ("2025-01-01T12:00Z", "soon/later", "NONE/9999-12-31T24:00Z", "", "/"):
        with pytest.raises(LineError):
            window(wrong)


def test_commands_of_version_2_in_any_order() -> None:
    found = fixture("version-2-commands")
    assert found.refused == ()
    assert len(found.volumes) == 8
    assert [len(volume.active) for volume in found.volumes] == [0, 0, 0, 0, 0, 0, 4, 0]
    assert {(str(volume.floor), str(volume.ceiling)) for volume in found.volumes} == {("SFC", "40000 ft AMSL")}
    read = read_airspace(FIXTURES / "version-2-commands.txt")
    assert len({volume.id for volume in read.volumes}) == 8  # one name, eight ids


def test_60_minutes_are_a_degree() -> None:
    found = one("coordinate-minutes-60")
    assert found.parts[0].outer.latitude[1] == pytest.approx(43 + 57 / 3600, abs=1e-12)
    assert found.parts[0].outer.longitude[1] == pytest.approx(-1.0, abs=1e-12)
    assert any("line 6: 60 minutes" in note for note in found.notes)


def test_what_has_one_mending_only_is_mended_and_noted() -> None:
    found = one("circular-invalid")  # an arc, its chord, and a spike out and back from one end
    assert any("spike" in note for note in found.notes)
    assert dms(52, 23, 8) not in found.parts[0].outer.latitude


# --- arcs and circles -----------------------------------------------------------------------------------------------


def from_centre(volume: Volume, latitude: float, longitude: float) -> tuple[np.ndarray, np.ndarray]:
    lat, lon = dense(volume)
    azimuth, _, distance = GEOD.inv(np.full(len(lat), longitude), np.full(len(lat), latitude), lon, lat)
    return np.mod(azimuth, 360.0), distance


ARCS = {
    # name: centre, radius in m, bearings where the arc is and where it is not (well inside either)
    "arc-ccw": ((52, 26, 0), (7, 12, 0), 9232.0, [10, 300], [90, 180]),
    "arc-first": ((31, 57, 49), (-92, -39, -37), 5545.0, [60, 180, 270], [320]),
    "circular-invalid": ((52, 24, 38), (13, 7, 46), 3705.0, [200, 300, 30], [130]),
}


@pytest.mark.parametrize("name", ARCS)
def test_arcs_between_points_go_the_way_they_say(name: str) -> None:
    south, east, radius, there, not_there = ARCS[name]
    azimuth, distance = from_centre(one(name), dms(*south), dms(*east))
    on_arc = np.abs(distance - radius) < 60.0  # the ends are told in whole seconds, and so not equally far
    for wanted in there:
        near = np.abs((azimuth - wanted + 180) % 360 - 180) < 3
        assert on_arc[near].any(), f"no arc at {wanted}"
    for unwanted in not_there:
        near = np.abs((azimuth - unwanted + 180) % 360 - 180) < 3
        assert not on_arc[near].any(), f"an arc at {unwanted}"


@pytest.mark.parametrize("clockwise", [True, False])
@pytest.mark.parametrize("centre", [(52.4, 13.1), (-33.9, 151.2), (0.0, 179.9), (78.2, 15.5)])
@pytest.mark.parametrize("radius_nm", [0.2, 2.0, 30.0, 200.0])
def test_an_arc_stays_within_ten_metres(clockwise: bool, centre: tuple[float, float], radius_nm: float) -> None:
    lat, lon = centre
    ends = [GEOD.fwd(lon, lat, azimuth, radius_nm * NM)[:2] for azimuth in (40.0, 200.0)]

    def told(longitude: float, latitude: float) -> str:
        return f"{abs(latitude):.9f} {'NS'[latitude < 0]} {abs(longitude):.9f} {'EW'[longitude < 0]}"

    found = volume(
        f"{HEAD}V D={'+' if clockwise else '-'}\nV X={told(lon, lat)}\nDB {told(*ends[0])}, {told(*ends[1])}\n"
        f"DP {told(lon, lat)}\n"
    )
    azimuth, distance = from_centre(found, lat, lon)
    on_arc = distance > 0.5 * radius_nm * NM
    inside = (azimuth > 42.0) & (azimuth < 198.0) if clockwise else (azimuth < 38.0) | (azimuth > 202.0)
    arc = on_arc & inside & (np.abs(distance - radius_nm * NM) < 0.3 * radius_nm * NM)
    assert arc.sum() > 50
    assert np.abs(distance[arc] - radius_nm * NM).max() < 10.0
    # Nothing at that distance is on the other side.
    other = (azimuth > 42.0) & (azimuth < 198.0) if not clockwise else (azimuth < 38.0) | (azimuth > 202.0)
    assert not (other & (np.abs(distance - radius_nm * NM) < 10.0)).any()


def test_arcs_by_bearing() -> None:
    # Half a disc: from east the short way to west over north, as D is "-".
    azimuth, distance = from_centre(one("arc-angle-ccw"), 39 + 26 / 60, dms(141, 8, 1))
    assert distance.max() == pytest.approx(15 * NM, abs=1e-3)
    north, south = (azimuth > 280) | (azimuth < 80), (azimuth > 100) & (azimuth < 260)
    assert np.abs(distance[north & (distance > 10 * NM)] - 15 * NM).max() < 10
    assert not (south & (distance > 1000)).any()
    # The centre of the first arc holds for the second, as no other is told.
    azimuth, distance = from_centre(one("arc-angle-single-vx"), 29 + 53.067 / 60, -(81 + 59.133 / 60))
    for wanted in (100, 140, 300, 340):
        near = np.abs(azimuth - wanted) < 3
        assert np.abs(distance[near] - 5 * NM).min() < 10
    # Clockwise from 303 over north to 123, around one centre; from 123 over south to 303 around the other.
    corridor = polygon(one("arc-angle-cw"))
    assert corridor.contains(shapely.Point(dms(9, 41, 6), dms(45, 6, 41)))
    assert corridor.contains(shapely.Point(dms(9, 39, 59), dms(45, 5, 27)))


def test_circles() -> None:
    _, distance = from_centre(one("circular"), dms(53, 24, 25), dms(10, 25, 10))
    assert distance.max() == pytest.approx(1.1 * NM, abs=1e-3)
    assert distance.min() > 1.1 * NM - 10.0
    _, distance = from_centre(one("laser-beam"), dms(35, 31, 6), dms(12, 37, 50))
    assert distance.max() == pytest.approx(0.00161 * NM, abs=1e-3)
    assert distance.min() > 2.0
    several = volume(HEAD + "V X=54:00:00 N 010:00:00 E\nDC 5\nV X=55:00:00 N 010:00:00 E\nDC 2\n")
    assert len(several.parts) == 2


def test_an_arc_whose_ends_do_not_fit_is_noted_or_refused() -> None:
    assert any("208 m farther" in note for note in one("arc-cw-ccw").notes)
    box = HEAD + "V X=54:00:00 N 010:00:00 E\nDB 54:05:00 N 010:00:00 E, 54:00:00 N 011:00:00 E\nDP 54 N 10 E"
    assert "are 5.01 NM and 35.4" in reason(box)


def test_an_airway_has_half_its_width_on_either_side() -> None:
    lat, lon = dense(one("airway"))
    start, end = (dms(4, 59, 0), dms(44, 17, 0)), (dms(5, 5, 0), dms(44, 19, 30))
    heading, _, length = GEOD.inv(*start, *end)
    azimuth, _, distance = GEOD.inv(np.full(len(lat), start[0]), np.full(len(lat), start[1]), lon, lat)
    along = distance * np.cos(np.radians(azimuth - heading))
    across = distance * np.sin(np.radians(azimuth - heading))
    assert np.abs(across).max() == pytest.approx(1.25 * NM, abs=1.0)
    assert along.min() == pytest.approx(0.0, abs=1.0)
    assert along.max() == pytest.approx(length, abs=1.0)
    bent = volume(HEAD + "V W=4\nDY 54 N 010 E\nDY 54 N 011 E\nDY 55 N 011 E")
    assert len(bent.parts[0].outer) == 6
    assert polygon(bent).contains(shapely.Point(10.5, 54.0))
    assert not polygon(bent).contains(shapely.Point(10.5, 54.5))
    assert "needs its width" in reason(HEAD + "DY 54 N 010 E\nDY 54 N 011 E")
    assert "needs two points" in reason(HEAD + "V W=4\nDY 54 N 010 E")
    assert "turns by 180 degrees" in reason(HEAD + "V W=4\nDY 54 N 010 E\nDY 55 N 010 E\nDY 54 N 010 E")


# --- spellings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    [
        "54:25:30 N 010:40:15 E",
        "54:25:30N010:40:15E",
        "54:25:30N, 010:40:15E",
        "54:25.5N 010:40.25E",
        "54:25,5N 010:40,25E",
        "N54:25:30 E010:40:15",
        "N 54 25 30 E 010 40 15",
        "54 25 30 N 010 40 15 E",
        "54-25-30N 010-40-15E",
        "542530N 0104015E",
        "542530.00N 0104015.00E",
        "5425.5N 01040.25E",
        "54.425 N 10.6708333333333 E",
        "54°25'30\"N 010°40'15\"E",
        "010:40:15 E 54:25:30 N",
        "54:25:30 n 10:40:15 e",
    ],
)
def test_spellings_of_a_position(spelling: str) -> None:
    [place] = places(spelling, 1)
    assert place.latitude == pytest.approx(dms(54, 25, 30), abs=1e-9)
    assert place.longitude == pytest.approx(dms(10, 40, 15), abs=1e-9)
    assert place.note is None
    [start, end] = places(f"{spelling}, {spelling}", 2)  # as DB has them
    assert start == end == place


@pytest.mark.parametrize(
    "spelling",
    [
        "", "54:25:30 010:40:15", "54:25:30 N", "54:25:30 N 010:40:15 E x", "54:25:30 N 010:40:15 N",
        "54:61:00 N 010:40:00 E", "91:00:00 N 010:40:00 E", "54:00:00 N 181:00:00 E", "542 N 010 E", "54253 N 010 E",
        "54:25.5:30 N 010 E", "54:25:30 N 010:40:15 E 54 N", "1:2:3:4 N 010 E", "54:25:30 N 010:40:15 O", "5.4.3 N 10 E",
    ],
)  # fmt: skip
def test_what_is_no_position(spelling: str) -> None:
    with pytest.raises(LineError):
        places(spelling, 1)


@pytest.mark.parametrize(
    ("told", "read", "noted"),
    [
        ("FL 95", "FL095", False),
        ("FL100 STD", "FL100", False),
        ("GND", "SFC", False),
        ("0ft AGL", "SFC", False),
        ("1000ft GND", "1000 ft AGL", False),
        ("3500MSL", "3500 ft AMSL", True),  # no unit
        ("3500ft", "3500 ft AMSL", True),  # no reference
        ("3500", "3500 ft AMSL", True),
        ("2500' MSL", "2500 ft AMSL", False),
        ("1000m AGL", "3280.84 ft AGL", False),
        ("UNLIM", "UNL", False),
    ],
)
def test_spellings_of_a_limit(told: str, read: str, noted: bool) -> None:
    found, note = limit(told, "floor")
    assert str(found) == read
    assert (note is not None) == noted


@pytest.mark.parametrize("told", ["", "FL", "100m AGL/423m AMSL", "by NOTAM", "9" * 400, "FL1000", "-"])
def test_what_is_no_limit(told: str) -> None:
    with pytest.raises(LineError):
        limit(told, "floor")


def test_line_ends_marks_and_encodings() -> None:
    document = HEAD.replace("AN X", "AN Öland") + BOX
    wanted = volume(document)
    for data in (
        document.encode("utf-8-sig"),
        document.encode("latin-1"),
        document.replace("\n", "\r\n").encode(),
        document.replace("\n", "\r").encode(),
        document.replace("\n", "   * said\n\n").replace("DP ", "  dp\t").encode(),
        document.replace("V X", "VX").encode(),
    ):
        assert OPENAIR.matches(data)
        [found] = OPENAIR.read(data, "t.txt").volumes
        assert found.name == "Öland"
        assert (found.parts[0].outer.latitude == wanted.parts[0].outer.latitude).all()


def test_identity_and_type() -> None:
    found = volume("AC D\nAY FIR\nAN X\nAI 4711\nAL GND\nAH UNL\n" + BOX)
    assert (found.id, found.name, found.kind) == ("4711", "X", "fir")
    assert found.notes == ("class D, type FIR: read as fir, the nearest kind",)
    assert volume("AC UNC\nAY R\nAN X\nAL GND\nAH UNL\n" + BOX).notes == ()
    assert volume("AC C\nAY AWY\nAN X\nAL GND\nAH UNL\n" + BOX).kind == "corridor"
    assert volume("AC Q\nAN X\nAL GND\nAH UNL\n" + BOX).kind == "danger"
    assert volume("AC D\nAN X\nAL GND\nAH UNL\n" + BOX).kind == "restricted"  # class D, no danger area


# --- what is wrong --------------------------------------------------------------------------------------------------


def test_one_broken_volume_leaves_the_others() -> None:
    found = text(HEAD.replace("X", "A") + BOX + HEAD.replace("X", "B") + "DP 54\n" + HEAD.replace("X", "C") + BOX)
    assert [volume.name for volume in found.volumes] == ["A", "C"]
    [refused] = found.refused
    assert (refused.name, refused.source) == ("B", "t.txt:line 9")
    assert "line 13: '54' is no position" in refused.reason


def test_a_missing_line_ac_does_not_join_two_volumes() -> None:
    two = HEAD + BOX + HEAD.replace("AC R\n", "").replace("X", "Y").replace("FL100", "FL200") + BOX
    found = text(two)
    assert [volume.name for volume in found.volumes] == ["X", "Y"]
    assert "no class (AC): read as restricted, the nearest kind" in found.volumes[1].notes
    bare = HEAD + BOX + "AL GND\nAH FL100\n" + BOX.replace("54:", "56:").replace("55:", "57:")
    assert "another floor (AL) after the geometry: a line AC may be missing" in reason(bare)


def test_a_line_of_the_geometry_is_never_left_out() -> None:
    for damaged in ("DQ 54:30:00 N 011:30:00 E", "XP 54:30:00 N 011:30:00 E", "DX", "D"):
        lines = BOX.splitlines(keepends=True)
        document = HEAD + "".join(lines[:2]) + damaged + "\n" + "".join(lines[2:])
        if damaged == "D":  # too short to be any command
            assert any("not understood" in note for note in volume(document).notes)
        else:
            assert "may be a part of the geometry" in reason(document)
    assert any("line 5: not understood" in note for note in volume(HEAD + "ZZ top\n" + BOX).notes)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (HEAD, "no geometry"),
        (HEAD + "DC 5", "needs its centre (V X)"),
        (HEAD + "DA 5,0,90", "needs its centre (V X)"),
        (HEAD + "V X=54 N 10 E\nDC 0", "radius (DC) 0 NM is no length"),
        (HEAD + "V X=54 N 10 E\nDC -5", "no length"),
        (HEAD + "V X=54 N 10 E\nDC 6000", "no length"),
        (HEAD + "V X=54 N 10 E\nDC 1e5", "is not a number"),
        (HEAD + "V X=54 N 10 E\nDA 5,0", "is not 3 numbers"),
        (HEAD + "V X=54 N 10 E\nDA 5,0,999", "not within 360"),
        (HEAD + "V D=left\n" + BOX, "neither + nor -"),
        (HEAD + "V X=54 N\n" + BOX, "is no position"),
        (HEAD.replace("GND", "UNL") + BOX, "nothing is between"),
        (HEAD.replace("FL100", "GND") + BOX, "nothing is between"),
        (HEAD.replace("AL GND\n", "") + BOX, "no floor (AL)"),
        (HEAD + "AH FL200\n" + BOX, "more than one ceiling (AH): FL100 (line 4) and FL200 (line 5)"),
        (HEAD + "DP 54 N 10 E\nDP 55 N 11 E\nDP 55 N 10 E\nDP 54 N 11 E", "crosses itself"),
    ],
)
def test_reasons(document: str, said: str) -> None:
    assert said in reason(document)


def test_text_before_the_first_airspace_is_told() -> None:
    found = text("Airspace of Utopia\n" + HEAD + BOX)
    assert len(found.volumes) == 1
    assert "stands before the first airspace" in found.refused[0].reason


def test_a_repeated_point_is_noted_and_an_arc_that_begins_at_one_is_not() -> None:
    twice = BOX.splitlines(keepends=True)
    assert volume(HEAD + twice[0] + BOX).notes == ("vertex 1 repeats the next, left out",)
    assert one("arc-cw").notes == ()  # DP, then DB from the same place


@pytest.mark.parametrize("name", EVERY)
def test_damage_ends_in_a_refusal_at_worst(name: str) -> None:
    data = (FIXTURES / name).read_bytes()
    for broken in mutations(data, 100, name):
        read_or_refuse(OPENAIR, broken)
