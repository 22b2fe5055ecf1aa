"""Evaluate alertings: what would these parameters have cost and saved?

A recording is replayed through the net conflict with each set of parameters, and each alert is held against what really happened.

What happened: the losses of the set's own gravest volume (its horizontal and vertical threshold, without level-keeping tolerance, and
without the time part of well clear, which itself predicts), by the net separation: exact, in continuous time, on the positions
that the same integrity gate let pass. Losses of a pair less than 10 s apart are one.

Of each alert:

- *genuine*: its pair was below those minima at some time from the alert's start until its end and the set's longest lookahead;
- *undecided*: no loss is known, but one of the two was not in sight all that time (silent for longer than `max_gap`, or without
  altitude), or the loss rests on positions that the gate explains;
- *near*: neither, but they came within 1.5 times the minima; *nuisance*: not even that.

Of each loss:

- *warned*: an alert came at least `least_warning_s` before it;
- *not alertable*: it was not, but one of the two had been heard of for less than that long before (a pop-up, a silence longer than `max_gap`);
- *late*: alerted, but after it began or less than `least_warning_s` before;
- *set aside*: the pair was judged, and its alert dismissed with a reason (formation, airport);
- *missed*: no alert.

The warning time is the start of the loss less the start of the first alert that covers it; negative where the loss came first. *Level changes*
are those while an alert is given; a *restart* is an alert that begins within 30 s of the end of another of its pair.

An alert that was followed by no loss may have been needed: a recording does not show what would have happened had nobody acted. That is
why *near* is told apart, and why nuisance is an upper bound.

Sources: EUROCONTROL-GUID-159 (STCA) for the terms genuine, nuisance, missed alert and warning time, and for comparing parameter
sets by them on recorded traffic; RTCA DO-365 and EUROCAE ED-143 for judging alerts by whether the protected volume was then entered, early or late.
The factor 1.5, the 30 s of `least_warning_s` and of a restart are this program's: round figures, to be chosen by who evaluates.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.engine.evaluation import ALERTS_SCHEMA, LOSSES_SCHEMA, Evaluation, SetOutcome
from overflight.engine.history import judged, within
from overflight.engine.outcomes import (
    Happened,
    Pair,
    Span,
    Spans,
    by_pair,
    of_alert,
    of_loss,
    restarts,
)
from overflight.engine.parameters import CheckParameters
from overflight.engine.pipeline import Pipeline
from overflight.engine.sight import Sight
from overflight.errors import ParameterError
from overflight.nets.alerting import TABLES, Alerting
from overflight.nets.asked import ConflictParameters
from overflight.nets.base import Findings
from overflight.nets.minima import FLOOR_FT, Layer, Minima
from overflight.nets.predicted import Conflict
from overflight.nets.separation import Separation, SeparationParameters
from overflight.surveillance.batch import TrackNames
from overflight.surveillance.integrity import Gate
from overflight.surveillance.recording import Recording
from overflight.units import FT_M, NM_M

NEAR_FACTOR: Final = 1.5
RESTART_S: Final = 30.0
LEAST_WARNING_S: Final = 30.0
DEFAULT_SETS: Final = ("stca", "do365-en-route")


def parameter_sets(asked: Sequence[str | Alerting], lookahead_s: Sequence[float] = ()) -> tuple[Alerting, ...]:
    """Return alertings, by name or as they are, each with every lookahead.

    Raises:
        ParameterError: there is no such alerting, a lookahead is none, or a set is asked for twice.
    """
    made: list[Alerting] = []
    for one in asked:
        if isinstance(one, str) and one not in TABLES:
            raise ParameterError("--alerting", one, "is unknown", remedy=f"choose from {', '.join(TABLES)}")
        table = TABLES[one] if isinstance(one, str) else one
        made += [with_lookahead(table, each) for each in lookahead_s] or [table]
    twice = [name for name, count in Counter(each.name for each in made).items() if count > 1]
    if twice:
        raise ParameterError("--alerting", ", ".join(twice), "is asked for twice", remedy="name each set once")
    return tuple(made)


def with_lookahead(alerting: Alerting, lookahead_s: float) -> Alerting:
    """Return an alerting whose earliest alert begins `lookahead_s` before the volume is entered: all its times are scaled alike.

    Raises:
        ParameterError: not more than 0 s, or more than 10 minutes.
    """
    if not 0 < lookahead_s <= 600:
        raise ParameterError(
            "--lookahead", f"{lookahead_s:g} s", "is no lookahead", remedy="give one above 0 s, up to 10 min"
        )
    factor = lookahead_s / max(level.alerting_s for level in alerting.levels)
    levels = tuple(
        replace(level, alerting_s=level.alerting_s * factor, early_s=level.early_s * factor)
        for level in alerting.levels
    )
    return replace(alerting, name=f"{alerting.name} {lookahead_s:g}s", levels=levels)


def lost_below(alerting: Alerting, factor: float = 1.0) -> Minima:
    """Return the minima whose loss the alerting is there to foresee: the distances of its gravest level, times a factor."""
    gravest = alerting.levels[-1]
    layers = (
        gravest.layers.layers
        if gravest.layers
        else (Layer(FLOOR_FT, gravest.horizontal_m / NM_M, gravest.vertical_m / FT_M),)
    )
    # The quotient of exact conversions may be off by a rounding; thresholds have few digits.
    wider = [
        Layer(layer.floor_ft, round(factor * layer.horizontal_nm, 9), round(factor * layer.vertical_ft, 9))
        for layer in layers
    ]
    return Minima("given", tuple(wider))


def evaluate_recording(
    recording: Recording,
    sets: Sequence[Alerting],
    parameters: CheckParameters,
    least_warning_s: float = LEAST_WARNING_S,
    report: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Replay a recording once through every set, and hold the alerts against what happened.

    Args:
        recording: what flew.
        sets: alertings of different names.
        parameters: of them counts what tells which positions are used and how they are bridged.
        least_warning_s: a warning shorter than this is late.
        report: told each step as it begins.

    Raises:
        ParameterError: there is no set, or the least warning is negative.
    """
    if not sets:
        raise ParameterError("--alerting", "nothing", "is no set of parameters", remedy="name one")
    if not least_warning_s >= 0.0:
        raise ParameterError("--least-warning", least_warning_s, "is no warning time", remedy="give 0 s or more")
    told = parameters.separation(" ".join(file.sha256 for file in recording.files))
    replay = _Replay(within(recording.table, parameters), sets, parameters, told, report)
    table = replay.table
    sight = replay.sight()
    coverage = next(iter(replay.truth.values())).coverage
    hours = (coverage.known_s - coverage.known_without_altitude_s) / 3600.0
    return Evaluation(
        sets=tuple(replay.outcome(alerting, sight, least_warning_s, hours) for alerting in sets),
        recording=replace(recording, table=table),
        least_warning_s=least_warning_s,
        flight_hours=hours,
        hours_without_altitude=coverage.known_without_altitude_s / 3600.0,
        disqualified=int((table["flags"].to_numpy() & told.skipped != 0).sum()),
        outside=recording.table.height - table.height,
        start=table["timestamp"].min(),  # type: ignore[arg-type]
        end=table["timestamp"].max(),  # type: ignore[arg-type]
        parameters=_described(parameters, least_warning_s),
    )


