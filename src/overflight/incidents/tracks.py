"""Claims held against what was recorded: the stays of a track in a volume, with what they are good to.

A stay is good to the accuracy of the positions and of the boundary together, `reach`: so far its depth may be off, and twice as far its
path; its times by as long as it takes to fly that far. A claim is *confirmed* where all that the stay may have been fits it, *refuted* where
nothing does, whichever stay is meant; else *undetermined*. Nothing is confirmed or refuted by a stay that is itself undetermined, nor by
a reconstruction (`source` synthetic or manual). No stay in the recording is no proof of none: it may not have been recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from overflight.airspace.levels import QNH_UNCERTAINTY_HPA
from overflight.incidents.claims import Claim
from overflight.incidents.examination import Examined
from overflight.units import FT_M, KT_MPS

RECONSTRUCTED: Final = ("synthetic", "manual")
FT_PER_HPA: Final = 27.0
"""Of pressure altitude near the ground (ICAO Doc 7488): an altitude that somebody reads may be of another setting."""


@dataclass(frozen=True)
class Stay:
    """A stay of a track in a volume, as intervals: SI, times in s since 1970."""

    track: str
    volume: str
    sound: bool
    doubt: str
    start_us: int
    measured: dict[str, tuple[float, float, str]]  # by aspect: from, to, and in words


def stays_of(events: pl.DataFrame, positions: pl.DataFrame, tracks: Iterable[str]) -> list[Stay]:
    """Return the stays (`incursion` and `hazard` events) of tracks; `positions` says what source each track is of."""
    wanted = pl.Series(list(tracks), dtype=pl.String).implode()
    some = events.filter(pl.col("kind").is_in(["incursion", "hazard"]) & pl.col("track_a").is_in(wanted)).sort(
        "start", "id"
    )
    sources = dict(
        positions.filter(pl.col("track_id").is_in(wanted))
        .group_by("track_id")
        .agg(pl.col("source").first().cast(pl.String))
        .iter_rows()
    )
    return [_stay(row, sources.get(row["track_a"])) for row in some.iter_rows(named=True)]


def _stay(event: dict[str, Any], source: str | None) -> Stay:
    told = json.loads(event["parameters"])
    reach_m = float(told["a"]["accuracy_m"] or 0.0) + float(told["boundary_accuracy_m"] or 0.0)
    path_m, depth_m, duration_s = float(event["path_m"]), float(event["depth_m"]), float(event["duration_s"])
    speed_mps = path_m / duration_s if duration_s > 0.0 else float("nan")
    off_s = reach_m / speed_mps if speed_mps > 0.0 else float("inf")
    begin_s = event["start"].timestamp()
    reconstructed = source in RECONSTRUCTED
    doubt = (
        "a reconstruction"
        if reconstructed
        else ("" if event["verdict"] == "confirmed" else f"itself undetermined: {event['why']}")
    )
    measured = {
        "depth inside": (max(0.0, depth_m - reach_m), depth_m + reach_m, f"{depth_m:.0f} m deep"),
        "path inside": (max(0.0, path_m - 2.0 * reach_m), path_m + 2.0 * reach_m, f"{path_m:.0f} m inside"),
        "time inside": (max(0.0, duration_s - 2.0 * off_s), duration_s + 2.0 * off_s, f"{duration_s:.0f} s inside"),
        "entry": (begin_s - off_s, begin_s + off_s, f"entered at {event['start']:%H:%M:%S} UTC"),
    }
    if duration_s > 0.0:
        longest_s = duration_s + 2.0 * off_s
        shortest_s = max(duration_s - 2.0 * off_s, 1e-9)
        low, high = measured["path inside"][0] / longest_s, measured["path inside"][1] / shortest_s
        measured["speed"] = (low, high, f"{speed_mps / KT_MPS:.0f} kt inside")
    if event["altitude_ft"] is not None:
        off_m = QNH_UNCERTAINTY_HPA * FT_PER_HPA * FT_M
        height_m = float(event["altitude_ft"]) * FT_M
        measured["altitude"] = (height_m - off_m, height_m + off_m, f"{event['altitude_ft']:.0f} ft pressure altitude")
    return Stay(event["track_a"], told["volume"], not doubt, doubt, round(begin_s * 1e6), measured)


def held(judged: list[Examined], stays: dict[str, list[Stay]]) -> list[Examined]:
    """Return examined claims with the verdict of the tracks, given the stays of each subject (`Claim.subject`)."""
    return [_held(one, stays[one.claim.subject]) if one.claim.subject in stays else one for one in judged]


def _held(one: Examined, stays: list[Stay]) -> Examined:
    claim = one.claim
    if claim.aspect not in {"depth inside", "path inside", "time inside", "entry", "inside", "altitude", "speed"}:
        return one
    if not stays:
        return replace(
            one, why=(*one.why, "the track: no stay inside in what was recorded; it may not have been recorded")
        )
    said = [_against(claim, stay) for stay in stays]
    lines = tuple(f"the track in {stay.volume}: {words}" for stay, (_, words) in zip(stays, said, strict=True))
    verdicts = [verdict for verdict, _ in said]
    verdict = one.verdict
    if "confirmed" in verdicts:
        verdict = "confirmed"
    elif all(each == "refuted" for each in verdicts):
        verdict = "refuted"
    return replace(one, verdict=verdict, why=(*one.why, *lines))


def _against(claim: Claim, stay: Stay) -> tuple[str, str]:
    """Return the verdict of one stay on a claim, and why."""
    if claim.aspect == "inside":
        verdict = "confirmed" if claim.answer == "inside" else "refuted"
        words = f"{stay.measured['time inside'][2]}, {stay.measured['depth inside'][2]}"
        return _unless_doubtful(verdict, words, stay)
    if claim.aspect not in stay.measured:
        return "undetermined", "not known"
    low, high, words = stay.measured[claim.aspect]
    numbers = [reading.interval(claim.bound) for reading in claim.readings]
    spans = numbers if claim.moment is None else [claim.moments_s]
    if not spans:
        return "undetermined", f"{words}; no number was claimed"
    if any(a <= low and high <= b for a, b in spans):
        return _unless_doubtful("confirmed", words, stay)
    if all(high < a or b < low for a, b in spans):
        return _unless_doubtful("refuted", f"{words}, which none of its readings allows", stay)
    return "undetermined", f"{words}, as near as it is known"


def _unless_doubtful(verdict: str, words: str, stay: Stay) -> tuple[str, str]:
    return (verdict, words) if stay.sound else ("undetermined", f"{words}, but this is {stay.doubt}")
