"""Alarms in a database: latching, acknowledged as seen, a log that only grows and has no gaps."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from overflight.database import Database
from overflight.errors import InputError, ParameterError
from overflight.store import alarms
from overflight.store.alarms import entries_after, history, live
from overflight.store.opened import open_store
from overflight.store.priority import PRIORITIES, priority_of
from overflight.store.tables import TABLES

AT = "2015-10-07T04:00:00.000000Z"


def event(name: str = "e1", **other: Any) -> dict[str, Any]:
    return {
        "id": name, "kind": "separation", "verdict": "confirmed", "start": AT, "end": AT, "latitude": 36.0, "longitude": 44.0,
        "track_a": "a", "track_b": "b", "party_a": None, "party_b": None, "band": "0.5 to 0.75", "parameters": {"nmac": False},
    } | other  # fmt: skip


def change(life: str, name: str = "e1", **other: Any) -> dict[str, Any]:
    return {"life": life, "at": AT, "event": event(name, **other)}


def only(store: Database, *, everything: bool = False) -> dict[str, Any]:
    with store.reading() as connection:
        (alarm,) = alarms.alarms(connection, everything=everything)
    return alarm


def tell(store: Database, *changes: dict[str, Any]) -> dict[str, Any]:
    with store.transaction() as connection:
        live(connection, list(changes))
    return only(store, everything=True)


def acknowledge(store: Database, seen: int) -> None:
    with store.transaction() as connection:
        alarms.acknowledge(connection, "e1", seen, "an officer")


def test_an_alarm_stays_until_somebody_has_seen_it(store: Database) -> None:
    assert tell(store, change("opened"))["state"] == "unacknowledged"
    alarm = tell(store, change("closed"))
    assert alarm["state"] == "returned"
    acknowledge(store, alarm["sequence"])
    with store.reading() as connection:
        assert alarms.alarms(connection) == []
        assert [entry["action"] for entry in history(connection, "e1")] == ["opened", "closed", "acknowledged"]
    assert only(store, everything=True)["state"] == "normal"


def test_what_was_never_open_is_shown_too(store: Database) -> None:
    assert tell(store, change("closed"))["state"] == "returned"


def test_what_gets_graver_asks_again_and_what_was_seen_before_does_not_count(store: Database) -> None:
    seen = tell(store, change("opened"))["sequence"]
    acknowledge(store, seen)
    assert tell(store, change("updated", why="the same"))["state"] == "acknowledged"
    alarm = tell(store, change("updated", band="below 0.25"))
    assert (alarm["state"], alarm["priority"]) == ("unacknowledged", "high")
    with pytest.raises(ParameterError, match="older than what the alarm says now"):
        acknowledge(store, seen)
    acknowledge(store, alarm["sequence"])
    assert only(store)["state"] == "acknowledged"
    # What it is concluded to have been may be graver than what it looked like.
    assert tell(store, change("closed", band="below 0.25"))["state"] == "normal"


def test_what_was_concluded_to_be_graver_asks_again(store: Database) -> None:
    acknowledge(store, tell(store, change("opened"))["sequence"])
    assert tell(store, change("closed", band="below 0.25"))["state"] == "returned"


def test_withdrawn_and_back(store: Database) -> None:
    tell(store, change("opened"))
    alarm = tell(store, change("withdrawn"))
    assert (alarm["state"], alarm["withdrawn"]) == ("returned", True)
    acknowledge(store, alarm["sequence"])
    alarm = tell(store, change("opened"))
    assert (alarm["state"], alarm["withdrawn"]) == ("unacknowledged", False)


def test_acknowledged_once(store: Database) -> None:
    sequence = tell(store, change("opened"))["sequence"]
    acknowledge(store, sequence)
    with pytest.raises(ParameterError, match="acknowledged already"):
        acknowledge(store, sequence + 1)
    with store.transaction() as connection, pytest.raises(InputError, match="no such event"):
        alarms.acknowledge(connection, "none", 1, "an officer")


def test_shelved_for_a_while_with_a_reason(store: Database) -> None:
    tell(store, change("opened"))
    until = datetime.now(UTC) + timedelta(hours=1)
    with store.transaction() as connection:
        alarms.shelve(connection, "e1", until, "an officer", "known exercise")
    alarm = only(store)
    assert (alarm["state"], alarm["shelved_until"]) == ("shelved", f"{until:%Y-%m-%dT%H:%M:%S.%fZ}")
    assert tell(store, change("closed"))["state"] == "shelved"
    with store.transaction() as connection:
        alarms.unshelve(connection, "e1", "another")
        with pytest.raises(ParameterError, match="no reason"):
            alarms.shelve(connection, "e1", until, "an officer", " ")
    assert only(store)["state"] == "returned"
    with store.reading() as connection:
        said = [(entry["action"], entry["user"], entry["note"]) for entry in history(connection, "e1")]
    assert said[1:] == [
        ("shelved", "an officer", "known exercise"),
        ("closed", None, None),
        ("unshelved", "another", None),
    ]


def test_the_shelf_ends_by_itself(store: Database) -> None:
    tell(store, change("opened"))
    with store.transaction() as connection:
        until = datetime.now(UTC) + timedelta(milliseconds=300)
        alarms.shelve(connection, "e1", until, "an officer", "for a moment")
    assert only(store)["state"] == "shelved"
    while datetime.now(UTC) <= until:
        pass
    assert only(store)["state"] == "unacknowledged"


def test_out_of_service_and_back(store: Database) -> None:
    tell(store, change("opened"))
    for out, state in ((True, "out_of_service"), (False, "unacknowledged")):
        with store.transaction() as connection:
            alarms.service(connection, "e1", "an administrator", "the radar is being mended", out=out)
        assert only(store)["state"] == state


def test_notes(store: Database) -> None:
    tell(store, change("opened"))
    with store.transaction() as connection:
        alarms.add_note(connection, "e1", "an officer", "called the other side")
        for note, said in ((" ", "says nothing"), ("x" * 5000, "too long")):
            with pytest.raises(ParameterError, match=said):
                alarms.add_note(connection, "e1", "an officer", note)
    assert only(store)["state"] == "unacknowledged"


@pytest.mark.parametrize("statement", ["UPDATE alarm_log SET note = 'x'", "DELETE FROM alarm_log"])
def test_the_log_refuses_to_be_changed(store: Database, statement: str) -> None:
    tell(store, change("opened"))
    with pytest.raises(InputError, match="only grows"), store.transaction() as connection:
        connection.execute(sa.text(statement))
    with store.reading() as connection:
        assert [entry["action"] for entry in entries_after(connection, 0, 10)] == ["opened"]


def test_whoever_reads_on_misses_nothing_while_many_write(store: Database) -> None:
    tell(store, change("opened"))
    writers, each = 6, 8
    read: list[int] = []
    over = threading.Event()

    def write(number: int) -> None:
        for count in range(each):
            with store.transaction() as connection:
                alarms.add_note(connection, "e1", f"officer {number}", f"note {count}")

    def follow() -> None:
        while True:
            last = over.is_set()
            with store.reading() as connection:
                new = entries_after(connection, read[-1] if read else 0, 5)
            read.extend(entry["sequence"] for entry in new)
            if last and not new:
                return

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    reader = threading.Thread(target=follow)
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    reader.join()
    assert read == list(range(1, writers * each + 2))


def test_the_migrations_make_the_tables_that_queries_name(store: Database) -> None:
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), TABLES) == []


def test_opened_again_and_made_by_a_newer_version(place: Path | str) -> None:
    store = open_store(place)
    tell(store, change("opened"))
    store.close()
    store = open_store(place)
    assert only(store)["state"] == "unacknowledged"
    with store.transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'later'"))
    store.close()
    with pytest.raises(InputError, match="newer version"):
        open_store(place)


@pytest.mark.parametrize(
    ("priority", "other"),
    [
        ("high", {"kind": "conflict"}),
        ("high", {"kind": "hazard"}),
        ("high", {"kind": "lost"}),
        ("high", {"band": "0.25 to 0.5"}),
        ("high", {"parameters": {"nmac": True}}),
        ("medium", {}),
        ("medium", {"kind": "incursion", "band": None, "parameters": None}),
        ("medium", {"kind": "breach"}),
        ("medium", {"verdict": "undetermined", "band": "below 0.25"}),
        ("medium", {"kind": "conflict", "verdict": "undetermined"}),
        ("low", {"kind": "lost", "verdict": "undetermined"}),
        ("low", {"kind": "interference"}),
        ("low", {"kind": "outage"}),
        ("low", {"verdict": "refuted"}),
    ],
)
def test_priority(priority: str, other: dict[str, Any]) -> None:
    assert PRIORITIES[priority_of(event(**other))] == priority


def test_what_was_ahead_is_put_aside_while_the_loss_says_as_much(store: Database) -> None:
    def states() -> dict[str, str]:
        with store.reading() as connection:
            return {alarm["event_id"]: alarm["state"] for alarm in alarms.alarms(connection, everything=True)}

    def told(*changes: dict[str, Any]) -> dict[str, str]:
        with store.transaction() as connection:
            live(connection, list(changes))
        return states()

    ahead = {"kind": "conflict", "band": None}
    assert told(change("opened", "ahead", **ahead)) == {"ahead": "unacknowledged"}
    # A loss that is less urgent than what is ahead hides nothing.
    mild = {"band": "0.5 to 0.75"}
    assert told(change("opened", "loss", **mild))["ahead"] == "unacknowledged"
    grave = {"band": "below 0.25"}
    assert told(change("updated", "loss", **grave)) == {"ahead": "suppressed", "loss": "unacknowledged"}
    assert told(change("opened", "other", track_b="c", **ahead))["other"] == "unacknowledged"
    # Nor does one that somebody has put aside.
    with store.transaction() as connection:
        alarms.shelve(connection, "loss", datetime.now(UTC) + timedelta(minutes=5), "an officer", "known")
    assert states() == {"ahead": "unacknowledged", "loss": "shelved", "other": "unacknowledged"}
    with store.transaction() as connection:
        alarms.unshelve(connection, "loss", "an officer")
    assert states()["ahead"] == "suppressed"
    assert told(change("closed", "loss", **grave)) == {
        "ahead": "unacknowledged",
        "loss": "returned",
        "other": "unacknowledged",
    }
    with store.reading() as connection:
        entries = entries_after(connection, 0, 100)
        assert [one["action"] for one in history(connection, "ahead")] == [
            "opened", "suppressed", "suppressed no more", "suppressed", "suppressed no more",
        ]  # fmt: skip
    assert [one["sequence"] for one in entries] == list(range(1, len(entries) + 1))
