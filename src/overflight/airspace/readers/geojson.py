"""GeoJSON (RFC 7946): polygons whose edges are straight in longitude and latitude, with the properties of the design.

``id``, ``name``, ``kind``, ``floor``, ``ceiling`` (see `parse_limit`), ``owner``, ``accuracy_m``, ``active_from``,
``active_to`` (ISO 8601), ``edges`` ("straight", "parallel" or "geodesic"), and of a notice ``notice`` ("NOTAM" or
"bulletin"), ``issued_for`` (a list of regions) and ``assumed`` (what of it is only assumed); ``barred`` names the one
party that must not be in it. What openAIP exports, as features or as its list of items, is read by openAIP's own names (`openaip`).

A LineString is a line that parties agreed not to cross (`overflight.airspace.sides`): ``party_left`` and ``party_right`` say whose
side is whose, seen along the line, and ``reach`` ("100 NM") how far from it they reach. With both, each side is barred to the
other party; with one, to everybody else.

An edge that spans more than half the globe is taken to go the short way, across the antimeridian, as maps do. A ring that is not
closed is closed, and a longitude beyond 180 degrees is taken within, each with a note.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

from overflight.airspace.readers import openaip
from overflight.airspace.readers.format import Format
from overflight.airspace.rings import RingError, make_part, make_ring, unclosed
from overflight.airspace.sides import FARTHEST_M, LEFT, REACH_M, RIGHT, checked, side
from overflight.airspace.volume import (
    GEODESIC,
    KINDS,
    NOTICES,
    STRAIGHT,
    SURFACE,
    UNLIMITED,
    Airspace,
    Limit,
    Part,
    Refused,
    Ring,
    Volume,
    Window,
    assumption,
    inverted,
    parse_limit,
)
from overflight.errors import InputError, ParameterError
from overflight.units import parse_length_m, parse_time

_EDGES: Final = {"straight": STRAIGHT, "parallel": STRAIGHT, "geodesic": GEODESIC}
HIGHEST_FT: Final = 500_000.0
"""No limit is higher: space begins at 330,000 ft."""

Properties = Mapping[str, Any]


def read(data: bytes, label: str) -> Airspace:
    """Read a Feature, a FeatureCollection, or openAIP's list of items.

    Raises:
        InputError: it is no GeoJSON.
    """
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError(f"is no JSON ({error})", path=label, remedy="export it again") from None
    volumes: list[Volume] = []
    refused: list[Refused] = []
    listed = openaip.items(document)
    what = "feature" if listed is None else "item"
    for number, feature in enumerate(_features(document, label) if listed is None else listed, start=1):
        place = f"{label}:{what} {number}"
        name = place
        try:
            properties = _mapping(feature.get("properties"))
            name = str(properties.get("name") or properties.get("id") or feature.get("id") or place)
            if listed is not None or openaip.is_airspace(properties):
                properties = openaip.read(properties)
            if _mapping(feature.get("geometry")).get("type") == "LineString":
                volumes += _sides(feature, properties, place, f"{number}")
            else:
                volumes.append(_volume(feature, properties, place, f"{number}"))
        except (RingError, ParameterError, _WrongError, openaip.OpenaipError) as error:
            refused.append(Refused(name, place, str(error)))
    if volumes and (missing := openaip.missing_pages(document)):
        volumes[0] = replace(volumes[0], notes=(*volumes[0].notes, missing))
    return Airspace(tuple(volumes), tuple(refused))


class _WrongError(ValueError):
    """A feature that is none."""


def _mapping(value: Any) -> Properties:
    return cast("Properties", value) if isinstance(value, dict) else {}


def _features(document: Any, label: str) -> list[Properties]:
    document = _mapping(document)
    if document.get("type") == "Feature":
        return [document]
    features = document.get("features")
    if document.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise InputError("is no GeoJSON with features", path=label, remedy="save it as a FeatureCollection")
    return [_mapping(feature) for feature in cast("list[Any]", features)]


def _volume(feature: Properties, properties: Properties, place: str, number: str) -> Volume:
    geometry = _mapping(feature.get("geometry"))
    coordinates = geometry.get("coordinates")
    if geometry.get("type") == "Polygon":
        coordinates = [coordinates]
    elif geometry.get("type") != "MultiPolygon":
        raise _WrongError(f"a {geometry.get('type') or 'feature without geometry'} encloses no area")
    parts, notes = _parts(coordinates, _edge(properties))
    kind = properties.get("kind") or "restricted"
    return _described(feature, properties, place, number, str(kind), parts, tuple(notes))


def _edge(properties: Properties) -> int:
    edge = properties.get("edges", "straight")
    if not isinstance(edge, str) or edge not in _EDGES:
        raise _WrongError(f"edges {edge!r}: choose from {', '.join(_EDGES)}")
    return _EDGES[edge]


def _sides(feature: Properties, properties: Properties, place: str, number: str) -> list[Volume]:
    """The sides of a line that parties agreed not to cross: one volume for each side that a party has."""
    parties = {which: properties.get(f"party_{which}") for which in (LEFT, RIGHT)}
    if properties.get("kind", "line_side") != "line_side" or not any(parties.values()):
        raise _WrongError("a LineString is a line_side: say in party_left or party_right whose side of it is whose")
    reach_m = REACH_M if properties.get("reach") is None else parse_length_m(str(properties["reach"]), "reach")
    if not 0.0 < reach_m <= FARTHEST_M:
        raise _WrongError(f"reach {properties['reach']!r}: give one up to {FARTHEST_M / 1000.0:.0f} km")
    points = _mapping(feature.get("geometry")).get("coordinates")
    try:
        longitude, latitude = ([float(point[k]) for point in cast("Any", points)] for k in (0, 1))
    except (TypeError, IndexError, KeyError, ValueError, OverflowError) as error:
        raise _WrongError(f"coordinates are no list of positions ({error})") from None
    line, notes = checked(latitude, longitude)
    raw = json.dumps(feature, ensure_ascii=False)
    volumes: list[Volume] = []
    for which, other in ((LEFT, RIGHT), (RIGHT, LEFT)):
        if not parties[which]:
            continue
        part = side(line, _edge(properties), which, reach_m)
        whole = _described(feature, properties, place, number, "line_side", (part,), tuple(notes))
        owner = str(parties[which])
        barred = str(parties[other]) if parties[other] else None
        name = f"{owner}'s side of {whole.name}"
        volumes.append(replace(whole, id=f"{whole.id} {which}", name=name, owner=owner, barred=barred, raw=raw))
    return volumes


def _described(
    feature: Properties,
    properties: Properties,
    place: str,
    number: str,
    kind: str,
    parts: tuple[Part, ...],
    notes: tuple[str, ...],
) -> Volume:
    """A volume of parts, with everything that its properties say."""
    if kind not in KINDS:
        raise _WrongError(f"kind {kind!r}: choose from {', '.join(KINDS)}")
    accuracy = properties.get("accuracy_m", 0.0)
    if isinstance(accuracy, bool) or not isinstance(accuracy, int | float) or not 0 <= accuracy < 1e6:
        raise _WrongError(f"accuracy_m {accuracy!r} is no length in m")
    notice = properties.get("notice") or ""
    if not isinstance(notice, str) or notice not in {"", *NOTICES}:
        raise _WrongError(f"notice {notice!r}: choose from {', '.join(NOTICES)}")
    name = str(properties.get("name") or properties.get("id") or feature.get("id") or f"feature {number}")
    floor, ceiling = _limit(properties, "floor", SURFACE), _limit(properties, "ceiling", UNLIMITED)
    notes = (*notes, *properties.get(openaip.NOTES, ()))
    if wrong := inverted(floor, ceiling):
        raise _WrongError(wrong)
    return Volume(
        id=str(properties.get("id") or feature.get("id") or f"{number} {name}"),
        name=name,
        kind=kind,
        parts=parts,
        floor=floor,
        ceiling=ceiling,
        active=_active(properties),
        accuracy_m=float(accuracy),
        owner=None if properties.get("owner") is None else str(properties["owner"]),
        source=place,
        notes=notes,
        notice=str(notice),
        issued_for=_codes(properties.get("issued_for")),
        assumed=str(properties.get("assumed") or assumption(notes)),
        barred=None if properties.get("barred") is None else str(properties["barred"]),
    )


def _codes(value: Any) -> tuple[str, ...]:
    """Read ``issued_for``: a list of codes, or none."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(code, str) for code in cast("list[Any]", value)):
        raise _WrongError(f"issued_for {value!r} is no list of codes")
    return tuple(cast("list[str]", value))


