"""Incursions: against an independent brute force, and the cases in which a definition goes wrong."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import overflight
from overflight.airspace.volume import STRAIGHT, Airspace, Limit, Volume, Window
from tests.airspace.test_areas import PLACES
from tests.airspace.zones import GEOD, Oracle, star, volume
from tests.flights import MIDNIGHT, flight

SQUARE = ([29.9, 29.9, 30.1, 30.1], [-135.1, -134.9, -134.9, -135.1])  # 22 by 19 km, its middle at 30 N 135 W


def entered(table: pl.DataFrame, *volumes: Volume, **options: Any) -> pl.DataFrame:
    events = overflight.check(table, airspace=Airspace(volumes), nets=("incursion", "hazard"), ungated=True, **options)
    return events.to_polars().sort("start", "volume")


def told(row: dict[str, Any]) -> dict[str, Any]:
    return json.loads(row["parameters"])


def at_s(moment: Any) -> float:
    return (moment - MIDNIGHT) / timedelta(seconds=1)


class Path:
    """A flight as the definition has it: uniform along the geodesic between two reports at most `gap_s` apart."""

    def __init__(self, table: pl.DataFrame, gap_s: float = 60.0) -> None:
        self.t = (table["timestamp"].to_physical().to_numpy() - MIDNIGHT.timestamp() * 1e6) / 1e6
        self.lat, self.lon = table["latitude"].to_numpy(), table["longitude"].to_numpy()
        self.alt = table["altitude"].cast(pl.Float64).to_numpy()
        self.runs = np.split(np.arange(len(self.t)), np.flatnonzero(np.diff(self.t) > gap_s) + 1)

    def at(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        k = np.clip(np.searchsorted(self.t, times, "right") - 1, 0, len(self.t) - 2)
        share = (times - self.t[k]) / (self.t[k + 1] - self.t[k])
        azimuth, _, far = GEOD.inv(self.lon[k], self.lat[k], self.lon[k + 1], self.lat[k + 1])
        lon, lat, _ = GEOD.fwd(self.lon[k], self.lat[k], azimuth, np.asarray(far) * share)
        return np.asarray(lat), np.asarray(lon), self.alt[k] + (self.alt[k + 1] - self.alt[k]) * share


def brute_force(path: Path, oracle: Oracle, floor_ft: float, ceiling_ft: float) -> list[tuple[float, float, float]]:
    """Start, end and depth of every stay, by stepping and halving."""

    def inside(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lat, lon, alt = path.at(times)
        within, far = oracle.inside(lat, lon)
        return within & (alt >= floor_ft) & (alt <= ceiling_ft), far

    def crossing(outside: float, within: float) -> float:
        for _ in range(30):
            middle = (outside + within) / 2
            outside, within = (outside, middle) if inside(np.array([middle]))[0][0] else (middle, within)
        return within

    found = []
    for run in path.runs:
        if len(run) < 2:
            continue
        times = np.unique(np.concatenate([np.arange(path.t[run[0]], path.t[run[-1]], 0.5), path.t[run]]))
        hit, far = inside(times)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], hit.astype(int), [0]])))
        for i, j in zip(edges[::2], edges[1::2] - 1, strict=True):
            start = times[i] if i == 0 else crossing(times[i - 1], times[i])
            end = times[j] if j == len(times) - 1 else crossing(times[j + 1], times[j])
            found.append((float(start), float(end), float(far[i : j + 1].max())))
    return found


def wandering(rng: np.random.Generator, place: tuple[float, float], name: str) -> pl.DataFrame:
    """A flight that turns and climbs at every report; reports 2 to 20 s apart, with one silence."""
    count = int(rng.integers(10, 60))
    t = np.cumsum(rng.integers(2, 20, count).astype(float))
    t[count // 2 :] += 90.0
    course = rng.uniform(0, 360) + np.cumsum(rng.normal(0, 15, count))
    lat, lon = [float(np.clip(place[0] + rng.uniform(-0.1, 0.1), -89.99, 89.99))], [place[1]]
    for k in range(1, count):
        x, y, _ = GEOD.fwd(lon[-1], lat[-1], course[k], rng.uniform(60, 250) * (t[k] - t[k - 1]))
        lon.append(x)
        lat.append(y)
    table = pl.DataFrame(
        {
            "timestamp": pl.Series(np.round((MIDNIGHT.timestamp() + t) * 1e6).astype(np.int64)),
            "track_id": [name] * count,
            "latitude": lat,
            "longitude": lon,
            "altitude": (9000 + np.cumsum(rng.normal(0, 200, count))).astype(np.float32) + 0.5,
        }
    )
    return table.with_columns(pl.col("timestamp").cast(pl.Datetime("us", "UTC")))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.sampled_from(sorted(PLACES)))
def test_equals_brute_force(seed: int, where: str) -> None:
    rng = np.random.default_rng(seed)
    place = PLACES[where]
    low, high = Limit("STD", 8700.0), Limit("STD", 9600.0)
    zones = [volume(f"Z{k}", star(rng, *place, rng.uniform(2e3, 30e3)), floor=low, ceiling=high) for k in range(2)]
    tracks = [wandering(rng, place, f"T{k}") for k in range(4)]
    events = entered(pl.concat(tracks), *zones)
    for track in tracks:
        for zone in zones:
            want = brute_force(Path(track), Oracle(zone, *place), 8700.0, 9600.0)
            rows = events.filter((pl.col("track_a") == track["track_id"][0]) & (pl.col("volume") == zone.id)).to_dicts()
            long = [stay for stay in want if stay[1] - stay[0] > 0.6]
            found = [row for row in rows if row["duration_s"] > 0.6]
            if len(long) != len(found):  # the brute force steps over what lasts less than its step
                gaps = [at_s(b["start"]) - at_s(a["end"]) for a, b in itertools.pairwise(rows)]
                assert min(gaps, default=9) < 0.5
                continue
            for (start, end, depth), row in zip(long, found, strict=True):
                assert at_s(row["start"]) == pytest.approx(start, abs=0.05)
                assert at_s(row["end"]) == pytest.approx(end, abs=0.05)
                assert row["depth_m"] >= depth - 1.0
                assert row["depth_m"] == pytest.approx(depth, abs=0.5 * 251)  # the brute force looks every half second


def test_the_deepest_moment_and_the_way_are_exact() -> None:
    """Straight through the middle of a square: the depth is that of the middle, where no report is."""
    row = entered(flight("A", latitude=30, longitude=-135, every_s=20, reports=26), volume("Z", SQUARE)).to_dicts()[0]
    west, east = GEOD.inv(-135.1, 30, -135, 30)[2], GEOD.inv(-135, 30, -134.9, 30)[2]
    half = min(west, east, GEOD.inv(-135, 30, -135, 30.1)[2])
    assert row["depth_m"] == pytest.approx(half, abs=2.0)
    assert row["path_m"] == pytest.approx(west + east, abs=2.0)
    assert row["duration_s"] == pytest.approx((west + east) / (120 * 1852 / 3600), abs=0.05)
    entry = told(row)["entry"]
    assert (entry["longitude"], entry["how"]) == (pytest.approx(-135.1, abs=1e-5), "boundary")
    assert told(row)["exit"]["longitude"] == pytest.approx(-134.9, abs=1e-5)
    assert row["verdict"] == "confirmed"


def test_a_corner_cut_between_two_reports() -> None:
    """17 seconds inside, between two reports 20 s apart, neither of which is."""
    speed = 240 * 1852 / 3600
    corner = ([30.0, 31.0, 30.0], [-135.0, -134.0, -134.0])
    # Across the lower right corner of the triangle, on the way north-east.
    half = 0.5 * 17 * speed
    x, y, _ = GEOD.fwd(-134.0, 30.0, 315.0, half)
    table = flight("A", latitude=y, longitude=x, course=45.0, speed_kt=240, every_s=20, reports=2, start_s=0)
    rows = entered(table, volume("Z", corner)).to_dicts()
    assert len(rows) == 1
    assert 15.0 < rows[0]["duration_s"] < 19.0
    assert told(rows[0])["entry"]["how"] == told(rows[0])["exit"]["how"] == "boundary"


def test_beginning_and_ending_inside() -> None:
    """Take-off inside, and vanishing inside; a silence ends a stay and another begins."""
    table = flight("A", latitude=30, longitude=-135, speed_kt=60, reports=10)
    silent = table.with_columns(pl.col("timestamp") + timedelta(minutes=5))
    rows = entered(pl.concat([table, silent]), volume("Z", SQUARE)).to_dicts()
    assert [(told(row)["entry"]["how"], told(row)["exit"]["how"]) for row in rows] == [
        ("first report", "last report")
    ] * 2
    assert [row["duration_s"] for row in rows] == [45.0, 45.0]


def test_one_report_is_enough() -> None:
    row = entered(flight("A", latitude=30, longitude=-135, reports=1), volume("Z", SQUARE)).to_dicts()[0]
    assert (row["duration_s"], row["path_m"], row["verdict"]) == (0.0, 0.0, "confirmed")


def test_along_an_edge_is_inside_of_both_sides() -> None:
    west = volume("W", ([29, 29, 31, 31], [-136, -135, -135, -136]), STRAIGHT)
    east = volume("E", ([29, 29, 31, 31], [-135, -134, -134, -135]), STRAIGHT)
    table = flight("A", latitude=30, longitude=-135, course=0.0).with_columns(pl.lit(-135.0).alias("longitude"))
    rows = entered(table, west, east).to_dicts()
    assert [(row["volume"], row["duration_s"], row["verdict"]) for row in rows] == [
        ("E", 120.0, "undetermined"),
        ("W", 120.0, "undetermined"),
    ]


def test_floor_and_ceiling_are_crossed_like_any_boundary() -> None:
    zone = volume("Z", SQUARE, floor=Limit("STD", 5100), ceiling=Limit("STD", 5300))
    table = flight("A", latitude=30, longitude=-135, speed_kt=60, climb_fpm=300, reports=25)  # 5 ft/s from 5,000 ft
    row = entered(table, zone).to_dicts()[0]
    assert (at_s(row["start"]), at_s(row["end"])) == (pytest.approx(20.0), pytest.approx(60.0))
    assert told(row)["entry"]["how"] == "floor or ceiling"
    level = flight("A", latitude=30, longitude=-135, altitude=5300.0)
    assert entered(level, zone).height == 1  # the ceiling counts as inside
    assert entered(level.with_columns(pl.col("altitude") + 1), zone).height == 0


@pytest.mark.parametrize(
    ("altitude", "limits", "found"),
    [
        (7000.0, (Limit("AMSL", 5000), Limit("AMSL", 9000)), "confirmed"),
        (5500.0, (Limit("AMSL", 5000), Limit("AMSL", 9000)), "undetermined"),
        (4500.0, (Limit("AMSL", 5000), Limit("AMSL", 9000)), "undetermined"),
        (4000.0, (Limit("AMSL", 5000), Limit("AMSL", 9000)), None),
        (9700.0, (Limit("AMSL", 5000), Limit("AMSL", 9000)), "undetermined"),
        (6000.0, (Limit("SFC"), Limit("AGL", 1500)), "undetermined"),
        (35000.0, (Limit("SFC"), Limit("AGL", 1500)), None),
        (35000.0, (Limit("AGL", 500), Limit("UNL")), "confirmed"),
    ],
)
def test_levels_that_depend_on_pressure_or_terrain(
    altitude: float, limits: tuple[Limit, Limit], found: str | None
) -> None:
    zone = volume("Z", SQUARE, floor=limits[0], ceiling=limits[1])
    events = entered(flight("A", latitude=30, longitude=-135, altitude=altitude), zone)
    assert events["verdict"].to_list() == ([] if found is None else [found])


def test_a_smaller_uncertainty_of_pressure_decides_more() -> None:
    zone = volume("Z", SQUARE, floor=Limit("AMSL", 5000))
    table = flight("A", latitude=30, longitude=-135, altitude=5200.0)
    assert entered(table, zone)["verdict"].to_list() == ["undetermined"]
    assert entered(table, zone, qnh_uncertainty_hpa=5)["verdict"].to_list() == ["confirmed"]


def test_accuracy_decides_the_verdict() -> None:
    table = flight("A", latitude=30, longitude=-135, accuracy=50.0)
    assert entered(table, volume("Z", SQUARE))["verdict"].to_list() == ["confirmed"]
    assert entered(table, volume("Z", SQUARE, accuracy_m=12_000))["verdict"].to_list() == ["undetermined"]
    edge = flight("A", latitude=29.9003, longitude=-135, accuracy=50.0)
    assert entered(edge, volume("Z", SQUARE))["verdict"].to_list() == ["undetermined"]


def test_a_volume_that_becomes_active_while_somebody_is_inside() -> None:
    active = (
        Window(MIDNIGHT + timedelta(seconds=30), MIDNIGHT + timedelta(seconds=50.5)),
        Window(MIDNIGHT + timedelta(seconds=100), None),
    )
    rows = entered(flight("A", latitude=30, longitude=-135, speed_kt=60), volume("Z", SQUARE, active=active)).to_dicts()
    assert [(at_s(row["start"]), at_s(row["end"])) for row in rows] == [(30.0, 50.5), (100.0, 120.0)]
    assert told(rows[0])["entry"]["how"] == told(rows[0])["exit"]["how"] == "active time"
    assert told(rows[1])["entry"]["how"] == "active time"


def test_who_may_be_there() -> None:
    table = flight("A", latitude=30, longitude=-135, callsign="THY5", party="TR")
    zone = volume("Z", SQUARE, owner="TR")
    result = overflight.check(table, airspace=Airspace((zone,)), nets="incursion").result
    assert result.events.height == 0
    assert result.summary.dismissed == {"own airspace": 1}
    other = volume("Z", SQUARE, owner="SY")
    assert entered(table, other)["party_b"].to_list() == ["SY"]
    assert entered(table, other, allow=["callsign=THY*"]).height == 0
    assert entered(table, other, allow=["callsign=QTR*", "icao24=4b*"]).height == 1


def test_dangers_are_hazards() -> None:
    table = flight("A", latitude=30, longitude=-135)
    kinds = {
        kind: entered(table, volume("Z", SQUARE, kind=kind))["kind"].to_list() for kind in ("danger", "hazard", "fir")
    }
    assert kinds == {"danger": ["hazard"], "hazard": ["hazard"], "fir": ["incursion"]}


def test_unknown_altitude_is_never_taken_for_outside() -> None:
    table = flight("A", latitude=30, longitude=-135, altitude=None)
    limited = volume("Z", SQUARE, ceiling=Limit("STD", 10_000))
    assert entered(table, volume("Z", SQUARE))["verdict"].to_list() == ["confirmed"]  # no level, no doubt
    counted = overflight.check(table, airspace=Airspace((limited,)), nets="incursion").summary
    assert counted.track_minutes_no_altitude == pytest.approx(2.0)
    assert entered(table, limited, unknown_altitude="report")["verdict"].to_list() == ["undetermined"]
    gap = flight("A", latitude=30, longitude=-135).with_columns(
        altitude=pl.when(pl.int_range(pl.len()) % 5 != 2).then("altitude")
    )
    assert entered(gap, limited)["duration_s"].to_list() == [120.0]


def test_refused_volumes_are_told_of() -> None:
    from overflight.airspace.volume import Refused

    airspace = Airspace((), (Refused("Z", "zones.geojson:feature 1", "the ring crosses itself near vertex 2"),))
    summary = overflight.check(flight("A", latitude=30, longitude=-135), airspace=airspace).summary
    assert summary.refused == ["Z: the ring crosses itself near vertex 2 (zones.geojson:feature 1)"]
    with pytest.raises(overflight.ParameterError, match="--airspace"):
        overflight.check(flight("A", latitude=30, longitude=-135), nets="incursion")


def test_a_net_for_which_there_is_no_volume_finds_nothing_and_says_so() -> None:
    border = volume("Z", SQUARE)
    events = overflight.check(flight("A", latitude=30, longitude=-135), airspace=Airspace((border,)), nets=("hazard",))
    assert len(events) == 0
    assert (events.summary.volumes, events.summary.volumes_given) == (0, 1)


def test_nothing_is_confirmed_where_something_is_only_assumed() -> None:
    table = flight("A", latitude=30, longitude=-135)
    sure = volume("Z", SQUARE)
    assert entered(table, sure)["verdict"].to_list() == ["confirmed"]
    row = entered(table, replace(sure, assumed="area from the Q line")).to_dicts()[0]
    assert row["verdict"] == "undetermined"
    assert "area from the Q line" in row["why"]
    over = (Window(None, MIDNIGHT - timedelta(hours=1)),)
    late = entered(table, replace(sure, active=over, estimated_end=True)).to_dicts()[0]
    assert late["verdict"] == "undetermined"
    assert "after the end that was estimated" in late["why"]


def test_positions_inside_that_are_not_believed_are_counted() -> None:
    """No event rests on them, and the summary says so, by the flag; those outside, too high, too early or on the ground do not count."""
    stale = {"position_age": 30.0, "speed_kt": 60.0}
    tables = [
        flight("inside", latitude=30, longitude=-135, **stale),
        flight("unknown level", latitude=29.97, longitude=-135, altitude=None, start_s=1.0, **stale),
        flight("outside", latitude=31, longitude=-135, **stale),
        flight("above", latitude=30.01, longitude=-135, altitude=12_000, **stale),
        flight("before", latitude=29.99, longitude=-135, start_s=-600.0, **stale),
        flight("on the ground", latitude=30.03, longitude=-135, onground=True, **stale),
        flight("believed", latitude=30.02, longitude=-135, speed_kt=60),
    ]
    table = pl.concat(tables, how="diagonal")
    zone = volume("Z", SQUARE, ceiling=Limit("STD", 10_000), active=(Window(MIDNIGHT, None),))
    events = overflight.check(table, airspace=Airspace((zone,)), nets="incursion")
    assert events.to_polars()["track_a"].to_list() == ["believed"]
    told = events.summary.withheld
    assert (told.positions, told.tracks, told.flags) == (50, 2, {"stale": 50})
    assert events.summary.as_json()["withheld"] == {"positions": 50, "tracks": 2, "flags": {"stale": 50}}
    unlimited = overflight.check(table, airspace=Airspace((volume("Z", SQUARE),)), nets="incursion").summary.withheld
    assert (unlimited.positions, unlimited.tracks) == (100, 4)
    ungated = overflight.check(table, airspace=Airspace((zone,)), nets="incursion", ungated=True)
    assert ungated.summary.withheld.positions == 0
    assert overflight.check(table).summary.withheld.positions == 0


def test_a_rule_that_allows_nobody_is_told() -> None:
    table = flight("A", latitude=30, longitude=-135, callsign="THY5", icao24="4baa01")
    rules = ["callsign=THX*", "icao24=4BAA*", "callsign=THY*"]  # addresses are written small
    summary = overflight.check(table, airspace=Airspace((volume("Z", SQUARE),)), nets="incursion", allow=rules).summary
    assert summary.allows_nobody == ["callsign=THX*", "icao24=4BAA*"]
    assert summary.dismissed == {"allowed": 1}


def test_airspace_without_a_volume_is_no_border_that_nobody_crossed(tmp_path: Any) -> None:
    (tmp_path / "empty.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(overflight.InputError, match="holds no volume"):
        overflight.check(flight("A", latitude=30, longitude=-135), airspace=tmp_path / "empty.geojson")
