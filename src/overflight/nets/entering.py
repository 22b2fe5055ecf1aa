"""Entering: flights that will be in another party's declared operation within the lookahead if they go on as they do, or are in it.

Part of the net conflict: an operation is where something flies that nobody may see. Every second of event time in which an operation is near,
all flights are moved on in a straight line (`overflight.nets.states`), and what crosses the operation, by area, level and time, is found exactly
by the kernel of stays. An alert is given once that holds in two of three seconds, and ends when it has not held for `STEADY_US`.

An event is *confirmed* where the flight is another party's, its altitude is known, and its positions are sound; else *undetermined*: a flight of
which nobody knows whose it is may be the operation's own. Operations of a party that was suspended stay in the way of others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.agreement.logs import Entry, Logs
from overflight.agreement.matching import SEVERAL, Matching
from overflight.airspace.active import spans_us
from overflight.events import event_id
from overflight.nets.alert_events import moment_of
from overflight.nets.base import Findings
from overflight.nets.encounters import FINDINGS_SCHEMA
from overflight.nets.states import Picture, States, moved
from overflight.nets.stays import Sky
from overflight.surveillance.batch import Batch, TrackNames
from overflight.surveillance.integrity import DEGRADING
from overflight.surveillance.renumbering import Renumbering
from overflight.units import FT_M

TICK_US: Final = 1_000_000
LOOKAHEAD_US: Final = 120 * TICK_US
"""As the net incursion's area proximity warning: EUROCONTROL-GUID-161 has up to two minutes."""
STEADY_US: Final = 10 * TICK_US
RULE: Final = "declared operation"
_OF: Final = 3
_ENOUGH: Final = 2


@dataclass(frozen=True)
class EnteringParameters:
    """What it is told.

    Attributes:
        logs: where operations are declared.
        matching: whose flights are; None for as the recording says.
        oldest_s: nobody is moved on for longer than this after the last report.
        skipped: integrity flags of positions that are not used.
        qnh_uncertainty_hpa: how far QNH may be from 1013.25 hPa.
        threads: of the kernel; the answer does not depend on it.
        inputs: digests of the recording and of the logs, for the events.
    """

    logs: Logs
    matching: Matching | None
    oldest_s: float
    skipped: int
    qnh_uncertainty_hpa: float
    threads: int
    inputs: str


@dataclass
class _Alert:
    """What holds of one flight and one operation; `said` is of the second at which the alert was first given."""

    start_us: int
    last_us: int
    seconds: list[int]  # of the last three, those in which it held
    given: bool = False
    entered_us: int | None = None
    sound: bool = False  # at some second its altitude was known, and its position sound
    said: dict[str, Any] | None = None


