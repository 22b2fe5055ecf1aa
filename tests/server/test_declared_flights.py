"""Flights of a live service held against what parties declared at it, and the same flights in history against the log of it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from overflight.agreement.read import read_agreement
from overflight.api import check
from overflight.cli.app import app
from tests.agreement.documents import PARTIES, box
from tests.server.service import PASSWORD, START, Running, flight, running, sky
from tests.server.test_operations import DAY, operation

RULES = """
[[rule]]
id = "told"
kind = "notice"
text = "Whoever flies here says so before."
area = "area.geojson"
"""


def flown() -> pl.DataFrame:
    """Flights of the parties, on the day of the operations: of s one inside 20 km of 36 N 44 E and one north of it, and one of n through it."""
    parts = [
        flight("adsb:00000a", "s", 36.0, 2.0),
        flight("adsb:00000b", "s", 36.5, 2.0),
        flight("adsb:00000c", "n", 36.1, 9.0, range(400)),
    ]
    table = pl.concat(parts).with_columns(
        pl.col("timestamp") + (DAY + timedelta(minutes=20) - START), altitude=pl.lit(30_000.0, pl.Float32)
    )
    return table.sort("timestamp", "track_id")


def test_live_and_history_find_the_same(place: Path | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box(tmp_path, "area", 43.0, 35.0, 45.0, 37.0)
    (tmp_path / "agreement.toml").write_text(PARTIES.format(n="", s="", n_border="", s_border="") + RULES)
    told = {"agreement": read_agreement(tmp_path / "agreement.toml")}
    live = {"nets": ("breach", "conflict"), "told": told, "table": flown()}
    with running(tmp_path / "other.sqlite", _folder(tmp_path, "one"), **live) as there:
        there.ended()
        there.administrator()
        unknown = [one["verdict"] for one in _found(there) if one["kind"] == "breach"]
        assert unknown == ["undetermined"] * 3, "nobody says what they declare"
    with running(place, _folder(tmp_path, "two"), sky()) as there:
        chief = there.administrator()
        account = {"name": "officer", "role": "party officer", "party": "s", "password": PASSWORD}
        assert chief.post("/accounts", json=account).status_code == 201
        officer = there.logged_in("officer")
        assert officer.get("/operations/log").json() == []
        made = officer.post("/operations", json=operation(levels=(280, 360)))
        assert made.status_code == 201, made.text
        monkeypatch.setenv(
            "OVERFLIGHT_TOKEN", officer.post("/tokens", json={"name": "test", "days": 1}).json()["secret"]
        )
        done = CliRunner().invoke(app, ["coordinate", "log", "--service", there.url])
        assert done.exit_code == 0, done.output
        (tmp_path / "log.json").write_text(done.output)
        rows = json.loads(done.output)
        assert [(row["kind"], row["party"]) for row in rows] == [("declares", "s"), ("notice", "s")]
        assert chief.get("/operations/log").json() == rows, "an administrator has all of it"
        analyst = {"name": "analyst", "role": "analyst", "password": PASSWORD}
        assert chief.post("/accounts", json=analyst).status_code == 201
        assert there.logged_in("analyst").get("/operations/log").status_code == 403
    with running(place, _folder(tmp_path, "three"), **live) as there:
        there.ended()
        mine = [one for one in _found(there) if one["kind"] in live["nets"]]
        known = {one["id"]: one for one in mine if one["verdict"] == "confirmed"}
        seen = {one["id"] for one in _found(there, "officer")}
    found = check(
        flown(),
        nets=["breach", "conflict"],
        agreement=tmp_path / "agreement.toml",
        logs=tmp_path / "log.json",
        profile="en-route",
    )
    history = {one["id"]: one for one in found.to_polars().to_dicts() if one["verdict"] == "confirmed"}
    assert {name: one["why"] for name, one in known.items()} == {name: one["why"] for name, one in history.items()}
    by_kind = {one["kind"]: one for one in known.values()}
    assert set(by_kind) == {"breach", "conflict"}
    assert by_kind["breach"]["track_a"] == "adsb:00000b"
    assert "no declared operation covers it (1 of its party do not)" in by_kind["breach"]["why"]
    conflict = by_kind["conflict"]
    assert (conflict["track_a"], conflict["party_a"]) == ("adsb:00000c", "n")
    assert re.search(r"predicted 1(19|20) s ahead, entered at", conflict["why"])
    assert conflict["party_b"] == rows[1]["known_as"], "of whom it is told by the name that others know"
    assert conflict["id"] not in seen, "a flight of another party is not theirs to see"


def _folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _found(there: Running, who: str = "chief") -> list[dict[str, Any]]:
    client = there.logged_in(who)
    return client.get("/events", params={"limit": 100}).json()["items"]
