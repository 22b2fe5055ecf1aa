"""From alerts to events, and to what is looked at and is none: what is told of a moment, the verdict, the reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from overflight.earth.wgs84 import to_ecef, to_geodetic
from overflight.events import DISMISSED_SCHEMA, event_id
from overflight.nets.alerting import Alerting
from overflight.nets.companions import Companions
from overflight.nets.conflict import Array
from overflight.nets.encounters import MAY_BE_ONE, may_be_one
from overflight.nets.states import Picture
from overflight.surveillance.batch import TrackNames
from overflight.surveillance.integrity import name_of
from overflight.units import FT_M, KT_MPS, NM_M

_PLACE: Final = ("latitude", "longitude", "altitude_ft", "horizontal_nm", "vertical_ft")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

FORMATION: Final = "alert: formation"
COPY: Final = "alert: integrity"
COPY_OF_SENSOR: Final = "alert: integrity: same_aircraft"
AIRPORT: Final = "alert: near an airport"
WELL_CLEAR: Final = "alert: visual flight, well clear"
NO_ALTITUDE: Final = "alert: altitude unknown"
NO_CLIMB: Final = "alert: rate of climb unknown"
BRIEF: Final = "alert: too brief"
REASONS: Final = (FORMATION, COPY, AIRPORT, WELL_CLEAR, NO_ALTITUDE, NO_CLIMB, BRIEF)
"""Why an alert is no event; for `COPY` the flag follows, "alert: integrity: duplicate"."""

WHY: Final = {
    FORMATION: "flew together for {together:.0f} s of this alert",
    COPY: "one of the two was flagged {flag} at the time",
    COPY_OF_SENSOR: "one aircraft, two sensors",
    AIRPORT: "both near {airport}; no near mid-air collision was ahead",
    WELL_CLEAR: "visual flight; nothing within 4,000 ft and 450 ft was ahead",
    NO_ALTITUDE: "an altitude is unknown: in the plane a loss was ahead, whether it was one is not known",
    NO_CLIMB: "a rate of climb is unknown: in the plane a loss was ahead, whether it was one is not known",
    BRIEF: "exempt before, and owed for too few seconds to be given",
}


@dataclass
class Alert:
    """An alert that is being given, or one that would be but for the reason that is told of it."""

    start_us: int
    last_us: int
    level: int
    told: dict[str, Any]
    reason: str = ""
    airport: str | None = None
    known: bool = False  # at some second: altitudes and rates of climb were known,
    sound: bool = False  # and positions not of doubtful integrity,
    reported: bool = False  # and it was predicted for them as they were reported,
    sure: bool = False  # and for all within their accuracies
    together_us: int = 0
    now: int = 0  # the level at the last second
    changes: int = 0  # of the level, second by second
    stood: bool = False  # while it was asked for an alert was given


def told(sky: Picture, time_us: int, a: int, b: int, s: Array, v: Array, due_s: float, level: str) -> dict[str, Any]:
    """Say what there is to say of the moment at which a level was first given, `due_s` before its volume is entered.

    `a` and `b` are places in the picture, `s` and `v` their relative state.
    """
    horizontal_m, level_m = float(np.hypot(s[0], s[1])), float(abs(sky.altitude_m[a] - sky.altitude_m[b]))
    closing, speed2 = float(s[0] * v[0] + s[1] * v[1]), float(v[0] ** 2 + v[1] ** 2)
    closest_s = max(0.0, -closing / speed2) if speed2 > 0.0 else 0.0
    miss = s + closest_s * v
    latitude, longitude = to_geodetic(to_ecef(sky.latitude[[a, b]], sky.longitude[[a, b]]).mean(axis=0)[None])
    return {
        "alert": {"level": level, "time_to_loss_s": _number(due_s, 1)},
        "latitude": round(float(latitude[0]), 7),
        "longitude": round(float(longitude[0]), 7),
        "altitude_ft": _number(float(np.fmin(sky.altitude_m[a], sky.altitude_m[b])) / FT_M, 1),
        "horizontal_nm": horizontal_m / NM_M,
        "vertical_ft": None if np.isnan(level_m) else level_m / FT_M,
        "closure_kt": -closing / max(horizontal_m, 1.0) / KT_MPS,
        "closest": {
            "in_s": round(closest_s, 1),
            "horizontal_nm": round(float(np.hypot(miss[0], miss[1])) / NM_M, 3),
            "vertical_ft": None if np.isnan(level_m) else round(float(abs(miss[2])) / FT_M),
        },
        "rows": [int(sky.row[a]), int(sky.row[a]), int(sky.row[b]), int(sky.row[b])],
        "time_us": time_us,
    }


def formations(alerts: Sequence[tuple[int, Alert]], companions: Companions, names: TrackNames) -> list[bool]:
    """Say which alerts that are over were of a formation, and have it remembered."""
    if not alerts:
        return []
    totals = pl.DataFrame(
        {
            "place": range(len(alerts)),
            "a": [pair >> 32 for pair, _ in alerts],
            "b": [pair & 0xFFFFFFFF for pair, _ in alerts],
            "start_us": [alert.start_us for _, alert in alerts],
            "end_us": [alert.last_us for _, alert in alerts],
            "total_us": [alert.last_us - alert.start_us for _, alert in alerts],
            "together_us": [alert.together_us for _, alert in alerts],
        }
    )
    return companions.judge(totals, names).sort("place")["formation"].to_list()


def event(pair: int, alert: Alert, names: TrackNames, alerting: Alerting, inputs: str) -> dict[str, Any]:
    """Return an alert as a row of `overflight.nets.encounters.FINDINGS_SCHEMA`."""
    sides = _sides(pair, names)
    said = alert.told
    rows = said["rows"] if sides[0] == pair >> 32 else [*said["rows"][2:], *said["rows"][:2]]
    start = moment_of(alert.start_us)
    ids = [names.track_id[k] for k in sides]
    due = said["alert"]["time_to_loss_s"]
    one = may_be_one(names, *sides, said["time_us"], said["horizontal_nm"], said["vertical_ft"])
    doubt = MAY_BE_ONE if one else _doubt(alert)
    when = "a loss now" if due in {None, 0.0} else f"a loss predicted {due:.0f} s ahead"
    closest = said["closest"]
    return {
        "id": event_id("conflict", ids, None, alerting.name, start),
        "kind": "conflict",
        "start": start,
        "end": moment_of(alert.last_us),
        "time": moment_of(said["time_us"]),
        "track_a": ids[0],
        "track_b": ids[1],
        "party_a": names.party[sides[0]],
        "party_b": names.party[sides[1]],
        "rule": f"{alerting.name}: {said['alert']['level']}",
        "verdict": "undetermined" if doubt else "confirmed",
        **{name: said[name] for name in (*_PLACE, "closure_kt")},
        "duration_s": (alert.last_us - alert.start_us) * 1e-6,
        "why": f"{when}: closest {closest['horizontal_nm']:.2f} NM in {closest['in_s']:.0f} s; {doubt or 'both known'}",
        "parameters": json.dumps(
            {
                "alerting": alerting.name,
                "first": said["first"],
                "gravest": said["alert"],
                "level_changes": alert.changes,
                "closest": closest,
                **{
                    side: {"callsign": names.callsign_by(k, alert.last_us), "icao24": names.icao24[k]}
                    | _sources(names.sources(k, alert.start_us, alert.last_us))
                    for side, k in zip("ab", sides, strict=True)
                },
            }
        ),
        "inputs": inputs,
        "evidence": rows,
    }


def dismissal(pair: int, alert: Alert, reason: str, names: TrackNames, flags: int = 0) -> dict[str, Any]:
    """Return an alert that is no event as a row of `overflight.events.DISMISSED_SCHEMA`."""
    a, b = _sides(pair, names)
    flag = name_of(flags) if flags else ""
    said = f"{reason}: {flag}" if flag else reason
    return {
        "track_a": names.track_id[a],
        "track_b": names.track_id[b],
        "start": moment_of(alert.start_us),
        "end": moment_of(alert.last_us),
        "time": moment_of(alert.told["time_us"]),
        **{name: alert.told[name] for name in _PLACE},
        "duration_s": (alert.last_us - alert.start_us) * 1e-6,
        "reason": said,
        "why": WHY.get(said, WHY[reason]).format(together=alert.together_us * 1e-6, airport=alert.airport, flag=flag),
    }


def dismissals(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return rows as a table of encounters that are no events."""
    return pl.DataFrame(rows, schema=DISMISSED_SCHEMA, orient="row")


def _sources(sensors: list[str]) -> dict[str, list[str]]:
    return {"sources": sensors} if len(sensors) > 1 else {}


def _doubt(alert: Alert) -> str | None:
    doubts = (
        (not alert.known, "an altitude or a rate of climb is unknown"),
        (not alert.sound, "rests on positions of doubtful integrity"),
        (not alert.reported, "only within the accuracy of positions and velocities, not as they were reported"),
        (not alert.sure, "not for all positions and velocities within their accuracy"),
    )
    return next((doubt for holds, doubt in doubts if holds), None)


def _sides(pair: int, names: TrackNames) -> tuple[int, int]:
    first, second = pair >> 32, pair & 0xFFFFFFFF
    return (first, second) if names.track_id[first] < names.track_id[second] else (second, first)


def moment_of(time_us: int) -> datetime:
    """Return a time of event time."""
    return _EPOCH + timedelta(microseconds=time_us)


def _number(value: float, digits: int) -> float | None:
    return None if np.isnan(value) else round(value, digits)
