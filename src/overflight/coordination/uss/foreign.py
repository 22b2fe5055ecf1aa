"""What other systems tell of their operations and constraints (`/uss/v1` of ASTM F3548-21), read strictly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from overflight.airspace.bands import Band
from overflight.airspace.operational import Volume, read_object, read_volumes, shortened
from overflight.coordination.dss.requests import read_id, read_ovn
from overflight.coordination.uss.declared import PRECEDENCE, Declared, Place
from overflight.errors import ParameterError

MOST_VOLUMES: Final = 500
INTENTS: Final = "operational_intents"
CONSTRAINTS: Final = "constraints"


class Peers(Protocol):
    """Other systems."""

    def details(self, kind: str, base_url: str, name: str) -> Any:
        """Ask the system that answers at an address for `INTENTS` or `CONSTRAINTS` of a name; returns its JSON.

        Raises:
            InputError: it does not tell.
        """
        ...


@dataclass(frozen=True)
class Other:
    """Another's operation that is, or may be, in the way.

    Attributes:
        id: as in the register.
        ovn: the key that says that one has seen it.
        name: whose it is, as others know them.
        party: whose it is where it is hosted here; None where it is another system's.
        declared: where and when; what others measure by their own priorities has the precedence of the same rank.
        state: as the register has it.
    """

    id: str
    ovn: str
    name: str
    party: str | None
    declared: Declared
    state: str


@dataclass(frozen=True)
class Restriction:
    """A constraint that an operation meets: not in its way, and to be known."""

    id: str
    ovn: str
    manager: str
    what: str
    volumes: tuple[Volume, ...]


def read_intent_details(told: Any, name: str) -> Other:
    """Read an operational intent with its details.

    Raises:
        ParameterError: it makes no sense.
    """
    reference, details = _parts(told, "operational_intent", name)
    volumes = [one for part in ("volumes", "off_nominal_volumes") if (one := details.get(part))]
    found = [volume for part in volumes for volume in _volumes(part)]
    if not found:
        raise ParameterError("details.volumes", None, "are missing", remedy="give where and when it is")
    places = tuple(Place(one, Band(one.lower_m, one.upper_m, pressure=False)) for one in found)
    _ = [place.area for place in places]  # an area that makes no sense is refused now
    declared = Declared(_precedence(details.get("priority")), places)
    ovn = read_ovn(_text(reference.get("ovn"), "reference.ovn"))
    return Other(name, ovn, _text(reference.get("manager"), "reference.manager"), None, declared, _state(reference))


def read_constraint_details(told: Any, name: str) -> Restriction:
    """Read a constraint with its details.

    Raises:
        ParameterError: it makes no sense.
    """
    reference, details = _parts(told, "constraint", name)
    ovn, manager = read_ovn(_text(reference.get("ovn"), "reference.ovn")), _text(reference.get("manager"), "manager")
    what = details.get("type")
    volumes = tuple(_volumes(details.get("volumes")))
    return Restriction(name, ovn, manager, what[:200] if isinstance(what, str) else "constraint", volumes)


def _parts(told: Any, field: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    whole = read_object(told, field)
    reference, details = (read_object(whole.get(part), f"{field}.{part}") for part in ("reference", "details"))
    if read_id(_text(reference.get("id"), "reference.id")) != name:
        raise ParameterError("reference.id", shortened(reference.get("id")), "is of another", remedy=f"tell of {name}")
    return reference, details


def _volumes(told: Any) -> list[Volume]:
    if isinstance(told, list) and len(told) > MOST_VOLUMES:  # pyright: ignore[reportUnknownArgumentType]
        raise ParameterError("details.volumes", "list", "is too long", remedy=f"give at most {MOST_VOLUMES}")
    return read_volumes(told, "details.volumes")


def _precedence(told: Any) -> str:
    """Return the precedence of a priority: 0 is routine, as the standard has it, and what is above the highest is of the highest."""
    if told is None:
        return PRECEDENCE[0]
    if isinstance(told, bool) or not isinstance(told, int):
        raise ParameterError("details.priority", shortened(told), "is no whole number", remedy="give 0 for routine")
    return PRECEDENCE[max(0, min(told, len(PRECEDENCE) - 1))]


def _state(reference: dict[str, Any]) -> str:
    return _text(reference.get("state", "Accepted"), "reference.state")[:40]


def _text(told: Any, name: str) -> str:
    if not isinstance(told, str):
        raise ParameterError(name, shortened(told), "is no text", remedy="look at the standard's API")
    return told
