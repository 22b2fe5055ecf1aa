"""Incursion: airspace entered. Borders, restricted areas, lines not to be crossed, and dangers.

A stay in a volume is one event per track: from the exact instant of entry to that of exit, with the way flown inside and the
depth, the greatest distance to the boundary. (EUROCONTROL-GUID-161, area proximity warning, after the fact.) It is
*confirmed* if at its deepest the aircraft was inside wherever it was within its accuracy and wherever the boundary is within
its own, at a level that is inside for sure; else *undetermined*.

The kind of a volume decides the kind of the event: dangers and hazards give `hazard`, every other volume `incursion`.
A flight of the volume's own party, and one that is allowed, is none: those are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.airspace.levels import QNH_UNCERTAINTY_HPA
from overflight.airspace.volume import Volume
from overflight.earth.wgs84 import Array
from overflight.nets.base import Findings
from overflight.nets.stay_events import conclude, volume_frame
from overflight.nets.stays import GOES_ON, PIECES_SCHEMA, Sky, joined
from overflight.nets.tails import Coverage, Tails
from overflight.surveillance.batch import Batch, TrackNames
from overflight.surveillance.integrity import JUMP, RELOCATED
from overflight.surveillance.renumbering import Renumbering

__all__ = ["ALLOWED_BY", "Incursion", "IncursionParameters"]

ALLOWED_BY: Final = ("callsign", "icao24", "track_id", "party")


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
        self._tails = Tails(
            self._max_gap_us, parameters.threads, RELOCATED if parameters.skipped & JUMP else 0, pairs=False
        )
        self._sky = Sky(parameters.volumes, parameters.qnh_uncertainty_hpa)
        self._volumes = volume_frame(parameters.volumes, parameters.qnh_uncertainty_hpa)
        self._open = pl.DataFrame(schema=PIECES_SCHEMA)

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """The volumes that are tested."""
        return self._sky.volumes

    @property
    def coverage(self) -> Coverage:
        """How much could be tested so far."""
        return self._tails.coverage

    def possibly_inside(
        self, latitude: Array, longitude: Array, altitude_ft: Array, time_us: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Say which positions are in a volume, wherever its limits may be: (N) each, deg, ft (NaN: unknown), microseconds since 1970."""
        return self._sky.possibly_inside(latitude, longitude, altitude_ft, time_us)

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
        if self._open.height == 0:
            return Findings.none()
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
        return conclude(stays, sure, self._volumes, self._names, self._p)

    def current(self, watermark_us: int) -> pl.DataFrame:
        """Return the stays that go on."""
        stays = joined(self._open)
        return self._conclude(stays.filter(self._main()), stays.filter(~self._main())).events

    def rests_on(self) -> NDArray[np.int64]:
        """Return the rows of the recording that the open stays name."""
        return self._open["evidence"].explode().drop_nulls().to_numpy()

    def holds(self) -> NDArray[np.int64]:
        """Return the tracks of the open stays."""
        return self._open["track"].to_numpy().astype(np.int64)

    def open_since_us(self) -> int | None:
        """Return since when the oldest open stay lasts, microseconds since 1970; None where nobody is in any volume."""
        return None if self._open.height == 0 else int(self._open["start_us"].to_numpy().min())

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        self._tails.forget(numbers)
        self._open = numbers.frame(self._open, tracks=("track",))

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {"tails": self._tails.snapshot(), "open": self._open}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._tails.restore(state["tails"])
        self._open = state["open"]
