"""Notices and hazard volumes as constraints in the register, on both databases."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from overflight.airspace.operational import Circle
from overflight.airspace.operational import Volume as Asked
from overflight.airspace.volume import GEODESIC, STRAIGHT, Limit, Part, Ring, Volume, Window
from overflight.coordination.dss.client import Client
from overflight.coordination.dss.entities import CONSTRAINT
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.requests import PROCESSING
from overflight.coordination.dss.shapes import Shape
from overflight.coordination.dss.tables import open_tables
from overflight.coordination.uss import parties
from overflight.coordination.uss.asking import Asking
from overflight.coordination.uss.constraints import DAY_US, MANAGER, Constraints
from overflight.coordination.uss.declared import Declared, read_declared
from overflight.coordination.uss.operations import Operations
from overflight.coordination.uss.telling import Telling

NOON = datetime(2015, 10, 7, 12, tzinfo=UTC)
READER = Client("reader", frozenset({PROCESSING}))


class There:
    """A register with a clock that is set."""

    def __init__(self, place: Path | str) -> None:
        self.now = NOON
        self.register = Register(open_tables(place), lambda: int(self.now.timestamp() * 1_000_000))

    def publish(self, *zones: Volume) -> tuple[int, int]:
        return Constraints(Telling(self.register, "https://hosted.example"), zones).publish()

    def found(self, latitude: float = 36.5, level_m: float = 9_000.0) -> list[str]:
        asked = Shape([Asked(Circle(latitude, 44.5, 1_000.0), level_m, level_m)])
        return [one["id"] for one in self.register.query(CONSTRAINT, READER, asked)]


@pytest.fixture
def there(place: Path | str) -> Generator[There]:
    one = There(place)
    yield one
    one.register.database.close()


def zone(name: str = "Z1", kind: str = "hazard", edge: int = GEODESIC, **more: object) -> Volume:
    corners = np.array([36.0, 36.0, 37.0, 37.0]), np.array([44.0, 45.0, 45.0, 44.0])
    ring = Ring(*corners, np.full(4, edge, np.uint8))
    told = {"floor": Limit("STD", 20_000.0), "ceiling": Limit("STD", 35_000.0)} | more
    return Volume(name, name, kind, (Part(ring),), **told)  # type: ignore[arg-type]


def test_notices_and_hazards_are_published_once_and_others_are_not(there: There) -> None:
    zones = zone(), zone("N1", "restricted", notice="NOTAM"), zone("R1", "restricted"), zone("F1", "fir")
    assert there.publish(*zones) == (2, 0)
    assert len(there.found()) == 2
    assert there.publish(*zones) == (0, 0)
    assert there.found(latitude=38.0) == []
    assert there.found(level_m=1_000.0) == []


def test_what_is_no_longer_is_taken_out(there: There) -> None:
    there.publish(zone(), zone("Z2"))
    assert there.publish(zone("Z2")) == (0, 1)
    assert len(there.found()) == 1


def test_times_count(there: There) -> None:
    hours = [Window(NOON + timedelta(hours=k), NOON + timedelta(hours=k + 1)) for k in (-3, 2, 5)]
    assert there.publish(zone(active=tuple(hours))) == (2, 0)
    there.now += timedelta(hours=4)
    assert there.publish(zone(active=tuple(hours))) == (0, 1)


def test_what_has_no_end_is_there_for_a_day_and_renewed(there: There) -> None:
    there.publish(zone())
    (before,) = there.found()
    there.now += timedelta(hours=6)
    assert there.publish(zone()) == (0, 0)
    there.now += timedelta(hours=7)
    assert there.publish(zone()) == (1, 0)
    (after,) = there.found()
    assert after == before
    told = there.register.get(CONSTRAINT, READER, after)
    assert told["version"] == 2
    assert told["time_end"]["value"].startswith(f"{there.now + timedelta(microseconds=DAY_US):%Y-%m-%dT%H:%M}")


def test_an_estimated_end_holds_on(there: There) -> None:
    soon = Window(NOON, NOON + timedelta(hours=1))
    there.publish(zone(active=(soon,), estimated_end=True))
    there.now += timedelta(hours=3)
    assert there.publish(zone(active=(soon,), estimated_end=True)) == (0, 0)
    assert len(there.found()) == 1


def test_straight_edges_are_followed(there: There) -> None:
    wide = np.array([60.0, 60.0, 61.0, 61.0]), np.array([20.0, 50.0, 50.0, 20.0])
    for edge, meets in ((STRAIGHT, False), (GEODESIC, True)):
        ring = Ring(*wide, np.full(4, edge, np.uint8))
        there.publish(zone(edge=edge), Volume("W", "W", "hazard", (Part(ring),)))
        # a geodesic along 61 N bulges to 61.9 N in its middle
        asked = Shape([Asked(Circle(61.5, 35.0, 1_000.0), 5_000.0, 5_000.0)])
        assert bool(there.register.query(CONSTRAINT, READER, asked)) is meets
        there.publish()


def test_limits_are_what_they_may_stand_for(there: There) -> None:
    there.publish(zone(floor=Limit("AGL", 0.0), ceiling=Limit("AMSL", 3_000.0)))
    assert there.found(level_m=1_000.0)
    assert there.found(level_m=0.0)
    assert there.found(level_m=8_000.0) == []


def test_what_cannot_be_a_constraint_is_said_and_the_rest_is_published(
    there: There, caplog: pytest.LogCaptureFixture
) -> None:
    vast = Ring(
        np.array([-60.0, -60.0, 80.0, 80.0]), np.array([-80.0, 80.0, 80.0, -80.0]), np.full(4, STRAIGHT, np.uint8)
    )
    constraints = Constraints(
        Telling(there.register, "https://h.example"), [Volume("V", "V", "hazard", (Part(vast),)), zone()]
    )
    assert constraints.publish() == (1, 0)
    assert constraints.publish() == (0, 0)
    assert len(caplog.records) == 1


def _over(latitude: float = 36.5) -> Declared:
    circle = {"center": {"lat": latitude, "lng": 44.5}, "radius": {"value": 5_000.0, "units": "M"}}
    times = {
        f"time_{end}": {"value": f"2015-10-07T{hour}:00:00Z", "format": "RFC3339"}
        for end, hour in (("start", 13), ("end", 14))
    }
    return read_declared({"volumes": [{"volume": {"outline_circle": circle}, "flight_levels": [280, 320], **times}]})


def test_who_plans_is_told_of_what_is_there_and_of_what_comes(there: There) -> None:
    url = "https://hosted.example"
    telling = Telling(there.register, url)
    published = Constraints(telling, [zone()])
    published.publish()
    operations = Operations(telling, Asking(url, None, published))
    outcome = operations.declare("alpha", _over())
    assert outcome.operation is not None, "a constraint is in nobody's way"
    (met,) = outcome.restrictions
    assert (met.manager, met.what) == (MANAGER, "hazard Z1")
    coming = Constraints(telling, [zone(), zone("Z2")])
    assert coming.publish() == (1, 0)
    with there.register.database.reading() as connection:
        (told,) = parties.deliveries(connection, "alpha", 0)
    assert (told["kind"], told["operation"], told["with"]) == ("constraint", outcome.operation.id, MANAGER)
    assert told["what"] == "hazard Z2"
    Constraints(telling, [zone()]).publish()
    with there.register.database.reading() as connection:
        assert parties.deliveries(connection, "alpha", 1)[0]["what"] is None
    blind = Operations(telling, Asking(url)).declare("bravo", _over(36.7))
    assert blind.operation is None, "nobody tells what the constraint is"
