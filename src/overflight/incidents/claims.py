"""What somebody says of an incident, as data: a quantity with its unit, whose word it is, and of what.

A claim keeps every way in which it may be meant. "1.15 miles" is statute or nautical; a number may be rounded or cut off at its last digit
that is no rounding zero ("6,000 m" says 5,500 to 7,000 m, "12:08" says 12:07:30 to 12:09); "a few seconds" is no number. A time of day
must say its zone.

Claims are read from JSON, a list of objects: `case`, `by` ("party, speaker"), `of` (whom or what), `quantity` (one of `QUANTITIES`), `what`,
`value`, `unit`, and where they help `bound` (one of `BOUNDS`), `source`, `aspect` (one of `ASPECTS`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

from overflight.errors import InputError, ParameterError
from overflight.units import duration_s, length_readings_m, speed_mps

QUANTITIES: Final = (
    "duration", "distance", "altitude", "time", "position", "count", "speed", "inside/outside", "verdict",
)  # fmt: skip
BOUNDS: Final = ("exactly", "about", "at least", "at most")
ABOUT: Final = 0.1
"""What "about" adds to a number on either side, as a share of it."""

MOST_CLAIMS: Final = 10_000
MOST_BYTES: Final = 16_000_000
MOST_TEXT: Final = 2_000

ASPECTS: Final = (
    "path inside", "depth inside", "time inside", "entry", "inside", "distance from the border", "altitude", "speed",
    "launched", "hit", "came down", "other",
)  # fmt: skip
_NUMBERS: Final = ("duration", "distance", "altitude", "count", "speed")
_NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
# What a claim speaks of, by its words, where it does not say so itself: the first that matches.
_PHRASES: Final = (
    ("distance", r"\b(depth|deep)\b", "depth inside"),
    ("distance", r"\b(length|path|flew|flown)\b.*\binside\b", "path inside"),
    ("distance", r"\b(closest to|from) the border\b", "distance from the border"),
    ("duration", r"\binside\b", "time inside"),
    ("time", r"\b(entry|entered)\b", "entry"),
    ("altitude", r"\b(altitude|height)\b", "altitude"),
    ("speed", r"", "speed"),
    ("inside/outside", r"", "inside"),
    ("count", r"\blaunched\b", "launched"),
    ("count", r"\b(came down|crashed|fell)\b", "came down"),
    ("count", r"\bhit\b", "hit"),
    ("verdict", r"\b(came down|crashed|fell)\b", "came down"),
)


@dataclass(frozen=True)
class Reading:
    """One way in which a number may be meant: SI (m, s, m/s) or a plain count; `digit` is what one is worth in its last digit."""

    unit: str
    value: float
    digit: float

    def interval(self, bound: str) -> tuple[float, float]:
        """Return from what to what it may be."""
        low, high = self.value - self.digit / 2.0, self.value + self.digit
        if bound == "about":
            low, high = min(low, self.value * (1.0 - ABOUT)), max(high, self.value * (1.0 + ABOUT))
        return (low if bound != "at most" else float("-inf")), (high if bound != "at least" else float("inf"))


@dataclass(frozen=True)
class Claim:
    """One statement of one side.

    Attributes:
        number: its place in the file, from 1.
        case: the incident.
        party: whose side, the part of `by` before the comma.
        by: who said it.
        of: of whom or what, as said.
        aspect: one of `ASPECTS`.
        said: the claim in its own words, with number and unit.
        readings: of a number, every way in which it may be meant; empty where none was given.
        bound: one of `BOUNDS`.
        moment: of a time, in UTC; `digit_s` is 60 where it was said to the minute, else 1.
        answer: of "inside/outside" and "verdict".
        source: where it was reported.
    """

    number: int
    case: str
    party: str
    by: str
    of: str
    quantity: str
    aspect: str
    said: str
    readings: tuple[Reading, ...]
    bound: str
    moment: datetime | None
    digit_s: float
    answer: str
    source: str

    @property
    def moments_s(self) -> tuple[float, float]:
        """From when to when a time may be, in s since 1970; NaN where it is none."""
        at = self.moment.timestamp() if self.moment else float("nan")
        return at - self.digit_s / 2.0, at + self.digit_s

    @property
    def subject(self) -> str:
        """Whom it is of, so that "the aircraft" and "two aircraft" are the same."""
        return subject(self.of)


def subject(of: str) -> str:
    """Return whom something is of: "the aircraft" and "two aircraft" are the same."""
    return re.sub(r"^(the|a|an|two|both)\s+", "", of.strip().lower())


def read_claims(path: Path) -> list[Claim]:
    """Read claims from a JSON file.

    Raises:
        InputError: it cannot be read, or a claim in it cannot be used; the message names the claim and what it lacks.
    """
    return claims_of(_rows(path), str(path))


def claims_as_text(path: Path, case: str | None = None) -> list[dict[str, str]]:
    """Return the claims of a JSON file as they go into a statement, numbers as text with all their digits; of one case, or all.

    Raises:
        InputError: as `read_claims`, or there is no such case.
    """
    rows = _rows(path)
    claims_of(rows, str(path))
    cases = list(dict.fromkeys(row["case"] for row in rows))
    if case is not None and case not in cases:
        raise ParameterError("--case", case, "is none of this file", remedy=f"choose from {', '.join(cases)}")
    return [
        {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in row.items() if value}
        | ({"value": "0"} if row.get("value") == 0 else {})
        for row in rows
        if case in (None, row["case"])
    ]


def _rows(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"is larger than {MOST_BYTES // 1_000_000} MB", path=str(path))
        told: Any = json.loads(path.read_text("utf-8"), parse_float=Decimal, parse_int=Decimal)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=str(path)) from None
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise InputError(f"is no JSON ({error})", path=str(path), remedy="give a list of claims") from None
    if not isinstance(told, list):
        raise InputError("is no list of claims", path=str(path), remedy="put the claims between [ and ]")
    return cast("list[Any]", told)


def claims_of(rows: list[Any], path: str | None = None) -> list[Claim]:
    """Return the claims that rows of JSON say; a number may be text, so that 1.50 keeps its last digit.

    Raises:
        InputError: one cannot be used; the message names the claim and what it lacks.
    """
    if len(rows) > MOST_CLAIMS:
        raise InputError(f"has more than {MOST_CLAIMS:,} claims", path=path)
    claims: list[Claim] = []
    for number, row in enumerate(rows, 1):
        try:
            claims.append(_claim(number, row))
        except (InputError, ParameterError) as error:
            raise InputError(str(error), path=path, place=f"claim {number}") from None
    return claims


def _claim(number: int, row: Any) -> Claim:
    if not isinstance(row, dict):
        raise InputError("is no object", remedy='write it like {"case": ..., "by": ..., "quantity": ...}')
    given = cast("dict[str, Any]", row)
    known = {"case", "by", "of", "quantity", "what", "value", "unit", "bound", "source", "aspect"}
    if unknown := sorted(given.keys() - known):
        raise InputError(f"has no field {unknown[0]!r}", remedy=f"choose from {', '.join(sorted(known))}")
    case, by, of, what = (_text(given, name) for name in ("case", "by", "of", "what"))
    quantity = _one_of(given, "quantity", QUANTITIES)
    bound = _one_of(given, "bound", BOUNDS, "exactly")
    value, unit = _value(given, quantity), _text(given, "unit", "")
    aspect = _one_of(given, "aspect", ASPECTS, _aspect(quantity, f"{what} {of}" if quantity == "verdict" else what))
    readings: tuple[Reading, ...] = ()
    moment, digit_s, answer = None, 0.0, ""
    if quantity == "time":
        moment, digit_s = _moment(value)
    elif quantity == "verdict":
        answer = what
    elif quantity == "inside/outside":
        answer = _one_of(given, "value", ("inside", "outside"))
    elif isinstance(value, Decimal):
        readings = _readings(quantity, value, unit)
    elif value is not None and not isinstance(value, str):
        raise InputError(f"value {value!r} is neither a number nor words", remedy="write a number, words, or null")
    said = what if value is None or quantity == "inside/outside" else f"{what}: {_in_words(bound, value, unit)}"
    if moment is not None:
        said += f" ({moment:%H:%M:%S} UTC)"
    return Claim(
        number, case, by.split(",")[0].strip(), by, of, quantity, aspect, said, readings, bound, moment, digit_s,
        answer, _text(given, "source", ""),
    )  # fmt: skip


def _value(given: dict[str, Any], quantity: str) -> Any:
    value = given.get("value")
    if quantity in _NUMBERS and isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return value


def _text(given: dict[str, Any], name: str, default: str | None = None) -> str:
    value = given.get(name, default)
    if value is None and default is not None:
        value = default
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise InputError(f"lacks {name!r}", remedy="write it as text")
    if len(value) > MOST_TEXT:
        raise InputError(f"{name!r} is longer than {MOST_TEXT:,} characters")
    return value


def _one_of(given: dict[str, Any], name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
    value = given.get(name, default)
    if value not in allowed:
        raise InputError(f"{name} {value!r} is none that is known", remedy=f"choose from {', '.join(allowed)}")
    return value


def _aspect(quantity: str, words: str) -> str:
    for kind, pattern, aspect in _PHRASES:
        if kind == quantity and re.search(pattern, words.lower()):
            return aspect
    return "other"


def _moment(value: Any) -> tuple[datetime, float]:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError(f"{value!r} is no ISO 8601 time", remedy='write it like "2015-11-24T09:24:05+02:00"') from None
    if moment.tzinfo is None:
        raise InputError(
            f"{value!r} does not say its time zone", remedy="add it, +03:00 for Moscow, +02:00 for Turkey in winter"
        )
    return moment.astimezone(UTC), 1.0 if moment.second or moment.microsecond else 60.0


def _readings(quantity: str, value: Decimal, unit: str) -> tuple[Reading, ...]:
    if not value.is_finite() or abs(value) > 10**12:
        raise InputError(f"value {value} is no number that can be used")
    digit = float(_last_digit(value))
    number = float(value)
    if quantity in {"distance", "altitude"}:
        units, digits = length_readings_m(number, unit), length_readings_m(digit, unit)
        return tuple(Reading(name, units[name], digits[name]) for name in units)
    if quantity == "duration":
        return (Reading(unit, duration_s(number, unit), duration_s(digit, unit)),)
    if quantity == "speed":
        return (Reading(unit, speed_mps(number, unit), speed_mps(digit, unit)),)
    if quantity == "count":
        if value != value.to_integral_value() or value < 0:
            raise InputError(f"value {value} is no count")
        return (Reading(unit, number, 0.0),)
    return ()


def _last_digit(value: Decimal) -> Decimal:
    """What one is worth in the last digit that is no rounding zero: 1000 of 19000, 0.01 of 1.15."""
    exponent = value.normalize().as_tuple().exponent if value else value.as_tuple().exponent
    written = value.as_tuple().exponent
    if isinstance(written, int) and written < 0:  # a zero after the point is meant: 1.50
        exponent = written
    return Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)


def _in_words(bound: str, value: Any, unit: str) -> str:
    number = f"{value:,f}" if isinstance(value, Decimal) else str(value)
    words = number if unit in {"local time", ""} else f"{number} {unit}"
    return words if bound == "exactly" else f"{bound} {words}"
