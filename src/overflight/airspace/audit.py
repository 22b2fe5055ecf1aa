"""The notice audit: which flight information regions a danger crosses, and which of them have a notice that covers it.

A region's notices cover a danger if at every time, at every level and at every place of it within the region one of them does.
Asked of dangers that were given without a notice (a corridor of October 2015), and of dangers in NOTAMs: what a notice says of
the air beyond its own state is for another state to say, and at times none does. The notices of a region are those of its
state: the bundled set has some regions as sectors under other names.

*open* is what no notice can cover: whatever the pressure and the terrain are, within the regions by more than their boundaries
are good to, with a notice of which only a circle is known taken to fill it, and one after its estimated end to hold on. *covered* is
what is covered for sure: by notices of dangers and restricted areas, of which nothing is assumed. Between the two nothing is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, product
from math import inf
from typing import Final, Self

import numpy as np

from overflight.airspace.active import EVER, spans_us
from overflight.airspace.levels import FT_PER_HPA, LOWEST_TERRAIN_FT, QNH_UNCERTAINTY_HPA
from overflight.airspace.notices import COVERED, OPEN, PARTLY, UNDECIDED, Audit, Crossing, Opening
from overflight.airspace.plane import (
    Area,
    Plane,
    box_around,
    common,
    grown,
    less,
    middle,
    reach_rad,
    size_m2,
    together,
)
from overflight.airspace.sets import FIR_ACCURACY_M, all_firs, unchecked_parts
from overflight.airspace.volume import HIGHEST_TERRAIN_FT, NOT_ABOUT_AIRSPACE, Airspace, Limit, Part, Volume
from overflight.earth.wgs84 import Array

DANGERS: Final = ("danger", "hazard")
COVERING: Final = ("danger", "restricted")
"""Kinds of notices that keep others away; what else a notice is about may or may not."""

WIDEST_RAD: Final = 0.5
"""The farthest that parts of a danger may lie from their middle to be cut in one plane: 3,200 km."""

ROUNDING_M: Final = 50.0
"""A strip narrower than twice this is no opening: notices give their corners to a second of arc, 31 m."""

_MOST_OPENINGS: Final = 4
_NOBODYS: Final = ""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def audit(airspace: Airspace) -> Audit:
    """Hold every danger of an airspace against its notices; regions are the bundled ones, and those given as volumes."""
    contradictions = tuple(
        dict.fromkeys(
            f"{volume.name} {note}" for volume in airspace.volumes for note in volume.notes if _contradicts(note)
        )
    )
    asked = [volume for volume in airspace.volumes if _asked(volume)]
    if not asked:
        return Audit(contradictions=contradictions)
    notices = [
        _Notice(volume, _Outlined.around(volume.parts), frozenset(map(state_of, volume.issued_for)))
        for volume in airspace.volumes
        if volume.notice == "NOTAM" and NOT_ABOUT_AIRSPACE not in volume.assumed
    ]
    firs = _regions(airspace)
    crossings = tuple(
        found
        for danger in sorted(asked, key=lambda volume: bool(volume.notice))
        for piece in _pieces(danger)
        for found in _crossings(piece, firs, notices)
    )
    return Audit(len(asked), len(notices), crossings, contradictions)


def _pieces(danger: Volume) -> list[Volume]:
    """The danger itself, or each of its parts where they lie too far apart for one plane."""
    if len(danger.parts) < 2 or reach_rad(danger.parts, middle(danger.parts)) < WIDEST_RAD:
        return [danger]
    return [replace(danger, parts=(part,)) for part in danger.parts]


def _contradicts(note: str) -> bool:
    return note.startswith("contradicts itself")


def _asked(volume: Volume) -> bool:
    """A danger without a notice, or one in a notice that tells its area."""
    if volume.notice:
        return volume.notice == "NOTAM" and volume.kind == "danger" and "from the Q line" not in volume.assumed
    return volume.kind in DANGERS


def state_of(code: str) -> str:
    """Return the nationality letters of a location indicator (ICAO Doc 7910): one for the largest states, else two."""
    return code[0] if code[:1] in {"C", "K", "Y"} or (code[:1] == "Z" and code[1:2] not in {"K", "M"}) else code[:2]


@dataclass(frozen=True)
class _Outlined:
    """Parts, with a cap of the Earth that holds them."""

    parts: tuple[Part, ...]
    centre: Array
    reach_rad: float

    @classmethod
    def around(cls, parts: tuple[Part, ...]) -> Self:
        centre = middle(parts)
        return cls(parts, centre, reach_rad(parts, centre))

    def near(self, other: _Outlined) -> bool:
        """Whether the two may have anything in common."""
        angle = float(np.arccos(np.clip(self.centre @ other.centre, -1.0, 1.0)))
        return angle <= self.reach_rad + other.reach_rad


@dataclass(frozen=True)
class _Notice:
    volume: Volume
    cap: _Outlined
    states: frozenset[str]


@dataclass(frozen=True)
class _Region:
    code: str
    accuracy_m: float
    cap: _Outlined
    broken: bool = False  # its boundary crosses itself: what is within is not known


@cache
def _bundled() -> tuple[_Region, ...]:
    found: dict[str, list[Volume]] = {}
    for volume in all_firs().volumes:
        found.setdefault(volume.id.partition("#")[0], []).append(volume)
    usable = [
        _Region(code, FIR_ACCURACY_M, _Outlined.around(tuple(part for each in some for part in each.parts)))
        for code, some in found.items()
    ]
    broken = [
        _Region(each.name, FIR_ACCURACY_M, _Outlined.around(unchecked_parts(each.name)), broken=True)
        for each in all_firs().refused
    ]
    return (*usable, *broken)


def _regions(airspace: Airspace) -> list[_Region]:
    """All regions, those that were given as volumes instead of the bundled ones."""
    given = {v.id: v for v in airspace.volumes if v.kind == "fir" and not v.source.startswith("fir:")}
    regions = [region for region in _bundled() if region.code not in given]
    regions += [_Region(code, v.accuracy_m, _Outlined.around(v.parts)) for code, v in given.items()]
    return regions


def _crossings(danger: Volume, firs: Sequence[_Region], notices: Sequence[_Notice]) -> Iterator[Crossing]:
    cap = _Outlined.around(danger.parts)
    plane = Plane(cap.centre)
    area = plane.area(danger.parts)
    near = [fir for fir in firs if fir.cap.near(cap)]
    own = {state_of(code) for code in danger.issued_for}
    home = [fir for fir in near if state_of(fir.code) in own]
    if near and len(home) == len(near):
        return
    if danger.notice and not home:
        where = ", ".join(danger.issued_for) or "not stated"
        why = f"the region that it is for ({where}) is not known here"
        yield Crossing(danger.id, danger.name, _NOBODYS, size_m2(area) * 1e-6, (), UNDECIDED, why)
        return
    rounding_m = ROUNDING_M if _wide(area, ROUNDING_M) else 0.0  # a danger may be as small as what else is a sliver
    # Cut first: a region may have thousands of vertices far from here. What the cut adds lies outside the danger.
    widest_m = danger.accuracy_m + max((fir.accuracy_m for fir in near), default=0.0)
    window = box_around(grown(area, 3.0 * widest_m + 1000.0))
    drawn = {fir.code: common(plane.area(fir.cap.parts), window) for fir in near}
    for fir in home:
        area = less(area, grown(drawn[fir.code], fir.accuracy_m))
    left = area
    for fir in near:
        region = drawn[fir.code]
        piece = common(area, region)
        if state_of(fir.code) in own or not _wide(piece, rounding_m):
            continue
        left = less(left, grown(region, fir.accuracy_m))
        if fir.broken:
            why = "the region's boundary crosses itself: what lies within is not known"
            yield Crossing(danger.id, danger.name, fir.code, size_m2(piece) * 1e-6, (), UNDECIDED, why)
            continue
        sure = common(area, grown(region, -fir.accuracy_m - danger.accuracy_m))
        theirs = [n.volume for n in notices if state_of(fir.code) in n.states and n.cap.near(cap)]
        # Whatever is drawn along a border touches the region beyond; that says nothing where a notice draws it.
        if not danger.notice or _wide(sure, rounding_m):
            yield _held(danger, fir.code, piece, sure, theirs, plane, rounding_m)
    if not danger.notice and _wide(left, rounding_m):
        why = "outside the regions that are known"
        yield Crossing(danger.id, danger.name, _NOBODYS, size_m2(left) * 1e-6, (), UNDECIDED, why)


def _wide(area: Area, rounding_m: float) -> bool:
    return size_m2(grown(area, -rounding_m) if rounding_m else area) > 0.0


@dataclass(frozen=True)
class _Cell:
    """A time and a range of levels, and who covers it."""

    span_us: tuple[int, int]
    floor: Limit
    ceiling: Limit
    by: frozenset[int]
    surely: frozenset[int]


def _held(
    danger: Volume,
    code: str,
    piece: Area,
    sure: Area,
    notices: Sequence[Volume],
    plane: Plane,
    rounding_m: float,
) -> Crossing:
    """Hold a danger's piece within a region against the region's notices; `sure` is what of it lies there for sure."""
    areas = [common(plane.area(notice.parts), piece) for notice in notices]
    useful = [k for k, one in enumerate(areas) if _wide(one, rounding_m)]
    notices, areas = [notices[k] for k in useful], [areas[k] for k in useful]
    held = _Held(sure, areas, rounding_m)
    worlds = [list(_cells(danger, notices, *offsets)) for offsets in _offsets([danger, *notices])]
    ids = tuple(dict.fromkeys(notices[k].id for k in sorted({k for cell in worlds[0] for k in cell.by})))
    told = (danger.id, danger.name, code, size_m2(piece) * 1e-6, ids)
    opened = [[cell for cell in cells if size_m2(held.open_area(cell.by)) > 0.0] for cells in worlds]
    if all(opened):
        shown = _openings(opened[0], held, plane)
        largest, *others = shown
        if not ids:
            return Crossing(*told, OPEN, "no notice for it among those given", shown[:_MOST_OPENINGS])
        more = f"; and {len(others)} more" if others else ""
        return Crossing(*told, PARTLY, f"{', '.join(ids)} leaves open: {largest}{more}", shown[:_MOST_OPENINGS])
    if not _wide(sure, rounding_m):
        return Crossing(*told, UNDECIDED, "it lies no farther inside than the region's boundary is good to")
    if any(size_m2(held.open_area(cell.surely)) > 0.0 for cells in worlds for cell in cells):
        return Crossing(*told, UNDECIDED, _doubt(notices, {k for cell in worlds[0] for k in cell.by}))
    strip = less(less(piece, sure), together(areas))
    but = "; not decided along the region's boundary, which is approximate" if _wide(strip, rounding_m) else ""
    return Crossing(*told, COVERED, f"by {', '.join(ids)}{but}")


def _doubt(notices: Sequence[Volume], used: set[int]) -> str:
    """Why what covers a danger does not do so for sure."""
    for notice in (notices[k] for k in sorted(used)):
        if notice.kind not in COVERING:
            return f"{notice.id} may be about something else: read it"
        if notice.assumed:
            return f"of {notice.id} something is only assumed: {notice.assumed}"
    if late := [notices[k].id for k in sorted(used) if notices[k].estimated_end]:
        return f"after the end that {', '.join(late)} estimates"
    return "it depends on pressure or terrain, which are unknown"


class _Held:
    """What is left of a piece when some notices are taken off it; each answer is computed once."""

    def __init__(self, piece: Area, areas: Sequence[Area], rounding_m: float) -> None:
        self._piece, self._areas, self._rounding_m = piece, areas, rounding_m
        self._known: dict[frozenset[int], Area] = {}

    def open_area(self, by: frozenset[int]) -> Area:
        """What none of them covers; empty for a strip."""
        if by not in self._known:
            left = less(self._piece, together([self._areas[k] for k in by]))
            self._known[by] = left if _wide(left, self._rounding_m) else together([])
        return self._known[by]


def _offsets(volumes: Sequence[Volume]) -> Iterator[tuple[float, float]]:
    """What the pressure and the terrain may be, in ft above the standard's and the sea: the likely, and the extremes.

    All that is above mean sea level moves together, and so does all that is above ground: two limits of one reference are
    compared as they stand.
    """
    references = {limit.reference for volume in volumes for limit in (volume.floor, volume.ceiling)}
    margin = FT_PER_HPA * QNH_UNCERTAINTY_HPA
    pressure = (0.0, -margin, margin) if len(references & {"AMSL", "STD", "AGL"}) > 1 else (0.0,)
    terrain = (0.0, LOWEST_TERRAIN_FT, HIGHEST_TERRAIN_FT) if "AGL" in references else (0.0,)
    return product(pressure, terrain)


def _height(limit: Limit, pressure_ft: float, terrain_ft: float) -> float:
    if limit.reference == "SFC":
        return -inf
    if limit.reference == "UNL":
        return inf
    shift = {"STD": 0.0, "AMSL": pressure_ft, "AGL": pressure_ft + terrain_ft}
    return limit.value_ft + shift[limit.reference]


def _cells(danger: Volume, notices: Sequence[Volume], pressure_ft: float, terrain_ft: float) -> Iterator[_Cell]:
    """Cut a danger's times and levels where a notice begins or ends."""
    height = [tuple(_height(limit, pressure_ft, terrain_ft) for limit in (v.floor, v.ceiling)) for v in notices]
    spans = [spans_us(v) or [EVER] for v in notices]
    strict = [spans_us(v, for_sure=True) or [EVER] for v in notices]
    low, high = (_height(limit, pressure_ft, terrain_ft) for limit in (danger.floor, danger.ceiling))
    named = {
        _height(limit, pressure_ft, terrain_ft): limit
        for volume in (*notices, danger)
        for limit in (volume.floor, volume.ceiling)
    }
    levels = sorted({low, high, *(h for pair in height for h in pair if low < h < high)})
    for start, end in spans_us(danger) or [EVER]:
        times = sorted(
            {start, end, *(t for some in (*spans, *strict) for span in some for t in span if start < t < end)}
        )
        for span in pairwise(times):
            active = [k for k, some in enumerate(spans) if _holds(some, span)]
            for floor, ceiling in pairwise(levels) if len(levels) > 1 else [(low, high)]:
                by = frozenset(k for k in active if height[k][0] <= floor and ceiling <= height[k][1])
                surely = frozenset(k for k in by if _reliable(notices[k]) and _holds(strict[k], span))
                yield _Cell(span, named[floor], named[ceiling], by, surely)


