"""The public functions. ``overflight.check(...)`` is this module's `check`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from overflight.agreement.logs import read_logs
from overflight.airspace.levels import QNH_UNCERTAINTY_HPA
from overflight.airspace.read import read_airspace
from overflight.airspace.volume import Airspace
from overflight.engine.evaluate import DEFAULT_SETS, evaluate_recording, parameter_sets
from overflight.engine.evaluation import Evaluation
from overflight.engine.history import Report, check_recording
from overflight.engine.nets import chosen
from overflight.engine.parameters import CheckParameters
from overflight.engine.result import CheckResult, Summary
from overflight.errors import InputError
from overflight.events import write_events
from overflight.nets.alerting import Alerting
from overflight.surveillance.integrity import Thresholds
from overflight.surveillance.radars import Radars
from overflight.surveillance.read import read
from overflight.surveillance.recording import Recording
from overflight.units import parse_duration_s, parse_time

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from overflight.agreement.model import Agreement

__all__ = ["Evaluation", "Events", "check", "evaluate", "read", "read_airspace"]


class Events:
    """What a check found.

    Attributes:
        result: everything, with the recording and the encounters that are no events.
        summary: the totals.
    """

    def __init__(self, result: CheckResult) -> None:
        """Wrap a result."""
        self.result = result
        self.summary: Summary = result.summary

    def __len__(self) -> int:
        """Count the events."""
        return self.result.events.height

    def __repr__(self) -> str:
        """Say how many events of which verdict."""
        return f"<Events: {len(self)}, {self.summary.confirmed} confirmed, {self.summary.undetermined} undetermined>"

    @property
    def table(self) -> pa.Table:
        """The event table as Arrow (`overflight.events.EVENT_SCHEMA`)."""
        return self.result.events.to_arrow()

    def to_polars(self) -> pl.DataFrame:
        """Return the event table as a Polars data frame."""
        return self.result.events

    def to_pandas(self) -> pd.DataFrame:
        """Return the event table as a pandas data frame (needs pandas)."""
        return self.result.events.to_pandas()

    def write(self, path: str | Path) -> None:
        """Write the events in the format that the suffix names: parquet, csv, json, geojson, or html for the report.

        Raises:
            ParameterError: another suffix.
            InputError: the file cannot be written.
        """
        if Path(path).suffix.lower() == ".html":
            self.report(path)
        else:
            write_events(self.result.events, Path(path))

    def report(self, path: str | Path) -> None:
        """Write the report: one HTML file that needs nothing else."""
        from overflight.report.html import write_report

        write_report(self.result, Path(path))


def check(
    positions: Any,
    *,
    nets: Iterable[str] = (),
    airspace: Airspace | str | Path | Sequence[str | Path] = (),
    allow: Iterable[str] = (),
    qnh_uncertainty_hpa: float = QNH_UNCERTAINTY_HPA,
    alerting: str = "stca",
    widening: float = 0.0,
    agreement: Agreement | str | Path | None = None,
    logs: str | Path | Sequence[str | Path] = (),
    minima: str | None = None,
    profile: str | None = None,
    vertical_tolerance: str | None = None,
    max_gap: str = "60s",
    include_ground: bool = False,
    unknown_altitude: str = "count",
    ungated: bool = False,
    thresholds: dict[str, float] | None = None,
    start: str | datetime | None = None,
    end: str | datetime | None = None,
    bbox: Sequence[float] | None = None,
    radars: Radars | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    report: Report = lambda _: None,
) -> Events:
    """Find every moment at which flights were not safe.

    Args:
        positions: a file, folder or glob, several of them, "-" for standard input, a `Recording`, or a table: Polars,
            pandas, Arrow, anything with ``__arrow_c_stream__``, with the columns of the position table.
        nets: which nets run: separation, incursion, hazard, line, breach, lost, interference, conflict. None named:
            separation, with airspace incursion, hazard, line and interference, with an agreement breach.
        airspace: volumes that may be entered or not: files (GeoJSON, OpenAir, AIXM, ...), sets ("fir:LTAA", "country:TR"),
            or what `read_airspace` returned.
        allow: tracks that may be in any volume, "callsign=THY*"; by callsign, icao24, track_id or party.
        qnh_uncertainty_hpa: how far QNH may be from 1013.25 hPa, for limits above mean sea level.
        alerting: levels and times of predicted conflicts: stca, stca-layered, do365-en-route, do365-terminal, do365-non-cooperative.
        widening: how many times the accuracies of both aircraft are added to the distances of predicted conflicts.
        agreement: parties and rules whose breaches are looked for: a TOML file, or what `read_agreement` returned.
        logs: of calls, notices and plans that its rules ask for: CSV or JSON files.
        minima: horizontal and vertical minimum of every pair, "5 NM/1000 ft"; without it and without `profile` each pair
            is held to what its rules of flight ask for.
        profile: en-route, terminal, well-clear or nmac, for every pair.
        vertical_tolerance: taken off vertical minima; None takes 200 ft off minima of 1,000 ft and more.
        max_gap: two reports of a track at most this far apart are bridged by uniform motion.
        include_ground: use positions on the ground too.
        unknown_altitude: "count" the time that could not be tested, or "report" such pairs as undetermined.
        ungated: use positions whatever the integrity gate says of them.
        thresholds: of the integrity gate, by name (`overflight.surveillance.integrity.Thresholds`).
        start, end: ISO 8601 or a datetime, UTC unless it says otherwise; check only positions from `start` to before `end`.
        bbox: west, south, east, north in degrees; check only positions inside.
        radars: where radars stand, for ASTERIX category 048: by "SAC/SIC", latitude, longitude in degrees, height in m.
        threads: of the kernels; None for one a core. The answer does not depend on it.
        progress: told bytes done and bytes in all while reading.
        report: told each step as it begins.

    Raises:
        InputError: the positions cannot be used.
        ParameterError: a parameter makes no sense.
    """
    parameters = CheckParameters(
        nets=(nets,) if isinstance(nets, str) else tuple(nets),
        minima=minima,
        profile=profile,
        vertical_tolerance=vertical_tolerance,
        max_gap=max_gap,
        include_ground=include_ground,
        unknown_altitude=unknown_altitude,
        ungated=ungated,
        thresholds=Thresholds.of(thresholds or {}),
        start=_time(start, "--from"),
        end=_time(end, "--to"),
        bbox=None if bbox is None else tuple(bbox),
        threads=threads,
        allow=(allow,) if isinstance(allow, str) else tuple(allow),
        qnh_uncertainty_hpa=qnh_uncertainty_hpa,
        alerting=alerting,
        widening=widening,
        agreement=_agreement(agreement),
        logs=read_logs(*([logs] if isinstance(logs, str | Path) else logs)),
    )
    if not isinstance(airspace, Airspace):
        sources = [airspace] if isinstance(airspace, str | Path) else list(airspace)
        airspace = read_airspace(*sources)
        if sources and not airspace.volumes and not airspace.refused:
            # Without borders the check would find nobody across one, and read like an all-clear.
            remedy = "give airspace that does, or none"
            raise InputError("holds no volume", path=", ".join(map(str, sources)), remedy=remedy)
    chosen(parameters, airspace)
    return Events(check_recording(_recording(positions, progress, radars), parameters, airspace, report))


def evaluate(
    positions: Any,
    *,
    alerting: str | Alerting | Iterable[str | Alerting] = DEFAULT_SETS,
    lookahead: str | Iterable[str] = (),
    least_warning: str = "30s",
    max_gap: str = "60s",
    start: str | datetime | None = None,
    end: str | datetime | None = None,
    bbox: Sequence[float] | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    report: Report = lambda _: None,
) -> Evaluation:
    """Say what sets of alerting parameters would have cost and saved (`overflight.engine.evaluate` has the definitions).

    Args:
        positions: as for `check`.
        alerting: sets by name (`overflight.nets.alerting.TABLES`), or your own.
        lookahead: "60s", "90s": each set with its times scaled so that the earliest alert begins so long before a loss.
        least_warning: a warning shorter than this is late.
        max_gap, start, end, bbox, threads, progress, report: as for `check`.

    Raises:
        InputError: the positions cannot be used.
        ParameterError: a parameter makes no sense.
    """
    asked = [alerting] if isinstance(alerting, str | Alerting) else list(alerting)
    ahead = [
        parse_duration_s(text, "--lookahead") for text in ([lookahead] if isinstance(lookahead, str) else lookahead)
    ]
    sets = parameter_sets(asked, ahead)
    least_s = parse_duration_s(least_warning, "--least-warning")
    parameters = CheckParameters(
        nets=("conflict",),
        max_gap=max_gap,
        start=_time(start, "--from"),
        end=_time(end, "--to"),
        bbox=None if bbox is None else tuple(bbox),
        threads=threads,
    )
    return evaluate_recording(_recording(positions, progress), sets, parameters, least_s, report)


def _recording(positions: Any, progress: Callable[[int, int], None] | None, radars: Radars | None = None) -> Recording:
    if isinstance(positions, Recording):
        return positions
    several = isinstance(positions, list | tuple)
    return read(*(positions if several else [positions]), progress=progress, radars=radars)


def _agreement(given: Agreement | str | Path | None) -> Agreement | None:
    if not isinstance(given, str | Path):
        return given
    from overflight.agreement.read import read_agreement

    return read_agreement(given)


def _time(moment: str | datetime | None, name: str) -> datetime | None:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return None if moment is None else parse_time(moment, name)
