"""Make the synthetic tracks of the October 2015 scenario. None of them is a recording.

No machine-readable track of any of these flights is public. Each line here is made so that it does what a public statement says of a
flight, and nothing else about it is known: every position has the source `synthetic`.

    python tools/make_october_2015.py examples/october-2015
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pyproj import Geod

GEOD = Geod(ellps="WGS84")
HEAD = (
    "timestamp",
    "track_id",
    "callsign",
    "party",
    "latitude",
    "longitude",
    "altitude",
    "groundspeed",
    "accuracy",
    "source",
)


@dataclass(frozen=True)
class Flight:
    """A flight through points (latitude, longitude in deg, altitude in ft) at one speed, a report every `step_s`."""

    name: str
    callsign: str
    party: str
    start: str
    speed_kt: float
    points: Sequence[tuple[float, float, float]]
    step_s: float = 5.0

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Give its reports, the last one at the last point."""
        speed_mps, time_s, start = self.speed_kt * 1852.0 / 3600.0, 0.0, datetime.fromisoformat(self.start)
        for (lat, lon, alt), (next_lat, next_lon, next_alt) in zip(self.points, self.points[1:], strict=False):
            azimuth, _, length_m = GEOD.inv(lon, lat, next_lon, next_lat)
            takes_s = length_m / speed_mps
            steps = round(takes_s / self.step_s)
            for step in range(steps):
                share = step / steps
                at_lon, at_lat, _ = GEOD.fwd(lon, lat, azimuth, length_m * share)
                yield self._row(start, time_s + takes_s * share, at_lat, at_lon, alt + (next_alt - alt) * share)
            time_s += takes_s
        yield self._row(start, time_s, *self.points[-1])

    def _row(self, start: datetime, time_s: float, lat: float, lon: float, alt: float) -> tuple[object, ...]:
        moment = start + timedelta(milliseconds=round(time_s * 1000))
        return (
            moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"), f"synthetic:{self.name}", self.callsign, self.party,
            f"{lat:.6f}", f"{lon:.6f}", round(alt), round(self.speed_kt), 100, "synthetic",
        )  # fmt: skip


# 24 November: a path of some 1.15 miles and 17 s across the southern tip of Hatay at 19,000 ft, entered at 07:24:05 UTC,
# as the letter to the Security Council has it; and one that stays 5.5 km inside Syria at 6,000 m, as the air force's commander has it.
AS_TURKEY_STATES = Flight(
    "24-november-as-turkey-states",
    "AS-TR",
    "russia",
    "2015-11-24T07:23:21.4+00:00",
    228.0,
    ((35.8227, 36.2150, 19_000), (35.8227, 36.0300, 19_000)),
    1.0,
)
AS_RUSSIA_STATES = Flight(
    "24-november-as-russia-states", "AS-RU", "russia", "2015-11-24T07:23:21.4+00:00", 228.0,
    ((35.7690, 36.2150, 19_685), (35.7690, 36.0300, 19_685)), 1.0,
)  # fmt: skip

# 7 October: civil traffic as it might have been. One overflies high, one comes down to Erbil, one leaves Sulaymaniyah low.
OCTOBER = (
    Flight("7-october-overflight", "CIVIL1", "civil", "2015-10-07T01:40:00+00:00", 460.0, ((38.4, 47.6, 35_000), (35.2, 45.2, 35_000))),
    Flight("7-october-arrival", "CIVIL2", "civil", "2015-10-07T02:05:00+00:00", 240.0,
           ((35.3, 44.3, 9_000), (35.9, 44.08, 4_500), (36.2, 43.98, 1_900))),
    Flight("7-october-departure", "CIVIL3", "civil", "2015-10-07T02:20:00+00:00", 130.0,
           ((35.56, 45.32, 3_000), (35.8, 45.15, 4_300), (36.05, 45.0, 6_500))),
)  # fmt: skip

# After the memorandum: passes over eastern Syria of which nothing is public, made up to show how it is judged. On 10 November two pass some
# 4 NM apart (a breach by one side's distance, none by the other's), and two some 1.5 NM; on 10 July 2017, after the suspension, again.
AFTER = (
    Flight("10-november-north-1", "NORTH11", "", "2015-11-10T10:00:00+00:00", 420.0, ((35.0, 39.6, 24_000), (35.0, 40.6, 24_000)), 2.0),
    Flight("10-november-south-1", "SOUTH21", "", "2015-11-10T10:00:00+00:00", 380.0, ((35.066, 40.6, 23_000), (35.066, 39.6, 23_000)), 2.0),
    Flight("10-november-north-2", "NORTH12", "", "2015-11-10T11:00:00+00:00", 180.0, ((35.6, 39.8, 15_000), (35.6, 40.4, 15_000)), 2.0),
    Flight("10-november-south-2", "SOUTH22", "", "2015-11-10T11:00:00+00:00", 300.0, ((35.625, 40.4, 15_500), (35.625, 39.8, 15_500)), 2.0),
    Flight("10-july-2017-north-3", "NORTH13", "", "2017-07-10T10:00:00+00:00", 420.0, ((35.0, 39.6, 24_000), (35.0, 40.6, 24_000)), 2.0),
    Flight("10-july-2017-south-3", "SOUTH23", "", "2017-07-10T10:00:00+00:00", 380.0, ((35.025, 40.6, 23_500), (35.025, 39.6, 23_500)), 2.0),
)  # fmt: skip


def write(path: Path, flights: Sequence[Flight]) -> None:
    """Write flights as a position table, in order of time."""
    rows = sorted((row for flight in flights for row in flight.rows()), key=lambda row: (row[0], row[1]))
    with path.open("w", newline="", encoding="ascii") as file:
        csv.writer(file, lineterminator="\n").writerows([HEAD, *rows])


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write(folder / "synthetic_7_october_civil.csv", OCTOBER)
    write(folder / "synthetic_after_the_memorandum.csv", AFTER)
    write(folder / "synthetic_24_november_as_turkey_states.csv", [AS_TURKEY_STATES])
    write(folder / "synthetic_24_november_as_russia_states.csv", [AS_RUSSIA_STATES])
