"""Logs of what was called, declared and planned: CSV with a header line, or JSON, a list of objects.

| column | of | what |
|---|---|---|
| `kind` | all | call (on a frequency), hotline (between the parties), notice (a declared operation), plan (a flight plan); |
| | | suspension (of a party: what it declared does not count), declares (it does so here, from then on; where such rows are, nothing is known of others) |
| `time` | all | when it was made, ISO 8601; UTC unless it says otherwise |
| `party` | all | who made it |
| `to` | call, hotline | whom it was to |
| `answered` | call, hotline | when it was answered or acknowledged; empty: never |
| `frequency` | call | on which |
| `rule` | any | the rule that it is for; empty: any |
| `callsign` | any | for which flight, a pattern ("SOUTH1*"); empty: all of the party |
| `from`, `until` | notice, plan, suspension | when it is; empty: open |
| `volumes` | notice | where and when the operation is, as `overflight coordinate declare` takes it; in JSON only; empty: anywhere |
| `text` | any | in words; of a notice with volumes, what the operation is called |
| `known_as` | notice | what others know its party by; empty: by its name |
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, cast

from overflight.airspace.declarations import declared_airspace
from overflight.airspace.volume import Volume
from overflight.errors import InputError, ParameterError
from overflight.units import parse_time

KINDS: Final = ("call", "hotline", "notice", "plan", "suspension", "declares")
COLUMNS: Final = (
    "kind",
    "time",
    "party",
    "to",
    "answered",
    "frequency",
    "rule",
    "callsign",
    "from",
    "until",
    "text",
    "known_as",
)
MOST_BYTES: Final = 50_000_000


@dataclass(frozen=True)
class Entry:
    """One row of a log; times in UTC, texts empty where nothing is said; `ref` is the file and the row."""

    kind: str
    time: datetime
    party: str
    to: str
    answered: datetime | None
    frequency: str
    rule: str
    callsign: str
    begins: datetime | None
    ends: datetime | None
    text: str
    ref: str
    volumes: tuple[Volume, ...] = ()
    known_as: str = ""

    def of_time(self, start: datetime, end: datetime) -> bool:
        """Whether it was made by the end of a time, and is for some of it."""
        windows = [(window.start, window.end) for volume in self.volumes for window in volume.active]
        spans = windows or [(self.begins, self.ends)]
        return self.time <= end and any((a is None or a <= end) and (b is None or b >= start) for a, b in spans)

    @property
    def called(self) -> str:
        """What an operation is called: as its text says, else where it stands."""
        return self.text or self.ref


class Meanwhile(Protocol):
    """What is logged while flights are looked at."""

    def entries(self) -> Sequence[Entry]:
        """Return what is known now: what is added has a `ref` that none had, and nothing changes of it but its end."""
        ...


@dataclass(frozen=True)
class Logs:
    """What was logged, in order of time; `digests` are SHA-256 of the files, `given` whether there were any."""

    entries: tuple[Entry, ...] = ()
    digests: tuple[str, ...] = ()
    given: bool = False
    meanwhile: Meanwhile | None = None

    def of(self, kind: str) -> list[Entry]:
        """Return the entries of a kind."""
        found = [one for one in self.entries if one.kind == kind]
        if self.meanwhile is not None:
            found += [one for one in self.meanwhile.entries() if one.kind == kind]
        return found

    def declares(self, party: str | None, at: datetime) -> bool:
        """Whether it is known what a party declares: a log has all of it, unless it says who it is that does."""
        if self.given and not any(one.kind == "declares" for one in self.entries):
            return True
        return any(one.party == party and one.time <= at for one in self.of("declares"))


NO_LOGS: Final = Logs()


def read_logs(*paths: str | Path) -> Logs:
    """Read logs.

    Raises:
        InputError: one cannot be read, or a row of it not used; the message names the row and the column.
    """
    entries: list[Entry] = []
    digests: list[str] = []
    for path in map(Path, paths):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", path=str(path)) from None
        if len(content) > MOST_BYTES:
            raise InputError(f"is larger than {MOST_BYTES // 10**6} MB", path=str(path))
        digests.append(hashlib.sha256(content).hexdigest())
        for number, row in enumerate(_rows(content, str(path)), 1):
            try:
                entries.append(_entry(row, f"{path.name}, row {number}"))
            except (InputError, ParameterError) as error:
                reason = error.reason if isinstance(error, InputError) else str(error)
                raise InputError(
                    reason, path=str(path), place=f"row {number}", remedy=getattr(error, "remedy", None)
                ) from None
    return Logs(tuple(sorted(entries, key=lambda one: (one.time, one.ref))), tuple(digests), bool(paths))


def _rows(content: bytes, path: str) -> list[dict[str, Any]]:
    try:
        text = content.decode("utf-8-sig")
        if text.lstrip().startswith("["):
            told: Any = json.loads(text)
            if not all(isinstance(row, dict) for row in told):
                raise ValueError("a row is no object")
            return cast("list[dict[str, Any]]", told)
        rows = csv.DictReader(io.StringIO(text), strict=True)
        found = [dict(row) for row in rows]
    except (ValueError, csv.Error, RecursionError) as error:
        raise InputError(
            f"is neither CSV nor JSON ({error})", path=path, remedy=f"columns are {', '.join(COLUMNS)}"
        ) from None
    if unknown := sorted({str(name) for row in found for name in row} - set(COLUMNS)):
        raise InputError(
            f"has a column {unknown[0]!r} that is not known", path=path, remedy=f"columns are {', '.join(COLUMNS)}"
        )
    return found


def _entry(row: dict[str, Any], ref: str) -> Entry:
    told = {name: "" if row.get(name) is None else str(row[name]).strip() for name in COLUMNS}
    if unknown := sorted(row.keys() - {*COLUMNS, "volumes"}):
        raise InputError(f"{unknown[0]!r} is no column", remedy=f"columns are {', '.join(COLUMNS)}")
    if told["kind"] not in KINDS:
        raise InputError(f"kind {told['kind']!r} is none", remedy=f"choose from {', '.join(KINDS)}")
    for name in ("time", "party"):
        if not told[name]:
            raise InputError(f"lacks {name}")
    time = parse_time(told["time"], "time")
    times = {name: parse_time(told[name], name) if told[name] else None for name in ("answered", "from", "until")}
    if times["answered"] is not None and times["answered"] < time:
        raise InputError("was answered before it was made")
    volumes: Any = row.get("volumes") or []
    if volumes and (told["kind"] != "notice" or not isinstance(volumes, list)):
        raise InputError("volumes are a list, and of a notice", remedy="see overflight coordinate declare")
    return Entry(
        told["kind"], time, told["party"], told["to"], times["answered"], told["frequency"], told["rule"], told["callsign"],
        times["from"], times["until"], told["text"], ref,
        tuple(declared_airspace(one, f"volumes[{k}]", ref, told["party"]) for k, one in enumerate(cast("list[Any]", volumes))),
        told["known_as"],
    )  # fmt: skip
