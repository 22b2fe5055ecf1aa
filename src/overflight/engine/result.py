"""What a check returns: events, what was looked at and found harmless, and the totals."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl

from overflight.airspace.notices import Audit
from overflight.airspace.volume import Airspace
from overflight.engine.borders import Withheld
from overflight.surveillance.recording import Recording


@dataclass(frozen=True)
class Summary:
    """The totals of a check. Everything that was read is in one of them.

    Attributes:
        files: inputs read.
        rows: positions in the table, after the drops.
        outside: positions that were read but are outside the time or area asked for.
        dropped: rows left out, and values set unknown ("... set unknown"), by reason.
        drop_examples: where one row of each reason stands.
        start, end: first and last timestamp; None for an empty table.
        tracks: distinct track_id.
        aircraft: distinct icao24.
        flagged: rows with each integrity flag, by flag name; a row may have several.
        disqualified: rows that the nets did not use because of a flag.
        track_minutes: time over which a track's position is known (two reports at most `max_gap` apart).
        track_minutes_no_altitude: the part of it without a known altitude, which no net could test vertically.
        isolated: usable reports with no other report of their track within `max_gap`: not tested.
        encounters: pairs and times below the widest minimum that applies to anybody.
        dismissed: encounters that are no events, by reason (see `overflight.events.REASONS`).
        explained: encounters that exist only in flagged positions, by flag name.
        events: events by kind.
        nets: that ran.
        volumes: of airspace that were tested.
        volumes_given: those, and the ones that no net that ran is for.
        above_ground: tested ones with a limit above ground, where nothing can be confirmed without terrain.
        noted: what was mended, assumed or not understood of them: volumes by note.
        refused: volumes that could not be read, each with the reason: they were not tested.
        withheld: positions inside tested volumes on which no verdict rests, as a flag disqualified them.
        allows_nobody: rules of `allow` that no track of the recording matches.
        sensors: which sensors' tracks were found to be aircraft of which others, and addresses that were split, in lines.
        notices: what the notices say of the dangers, in lines (see `overflight.airspace.notices.Audit`).
        agreement: rules that could not be judged, or not wholly, in lines.
        lines: crossings of agreed lines by day, in lines (see `overflight.nets.lines.LineDay`).
        confirmed, undetermined: events by verdict.
    """

    files: int
    rows: int
    outside: int
    dropped: dict[str, int]
    drop_examples: dict[str, str]
    start: datetime | None
    end: datetime | None
    tracks: int
    aircraft: int
    flagged: dict[str, int]
    disqualified: int
    track_minutes: float
    track_minutes_no_altitude: float
    isolated: int
    encounters: int
    dismissed: dict[str, int]
    explained: dict[str, int]
    events: dict[str, int]
    nets: list[str]
    volumes: int
    volumes_given: int
    above_ground: int
    noted: dict[str, int]
    refused: list[str]
    withheld: Withheld
    allows_nobody: list[str]
    sensors: list[str]
    notices: list[str]
    agreement: list[str]
    lines: list[str]
    confirmed: int
    undetermined: int

    @property
    def tested_minutes(self) -> float:
        """Time over which a track could be tested: its position and altitude are known."""
        return self.track_minutes - self.track_minutes_no_altitude

    def as_json(self) -> dict[str, Any]:
        """Return the totals as plain data, times in ISO 8601."""
        plain = {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(self).items()
        }
        return plain | {"tested_minutes": self.tested_minutes}


@dataclass(frozen=True)
class CheckResult:
    """Everything that a check found.

    Attributes:
        events: the event table (`overflight.events.EVENT_SCHEMA`), sorted by start, then id.
        dismissed: encounters that are no events (`overflight.events.DISMISSED_SCHEMA`), sorted by start.
        recording: what was checked; its table carries the integrity flags.
        summary: the totals.
        parameters: the parameters that were used, as text a person can read, by name.
        airspace: the volumes, and what was refused.
        audit: its dangers held against its notices; empty where the net hazard did not run.
    """

    events: pl.DataFrame
    dismissed: pl.DataFrame
    recording: Recording
    summary: Summary
    parameters: dict[str, str]
    airspace: Airspace
    audit: Audit
