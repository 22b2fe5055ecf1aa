"""What is asked with: bodies, and times."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, field_validator

from overflight.errors import ParameterError

_FIRST, _LAST = 1, 9999
"""Years of the calendar whose ends nothing can be reckoned beyond."""


class Body(BaseModel):
    """What is sent: nothing beyond what is asked for."""

    model_config = ConfigDict(extra="forbid", str_max_length=5000)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: object) -> object:
        """Refuse what a database cannot hold: NUL, and halves of characters."""
        if isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
            raise ValueError("has a character that cannot be kept")
        return value


def utc(moment: datetime, name: str) -> datetime:
    """Return a time in UTC; one without an offset is taken for UTC.

    Raises:
        ParameterError: it is at the end of the calendar, where nothing can be reckoned.
    """
    if not _FIRST < moment.year < _LAST:
        raise ParameterError(name, f"{moment.year:04d}", "is no year to ask for", remedy="give another")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
