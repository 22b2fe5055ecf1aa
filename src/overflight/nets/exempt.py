"""Who is not held to the volume of an alerting: the common sense of the net separation (`overflight.nets.rules`), for what is to come.

- *airport*: both within 8 NM of and less than 4,000 ft above one airport. Only a near mid-air collision within 25 s is an alert.
- *visual flight*: one or both squawk a code for visual flight. Nobody separates them by radar minima: where an alerting is made of
  these, only what comes within 4,000 ft and 450 ft in 55 s is one. Volumes that are well clear themselves hold for everybody.
- *formation*: see `overflight.nets.companions`; judged when an alert is over.

Times are those of DO-365's warning and corrective alerts (RTCA DO-365B, table 2-21), after which once given an alert is kept longer.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from overflight.airspace.airports import common_airport
from overflight.earth.wgs84 import Array, to_ecef
from overflight.nets.alerting import Alerting, Level
from overflight.nets.codes import is_visual
from overflight.nets.minima import NMAC, WELL_CLEAR, Minima
from overflight.nets.rules import FORMATION_HORIZONTAL_M, FORMATION_RELATIVE_MPS, FORMATION_VERTICAL_M
from overflight.nets.states import Picture
from overflight.nets.volumes import Pairs
from overflight.units import FT_M, NM_M

NOBODY, VISUAL, AIRPORT = range(3)

NO_AIRPORT_ABOVE_M: Final = 18_500.0 * FT_M
"""4,000 ft above the highest airport there is (Daocheng, 14,472 ft), rounded up."""


def _held_to(minima: Minima, alerting_s: float, early_s: float) -> Alerting:
    layer = minima.layers[0]
    level = Level(minima.name, layer.horizontal_nm * NM_M, layer.vertical_ft * FT_M, alerting_s, early_s)
    return Alerting(minima.name, (level,))


HELD_TO: Final = {VISUAL: _held_to(WELL_CLEAR, 55.0, 75.0), AIRPORT: _held_to(NMAC, 25.0, 55.0)}
"""What the exempt are held to, instead of the volume of the alerting."""


def exempt(
    sky: Picture, a: NDArray[np.int64], b: NDArray[np.int64], alerting: Alerting
) -> tuple[NDArray[np.int8], list[str | None]]:
    """Say of pairs (places in the picture) whether they are exempt and as what, and near which airport."""
    rule = np.zeros(len(a), np.int8)
    airport: list[str | None] = [None] * len(a)
    if any(level.tthr_s is None for level in alerting.levels):
        visual = is_visual(sky.squawk[a], sky.longitude[a]) | is_visual(sky.squawk[b], sky.longitude[b])
        rule[visual] = VISUAL
    low = np.flatnonzero(~(np.fmax(sky.altitude_m[a], sky.altitude_m[b]) >= NO_AIRPORT_ABOVE_M))
    if len(low):
        sides = [(to_ecef(sky.latitude[k], sky.longitude[k]), sky.altitude_m[k] / FT_M) for k in (a[low], b[low])]
        for k, code in zip(low.tolist(), common_airport(*sides[0], *sides[1]), strict=True):
            airport[k] = code
            rule[k] = AIRPORT if code is not None else rule[k]
    return rule, airport


def together(pairs: Pairs) -> NDArray[np.bool_]:
    """Tell which pairs fly like a formation: near each other, level with each other, at nearly one velocity."""
    near = np.hypot(pairs.s[:, 0], pairs.s[:, 1]) <= FORMATION_HORIZONTAL_M
    level: Array = np.abs(pairs.altitude_m[:, 0] - pairs.altitude_m[:, 1])
    return near & (level <= FORMATION_VERTICAL_M) & (np.linalg.norm(pairs.v, axis=-1) <= FORMATION_RELATIVE_MPS)