class _Replay:
    """One pass over a table: the gate, the alerts of every set, the losses of every volume."""

    def __init__(
        self,
        table: pl.DataFrame,
        sets: Sequence[Alerting],
        parameters: CheckParameters,
        told: SeparationParameters,
        report: Callable[[str], None],
    ) -> None:
        names = TrackNames()
        self._told = told
        conflict = ConflictParameters(skipped=told.skipped, threads=told.threads, inputs=told.inputs)
        conflicts = {each.name: Conflict(replace(conflict, alerting=each), names) for each in sets}
        volumes = [lost_below(each, factor) for each in sets for factor in (1.0, NEAR_FACTOR)]
        # Sets that differ in times alone have one truth.
        self.truth = {each: Separation(replace(told, minima=each, tolerance_ft=0.0), names) for each in volumes}
        nets = [*conflicts.items(), *self.truth.items()]
        found: dict[str | Minima, list[Findings]] = {key: [] for key, _ in nets}
        flags: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)]
        for batch in judged(table, names, Pipeline(Gate(parameters.thresholds, names, told.threads), [])):
            for key, net in nets:
                report(key if isinstance(key, str) else "what happened")
                net.update(batch)
                found[key].append(net.advance(int(batch.time_us[-1])))
            flags.append(batch.flags)
        self.table = table.with_columns(pl.Series("flags", np.concatenate(flags)))
        self._found = {key: Findings.together([*found[key], net.finish()]) for key, net in nets}

    def sight(self) -> Sight:
        """The reports of all tracks that any alert or loss is of."""
        frames = [one.events for one in self._found.values()]
        tracks = {str(name) for frame in frames for side in ("track_a", "track_b") for name in frame[side].to_list()}
        return Sight(self.table, tracks, max_gap_s=self._told.max_gap_s)

    def outcome(self, alerting: Alerting, sight: Sight, least_warning_s: float, flight_hours: float) -> SetOutcome:
        """Hold the alerts of one set against what happened."""
        given, minima = self._found[alerting.name], lost_below(alerting)
        happened = self._happened(alerting, sight)
        lookahead_us = round(alerting.lookahead_s * 1e6)
        alerts = _spans(given.events)
        dismissed: dict[Pair, list[tuple[Span, str]]] = {}
        for row, pair, span in _rows(given.dismissed):
            dismissed.setdefault(pair, []).append((span, row["reason"]))
        of_alerts: list[dict[str, Any]] = []
        for row, pair, span in _rows(given.events):
            parameters = json.loads(row["parameters"])
            outcome = of_alert(pair, span, happened, lookahead_us)
            of_alerts.append(
                {name: row[name] for name in ("id", "track_a", "track_b", "start", "end")}
                | {
                    "first_level": parameters["first"]["level"],
                    "gravest_level": parameters["gravest"]["level"],
                    "level_changes": parameters["level_changes"],
                    **outcome._asdict(),
                }
            )
        of_losses: list[dict[str, Any]] = []
        for row, pair, span in _rows(self._found[minima].events):
            said = of_loss(pair, span, alerts, dismissed, happened, lookahead_us, least_warning_s)
            named = {name: row[name] for name in ("id", "track_a", "track_b", "start", "end", "verdict")}
            of_losses.append(named | said._asdict())
        return SetOutcome(
            alerting=alerting,
            minima=minima,
            alerts=pl.DataFrame(of_alerts, schema=ALERTS_SCHEMA, orient="row").sort("start", "id"),
            losses=pl.DataFrame(of_losses, schema=LOSSES_SCHEMA, orient="row").sort("start", "id"),
            restarts=restarts(alerts, round(RESTART_S * 1e6)),
            flight_hours=flight_hours,
        )

    def _happened(self, alerting: Alerting, sight: Sight) -> Happened:
        lost, wider = (self._found[lost_below(alerting, factor)] for factor in (1.0, NEAR_FACTOR))
        return Happened(_spans(lost.events), _spans(wider.events), _spans(lost.dismissed), sight)


def _rows(frame: pl.DataFrame) -> list[tuple[dict[str, Any], Pair, Span]]:
    """The rows of events or dismissals, with their pair and time."""
    micros = frame.select(pl.col("start", "end").dt.epoch("us"))
    return [
        (row, (row["track_a"], row["track_b"]), Span(*times))
        for row, times in zip(frame.iter_rows(named=True), micros.iter_rows(), strict=True)
    ]


def _spans(frame: pl.DataFrame) -> Spans:
    return by_pair((pair, span) for _, pair, span in _rows(frame))


def _described(parameters: CheckParameters, least_warning_s: float) -> dict[str, str]:
    kept = ("largest gap bridged", "integrity gate", "time", "area")
    said = {
        name: text for name, text in parameters.described().items() if name in kept or name.startswith("integrity ")
    }
    return said | {
        "least warning": f"{least_warning_s:g} s",
        "near": f"within {NEAR_FACTOR:g} times the minima",
        "restart": f"within {RESTART_S:g} s",
    }
