"""``overflight evaluate`` as a person meets it, and its report."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.cli.test_cli import refused, run
from tests.flights import flight


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    """Two aircraft that meet head-on at 150 s, as a position table."""
    level = {"latitude": 30, "longitude": -135, "speed_kt": 240, "reports": 61}
    path = tmp_path / "<meeting>.parquet"
    pl.concat([flight("A", course=90, **level), flight("B", course=270, **level)]).write_parquet(path)
    return path


def test_sets_side_by_side_figures_and_report(meeting: Path, tmp_path: Path) -> None:
    page, figures = tmp_path / "report.html", tmp_path / "figures.json"
    asked = ("--alerting", "stca", "--lookahead", "60s,90s", "--out", page, "--out", figures)
    done = run("evaluate", meeting, *asked, COLUMNS="160")
    assert (done.returncode, done.stderr) == (0, "")
    lines = {line[: line.find("  ", 4)].strip(): line.split() for line in done.stdout.splitlines() if "  " in line[4:]}
    assert lines["Losses"][1:] == ["1", "1"]
    assert lines["genuine: a loss followed"][-2:] == ["1", "1"]
    assert "stca 60s" in done.stdout
    assert "stca 90s" in done.stdout

    told = json.loads(figures.read_text(encoding="utf-8"))
    assert [each["alerting"] for each in told["sets"]] == ["stca 60s", "stca 90s"]
    for each, warning_s in zip(told["sets"], (58.5, 88.5), strict=True):
        assert each["losses"]["warned"] == 1
        assert each["warning_s"]["median"] == pytest.approx(warning_s, abs=1.0)
        assert each["every_loss"][0]["warning_s"] == each["warning_s"]["median"]
        assert each["every_alert"][0]["outcome"] == "genuine"

    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") == 2
    assert "Evaluation of conflict alerting" in html
    assert "&lt;meeting&gt;" in html
    assert "<meeting>" not in html
    for outside in ("<script", "<link", "<img", 'src="http', "@import"):
        assert outside not in html


def test_json_on_standard_output(meeting: Path) -> None:
    done = run("evaluate", meeting, "--json", "--to", "2015-10-07T00:00:20Z")
    told = json.loads(done.stdout)
    assert [each["alerting"] for each in told["sets"]] == ["stca", "do365-en-route"]
    assert told["outside"] > 0
    assert told["positions"] == 8


def test_what_cannot_be_is_refused_in_a_line(meeting: Path, tmp_path: Path) -> None:
    assert "do365-en-route" in refused("evaluate", meeting, "--alerting", "none")
    assert "--lookahead" in refused("evaluate", meeting, "--lookahead", "60s,,90s")
    assert ".html" in refused("evaluate", meeting, "--out", tmp_path / "x.csv")
    assert "make the folder" in refused("evaluate", meeting, "--out", tmp_path / "none" / "x.html")
    assert "none.parquet" in refused("evaluate", tmp_path / "none.parquet")
