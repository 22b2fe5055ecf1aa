"""`Refusal`: what a register answers instead of what was asked for, with the standard's status."""

from __future__ import annotations

from typing import Any

from overflight.errors import OverflightError


class Refusal(OverflightError):  # noqa: N818  what it is, with a status that need not be an error
    """The register does not do it.

    Attributes:
        status: as HTTP has it, and the standard's API uses it.
        more: what the answer says besides the message.
    """

    def __init__(self, status: int, message: str, **more: Any) -> None:
        """Keep the parts."""
        super().__init__(message)
        self.status, self.more = status, more
