"""NOTAM: every item and spelling by hand, and real notices against what others read out of them.

The rocket notices come with corners and times as another program understands them; the table of notices has columns for
place, radius, times, FIR and code.
"""

from __future__ import annotations

import csv
import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely

from overflight.airspace.read import read_airspace
from overflight.airspace.readers.geojson import GEOJSON
from overflight.airspace.readers.notam import NOTAM, Notice, parse, read, read_notices
from overflight.airspace.readers.notam_areas import find_areas
from overflight.airspace.readers.notam_coordinates import find_positions, join_broken
from overflight.airspace.readers.notam_limits import find_limits, read_limit
from overflight.airspace.readers.notam_schedule import ScheduleError, expand
from overflight.airspace.readers.registry import format_of
from overflight.airspace.sets import FIR_ACCURACY_M
from overflight.airspace.volume import GEODESIC, SURFACE, UNLIMITED, Limit, Part, Window
from overflight.errors import InputError
from tests.airspace.mutations import mutations, read_or_refuse

ROCKETS = sorted(Path("tests/data/notam").glob("*.json"))
TABLE = Path("../shared/data/notam/notams_middle_east_turkey_caspian_2026.csv")
GEOD = pyproj.Geod(ellps="WGS84")
NM = 1852.0
needs_table = pytest.mark.skipif(not TABLE.exists(), reason="the table of notices may not be copied")

FIRING = """A0168/26 NOTAMR A0130/26
Q) LCCC/QWMLW/IV/BO/W/000/100/3500N03300E030
A) LCCC B) 2601100600 C) 2601141800
D) 0600-1200
E) GUN FIRING WILL TAKE PLACE WI AREA BOUNDED BY:
345000N0325000E - 345000N0331000E - 351000N0331000E - 351000N0325000E
F) SFC G) 10000FT AMSL"""


def notice(
    text: str = "", q: str = "QRDCA/IV/BO/W/000/999/3500N03300E030", f: str = "F) SFC G) FL100", d: str = ""
) -> Notice:
    schedule = f"D) {d}\n" if d else ""
    return parse(f"A0001/26 NOTAMN\nQ) LCCC/{q}\nA) LCCC B) 2601010000 C) 2601312359\n{schedule}E) {text}\n{f}")


def square_nm(part: Part) -> float:
    return abs(GEOD.polygon_area_perimeter(part.outer.longitude, part.outer.latitude)[0]) / NM**2


def areas(text: str) -> list[float]:
    """Areas of the parts that a text makes, NM²; none where the Q line had to help."""
    made = notice(text)
    assert made.refused == ()
    if any("area from the Q line" in note for note in made.not_understood):
        return []
    return [square_nm(part) for volume in made.volumes for part in volume.parts]


def at(text: str) -> datetime:
    return datetime.strptime(text, "%y%m%d%H%M").replace(tzinfo=UTC)


def windows(schedule: str, start: str = "2603010000", end: str = "2603312359") -> list[str]:
    made, _ = expand(schedule, at(start), at(end))
    return [f"{w.start:%d%H%M}-{w.end:%d%H%M}" for w in made if w.start and w.end]


# One notice


def test_every_item_is_read() -> None:
    made = parse(FIRING)
    assert (made.id, made.type, made.other_id) == ("A0168/26", "R", "A0130/26")
    assert (made.fir, made.qcode, made.places) == ("LCCC", "QWMLW", ("LCCC",))
    assert (made.traffic, made.purpose, made.scope, made.levels_fl) == ("IV", "BO", "W", (0, 100))
    assert (made.centre, made.radius_nm) == ((35.0, 33.0), 30)
    assert (made.start, made.end, made.estimated) == (at("2601100600"), at("2601141800"), False)
    assert (made.lower, made.upper) == (SURFACE, Limit("AMSL", 10000))
    assert made.schedule == "0600-1200"
    assert made.text.startswith("GUN FIRING")
    assert made.text.endswith("0325000E")
    assert made.not_understood == ("replaces A0130/26",)
    [volume] = made.volumes
    assert (volume.id, volume.name, volume.kind, volume.owner) == ("A0168/26", "A0168/26 LCCC", "danger", None)
    assert volume.raw == FIRING
    assert (volume.floor, volume.ceiling) == (SURFACE, Limit("AMSL", 10000))
    assert len(volume.active) == 5
    assert volume.active[0] == Window(at("2601100600"), at("2601101200"))
    ring = volume.parts[0].outer
    assert (ring.edge == GEODESIC).all()
    assert ring.latitude == pytest.approx([34 + 50 / 60, 34 + 50 / 60, 35 + 10 / 60, 35 + 10 / 60])
    assert ring.longitude == pytest.approx([32 + 50 / 60, 33 + 10 / 60, 33 + 10 / 60, 32 + 50 / 60])


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("RDCA", "", "danger"), ("RMCA", "ESCAT ACT", "danger"), ("WMLW", "", "danger"), ("WPLW", "PJE", "danger"),
        ("RRCA", "", "restricted"), ("RPCH", "", "restricted"), ("RTCA", "ROCKET", "restricted"),
        ("RALW", "MILITARY ACTIVITIES", "restricted"), ("RALW", "UNBURNED DEBRIS IS EXPECTED", "danger"),
        ("AFXX", "DUE TO AEROSPACE FLIGHT ACTIVITY", "danger"), ("AFXX", "GNSS INTERFERENCE", "hazard"),
        ("ARLC", "", "hazard"), ("XXXX", "15 GUN ICINDE", "hazard"),
    ],
)  # fmt: skip
def test_kind_follows_the_code_and_the_text(code: str, text: str, kind: str) -> None:
    made = notice(text, q=f"Q{code}/IV/BO/W/000/999/3500N03300E030")
    assert made.kind == kind
    assert {volume.kind for volume in made.volumes} == {kind}


@pytest.mark.parametrize(("code", "word"), [("QRDCD", "deactivated"), ("QRRCN", "cancelled"), ("QWMCC", "completed")])
def test_a_code_that_says_it_is_over_gives_no_volume(code: str, word: str) -> None:
    made = notice("RADIUS 5NM CENTRED ON 3500N03300E", q=f"{code}/IV/BO/W/000/999/3500N03300E030")
    assert made.volumes == ()
    assert word in made.refused[0].reason


