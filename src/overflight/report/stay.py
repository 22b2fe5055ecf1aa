"""One stay in a volume as the report draws and tells it: the event, the volume, both crossings, the nearest boundary."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from overflight.airspace.boundary import areas_of
from overflight.airspace.volume import Volume
from overflight.earth.wgs84 import to_ecef
from overflight.report.describe import STAYS
from overflight.report.encounter import Encounter, known
from overflight.report.tracks import Floats, seconds
from overflight.units import parse_time

if TYPE_CHECKING:
    from overflight_kernels import Areas


@dataclass(frozen=True)
class Crossing:
    """How a stay begins or ends.

    Attributes:
        time: when; the event's own start or end where the parameters do not say.
        at_s: the same, in seconds from the deepest moment.
        ecef_m: where, (3,); NaN where not known.
        latitude, longitude: the same in degrees.
        altitude_ft: pressure altitude.
        how: "boundary", "floor or ceiling", "active time"; "first report" and "last report" where it was there already,
            or was there still.
    """

    time: datetime
    at_s: float
    ecef_m: Floats
    latitude: float | None
    longitude: float | None
    altitude_ft: float | None
    how: str

    @property
    def crossed(self) -> bool:
        """Whether anything was crossed: else the recording begins or ends there."""
        return self.how not in {"first report", "last report", ""}


@dataclass(frozen=True)
class Stay:
    """A stay of one track in one volume.

    Attributes:
        encounter: the event and the track; times are seconds from the deepest moment.
        volume: that it was in.
        entry, exit: how it began and ended.
        deepest_m: ECEF position at the deepest moment, (3,).
        nearest_m: ECEF position of the point of the boundary that was nearest then, (3,).
        qnh_hpa: how far QNH was taken to be from 1013.25 hPa.
    """

    encounter: Encounter
    volume: Volume
    entry: Crossing
    exit: Crossing
    deepest_m: Floats
    nearest_m: Floats
    qnh_hpa: float

    @property
    def row(self) -> dict[str, Any]:
        """The row of the event table."""
        return self.encounter.row


class Volumes:
    """The volumes of a check, by id, with their boundaries made once."""

    def __init__(self, volumes: Iterable[Volume], qnh_hpa: float) -> None:
        """Take them; nothing is computed yet."""
        self._volumes = {volume.id: volume for volume in volumes}
        self._areas: dict[str, Areas] = {}
        self.qnh_hpa = qnh_hpa

    def get(self, name: str | None) -> Volume | None:
        """Return a volume by its id."""
        return self._volumes.get(name or "")

    def nearest_m(self, volume: Volume, latitude: float, longitude: float) -> Floats:
        """ECEF position, (3,), of the point of a volume's boundary that is nearest to a place (deg)."""
        if volume.id not in self._areas:
            self._areas[volume.id] = areas_of([volume])
        place = np.array([latitude]), np.array([longitude]), np.zeros(1, np.uint32)
        _, x, y, z = self._areas[volume.id].nearest(*place)
        return np.concatenate([x, y, z])


def build(encounter: Encounter, volumes: Volumes) -> Stay | None:
    """Gather what the report shows of a stay; None for an event that is none, or of a volume that is not there."""
    row = encounter.row
    volume, latitude, longitude = volumes.get(row["volume"]), row["latitude"], row["longitude"]
    if (
        row["kind"] not in STAYS
        or volume is None
        or len(encounter.tracks) != 1
        or latitude is None
        or longitude is None
    ):
        return None
    return Stay(
        encounter=encounter,
        volume=volume,
        entry=_crossing(encounter, "entry", row["start"], encounter.start_s),
        exit=_crossing(encounter, "exit", row["end"] or row["time"], encounter.end_s),
        deepest_m=to_ecef(np.array([latitude]), np.array([longitude]))[0],
        nearest_m=volumes.nearest_m(volume, latitude, longitude),
        qnh_hpa=volumes.qnh_hpa,
    )


def _crossing(encounter: Encounter, which: str, otherwise: datetime, otherwise_s: float) -> Crossing:
    told: Any = encounter.parameters.get(which)
    state = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    time, at_s = otherwise, otherwise_s
    if isinstance(state.get("time"), str):
        time = parse_time(state["time"], which)
        at_s = seconds(time) - seconds(encounter.time)
    latitude, longitude = known(state.get("latitude")), known(state.get("longitude"))
    where = np.full(3, math.nan)
    if latitude is not None and longitude is not None:
        where = to_ecef(np.array([latitude]), np.array([longitude]))[0]
    how = str(state.get("how") or "")
    return Crossing(time, at_s, where, latitude, longitude, known(state.get("altitude_ft")), how)
