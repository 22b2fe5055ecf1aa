"""A live loop that keeps what it tells in a database: nothing lost, nothing twice, whatever happens to the process."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from overflight.airspace.volume import Airspace
from overflight.database import Database
from overflight.engine.journal import Journal
from overflight.engine.live import Live
from overflight.engine.parameters import CheckParameters
from overflight.store import alarms
from overflight.store.ledger import LedgerTable
from overflight.store.positions import Positions
from tests.engine.test_live import disorder, expected, span

PARAMETERS = CheckParameters(nets=("separation", "conflict"))


def test_a_loop_that_dies_and_goes_on_tells_everything_once(store: Database, tmp_path: Path) -> None:
    table = span(17.0, 0.5)
    pieces = disorder(table, 1)
    died, stored = len(pieces) * 2 // 3, len(pieces) // 3
    for first, end in ((0, died), (stored, len(pieces))):
        positions = Positions(tmp_path / "positions", timedelta(days=1))
        live = Live(PARAMETERS, Airspace(), seen=positions.take)
        journal = Journal(LedgerTable(store, positions), tmp_path / "state", live)
        assert live.positions.get("test", -1) + 1 == first
        for number in range(first, end):
            live.take("test", pieces[number], number, 0.0)
            journal.tell(live.step(0.0, current=number % 7 == 0))
            if number == stored - 1:
                journal.store(wait=True)
        if end == len(pieces):
            journal.tell(live.finish())
            journal.store(wait=True)
            rows = live.rows
        journal.close()
    # What the first loop had seen and not stored was seen again, and is there once.
    start, end = (table["timestamp"].min(), table["timestamp"].max() + timedelta(seconds=1))  # type: ignore[operator]
    kept_rows = Positions(tmp_path / "positions", timedelta(days=1)).read(start, end)  # type: ignore[arg-type]
    assert kept_rows.height == rows == table.height
    assert (
        kept_rows.select("timestamp", "ref")
        .sort("timestamp", "ref")
        .equals(table.select("timestamp", "ref").sort("timestamp", "ref"))
    )
    wanted = expected(table, PARAMETERS, Airspace())
    with store.reading() as connection:
        entries = alarms.entries_after(connection, 0, 100_000)
        kept = {alarm["event_id"]: alarm for alarm in alarms.alarms(connection, everything=True)}
    closed = [entry["event"] for entry in entries if entry["action"] == "closed"]
    assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
    assert sorted(event["id"] for event in closed) == sorted(wanted)
    assert {event["id"]: event for event in closed} == wanted
    assert {key for key, alarm in kept.items() if not alarm["withdrawn"]} == set(wanted)
    assert not any(alarm["active"] for alarm in kept.values())
