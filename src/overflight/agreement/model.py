"""An agreement as typed data: parties, their versions of it over time, and rules.

Nothing here decides anything. A rule says what was agreed; a party's version may say it otherwise, or be suspended or disputed.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from overflight.errors import ParameterError
from overflight.units import parse_duration_s, parse_length_m

UNDISCLOSED: Final = "undisclosed"
DECLARED: Final = "declared"
"""The corridor that is what a party has declared of its operations."""
BORDER: Final = "border"
"""The border that the agreement is about, as each party draws it."""

Status = Literal["in_force", "suspended", "disputed"]


def _checked(read: Any) -> Any:
    """Hold a text against a reader, and keep the text."""

    def check(text: str) -> str:
        try:
            read(text)
        except ParameterError as error:
            raise ValueError(error.reason) from None
        return text

    return AfterValidator(check)


def _length(text: str) -> None:
    if text != UNDISCLOSED:
        parse_length_m(text)


def _utc(moment: Any) -> Any:
    """A time without an offset is UTC; a date is its first moment."""
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$")]
Length = Annotated[str, _checked(_length)]
Duration = Annotated[str, _checked(parse_duration_s)]
Moment = Annotated[datetime, AfterValidator(_utc)]
Addresses = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{6}(-[0-9A-Fa-f]{6})?$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Aircraft(_Part):
    """Which aircraft are a party's: address ranges, patterns of callsigns, and single tracks marked by hand."""

    icao24: list[Addresses] = []
    callsign: list[str] = []
    track_id: list[str] = []


class Version(_Part):
    """How a party sees the agreement from a time on, until its next version."""

    name: str
    since: Moment
    status: Status = "in_force"
    reason: str = ""
    rules: dict[Name, dict[str, Any]] = {}


class Party(_Part):
    """A party: its aircraft, its border, and its versions in order of time."""

    id: Name
    name: str = ""
    aircraft: Aircraft = Aircraft()
    border: str | None = None
    version: Annotated[list[Version], Field(min_length=1)]


class _Rule(_Part):
    id: Name
    text: str
    since: Moment | None = None
    until: Moment | None = None
    parties: list[Name] = []


class SafeDistance(_Rule):
    """Aircraft of two parties keep a distance: below both at once is a breach."""

    kind: Literal["safe_distance"]
    horizontal: Length
    vertical: Length


class Conduct(_Rule):
    """Who comes near the other party's aircraft, how near and how fast: reported, never judged."""

    kind: Literal["conduct"]
    horizontal: Length
    vertical: Length


class Line(_Rule):
    """A line that a party does not cross: not at all, or so many times a day, or with a call before."""

    kind: Literal["line"]
    line: str
    entry: Literal["never", "with_call"] = "never"
    call_within: Duration = "60 min"
    daily_count: Annotated[int, Field(ge=0)] = 0


class Zone(_Rule):
    """A volume that a party does not enter, or only after a call."""

    kind: Literal["zone"]
    volume: str
    entry: Literal["never", "with_call"] = "never"
    call_within: Duration = "60 min"


class Notice(_Rule):
    """A flight in an area must be covered by a declared operation, which was declared early enough."""

    kind: Literal["notice"]
    area: str
    lead: Duration = "0 s"


class Corridor(_Rule):
    """While in an area, a party's aircraft stay inside a corridor, or inside what their party has declared (`DECLARED`)."""

    kind: Literal["corridor"]
    area: str
    corridor: str
    tolerance: Duration = "0 s"


class AltitudeBlock(_Rule):
    """While in an area, a party's aircraft stay between two levels."""

    kind: Literal["altitude_block"]
    area: str
    floor: str
    ceiling: str
    tolerance: Duration = "0 s"


class Visible(_Rule):
    """While in an area, a party's aircraft can be seen: by transponder, flight plan, or contact."""

    kind: Literal["visible"]
    area: str
    means: Annotated[list[Literal["transponder", "flight_plan", "contact"]], Field(min_length=1)]
    call_within: Duration = "60 min"


class Contact(_Rule):
    """A call on an agreed frequency is answered within a time."""

    kind: Literal["contact"]
    frequency: str
    answered_within: Duration


