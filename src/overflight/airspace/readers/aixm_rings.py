"""Rings and parts from the curves of an AIXM surface: joined where they meet, along borders where they refer to one.

Segments that meet within a metre share the point. A gap of up to a nautical mile (coordinates rounded to whole minutes, an
arc whose ends were rounded) is closed by a geodesic and noted; where an arc meets a published point, the point counts. A
wider gap is refused, but for a ring whose end is missing: it is closed, as every other format does, and noted.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from overflight.airspace.readers.aixm_curves import (
    Piece,
    border_name,
    distance_m,
    line,
    member,
    pieces,
    positions,
)
from overflight.airspace.readers.aixm_document import AixmError, Element, Links, href, local
from overflight.airspace.readers.aixm_times import latest
from overflight.airspace.rings import RingError, make_ring
from overflight.airspace.volume import GEODESIC, STRAIGHT, Part, Ring
from overflight.units import NM_M

JOIN_M: Final = NM_M
"""The widest gap between two segments that is closed: a minute of latitude."""

SAME_M: Final = 1.0
"""Points this near are one: the sixth decimal of a degree is a tenth of that."""

DEGREE_M: Final = 111_195.0
"""A degree of latitude on a sphere, for distances of a few kilometres."""


def parts(surface: Element, links: Links, notes: list[str]) -> tuple[Part, ...]:
    """Read a gml:Surface or one of its kind.

    Raises:
        AixmError: it is not understood, or damaged.
    """
    patches = [patch for list_ in surface for patch in list_ if local(list_) in {"patches", "polygonPatches"}]
    if local(surface) == "Polygon":
        patches = [surface]
    made: list[Part] = []
    for patch in patches:
        outer = [_ring(each, links, notes) for each in patch.iterfind("{*}exterior")]
        if len(outer) != 1:
            raise AixmError(f"a {local(patch)} has {len(outer)} outer rings instead of one")
        holes = [_ring(each, links, notes) for each in patch.iterfind("{*}interior")]
        made.append(Part(outer[0], tuple(holes)))
    if not made:
        raise AixmError(f"a {local(surface)} has no patches")
    return tuple(made)


def _ring(boundary: Element, links: Links, notes: list[str]) -> Ring:
    ring = next(iter(boundary), None)
    if ring is None or local(ring) not in {"Ring", "LinearRing"}:
        raise AixmError(f"an {local(boundary)} boundary holds no ring")
    found = (
        [line(*positions(ring, links), STRAIGHT)]
        if local(ring) == "LinearRing"
        else _members(ring.findall("{*}curveMember"), links, notes)
    )
    if not found:
        raise AixmError("a ring has no segments")
    try:
        made, mended = make_ring(*closed(found, notes))
    except RingError as error:
        raise AixmError(str(error)) from None
    notes += mended
    return made


def _members(members: list[Element], links: Links, notes: list[str]) -> list[Piece]:
    """Read the curves of a ring; one that is a link to a GeoBorder runs between its neighbours' ends."""
    found: list[list[Piece] | Element] = []
    for each in members:
        target = links.follow(each) if href(each) is not None else None
        if target is None:
            found.append(member(each, links))
        else:
            found.append(target if local(target) == "GeoBorder" else pieces(target, links))
    made: list[Piece] = []
    for k, each in enumerate(found):
        if isinstance(each, list):
            made += each
            continue
        before, after = found[k - 1], found[(k + 1) % len(found)]
        if not isinstance(before, list) or not isinstance(after, list) or not before or not after:
            raise AixmError("cannot decide: a border alone does not say from where to where it counts")
        start, end = before[-1], after[0]
        made.append(
            along(
                _border(each, links),
                (start.latitude[-1], start.longitude[-1]),
                (end.latitude[0], end.longitude[0]),
                border_name(each),
            )
        )
        notes.append(f"along the border {border_name(each)}")
    return made


