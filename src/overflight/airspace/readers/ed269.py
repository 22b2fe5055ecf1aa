"""ED-269 and ED-318: the geographical zones for drones that European states publish.

EUROCAE ED-269 (2020), chapter 8, is JSON of its own: a list of zones, each with its limits, circles and polygons. ED-318
(2024) is GeoJSON with a ``layer`` of limits in each geometry and circles as points with an ``extent``. The field names are
those of the typed models of InterUSS (github.com/interuss/uas_standards, ``eurocae_ed269`` and ``eurocae_ed318``).

How they are read:

- Positions are longitude, latitude. Edges of polygons are straight in longitude and latitude, as in GeoJSON; circles are
  on the ellipsoid. The radius has the unit of the zone's other dimensions in ED-269, and is in m in ED-318.
- Each geometry has limits of its own and becomes a volume of its own: "ID", or "ID/1", "ID/2" where there are several.
- A limit that is left out is none: from the surface, unlimited. Heights above the ellipsoid are refused: without a
  geoid nobody can say how high that is.
- Daily schedules are not applied: the volume counts as active from start to end, which is longer, and a note says so.
- All zones are "restricted", the nearest kind; the note keeps the restriction as it stands. The owner is the country.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, cast

from overflight.airspace.readers.format import Format
from overflight.airspace.rings import RingError, circle, make_part, make_ring, unclosed
from overflight.airspace.volume import (
    GEODESIC,
    STRAIGHT,
    SURFACE,
    UNLIMITED,
    Airspace,
    Limit,
    Part,
    Reference,
    Refused,
    Ring,
    Volume,
    Window,
    assumption,
)
from overflight.errors import InputError, ParameterError
from overflight.units import FT_M, parse_time

Json = dict[str, Any]
Volumes = tuple[list[Volume], list[Refused]]
Area = tuple[tuple[Part, ...], Limit, Limit, list[str]]
"""Parts, floor, ceiling, and what was mended or assumed."""

_UNITS_M: Final = {"m": 1.0, "ft": FT_M}
_REFERENCES: Final[dict[str, Reference]] = {"AGL": "AGL", "AMSL": "AMSL"}
_LARGEST_M: Final = 10_000_000.0
"""A quarter of the way around the Earth: no radius is larger."""
_HIGHEST_M: Final = 200_000.0
"""No limit is higher; some states write 99,999 m for none."""


class _WrongError(ValueError):
    """A zone that is none; says why."""


def read_ed269(data: bytes, label: str) -> Airspace:
    """Read the zones of an ED-269 document.

    Raises:
        InputError: it is none.
    """
    document = _document(data, label)
    zones = document
    if isinstance(document, dict):
        found = cast("Json", document)
        zones = next((found[key] for key in ("features", "UASZoneList", "zones") if key in found), [found])
    return _zones(zones, label, _volumes_ed269, "the zones of ED-269")


def read_ed318(data: bytes, label: str) -> Airspace:
    """Read the zones of an ED-318 document.

    Raises:
        InputError: it is none.
    """
    document = _mapping(_document(data, label))
    zones = [document] if document.get("type") == "Feature" else document.get("features")
    return _zones(zones, label, _volumes_ed318, "the features of ED-318")


def _document(data: bytes, label: str) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError(f"is no JSON ({error})", path=label, remedy="export it again") from None


def _zones(zones: Any, label: str, volumes_of: Callable[[Json, str], Volumes], what: str) -> Airspace:
    if not isinstance(zones, list):
        raise InputError(f"has no list of {what}", path=label, remedy="export it again")
    airspace = Airspace()
    for number, zone in enumerate(cast("list[Any]", zones), start=1):
        place = f"{label}:zone {number}"
        try:
            volumes, refused = volumes_of(_mapping(zone), place)
            airspace += Airspace(tuple(volumes), tuple(refused))
        except (_WrongError, ParameterError) as error:
            airspace += Airspace(refused=(Refused(_name(_mapping(zone), place), place, str(error)),))
    return airspace


def _volumes_ed269(zone: Json, place: str) -> Volumes:
    layers = _list(zone.get("geometry"), "geometry")
    active, notes = _active(zone.get("applicability"), "applicability")
    common = _common(zone, str(zone.get("restriction") or "not told"), notes)
    return _layers(layers, place, zone, common, active, _area_ed269)


def _volumes_ed318(feature: Json, place: str) -> Volumes:
    zone = _mapping(feature.get("properties"))
    layers = [{"layer": zone.get("layer")} | each for each in _simple(_mapping(feature.get("geometry")))]
    active, notes = _active(zone.get("limitedApplicability"), "limitedApplicability")
    common = _common(zone, str(zone.get("type") or "not told"), notes)
    return _layers(layers, place, feature, common, active, _area_ed318)


def _common(zone: Json, restriction: str, notes: list[str]) -> tuple[Json, tuple[str, ...]]:
    reasons = zone.get("reason")
    why = f" ({', '.join(map(str, cast('list[Any]', reasons)))})" if isinstance(reasons, list) and reasons else ""
    told = [f"zone for drones, {restriction}{why}: read as restricted, the nearest kind"]
    if conditions := zone.get("restrictionConditions"):
        told.append(f"conditions are not applied: {str(conditions)[:120]!r}")
    return zone, (*told, *notes)


def _layers(
    layers: list[Any],
    place: str,
    raw: Json,
    common: tuple[Json, tuple[str, ...]],
    active: tuple[Window, ...],
    area_of: Callable[[Json], Area],
) -> Volumes:
    """Make a volume of each geometry; one that is broken leaves the others."""
    zone, notes = common
    if not layers:
        raise _WrongError("has no geometry")
    name = _name(zone, place)
    volumes: list[Volume] = []
    refused: list[Refused] = []
    for number, layer in enumerate(layers, start=1):
        mark = f"/{number}" if len(layers) > 1 else ""
        where = f"{place}, geometry {number}" if mark else place
        try:
            parts, floor, ceiling, said = area_of(_mapping(layer))
            if ceiling == SURFACE or (floor.reference == ceiling.reference and floor.value_ft > ceiling.value_ft):
                raise _WrongError(f"nothing is between the floor {floor} and the ceiling {ceiling}")
        except (_WrongError, RingError) as error:
            refused.append(Refused(name + mark, where, str(error)))
            continue
        country = zone.get("country")
        volumes.append(
            Volume(
                id=str(zone.get("identifier") or name) + mark,
                name=name,
                kind="restricted",
                parts=parts,
                floor=floor,
                ceiling=ceiling,
                active=active,
                owner=country if isinstance(country, str) and country else None,
                source=where,
                raw=json.dumps(raw, ensure_ascii=False),
                notes=(*notes, *said),
                assumed=assumption((*notes, *said)),
            )
        )
    return volumes, refused


def _area_ed269(layer: Json) -> Area:
    unit = _unit(layer.get("uomDimensions"), "uomDimensions")
    notes: list[str] = []
    floor = _limit(layer.get("lowerLimit"), layer.get("lowerVerticalReference"), unit, "lower", notes)
    ceiling = _limit(layer.get("upperLimit"), layer.get("upperVerticalReference"), unit, "upper", notes)
    shape = _mapping(layer.get("horizontalProjection"))
    if str(shape.get("type")).lower() == "circle":
        return (_circle(shape.get("center"), shape.get("radius"), unit),), floor, ceiling, notes
    if shape.get("type") != "Polygon":
        raise _WrongError(f"a {shape.get('type') or 'geometry without type'} encloses no area")
    return _polygons([shape.get("coordinates")], notes), floor, ceiling, notes


def _area_ed318(geometry: Json) -> Area:
    layer = _mapping(geometry.get("layer"))
    if not layer:
        raise _WrongError("has no layer of limits: what is inside cannot be decided")
    unit = _unit(layer.get("uom", "m"), "uom")  # ED-318 4.2.3.2: m unless told
    notes: list[str] = []
    floor = _limit(layer.get("lower"), layer.get("lowerReference"), unit, "lower", notes)
    ceiling = _limit(layer.get("upper"), layer.get("upperReference"), unit, "upper", notes)
    extent, kind = _mapping(geometry.get("extent")), geometry.get("type")
    if kind == "Point" and str(extent.get("subType")).lower() == "circle":
        return (_circle(geometry.get("coordinates"), extent.get("radius"), 1.0),), floor, ceiling, notes
    if kind == "Polygon":
        return _polygons([geometry.get("coordinates")], notes), floor, ceiling, notes
    if kind != "MultiPolygon":
        raise _WrongError(f"a {kind or 'geometry without type'} encloses no area")
    return _polygons(_list(geometry.get("coordinates"), "coordinates"), notes), floor, ceiling, notes


def _simple(geometry: Json) -> Iterator[Json]:
    """Take collections of geometries apart."""
    waiting = [geometry] if geometry else []
    while waiting:
        each = waiting.pop(0)
        if each.get("type") == "GeometryCollection":
            waiting = [_mapping(inner) for inner in _list(each.get("geometries"), "geometries")] + waiting
        else:
            yield each


def _unit(told: Any, what: str) -> float:
    unit = _UNITS_M.get(str(told).lower())
    if unit is None:
        raise _WrongError(f"{what} {told!r} is neither m nor ft")
    return unit


def _number(told: Any, what: str, largest: float = _LARGEST_M) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float) or not abs(told) <= largest:  # NaN, too
        raise _WrongError(f"{what} {str(told)[:40]} is no number that could be meant")
    return float(told)


def _limit(told: Any, reference: Any, unit: float, what: str, notes: list[str]) -> Limit:
    if told is None:
        notes.append(f"no {what} limit: {'from the surface' if what == 'lower' else 'unlimited'}")
        return SURFACE if what == "lower" else UNLIMITED
    value_ft = round(_number(told, f"the {what} limit", _HIGHEST_M / unit) * unit / FT_M, 6)
    datum = _REFERENCES.get(str(reference).upper())
    if datum is None:
        why = "above the ellipsoid: without a geoid nobody can say how high that is"
        raise _WrongError(f"the {what} limit is {why if reference == 'WGS84' else f'above {reference!r}'}")
    return SURFACE if datum == "AGL" and value_ft == 0 else Limit(datum, value_ft)


def _position(told: Any) -> tuple[float, float]:
    values = _list(told, "position")
    if len(values) < 2:
        raise _WrongError(f"position {str(values)[:40]} is no longitude and latitude")
    return _number(values[0], "longitude"), _number(values[1], "latitude")


def _circle(centre: Any, radius: Any, unit: float) -> Part:
    longitude, latitude = _position(centre)
    radius_m = _number(radius, "radius") * unit
    if not (abs(latitude) <= 90.0 and abs(longitude) <= 180.0):
        raise _WrongError(f"the centre ({latitude:g}, {longitude:g}) is not on the Earth")
    if radius_m <= 0.0:
        raise _WrongError(f"radius {radius} is no length")
    ring, _ = make_ring(*circle(latitude, longitude, radius_m), GEODESIC)
    return Part(ring)


def _polygons(polygons: list[Any], notes: list[str]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for at, polygon in enumerate(polygons, start=1):
        rings: list[Ring] = []
        for number, points in enumerate(_list(polygon, "coordinates"), start=1):
            where = f"part {at}, ring {number}: "
            positions = [_position(point) for point in _list(points, "ring")]
            try:
                ring, mended = make_ring([y for _, y in positions], [x for x, _ in positions], STRAIGHT)
            except RingError as error:
                raise _WrongError(where + str(error)) from None
            rings.append(ring)
            notes += [
                where + note for note in (*mended, *unclosed([y for _, y in positions], [x for x, _ in positions]))
            ]
        if not rings:
            raise _WrongError(f"part {at} has no ring")
        try:
            parts.append(make_part(rings[0], rings[1:]))
        except RingError as error:
            raise _WrongError(f"part {at}: {error}") from None
    if not parts:
        raise _WrongError("the geometry is empty")
    return tuple(parts)


def _active(told: Any, what: str) -> tuple[tuple[Window, ...], list[str]]:
    """Return when a zone is active, and what was not applied of that."""
    if told is None or told == []:
        return (), []
    windows: list[Window] = []
    notes: list[str] = []
    for period in map(_mapping, _list(told, what)):
        if period.get("schedule"):
            notes.append("a schedule is not applied: taken as active at all hours from start to end")
        ends = [period.get(key, period.get(key.replace("Time", "time"))) for key in ("startDateTime", "endDateTime")]
        start, end = (None if each is None else _moment(str(each)) for each in ends)
        permanent = str(period.get("permanent")).upper() == "YES" or (start is None and end is None)
        if start is not None and end is not None and end <= start:
            raise _WrongError(f"the end of its time, {end}, is not after its start, {start}")
        windows.append(Window(None, None) if permanent else Window(start, end))
    always = any(window == Window(None, None) for window in windows)
    return () if always else tuple(windows), list(dict.fromkeys(notes))


def _moment(text: str) -> datetime:
    try:
        return parse_time(text, "time")
    except OverflowError:
        raise _WrongError(f"time {text!r} is none") from None


def _name(zone: Json, place: str) -> str:
    """Return what people call it; ED-318 gives a name in several languages: English first."""
    zone = _mapping(zone.get("properties")) or zone
    name = zone.get("name")
    if isinstance(name, list):
        texts = [_mapping(each) for each in cast("list[Any]", name)]
        texts.sort(key=lambda each: not str(each.get("lang")).lower().startswith("en"))
        name = next((each["text"] for each in texts if each.get("text")), None)
    name = " ".join(str(name or zone.get("identifier") or "").split())
    return name or place


def _mapping(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise _WrongError(f"{what} is no list")
    return cast("list[Any]", value)


_ED269 = re.compile(rb'"(horizontalProjection|uomDimensions|UASZoneList|lowerVerticalReference)"')
_ED318 = re.compile(rb'"(limitedApplicability|zoneAuthority|upperReference|lowerReference)"')


def _begins(head: bytes) -> bytes:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]


ED269 = Format("ED-269", lambda head: _begins(head) in {b"{", b"["} and bool(_ED269.search(head)), read_ed269)
ED318 = Format(
    "ED-318", lambda head: _begins(head) == b"{" and b'"Feature' in head and bool(_ED318.search(head)), read_ed318
)
