"""Check a recording: in large batches, through the same pipeline as live positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.airspace.audit import audit
from overflight.airspace.notices import Audit
from overflight.airspace.volume import Airspace
from overflight.engine.borders import matching_nobody, withheld
from overflight.engine.evidence import with_evidence
from overflight.engine.explained import explained
from overflight.engine.nets import built, chosen
from overflight.engine.parameters import CheckParameters
from overflight.engine.pipeline import Pipeline
from overflight.engine.result import CheckResult, Summary
from overflight.events import REASONS
from overflight.nets.base import Findings, Net
from overflight.nets.incursion import Incursion
from overflight.nets.interference import doubt
from overflight.nets.lines import line_days, untested
from overflight.nets.separation import Separation, SeparationParameters
from overflight.nets.tails import Coverage, Tails
from overflight.surveillance import integrity
from overflight.surveillance.batch import Batch, TrackNames, batch_of
from overflight.surveillance.integrity import Gate
from overflight.surveillance.recording import Recording

ROWS: Final = 1_000_000
"""Rows in a batch: enough to keep the kernels busy, few enough that a batch is small beside the table."""

NOWHERE: Final = Airspace()

Report = Callable[[str], None]
"""Told what is being done, in a word or two, as each step begins."""


def check_recording(
    recording: Recording,
    parameters: CheckParameters,
    airspace: Airspace = NOWHERE,
    report: Report = lambda _: None,
) -> CheckResult:
    """Find every event in a recording."""
    inputs = " ".join([*(file.sha256 for file in recording.files), *airspace.digests, *parameters.agreed])
    told = parameters.separation(inputs)
    table = within(recording.table, parameters)
    names = TrackNames()
    nets = built(parameters, told, airspace, names)
    pipeline = Pipeline(Gate(parameters.thresholds, names, told.threads), nets)
    report(", ".join(net.name for net in nets))
    flags: list[NDArray[np.uint32]] = []
    hidden: list[pl.DataFrame] = []
    renamed: list[pl.DataFrame] = []
    found: list[Findings] = []
    covering = next((net for net in nets if isinstance(net, Separation | Incursion)), None)
    # where no net tells how much could be tested
    tails = Tails(round(told.max_gap_s * 1e6), told.threads, 0, pairs=False)
    for batch in judged(table, names, pipeline):
        pipeline.test(batch)
        usable = np.flatnonzero(batch.flags & told.skipped == 0) if covering is None else ()
        if len(usable):
            tails.extend(batch, np.asarray(usable))
        found.append(pipeline.advance(int(batch.time_us[-1])))
        flags.append(batch.flags)
        renamed += _renamed(batch, names)
        out = np.flatnonzero(batch.flags & integrity.DISQUALIFYING)
        hidden.append(
            pl.DataFrame({"track": batch.track[out], "time_us": batch.time_us[out], "flags": batch.flags[out]})
        )
    findings = Findings.together([*found, pipeline.finish()])
    table = table.with_columns(pl.Series("flags", np.concatenate([np.empty(0, np.uint32), *flags])))
    table = _with_names(table, renamed)
    dismissed = findings.dismissed
    separates = any(isinstance(net, Separation) for net in nets)
    if separates and not parameters.ungated and any(part.height for part in hidden):
        report("what the gate explains")
        again = (batch_of(table.slice(first, ROWS), names, first) for first in range(0, table.height, ROWS))
        dismissed = pl.concat([dismissed, explained(again, pl.concat(hidden), names, told, findings)])
    events = with_evidence(findings.events, table).sort("start", "id")
    events = doubt(events, events.filter(pl.col("kind") == "interference"))
    dismissed = dismissed.sort("start", "track_a", "track_b", "reason")
    outside = recording.table.height - table.height
    held = Audit()
    if "hazard" in chosen(parameters, airspace):
        report("notices")
        held = audit(airspace)
    recording = replace(recording, table=table)
    return CheckResult(
        events=events,
        dismissed=dismissed,
        recording=recording,
        summary=_summary(
            recording,
            names,
            nets,
            (covering or tails).coverage,
            told,
            events,
            dismissed,
            outside,
            airspace,
            held,
            parameters.allowed(),
            pipeline.fusion.told(),
        ),
        parameters=parameters.described(),
        airspace=airspace,
        audit=held,
    )


def judged(table: pl.DataFrame, names: TrackNames, pipeline: Pipeline) -> Iterator[Batch]:
    """All batches with their flags; the next one is made ready while its taker works on one."""

    def judge(first: int) -> Batch:
        return pipeline.judge(batch_of(table.slice(first, ROWS), names, first))

    with ThreadPoolExecutor(1) as pool:
        ahead: Future[Batch] | None = None
        for first in range(0, table.height, ROWS):
            following = pool.submit(judge, first)
            if ahead is not None:
                yield ahead.result()
            ahead = following
        if ahead is not None:
            yield ahead.result()


def _renamed(batch: Batch, names: TrackNames) -> list[pl.DataFrame]:
    """Rows that belong to a track split off because it shares its address, and the name of that track."""
    if not names.split_from:
        return []
    rows = np.flatnonzero(np.isin(batch.track, list(names.split_from)))
    if len(rows) == 0:
        return []
    return [pl.DataFrame({"row": batch.row[rows], "name": [names.track_id[int(k)] for k in batch.track[rows]]})]


def _with_names(table: pl.DataFrame, renamed: list[pl.DataFrame]) -> pl.DataFrame:
    if not renamed:
        return table
    rows = pl.concat(renamed)
    return table.with_columns(table["track_id"].scatter(rows["row"], rows["name"]))


def within(table: pl.DataFrame, parameters: CheckParameters) -> pl.DataFrame:
    """Return the rows in the time and area asked for."""
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


def _unjudged(nets: Sequence[Net]) -> list[str]:
    """Which rules of an agreement could not be judged; only who has one loads what reads it."""
    if all(net.name != "breach" for net in nets):
        return []
    from overflight.nets.breach import Breach

    return [line for net in nets if isinstance(net, Breach) for line in net.unjudged]


def _summary(
    recording: Recording,
    names: TrackNames,
    nets: Sequence[Net],
    coverage: Coverage,
    told: SeparationParameters,
    events: pl.DataFrame,
    dismissed: pl.DataFrame,
    outside: int,
    airspace: Airspace,
    held: Audit,
    allow: Sequence[tuple[str, str]],
    sensors: list[str],
) -> Summary:
    table = recording.table
    flags = table["flags"].to_numpy()
    reasons = Counter(dismissed["reason"].to_list())
    by_flag = {reason.split(": ", 1)[1]: count for reason, count in reasons.items() if reason.startswith("integrity: ")}
    pairs = events.filter(pl.col("kind") == "separation").height + sum(reasons[reason] for reason in REASONS)
    bordered = next((net for net in nets if isinstance(net, Incursion)), None)
    tested = bordered.volumes if bordered else ()
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
        encounters=pairs,
        dismissed={reason: count for reason, count in sorted(reasons.items()) if not reason.startswith("integrity: ")},
        explained=by_flag,
        events=dict(Counter(events["kind"].to_list())),
        nets=[net.name for net in nets],
        volumes=len(tested),
        volumes_given=len(airspace.volumes),
        above_ground=sum("AGL" in {v.floor.reference, v.ceiling.reference} for v in tested),
        noted=dict(Counter(note for volume in airspace.volumes for note in volume.notes).most_common()),
        refused=[f"{one.name}: {one.reason} ({one.source})" for one in airspace.refused],
        withheld=withheld(table, told.skipped, bordered),
        allows_nobody=matching_nobody(allow, names),
        sensors=sensors,
        notices=held.lines(),
        agreement=_unjudged(nets),
        lines=[*(str(day) for day in line_days(events)), *untested(tested, names.party, dismissed)],
        confirmed=events.filter(pl.col("verdict") == "confirmed").height,
        undetermined=events.filter(pl.col("verdict") == "undetermined").height,
    )
