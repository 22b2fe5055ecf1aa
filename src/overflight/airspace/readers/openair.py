"""OpenAir, versions 1 and 2: the text format of gliding and of most airspace that people share.

After "SeeYou OpenAir file format specification" 2.1.0 (github.com/naviter/seeyou_file_formats). Lengths are in NM; edges
between points are geodesic; arcs and circles are cut as `rings` does.

What is taken for granted, each said in the notes of the volume where it changes what is read:

- A volume begins with AC; where that line is missing, with AN after the geometry of the one before.
- An area needs one floor (AL) and one ceiling (AH); without, or with two that differ, nobody can decide and it is refused.
- A line of the geometry that is not understood, or any that holds a position, refuses the volume: without that point it
  would be another area.
- Classes that have no kind of their own become "restricted", the nearest; the note keeps class and type as they stand.
- "AA NONE", active only when a NOTAM says so, is taken as active at all times: better asked about once too often.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from overflight.airspace.readers import openair_lines as text
from overflight.airspace.readers.format import Format
from overflight.airspace.readers.openair_lines import Line, LineError
from overflight.airspace.readers.openair_shape import Shape
from overflight.airspace.volume import Airspace, Limit, Refused, Volume, Window, assumption, inverted
from overflight.errors import InputError

_KINDS: Final = {
    "Q": "danger", "DANGER": "danger", "ALERT": "danger", "WARNING": "danger", "MTA": "danger",
    "FIR": "fir", "UIR": "fir",
    "AWY": "corridor", "MTR": "corridor", "VFRR": "corridor", "TRAFR": "corridor",
}  # fmt: skip
_SAME: Final = frozenset({"R", "RESTRICTED", "Q", "DANGER", "FIR"})
"""Types whose kind says all that they do; of all others the note keeps the type."""
_UNTYPED: Final = frozenset({"", "NONE", "CUSTOM", "OTHER"})
_UNCLASSED: Final = frozenset({"UNC", "UNCLASSIFIED", "UNCLASSIFED", "OTHER"})
_ONCE: Final = frozenset({"AC", "AN", "AI", "AY", "AF", "AG", "AX"})
_DRAWING: Final = frozenset({"SP", "SB", "TO", "TC", "AT", "VZ", "VT"})
"""Pens, brushes, labels and zoom levels: they say nothing of the airspace."""
_SHAPE: Final = frozenset({"DP", "DC", "DA", "DB", "DY", "VX", "VD", "VW"})
_LIMITS: Final = {"AL": "floor (AL)", "AH": "ceiling (AH)"}
_KNOWN: Final = _ONCE | _DRAWING | _SHAPE | {"AH", "AL", "AA"}
_POSITION: Final = re.compile(r"[0-9]{2}[:.\s][0-9].*[NSEW]")


def read(data: bytes, label: str) -> Airspace:
    """Read all volumes of a document.

    Raises:
        InputError: it holds no airspace.
    """
    before, blocks = _blocks(text.lines(text.decode(data)))
    if not blocks:
        raise InputError("holds no airspace", path=label, remedy="give a file with AC, AN, AL, AH and a geometry")
    volumes: list[Volume] = []
    refused: list[Refused] = []
    if before:
        reason = f"stands before the first airspace and is not understood: {before[0].text[:60]!r}"
        refused.append(Refused(f"line {before[0].number}", f"{label}:line {before[0].number}", reason))
    for block in blocks:
        found = _volume(block, label)
        if isinstance(found, Volume):
            volumes.append(found)
        else:
            refused.append(found)
    return Airspace(tuple(volumes), tuple(refused))


def _blocks(lines: Iterable[Line]) -> tuple[list[Line], list[list[Line]]]:
    """Put the lines of each volume together; also return those before the first that no volume has."""
    before: list[Line] = []
    blocks: list[list[Line]] = []
    for line in lines:
        if not blocks and line.command not in _KNOWN:
            before.append(line)
            continue
        here = {each.command for each in blocks[-1]} if blocks and line.command == "AN" else set[str]()
        another = "AN" in here and bool(here & _SHAPE)
        if not blocks or line.command == "AC" or another:
            blocks.append([])
        blocks[-1].append(line)
    return before, blocks


@dataclass
class _Reading:
    """What the lines of one volume said so far; `wrong` says why it is refused."""

    said: dict[str, str] = field(default_factory=dict[str, str])
    limits: dict[str, list[tuple[Limit, int]]] = field(default_factory=dict[str, list[tuple[Limit, int]]])
    windows: list[Window | None] = field(default_factory=list[Window | None])
    notes: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])
    shape: Shape = field(default_factory=Shape)

    def take(self, line: Line) -> None:
        """Read one line.

        Raises:
            LineError: the volume cannot be read without it, and it is not understood.
        """
        command, said = line.command, self.said
        if command in _SHAPE:
            self.notes += self.shape.take(line)
        elif command in _LIMITS:
            self._limit(line)
        elif command == "AA":
            self.windows.append(text.window(line.text))
        elif command in _ONCE:
            if said.setdefault(command, line.text) != line.text:
                self.notes.append(f"line {line.number}: another {command}, left out: {line.text[:60]!r}")
        elif command not in _DRAWING:
            shown = f"{line.raw.strip()[:60]!r}"
            if command[:1] in {"D", "V"} or _POSITION.search(line.raw.upper()):
                self.shape.broken = True
                raise LineError(f"{shown} is not understood and may be a part of the geometry")
            self.notes.append(f"line {line.number}: not understood, left out: {shown}")

    def _limit(self, line: Line) -> None:
        what, told = _LIMITS[line.command], self.limits.setdefault(line.command, [])
        if told and self.shape.begun:
            raise LineError(f"another {what} after the geometry: a line AC may be missing")
        found, note = text.limit(line.text, what)
        told.append((found, line.number))
        self.notes += [f"line {line.number}: {note}"] if note else []

    def limit(self, command: str) -> Limit | None:
        """Return the one floor or ceiling; say what is wrong where there is not just one."""
        what, told = _LIMITS[command], self.limits.get(command, [])
        if len({limit for limit, _ in told}) > 1:
            each = " and ".join(f"{limit} (line {number})" for limit, number in told)
            self.wrong.append(f"more than one {what}: {each}")
            return None
        if not told and not any(what in reason for reason in self.wrong):
            self.wrong.append(f"no {what}: what is inside cannot be decided")
        return told[0][0] if told else None


def _volume(block: list[Line], label: str) -> Volume | Refused:
    """Read one volume; one with anything wrong in it is refused, and every reason given."""
    reading = _Reading()
    for line in block:
        try:
            reading.take(line)
        except LineError as error:
            reading.wrong.append(f"line {line.number}: {error}")
    said, wrong, shape = reading.said, reading.wrong, reading.shape
    floor, ceiling = reading.limit("AL"), reading.limit("AH")
    if floor is not None and ceiling is not None and (said_wrong := inverted(floor, ceiling)):
        wrong.append(said_wrong)
    if None in reading.windows and len(reading.windows) > 1:
        wrong.append("AA NONE stands beside other active times")
    if not shape.broken:  # else what is left of the area would give a second, wrong reason
        try:
            shape.close()
        except LineError as error:
            wrong.append(str(error))
    name = said.get("AN", "") or f"(no name, line {block[0].number})"
    source = f"{label}:line {block[0].number}"
    if wrong or floor is None or ceiling is None:
        return Refused(name, source, "; ".join(wrong))
    kind, notes = _kind(said.get("AC"), said.get("AY", ""))
    notes += _doubtful(said) + reading.notes + shape.notes
    if reading.windows == [None]:
        notes.append("AA NONE, active only by NOTAM: taken as active at all times")
    if drawn := sorted({line.command for line in block if line.command in _DRAWING}):
        notes.append(f"left out, for drawing only: {', '.join(drawn)}")
    return Volume(
        id=said.get("AI", "") or name,
        name=name,
        kind=kind,
        parts=tuple(shape.parts),
        floor=floor,
        ceiling=ceiling,
        active=tuple(window for window in reading.windows if window is not None),
        source=source,
        raw="\n".join(line.raw for line in block),
        notes=tuple(notes),
        assumed=assumption(notes),
    )


def _kind(aclass: str | None, atype: str) -> tuple[str, list[str]]:
    """Return the kind, and a note where it does not say all that class (AC) and type (AY) do.

    In version 1 the class holds the type, too: "AC R". "AC D" is class D in both; a danger area is Q.
    """
    plain, special = (aclass or "").upper(), atype.upper()
    named = plain if special in _UNTYPED else special
    kind = _KINDS.get(named, "restricted")
    if aclass is not None and named in _SAME and plain in _UNCLASSED | {named}:
        return kind, []
    told = "no class (AC)" if aclass is None else f"class {aclass or '(empty)'}"
    return kind, [f"{told}{', type ' + atype if atype else ''}: read as {kind}, the nearest kind"]


def _doubtful(said: dict[str, str]) -> list[str]:
    """Return notes on what does not change the volume and yet is not right."""
    notes: list[str] = []
    if not said.get("AN"):
        notes.append("no name (AN)")
    if "AX" in said and not re.fullmatch("[0-7]{4}", said["AX"]):
        notes.append(f"transponder code (AX) {said['AX'][:20]!r} is none: four digits from 0 to 7")
    if "AF" in said and not re.fullmatch(r"1[0-9]{2}(\.[0-9]{1,3})?(\s*MHZ)?", said["AF"].upper()):
        notes.append(f"frequency (AF) {said['AF'][:20]!r} is none")
    if "AG" in said and "AF" not in said:
        notes.append(f"station (AG) {said['AG'][:40]!r} without a frequency (AF)")
    return notes


_SIGN = re.compile(
    rb"^[ \t]*(A[CNHLY]|D[PCABY])[ \t:=]*[^\s=<{\"]|^[ \t]*(V)[ \t]*[XDW][ \t]*=", re.MULTILINE | re.IGNORECASE
)


def _matches(head: bytes) -> bool:
    """Three different commands, one of them of the geometry."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"[", b"<"}:
        return False
    found = {(match[1] or match[2]).upper() for match in _SIGN.finditer(head.replace(b"\r", b"\n"))}
    return len(found) >= 3 and any(command[:1] in {b"D", b"V"} for command in found)


OPENAIR = Format("OpenAir", _matches, read)
