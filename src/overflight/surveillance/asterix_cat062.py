"""ASTERIX category 062: tracks of a surveillance data processing system (SDPS), "system tracks".

Source: EUROCONTROL-SPEC-0149-9, "Category 062, SDPS Track Messages" (1.x). Items used, with their unit there:

====  =====================================================================================================
010   SAC/SIC of the system: `sensor`, part of `track_id`
040   track number, part of `track_id`: "system_track:25/10/4711"
060   Mode 3/A code, unless not validated or garbled: `squawk`
070   time of the track information, 1/128 s of the day (UTC): `timestamp`
080   SIM simulated: dropped; TSB, TSE first and last report of the track: see `track_numbers`; SFC on the ground
105   position, WGS84, 180/2^25 deg
130   geometric altitude, 6.25 ft above the ellipsoid, where 080/SRC says that it is from GNSS (else it is a guess from coverage,
      speed, triangulation, ...): `geoaltitude`, where there is no 380/GAL
135   barometric altitude, 1/4 FL, used where there is no 136 and no QNH correction was applied to it
136   last measured flight level, 1/4 FL: `altitude`
185   velocity, 1/4 m/s east and north (y points to geographical north at the target): `groundspeed`, `track`
220   rate of climb, 6.25 ft/min: `vertical_rate`
245   target identification, unless marked invalid: `callsign`, where 380/ID is absent
290   time since each kind of sensor last saw it, 1/4 s: the least is `position_age`, as a track runs on unseen
340   TYP: SIM, TST, RAB of the last report (simulated, test, fixed transponder): dropped
380   ADR 24-bit address, ID identification, COM/STAT flight status, GAL geometric altitude, 6.25 ft
390   CS callsign of the flight plan, where there is no other
500   APC, or APW, standard deviations of the position in 1/2 m, or 180/2^25 deg: `accuracy`, 95 %
====  =====================================================================================================
"""

from __future__ import annotations

import math
from typing import Final

from overflight.surveillance.asterix_items import NO_PLACE, NOT_REAL, SIGMAS_95, Items, Row, Tell
from overflight.units import KT_MPS

_SENSORS: Final = ("PSR", "SSR", "MDS", "ADS", "ES", "VDL", "UAT", "MLT")
_GNSS: Final = 1
_DEG_M: Final = 111_320.0
"""A degree of latitude, for standard deviations; they are not known to a percent."""


def row(items: Items, tell: Tell) -> Row | None:
    """One system track as a row of the position table; None, told, where it cannot be used."""
    reported = any(items.is_set("340", "TYP", bit) for bit in ("SIM", "TST", "RAB"))
    if reported or items.is_set("080", "SIM"):
        tell(NOT_REAL)
        return None
    latitude, longitude = items.quantity("105", "LAT"), items.quantity("105", "LON")
    if latitude is None or longitude is None:
        tell(NO_PLACE)
        return None
    sensor, number = items.sensor(), items.number("040")
    return {
        "time_of_day_s": items.quantity("070"),
        "track_id": None if number is None else f"system_track:{sensor}/{number:04d}",
        "icao24": items.address("380", "ADR"),
        "callsign": _callsign(items),
        "squawk": items.code("060", tell),
        "latitude": latitude,
        "longitude": longitude,
        "altitude": _altitude_ft(items),
        "geoaltitude": _geoaltitude_ft(items),
        "vertical_rate": items.quantity("220"),
        "onground": _on_ground(items),
        "position_age": _age_s(items),
        "accuracy": _accuracy_m(items, latitude),
        "source": "system_track",
        "sensor": sensor,
        "begins": items.is_set("080", "TSB"),
        "ends": items.is_set("080", "TSE"),
        **_velocity(items),
    }


def flight_status_on_ground(status: int | None) -> bool | None:
    """Flight status of a transponder (ICAO Annex 10 vol. IV, 3.1.2.6.5.1): 0, 2 airborne, 1, 3 on the ground, else either."""
    return {0: False, 1: True, 2: False, 3: True}.get(-1 if status is None else status)


def _callsign(items: Items) -> str | None:
    return (
        items.text("380", "ID")
        or (items.text("245", "CHR") if items.number("245", "STI") != 3 else None)
        or items.text("390", "CS")
    )


def _altitude_ft(items: Items) -> float | None:
    level = items.quantity("136")
    if level is None and not items.is_set("135", "QNH"):
        level = items.quantity("135", "CTB")
    return None if level is None else level * 100.0


def _geoaltitude_ft(items: Items) -> float | None:
    told = items.quantity("380", "GAL")
    return items.quantity("130") if told is None and items.number("080", "SRC") == _GNSS else told


def _velocity(items: Items) -> Row:
    east, north = items.quantity("185", "VX"), items.quantity("185", "VY")
    if east is None or north is None:
        return {}
    return {
        "groundspeed": math.hypot(east, north) / KT_MPS,
        "track": math.degrees(math.atan2(east, north)) % 360.0 if east or north else None,
    }


def _on_ground(items: Items) -> bool | None:
    if items.is_set("080", "SFC"):
        return True
    return flight_status_on_ground(items.number("380", "COM", "STAT"))


def _age_s(items: Items) -> float | None:
    ages = [age for sensor in _SENSORS if (age := items.quantity("290", sensor)) is not None]
    return min(ages, default=None)


def _accuracy_m(items: Items, latitude: float) -> float | None:
    x, y = items.quantity("500", "APC", "X"), items.quantity("500", "APC", "Y")
    if x is None or y is None:
        north, east = items.quantity("500", "APW", "LAT"), items.quantity("500", "APW", "LON")
        if north is None or east is None:
            return None
        x, y = east * _DEG_M * math.cos(math.radians(latitude)), north * _DEG_M
    # a deviation of 0 is one that was not filled in
    return SIGMAS_95 * max(x, y) if x or y else None
