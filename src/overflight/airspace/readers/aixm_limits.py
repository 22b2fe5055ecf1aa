"""What an AIXM airspace is, but for its outline: its kind, its vertical limits, whose it is."""

from __future__ import annotations

from typing import Final

from overflight.airspace.readers.aixm_document import AixmError, Element, Links, href, local, number, text
from overflight.airspace.volume import SURFACE, UNLIMITED, Limit, Reference
from overflight.units import FT_M

_KINDS: Final = {
    "national": ("NAS", "NAS_P", "POLITICAL"),
    "danger": ("D", "D_OTHER", "W", "A"),
    "corridor": ("AWY",),
    "fir": ("FIR", "FIR_P", "UIR", "UIR_P"),
}
"""Codes of CodeAirspaceType; all that is not listed (P, R, TRA, TSA, CTR, TMA, ...) is nearest to restricted."""

HIGHEST: Final = 300_000.0
"""Of a limit, in whatever unit: beyond every aircraft, and a slip of the keyboard."""

_KIND_OF: Final = {code: kind for kind, codes in _KINDS.items() for code in codes}
_SURFACE: Final = {"GND", "SFC"}
_UNLIMITED: Final = {"UNL", "UNLTD"}
_REFERENCES: Final[dict[str | None, Reference]] = {
    "SFC": "AGL",
    "MSL": "AMSL",
    "W84": "AMSL",
    "STD": "STD",
    None: "AMSL",
}
_FEET: Final = {"FT": 1.0, "M": 1.0 / FT_M, "SM": 1.0 / FT_M}  # SM is a standard metre: of pressure altitude


def kind(code: str | None) -> str:
    """Return the nearest of `KINDS` to an AIXM type."""
    return _KIND_OF.get(code or "", "restricted")


def limit(volume: Element, side: str, notes: list[str]) -> Limit | None:
    """Read the "lower" or "upper" limit of an AirspaceVolume; None where it has none.

    Raises:
        AixmError: it is no limit that can be understood.
    """
    element = volume.find(f"{{*}}{side}Limit")
    value = text(volume, f"{side}Limit")
    extreme = "maximumLimit" if side == "upper" else "minimumLimit"
    if text(volume, extreme) is not None:
        notes.append(f"its {extreme} {text(volume, extreme)} is not applied")
    if value is None or element is None:
        return None
    if value.upper() in _SURFACE:
        return SURFACE
    if value.upper() in _UNLIMITED:
        return UNLIMITED
    high = number(value, f"{side}Limit")
    if abs(high) > HIGHEST:
        raise AixmError(f"{side} limit {value} is out of range")
    told = text(volume, f"{side}LimitReference")
    uom = (element.get("uom") or "").upper()
    if uom == "FL":
        if told not in {"STD", None}:
            notes.append(f"{side} limit FL{high:03.0f} is given above {told}: taken as a flight level")
        if abs(high) >= 10_000:
            raise AixmError(f"{side} limit FL{high:g} is out of range")
        return Limit("STD", round(high * 100.0, 6))
    if uom not in _FEET or told not in _REFERENCES:
        raise AixmError(f"{side} limit {value} {uom or 'without a unit'} {told or ''} is not understood".rstrip())
    if told == "W84":
        notes.append(
            f"{side} limit is given above the WGS 84 ellipsoid: taken as above mean sea level, up to 350 ft off"
        )
    if told is None and uom != "SM":
        notes.append(f"{side} limit has no reference: taken as above mean sea level")
    reference = "STD" if uom == "SM" else _REFERENCES[told]
    high_ft = round(high * _FEET[uom], 6)
    return SURFACE if reference == "AGL" and high_ft == 0 else Limit(reference, high_ft)


def limits(floor: Limit | None, ceiling: Limit | None, notes: list[str]) -> tuple[Limit, Limit]:
    """Return both limits, assumed where they are not given.

    Raises:
        AixmError: the ceiling is below the floor.
    """
    if floor is None:
        notes.append("no lower limit is given: taken as the surface")
    if ceiling is None:
        notes.append("no upper limit is given: taken as unlimited")
    low, high = floor or SURFACE, ceiling or UNLIMITED
    same = low.reference == high.reference and low.reference != "UNL"
    if low == UNLIMITED or high == SURFACE or (same and high.value_ft <= low.value_ft):
        raise AixmError(f"its ceiling {high} is not above its floor {low}")
    return low, high


def owner(part: Element, links: Links) -> str | None:
    """Return the designator or name of the organisation that an airspace declares responsible; None for none."""
    for each in part.iterfind("{*}responsibleOrganisation"):
        link = next((at for at in each.iter("{*}*") if href(at) is not None), None)
        if link is None:
            continue
        try:
            feature = links.follow(link)
        except AixmError:
            continue
        for slice_ in feature.iterfind("{*}timeSlice/{*}*"):
            if local(slice_) == "OrganisationAuthorityTimeSlice":
                return text(slice_, "designator") or text(slice_, "name")
    return None
