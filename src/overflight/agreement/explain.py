"""An agreement in words, for somebody who reads no TOML: who, since when, what, what differs, what is needed, what cannot be decided."""

from __future__ import annotations

from typing import Any, Final

from overflight.agreement.model import BORDER, DECLARED, UNDISCLOSED, Agreement, Party, bound
from overflight.agreement.versions import disclosed, views

_STATUS: Final = {"in_force": "in force", "suspended": "suspended", "disputed": "disputed"}
_NEEDS: Final = {
    "safe_distance": "positions with altitude, of aircraft whose party is known",
    "conduct": "positions with altitude, of aircraft whose party is known",
    "line": "positions", "zone": "positions", "corridor": "positions", "altitude_block": "positions with altitude",
    "notice": "positions, and a log of declared operations", "visible": "positions, and logs of flight plans and calls where these are asked for",
    "contact": "a log of calls", "hotline": "a log of calls on the line",
}  # fmt: skip
_LIMITS: Final = {
    "conduct": "It is reported and never judged: whether an approach was dangerous is not for a program to say.",
    "visible": "That no transponder was heard is never certain: somebody else may have heard it.",
    "safe_distance": "Between two positions that may both be off, a distance just below the limit stays undetermined.",
    "altitude_block": "A level above ground or sea is known within a margin only; within it, it stays undetermined.",
}


def explain(agreement: Agreement) -> str:
    """Return the agreement in words."""
    parts = [agreement.title, *([agreement.note] if agreement.note else []), ""]
    parts += ["PARTIES", ""]
    for party in agreement.party:
        parts += [*_party(party), ""]
    parts += ["RULES", ""]
    for rule in agreement.rules:
        parts += [*_rule(agreement, rule), ""]
    parts += [
        "HOW IT IS JUDGED",
        "",
        "Every rule is held against what flew by each party's own version, with its own border and its own numbers. A breach is confirmed if all "
        "versions that are in force say so, of positions that are sure. If they differ, the answer says which version finds a breach and which does "
        "not, and why.",
        "An aircraft that could be of two parties, an altitude that is not known, a log that was not given: nothing is decided, and it is said.",
    ]
    return "\n".join(parts) + "\n"


def _party(party: Party) -> list[str]:
    lines = [f"{party.name or party.id} ({party.id})"]
    known = [
        *(f"addresses {one}" for one in party.aircraft.icao24),
        *(f"callsigns like {one}" for one in party.aircraft.callsign),
        *(f"the track {one}, marked by hand" for one in party.aircraft.track_id),
    ]
    lines.append(f"  Its aircraft: {', '.join(known) if known else 'none can be told: no breach can be laid to it'}.")
    if party.border:
        lines.append(f"  Its version of the border: {party.border}.")
    for version in party.version:
        why = f", {version.reason}" if version.reason else ""
        lines.append(f"  From {version.since:%d %B %Y} ({version.name}): {_STATUS[version.status]}{why}.")
    return lines


def _rule(agreement: Agreement, rule: Any) -> list[str]:
    when = (f" from {rule.since:%d %B %Y}" if rule.since else "") + (
        f" until {rule.until:%d %B %Y}" if rule.until else ""
    )
    lines = [f"{rule.id}: {rule.text}", f"  Binds {' and '.join(bound(agreement, rule))}{when}. {_said(rule)}"]
    said: dict[str, list[str]] = {}
    for party, here in views(agreement, rule, suspended=False):
        said.setdefault(_said(here) + (f" The border is {party.border}." if _of_border(here) else ""), []).append(
            party.id
        )
    if len(said) > 1:
        lines += [f"  By the version of {' and '.join(dict.fromkeys(who))}: {text}" for text, who in said.items()]
    elif rule.kind in {"safe_distance", "conduct"} and not disclosed(rule):
        lines.append("  No version says the distance: it cannot be judged until one does.")
    lines.append(f"  Needs {_NEEDS[rule.kind]}.{' ' + _LIMITS[rule.kind] if rule.kind in _LIMITS else ''}")
    return lines


def _of_border(rule: Any) -> bool:
    return BORDER in (getattr(rule, "volume", ""), getattr(rule, "area", ""))


def _said(rule: Any) -> str:
    where = "" if not hasattr(rule, "area") else "the border's area" if rule.area == BORDER else rule.area
    said = {
        "safe_distance": lambda: (
            f"Aircraft of two parties are not below {rule.horizontal} and {rule.vertical} at once."
            if disclosed(rule)
            else "Aircraft of two parties keep a distance that is not disclosed."
        ),
        "conduct": lambda: (
            f"Whoever comes within {_far(rule.horizontal)} and {_far(rule.vertical)} of the other's aircraft is reported, with how near and how fast."
        ),
        "line": lambda: (
            f"The line {rule.line} is not crossed{_entry(rule)}"
            + (f"; {rule.daily_count} crossings a day are agreed." if rule.daily_count else ".")
        ),
        "zone": lambda: f"{'The border' if rule.volume == BORDER else rule.volume} is not entered{_entry(rule)}.",
        "notice": lambda: f"A flight in {where} is covered by a declared operation, declared {rule.lead} before.",
        "corridor": lambda: f"In {where} they stay inside {_corridor(rule)}; {rule.tolerance} outside are tolerated.",
        "altitude_block": lambda: (
            f"In {where} they stay between {rule.floor} and {rule.ceiling}; {rule.tolerance} outside are tolerated."
        ),
        "visible": lambda: f"In {where} they can be seen: {', '.join(rule.means).replace('_', ' ')}.",
        "contact": lambda: f"A call on {rule.frequency} is answered within {rule.answered_within}.",
        "hotline": lambda: f"A call on the line is acknowledged within {rule.acknowledged_within}.",
    }
    return said[rule.kind]()


def _far(text: str) -> str:
    return "a distance that is not disclosed" if text == UNDISCLOSED else text


def _entry(rule: Any) -> str:
    return f", unless a call was made in the {rule.call_within} before" if rule.entry == "with_call" else ""


def _corridor(rule: Any) -> str:
    return "what their party has declared" if rule.corridor == DECLARED else str(rule.corridor)
