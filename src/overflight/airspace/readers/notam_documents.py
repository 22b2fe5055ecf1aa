"""Files with NOTAMs: plain text with one or many, JSON that holds their text, tables with a column of it.

A text is cut where a notice's number and type stand ("A0168/26 NOTAMN"), else at Q lines. JSON may be a list of texts, a list
of objects, or one object of parallel lists; of each object the first of the keys below is its text. The table's column
is called ``raw``; lost line breaks do not matter.
"""

from __future__ import annotations

import csv
import io
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from overflight.airspace.readers.notam_fields import BARE, HEADER
from overflight.errors import InputError

TEXT_KEYS: Final = (
    "rawmessage",
    "raw",
    "raw_message",
    "rawtext",
    "raw_text",
    "icao_message",
    "icaomessage",
    "message",
    "notam",
    "text",
)
"""Keys of a notice's text, without regard to case, the best first."""

_FAA = re.compile(r"^[ \t(]*!\s?[A-Z0-9]{3,4}[ \t]+\S", re.MULTILINE)
_ITEMS = re.compile(r"(?<![A-Z0-9])A\)\s*[A-Z]{4}\b[\s\S]{0,200}?(?<![A-Z0-9])B\)\s*\d{10}")
_OPENAIR = re.compile(rb"(?:\s|\*[^\n]*\n)*A[CY] ")


@dataclass(frozen=True)
class Entry:
    """A text that should be a notice or several, and where it stands."""

    text: str
    place: str


def looks_like_notams(head: bytes) -> bool:
    """Whether a file that begins so holds NOTAMs: in text, JSON (but no GeoJSON), or a table with a column ``raw``."""
    text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1").upper()
    lead = text.lstrip()[:1]
    if lead == "<" or _OPENAIR.match(head) or (lead in {"{", "["} and '"FEATURE' in text):
        return False
    if lead in {"{", "["}:
        return bool(HEADER.search(text.replace("\\N", "\n")) or BARE.search(text.replace("\\N", "\n")))
    return bool(HEADER.search(text) or BARE.search(text) or _FAA.search(text))


def entries(data: bytes, label: str) -> list[Entry]:
    """Take a document apart into texts.

    Raises:
        InputError: it is damaged as a whole.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if text.lstrip()[:1] in {"{", "["}:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"is no JSON ({error})", path=label, remedy="export it again") from None
        return [Entry(value, f"{label}:notice {at}") for at, value in enumerate(_texts(document), start=1)]
    header = [name.strip().strip('"').lower() for name in text.lstrip().partition("\n")[0].split(",")]
    if "raw" in header and len(header) > 1:
        return _rows(text, header.index("raw"), label)
    return [Entry(text, label)]


def _rows(text: str, column: int, label: str) -> list[Entry]:
    try:
        rows = list(csv.reader(io.StringIO(text.lstrip()), strict=True))
    except csv.Error as error:
        raise InputError(f"is no table ({error})", path=label, remedy="save it as CSV again") from None
    return [
        Entry(row[column] if column < len(row) else "", f"{label}:row {number}")
        for number, row in enumerate(rows[1:], start=2)
        if any(row)
    ]


def _texts(document: Any) -> Iterator[str]:
    """Texts in a JSON document, in order; without recursion, as nobody knows how deep it is."""
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            waiting += [item for item in reversed(items) if isinstance(item, str | list | dict)]
        elif isinstance(value, dict):
            named = {str(key).lower(): item for key, item in cast("dict[str, Any]", value).items()}
            texts = [named[key] for key in TEXT_KEYS if isinstance(named.get(key), str | list)]
            inner: list[Any] = [item for item in named.values() if _holds_objects(item)]
            waiting += texts[:1] or list(reversed(inner))


def _holds_objects(value: Any) -> bool:
    """Whether there are objects in it: lists of other things than notices' texts are not for us."""
    if isinstance(value, list):
        return any(isinstance(item, dict | list) for item in cast("list[Any]", value))
    return isinstance(value, dict)


def cut(text: str) -> tuple[list[str], list[str]]:
    """Cut a text into messages.

    Returns:
        ICAO messages, and notices in the domestic format of the FAA ("!FDC 4/1234 ...").
    """
    domestic: list[str] = []
    marks = [match.start() for match in _FAA.finditer(text)]
    pieces = [text[: marks[0]] if marks else text]
    for begin, end in zip(marks, [*marks[1:], len(text)][: len(marks)], strict=True):
        found = [match.start() for match in (HEADER.search(text, begin, end), BARE.search(text, begin, end)) if match]
        stop = min(found, default=end)
        domestic.append(text[begin:stop].strip())
        pieces.append(text[stop:end])
    rest = "\n".join(pieces)
    upper = rest.upper()
    if len(upper) != len(rest):  # a letter that has no single capital: places would not agree
        rest = upper
    starts: list[int] = []
    lines = [match.start() for match in BARE.finditer(upper)]
    headers = [match.start() for match in HEADER.finditer(upper)]
    for number, begin in enumerate(headers):
        end = headers[number + 1] if number + 1 < len(headers) else len(rest)
        starts += [
            begin,
            *lines[bisect_right(lines, begin) + 1 : bisect_left(lines, end)],
        ]  # its own Q line is the first
    starts += [line for line in lines if not headers or line < headers[0]]
    if not starts and _ITEMS.search(upper):  # neither number nor Q line: one notice at most
        starts = [0]
    starts.sort()
    ends = [*starts[1:], len(rest)][: len(starts)]
    return [rest[begin:end].strip().lstrip("(") for begin, end in zip(starts, ends, strict=True)], domestic
