"""AIXM 5.1 and 5.1.1 (https://aixm.aero): Airspace features.

Read are: designator, name, type (the nearest kind; the type stays in the notes), the newest baseline and its validity, the
outline (see `aixm_rings`), vertical limits, horizontalAccuracy, and the components of an aggregation. BASE and UNION are
parts of one volume, or several volumes where their limits differ. SUBTR is a hole where it lies within; whatever needs one
outline to be cut with another is refused, as the edges would be somebody else's.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from overflight.airspace.readers.aixm_curves import accuracy_m
from overflight.airspace.readers.aixm_document import AixmError, Element, Links, href, local, number, parse, text
from overflight.airspace.readers.aixm_limits import kind, limit, limits, owner
from overflight.airspace.readers.aixm_rings import parts
from overflight.airspace.readers.aixm_times import activation, latest, validity
from overflight.airspace.readers.format import Format
from overflight.airspace.volume import SURFACE, UNLIMITED, Airspace, Limit, Part, Refused, Volume, assumption
from overflight.airspace.within import CannotDecideError, covered, without
from overflight.errors import ParameterError

NAMESPACE: Final = "http://www.aixm.aero/schema/5"
NESTED: Final = 8
"""How deep airspaces may be made of airspaces."""


@dataclass(frozen=True)
class _Block:
    """A piece of an airspace with limits of its own; None where they are not given."""

    parts: tuple[Part, ...]
    floor: Limit | None
    ceiling: Limit | None
    accuracy_m: float
    notes: tuple[str, ...]


def read(data: bytes, label: str) -> Airspace:
    """Read all Airspace features of a message.

    Raises:
        InputError: it is no XML.
    """
    root = parse(data, label)
    links = Links(root)
    features: dict[str, list[Element]] = {}  # the time slices of one may stand in several elements
    for number_, element in enumerate(root.iter("{*}Airspace")):
        if str(element.tag).startswith(f"{{{NAMESPACE}"):
            features.setdefault(text(element, "identifier") or f"#{number_}", []).append(element)
    airspaces: list[list[Volume]] = []
    refused: list[Refused] = []
    for same in features.values():
        source = f"{label}:line {same[0].sourceline}"
        name = source
        try:
            links.begin()
            part, notes = latest(same)
            name = _name(part) or source
            airspaces.append(_volumes(part, notes, links, source))
        except (AixmError, CannotDecideError, ParameterError) as error:
            refused.append(Refused(name, source, str(error)))
    return Airspace(_told_apart(airspaces), tuple(refused))


def _name(part: Element) -> str | None:
    """Return designator and name: "EAR3 BURGENVALK"."""
    both = dict.fromkeys(filter(None, (text(part, "designator"), text(part, "name"))))
    return " ".join(both) or None


def _volumes(part: Element, notes: list[str], links: Links, source: str) -> list[Volume]:
    """Build the volumes of one airspace: one, or one for each pair of limits."""
    type_ = text(part, "type")
    notes = [f"AIXM type {type_ or 'not given'}", *notes]
    active = validity(part, notes)
    activation(part, notes)
    levels: dict[tuple[Limit, Limit], tuple[list[_Block], list[str]]] = {}
    for block in _blocks(part, links, notes, 0):
        own = list(block.notes)
        blocks, told = levels.setdefault(limits(block.floor, block.ceiling, own), ([], []))
        blocks.append(block)
        told += own
    return [
        Volume(
            id=text(part, "designator") or text(part, "name") or source,
            name=_name(part) or source,
            kind=kind(type_),
            parts=tuple(each for block in blocks for each in block.parts),
            floor=floor,
            ceiling=ceiling,
            active=active,
            accuracy_m=max(block.accuracy_m for block in blocks),
            owner=owner(part, links),
            source=source,
            notes=tuple(dict.fromkeys([*notes, *told])),
            assumed=assumption((*notes, *told)),
        )
        for (floor, ceiling), (blocks, told) in levels.items()
    ]


def _told_apart(airspaces: list[list[Volume]]) -> tuple[Volume, ...]:
    """Make ids unique as far as that tells something: a CTR and a TMA often share their designator, layers always do."""
    count = Counter(volumes[0].id for volumes in airspaces)
    told: list[Volume] = []
    for volumes in airspaces:
        type_ = volumes[0].notes[0].removeprefix("AIXM type ")
        name = volumes[0].id if count[volumes[0].id] == 1 else f"{volumes[0].id} {type_}"
        for number_, volume in enumerate(volumes, start=1):
            told.append(replace(volume, id=name if len(volumes) == 1 else f"{name}/{number_}"))
    return tuple(told)


def _blocks(part: Element, links: Links, notes: list[str], nested: int) -> list[_Block]:
    """Put the components of an airspace together.

    Raises:
        AixmError: it has none, or one that is not understood.
        CannotDecideError: one would have to be cut with another.
    """
    if nested > NESTED:
        raise AixmError("it is made of airspaces that are made of it, or too deep in each other")
    found = part.findall("{*}geometryComponent/{*}AirspaceGeometryComponent")
    if not found:
        raise AixmError("it has no geometry")
    found.sort(key=lambda each: number(text(each, "operationSequence") or "0", "operationSequence"))
    blocks: list[_Block] = []
    for k, component in enumerate(found):
        operation = text(component, "operation") or "BASE"
        volume = component.find("{*}theAirspaceVolume/{*}AirspaceVolume")
        if volume is None:
            raise AixmError("a component has no AirspaceVolume")
        more = _component(volume, links, nested)
        if operation in {"BASE", "UNION"}:
            blocks += more
        elif k == 0 or operation not in {"SUBTR", "INTERS"}:
            raise AixmError(f"cannot decide: a component {operation} that nothing is before, or not understood")
        else:
            blocks = [_changed(block, operation, more, notes) for block in blocks]
    return blocks


def _changed(block: _Block, operation: str, by: list[_Block], notes: list[str]) -> _Block:
    """Take one block from another, or what both have in common, where no outline needs to be cut."""
    if len(by) != 1 or not _reaches(by[0], block):
        raise CannotDecideError(f"cannot decide: {operation} concerns some of its levels only")
    if operation == "INTERS":
        if not covered(block.parts, by[0].parts):
            raise CannotDecideError("cannot decide: INTERS would cut its outline")
        notes.append("INTERS with an area around it changes nothing")
        return block
    return replace(block, parts=without(block.parts, by[0].parts, notes))


def _reaches(by: _Block, block: _Block) -> bool:
    """Say whether a block reaches from the floor to the ceiling of another, and beyond or not at all given."""
    return by.floor in {None, SURFACE, block.floor} and by.ceiling in {None, UNLIMITED, block.ceiling}


def _component(volume: Element, links: Links, nested: int) -> list[_Block]:
    """Read one AirspaceVolume: an outline, or other airspaces."""
    notes: list[str] = []
    floor, ceiling = limit(volume, "lower", notes), limit(volume, "upper", notes)
    held = volume.find("{*}horizontalProjection")
    if held is not None:
        surface = links.follow(held) if href(held) is not None else next(iter(held), None)
        if surface is None:
            raise AixmError("its horizontalProjection is empty")
        outline = parts(surface, links, notes)
        return [_Block(outline, floor, ceiling, accuracy_m(surface), tuple(notes))]
    if volume.find("{*}centreline") is not None:
        raise AixmError("it is a strip along a centreline, whose ends AIXM does not define")
    blocks: list[_Block] = []
    for dependency in volume.iterfind("{*}contributorAirspace/{*}AirspaceVolumeDependency"):
        link = dependency.find("{*}theAirspace")
        if link is None:
            raise AixmError("it is made of an airspace that is not named")
        feature = links.follow(link)
        if local(feature) != "Airspace":
            raise AixmError(f"it is made of a {local(feature)}")
        part, more = latest([feature])
        whole = text(dependency, "dependency") == "FULL_GEOMETRY"
        for block in _blocks(part, links, more, nested + 1):
            low = floor or (block.floor if whole else None)
            high = ceiling or (block.ceiling if whole else None)
            told = (*notes, *(f"{_name(part) or 'a contributor'}: {note}" for note in (*more, *block.notes)))
            blocks.append(replace(block, floor=low, ceiling=high, notes=told))
    if not blocks:
        raise AixmError("it has no outline")
    return blocks


def matches(head: bytes) -> bool:
    """Say whether the first bytes are those of an AIXM 5 document, in any encoding that XML allows."""
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n")
    return plain.startswith(b"<") and NAMESPACE.encode() in plain


AIXM = Format("AIXM", matches, read)
