"""The items of a NOTAM (ICAO Annex 15, appendix on the NOTAM format; Doc 8126): which text is whose.

Q) FIR, code, traffic, purpose, scope, flight levels, centre and radius; A) places; B) start; C) end; D) hours; E) what;
F) floor; G) ceiling. Lists within E are numbered "A)", "B)", too: items are found in their order, F and G as the last pair.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape

from overflight.airspace.readers.notam_limits import LIMIT

ID = r"[A-Z]{1,2}\d{4,5}/\d{2}"
HEADER = re.compile(rf"(?<![A-Z0-9])({ID})\s+NOTAM\s?([NRC])\b(?:\s+({ID}))?")
BARE = re.compile(rf"(?:(?<![A-Z0-9])({ID})\s+)?(?<![A-Z0-9/(])Q\)\s*[A-Z]{{4}}\s*/")
_PART = re.compile(r"(?<!END )\bPART\s+(\d{1,2})\s+OF\s+(\d{1,2})\b")
_LOWEST_LABEL = r"(?<![A-Z0-9/(]){}\)"
_CENTRE = re.compile(r"(\d{2})(\d{2})([NS])(\d{3})(\d{2})([EW])(\d{3})?")
_PAIR = re.compile(r"(?<![A-Z0-9])F\)\s*(.{0,60}?)\s*(?<![A-Z0-9])G\)\s*([^\n]{0,60})", re.DOTALL)
_TAIL = re.compile(r"\bEND\s+PART\s+\d+\s+OF\s+\d+|\bCREATED:|\bSOURCE:|\bNNNN\b")


@dataclass(frozen=True)
class Qualifier:
    """The Q line.

    Attributes:
        fir: the FIR's indicator; one that ends in XX stands for several, which item A names.
        code: subject and condition, without the Q in front ("RDCA").
        traffic, purpose, scope: as written ("IV", "BO", "W").
        lower_fl, upper_fl: flight levels around it.
        centre: latitude and longitude, deg; None where there is none.
        radius_nm: around the centre; 999 stands for the whole of the FIR.
    """

    fir: str
    code: str
    traffic: str
    purpose: str
    scope: str
    lower_fl: int | None
    upper_fl: int | None
    centre: tuple[float, float] | None
    radius_nm: int | None


@dataclass(frozen=True)
class Fields:
    """One message: the items as text, the Q line read.

    Attributes:
        id: "A0168/26"; empty where there is none.
        type: N new, R replaces, C cancels.
        other_id: the notice that it replaces or cancels; empty for none.
        part, parts: which of how many messages of a notice this is.
        places: item A.
        b, c, d, e, f, g: items; empty where there is none. E without line breaks.
        raw: the whole text.
        notes: what was not understood.
    """

    id: str
    type: str
    other_id: str
    part: int
    parts: int
    q: Qualifier | None
    places: tuple[str, ...]
    b: str
    c: str
    d: str
    e: str
    f: str
    g: str
    raw: str
    notes: tuple[str, ...] = ()


def split_fields(raw: str) -> Fields | None:
    """Split one message into its items; None where it has neither a Q line nor a start."""
    text = unescape(raw).upper().replace("\r", "\n").replace("\xa0", " ").replace("\t", " ")
    header = HEADER.search(text)
    items = _items(text, header.end() if header else 0)
    bare = None if header else BARE.search(text)  # the number alone stands above the Q line
    if not items.get("Q") and not items.get("B"):
        return None
    notes: list[str] = []
    qualifier = _qualifier(items.get("Q", ""))
    if qualifier is None:
        notes.append("the Q line is missing" if not items.get("Q") else "the Q line is not understood")
    part = _PART.search(items.get("A", "") + " ")
    what, floor, ceiling = _limits_apart(items.get("E", ""))
    return Fields(
        id=header[1] if header else (bare[1] if bare and bare[1] else ""),
        type=header[2] if header else "N",
        other_id=(header[3] or "") if header else "",
        part=int(part[1]) if part else 1,
        parts=int(part[2]) if part else 1,
        q=qualifier,
        places=tuple(re.findall(r"\b[A-Z]{4}\b", re.sub(r"\bPART\b.*", "", items.get("A", ""), flags=re.DOTALL))),
        b=items.get("B", "").strip(),
        c=items.get("C", "").strip(),
        d=" ".join(items.get("D", "").split()),
        e=" ".join(what.split()),
        f=floor,
        g=ceiling,
        raw=raw,
        notes=tuple(notes),
    )


def _items(text: str, begin: int) -> dict[str, str]:
    """Items by their letter; E runs to the end."""
    marks: list[tuple[str, int, int]] = []
    at = begin
    for letter in "QABCDE":
        match = re.compile(_LOWEST_LABEL.format(letter)).search(text, at)
        if match is None:
            continue
        if letter != "E":  # it must stand before E, where lists have letters, too
            last = re.compile(_LOWEST_LABEL.format("E")).search(text, at)
            if last is not None and match.start() > last.start():
                continue
        marks.append((letter, match.start(), match.end()))
        at = match.end()
    ends = [*(start for _, start, _ in marks), len(text)][1:]
    return {letter: text[start:end] for (letter, _, start), end in zip(marks, ends, strict=True)}


def _limits_apart(text: str) -> tuple[str, str, str]:
    """E, F and G of what stands after "E)"; of several pairs the last that is one."""
    pairs = [m for m in _PAIR.finditer(text) if re.match(LIMIT, m[1]) or re.match(LIMIT, m[2])]
    tail = _TAIL.search(text)
    if not pairs:
        lone = re.search(rf"(?<![A-Z0-9])([FG])\)\s*({LIMIT})[\s.)]*$", text[: tail.start() if tail else None])
        if lone is None:
            return text[: tail.start()] if tail else text, "", ""
        return text[: lone.start()], lone[2] if lone[1] == "F" else "", lone[2] if lone[1] == "G" else ""
    pair = pairs[-1]
    return text[: pair.start()], _one_limit(pair[1]), _one_limit(pair[2])


def _one_limit(text: str) -> str:
    match = re.match(LIMIT, text)
    return match[0] if match else re.split(r"\s{2,}|\)", text.strip())[0]


def _qualifier(text: str) -> Qualifier | None:
    parts = [" ".join(part.split()) for part in text.split("/")]
    if len(parts) < 2 or not re.fullmatch(r"[A-Z]{4}", parts[0]) or not re.fullmatch(r"Q[A-Z]{4}", parts[1]):
        return None
    parts += [""] * (8 - len(parts))
    levels = [int(level) if re.fullmatch(r"\d{3}", level) else None for level in parts[5:7]]
    centre, radius = None, None
    if match := _CENTRE.match(parts[7].replace(" ", "")):
        latitude, longitude = int(match[1]) + int(match[2]) / 60.0, int(match[4]) + int(match[5]) / 60.0
        if latitude <= 90 and longitude <= 180 and int(match[2]) < 60 and int(match[5]) < 60:
            centre = (-latitude if match[3] == "S" else latitude, -longitude if match[6] == "W" else longitude)
            radius = int(match[7]) if match[7] else None
    return Qualifier(parts[0], parts[1][1:], parts[2], parts[3], parts[4], levels[0], levels[1], centre, radius)


def read_time(text: str) -> datetime | None:
    """Read "2603260215" as UTC; None where it is no time. 2400 is the end of a day. Years 70 to 99 are the last century's."""
    match = re.match(r"(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?!\d)", text.strip())
    if match is None:
        return None
    year, month, day, hour, minute = (int(part) for part in match.groups())
    try:
        moment = datetime(year + (1900 if year >= 70 else 2000), month, day, tzinfo=UTC)
    except ValueError:
        return None
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        return None
    return moment + timedelta(hours=hour, minutes=minute)


def join_parts(messages: Sequence[Fields]) -> Fields:
    """Join the messages of one notice ("PART 1 OF 2"), in the order of their parts; one that comes twice counts once."""
    ordered: dict[int, Fields] = {}
    for message in sorted(messages, key=lambda message: message.part):
        ordered.setdefault(message.part, message)
    first = next(iter(ordered.values()))
    if first.parts == 1 and len(ordered) == 1:
        return first
    missing = [str(part) for part in range(1, first.parts + 1) if part not in ordered]
    notes = [note for message in ordered.values() for note in message.notes]
    if missing:
        notes.append(f"part {', '.join(missing)} of {first.parts} is missing")
    return replace(
        first,
        d=next((m.d for m in ordered.values() if m.d), ""),
        e=" ".join(m.e for m in ordered.values()),
        f=next((m.f for m in ordered.values() if m.f), ""),
        g=next((m.g for m in ordered.values() if m.g), ""),
        raw="\n".join(m.raw for m in ordered.values()),
        notes=tuple(dict.fromkeys(notes)),
    )
