"""The lines of an OpenAir document: commands, positions, limits and times, in every spelling that files have.

After "SeeYou OpenAir file format specification" 2.1.0 (github.com/naviter/seeyou_file_formats) and the WinPilot
description that it extends. Everything here is a pure function from text to values; what a line means in its airspace is
in `openair`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from overflight.airspace.volume import Limit, Window, parse_limit
from overflight.errors import ParameterError
from overflight.units import parse_time

HIGHEST_FT: Final = 500_000.0
"""No limit is higher than that, but "UNL"; a number beyond is a slip."""


class LineError(ValueError):
    """A line whose meaning is not clear; says why, in one clause."""


@dataclass(frozen=True)
class Line:
    """A line that says something.

    Attributes:
        number: from 1.
        command: two capitals; a variable as "VX", "VD", "VW"; empty for what is no command.
        text: what follows, without comments.
        raw: the line as it stands in the file.
    """

    number: int
    command: str
    text: str
    raw: str


@dataclass(frozen=True)
class Place:
    """A position in degrees, and what was mended in it (None: nothing)."""

    latitude: float
    longitude: float
    note: str | None = None


_VARIABLE = re.compile(r"V\s*([A-Z])\s*=\s*(.*)", re.IGNORECASE | re.DOTALL)
_COMMAND = re.compile(r"([A-Z]{2})(?:[\s:=]+(.*)|([-+0-9].*)|)", re.IGNORECASE | re.DOTALL)


def decode(data: bytes) -> str:
    """Read bytes as UTF-8, with or without a byte order mark, or else as Latin-1, which older editors write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def lines(text: str) -> Iterable[Line]:
    """Yield the lines that say something: a "*" begins a comment that goes to the end of its line."""
    # Not splitlines: a Latin-1 document may have 0x85, which is no line end there.
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        said = raw.partition("*")[0].strip()
        if not said:
            continue
        if variable := _VARIABLE.fullmatch(said):
            yield Line(number, f"V{variable[1].upper()}", variable[2].strip(), raw)
        elif command := _COMMAND.fullmatch(said):
            yield Line(number, command[1].upper(), (command[2] or command[3] or "").strip(), raw)
        else:
            yield Line(number, "", said, raw)


_BODY = r"[0-9][0-9:.\s]*"
_COORDINATE = re.compile(rf"[\s,;]*(?:([NSEW])\s*({_BODY})|({_BODY})([NSEW]))")


def places(text: str, count: int) -> list[Place]:
    """Read positions: "54:25:00 N 010:40:00 E", "54:25.5N", "N54:25:00 E010:40:00", "542500N 0104000E", "54.41N 10.6E".

    Degrees, minutes and seconds may be apart by ":", spaces or their signs, the last of them may have decimals.

    Raises:
        LineError: not `count` positions, or one that is not on the Earth.
    """
    plain = re.sub("[°º'’′\"”″]", ":", text.upper())
    plain = re.sub(r"(?<=[0-9])-(?=[0-9])", ":", re.sub(r"(?<=[0-9]),(?=[0-9])", ".", plain)).strip()
    found: list[tuple[str, float, bool]] = []
    at = 0
    while match := _COORDINATE.match(plain, at):
        side, body = (match[1], match[2]) if match[1] else (match[4], match[3])
        found.append((side, *_degrees(body, side)))
        at = match.end()
    if plain[at:].strip(" ,;") or len(found) != 2 * count:
        raise LineError(f"{_short(text)} is no position; write it like 54:25:00 N 010:40:00 E")
    result: list[Place] = []
    for a, b in zip(found[::2], found[1::2], strict=True):
        if a[0] in "EW":
            a, b = b, a  # noqa: PLW2901 - the letters say which is which
        if a[0] in "EW" or b[0] in "NS":
            raise LineError(f"{_short(text)} does not have one latitude and one longitude")
        note = "60 minutes or seconds are read as one more degree or minute" if a[2] or b[2] else None
        result.append(Place(a[1], b[1], note))
    return result