def test_times_that_stay_open() -> None:
    base = "A0001/26 NOTAMN\nQ) LCCC/QRDCA/IV/BO/W/000/999/3500N03300E030\nA) LCCC B) {} C) {}\nE) X\nF) SFC G) UNL"
    permanent = parse(base.format("2601010000", "PERM"))
    assert (permanent.end, permanent.estimated) == (None, False)
    assert permanent.volumes[0].active == (Window(at("2601010000"), None),)
    assert not any("end" in note for note in permanent.not_understood)
    for end in ("2602010000 EST", "2602010000EST"):
        estimated = parse(base.format("2601010000", end))
        assert (estimated.end, estimated.estimated) == (at("2602010000"), True)
        assert estimated.volumes[0].estimated_end
    assert parse(base.format("2601010000", "2601022400")).end == at("2601030000")
    assert parse(base.format("9301010000", "PERM")).start == datetime(1993, 1, 1, tzinfo=UTC)
    broken = parse(base.format("2613010000", "2602300000"))
    assert broken.volumes[0].active == (Window(None, None),)
    assert [note.partition(":")[0] for note in broken.not_understood[:2]] == [
        "the start is not understood (B says '2613010000')",
        "the end is not understood (C says '2602300000')",
    ]
    backwards = parse(base.format("2602010000", "2601010000"))
    assert backwards.end is None
    assert any("not after the start" in note for note in backwards.not_understood)


def test_a_schedule_with_no_end_is_active_throughout() -> None:
    made = parse(FIRING.replace("2601141800", "PERM"))
    assert made.active == (Window(at("2601100600"), None),)
    assert any("has no start or no end" in note for note in made.not_understood)


def test_lists_in_the_text_are_no_items() -> None:
    made = notice("SEE BELOW\nA) FIRST B) SECOND C) THIRD D) 0600 F) FIFTH\nRADIUS 5NM CENTRED ON 3500N03300E")
    assert made.text.startswith("SEE BELOW A) FIRST")
    assert (made.start, made.end, made.schedule) == (at("2601010000"), at("2601312359"), "")
    assert (made.lower, made.upper) == (SURFACE, Limit("STD", 10000))


def test_a_notice_without_q_line_or_number_is_read() -> None:
    made = parse("A) LCCC B) 2601010000 C) 2601020000 E) FIRING WI 5NM OF 3500N03300E F) SFC G) 3000FT AGL")
    assert (made.id, made.fir, made.qcode, made.centre) == ("", "", "", None)
    assert "the Q line is missing" in made.not_understood
    [volume] = made.volumes
    assert (volume.id, volume.kind, volume.ceiling) == ("notice", "danger", Limit("AGL", 3000))
    alone = parse("V0123/26\nQ) LCCC/QRDCA/IV/BO/W/000/999/3500N03300E030\nA) LCCC B) 2601010000 C) PERM E) ACT")
    assert alone.id == "V0123/26"


@pytest.mark.parametrize("text", ["", "hello", "E) SOMETHING", "\x00", "{}"])
def test_what_is_no_notice(text: str) -> None:
    with pytest.raises(InputError, match="no ICAO NOTAM"):
        parse(text)


def test_two_notices_are_not_one() -> None:
    with pytest.raises(InputError, match="holds 2 notices"):
        parse(FIRING + "\n\n" + FIRING.replace("A0168", "A0169"))
    assert parse(FIRING + "\n\n" + FIRING).id == "A0168/26"  # said twice


# Positions


@pytest.mark.parametrize(
    "text",
    [
        "3652N 03317E", "3652N03317E", "365200N0331700E", "365200N 0331700E", "365200.00N 0331700.00E", "N365200E0331700",
        "N3652E03317", "N 36 52 00 E 033 17 00", "N36 52 E033 17", "36 52 00N 033 17 00E", "365200N-0331700E",
        "365200N/0331700E", "365200N, 0331700E", "365200N\n0331700E", "36°52'00\"N 033°17'00\"E", "36° 52′ 00″ N 033° 17′ 00″ E",
        "LAT 365200N LONG 0331700E", "365200N - 0331700E", "36.866667N 33.283333E", "N36.866667 E33.283333", "3652.0N 03317.0E",
        "365200N-331700E",
    ],
)  # fmt: skip
def test_spellings_of_a_position(text: str) -> None:
    [position] = find_positions(" ".join(text.split()))
    assert position.point == pytest.approx((36 + 52 / 60, 33 + 17 / 60), abs=1e-6)
    assert bool(position.note) == (text == "365200N-331700E")


def test_hemispheres() -> None:
    points = [position.point for position in find_positions("S1200E10700-S1200W10700 1200N01700W -1200S 01700E")]
    assert points == [(-12, 107), (-12, -107), (12, -17), (-12, 17)]


@pytest.mark.parametrize(
    "text", ["376100N0331718E", "9100N03300E", "3600N18100E", "36N", "123456N - 0123456", "N36521 E033172"]
)
def test_what_is_no_position(text: str) -> None:
    assert not any(position.understood for position in find_positions(text))


def test_numbers_that_a_line_break_cut() -> None:
    real = "295140N0310404E-293329N0304934E-295453N0305731E-2951 40N0310404E"
    assert [p.text for p in find_positions(join_broken(real))][-1] == "295140N0310404E"
    assert join_broken("N365258E03317 18-N3652 58E0331718") == "N365258E0331718-N365258E0331718"
    assert join_broken("34 52 30N 033 12 18E") == "34 52 30N 033 12 18E"


# Areas

TRIANGLE = "3500N03300E 3500N03400E 3600N03400E"
SOUTH = "3400N03300E 3400N03400E 3300N03400E"


