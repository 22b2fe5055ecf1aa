"""From judged silences to rows: events of kind `lost` and `outage`, and dismissals with their reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypedDict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.events import DISMISSED_SCHEMA, event_id
from overflight.nets.base import Findings
from overflight.nets.encounters import FINDINGS_SCHEMA
from overflight.nets.lost_coverage import RADIUS_M, Floats, normal
from overflight.nets.lost_memory import TICK_US, Sightings
from overflight.nets.lost_parameters import LostParameters
from overflight.nets.lost_rules import NEAR_IN_TIME_US
from overflight.nets.lost_search import CODES, phases, search_area
from overflight.surveillance.batch import NO_SQUAWK, TrackNames
from overflight.surveillance.renumbering import Renumbering
from overflight.units import NM_M

UTC_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
JOIN_US: Final = 3 * TICK_US
"""Silences of an outage begin with each aircraft's last report before it: within minutes of one another."""


@dataclass(frozen=True)
class Judged:
    """Silences with what decided them; one entry each."""

    silences: NDArray[np.void]
    reason: list[str]  # empty: lost
    back: NDArray[np.bool_]
    expected_s: Floats
    wait_us: int
    way_s: float
    speed_kt: Floats
    course_deg: Floats
    climb_fpm: Floats
    others: NDArray[np.int64]
    minutes: NDArray[np.int64]
    share: Floats
    known: Floats
    learnt_us: NDArray[np.int64]  # what was learnt by then decided
    excused: NDArray[np.bool_]  # its last minute was not learnt from: its silence says nothing of the coverage

    def at(self, which: NDArray[np.intp]) -> Judged:
        """Return some of them."""
        some: dict[str, Any] = {name: getattr(self, name)[which] for name in _columns(self)}
        return replace(self, reason=[self.reason[k] for k in which.tolist()], **some)

    @staticmethod
    def together(parts: list[Judged]) -> Judged:
        """Return several as one; at least one."""
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts]) for name in _columns(parts[0])
        }
        return replace(parts[0], reason=[one for part in parts for one in part.reason], **joined)

    @staticmethod
    def unjudged(silences: NDArray[np.void], reason: list[str], back: NDArray[np.bool_], wait_us: int) -> Judged:
        """Return silences that were not looked at any further."""
        unknown, none = np.full(len(silences), np.nan), np.zeros(len(silences), np.int64)
        return Judged(
            silences, reason, back, unknown, wait_us, 0.0, unknown, unknown, unknown, none, none, unknown, unknown, none,
            none > 0,
        )  # fmt: skip


def _columns(judged: Judged) -> list[str]:
    return [name for name, value in vars(judged).items() if isinstance(value, np.ndarray)]


def told(judged: Judged, parameters: LostParameters, names: TrackNames) -> Findings:
    """Return the rows of what was judged; members of an outage are dismissed here, and the outage is told once it is over."""
    lost = [k for k, reason in enumerate(judged.reason) if not reason]
    other = [k for k, reason in enumerate(judged.reason) if reason]
    return Findings(
        pl.DataFrame([_event(judged, k, parameters, names) for k in lost], schema=FINDINGS_SCHEMA, orient="row"),
        pl.DataFrame([_dismissal(judged, k, names) for k in other], schema=DISMISSED_SCHEMA, orient="row"),
    )


def _moment(micros: int) -> datetime:
    return UTC_EPOCH + timedelta(microseconds=micros)


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), digits)


def _place(silence: Any) -> dict[str, Any]:
    return {
        "latitude": _round(silence["latitude"], 7),
        "longitude": _round(silence["longitude"], 7),
        "altitude_ft": _round(silence["altitude_ft"], 1),
    }


def _end_us(judged: Judged, k: int) -> int:
    silence = judged.silences[k]
    return int(silence["back_us"]) if judged.back[k] else int(silence["last_us"]) + judged.wait_us


def _dismissal(judged: Judged, k: int, names: TrackNames) -> dict[str, Any]:
    silence, reason = judged.silences[k], judged.reason[k]
    start_us, end_us = int(silence["last_us"]), _end_us(judged, k)
    if reason == "recording ends":
        end_us = start_us
    silent = f"silent for {(end_us - start_us) * 1e-6:.0f} s" + ("" if judged.back[k] else " or more")
    why = {
        "landed": "low over an aerodrome or coming down onto one, or on the ground",
        "seen again": silent,
        "seen too briefly": f"{int(silence['reports'])} reports",
        "relayed": "a ground station also relays it: its own signal is not heard everywhere",
        "seldom seen": f"had been silent for {int(silence['longest_us']) * 1e-6:.0f} s before",
        "state unknown": "speed, course or altitude unknown, or not reported any more with the last positions",
        "outage": "nearly everybody near vanished at once",
        "left coverage": f"within {judged.way_s:.0f} s it would have come to where nobody is seen at its level or below, or farther "
        "out or higher than anybody",
        "coverage unknown": f"{judged.minutes[k]} minutes of flight are known there at its level or below",
        "often lost here": f"{judged.share[k]:.0%} of those there on such courses were seen again; silences of "
        f"{judged.expected_s[k]:.0f} s are usual there",
        "nobody else seen": "nobody else was seen near throughout the minutes after",
        "recording ends": "the recording ends before it could be judged",
    }[reason]
    return {
        "track_a": names.track_id[int(silence["track"])],
        "track_b": None,
        "start": _moment(start_us),
        "end": _moment(end_us),
        "time": _moment(start_us),
        **_place(silence),
        "duration_s": (end_us - start_us) * 1e-6,
        "reason": reason,
        "why": why,
    }


