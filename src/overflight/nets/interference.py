"""Interference: jamming or spoofing of satellite navigation over an area.

The Earth is divided into cells of about 100 km (`overflight.earth.cells`) and time into whole hours (UTC, event time). Each
aircraft heard in a cell and hour counts once there: as *degraded* if any sign says so, else as *fine* if its quality was
known and good, else as *unknown*; `overflight.nets.evidence` has the signs. The share is degraded / (degraded + fine):
who is unknown is counted, and neither fine nor degraded. A cell is disturbed in an hour where the share is above
`share` and enough aircraft tell. Hours of one cell that follow each other are one event.

The share is that of gpsjam.org, which shows more than 10 % as high interference and 2 to 10 % as medium; over an hour and
100 km instead of a day, 2 % would be one aircraft.
An event is `confirmed` where the share is above the threshold even at the lower end of its 95 % interval (Wilson, "Probable
inference, the law of succession, and statistical inference", J. Am. Stat. Assoc. 22, 1927), else `undetermined`: three
degraded of twenty may be chance. The worst hour is the one where that lower end is highest.

What no later position can change is concluded: a cell and hour when the watermark has left the hour, an event when the hour
after its last one is concluded and was not disturbed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.earth.cells import COUNT, cell_of, centre_of, corners_of
from overflight.events import DISMISSED_SCHEMA, event_id
from overflight.nets.base import Findings
from overflight.nets.encounters import FINDINGS_SCHEMA
from overflight.nets.evidence import (
    DEGRADED,
    EVIDENCE_SCHEMA,
    FINE,
    HOUR_US,
    SIGN_NAMES,
    SPOTS_SCHEMA,
    Witnesses,
    merged,
    thinned,
)
from overflight.nets.spoofed import circles, points
from overflight.surveillance.batch import Batch, TrackNames
from overflight.surveillance.renumbering import Renumbering

KIND: Final = "interference"
Z_95: Final = 1.959963984540054
"""Standard normal deviate of a two-sided 95 % interval."""
MOST_NAMED: Final = 20
DOUBT: Final = "inside an area of satellite navigation interference"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ENOUGH_ROWS: Final = 200_000
"""Rows of evidence that are let grow before they are merged; it changes nothing that is found."""


@dataclass(frozen=True)
class InterferenceParameters:
    """What the net is told.

    Attributes:
        share: of degraded aircraft, above which a cell is disturbed. gpsjam.org: more than 10 % is high.
        degraded: at least so many aircraft are degraded. Three: two may share a fault, an operator or a relay.
        seen: at least so many are degraded or fine. Five: with fewer, a share says nothing.
        memory_s: a low quality counts if the track was fine at most this long before. An hour: a jet has left any
            jammed area by then, and whoever is low still has a receiver that did not recover.
        lasting_s: and if it has lasted so long. A minute: a turn through 180 degrees at rate one (3 deg/s, ICAO Doc 8168)
            takes as long, and in a turn the aircraft's own body hides satellites.
        sound_nac_p: beside a NACp of at least this, a NIC of 0 ("unknown") is no sign. 8: what the rules of equipage ask for
            (14 CFR 91.227(c)(1), Regulation (EU) 1207/2011); above 11, the greatest there is, to count every NIC of 0.
        inputs: digests of the recording, for the events.
    """

    share: float = 0.1
    degraded: int = 3
    seen: int = 5
    memory_s: float = 3600.0
    lasting_s: float = 60.0
    sound_nac_p: int = 8
    inputs: str = ""


class Interference:
    """The net. See the module for what it finds, `overflight.nets.base.Net` for how it is driven.

    Kept are the evidence of hours that are still open, and disturbed hours whose event may go on.
    """

    name = KIND

    def __init__(self, parameters: InterferenceParameters, names: TrackNames) -> None:
        """Start with nothing seen; `names` is shared with whoever makes the batches."""
        self._p, self._names = parameters, names
        memory_us, lasting_us = round(parameters.memory_s * 1e6), round(parameters.lasting_s * 1e6)
        self._witnesses = Witnesses(names, memory_us, lasting_us, parameters.sound_nac_p)
        self._seen = pl.DataFrame(schema=EVIDENCE_SCHEMA)
        self._merged = 0  # rows of it when it was merged last
        self._spots = pl.DataFrame(schema=SPOTS_SCHEMA)
        self._hours = _disturbed(_by_aircraft(self._seen), parameters)
        self._members = _by_aircraft(self._seen)
        self._before: int | None = None  # hours before this one are concluded

    def update(self, batch: Batch) -> None:
        """Take in positions in order of time, with their integrity flags."""
        if len(batch) == 0:
            return
        evidence = self._witnesses.hear(batch)
        self._seen = pl.concat([self._seen, evidence.seen])
        if self._seen.height > 2 * self._merged + _ENOUGH_ROWS:
            self._seen = merged(self._seen)
            self._merged = self._seen.height
        if evidence.spots.height:
            self._spots = thinned(pl.concat([self._spots, evidence.spots]))

    def advance(self, watermark_us: int) -> Findings:
        """Conclude the hours that ended by the watermark, and the events that cannot go on."""
        hour = watermark_us // HOUR_US
        if hour == self._before:
            return Findings.none()
        self._before = hour
        return self._conclude(hour)

    def finish(self) -> Findings:
        """Conclude everything."""
        return self._conclude(None)

    def current(self, watermark_us: int) -> pl.DataFrame:
        """Return nothing: an hour is judged as a whole, once it is over."""
        return Findings.none().events

    def rests_on(self) -> NDArray[np.int64]:
        """Return nothing: its evidence is in the event itself."""
        return np.zeros(0, np.int64)

    def holds(self) -> NDArray[np.int64]:
        """Return the tracks of the evidence that is kept."""
        kept = (self._seen, self._spots, self._members)
        return np.concatenate([some["track"].to_numpy().astype(np.int64) for some in kept])

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        self._witnesses.forget(numbers)
        self._spots = numbers.frame(self._spots, tracks=("track",))
        self._seen, self._members = (
            numbers.frame(some, tracks=("track",), aircraft=("aircraft",)) for some in (self._seen, self._members)
        )

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "witnesses": self._witnesses.snapshot(),
            "seen": self._seen,
            "merged": self._merged,
            "spots": self._spots,
            "hours": self._hours,
            "members": self._members,
            "before": self._before,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._witnesses.restore(state["witnesses"])
        self._seen, self._merged, self._spots = state["seen"], state["merged"], state["spots"]
        self._hours, self._members, self._before = state["hours"], state["members"], state["before"]

    def _conclude(self, before: int | None) -> Findings:
        """Conclude the hours before hour number `before`, all where it is None."""
        over = pl.lit(True) if before is None else pl.col("hour") < before
        aircraft = _by_aircraft(self._seen.filter(over))
        self._seen = self._seen.filter(~over)
        self._merged = min(self._merged, self._seen.height)
        disturbed = _disturbed(aircraft, self._p)
        degraded = aircraft.filter(pl.col("signs") & DEGRADED != 0).join(disturbed, on=["cell", "hour"], how="semi")
        hours = _runs(pl.concat([self._hours, disturbed]))
        members = pl.concat([self._members, degraded])
        done = pl.lit(True) if before is None else pl.col("hour").max().over("run") < before - 1
        ended, self._hours = hours.filter(done), hours.filter(~done).drop("run")
        events = [
            self._event(run, members, self._spots)
            for run in ended.sort("cell", "hour").partition_by("run", maintain_order=True)
        ]
        self._members = members.join(self._hours, on=["cell", "hour"], how="semi")
        kept = self._spots.join(self._hours, on=["cell", "hour"], how="semi")
        self._spots = pl.concat([kept, self._spots.filter(~over)])
        return Findings(
            pl.DataFrame(events, schema=FINDINGS_SCHEMA, orient="row"), pl.DataFrame(schema=DISMISSED_SCHEMA)
        )

    def _event(self, run: pl.DataFrame, members: pl.DataFrame, spots: pl.DataFrame) -> dict[str, Any]:
        """Make an event of the disturbed hours `run` of one cell."""
        cell = int(run["cell"][0])
        members = members.join(run, on=["cell", "hour"], how="semi")
        spots = spots.join(run, on=["cell", "hour"], how="semi")
        start, end = _moment(int(members["from_us"].to_numpy().min())), _moment(int(members["to_us"].to_numpy().max()))
        worst = run.sort("least", "degraded", "hour", descending=[True, True, False]).row(0, named=True)
        middle = _moment(worst["hour"] * HOUR_US + HOUR_US // 2)
        latitude, longitude = (float(part[0]) for part in centre_of(np.array([cell], np.int32)))
        confirmed = worst["least"] > self._p.share
        return {
            "id": event_id(KIND, [f"cell {cell}"], None, None, start),
            "kind": KIND,
            "start": start,
            "end": end,
            "time": min(max(middle, start), end),
            "verdict": "confirmed" if confirmed else "undetermined",
            "latitude": round(latitude, 7),
            "longitude": round(longitude, 7),
            "duration_s": (end - start).total_seconds(),
            "why": _why(worst, members, self._p, confirmed),
            "parameters": json.dumps(self._told(cell, run, members, spots)),
            "inputs": self._p.inputs,
            "evidence": [],
        }

    def _told(self, cell: int, run: pl.DataFrame, members: pl.DataFrame, spots: pl.DataFrame) -> dict[str, Any]:
        """What the event's `parameters` say: threshold, cell, hours, signs, members, circles and points."""
        named = (
            members.group_by("aircraft")
            .agg(
                pl.col("track").sort_by("from_us", "track").first(),
                pl.col("signs").bitwise_or(),
                pl.col("from_us").min(),
                pl.col("to_us").max(),
            )
            .sort("from_us", "track")
        )
        shown = {text: named.filter(pl.col("signs") & sign != 0).height for sign, text in SIGN_NAMES.items()}
        return {
            "threshold": self._p.share,
            "cell": {"number": cell, "corners": [[round(part, 5) for part in corner] for corner in corners_of(cell)]},
            "hours": [
                {
                    "hour": _moment(row["hour"] * HOUR_US).strftime("%Y-%m-%dT%H:00:00Z"),
                    "degraded": row["degraded"],
                    "fine": row["fine"],
                    "unknown": row["unknown"],
                    "share": round(row["share"], 4),
                    "least_share": round(row["least"], 4),
                }
                for row in run.iter_rows(named=True)
            ],
            "signs": {text: count for text, count in shown.items() if count},
            "members": [
                {
                    "track": self._names.track_id[row["track"]],
                    "callsign": self._names.callsign_by(row["track"], row["to_us"]),
                    "signs": [text for sign, text in SIGN_NAMES.items() if row["signs"] & sign],
                }
                for row in named.head(MOST_NAMED).iter_rows(named=True)
            ],
            "more_members": max(0, named.height - MOST_NAMED),
            "circles": [self._with_names(one) for one in circles(spots)],
            "points": [self._with_names(one) for one in points(spots)],
        }

    def _with_names(self, shape: dict[str, Any]) -> dict[str, Any]:
        tracks: list[int] = shape["tracks"]
        names = [self._names.track_id[track] for track in tracks[:MOST_NAMED]]
        return shape | {"tracks": names, "more_tracks": max(0, len(tracks) - MOST_NAMED)}


