"""From stays to events: which of them are none, what decides the verdict, and what is told of each.

All of it is done by columns: a busy hour has a hundred thousand stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from overflight.airspace.levels import FT_PER_HPA
from overflight.airspace.volume import Volume
from overflight.earth.wgs84 import Array
from overflight.events import DISMISSED_SCHEMA, event_id
from overflight.nets.base import Findings
from overflight.nets.encounters import FINDINGS_SCHEMA
from overflight.nets.stays import WHY
from overflight.surveillance.batch import NO_SQUAWK, TrackNames
from overflight.surveillance.integrity import DEGRADING, DISQUALIFYING

if TYPE_CHECKING:
    from overflight.nets.incursion import IncursionParameters

HAZARDS: Final = ("danger", "hazard")
LINES: Final = ("line_side",)


def net_of(kind: str) -> str:
    """Which net tests volumes of a kind: hazard, line or incursion."""
    return "hazard" if kind in HAZARDS else "line" if kind in LINES else "incursion"


_DIGITS: Final = {"latitude": 7, "longitude": 7, "altitude_ft": 1}
_MOMENTS: Final = ("entry", "exit", "deepest")
_HALFWAY: Final = 1e-3
"""So near to halfway between two decimals, in units of the last digit, a number is rounded by itself: far more than doubles err."""


def conclude(
    stays: pl.DataFrame, sure: pl.DataFrame, volumes: pl.DataFrame, names: TrackNames, parameters: IncursionParameters
) -> Findings:
    """Make events and dismissals of stays that are over.

    Args:
        stays: those that may be events (`overflight.nets.stays.PIECES_SCHEMA`).
        sure: stays within the levels that are inside for sure, of volumes whose levels are not exact.
        volumes: what is told of each volume, by its number (`volume_frame`).
        names: of the tracks.
        parameters: what the net was told.

    Returns:
        Events in order of start, track and volume: `FINDINGS_SCHEMA`, without `parameters`, which stand as data in a
        column `told` that `overflight.engine.evidence` completes and writes.
    """
    rows = _with_sure(stays.with_row_index("stay"), sure).sort("start_us", "track", "volume")
    rows = pl.concat([rows.drop("volume"), volumes[rows["volume"]]], how="horizontal")
    rows = rows.with_columns(_tracks(rows["track"], names)).with_columns(_callsign())
    rows = rows.with_columns(_harmless(rows, parameters.allow), doubt=_doubt()).with_columns(_verdict())
    rows = rows.with_columns(_rounded(rows))
    harmless = pl.col("reason").is_not_null()
    events = _table(rows.filter(~harmless), _SHARED | _EVENT | {"inputs": pl.lit(parameters.inputs)}, FINDINGS_SCHEMA)
    told = rows.filter(~harmless).select(told=_told(parameters.max_gap_s))
    return Findings(
        pl.concat([events.with_columns(_ids(events)), told], how="horizontal"),
        _table(rows.filter(harmless), _SHARED | _DISMISSAL, DISMISSED_SCHEMA),
    )


def volume_frame(volumes: Sequence[Volume], qnh_uncertainty_hpa: float) -> pl.DataFrame:
    """Return what is told of volumes, one row each."""
    margin = f"QNH is unknown: within {FT_PER_HPA * qnh_uncertainty_hpa:.0f} ft of a limit"
    terrain = "a limit above ground, and no terrain to tell where that is"
    return pl.DataFrame(
        {
            "volume": [volume.id for volume in volumes],
            "volume_name": [volume.name for volume in volumes],
            "volume_kind": [volume.kind for volume in volumes],
            "owner": [volume.owner for volume in volumes],
            "barred": [volume.barred for volume in volumes],
            "assumed": [volume.assumed or None for volume in volumes],
            "expected_end_us": [
                round(volume.active[-1].end.timestamp() * 1e6)
                if volume.estimated_end and volume.active[-1].end
                else None
                for volume in volumes
            ],
            "floor": [str(volume.floor) for volume in volumes],
            "ceiling": [str(volume.ceiling) for volume in volumes],
            "boundary_accuracy_m": [float(volume.accuracy_m) for volume in volumes],
            "level_doubt": [
                terrain if "AGL" in {volume.floor.reference, volume.ceiling.reference} else margin for volume in volumes
            ],
        },
        schema_overrides={
            "owner": pl.String(),
            "barred": pl.String(),
            "assumed": pl.String(),
            "expected_end_us": pl.Int64(),
        },
    )


def _with_sure(stays: pl.DataFrame, sure: pl.DataFrame) -> pl.DataFrame:
    """Add `sure_depth_m`: the greatest depth at levels that are inside for sure, null where there is none."""
    own = pl.when("sure").then("depth_m").alias("own_depth_m")
    within = sure.select("track", "volume", sure_depth_m="depth_m", from_us="start_us", to_us="end_us")
    known = (
        stays.select("stay", "track", "volume", "start_us", "end_us")
        .join(within, on=["track", "volume"])
        .filter((pl.col("from_us") >= pl.col("start_us")) & (pl.col("to_us") <= pl.col("end_us")))
        .group_by("stay")
        .agg(pl.col("sure_depth_m").max())
    )
    joint = stays.with_columns(own).join(known, on="stay", how="left")
    return joint.with_columns(pl.coalesce("own_depth_m", "sure_depth_m").alias("sure_depth_m"))


def _tracks(numbers: pl.Series, names: TrackNames) -> list[pl.Series]:
    """What is known of the track of each stay."""
    places = numbers.to_list()
    said = {name: getattr(names, name) for name in ("track_id", "icao24", "party", "callsign")}
    return [
        *(pl.Series(name, [values[k] for k in places], pl.String) for name, values in said.items()),
        pl.Series("callsign_from_us", [names.callsign_from_us[k] for k in places], pl.Int64),
    ]


def _callsign() -> pl.Expr:
    """As known by the end of the stay: what is heard later must not change what was concluded before."""
    return pl.when(pl.col("callsign_from_us") <= pl.col("end_us")).then("callsign").alias("callsign")


def _harmless(rows: pl.DataFrame, allow: Sequence[tuple[str, str]]) -> list[pl.Expr]:
    """Why a stay is no event, `reason` and `harmless`; null where it is one."""
    own = pl.col("party") == pl.col("owner")
    nobodys = pl.col("barred").is_not_null() & pl.col("party").is_null()
    unbound = pl.col("barred") != pl.col("party")
    reason = pl.when(own).then(pl.lit("own airspace")).when(nobodys).then(pl.lit("party unknown"))
    reason = reason.when(unbound).then(pl.lit("not bound by the line"))
    why = pl.when(own).then(pl.format("{} is {}'s own", "volume_name", "owner"))
    why = why.when(nobodys).then(pl.format("of no known party, {} is barred to {}", "volume_name", "barred"))
    why = why.when(unbound).then(pl.format("of {}, {} is barred to {}", "party", "volume_name", "barred"))
    for field, pattern in allow:
        matching = [value for value in rows[field].drop_nulls().unique() if fnmatchcase(value, pattern)]
        allowed = pl.col(field).is_in(pl.Series(matching, dtype=pl.String).implode())
        reason = reason.when(allowed).then(pl.lit("allowed"))
        said = (pl.lit(field), pl.col(field), pl.lit(field), pl.lit(pattern))
        why = why.when(allowed).then(pl.format("{} {} is allowed by {}={}", *said))
    return [reason.otherwise(None).alias("reason"), why.otherwise(None).alias("harmless")]


def _doubt() -> pl.Expr:
    """What keeps a stay from being confirmed, the first of several; null for nothing."""
    depth, sure = pl.col("depth_m"), pl.col("sure_depth_m")
    reach = pl.col("accuracy_m") + pl.col("boundary_accuracy_m")
    shallow = pl.format("at most {} m inside, positions and boundary are good to {} m", _whole(depth), _whole(reach))
    return (
        pl.when("unknown")
        .then(pl.lit("its altitude is not known all the time"))
        .when(pl.col("flags") & DISQUALIFYING != 0)
        .then(pl.lit("rests on positions that are not to be believed"))
        .when(pl.col("flags") & DEGRADING != 0)
        .then(pl.lit("rests on positions of doubtful integrity"))
        .when(pl.col("assumed").is_not_null())
        .then(pl.format("of the volume something is only assumed: {}", "assumed"))
        .when(pl.col("start_us") > pl.col("expected_end_us"))
        .then(pl.lit("after the end that was estimated for the volume"))
        .when(sure.is_null())
        .then("level_doubt")
        .when(depth <= reach)
        .then(shallow)
        .when(sure <= reach)
        .then(pl.format("{}, except where it was too near the boundary", "level_doubt"))
        .otherwise(None)
    )


def _verdict() -> list[pl.Expr]:
    """Confirmed only if it was inside wherever it was within its accuracy and the boundary within its own; and why."""
    reach = _whole(pl.col("accuracy_m") + pl.col("boundary_accuracy_m"))
    clear = pl.format("up to {} m inside, positions and boundary are good to {} m", _whole(pl.col("depth_m")), reach)
    decided = pl.coalesce("doubt", clear)
    return [
        pl.when(pl.col("doubt").is_null()).then(pl.lit("confirmed")).otherwise(pl.lit("undetermined")).alias("verdict"),
        pl.format("in {} ({} to {}); {}", "volume_name", "floor", "ceiling", decided).alias("why"),
    ]


def _whole(value: pl.Expr) -> pl.Expr:
    return value.round(0).cast(pl.Int64)


def _rounded(rows: pl.DataFrame) -> list[pl.Series]:
    """Every figure that is told, as told; null where it is unknown."""
    digits = {f"{what}_{moment}": count for what, count in _DIGITS.items() for moment in _MOMENTS}
    told = rows.select(*digits, "depth_m", "accuracy_m", path_m=pl.col("path_mm") * 1e-3)
    return [rounded(told[name].to_numpy(), digits.get(name, 1)).alias(name) for name in told.columns]


def rounded(values: Array, digits: int) -> pl.Series:
    """Round each number to the decimal that is nearest to it, as Python's `round` does; NaN becomes null.

    NumPy and Polars round the product with a power of ten instead, which is off where a number is halfway but for its last bit.
    """
    scaled = values * 10.0**digits
    found = np.rint(scaled) / 10.0**digits
    doubtful = np.flatnonzero(np.abs(scaled - np.floor(scaled) - 0.5) < _HALFWAY)
    found[doubtful] = [round(value, digits) for value in values[doubtful].tolist()]
    return pl.Series(found).fill_nan(None)


def _moment(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Datetime("us", "UTC"))


_SHARED: Final[dict[str, pl.Expr]] = {
    "track_a": pl.col("track_id"),
    "start": _moment("start_us"),
    "end": _moment("end_us"),
    "time": _moment("deepest_us"),
    **{what: pl.col(f"{what}_deepest") for what in _DIGITS},
    "duration_s": (pl.col("end_us") - pl.col("start_us")) * 1e-6,
}
"""Columns of an event and of a dismissal."""

_EVENT: Final[dict[str, pl.Expr]] = {
    "kind": pl.when(pl.col("volume_kind").is_in(HAZARDS)).then(pl.lit("hazard")).otherwise(pl.lit("incursion")),
    "party_a": pl.col("party"),
    "party_b": pl.col("owner"),
    "rule": pl.col("volume_kind"),
    **{name: pl.col(name) for name in ("volume", "verdict", "depth_m", "path_m", "why", "evidence")},
}
_DISMISSAL: Final[dict[str, pl.Expr]] = {
    "track_b": pl.col("volume"),
    "reason": pl.col("reason"),
    "why": pl.col("harmless"),
}


def _table(rows: pl.DataFrame, columns: Mapping[str, pl.Expr], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Columns in the order of a schema, null where there is none."""
    return rows.select(columns.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in schema.items())


