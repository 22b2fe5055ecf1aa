"""The state of an alarm: whether what it warns of goes on, whether somebody has seen it, and whether somebody has put it aside.

After ANSI/ISA-18.2-2016 (5.2, the alarm state model) and OPC UA Part 9 (5.8, AlarmConditionType). Alarms latch: one whose cause has gone stays in
the list until somebody has acknowledged it. An alarm that returns, or gets graver, asks for attention again, whoever had acknowledged it before.
Putting aside hides, it does not forget: underneath, cause and acknowledgement go on changing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from overflight.errors import ConflictError, ParameterError

State = Literal[
    "unacknowledged", "acknowledged", "returned", "normal", "shelved", "suppressed", "out_of_service"
]  # fmt: skip
LONGEST_SHELVED: Final = timedelta(hours=12)
"""A shift and what it hands over: nobody should have to find out that an alarm was put aside for good."""


@dataclass(frozen=True)
class AlarmState:
    """The state of one alarm.

    Attributes:
        active: whether what it warns of goes on.
        acknowledged: whether somebody has seen it since it last asked for attention.
        shelved_until: put aside by a person until then.
        suppressed: put aside because another alarm or condition says the same.
        out_of_service: put aside by who looks after the system.
    """

    active: bool = True
    acknowledged: bool = False
    shelved_until: datetime | None = None
    suppressed: bool = False
    out_of_service: bool = False

    @property
    def name(self) -> State:
        """The state in one word: what it was put aside by goes before the rest."""
        if self.out_of_service:
            return "out_of_service"
        if self.suppressed:
            return "suppressed"
        if self.shelved_until is not None:
            return "shelved"
        if self.active:
            return "acknowledged" if self.acknowledged else "unacknowledged"
        return "normal" if self.acknowledged else "returned"

    def raised(self, *, graver: bool = False) -> AlarmState:
        """What it warns of goes on; it asks for attention again if it had gone, or has become `graver`."""
        return replace(self, active=True, acknowledged=self.acknowledged and self.active and not graver)

    def cleared(self) -> AlarmState:
        """What it warns of has gone; that somebody has seen it is not said by that."""
        return replace(self, active=False)

    def acknowledge(self) -> AlarmState:
        """Somebody has seen it.

        Raises:
            ConflictError: somebody has already.
        """
        if self.acknowledged:
            raise ConflictError("acknowledge", self.name, "is acknowledged already", remedy="add a note instead")
        return replace(self, acknowledged=True)

    def shelve(self, until: datetime, now: datetime) -> AlarmState:
        """A person puts it aside for a while, or for another while.

        Raises:
            ParameterError: the while is none, or too long.
        """
        if not now < until <= now + LONGEST_SHELVED:
            hours = LONGEST_SHELVED / timedelta(hours=1)
            remedy = f"give a time within the next {hours:g} hours"
            raise ParameterError("shelve", f"{until:%Y-%m-%dT%H:%M:%SZ}", "is no time to shelve until", remedy=remedy)
        return replace(self, shelved_until=until)

    def unshelve(self) -> AlarmState:
        """Take it back from the shelf.

        Raises:
            ConflictError: it is not there.
        """
        if self.shelved_until is None:
            raise ConflictError("unshelve", self.name, "is not shelved", remedy="nothing is to be done")
        return replace(self, shelved_until=None)

    def at(self, now: datetime) -> AlarmState:
        """The state at a time: what was shelved until then comes back by itself."""
        over = self.shelved_until is not None and self.shelved_until <= now
        return replace(self, shelved_until=None) if over else self

    def suppress(self, *, suppressed: bool) -> AlarmState:
        """Put it aside because something else says the same, or take it back."""
        return replace(self, suppressed=suppressed)

    def service(self, *, out: bool) -> AlarmState:
        """Take it out of service, or put it back."""
        return replace(self, out_of_service=out)
