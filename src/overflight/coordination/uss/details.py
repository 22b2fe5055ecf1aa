"""What other systems are told of an operation that is hosted here, and which: those that are in conflict with it, and nobody else.

A system is in conflict with an operation if an intent of its own meets it in the register, or if the register refused it one for want of this one's key. It is
told all volumes, as an OVN stands for all of them: coarse, always outwards, and at all levels that they may be at, whatever the weather.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from sqlalchemy.engine import Connection

from overflight.airspace.operational import Circle, Polygon, Volume, written
from overflight.coordination.dss.answers import intent_or_constraint
from overflight.coordination.dss.entities import INTENT, Entity
from overflight.coordination.dss.lacking import lacked
from overflight.coordination.dss.register import Register
from overflight.coordination.uss.declared import PRECEDENCE, Declared, Place
from overflight.coordination.uss.disclosure import Box, Coarseness, coarse

_WIDEST_DEG: Final = 90.0
_STEP_DEG: Final = 0.5
_BULGE_DEG: Final = 0.001
"""By how much geodesics between points `_STEP_DEG` apart on a parallel leave it at most (30 m), and more."""
_EARTH_M: Final = 6_378_137.0


def may_know(register: Register, connection: Connection, client: str, entity: Entity) -> bool:
    """Whether a system may be told of an intent in detail."""
    if entity.manager == client or lacked(connection, client, entity.id, register.clock()):
        return True
    return any(one.manager == client for one in register.meeting(connection, INTENT, register.shape(entity)))


def intent_told(
    connection: Connection, register: Register, entity: Entity, declared: Declared, coarseness: Coarseness
) -> dict[str, Any]:
    """Return an operation as other systems are told of it (`OperationalIntent` of the standard's API)."""
    states = register.availabilities.of(connection, {entity.manager})
    volumes = [_coarse(place, coarseness, entity) for place in declared.places]
    return {
        "reference": intent_or_constraint(entity, entity.manager, states),
        "details": {
            "volumes": [written(one) for one in volumes],
            "off_nominal_volumes": [],
            "priority": PRECEDENCE.index(declared.precedence),
        },
    }


def _coarse(place: Place, coarseness: Coarseness, entity: Entity) -> Volume:
    box = coarse(place, coarseness)
    band = box.band.above_ellipsoid()
    # the reference says to the second when it begins and ends: no volume is outside of that
    start, end = max(box.start_us, entity.start_us), min(box.end_us, entity.end_us)
    return Volume(_outline(box, place, coarseness.place_deg), band.lower_m, band.upper_m, start, end)


def _outline(box: Box, place: Place, step_deg: float) -> Polygon | Circle:
    wide = box.east - box.west > _WIDEST_DEG
    if wide or box.north + _BULGE_DEG >= 90.0 or box.south - _BULGE_DEG <= -90.0:  # a circle has no trouble at poles
        middle = place.area.middle
        latitude = math.degrees(math.asin(max(-1.0, min(1.0, float(middle[2])))))
        longitude = math.degrees(math.atan2(float(middle[1]), float(middle[0])))
        step_m = math.radians(step_deg) * _EARTH_M
        # geocentric and geodetic latitudes differ by 0.2 degrees at most, and a radian is at most as long as at the equator
        reach_m = (place.area.reach_rad + math.radians(0.2)) * _EARTH_M * 1.01
        return Circle(latitude, longitude, math.ceil(reach_m / step_m) * step_m)
    pieces = max(1, math.ceil((box.east - box.west) / _STEP_DEG))
    along = np.linspace(box.west, box.east, pieces + 1)
    longitude_deg = [float((one + 180.0) % 360.0 - 180.0) for one in (*along, *along[::-1])]
    edges = [box.south - _BULGE_DEG] * (pieces + 1) + [box.north + _BULGE_DEG] * (pieces + 1)
    return Polygon(tuple(round(one, 6) for one in edges), tuple(round(one, 6) for one in longitude_deg))
