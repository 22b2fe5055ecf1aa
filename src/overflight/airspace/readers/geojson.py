"""GeoJSON (RFC 7946): polygons whose edges are straight in longitude and latitude, with the properties of the design.

``id``, ``name``, ``kind``, ``floor``, ``ceiling`` (see `parse_limit`), ``owner``, ``accuracy_m``, ``active_from``,
``active_to`` (ISO 8601), ``edges`` ("straight", "parallel" or "geodesic"), and of a notice ``notice`` ("NOTAM" or
"bulletin"), ``issued_for`` (a list of regions) and ``assumed`` (what of it is only assumed); ``barred`` names the one
party that must not be in it. What openAIP exports is read by its own names: ``_id``, ``type``, ``lowerLimit`` and
``upperLimit`` as {value, unit, referenceDatum} (https://docs.openaip.net).

A LineString is a line that parties agreed not to cross (`overflight.airspace.sides`): ``party_left`` and ``party_right`` say whose
side is whose, seen along the line, and ``reach`` ("100 NM") how far from it they reach. With both, each side is barred to the
other party; with one, to everybody else.

An edge that spans more than half the globe is taken to go the short way, across the antimeridian, as maps do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

from overflight.airspace.readers.format import Format
from overflight.airspace.rings import RingError, make_part, make_ring
from overflight.airspace.sides import FARTHEST_M, LEFT, REACH_M, RIGHT, side
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
    inverted,
    parse_limit,
)
from overflight.errors import InputError, ParameterError
from overflight.units import FT_M, parse_length_m, parse_time

_EDGES: Final = {"straight": STRAIGHT, "parallel": STRAIGHT, "geodesic": GEODESIC}
_OPENAIP_UNITS: Final = {0: "m", 1: "ft", 6: "fl"}
_OPENAIP_DATUM: Final = {0: "AGL", 1: "AMSL", 2: "STD"}
_OPENAIP_KINDS: Final = {1: "restricted", 2: "danger", 3: "restricted", 10: "fir", 11: "fir"}  # 3: prohibited, 11: UIR
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
    for number, feature in enumerate(_features(document, label), start=1):
        place = f"{label}:feature {number}"
        name = place
        try:
            properties = _mapping(feature.get("properties"))
            name = str(properties.get("name") or properties.get("id") or feature.get("id") or place)
            if _mapping(feature.get("geometry")).get("type") == "LineString":
                volumes += _sides(feature, properties, place, f"{number}")
            else:
                volumes.append(_volume(feature, properties, place, f"{number}"))
        except (RingError, ParameterError, _WrongError) as error:
            refused.append(Refused(name, place, str(error)))
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
    kind = properties.get("kind") or _OPENAIP_KINDS.get(cast("Any", properties.get("type")), "restricted")
    return _described(feature, properties, place, number, str(kind), parts, tuple(notes))


def _edge(properties: Properties) -> int:
    edge = properties.get("edges", "straight")
    if edge not in _EDGES:
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
    raw = json.dumps(feature, ensure_ascii=False)
    volumes: list[Volume] = []
    for which, other in ((LEFT, RIGHT), (RIGHT, LEFT)):
        if not parties[which]:
            continue
        part = side(latitude, longitude, _edge(properties), which, reach_m)
        whole = _described(feature, properties, place, number, "line_side", (part,), ())
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
    if notice not in {"", *NOTICES}:
        raise _WrongError(f"notice {notice!r}: choose from {', '.join(NOTICES)}")
    name = str(properties.get("name") or properties.get("id") or feature.get("id") or f"feature {number}")
    floor = _limit(properties, "floor", "lowerLimit", SURFACE)
    ceiling = _limit(properties, "ceiling", "upperLimit", UNLIMITED)
    if wrong := inverted(floor, ceiling):
        raise _WrongError(wrong)
    return Volume(
        id=str(properties.get("id") or properties.get("_id") or feature.get("id") or f"{number} {name}"),
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
        assumed=str(properties.get("assumed") or ""),
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
                notes += [where + note for note in mended]
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


def _limit(properties: Properties, own: str, openaip: str, default: Limit) -> Limit:
    value = properties.get(own)
    if value is not None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = f"{value} ft AMSL"
        return parse_limit(str(value), own)
    told = _mapping(properties.get(openaip))
    if not told:
        return default
    unit, datum = _OPENAIP_UNITS.get(told.get("unit", -1)), _OPENAIP_DATUM.get(told.get("referenceDatum", -1))
    number = told.get("value")
    if unit is None or datum is None or isinstance(number, bool) or not isinstance(number, int | float):
        raise _WrongError(f"{openaip} {dict(told)} is not understood")
    if unit == "fl":
        return Limit("STD", number * 100.0)
    if datum == "AGL" and number == 0:
        return SURFACE
    return Limit(cast("Any", datum), round(number if unit == "ft" else number / FT_M, 6))


def _active(properties: Properties) -> tuple[Window, ...]:
    start, end = (properties.get(name) for name in ("active_from", "active_to"))
    if start is None and end is None:
        return ()
    start, end = (None if x is None else parse_time(str(x), "active") for x in (start, end))
    if start is not None and end is not None and end <= start:
        raise _WrongError(f"active_to {end} is not after active_from {start}")
    return (Window(start, end),)


GEOJSON = Format(
    "GeoJSON", lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"Feature' in head, read
)
