"""What a notice says: the same words whether it goes by mail, to a program, or into the text feed."""

from __future__ import annotations

from typing import Any, Final

_KINDS: Final = {
    "separation": "loss of separation", "conflict": "conflict ahead", "incursion": "airspace entered", "hazard": "flight in danger area",
    "lost": "vanished track", "breach": "breach of agreement", "interference": "interference", "outage": "outage of a source",
}  # fmt: skip
_LIVES: Final = {"opened": "", "closed": " is over", "withdrawn": " is withdrawn", "revised": " is revised"}
ADVISORY: Final = "Advisory: it decides nothing. It points to a moment worth a look."


def line(entry: dict[str, Any]) -> str:
    """Return a notice in a line: when, how urgent, what, who, why."""
    alarm, event = entry["alarm"], entry["event"]
    what = f"{_KINDS.get(alarm['kind'], alarm['kind'])}{_LIVES.get(entry['action'], ' ' + entry['action'])}"
    when = event["start"][:19]
    return _plain(f"{when}Z {alarm['priority'].upper()} {what}: {who(event)}: {event['verdict']}: {event['why']}")


def who(event: dict[str, Any]) -> str:
    """Return whom an event is of: callsigns where they are known, else tracks; and the volume."""
    parameters: dict[str, Any] = event["parameters"] or {}
    names: list[str] = []
    for side in ("a", "b"):
        track = event[f"track_{side}"]
        if track is not None:
            told: dict[str, Any] = parameters.get(side) or {}
            names.append(told.get("callsign") or track)
    return " and ".join(names) + (f" in {event['volume']}" if event["volume"] else "")


def payload(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a notice for a program."""
    return {
        "type": f"event.{entry['action']}",
        "timestamp": entry["at"],
        "data": {
            "sequence": entry["sequence"],
            "priority": entry["alarm"]["priority"],
            "says": line(entry),
            "event": entry["event"],
        },
    }


def _plain(text: str) -> str:
    """Names come from outside: nothing in them may end a line, or a header of mail."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
