"""Live: positions as they come, through the same pipeline as a recording, with the same answer.

Rows arrive late, out of order and twice. They are put in order up to the watermark (`overflight.engine.arrivals`), named, judged by the gate and
given to the nets, a second of event time at most in a batch where the loop keeps up, more where it has fallen behind: however positions
are cut into batches, the findings are the same. So the events that are closed are those that `overflight check` finds in a recording of
the same positions, ids included, but for what came later than the lateness allows, which is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from overflight.airspace.volume import Airspace
from overflight.engine.admission import NEW_TRACKS, Admission
from overflight.engine.arrivals import Arrivals
from overflight.engine.lives import Change, Lives
from overflight.engine.nets import built, chosen
from overflight.engine.parameters import CheckParameters
from overflight.engine.pipeline import Pipeline
from overflight.engine.reports import Reports
from overflight.errors import InputError
from overflight.nets.base import Findings
from overflight.surveillance.batch import TrackNames, batch_of
from overflight.surveillance.complete import finish
from overflight.surveillance.integrity import Gate, counts
from overflight.surveillance.naming import Naming
from overflight.surveillance.recording import Drops

LATENESS_S: Final = 5.0
SELDOM: Final = 3
"""What has happened already is told as often as every third time that what is ahead is told, where it takes long: it saves nobody."""
_QUICK_S: Final = 0.1
"""Telling everything within so long is quick: then it is told every time."""
_CHUNK_US: Final = 60_000_000
"""Most event time in a batch of a loop that has fallen behind: far less than the silence that ends a track."""
_SEEN_US: Final = 60_000_000


class Live:
    """The loop's state: what came, what the nets know, and which events are open."""

    def __init__(
        self,
        parameters: CheckParameters,
        airspace: Airspace,
        lateness_s: float = LATENESS_S,
        *,
        new_tracks: int = NEW_TRACKS,
        seen: Callable[[pl.DataFrame], None] | None = None,
    ) -> None:
        """Start with nothing seen; `seen` is given every row that was judged, with its track and the gate's flags, once.

        Raises:
            ParameterError: a net needs airspace, and there is none.
        """
        told = parameters.separation(" ".join([*airspace.digests, *parameters.agreed]))
        self.nets = list(chosen(parameters, airspace))
        self._told = {
            **parameters.described(),
            "nets": ", ".join(self.nets),
            "lateness": f"{lateness_s:g} s",
        }
        self._told["airspace"] = told.inputs
        self.drops = Drops()
        self.names = TrackNames()
        nets = built(parameters, told, airspace, self.names)
        self._pipeline = Pipeline(Gate(parameters.thresholds, self.names, told.threads), nets)
        self._naming, self._lives = Naming(), Lives()
        self._arrivals = Arrivals(lateness_s, self.drops)
        self._reports = Reports(round((2 * told.max_gap_s + 120.0) * 1e6))
        self._admission = Admission(self.names, self._naming, self.drops, new_tracks)
        self._seen = seen
        self.positions: dict[str, int] = {}  # of each source: where to go on after what was taken in
        self.rows, self._round = 0, 0
        self.told_in_s = 0.0  # how long it took to say everything that is going on
        self.flagged: dict[str, int] = {}
        self.dismissed: dict[str, int] = {}

    @property
    def watermark_us(self) -> int | None:
        """Up to here all is judged, in us since 1970; None before the first row."""
        return self._arrivals.given_us

    @property
    def open(self) -> Mapping[str, dict[str, Any]]:
        """The events that are open, as records, by id."""
        return self._lives.open

    @property
    def in_sight(self) -> int:
        """Tracks that were heard in the last minute of event time."""
        return self._admission.heard_since((self.watermark_us or 0) - _SEEN_US)

    @property
    def late_in_a_row(self) -> int:
        """Rows in a row that came too late: a source whose clock has gone back, or that replays what was heard already."""
        return self._arrivals.late_in_a_row

    def take(self, source: str, rows: pl.DataFrame, position: int | None, now_s: float) -> None:
        """Take in rows as a source gave them (`overflight.surveillance.feeds.feed.Piece`), at a monotonic time."""
        self._arrivals.add(rows, now_s)
        if position is not None:
            self.positions[source] = position

    def step(self, now_s: float, *, current: bool = False) -> list[Change]:
        """Judge what the watermark has passed; with `current`, also say what is going on. Returns what changed."""
        self._arrivals.settle(now_s)
        rows = self._arrivals.taken()
        found = self._work(rows)
        watermark_us = self._arrivals.given_us
        if watermark_us is None:
            return []
        if rows.height:
            found.append(self._pipeline.advance(watermark_us))
        changes = self._conclude(found, watermark_us)
        if current:
            self._round += 1
            everything = self.told_in_s < _QUICK_S or self._round % SELDOM == 0
            began_s = time.perf_counter()
            changes += self._current(watermark_us, everything=everything)
            if everything:
                self.told_in_s = time.perf_counter() - began_s
        if self._reports.due(watermark_us):
            named = [net.rests_on() for net in self._pipeline.nets]
            self._reports.forget(watermark_us, np.concatenate([np.zeros(0, np.int64), *named]))
        self._admission.forget(watermark_us, self._pipeline)
        return changes

    def move_on(self, watermark_us: int) -> list[Change]:
        """Say that time has passed without any report: what it concludes is concluded."""
        if self.watermark_us is None or watermark_us <= self.watermark_us:
            return []
        changes = self.step(0.0)
        self._arrivals.move_on(watermark_us)
        return changes + self._conclude([self._pipeline.advance(watermark_us)], watermark_us)

    def finish(self) -> list[Change]:
        """Judge everything: no more positions will come."""
        found = self._work(self._arrivals.taken(everything=True))
        if self._arrivals.given_us is None:
            return []
        found.append(self._pipeline.finish())
        changes = self._conclude(found, self._arrivals.given_us)
        return changes + self._lives.go_on(Findings.none().events, Findings.none().events, self._arrivals.given_us)

    def _work(self, rows: pl.DataFrame) -> list[Findings]:
        """Give rows to the pipeline, in order of time."""
        found: list[Findings] = []
        if rows.height == 0:
            return found
        chunk = rows["timestamp"].to_physical() // _CHUNK_US
        for number in chunk.unique().sort().to_list():
            named = self._naming.name(rows.filter(chunk == number).sort("timestamp", maintain_order=True))
            table = finish([self._admission.admitted(named, number)], self.drops)
            if table.height == 0:
                continue
            batch = batch_of(table, self.names, self.rows)
            self._reports.add(table, self.rows)
            self.rows += table.height
            flagged = self._pipeline.update(batch)
            for name, count in counts(flagged.flags).items():
                self.flagged[name] = self.flagged.get(name, 0) + count
            # Of a track that shares its address both numbers are heard: that of before, and its own.
            self._admission.hear(batch.track, batch.time_us)
            self._admission.hear(flagged.track, flagged.time_us)
            if self._seen is not None:
                tracks = [self.names.track_id[int(track)] for track in flagged.track]
                self._seen(table.with_columns(track_id=pl.Series(tracks), flags=pl.Series(flagged.flags)))
            if (number + 1) * _CHUNK_US <= (self._arrivals.given_us or 0):
                found.append(self._pipeline.advance((number + 1) * _CHUNK_US))
        return found

    def _conclude(self, found: list[Findings], watermark_us: int) -> list[Change]:
        findings = Findings.together(found)
        for reason, count in findings.dismissed.group_by("reason").len().iter_rows():
            self.dismissed[reason] = self.dismissed.get(reason, 0) + count
        if findings.events.height == 0:
            return []
        return self._lives.close(self._reports.complete(findings.events), watermark_us)

    def _current(self, watermark_us: int, *, everything: bool) -> list[Change]:
        """What is going on, by every net, or only what is ahead."""
        nets = [net for net in self._pipeline.nets if everything or net.name == "conflict"]
        parts = [part for part in (net.current(watermark_us) for net in nets) if part.height]
        now = pl.concat(parts, how="diagonal") if parts else Findings.none().events
        changed = self._lives.changed(now)
        if changed.height:
            changed = self._reports.complete(changed)
        return self._lives.go_on(now, changed, watermark_us, kinds=None if everything else ("conflict",))

    def current(self) -> list[Change]:
        """What is going on now, by every net; returns what changed."""
        return [] if self.watermark_us is None else self._current(self.watermark_us, everything=True)

    def know(self, event: dict[str, Any]) -> None:
        """Take an event for open that was said to be, by a loop whose state was not stored since."""
        self._lives.open.setdefault(event["id"], event)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data, with the positions of the sources."""
        return {
            "told": self._told,
            "pipeline": self._pipeline.snapshot(),
            "names": self.names.snapshot(),
            "naming": self._naming.snapshot(),
            "lives": self._lives.snapshot(),
            "arrivals": self._arrivals.snapshot(),
            "reports": self._reports.snapshot(),
            "positions": dict(self.positions),
            "drops": (dict(self.drops.counts), dict(self.drops.examples)),
            "counted": (self.rows, dict(self.flagged), dict(self.dismissed)),
            "admission": self._admission.snapshot(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot.

        Raises:
            InputError: it was made with other parameters or other airspace.
        """
        if state["told"] != self._told:
            told, then = self._told, state["told"]
            other = sorted(name for name in {*told, *then} if told.get(name) != then.get(name))
            raise InputError(
                f"was stored with other {', '.join(other)}",
                path="the state",
                remedy="start with the parameters of before, or name another folder for the state",
            )
        self.names.restore(state["names"])
        self._pipeline.restore(state["pipeline"])
        self._naming.restore(state["naming"])
        self._lives.restore(state["lives"])
        self._arrivals.restore(state["arrivals"])
        self._reports.restore(state["reports"])
        self.positions = dict(state["positions"])
        self.drops.counts.update(state["drops"][0])
        self.drops.examples.update(state["drops"][1])
        self.rows, flagged, dismissed = state["counted"]
        self.flagged, self.dismissed = dict(flagged), dict(dismissed)
        self._admission.restore(state["admission"])
