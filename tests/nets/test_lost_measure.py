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
    groups_that_fit,
    moments_in_company,
    moments_in_good_coverage,
    shuffled,
)
from tests.nets.test_lost import run


@lru_cache(maxsize=1)
def recording() -> pl.DataFrame:
    return read(california()).table


def found(groups: list[list[Moment]], table: pl.DataFrame | None = None) -> tuple[int, int, Counter[str]]:
    """How many of the flights cut off are lost, how many confirmed, and what else is called lost."""
    hits, confirmed, false = 0, 0, Counter[str]()
    for group in groups:
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
    moments = moments_in_good_coverage(recording(), count=4, seed=2)
    hits, _, false = found(groups_of(moments, 4))
    assert hits >= 3
    assert not false


def test_most_flights_cut_off_by_the_definition_are_found() -> None:
    (group,) = groups_that_fit(recording(), 1, 20, seed=31)
    assert len(group) == 20
    hits, _, false = found([group])
    assert hits >= 17
    assert not false


def test_company_stays_when_all_cuts_are_made() -> None:
    groups = groups_that_fit(recording(), 2, 12, seed=5)
    for group in groups:
        left = cut_off(recording(), group).filter(
            pl.col("icao24").is_not_null() & ~pl.col("address_type").is_in(["tisb", "adsr"])
        )
        assert len({moment.icao24 for moment in group}) == 12
        for moment in group:
            since = left["timestamp"].dt.epoch("us") - moment.time_us
            for minute in range(4):
                then = left.filter((since > minute * 60e6) & (since <= (minute + 1) * 60e6))
                assert set(then["icao24"]) - {moment.icao24}


@pytest.mark.long
def test_nearly_all_flights_cut_off_in_good_coverage_are_found() -> None:
    moments = moments_in_good_coverage(recording(), count=200, seed=1, minutes=8)
    assert len(moments) > 100  # all there are, one in 20 s of an aircraft
    hits, confirmed, false = found(groups_of(moments, 25))
    assert hits >= 0.95 * len(moments)
    assert confirmed >= 0.6 * len(moments)
    assert not false


@pytest.mark.long
@pytest.mark.parametrize(
    ("groups", "seed", "least", "sure"),
    [(25, 31337, 190, 120), (25, 4242, 190, 115), (8, 31337, 187, 95), (8, 4242, 185, 90)],
)
def test_95_of_100_flights_cut_off_by_the_definition_are_found(groups: int, seed: int, least: int, sure: int) -> None:
    """In groups of 8; a little less in groups of 25, which take most of those away who would show the coverage."""
    hits, confirmed, false = found(groups_that_fit(recording(), groups, 200 // groups, seed=seed))
    assert hits >= least
    assert confirmed >= sure
    assert not false


@pytest.mark.long
@pytest.mark.parametrize("seed", [31337, 4242])
def test_most_of_200_flights_cut_off_anywhere_in_company_are_found(seed: int) -> None:
    """Those about to leave the recording, too, and those whose company is cut off with them."""
    hits, confirmed, false = found(groups_of(moments_in_company(recording(), count=200, seed=seed), 25))
    assert hits >= 160
    assert confirmed >= 80
    assert not false


@pytest.mark.long
def test_most_are_found_in_the_recording_in_reverse() -> None:
    table = backwards(recording())
    hits, _, false = found(groups_of(moments_in_company(table, count=200, seed=77), 25), table)
    assert hits >= 145
    assert not false


@pytest.mark.long
@pytest.mark.parametrize("seed", range(201, 217))
def test_nobody_is_lost_on_other_days(seed: int) -> None:
    """Days made of the same flights at other times: each 68 hours of flight."""
    assert run(shuffled(recording(), seed))[0].filter(pl.col("kind") == "lost").height == 0