@pytest.mark.parametrize(
    ("text", "radius_nm"),
    [
        ("RADIUS 25NM CENTRED ON 350000N0330000E", 25),
        ("25NM RADIUS CENTERED AT 350000N0330000E.", 25),
        ("25 NM RADIUS OF PSN: 3500N 03300E /SILVER AREA", 25),
        ("CENTERED ON 350000N0330000E WITH RADIUS 9.45 NM .", 9.45),
        ("WI 10 NM OF 350000N 0330000E", 10),
        ("WITHIN A RADIUS OF 10KM AROUND POSITION 350000N 0330000E", 10 / 1.852),
        ("CIRCLE OF 5KM RADIUS, CENTRE: 350000N 0330000E", 5 / 1.852),
        ("350000N 0330000E RADIUS 500M", 0.5 / 1.852),
        ("RADIUS: 3 NAUTICAL MILES CENTRED 3500N03300E", 3),
    ],
)
def test_circles(text: str, radius_nm: float) -> None:
    made = notice(text)
    assert not any("Q line" in note for note in made.not_understood)
    ring = made.volumes[0].parts[0].outer
    n = len(ring)
    away = GEOD.inv(np.full(n, 33.0), np.full(n, 35.0), ring.longitude, ring.latitude)[2] / NM
    assert away == pytest.approx(np.full(n, radius_nm), abs=1e-6)


def test_several_circles() -> None:
    pi = np.pi
    assert areas("3500N03300E RADIUS 2NM AND 3530N03300E RADIUS 3NM") == pytest.approx([4 * pi, 9 * pi], rel=0.01)
    assert areas("RADIUS 2NM CENTRED 3500N03300E, RADIUS 3NM CENTRED 3530N03300E") == pytest.approx(
        [4 * pi, 9 * pi], rel=0.01
    )
    assert areas("CENTERED ON 3500N03300E WITH RADIUS 2NM. CENTERED ON 3530N03300E WITH RADIUS 3NM") == pytest.approx(
        [4 * pi, 9 * pi], rel=0.01
    )
    assert areas("WI 5NM RADIUS OF FLW PSN: 3500N03300E, 3530N03300E") == pytest.approx([25 * pi, 25 * pi], rel=0.01)
    assert len(areas(f"CIRCLE RADIUS 5NM CENTRED ON 3430N03300E AND AREA BOUNDED BY {TRIANGLE}")) == 2


@pytest.mark.parametrize(
    "text",
    [
        TRIANGLE,
        "AREA BOUNDED BY: 3500N03300E - 3500N03400E - 3600N03400E - 3500N03300E.",
        "AS 3500N03300E TO 3500N03400E TO 3600N03400E TO POINT OF ORIGIN",
        "1. 3500N03300E 2. 3500N03400E 3. 3600N03400E",
        "P1: 3500N03300E, P2: 3500N03400E, P3: 3600N03400E",
        "A) 3500N03300E\nB) 3500N03400E\nC) 3600N03400E",
        "AREA BOUNDED BY BUBLO (3500N 03300E) - KALAX (3500N 03400E) - ADKAR (3600N 03400E)",
        "(3500N03300E)-(3500N03400E)-(3600N03400E)",
        "3500N03300E THEN A STRAIGHT LINE TO 3500N03400E THENCE TO 3600N03400E BACK TO START",
        "N350000E0330000-N350000E0340000-N360000E0340000, ,BACK TO START",
    ],
)
def test_one_polygon_however_written(text: str) -> None:
    made = areas(text)
    # Two thirds of a degree by one: half of 60 NM times the width at these latitudes.
    assert made == pytest.approx([0.5 * 59.9 * 60 * np.cos(np.radians(35)) * 1.002], rel=0.01)


def test_several_polygons() -> None:
    assert len(areas(f"AREA A: {TRIANGLE} AREA B: {SOUTH}")) == 2
    assert len(areas(f"1. {TRIANGLE} 2. {SOUTH}")) == 2
    assert len(areas(f"{TRIANGLE} 3500N03300E {SOUTH} 3400N03300E")) == 2  # each closed
    assert len(areas(f"{TRIANGLE} SECOND TIME IN TURKISH {TRIANGLE}")) == 1


def test_areas_of_different_limits_are_volumes_of_their_own() -> None:
    made = notice(f"AREA A: {TRIANGLE} SFC-FL100. AREA B: {SOUTH} FL100-FL200.", f="F) SFC G) FL200")
    assert [(v.id, str(v.floor), str(v.ceiling), len(v.parts)) for v in made.volumes] == [
        ("A0001/26-1", "SFC", "FL100", 1),
        ("A0001/26-2", "FL100", "FL200", 1),
    ]
    before = notice(f"AREA A SFC-FL100: {TRIANGLE} AREA B VERTICAL LIMITS FL100-FL200: {SOUTH}", f="F) SFC G) FL200")
    assert [str(v.ceiling) for v in before.volumes] == ["FL100", "FL200"]
    same = notice(f"AREA A: {TRIANGLE} SFC-FL100. AREA B: {SOUTH} SFC-FL100.")
    assert [(v.id, len(v.parts)) for v in same.volumes] == [("A0001/26", 2)]


def test_corridors() -> None:
    width_10 = pytest.approx(600 * 0.998 + 25 * np.pi, rel=0.005)
    assert areas("5NM EITHER SIDE OF LINE JOINING 350000N0330000E - 360000N0330000E") == [width_10]
    assert areas("350000N0330000E TO 360000N0330000E 5NM EITHER SIDE") == [width_10]
    assert areas("WI 5NM EACH SIDE OF TRACK 3500N03300E-3530N03300E-3600N03300E") == [width_10]
    assert areas("LINE 350000N0330000E-360000N0330000E WIDTH 10NM") == [width_10]
    [area] = find_areas("5NM EITHER SIDE OF LINE 3500N03300E 3530N03330E 3600N03300E").areas
    lon, lat = np.linspace(33, 33.5, 7), np.linspace(35, 35.5, 7)
    polygon = shapely.Polygon(np.stack([area.ring.longitude, area.ring.latitude], axis=-1))
    assert all(polygon.contains(shapely.Point(x, y)) for x, y in zip(lon, lat, strict=True))