def _border(feature: Element, links: Links) -> Piece:
    """Return a GeoBorder's line."""
    part, _ = latest([feature])
    found = [piece for each in part.iterfind("{*}border") for piece in member(each, links)]
    if not found:
        raise AixmError(f"the border {border_name(feature)} has no line")
    for a, b in pairwise(found):
        if distance_m(_last(a), _first(b)) > SAME_M:
            raise AixmError(f"the border {border_name(feature)} is not in one piece")
    lat = [at for piece in found[:-1] for at in piece.latitude[:-1]] + found[-1].latitude
    lon = [at for piece in found[:-1] for at in piece.longitude[:-1]] + found[-1].longitude
    return Piece(lat, lon, [edge for piece in found for edge in piece.edges])


def along(border: Piece, start: tuple[float, float], end: tuple[float, float], name: str) -> Piece:
    """Return a border's line from the place nearest to one point to the place nearest to another, with both points.

    Raises:
        AixmError: a point is further than `JOIN_M` from it, or it is closed, so that there are two ways.
    """
    if len(border.latitude) < 2:
        raise AixmError(f"the border {name} has no line")
    if distance_m(_first(border), _last(border)) <= SAME_M:
        raise AixmError(f"cannot decide which way round the closed border {name} is meant")
    places: list[float] = []
    for point in (start, end):
        place, off_m = _nearest(border, point)
        if off_m > JOIN_M:
            raise AixmError(f"the border {name} is {off_m / 1000:.1f} km from {point[0]:.4f} {point[1]:.4f}")
        places.append(place)
    low, high = sorted(places)
    first, last = int(np.floor(low)) + 1, int(np.ceil(high)) - 1
    between = border.cut(first, last + 1) if first <= last else Piece([], [], [])
    before, after = border.edges[min(first - 1, len(border.edges) - 1)], border.edges[min(last, len(border.edges) - 1)]
    edges = [before, *between.edges, after] if between.latitude else [before]
    ends = (start, end) if places[0] <= places[1] else (end, start)
    lat = [ends[0][0], *between.latitude, ends[1][0]]
    lon = [ends[0][1], *between.longitude, ends[1][1]]
    piece = _without_doubles(Piece(lat, lon, edges))
    return piece if places[0] <= places[1] else piece.turned()


def _without_doubles(piece: Piece) -> Piece:
    """Leave out the second and the last but one point where they are the end itself."""
    start = 1 if len(piece.latitude) > 2 and distance_m(_first(piece), _at(piece, 1)) <= SAME_M else 0
    end = 1 if len(piece.latitude) - start > 2 and distance_m(_last(piece), _at(piece, -2)) <= SAME_M else 0
    lat, lon, edges = list(piece.latitude), list(piece.longitude), list(piece.edges)
    if end:
        del lat[-2], lon[-2], edges[-1]
    if start:
        del lat[1], lon[1], edges[0]
    return Piece(lat, lon, edges)


def _nearest(border: Piece, point: tuple[float, float]) -> tuple[float, float]:
    """Return where on a line a point is nearest, as vertex number and fraction, and how far off in m.

    In a plane around the point: right to a metre within a few kilometres of it, which is all that is accepted.
    """
    y: NDArray[np.float64] = (np.array(border.latitude) - point[0]) * DEGREE_M
    east = (np.array(border.longitude) - point[1] + 180.0) % 360.0 - 180.0
    x = east * DEGREE_M * np.cos(np.radians(point[0]))
    dx, dy = np.diff(x), np.diff(y)
    long2 = dx * dx + dy * dy
    share = np.clip(-(x[:-1] * dx + y[:-1] * dy) / np.where(long2 > 0, long2, 1.0), 0.0, 1.0)
    off = np.hypot(x[:-1] + share * dx, y[:-1] + share * dy)
    k = int(np.argmin(off))
    return k + float(share[k]), float(off[k])


