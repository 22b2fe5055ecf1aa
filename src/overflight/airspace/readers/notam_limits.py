"""Floors and ceilings in a NOTAM: items F and G, ranges in the free text, flight levels of the Q line.

Items F and G are the limits (ICAO Doc 8126, NOTAM format). The Q line's are whole flight levels around them, 000 and 999
where nothing is said, and serve only to sort notices: the last resort.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from overflight.airspace.volume import SURFACE, UNLIMITED, Limit, parse_limit
from overflight.errors import ParameterError

LIMIT = (
    r"(?:SFC|GND|SURFACE|GROUND|UNL(?:IMITED|IM|TD)?|F\s?L\s?\d{2,3}|(?:\d{1,3},\d{3}|\d{1,6})\s?(?:FT|FEET|M|MTR|METERS|METRES)\b"
    r"(?:\s?(?:AMSL|AGL|MSL|ASFC|AGND|GND|SFC|ALT|STD|QNH|ABV\s+MSL|ABV\s+GND|ABV\s+SFC))?)"
)
"""A pattern of one limit."""

_WORD = r"(?:VERTICAL|VERT|DIKEY|LIMITS?|LIMITLER|LEVELS?|ALTITUDES?|ALT|HEIGHT|HGT|BTN|BETWEEN|FM|FROM|LOWER)"
_RANGE = re.compile(
    rf"(?P<word>\b{_WORD}\b[\s:.(]*)?(?P<low>\b{LIMIT}|\b\d{{3,5}})\s*(?P<between>-|–|/|\bTO\b|\bUP\s?TO\b|\bTILL\b|\bAND\b|\bUNTIL\b)\s*"
    rf"(?P<high>{LIMIT})"
)
_LOWER = re.compile(
    rf"\bLOWER(?:\s+(?:LIMIT|LEVEL|ALTITUDE))?\s*(?:[:=-]|IS|OF|RAISED\s+TO|CHANGED\s+TO)?\s*(?P<one>{LIMIT})"
)
_UPPER = re.compile(
    rf"\bUPPER(?:\s+(?:LIMIT|LEVEL|ALTITUDE))?\s*(?:[:=-]|IS|OF|RAISED\s+TO|LOWERED\s+TO|CHANGED\s+TO|EXTENDED\s+TO)?\s*(?P<one>{LIMIT})"
)
_AFTER_POSITION = re.compile(r"\d[NSEW][\s,.;:()/-]{0,4}\Z")
_OPEN = {"SFC", "GND", "SURFACE", "GROUND"}


@dataclass(frozen=True)
class Range:
    """Limits that a text states, and where; a side it does not state is None."""

    start: int
    end: int
    lower: Limit | None
    upper: Limit | None


def read_limit(text: str) -> Limit | None:
    """Read one limit as NOTAMs write it ("SFC", "FL245", "15000 FT AMSL", "900M AMSL"); None where it is none."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", " ".join(text.upper().split()).strip(" .,;()"))
    plain = re.sub(r"\bF\s?L\s?(?=\d)", "FL", plain)
    plain = re.sub(r"\bABV\s+", "", re.sub(r"(?<=\d)\s?(?:MTR|METERS|METRES)\b", " M", plain))
    plain = re.sub(r"(?<=\d)\s?FEET\b", " FT", plain)
    if plain == "MSL":
        return Limit("AMSL", 0.0)
    try:
        limit = parse_limit(plain)
    except ParameterError:
        return None
    return limit if abs(limit.value_ft) < 1e6 else None


def from_levels(lower: int, upper: int) -> tuple[Limit, Limit]:
    """Limits of a Q line: flight levels, where 000 stands for the surface and 999 for no limit."""
    floor = SURFACE if lower == 0 else Limit("STD", lower * 100.0)
    return floor, UNLIMITED if upper == 999 else Limit("STD", upper * 100.0)


def find_limits(text: str) -> list[Range]:
    """Find all statements of limits in a text of capital letters, in order.

    Two levels with a dash between them are limits only beside a word that says so, behind a position, or where one is the
    surface or no limit: they may as well be the levels of a route.
    """
    found: list[Range] = []
    for match in _RANGE.finditer(text):
        low, high = match["low"].strip(), match["high"].strip()
        beside = match["word"] is not None or bool(
            _AFTER_POSITION.search(text[max(0, match.start() - 8) : match.start()])
        )
        if not beside and not (low in _OPEN or high.startswith("UNL")):
            continue
        if low.isdigit():  # the unit stands after the second: 1000-3000FT AMSL
            if not beside:
                continue
            low += re.sub(r"^[\d,\s]+", " ", high)
        found.append(Range(match.start(), match.end(), read_limit(low), read_limit(high)))
    if not found:
        found = [Range(m.start(), m.end(), read_limit(m["one"]), None) for m in _LOWER.finditer(text)]
        found += [Range(m.start(), m.end(), None, read_limit(m["one"])) for m in _UPPER.finditer(text)]
    return sorted(
        (r for r in found if r.lower is not None or r.upper is not None), key=lambda stated: (stated.start, stated.end)
    )


def above(one: Limit, other: Limit) -> bool:
    """Whether a limit is certainly above another: of the same reference, or both of no ground."""
    height = {"SFC": 0.0, "UNL": float("inf")}
    if one.reference == "UNL":
        return other.reference != "UNL"
    if other.reference == "SFC":
        return one.reference not in {"SFC", "AGL"} and one.value_ft > 5000.0  # terrain may be as high
    if one.reference == "AGL" or other.reference == "AGL":
        return one.reference == other.reference and one.value_ft > other.value_ft
    return height.get(one.reference, one.value_ft) > height.get(other.reference, other.value_ft)


def contradictions(stated: Sequence[tuple[str, Limit | None]], side: str) -> list[str]:
    """One line for each limit that differs from the first; `stated` is (where, limit), `side` is "lower" or "upper"."""
    known = [(where, limit) for where, limit in stated if limit is not None]
    return [
        f"contradicts itself: {side} limit {known[0][1]} in {known[0][0]}, {limit} in {where}"
        for where, limit in known[1:]
        if limit != known[0][1]
    ]