def _degrees(body: str, side: str) -> tuple[float, bool]:
    """Read an angle; also say whether 60 minutes or seconds were carried."""
    fields = [field for field in re.split(r"[:\s]+", body.strip()) if field]
    whole = 2 if side in "NS" else 3
    if len(fields) == 1:  # all in one: as many digits as the standard form has
        digits = len(fields[0].partition(".")[0])
        ends = {whole + 2: [whole], whole + 4: [whole, whole + 2]}.get(digits, [])
        if not ends and digits > whole:
            raise LineError(f"{_short(body + side)} has {digits} digits, which is neither DDMM nor DDMMSS")
        starts = [0, *ends]
        fields = [fields[0][a:b] for a, b in zip(starts, [*ends, None], strict=True)]
    if len(fields) > 3 or not all(re.fullmatch(r"[0-9]{1,3}", field) for field in fields[:-1]):
        raise LineError(f"{_short(body + side)} is no angle")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]*)?", fields[-1]):
        raise LineError(f"{_short(body + side)} is no angle")
    degrees, minutes, seconds = ([float(field) for field in fields] + [0.0, 0.0])[:3]
    for value, unit in ((minutes, "minutes"), (seconds, "seconds")):
        if value > 60.0:
            raise LineError(f"{_short(body + side)} has {value:g} {unit}")
    value = degrees + minutes / 60.0 + seconds / 3600.0
    if value > (90.0 if side in "NS" else 180.0):
        raise LineError(f"{_short(body + side)} is not on the Earth")
    return (-value if side in "SW" else value), minutes == 60.0 or seconds == 60.0


def limit(text: str, what: str) -> tuple[Limit, str | None]:
    """Read a floor or a ceiling, and say what was assumed.

    Raises:
        LineError: none, or none that can be.
    """
    plain = re.sub(r"^(FL\s*[0-9]{1,3})\s*STD$", r"\1", " ".join(text.upper().replace("'", " FT").split()))
    try:
        found = parse_limit(plain, what)
    except ParameterError as error:
        raise LineError(str(error)) from None
    if not abs(found.value_ft) <= HIGHEST_FT:
        raise LineError(f"{what}: {_short(text)} is higher than any limit")
    note = None
    if match := re.fullmatch(r"[-+0-9.]+\s*(FT|F|KM|M(?!SL))?\s*([A-Z]+)?", plain):
        missing = [word for word, there in (("unit", match[1]), ("reference", match[2])) if not there]
        if missing and found.value_ft:
            note = f"{what} {plain} has no {' and no '.join(missing)}: read as {found}"
    return found, note


def window(text: str) -> Window | None:
    """Read an activation time, "start/end" in ISO 8601 with NONE for an open end; None where it is NONE alone.

    Raises:
        LineError: no such interval, or one that ends before it starts.
    """
    plain = text.partition(";")[0].strip().upper()
    if plain == "NONE":
        return None
    start, slash, end = (part.strip() for part in plain.partition("/"))
    if not slash:
        raise LineError(f"active time {_short(text)} is no start/end")
    if start == end == "NONE":
        raise LineError("active time NONE/NONE says neither when it starts nor when it ends")
    window = Window(*(None if part == "NONE" else _moment(part) for part in (start, end)))
    if window.start is not None and window.end is not None and window.end <= window.start:
        raise LineError(f"the active time ends ({end}) before it starts ({start})")
    return window


def _moment(text: str) -> datetime:
    # 24:00 is the end of a day (ISO 8601-1, 4.3.8.5 b), which Python reads from 3.13 on.
    midnight = re.fullmatch(r"(.+)T24:?00(?::?00)?Z?", text)
    try:
        moment = parse_time(f"{midnight[1]}T00:00Z" if midnight else text, "active time")
        return (moment + timedelta(days=1 if midnight else 0)).astimezone(UTC)
    except (ParameterError, OverflowError) as error:
        raise LineError(str(error)) from None


def numbers(text: str, count: int, what: str) -> list[float]:
    """Read numbers that commas or spaces keep apart.

    Raises:
        LineError: not `count` numbers.
    """
    fields = [field for field in re.split(r"[\s,;]+", text) if field]
    if len(fields) != count or not all(re.fullmatch(r"[-+]?([0-9]{1,9}(\.[0-9]*)?|\.[0-9]+)", f) for f in fields):
        raise LineError(f"{what}: {_short(text)} is not {'a number' if count == 1 else f'{count} numbers'}")
    return [float(field) for field in fields]


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 50 else text[:47] + "...")