def closed(found: list[Piece], notes: list[str]) -> tuple[list[float], list[float], list[int]]:
    """Join pieces to a closed line: latitude, longitude and edge after each point; the first is not repeated.

    Raises:
        AixmError: a gap between two of them is too wide, or a full circle is among them.
    """
    if len(found) == 1 and found[0].closed:
        return found[0].latitude, found[0].longitude, [*found[0].edges, GEODESIC]
    if any(piece.closed for piece in found):
        raise AixmError("a full circle is amid other segments of a ring")
    kept = found[:1]
    for number, piece in enumerate(found[1:], start=2):
        if _repeats(kept[-1], piece):
            notes.append(f"segment {number} repeats the end of the one before, left out")
        else:
            kept.append(piece)
    joints: list[int] = []
    for k in range(1, len(kept)):
        kept[k - 1], kept[k], edge = _joined(kept[k - 1], kept[k], notes)
        joints += edge
    if len(kept) > 1:
        kept[-1], kept[0], edge = _joined(kept[-1], kept[0], notes, closing=True)
        joints += edge
    elif (gap_m := distance_m(_last(kept[0]), _first(kept[0]))) > SAME_M:
        notes.append(_unclosed(gap_m))
        joints.append(GEODESIC if kept[0].arc else kept[0].edges[-1] if kept[0].edges else GEODESIC)
    else:
        kept[0] = kept[0].cut(0, max(len(kept[0].latitude) - 1, 1))
        joints.append(found[0].edges[-1] if found[0].edges else GEODESIC)
    lat = [at for piece in kept for at in piece.latitude]
    lon = [at for piece in kept for at in piece.longitude]
    return lat, lon, [edge for piece, joint in zip(kept, joints, strict=True) for edge in (*piece.edges, joint)]


def _unclosed(gap_m: float) -> str:
    return f"the ring is not closed: an edge of {gap_m / 1000:.1f} km is added"


def _repeats(before: Piece, piece: Piece) -> bool:
    """Say whether a piece lists again what the one before it ends with."""
    n = len(piece.latitude)
    if piece.arc or not 2 <= n <= len(before.latitude):
        return False
    return all(distance_m(_at(before, k - n), _at(piece, k)) <= SAME_M for k in range(n))


def _joined(a: Piece, b: Piece, notes: list[str], *, closing: bool = False) -> tuple[Piece, Piece, list[int]]:
    """Make two pieces meet: both, as they are then, and what leads from the last point of the first to the second."""
    gap_m = distance_m(_last(a), _first(b))
    if gap_m <= SAME_M:
        if b.arc and not a.arc:
            b = Piece([a.latitude[-1], *b.latitude[1:]], [a.longitude[-1], *b.longitude[1:]], b.edges, b.arc)
        edge = a.edges[-1] if a.edges else GEODESIC
        return (a.cut(0, len(a.latitude) - 1), b, [edge]) if len(a.latitude) > 1 else (a, b, [edge])
    if gap_m > JOIN_M:
        if not closing:
            raise AixmError(f"two segments of a ring are {gap_m / 1000:.1f} km apart")
        notes.append(_unclosed(gap_m))
        return a, b, [GEODESIC]
    notes.append(f"a gap of {gap_m:.0f} m between two segments is closed")
    if a.arc and not b.arc:  # the arc overshoots, or falls short: what lies around the published point is left out
        while len(a.latitude) > 1 and distance_m(_last(a), _first(b)) <= gap_m:
            a = a.cut(0, len(a.latitude) - 1)
    elif b.arc and not a.arc:
        while len(b.latitude) > 1 and distance_m(_last(a), _first(b)) <= gap_m:
            b = b.cut(1, len(b.latitude))
    return a, b, [GEODESIC]


def _first(piece: Piece) -> tuple[float, float]:
    return _at(piece, 0)


def _last(piece: Piece) -> tuple[float, float]:
    return _at(piece, -1)


def _at(piece: Piece, k: int) -> tuple[float, float]:
    return piece.latitude[k], piece.longitude[k]
