"""Positions on their way through the pipeline: arrays in order of time, tracks named by small numbers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.surveillance.renumbering import GONE, Renumbering, renumbered

NO_SQUAWK = 0xFFFF
NOT_REPEATED = 2**63 - 1

# 95 % horizontal accuracy taken for a source that states none, m. ADS-B: NACp 8, the least that 14 CFR 91.227(c)(1) and
# Regulation (EU) 1207/2011 let an equipped aircraft report. Multilateration and radar: half the 300 m and 600 m of EUROCONTROL-SPEC-147
# (3 NM and 5 NM services), rounded up. A hand-placed position is worth what its author says; nothing is taken for granted.
DEFAULT_ACCURACY_M = {
    None: 185.2,
    "adsb": 92.6,
    "mlat": 150.0,
    "mode_s": 92.6,
    "radar": 300.0,
    "system_track": 300.0,
    "manual": 1852.0,
    "synthetic": 0.0,
}


_COLUMNS: Final = (
    "track_id", "icao24", "callsign", "callsign_from_us", "party", "hearsay", "repeated_from_us", "first_us", "aircraft",
    "default_accuracy_m", "source", "sensor",
)  # fmt: skip
_ARRAYS: Final = {
    "hearsay": np.uint8, "aircraft": np.uint32, "default_accuracy_m": np.float64, "repeated_from_us": np.int64,
}  # fmt: skip


@dataclass
class TrackNames:
    """Every track met so far; a track's number is its place here, in the order in which they were met."""

    track_id: list[str] = field(default_factory=list[str])
    icao24: list[str | None] = field(default_factory=list["str | None"])
    callsign: list[str | None] = field(default_factory=list["str | None"])  # the first that was heard
    callsign_from_us: list[int] = field(default_factory=list[int])  # when that was
    party: list[str | None] = field(default_factory=list["str | None"])
    hearsay: list[int] = field(default_factory=list[int])  # 1 for TIS-B: what a radar saw, sent out again
    repeated_from_us: list[int] = field(default_factory=list[int])  # when ADS-R was first heard of it, or NOT_REPEATED
    first_us: list[int] = field(default_factory=list[int])  # when it was first heard of
    aircraft: list[int] = field(default_factory=list[int])  # equal for tracks of one icao24
    default_accuracy_m: list[float] = field(default_factory=list[float])
    source: list[str] = field(default_factory=list[str])  # "adsb", "radar"; "tisb" for what is relayed; "" for unknown
    sensor: list[str] = field(default_factory=list[str])  # which of them: "radar:KSJC"; one name for those without
    split_from: dict[int, int] = field(default_factory=dict[int, int])  # a track split off: from which
    # by aircraft: sensor of a track joined to it, since when, and until when (NOT_REPEATED: still)
    joined: dict[int, list[tuple[str, int, int]]] = field(default_factory=dict[int, "list[tuple[str, int, int]]"])
    _number: dict[str, int] = field(default_factory=dict[str, int])
    _aircraft_number: dict[str, int] = field(default_factory=dict[str, int])
    _arrays: dict[str, NDArray[Any]] = field(default_factory=dict[str, "NDArray[Any]"])
    _filled: dict[str, int] = field(
        default_factory=dict[str, int]
    )  # how much of an array is filled; it has room for more
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        """Count the tracks."""
        return len(self.track_id)

    def array(self, name: str) -> NDArray[Any]:
        """Return a column (one of `_ARRAYS`) as an array, by number of the track. Not to be written to."""
        with self._lock:  # the next batch is made, and learns names, while nets ask for those of this one
            column: list[Any] = getattr(self, name)
            tracks, filled = len(column), self._filled.get(name, 0)
            known = self._arrays.get(name, np.empty(0, _ARRAYS[name]))
            if tracks > len(known):
                known = self._arrays[name] = np.append(known[:filled], np.empty(2 * tracks - filled, known.dtype))
            if tracks > filled:
                known[filled:tracks] = column[filled:tracks]
                self._filled[name] = tracks
            return known[:tracks]

    def forget(self, keep: NDArray[np.bool_]) -> Renumbering:
        """Forget the tracks that are not to be kept (by number); everybody who knows tracks by number has to, with what is returned."""
        numbers = renumbered(keep, self.array("aircraft").astype(np.int64))
        for name in _COLUMNS:
            column: list[Any] = getattr(self, name)
            setattr(self, name, [column[k] for k in numbers.kept.tolist()])
        new, aircraft = numbers.track.tolist(), numbers.aircraft.tolist()
        self.aircraft = [aircraft[k] for k in self.aircraft]
        self._number = {name: k for k, name in enumerate(self.track_id)}
        known = ((name, aircraft[k]) for name, k in self._aircraft_number.items())
        self._aircraft_number = {name: k for name, k in known if k != GONE}
        both = ((new[k], new[other]) for k, other in self.split_from.items())
        self.split_from = {k: other for k, other in both if GONE not in (k, other)}
        self.joined = {aircraft[k]: sensors for k, sensors in self.joined.items() if aircraft[k] != GONE}
        self._arrays, self._filled = {}, {}
        return numbers

    def find(self, track_id: str) -> int:
        """Return the number of a track that is known."""
        return self._number[track_id]

    def numbers(self, told: pl.DataFrame) -> tuple[NDArray[np.uint32], list[int]]:
        """Numbers of the tracks of `told` (columns as `number` takes them), and the places of rows that `number` has to learn from.

        A live feed brings the same tracks every second: they are looked up, and nothing else is done.
        """
        known = list(map(self._number.get, told["track_id"].to_list()))
        said, repeated = told["callsign"].is_not_null().to_list(), told["repeated_from_us"].is_not_null().to_list()
        news = [
            k
            for k, number in enumerate(known)
            if number is None or repeated[k] or (said[k] and self.callsign[number] is None)
        ]
        return np.array([0 if number is None else number for number in known], np.uint32), news

    def number(self, row: dict[str, Any]) -> int:
        """Number of the track that `row` (a row of the position table) belongs to; a new one where it is not known yet."""
        name = row["track_id"]
        known = self._number.get(name)
        if known is None:
            known = self._number[name] = len(self.track_id)
            self.track_id.append(name)
            self.icao24.append(row["icao24"])
            self.first_us.append(row["first_us"])
            self.callsign.append(None)
            self.callsign_from_us.append(0)
            self.party.append(row["party"])
            self.hearsay.append(int(row["address_type"] == "tisb"))
            self.repeated_from_us.append(NOT_REPEATED)
            same = row["icao24"] or f"track {name}"
            self.aircraft.append(self._aircraft_number.setdefault(same, len(self._aircraft_number)))
            relayed = row["address_type"] == "tisb"  # what a radar saw, sent out again
            self.default_accuracy_m.append(DEFAULT_ACCURACY_M["radar" if relayed else row["source"]])
            self.source.append("tisb" if relayed else row["source"] or "")
            self.sensor.append(f"{self.source[-1]}:{row['sensor'] or ''}")
        if self.callsign[known] is None and row["callsign"] is not None:
            self.callsign[known], self.callsign_from_us[known] = row["callsign"], row["callsign_from_us"]
        if row["repeated_from_us"] is not None:
            self.repeated_from_us[known] = min(self.repeated_from_us[known], row["repeated_from_us"])
            with self._lock:
                if known < self._filled.get("repeated_from_us", 0):
                    self._arrays["repeated_from_us"][known] = self.repeated_from_us[known]
        return known

    def unknown(self, tracks: pl.Series) -> list[str]:
        """Names of tracks that were never met before, in their order."""
        return sorted(set(tracks.unique().to_list()) - self._number.keys())

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        joined = {aircraft: list(sensors) for aircraft, sensors in self.joined.items()}
        columns = {
            name: value.copy() for name, value in vars(self).items() if name not in ("_arrays", "_filled", "_lock")
        }
        return columns | {"joined": joined}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot, in place: nets hold on to the object."""
        for name, value in state.items():
            setattr(self, name, value.copy())
        self._arrays, self._filled = {}, {}
        self.joined = {aircraft: list(sensors) for aircraft, sensors in state["joined"].items()}

    def first_stay(self, number: int) -> int:
        """Number of the track whose later stay this one is ("adsb:a1b2c3" for "adsb:a1b2c3#2"); its own where it is none."""
        name, _, stay = self.track_id[number].rpartition("#")
        return self._number.get(name, number) if stay.isdecimal() else number

    def split(self, number: int, name: str) -> int:
        """Number of the track `name`, an aircraft of its own, which shares the address and the sensor of another track."""
        known = self._number.get(name)
        if known is None:
            known = self._number[name] = len(self.track_id)
            self.track_id.append(name)
            for copied in (self.icao24, self.callsign, self.callsign_from_us, self.party, self.hearsay):
                copied.append(copied[number])  # type: ignore[arg-type]
            for copied in (self.first_us, self.repeated_from_us, self.default_accuracy_m, self.source, self.sensor):
                copied.append(copied[number])  # type: ignore[arg-type]
            self.aircraft.append(self._aircraft_number.setdefault(f"track {name}", len(self._aircraft_number)))
            self.split_from[known] = number
        return known

    def sources(self, number: int, start_us: int, end_us: int) -> list[str]:
        """Name the sensors of a track, and of those joined to its aircraft at any time from `start_us` to `end_us`."""
        joined = self.joined.get(self.aircraft[number], ())
        others = {sensor for sensor, since, until in joined if since <= end_us and until > start_us}
        return [name.rstrip(":") for name in (self.sensor[number], *sorted(others - {self.sensor[number]}))]

    def may_be_one(self, one: int, other: int) -> bool:
        """Whether two tracks may be one aircraft that two sensors see, as one of them at least has no address."""
        return (
            self.sensor[one] != self.sensor[other]
            and (self.icao24[one] is None or self.icao24[other] is None)
            and not (self.hearsay[one] or self.hearsay[other])
        )

    def unproven(self, one: int, other: int, time_us: int, proof_us: int) -> bool:
        """Whether two tracks may be one aircraft (`may_be_one`), and one without an address was too new at a time for a proof."""
        born_us = [self.first_us[track] for track in (one, other) if self.icao24[track] is None]
        return self.may_be_one(one, other) and time_us - max(born_us) < proof_us

    def callsign_by(self, number: int, time_us: int) -> str | None:
        """Callsign of a track as known at a time: what is heard later must not change what was concluded before."""
        return self.callsign[number] if self.callsign_from_us[number] <= time_us else None


@dataclass(frozen=True)
class Batch:
    """Rows in order of timestamp, then track_id. All arrays have the same length.

    Unknown numbers are NaN, an unknown squawk is `NO_SQUAWK`. Squawks are the four digits read as a decimal number.
    """

    time_us: NDArray[np.int64]  # since 1970, UTC
    track: NDArray[np.uint32]  # place in TrackNames
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    altitude_ft: NDArray[np.float32]
    geoaltitude_ft: NDArray[np.float32]
    groundspeed_kt: NDArray[np.float32]
    track_deg: NDArray[np.float32]
    vertical_rate_fpm: NDArray[np.float32]
    position_age_s: NDArray[np.float32]
    accuracy_m: NDArray[np.float32]
    squawk: NDArray[np.uint16]
    onground: NDArray[np.bool_]
    nic: NDArray[np.float32]
    nac_p: NDArray[np.float32]
    flags: NDArray[np.uint32]
    row: NDArray[np.int64]  # place in the recording's table, for the evidence
    tracks: int  # how many are known by now; the names may be ahead, as the next batch is made while this one is tested
    suspects: pl.DataFrame | None = None  # see `overflight.surveillance.integrity.SUSPECTS_SCHEMA`; set by the gate

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.time_us)


def gather(columns: Sequence[NDArray[Any]], rows: NDArray[np.int64], threads: int) -> list[NDArray[Any]]:
    """Rows of several columns; NumPy lets go of the GIL while it copies, so columns are copied side by side."""
    if threads < 2 or len(rows) < 100_000:
        return [column[rows] for column in columns]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(partial(np.take, indices=rows), columns))


def _first_rows(codes: NDArray[np.uint32], size: int) -> NDArray[np.int64]:
    """The first row that has each code below `size`, -1 where none has."""
    first = np.full(size, -1)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # of several assignments to a place the last one stays
    return first


def batch_of(table: pl.DataFrame, names: TrackNames, first_row: int = 0) -> Batch:
    """Turn rows of the position table (in its order) into a batch; `names` learns the tracks that are new.

    `first_row` is the place of the table's first row in the recording.
    """
    local = table["track_id"].cast(pl.Categorical).to_physical().to_numpy()
    # The first row of each track tells what it is; the numbers follow the order in which tracks appear.
    size = int(local.max()) + 1 if len(local) else 0
    first = _first_rows(local, size)
    rows = np.sort(first[first >= 0])
    first_us = pl.col("timestamp").to_physical().alias("first_us")
    told = table.select("track_id", "icao24", "party", "source", "sensor", "address_type", first_us)[rows]
    heard = np.flatnonzero(table["callsign"].is_not_null().to_numpy())
    named = _first_rows(local[heard], size)[local[rows]]
    spoken = heard[np.maximum(named, 0)] if len(heard) else np.zeros(len(rows), np.int64)
    said = table.select("callsign", "timestamp")[spoken].with_columns(pl.Series("known", named >= 0))
    repeats = np.flatnonzero((table["address_type"] == "adsr").fill_null(False).to_numpy())
    repeated = _first_rows(local[repeats], size)[local[rows]]
    again = repeats[np.maximum(repeated, 0)] if len(repeats) else np.zeros(len(rows), np.int64)
    told = told.with_columns(
        pl.when(said["known"]).then(said["callsign"]).alias("callsign"),
        pl.when(said["known"]).then(said["timestamp"].to_physical()).alias("callsign_from_us"),
        pl.when(pl.Series(repeated >= 0)).then(table["timestamp"].to_physical()[again]).alias("repeated_from_us"),
    )
    numbers = np.zeros(size, np.uint32)
    places = local[rows]
    numbers[places], news = names.numbers(told)
    for k, row in zip(news, told[news].iter_rows(named=True), strict=True):
        numbers[places[k]] = names.number(row)

    def floats(name: str) -> NDArray[np.float32]:
        return np.ascontiguousarray(table[name].cast(pl.Float32).fill_null(np.nan).to_numpy())

    n = table.height
    squawk = table["squawk"]
    code = np.full(n, NO_SQUAWK, np.uint16)
    if squawk.null_count() < n:
        code = squawk.cast(pl.UInt16, strict=False).fill_null(NO_SQUAWK).to_numpy()
    return Batch(
        time_us=table["timestamp"].to_physical().to_numpy(),
        track=numbers[local],
        latitude=np.ascontiguousarray(table["latitude"].to_numpy()),
        longitude=np.ascontiguousarray(table["longitude"].to_numpy()),
        altitude_ft=floats("altitude"),
        geoaltitude_ft=floats("geoaltitude"),
        groundspeed_kt=floats("groundspeed"),
        track_deg=floats("track"),
        vertical_rate_fpm=floats("vertical_rate"),
        position_age_s=floats("position_age"),
        accuracy_m=floats("accuracy"),
        squawk=np.ascontiguousarray(code),
        onground=table["onground"].fill_null(False).to_numpy(),
        nic=floats("nic"),
        nac_p=floats("nac_p"),
        flags=table["flags"].fill_null(0).to_numpy().copy(),
        row=np.arange(first_row, first_row + n, dtype=np.int64),
        tracks=len(names),
    )
