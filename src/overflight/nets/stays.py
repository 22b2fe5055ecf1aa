"""Stays: when each track was in which volume, joined over batches.

A stay is one contiguous time of one track in one volume. Its pieces come batch by batch; a piece that goes on at the last
report of a track is joined with the one that begins there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.airspace.boundary import areas_of
from overflight.airspace.levels import Levels, levels
from overflight.airspace.volume import Volume
from overflight.earth.wgs84 import Array, to_ecef, to_geodetic
from overflight.nets.tails import Vertices
from overflight.surveillance.batch import TrackNames
from overflight.units import FT_M

GOES_ON: Final = 0
FIRST_REPORT: Final = 1
WHY: Final = ("goes on", "first report", "boundary", "floor or ceiling", "active time")
"""How a stay begins or ends; the place is the kernel's number for it. A stay that ends with "goes on" ends with the track."""

_MOMENTS: Final = ("entry", "exit", "deepest")
PIECES_SCHEMA: Final[dict[str, pl.DataType]] = {
    "track": pl.UInt32(),
    "volume": pl.UInt32(),  # number of the volume
    "sure": pl.Boolean(),  # within the levels that are inside for sure
    "start_us": pl.Int64(),
    "end_us": pl.Int64(),
    "start_why": pl.UInt8(),
    "end_why": pl.UInt8(),
    "unknown": pl.Boolean(),  # of some of it no altitude is known
    "path_mm": pl.Int64(),
    "depth_m": pl.Float64(),
    "deepest_us": pl.Int64(),
    "flags": pl.UInt32(),  # of the two reports around the deepest moment
    "accuracy_m": pl.Float64(),
    "squawk": pl.UInt16(),
    **{f"{what}_{moment}": pl.Float64() for moment in _MOMENTS for what in ("latitude", "longitude", "altitude_ft")},
    "evidence": pl.List(pl.Int64()),  # rows of the recording: before and after the deepest moment, the entry, the exit
}


@dataclass(frozen=True)
class _Limited:
    """A volume as the kernel takes it: an area with levels."""

    number: int
    sure: bool
    levels: Levels


class Sky:
    """The volumes of a check, ready for the kernel."""

    def __init__(self, volumes: tuple[Volume, ...], qnh_uncertainty_hpa: float) -> None:
        """Index them; a volume whose levels are not exact is there twice, with those that are possible and with the sure ones."""
        self.volumes = volumes
        self.areas = areas_of(volumes)
        limited: list[_Limited] = []
        self.exact: list[bool] = []  # by volume: its levels are known exactly
        for number, volume in enumerate(volumes):
            possible, sure = levels(volume, qnh_uncertainty_hpa)
            self.exact.append(possible == sure)
            limited.append(_Limited(number, possible == sure, possible))
            if possible != sure and sure.floor_ft <= sure.ceiling_ft:
                limited.append(_Limited(number, True, sure))
        self._number = np.array([each.number for each in limited], np.uint32)
        self._sure = np.array([each.sure for each in limited], bool)
        self._floor_m = np.array([each.levels.floor_ft * FT_M for each in limited])
        self._ceiling_m = np.array([each.levels.ceiling_ft * FT_M for each in limited])
        windows = [_windows(volumes[each.number]) for each in limited]
        self._window_offsets = np.concatenate([[0], np.cumsum([len(some) for some in windows])]).astype(np.int64)
        times = np.array([time for some in windows for time in some], np.int64).reshape(-1, 2)
        self._window_start, self._window_end = times[:, 0].copy(), times[:, 1].copy()

    def pieces(self, v: Vertices, names: TrackNames, *, report_unknown: bool, threads: int) -> pl.DataFrame:
        """Find the pieces of stays in the fresh vertices (`PIECES_SCHEMA`)."""
        from overflight_kernels import stays

        found = stays(
            areas=self.areas,
            offsets=v.offsets,
            time_us=v.time_us,
            latitude_deg=v.latitude,
            longitude_deg=v.longitude,
            altitude_m=v.altitude_m,
            linked=v.linked,
            fresh_from=v.fresh_from,
            area=self._number,
            floor_m=self._floor_m,
            ceiling_m=self._ceiling_m,
            window_offsets=self._window_offsets,
            window_start_us=self._window_start,
            window_end_us=self._window_end,
            report_unknown=report_unknown,
            threads=threads,
        )
        track, limited, start, end, start_why, end_why, unknown, first, last, path, depth, deepest, at = found
        if len(track) == 0:
            return pl.DataFrame(schema=PIECES_SCHEMA)
        columns: dict[str, Any] = {}
        rows: list[NDArray[np.int64]] = []
        after = np.zeros(0, np.int64)
        for moment, vertex, time in (("exit", last, end), ("entry", first, start), ("deepest", at, deepest)):
            after = np.where((time > v.time_us[vertex]) & (vertex + 1 < len(v)), vertex + 1, vertex)
            columns |= {f"{name}_{moment}": value for name, value in _state(v, vertex, after, time).items()}
            rows = [v.row[vertex], v.row[after], *rows]
        default = np.array(names.default_accuracy_m)[track]
        accuracy = np.stack([v.accuracy_m[at], v.accuracy_m[after]]).astype(float)
        return pl.DataFrame(
            {
                "track": track,
                "volume": self._number[limited],
                "sure": self._sure[limited],
                "start_us": start,
                "end_us": end,
                "start_why": start_why,
                "end_why": end_why,
                "unknown": unknown.astype(bool),
                "path_mm": path,
                "depth_m": depth,
                "deepest_us": deepest,
                "flags": v.flags[at] | v.flags[after],
                "accuracy_m": np.where(np.isnan(accuracy), default, accuracy).max(axis=0),
                "squawk": v.squawk[at],
                "evidence": pl.Series(np.stack(rows, axis=1).astype(np.int64)).cast(pl.List(pl.Int64)),
                **columns,
            },
            schema=PIECES_SCHEMA,
        )


