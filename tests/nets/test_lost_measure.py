"""Lost, measured on the recording that ships: losses made on purpose are found, and there are none where none were made.

The whole measure (`make test-long`) takes minutes; a part of it runs every time.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache

import polars as pl
import pytest

from overflight.examples import california
from overflight.surveillance.read import read
from tests.nets.lost_truth import Moment, cut_off, groups_of, moments_in_good_coverage, shuffled
from tests.nets.test_lost import run


@lru_cache(maxsize=1)
def recording() -> pl.DataFrame:
    return read(california()).table


def found(moments: list[Moment], size: int) -> tuple[int, int, Counter[str]]:
    """How many of the flights cut off are lost, how many confirmed, and what else is called lost."""
    hits, confirmed, false = 0, 0, Counter[str]()
    for group in groups_of(moments, size):
        times = {moment.icao24: moment.time_us for moment in group}
        events, _ = run(cut_off(recording(), group))
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


@pytest.mark.long
def test_nearly_all_of_200_flights_cut_off_are_found() -> None:
    moments = moments_in_good_coverage(recording(), count=200, seed=1)
    assert len(moments) > 100  # all there are, one in 20 s of an aircraft
    hits, confirmed, false = found(moments, 30)
    assert hits >= 0.95 * len(moments)
    assert confirmed >= 0.3 * len(moments)
    assert not false


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 3, 5, 7, 9])
def test_few_are_lost_on_other_days(seed: int) -> None:
    """Days made of the same flights at other times: each 63 hours of flight. None is confirmed."""
    events, _ = run(shuffled(recording(), seed))
    assert events.filter(pl.col("kind") == "lost").height <= 2
    assert events.filter((pl.col("kind") == "lost") & (pl.col("verdict") == "confirmed")).height == 0
