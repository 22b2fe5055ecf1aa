"""ASTERIX category 021: ADS-B reports, as ground stations hand them on.

Source: EUROCONTROL-SPEC-0149-12, "Category 021, ADS-B Target Reports" (2.x), and its Reserved Expansion Field (1.x). Items used,
with their unit there:

========  =================================================================================================
010       SAC/SIC of the ground station: `sensor`
040       ATP address type; RAB, SIM, TST fixed transponder, simulated, test: dropped; CPR, RCF the station found the position
          wrong (CPR validation or range check failed): dropped; GBS on the ground
070       Mode 3/A code: `squawk`      080  24-bit address     170  identification: `callsign`
071, 073  time the position applies to, else time of its reception, 1/128 s of the day (UTC): `timestamp`
090       NIC, NACp, SIL, of aircraft whose 210 says version 1 or later; what version 0 has is another scale (NUCp)
130, 131  position, WGS84, 180/2^23 deg, and at high resolution 180/2^30 deg, which is preferred
140       geometric height, 6.25 ft above the ellipsoid: `geoaltitude`
145       flight level, 1/4 FL: `altitude`
155, 157  barometric, else geometric vertical rate, 6.25 ft/min, unless beyond its range: `vertical_rate`
160       speed, 2^-14 NM/s, and track, 360/2^16 deg true, unless beyond its range: `groundspeed`, `track`
210       VN version of the aircraft's equipment (0 DO-260, 1 DO-260A, 2 DO-260B, 3 DO-260C)
RE/SGV    on the ground: speed 1/8 kt; track 360/2^7 deg where it is one, valid and from true north
========  =================================================================================================

A ground bit that is not set means airborne only where there is a flight level: stations leave the bit out as well.
"""

from __future__ import annotations

from typing import Final

from overflight.surveillance.asterix_items import NO_PLACE, NOT_REAL, Items, Row, Tell
from overflight.units import KT_MPS, NM_M

WRONG: Final = "position found wrong by the ground station, range check or CPR validation (ASTERIX 021)"
_ADDRESS_TYPES: Final = {0: "icao", 3: "anonymous"}  # others: duplicate address, surface vehicle, reserved


def row(items: Items, tell: Tell) -> Row | None:
    """One ADS-B report as a row of the position table; None, told, where it cannot be used."""
    if any(items.is_set("040", bit) for bit in ("SIM", "TST", "RAB")):
        tell(NOT_REAL)
        return None
    if items.is_set("040", "CPR") or items.is_set("040", "RCF"):
        tell(WRONG)
        return None
    place = "131" if "131" in items else "130"
    latitude, longitude = items.quantity(place, "LAT"), items.quantity(place, "LON")
    if latitude is None or longitude is None:
        tell(NO_PLACE)
        return None
    address = items.address("080")
    kind = _ADDRESS_TYPES.get(items.number("040", "ATP") or 0, "other")
    level = items.quantity("145")
    grounded = items.is_set("040", "GBS")
    return {
        "time_of_day_s": items.quantity("071" if "071" in items else "073"),
        "icao24": address if kind == "icao" or address is None else f"~{address}",
        "callsign": items.text("170"),
        "squawk": items.text("070", "MODE3A"),
        "address_type": kind,
        "latitude": latitude,
        "longitude": longitude,
        "altitude": None if level is None else level * 100.0,
        "geoaltitude": items.quantity("140"),
        "vertical_rate": _rate(items),
        "onground": True if grounded else None if level is None else False,
        "source": "adsb",
        "sensor": items.sensor(),
        "begins": False,
        "ends": False,
        **_velocity(items),
        **_quality(items),
    }


def _rate(items: Items) -> float | None:
    for item, name in (("155", "BVR"), ("157", "GVR")):
        if item in items and not items.is_set(item, "RE"):
            return items.quantity(item, name)
    return None


def _velocity(items: Items) -> Row:
    speed_nm_s = items.quantity("160", "GS")
    if speed_nm_s is not None and not items.is_set("160", "RE"):
        return {"groundspeed": speed_nm_s * NM_M / KT_MPS, "track": items.quantity("160", "TA")}
    ground = items.expansion(21)
    # valid, a track over ground and not a heading, from true north
    is_track = ground.is_set("SGV", "HTS") and ground.is_set("SGV", "HTT") and not ground.is_set("SGV", "HRD")
    return {"groundspeed": ground.quantity("SGV", "GSS"), "track": ground.quantity("SGV", "HGT") if is_track else None}


def _quality(items: Items) -> Row:
    if not items.number("210", "VN"):
        return {}
    return {
        "nic": items.number("090", "NUCPNIC"),
        "nac_p": items.number("090", "NACP"),
        "sil": items.number("090", "SIL"),
    }
