"""`overflight key` and `overflight incident open|state|attach|show|bundle|verify|witness|sync`, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from overflight.cli import main
from overflight.cli.app import app

OCTOBER = Path("examples/october-2015").resolve()


def _run(*args: object, rc: int = 0) -> str:
    result = CliRunner().invoke(app, [str(one) for one in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == rc, result.output
    return result.stdout


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, other in (("alpha", "bravo"), ("bravo", "alpha")):
        _run("key", "new", name, "--record", name)
        assert (tmp_path / name / "policy").exists()
        (tmp_path / f"{other}.card").write_text("")
    for name, other in (("alpha", "bravo"), ("bravo", "alpha")):
        with (tmp_path / name / "policy").open("a") as policy:
            policy.write(_run("key", "show", "--record", other))
    (tmp_path / "stick").mkdir()
    return tmp_path


def test_two_parties_contradict_each_other(two: Path) -> None:
    incident = _run(
        "incident", "open", "An aircraft crossed the border.", "--record", "alpha", "--net", "incursion", "--airspace", "country:TR",
        "--recording", OCTOBER / "synthetic_24_november_as_turkey_states.csv", "--claims", OCTOBER / "claims.json", "--case", "su24-2015-11-24",
    ).strip()  # fmt: skip
    assert _run("incident", "sync", "stick", "--record", "alpha") == "nothing new\n"
    assert _run("incident", "sync", "stick", "--record", "bravo") == "alpha/log: 1 entries, now 1\n"
    denial = _run(
        "incident", "state", incident[:8], "deny", "It did not.", "--record", "bravo", "--replies-to", incident[:10]
    ).strip()
    paper = two / "letter.txt"
    paper.write_text("what we sent")
    attached = _run("incident", "attach", incident[:8], paper, "--text", "The letter.", "--record", "bravo").strip()
    _run("incident", "sync", "stick", "--record", "bravo")
    _run("incident", "sync", "stick", "--record", "alpha")
    shown = _run("incident", "show", incident[:8], "--record", "alpha")
    assert "alpha: OPEN" in shown
    assert "bravo: DENY" in shown
    assert "bravo: ATTACH" in shown
    assert "1 events; repeated: the same event" in shown
    assert "1.36 mi deep is at least 2181 m in" in shown
    assert "VERIFIED: 3 statements" in shown
    assert f"evidence letter.txt ({_digest(attached, two)[:12]}) is not there" in shown.replace("bravo, ", "").replace(
        f"{attached[:12]}: ", ""
    )
    assert incident[:12] in _run("incident", "show", "--record", "bravo")
    assert "bundle.zip: 3 statements" in _run(
        "incident", "bundle", incident[:8], "--record", "bravo", "--out", "bundle.zip"
    )
    told = json.loads(_run("incident", "verify", "bundle.zip", "--record", "alpha", "--json"))
    assert [one["id"] for one in told["statements"]] == [incident, denial, attached]
    assert told["problems"] == []
    # a policy that does not know bravo
    (two / "narrow").write_text(
        "".join(line for line in (two / "alpha/policy").read_text().splitlines(keepends=True) if "bravo" not in line)
    )
    assert "NOT VERIFIED" in _run("incident", "verify", "bundle.zip", "--policy", "narrow", rc=1)


def _digest(statement: str, folder: Path) -> str:
    told = json.loads(_run("incident", "show", "--record", folder / "bravo", "--json"))
    (one,) = (one for one in told[0]["statements"] if one["id"] == statement)
    return str(one["evidence"][0]["digest"])


def test_over_http_and_with_a_witness_that_is_asked(two: Path) -> None:
    incident = _run("incident", "open", "It happened.", "--record", "alpha").strip()
    server = subprocess.Popen(
        [str(Path(sys.executable).with_name("overflight")), "incident", "witness", "--record", "bravo", "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        assert "alpha/log: size 1 cosigned by bravo" in _run("incident", "sync", address, "--record", "alpha")
        policy = two / "alpha/policy"
        lines = [
            f"{line} {address}/witness" if line.startswith("witness bravo") else line
            for line in policy.read_text().splitlines()
        ]
        policy.write_text("\n".join(lines))
        _run("incident", "state", incident[:8], "confirm", "We looked again.", "--record", "alpha")
    finally:
        server.terminate()
        server.wait(10)
        if server.stdout is not None:
            server.stdout.close()
    with pytest.raises(ValueError, match="no witness could be asked"):
        _run("incident", "state", incident[:8], "confirm", "And again.", "--record", "alpha")
    _run("incident", "state", incident[:8], "confirm", "And again.", "--record", "alpha", "--offline")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["incident", "show", "--record", "none"], "none: is no record; make one with overflight key new NAME"),
        (["incident", "show", "abcdef", "--record", "alpha"], "names no incident"),
        (["incident", "state", "abcdef", "open", "--record", "alpha"], "choose from confirm, deny"),
        (["incident", "sync", "nowhere", "--record", "alpha"], "nowhere: is no folder"),
        (["incident", "verify", "nowhere.zip", "--record", "alpha"], "nowhere.zip: is no bundle"),
        (["incident", "witness", "--listen", "8423", "--record", "alpha"], "is no address"),
        (
            ["incident", "open", "x", "--evidence", "nowhere", "--record", "alpha"],
            "nowhere: cannot be kept as evidence",
        ),
        (["key", "new", "A B", "--record", "other"], "is no name of a party"),
        (["key", "new", "alpha", "--record", "alpha"], "there is a record already"),
        (["key", "new", "c", "--record", "c", "--database", "mysql://x"], "is no address of a database"),
    ],
)
def test_errors_say_what_to_do(
    two: Path, capsys: pytest.CaptureFixture[str], args: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["overflight", *args])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert why in capsys.readouterr().err