def test_an_arc() -> None:
    text = "3500N03300E THENCE {} ALONG THE ARC OF A CIRCLE RADIUS 30NM CENTRED ON 350000N0333638E TO 350000N0341316E"
    over = areas(text.format("CLOCKWISE") + " - 343000N0333638E TO POINT OF ORIGIN")
    assert over == pytest.approx([450 * np.pi + 900], rel=0.01)  # half a disc and a triangle
    under = areas(text.format("ANTICLOCKWISE") + " - 353000N0333638E")
    assert under == pytest.approx([450 * np.pi + 900], rel=0.01)
    after = "3500N03300E CLOCKWISE ARC RADIUS 30NM TO 350000N0341316E CENTRED ON 350000N0333638E - 343000N0333638E"
    assert areas(after) == pytest.approx(over, rel=1e-9)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "3500N03300E ARC RADIUS 30NM CENTRED ON 350000N0333638E TO 350000N0341316E - 3430N03330E",
            "without its sense",
        ),
        ("3500N03300E CLOCKWISE ARC RADIUS 30NM TO 350000N0341316E - 3430N03330E", "without its centre"),
        (
            "3500N03300E CLOCKWISE ARC RADIUS 9NM CENTRED ON 350000N0333638E TO 350000N0341316E - 3430N03330E",
            "does not lead",
        ),
        (
            "BOUNDED BY 3500N03300E 3500N03400E THENCE ALONG THE FIR BOUNDARY TO 3600N03400E",
            "an edge follows something",
        ),
        ("BOUNDED BY 3500N03300E 3500N03400E 3560N03400E 3600N03300E", "is no position"),
        ("BOUNDED BY 3500N03300E 3500N03400E 3600N0340 3600N03300E 3530N03200E", "is no position"),
        (
            "BOUNDED BY 3500N03300E 3600N03400E 3600N03300E 3530N03310E 3500N03400E",
            "itself near vertex",
        ),
        ("BOUNDED BY 3500N03300E 3500N03300E 3500N03400E", "only 2 distinct vertices"),
    ],
)
def test_an_area_that_is_not_understood_is_the_q_lines(text: str, why: str) -> None:
    made = notice(text)
    assert any(why in note for note in made.not_understood)
    assert "area from the Q line" in made.not_understood
    assert square_nm(made.volumes[0].parts[0]) == pytest.approx(900 * np.pi, rel=0.01)
    bare = notice(text, q="QRDCA/IV/BO/W/000/999/")
    assert bare.volumes == ()
    assert why in bare.refused[0].reason
    assert bare.refused[0].name == "A0001/26 LCCC"


def test_what_is_understood_stays_where_there_is_no_circle() -> None:
    made = notice(f"AREA 1: {TRIANGLE} AREA 2: 3500N03500E 3500N03600E 3560N03600E", q="QRDCA/IV/BO/W/000/999/")
    assert len(made.volumes[0].parts) == 1
    assert "is no position" in made.refused[0].reason


def test_corners_in_the_wrong_order_are_put_in_the_only_right_one() -> None:
    made = notice("020000S 0902602E - 020000S 0905826E - 024800S 0901700E - 025400S 0904800E - 020000S 0902602E")
    assert any("only order" in note for note in made.not_understood)
    assert square_nm(made.volumes[0].parts[0]) == pytest.approx(1639, rel=0.01)


def test_a_last_corner_almost_on_the_first() -> None:
    real = (
        "365852N-0351720E, 365846N-0352254E, 370023N-0352409E, 370015N-0353134E, 365745N-0353101E, 365527N-0352837E, "
        "365424N-0352528E, 365358N-0352133E, 365257N-0351858E, 365257N-0351543E, 365345N-0351330E, 365852N-351722E"
    )
    made = notice(real)
    assert any("49 m from the first" in note for note in made.not_understood)
    assert len(made.volumes[0].parts[0].outer) == 11


@pytest.mark.parametrize(
    "text",
    [
        "KEMER DCT ADKAR (364733N0351152E) OR KEMER DCT ADKAR (354733N0341152E) DCT TUNLA (344733N0331152E)",
        "RTE 3500N03300E 3500N03400E 3600N03400E CLSD",
        "ALTN RTE QT DCT 3033N06939E DCT 2925N06959E DCT 2825N06959E",
        "OBSTACLE PSN:351557N 0470050E, HGT 4613 FT AMSL, DIST 920 M BFR THR",
        "TWO POINTS 3500N03300E 3600N03300E",
        "NO AREA AT ALL",
        "DANGER AREA EXCEPT AREA 3500N03300E 3500N03400E 3600N03400E",
    ],
)
def test_positions_that_make_no_area(text: str) -> None:
    assert areas(text) == []


def test_an_area_far_from_the_q_line_is_noted() -> None:
    near, far = notice(TRIANGLE), notice("3800N03300E 3800N03400E 3900N03400E")
    assert not any("outside the circle" in note for note in near.not_understood)
    assert any(re.search(r"its middle lies 17\d NM outside the circle", note) for note in far.not_understood)


def test_across_the_antimeridian_and_around_nothing() -> None:
    made = notice("3500N17900E 3500N17900W 3600N17900W 3600N17900E", q="QRDCA/IV/BO/W/000/999/3530N18000E060")
    assert made.not_understood == ()
    assert square_nm(made.volumes[0].parts[0]) == pytest.approx(5869, rel=0.01)


def test_the_whole_of_a_fir_is_its_bundled_boundary() -> None:
    made = notice("GNSS INTERFERENCE WITHIN FIR", q="QXXXX/IV/NBO/E/000/999/3500N03300E999")
    assert made.radius_nm == 999
    (whole,) = made.volumes
    (bundled,) = read_airspace("fir:LCCC").volumes
    assert square_nm(whole.parts[0]) == square_nm(bundled.parts[0]) > 30_000
    assert whole.accuracy_m == FIR_ACCURACY_M
    assert "approximate, not authoritative" in " ".join(whole.notes)
    assert whole.issued_for == ("LCCC",)


