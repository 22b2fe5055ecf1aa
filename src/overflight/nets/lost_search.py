"""Where to look for an aircraft that is lost, and which emergency phases may be due: proposals for people to judge.

Where it can be so long after its last report: within the error of the last fix plus what it can have flown, at the speed it
had and no less than the speed at which it would glide on. Two radii are told for each time, as planners of a search ask for
both. `radius_nm`: flying on under power (the possibility area; IAMSAR Manual, volume II, chapter 4). `glide_radius_nm`: coming down from the last
known height without power, no farther than the glide ratio carries, whatever the time: aircraft that vanish
suddenly mostly lie near. A sector ahead limits neither; it says where to look first.

- Fix error 0.1 NM (IAMSAR Manual, volume II, appendix N: navigational fix errors, GPS), or the accuracy that the
  report states, if that is worse.
- Glide ratio 17:1: large transport aircraft without power fly 15 to 17 NM for each NM of height; the longest on record, an
  A330 over the Atlantic on 24 August 2001, glided some 65 NM from cruise, turns included (report of GPIAA, Portugal). Light
  aircraft glide 8:1 to 12:1: 17 is on the safe side for all but sailplanes.
- Height above the ground is not known: the pressure altitude stands in, which is more but above depressions.
- Speed: the last ground speed; 500 kt where none is known. Wind is in the ground speed; that it may change is not accounted for.
- Sector: 45 degrees to each side of the last track. No source states a width; it is a choice, hence "look here first".

Emergency phases: ICAO Annex 11, 5.2, shortened. Uncertainty: no communication within thirty minutes after one should have been received,
or an arrival thirty minutes overdue. Alert: after the uncertainty phase attempts and inquiries reveal no news; or
cleared to land and not landed within five minutes of the time estimated, with no communication; or the flight is known
to be impaired, or subject to unlawful interference. Distress: after the alert phase wider inquiries point to
distress; or the fuel is considered exhausted.

A surveillance report that should have come is here taken for the communication that should have come: that is our reading,
not the Annex's, and the unit responsible declares a phase, not this tool. Alert and distress depend on what inquiries say,
which no recording holds; the times proposed for them are the earliest that a unit would ask itself, half an hour apart.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from overflight.units import FT_M, NM_M

GLIDE_RATIO: Final = 17.0
FIX_ERROR_NM: Final = 0.1
UNKNOWN_SPEED_KT: Final = 500.0
SECTOR_DEG: Final = 45.0
AFTER_MIN: Final = (10, 30, 60)
PHASE_STEP: Final = timedelta(minutes=30)
CODES: Final = {7500: "unlawful interference", 7600: "radio failure", 7700: "emergency"}
"""Special codes: ICAO Annex 10, volume IV, chapter 2."""

MISSING_FACTS: Final = (
    "flight plan and estimated time of arrival",
    "log of communications with air traffic services",
    "fuel on board",
    "inquiries at aerodromes",
    "emergency beacons",
)


def search_area(
    silence: dict[str, Any], told: Callable[[float | None, int], float | None], glide_ratio: float = GLIDE_RATIO
) -> dict[str, Any]:
    """Return circles around the last known position by minutes since, and the sector to look in first.

    `silence` holds `speed_kt`, `course_deg`, `altitude_ft`, `accuracy_m`, NaN where unknown; `told` rounds and makes NaN None.
    """
    fix_nm = float(np.fmax(FIX_ERROR_NM, silence["accuracy_m"] / NM_M))
    speed_kt = UNKNOWN_SPEED_KT if np.isnan(silence["speed_kt"]) else float(silence["speed_kt"])
    height_nm = max(0.0, float(silence["altitude_ft"])) * FT_M / NM_M  # NaN stays NaN: max gives its first then
    unknown_height = bool(np.isnan(silence["altitude_ft"]))
    areas: list[dict[str, float | None]] = []
    for minutes in AFTER_MIN:
        flown_nm = speed_kt * minutes / 60.0
        glide_nm = flown_nm if unknown_height else min(flown_nm, glide_ratio * height_nm)
        areas.append(
            {
                "after_min": minutes,
                "radius_nm": told(fix_nm + flown_nm, 2),
                "glide_radius_nm": told(fix_nm + glide_nm, 2),
            }
        )
    course = told(silence["course_deg"], 1)
    sector = None
    if course is not None:
        sector = {
            "from_deg": round((course - SECTOR_DEG) % 360.0, 1),
            "to_deg": round((course + SECTOR_DEG) % 360.0, 1),
        }
    return {
        "latitude": told(silence["latitude"], 7),
        "longitude": told(silence["longitude"], 7),
        "fix_error_nm": told(fix_nm, 3),
        "speed_kt": told(speed_kt, 1),
        "speed_assumed": bool(np.isnan(silence["speed_kt"])),
        "glide_ratio": glide_ratio,
        "sector": sector,
        "circles": areas,
    }


def phases(expected: datetime, squawk: int) -> dict[str, Any]:
    """Return the phases to consider, from when the next report was due.

    A code of emergency is a fact of its own: then the first phase to consider is the one that the Annex names for it.
    """
    first = expected + PHASE_STEP
    alert, why_alert = first + PHASE_STEP, "if inquiries gave no news (Annex 11, 5.2)"
    if squawk == 7500:
        alert, why_alert = expected, "code 7500: unlawful interference (Annex 11, 5.2)"
    elif squawk in CODES:
        alert, why_alert = expected, f"code {squawk}: {CODES[squawk]} (Annex 11, 5.2, if it impairs the flight)"
    proposed = (
        ("INCERFA", first, "30 min after a report was due (Annex 11, 5.2)"),
        ("ALERFA", alert, why_alert),
        ("DETRESFA", first + 2 * PHASE_STEP, "if wider inquiries gave none (Annex 11, 5.2)"),
    )
    return {
        "proposed_only": True,
        "phases": [
            {"phase": phase, "from": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "why": why} for phase, when, why in proposed
        ],
        "missing_facts": list(MISSING_FACTS),
    }
