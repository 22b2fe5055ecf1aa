"""Which minimum a pair is held to, and why: that decides whether the tool is believed.

Without given minima each pair of segments is classed by what is known of both aircraft:

- *airport*: both within 8 NM of and less than 4,000 ft above one airport. Runway, circuit and visual separation rule there;
  only a near mid-air collision (nmac) is a finding.
- *vfr*: one or both squawk a code for visual flight. Nobody owes them radar separation; they see and avoid. Held to well
  clear, and said when it was an nmac.
- *radar*: both squawk discrete codes, so a radar unit is taken to separate them. Held to the radar minima.
- *unknown*: one or both have never shown a code, where visual flight is possible (above 18,000 ft they are *radar*). Held to
  well clear, which is owed under every rule; whether the radar minima applied cannot be decided, so an encounter that only
  breaks those is counted under that reason.

A discrete code is no proof: a VFR flight that radar only follows has one too. Where one of the two has shown a visual code
before, or flies level at a visual cruising level, and where the two are on either side of a layer's floor, whether the
minimum applied is not known: the event is `undetermined`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.airspace.airports import common_airport
from overflight.earth.wgs84 import Array, distance_m, to_ecef, to_geodetic
from overflight.nets.codes import VISUAL_LEVELS_FT, at_visual_level, is_visual
from overflight.nets.minima import NMAC, RADAR, WELL_CLEAR, Minima, layer_arrays, with_tolerance
from overflight.nets.tails import Vertices
from overflight.surveillance.batch import NO_SQUAWK, TrackNames
from overflight.surveillance.integrity import DEGRADING
from overflight.units import FT_M, FT_PER_MIN_MPS, KT_MPS, NM_M

NO_VISUAL_ABOVE_M = VISUAL_LEVELS_FT[1] * FT_M

FORMATION_HORIZONTAL_M = 1.0 * NM_M
FORMATION_VERTICAL_M = 200.0 * FT_M
FORMATION_RELATIVE_MPS = 30.0 * KT_MPS
"""Flying together: within 1 NM and 100 ft (FAA JO 7110.65, Pilot/Controller Glossary, "formation flight"; twice that vertically,
since each altitude is rounded to 100 ft) at nearly one velocity."""

PIECES_SCHEMA: Final[dict[str, pl.DataType]] = {
    "a": pl.UInt32(),  # track numbers, a < b by track_id
    "b": pl.UInt32(),
    "start_us": pl.Int64(),
    "end_us": pl.Int64(),
    "worst_us": pl.Int64(),
    "severity": pl.Float64(),
    "horizontal_m": pl.Float64(),
    "vertical_m": pl.Float64(),
    "closure_mps": pl.Float64(),
    "encounter": pl.Boolean(),  # found below the widest minima: these pieces of a pair do not overlap
    "hit": pl.Boolean(),  # below the minimum that the pair is held to
    "rule": pl.String(),  # the class
    "airport": pl.String(),
    "nmac": pl.Boolean(),
    "together": pl.Boolean(),  # in formation all along
    "certain": pl.Boolean(),  # a loss wherever the aircraft were within their accuracies
    "degraded": pl.Boolean(),  # rests on a position with a degrading flag
    "straddling": pl.Boolean(),  # on either side of a layer's floor, and no loss by the lower layer
    "visual": pl.Boolean(),  # taken for radar, but a code is unknown or was visual before, or the level is a visual one
    "squawk_a": pl.UInt16(),
    "squawk_b": pl.UInt16(),
    "evidence": pl.List(pl.Int64()),  # rows of the recording: before and after, of a then b
    **{
        f"{name}_{side}": pl.Float64()
        for side in "ab"
        for name in ("latitude", "longitude", "altitude_m", "accuracy_m", "speed_mps", "course_deg", "climb_mps")
    },
}


class Rules:
    """The minima in force, and the judgement of each piece of an encounter."""

    def __init__(self, given: Minima | None, tolerance_ft: float | None) -> None:
        """Hold every pair to the `given` minima, or class each pair where it is None.

        `tolerance_ft` is taken off for level-keeping; None for the default.

        Raises:
            ParameterError: the tolerance leaves nothing of a minimum.
        """
        if given is not None:
            self.stated = {given.name: given}
            self.by_rule = {given.name: with_tolerance(given, tolerance_ft)}
        else:
            self.stated = {"radar": RADAR, "vfr": WELL_CLEAR, "unknown": WELL_CLEAR, "airport": NMAC}
            self.by_rule = self.stated | {"radar": with_tolerance(RADAR, tolerance_ft)}
        self.given = given is not None
        self.widest = next(iter(self.by_rule.values()))

    def pieces(
        self, v: Vertices, found: tuple[NDArray[Any], ...], names: TrackNames, max_gap_us: int, report_unknown: bool
    ) -> pl.DataFrame:
        """Judge what the kernel found (`overflight_kernels.losses`); returns `PIECES_SCHEMA`."""
        self._v, self._names, self._max_gap_us, self._report_unknown = v, names, max_gap_us, report_unknown
        if self.given:
            rule = np.full(len(found[0]), self.widest.name, object)
            return self._frame(found, rule, np.full(len(rule), None), encounter=True, hit=True)
        rule, airport = self._classes(found)
        held = np.isin(rule, ["radar"])
        frames = [
            self._frame(tuple(column[held] for column in found), rule[held], airport[held], encounter=True, hit=True),
            self._frame(
                tuple(column[~held] for column in found), rule[~held], airport[~held], encounter=True, hit=False
            ),
        ]
        for name in ("vfr", "unknown", "airport"):
            some = np.flatnonzero(rule == name)
            # Two pieces of one pair of segments (either side of a layer's floor) are judged once.
            _, first = np.unique(np.stack([found[0][some], found[1][some]]), axis=1, return_index=True)
            some = some[first]
            if len(some):
                hits = self._between(found[0][some], found[1][some], np.zeros(len(some)), self.by_rule[name])
                place = {
                    pair: k for k, pair in zip(some, zip(found[0][some], found[1][some], strict=True), strict=True)
                }
                back = np.array([place[pair] for pair in zip(hits[0], hits[1], strict=True)], int)
                frames.append(self._frame(hits, rule[back], airport[back], encounter=False, hit=True))
        return pl.concat(frames)

    def _between(
        self, a: NDArray[np.int64], b: NDArray[np.int64], shrink_m: Array, minima: Minima
    ) -> tuple[NDArray[Any], ...]:
        from overflight_kernels import losses_between

        floor_m, horizontal_m, vertical_m = layer_arrays(minima)
        return losses_between(
            offsets=self._v.offsets,
            time_us=self._v.time_us,
            latitude_deg=self._v.latitude,
            longitude_deg=self._v.longitude,
            altitude_m=self._v.altitude_m,
            broken=self._v.broken,
            a=np.ascontiguousarray(a),
            b=np.ascontiguousarray(b),
            shrink_m=np.ascontiguousarray(shrink_m),
            floor_m=floor_m,
            horizontal_m=horizontal_m,
            vertical_m=vertical_m,
            max_gap_us=self._max_gap_us,
            report_unknown=self._report_unknown,
        )

    def _classes(self, found: tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Class and airport (or None) of each piece, from both aircraft at its gravest moment."""
        a, b, worst = found[0], found[1], found[4]
        here_a, altitude_a = self._at(a, worst)
        here_b, altitude_b = self._at(b, worst)
        airport = np.array([*common_airport(here_a, altitude_a / FT_M, here_b, altitude_b / FT_M), None], object)[:-1]
        code_a, code_b = self._v.squawk[a], self._v.squawk[b]
        visual = is_visual(code_a, self._v.longitude[a]) | is_visual(code_b, self._v.longitude[b])
        unknown = (code_a == NO_SQUAWK) | (code_b == NO_SQUAWK)
        high = (altitude_a > NO_VISUAL_ABOVE_M) & (altitude_b > NO_VISUAL_ABOVE_M)
        rule = np.where(visual, "vfr", np.where(unknown & ~high, "unknown", "radar")).astype(object)
        rule[airport != None] = "airport"  # noqa: E711 - elementwise
        return rule, airport

    def _at(self, k: NDArray[np.int64], time_us: NDArray[np.int64]) -> tuple[Array, Array]:
        """Position (ECEF, m) and altitude (m) on the segments that begin at vertices `k`."""
        v = self._v
        share = (time_us - v.time_us[k]) / (v.time_us[k + 1] - v.time_us[k])
        before, after = to_ecef(v.latitude[k], v.longitude[k]), to_ecef(v.latitude[k + 1], v.longitude[k + 1])
        low, high = self._v.altitude_m[k], self._v.altitude_m[k + 1]
        return before + (after - before) * share[:, None], low + (high - low) * share

    def _side(self, k: NDArray[np.int64], worst_us: NDArray[np.int64], side: str) -> dict[str, Array]:
        """State of one aircraft of each piece at its gravest moment, from the two reports around it."""
        v = self._v
        here, altitude_m = self._at(k, worst_us)
        latitude, longitude = to_geodetic(here)
        span_s = (v.time_us[k + 1] - v.time_us[k]) * 1e-6
        before, after = to_ecef(v.latitude[k], v.longitude[k]), to_ecef(v.latitude[k + 1], v.longitude[k + 1])
        moved = after - before
        phi, lam = np.radians(latitude), np.radians(longitude)
        east = -np.sin(lam) * moved[:, 0] + np.cos(lam) * moved[:, 1]
        north = -np.sin(phi) * (np.cos(lam) * moved[:, 0] + np.sin(lam) * moved[:, 1]) + np.cos(phi) * moved[:, 2]
        default = self._names.array("default_accuracy_m")[v.track[k]]
        accuracy = np.stack([v.accuracy_m[k], v.accuracy_m[k + 1]]).astype(float)
        accuracy = np.where(np.isnan(accuracy), default, accuracy).max(axis=0)
        return {
            f"latitude_{side}": latitude,
            f"longitude_{side}": longitude,
            f"altitude_m_{side}": altitude_m,
            f"accuracy_m_{side}": accuracy,
            f"speed_mps_{side}": np.hypot(east, north) / span_s,
            f"course_deg_{side}": np.degrees(np.arctan2(east, north)) % 360.0,
            f"climb_mps_{side}": (self._v.altitude_m[k + 1] - self._v.altitude_m[k]) / span_s,
        }

    def _frame(
        self, found: tuple[NDArray[Any], ...], rule: NDArray[Any], airport: NDArray[Any], *, encounter: bool, hit: bool
    ) -> pl.DataFrame:
        if len(found[0]) == 0:
            return pl.DataFrame(schema=PIECES_SCHEMA)
        # A pair is named in the order of its track ids, whatever order the tracks came in.
        ids = np.array(self._names.track_id, object)
        track = self._v.track
        swap = ids[track[found[0]]] > ids[track[found[1]]]
        a, b = np.where(swap, found[1], found[0]), np.where(swap, found[0], found[1])
        start, end, worst = found[2], found[3], found[4]
        sides = self._side(a, worst, "a") | self._side(b, worst, "b")
        flags = self._v.flags
        degraded = (flags[a] | flags[a + 1] | flags[b] | flags[b + 1]) & DEGRADING != 0
        nmac = np.zeros(len(a), bool)
        certain = np.zeros(len(a), bool)
        if hit:
            nmac = self._survive(a, b, np.zeros(len(a)), np.full(len(a), NMAC.name, object), {NMAC.name: NMAC})
            nmac &= ~np.isnan(found[7])
            certain = self._survive(a, b, sides["accuracy_m_a"] + sides["accuracy_m_b"], rule, self.by_rule)
        evidence = np.stack([self._v.row[k] for k in (a, a + 1, b, b + 1)], axis=1)
        return pl.DataFrame(
            {
                "a": track[a],
                "b": track[b],
                "start_us": start,
                "end_us": end,
                "worst_us": worst,
                "severity": found[5],
                "horizontal_m": found[6],
                "vertical_m": found[7],
                "closure_mps": found[8],
                "encounter": np.full(len(a), encounter),
                "hit": np.full(len(a), hit),
                "rule": pl.Series(rule.tolist(), dtype=pl.String),
                "airport": pl.Series(airport.tolist(), dtype=pl.String),
                "nmac": nmac,
                "together": self._together(a, b, start, end),
                "certain": certain & ~np.isnan(found[7]),
                "degraded": degraded,
                "straddling": self._straddling(found, rule, sides),
                "visual": (rule == "radar") & self._hints(a, b, sides),
                "squawk_a": self._v.squawk[a],
                "squawk_b": self._v.squawk[b],
                "evidence": pl.Series(evidence.astype(np.int64)).cast(pl.List(pl.Int64)),
                **sides,
            },
            schema=PIECES_SCHEMA,
        )

    def _hints(self, a: NDArray[np.int64], b: NDArray[np.int64], sides: dict[str, Array]) -> NDArray[np.bool_]:
        hints = (self._v.visual[a] | self._v.visual[b]) == 1
        hints |= (self._v.squawk[a] == NO_SQUAWK) | (self._v.squawk[b] == NO_SQUAWK)
        for side in "ab":
            climb_fpm = sides[f"climb_mps_{side}"] / FT_PER_MIN_MPS
            hints |= at_visual_level(sides[f"altitude_m_{side}"] / FT_M, climb_fpm)
        return hints

    def _straddling(
        self, found: tuple[NDArray[Any], ...], rule: NDArray[Any], sides: dict[str, Array]
    ) -> NDArray[np.bool_]:
        lower = np.minimum(sides["altitude_m_a"], sides["altitude_m_b"])
        straddling = np.zeros(len(rule), bool)
        for name, minima in self.by_rule.items():
            floors_m, horizontal_m, vertical_m = layer_arrays(minima)
            layer = np.maximum(np.searchsorted(floors_m, lower, side="right") - 1, 0)
            by_lower = (found[6] < horizontal_m[layer]) & (found[7] < vertical_m[layer])
            straddling |= (rule == name) & ~by_lower & ~np.isnan(found[7])
        return straddling

    def _survive(
        self,
        a: NDArray[np.int64],
        b: NDArray[np.int64],
        shrink_m: Array,
        rule: NDArray[Any],
        by_rule: dict[str, Minima],
    ) -> NDArray[np.bool_]:
        """Tell which pairs of segments hold a loss below the minima of their rule, less `shrink_m`."""
        kept = np.zeros(len(a), bool)
        for name, minima in by_rule.items():
            some = np.flatnonzero(rule == name)
            if len(some) == 0:
                continue
            left = self._between(np.minimum(a[some], b[some]), np.maximum(a[some], b[some]), shrink_m[some], minima)
            pairs = np.minimum(a[some], b[some]) * len(self._v) + np.maximum(a[some], b[some])
            kept[some] = np.isin(pairs, left[0] * len(self._v) + left[1])
        return kept

    def _together(
        self, a: NDArray[np.int64], b: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell which pieces are formation flight from start to end: distances are convex, so both ends decide."""
        if self.given:
            return np.zeros(len(a), bool)
        apart: list[Array] = []
        close = np.ones(len(a), bool)
        for time in (start, end):
            (here_a, altitude_a), (here_b, altitude_b) = self._at(a, time), self._at(b, time)
            apart.append(here_a - here_b)
            close &= distance_m(here_a, here_b) <= FORMATION_HORIZONTAL_M
            close &= np.abs(altitude_a - altitude_b) <= FORMATION_VERTICAL_M
        seconds = np.maximum((end - start) * 1e-6, 1e-6)
        return close & (np.linalg.norm(apart[1] - apart[0], axis=-1) / seconds <= FORMATION_RELATIVE_MPS)