def wilson_lower(found: NDArray[np.float64], of: NDArray[np.float64], z: float = Z_95) -> NDArray[np.float64]:
    """Lower end of the Wilson score interval of the share `found` / `of`, both (N) and `of` at least 1."""
    share, room = found / of, z * z / of
    return (share + room / 2.0 - z * np.sqrt(share * (1.0 - share) / of + room / (4.0 * of))) / (1.0 + room)


def disturbed(
    areas: pl.DataFrame,
    latitude_deg: NDArray[np.float64],
    longitude_deg: NDArray[np.float64],
    time_us: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Tell which places (deg WGS84) and times (since 1970, UTC) lie in the cell and hours of an interference event.

    `areas` is an event table; events of other kinds in it are left aside. All arrays have the same length.
    """
    keys = _keys(areas)["key"].to_numpy()
    hour = np.asarray(time_us) // HOUR_US
    return np.isin(hour * COUNT + cell_of(latitude_deg, longitude_deg), keys)


def doubt(events: pl.DataFrame, areas: pl.DataFrame) -> pl.DataFrame:
    """Return events with those that happened in an area and time of interference as `undetermined`, and `why` saying so.

    Positions there may be false whatever they claim of themselves. What counts is an event's place and time (of its worst moment).
    Events without a place, of interference itself, and what is already refuted stay as they are; so does the order. To
    doubt twice changes nothing more.
    """
    keys = _keys(areas)
    if events.height == 0 or keys.height == 0:
        return events
    placed = pl.col("latitude").is_not_null() & pl.col("longitude").is_not_null() & pl.col("time").is_not_null()
    asked = events.with_row_index("row").filter(
        placed & (pl.col("kind") != KIND) & (pl.col("verdict") != "refuted").fill_null(True)
    )
    cell = cell_of(asked["latitude"].to_numpy(), asked["longitude"].to_numpy())
    hour = asked["time"].dt.epoch("us").to_numpy() // HOUR_US
    found = asked.select("row", pl.Series("key", hour * COUNT + cell)).join(keys, on="key").select("row", "area")
    why = pl.col("why").fill_null("")
    said = pl.format("{}; {} ({})", why, pl.lit(DOUBT), pl.col("area")).str.strip_prefix("; ")
    doubtful = pl.col("area").is_not_null()
    return (
        events.with_row_index("row")
        .join(found, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.when(doubtful).then(pl.lit("undetermined")).otherwise("verdict").alias("verdict"),
            pl.when(doubtful & ~why.str.contains(DOUBT, literal=True)).then(said).otherwise("why").alias("why"),
        )
        .drop("row", "area")
    )


def _keys(areas: pl.DataFrame) -> pl.DataFrame:
    """The cells and hours of interference events as numbers, `key`, each with the id of its event, `area`."""
    keys: list[int] = []
    ids: list[str] = []
    for name, text in areas.filter(pl.col("kind") == KIND).sort("start", "id").select("id", "parameters").iter_rows():
        told = json.loads(text)
        for row in told["hours"]:
            hour = (datetime.fromisoformat(row["hour"]) - _EPOCH) // timedelta(hours=1)
            keys.append(hour * COUNT + told["cell"]["number"])
            ids.append(name)
    frame = pl.DataFrame({"key": keys, "area": ids}, schema={"key": pl.Int64(), "area": pl.String()})
    return frame.unique("key", keep="first", maintain_order=True)


def _by_aircraft(seen: pl.DataFrame) -> pl.DataFrame:
    """What each aircraft showed in each cell and hour, named by its track with the first degraded report."""
    return seen.group_by("cell", "hour", "aircraft").agg(
        pl.col("track").sort_by("from_us", "track").first(),
        pl.col("signs").bitwise_or(),
        pl.col("from_us").min(),
        pl.col("to_us").max(),
    )


def _disturbed(aircraft: pl.DataFrame, parameters: InterferenceParameters) -> pl.DataFrame:
    """The cells and hours that are disturbed, with their counts, `share`, and `least`, the lower end of its interval."""
    degraded, fine = pl.col("signs") & DEGRADED != 0, pl.col("signs") & FINE != 0
    hours = (
        aircraft.group_by("cell", "hour")
        .agg(
            degraded.sum().alias("degraded"),
            (fine & ~degraded).sum().alias("fine"),
            (~fine & ~degraded).sum().alias("unknown"),
        )
        .with_columns((pl.col("degraded") + pl.col("fine")).alias("of"))
        .filter((pl.col("degraded") >= parameters.degraded) & (pl.col("of") >= parameters.seen))
        .with_columns((pl.col("degraded") / pl.col("of")).alias("share"))
        .filter(pl.col("share") > parameters.share)
    )
    found, of = (hours[name].cast(pl.Float64).to_numpy() for name in ("degraded", "of"))
    return hours.with_columns(pl.Series("least", wilson_lower(found, of), dtype=pl.Float64))


def _runs(hours: pl.DataFrame) -> pl.DataFrame:
    """Hours of one cell that follow each other, numbered as one `run`."""
    follows = (pl.col("cell").diff() == 0) & (pl.col("hour").diff() == 1)
    return hours.sort("cell", "hour").with_columns((~follows.fill_null(False)).cum_sum().alias("run"))


def _why(worst: dict[str, Any], members: pl.DataFrame, parameters: InterferenceParameters, confirmed: bool) -> str:
    there = members.filter(pl.col("hour") == worst["hour"])
    signs = ", ".join(
        f"{count} {text.replace('_', ' ')}"
        for sign, text in SIGN_NAMES.items()
        if (count := there.filter(pl.col("signs") & sign != 0).height)
    )
    begins = _moment(worst["hour"] * HOUR_US)
    bound = f"at least {worst['least']:.0%} by the 95 % bound"
    return (
        f"{worst['degraded']} of {worst['of']} aircraft degraded ({worst['share']:.0%}: {signs}) from {begins:%H:%M} to "
        f"{begins + timedelta(hours=1):%H:%M} UTC; {bound}, "
        f"{'more than' if confirmed else 'which may be less than'} {parameters.share:.0%}"
    )


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
