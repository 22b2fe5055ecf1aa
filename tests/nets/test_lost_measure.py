"""Lost, measured on the recording that ships: losses made on purpose are found, and there are none where none were made.

The whole measure (`make test-long`) takes minutes; a part of it runs every time. The thresholds were chosen on other
seeds and on the recording in reverse: see docs/lost.md.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache

import polars as pl
import pytest

from overflight.examples import california
from overflight.surveillance.read import read
from tests.nets.lost_truth import (
    Moment,
    backwards,
    cut_off,
    groups_of,
    moments_in_company,
    moments_in_good_coverage,
    shuffled,
)
from tests.nets.test_lost import run


@lru_cache(maxsize=1)
def recording() -> pl.DataFrame:
    return read(california()).table


def found(moments: list[Moment], size: int, table: pl.DataFrame | None = None) -> tuple[int, int, Counter[str]]:
    """How many of the flights cut off are lost, how many confirmed, and what else is called lost."""
    hits, confirmed, false = 0, 0, Counter[str]()
    for group in groups_of(moments, size):
        times = {moment.icao24: moment.time_us for moment in group}
        events, _ = run(cut_off(recording() if table is None else table, group))
        for event in events.iter_rows(named=True):
            address = json.loads(event["parameters"])["a"]["icao24"] if event["kind"] == "lost" else None
            # A last report without altitude is no moment of the truth's, but may be the net's.
            if address in times and abs(event["time"].timestamp() * 1e6 - times[address]) < 61e6:
                hits += 1
                confirmed += event["verdict"] == "confirmed"
            else:
                false[str(event["track_a"])] += 1
    return hits, confirmed, false


def test_nobody_is_lost_in_the_recording_as_it_is() -> None:
    events, dismissed = run(recording())
    assert events.height == 0
    assert dismissed.height > 500


def test_flights_cut_off_are_found() -> None:
    moments = moments_in_good_coverage(recording(), count=12, seed=2)
    hits, _, false = found(moments, 12)
    assert hits >= 11
    assert not false


def test_most_flights_cut_off_in_company_are_found() -> None:
    hits, _, false = found(moments_in_company(recording(), count=20, seed=31), 20)
    assert hits >= 14
    assert not false


@pytest.mark.long
def test_nearly_all_flights_cut_off_in_good_coverage_are_found() -> None:
    moments = moments_in_good_coverage(recording(), count=200, seed=1, minutes=8)
    assert len(moments) > 100  # all there are, one in 20 s of an aircraft
    hits, confirmed, false = found(moments, 25)
    assert hits >= 0.95 * len(moments)
    assert confirmed >= 0.6 * len(moments)
    assert not false


@pytest.mark.long
@pytest.mark.parametrize("seed", [31337, 4242])
def test_most_of_200_flights_cut_off_in_company_are_found(seed: int) -> None:
    hits, confirmed, false = found(moments_in_company(recording(), count=200, seed=seed), 25)
    assert hits >= 160
    assert confirmed >= 80
    assert not false


@pytest.mark.long
def test_most_are_found_in_the_recording_in_reverse() -> None:
    table = backwards(recording())
    hits, _, false = found(moments_in_company(table, count=200, seed=77), 25, table)
    assert hits >= 145
    assert not false


@pytest.mark.long
@pytest.mark.parametrize("seed", range(201, 217))
def test_nobody_is_lost_on_other_days(seed: int) -> None:
    """Days made of the same flights at other times: each 68 hours of flight."""
    assert run(shuffled(recording(), seed))[0].filter(pl.col("kind") == "lost").height == 0
