"""How two tracks moved, as the separation net sees it: uniform motion between reports, on WGS84 ECEF coordinates.

Between two usable reports at most `max_gap_s` apart a track moves uniformly along the ECEF chord (ellipsoid height 0);
over a longer gap nothing is known and nothing is drawn (NaN). The plan is an east-north plane tangent at the middle
between both aircraft: at 20 NM from there its distances are 0.2 m short, far below the width of a line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from overflight.earth.wgs84 import distance_m, to_ecef, to_geodetic
from overflight.units import NM_M

Floats: TypeAlias = npt.NDArray[np.float64]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Track:
    """The usable reports of one track around an event.

    Attributes:
        time_s: seconds from the event's worst moment, rising, (N,).
        ecef_m: (N, 3) at ellipsoid height 0.
        altitude_ft: pressure altitude, NaN where unknown, (N,).
        max_gap_s: longest time between two reports over which motion is assumed.
    """

    time_s: Floats
    ecef_m: Floats
    altitude_ft: Floats
    max_gap_s: float

    def _between(self, at_s: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
        """Find the report before each instant, and how far on to the next it is (0 to 1; NaN where not known)."""
        count = len(self.time_s)
        if count == 0:
            return np.zeros(len(at_s), dtype=np.intp), np.full(len(at_s), np.nan)
        if count == 1:
            return np.zeros(len(at_s), dtype=np.intp), np.where(at_s == self.time_s[0], 0.0, np.nan)
        before = np.clip(np.searchsorted(self.time_s, at_s, side="right") - 1, 0, count - 2)
        gap = self.time_s[before + 1] - self.time_s[before]
        share = (at_s - self.time_s[before]) / np.where(gap > 0, gap, 1.0)
        known = (gap <= self.max_gap_s) & (share >= 0.0) & (share <= 1.0)
        # An instant exactly at a report is known whatever gap follows or precedes it.
        return before, np.where(known | (share == 0.0) | (share == 1.0), share, np.nan)

    def position_m(self, at_s: Floats) -> Floats:
        """ECEF position at each instant, (M, 3), NaN where not known."""
        if len(self.time_s) == 0:
            return np.full((len(at_s), 3), np.nan)
        before, share = self._between(at_s)
        after = np.minimum(before + 1, len(self.time_s) - 1)
        return self.ecef_m[before] + share[:, None] * (self.ecef_m[after] - self.ecef_m[before])

    def altitude_at_ft(self, at_s: Floats) -> Floats:
        """Pressure altitude at each instant, NaN where not known at either report around it."""
        if len(self.time_s) == 0:
            return np.full(len(at_s), np.nan)
        before, share = self._between(at_s)
        after = np.minimum(before + 1, len(self.time_s) - 1)
        level = self.altitude_ft[before] + share * (self.altitude_ft[after] - self.altitude_ft[before])
        return np.where(share == 0.0, self.altitude_ft[before], np.where(share == 1.0, self.altitude_ft[after], level))


def seconds(moment: datetime) -> float:
    """Seconds since 1970, exact to the microsecond."""
    return (moment - EPOCH).total_seconds()


class Tracks:
    """The reports of the tracks that take part in events, looked up once for all of them."""

    def __init__(self, table: pl.DataFrame, track_ids: Iterable[str], skipped: int = 0) -> None:
        """Keep the rows of `table` (a position table) that belong to the tracks and have no flag in `skipped`."""
        wanted = pl.col("track_id").is_in(sorted(set(track_ids)))
        rows = table.lazy().filter(wanted & (pl.col("flags").fill_null(0) & skipped == 0))
        columns = ["track_id", "timestamp", "latitude", "longitude", "altitude"]
        self._rows = {
            str(key[0]): frame
            for key, frame in rows.select(columns).collect().partition_by("track_id", as_dict=True).items()
        }

    def around(
        self, track_id: str | None, moment: datetime, before_s: float, after_s: float, max_gap_s: float
    ) -> Track:
        """Return one track from `before_s` before to `after_s` after `moment`, and a gap's length beyond either end."""
        frame = self._rows.get(track_id or "")
        if frame is None:
            return Track(np.empty(0), np.empty((0, 3)), np.empty(0), max_gap_s)
        origin = round(seconds(moment) * 1e6)
        time_s = (frame["timestamp"].to_physical().to_numpy() - origin) / 1e6
        near = slice(
            int(np.searchsorted(time_s, -before_s - max_gap_s)),
            int(np.searchsorted(time_s, after_s + max_gap_s, side="right")),
        )
        latitude, longitude = (frame[name].to_numpy()[near] for name in ("latitude", "longitude"))
        altitude = frame["altitude"].cast(pl.Float64).fill_null(np.nan).to_numpy()[near]
        return Track(time_s[near], to_ecef(latitude, longitude), altitude, max_gap_s)


@dataclass(frozen=True)
class Plan:
    """A plane tangent to the ellipsoid, x east and y true north, in NM from its origin."""

    origin_m: Floats
    east: Floats
    north: Floats

    @classmethod
    def at(cls, ecef_m: Floats) -> Plan:
        """Make the plane at an ECEF point near the ellipsoid. At a pole, north is that of the point's longitude."""
        latitude, longitude = np.radians(to_geodetic(ecef_m))
        east = np.array([-np.sin(longitude), np.cos(longitude), 0.0])
        slope = np.sin(latitude)
        north = np.array([-slope * np.cos(longitude), -slope * np.sin(longitude), np.cos(latitude)])
        return cls(ecef_m, east, north)

    def project(self, ecef_m: Floats) -> Floats:
        """Return (N, 2) east and north of ECEF points, NM."""
        relative = ecef_m - self.origin_m
        return np.stack([relative @ self.east, relative @ self.north], axis=-1) / NM_M


def distance_nm(a_m: Floats, b_m: Floats) -> Floats:
    """Horizontal distance between ECEF points (N, 3), NM: what the separation net holds against the minimum."""
    return distance_m(a_m, b_m) / NM_M
