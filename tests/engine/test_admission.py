"""Whom a loop follows and whom it forgets: whatever comes, its memory has a bound, and nobody who flies is missed for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from overflight.airspace.volume import Airspace
from overflight.engine import admission
from overflight.engine.admission import TOO_MANY
from overflight.engine.live import Live
from overflight.engine.parameters import NETS, CheckParameters
from overflight.engine.state import read_state, write_state
from overflight.surveillance.complete import finish
from overflight.surveillance.recording import Drops
from overflight.surveillance.table import POSITION_SCHEMA
from tests.agreement.documents import halves
from tests.engine.test_live import airspace, expected, last_words, span
from tests.surveillance.second_sensor import seen_by_radar

SKY = CheckParameters(nets=("separation", "conflict", "lost", "interference"))
START = datetime(2025, 3, 1, 12, 0, 0, tzinfo=UTC)


FORGETTING = [
    pytest.param(("lost", "interference"), 17.0, 0.5, id="nets that soon let go"),
    pytest.param(("conflict",), 16.5, 1.5, id="and those that do not"),
    # lost counts aircraft that it has once seen: whoever was forgotten and comes back is another one to it (docs/live.md)
    pytest.param(("lost",), 0.0, 24.0, marks=pytest.mark.long, id="a day"),
]


@pytest.mark.parametrize(("without", "first_h", "hours"), FORGETTING)
def test_what_is_forgotten_makes_no_difference(
    without: tuple[str, ...], first_h: float, hours: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "KEEP_US", 660_000_000)  # longer than a track goes on after a silence
    monkeypatch.setattr(admission, "FORGET_US", 120_000_000)
    parameters = CheckParameters(nets=tuple(net for net in NETS if net not in without), **halves())
    own = span(first_h, hours)
    both = pl.concat([own, seen_by_radar(own, 7)[0]], how="diagonal").sort("timestamp", "track_id")
    table = finish([both], Drops())
    minute = table["timestamp"].to_physical() // 60_000_000
    loop, changes = Live(parameters, airspace()), []
    for number, which in enumerate(minute.unique().sort().to_list()):
        loop.take("test", table.filter(minute == which), number, 3.0 * number)
        changes += loop.step(3.0 * number)
        if number % 40 == 19:
            write_state(tmp_path / "state", loop.snapshot())
            loop = Live(parameters, airspace())
            loop.restore(read_state(tmp_path / "state"))
    changes += loop.finish()
    assert len(loop.names) < 0.9 * table["track_id"].n_unique()
    found, wanted = last_words(changes), expected(table, parameters, airspace())
    assert found.keys() == wanted.keys()
    assert len(wanted) >= 20
    for key, event in wanted.items():
        assert found[key] == event, json.dumps([found[key], event], indent=1)


def reports(second: float, names: list[str], seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    common = {"timestamp": START + timedelta(seconds=second), "altitude": 30000.0, "source": "adsb", "flags": 0}
    rows: list[dict[str, Any]] = [
        common
        | {"icao24": name, "track_id": None, "address_type": "icao", "latitude": latitude, "longitude": longitude}
        for name, latitude, longitude in zip(
            names, rng.uniform(-60, 60, len(names)), rng.uniform(-180, 180, len(names)), strict=True
        )
    ]
    return pl.DataFrame(rows, schema=POSITION_SCHEMA)


def made_up(second: int, count: int) -> list[str]:
    return [f"{second * count + k:06x}" for k in range(count)]


def test_in_a_flood_whoever_is_heard_again_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MOST_WAITING", 5_000)
    loop = Live(SKY, Airspace(), new_tracks=1000)
    for second in range(50):
        # The address of the aircraft is the last in the alphabet, and it comes when all room for newcomers is taken.
        loop.take("test", reports(second, [*made_up(second, 800), *(["fffff0"] if second >= 10 else [])]), None, 0.0)
        loop.step(0.0)
    loop.finish()
    assert len(loop.names) <= 1000
    assert "adsb:fffff0" in loop.names.track_id
    assert loop.drops.counts[TOO_MANY] >= 50 * 800 - 1000
    state = loop.snapshot()
    assert len(state["admission"]["waiting"]) <= 5_000
    assert len(state["naming"]["stays"]) <= 1000
    assert len(state["naming"]["types"]) <= 1000


def test_the_oldest_of_few_reports_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MOST_TRACKS", 2_000)
    loop = Live(SKY, Airspace(), new_tracks=900)
    largest = 0
    for minute in range(0, 200, 5):
        aircraft = [f"a000{k:02x}" for k in range(20)]
        loop.take("test", reports(60.0 * minute, [*aircraft, *made_up(minute + 1000, 130)]), None, 10.0 * minute)
        loop.step(10.0 * minute)
        loop.step(10.0 * minute + 5.0)
        largest = max(largest, len(loop.names))
    assert 1_500 < largest <= 2_000
    assert TOO_MANY not in loop.drops.counts
    loop.take("test", reports(60.0 * 201, aircraft), None, 5000.0)
    loop.step(5000.0)
    known = [name.partition("#")[0] for name in loop.names.track_id]
    assert {f"adsb:{name}" for name in aircraft} <= set(known)


@pytest.mark.long
def test_a_million_new_addresses_in_a_minute() -> None:
    def rss_mb() -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmRSS:"))

    loop = Live(SKY, Airspace())
    aircraft = [f"a{k:05x}" for k in range(500)]
    loop.take("test", reports(0.0, aircraft), None, 0.0)
    loop.step(0.0)
    before = rss_mb()
    for second in range(1, 60):
        loop.take("test", reports(second, [*aircraft, *made_up(second + 100, 17_000)], second), None, float(second))
        loop.step(float(second))
    loop.finish()
    assert loop.drops.counts[TOO_MANY] > 800_000
    assert len(loop.names) <= 100_500
    assert rss_mb() - before < 1_000.0
