"""Rules as each party has them at a time, and the volumes that they speak of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from overflight.agreement.model import BORDER, DECLARED, UNDISCLOSED, Agreement, Party, changed
from overflight.airspace.read import read_airspace
from overflight.airspace.volume import Volume, inverted, parse_limit
from overflight.errors import InputError

NOT_YET: Final = "not yet"


@dataclass(frozen=True)
class View:
    """A rule as a party has it at a time.

    Attributes:
        party: whose view.
        rule: the rule with this version's parameters.
        version: its name.
        status: in_force, suspended, disputed, or "not yet".
        reason: of the status.
        border: the party's border, as it is named.
    """

    party: str
    rule: Any
    version: str
    status: str
    reason: str
    border: str | None


def view(party: Party, rule: Any, moment: datetime) -> View:
    """Return how a party has a rule at a time."""
    known = [one for one in party.version if one.since <= moment]
    if not known:
        return View(
            party.id, rule, "none", NOT_YET, f"its first version is of {party.version[0].since:%Y-%m-%d}", party.border
        )
    version = known[-1]
    here = changed(rule, version.rules.get(rule.id, {}))
    outside = (here.since is not None and moment < here.since) or (here.until is not None and moment >= here.until)
    status, reason = (NOT_YET, "the rule does not hold at this time") if outside else (version.status, version.reason)
    return View(party.id, here, version.name, status, reason, party.border)


def views(agreement: Agreement, rule: Any, *, suspended: bool = True) -> Iterator[tuple[Party, Any]]:
    """Give every version of a rule that some party has at some time, those that are suspended too or not."""
    for party in agreement.party:
        for version in party.version if suspended else [one for one in party.version if one.status != "suspended"]:
            yield party, changed(rule, version.rules.get(rule.id, {}))


_PARTS: Final = {
    "zone": ("volume",), "line": ("line",), "corridor": ("area", "corridor"), "altitude_block": ("area", "block"),
}  # fmt: skip


def parts_of(rule: Any) -> tuple[str, ...]:
    """Return which volumes a rule speaks of, the one that is to be in first; what is declared is none of them."""
    if rule.kind == "corridor" and rule.corridor == DECLARED:
        return ("area",)
    return _PARTS.get(rule.kind, ("area",))


def variant(rule: Any, border: str | None, part: str) -> str | None:
    """Return the name of the volume that a part of a rule ("volume", "area", "corridor", "block", "line") is; None where none is given."""
    if part == "block":
        return f"{_named(rule.area, border)} {rule.floor} to {rule.ceiling}"
    return _named(getattr(rule, part), border)


def _named(text: str, border: str | None) -> str | None:
    return border if text == BORDER else text


def disclosed(rule: Any) -> bool:
    """Say whether a rule's distances are known."""
    return UNDISCLOSED not in (rule.horizontal, rule.vertical)


class Volumes:
    """The volumes that an agreement names, read once each."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that files are named from."""
        self._folder = folder
        self._read: dict[str, list[Volume]] = {}
        self.digests: list[str] = []

    def part(self, rule: Any, border: str | None, part: str) -> list[Volume]:
        """Return the volumes of a part of a rule (`parts_of`), of which there is a `variant`.

        Raises:
            InputError: they cannot be read, or nothing is between their levels.
        """
        if part == "block":
            return self._block(rule, border)
        return self._of(variant(rule, border, part) or "")

    def _of(self, name: str) -> list[Volume]:
        """Return the volumes of a name: a file with its `#id`, or a bundled set."""
        if name not in self._read:
            source, _, wanted = name.partition("#")
            path = self._folder / source
            found = read_airspace(path if path.exists() else source)
            self.digests += found.digests
            volumes = [
                one for one in found.volumes if not wanted or one.id == wanted or one.id.startswith(f"{wanted} ")
            ]
            if not volumes:
                raise InputError(f"holds no volume {wanted!r}" if wanted else "holds no volume", path=name)
            self._read[name] = volumes
        return self._read[name]

    def _block(self, rule: Any, border: str | None) -> list[Volume]:
        """Return an area between the levels of an altitude block."""
        floor, ceiling = parse_limit(rule.floor), parse_limit(rule.ceiling)
        if wrong := inverted(floor, ceiling):
            raise InputError(f"rule {rule.id}: {wrong}")
        return [replace(one, floor=floor, ceiling=ceiling) for one in self._of(_named(rule.area, border) or "")]
