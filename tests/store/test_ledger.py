"""A live loop that keeps what it tells in a database: nothing lost, nothing twice, whatever happens to the process."""

from __future__ import annotations

from pathlib import Path

from overflight.airspace.volume import Airspace
from overflight.database import Database
from overflight.engine.journal import Journal
from overflight.engine.live import Live
from overflight.engine.parameters import CheckParameters
from overflight.store import alarms
from overflight.store.ledger import LedgerTable
from tests.engine.test_live import disorder, expected, span

PARAMETERS = CheckParameters(nets=("separation", "conflict"))


def test_a_loop_that_dies_and_goes_on_tells_everything_once(store: Database, tmp_path: Path) -> None:
    table = span(17.0, 0.5)
    pieces = disorder(table, 1)
    died, stored = len(pieces) * 2 // 3, len(pieces) // 3
    for first, end in ((0, died), (stored, len(pieces))):
        live = Live(PARAMETERS, Airspace())
        journal = Journal(LedgerTable(store), tmp_path / "state", live)
        assert live.positions.get("test", -1) + 1 == first
        for number in range(first, end):
            live.take("test", pieces[number], number, 0.0)
            journal.tell(live.step(0.0, current=number % 7 == 0))
            if number == stored - 1:
                journal.store(wait=True)
        if end == len(pieces):
            journal.tell(live.finish())
        journal.close()
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