def _holds(spans: Sequence[tuple[int, int]], span: tuple[int, int]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in spans)


def _reliable(notice: Volume) -> bool:
    return notice.kind in COVERING and not notice.assumed


def _openings(cells: Sequence[_Cell], held: _Held, plane: Plane) -> tuple[Opening, ...]:
    """What is open, the largest first; cells that follow each other with the same area open are one."""
    stacked: list[_Cell] = []
    for cell in cells:  # by time, then by level
        last = stacked[-1] if stacked else None
        if last and last.by == cell.by and last.span_us == cell.span_us and last.ceiling == cell.floor:
            stacked[-1] = replace(last, ceiling=cell.ceiling)
        else:
            stacked.append(cell)
    merged: dict[tuple[Limit, Limit, frozenset[int], int], _Cell] = {}  # by what they are alike in, and when they end
    for cell in stacked:
        alike = (cell.floor, cell.ceiling, cell.by)
        earlier = merged.pop((*alike, cell.span_us[0]), cell)
        merged[*alike, cell.span_us[1]] = replace(cell, span_us=(earlier.span_us[0], cell.span_us[1]))
    openings: list[Opening] = []
    for cell in merged.values():
        area = held.open_area(cell.by)
        start, end = (None if t in EVER else _EPOCH + timedelta(microseconds=t) for t in cell.span_us)
        size = size_m2(area) * 1e-6
        openings.append(Opening(start, end, str(cell.floor), str(cell.ceiling), size, *plane.place(area)))
    return tuple(sorted(openings, key=lambda one: -one.area_km2))
