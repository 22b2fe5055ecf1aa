"""One NOTAM, understood: its volumes, times and limits, and what of it is not.

The kind of a volume follows the code's second and third letters (ICAO Doc 8400, NOTAM code; Doc 8126, selection criteria):

| letters | subject | kind |
|---|---|---|
| RD | danger area | danger |
| RM | military operating area | danger |
| W. | warnings: firing, exercises, demolition, air displays, unmanned aircraft, ... | danger |
| RA, RO, RP, RR, RT | reservation, overflying, prohibited, restricted, temporary restricted area | restricted |
| others | | hazard |

Whatever the code, a text about firing, rockets, missiles, debris or a danger area makes a reservation or another subject a
danger: offices announce falling rocket stages under RA, AF and XX alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from overflight.airspace.readers.notam_areas import Area, Areas, find_areas
from overflight.airspace.readers.notam_coordinates import join_broken
from overflight.airspace.readers.notam_fields import Fields, read_time
from overflight.airspace.readers.notam_limits import Range, above, contradictions, find_limits, from_levels, read_limit
from overflight.airspace.readers.notam_schedule import ScheduleError, expand
from overflight.airspace.readers.notam_shapes import circle_ring
from overflight.airspace.rings import GEOD, RingError
from overflight.airspace.sets import APPROXIMATE, FIR_ACCURACY_M, fir_parts
from overflight.airspace.volume import (
    NOT_ABOUT_AIRSPACE,
    SURFACE,
    UNLIMITED,
    Limit,
    Part,
    Refused,
    Volume,
    Window,
    assumption,
)
from overflight.units import NM_M

WHOLE_FIR_NM: Final = 999
"""The radius of a Q line that stands for the whole of the FIR."""

FAR_NM: Final = 50.0
"""An area whose middle is farther than this outside the Q line's circle is noted."""

_DANGER = re.compile(
    r"\b(?:DEBRIS|ROCKETS?|MISSILES?|FIRINGS?|FRNG|GUNNERY|ARTILLERY|BOMB\w*|EXPLOSI\w+|AEROSPACE|BALLISTIC|RE-?ENTRY"
    r"|AMMUNITION|DETONATIONS?|(?:DANGER|DNG|HAZARD)\s+(?:AREA|ZONE))\b"
)
_RESTRICTED = {"RA", "RO", "RP", "RR", "RT"}
_EQUIPMENT = frozenset("CGILMNS")
"""First letters of subjects: communication, GNSS, landing systems, lights, movement area, navigation aids, services (Doc 8400)."""

_OVER = {"CD": "deactivated", "CN": "cancelled", "CC": "completed"}


@dataclass(frozen=True, eq=False)
class Notice:
    """A NOTAM.

    Attributes:
        id: "A0168/26"; empty where it has none.
        type: N new, R replaces, C cancels.
        other_id: the notice that it replaces or cancels; empty for none.
        fir: the Q line's FIR; empty without one.
        places: item A: FIRs or aerodromes.
        qcode: "QRDCA"; empty without a Q line.
        kind: one of `overflight.airspace.volume.KINDS`.
        volumes: what it makes of the airspace; empty where it cancels or no area is known.
        refused: areas that could not be read.
        start, end: UTC; None where it is open or not understood.
        estimated: the end is an estimate (EST).
        schedule: item D as written.
        active: the windows between start and end.
        lower, upper: limits of the whole.
        centre: of the Q line: latitude and longitude, deg.
        radius_nm: of the Q line; 999 stands for the whole of the FIR.
        levels_fl: of the Q line.
        traffic, purpose, scope: of the Q line.
        text: item E.
        raw: the whole.
        not_understood: everything assumed, mended or not understood, one line each.
    """

    id: str
    type: str
    other_id: str
    fir: str
    places: tuple[str, ...]
    qcode: str
    kind: str
    volumes: tuple[Volume, ...]
    refused: tuple[Refused, ...]
    start: datetime | None
    end: datetime | None
    estimated: bool
    schedule: str
    active: tuple[Window, ...]
    lower: Limit
    upper: Limit
    centre: tuple[float, float] | None
    radius_nm: float | None
    levels_fl: tuple[int | None, int | None]
    traffic: str
    purpose: str
    scope: str
    text: str
    raw: str
    not_understood: tuple[str, ...]