def _parts(coordinates: Any, edge: int) -> tuple[tuple[Part, ...], list[str]]:
    parts: list[Part] = []
    notes: list[str] = []
    try:
        for at, polygon in enumerate(coordinates, start=1):
            rings: list[Ring] = []
            for number, points in enumerate(polygon, start=1):
                where = f"part {at}, ring {number}: "
                try:
                    longitude, latitude = ([float(point[k]) for point in points] for k in (0, 1))
                    ring, mended = make_ring(latitude, longitude, edge)
                except RingError as error:
                    raise RingError(where + str(error)) from None
                rings.append(ring)
                notes += [where + note for note in (*mended, *unclosed(latitude, longitude))]
            if not rings:
                raise _WrongError(f"part {at} has no ring")
            try:
                parts.append(make_part(rings[0], rings[1:]))
            except RingError as error:
                raise RingError(f"part {at}: {error}") from None
    except (TypeError, IndexError, KeyError, OverflowError) as error:
        raise _WrongError(f"coordinates are no list of rings ({error})") from None
    except ValueError as error:
        if isinstance(error, RingError | _WrongError):
            raise
        raise _WrongError(f"coordinates are no numbers ({error})") from None
    if not parts:
        raise _WrongError("the geometry is empty")
    return tuple(parts), notes


def _limit(properties: Properties, name: str, default: Limit) -> Limit:
    value = properties.get(name)
    if value is None:
        return default
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value} ft AMSL"
    limit = parse_limit(str(value), name)
    if abs(limit.value_ft) > HIGHEST_FT:
        raise _WrongError(f"{name} {str(value)[:40]} is out of range")
    return limit


def _active(properties: Properties) -> tuple[Window, ...]:
    start, end = (properties.get(name) for name in ("active_from", "active_to"))
    if start is None and end is None:
        return ()
    start, end = (None if x is None else parse_time(str(x), "active") for x in (start, end))
    if start is not None and end is not None and end <= start:
        raise _WrongError(f"active_to {end} is not after active_from {start}")
    return (Window(start, end),)


OPENAIP = Format("openAIP", openaip.matches, read)
GEOJSON = Format(
    "GeoJSON", lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"Feature' in head, read
)
