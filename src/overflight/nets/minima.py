"""Separation minima: what they are, who is held to which, and how they are written.

Radar minima: 5 NM, or 3 NM where the surveillance system allows (ICAO Doc 4444, 16th ed., 8.7.3), with 1,000 ft, or 2,000 ft
above FL410 (Annex 2 appendix 3; Doc 4444, 5.3.2). Which minimum a user's airspace has is local: 3 NM below 10,000 ft and
5 NM above is the common layering of radar units. Well clear: the 4,000 ft and 450 ft of RTCA DO-365, 2.2.4.3, without its
time part, which predicts. NMAC: 500 ft and 100 ft (RTCA DO-185, "near mid-air collision").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overflight.errors import ParameterError
from overflight.units import FT_M, NM_M, parse_length_m

LEVEL_KEEPING_FT = 200.0
"""Taken off vertical minima of 1,000 ft and more: altimetry (245 ft, ICAO Doc 9574, 2.3) rounded to what a radar unit tolerates
before it calls a level bust (Doc 4444, 8.5.5.2: 200 ft in RVSM airspace). Smaller minima are distances, not assigned levels."""

ASSIGNED_LEVELS_FT = 1000.0


@dataclass(frozen=True)
class Layer:
    """One minimum, from a floor upwards: ft, NM, ft. Both distances below it at once are a loss."""

    floor_ft: float
    horizontal_nm: float
    vertical_ft: float


@dataclass(frozen=True)
class Minima:
    """Minima by altitude, lowest layer first; the higher aircraft of a pair decides the layer."""

    name: str
    layers: tuple[Layer, ...]

    def at(self, altitude_ft: float | None) -> Layer:
        """Return the layer that holds at an altitude; the highest one where it is unknown, as in the kernel."""
        if altitude_ft is None or np.isnan(altitude_ft):
            return self.layers[-1]
        return [layer for layer in self.layers if altitude_ft >= layer.floor_ft][-1]


FLOOR_FT = -10_000.0

ABOVE_FL410_FT = 41_200.0  # an aircraft that keeps FL410 is not above it

RADAR = Minima("radar", (Layer(FLOOR_FT, 3, 1000), Layer(10_000, 5, 1000), Layer(ABOVE_FL410_FT, 5, 2000)))
EN_ROUTE = Minima("en-route", (Layer(FLOOR_FT, 5, 1000), Layer(ABOVE_FL410_FT, 5, 2000)))
TERMINAL = Minima("terminal", (Layer(FLOOR_FT, 3, 1000),))
WELL_CLEAR = Minima("well-clear", (Layer(FLOOR_FT, 4000 * FT_M / NM_M, 450),))
NMAC = Minima("nmac", (Layer(FLOOR_FT, 500 * FT_M / NM_M, 100),))
PROFILES = {minima.name: minima for minima in (EN_ROUTE, TERMINAL, WELL_CLEAR, NMAC)}


def parse_minima(text: str) -> Minima:
    """Read "5 NM/1000 ft" (horizontal/vertical), the same at every altitude.

    Raises:
        ParameterError: not two positive lengths with a stroke between.
    """
    parts = re.split(r"\s*/\s*", text.strip())
    if len(parts) != 2:
        raise ParameterError("--minima", text, "is no horizontal/vertical pair", remedy='write it like "5 NM/1000 ft"')
    horizontal_m, vertical_m = (parse_length_m(part, "--minima") for part in parts)
    if not (0 < horizontal_m <= 1e6 and 0 < vertical_m <= 1e5):
        raise ParameterError("--minima", text, "is no distance that can be kept", remedy='write it like "5 NM/1000 ft"')
    # The quotient of exact conversions may be off by a rounding; what a person wrote has few digits.
    return Minima("given", (Layer(FLOOR_FT, round(horizontal_m / NM_M, 9), round(vertical_m / FT_M, 9)),))


def with_tolerance(minima: Minima, tolerance_ft: float | None) -> Minima:
    """Take level-keeping off the vertical minima: `tolerance_ft`, or where None the default off assigned levels only.

    Raises:
        ParameterError: the tolerance leaves nothing of a minimum.
    """
    layers: list[Layer] = []
    for layer in minima.layers:
        off = tolerance_ft
        if off is None:
            off = LEVEL_KEEPING_FT if layer.vertical_ft >= ASSIGNED_LEVELS_FT else 0.0
        if not 0 <= off < layer.vertical_ft:
            raise ParameterError(
                "--vertical-tolerance",
                f"{off:g} ft",
                f"leaves nothing of the vertical minimum of {layer.vertical_ft:g} ft",
                remedy="give one from 0 ft to less than the minimum",
            )
        layers.append(Layer(layer.floor_ft, layer.horizontal_nm, layer.vertical_ft - off))
    return Minima(minima.name, tuple(layers))


def layer_arrays(minima: Minima) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Floors, horizontal and vertical minima in m, as the kernel takes them."""
    table = np.array([(x.floor_ft * FT_M, x.horizontal_nm * NM_M, x.vertical_ft * FT_M) for x in minima.layers])
    return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()
