"""openAIP: what its airspaces say, in its GeoJSON exports and in the lists of its core API alike.

Source: the schema of an airspace in openAIP's core API
(https://api.core.openaip.net/api/schemas/response/airspace/airspace-schema.json). A list is JSON, bare or as ``items`` of a page; in GeoJSON
the same names stand in a feature's properties. Here they are turned into the properties that `geojson` reads; those given beside them
win. What is taken for granted, each said in the notes of the volume:

- A type that has no kind of its own becomes "restricted", the nearest.
- An airspace that is active by NOTAM, on demand, on request or at certain hours is taken as active at all times: whatever
  rests on that is undetermined.
- A flight level above ground or the sea is a flight level.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final, cast

Json = Mapping[str, Any]

NOTES: Final = "openaip notes"
"""The property under which `read` leaves its notes; no file has it."""

_UNITS: Final = {0: "m", 1: "ft", 6: "FL"}
_DATUMS: Final = {0: "AGL", 1: "AMSL", 2: "STD"}
_TYPES: Final = (
    "other", "restricted", "danger", "prohibited", "control zone (CTR)", "transponder mandatory zone", "radio mandatory zone",
    "terminal area (TMA)", "temporary reserved area", "temporary segregated area", "flight information region",
    "upper flight information region", "air defence identification zone", "airport traffic zone",
    "military airport traffic zone", "airway", "military training route", "alert area", "warning area", "protected area",
    "helicopter traffic zone", "gliding sector", "transponder setting", "traffic information zone",
    "traffic information area", "military training area", "control area (CTA)", "ACC sector",
    "aerial sporting or recreational activity", "low altitude overflight restriction", "military route",
    "TSA/TRA feeding route", "VFR sector", "FIS sector", "lower traffic area", "upper traffic area",
    "military control zone",
)  # fmt: skip
"""By their number."""
_KINDS: Final = {
    1: "restricted", 2: "danger", 10: "fir", 11: "fir", 15: "corridor", 16: "corridor", 17: "danger", 18: "danger",
    25: "danger", 30: "corridor", 31: "corridor",
}  # fmt: skip
_SAME: Final = frozenset({1, 2, 10})
"""Types whose kind says all that they do."""
_ONLY_WHEN: Final = {"byNotam": "by NOTAM", "onDemand": "on demand", "onRequest": "on request"}
_OTHERWISE: Final = {
    "specialAgreement": "there are special agreements (specialAgreement), which are not known here",
    "requestCompliance": "it is a request, not an order (requestCompliance)",
}


class OpenaipError(ValueError):
    """An airspace that is none; says why."""


def matches(head: bytes) -> bool:
    """Whether the first bytes are of a list of airspaces; what stands in features is GeoJSON."""
    begins = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return (
        begins in {b"{", b"["} and b'"Feature' not in head and (b'"referenceDatum"' in head or b'"icaoClass"' in head)
    )


def items(document: Any) -> list[Json] | None:
    """Return the airspaces of a list as features; None for a document that is no list."""
    found = _mapping(document).get("items") if isinstance(document, dict) else document
    if not isinstance(found, list):
        return None
    listed = map(_mapping, cast("list[Any]", found))
    return [{"geometry": item.get("geometry"), "properties": item} for item in listed]


def missing_pages(document: Any) -> str:
    """Return a note where a document is one of several pages; empty for a whole one."""
    told = _mapping(document)
    page, pages = told.get("page"), told.get("totalPages")
    if not isinstance(pages, int) or pages <= 1 or "items" not in told:
        return ""
    return f"page {page} of {pages} of a list: what stands on the others is not in this file"


def _mapping(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def is_airspace(properties: Json) -> bool:
    """Whether the properties of a feature are openAIP's."""
    return any(name in properties for name in ("lowerLimit", "upperLimit", "icaoClass"))


def read(properties: Json) -> dict[str, Any]:
    """Return the properties that `geojson` reads, with notes under `NOTES`.

    Raises:
        OpenaipError: a limit is missing or not understood.
    """
    notes: list[str] = []
    said: dict[str, Any] = {
        "id": properties.get("_id"),
        "kind": properties.get("kind") or _kind(properties.get("type"), notes),
        "active_from": properties.get("activeFrom"),
        "active_to": properties.get("activeUntil"),
    }
    for own, name in (("floor", "lowerLimit"), ("ceiling", "upperLimit")):
        if properties.get(own) is None:
            said[own] = _limit(properties.get(name), name, notes)
    notes += [
        f"active {when} only: taken as active at all times" for name, when in _ONLY_WHEN.items() if properties.get(name)
    ]
    if hours := _hours(properties.get("hoursOfOperation")):
        notes.append(hours)
    notes += [f"its {name} is not applied" for name in ("lowerLimitMin", "upperLimitMax") if properties.get(name)]
    notes += [note for name, note in _OTHERWISE.items() if properties.get(name)]
    stated = {name: value for name, value in properties.items() if value is not None}
    return said | stated | {NOTES: notes}


def _kind(number: Any, notes: list[str]) -> str:
    known = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < len(_TYPES)
    kind = _KINDS.get(number, "restricted") if known else "restricted"
    if not known or number not in _SAME:
        notes.append(f"type {number!r} ({_TYPES[number] if known else 'unknown'}): read as {kind}, the nearest kind")
    return kind


def _limit(told: Any, name: str, notes: list[str]) -> str:
    """Write a limit as `overflight.airspace.volume.parse_limit` reads it."""
    if told is None:
        raise OpenaipError(f"has no {name}")
    value, unit, datum = (_mapping(told).get(key) for key in ("value", "unit", "referenceDatum"))
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (value, unit, datum))
    if not numbers or unit not in _UNITS or datum not in _DATUMS or not isfinite(cast("float", value)):
        raise OpenaipError(f"{name} {str(told)[:80]} is not understood")
    if _UNITS[unit] == "FL":
        if _DATUMS[datum] != "STD":
            notes.append(f"{name} FL{value} is given as {_DATUMS[datum]}: taken as a flight level")
        return f"{_plain(100.0 * cast('float', value))} ft STD"
    return f"{_plain(value)} {_UNITS[unit]} {_DATUMS[datum]}"


def _plain(value: Any) -> str:
    """A number without an exponent."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _hours(told: Any) -> str:
    """Return a note on hours of operation; empty for none, and for midnight to midnight, which openAIP writes for always."""
    hours = _mapping(told).get("operatingHours") if isinstance(told, dict) else told
    if not hours:
        return ""
    rows = cast("list[Any]", hours) if isinstance(hours, list) else []
    days = [row.get("dayOfWeek") for row in map(_mapping, rows) if _whole_day(row)]
    if len(rows) == 7 and all(day in days for day in range(7)):
        return ""
    return "its hours of operation are not applied: taken as active at all times"


def _whole_day(row: Json) -> bool:
    midnight = all(str(row.get(name))[:5] == "00:00" for name in ("startTime", "endTime"))
    return midnight and not any(row.get(name) for name in ("byNotam", "sunrise", "sunset", "publicHolidaysExcluded"))
