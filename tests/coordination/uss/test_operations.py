"""Operations of parties over a real register, on both databases: who may plan what, who is told of it, and what nobody else learns."""

from __future__ import annotations

import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from overflight.coordination.dss.client import Client
from overflight.coordination.dss.entities import INTENT
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.requests import STRATEGIC, read_intent
from overflight.coordination.dss.tables import open_tables
from overflight.coordination.uss import parties
from overflight.coordination.uss.asking import Asking
from overflight.coordination.uss.operations import ACTIVE, ENDED, PLANNED, Operation, Operations, Outcome
from overflight.coordination.uss.telling import Telling
from overflight.errors import ConflictError, MissingError
from tests.coordination.uss.test_declared import declared, told

NOON = int(datetime(2015, 10, 7, tzinfo=UTC).timestamp() * 1_000_000)
HOUR = 3_600_000_000
URL = "https://hosted.example"


class Hosted:
    """A hosted side under test; its clock stands at the beginning of the day until it is set."""

    def __init__(self, place: Path | str) -> None:
        self.now = NOON
        self.database = open_tables(place)
        self.register = Register(self.database, lambda: self.now)
        self.operations = Operations(Telling(self.register, URL), Asking(URL))

    def planned(self, party: str, *volumes: dict[str, Any], precedence: str = "routine") -> Operation:
        outcome = self.operations.declare(party, declared(*volumes, precedence=precedence))
        assert outcome.operation is not None, outcome
        return outcome.operation

    def refused(self, party: str, *volumes: dict[str, Any], precedence: str = "routine") -> Outcome:
        outcome = self.operations.declare(party, declared(*volumes, precedence=precedence))
        assert outcome.operation is None
        return outcome

    def told(self, party: str, after: int = 0) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            return parties.deliveries(connection, party, after)

    def hear(self, party: str) -> None:
        with self.database.transaction() as connection:
            parties.heard(connection, party, self.now)

    def pseudonym(self, party: str) -> str:
        with self.database.transaction() as connection:
            return parties.pseudonym_of(connection, party, self.now)


@pytest.fixture
def hosted(place: Path | str) -> Generator[Hosted]:
    one = Hosted(place)
    yield one
    one.database.close()


def test_what_is_clear_is_planned_and_in_the_register(hosted: Hosted) -> None:
    made = hosted.planned("alpha")
    assert made.state == PLANNED
    reader = Client("reader", frozenset({STRATEGIC}))
    told_of_it = hosted.register.get(INTENT, reader, made.id)
    assert told_of_it["manager"] == hosted.pseudonym("alpha")
    assert "alpha" not in json.dumps(told_of_it)
    assert [one.id for one in hosted.operations.own("alpha")] == [made.id]
    assert hosted.operations.own("bravo") == []
    with pytest.raises(MissingError):
        hosted.operations.operation("bravo", made.id)


def test_what_is_in_the_way_is_told_coarse_and_by_no_name(hosted: Hosted) -> None:
    hosted.planned("alpha", told(36.012, 37.034), told(longitude=60.0))
    outcome = hosted.refused("bravo")
    (conflict,) = outcome.conflicts
    assert conflict.pseudonym == hosted.pseudonym("alpha") != "alpha"
    (volume,) = conflict.volumes
    assert (volume["south"], volume["north"]) == (35.9, 36.15)
    assert volume["west"] <= 37.034 - 0.111
    assert volume["flight_levels"] == [280, 320]
    assert "60" not in json.dumps(conflict.volumes), "nothing of what is not in its way"
    assert outcome.shifts
    for shift in outcome.shifts:
        clear = hosted.operations.declare("bravo", shift.declared).operation
        assert clear is not None, "what is proposed is taken"
        hosted.operations.release("bravo", clear.id)


def test_levels_by_pressure_are_not_in_each_others_way_for_the_weathers_margin(hosted: Hosted) -> None:
    hosted.planned("alpha", told(levels=(280, 300)))
    hosted.planned("bravo", told(levels=(310, 330)))


def test_the_higher_precedence_goes_and_the_lower_is_told(hosted: Hosted) -> None:
    mine = hosted.planned("alpha")
    theirs = hosted.planned("bravo", told(36.01), told(longitude=70.0), precedence="medical")
    (one,) = hosted.told("alpha")
    assert one["sequence"] == 1
    assert (one["kind"], one["operation"], one["precedence"]) == ("conflict", mine.id, "medical")
    assert one["with"] == hosted.pseudonym("bravo")
    assert len(one["volumes"]) == 1
    assert hosted.told("bravo") == []
    assert [conflict.gives_way for conflict in hosted.operations.conflicts("alpha", mine.id)] == [False]
    assert [conflict.gives_way for conflict in hosted.operations.conflicts("bravo", theirs.id)] == [True]
    blocked = hosted.operations.activate("alpha", mine.id)
    assert blocked.operation is None
    assert blocked.conflicts
    hosted.operations.release("bravo", theirs.id)
    assert [told_of["kind"] for told_of in hosted.told("alpha")] == ["conflict", "released"]
    assert hosted.operations.activate("alpha", mine.id).operation is not None


