"""Typed errors: each says what is wrong, where, and what to do about it.

The command line prints one in a line and ends with exit code 2, the API raises it, a service turns it into a
problem document. Nothing else in the package formats errors.
"""

from __future__ import annotations


class OverflightError(Exception):
    """Base of every error that Overflight raises on purpose."""


class InputError(OverflightError, ValueError):
    """Something that came from outside cannot be used.

    Attributes:
        path: the file, folder or stream, as the user named it; None where there is none (a table given in Python).
        place: where in it ("line 12", "byte 4096", "column altitude"); None where the whole is meant.
        reason: what is wrong, in one clause.
        remedy: what to do, in one clause.
    """

    def __init__(
        self, reason: str, *, path: str | None = None, place: str | None = None, remedy: str | None = None
    ) -> None:
        """Keep the parts; the message is made from them."""
        self.path, self.place, self.reason, self.remedy = path, place, reason, remedy
        where = ", ".join(part for part in (path, place) if part)
        message = f"{where}: {reason}" if where else reason
        super().__init__(f"{message}; {remedy}" if remedy else message)


class ParameterError(OverflightError, ValueError):
    """A parameter has a value that makes no sense.

    Attributes:
        parameter: its name, as on the command line.
        value: the value given.
    """

    def __init__(self, parameter: str, value: object, reason: str, *, remedy: str | None = None) -> None:
        """Keep the parts; the message is made from them."""
        self.parameter, self.value, self.reason, self.remedy = parameter, value, reason, remedy
        message = f"{parameter}: {value!r} {reason}"
        super().__init__(f"{message}; {remedy}" if remedy else message)


class MissingError(InputError):
    """What was asked for by its name is not there."""


class ConflictError(ParameterError):
    """What was asked for does not fit how things stand now."""
