"""Conflict-zone bulletins: each piece by hand, and the real ones against what their prose says."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from overflight.airspace.read import read_airspace
from overflight.airspace.readers.bulletins import Bulletin, read_bulletins, volumes
from overflight.airspace.rings import make_ring
from overflight.airspace.sets import FIR_ACCURACY_M
from overflight.airspace.volume import GEODESIC, SURFACE, UNLIMITED, Limit, Part, Window
from overflight.errors import InputError
from tests.airspace.mutations import mutations

REAL = Path("../shared/data/hazard/easa_czib_20260822.json")
needs_real = pytest.mark.skipif(not REAL.exists(), reason="the bulletins may not be copied")
BOX = (Part(make_ring([30, 30, 31, 31], [35, 36, 36, 35], GEODESIC)[0]),)

ONE: dict[str, Any] = {
    "czib_number": "CZIB-2026-99",
    "status": "Active",
    "issue_date": "22/07/2026",
    "revision_date": "",
    "valid_until": "31/08/2026",
    "subject": "Airspace of Nowhere",
    "affected_airspace": "FIR Nowhere (XXXX), below Flight Level (FL) 260.",
    "affected_countries": ["Nowhere"],
    "affected_FIRs": ["XXXX FIR"],
    "recommendations": "Air operators should not operate within FIR Nowhere (XXXX).",
}


def bulletin(**changes: Any) -> Bulletin:
    [made] = read_bulletins(json.dumps([{**ONE, **changes}]).encode(), "b.json")
    return made


def real() -> tuple[Bulletin, ...]:
    return read_bulletins(REAL.read_bytes(), REAL.name)


def test_every_field() -> None:
    made = bulletin()
    assert (made.number, made.status, made.withdrawn) == ("CZIB-2026-99", "Active", False)
    assert (made.firs, made.countries) == (("XXXX",), ("Nowhere",))
    assert (made.lower, made.upper) == (SURFACE, Limit("STD", 26_000))
    assert made.issued == datetime(2026, 7, 22, tzinfo=UTC)
    assert made.valid_until == datetime(2026, 9, 1, tzinfo=UTC)  # the last day counts
    assert made.active == Window(made.issued, made.valid_until)
    assert made.source == "b.json:bulletin 1"
    assert made.not_understood == ()


@pytest.mark.parametrize(
    ("prose", "lower", "upper", "noted"),
    [
        ("all altitudes and flight levels", "SFC", "UNL", False),
        ("any altitude", "SFC", "UNL", False),
        ("below FL320", "SFC", "FL320", False),
        ("at altitudes below Flight Level (FL) 250", "SFC", "FL250", False),
        ("below FL 260", "SFC", "FL260", False),
        ("above FL320", "FL320", "UNL", False),
        ("between FL200 and FL 320", "FL200", "FL320", False),
        ("airspace", "SFC", "UNL", True),
        ("below FL200 in the west, below FL320 in the east", "SFC", "FL320", True),
    ],
)
def test_levels(prose: str, lower: str, upper: str, *, noted: bool) -> None:
    made = bulletin(affected_airspace=f"FIR Nowhere (XXXX), {prose}.")
    assert (str(made.lower), str(made.upper)) == (lower, upper)
    assert any("levels" in note for note in made.not_understood) == noted


@pytest.mark.parametrize(
    "prose",
    [
        "airspace over the waters of the Gulf within the FIR Nowhere (XXXX) west of longitude 58°E",
        "over the territory of Nowhere",
        "except all routes in the maritime part",
        "portions of FIR Nowhere corresponding to 120 NM from the city",
        "North Governorate",
    ],
)
def test_part_of_a_region_is_noted(prose: str) -> None:
    assert any("only part" in note for note in bulletin(affected_airspace=f"All altitudes. {prose}").not_understood)


def test_regions_of_the_list_and_of_the_text() -> None:
    made = bulletin(
        affected_airspace="FIR A (AAAA), UIR B (Bee UIR – BBBB), all altitudes.",
        affected_FIRs=["AAAA FIR", "CCCC FIR", "?"],
    )
    assert made.firs == ("AAAA", "CCCC", "BBBB")
    assert set(made.not_understood) == {
        "'?' is no code of a region",
        "BBBB stands in its text alone: taken, too",
        "CCCC stands in its list alone: taken, too",
    }


def test_an_information_note_says_it_elsewhere() -> None:
    prose = "Information Note. Airspace affected: Nowhere (FIR Nowhere - XXXX), below FL 260 Civil air operators are advised."
    note = {
        "id": "IN-NOWHERE",
        "status": "N/A",
        "affected_airspace": "N/A",
        "recommendations": prose,
        "affected_FIRs": ["XXXX FIR"],
    }
    [made] = read_bulletins(json.dumps({"czibs": [], "information_notes": [note]}).encode(), "b.json")
    assert (made.number, made.status, made.firs, str(made.upper)) == ("IN-NOWHERE", "", ("XXXX",), "FL260")
    assert made.active == Window(None, None)
    assert volumes(made, {"XXXX": BOX}).volumes[0].active == ()


def test_volumes_by_region() -> None:
    made = volumes(bulletin(affected_FIRs=["XXXX FIR", "YYYY FIR"]), {"XXXX": BOX})
    [volume] = made.volumes
    assert (volume.id, volume.kind, volume.parts) == ("CZIB-2026-99 XXXX", "hazard", BOX)
    assert (volume.floor, volume.ceiling) == (SURFACE, Limit("STD", 26_000))
    assert volume.active == (Window(datetime(2026, 7, 22, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)),)
    assert [(refused.name, refused.reason) for refused in made.refused] == [
        ("CZIB-2026-99 YYYY", "the boundary of YYYY is not known")
    ]
    nameless = volumes(bulletin(affected_FIRs=[], affected_airspace="Iran, all altitudes"), {"XXXX": BOX})
    assert (nameless.volumes, nameless.refused[0].reason) == ((), "it names no flight information region")


def test_withdrawn_bulletins() -> None:
    known = bulletin(status="Withdrawn")
    assert known.withdrawn
    assert volumes(known, {"XXXX": BOX}).volumes[0].active[0].end == known.valid_until
    unknown = bulletin(status="Withdrawn", valid_until="")
    assert unknown.active is None
    assert "withdrawn, nobody says when" in unknown.not_understood
    assert "nobody says when" in volumes(unknown, {"XXXX": BOX}).refused[0].reason


def test_dates_that_are_none() -> None:
    made = bulletin(issue_date="22/13/2026", valid_until="soon", revision_date="01/08/2026")
    assert (made.issued, made.valid_until) == (None, None)
    assert "issue_date says '22/13/2026', which is no day" in made.not_understood
    assert "revised on 2026-08-01: what it said before is not known" in made.not_understood
    assert bulletin(valid_until="21/07/2026").active is None


@pytest.mark.parametrize("data", [b"", b"hello", b"[]", b"{}", b"[1]", b"\xff\xfe", b'{"czibs": 5}', b"[" * 100_000])
def test_documents_without_bulletins(data: bytes) -> None:
    with pytest.raises(InputError):
        read_bulletins(data, "x")


def test_broken_bulletins() -> None:
    sample = json.dumps({"source": "EASA", "czibs": [ONE, {**ONE, "affected_FIRs": "XXXX FIR"}]}, indent=1).encode()
    for broken in mutations(sample, 400, "bulletins"):
        with suppress(InputError):
            for made in read_bulletins(broken, "fuzz"):
                volumes(made, {"XXXX": BOX})


@needs_real
def test_the_real_bulletins() -> None:
    made = real()
    assert len(made) == 33 + 2
    assert sum(one.status == "Active" for one in made) == 15
    by_number = {one.number: one for one in made}
    assert by_number["CZIB-2026-08"].firs == ("OJAC",)
    assert by_number["CZIB-2026-08"].not_understood == ()
    levels = {one.number: str(one.upper) for one in made if one.upper != UNLIMITED}
    assert levels == {
        "CZIB-2017-01R20": "FL260",
        "CZIB-2017-05R19": "FL260",
        "CZIB-2018-03R15": "FL250",
        "CZIB-2020-01R2": "FL250",
        "CZIB-2017-04R19": "FL320",
        "IN-MYANMAR": "FL260",
        "IN-ETHIOPIA": "FL260",
    }
    assert {one.lower for one in made} == {SURFACE}
    unnamed = {one.number for one in made if not one.firs}
    assert unnamed == {"CZIB-2018-03R15", "CZIB-2020-01R2", "CZIB-2016-01R4", "SIB-2014-21R1"}  # all withdrawn
    partly = {one.number for one in made if any("only part" in note for note in one.not_understood)}
    assert partly == {
        "CZIB-2026-07R1", "2025-01-R3", "CZIB-2023-01R8", "CZIB-2018-02R21", "CZIB-2017-07R19", "2026-01-R2", "2023-03-R3",
        "CZIB-2017-09R13", "2022-02R2", "IN-ETHIOPIA",
    }  # fmt: skip
    on_the_day = datetime(2026, 8, 22, tzinfo=UTC)
    valid = [
        one
        for one in made
        if one.active and one.active.end and one.issued and one.issued <= on_the_day < one.active.end
    ]
    assert {one.number for one in valid} == {one.number for one in made if one.status in {"Active", ""}}


@needs_real
def test_broken_real_bulletins() -> None:
    for broken in mutations(REAL.read_bytes(), 100, "real bulletins"):
        with suppress(InputError):
            for made in read_bulletins(broken, "fuzz"):
                volumes(made, {"OJAC": BOX, "OIIX": BOX})


def test_a_file_of_bulletins_is_airspace_with_the_bundled_boundaries(tmp_path: Path) -> None:
    partly = ONE | {
        "czib_number": "CZIB-2026-98",
        "affected_airspace": "FIR Tehran (OIIX), west of longitude 60 East, all altitudes.",
        "affected_FIRs": ["OIIX"],
    }
    path = tmp_path / "bulletins.json"
    path.write_text(json.dumps([ONE, partly]))
    found = read_airspace(path)
    assert [(each.name, "not known" in each.reason) for each in found.refused] == [("CZIB-2026-99 XXXX", True)]
    (tehran,) = found.volumes
    assert (tehran.id, tehran.kind, tehran.notice) == ("CZIB-2026-98 OIIX", "hazard", "bulletin")
    assert tehran.accuracy_m == FIR_ACCURACY_M
    assert "only part of the airspace is meant" in tehran.assumed


@needs_real
def test_the_real_file_is_airspace() -> None:
    found = read_airspace(REAL)
    assert len(found.volumes) == 63
    assert {each.reason for each in found.refused} == {
        "the boundary of UKBU is not known",
        "it was withdrawn, nobody says when",
    }
