"""The one place where units are parsed and converted.

Aviation units at the edges (ft, NM, kt, ft/min, flight levels), SI inside kernels. Exact factors: the international
foot (0.3048 m) and the international nautical mile (1852 m), ICAO Annex 5, table 3-3.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from overflight.errors import ParameterError

FT_M = 0.3048
NM_M = 1852.0
KT_MPS = NM_M / 3600.0
FT_PER_MIN_MPS = FT_M / 60.0
KMH_MPS = 1.0 / 3.6

_LENGTH_M = {
    "m": 1.0,
    "km": 1000.0,
    "nm": NM_M,
    "nmi": NM_M,
    "ft": FT_M,
    "mi": 1609.344,
}
_MILES = {"mi", "mile", "miles"}
_LENGTH_WORDS = {
    "statute miles": "mi", "statute mile": "mi", "nautical miles": "nm", "nautical mile": "nm",
    "kilometres": "km", "kilometers": "km", "kilometre": "km", "kilometer": "km",
    "metres": "m", "meters": "m", "metre": "m", "meter": "m", "feet": "ft", "foot": "ft",
}  # fmt: skip
_TIME_S = {"s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0}
_TIME_WORDS = {
    "second": "s", "seconds": "s", "minute": "min", "minutes": "min", "hour": "h", "hours": "h",
}  # fmt: skip
_SPEED_MPS = {"kt": KT_MPS, "kn": KT_MPS, "knots": KT_MPS, "km/h": KMH_MPS, "mph": 0.44704, "m/s": 1.0}
_QUANTITY = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*([A-Za-z]+)\s*")


def _quantity(text: str, factors: dict[str, float], parameter: str, example: str) -> float:
    match = _QUANTITY.fullmatch(text)
    unit = match[2].lower() if match else ""
    if match is None or unit not in factors:
        raise ParameterError(
            parameter, text, f"is no number with a unit ({', '.join(factors)})", remedy=f'write it like "{example}"'
        )
    return float(match[1]) * factors[unit]


def parse_length_m(text: str, parameter: str = "length") -> float:
    """Read a length ("5 NM", "1000 ft", "45 km") and return it in metres.

    Raises:
        ParameterError: no number, or a unit that is not one of m, km, NM, ft, mi.
    """
    return _quantity(text, _LENGTH_M, parameter, "5 NM")


def length_readings_m(value: float, unit: str) -> dict[str, float]:
    """Return a length in metres, by the name of each unit that may be meant: "mi" and "miles" are statute or nautical.

    Raises:
        ParameterError: no unit of length.
    """
    name = _LENGTH_WORDS.get(unit.strip().lower(), unit.strip().lower())
    if name in _MILES and unit.strip().lower() not in _LENGTH_WORDS:
        return {"statute": value * _LENGTH_M["mi"], "nautical": value * NM_M}
    if name not in _LENGTH_M:
        raise ParameterError(
            "unit", unit, f"is no unit of length ({', '.join(_LENGTH_M)})", remedy='write one of these, or "miles"'
        )
    return {unit.strip(): value * _LENGTH_M[name]}


def speed_mps(value: float, unit: str) -> float:
    """Return a speed in metres per second.

    Raises:
        ParameterError: no unit of speed.
    """
    name = unit.strip().lower()
    if name not in _SPEED_MPS:
        raise ParameterError("unit", unit, "is no unit of speed", remedy=f"write one of {', '.join(_SPEED_MPS)}")
    return value * _SPEED_MPS[name]


def duration_s(value: float, unit: str) -> float:
    """Return a duration in seconds.

    Raises:
        ParameterError: no unit of time.
    """
    name = _TIME_WORDS.get(unit.strip().lower(), unit.strip().lower())
    if name not in _TIME_S:
        raise ParameterError("unit", unit, "is no unit of time", remedy=f"write one of {', '.join(_TIME_S)}")
    return value * _TIME_S[name]


def parse_altitude_ft(text: str, parameter: str = "altitude") -> float:
    """Read an altitude or height ("FL290", "1000 ft", "6000 m") and return it in feet.

    Raises:
        ParameterError: neither a flight level nor a length.
    """
    level = re.fullmatch(r"\s*FL\s*(\d{1,3})\s*", text, re.IGNORECASE)
    return float(level[1]) * 100.0 if level else parse_length_m(text, parameter) / FT_M


def parse_duration_s(text: str, parameter: str = "duration") -> float:
    """Read a duration ("60s", "2 min", "1 h") and return it in seconds.

    Raises:
        ParameterError: no number, or a unit that is not one of s, min, h.
    """
    return _quantity(text, _TIME_S, parameter, "60s")


def parse_time(text: str, parameter: str = "time") -> datetime:
    """Read an ISO 8601 instant and return it in UTC; one without an offset is taken for UTC.

    Raises:
        ParameterError: not an ISO 8601 date and time.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ParameterError(
            parameter, text, "is no ISO 8601 time", remedy='write it like "2015-10-07T03:00:00Z"'
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_bbox(text: str, parameter: str = "bbox") -> tuple[float, float, float, float]:
    """Read "W,S,E,N" in degrees.

    Raises:
        ParameterError: not four numbers.
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        remedy = f"write it like {parameter}=-122,36,-121,37"
        raise ParameterError(parameter, text, "is no W,S,E,N", remedy=remedy) from None
    return west, south, east, north
