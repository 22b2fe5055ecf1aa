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

from overflight.airspace.active import spans_us
from overflight.airspace.boundary import areas_of
from overflight.airspace.levels import Levels, levels
from overflight.airspace.volume import Volume
from overflight.earth.wgs84 import Array, to_ecef, to_geodetic
from overflight.nets.tails import Vertices
from overflight.surveillance.batch import TrackNames
from overflight.units import FT_M

GOES_ON: Final = 0
FIRST_REPORT: Final = 1
BOUNDARY: Final = 2
WHY: Final = ("goes on", "first report", "boundary", "floor or ceiling", "active time", "end of the line's side")
"""How a stay begins or ends; the place is the kernel's number for it, but for the last one, which is a boundary to the kernel.
A stay that ends with "goes on" ends with the track."""

END_OF_SIDE: Final = 5

ON_BOUNDARY_M: Final = 1.0

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
        self.volumes, self._qnh_uncertainty_hpa = volumes, qnh_uncertainty_hpa
        self.areas = areas_of(volumes)
        self._of_line = np.array([_closed_by_others(volume) for volume in volumes], bool)
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
        windows = [spans_us(volumes[each.number]) for each in limited]
        self._window_offsets = np.concatenate([[0], np.cumsum([len(some) for some in windows])]).astype(np.int64)
        times = np.array([time for some in windows for time in some], np.int64).reshape(-1, 2)
        self._window_start, self._window_end = times[:, 0].copy(), times[:, 1].copy()

    def _limits(self) -> dict[str, Any]:
        """The volumes, as the kernel takes them."""
        return {
            "areas": self.areas,
            "area": self._number,
            "floor_m": self._floor_m,
            "ceiling_m": self._ceiling_m,
            "window_offsets": self._window_offsets,
            "window_start_us": self._window_start,
            "window_end_us": self._window_end,
        }

    def possibly_inside(
        self, latitude: Array, longitude: Array, altitude_ft: Array, time_us: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Say which positions are in a volume at a level and time that are possible; an unknown altitude (NaN) is possible."""
        point, number = self.areas.inside(latitude, longitude)
        found = np.zeros(len(latitude), bool)
        for volume in map(int, np.unique(number)):
            inside = point[number == volume]
            possible, _ = levels(self.volumes[volume], self._qnh_uncertainty_hpa)
            level, time = altitude_ft[inside], time_us[inside]
            spans = spans_us(self.volumes[volume])
            active = np.any([(time >= start) & (time < end) for start, end in spans], axis=0) if spans else True
            found[inside[~(level < possible.floor_ft) & ~(level > possible.ceiling_ft) & active]] = True
        return found

    def pieces(self, v: Vertices, names: TrackNames, *, report_unknown: bool, threads: int) -> pl.DataFrame:
        """Find the pieces of stays in the fresh vertices (`PIECES_SCHEMA`)."""
        from overflight_kernels import stays

        found = stays(
            offsets=v.offsets,
            time_us=v.time_us,
            latitude_deg=v.latitude,
            longitude_deg=v.longitude,
            altitude_m=v.altitude_m,
            linked=v.linked,
            fresh_from=v.fresh_from,
            **self._limits(),
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
        number = self._number[limited]
        for moment, why in (("entry", start_why), ("exit", end_why)):
            self._tell_line(number, columns[f"latitude_{moment}"], columns[f"longitude_{moment}"], why)
        default = names.array("default_accuracy_m")[track]
        accuracy = np.stack([v.accuracy_m[at], v.accuracy_m[after]]).astype(float)
        return pl.DataFrame(
            {
                "track": track,
                "volume": number,
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

    def ahead(
        self,
        latitude: tuple[Array, Array],
        longitude: tuple[Array, Array],
        altitude_m: tuple[Array, Array],
        time_us: tuple[int, int],
        *,
        threads: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int64]]:
        """Find when straight ways from places (N) to others are in the volumes, at possible levels; an unknown altitude (NaN) is possible.

        Returns:
            Which way, the number of the volume, and since when (us since 1970); a row for each stay.
        """
        from overflight_kernels import stays

        count = len(latitude[0])
        found = stays(
            offsets=np.arange(count + 1, dtype=np.int64) * 2,
            time_us=np.tile(np.array(time_us, np.int64), count),
            latitude_deg=np.stack(latitude, axis=1).ravel(),
            longitude_deg=np.stack(longitude, axis=1).ravel(),
            altitude_m=np.stack(altitude_m, axis=1).ravel(),
            linked=np.tile(np.array([0, 1], np.uint8), count),
            fresh_from=np.arange(count, dtype=np.int64) * 2,
            **self._limits(),
            report_unknown=True,
            threads=threads,
        )
        return found[0].astype(np.int64), self._number[found[1]], found[2]

    def _tell_line(self, number: NDArray[np.uint32], latitude: Array, longitude: Array, why: NDArray[np.uint8]) -> None:
        """Of the sides of a line: tell crossings of the line from those of the edges that only close its sides."""
        some = np.flatnonzero(self._of_line[number] & (why == BOUNDARY))
        far = self.areas.nearest(latitude[some], longitude[some], number[some])[0] if len(some) else np.zeros(0)
        why[some[np.asarray(far) > ON_BOUNDARY_M]] = END_OF_SIDE


def _closed_by_others(volume: Volume) -> bool:
    return any(part.outer.only_closes is not None for part in volume.parts)


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
    if pieces.height == 0:
        return pieces
    key = ("track", "volume", "sure")
    rows = pieces.sort(*key, "start_us", "end_us", "end_why")
    goes_on = rows.select(
        pl.all_horizontal(
            pl.col("start_why") == GOES_ON,
            pl.col("end_why").shift() == GOES_ON,
            pl.col("end_us").shift() == pl.col("start_us"),
            *(pl.col(name).shift() == pl.col(name) for name in key),
        ).fill_null(False)
    ).to_series()
    # One that goes on from nothing begins at a report before which it could not be tested.
    lone = ~goes_on & (pl.col("start_why") == GOES_ON)
    rows = rows.with_columns(start_why=pl.when(lone).then(pl.lit(FIRST_REPORT, pl.UInt8)).otherwise("start_why"))
    first = np.flatnonzero(~goes_on.to_numpy())
    last = np.append(first[1:], rows.height) - 1
    deepest = _deepest(rows["depth_m"], first, last)
    evidence = rows["evidence"].explode().to_numpy().reshape(-1, 2 * len(_MOMENTS))
    rests_on = np.concatenate([evidence[deepest, :2], evidence[first, 2:4], evidence[last, 4:]], axis=1)
    ends = ("end_us", "end_why", *(name for name in PIECES_SCHEMA if name.endswith("_exit")))
    at_deepest = ("depth_m", "deepest_us", "flags", "accuracy_m", "squawk")
    places = (name for name in PIECES_SCHEMA if name.endswith("_deepest"))
    return rows[first].with_columns(
        *rows.select(ends)[last].get_columns(),
        *rows.select(*at_deepest, *places)[deepest].get_columns(),
        pl.Series("unknown", np.logical_or.reduceat(rows["unknown"].to_numpy(), first)),
        pl.Series("path_mm", np.add.reduceat(rows["path_mm"].to_numpy(), first)),
        pl.Series("evidence", rests_on).cast(pl.List(pl.Int64)),
    )


def _deepest(depth_m: pl.Series, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first of the deepest rows from each `first` to its `last`."""
    of = np.repeat(np.arange(len(first)), last - first + 1)
    depth = depth_m.to_numpy()
    deepest = np.flatnonzero(depth == np.maximum.reduceat(depth, first)[of])
    return deepest[np.flatnonzero(np.diff(of[deepest], prepend=-1))]
