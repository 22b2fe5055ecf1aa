"""Positions in the free text of a NOTAM, in the spellings that offices really use.

``3652N 03317E``, ``365258N0331718E``, ``365258.5N 0331718.5E``, ``N365258E0331718``, ``N 36 52 58 E 033 17 18``,
``36.88N 33.29E``, ``36°52'58"N 033°17'18"E``, with spaces, dashes, commas or slashes between latitude and longitude. Degrees
take two digits in latitudes and three in longitudes (ICAO Annex 15 and Doc 8126, item E); a longitude that lacks its leading
zero is mended and noted. A dash before a number is punctuation: the letter says the hemisphere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_SIGNED = r"\d{1,3}\s?[°º˚]\s?(?:\d{1,2}(?:\.\d+)?\s?['’′]\s?(?:\d{1,2}(?:\.\d+)?\s?(?:\"|″|”|''|’’)?)?)?"
_SPACED = r"\d{2,3}[ :]\d{2}(?:[ :]\d{2})?(?:\.\d+)?"
_LATITUDE = rf"(?:{_SIGNED}|{_SPACED}|\d{{4,6}}(?:[.,]\d{{1,5}})?|\d{{1,2}}(?:\.\d{{1,8}})?)"
_LONGITUDE = rf"(?:{_SIGNED}|{_SPACED}|\d{{4,7}}(?:[.,]\d{{1,5}})?|\d{{1,3}}(?:\.\d{{1,8}})?)"
_BETWEEN = r"[\s\-–—,/]{0,6}(?:LONG?(?:ITUDE)?\.?[\s:]{0,3})?"
_PAIR = re.compile(
    rf"(?<![\d.])(?:(?P<north>[NS])\s?(?P<a>{_LATITUDE})|(?P<b>{_LATITUDE})\s{{0,2}}(?P<north_after>[NS]))"
    rf"{_BETWEEN}"
    rf"(?:(?P<east>[EW])\s?(?P<c>{_LONGITUDE})(?![\d.]*\d)|(?P<d>{_LONGITUDE})\s{{0,2}}(?P<east_after>[EW])(?![A-Z]{{2}}))"
)
_LEFT = re.compile(
    r"(?<![\dA-Z.])(?:\d{4,7}(?:\.\d+)?\s?[NSEW](?![A-Z])|[NSEW]\d{4,7})(?:\s?[-,/]?\s?\d{4,7}[EW]?(?!\d))?"
)

# A teleprinter's line ends after 69 characters, wherever that is: digits of one number on two lines belong together.
_BROKEN = (
    (re.compile(r"(?<=\d[NS])(-?\d{1,6})\s+(\d{1,6})(?=\s?[EW])"), (5, 7)),
    (re.compile(r"(?<=\d[EW][-,/])(\d{1,5})\s+(\d{1,5})(?=\s?[NS])"), (4, 6)),
    (re.compile(r"(?<=[-,:\s][NS])(\d{1,5})\s+(\d{1,5})(?=\s?[EW]\d)"), (4, 6)),
    (re.compile(r"(?<=\d[EW])(\d{1,6})\s+(\d{1,6})(?=\s?(?:[-,.;)]|$))"), (5, 7)),
)


@dataclass(frozen=True)
class Position:
    """A position in a text.

    Attributes:
        start, end: where it stands in the text.
        latitude, longitude: deg WGS84; None where it looks like a position and is none.
        text: as written.
        note: what was mended or is wrong; empty for nothing.
    """

    start: int
    end: int
    latitude: float | None
    longitude: float | None
    text: str
    note: str = ""

    @property
    def understood(self) -> bool:
        """Whether it has a latitude and a longitude."""
        return self.latitude is not None and self.longitude is not None

    @property
    def point(self) -> tuple[float, float]:
        """Latitude and longitude, deg; NaN where not understood."""
        nan = float("nan")
        return (nan if self.latitude is None else self.latitude, nan if self.longitude is None else self.longitude)


def join_broken(text: str) -> str:
    """Put numbers together that a line break cut in two."""
    for pattern, lengths in _BROKEN:

        def whole(match: re.Match[str], lengths: tuple[int, int] = lengths) -> str:
            digits = len(match[1].lstrip("-")) + len(match[2])
            return match[1] + match[2] if digits in lengths else match[0]

        text = pattern.sub(whole, text)
    return text


def find_positions(text: str) -> list[Position]:
    """Find all positions in a text of capital letters, and what looks like the ruins of one, in order."""
    found = [_position(match) for match in _PAIR.finditer(text)]
    edges = [0, *(edge for position in found for edge in (position.start, position.end)), len(text)]
    for start, end in list(pairwise(edges))[::2]:
        found += [
            Position(start + left.start(), start + left.end(), None, None, left[0], f"{left[0]!r} is no position")
            for left in _LEFT.finditer(text[start:end])
        ]
    return sorted(found, key=lambda position: position.start)


def _position(match: re.Match[str]) -> Position:
    latitude, wrong_latitude = _degrees(match["a"] or match["b"], 2)
    longitude, wrong_longitude = _degrees(match["c"] or match["d"], 3)
    if latitude is None or longitude is None or latitude > 90 or longitude > 180:
        note = f"{match[0]!r} is no position"
        return Position(match.start(), match.end(), None, None, match[0], note)
    south = (match["north"] or match["north_after"]) == "S"
    west = (match["east"] or match["east_after"]) == "W"
    mended = wrong_latitude or wrong_longitude
    note = f"{match[0]!r} lacks a zero, mended" if mended else ""
    signed = (-latitude if south else latitude, -longitude if west else longitude)
    return Position(match.start(), match.end(), *signed, match[0], note)


def _degrees(body: str, digits: int) -> tuple[float | None, bool]:
    """Degrees of a number as written, and whether it lacked a leading zero; `digits` is 2 for latitudes, 3 for longitudes."""
    numbers = re.findall(r"\d+(?:\.\d+)?", body.replace(",", "."))
    if len(numbers) == 1:
        whole = len(numbers[0].partition(".")[0])
        short = digits == 3 and whole in {4, 6}  # a latitude so short has rather lost a digit
        if short:
            numbers[0] = "0" + numbers[0]
            whole += 1
        if whole in {digits + 2, digits + 4}:
            numbers = [numbers[0][:digits], numbers[0][digits:]]
            if whole == digits + 4:
                numbers = [numbers[0], numbers[1][:2], numbers[1][2:]]
        elif whole > digits or not whole > 0:
            return None, False
    else:
        short = False
    parts = [float(number) for number in numbers]
    if any(part >= 60 for part in parts[1:]):
        return None, False
    return sum(part / 60.0**power for power, part in enumerate(parts)), short
