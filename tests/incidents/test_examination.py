"""What was said in October and November 2015, held against physics and against what the others said; and what cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from overflight.incidents.claims import read_claims
from overflight.incidents.examination import Examined, Finding, examine

OVERFLIGHT = str(Path(sys.executable).with_name("overflight"))
OCTOBER = Path("examples/october-2015/claims.json")


def told(folder: Path, *rows: dict[str, Any]) -> tuple[list[Examined], list[Finding]]:
    path = folder / "claims.json"
    path.write_text(json.dumps([{"case": "c", "of": "the aircraft", "by": "A"} | row for row in rows]))
    return examine(read_claims(path))


def only(found: list[Finding], rule: str) -> Finding:
    (one,) = (finding for finding in found if finding.rule == rule)
    return one


def of_2015(rule: str, case: str) -> list[Finding]:
    claims = [claim for claim in read_claims(OCTOBER) if claim.case == case]
    return [finding for finding in examine(claims)[1] if finding.rule == rule]


def test_17_seconds_over_that_length_are_212_or_244_kt() -> None:
    (finding,) = of_2015("speed", "su24-2015-11-24")
    assert finding.outcome == "possible"
    assert "is 212 kt (statute)" in finding.why
    assert "244 kt (nautical)" in finding.why
    assert finding.among == "one side"


def test_so_deep_and_out_again_is_longer_than_that_path() -> None:
    (finding,) = of_2015("out and back", "su24-2015-11-24")
    assert (finding.outcome, finding.claims) == ("impossible", (15, 16))
    assert "at least 2181 m in, and 4361 m in and out; the path inside is at most 2148 m" in finding.why
    depth = next(one for one in of_2015("depth in time", "su24-2015-11-24") if 15 in one.claims)
    assert "at least 501 kt (statute)" in depth.why
    assert "at least 576 kt (nautical)" in depth.why


def test_19000_ft_and_6000_m_agree() -> None:
    finding = next(one for one in of_2015("same", "su24-2015-11-24") if set(one.claims) == {18, 25})
    assert finding.outcome == "agree"
    assert "differ by 209 m" in finding.why
    assert finding.among == "the sides"


def test_the_entry_of_both_sides_is_in_one_minute_once_zones_are_applied(tmp_path: Path) -> None:
    common = {"quantity": "time", "what": "entry"}
    _, found = told(
        tmp_path,
        common | {"by": "Turkey", "value": "2015-11-24T09:24:05+02:00"},
        common | {"by": "Russia", "value": "2015-11-24T10:24:00+03:00"},
        common | {"by": "Nobody", "value": "2015-11-24T09:24:05+03:00"},  # who forgot the end of summer time
    )
    assert [(one.claims, one.outcome) for one in found] == [
        ((1, 2), "agree"),
        ((1, 3), "contradict"),
        ((2, 3), "contradict"),
    ]
    assert "3600 s apart" in found[1].why


def test_launched_come_down_and_hit() -> None:
    (parts,) = of_2015("parts", "caspian-2015-10-07")
    assert parts.outcome == "possible"
    assert parts.why.startswith("4 + 11 = 15 <= 26")
    (denial,) = of_2015("denial", "caspian-2015-10-07")
    assert (denial.outcome, denial.claims) == ("contradict", (4, 3))


def test_inside_and_outside_stay_undetermined_without_a_track() -> None:
    judged, found = examine(read_claims(OCTOBER))
    contradictions = [one for one in found if one.rule == "inside or outside"]
    assert {one.claims for one in contradictions} == {(22, 15), (22, 16), (22, 17), (22, 19)}
    assert all("no track" in one.why for one in contradictions)
    assert {one.verdict for one in judged} == {"undetermined"}
    assert len(judged) == 27
    assert all(one.why for one in judged)


def test_one_side_against_itself() -> None:
    finding = next(one for one in of_2015("same", "su24-2015-11-24") if set(one.claims) == {23, 24})
    assert (finding.outcome, finding.among) == ("contradict", "one side")


def test_a_speed_that_nobody_flies(tmp_path: Path) -> None:
    path = {"quantity": "distance", "what": "path inside", "value": 60, "unit": "km"}
    time = {"quantity": "duration", "what": "time inside", "value": 17, "unit": "s"}
    finding = only(told(tmp_path, path, time)[1], "speed")
    assert finding.outcome == "impossible"
    assert only(told(tmp_path, path | {"bound": "at most"}, time)[1], "speed").outcome == "possible"
    assert only(told(tmp_path, path, time | {"bound": "at least"})[1], "speed").outcome == "possible"


def test_more_than_were_launched(tmp_path: Path) -> None:
    counts = [
        {"quantity": "count", "what": what, "value": value}
        for what, value in (("launched", 10), ("came down", 4), ("hit", 7))
    ]
    assert only(told(tmp_path, *counts)[1], "parts").outcome == "contradict"


def test_other_cases_and_subjects_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    height = {"quantity": "altitude", "what": "altitude", "value": 1000, "unit": "ft"}
    other = height | {"value": 9000}
    assert only(told(tmp_path, height, other | {"of": "two aircraft"})[1], "same").outcome == "contradict"
    assert told(tmp_path, height, other | {"of": "a balloon"})[1] == []
    assert told(tmp_path, height, other | {"case": "d"})[1] == []


def test_one_speaker_means_one_unit(tmp_path: Path) -> None:
    depth = {"quantity": "distance", "what": "depth inside", "value": 1.01, "unit": "mi"}
    path = {"quantity": "distance", "what": "path inside", "value": 0.9, "unit": "mi"}
    # 1 statute mile is 1,609 m, 0.9 nautical miles are 1,667 m: only who means two units gets it right.
    assert only(told(tmp_path, depth, path)[1], "out and back").outcome == "impossible"
    assert only(told(tmp_path, depth, path | {"by": "B"})[1], "out and back").outcome == "possible"
    assert "only if it did not come out" in only(told(tmp_path, depth, path | {"value": 1.50})[1], "out and back").why


@pytest.mark.parametrize("case", [None, "su24-2015-11-24"])
def test_the_command_prints_every_claim_with_its_arithmetic(case: str | None) -> None:
    chosen = ["--case", case] if case else []
    done = subprocess.run(
        [OVERFLIGHT, "incident", "examine", OCTOBER, *chosen], capture_output=True, text=True, check=True, timeout=60
    )
    flat = " ".join(done.stdout.split())
    assert "212 kt" in flat
    assert ("caspian-2015-10-07" in flat) == (case is None)
    assert "Impossible together (1)" in flat
    plain = subprocess.run(
        [OVERFLIGHT, "incident", "examine", OCTOBER, *chosen, "--json"], capture_output=True, text=True, check=True
    )
    assert len(json.loads(plain.stdout)["claims"]) == (13 if case else 27)


def test_a_case_that_is_not_there() -> None:
    done = subprocess.run(
        [OVERFLIGHT, "incident", "examine", OCTOBER, "--case", "x"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "choose from caspian-2015-10-07" in done.stderr
