"""Flights that go into another party's declared operation: when it is said, of whom, and that however it is cut the answer is the same."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from overflight.agreement.logs import Entry, Logs, read_logs
from overflight.airspace.rings import GEOD
from overflight.api import check
from overflight.nets.entering import LOOKAHEAD_US, STEADY_US, Entering, EnteringParameters
from overflight.surveillance.batch import TrackNames, batch_of
from overflight.surveillance.read import read
from tests.flights import MIDNIGHT, flight

RADIUS_M = 20_000.0
MIDDLE = (36.0, 40.0)
# 480 kt through the middle: 90 s before it is at the edge, 81 s inside
THROUGH = {"latitude": 36.0, "longitude": 40.0, "speed_kt": 480.0, "altitude": 30_000.0, "every_s": 4.0, "reports": 120}


def operation(
    party: str = "s", levels: tuple[int, int] = (280, 320), hours: tuple[float, float] = (-1.0, 1.0), **more: Any
) -> dict[str, Any]:
    circle = {"center": {"lat": MIDDLE[0], "lng": MIDDLE[1]}, "radius": {"value": RADIUS_M, "units": "M"}}
    volume: dict[str, Any] = {"volume": {"outline_circle": circle}, "flight_levels": list(levels)}
    for end, hour in zip(("start", "end"), hours, strict=True):
        moment = (MIDNIGHT + timedelta(hours=hour)).isoformat().replace("+00:00", "Z")
        volume[f"time_{end}"] = {"value": moment, "format": "RFC3339"}
    told = {
        "kind": "notice",
        "time": "2015-10-06T12:00:00Z",
        "party": party,
        "text": "operation one",
        "known_as": "party-x",
    }
    return told | {"volumes": [volume]} | more


def found(folder: Path, table: pl.DataFrame, *operations: dict[str, Any]) -> list[dict[str, Any]]:
    (folder / "log.json").write_text(json.dumps(operations))
    events = check(table, nets="conflict", logs=folder / "log.json").to_polars().to_dicts()
    assert all(one["rule"] == "declared operation" for one in events)
    return events


def at_s(moment: Any) -> float:
    return (moment - MIDNIGHT).total_seconds()


def entry_s() -> float:
    """When the flight of `THROUGH` is at the edge of the operation, by the geodesic alone."""
    half_s = RADIUS_M / (480.0 * 1852 / 3600)
    return 119 * 4.0 / 2 - half_s


def test_it_is_said_two_minutes_ahead_and_until_it_has_left(tmp_path: Path) -> None:
    (one,) = found(tmp_path, flight("one", **THROUGH, party="n"), operation())
    assert (one["track_a"], one["track_b"], one["volume"], one["verdict"]) == (
        "one",
        None,
        "operation one",
        "confirmed",
    )
    assert (one["party_a"], one["party_b"]) == ("n", "party-x")
    assert at_s(one["start"]) == pytest.approx(entry_s() - LOOKAHEAD_US / 1e6 + 1, abs=2.5)
    assert at_s(one["end"]) == pytest.approx(entry_s() + 2 * RADIUS_M / (480.0 * 1852 / 3600), abs=2.5)
    assert f"entered at {MIDNIGHT + timedelta(seconds=np.ceil(entry_s())):%H:%M}" in one["why"]
    away = GEOD.inv(one["longitude"], one["latitude"], MIDDLE[1], MIDDLE[0])[2]
    assert away == pytest.approx(RADIUS_M + 480.0 * 1852 / 3600 * 119, rel=0.02)


@pytest.mark.parametrize(
    ("columns", "told", "verdict"),
    [
        ({"party": "s"}, operation(), None),  # its own
        ({}, operation(), "undetermined"),  # nobody knows whose it is
        ({"party": "n", "altitude": None}, operation(), "undetermined"),
        ({"party": "n"}, operation(levels=(310, 350)), None),  # below it
        ({"party": "n", "climb_fpm": 500.0}, operation(levels=(310, 350)), "confirmed"),  # but it climbs
        ({"party": "n"}, operation(hours=(1.0, 2.0)), None),  # later
        ({"party": "n"}, operation(until="2015-10-06T23:59:00Z"), None),  # released before
        ({"party": "n"}, operation(time="2015-10-07T01:00:00Z"), None),  # declared after
        ({"party": "n", "latitude": 36.3}, operation(), None),  # it passes
    ],
)  # fmt: skip
def test_what_is_in_its_way_and_what_not(
    tmp_path: Path, columns: dict[str, Any], told: dict[str, Any], verdict: str | None
) -> None:
    events = found(tmp_path, flight("one", **(THROUGH | columns)), told)
    assert [one["verdict"] for one in events] == ([] if verdict is None else [verdict])


def test_an_operation_that_begins_while_one_is_in_its_place(tmp_path: Path) -> None:
    begins_h = (entry_s() + 40.0) / 3600.0
    (one,) = found(tmp_path, flight("one", **THROUGH, party="n"), operation(hours=(begins_h, 1.0)))
    assert at_s(one["start"]) == pytest.approx(begins_h * 3600.0 - LOOKAHEAD_US / 1e6 + 1, abs=2.5)
    (two,) = found(tmp_path, flight("one", **THROUGH, party="n"), operation(hours=(-1.0, begins_h)))
    assert at_s(two["end"]) == pytest.approx(begins_h * 3600.0, abs=1.5)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("operations", "pieces", "least"),
    [
        ([operation(), operation(text="operation two", levels=(200, 305))], 12, 3),
        ([operation(hours=(0.1, 0.15))], 400, 1),  # nothing is near before, and nothing after
    ],
)
def test_however_it_is_cut_and_restarted_it_is_the_same(
    tmp_path: Path, seed: int, operations: list[dict[str, Any]], pieces: int, least: int
) -> None:
    rng = np.random.default_rng(seed)
    table = pl.concat(
        [
            flight(
                f"track-{k}",
                **(THROUGH | {"latitude": 36.0 + rng.uniform(-0.3, 0.3), "longitude": 40.0 + rng.uniform(-0.3, 0.3)}),
                course=float(rng.uniform(0, 360)),
                start_s=float(rng.uniform(0, 200)),
                party="n",
            )
            for k in range(6)
        ]
    )
    (tmp_path / "log.json").write_text(json.dumps(operations))
    told = EnteringParameters(read_logs(tmp_path / "log.json"), None, 15.0, 0, 30.0, 1, "")
    whole = read(table).table
    names = TrackNames()
    net = Entering(told, names)
    cuts = sorted({0, *rng.choice(whole.height, pieces, replace=False).tolist(), whole.height})
    events: list[pl.DataFrame] = []
    for first, last in pairwise(cuts):
        batch = batch_of(whole[first:last], names, first)
        net.update(batch)
        watermark = int(batch.time_us[-1])
        before = net.current(watermark)
        events.append(net.advance(watermark).events)
        again = Entering(told, names)
        again.restore(net.snapshot())
        net = again
        assert before.height >= 0
    events.append(net.finish().events)
    cut = {one["id"]: one["why"] for frame in events for one in frame.iter_rows(named=True)}
    names = TrackNames()
    net = Entering(told, names)
    net.update(batch_of(whole, names, 0))
    one_go = {one["id"]: one["why"] for one in net.finish().events.iter_rows(named=True)}
    assert cut == one_go
    assert len(one_go) >= least


def test_one_that_turns_away_is_let_go(tmp_path: Path) -> None:
    towards = flight("one", **(THROUGH | {"longitude": 39.5, "reports": 12}), party="n")
    place = towards[-1].to_dicts()[0]
    away = flight("one", latitude=place["latitude"] + 0.2, longitude=place["longitude"], course=0.0, speed_kt=480.0,
                  altitude=30_000.0, every_s=4.0, reports=30, start_s=48.0, party="n")  # fmt: skip
    (one,) = found(tmp_path, pl.concat([towards, away]), operation())
    assert at_s(one["end"]) < 48.0 + STEADY_US / 1e6
    assert "entered" not in one["why"]


def test_nothing_declared_is_nothing_said(tmp_path: Path) -> None:
    assert found(tmp_path, flight("one", **THROUGH)) == []
    net = Entering(EnteringParameters(Logs(), None, 15.0, 0, 30.0, 1, ""), TrackNames())
    assert net.finish().events.height == 0


class Said:
    """Operations that are known from some moment on, as a database has them."""

    def __init__(self) -> None:
        self.known: list[Entry] = []

    def entries(self) -> list[Entry]:
        return self.known


def test_one_that_is_declared_between_two_seconds_is_looked_at_on_whole_ones(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text(json.dumps([operation(time="2015-10-07T00:02:28.4Z")]))
    logs, said = read_logs(tmp_path / "log.json"), Said()
    table = read(flight("one", **(THROUGH | {"start_s": 0.3}), party="n")).table
    found: list[dict[str, str]] = []
    for told in (logs, Logs(meanwhile=said)):
        names = TrackNames()
        net = Entering(EnteringParameters(told, None, 15.0, 0, 30.0, 1, ""), names)
        events: list[pl.DataFrame] = []
        for row in range(table.height):
            batch = batch_of(table[row : row + 1], names, row)
            if batch.time_us[0] / 1e6 >= logs.entries[0].time.timestamp():
                said.known = list(logs.entries)
            net.update(batch)
            events.append(net.advance(int(batch.time_us[0])).events)
        events.append(net.finish().events)
        found.append({one["id"]: one["why"] for frame in events for one in frame.iter_rows(named=True)})
    assert found[0] == found[1]
    assert len(found[0]) == 1
