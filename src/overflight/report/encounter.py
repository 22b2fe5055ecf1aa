"""One event as the report draws and tells it: the row, its parameters, and how both tracks moved around it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import numpy as np

from overflight.earth.wgs84 import to_ecef
from overflight.report.tracks import Floats, Plan, Track, Tracks, distance_nm, seconds

SAMPLES = 200


@dataclass(frozen=True)
class Encounter:
    """An event with what is known around it. Times are seconds from the worst moment.

    Attributes:
        number: its place in the report, from 1.
        row: its row of the event table.
        parameters: the event's parameters; empty where there are none.
        states: state of each track at the worst moment, as the net computed it; empty where the net gave none.
        tracks: the reports around it; one for an event with one track.
        start_s, end_s: first and last instant of the event.
        at_s: instants at which the curves are drawn, among them each report, (M,).
        position_m: ECEF position of each track at `at_s`, (M, 3), NaN where not known.
        closest_m: ECEF position of each track at the worst moment; NaN where not known.
    """

    number: int
    row: dict[str, Any]
    parameters: dict[str, Any]
    states: tuple[dict[str, Any], ...]
    tracks: tuple[Track, ...]
    start_s: float
    end_s: float
    at_s: Floats
    position_m: tuple[Floats, ...]
    closest_m: tuple[Floats, ...]

    @property
    def time(self) -> datetime:
        """The worst moment."""
        return self.row["time"]

    def number_of(self, name: str) -> float | None:
        """A numeric parameter of the event."""
        return known(self.parameters.get(name))

    @property
    def vertical_minimum_ft(self) -> float | None:
        """The vertical minimum that was applied: the nominal one less the tolerance."""
        nominal = self.number_of("vertical_ft")
        return None if nominal is None else nominal - (self.number_of("vertical_tolerance_ft") or 0.0)

    def plan(self) -> Plan:
        """The plane tangent in the middle between the tracks at the worst moment."""
        places = [point for point in self.closest_m if np.isfinite(point).all()]
        if places:
            return Plan.at(np.mean(places, axis=0))
        return Plan.at(to_ecef(np.array([self.row["latitude"] or 0.0]), np.array([self.row["longitude"] or 0.0]))[0])

    def horizontal_nm(self) -> Floats:
        """Distance between both tracks at `at_s`."""
        return distance_nm(*self.position_m)

    def vertical_ft(self) -> Floats:
        """Difference of pressure altitude between both tracks at `at_s`."""
        return np.abs(self.tracks[0].altitude_at_ft(self.at_s) - self.tracks[1].altitude_at_ft(self.at_s))


def known(value: object) -> float | None:
    """A number from outside: None where it is none, or not finite."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def parse_parameters(text: str | None) -> dict[str, Any]:
    """Read the JSON of an event's `parameters` column; anything that is no object has no parameters."""
    try:
        found: Any = json.loads(text) if text else {}
    except json.JSONDecodeError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def state_of(parameters: dict[str, Any], side: str) -> dict[str, Any]:
    """State of one track ("a" or "b") at the worst moment; empty where the net gave none."""
    state: Any = parameters.get(side)
    return cast("dict[str, Any]", state) if isinstance(state, dict) else {}


def build(number: int, row: dict[str, Any], tracks: Tracks) -> Encounter:
    """Gather what the report shows of one event."""
    parameters = parse_parameters(row["parameters"])
    names = [name for name in ("a", "b") if row[f"track_{name}"] is not None]
    states = tuple(state_of(parameters, name) for name in names)
    moment = row["time"] or row["start"]
    start_s = seconds(row["start"]) - seconds(moment)
    end_s = seconds(row["end"] or moment) - seconds(moment)
    # As long again before and after as the event lasted, but a minute at least and three at most.
    margin_s = float(np.clip(end_s - start_s, 60.0, 180.0))
    gap_s = known(parameters.get("max_gap_s")) or 60.0
    from_s, to_s = start_s - margin_s, end_s + margin_s
    found = tuple(tracks.around(row[f"track_{name}"], moment, -from_s, to_s, gap_s) for name in names)

    reports = [track.time_s[(track.time_s >= from_s) & (track.time_s <= to_s)] for track in found]
    silences = [_within_gaps(track, gap_s) for track in found] if to_s - from_s > 0.5 * SAMPLES * gap_s else []
    at_s = np.unique(np.concatenate([np.linspace(from_s, to_s, SAMPLES), [start_s, 0.0, end_s], *reports, *silences]))
    return Encounter(
        number=number,
        row={key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        | {"time": moment},
        parameters=parameters,
        states=states,
        tracks=found,
        start_s=start_s,
        end_s=end_s,
        at_s=at_s,
        position_m=tuple(track.position_m(at_s) for track in found),
        closest_m=tuple(_closest(state, track) for state, track in zip(states, found, strict=True)),
    )


def _within_gaps(track: Track, gap_s: float) -> Floats:
    """An instant within each gap over which nothing is known: where samples are far apart, it breaks the line."""
    gaps = np.flatnonzero(np.diff(track.time_s) > gap_s)
    return (track.time_s[gaps] + track.time_s[gaps + 1]) / 2.0


def _closest(state: dict[str, Any], track: Track) -> Floats:
    """Position at the worst moment: the net's own where it gave one, else between the reports."""
    latitude, longitude = known(state.get("latitude")), known(state.get("longitude"))
    if latitude is not None and longitude is not None:
        return to_ecef(np.array([latitude]), np.array([longitude]))[0]
    return track.position_m(np.zeros(1))[0]