def understand(fields: Fields, source: str) -> Notice:
    """Make a notice of its items; `source` says where it was read."""
    notes = list(fields.notes)
    q = fields.q
    code = q.code if q else ""
    start, end, estimated = _times(fields, notes)
    active = _active(fields.d, start, end, notes)
    text = join_broken(fields.e)
    areas = find_areas(text)
    lower, upper, ranges = _limits(fields, text, areas, notes)
    kind = kind_of(code, text)
    if kind == "hazard" and code[:1] in _EQUIPMENT:
        notes.insert(0, f"its code (Q{code}) {NOT_ABOUT_AIRSPACE}: what it means there, nobody says")
    if fields.other_id:
        notes.append(f"{'cancels' if fields.type == 'C' else 'replaces'} {fields.other_id}")
    found = _found(fields, areas, notes)
    name = f"{fields.id or 'notice without id'} {q.fir if q else (fields.places or ('',))[0]}".strip()
    volumes: list[Volume] = []
    refused: list[Refused] = []
    if fields.type != "C":
        refused = [Refused(name, source, reason) for reason in found.reasons]
        groups = _by_limits(found.parts, ranges, (lower, upper), areas)
        for number, (floor, ceiling, group) in enumerate(groups, start=1):
            own = (f"{name}: area {number} of {len(groups)}, by their limits",) if len(groups) > 1 else ()
            volumes.append(
                Volume(
                    id=(fields.id or source) + (f"-{number}" if len(groups) > 1 else ""),
                    name=name,
                    kind=kind,
                    parts=group,
                    floor=floor,
                    ceiling=ceiling,
                    active=active,
                    estimated_end=estimated,
                    source=source,
                    raw=fields.raw,
                    notes=tuple(dict.fromkeys([*notes, *own])),
                    notice="NOTAM",
                    issued_for=_issued_for(fields),
                    assumed=assumption(notes),
                    accuracy_m=found.accuracy_m,
                )
            )
    return Notice(
        id=fields.id,
        type=fields.type,
        other_id=fields.other_id,
        fir=q.fir if q else "",
        places=fields.places,
        qcode=f"Q{code}" if code else "",
        kind=kind,
        volumes=tuple(volumes),
        refused=tuple(refused),
        start=start,
        end=end,
        estimated=estimated,
        schedule=fields.d,
        active=active,
        lower=lower,
        upper=upper,
        centre=q.centre if q else None,
        radius_nm=q.radius_nm if q else None,
        levels_fl=(q.lower_fl, q.upper_fl) if q else (None, None),
        traffic=q.traffic if q else "",
        purpose=q.purpose if q else "",
        scope=q.scope if q else "",
        text=fields.e,
        raw=fields.raw,
        not_understood=tuple(dict.fromkeys(notes)),
    )


def kind_of(code: str, text: str) -> str:
    """The kind of a notice's volumes, from its code without the Q and from its text; the table stands above."""
    subject = code[:2]
    if subject in {"RD", "RM"} or subject.startswith("W"):
        return "danger"
    if subject in _RESTRICTED - {"RA", "RO"}:
        return "restricted"
    if _DANGER.search(text):
        return "danger"
    return "restricted" if subject in _RESTRICTED else "hazard"


def _times(fields: Fields, notes: list[str]) -> tuple[datetime | None, datetime | None, bool]:
    """Start, end and whether the end is an estimate; what is not understood stays open, as active is the safe side."""
    start, end = read_time(fields.b), read_time(fields.c)
    if start is None:
        said = fields.b[:20] or "nothing"
        notes.append(f"the start is not understood (B says {said!r}): taken as active ever since")
    plain = fields.c[:20]
    if end is None and fields.type != "C" and not re.match(r"(?:PERM|UFN)\b", plain):
        notes.append(f"the end is not understood (C says {plain or 'nothing'!r}): taken as active until further notice")
    if start is not None and end is not None and end <= start:
        notes.append("the end is not after the start: taken as active until further notice")
        end = None
    return start, end, end is not None and "EST" in plain


