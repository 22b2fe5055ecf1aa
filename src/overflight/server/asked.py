"""What queries ask with: times and areas."""

from __future__ import annotations

from datetime import UTC, datetime

from overflight.errors import ParameterError

_FIRST, _LAST = 1, 9999
"""Years of the calendar whose ends nothing can be reckoned beyond."""


def utc(moment: datetime, name: str) -> datetime:
    """Return a time in UTC; one without an offset is taken for UTC.

    Raises:
        ParameterError: it is at the end of the calendar, where nothing can be reckoned.
    """
    if not _FIRST < moment.year < _LAST:
        raise ParameterError(name, f"{moment.year:04d}", "is no year to ask for", remedy="give another")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def bbox(text: str) -> tuple[float, float, float, float]:
    """Read "W,S,E,N" in degrees.

    Raises:
        ParameterError: not four numbers.
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        remedy = "give west, south, east and north in degrees, with commas"
        raise ParameterError("bbox", text[:40], "is no area", remedy=remedy) from None
    return west, south, east, north
