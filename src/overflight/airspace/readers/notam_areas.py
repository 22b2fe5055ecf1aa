"""Areas in the free text of a NOTAM: polygons, circles, corridors along a line, and arcs where they are stated in full.

Positions that follow each other with nothing but punctuation, numbers and joining words between them are the corners of a
polygon; a radius beside a single position makes it a circle; a distance "either side" makes the line a corridor. What is
stated otherwise (along a border, an arc without its centre or sense, a corner that is no position) is trouble, never a
guess: then the caller takes the circle of the Q line, which by ICAO Doc 8126 holds the whole area.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from overflight.airspace.readers.notam_coordinates import Position, find_positions
from overflight.airspace.readers.notam_shapes import Point, arc_between, circle_ring, corridor_ring, polygon_ring
from overflight.airspace.rings import RingError
from overflight.airspace.volume import Ring
from overflight.units import NM_M

_FACTORS: Final = (("NAUT", NM_M), ("NM", NM_M), ("KM", 1000.0), ("KILO", 1000.0), ("FT", 0.3048), ("M", 1.0))
_DISTANCE = (
    r"(\d{1,4}(?:[.,]\d{1,3})?)\s?-?\s?(NAUTICAL\s+MILES?|NMS?|KMS?|KILOMET(?:RE|ER)S?|MET(?:RE|ER)S?|MTR?S?|M|FT)\b"
)
_RADIUS = r"(?:RADIUS|RADII|RADIAL\s+DISTANCE|RAD|RDS|YARICAP\w*|R(?=\s?=))"
_NO_AREA = r"(?:(?!BOUNDED|JOINING|LATERAL)[\s\S])"
_CIRCLE_BEFORE = re.compile(
    rf"(?:\b{_RADIUS}\W{{0,4}}(?:OF\W+|IS\W+)?{_DISTANCE}|{_DISTANCE}\W{{1,3}}(?:\([^)]{{0,20}}\)\W{{0,3}})?(?:{_RADIUS}|AROUND\b|CIRCLE\b)"
    rf"|\b(?:WI|W/I|WITHIN|INSIDE)\W+(?:AN?\W+)?(?:AREA\W+)?(?:OF\W+)?{_DISTANCE}\W+(?:OF|FM|FROM)\b){_NO_AREA}{{0,80}}$"
)
_CIRCLE_AFTER = re.compile(
    rf"^(?:(?!BOUNDED|JOINING|CENT(?:RE|ER))[^;]){{0,50}}?(?:\b{_RADIUS}\W{{0,4}}(?:OF\W+|IS\W+)?{_DISTANCE}|{_DISTANCE}\W{{1,3}}{_RADIUS})"
)
_SIDES = rf"{_DISTANCE}\W{{1,3}}(?:(?:ON|AT|TO)\W+)?(?:EITHER|EACH|BOTH)\W+SIDES?"
_CORRIDOR_BEFORE = re.compile(rf"{_SIDES}(?:(?!BOUNDED|LATERAL)[\s\S]){{0,60}}$")
_CORRIDOR_AFTER = re.compile(rf"^[^;]{{0,40}}?{_SIDES}")
_WIDTH = re.compile(rf"\bWIDTH\W{{0,4}}(?:OF\W+|IS\W+)?{_DISTANCE}|{_DISTANCE}\W{{1,3}}(?:WIDE|WIDTH)\b")
_EXCEPTED = re.compile(r"\b(?:EXC|EXCL|EXCEPT|EXCLUDING|OUTSIDE)\b[^.]{0,60}$")
_ROUTE = re.compile(r"\b(?:RTE|ROUTE|ROUTING|VIA|DCT|TRACK|ALTN)\b(?:(?!AREA|BOUND|WITHIN|\bWI\b)[^.]){0,30}$")
_JOINING = re.compile(
    r"[\s\-–—,;:./()+=*>'\"]+|(?:TO|THEN|THENCE|AND|PSN|POSITIONS?|LAT|FM|FROM|STRAIGHT|LINE|GREAT|CIRCLE|GEODESIC|DIRECT|UNTIL)\b"
    r"|(?P<label>(?:PT|POINT|PNT|WPT|P|CORNER)?[\s.]{0,2}(?:\d{1,2}|[A-Z])\b(?=\s?[).:\s\-]))"
)
_NAMED = re.compile(r"\)?\s*[-–,]?\s*(?:TO\s+|THEN\s+)?[A-Z]{2,12}\s*(?:VORDME|VOR|DME|NDB)?\s*\(\s*")
_ARC = re.compile(r"\bARC\b|\b(?:ANTI|COUNTER)?-?CLOCKWISE\b|\bC?CW\b|\bACW\b")
_CENTRE = re.compile(r"\bCENT|\bAROUND\b|\bARP\b|\bBASED\b")
_ALONG = re.compile(r"\b(?:ALONG|FOLLOW\w*|BORDER|BOUNDARY|COAST\w*|RIVER|SHORE\w*)\b")


@dataclass(frozen=True)
class Area:
    """An area in a text: where it stands, its ring, and what was mended."""

    start: int
    end: int
    ring: Ring
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Areas:
    """What a text says of areas.

    Attributes:
        areas: understood, in order, none twice.
        trouble: areas that are stated and not understood, one line each.
        notes: what else to know.
    """

    areas: tuple[Area, ...] = ()
    trouble: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Chain:
    """Positions that follow each other, and what stands before each of them but the first."""

    positions: tuple[Position, ...]
    links: tuple[str, ...]

    @property
    def start(self) -> int:
        return self.positions[0].start

    @property
    def end(self) -> int:
        return self.positions[-1].end


class _AreaError(ValueError):
    """An area that is stated and not understood."""


def find_areas(text: str) -> Areas:
    """Find all areas in a text of capital letters."""
    positions = find_positions(text)
    chains = _chains(text, positions)
    areas: list[Area] = []
    trouble: list[str] = []
    notes = [position.note for position in positions if position.understood and position.note]
    lone, used = 0, 0
    for number, chain in enumerate(chains):
        before = text[used : chain.start][-140:]
        limit = chains[number + 1].start if number + 1 < len(chains) else len(text)
        after = text[chain.end : limit][:90]
        try:
            found, taken = _areas_of(chain, before, after)
        except (_AreaError, RingError) as error:
            trouble.append(str(error))
            used = chain.end
            continue
        if found is None:
            notes.append("an area that is excepted is not cut out")
        elif not found:
            lone += len(chain.positions)
        else:
            areas += [area for area in found if not _known(area, areas)]
        used = chain.end + taken
    if lone:
        notes.append(f"{lone} position{'s' if lone > 1 else ''} in E not taken as the corner of an area")
    return Areas(tuple(areas), tuple(dict.fromkeys(trouble)), tuple(dict.fromkeys(notes)))


def _known(area: Area, others: Sequence[Area]) -> bool:
    return any(
        np.array_equal(area.ring.latitude, other.ring.latitude)
        and np.array_equal(area.ring.longitude, other.ring.longitude)
        for other in others
    )


def _chains(text: str, positions: Sequence[Position]) -> list[_Chain]:
    """Cut the positions where something other than joining words stands between two of them."""
    chains: list[_Chain] = []
    for position in positions:
        link = text[chains[-1].end : position.start] if chains else ""
        if chains and _joins(text, link, chains[-1]):
            last = chains[-1]
            chains[-1] = _Chain((*last.positions, position), (*last.links, link))
        else:
            chains.append(_Chain((position,), ()))
    return [part for chain in chains for part in _cut_at_labels(chain)]


def _joining(link: str) -> bool | None:
    """Whether joining words have a label among them; None where other words stand there, too."""
    at, labelled = 0, False
    while at < len(link):
        match = _JOINING.match(link, at)
        if match is None:
            return None
        labelled = labelled or match["label"] is not None
        at = match.end()
    return labelled


def _joins(text: str, link: str, chain: _Chain) -> bool:
    if _joining(link) is not None:
        return True
    if len(link) > 200:
        return False
    if _ARC.search(link) or (chain.links and _ARC.search(chain.links[-1]) and _CENTRE.search(link) and len(link) < 60):
        return not re.search(r"\bAREA\b", link)
    if _ALONG.search(link) and re.search(r"\b(?:TO|UNTIL|TILL|POINT|PSN)\b\W*$", link):
        return True
    lead = text[max(0, chain.start - 80) : chain.start]
    return bool(_NAMED.fullmatch(link) and re.search(r"\b(?:AREA|BOUNDED|JOINING|LATERAL|WI|WITHIN)\b", lead))


def _cut_at_labels(chain: _Chain) -> list[_Chain]:
    """Cut at numbers and letters between positions, unless they number the corners: then most corners have one."""
    labelled = [bool(_joining(link)) for link in chain.links]
    if not any(labelled) or sum(labelled) * 2 >= len(labelled):
        return [chain]
    pieces: list[_Chain] = []
    begin = 0
    for at, is_labelled in enumerate([*labelled, True], start=1):
        if is_labelled:
            pieces.append(_Chain(chain.positions[begin:at], chain.links[begin : at - 1]))
            begin = at
    return pieces


def _areas_of(chain: _Chain, before: str, after: str) -> tuple[list[Area] | None, int]:
    """The areas of a chain and how many characters after it they took; None for an area that is excepted."""
    bad = next((position for position in chain.positions if not position.understood), None)
    if bad is not None:
        if len(chain.positions) == 1 and not re.search(r"\b(?:AREA|BOUNDED|RADIUS|WI|WITHIN|CENT)", before[-60:]):
            return [], 0
        raise _AreaError(bad.note)
    if _EXCEPTED.search(before):
        return None, 0
    return _measured(chain, before, after) or (_corners(chain, before), 0)


def _measured(chain: _Chain, before: str, after: str) -> tuple[list[Area], int] | None:
    """Circles and corridors of a chain, and how many characters after it they took; None without a distance."""
    if len(chain.positions) > 1:
        if match := _CORRIDOR_BEFORE.search(before):
            return [_corridor(chain, _metres(match))], 0
        if match := _CORRIDOR_AFTER.search(after):
            return [_corridor(chain, _metres(match))], match.end()
        if match := _WIDTH.search(before[-60:]) or _WIDTH.search(after[:40]):
            return [_corridor(chain, _metres(match) / 2.0)], 0
    if match := _CIRCLE_BEFORE.search(before):
        radius = _metres(match)
        return [_circle(position, radius) for position in chain.positions], 0
    if len(chain.positions) == 1 and (match := _CIRCLE_AFTER.search(after)):
        return [_circle(chain.positions[0], _metres(match))], match.end()
    return None


def _corners(chain: _Chain, before: str) -> list[Area]:
    return [] if len(chain.positions) < 3 or _ROUTE.search(before) else _polygons(chain)


def _metres(match: re.Match[str]) -> float:
    number, unit = next((n, u) for n, u in zip(match.groups()[::2], match.groups()[1::2], strict=True) if n)
    metres = float(number.replace(",", ".")) * next(factor for start, factor in _FACTORS if unit.startswith(start))
    if not 0 < metres <= 1000 * NM_M:
        raise _AreaError(f"a distance of {number} {unit} is none")
    return metres


def _circle(position: Position, radius_m: float) -> Area:
    return Area(position.start, position.end, circle_ring(position.point, radius_m))


def _corridor(chain: _Chain, half_width_m: float) -> Area:
    ring, notes = corridor_ring([position.point for position in chain.positions], half_width_m)
    return Area(chain.start, chain.end, ring, notes)


def _polygons(chain: _Chain) -> list[Area]:
    """Rings of a chain: one ends where a corner is the first again, and the next begins."""
    areas: list[Area] = []
    corners: list[Point] = []
    begin = chain.start
    positions, links = chain.positions, ("", *chain.links)
    at = 0
    while at < len(positions):
        position, link = positions[at], links[at]
        if not corners:
            begin = position.start
        if corners and _ARC.search(link):
            following = links[at + 1] if at + 1 < len(positions) else ""
            if at + 1 >= len(positions):
                raise _AreaError("an arc is stated without its centre or its end")
            between, position = _arc(corners[-1], link, position, following, positions[at + 1])
            corners += between
            at += 1
        elif _ALONG.search(link):
            raise _AreaError(f"an edge follows something ({' '.join(link.split())[:40]})")
        closed = len(corners) >= 3 and position.point == corners[0]
        if closed:
            areas.append(_polygon(corners, begin, position.end))
            corners = []
        else:
            corners.append(position.point)
        at += 1
    if len(corners) >= 3:
        areas.append(_polygon(corners, begin, chain.end))
    elif corners:
        rest = f"{len(corners)} position{'s' if len(corners) > 1 else ''} after a closed area not taken as one"
        areas[-1] = replace(areas[-1], notes=(*areas[-1].notes, rest))
    return areas


def _polygon(corners: Sequence[Point], start: int, end: int) -> Area:
    ring, notes = polygon_ring(corners)
    return Area(start, end, ring, notes)


def _arc(begin: Point, link: str, first: Position, following: str, second: Position) -> tuple[list[Point], Position]:
    """Points of an arc between two corners, and the second of these; the centre stands before it or after it."""
    if _CENTRE.search(link):
        centre, end = first, second
    elif _CENTRE.search(following):
        centre, end = second, first
    else:
        raise _AreaError("an arc is stated without its centre")
    words = f"{link} {following}"
    if re.search(r"\b(?:ANTI|COUNTER)[-\s]?CLOCKWISE\b|\bCCW\b|\bACW\b", words):
        clockwise = False
    elif re.search(r"\bCLOCKWISE\b|\bCW\b", words):
        clockwise = True
    else:
        raise _AreaError("an arc is stated without its sense")
    match = re.search(_DISTANCE, words)
    points = arc_between(begin, end.point, centre.point, _metres(match) if match else None, clockwise=clockwise)
    if points is None:
        raise _AreaError("an arc does not lead from its corner to the next")
    return points, end