def _event(judged: Judged, k: int, p: LostParameters, names: TrackNames) -> dict[str, Any]:
    silence = judged.silences[k]
    number, last_us = int(silence["track"]), int(silence["last_us"])
    track, start, end_us = names.track_id[number], _moment(last_us), _end_us(judged, k)
    squawk = int(silence["squawk"])
    others, minutes, share = int(judged.others[k]), int(judged.minutes[k]), float(judged.share[k])
    expected_s = float(np.fmin(judged.expected_s[k], judged.wait_us * 1e-6))
    learnt_us = int(judged.learnt_us[k])
    later = (
        f", as was learnt until {_moment(learnt_us):%H:%M}" if learnt_us > last_us + judged.wait_us + TICK_US else ""
    )
    state = {
        "speed_kt": float(judged.speed_kt[k]),
        "course_deg": float(judged.course_deg[k]),
        **{name: float(silence[name]) for name in ("latitude", "longitude", "altitude_ft", "accuracy_m")},
    }
    verdict, doubt = _verdict(judged, k, p)
    code = None if squawk == NO_SQUAWK else f"{squawk:04d}"
    alarm = f"; last code {code}, {CODES[squawk]}" if squawk in CODES else ""
    return {
        "id": event_id("lost", [track], None, None, start),
        "kind": "lost",
        "start": start,
        "end": _moment(end_us),
        "time": start,
        "track_a": track,
        "party_a": names.party[number],
        "verdict": verdict,
        **_place(silence),
        "duration_s": (end_us - last_us) * 1e-6,
        "why": f"not seen for {(end_us - last_us) / 60e6:.0f} min, {expected_s:.0f} s is usual there; {others} others within "
        f"{p.radius_nm:g} NM were seen; {doubt}{later}{alarm}",
        "parameters": json.dumps(
            {
                "a": {
                    "callsign": names.callsign_by(number, last_us),
                    "icao24": names.icao24[number],
                    "squawk": code,
                    "latitude": _round(state["latitude"], 7),
                    "longitude": _round(state["longitude"], 7),
                    "altitude_ft": _round(state["altitude_ft"], 1),
                    "accuracy_m": _round(state["accuracy_m"], 1),
                    "groundspeed_kt": _round(state["speed_kt"], 1),
                    "track_deg": _round(state["course_deg"], 1),
                    "vertical_rate_fpm": _round(judged.climb_fpm[k], 0),
                },
                "expected_gap_s": expected_s,
                "wait_s": judged.wait_us * 1e-6,
                "others_seen": others,
                "others_within_nm": p.radius_nm,
                "minutes_known_there": minutes,
                "share_seen_on": _round(share, 3),
                "learnt_until": f"{_moment(learnt_us):%Y-%m-%dT%H:%M:%SZ}",
                "search": search_area(state, _round),
                **phases(_moment(last_us + round(expected_s * 1e6)), squawk),
            }
        ),
        "inputs": p.inputs,
        "evidence": [int(silence["row_before"]), int(silence["row"])],
    }


def _verdict(judged: Judged, k: int, p: LostParameters) -> tuple[str, str]:
    """Confirmed only if it should certainly have been seen, and its last position is sound."""
    minutes, share = int(judged.minutes[k]), float(judged.share[k])
    doubts = (
        (bool(judged.silences["degraded"][k]), "its last position is of doubtful integrity"),
        (int(judged.others[k]) < p.confirm_others, f"fewer than {p.confirm_others} others"),
        (minutes < p.confirm_minutes, f"only {minutes} minutes of flight are known there"),
        (share < p.confirm_share, f"only {share:.0%} of those there were seen again"),
        (float(judged.known[k]) < p.well_known, "its way ahead is known only in part"),
    )
    for holds, doubt in doubts:
        if holds:
            return "undetermined", doubt
    return "confirmed", f"{share:.0%} of {minutes} minutes of flight there were seen again"


class Member(TypedDict):
    """A silence that belongs to an outage."""

    track: int
    last_us: int
    up: Floats
    again_us: int | None  # when anybody was next seen near
    rows: list[int]