# Limits


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("SFC", "SFC"), ("GND", "SFC"), ("UNL", "UNL"), ("UNL)", "UNL"), ("FL245", "FL245"), ("FL 245", "FL245"),
        ("15000 FT AMSL", "15000 ft AMSL"), ("15000FT AMSL)", "15000 ft AMSL"), ("900M AMSL", "2952.76 ft AMSL"),
        ("3000FT AGL", "3000 ft AGL"), ("1,500FT AMSL", "1500 ft AMSL"), ("500M AGL", "1640.42 ft AGL"),
        ("2000FT ABV GND", "2000 ft AGL"), ("MSL", "0 ft AMSL"), ("", None), ("SEE E", None), ("FL99999", None),
    ],
)  # fmt: skip
def test_one_limit(text: str, limit: str | None) -> None:
    made = read_limit(text)
    assert (None if made is None else str(made)) == limit


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("VERTICAL LIMITS: SFC-6000FT AMSL", [("SFC", "6000 ft AMSL")]),
        ("DIKEY LIMITLER: 11000FT AMSL- 45000FT AMSL", [("11000 ft AMSL", "45000 ft AMSL")]),
        ("NOT AVBL FM GND TO UNL DUE OPR", [("SFC", "UNL")]),
        ("VERTICAL LIMITS: FL110-FL450", [("FL110", "FL450")]),
        ("BTN FL100 AND FL200", [("FL100", "FL200")]),
        ("ALTITUDE 1000-3000FT AMSL", [("1000 ft AMSL", "3000 ft AMSL")]),
        ("UPPER LIMIT RAISED TO UNL", [(None, "UNL")]),
        ("ALL TFC AT FL320, FL340 AND FL380 OR ABOVE", []),
        ("RTE AVBL FL280-FL320", []),
        ("(MIN FL280)", []),
    ],
)
def test_limits_in_a_text(text: str, said: list[tuple[str | None, str | None]]) -> None:
    assert [(r.lower and str(r.lower), r.upper and str(r.upper)) for r in find_limits(text)] == said


def test_where_limits_come_from() -> None:
    items = notice("X", f="F) 900M AMSL G) FL100")
    assert not any("limit" in note for note in items.not_understood)
    text = notice("VERTICAL LIMITS: FL110-FL450", f="")
    assert (str(text.lower), str(text.upper)) == ("FL110", "FL450")
    assert "lower limit from the text, F says none" in text.not_understood
    levels = notice("X", q="QRDCA/IV/BO/W/050/100/3500N03300E030", f="")
    assert (str(levels.lower), str(levels.upper)) == ("FL050", "FL100")
    assert "upper limit from the Q line, G says none" in levels.not_understood
    nothing = notice("X", q="QRDCA/IV/BO/W///3500N03300E030", f="")
    assert (nothing.lower, nothing.upper) == (SURFACE, UNLIMITED)
    odd = notice("X", f="F) SEE AIP G) FL100")
    assert "F says 'SEE AIP', which is not understood" in odd.not_understood
    assert (odd.lower, str(odd.upper)) == (SURFACE, "FL100")


def test_a_notice_that_contradicts_itself() -> None:
    made = notice("VERTICAL LIMITS: FL110-80000FT AMSL", f="F) SFC G) UNL")
    assert "contradicts itself: lower limit SFC in F, FL110 in E" in made.not_understood
    assert "contradicts itself: upper limit UNL in G, 80000 ft AMSL in E" in made.not_understood
    assert (made.lower, made.upper) == (SURFACE, UNLIMITED)
    levels = notice("X", q="QRDCA/IV/BO/W/050/100/3500N03300E030", f="F) SFC G) FL245")
    assert "contradicts itself: upper limit FL100 in Q, FL245 in G" in levels.not_understood
    rounded = notice("X", q="QRDCA/IV/BO/W/030/090/3500N03300E030", f="F) 900M AMSL G) 2700M AMSL")
    assert rounded.not_understood == ("area from the Q line",)
    upside = notice("X", f="F) FL245 G) FL100")
    assert (upside.lower, upside.upper) == (SURFACE, UNLIMITED)


# Hours


@pytest.mark.parametrize(
    ("schedule", "first", "count"),
    [
        ("0400-0600", "010400-010600", 31),
        ("0330 - 1830", "010330-011830", 31),
        ("0000-1000 DLY", "010000-011000", 31),
        ("DAILY 0045-0500 2000-0045", "010000-010500", 32),  # the last of February reaches over, cut at the start
        ("DLY BTN 1700 / 0230", "010000-010230", 32),
        ("H24", "010000-312359", 1),
        ("26 MAR - 30 APR 0215-1030", "260215-261030", 6),
        ("MAR 26-APR 23 0600-0930 1030-1300 EXC SAT SUN", "260600-260930", 8),
        ("03-31 0400-1000", "030400-031000", 29),
        ("MAR 26 28 30 0900-1700", "260900-261700", 3),
        ("26 28 30 MAR 0900-1700", "260900-261700", 3),
        ("25 1105-1300  30 0320-0900", "251105-251300", 2),
        ("01 0300-1100   06 08 15 0255-1100  20 22 0255-0900", "010300-011100", 6),
        ("10 0045-0500 2000-2359, 11-15 0000-0500 2000-2359, 16 0000-    0045", "100045-100500", 7),
        ("MON-FRI 0900-1000", "020900-021000", 22),
        ("FRI-MON 0900-1000", "010900-011000", 18),
        ("EV FRI SAT 0500-1500   MAR 08-09 1500-2100", "060500-061500", 10),
        ("0700-1400 EXC SAT SUN", "020700-021400", 22),
        ("MON-FRI EXC HOL 0600-1600", "020600-021600", 22),
        ("DAILY EXC 05 0600-0700", "010600-010700", 30),
        ("0253-0403 AND 0729-0839 ON 04,0613-0723 ON 05", "040253-040403", 3),
        ("0331-0441,0943-1053", "010331-010441", 62),
        ("MAR 26-28 H24", "260000-290000", 1),
        ("2603052200 TO 2603060400 2603062200 TO 2603070400", "052200-060400", 2),
        ("2200-0400 ON 05", "052200-060400", 1),
        ("26 MAR 2026 0600-0700Z", "260600-260700", 1),
    ],
)
def test_schedules(schedule: str, first: str, count: int) -> None:
    made = windows(schedule)
    assert (made[0], len(made)) == (first, count)