def test_a_life_of_an_operation(hosted: Hosted) -> None:
    made = hosted.planned("alpha")
    active = hosted.operations.activate("alpha", made.id).operation
    assert active is not None
    assert active.state == ACTIVE
    with pytest.raises(ConflictError):
        hosted.operations.activate("alpha", made.id)
    hosted.now = NOON + 4 * HOUR
    over = hosted.operations.release("alpha", made.id)
    hosted.now += 1
    assert hosted.operations.operation("alpha", made.id).state == ENDED
    assert over.end_us == NOON + 4 * HOUR
    with pytest.raises(ConflictError):
        hosted.operations.release("alpha", made.id)
    hosted.planned("bravo")
    assert hosted.operations.conflicts("alpha", made.id) == []


def test_what_is_past_its_end_is_ended_and_swept(hosted: Hosted) -> None:
    made = hosted.planned("alpha")
    hosted.now = NOON + 6 * HOUR
    assert hosted.operations.operation("alpha", made.id).state == ENDED
    assert hosted.operations.sweep() == 1
    assert hosted.operations.sweep() == 0
    reader = Client("reader", frozenset({STRATEGIC}))
    assert hosted.register.query(INTENT, reader, declared().shape) == []


def test_who_is_silent_blocks_what_depends_on_it_and_nothing_else(hosted: Hosted) -> None:
    hosted.planned("alpha")
    hosted.now += parties.SILENCE_US + 1
    outcome = hosted.refused("bravo", precedence="emergency")
    assert [conflict.stale for conflict in outcome.conflicts] == [True]
    hosted.planned("bravo", told(longitude=50.0))
    hosted.hear("alpha")
    hosted.planned("bravo", precedence="emergency")


def test_who_is_suspended_plans_nothing_and_stays_in_the_way(hosted: Hosted) -> None:
    made = hosted.planned("alpha")
    with hosted.database.transaction() as connection:
        parties.suspend(connection, "alpha", "positions were false", hosted.now)
        with pytest.raises(MissingError):
            parties.suspend(connection, "nobody", "x", hosted.now)
    for ask in (
        lambda: hosted.planned("alpha", told(longitude=50.0)),
        lambda: hosted.operations.activate("alpha", made.id),
    ):
        with pytest.raises(ConflictError, match="positions were false"):
            ask()
    hosted.refused("bravo")
    with hosted.database.transaction() as connection:
        parties.suspend(connection, "alpha", None, hosted.now)
    assert hosted.operations.activate("alpha", made.id).operation is not None


def test_deliveries_have_numbers_and_stay_until_they_are_acknowledged(hosted: Hosted) -> None:
    hosted.planned("alpha")
    for k in range(3):
        hosted.planned("bravo", told(levels=(280 + 12 * k, 285 + 12 * k)), precedence="medical")
    assert [one["sequence"] for one in hosted.told("alpha")] == [1, 2, 3]
    assert [one["sequence"] for one in hosted.told("alpha", after=1)] == [2, 3]
    with hosted.database.transaction() as connection:
        parties.acknowledge(connection, "alpha", 2, hosted.now)
        for wrong in (4, -1):
            with pytest.raises(ConflictError):
                parties.acknowledge(connection, "alpha", wrong, hosted.now)
    assert [one["acknowledged"] for one in hosted.told("alpha")] == [True, True, False]


def test_intents_of_other_systems_that_nobody_tells_of_are_not_planned_into(hosted: Hosted) -> None:
    other = Client("other-uss", frozenset({STRATEGIC}))
    volumes = [told() | {"volume": told()["volume"] | _altitudes(8_000.0, 9_000.0)}]
    asked = read_intent({"extents": volumes, "state": "Accepted", "uss_base_url": "https://other.example"})
    hosted.register.put_intent(other, "2f8343be-6482-4d1b-a474-16847e01af1e", None, asked)
    outcome = hosted.refused("alpha")
    (conflict,) = outcome.conflicts
    assert (conflict.pseudonym, conflict.precedence, conflict.stale) == ("other-uss", "unknown", True)
    assert outcome.shifts == ()


def _altitudes(lower: float, upper: float) -> dict[str, Any]:
    altitude = {"reference": "W84", "units": "M"}
    return {"altitude_lower": altitude | {"value": lower}, "altitude_upper": altitude | {"value": upper}}


def test_of_many_who_declare_the_same_at_once_one_is_in(hosted: Hosted) -> None:
    names = [f"party{k}" for k in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for hour in range(4, 8):
            mine = declared(told(hours=(hour, hour + 1), levels=(100 * (hour - 3), 100 * (hour - 3) + 50)))
            outcomes = list(pool.map(lambda name, mine=mine: hosted.operations.declare(name, mine), names))
            assert sum(one.operation is not None for one in outcomes) == 1
            assert all(one.conflicts for one in outcomes if one.operation is None)