def _windows(volume: Volume) -> list[tuple[int, int]]:
    """Active times in microseconds since 1970, in order, without overlaps; empty for always."""
    limit = np.iinfo(np.int64)
    spans = sorted(
        (
            limit.min if window.start is None else round(window.start.timestamp() * 1e6),
            limit.max if window.end is None or volume.estimated_end else round(window.end.timestamp() * 1e6),
        )
        for window in volume.active
    )
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _state(
    v: Vertices, before: NDArray[np.int64], after: NDArray[np.int64], time_us: NDArray[np.int64]
) -> dict[str, Array]:
    """Place and altitude between two reports."""
    span = np.maximum(v.time_us[after] - v.time_us[before], 1)
    share = (time_us - v.time_us[before]) / span
    a, b = to_ecef(v.latitude[before], v.longitude[before]), to_ecef(v.latitude[after], v.longitude[after])
    latitude, longitude = to_geodetic(a + (b - a) * share[:, None])
    low, high = v.altitude_m[before] / FT_M, v.altitude_m[after] / FT_M
    low, high = np.where(np.isnan(low), high, low), np.where(np.isnan(high), low, high)
    return {"latitude": latitude, "longitude": longitude, "altitude_ft": low + (high - low) * share}


def joined(pieces: pl.DataFrame) -> pl.DataFrame:
    """Join pieces that go on in each other into stays (`PIECES_SCHEMA`)."""
    key = ["track", "volume", "sure"]
    rows = pieces.sort(*key, "start_us", "end_us", "end_why")
    goes_on = (
        (pl.col("start_why") == GOES_ON)
        & (pl.col("end_why").shift().over(key) == GOES_ON)
        & (pl.col("end_us").shift().over(key) == pl.col("start_us"))
    ).fill_null(False)
    # One that goes on from nothing begins at a report before which it could not be tested.
    lone = ~goes_on & (pl.col("start_why") == GOES_ON)
    rows = rows.with_columns(
        (~goes_on).cum_sum().alias("stay"),
        pl.when(lone).then(pl.lit(FIRST_REPORT, pl.UInt8)).otherwise("start_why").alias("start_why"),
    )
    deepest = pl.col("depth_m").arg_max()
    at_deepest = ["depth_m", "deepest_us", "flags", "accuracy_m", "squawk"]
    places = [name for name in PIECES_SCHEMA if name.endswith("_deepest")]
    evidence = pl.col("evidence")
    return (
        rows.group_by("stay", maintain_order=True)
        .agg(
            pl.col(*key, "start_us", "start_why").first(),
            pl.col("end_us", "end_why").last(),
            pl.col("unknown").any(),
            pl.col("path_mm").sum(),
            pl.col(*at_deepest, *places).get(deepest),
            *(pl.col(name).first() for name in PIECES_SCHEMA if name.endswith("_entry")),
            *(pl.col(name).last() for name in PIECES_SCHEMA if name.endswith("_exit")),
            evidence.get(deepest).list.slice(0, 2).alias("evidence_deepest"),
            evidence.first().list.slice(2, 2).alias("evidence_entry"),
            evidence.last().list.slice(4, 2).alias("evidence_exit"),
        )
        .with_columns(pl.concat_list("evidence_deepest", "evidence_entry", "evidence_exit").alias("evidence"))
        .select(list(PIECES_SCHEMA))
    )