@pytest.mark.parametrize(
    "schedule",
    ["SR-SS", "DAILY SR-SS", "HJ", "SAT SUN HOL 0600-1600", "0600-1800 LMT", "26 0600 - 28 1200", "MON 0600-TUE 1200", "APR 05 0600-0700",
     "MAR 26", "0600-2500", "- 0600-0700", "33 0600-0700", "", "APR-JUN 0600-0700", "2603052200 TO 2603064400", "0600-0700 ON"],
)  # fmt: skip
def test_schedules_that_are_not_understood_are_active_throughout(schedule: str) -> None:
    with pytest.raises(ScheduleError):
        windows(schedule)
    if schedule:
        made = notice("X", d=schedule)
        assert made.active == (Window(at("2601010000"), at("2601312359")),) or "MAR" in schedule
        assert any("taken as active throughout" in note for note in made.not_understood)


def test_exceptions_with_hours_of_their_own_are_not_taken_off() -> None:
    made, notes = expand("EV FRI AND SAT 0600-1200 EXC APR 10 0600-1300", at("2604010000"), at("2604302359"))
    assert notes == ["an exception with hours of its own is not taken off"]
    assert Window(at("2604100600"), at("2604101300")) in made
    assert len(made) == 8


def test_windows_do_not_touch_and_lie_between_start_and_end() -> None:
    for schedule in ("DAILY 0000-1200 1200-2359", "DAILY 2000-0500 0300-0700", "H24", "MON-FRI H24"):
        made, _ = expand(schedule, at("2603010600"), at("2603200900"))
        assert made[0].start is not None
        assert made[0].start >= at("2603010600")
        for one, other in pairwise(made):
            assert one.end is not None
            assert other.start is not None
            assert one.end < other.start


# Documents


def test_parts_are_joined_in_their_order() -> None:
    second = FIRING.replace("A) LCCC B)", "A) LCCC PART 2 OF 2 B)")
    first = re.sub(r"E\).*", "E) FIRST HALF\nEND PART 1 OF 2", second, flags=re.DOTALL).replace("2 OF 2 B", "1 OF 2 B")
    joined = parse(second + "\n\n" + first + "\n\n" + second)
    assert joined.text.startswith("FIRST HALF GUN FIRING")
    assert joined.upper == Limit("AMSL", 10000)
    assert len(joined.volumes[0].parts[0].outer) == 4
    alone = parse(first)
    assert "part 2 of 2 is missing" in alone.not_understood
    as_list = read_notices(json.dumps([first, second]).encode(), "x")
    assert [made.text for made in as_list] == [joined.text]


def test_cancelled_and_replaced_notices_end() -> None:
    cancel = "A0170/26 NOTAMC A0168/26\nQ) LCCC/QWMXX/IV/BO/W/000/100/3500N03300E030\nA) LCCC B) 2601120800 E) CNL"
    made = read(f"{FIRING}\n\n{cancel}".encode(), "x.txt")
    assert made.refused == ()
    [volume] = made.volumes
    assert volume.active[-1] == Window(at("2601120600"), at("2601120800"))
    assert "cancelled by A0170/26 at 2026-01-12 08:00 UTC" in volume.notes
    notices = read_notices(f"{cancel}\n\n{FIRING}".encode(), "x.txt")
    assert [(n.id, len(n.volumes)) for n in notices] == [("A0170/26", 0), ("A0168/26", 1)]
    assert "cancels A0168/26" in notices[0].not_understood
    before = read(f"{FIRING}\n\n{cancel.replace('2601120800', '2601090000')}".encode(), "x.txt")
    assert before.volumes == ()
    assert "cancelled by A0170/26" in before.refused[0].reason
    replacing = FIRING.replace("A0168/26 NOTAMR A0130/26", "A0171/26 NOTAMR A0168/26").replace(
        "2601100600", "2601130600"
    )
    both = read(f"{FIRING}\n\n{replacing}".encode(), "x.txt").volumes
    assert [len(volume.active) for volume in both] == [3, 2]
    late = read(f"{FIRING}\n\n{cancel.replace('2601120800', '2602010000')}".encode(), "x.txt")
    assert len(late.volumes[0].active) == 5