def _active(schedule: str, start: datetime | None, end: datetime | None, notes: list[str]) -> tuple[Window, ...]:
    whole = (Window(start, end),)
    if not schedule:
        return whole
    try:
        windows, more = expand(schedule, start, end)
    except ScheduleError as error:
        notes.append(f"the schedule {schedule[:120]!r} is not understood ({error}): taken as active throughout")
        return whole
    notes += more
    return windows


def _limits(fields: Fields, text: str, areas: Areas, notes: list[str]) -> tuple[Limit, Limit, list[Range | None]]:
    """The limits of the whole: items F and G, else E's, else the Q line's; and each area's own where those differ."""
    floor, ceiling = read_limit(fields.f), read_limit(fields.g)
    for item, said, limit in (("F", fields.f, floor), ("G", fields.g, ceiling)):
        if said and limit is None:
            notes.append(f"{item} says {said!r}, which is not understood")
    stated = find_limits(text)
    own = _own_limits(stated, areas.areas, len(text))
    if not own:
        for side, letter, limit in (("lower", "F", floor), ("upper", "G", ceiling)):
            told = [(letter, limit), *(("E", r.lower if side == "lower" else r.upper) for r in stated)]
            notes += contradictions(told, side)
    q = (
        from_levels(fields.q.lower_fl or 0, 999 if fields.q.upper_fl is None else fields.q.upper_fl)
        if fields.q
        else None
    )
    if q is not None and floor is not None and ceiling is not None:
        notes += _outside_levels(q, floor, ceiling)
    chosen: list[Limit] = []
    sides = (
        ("lower", "F", floor, next((r.lower for r in stated if r.lower), None), q[0] if q else None, SURFACE),
        ("upper", "G", ceiling, next((r.upper for r in stated if r.upper), None), q[1] if q else None, UNLIMITED),
    )
    for side, letter, item, in_text, level, open_end in sides:
        if item is not None:
            chosen.append(item)
        elif in_text is not None:
            chosen.append(in_text)
            notes.append(f"{side} limit from the text, {letter} says none")
        else:
            chosen.append(open_end if level is None else level)
            notes.append(
                f"{side} limit {'not stated: open' if level is None else 'from the Q line'}, {letter} says none"
            )
    if above(chosen[0], chosen[1]):
        notes.append(f"the lower limit {chosen[0]} is above the upper limit {chosen[1]}: taken as SFC to UNL")
        return SURFACE, UNLIMITED, []
    return chosen[0], chosen[1], own


def _outside_levels(q: tuple[Limit, Limit], floor: Limit, ceiling: Limit) -> list[str]:
    """Notes where F or G lie outside the Q line's levels by more than 1,000 ft (they are rounded, and of another datum)."""
    notes: list[str] = []
    lowest = 0.0 if floor.reference in {"SFC", "AGL"} else floor.value_ft
    if floor.reference != "UNL" and q[0].reference == "STD" and lowest < q[0].value_ft - 1000.0:
        notes.append(f"contradicts itself: lower limit {q[0]} in Q, {floor} in F")
    if q[1].reference == "STD" and (ceiling.reference == "UNL" or ceiling.value_ft > q[1].value_ft + 1000.0):
        notes.append(f"contradicts itself: upper limit {q[1]} in Q, {ceiling} in G")
    return notes


def _own_limits(stated: Sequence[Range], areas: Sequence[Area], length: int) -> list[Range | None]:
    """The limits of each area where the text states several; empty where it does not."""
    if len(areas) < 2 or len({(r.lower, r.upper) for r in stated}) < 2:
        return []
    before_them = bool(stated) and stated[0].end <= areas[0].start
    own: list[Range | None] = []
    for number, area in enumerate(areas):
        begin = areas[number - 1].end if number else 0
        until = areas[number + 1].start if number + 1 < len(areas) else length
        low, high = (begin, area.start) if before_them else (area.end, until)
        own.append(next((r for r in stated if low <= r.start and r.end <= high), None))
    return own if any(own) else []


