"""Numbers, times and places as the report writes them."""

from __future__ import annotations

import math
import re
from datetime import datetime
from pathlib import Path

from overflight.units import NM_M

UNKNOWN = "not known"


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: "1 event", "1,204 events"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def quantity(value: float | None, unit: str, digits: int = 0) -> str:
    """A number with its unit, or that it is not known (None or NaN)."""
    return UNKNOWN if value is None or math.isnan(value) else f"{value:,.{digits}f} {unit}"


def trimmed(value: float | None, unit: str) -> str:
    """A round number with its unit and no needless decimals: "3 NM", "0.66 NM"."""
    return UNKNOWN if value is None else f"{value:,.{3 if abs(value) < 100.0 else 6}g} {unit}"


def distance(value_nm: float | None) -> str:
    """A horizontal distance in NM and in metres."""
    return UNKNOWN if value_nm is None or math.isnan(value_nm) else f"{value_nm:.2f} NM ({value_nm * NM_M:,.0f} m)"


def depth(value_m: float | None) -> str:
    """A depth or a way flown, given in metres, as `distance` writes it."""
    return distance(None if value_m is None else value_m / NM_M)


def moment(time: datetime | None, digits: int = 0) -> str:
    """A time in UTC to the second, or to `digits` (up to 3) decimals of it, cut off and not rounded."""
    if time is None:
        return UNKNOWN
    text = f"{time:%Y-%m-%d %H:%M:%S}"
    return f"{text}.{f'{time.microsecond:06d}'[:digits]}" if digits else text


def duration(seconds: float | None) -> str:
    """A length of time: "12.4 s", "3 min 20 s", "2 h 5 min"."""
    if seconds is None:
        return UNKNOWN
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def place(latitude: float | None, longitude: float | None) -> str:
    """A position in degrees and decimal minutes, as charts have it: 36°47.905′N 121°28.368′W."""
    if latitude is None or longitude is None:
        return UNKNOWN
    return f"{_angle(latitude, 2, 'NS')} {_angle(longitude, 3, 'EW')}"


def _angle(value: float, width: int, sides: str) -> str:
    thousandths = round(abs(value) * 60_000)
    degrees, rest = divmod(thousandths, 60_000)
    return f"{degrees:0{width}d}°{rest // 1000:02d}.{rest % 1000:03d}′{sides[value < 0]}"


_LICENCE = re.compile(r"\bcontains (?:data|information) from\b|\bODbL\b|\blicen[cs]ed?\b|©", re.IGNORECASE)


_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")  # of Markdown


def notices(paths: list[str]) -> list[str]:
    """What stands beside the inputs about their licence: a NOTICE file, or the paragraphs of a README that speak of it.

    Licences of data (ODbL 4.3, CC BY) ask that a produced work carries the notice; at most 1,000 characters a folder.
    """
    found: list[str] = []
    for folder in dict.fromkeys(
        Path(path).parent for path in paths if path not in {"-", "table"} and Path(path).is_file()
    ):
        for name in ("NOTICE", "NOTICE.txt", "NOTICE.md", "README.md", "README", "README.txt"):
            file = folder / name
            if not file.is_file():
                continue
            paragraphs = file.read_text(encoding="utf-8", errors="replace")[:20_000].split("\n\n")
            if name.startswith("README"):
                paragraphs = [paragraph for paragraph in paragraphs if _LICENCE.search(paragraph)][:3]
            text = " ".join(_LINK.sub(r"\1 (\2)", " ".join(paragraphs)).replace("**", "").replace("#", " ").split())
            if text:
                found.append(text if len(text) <= 1000 else text[:999] + "…")
                break
    return list(dict.fromkeys(found))
