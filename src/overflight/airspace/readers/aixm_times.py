"""When an AIXM feature is what it says: its time slices (AIXM 5.1 Temporality Model), validity and activation.

The baseline with the highest sequence and correction number is read. It holds during its validTime. Schedules recur
without end and are told in a note, not expanded: such a volume is taken as always active, which can report a flight too
many but never one too few.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final

from overflight.airspace.readers.aixm_document import AixmError, Element, local, own_text, text
from overflight.airspace.volume import Window
from overflight.errors import ParameterError
from overflight.units import parse_time

_MIDNIGHTS: Final = {"00:00", "24:00", "23:59"}


def latest(features: list[Element]) -> tuple[Element, list[str]]:
    """Return the newest baseline among the elements of one feature, and notes on what is left out.

    Raises:
        AixmError: there is none.
    """
    slices = [part for feature in features for part in feature.iterfind("{*}timeSlice/{*}*")]
    kinds = Counter(text(part, "interpretation") or "none" for part in slices)
    for wanted in ("BASELINE", "SNAPSHOT"):
        found = [part for part in slices if text(part, "interpretation") == wanted]
        if found:
            break
    else:
        told = ", ".join(sorted(kinds)) or "no time slice"
        raise AixmError(f"it has no baseline ({told}): what it changes is described elsewhere")
    found.sort(key=lambda part: (_ordinal(part, "sequenceNumber"), _ordinal(part, "correctionNumber")))
    notes: list[str] = []
    if len(found) > 1:
        notes.append(f"{len(found) - 1} earlier baselines are left out")
    notes += [f"{count} {kind} time slices are not applied" for kind, count in sorted(kinds.items()) if kind != wanted]
    return found[-1], notes


def _ordinal(part: Element, name: str) -> int:
    value = text(part, name)
    return int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 10 else 0


def validity(part: Element, notes: list[str]) -> tuple[Window, ...]:
    """Return when a time slice is valid; empty for always.

    Raises:
        AixmError: it ends before it begins.
    """
    period = part.find("{*}validTime/{*}TimePeriod")
    if period is None:
        return ()
    start, end = (_moment(period, name, notes) for name in ("beginPosition", "endPosition"))
    if start is not None and end is not None and end <= start:
        raise AixmError(f"its validity ends at {end:%Y-%m-%dT%H:%MZ}, before it begins")
    return () if start is None and end is None else (Window(start, end),)


def _moment(period: Element, name: str, notes: list[str]) -> datetime | None:
    value = text(period, name)
    if value is None:  # an indeterminatePosition: unknown, now, after
        return None
    try:
        return parse_time(value, name)
    except (ParameterError, OverflowError):
        notes.append(f"{name} {value[:40]!r} is no date, taken as open")
        return None


def activation(part: Element, notes: list[str]) -> None:
    """Note when the airspace is active as far as that is not always.

    Raises:
        AixmError: it is published as inactive at all times.
    """
    found = part.findall("{*}activation/{*}AirspaceActivation")
    told = [(text(each, "status") or "", _sheets(each), text(each, "activity")) for each in found]
    if told and all(status == "INACTIVE" and sheets is None for status, sheets, _ in told):
        raise AixmError("it is published as INACTIVE: it holds only while a NOTAM activates it")
    for status, sheets, activity in told:
        if status in {"ACTIVE", "IN_USE", ""} and sheets is None:
            continue
        what = " ".join(filter(None, (status, f"({activity})" if activity else None, sheets or "at all times")))
        notes.append(f"activation {what}: taken as active at all times")


def _sheets(active: Element) -> str | None:
    """Write a schedule in one line; None for always."""
    sheets = [sheet for sheet in active.findall("{*}timeInterval/{*}Timesheet") if not _always(sheet)]
    if not sheets:
        return None
    lines: list[str] = []
    for sheet in sheets:
        value = {local(child): own_text(child) for child in sheet}
        days = "-".join(filter(None, (value.get("day"), value.get("dayTil"))))
        dates = " to ".join(filter(None, (value.get("startDate"), value.get("endDate"))))
        hours = "-".join(
            value.get(f"{end}Time") or value.get(f"{end}Event") or "?" for end in ("start", "end")
        )  # an event is sunrise (SR) or sunset (SS)
        but = "except" if value.get("excluded") == "YES" else None
        lines.append(" ".join(filter(None, (but, dates, days, hours, value.get("timeReference")))))
    return "; ".join(lines)


def _always(sheet: Element) -> bool:
    value = {local(child): own_text(child) for child in sheet}
    return (
        value.get("day") in {"ANY", None}
        and value.get("startTime") == "00:00"
        and value.get("endTime") in _MIDNIGHTS
        and not value.get("startDate")
        and not value.get("endDate")
        and value.get("excluded") != "YES"
    )