def _issued_for(fields: Fields) -> tuple[str, ...]:
    """The regions that a notice is for: the Q line's, unless that is "several" (Doc 8126: LTXX), and item A's."""
    first = (fields.q.fir,) if fields.q and not fields.q.fir.endswith("XX") else ()
    return tuple(dict.fromkeys([*first, *fields.places]))


@dataclass(frozen=True)
class _Found:
    """The areas of a notice, in their order, and why there are none or not all."""

    parts: tuple[Part, ...] = ()
    reasons: tuple[str, ...] = ()
    accuracy_m: float = 0.0


def _found(fields: Fields, areas: Areas, notes: list[str]) -> _Found:
    q = fields.q
    notes += areas.notes
    if q is not None and q.code[:1] in {"R", "W"} and q.code[2:] in _OVER:
        return _Found(reasons=(f"its code says {_OVER[q.code[2:]]} (Q{q.code})",))
    usable = q is not None and q.centre is not None and q.radius_nm is not None and 0 < q.radius_nm < WHOLE_FIR_NM
    if areas.areas and not (areas.trouble and usable):
        notes += [f"not understood, left out: {line}" for line in areas.trouble]
        for number, area in enumerate(areas.areas, start=1):
            lead = f"area {number}: " if len(areas.areas) > 1 else ""
            notes += [lead + note for note in area.notes]
            if q is not None and q.centre is not None and (far := _far_nm(area, q.centre, q.radius_nm or 0)) > FAR_NM:
                notes.append(f"{lead}its middle lies {far:.0f} NM outside the circle of the Q line")
        return _Found(tuple(Part(area.ring) for area in areas.areas), areas.trouble)
    notes += [f"area in E not understood: {line}" for line in areas.trouble]
    if q is None or q.centre is None or not q.radius_nm:
        return _Found(reasons=("; ".join(areas.trouble) or "no area: neither E nor the Q line gives one",))
    if not usable:
        return _whole_regions(_issued_for(fields), notes)
    notes.append("area from the Q line")
    try:
        return _Found((Part(circle_ring(q.centre, q.radius_nm * NM_M)),))
    except RingError as error:
        return _Found(reasons=(f"the circle of the Q line is no ring: {error}",))


def _whole_regions(codes: Sequence[str], notes: list[str]) -> _Found:
    """A radius of 999 stands for the whole of a region, whose boundary no notice gives: the bundled one."""
    parts = {code: fir_parts(code) for code in codes}
    missing = [code for code, some in parts.items() if not some]
    if missing or not codes:
        whose = ", ".join(missing) or "no region"
        return _Found(reasons=(f"no area: it is for the whole of {whose}, whose boundary is not known",))
    notes.append(f"for the whole of {', '.join(codes)} (radius 999 in the Q line): {APPROXIMATE} boundary")
    return _Found(tuple(part for some in parts.values() for part in some), accuracy_m=FIR_ACCURACY_M)


def _far_nm(area: Area, centre: tuple[float, float], radius_nm: float) -> float:
    """How far the mean of an area's corners lies outside a circle, NM."""
    phi, lam = np.radians(area.ring.latitude), np.radians(area.ring.longitude)
    x, y, z = (float(v.mean()) for v in (np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))
    latitude, longitude = np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x))
    _, _, distance = GEOD.inv(centre[1], centre[0], float(longitude), float(latitude))
    return float(distance) / NM_M - radius_nm


def _by_limits(
    parts: Sequence[Part], ranges: Sequence[Range | None], whole: tuple[Limit, Limit], areas: Areas
) -> list[tuple[Limit, Limit, tuple[Part, ...]]]:
    """Parts of the same limits together, in the order of their first."""
    if not parts:
        return []
    if len(ranges) != len(parts) or len(parts) != len(areas.areas):
        return [(*whole, tuple(parts))]
    groups: dict[tuple[Limit, Limit], list[Part]] = {}
    for part, own in zip(parts, ranges, strict=True):
        lower = own.lower if own and own.lower else whole[0]
        upper = own.upper if own and own.upper else whole[1]
        key = whole if above(lower, upper) else (lower, upper)
        groups.setdefault(key, []).append(part)
    return [(*key, tuple(group)) for key, group in groups.items()]