class Entering:
    """The net. See the module for what it finds, `overflight.nets.base.Net` for how it is driven."""

    name = "conflict"

    def __init__(self, parameters: EnteringParameters, names: TrackNames) -> None:
        """Start with nothing seen."""
        self._p, self._names = parameters, names
        self._states = States()
        self._tick_us: int | None = None
        self._last_us: int | None = None
        self._open: dict[tuple[int, str], _Alert] = {}
        self._entries: dict[str, Entry] = {}  # by what they are called
        self._sky: tuple[tuple[str, ...], Sky, list[str]] = ((), Sky((), parameters.qnh_uncertainty_hpa), [])

    def update(self, batch: Batch) -> None:
        """Take in positions in order of time; those with a disqualifying flag are not used."""
        usable = np.flatnonzero(batch.flags & self._p.skipped == 0)
        self._states.add(batch, usable)
        if len(usable):
            self._last_us = int(batch.time_us[usable[-1]])

    def advance(self, watermark_us: int) -> Findings:
        """Judge every second until the watermark, and conclude the alerts that are over."""
        return self._findings(self._run(watermark_us))

    def finish(self) -> Findings:
        """Judge what is left, and conclude all alerts."""
        if self._last_us is None:
            return Findings.none()
        found = self._run(self._last_us + TICK_US)
        found += [self._event(key, one) for key, one in sorted(self._open.items()) if one.given]
        self._open = {}
        return self._findings(found)

    def current(self, watermark_us: int) -> pl.DataFrame:
        """Return the alerts that are being given."""
        given = [(key, one) for key, one in sorted(self._open.items()) if one.given and one.start_us <= watermark_us]
        return self._findings([self._event(key, one) for key, one in given]).events

    def _run(self, until_us: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        self._known()
        while True:
            if self._tick_us is None:
                following = self._states.next_us()
                if following is None:
                    return found
                self._tick_us = following // TICK_US * TICK_US + TICK_US
            if not self._open:  # nothing is near: go on where something is
                near = min((self._from_us(one) for one in self._coming()), default=until_us + TICK_US)
                self._tick_us = max(self._tick_us, near)
            if self._tick_us > until_us:
                self._states.until(until_us)
                self._tick_us = until_us // TICK_US * TICK_US + TICK_US  # the next whole second, wherever it was cut
                return found
            self._states.until(self._tick_us)
            found += self._judge(self._tick_us)
            self._tick_us += TICK_US

    def _known(self) -> None:
        if self._p.logs.meanwhile is not None or not self._entries:
            self._entries |= {one.called: one for one in self._p.logs.of("notice") if one.volumes}

    def _coming(self) -> list[Entry]:
        """Operations that are near now, or will be."""
        assert self._tick_us is not None
        return [one for one in self._entries.values() if _until_us(one) > self._tick_us]

    def _from_us(self, one: Entry) -> int:
        """The first second in which an operation may be in somebody's way."""
        begins = min(start for volume in one.volumes for start, _ in spans_us(volume)) - LOOKAHEAD_US
        first = max(begins, _us(one.time))
        return -(-first // TICK_US) * TICK_US

    def _judge(self, now_us: int) -> list[dict[str, Any]]:
        near = [one for one in self._coming() if self._from_us(one) <= now_us]
        if near:
            picture = self._states.picture(now_us, self._p.oldest_s)
            if len(picture.track):
                self._look(picture, now_us, near)
        over = [key for key, one in self._open.items() if now_us - one.last_us >= STEADY_US]
        ended = [(key, self._open.pop(key)) for key in sorted(over)]
        return [self._event(key, one) for key, one in ended if one.given]

    def _look(self, picture: Picture, now_us: int, near: list[Entry]) -> None:
        called = tuple(one.called for one in near)
        if called != self._sky[0]:
            volumes = [(one.called, volume) for one in near for volume in one.volumes]
            sky = Sky(tuple(volume for _, volume in volumes), self._p.qnh_uncertainty_hpa)
            self._sky = (called, sky, [name for name, _ in volumes])
        _, sky, of = self._sky
        ahead_s = LOOKAHEAD_US / 1e6
        still = ~np.isnan(picture.east_mps)
        east, north = (np.where(still, each, 0.0) * ahead_s for each in (picture.east_mps, picture.north_mps))
        latitude, longitude = moved(picture.latitude, picture.longitude, east, north)
        climb = np.where(np.isnan(picture.up_mps), 0.0, picture.up_mps) * ahead_s
        which, volume, start_us = sky.ahead(
            (picture.latitude, latitude),
            (picture.longitude, longitude),
            (picture.altitude_m, picture.altitude_m + climb),
            (now_us, now_us + LOOKAHEAD_US),
            threads=self._p.threads,
        )
        first: dict[tuple[int, str], int] = {}
        for k, number, start in zip(which.tolist(), volume.tolist(), start_us.tolist(), strict=True):
            key = (int(k), of[int(number)])
            first[key] = min(start, first.get(key, start))
        for (k, name), start in sorted(first.items()):
            whose = self._whose(int(picture.track[k]), now_us)
            if whose != self._entries[name].party:
                self._hold(picture, k, name, start, now_us)

    def _whose(self, track: int, now_us: int) -> str | None:
        names = self._names
        if self._p.matching is None:
            return names.party[track]
        callsign = names.callsign_by(track, now_us)
        return self._p.matching.party(names.track_id[track], names.icao24[track], callsign, names.party[track])

    def _hold(self, picture: Picture, k: int, name: str, start_us: int, now_us: int) -> None:
        key = (int(picture.track[k]), name)
        one = self._open.setdefault(key, _Alert(now_us, now_us, []))
        one.seconds = [*(second for second in one.seconds if second > now_us - _OF * TICK_US), now_us]
        one.last_us = now_us
        one.sound |= bool(np.isfinite(picture.altitude_m[k]) and not picture.flags[k] & DEGRADING)
        if start_us <= now_us and one.entered_us is None:
            one.entered_us = now_us
        if not one.given and len(one.seconds) >= _ENOUGH:
            one.given, one.start_us = True, now_us
            one.said = {
                "in_s": round((start_us - now_us) / 1e6, 1),
                "latitude": round(float(picture.latitude[k]), 7),
                "longitude": round(float(picture.longitude[k]), 7),
                "altitude_ft": _number(float(picture.altitude_m[k]) / FT_M),
                "row": int(picture.row[k]),
            }

    def _event(self, key: tuple[int, str], one: _Alert) -> dict[str, Any]:
        track, name = key
        names, said = self._names, one.said
        assert said is not None
        whose = self._whose(track, one.last_us)
        if whose in (None, SEVERAL):
            doubt = "whose the flight is is not known"
        else:
            doubt = None if one.sound else "its altitude is unknown, or its positions are of doubtful integrity"
        start = moment_of(one.start_us)
        when = "inside" if said["in_s"] <= 0.0 else f"predicted {said['in_s']:.0f} s ahead"
        then = (
            ""
            if one.entered_us is None or said["in_s"] <= 0.0
            else f", entered at {moment_of(one.entered_us):%H:%M:%S}"
        )
        own = {"callsign": names.callsign_by(track, one.last_us), "icao24": names.icao24[track]}
        alert = {"level": RULE, "time_to_loss_s": said["in_s"]}
        return {
            "id": event_id("conflict", [names.track_id[track]], name, RULE, start),
            "kind": "conflict",
            "start": start,
            "end": moment_of(one.last_us),
            "time": start,
            "track_a": names.track_id[track],
            "party_a": None if whose == SEVERAL else whose,
            "party_b": self._entries[name].known_as or self._entries[name].party,
            "volume": name,
            "rule": RULE,
            "verdict": "undetermined" if doubt else "confirmed",
            **{field: said[field] for field in ("latitude", "longitude", "altitude_ft")},
            "duration_s": (one.last_us - one.start_us) * 1e-6,
            "why": f"in another's declared operation, {when}{then}; {doubt or 'its party and its altitude are known'}",
            "parameters": json.dumps({"gravest": alert, "first": alert, "a": own, "b": {}}),
            "inputs": self._p.inputs,
            "evidence": [said["row"], said["row"], None, None],
        }

    def _findings(self, rows: Sequence[dict[str, Any]]) -> Findings:
        if not rows:
            return Findings.none()
        events = pl.DataFrame(list(rows), schema=FINDINGS_SCHEMA, orient="row").sort("start", "id")
        return Findings(events, Findings.none().dismissed)

    def rests_on(self) -> NDArray[np.int64]:
        """Return the rows of the recording that open alerts name."""
        return np.array([one.said["row"] for one in self._open.values() if one.said is not None], np.int64)

    def holds(self) -> NDArray[np.int64]:
        """Return the tracks of open alerts."""
        return np.array(sorted({track for track, _ in self._open}), np.int64)

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        self._states.forget(numbers)
        self._open = {(int(numbers.track[track]), name): one for (track, name), one in self._open.items()}

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "states": self._states.snapshot(),
            "times": (self._tick_us, self._last_us),
            "open": [[track, name, asdict(one)] for (track, name), one in self._open.items()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot; of operations that nobody knows of any more nothing is left to say."""
        self._states.restore(state["states"])
        self._tick_us, self._last_us = state["times"]
        self._known()
        self._open = {(track, name): _Alert(**told) for track, name, told in state["open"] if name in self._entries}


def _until_us(one: Entry) -> int:
    """When an operation is over, or was released."""
    ends = max(end for volume in one.volumes for _, end in spans_us(volume))
    return ends if one.ends is None else min(ends, _us(one.ends))


def _us(moment: Any) -> int:
    return (moment - moment_of(0)) // timedelta(microseconds=1)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 1)