DOCUMENTS: dict[str, Any] = {
    "list of texts": [FIRING],
    "list of objects": [{"id": 1, "raw": FIRING, "text": "GUN FIRING"}],
    "parallel lists": {"NUM": 1, "CODE": ["A0168/26"], "RAWMESSAGE": [FIRING]},
    "nested": {"meta": {"rows": 1}, "items": [{"notam": {"message": FIRING}}]},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_json_of_every_form(name: str) -> None:
    data = json.dumps(DOCUMENTS[name], indent=1).encode()
    assert format_of(data) is NOTAM
    made = read(data, "x.json")
    assert made.refused == ()
    assert [volume.id for volume in made.volumes] == ["A0168/26"]
    assert made.volumes[0].source == "x.json:notice 1"


def test_text_of_every_form() -> None:
    bare = FIRING.partition("\n")[2]
    for text, ids in (
        (FIRING, ["A0168/26"]),
        (f"({FIRING})", ["A0168/26"]),
        ("\ufeffGG LCCCZQZX\n101010 LCCCYNYX\n" + FIRING.replace("\n", "\r\n"), ["A0168/26"]),
        (FIRING + "\n" + FIRING.replace("A0168", "B0001"), ["A0168/26", "B0001/26"]),
        (bare + "\n\n" + bare.replace("2601100600", "2601110600"), ["x:notice 1", "x:notice 2"]),
        (FIRING.lower(), ["A0168/26"]),
        ("  ".join(FIRING.split("\n")) + "    CREATED: 25 MAR 2026 10:21  SOURCE: LCCCYNYX", ["A0168/26"]),
    ):
        data = text.encode()
        assert format_of(data) is NOTAM
        made = read(data, "x")
        assert [volume.id for volume in made.volumes] == ids
        assert made.volumes[0].ceiling == Limit("AMSL", 10000)


def test_a_table(tmp_path: Path) -> None:
    path = tmp_path / "notices.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["country", "raw"], ["Cyprus", FIRING.replace("\n", "  ")], ["", "no notice"]])
    assert format_of(path.read_bytes()) is NOTAM
    made = read_airspace(path)
    assert [(volume.id, volume.source) for volume in made.volumes] == [("A0168/26", "notices.csv:row 2")]
    assert [(r.name, r.source) for r in made.refused] == [("no notice", "notices.csv:row 3")]


def test_the_domestic_format_is_refused_politely() -> None:
    domestic = "!FDC 4/1234 ZNY NY..AIRSPACE WITHIN A 5 NM RADIUS OF 404000N0734500W SFC-3000FT\n!ATL 05/012 ATL RWY 09L/27R CLSD"
    assert format_of(domestic.encode()) is NOTAM
    made = read(f"{domestic}\n\n{FIRING}".encode(), "x")
    assert [refused.name for refused in made.refused] == [
        "!FDC 4/1234 ZNY NY..AIRSPACE WITHIN A 5 ",
        "!ATL 05/012 ATL RWY 09L/27R CLSD",
    ]
    assert all("FAA's domestic format" in refused.reason for refused in made.refused)
    assert [volume.id for volume in made.volumes] == ["A0168/26"]
    assert read(domestic.encode(), "x").volumes == ()
    with pytest.raises(InputError, match="domestic"):
        parse(domestic)


@pytest.mark.parametrize("data", [b"", b"hello", b"[]", b"{", b"[1, 2]", b'{"raw": 5}', b'a,raw\n1,"x', b"[" * 100_000])
def test_documents_without_notices(data: bytes) -> None:
    with pytest.raises(InputError):
        read(data, "x")
    with pytest.raises(InputError):
        read_notices(data, "x")


def test_other_formats_are_left_alone() -> None:
    geojson = json.dumps(
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"raw": FIRING}}]}
    ).encode()
    assert format_of(geojson) is GEOJSON
    for head in (
        b"AC R\nAN A0168/26 NOTAMN\n",
        b"* A0168/26 NOTAMN\nAC R\n",
        b"<x>A0168/26 NOTAMN</x>",
        b"{}",
        b"lat,lon\n1,2\n",
    ):
        assert not NOTAM.matches(head)


# Real notices

CORNER = re.compile(r"(?:\d{4,6}(?:\.\d+)?[NS]\s*-?\s*\d{5,7}(?:\.\d+)?[EW])|(?:[NS]\d{4,6}[EW]\d{5,7})")


def counted_corners(text: str) -> int:
    """How many different corners a text holds, by a plain pattern."""
    what = re.split(r"[\s(]E\)", text, maxsplit=1)[1]
    return len({re.sub(r"[\s-]", "", corner) for corner in CORNER.findall(what)})


def holds_polygon(made: Notice) -> bool:
    whole = {"area from the Q line"} & set(made.not_understood)
    return not whole and any(3 <= len(part.outer) < 30 for volume in made.volumes for part in volume.parts)


def rockets() -> list[tuple[dict[str, str], Notice]]:
    found = []
    for path in ROCKETS:
        document = json.loads(path.read_text())
        notices = read_notices(path.read_bytes(), path.name)
        assert len(notices) == document["NUM"]
        keys = ("CODE", "COORDINATES", "TIME", "RAWMESSAGE")
        rows = [dict(zip(keys, row, strict=True)) for row in zip(*(document[key] for key in keys), strict=True)]
        found += list(zip(rows, notices, strict=True))
    return found


def table() -> list[tuple[dict[str, str], Notice]]:
    with TABLE.open(newline="") as file:
        return [(row, parse(row["raw"])) for row in csv.DictReader(file)]


def test_rocket_notices_as_another_program_reads_them() -> None:
    pairs = rockets()
    assert len(pairs) == 105
    right = 0
    for row, made in pairs:
        assert made.id == row["CODE"]
        begin, end = (
            datetime.strptime(text, "%d %b %H:%M %Y").replace(tzinfo=UTC) for text in row["TIME"].split(" UNTIL ")
        )
        assert (made.start, made.end) == (begin, end)
        assert (made.kind, made.lower, made.upper) == ("danger", SURFACE, UNLIMITED)
        assert made.refused == ()
        corners = [position.point for position in find_positions(row["COORDINATES"])]
        corners = corners[:-1] if corners[0] == corners[-1] else corners
        [volume] = made.volumes
        ring = volume.parts[0].outer
        assert sorted(zip(ring.latitude, ring.longitude, strict=True)) == sorted(corners)
        right += list(zip(ring.latitude, ring.longitude, strict=True)) == corners
        assert volume.active
        assert not any("schedule" in note or "outside the circle" in note for note in volume.notes)
    assert right == 104  # in one, the corners are in an order in which they cross


def test_rocket_notices_hold_their_polygons() -> None:
    counted = [(row, made) for row, made in rockets() if counted_corners(row["RAWMESSAGE"]) >= 3]
    assert len(counted) == 105
    assert sum(holds_polygon(made) for _, made in counted) == 105


@needs_table
def test_real_notices_as_the_table_reads_them() -> None:
    pairs = table()
    assert len(pairs) == 164
    wrong: list[str] = []
    for row, made in pairs:
        assert made.qcode == row["qcode"]
        centre = (float(row["lat"]), float(row["lon"])) if row["lat"] else None
        same_centre = made.centre == (None if centre is None else pytest.approx(centre, abs=1e-5))
        radius = int(row["radius_nm"]) if row["radius_nm"] else None  # the table leaves 999 out
        same_radius = (None if made.radius_nm == 999 else made.radius_nm) == radius
        begin, end = (datetime.fromisoformat(row[key]) if row[key] else None for key in ("from_utc", "to_utc"))
        # Rows from one source leave an estimated end out; the text has it.
        same_times = made.start == begin and (made.end == end or (end is None and made.estimated))
        if not (same_centre and same_radius and same_times and made.fir == row["fir"]):
            wrong.append(made.id)
    assert wrong == ["A2119/26"]  # the Q line says LTXX, for two FIRs; the table one of them


