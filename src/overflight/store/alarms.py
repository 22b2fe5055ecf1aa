"""Alarms in the database: what happens to events, what people do about it, and the log of both.

An entry of the log and the row of the event are written in one transaction, and numbered under the writers' lock: the order of the numbers is the
order in which the entries can be read, so that who has read up to one has missed none before it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from overflight.errors import ConflictError, MissingError, ParameterError
from overflight.store.alarm_states import AlarmState
from overflight.store.numbers import last_number, next_number
from overflight.store.priority import PRIORITIES, priority_of
from overflight.store.tables import EVENTS, LOG

LIVES: Final = ("opened", "updated", "closed", "withdrawn", "revised")
"""Entries of the log that are steps in the life of an event (`overflight.engine.lives`); the others are what people did."""
_IN_THE_LIST: Final = {"unacknowledged", "acknowledged"}
MOST_NOTE: Final = 4000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOGGED: Final = (
    sa.select(LOG, EVENTS.c.party_a, EVENTS.c.party_b)
    .join(EVENTS, EVENTS.c.id == LOG.c.event_id)
    .order_by(LOG.c.sequence)
)
_STATE: Final = ("active", "acknowledged", "suppressed", "out_of_service")


def to_us(moment: str | datetime) -> int:
    """Return microseconds since 1970 of a time, or of a text in ISO 8601."""
    told = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (told - _EPOCH) // timedelta(microseconds=1)


def to_text(us: int) -> str:
    """Return a time in ISO 8601, UTC."""
    return f"{_EPOCH + timedelta(microseconds=us):%Y-%m-%dT%H:%M:%S.%fZ}"


def next_sequence(connection: Connection) -> int:
    """Return the number of the next entry, and keep others from writing until the transaction ends."""
    return next_number(connection, LOG.c.sequence)


def last_sequence(connection: Connection) -> int:
    """Return the number of the last entry; 0 where there is none."""
    return last_number(connection, LOG.c.sequence)


def live(connection: Connection, changes: list[dict[str, Any]]) -> None:
    """Take in steps in the lives of events, as plain data (`overflight.engine.lives.Change.record`)."""
    numbers, at_us = count(next_sequence(connection)), time.time_ns() // 1000
    for change in changes:
        row = _step(connection, change, next(numbers), at_us)
        _suppress(connection, row, numbers, at_us)


def _step(connection: Connection, change: dict[str, Any], sequence: int, at_us: int) -> dict[str, Any]:
    event, life = change["event"], change["life"]
    known = _found(connection, event["id"])
    priority = priority_of(event)
    before = AlarmState() if known is None else _state(known)
    graver = known is not None and priority > known["priority"]
    state = before
    if life in {"opened", "updated"}:
        state = before.raised(graver=graver)
    elif life in {"closed", "withdrawn"}:
        # What was never said to be open was seen by nobody, and what was concluded to be graver neither.
        state = (before.raised(graver=True) if graver and life == "closed" else before).cleared()
    asked = sequence
    if known is not None and before.acknowledged == state.acknowledged and not (graver and life in LIVES[:3]):
        asked = known["asked"]
    row = {
        "id": event["id"],
        "kind": event["kind"],
        "verdict": event["verdict"],
        "start_us": to_us(event["start"]),
        "end_us": to_us(event["end"]),
        **{name: event[name] for name in ("latitude", "longitude", "track_a", "track_b", "party_a", "party_b")},
        "event": json.dumps(event, ensure_ascii=False),
        "life": life,
        "priority": priority,
        "asked": asked,
        "sequence": sequence,
        **_columns(state),
    }
    if known is None:
        connection.execute(EVENTS.insert().values(row))
    else:
        connection.execute(EVENTS.update().where(EVENTS.c.id == event["id"]).values(row))
    entry = {"known_us": to_us(change["at"]), "event": row["event"]}
    _write(connection, sequence, at_us, row, life, entry)
    return row


def _suppress(connection: Connection, row: dict[str, Any], numbers: Iterator[int], at_us: int) -> None:
    """Put what was ahead of two flights aside while their loss of separation says as much, and take it back when that says it no longer.

    ISA-18.2 calls it suppressed by design. A loss that is less urgent, or that somebody has put aside, hides nothing.
    """
    if row["kind"] not in {"conflict", "separation"}:
        return
    same = (
        EVENTS.c.track_a == row["track_a"],
        EVENTS.c.track_b == row["track_b"],
        EVENTS.c.active | EVENTS.c.suppressed,
    )
    pair = connection.execute(sa.select(EVENTS).where(*same)).mappings().all()
    said = [one for one in pair if one["kind"] == "separation" and one["active"] and _state(one).name in _IN_THE_LIST]
    most = max((one["priority"] for one in said), default=-1)
    for one in pair:
        suppressed = one["priority"] <= most
        if one["kind"] == "conflict" and one["suppressed"] != suppressed:
            sequence = next(numbers)
            columns = _columns(_state(one).suppress(suppressed=suppressed)) | {"sequence": sequence}
            connection.execute(EVENTS.update().where(EVENTS.c.id == one["id"]).values(columns))
            action = "suppressed" if suppressed else "suppressed no more"
            _write(
                connection, sequence, at_us, dict(one) | columns, action, {"note": "their loss of separation says it"}
            )


def told_after(connection: Connection, sequence: int) -> list[dict[str, Any]]:
    """Return the steps in the lives of events that were written after an entry, as they were given to `live`."""
    query = sa.select(LOG).where(LOG.c.sequence > sequence, LOG.c.action.in_(LIVES)).order_by(LOG.c.sequence)
    return [
        {"life": one["action"], "at": to_text(one["known_us"]), "event": json.loads(one["event"])}
        for one in connection.execute(query).mappings()
    ]


def acknowledge(connection: Connection, event_id: str, seen: int, user: str, note: str | None = None) -> int:
    """Say that somebody has seen an alarm as it stood at an entry of the log; returns the number of the new entry.

    Raises:
        MissingError: there is no such event.
        ConflictError: somebody has already, or it has asked for attention again since it was `seen`.
    """

    def change(state: AlarmState, known: RowMapping) -> AlarmState:
        if seen < known["asked"]:
            remedy = "look at it as it stands now"
            raise ConflictError("acknowledge", seen, "is older than what the alarm says now", remedy=remedy)
        return state.acknowledge()

    return _act(connection, event_id, "acknowledged", change, user, note)


def shelve(connection: Connection, event_id: str, until: datetime, user: str, reason: str) -> int:
    """Put an alarm aside until a time, for a reason; returns the number of the new entry.

    Raises:
        MissingError: there is no such event.
        ParameterError: no time to shelve until, or no reason.
    """
    if not reason.strip():
        raise ParameterError("shelve", reason, "is no reason", remedy="say why it may be put aside")
    now = datetime.now(UTC)
    return _act(connection, event_id, "shelved", lambda state, _: state.shelve(until, now), user, reason)


def unshelve(connection: Connection, event_id: str, user: str, note: str | None = None) -> int:
    """Take an alarm back from the shelf; returns the number of the new entry.

    Raises:
        MissingError: there is no such event.
        ConflictError: it is not there.
    """
    return _act(connection, event_id, "unshelved", lambda state, _: state.unshelve(), user, note)


def add_note(connection: Connection, event_id: str, user: str, note: str) -> int:
    """Write a note to an alarm, which leaves it as it is; returns the number of the new entry.

    Raises:
        MissingError: there is no such event.
        ParameterError: the note is empty or too long.
    """
    if not note.strip():
        raise ParameterError("note", note, "says nothing", remedy="write something")
    return _act(connection, event_id, "noted", lambda state, _: state, user, note)


def service(connection: Connection, event_id: str, user: str, reason: str, *, out: bool) -> int:
    """Take an alarm out of service, or put it back; returns the number of the new entry.

    Raises:
        MissingError: there is no such event.
        ParameterError: no reason.
    """
    if not reason.strip():
        raise ParameterError("service", reason, "is no reason", remedy="say why")
    action = "taken out of service" if out else "put back into service"
    return _act(connection, event_id, action, lambda state, _: state.service(out=out), user, reason)


def alarms(connection: Connection, *, everything: bool = False) -> list[dict[str, Any]]:
    """Return the alarms that want something of somebody, or all, the most urgent first; each with its event."""
    query = sa.select(EVENTS)
    if not everything:
        query = query.where(EVENTS.c.active | ~EVENTS.c.acknowledged)
    order = (EVENTS.c.priority.desc(), EVENTS.c.start_us.desc(), EVENTS.c.id)
    rows = connection.execute(query.order_by(*order)).mappings()
    return [_alarm(row) | {"event": json.loads(row["event"])} for row in rows]


def entries_after(connection: Connection, sequence: int, limit: int) -> list[dict[str, Any]]:
    """Return the first `limit` entries of the log after one, in order, each with the `parties` of its event."""
    return _entries(connection, _LOGGED.where(LOG.c.sequence > sequence).limit(limit))


def latest(
    connection: Connection,
    kinds: Collection[str] | None,
    priority: str | None,
    parties: Collection[str] | None,
    limit: int,
    actions: Collection[str],
) -> list[dict[str, Any]]:
    """Return the last `limit` entries of the log of some actions, the latest first: of some kinds, of at least a priority, of events that are of no
    party or of at least one of these; None is any.
    """
    query = _LOGGED.where(LOG.c.action.in_(sorted(actions)))
    if kinds is not None:
        query = query.where(EVENTS.c.kind.in_(list(kinds)))
    if priority is not None:
        query = query.where(EVENTS.c.priority >= PRIORITIES.index(priority))
    if parties is not None:
        query = query.where(of_parties(parties))
    return _entries(connection, query.order_by(None).order_by(LOG.c.sequence.desc()).limit(limit))


def of_parties(parties: Collection[str]) -> sa.ColumnElement[bool]:
    """Return the condition that an event is of no known party, or of at least one of these."""
    sides = (EVENTS.c.party_a, EVENTS.c.party_b)
    return sa.and_(*(side.is_(None) for side in sides)) | sa.or_(*(side.in_(list(parties)) for side in sides))


def alarm(connection: Connection, event_id: str) -> dict[str, Any]:
    """Return one alarm with its event.

    Raises:
        MissingError: there is no such event.
    """
    row = _found(connection, event_id)
    if row is None:
        raise _missing(event_id)
    return _alarm(row) | {"event": json.loads(row["event"])}


def history(connection: Connection, event_id: str) -> list[dict[str, Any]]:
    """Return all entries of one event, in order."""
    return _entries(connection, _LOGGED.where(LOG.c.event_id == event_id))


def _entries(connection: Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [
        {
            "sequence": one["sequence"],
            "at": to_text(one["at_us"]),
            "action": one["action"],
            "user": one["user"],
            "note": one["note"],
            "alarm": json.loads(one["alarm"]),
            "event": None if one["event"] is None else json.loads(one["event"]),
            "parties": [one["party_a"], one["party_b"]],
        }
        for one in connection.execute(query).mappings()
    ]


def _act(
    connection: Connection,
    event_id: str,
    action: str,
    change: Callable[[AlarmState, RowMapping], AlarmState],
    user: str,
    note: str | None,
) -> int:
    """What a person does to an alarm."""
    if note is not None and len(note) > MOST_NOTE:
        raise ParameterError("note", f"{note[:20]}...", "is too long", remedy=f"write at most {MOST_NOTE} characters")
    sequence = next_sequence(connection)  # first: what is read after it stays as it is
    known = _found(connection, event_id)
    if known is None:
        raise _missing(event_id)
    columns = _columns(change(_state(known), known)) | {"sequence": sequence}
    connection.execute(EVENTS.update().where(EVENTS.c.id == event_id).values(columns))
    row = dict(known) | columns
    at_us = time.time_ns() // 1000
    _write(connection, sequence, at_us, row, action, {"user": user, "note": note})
    _suppress(connection, row, count(sequence + 1), at_us)
    return sequence


def _write(
    connection: Connection, sequence: int, at_us: int, row: dict[str, Any], action: str, entry: dict[str, Any]
) -> None:
    values = {"sequence": sequence, "at_us": at_us, "event_id": row["id"], "action": action, **entry}
    connection.execute(LOG.insert().values({**values, "alarm": json.dumps(_alarm(row))}))


def _found(connection: Connection, event_id: str) -> RowMapping | None:
    return connection.execute(sa.select(EVENTS).where(EVENTS.c.id == event_id)).mappings().one_or_none()


def _missing(event_id: str) -> MissingError:
    return MissingError("there is no such event", path=event_id[:40], remedy="look at the list of events")


def _state(row: RowMapping | dict[str, Any]) -> AlarmState:
    """The state of an alarm now: what was shelved may have come back by itself."""
    until_us = cast("int | None", row["shelved_until_us"])
    shelved_until = None if until_us is None else _EPOCH + timedelta(microseconds=until_us)
    return AlarmState(shelved_until=shelved_until, **{name: row[name] for name in _STATE}).at(datetime.now(UTC))


def _columns(state: AlarmState) -> dict[str, Any]:
    shelved_until_us = None if state.shelved_until is None else to_us(state.shelved_until)
    return {"shelved_until_us": shelved_until_us, **{name: getattr(state, name) for name in _STATE}}


def _alarm(row: RowMapping | dict[str, Any]) -> dict[str, Any]:
    """An alarm as plain data."""
    state = _state(row)
    return {
        "event_id": row["id"],
        "kind": row["kind"],
        "priority": PRIORITIES[row["priority"]],
        "state": state.name,
        "active": state.active,
        "acknowledged": state.acknowledged,
        "shelved_until": None if state.shelved_until is None else to_text(to_us(state.shelved_until)),
        "withdrawn": row["life"] == "withdrawn",
        "sequence": row["sequence"],
    }
