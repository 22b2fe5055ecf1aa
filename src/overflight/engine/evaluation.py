"""What an evaluation finds: sets of parameters, what each would have cost and saved. `overflight.engine.evaluate` has the definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl

from overflight.engine.outcomes import ALERTS, LOSSES, NEAR, NUISANCE, SET_ASIDE, UNDECIDED
from overflight.nets.alerting import Alerting
from overflight.nets.minima import Minima
from overflight.surveillance.recording import Recording

ALERTS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "id": pl.String(),
    "track_a": pl.String(),
    "track_b": pl.String(),
    "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
    "first_level": pl.String(),
    "gravest_level": pl.String(),
    "level_changes": pl.Int64(),
    "outcome": pl.String(),
    "why": pl.String(),
}
LOSSES_SCHEMA: Final[dict[str, pl.DataType]] = {
    "id": pl.String(),
    "track_a": pl.String(),
    "track_b": pl.String(),
    "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
    "verdict": pl.String(),
    "outcome": pl.String(),
    "why": pl.String(),
    "warning_s": pl.Float64(),
    "heard_s": pl.Float64(),
}


@dataclass(frozen=True)
class SetOutcome:
    """What one set of parameters would have cost and saved.

    Attributes:
        alerting: the parameters.
        minima: what a loss is.
        alerts: every alert (`ALERTS_SCHEMA`), in order of time.
        losses: every loss (`LOSSES_SCHEMA`), in order of time.
        restarts: alerts that began within 30 s of the end of another of their pair.
        flight_hours: how long tracks were known, with altitude.
    """

    alerting: Alerting
    minima: Minima
    alerts: pl.DataFrame
    losses: pl.DataFrame
    restarts: int
    flight_hours: float

    @property
    def of_alerts(self) -> dict[str, int]:
        """Count the alerts by outcome: genuine, near, nuisance, undecided."""
        return _counted(self.alerts["outcome"], ALERTS)

    @property
    def of_losses(self) -> dict[str, int]:
        """Count the losses by outcome: warned, late, missed, not alertable, set aside."""
        return _counted(self.losses["outcome"], LOSSES)

    @property
    def undecided(self) -> dict[str, int]:
        """Count the undecided alerts by reason."""
        return _reasons(self.alerts, UNDECIDED)

    @property
    def set_aside(self) -> dict[str, int]:
        """Count the losses that were set aside, by reason."""
        return _reasons(self.losses, SET_ASIDE)

    @property
    def warning_s(self) -> list[float]:
        """Warning times of the losses that could be alerted and were, ascending; s."""
        alerted = self.losses.filter(pl.col("outcome").is_in(["warned", "late"]))
        return alerted["warning_s"].sort().to_list()

    @property
    def quartiles_s(self) -> list[float] | None:
        """Least, lower quartile, median, upper quartile and greatest warning time, s; None without any."""
        times = self.warning_s
        return [float(x) for x in np.quantile(times, [0, 0.25, 0.5, 0.75, 1])] if times else None

    @property
    def level_changes(self) -> int:
        """Count the changes of level within alerts."""
        return int(self.alerts["level_changes"].sum())

    @property
    def alerts_per_flight_hour(self) -> float | None:
        """Alerts by hours flown; None where nothing could be tested."""
        return self.alerts.height / self.flight_hours if self.flight_hours > 0.0 else None

    @property
    def nuisances(self) -> int:
        """Alerts that no loss followed, near or not."""
        counts = self.of_alerts
        return counts[NEAR] + counts[NUISANCE]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        layers = self.minima.layers
        return {
            "alerting": self.alerting.name,
            "levels": [vars(level) for level in self.alerting.levels],
            "lookahead_s": self.alerting.lookahead_s,
            "m": self.alerting.m,
            "n": self.alerting.n,
            "losses_below": [vars(layer) for layer in layers],
            "alerts": {"all": self.alerts.height, **self.of_alerts},
            "undecided": self.undecided,
            "losses": {"all": self.losses.height, **self.of_losses},
            "set_aside": self.set_aside,
            "warning_s": None
            if self.quartiles_s is None
            else dict(
                zip(("least", "lower_quartile", "median", "upper_quartile", "greatest"), self.quartiles_s, strict=True)
            ),
            "level_changes": self.level_changes,
            "restarts": self.restarts,
            "alerts_per_flight_hour": self.alerts_per_flight_hour,
        }


@dataclass(frozen=True)
class Evaluation:
    """Several sets of parameters on one recording.

    Attributes:
        sets: what each would have cost and saved, in the order asked for.
        recording: what was replayed; its table carries the integrity flags.
        least_warning_s: a warning shorter than this is late.
        flight_hours: how long tracks were known, with altitude.
        hours_without_altitude: how long they were known without: not tested.
        disqualified: positions that were not used.
        outside: positions outside the time or area asked for.
        start, end: first and last timestamp; None for an empty table.
        parameters: as text a person can read, by name.
    """

    sets: tuple[SetOutcome, ...]
    recording: Recording
    least_warning_s: float
    flight_hours: float
    hours_without_altitude: float
    disqualified: int
    outside: int
    start: datetime | None
    end: datetime | None
    parameters: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data, times in ISO 8601."""
        return {
            "inputs": [{"path": file.path, "sha256": file.sha256} for file in self.recording.files],
            "positions": self.recording.table.height,
            "dropped": dict(self.recording.drops.counts),
            "outside": self.outside,
            "disqualified": self.disqualified,
            "tracks": self.recording.table["track_id"].n_unique(),
            "start": None if self.start is None else self.start.isoformat(),
            "end": None if self.end is None else self.end.isoformat(),
            "flight_hours": self.flight_hours,
            "hours_without_altitude": self.hours_without_altitude,
            "least_warning_s": self.least_warning_s,
            "sets": [each.as_json() for each in self.sets],
            "parameters": self.parameters,
        }


def _reasons(frame: pl.DataFrame, outcome: str) -> dict[str, int]:
    return dict(Counter(frame.filter(pl.col("outcome") == outcome)["why"].sort().to_list()))


def _counted(outcomes: pl.Series, names: Sequence[str]) -> dict[str, int]:
    counts = Counter(outcomes.to_list())
    return {name: counts[name] for name in names}