@needs_table
def test_polygons_of_real_notices() -> None:
    counted = [(row, made) for row, made in table() if counted_corners(row["raw"]) >= 3]
    assert len(counted) > 80
    missed = [made.id for _, made in counted if not holds_polygon(made)]
    assert missed == []
    far = [made.id for _, made in counted if any("outside the circle" in note for note in made.not_understood)]
    assert far == ["G5393/13"]  # its Q line says 3857N and its corners 3658N
    for _, made in counted:
        if made.radius_nm and made.radius_nm < 999:
            for part in made.volumes[0].parts:
                assert square_nm(part) < 1.05 * np.pi * (made.radius_nm + 1) ** 2


@needs_table
def test_schedules_of_real_notices() -> None:
    stated = [made for _, made in table() if made.schedule]
    missed = {made.schedule for made in stated if any("schedule" in note for note in made.not_understood)}
    assert missed == {"SR-SS", "DAILY SR-SS"}
    assert len(stated) > 60


@needs_table
def test_the_table_as_a_whole(tmp_path: Path) -> None:
    data = TABLE.read_bytes()
    assert format_of(data[:65536]) is NOTAM
    made = read(data, "table.csv")
    notices = read_notices(data, "table.csv")
    assert len(notices) == 164
    reasons = sorted(refused.reason.partition(" (")[0].partition(" of OO")[0] for refused in made.refused)
    assert len(made.volumes) + len(made.refused) >= 164
    assert {reason[:25] for reason in reasons} <= {
        "no area: it is for the wh",
        "no area: neither E nor th",
        "replaced by A0235/26 at 20",
    }


# Broken


def corpus() -> list[bytes]:
    document = json.loads(ROCKETS[0].read_text())
    texts = [FIRING, *document["RAWMESSAGE"][::9]]
    texts += [
        f"A0002/26 NOTAMN\nQ) LCCC/QRRCA/IV/BO/W/000/100/3500N03300E030\nA) LCCC PART 1 OF 2 B) 2603010000 C) 2604302359 EST\n"
        f"D) {schedule}\nE) {area}\nF) SFC G) FL100"
        for schedule, area in (
            ("MAR 26-APR 23 0600-0930 EXC SAT SUN", f"AREA A: {TRIANGLE} SFC-FL050 AREA B: {SOUTH} FL050-FL100"),
            ("EV FRI AND SAT 0600-1200 EXC APR 10 0600-1300", "5NM EITHER SIDE OF LINE 3500N03300E - 3600N03300E"),
            ("10 0045-0500 2000-2359, 11-15 0000-0500", "RADIUS 25NM CENTRED ON 350000N0330000E"),
            (
                "0253-0403 ON 04",
                "3500N03300E CLOCKWISE ARC RADIUS 30NM CENTRED ON 350000N0333638E TO 350000N0341316E - 3430N03330E",
            ),
        )
    ]
    return [text.encode() for text in texts]


@pytest.mark.parametrize("number", range(len(corpus())))
def test_broken_notices(number: int) -> None:
    sample = corpus()[number]
    for broken in mutations(sample, 100, f"notice {number}"):
        read_or_refuse(NOTAM, broken)
        with suppress(InputError):
            parse(broken.decode("utf-8", "replace"))


@pytest.mark.parametrize("name", [*DOCUMENTS, "table", "text"])
def test_broken_documents(name: str) -> None:
    texts = [sample.decode() for sample in corpus()[:4]]
    if name == "table":
        rows = "\n".join(f'{number},"{" ".join(text.split())}"' for number, text in enumerate(texts))
        data = f"number,raw\n{rows}\n".encode()
    elif name == "text":
        data = "\n\n".join([*texts, "!FDC 4/1234 ZNY AIRSPACE"]).encode()
    else:
        data = json.dumps(DOCUMENTS[name], indent=1).replace(json.dumps(FIRING), json.dumps(texts[0])).encode()
    for broken in mutations(data, 100, name):
        read_or_refuse(NOTAM, broken)
        with suppress(InputError):
            read_notices(broken, "fuzz")


def test_a_long_text_is_read_in_time() -> None:
    hostile = [
        "- " * 50_000,
        "1 " * 50_000,
        "3500N03300E " * 5_000,
        "FL100-" * 20_000,
        "A) " * 20_000,
        "E 2951 " * 10_000,
        "5NM " * 20_000,
    ]
    for text in hostile:
        made = notice(text)
        assert made.id == "A0001/26"


def test_a_notice_of_one_file_cancels_one_of_another(tmp_path: Path) -> None:
    first, second = tmp_path / "good.txt", tmp_path / "cancel.txt"
    first.write_text(
        "A0001/26 NOTAMN\nQ) LCCC/QRDCA/IV/BO/W/000/999/3500N03300E010\nA) LCCC B) 2601010000 C) 2601312359\n"
        "E) FIRING WI 5NM RADIUS OF 350000N0330000E\nF) SFC G) UNL\n"
    )
    second.write_text(
        "A0002/26 NOTAMC A0001/26\nQ) LCCC/QRDXX/IV/BO/W/000/999/3500N03300E010\nA) LCCC B) 2601100000\nE) CANCELLED\n"
    )
    (volume,) = read_airspace(second, first).volumes
    assert volume.active == (Window(at("2601010000"), at("2601100000")),)
    alone = read_airspace(second)
    assert alone.volumes == ()
    assert "cancels A0001/26, which was not given" in alone.refused[0].reason


def test_what_is_only_assumed_is_said() -> None:
    text = "FIRING WI 5NM RADIUS OF 350000N0330000E"
    assert notice(text).volumes[0].assumed == ""
    assert "schedule" in notice(text, d="SR-SS").volumes[0].assumed
    assert notice("FIRING").volumes[0].assumed == "area from the Q line"
    beacon = notice(text.replace("FIRING", "VOR OUT OF SERVICE"), q="QNVAS/IV/BO/A/000/999/3500N03300E030")
    assert "is not about airspace" in beacon.volumes[0].assumed
