"""ASTERIX category 048: plots and tracks of one radar.

Source: EUROCONTROL-SPEC-0149-4, "Category 048, Monoradar Target Reports" (1.x). Items used, with their unit there:

====  =====================================================================================================
010   SAC/SIC of the radar: `sensor`, part of `track_id`; names the place of the radar
020   SIM, TST, RAB simulated, test, fixed transponder: dropped; TYP 0 not seen by the radar: dropped
040   slant range, 1/256 NM, and azimuth from local north, 360/2^16 deg
042   east and north of the radar, 1/128 NM, where there is no 040; 170/TCC says whether slant range was corrected
070   Mode 3/A code, unless not validated or garbled: `squawk`
090   flight level, 1/4 FL, unless not validated or garbled: `altitude`
110   height measured by a 3D radar, 25 ft, for the ground range only, where there is no flight level
140   time of day, 1/128 s (UTC): `timestamp`
161   track number, part of `track_id`: "radar:25/201/3563"; without one the address stands in for it
170   TRE last report of the track; GHO ghost: dropped
200   speed, 2^-14 NM/s, and heading from geographical north at the aircraft, 360/2^16 deg: `groundspeed`, `track`
210   standard deviations of a track's position, 1/128 NM: `accuracy`, 95 %
220   24-bit address   230  STAT flight status   240  identification
====  =====================================================================================================

A position needs the radar's place, which the format does not have: see `overflight.surveillance.radars`. Without any height
the ground range is uncertain by the heights a target may have, and `accuracy` says by how much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from overflight.surveillance.asterix_cat062 import flight_status_on_ground
from overflight.surveillance.asterix_items import BAD_LEVEL, NO_PLACE, NOT_REAL, SIGMAS_95, Items, Row, Tell
from overflight.surveillance.radars import Radar, ground_range_between_m, ground_range_m, place_at
from overflight.units import FT_M, KT_MPS, NM_M

NOT_SEEN: Final = "position extrapolated, the radar did not see the target (ASTERIX 048)"
BEYOND: Final = "target beyond the range that the report can say (ASTERIX 048)"
_RADAR_ACCURACY_M: Final = 300.0
"""Taken for a radar that states none: `overflight.surveillance.batch.DEFAULT_ACCURACY_M`."""


def no_radar(sensor: str) -> str:
    """The reason why a report is dropped whose radar's place is not known."""
    return f'radar {sensor} has no known place: give it with --radar "{sensor}=LAT,LON,HEIGHT m"'


def row(items: Items, tell: Tell, radars: Mapping[str, Radar]) -> Row | None:
    """One target report as a row of the position table; None, told, where it cannot be used."""
    if any(items.is_set("020", bit) for bit in ("SIM", "TST", "RAB")) or items.is_set("170", "GHO"):
        tell(NOT_REAL)
        return None
    if items.number("020", "TYP") == 0:
        tell(NOT_SEEN)
        return None
    if items.is_set("020", "ERR"):
        tell(BEYOND)
        return None
    sensor = items.sensor()
    if sensor not in radars:
        tell(no_radar(sensor))
        return None
    altitude_ft = _altitude_ft(items, tell)
    place = _place(items, radars[sensor], altitude_ft)
    if place is None:
        tell(NO_PLACE)
        return None
    address = items.address("220")
    number = items.number("161", "TRN")
    identity = address if number is None else f"{number:04d}"
    latitude, longitude, accuracy_m = place
    speed_nm_s = items.quantity("200", "GSP")
    return {
        "time_of_day_s": items.quantity("140"),
        "track_id": None if identity is None else f"radar:{sensor}/{identity}",
        "icao24": address,
        "callsign": items.text("240"),
        "squawk": items.code("070", tell),
        "latitude": latitude,
        "longitude": longitude,
        "altitude": altitude_ft,
        "groundspeed": None if speed_nm_s is None else speed_nm_s * NM_M / KT_MPS,
        "track": items.quantity("200", "HDG"),
        "onground": flight_status_on_ground(items.number("230", "STAT")),
        "accuracy": accuracy_m,
        "source": "radar",
        "sensor": sensor,
        "begins": False,
        "ends": items.is_set("170", "TRE"),
    }


def _altitude_ft(items: Items, tell: Tell) -> float | None:
    if items.is_set("090", "V") or items.is_set("090", "G"):
        tell(BAD_LEVEL)
        return None
    level = items.quantity("090", "FL")
    return None if level is None else level * 100.0


def _place(items: Items, radar: Radar, altitude_ft: float | None) -> tuple[float, float, float | None] | None:
    """Latitude, longitude, and the 95 % accuracy in m where more is known of it than what radars usually have."""
    rho, theta = items.quantity("040", "RHO"), items.quantity("040", "THETA")
    corrected = False
    if rho is None or theta is None:
        x, y = items.quantity("042", "X"), items.quantity("042", "Y")
        if x is None or y is None:
            return None
        rho, theta = math.hypot(x, y), math.degrees(math.atan2(x, y)) % 360.0
        corrected = items.is_set("170", "TCC")
    accuracy_m = _deviation_m(items)
    height_ft = items.quantity("110", "3DH") if altitude_ft is None else altitude_ft
    if corrected:
        ground_m = rho * NM_M
    elif height_ft is not None:
        ground_m = ground_range_m(radar, rho * NM_M, theta, height_ft * FT_M)
    else:
        ground_m, half_m = ground_range_between_m(radar, rho * NM_M, theta)
        accuracy_m = (accuracy_m or _RADAR_ACCURACY_M) + half_m
    return *place_at(radar, theta, ground_m), accuracy_m


def _deviation_m(items: Items) -> float | None:
    x, y = items.quantity("210", "SIGX"), items.quantity("210", "SIGY")
    return SIGMAS_95 * max(x, y) * NM_M if x is not None and y is not None and (x or y) else None
