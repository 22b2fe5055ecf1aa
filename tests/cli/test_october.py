"""`overflight demo october-2015`: the scenario told in order, and its record verified by somebody who has only the files."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from overflight.cli.app import app
from overflight.errors import ParameterError


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("october")
    result = CliRunner().invoke(app, ["demo", "october-2015", "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    return out


def test_the_story_is_told_in_order_and_says_what_it_is(told: Path) -> None:
    page = (told / "report.html").read_text()
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    order = [
        "Every track in this document is synthetic",
        "1. A border: 3 October",
        "in Turkey (SFC to UNL); up to 4434 m inside",
        "2. A danger without notice: 7 October",
        "no notice for it among those given",
        "and no terrain to tell where that is",
        "3. What was agreed: 20 October",
        "breach by the version of coalition: 3.95 NM and 1000 ft apart, 5 NM and 3000 ft agreed; none by the version of russia",
        "suspended again on 19 June 2017",
        "4. Seventeen seconds: 24 November",
        "1.15 mi in 17 s is 212 kt (statute)",
        "The track as Turkey states: 1 found",
        "Verdict: undetermined.",
        "The track as Russia states: nothing was found",
        "5. The record",
        "Verified: 2 statements",
    ]
    place = 0
    for one in order:
        place = text.find(one, place)
        assert place >= 0, one
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert page.count("synthetic") > 20


def test_its_record_is_verified_by_whoever_has_the_files(told: Path, tmp_path: Path) -> None:
    def run(path: Path) -> Result:
        command = ["incident", "verify", str(path), "--policy", str(told / "policy"), "--json"]
        return CliRunner().invoke(app, command)

    result = run(told / "incident.zip")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["problems"], found["lacking"]) == ([], [])
    assert [one["predicate"]["verdict"] for one in found["statements"]] == ["open", "deny"]
    assert found["statements"][0]["detection"] == "repeated: the same event"
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(told / "incident.zip") as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"35.822700", b"35.832700") if name.endswith(".csv") else content)
    result = run(changed)
    assert result.exit_code == 1
    assert "changed or swapped" in json.loads(result.stdout)["problems"][0]


def test_no_other_scenario(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="choose from california-2025, october-2015"):
        CliRunner().invoke(app, ["demo", "x", "--out", str(tmp_path)], catch_exceptions=False)
