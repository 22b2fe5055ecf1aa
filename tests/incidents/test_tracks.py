"""Claims held against a track: what it shows is confirmed, what it excludes refuted, and what it is too coarse for neither."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pyproj import Geod

from overflight import api
from overflight.incidents.claims import read_claims
from overflight.incidents.examination import Examined, examine
from overflight.incidents.tracks import Stay, held, stays_of
from tests.flights import flight

OVERFLIGHT = str(Path(sys.executable).with_name("overflight"))
GEOD = Geod(ellps="WGS84")
LATITUDE, LONGITUDE = 50.0, 10.0
WIDE_M = 10_000.0
KT = 1852.0 / 3600.0


def strip(folder: Path, accuracy_m: float = 10.0) -> Path:
    """A volume 10 km from west to east, far longer from north to south: crossed eastwards, 10 km are flown, 5 km deep."""
    west = GEOD.fwd(LONGITUDE, LATITUDE, 270.0, WIDE_M / 2.0)[0]
    east = GEOD.fwd(LONGITUDE, LATITUDE, 90.0, WIDE_M / 2.0)[0]
    ring = [[west, 49.5], [east, 49.5], [east, 50.5], [west, 50.5], [west, 49.5]]
    properties = {
        "id": "strip",
        "name": "a strip",
        "kind": "restricted",
        "floor": "SFC",
        "ceiling": "UNL",
        "accuracy_m": accuracy_m,
    }
    path = folder / "strip.geojson"
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def crossing(source: str = "adsb", accuracy_m: float = 30.0, **told: Any) -> pl.DataFrame:
    """Eastwards through the strip at 480 kt: inside for 40.5 s, from 19.75 s before the middle of its reports."""
    known = {"icao24": "abcdef", "source": source, "accuracy": accuracy_m}
    return flight(
        "adsb:abcdef", latitude=LATITUDE, longitude=LONGITUDE, speed_kt=480.0, altitude=19_000.0, every_s=2.0, reports=61, **(known | told)
    )  # fmt: skip


CLAIMS: list[dict[str, Any]] = [
    {"quantity": "duration", "what": "time inside", "value": 40.5, "unit": "s"},
    {"quantity": "duration", "what": "time inside", "value": 17, "unit": "s"},
    {"quantity": "distance", "what": "path inside", "value": 10, "unit": "km"},
    {"quantity": "distance", "what": "path inside", "value": 1.15, "unit": "mi"},
    {"quantity": "distance", "what": "depth inside", "value": 4, "unit": "km", "bound": "at least"},
    {"quantity": "distance", "what": "depth inside", "value": 3, "unit": "km", "bound": "at most"},
    {"quantity": "inside/outside", "what": "never inside", "value": "outside"},
    {"quantity": "inside/outside", "what": "it was inside", "value": "inside"},
    {"quantity": "time", "what": "entry", "value": "2015-10-07T03:00+03:00"},
    {"quantity": "time", "what": "entry", "value": "2015-10-07T03:05:00+03:00"},
    {"quantity": "altitude", "what": "altitude", "value": 6000, "unit": "m"},
    {"quantity": "altitude", "what": "altitude", "value": 1000, "unit": "ft"},
    {"quantity": "speed", "what": "speed", "value": 480, "unit": "kt", "bound": "about"},
    {"quantity": "speed", "what": "speed", "value": 212, "unit": "kt"},
]
TRUTH = ["undetermined", "refuted", "confirmed", "refuted", "confirmed", "refuted", "refuted", "confirmed"]
TRUTH += ["confirmed", "refuted", "confirmed", "refuted", "confirmed", "refuted"]


def claims_file(folder: Path) -> Path:
    path = folder / "claims.json"
    path.write_text(json.dumps([{"case": "c", "by": "A", "of": "the aircraft"} | row for row in CLAIMS]))
    return path


def judged(folder: Path, table: pl.DataFrame, accuracy_m: float = 10.0) -> list[Examined]:
    read = api.read(table)
    events = api.check(read, airspace=strip(folder, accuracy_m), nets=("incursion",)).to_polars()
    stays = stays_of(events, read.table, ["adsb:abcdef"])
    examined, _ = examine(read_claims(claims_file(folder)))
    return held(examined, {"aircraft": stays})


def test_what_the_track_shows(tmp_path: Path) -> None:
    found = judged(tmp_path, crossing())
    assert [one.verdict for one in found] == TRUTH
    assert "the track in a strip: 40 s inside" in found[1].why[-1]
    assert "which none of its readings allows" in found[1].why[-1]


def test_rounding_decides_as_little_as_it_can(tmp_path: Path) -> None:
    # 40.5 s is good to 0.05 s, the stay to some tenths: as near as it is known. "About" is wide enough.
    (stay,) = stays(tmp_path)
    low, high, _ = stay.measured["time inside"]
    assert low < 40.5 < high
    assert high - low > 0.1


def stays(folder: Path) -> list[Stay]:
    read = api.read(crossing())
    events = api.check(read, airspace=strip(folder), nets=("incursion",)).to_polars()
    return stays_of(events, read.table, ["adsb:abcdef"])


def test_the_measures_hold_the_truth(tmp_path: Path) -> None:
    (stay,) = stays(tmp_path)
    seconds = WIDE_M / (480.0 * KT)
    truth = {
        "path inside": WIDE_M,
        "depth inside": WIDE_M / 2.0,
        "time inside": seconds,
        "speed": 480.0 * KT,
        "altitude": 19_000 * 0.3048,
    }
    for aspect, value in truth.items():
        low, high, _ = stay.measured[aspect]
        assert low <= value <= high, aspect
    low, high, _ = stay.measured["entry"]
    middle = crossing()["timestamp"][30].timestamp()
    assert low <= middle - seconds / 2.0 <= high


@pytest.mark.parametrize(
    ("table", "accuracy_m", "words"),
    [
        (crossing(source="synthetic"), 10.0, "this is a reconstruction"),
        (crossing(), 8_000.0, "itself undetermined"),
        (crossing(accuracy_m=9_000.0), 10.0, "itself undetermined"),
    ],
)
def test_a_doubtful_track_decides_nothing(table: pl.DataFrame, accuracy_m: float, words: str, tmp_path: Path) -> None:
    found = judged(tmp_path, table, accuracy_m)
    assert {one.verdict for one in found} == {"undetermined"}
    assert words in found[6].why[-1]


def test_no_stay_is_no_proof_of_none(tmp_path: Path) -> None:
    found = judged(tmp_path, crossing().with_columns(pl.col("latitude") + 1.0))
    assert {one.verdict for one in found} == {"undetermined"}
    assert "it may not have been recorded" in found[6].why[-1]


def test_of_two_stays_one_is_enough_to_confirm_and_all_must_refute(tmp_path: Path) -> None:
    (stay,) = stays(tmp_path)
    short = replace(stay, measured=stay.measured | {"time inside": (16.8, 17.2, "17 s inside")})
    examined, _ = examine(read_claims(claims_file(tmp_path)))
    both = held(examined, {"aircraft": [stay, short]})
    assert both[1].verdict == "confirmed"
    assert both[3].verdict == "refuted"


def test_the_command(tmp_path: Path) -> None:
    crossing().write_parquet(tmp_path / "crossing.parquet")
    command = [OVERFLIGHT, "incident", "examine", claims_file(tmp_path), "--recording", tmp_path / "crossing.parquet"]
    command += ["--airspace", strip(tmp_path)]
    done = subprocess.run(
        [*command, "--track", "the aircraft=adsb:abcdef", "--json"], capture_output=True, text=True, check=True
    )
    assert [one["verdict"] for one in json.loads(done.stdout)["claims"]] == TRUTH
    for track, message in (
        ("the balloon=adsb:abcdef", "is nobody that a claim is of; choose from aircraft"),
        ("the aircraft=adsb:000000", "is no track of the recording"),
        ("the aircraft", "names nobody"),
    ):
        wrong = subprocess.run([*command, "--track", track], capture_output=True, text=True, check=False)
        assert wrong.returncode == 2
        assert message in wrong.stderr
    alone = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "--track" in alone.stderr