class Outages:
    """Gathers silences that belong to one outage, near in time and place, into one event."""

    def __init__(self, wait_us: int, radius_nm: float) -> None:
        """Start with none. Silences within twice the radius belong together: both were near the same others."""
        self._wait_us = wait_us
        self._reach_m = 2.0 * radius_nm * NM_M
        self._open: list[list[Member]] = []

    def add(self, judged: Judged, seen: dict[int, Sightings], tick: int) -> None:
        """Take in the silences of one tick that an outage explains; ticks come in order."""
        for k, reason in enumerate(judged.reason):
            if reason != "outage":
                continue
            silence = judged.silences[k]
            up = normal(silence["latitude"], silence["longitude"])
            again = self._seen_again_us(silence, up, seen, tick)
            if judged.back[k]:
                again = int(silence["back_us"]) if again is None else min(again, int(silence["back_us"]))
            member: Member = {
                "track": int(silence["track"]),
                "last_us": int(silence["last_us"]),
                "up": up,
                "again_us": again,
                "rows": [int(silence["row_before"]), int(silence["row"])],
            }
            same = [one for one in self._open if any(self._together(member, other) for other in one)]
            # It may be near to several that were thought to be apart: then they are one.
            self._open = [one for one in self._open if not any(one is other for other in same)]
            self._open.append([*(each for one in same for each in one), member])

    def _together(self, a: Member, b: Member) -> bool:
        near = float(np.linalg.norm(a["up"] - b["up"])) * RADIUS_M <= self._reach_m
        return near and abs(a["last_us"] - b["last_us"]) <= JOIN_US

    def _seen_again_us(self, silence: Any, up: Floats, seen: dict[int, Sightings], tick: int) -> int | None:
        """When anybody was next seen near, within the waiting time."""
        reach = 1.0 - 0.5 * (self._reach_m / 2.0 / RADIUS_M) ** 2
        for step in range(1, self._wait_us // TICK_US + 1):
            who = seen.get(tick + step)
            if who is None:
                continue
            times = who.first_us[(who.up @ up > reach) & (who.first_us > silence["last_us"] + NEAR_IN_TIME_US)]
            if len(times):
                return int(times.min())
        return None

    def over(self, now_us: int | None, p: LostParameters, names: TrackNames) -> list[Findings]:
        """Return, once, the outages that no silence due later can belong to; all of them where `now_us` is None."""
        limit = None if now_us is None else now_us - self._wait_us - JOIN_US - TICK_US
        done = [one for one in self._open if limit is None or max(member["last_us"] for member in one) < limit]
        self._open = [one for one in self._open if not any(one is other for other in done)]
        if not done:
            return []
        # Fewer are a coincidence: most of those that were seen before must have vanished with it.
        least = p.outage_of * (1.0 - p.outage_share)
        rows = [self._event(one, p, names) for one in done if len({member["track"] for member in one}) >= least]
        events = pl.DataFrame(rows, schema=FINDINGS_SCHEMA, orient="row")
        return [Findings(events, pl.DataFrame(schema=DISMISSED_SCHEMA))]

    def _event(self, members: Sequence[Member], p: LostParameters, names: TrackNames) -> dict[str, Any]:
        members = sorted(members, key=lambda member: (member["last_us"], names.track_id[member["track"]]))
        tracks = sorted({names.track_id[member["track"]] for member in members})
        start_us, last_us = members[0]["last_us"], members[-1]["last_us"]
        again = [member["again_us"] for member in members if member["again_us"] is not None]
        end_us = max(last_us, min(again)) if again else last_us + self._wait_us
        ups = np.array([member["up"] for member in members])
        centre = ups.mean(axis=0)
        centre /= np.linalg.norm(centre)
        radius_nm = float(np.linalg.norm(ups - centre, axis=1).max()) * RADIUS_M / NM_M
        start = _moment(start_us)
        until = f"until {_moment(end_us):%H:%M:%S}" if again else "and nobody was seen again while it was watched"
        return {
            "id": event_id("outage", tracks, None, None, start),
            "kind": "outage",
            "start": start,
            "end": _moment(end_us),
            "time": _moment(last_us),
            "verdict": "confirmed",
            "latitude": _round(float(np.degrees(np.arcsin(centre[2]))), 7),
            "longitude": _round(float(np.degrees(np.arctan2(centre[1], centre[0]))), 7),
            "duration_s": (end_us - start_us) * 1e-6,
            "why": f"{len(tracks)} aircraft within {radius_nm:.0f} NM vanished within {(last_us - start_us) * 1e-6:.0f} s, "
            f"nearly all that were seen there, {until}: reception failed, not they",
            "parameters": json.dumps(
                {
                    "tracks": tracks,
                    "radius_nm": _round(radius_nm, 1),
                    "outage_share": p.outage_share,
                    "seen_again": bool(again),
                }
            ),
            "inputs": p.inputs,
            "evidence": members[-1]["rows"],
        }

    def rows(self) -> list[int]:
        """Return the rows of the recording that open outages name."""
        return [row for members in self._open for member in members for row in member["rows"]]

    def tracks(self) -> list[int]:
        """Return the tracks of open outages."""
        return [member["track"] for members in self._open for member in members]

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks, of those of open outages none."""
        self._open = [
            [{**member, "track": int(numbers.track[member["track"]])} for member in members] for members in self._open
        ]

    def snapshot(self) -> list[list[Member]]:
        """Return the state as plain data."""
        return [list(one) for one in self._open]

    def restore(self, state: list[list[Member]]) -> None:
        """Go on from a snapshot."""
        self._open = [list(one) for one in state]
