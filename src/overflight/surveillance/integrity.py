"""The integrity gate: which positions not to believe, before any net sees them.

Half of all close encounters in raw recordings are artefacts. Each flag below names one kind; a position may have several.
*Disqualifying* flags keep it from the nets; what rests on *degrading* ones is `undetermined`. Every flag is counted.

| flag | what | default | why this threshold |
|---|---|---|---|
| stale | the position was old when it was reported | 20 s | at 480 kt it is 2.7 NM away, most of a minimum |
| frozen | the same position again from a moving aircraft | 200 m in 2 s | more than CPR rounding (5 m) and a report's jitter |
| jump | out of reach of the position before | 1,500 kt, 1.5 x reported + 100 kt, 60,000 ft/min | more than gusts, late clocks and fighters |
| relocated | the first after a jump on which three in a row agree | 3 | a stray decode moves no track, a real shift kills none |
| altitude | geometric against barometric altitude | 1,500 ft + 8 % | QNH 980 to 1050 hPa, geoid and ISA +/- 20 K stay below |
| duplicate | TIS-B on an aircraft, never away from it; one address twice | 0.3 NM, 500 ft, 45 deg, 15 s | twice the lag that TIS-B shows on ADS-B |
| shared_point | many aircraft on one point while moving | 3 within 60 s on 11 m | no runway takes three in a minute |
| shared_circle | many aircraft on one circle | 3 in 10 min, 10 %, 0.5 to 30 km | thermals are smaller, holding patterns no circles |
| low_quality | NIC or NACp: the position may be far off | NIC < 5, NACp < 6 | 1 NM and 0.3 NM do not vanish in a 3 NM minimum |
| same_aircraft | another sensor's track, joined to one that is being heard | see `fusion` | set there, not by the gate |
| on_ground | on the ground | as reported | surface traffic is separated otherwise |

NIC and NACp: RTCA DO-260B, 2.2.3.2.7.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.errors import ParameterError
from overflight.surveillance.batch import Batch, TrackNames, gather
from overflight.surveillance.memory import LastKnown
from overflight.surveillance.renumbering import GONE, Renumbering
from overflight.units import FT_M, FT_PER_MIN_MPS, KT_MPS, NM_M

STALE: Final = 1 << 0
FROZEN: Final = 1 << 1
JUMP: Final = 1 << 2
ALTITUDE: Final = 1 << 3
DUPLICATE: Final = 1 << 4
SHARED_POINT: Final = 1 << 5
SHARED_CIRCLE: Final = 1 << 6
LOW_QUALITY: Final = 1 << 7
ON_GROUND: Final = 1 << 8
RELOCATED: Final = 1 << 9
SAME_AIRCRAFT: Final = 1 << 10

NAMES: Final = {
    STALE: "stale",
    FROZEN: "frozen",
    JUMP: "jump",
    ALTITUDE: "altitude",
    DUPLICATE: "duplicate",
    SHARED_POINT: "shared_point",
    SHARED_CIRCLE: "shared_circle",
    LOW_QUALITY: "low_quality",
    ON_GROUND: "on_ground",
    RELOCATED: "relocated",
    SAME_AIRCRAFT: "same_aircraft",
}
DISQUALIFYING: Final = STALE | FROZEN | JUMP | DUPLICATE | SHARED_POINT | SHARED_CIRCLE | SAME_AIRCRAFT
DEGRADING: Final = ALTITUDE | LOW_QUALITY
COPIED: Final = DUPLICATE | SHARED_POINT | SHARED_CIRCLE | SAME_AIRCRAFT
"""What makes a whole track suspect for a while, not only the position that shows it."""

PROOF_US: Final = 150_000_000
"""As long as it takes until tracks of two sensors are joined, and a half more (`overflight.surveillance.fusion`): what two that may be one
aircraft do is concluded so much later."""

ONE_NM: Final = 1.0
ONE_FT: Final = 500.0
"""Nearer than this, two tracks may be one aircraft: sensors differ by some hundred metres and a second, and altitudes by a rounding."""

SUSPECTS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "track": pl.UInt32(),
    "time_us": pl.Int64(),
    "flags": pl.UInt32(),  # of COPIED
    "original": pl.Int64(),  # the aircraft that a duplicate copies (`TrackNames.aircraft`); -1 for the other flags
}
"""Which tracks were found to be copies or spoofed, and when."""

# Of several flags on one encounter, the one named: what explains most comes first.
_NAMED_FIRST = (DUPLICATE, SAME_AIRCRAFT, SHARED_POINT, SHARED_CIRCLE, JUMP, FROZEN, STALE)

CIRCLE_MEMORY_US = 600_000_000
CIRCLE_HOLD_US = 30_000_000


@dataclass(frozen=True)
class Thresholds:
    """When each flag is set; see the table at the top of the module for the reasons."""

    stale_s: float = 20.0
    frozen_m: float = 200.0
    jump_speed_kt: float = 1500.0
    jump_speed_factor: float = 1.5
    jump_speed_margin_kt: float = 100.0
    jump_climb_fpm: float = 60_000.0
    altitude_ft: float = 1500.0
    altitude_share: float = 0.08
    duplicate_nm: float = 0.3
    duplicate_ft: float = 500.0
    duplicate_deg: float = 45.0
    duplicate_age_s: float = 15.0
    shared_tracks: int = 3
    shared_s: float = 60.0
    circle_share: float = 0.1
    nic: int = 5
    nac_p: int = 6

    @staticmethod
    def of(values: dict[str, Any]) -> Thresholds:
        """Take some thresholds by name ({"stale_s": 30}), the rest by default.

        Raises:
            ParameterError: no such threshold, or no positive number.
        """
        known = {f.name: f.type for f in dataclasses.fields(Thresholds)}
        for name, value in values.items():
            if name not in known:
                raise ParameterError("--threshold", name, "is no threshold", remedy=f"choose from {', '.join(known)}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
                raise ParameterError("--threshold", f"{name} = {value}", "is no positive number")
            if known[name] == "int" and value != int(value):
                raise ParameterError("--threshold", f"{name} = {value}", "is no whole number")
        return Thresholds(**{name: int(value) if known[name] == "int" else value for name, value in values.items()})

    def changed(self) -> dict[str, str]:
        """Return the thresholds that are not the default, as text."""
        return {
            f.name: str(getattr(self, f.name)) for f in dataclasses.fields(self) if getattr(self, f.name) != f.default
        }


def counts(flags: NDArray[np.uint32]) -> dict[str, int]:
    """Count the rows with each flag that occurs, by name."""
    found = {name: int(np.count_nonzero(flags & bit)) for bit, name in NAMES.items()} if flags.any() else {}
    return {name: count for name, count in found.items() if count}


def name_of(flags: int) -> str:
    """Name the one disqualifying flag that explains most."""
    return next((NAMES[bit] for bit in _NAMED_FIRST if flags & bit), "several")


class Gate:
    """Flags positions, batch by batch in order of time; only the past decides, so the cut into batches does not matter."""

    def __init__(self, thresholds: Thresholds, names: TrackNames, threads: int = 1) -> None:
        """Start with nothing seen; `names` is shared with whoever makes the batches."""
        from overflight_kernels import Crowd, CrowdLimits, GateLimits, TrackGate

        t = self._t = thresholds
        self.names, self._threads = names, threads
        self._along = TrackGate(
            GateLimits(
                top_speed_mps=t.jump_speed_kt * KT_MPS,
                speed_factor=t.jump_speed_factor,
                speed_margin_mps=t.jump_speed_margin_kt * KT_MPS,
                climb_mps=t.jump_climb_fpm * FT_PER_MIN_MPS,
                jitter_s=2.0,  # time stamps in whole seconds, and relays that stamp on arrival
                slack_m=500.0,
                climb_slack_m=500.0 * FT_M,
                frozen_m=t.frozen_m,
                frozen_s=2.0,
                relocate_after=3,
                circle_least_m=500.0,
                circle_most_m=30_000.0,
                circle_roundness=0.05,
            )
        )
        self._across = Crowd(
            CrowdLimits(
                shared_tracks=t.shared_tracks,
                shared_us=round(t.shared_s * 1e6),
                shared_speed_mps=40.0 * KT_MPS,  # slower is taxiing, hovering, or parked on one stand
                shared_deg=1e-4,
                copy_age_us=round(t.duplicate_age_s * 1e6),
                copy_m=t.duplicate_nm * NM_M,
                copy_same_m=2.46 * NM_M,  # one address: anything near is it; farther off it is shared or spoofed
                copy_climb_m=t.duplicate_ft * FT_M,
                copy_turn_deg=t.duplicate_deg,
                copy_speed_mps=40.0 * KT_MPS,
                apart_m=5.0 * t.duplicate_nm * NM_M,  # no lag of a relay takes a copy so far from its original
                apart_us=600_000_000,
            )
        )
        self._nic, self._nac_p = LastKnown(np.float32, np.nan), LastKnown(np.float32, np.nan)
        self._circles: list[tuple[int, int, float, float, float]] = []  # time, aircraft, latitude, longitude, radius
        self._circling: dict[int, int] = {}  # track: until when it counts as on a shared circle

    def judge(self, batch: Batch) -> Batch:
        """Return the batch, whose rows are not earlier than any before, with its flags and suspects."""
        flags = self._by_row(batch)
        if len(batch) == 0:
            return replace(batch, suspects=pl.DataFrame(schema=SUSPECTS_SCHEMA))
        from overflight_kernels import order_by_track

        rows, offsets = order_by_track(batch.track, batch.tracks)
        self._flag_quality(batch, flags, rows, offsets)
        altitude_m = batch.altitude_ft.astype(np.float64) * FT_M
        speed_mps = batch.groundspeed_kt.astype(np.float64) * KT_MPS
        columns = (batch.time_us, batch.latitude, batch.longitude, altitude_m, speed_mps)
        time_us, latitude, longitude, altitude, speed = gather(columns, rows, self._threads)
        along, circle_row, *circle = self._along.update(
            offsets=offsets,
            time_us=time_us,
            latitude_deg=latitude,
            longitude_deg=longitude,
            altitude_m=altitude,
            speed_mps=speed,
            threads=self._threads,
        )
        del time_us, latitude, longitude, altitude, speed
        told = np.flatnonzero(along)
        for bit, flag in ((1, FROZEN), (2, JUMP), (4, RELOCATED)):
            flags[rows[told[along[told] & bit != 0]]] |= np.uint32(flag)
        across, copy_row, original = self._across.update(
            time_us=np.ascontiguousarray(batch.time_us),
            track=np.ascontiguousarray(batch.track),
            latitude_deg=batch.latitude,
            longitude_deg=batch.longitude,
            altitude_m=altitude_m,
            speed_mps=speed_mps,
            course_deg=batch.track_deg.astype(np.float64),
            doubtful=(flags & (STALE | FROZEN | JUMP) != 0).astype(np.uint8),
            hearsay=self.names.array("hearsay"),
            aircraft=self.names.array("aircraft"),
            threads=self._threads,
        )
        told = np.flatnonzero(across)
        for bit, flag in ((1, SHARED_POINT), (2, DUPLICATE)):
            flags[told[across[told] & bit != 0]] |= np.uint32(flag)
        self._flag_circles(batch, flags, rows[circle_row], circle)
        suspicious = np.flatnonzero(flags & COPIED)
        copied = np.full(len(suspicious), -1)
        copied[np.searchsorted(suspicious, copy_row)] = self.names.array("aircraft")[original]
        suspects = {
            "track": batch.track[suspicious],
            "time_us": batch.time_us[suspicious],
            "flags": flags[suspicious] & COPIED,
            "original": copied,
        }
        return replace(batch, flags=batch.flags | flags, suspects=pl.DataFrame(suspects, schema=SUSPECTS_SCHEMA))

    def _flag_quality(
        self, batch: Batch, flags: NDArray[np.uint32], rows: NDArray[np.int64], offsets: NDArray[np.int64]
    ) -> None:
        """Flag by the last NIC and NACp that a track is known to have sent: not every report repeats them."""
        first, track = offsets[:-1][np.diff(offsets) > 0], batch.track[rows]
        for column, memory, least in ((batch.nic, self._nic, self._t.nic), (batch.nac_p, self._nac_p, self._t.nac_p)):
            quality = column[rows]
            memory.carry(quality, track, first, batch.tracks)
            flags[rows[quality < least]] |= np.uint32(LOW_QUALITY)

    def _by_row(self, batch: Batch) -> NDArray[np.uint32]:
        t = self._t
        high_ft = np.maximum(np.abs(batch.altitude_ft), np.abs(batch.geoaltitude_ft))
        tests = (
            (STALE, batch.position_age_s > t.stale_s),
            (ALTITUDE, np.abs(batch.altitude_ft - batch.geoaltitude_ft) > t.altitude_ft + t.altitude_share * high_ft),
            (ON_GROUND, batch.onground),
        )
        flags = np.zeros(len(batch), np.uint32)
        for flag, true in tests:
            flags[true] |= np.uint32(flag)
        return flags

    def _flag_circles(
        self, batch: Batch, flags: NDArray[np.uint32], rows: NDArray[np.int64], circle: list[NDArray[np.float64]]
    ) -> None:
        """Flag tracks on one circle with others, from the row at which enough are known to fly on it, for half a minute."""
        for k in np.lexsort((batch.track[rows], batch.time_us[rows])):
            row, (latitude, longitude, radius_m) = rows[k], (float(column[k]) for column in circle)
            now, track = int(batch.time_us[row]), int(batch.track[row])
            self._circles = [known for known in self._circles if now - known[0] <= CIRCLE_MEMORY_US]
            self._circles.append((now, self.names.aircraft[track], latitude, longitude, radius_m))
            on_it = {
                aircraft
                for _, aircraft, lat, lon, radius in self._circles
                if abs(radius - radius_m) <= self._t.circle_share * radius_m
                and _near_m(latitude, longitude, lat, lon) <= self._t.circle_share * radius_m
            }
            if len(on_it) >= self._t.shared_tracks:
                self._circling[track] = now + CIRCLE_HOLD_US
                held = (batch.track == track) & (batch.time_us >= now) & (batch.time_us < now + CIRCLE_HOLD_US)
                flags[held] |= np.uint32(SHARED_CIRCLE)
        first = int(batch.time_us[0])
        self._circling = {track: until for track, until in self._circling.items() if until > first}
        for track, until in self._circling.items():
            # Held over from an earlier batch; within this one the rows before the finding stay as they are.
            if until - CIRCLE_HOLD_US < first:
                flags[(batch.track == track) & (batch.time_us < until)] |= np.uint32(SHARED_CIRCLE)

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks."""
        self._along.keep(numbers.kept)
        self._across.keep(numbers.kept, numbers.aircraft)
        for memory in (self._nic, self._nac_p):
            memory.forget(numbers)
        self._circles = [
            (us, int(numbers.aircraft[who]), latitude, longitude, radius_m)
            for us, who, latitude, longitude, radius_m in self._circles
            if numbers.aircraft[who] != GONE
        ]
        both = ((int(numbers.track[track]), until) for track, until in self._circling.items())
        self._circling = {track: until for track, until in both if track != GONE}

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "along": self._along.state(),
            "across": self._across.state(),
            "quality": (self._nic.snapshot(), self._nac_p.snapshot()),
            "circles": list(self._circles),
            "circling": dict(self._circling),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self._along.set_state(state["along"])
        self._across.set_state(state["across"])
        self._nic.restore(state["quality"][0])
        self._nac_p.restore(state["quality"][1])
        self._circles, self._circling = list(state["circles"]), dict(state["circling"])


def _near_m(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    east = (longitude_b - longitude_a + 180.0) % 360.0 - 180.0
    return float(np.hypot(latitude_b - latitude_a, east * np.cos(np.radians(latitude_a)))) * 60.0 * NM_M
