"""Check a recording: everything at once, through the same pipeline as live positions."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from overflight.engine.pipeline import Pipeline
from overflight.engine.result import CheckResult, Summary
from overflight.errors import ParameterError
from overflight.events import DISMISSED_SCHEMA, EVENT_SCHEMA
from overflight.nets.base import Findings
from overflight.nets.minima import PROFILES, Minima, parse_minima, with_tolerance
from overflight.nets.separation import Separation, SeparationParameters
from overflight.surveillance import integrity
from overflight.surveillance.batch import Batch, TrackNames, batch_of
from overflight.surveillance.integrity import Gate, Thresholds
from overflight.surveillance.recording import Recording
from overflight.units import FT_M, parse_duration_s, parse_length_m

Report = Callable[[str], None]
"""Told what is being done, in a word or two, as each step begins."""


@dataclass(frozen=True)
class CheckParameters:
    """What a check is told; the texts are as on the command line.

    Attributes:
        nets: which nets run.
        minima: horizontal and vertical minimum of every pair, "5 NM/1000 ft".
        profile: a named set of minima for every pair: en-route, terminal, well-clear, nmac.
        vertical_tolerance: taken off vertical minima; None for 200 ft off minima of 1,000 ft and more.
        max_gap: two reports of a track at most this far apart are bridged.
        include_ground: use positions on the ground too.
        unknown_altitude: "count" the time that could not be tested, or "report" pairs as undetermined.
        ungated: use positions whatever the integrity gate says of them.
        thresholds: of the integrity gate.
        start, end: check only positions from `start` to before `end`.
        bbox: check only positions within west, south, east, north (deg); west > east crosses the antimeridian.
        threads: of the kernels; None for one a core. The answer does not depend on it.
    """

    nets: tuple[str, ...] = ("separation",)
    minima: str | None = None
    profile: str | None = None
    vertical_tolerance: str | None = None
    max_gap: str = "60s"
    include_ground: bool = False
    unknown_altitude: str = "count"
    ungated: bool = False
    thresholds: Thresholds = field(default_factory=Thresholds)
    start: datetime | None = None
    end: datetime | None = None
    bbox: tuple[float, float, float, float] | None = None
    threads: int | None = None

    def separation(self, inputs: str) -> SeparationParameters:
        """Read the texts of the separation net.

        Raises:
            ParameterError: a text cannot be read, or two parameters contradict each other.
        """
        if self.minima is not None and self.profile is not None:
            raise ParameterError("--profile", self.profile, "is given beside --minima", remedy="give one of the two")
        stated: Minima | None = None
        if self.minima is not None:
            stated = parse_minima(self.minima)
        elif self.profile is not None:
            if self.profile not in PROFILES:
                raise ParameterError(
                    "--profile", self.profile, "is no profile", remedy=f"choose from {', '.join(PROFILES)}"
                )
            stated = PROFILES[self.profile]
        tolerance_ft = None
        if self.vertical_tolerance is not None:
            tolerance_ft = parse_length_m(self.vertical_tolerance, "--vertical-tolerance") / FT_M
        max_gap_s = parse_duration_s(self.max_gap, "--max-gap")
        if not 0 < max_gap_s <= 3600:
            raise ParameterError(
                "--max-gap", self.max_gap, "is no gap to bridge", remedy="give one above 0 s, up to 1 h"
            )
        if self.unknown_altitude not in {"count", "report"}:
            raise ParameterError(
                "--unknown-altitude", self.unknown_altitude, "is unknown", remedy='choose "count" or "report"'
            )
        skipped = 0 if self.ungated else integrity.DISQUALIFYING
        return SeparationParameters(
            minima=None if stated is None else with_tolerance(stated, tolerance_ft),
            stated=stated,
            tolerance_ft=tolerance_ft,
            max_gap_s=max_gap_s,
            report_unknown=self.unknown_altitude == "report",
            skipped=skipped | (0 if self.include_ground else integrity.ON_GROUND),
            threads=self.threads or os.cpu_count() or 1,
            inputs=inputs,
        )

    def described(self) -> dict[str, str]:
        """Say the parameters in words, by their names on the command line."""
        said = {
            "nets": ", ".join(self.nets),
            "minima": self.minima or (f"profile {self.profile}" if self.profile else "by each pair's rules of flight"),
            "vertical tolerance": self.vertical_tolerance or "200 ft off minima of 1,000 ft and more",
            "largest gap bridged": self.max_gap,
            "on the ground": "included" if self.include_ground else "left out",
            "unknown altitude": "reported as undetermined"
            if self.unknown_altitude == "report"
            else "counted, not tested",
            "integrity gate": "off" if self.ungated else "on",
        }
        if self.start or self.end:
            said["time"] = f"{self.start or 'the beginning'} to {self.end or 'the end'}"
        if self.bbox:
            said["area"] = "{}, {} to {}, {} (W, S, E, N)".format(*self.bbox)
        return said | {f"integrity {name}": text for name, text in self.thresholds.changed().items()}


def check_recording(recording: Recording, parameters: CheckParameters, report: Report = lambda _: None) -> CheckResult:
    """Find every event in a recording.

    Raises:
        ParameterError: a parameter makes no sense.
    """
    unknown = set(parameters.nets) - {"separation"}
    if unknown or not parameters.nets:
        raise ParameterError("--net", ", ".join(sorted(unknown)), "is no net", remedy="choose from separation")
    inputs = " ".join(file.sha256 for file in recording.files)
    told = parameters.separation(inputs)
    recording = replace(recording, table=_within(recording.table, parameters))
    names = TrackNames()
    batch = batch_of(recording.table, names)
    report("integrity gate")
    net = Separation(told, names)
    pipeline = Pipeline(Gate(parameters.thresholds, names, told.threads), [net])
    report("separation")
    flagged = pipeline.update(batch)
    findings = pipeline.finish()
    explained = Findings.none()
    if not parameters.ungated:
        report("what the gate explains")
        explained = _explained(flagged, names, told, findings)
    events = _with_evidence(findings.events, recording.table).sort("start", "id")
    dismissed = pl.concat([findings.dismissed, explained.dismissed]).sort("start", "track_a", "track_b", "reason")
    recording = replace(recording, table=recording.table.with_columns(pl.Series("flags", flagged.flags)))
    return CheckResult(
        events=events,
        dismissed=dismissed,
        recording=recording,
        summary=_summary(recording, flagged, net, told, events, dismissed),
        parameters=parameters.described(),
    )


def _within(table: pl.DataFrame, parameters: CheckParameters) -> pl.DataFrame:
    wanted = pl.lit(True)
    if parameters.start is not None:
        wanted &= pl.col("timestamp") >= parameters.start
    if parameters.end is not None:
        wanted &= pl.col("timestamp") < parameters.end
    if parameters.bbox is not None:
        west, south, east, north = parameters.bbox
        wanted &= pl.col("latitude").is_between(south, north)
        after, before = pl.col("longitude") >= west, pl.col("longitude") <= east
        wanted &= (after & before) if west <= east else (after | before)
    if parameters.start is None and parameters.end is None and parameters.bbox is None:
        return table
    return table.filter(wanted)


def _explained(flagged: Batch, names: TrackNames, told: SeparationParameters, found: Findings) -> Findings:
    """Encounters that would be events if the gate's flags were ignored, each under the flag that explains it away."""
    hidden = flagged.flags & integrity.DISQUALIFYING != 0
    if not hidden.any():
        return Findings.none()
    suspects = np.zeros(len(names), bool)
    suspects[np.unique(flagged.track[hidden])] = True
    net = Separation(replace(told, skipped=told.skipped & ~integrity.DISQUALIFYING), names, only=suspects)
    net.update(flagged)
    raw = net.finish().events
    seen: dict[tuple[str, str], list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in [*found.events.iter_rows(named=True), *found.dismissed.iter_rows(named=True)]:
        seen[row["track_a"], row["track_b"]].append((row["start"], row["end"]))
    margin_us = round(told.max_gap_s * 1e6)
    rows: list[dict[str, Any]] = []
    by_track = {name: k for k, name in enumerate(names.track_id)}
    track, time, flags = flagged.track[hidden], flagged.time_us[hidden], flagged.flags[hidden]
    for row in raw.iter_rows(named=True):
        if any(start <= row["end"] and row["start"] <= end for start, end in seen[row["track_a"], row["track_b"]]):
            continue
        low, high = (round(row[name].timestamp() * 1e6) for name in ("start", "end"))
        mine = np.isin(track, [by_track[row["track_a"]], by_track[row["track_b"]]])
        mine &= (time >= low - margin_us) & (time <= high + margin_us)
        flag = integrity.name_of(int(np.bitwise_or.reduce(flags[mine], initial=0)) & integrity.DISQUALIFYING)
        rows.append(
            {name: row[name] for name in DISMISSED_SCHEMA if name in row}
            | {"reason": f"integrity: {flag}", "why": f"exists only in positions flagged {flag}"}
        )
    return Findings(pl.DataFrame(schema=EVENT_SCHEMA), pl.DataFrame(rows, schema=DISMISSED_SCHEMA, orient="row"))


def _with_evidence(events: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Put the references of the reports that an event rests on into its parameters."""
    if events.height == 0:
        return pl.DataFrame(schema=EVENT_SCHEMA)
    ref = table["ref"]
    reported = table.select(groundspeed_kt="groundspeed", track_deg="track", vertical_rate_fpm="vertical_rate")
    said: list[str] = []
    for text, rows in events.select("parameters", "evidence").iter_rows():
        parameters = json.loads(text)
        for side, (before, after) in (("a", rows[:2]), ("b", rows[2:])):
            parameters[side] |= {"ref_before": ref[before], "ref_after": ref[after]}
            parameters[side] |= _as_reported(reported, before, after)
        said.append(json.dumps(parameters))
    return events.with_columns(pl.Series("parameters", said)).select(list(EVENT_SCHEMA))


def _as_reported(reported: pl.DataFrame, before: int, after: int) -> dict[str, float]:
    """Speed, course and climb as the aircraft said: two reports a second apart give a poor difference."""
    last, then = reported.row(before, named=True), reported.row(after, named=True)
    said = {name: last[name] if last[name] is not None else then[name] for name in last}
    return {name: round(value, 1) for name, value in said.items() if value is not None}


def _summary(
    recording: Recording,
    flagged: Batch,
    net: Separation,
    told: SeparationParameters,
    events: pl.DataFrame,
    dismissed: pl.DataFrame,
) -> Summary:
    table = recording.table
    reasons = Counter(dismissed["reason"].to_list())
    explained = {
        reason.split(": ", 1)[1]: count for reason, count in reasons.items() if reason.startswith("integrity: ")
    }
    coverage = net.coverage
    return Summary(
        files=len(recording.files),
        rows=table.height,
        dropped=dict(recording.drops.counts),
        drop_examples=dict(recording.drops.examples),
        start=table["timestamp"].min(),  # type: ignore[arg-type]
        end=table["timestamp"].max(),  # type: ignore[arg-type]
        tracks=table["track_id"].n_unique(),
        aircraft=table["icao24"].drop_nulls().n_unique(),
        flagged=integrity.counts(flagged.flags),
        disqualified=int((flagged.flags & told.skipped != 0).sum()),
        track_minutes=coverage.known_s / 60.0,
        track_minutes_no_altitude=coverage.known_without_altitude_s / 60.0,
        isolated=coverage.reports - coverage.connected,
        encounters=events.height + dismissed.height - sum(explained.values()),
        dismissed={reason: count for reason, count in sorted(reasons.items()) if not reason.startswith("integrity: ")},
        explained=explained,
        events=dict(Counter(events["kind"].to_list())),
        confirmed=events.filter(pl.col("verdict") == "confirmed").height,
        undetermined=events.filter(pl.col("verdict") == "undetermined").height,
    )
