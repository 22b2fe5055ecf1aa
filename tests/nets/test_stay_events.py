"""What is told of a stay: every figure, text and reference of it, and who decides what."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import overflight
from overflight.airspace.volume import Airspace, Limit, Volume
from overflight.events import event_id
from overflight.nets.stay_events import rounded
from overflight.surveillance.integrity import FROZEN, LOW_QUALITY
from tests.airspace.zones import volume
from tests.flights import MIDNIGHT, flight

SQUARE = ([29.9, 29.9, 30.1, 30.1], [-135.1, -134.9, -134.9, -135.1])  # 22 by 19 km, its middle at 30 N 135 W
THROUGH: dict[str, Any] = {"latitude": 30.0, "longitude": -135.0, "every_s": 20.0, "reports": 26}


def checked(table: pl.DataFrame, *volumes: Volume, **options: Any) -> pl.DataFrame:
    result = overflight.check(table, airspace=Airspace(volumes), nets=("incursion", "hazard"), ungated=True, **options)
    return result.to_polars().sort("start", "volume")


def told(table: pl.DataFrame, *volumes: Volume, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    rows = checked(table, *volumes, **options).to_dicts()
    assert len(rows) == 1
    return rows[0], json.loads(rows[0]["parameters"])


def numbered(table: pl.DataFrame, **columns: Any) -> pl.DataFrame:
    """The table, each row with the number of its line."""
    return table.with_columns(ref=pl.format("f.csv:{}", pl.int_range(pl.len())), **columns)


@given(st.floats(-1e6, 1e6) | st.integers(-(10**9), 10**9).map(lambda k: k / 200), st.sampled_from([1, 7]))
def test_figures_are_rounded_as_python_does(value: float, digits: int) -> None:
    found = rounded(np.array([value, math.nan]), digits).to_list()
    assert found == [round(value, digits), None]


def test_all_that_is_told() -> None:
    table = numbered(flight("A", icao24="4b0001", callsign="THY5", squawk="0042", accuracy=50.0, **THROUGH))
    zone = volume("Z", SQUARE, floor=Limit("STD", 1000.0), ceiling=Limit("AMSL", 20_000.0), accuracy_m=7, owner="TR")
    row, parameters = told(table, zone, max_gap="45s")
    entry, leaving, a = parameters.pop("entry"), parameters.pop("exit"), parameters.pop("a")
    assert parameters == {
        "volume": "Z",
        "floor": "FL010",
        "ceiling": "20000 ft AMSL",
        "boundary_accuracy_m": 7.0,
        "max_gap_s": 45.0,
    }
    crossing = ["time", "latitude", "longitude", "altitude_ft", "how", "ref_before", "ref_after"]
    for edge, moment in ((entry, row["start"]), (leaving, row["end"])):
        assert list(edge) == crossing
        assert edge["time"] == f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
        after = math.ceil((moment - MIDNIGHT) / timedelta(seconds=20))  # reports are 20 s apart, from midnight
        assert (edge["ref_before"], edge["ref_after"]) == (f"f.csv:{after - 1}", f"f.csv:{after}")
        assert (edge["altitude_ft"], edge["how"]) == (5000.0, "boundary")
    state = ["callsign", "icao24", "squawk", "latitude", "longitude", "altitude_ft", "accuracy_m", "ref_before"]
    assert list(a) == [*state, "ref_after"]  # no speed, course or climb was said
    assert (a["callsign"], a["icao24"], a["squawk"], a["accuracy_m"]) == ("THY5", "4b0001", "0042", 50.0)
    assert (a["latitude"], a["longitude"], a["altitude_ft"]) == (row["latitude"], row["longitude"], row["altitude_ft"])
    assert row["id"] == event_id("incursion", ["A"], "Z", "restricted", row["start"])
    assert (row["party_b"], row["rule"], row["band"], row["severity"]) == ("TR", "restricted", None, None)


def test_what_an_aircraft_said_is_told_and_what_it_did_not_is_left_out() -> None:
    heard = pl.when(pl.int_range(pl.len()) % 2 == 0).then(120.04)  # every other report
    _, parameters = told(numbered(flight("A", track=90.0, **THROUGH), groundspeed=heard), volume("Z", SQUARE))
    assert list(parameters["a"])[-4:] == ["ref_before", "ref_after", "groundspeed_kt", "track_deg"]
    assert (parameters["a"]["groundspeed_kt"], parameters["a"]["track_deg"]) == (120.0, 90.0)
    assert "groundspeed_kt" not in parameters["entry"]


def test_a_table_without_references_says_so() -> None:
    _, parameters = told(flight("A", **THROUGH), volume("Z", SQUARE))
    assert all(parameters[moment]["ref_before"] is None for moment in ("a", "entry", "exit"))


@pytest.mark.parametrize("name", ['Zone "1"', "back\\slash {}", "new\nline\ttab\x01", "Ägäis Ω \u2028 🛩", '",x":null'])
def test_any_name_comes_through(name: str) -> None:
    zone = replace(volume("Z", SQUARE), name=name)
    row, parameters = told(numbered(flight("A", callsign=',"track_deg":null', **THROUGH)), zone)
    assert parameters["volume"] == name
    assert parameters["a"]["callsign"] == ',"track_deg":null'
    assert row["why"].startswith(f"in {name} (SFC to UNL); up to ")


def test_a_callsign_heard_later_is_not_known_yet() -> None:
    table = flight("A", **THROUGH)
    late = table.with_columns(callsign=pl.when(pl.int_range(pl.len()) >= 24).then(pl.lit("THY5")))
    assert told(late, volume("Z", SQUARE))[1]["a"]["callsign"] is None
    assert checked(late, volume("Z", SQUARE), allow=["callsign=THY*"]).height == 1
    early = table.with_columns(callsign=pl.when(pl.int_range(pl.len()) == 2).then(pl.lit("THY5")))
    assert told(early, volume("Z", SQUARE))[1]["a"]["callsign"] == "THY5"
    assert checked(early, volume("Z", SQUARE), allow=["callsign=THY*"]).height == 0


def test_why_a_stay_is_none_the_first_of_several() -> None:
    table = flight("A", icao24="4b0001", party="TR", **THROUGH)
    allow = ["icao24=4c*", "icao24=4b*", "track_id=?"]
    for owner, reason, why in (
        ("TR", "own airspace", "Z is TR's own"),
        ("SY", "allowed", "icao24 4b0001 is allowed by icao24=4b*"),
        (None, "allowed", "icao24 4b0001 is allowed by icao24=4b*"),
    ):
        airspace = Airspace((volume("Z", SQUARE, owner=owner),))
        row = overflight.check(table, airspace=airspace, nets="incursion", allow=allow).result.dismissed.to_dicts()[0]
        assert (row["track_a"], row["track_b"], row["reason"], row["why"]) == ("A", "Z", reason, why)
        assert (row["horizontal_nm"], row["altitude_ft"]) == (None, 5000.0)
        assert row["duration_s"] == pytest.approx((row["end"] - row["start"]).total_seconds())


@pytest.mark.parametrize(
    ("flown", "zone", "doubt"),
    [
        ({"altitude": None}, {"ceiling": Limit("STD", 9000)}, "its altitude is not known all the time"),
        ({"flags": FROZEN}, {}, "rests on positions that are not to be believed"),
        ({"flags": LOW_QUALITY}, {}, "rests on positions of doubtful integrity"),
        ({"altitude": 5500.0}, {"floor": Limit("AMSL", 5000)}, "QNH is unknown: within 810 ft of a limit"),
        ({}, {"ceiling": Limit("AGL", 1500)}, "a limit above ground, and no terrain to tell where that is"),
        ({}, {"accuracy_m": 20_000}, "at most 9649 m inside, positions and boundary are good to 20050 m"),
        (  # at 5,810 ft, the lowest level that is inside for sure, it is 1 km from where it leaves
            {"altitude": 4965.0, "climb_fpm": 130.0},
            {"floor": Limit("AMSL", 5000), "accuracy_m": 2000},
            "QNH is unknown: within 810 ft of a limit, except where it was too near the boundary",
        ),
    ],
)
def test_what_leaves_a_doubt(flown: dict[str, Any], zone: dict[str, Any], doubt: str) -> None:
    table = flight("A", **(THROUGH | {"accuracy": 50.0} | flown))
    row, _ = told(table, volume("Z", SQUARE, **zone), unknown_altitude="report")
    assert row["verdict"] == "undetermined"
    assert row["why"].endswith(f"); {doubt}")


def test_what_is_confirmed() -> None:
    row, _ = told(flight("A", accuracy=50.0, **THROUGH), volume("Z", SQUARE, accuracy_m=9000))
    assert row["verdict"] == "confirmed"
    assert row["why"] == "in Z (SFC to UNL); up to 9649 m inside, positions and boundary are good to 9050 m"
