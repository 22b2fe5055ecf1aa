"""Events by what is asked for: held against the same question asked of every record in Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from overflight.database import Database
from overflight.errors import ParameterError
from overflight.store.alarms import live
from overflight.store.priority import PRIORITIES, priority_of
from overflight.store.search import Filters, events
from tests.store.test_alarms import AT, event

START = datetime.fromisoformat(AT)
KINDS = ("separation", "conflict", "lost", "outage")


def moment(minutes: int) -> str:
    return f"{START + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S.%fZ}"


RECORDS = [
    event(
        f"{number * 7919 % 100:02d}",
        kind=KINDS[number % 4],
        start=moment(number // 2),
        end=moment(number // 2 + number % 5),
        latitude=None if number % 11 == 0 else -80.0 + number * 4,
        longitude=None if number % 11 == 0 else -180.0 + number * 9,
        track_a=f"t{number % 3}",
        track_b=None if number % 4 == 2 else f"t{number % 5}",
        party_a=(None, "BLUE", "GREEN")[number % 3],
        party_b=(None, None, "RED")[number % 3],
        verdict=("confirmed", "undetermined")[number % 2],
    )
    for number in range(40)
]


@pytest.fixture
def kept(store: Database) -> Database:
    with store.transaction() as connection:
        live(connection, [{"life": "closed", "at": AT, "event": record} for record in RECORDS])
    return store


def asked(kept: Database, filters: Filters, limit: int = 7) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    with kept.reading() as connection:
        while True:
            page, after = events(connection, filters, limit, after)
            found += page
            if after is None:
                return found
            assert len(page) == limit


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, lambda _: True),
        ({"start": START + timedelta(minutes=8)}, lambda e: e["end"] >= moment(8)),
        ({"end": START + timedelta(minutes=8)}, lambda e: e["start"] < moment(8)),
        ({"kinds": ["lost", "outage"]}, lambda e: e["kind"] in {"lost", "outage"}),
        ({"priority": "medium"}, lambda e: priority_of(e) >= 1),
        ({"priority": "high"}, lambda e: priority_of(e) == 2),
        ({"track": "t2"}, lambda e: "t2" in {e["track_a"], e["track_b"]}),
        ({"parties": []}, lambda e: e["party_a"] is None and e["party_b"] is None),
        ({"parties": ["RED"]}, lambda e: e["party_a"] is None or e["party_b"] == "RED"),
        ({"within": (-90, -60, 30, 20)}, lambda e: e["latitude"] is not None and -60 <= e["latitude"] <= 20 and -90 <= e["longitude"] <= 30),
        ({"within": (150, -90, -100, 90)}, lambda e: e["latitude"] is not None and (e["longitude"] >= 150 or e["longitude"] <= -100)),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_given(
    kept: Database, filters: dict[str, Any], wanted: Callable[[dict[str, Any]], bool]
) -> None:
    expected = sorted((record for record in RECORDS if wanted(record)), key=lambda record: record["id"])
    expected.sort(key=lambda record: record["start"], reverse=True)
    assert len(expected) > 0
    assert asked(kept, Filters(**filters)) == [one | {"priority": PRIORITIES[priority_of(one)]} for one in expected]


def test_what_turned_out_to_be_none_is_left_out(kept: Database) -> None:
    with kept.transaction() as connection:
        live(connection, [{"life": "withdrawn", "at": AT, "event": RECORDS[0]}])
    assert len(asked(kept, Filters())) == len(RECORDS) - 1
    assert len(asked(kept, Filters(withdrawn=True))) == len(RECORDS)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"kinds": ["collision"]}, "no kind of event"),
        ({"priority": "urgent"}, "choose from low, medium, high"),
        ({"track": "a\0"}, "no name"),
        ({"parties": ["\0"]}, "no name"),
        ({"within": (0, 10, 0, -10)}, "no area"),
        ({"within": (float("nan"), 0, 0, 0)}, "no area"),
    ],
)
def test_what_there_is_not_is_refused(filters: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        Filters(**filters)


def test_pages_that_cannot_be(kept: Database) -> None:
    with kept.reading() as connection:
        for limit in (0, 1001):
            with pytest.raises(ParameterError, match="no length of a page"):
                events(connection, Filters(), limit)
        for after in ("x", "9" * 30 + ".x", "1.\0"):
            with pytest.raises(ParameterError, match="given by no page"):
                events(connection, Filters(), 5, after)
