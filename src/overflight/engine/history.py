"""Check a recording: in large batches, through the same pipeline as live positions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.engine.explained import explained
from overflight.engine.parameters import CheckParameters
from overflight.engine.pipeline import Pipeline
from overflight.engine.result import CheckResult, Summary
from overflight.events import EVENT_SCHEMA
from overflight.nets.base import Findings
from overflight.nets.separation import Separation, SeparationParameters
from overflight.surveillance import integrity
from overflight.surveillance.batch import Batch, TrackNames, batch_of
from overflight.surveillance.integrity import Gate
from overflight.surveillance.recording import Recording

ROWS: Final = 1_000_000
"""Rows in a batch: enough to keep the kernels busy, few enough that a batch is small beside the table."""

Report = Callable[[str], None]
"""Told what is being done, in a word or two, as each step begins."""


def check_recording(recording: Recording, parameters: CheckParameters, report: Report = lambda _: None) -> CheckResult:
    """Find every event in a recording."""
    inputs = " ".join(file.sha256 for file in recording.files)
    told = parameters.separation(inputs)
    table = _within(recording.table, parameters)
    names = TrackNames()
    net = Separation(told, names)
    pipeline = Pipeline(Gate(parameters.thresholds, names, told.threads), [net])
    report("separation")
    flags: list[NDArray[np.uint32]] = []
    hidden: list[pl.DataFrame] = []
    found: list[Findings] = []
    for batch in _judged(table, names, pipeline.gate):
        pipeline.test(batch)
        found.append(pipeline.advance(int(batch.time_us[-1])))
        flags.append(batch.flags)
        out = np.flatnonzero(batch.flags & integrity.DISQUALIFYING)
        hidden.append(
            pl.DataFrame({"track": batch.track[out], "time_us": batch.time_us[out], "flags": batch.flags[out]})
        )
    findings = Findings.together([Findings.none(), *found, pipeline.finish()])
    table = table.with_columns(pl.Series("flags", np.concatenate([np.empty(0, np.uint32), *flags])))
    dismissed = findings.dismissed
    if not parameters.ungated and any(part.height for part in hidden):
        report("what the gate explains")
        again = (batch_of(table.slice(first, ROWS), names, first) for first in range(0, table.height, ROWS))
        dismissed = pl.concat([dismissed, explained(again, pl.concat(hidden), names, told, findings)])
    events = _with_evidence(findings.events, table).sort("start", "id")
    dismissed = dismissed.sort("start", "track_a", "track_b", "reason")
    outside = recording.table.height - table.height
    recording = replace(recording, table=table)
    return CheckResult(
        events=events,
        dismissed=dismissed,
        recording=recording,
        summary=_summary(recording, names, net, told, events, dismissed, outside),
        parameters=parameters.described(),
    )


def _judged(table: pl.DataFrame, names: TrackNames, gate: Gate) -> Iterator[Batch]:
    """All batches with their flags; the next one is made ready while its taker works on one."""

    def judged(first: int) -> Batch:
        return gate.judge(batch_of(table.slice(first, ROWS), names, first))

    with ThreadPoolExecutor(1) as pool:
        ahead: Future[Batch] | None = None
        for first in range(0, table.height, ROWS):
            following = pool.submit(judged, first)
            if ahead is not None:
                yield ahead.result()
            ahead = following
        if ahead is not None:
            yield ahead.result()


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


def _with_evidence(events: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Put the references of the reports that an event rests on into its parameters."""
    if events.height == 0:
        return pl.DataFrame(schema=EVENT_SCHEMA)
    rows = events["evidence"].list.to_array(4)
    sides = {side: (rows.arr.get(2 * k), rows.arr.get(2 * k + 1)) for k, side in enumerate("ab")}
    seen = {side: _as_reported(table, *places).iter_rows(named=True) for side, places in sides.items()}
    said: list[str] = []
    for text, a, b in zip(events["parameters"], seen["a"], seen["b"], strict=True):
        parameters = json.loads(text)
        for side, reported in (("a", a), ("b", b)):
            known = {name: value for name, value in reported.items() if value is not None or name.startswith("ref")}
            parameters[side] |= known
        said.append(json.dumps(parameters))
    return events.with_columns(pl.Series("parameters", said)).select(list(EVENT_SCHEMA))


def _as_reported(table: pl.DataFrame, before: pl.Series, after: pl.Series) -> pl.DataFrame:
    """Speed, course and climb as the aircraft said: two reports a second apart give a poor difference."""
    wanted = {"groundspeed_kt": "groundspeed", "track_deg": "track", "vertical_rate_fpm": "vertical_rate"}
    last, then = (table.select("ref", **wanted)[rows] for rows in (before, after))
    return pl.DataFrame(
        [last["ref"].alias("ref_before"), then["ref"].alias("ref_after")]
        + [last[name].fill_null(then[name]).cast(pl.Float64).round(1) for name in wanted]
    )


def _summary(
    recording: Recording,
    names: TrackNames,
    net: Separation,
    told: SeparationParameters,
    events: pl.DataFrame,
    dismissed: pl.DataFrame,
    outside: int,
) -> Summary:
    table = recording.table
    flags = table["flags"].to_numpy()
    reasons = Counter(dismissed["reason"].to_list())
    by_flag = {reason.split(": ", 1)[1]: count for reason, count in reasons.items() if reason.startswith("integrity: ")}
    coverage = net.coverage
    return Summary(
        files=len(recording.files),
        rows=table.height,
        outside=outside,
        dropped=dict(recording.drops.counts),
        drop_examples=dict(recording.drops.examples),
        start=table["timestamp"].min(),  # type: ignore[arg-type]
        end=table["timestamp"].max(),  # type: ignore[arg-type]
        tracks=len(names.track_id),
        aircraft=len({address for address in names.icao24 if address is not None}),
        flagged=integrity.counts(flags),
        disqualified=int((flags & told.skipped != 0).sum()),
        track_minutes=coverage.known_s / 60.0,
        track_minutes_no_altitude=coverage.known_without_altitude_s / 60.0,
        isolated=coverage.reports - coverage.connected,
        encounters=events.height + dismissed.height - sum(by_flag.values()),
        dismissed={reason: count for reason, count in sorted(reasons.items()) if not reason.startswith("integrity: ")},
        explained=by_flag,
        events=dict(Counter(events["kind"].to_list())),
        confirmed=events.filter(pl.col("verdict") == "confirmed").height,
        undetermined=events.filter(pl.col("verdict") == "undetermined").height,
    )
