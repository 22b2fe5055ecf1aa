"""Separation: losses of separation between any two aircraft.

A loss is a time at which the horizontal and the vertical distance are both below the minimum (ICAO Doc 4444, chapter 5 and
8.7.3; the subject of a short-term conflict alert, EUROCONTROL-GUID-159, after the fact). Severity is the least share of the
minimum that was left: min over time of max(dH / minH, dV / minV), 0 a collision, 1 just kept. It says how close, not how
dangerous: the bands are provisional.

Losses of one pair less than 10 s apart are one event. Two reports of a track at most `max_gap` apart are bridged by uniform
motion; beyond, nothing is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.nets import rules
from overflight.nets.base import Findings
from overflight.nets.companions import Companions
from overflight.nets.encounters import conclude, empty_pieces, split_closed
from overflight.nets.minima import Minima, layer_arrays
from overflight.nets.tails import Tails, Vertices
from overflight.surveillance.batch import Batch, TrackNames
from overflight.surveillance.integrity import COPIED, JUMP, PROOF_US, RELOCATED, SUSPECTS_SCHEMA
from overflight.surveillance.renumbering import Renumbering

JOIN_US = 10_000_000
BLOCK_US = 30_000_000


@dataclass(frozen=True)
class SeparationParameters:
    """What the net is told.

    Attributes:
        minima: the minima for every pair; None to class each pair by its rules of flight.
        tolerance_ft: taken off vertical minima for level-keeping; None for the default.
        max_gap_s: two reports of a track at most this far apart are bridged.
        report_unknown: report pairs without altitude as undetermined, compared in the plane alone.
        skipped: integrity flags of positions that the net does not use.
        inputs: digests of the recording, for the events.
        threads: of the kernel; the answer does not depend on it.
        everybody: those who fly together are held to the minima, too.
    """

    minima: Minima | None
    tolerance_ft: float | None
    max_gap_s: float
    report_unknown: bool
    skipped: int
    threads: int
    inputs: str = ""
    everybody: bool = False


class Separation:
    """The net. See the module for what it finds, `overflight.nets.base.Net` for how it is driven."""

    name = "separation"

    def __init__(
        self, parameters: SeparationParameters, names: TrackNames, only: NDArray[np.bool_] | None = None
    ) -> None:
        """Start with nothing seen. `only` (by track number) keeps pairs of which at least one track is marked."""
        self._p, self._names, self._only = parameters, names, only
        self._max_gap_us = round(parameters.max_gap_s * 1e6)
        self._rules = rules.Rules(parameters.minima, parameters.tolerance_ft)
        self._tails = Tails(self._max_gap_us, parameters.threads, RELOCATED if parameters.skipped & JUMP else 0)
        self._open = empty_pieces()
        self._suspects = pl.DataFrame(schema=SUSPECTS_SCHEMA)
        self._companions = Companions()

    @property
    def coverage(self) -> Any:
        """How much could be tested so far (`overflight.nets.tails.Coverage`)."""
        return self._tails.coverage

    def update(self, batch: Batch) -> None:
        """Take in positions in order of time; those with a disqualifying flag are not used."""
        usable = np.flatnonzero(batch.flags & self._p.skipped == 0)
        if batch.suspects is not None and batch.suspects.height and self._p.skipped & COPIED:
            self._suspects = pl.concat([self._suspects, batch.suspects])
        if len(usable) == 0:
            return
        vertices = self._tails.extend(batch, usable)
        found = self._losses(vertices)
        if len(found[0]):
            judged = self._rules.pieces(vertices, found, self._names, self._max_gap_us, self._p.report_unknown)
            self._open = pl.concat([self._open, judged])

    def _losses(self, v: Vertices) -> tuple[NDArray[Any], ...]:
        from overflight_kernels import losses

        floor_m, horizontal_m, vertical_m = layer_arrays(self._rules.widest)
        fresh_from = v.fresh_from
        if self._only is not None:
            fresh_from = np.where(self._only[: len(fresh_from)], fresh_from, np.iinfo(np.int64).max)
        return losses(
            offsets=v.offsets,
            time_us=v.time_us,
            latitude_deg=v.latitude,
            longitude_deg=v.longitude,
            altitude_m=v.altitude_m,
            broken=v.broken,
            aircraft=self._names.array("aircraft")[: len(fresh_from)],
            fresh_from=fresh_from,
            floor_m=floor_m,
            horizontal_m=horizontal_m,
            vertical_m=vertical_m,
            max_gap_us=self._max_gap_us,
            block_us=BLOCK_US,
            report_unknown=self._p.report_unknown,
            threads=self._p.threads,
        )

    def advance(self, watermark_us: int) -> Findings:
        """Conclude the encounters that are over: nothing that comes can begin before the watermark less `max_gap`."""
        over_us = watermark_us - self._max_gap_us - JOIN_US
        waits = self._may_be_one()
        closed, still = split_closed(self._open.filter(~waits), over_us, JOIN_US)
        closed_late, still_late = split_closed(self._open.filter(waits), over_us - PROOF_US, JOIN_US)
        closed, self._open = pl.concat([closed, closed_late]), pl.concat([still, still_late])
        findings = self._conclude(closed)
        # An encounter that is open, or may still begin, looks back from its start by the largest gap.
        begun = int(self._open["start_us"].to_numpy().min(initial=watermark_us - self._max_gap_us))
        needed = begun - 2 * self._max_gap_us
        self._suspects = self._suspects.filter(pl.col("time_us") >= needed)
        self._companions.forget(begun)
        return findings

    def _may_be_one(self) -> pl.Series:
        """Which open pieces are of two tracks that may yet be found to be one aircraft."""
        pairs = self._open.select("a", "b").iter_rows()
        return pl.Series([self._names.may_be_one(a, b) for a, b in pairs], dtype=pl.Boolean)

    def finish(self) -> Findings:
        """Conclude all encounters."""
        closed, self._open = self._open, empty_pieces()
        return self._conclude(closed)

    def _conclude(self, pieces: pl.DataFrame) -> Findings:
        if pieces.height == 0:
            return Findings.none()
        return conclude(pieces, self._names, self._rules, self._p, self._suspects, self._companions, JOIN_US)

    def current(self, watermark_us: int) -> pl.DataFrame:
        """Return the losses that are going on or may go on."""
        if self._open.height == 0:
            return Findings.none().events
        companions = Companions()
        companions.restore(self._companions.snapshot())
        return conclude(self._open, self._names, self._rules, self._p, self._suspects, companions, JOIN_US).events

    def rests_on(self) -> NDArray[np.int64]:
        """Return the rows of the recording that the open encounters name."""
        return self._open["evidence"].explode().drop_nulls().to_numpy()

    def holds(self) -> NDArray[np.int64]:
        """Return the tracks of the open encounters."""
        return np.concatenate([self._open[side].to_numpy().astype(np.int64) for side in "ab"])

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        self._tails.forget(numbers)
        self._open = numbers.frame(self._open, tracks=("a", "b"))
        self._suspects = numbers.frame(self._suspects, tracks=("track",), aircraft=("original",))
        self._companions.renumber(numbers)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "tails": self._tails.snapshot(),
            "open": self._open,
            "suspects": self._suspects,
            "companions": self._companions.snapshot(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._tails.restore(state["tails"])
        self._open, self._suspects = state["open"], state["suspects"]
        self._companions.restore(state["companions"])
