"""The command line as a person meets it: run as a process, its output and exit code read."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from overflight.events import EVENT_SCHEMA
from overflight.examples import california
from tests.flights import flight

OVERFLIGHT = str(Path(sys.executable).with_name("overflight"))


def run(*args: object, stdin: bytes | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [OVERFLIGHT, *map(str, args)], input=stdin, capture_output=True, timeout=120, check=False, env=os.environ | env
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def refused(*args: object, **kwargs: bytes) -> str:
    """The one line that a bad call ends in."""
    done = run(*args, **kwargs)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def crossing(tmp_path: Path) -> Path:
    """Two aircraft that meet, as a position table."""
    table = pl.concat(
        [flight("A", latitude=30, longitude=-135, course=90), flight("B", latitude=30, longitude=-135, course=0)]
    )
    path = tmp_path / "crossing.parquet"
    table.write_parquet(path)
    return path


def test_version_and_help() -> None:
    assert run("--version").stdout.startswith("overflight 0.")
    shown = run("--help").stdout
    for command in ("check", "inspect", "convert", "demo"):
        assert command in shown
    options = run("check", "--help", COLUMNS="200").stdout
    for option in (
        "--minima",
        "--max-gap",
        "--from",
        "--to",
        "--bbox",
        "--out",
        "--fail-on",
        "--json",
        "--quiet",
        "--profile",
        "--ungated",
        "--net",
    ):
        assert option in options


def test_check_prints_a_summary_and_nothing_on_stderr_when_not_watched(crossing: Path) -> None:
    done = run("check", crossing)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "1 event: 1 confirmed, 0 undetermined" in done.stdout
    assert "provisional" in done.stdout
    assert "Advisory" in done.stdout


def test_quiet_says_nothing(crossing: Path) -> None:
    done = run("check", crossing, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_json_is_the_summary_and_the_events(crossing: Path) -> None:
    found = json.loads(run("check", crossing, "--json").stdout)
    assert found["summary"]["rows"] == 50
    assert found["events"][0]["track_a"] == "A"
    assert found["events"][0]["parameters"]["a"]["latitude"] == pytest.approx(30)


def test_every_output_holds_the_same_events(crossing: Path, tmp_path: Path) -> None:
    outs = [tmp_path / f"events.{suffix}" for suffix in ("parquet", "csv", "json", "geojson", "html")]
    done = run("check", crossing, *(arg for out in outs for arg in ("--out", out)))
    assert done.returncode == 0, done.stderr
    parquet = pl.read_parquet(outs[0])
    assert parquet.columns == list(EVENT_SCHEMA)
    csv = pl.read_csv(outs[1], try_parse_dates=False)
    assert csv.columns == list(EVENT_SCHEMA)
    assert csv["start"][0].endswith("Z")
    assert len(csv["start"][0]) == len("2015-10-07T00:00:00.000000Z")
    listed = json.loads(outs[2].read_text())
    features = json.loads(outs[3].read_text())["features"]
    assert (
        parquet["id"].to_list() == csv["id"].to_list() == [row["id"] for row in listed] == [f["id"] for f in features]
    )
    assert features[0]["geometry"]["coordinates"] == [parquet["longitude"][0], parquet["latitude"][0]]
    assert parquet["id"][0][:8] in outs[4].read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([crossing.name, *(out.name for out in outs)])


def test_standard_input(crossing: Path) -> None:
    assert "1 event" in run("check", "-", stdin=crossing.read_bytes()).stdout


def test_standard_output(crossing: Path) -> None:
    done = run("check", crossing, "--out", "-")
    events = pl.read_csv(io.StringIO(done.stdout), try_parse_dates=False)
    assert events.columns == list(EVENT_SCHEMA)
    assert events.height == 1
    assert "1 event" in done.stderr
    assert "would both write" in refused("check", crossing, "--out", "-", "--json")


def test_a_conversion_can_be_piped_into_a_check(crossing: Path) -> None:
    converted = run("convert", crossing, "-")
    assert converted.returncode == 0, converted.stderr
    before = run("check", crossing, "--out", "-", "--quiet").stdout
    after = run("check", "-", "--out", "-", "--quiet", stdin=converted.stdout.encode()).stdout
    ids = [pl.read_csv(io.StringIO(text))["id"].to_list() for text in (before, after)]
    assert ids[0] == ids[1] != []


def test_an_output_without_a_folder_is_refused_before_the_work(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    for command in (
        ("check", tmp_path / "no-recording", "--out", missing / "e.csv"),
        (
            "convert",
            tmp_path / "no-recording",
            missing / "t.csv",
        ),
    ):
        assert "no such folder" in refused(*command)


def test_fail_on(crossing: Path) -> None:
    assert run("check", crossing, "--fail-on", "confirmed").returncode == 1
    assert run("check", crossing, "--fail-on", "undetermined").returncode == 0
    assert run("check", crossing, "--fail-on", "any").returncode == 1
    assert run("check", crossing, "--fail-on", "confirmed", "--to", "2015-10-07T00:00:20Z").returncode == 0


def test_time_and_area_narrow_what_is_checked(crossing: Path) -> None:
    assert "50 positions" in run("check", crossing).stdout
    assert "20 positions" in run("check", crossing, "--from", "2015-10-07T00:01:15Z").stdout
    assert "0 events" not in run("check", crossing, "--bbox=-136,29,-134,31").stdout
    assert "nothing could be tested" in run("check", crossing, "--bbox=0,0,1,1").stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--minima", "5 miles"], "--minima"),
        (["--minima", "5 NM/1000 ft", "--profile", "nmac"], "one of the two"),
        (["--profile", "oceanic"], "choose from"),
        (["--max-gap", "0s"], "--max-gap"),
        (["--vertical-tolerance", "1000 ft", "--minima", "5 NM/1000 ft"], "leaves nothing"),
        (["--bbox", "1,2,3"], "--bbox"),
        (["--bbox", "0,10,1,5"], "--bbox"),
        (["--from", "yesterday"], "--from"),
        (["--out", "events.xls"], ".parquet"),
        (["--out", "no/such/folder/events.csv"], "folder"),
        (["--fail-on", "bad"], "--fail-on"),
        (["--net", "fishing"], "separation"),
        (["--threshold", "stale=3"], "stale_s"),
        (["--threshold", "stale_s"], "name=number"),
        (["--unknown-altitude", "maybe"], "--unknown-altitude"),
        (["--config", "no-such.toml"], "no-such.toml"),
    ],
)
def test_bad_parameters_end_in_one_line(crossing: Path, args: list[str], said: str) -> None:
    line = refused("check", crossing, *args)
    assert said in line
    assert line.count("\n") == 1
    assert line.startswith("overflight: ")


def test_bad_input_ends_in_one_line_that_names_the_file(tmp_path: Path) -> None:
    missing = refused("check", tmp_path / "no-such-file.json")
    assert "no-such-file.json" in missing
    assert missing.count("\n") == 1
    foreign = tmp_path / "letter.txt"
    foreign.write_text("Dear Sir or Madam\n")
    assert "letter.txt" in refused("check", foreign)
    empty = tmp_path / "empty.json"
    empty.write_bytes(b"")
    assert "empty.json" in refused("check", empty)


def test_an_output_that_cannot_be_written_leaves_nothing_behind(crossing: Path, tmp_path: Path) -> None:
    folder = tmp_path / "taken.csv"
    folder.mkdir()
    refused("check", crossing, "--out", folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crossing.parquet", "taken.csv"]


def test_thresholds_from_a_file_and_the_command_line(crossing: Path, tmp_path: Path) -> None:
    config = tmp_path / "house.toml"
    config.write_text("[integrity]\nstale_s = 30\n")
    assert run("check", crossing, "--config", config, "--threshold", "nic=4").returncode == 0
    config.write_text("[integrity]\nstale_s = 'long'\n")
    assert "stale_s" in refused("check", crossing, "--config", config)
    config.write_text("[integrity\n")
    assert "house.toml" in refused("check", crossing, "--config", config)


def test_inspect_says_what_is_in_a_recording() -> None:
    shown = run("inspect", california(), COLUMNS="200").stdout
    for words in ("41,291", "readsb", "latitude 36.0", "duplicate", "median interval s"):
        assert words in shown
    found = json.loads(run("inspect", california(), "--json").stdout)
    assert found["positions"] == 41_291
    assert found["integrity_flags"]["duplicate"] > 100


def test_convert_keeps_what_is_checked(tmp_path: Path) -> None:
    target = tmp_path / "day.parquet"
    done = run("convert", california(), target)
    assert done.returncode == 0
    assert "41,291 positions" in done.stderr
    before, after = run("check", california(), "--json"), run("check", target, "--json")
    ids = [[event["id"] for event in json.loads(done.stdout)["events"]] for done in (before, after)]
    assert ids[0] == ids[1]
    assert len(ids[0]) > 5
    assert "names no known format" in refused("convert", california(), tmp_path / "day.xls")


def test_demo_writes_its_three_files(tmp_path: Path) -> None:
    done = run("demo", "--out", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [
        "events.geojson",
        "events.parquet",
        "report.html",
    ]
    assert "confirmed" in done.stdout


def test_a_reader_that_stops_listening_is_no_error(crossing: Path) -> None:
    done = subprocess.run(
        f"{OVERFLIGHT} check {crossing} --json | head -c 1", shell=True, capture_output=True, timeout=60, check=False
    )
    assert done.stdout == b"{"
    assert b"Traceback" not in done.stderr


def test_shell_completion() -> None:
    assert "overflight" in run("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout


def test_nothing_tested_is_never_an_all_clear(tmp_path: Path) -> None:
    table = pl.concat(
        [flight("A", latitude=30, longitude=-135, course=90), flight("B", latitude=30, longitude=-135, course=0)]
    )
    unknown = tmp_path / "no-altitude.parquet"
    table.with_columns(pl.lit(None, pl.Float32).alias("altitude")).write_parquet(unknown)
    shown = run("check", unknown).stdout
    assert "nothing could be tested" in shown
    assert "no event in what was tested" not in shown
    assert json.loads(run("check", unknown, "--json").stdout)["summary"]["tested_minutes"] == 0
    words = tmp_path / "words.csv"
    table.with_columns(pl.lit("30,000").alias("altitude")).write_csv(words)
    assert "50 × altitude not understood, set unknown" in run("check", words).stdout


def test_what_is_outside_the_time_or_area_is_counted(crossing: Path) -> None:
    assert "50 more are outside" in run("check", crossing, "--bbox=0,0,1,1").stdout
    assert "--to" in refused("check", crossing, "--from", "2015-10-08", "--to", "2015-10-07")


def test_a_folder_without_a_recording_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam\n")
    assert "none of 1 files" in refused("check", tmp_path)


@pytest.mark.parametrize("args", [[], ["chek"], ["check"], ["check", "x", "--airspaces", "y"]])
def test_wrong_usage_is_one_line(args: list[str]) -> None:
    line = refused(*args)
    assert line.count("\n") == 1
    assert "overflight --help" in line


def test_a_config_is_read_strictly(crossing: Path, tmp_path: Path) -> None:
    config = tmp_path / "house.toml"
    for text, said in (
        ("[integrty]\nstale_s = 30", "integrty"),
        ("integrity = 5", "[integrity]"),
        ("[integrity]\nshared_tracks = 2.5", "whole"),
    ):
        config.write_text(text)
        assert said in refused("check", crossing, "--config", config)


def test_dismissed_encounters_can_be_read() -> None:
    found = json.loads(run("check", california(), "--json").stdout)
    assert len(found["dismissed"]) == sum(found["summary"]["dismissed"].values()) + sum(
        found["summary"]["explained"].values()
    )
