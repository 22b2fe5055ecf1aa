"""Item D of a NOTAM: the hours between its start and its end at which it is active.

Written by the rules of ICAO Doc 8126 (NOTAM format, item D) and OPADD, as offices really write them::

    0400-0600                                   every day
    DAILY 0045-0500 2000-0045                   twice every day, the second past midnight
    26 MAR - 30 APR 0215-1030                   every day of a span; also MAR 26-APR 30
    MAR 26 28 30 0900-1700, APR 01-05 H24       lists of days
    01 0300-1100 06 08 15 0255-1100             days without a month: all such between start and end
    2409242200 TO 2409250400                    whole dates and times
    MON-FRI 0600-0930 1030-1300 EXC SAT SUN     weekdays, exceptions
    0253-0403 AND 0729-0839 ON 04               hours first

All times are UTC. What is not understood in full (sunrise, holidays alone, local time) is not understood at all: then the
notice counts as active from start to end, which is the safe side. An end of 2359 is the end of the day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from overflight.airspace.readers.notam_fields import read_time
from overflight.airspace.volume import Window

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_LONGEST_DAYS = 3700
_TOKEN = re.compile(
    r"(?P<hours>\d{4}-\d{4})|(?P<h24>H24|24HR?S?\b)|(?P<day>\d{1,2}(?!\d))|(?P<year>20\d\d(?![\d-]))"
    rf"|(?P<month>{'|'.join(MONTHS)})(?:R?UARY|CH|IL|E|Y|UST|T|(?:TEM|O|EM)BER)?\b"
    rf"|(?P<weekday>{'|'.join(WEEKDAYS)})(?:(?:S|NES|RS|UR)?DAYS?|S|RS)?\b|(?P<exc>EXC(?:EPT|L|LUDING)?\b)"
    r"|(?P<on>ON\b)|(?P<dash>-)|(?P<weak>[,;.:&]|AND\b|DAILY\b|DLY\b|DAYS?\b|EV(?:ERY)?\b|EACH\b|UTC\b|BTN\b)|(?P<hol>HOL(?:IDAYS?)?\b)|(?P<other>\S+)"
)
Hours = tuple[timedelta, timedelta]
_Day = tuple[int | None, int]  # month, None where none is said, and day
_Span = tuple[_Day, _Day]
_Token = tuple[str, str]  # its kind, one of the groups of _TOKEN, and its text


class ScheduleError(ValueError):
    """A schedule that is not understood; says which part."""


@dataclass(frozen=True)
class _Clause:
    """Days and hours that belong together; no days or weekdays are all of them."""

    days: list[_Span] = field(default_factory=list[_Span])
    weekdays: frozenset[int] = frozenset()
    hours: list[Hours] = field(default_factory=list[Hours])
    except_days: list[_Span] = field(default_factory=list[_Span])
    except_weekdays: frozenset[int] = frozenset()


def expand(text: str, start: datetime | None, end: datetime | None) -> tuple[tuple[Window, ...], list[str]]:
    """Write a schedule out as windows between the notice's start and end.

    Returns:
        The windows in order, none touching the next, and notes.

    Raises:
        ScheduleError: it is not understood, has no end, or leaves nothing between start and end.
    """
    if start is None or end is None:
        raise ScheduleError("has no start or no end to lie between")
    if (end - start).days > _LONGEST_DAYS:
        raise ScheduleError(f"runs for more than {_LONGEST_DAYS} days")
    if moments := _moments(text):
        return tuple(Window(begin, until) for begin, until in _merged(_clipped(moments, start, end))), []
    tokens, notes = _tokens(text)
    clauses = _hours_first(tokens) or _days_first(tokens, notes)
    windows: list[tuple[datetime, datetime]] = []
    for clause in clauses:
        days = _matching(clause, start, end)
        windows += _clipped([(day + begin, day + until) for day in days for begin, until in clause.hours], start, end)
    return tuple(Window(begin, until) for begin, until in _merged(windows)), notes


def _moments(text: str) -> list[tuple[datetime, datetime]]:
    """Spans of whole dates and times, "2409242200 TO 2409250400"; none where the schedule is of another form."""
    span = r"(\d{10})\s*(?:-|–|TO|TILL|UNTIL)\s*(\d{10})"
    if not re.fullmatch(rf"(?:{span}[\s,.;]*)+", text.strip().upper()):
        return []
    found = [(read_time(begin), read_time(until)) for begin, until in re.findall(span, text.upper())]
    spans = [(begin, until) for begin, until in found if begin is not None and until is not None]
    if len(spans) < len(found):
        raise ScheduleError("names a time that is none")
    return spans


def _clipped(spans: list[tuple[datetime, datetime]], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    inside = [(max(begin, start), min(until, end)) for begin, until in spans]
    inside = [(begin, until) for begin, until in inside if begin < until]
    if not inside:
        raise ScheduleError("names days or hours outside the notice's time")
    return inside


def _tokens(text: str) -> tuple[list[_Token], list[str]]:
    plain = " ".join(text.upper().split())
    plain = re.sub(r"(\d{4})\s?(?:UTC|Z)\b", r"\1", plain)
    plain = re.sub(r"\bBTN\s*(\d{4})\s*(?:/|AND)\s*(\d{4})", r"\1-\2", plain)
    plain = re.sub(r"(?<=\d{4})\s*(?:-|–|\bTO\b|\bTILL\b|\bUNTIL\b)\s*(?=\d{4}(?!\d))", "-", plain)
    plain = re.sub(r"\b(?:TO|TILL|UNTIL|THRU)\b|–", "-", plain)
    plain = re.sub(r"\bNOT\s+ON\b", "EXC", plain)
    notes: list[str] = []
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(plain):
        kind = match.lastgroup or "other"
        if kind == "other":
            raise ScheduleError(f"says {match[0]!r}")
        if kind == "hol":
            since = [kind for kind, _ in tokens]
            if "exc" not in since or {"hours", "h24"} & set(since[len(since) - since[::-1].index("exc") :]):
                raise ScheduleError("is active on holidays, which are not known")
            notes.append("holidays are not known: taken as days like others")
        elif kind not in {"weak", "year"}:
            tokens.append((kind, match[kind]))
    return tokens, notes


def _hours(kind: str, text: str) -> Hours:
    if kind == "h24":
        return timedelta(0), timedelta(days=1)
    (h1, m1), (h2, m2) = ((int(part[:2]), int(part[2:])) for part in text.split("-"))
    if h1 > 23 or h2 > 24 or m1 > 59 or m2 > 59 or (h2 == 24 and m2):
        raise ScheduleError(f"says {text!r}")
    begin, until = timedelta(hours=h1, minutes=m1), timedelta(hours=h2, minutes=m2)
    if (h2, m2) == (23, 59):
        until = timedelta(days=1)
    return begin, until if until > begin else until + timedelta(days=1)


def _hours_first(tokens: list[_Token]) -> list[_Clause]:
    """Clauses of the form "0253-0403 0729-0839 ON 04"; none where the schedule is of another form."""
    if not any(kind == "on" for kind, _ in tokens) or tokens[0][0] not in {"hours", "h24"}:
        return []
    clauses: list[_Clause] = []
    at = 0
    while at < len(tokens):
        hours: list[Hours] = []
        while at < len(tokens) and tokens[at][0] in {"hours", "h24"}:
            hours.append(_hours(*tokens[at]))
            at += 1
        if not hours or at >= len(tokens) or tokens[at][0] != "on":
            raise ScheduleError("mixes hours before and after their days")
        days, weekdays, at = _dates(tokens, at + 1)
        if not days and not weekdays:
            raise ScheduleError("says ON without a day")
        clauses.append(_Clause(days, weekdays, hours))
    return clauses


def _days_first(tokens: list[_Token], notes: list[str]) -> list[_Clause]:
    tokens = [token for token in tokens if token[0] != "on"]
    clauses: list[_Clause] = []
    at = 0
    while at < len(tokens):
        days, weekdays, at = _dates(tokens, at)
        clause = _Clause(days, weekdays)
        clause, at = _exception(tokens, at, clause, notes)
        while at < len(tokens) and tokens[at][0] in {"hours", "h24"}:
            clause.hours.append(_hours(*tokens[at]))
            at += 1
        if not clause.hours:
            raise ScheduleError("has days without hours" if at >= len(tokens) else f"says {tokens[at][1]!r}")
        clause, at = _exception(tokens, at, clause, notes)
        clauses.append(clause)
    if not clauses:
        raise ScheduleError("is empty")
    return clauses


def _exception(tokens: list[_Token], at: int, clause: _Clause, notes: list[str]) -> tuple[_Clause, int]:
    if at >= len(tokens) or tokens[at][0] != "exc":
        return clause, at
    days, weekdays, after = _dates(tokens, at + 1, weekdays_end=True)
    if days and clause.hours and after < len(tokens) and tokens[after][0] in {"hours", "h24"}:
        # "EXC APR 10 0600-1300": other hours on that day, or none in these? Both count.
        notes.append("an exception with hours of its own is not taken off")
        return clause, at + 1
    return replace(clause, except_days=days, except_weekdays=weekdays), after


class _Dates:
    """Days and weekdays, gathered word by word.

    The month stands before its days or after them, as the first of the two says.
    """

    def __init__(self, first: str) -> None:
        """Start with the kind of the first word that is a day or a month."""
        self.spans: list[_Span] = []
        self.weekdays: set[int] = set()
        self._month_follows = first == "day"
        self._month: int | None = None
        self._waiting: list[tuple[int, int]] = []  # for their month: (index in spans, 0 first day, 1 last day)
        self._dash = False
        self._before = ""  # the kind of the word before
        self._after = ""  # the kind of the word before the dash
        self._begin = 0  # the weekday before

    def add(self, kind: str, word: str) -> None:
        """Take one word."""
        if kind == "dash":
            if self._before not in {"day", "month", "weekday"}:
                raise ScheduleError("has a dash out of place")
            self._after = self._before
            self._dash = True
        elif kind == "weekday":
            self._weekday(word)
        elif kind == "month":
            self._name_month(MONTHS.index(word) + 1)
        else:
            self._day(int(word), word)
        self._before = kind

    def _weekday(self, word: str) -> None:
        number = WEEKDAYS.index(word)
        if self._dash:
            if self._after != "weekday":
                raise ScheduleError(f"says {word!r} after a dash")
            self.weekdays |= {(self._begin + step) % 7 for step in range((number - self._begin) % 7 + 1)}
        self.weekdays.add(number)
        self._begin, self._dash = number, False

    def _name_month(self, month: int) -> None:
        for index, side in self._waiting:
            first, last = self.spans[index]
            self.spans[index] = ((month, first[1]), last) if side == 0 else (first, (month, last[1]))
        self._waiting = []
        self._month = None if self._month_follows else month

    def _day(self, day: int, word: str) -> None:
        if not 1 <= day <= 31:
            raise ScheduleError(f"says day {word}")
        point = (self._month, day)
        if self._dash:
            if not self.spans or self._after == "weekday":
                raise ScheduleError(f"says {word!r} after a dash")
            self.spans[-1] = (self.spans[-1][0], point)
        else:
            self.spans.append((point, point))
        if self._month_follows:
            self._waiting += [(len(self.spans) - 1, side) for side in ((1,) if self._dash else (0, 1))]
        self._dash = False

    def finish(self) -> None:
        """See that nothing is left open."""
        if self._dash:
            raise ScheduleError("ends in a dash")
        if self._month is not None and not self.spans:
            raise ScheduleError("names a month without days")


def _dates(tokens: list[_Token], at: int, *, weekdays_end: bool = False) -> tuple[list[_Span], frozenset[int], int]:
    """Read days and weekdays up to whatever is neither; with `weekdays_end`, days after weekdays belong to what follows."""
    dates = _Dates(next((kind for kind, _ in tokens[at:] if kind in {"day", "month"}), ""))
    while at < len(tokens) and tokens[at][0] in {"dash", "weekday", "month", "day"}:
        if weekdays_end and dates.weekdays and tokens[at][0] in {"month", "day"}:
            break
        dates.add(*tokens[at])
        at += 1
    dates.finish()
    return dates.spans, frozenset(dates.weekdays), at


def _matching(clause: _Clause, start: datetime, end: datetime) -> Iterator[datetime]:
    """Midnights of the days that a clause names, from the day before the start."""
    day = start.date() - timedelta(days=1)
    while day <= end.date():
        inside = not clause.days or any(_within(day, *span) for span in clause.days)
        inside = inside and (not clause.weekdays or day.weekday() in clause.weekdays)
        inside = inside and not any(_within(day, *span) for span in clause.except_days)
        if inside and day.weekday() not in clause.except_weekdays:
            yield datetime(day.year, day.month, day.day, tzinfo=UTC)
        day += timedelta(days=1)


def _within(day: date, first: _Day, last: _Day) -> bool:
    """Whether a day lies in a span of days of the year, or of every month where no month is said."""
    (month_1, day_1), (month_2, day_2) = first, last
    if month_1 is None and month_2 is None:
        low, at, high = (0, day_1), (0, day.day), (0, day_2)
    else:
        low = (month_1 or month_2 or 0, day_1)
        at, high = (day.month, day.day), (month_2 or month_1 or 0, day_2)
    return low <= at <= high if low <= high else at >= low or at <= high


def _merged(windows: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for begin, until in sorted(windows):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((begin, until))
    return merged