class Hotline(_Rule):
    """A call on the line between the parties is acknowledged within a time."""

    kind: Literal["hotline"]
    acknowledged_within: Duration


Rule = Annotated[
    SafeDistance | Conduct | Line | Zone | Notice | Corridor | AltitudeBlock | Visible | Contact | Hotline,
    Field(discriminator="kind"),
]
PAIRS: Final = ("safe_distance", "conduct")
AREAS: Final = ("line", "zone", "notice", "corridor", "altitude_block", "visible")
CALLS: Final = ("contact", "hotline")
RULES: Final = (*PAIRS, *AREAS, *CALLS)
"""Every kind of rule: what is asked of pairs of aircraft, of stays in areas, and of calls."""
_FIXED: Final = frozenset({"id", "kind", "text", "parties"})


class Disclosure(_Part):
    """In which steps a party is told of another's operation that is in its way, always outwards: degrees of latitude and longitude, levels, times."""

    place_deg: Annotated[float, Field(ge=0.001, le=5.0)] = 0.05
    level: Annotated[str, _checked(parse_length_m)] = "1000 ft"
    time: Duration = "5 min"


class Agreement(_Part):
    """What was agreed, and by whom."""

    title: str
    note: str = ""
    disclosure: Disclosure = Disclosure()
    party: Annotated[list[Party], Field(min_length=2)]
    rule: Annotated[list[Rule], Field(min_length=1)]
    _folder: Path = PrivateAttr(default=Path())
    _digest: str = PrivateAttr(default="")

    @property
    def folder(self) -> Path:
        """Where files that it names are looked for: beside its own."""
        return self._folder

    @property
    def digest(self) -> str:
        """SHA-256 of its file."""
        return self._digest

    def read_from(self, path: Path, content: bytes) -> Agreement:
        """Say which file it was read from; returns itself."""
        self._folder, self._digest = path.parent, hashlib.sha256(content).hexdigest()
        return self

    @property
    def rules(self) -> list[Any]:
        """The rules, for whoever asks each for what its kind has."""
        return list(self.rule)

    @model_validator(mode="after")
    def _whole(self) -> Agreement:
        parties = [one.id for one in self.party]
        rules = {one.id: one for one in self.rule}
        if len(set(parties)) != len(parties):
            raise ValueError("two parties have one id")
        if len(rules) != len(self.rule):
            raise ValueError("two rules have one id")
        for rule in self.rule:
            if unknown := [name for name in rule.parties if name not in parties]:
                raise ValueError(f"rule {rule.id}: {unknown[0]!r} is no party")
        for party in self.party:
            times = [version.since for version in party.version]
            if sorted(set(times)) != times:
                raise ValueError(f"party {party.id}: its versions are not in order of time")
            for version in party.version:
                for name, change in version.rules.items():
                    if name not in rules:
                        raise ValueError(f"party {party.id}, version {version.name}: {name!r} is no rule")
                    try:
                        changed(rules[name], change)
                    except ValueError as error:
                        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
                        raise ValueError(f"party {party.id}, version {version.name!r}, rule {name}: {said}") from None
        return self


def changed(rule: BaseModel, change: dict[str, Any]) -> Any:
    """Return a rule with some parameters as a party's version has them.

    Raises:
        ValueError: a parameter is none of this rule, may not differ, or has no such value.
    """
    kind = type(rule)
    if wrong := sorted((change.keys() & _FIXED) | (change.keys() - kind.model_fields.keys())):
        raise ValueError(f"{wrong[0]!r} cannot differ between versions")
    return kind.model_validate(rule.model_dump() | change)


def bound(agreement: Agreement, rule: Any) -> list[str]:
    """Return whom a rule binds: those that it names, or all."""
    return list(rule.parties) or [one.id for one in agreement.party]


_RANGE: Final = re.compile(r"[0-9A-Fa-f]{6}")


def addresses(text: str) -> tuple[int, int]:
    """Return the first and the last address of a range, or of one."""
    found = [int(one, 16) for one in _RANGE.findall(text)]
    return found[0], found[-1]