def _ids(events: pl.DataFrame) -> pl.Series:
    told = events.select("kind", "track_a", "volume", "rule", "start").iter_rows()
    found = [event_id(kind, [track], volume, rule, start) for kind, track, volume, rule, start in told]
    return pl.Series("id", found, pl.String)


def _told(max_gap_s: float) -> pl.Expr:
    """The parameters of a stay, as data."""
    code = pl.when(pl.col("squawk") != NO_SQUAWK).then(pl.col("squawk").cast(pl.String).str.zfill(4))
    return pl.struct(
        pl.col("volume_name").alias("volume"),
        "floor",
        "ceiling",
        "boundary_accuracy_m",
        pl.lit(float(max_gap_s)).alias("max_gap_s"),
        _crossing("entry", "start", WHY).alias("entry"),
        _crossing("exit", "end", ("last report", *WHY[1:])).alias("exit"),
        pl.struct("callsign", "icao24", code.alias("squawk"), *_place("deepest"), "accuracy_m").alias("a"),
    )


def _crossing(moment: str, edge: str, ways: Sequence[str]) -> pl.Expr:
    """When, where and how a stay began or ended: `ways` by the kernel's number for it."""
    return pl.struct(
        _moment(f"{edge}_us").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").alias("time"),
        *_place(moment),
        pl.lit(pl.Series(ways)).gather(pl.col(f"{edge}_why")).alias("how"),
    )


def _place(moment: str) -> list[pl.Expr]:
    return [pl.col(f"{what}_{moment}").alias(what) for what in _DIGITS]
