"""From the answers of all versions to one event: what it says, and whether it is sure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from overflight.agreement.matching import SEVERAL
from overflight.agreement.versions import NOT_YET, View
from overflight.events import event_id


@dataclass(frozen=True)
class Subject:
    """Of whom a breach is: tracks, whose they are, and callsigns, of a then b."""

    tracks: tuple[str | None, str | None]
    whose: tuple[str | None, str | None]
    callsigns: tuple[str | None, str | None]


@dataclass(frozen=True)
class Answer:
    """What one version says: breach, or none, or None where it cannot be decided; why; whether its positions are sure; the worst moment."""

    breach: bool | None
    why: str
    sure: bool = True
    worst: dict[str, Any] | None = None


def breach_event(
    rule: Any,
    said: dict[str, tuple[View, Answer]],
    who: Subject,
    span: tuple[datetime, datetime],
    inputs: str,
    ref: str | None = None,
) -> dict[str, Any] | None:
    """Put the answers of all versions together; None where none of them that counts has a breach."""
    counting = {name: answer for name, (here, answer) in said.items() if here.status in {"in_force", "disputed"}}
    accusing = {
        name: answer
        for name, answer in counting.items()
        if answer.breach or (answer.breach is None and answer.worst is not None)
    }
    if not accusing:
        return None
    disputed = [name for name in accusing if said[name][0].status == "disputed"]
    several = SEVERAL in who.whose
    confirmed = not several and not disputed and all(answer.breach and answer.sure for answer in counting.values())
    why = _in_words(rule, said, several)
    worst = next((answer.worst for answer in accusing.values() if answer.worst is not None), None)
    versions = {
        name: {
            "version": here.version, "status": here.status, "border": here.border, "breach": answer.breach if name in counting else None,
            "why": answer.why if name in counting else here.reason,
        }
        for name, (here, answer) in said.items()
    }  # fmt: skip
    told: dict[str, Any] = {"kind": rule.kind, "text": rule.text, "versions": versions}
    told |= {
        side: {"callsign": name}
        for side, name, track in zip("ab", who.callsigns, who.tracks, strict=True)
        if track or side == "a"
    }
    if ref is not None:
        told["log"] = ref
    copied = ("latitude", "longitude", "altitude_ft", "horizontal_nm", "vertical_ft", "closure_kt", "depth_m", "path_m")
    evidence = list(worst["evidence"][:2]) if worst is not None else [None, None]
    start, end = span
    a, b = (None if one == SEVERAL else one for one in who.whose)
    return {
        "id": event_id("breach", who.tracks, None, rule.id, start), "kind": "breach", "start": start, "end": end,
        "time": worst["time"] if worst is not None else start, "track_a": who.tracks[0], "track_b": who.tracks[1],
        "party_a": a, "party_b": b, "volume": None, "rule": rule.id, "verdict": "confirmed" if confirmed else "undetermined",
        "severity": None, "band": None, **{name: None if worst is None else worst[name] for name in copied},
        "duration_s": (end - start).total_seconds(), "why": why, "parameters": json.dumps(told), "inputs": inputs, "evidence": evidence,
    }  # fmt: skip


def _in_words(rule: Any, said: dict[str, tuple[View, Answer]], several: bool) -> str:
    """Say what each version says, those that agree in one breath."""
    lines: dict[str, list[str]] = {}
    for name, (here, answer) in said.items():
        if here.status in {"suspended", NOT_YET}:
            line = f"none by the version of {{}}: {'suspended' if here.status == 'suspended' else 'not in force'}" + (
                f" ({here.reason})" if here.reason else ""
            )
        else:
            unsure = "reported, not judged," if rule.kind == "conduct" else "not decided"
            verdict = {True: "breach", False: "none", None: unsure}[answer.breach]
            line = (
                f"{verdict} by the version of {{}}"
                + (" (disputed)" if here.status == "disputed" else "")
                + f": {answer.why}"
            )
        lines.setdefault(line, []).append(name)
    text = "; ".join(line.replace("{}", " and ".join(names), 1) for line, names in lines.items())
    return f"{rule.id} ({rule.kind.replace('_', ' ')}): {text}" + (
        "; whose it is is not clear: more than one party's aircraft fit" if several else ""
    )
