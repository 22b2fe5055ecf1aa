"""Incursion: airspace entered. Borders, restricted areas, lines not to be crossed, and dangers.

A stay in a volume is one event per track: from the exact instant of entry to that of exit, with the way flown inside and the
depth, the greatest distance to the boundary. (EUROCONTROL-GUID-161, area proximity warning, after the fact.) It is
*confirmed* if at its deepest the aircraft was inside wherever it was within its accuracy and wherever the boundary is within
its own, at a level that is inside for sure; else *undetermined*.

The kind of a volume decides the kind of the event: dangers and hazards give `hazard`, every other volume `incursion`.
A flight of the volume's own party, and one that is allowed, is none: those are counted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

import numpy as np
import polars as pl

from overflight.airspace.levels import FT_PER_HPA, QNH_UNCERTAINTY_HPA
from overflight.airspace.volume import Volume
from overflight.events import DISMISSED_SCHEMA, event_id
from overflight.nets.base import Findings
from overflight.nets.encounters import FINDINGS_SCHEMA
from overflight.nets.stays import GOES_ON, PIECES_SCHEMA, WHY, Sky, joined
from overflight.nets.tails import Coverage, Tails
from overflight.surveillance.batch import NO_SQUAWK, Batch, TrackNames
from overflight.surveillance.integrity import DEGRADING, DISQUALIFYING, JUMP, RELOCATED

HAZARDS: Final = ("danger", "hazard")
ALLOWED_BY: Final = ("callsign", "icao24", "track_id", "party")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class IncursionParameters:
    """What the net is told.

    Attributes:
        volumes: to be entered or not.
        allow: (field of `ALLOWED_BY`, pattern) of tracks that may be anywhere, ("callsign", "THY*").
        max_gap_s: two reports of a track at most this far apart are bridged.
        report_unknown: test volumes with levels by their area alone where no altitude is known.
        skipped: integrity flags of positions that the net does not use.
        qnh_uncertainty_hpa: how far QNH may be from 1013.25 hPa.
        threads: of the kernel; the answer does not depend on it.
        inputs: digests of the recording and the airspace, for the events.
    """

    volumes: tuple[Volume, ...]
    allow: tuple[tuple[str, str], ...] = ()
    max_gap_s: float = 60.0
    report_unknown: bool = False
    skipped: int = 0
    qnh_uncertainty_hpa: float = QNH_UNCERTAINTY_HPA
    threads: int = 1
    inputs: str = ""


class Incursion:
    """The net. See the module for what it finds, `overflight.nets.base.Net` for how it is driven."""

    name = "incursion"

    def __init__(self, parameters: IncursionParameters, names: TrackNames) -> None:
        """Index the volumes; nothing is seen yet."""
        self._p, self._names = parameters, names
        self._max_gap_us = round(parameters.max_gap_s * 1e6)
        self._tails = Tails(self._max_gap_us, parameters.threads, RELOCATED if parameters.skipped & JUMP else 0)
        self._sky = Sky(parameters.volumes, parameters.qnh_uncertainty_hpa)
        self._open = pl.DataFrame(schema=PIECES_SCHEMA)

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """The volumes that are tested."""
        return self._sky.volumes

    @property
    def coverage(self) -> Coverage:
        """How much could be tested so far."""
        return self._tails.coverage

    def update(self, batch: Batch) -> None:
        """Take in positions in order of time; those with a disqualifying flag are not used."""
        usable = np.flatnonzero(batch.flags & self._p.skipped == 0)
        if len(usable) == 0:
            return
        vertices = self._tails.extend(batch, usable)
        found = self._sky.pieces(vertices, self._names, report_unknown=self._p.report_unknown, threads=self._p.threads)
        if found.height:
            self._open = pl.concat([self._open, found])

    def advance(self, watermark_us: int) -> Findings:
        """Conclude the stays that are over: a track that is silent for longer than `max_gap` has left them, too."""
        stays = joined(self._open)
        over = (pl.col("end_why") != GOES_ON) | (pl.col("end_us") < watermark_us - self._max_gap_us)
        # What is sure of a stay is told with it.
        main = stays.filter(self._main())
        closed, still = main.filter(over), main.filter(~over)
        held = still.select("track", "volume").unique()
        sure = stays.filter(~self._main())
        waits = sure.join(held, on=["track", "volume"], how="semi")
        self._open = pl.concat([still, waits])
        return self._conclude(closed, sure)

    def finish(self) -> Findings:
        """Conclude all stays."""
        stays, self._open = joined(self._open), pl.DataFrame(schema=PIECES_SCHEMA)
        return self._conclude(stays.filter(self._main()), stays.filter(~self._main()))

    def _main(self) -> pl.Expr:
        """Which stays are events: those within the possible levels."""
        exact = pl.Series(self._sky.exact, dtype=pl.Boolean)
        return ~pl.col("sure") | pl.lit(exact).gather(pl.col("volume"))

    def _conclude(self, stays: pl.DataFrame, sure: pl.DataFrame) -> Findings:
        if stays.height == 0:
            return Findings.none()
        stays = _with_sure(stays.with_row_index("stay"), sure)
        events: list[dict[str, Any]] = []
        dismissed: list[dict[str, Any]] = []
        for stay in stays.sort("start_us", "track", "volume").iter_rows(named=True):
            volume = self._sky.volumes[int(stay["volume"])]
            reason = self._reason(stay, volume)
            if reason is None:
                events.append(self._event(stay, volume))
            else:
                dismissed.append(self._dismissal(stay, volume, *reason))
        return Findings(
            pl.DataFrame(events, schema=FINDINGS_SCHEMA, orient="row"),
            pl.DataFrame(dismissed, schema=DISMISSED_SCHEMA, orient="row"),
        )

    def _reason(self, stay: dict[str, Any], volume: Volume) -> tuple[str, str] | None:
        """Why a stay is no event, or None."""
        number, names = int(stay["track"]), self._names
        if volume.owner is not None and names.party[number] == volume.owner:
            return "own airspace", f"{volume.name} is {volume.owner}'s own"
        said = {
            "callsign": names.callsign_by(number, stay["end_us"]),
            "icao24": names.icao24[number],
            "track_id": names.track_id[number],
            "party": names.party[number],
        }
        for field, pattern in self._p.allow:
            value = said[field]
            if value is not None and fnmatchcase(value, pattern):
                return "allowed", f"{field} {value} is allowed by {field}={pattern}"
        return None

    def _event(self, stay: dict[str, Any], volume: Volume) -> dict[str, Any]:
        number, names = int(stay["track"]), self._names
        kind = "hazard" if volume.kind in HAZARDS else "incursion"
        start = _moment(stay["start_us"])
        verdict, doubt = self._verdict(stay, volume)
        squawk = None if stay["squawk"] == NO_SQUAWK else f"{stay['squawk']:04d}"
        return {
            "id": event_id(kind, [names.track_id[number]], volume.id, volume.kind, start),
            "kind": kind,
            "start": start,
            "end": _moment(stay["end_us"]),
            "time": _moment(stay["deepest_us"]),
            "track_a": names.track_id[number],
            "party_a": names.party[number],
            "party_b": volume.owner,
            "volume": volume.id,
            "rule": volume.kind,
            "verdict": verdict,
            "latitude": _rounded(stay["latitude_deepest"], 7),
            "longitude": _rounded(stay["longitude_deepest"], 7),
            "altitude_ft": _rounded(stay["altitude_ft_deepest"], 1),
            "duration_s": (stay["end_us"] - stay["start_us"]) * 1e-6,
            "depth_m": _rounded(stay["depth_m"], 1),
            "path_m": round(stay["path_mm"] * 1e-3, 1),
            "why": f"in {volume.name} ({volume.floor} to {volume.ceiling}); {doubt}",
            "parameters": json.dumps(
                {
                    "volume": volume.name,
                    "floor": str(volume.floor),
                    "ceiling": str(volume.ceiling),
                    "boundary_accuracy_m": volume.accuracy_m,
                    "max_gap_s": self._p.max_gap_s,
                    "entry": _crossing(stay, "entry", "start_us", WHY[int(stay["start_why"])]),
                    "exit": _crossing(
                        stay, "exit", "end_us", WHY[int(stay["end_why"])] if stay["end_why"] else "last report"
                    ),
                    "a": {
                        "callsign": names.callsign_by(number, stay["end_us"]),
                        "icao24": names.icao24[number],
                        "squawk": squawk,
                        "latitude": _rounded(stay["latitude_deepest"], 7),
                        "longitude": _rounded(stay["longitude_deepest"], 7),
                        "altitude_ft": _rounded(stay["altitude_ft_deepest"], 1),
                        "accuracy_m": _rounded(stay["accuracy_m"], 1),
                    },
                }
            ),
            "inputs": self._p.inputs,
            "evidence": stay["evidence"],
        }

    def _verdict(self, stay: dict[str, Any], volume: Volume) -> tuple[str, str]:
        """Confirmed only if it was inside wherever it was within its accuracy and the boundary within its own."""
        reach = stay["accuracy_m"] + volume.accuracy_m
        margin = f"{FT_PER_HPA * self._p.qnh_uncertainty_hpa:.0f} ft"
        agl = "AGL" in {volume.floor.reference, volume.ceiling.reference}
        level = (
            "a limit above ground, and no terrain to tell where that is"
            if agl
            else f"QNH is unknown: within {margin} of a limit"
        )
        sure = stay["sure_depth_m"]
        doubts = (
            (stay["unknown"], "its altitude is not known all the time"),
            (stay["flags"] & DISQUALIFYING != 0, "rests on positions that are not to be believed"),
            (stay["flags"] & DEGRADING != 0, "rests on positions of doubtful integrity"),
            (sure is None, level),
            (
                stay["depth_m"] <= reach,
                f"at most {stay['depth_m']:.0f} m inside, positions and boundary are good to {reach:.0f} m",
            ),
            (sure is not None and sure <= reach, f"{level}, except where it was too near the boundary"),
        )
        for holds, doubt in doubts:
            if holds:
                return "undetermined", doubt
        return "confirmed", f"up to {stay['depth_m']:.0f} m inside, positions and boundary are good to {reach:.0f} m"

    def _dismissal(self, stay: dict[str, Any], volume: Volume, reason: str, why: str) -> dict[str, Any]:
        return {
            "track_a": self._names.track_id[stay["track"]],
            "track_b": volume.id,
            "start": _moment(stay["start_us"]),
            "end": _moment(stay["end_us"]),
            "time": _moment(stay["deepest_us"]),
            "latitude": _rounded(stay["latitude_deepest"], 7),
            "longitude": _rounded(stay["longitude_deepest"], 7),
            "altitude_ft": _rounded(stay["altitude_ft_deepest"], 1),
            "duration_s": (stay["end_us"] - stay["start_us"]) * 1e-6,
            "reason": reason,
            "why": why,
        }

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"tails": self._tails.snapshot(), "open": self._open}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._tails.restore(state["tails"])
        self._open = state["open"]


def _with_sure(stays: pl.DataFrame, sure: pl.DataFrame) -> pl.DataFrame:
    """Add `sure_depth_m`: the greatest depth at levels that are inside for sure, null where there is none."""
    own = pl.when("sure").then("depth_m").alias("own_depth_m")
    within = sure.select("track", "volume", sure_depth_m="depth_m", from_us="start_us", to_us="end_us")
    known = (
        stays.select("stay", "track", "volume", "start_us", "end_us")
        .join(within, on=["track", "volume"])
        .filter((pl.col("from_us") >= pl.col("start_us")) & (pl.col("to_us") <= pl.col("end_us")))
        .group_by("stay")
        .agg(pl.col("sure_depth_m").max())
    )
    joint = stays.with_columns(own).join(known, on="stay", how="left")
    return joint.with_columns(pl.coalesce("own_depth_m", "sure_depth_m").alias("sure_depth_m"))


def _crossing(stay: dict[str, Any], moment: str, time: str, how: str) -> dict[str, Any]:
    return {
        "time": _moment(stay[time]).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "latitude": _rounded(stay[f"latitude_{moment}"], 7),
        "longitude": _rounded(stay[f"longitude_{moment}"], 7),
        "altitude_ft": _rounded(stay[f"altitude_ft_{moment}"], 1),
        "how": how,
    }


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _rounded(value: float, digits: int) -> float | None:
    return None if np.isnan(value) else round(value, digits)
