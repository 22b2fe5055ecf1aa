"""Interference over an area: constructed truth, an independent count, and the same findings however the input is cut."""

from __future__ import annotations

import itertools
import json
import pickle
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pyproj import Geod

from overflight.earth.cells import COUNT, cell_of, centre_of, corners_of
from overflight.engine.pipeline import Pipeline
from overflight.events import EVENT_SCHEMA
from overflight.nets.encounters import FINDINGS_SCHEMA
from overflight.nets.interference import (
    DOUBT,
    Interference,
    InterferenceParameters,
    disturbed,
    doubt,
    wilson_lower,
)
from overflight.surveillance import integrity
from overflight.surveillance.batch import Batch, TrackNames, batch_of
from overflight.surveillance.integrity import Gate, Thresholds
from overflight.surveillance.read import read
from overflight.surveillance.table import POSITION_SCHEMA
from tests.flights import MIDNIGHT
from tests.oracle.traffic import REGIONS

GEOD = Geod(ellps="WGS84")
DEMO = Path(__file__).parents[2] / "examples" / "california-2025"
PARAMETERS = InterferenceParameters(inputs="x")
PLACE = (33.9, 33.0)  # south of Cyprus
BEIRUT = (33.8209, 35.4884)


# Recordings


def reports(
    name: str, seconds: Any, latitude: Any, longitude: Any, nic: Any = 9, nac_p: Any = 10, **columns: Any
) -> pl.DataFrame:
    """Reports of one aircraft as rows of the position table; a value may be one for all or one a report."""
    t = np.asarray(seconds, float)
    told: dict[str, Any] = {"latitude": latitude, "longitude": longitude, "nic": nic, "nac_p": nac_p, "icao24": name}
    table = pl.DataFrame({"us": np.round((MIDNIGHT.timestamp() + t) * 1e6).astype(np.int64)}).select(
        pl.col("us").cast(pl.Datetime("us", "UTC")).alias("timestamp")
    )
    told = {"track_id": f"adsb:{name}", "address_type": "icao", "altitude": 30_000.0, "source": "adsb"} | told | columns
    filled = [
        pl.Series(key, np.asarray(value)) if isinstance(value, np.ndarray) else pl.lit(value).alias(key)
        for key, value in told.items()
    ]
    return table.with_columns(filled)


def recording(*parts: pl.DataFrame) -> pl.DataFrame:
    table = pl.concat(parts, how="diagonal_relaxed")
    missing = [pl.lit(None, kind).alias(name) for name, kind in POSITION_SCHEMA.items() if name not in table.columns]
    return (
        table.with_columns(missing)
        .select(pl.col(name).cast(kind) for name, kind in POSITION_SCHEMA.items())
        .sort("timestamp", "track_id", maintain_order=True)
    )


def standing(
    name: str, low: Sequence[tuple[float, float]] = (), end_s: float = 3000.0, at: int = 0, **columns: Any
) -> pl.DataFrame:
    """An aircraft that holds within a few km of the middle of the cell of `PLACE`, low between the given seconds."""
    (latitude,), (longitude,) = centre_of(cell_of(np.array([PLACE[0]]), np.array([PLACE[1]])))
    t = np.arange(0.0, end_s, 10.0) + 0.1 * at
    is_low = np.zeros(len(t), bool)
    for first, last in low:
        is_low |= (t >= first) & (t < last)
    swing = 0.01 * np.sin(t / 100.0)
    quality = {"nic": np.where(is_low, 0, 9), "nac_p": np.where(is_low, 0, 10)}
    north, east = 0.03 * (at % 10 - 5), 0.03 * (at // 10 % 10 - 5)
    return reports(name, t, latitude + north + swing, longitude + east + swing, **(quality | columns))


def crowd(low: int, fine: int, unknown: int = 0) -> pl.DataFrame:
    """So many aircraft in one cell, in one hour."""
    kinds = [{"low": [(600.0, 1800.0)]}] * low + [{}] * fine + [{"nic": None, "nac_p": None}] * unknown
    return recording(*[standing(f"{n:06x}", at=n, **kind) for n, kind in enumerate(kinds)])


def jammed_area(radius_m: float = 50_000.0) -> tuple[pl.DataFrame, dict[str, tuple[float, float]]]:
    """Ten aircraft across a jammed disc around `PLACE`, ten that pass it at 300 km; when each of the ten was in it (s)."""
    parts: list[pl.DataFrame] = []
    within: dict[str, tuple[float, float]] = {}
    for n in range(20):
        t = np.arange(0.0, 1800.0, 5.0) + 0.1 * n
        along = 230.0 * (t - 900.0)
        course = 18.0 * n
        start = GEOD.fwd(PLACE[1], PLACE[0], course + 90.0, 0.0 if n < 10 else 300_000.0)
        longitude, latitude, _ = GEOD.fwd(*(np.full(len(t), x) for x in (start[0], start[1], course)), along)
        far = GEOD.inv(longitude, latitude, np.full(len(t), PLACE[1]), np.full(len(t), PLACE[0]))[2]
        low = far < radius_m
        name = f"{n:06x}"
        if low.any():
            within[name] = (float(t[low][0]), float(t[low][-1]))
        parts.append(
            reports(name, t, latitude, longitude, np.where(low, 0, 9), np.where(low, 0, 10), callsign=f"AB{n}")
        )
    return recording(*parts), within


def spoofed_circle(members: int = 5, radius_m: float = 6_000.0, centre: tuple[float, float] = BEIRUT) -> pl.DataFrame:
    """Aircraft that all show one slow circle, each at its own place on it, and ten that fly straight."""
    parts: list[pl.DataFrame] = []
    t = np.arange(0.0, 2400.0, 5.0)
    for n in range(members):
        bearing = np.degrees(100.0 * t / radius_m) + 60.0 * n
        longitude, latitude, _ = GEOD.fwd(
            np.full(len(t), centre[1]), np.full(len(t), centre[0]), bearing, np.full(len(t), radius_m)
        )
        parts.append(reports(f"{n:06x}", t + 0.1 * n, latitude, longitude, groundspeed=195.0))
    for n in range(10):
        latitude = centre[0] - 0.3 + 0.05 * n + 0.0 * t
        straight = reports(f"5{n:05x}", t + 0.05 * n, latitude, centre[1] - 0.5 + 0.0004 * t)
        parts.append(straight.with_columns(altitude=pl.lit(20_000.0 + 1000 * n)))
    return recording(*parts)


# Running


def pipeline(names: TrackNames, parameters: InterferenceParameters = PARAMETERS) -> Pipeline:
    return Pipeline(Gate(Thresholds(), names), [Interference(parameters, names)])


def run(
    table: pl.DataFrame,
    cuts: Sequence[int] = (),
    stored_at: int | None = None,
    parameters: InterferenceParameters = PARAMETERS,
) -> pl.DataFrame:
    names = TrackNames()
    line = pipeline(names, parameters)
    found: list[pl.DataFrame] = []
    for number, (first, end) in enumerate(itertools.pairwise([0, *sorted(cuts), table.height])):
        if number == stored_at:
            state = pickle.dumps(line.snapshot())
            line = pipeline(names, parameters)
            line.restore(pickle.loads(state))
        batch = batch_of(table[first:end], names, first)
        line.update(batch)
        if len(batch):
            found.append(line.advance(int(batch.time_us[-1])).events)
    found.append(line.finish().events)
    events = pl.concat(found, how="diagonal").select(list(FINDINGS_SCHEMA)).sort("start", "id")
    assert events.schema == pl.Schema(FINDINGS_SCHEMA)
    assert events["id"].is_unique().all()
    return events


def told(events: pl.DataFrame, row: int = 0) -> dict[str, Any]:
    return json.loads(events["parameters"][row])


def seconds(moment: datetime) -> float:
    return (moment - MIDNIGHT).total_seconds()


# Cells


def test_every_cell_has_its_number_back() -> None:
    cells = np.arange(COUNT, dtype=np.int32)
    latitude, longitude = centre_of(cells)
    np.testing.assert_array_equal(cell_of(latitude, longitude), cells)


def test_cells_are_nearly_equal_and_cover_the_earth() -> None:
    areas = []
    for cell in range(0, COUNT, 101):
        corners = corners_of(cell)
        area, perimeter = GEOD.polygon_area_perimeter([c[1] for c in corners], [c[0] for c in corners])
        areas.append(abs(area) * 1e-6)
        assert 340e3 < perimeter < 441e3
        middle = np.mean([[c[0], c[1]] for c in corners], axis=0)
        if abs(np.diff([c[1] for c in corners])).max() < 5:  # not around a pole or the antimeridian
            assert cell_of(middle[:1], middle[1:])[0] == cell
    assert 8_600 < min(areas) < max(areas) < 12_120
    assert np.mean(areas) * COUNT == pytest.approx(510.066e6, rel=0.01)


def test_poles_and_antimeridian_are_places_like_any_other() -> None:
    longitude = np.linspace(-180.0, 180.0, 721)
    for pole in (90.0, -90.0):
        assert len(set(cell_of(np.full(721, pole), longitude))) == 1
        # 20 km from the pole, all around it: still one cell.
        assert len(set(cell_of(np.full(721, pole - np.copysign(0.18, pole)), longitude))) == 1
    latitude = np.linspace(-44.0, 44.0, 1001)
    east, west = (cell_of(latitude, np.full(1001, edge)) for edge in (179.9, -179.9))
    np.testing.assert_array_equal(east, west)
    np.testing.assert_array_equal(cell_of(latitude, np.full(1001, 180.0)), cell_of(latitude, np.full(1001, -180.0)))


# Jamming


def test_a_jammed_area_is_found_where_and_when_it_was() -> None:
    table, within = jammed_area()
    events = run(table)
    assert events.height >= 1
    assert set(events["kind"]) == {"interference"}
    assert events.select("severity", "band", "track_a", "altitude_ft").null_count().row(0) == (events.height,) * 4
    lasting_s = PARAMETERS.lasting_s
    for row in events.iter_rows(named=True):
        away = GEOD.inv(row["longitude"], row["latitude"], PLACE[1], PLACE[0])[2]
        assert away < 50_000 + 80_000  # the disc and half a cell's diagonal
        assert seconds(row["start"]) >= min(first for first, _ in within.values()) + lasting_s
        assert seconds(row["end"]) <= max(last for _, last in within.values())
        assert row["start"] <= row["time"] <= row["end"]
        assert {m["track"] for m in json.loads(row["parameters"])["members"]} <= {f"adsb:{name}" for name in within}
        assert row["evidence"] == []
    # Over all cells, it is the time from when the first had been low for a minute to when the last recovered.
    first, last = min(v[0] for v in within.values()), max(v[1] for v in within.values())
    assert seconds(events["start"].min()) == pytest.approx(first + lasting_s, abs=5.0)  # type: ignore[arg-type]
    assert seconds(events["end"].max()) == pytest.approx(last, abs=5.0)  # type: ignore[arg-type]
    middle = events.filter(pl.col("verdict") == "confirmed")
    assert middle.height >= 1
    best = told(middle, 0)
    assert best["signs"].keys() == {"low_quality"}
    assert best["members"][0]["callsign"].startswith("AB")


def test_nothing_is_found_without_a_jammer() -> None:
    assert run(jammed_area(radius_m=0.0)[0]).height == 0


def test_a_badly_equipped_aircraft_is_not_jammed() -> None:
    always = {"nic": 0, "nac_p": 0}
    poor = [standing(f"{n:06x}", at=n, **always) for n in range(6)]
    good = [standing(f"{n:06x}", at=n) for n in range(6, 12)]
    assert run(recording(*poor, *good)).height == 0
    # They are unknown, neither fine nor degraded.
    jammed = [standing(f"{n:06x}", low=[(600.0, 1800.0)], at=n) for n in range(12, 16)]
    (hour,) = told(run(recording(*poor, *good, *jammed)))["hours"]
    assert (hour["degraded"], hour["fine"], hour["unknown"]) == (4, 6, 6)


def test_what_a_relay_does_not_know_is_no_sign() -> None:
    flapping = np.where(np.arange(300) // 30 % 2, 0, 8)
    relayed = [standing(f"{n:06x}", at=n, nic=flapping, nac_p=9) for n in range(6)]
    assert run(recording(*relayed)).height == 0
    assert run(recording(*relayed), parameters=replace(PARAMETERS, sound_nac_p=12)).height == 1
    # A stated radius, and a NIC of 0 alone, are signs.
    for nic, nac_p in ((4, 9), (0, None)):
        lost = np.where(np.arange(300) // 30 % 2, nic, 8)
        assert run(recording(*[standing(f"{n:06x}", at=n, nic=lost, nac_p=nac_p) for n in range(6)])).height == 1


def test_what_a_radar_saw_and_what_stands_on_the_ground_is_no_sign() -> None:
    for columns in ({"address_type": "tisb"}, {"onground": True}, {"position_age": 60.0}):
        lows = [standing(f"{n:06x}", low=[(600.0, 1800.0)], at=n, **columns) for n in range(6)]
        assert run(recording(*lows)).height == 0
    assert run(recording(*[standing(f"{n:06x}", low=[(600.0, 1800.0)], at=n) for n in range(6)])).height == 1


def test_a_turn_is_no_jammer() -> None:
    def lows(last_s: float) -> pl.DataFrame:
        return recording(*[standing(f"{n:06x}", low=[(600.0, 600.0 + last_s)], at=n) for n in range(6)])

    assert run(lows(60.0)).height == 0  # reports at 600, 610, ... 650 s
    assert run(lows(80.0)).height == 1
    silent = lows(600.0).filter(~pl.col("timestamp").dt.epoch("s").is_between(1444176600, 1444177180))
    assert silent.height < lows(600.0).height
    assert run(silent).height == 0  # low for how long nobody knows: only the last reports were heard


def test_a_receiver_that_does_not_recover_carries_no_area_along() -> None:
    lows = recording(*[standing(f"{n:06x}", low=[(600.0, 1e9)], end_s=4 * 3600.0, at=n) for n in range(6)])
    (event,) = run(lows).iter_rows(named=True)
    assert seconds(event["start"]) == pytest.approx(660.0, abs=10.0)
    assert seconds(event["end"]) == pytest.approx(590.0 + 3600.0, abs=10.0)
    assert [hour["hour"] for hour in json.loads(event["parameters"])["hours"]] == [
        "2015-10-07T00:00:00Z",
        "2015-10-07T01:00:00Z",
    ]


@pytest.mark.parametrize(
    ("low", "fine", "unknown", "verdict"),
    [
        (2, 3, 0, None),  # too few degraded
        (3, 1, 9, None),  # too few that tell
        (3, 2, 0, "confirmed"),
        (3, 17, 0, "undetermined"),  # 15 %, at least 5 %
        (3, 27, 0, None),  # 10 %, no more
        (3, 26, 50, "undetermined"),
        (12, 28, 0, "confirmed"),
    ],
)
def test_share_and_numbers(low: int, fine: int, unknown: int, verdict: str | None) -> None:
    events = run(crowd(low, fine, unknown))
    assert events["verdict"].to_list() == ([] if verdict is None else [verdict])
    if verdict:
        (hour,) = told(events)["hours"]
        assert (hour["degraded"], hour["fine"], hour["unknown"]) == (low, fine, unknown)
        assert hour["share"] == pytest.approx(low / (low + fine), abs=1e-4)
        assert events["why"][0].startswith(f"{low} of {low + fine} aircraft degraded")


def test_members_are_named_and_the_rest_counted() -> None:
    said = told(run(crowd(25, 5)))
    assert len(said["members"]) == 20
    assert said["more_members"] == 5
    assert said["signs"] == {"low_quality": 25}


def test_hours_that_follow_each_other_are_one_event() -> None:
    low = [(3000.0, 3900.0), (5000.0, 5600.0), (4 * 3600.0 + 100, 4 * 3600.0 + 700)]
    events = run(recording(*[standing(f"{n:06x}", low=low, end_s=6 * 3600.0, at=n) for n in range(6)]))
    hours = [[h["hour"][11:13] for h in told(events, k)["hours"]] for k in range(events.height)]
    assert hours == [["00", "01"], ["04"]]
    assert len(set(events["id"])) == 2


def test_lower_bound_against_published_values() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17 (1998), table I, method 3.
    found, of = np.array([81.0, 15.0, 0.0, 1.0]), np.array([263.0, 148.0, 20.0, 29.0])
    np.testing.assert_allclose(wilson_lower(found, of), [0.2553, 0.0624, 0.0, 0.0061], atol=5e-5)


# Spoofing


@pytest.mark.parametrize("centre", [BEIRUT, (60.0, 24.9), (-17.5, 180.0)])
def test_a_spoofed_circle_is_named(centre: tuple[float, float]) -> None:
    # Into the middle of a cell, so that the circle lies in one.
    centre = tuple(float(x[0]) for x in centre_of(cell_of(np.array([centre[0]]), np.array([centre[1]]))))  # type: ignore[assignment]
    events = run(spoofed_circle(centre=centre))
    assert events.height == 1
    assert events["verdict"][0] == "confirmed"
    said = told(events)
    assert said["signs"]["shared_circle"] == 5
    (circle,) = said["circles"]
    assert GEOD.inv(circle["longitude"], circle["latitude"], centre[1], centre[0])[2] < 60.0
    assert circle["radius_m"] == pytest.approx(6_000, rel=0.01)
    assert circle["tracks"] == [f"adsb:{n:06x}" for n in range(5)]


def test_two_circles_are_two() -> None:
    (latitude,), (longitude,) = centre_of(cell_of(np.array([BEIRUT[0]]), np.array([BEIRUT[1]])))
    one = spoofed_circle(4, 5_000.0, (latitude - 0.15, longitude))
    other = spoofed_circle(3, 3_000.0, (latitude + 0.15, longitude)).filter(pl.col("icao24").str.starts_with("0"))
    renamed = pl.lit("f") + pl.col("icao24").str.slice(1)
    other = other.with_columns(icao24=renamed, track_id=pl.lit("adsb:") + renamed)
    said = told(run(recording(one, other)))
    assert [(len(c["tracks"]), round(c["radius_m"], -3)) for c in said["circles"]] == [(4, 5000), (3, 3000)]


def test_positions_that_jump_to_one_point() -> None:
    """Six aircraft over the sea are shown on one airport for five minutes, with the best of qualities."""
    airport = (34.8751, 33.6249)
    parts = []
    for n in range(6):
        t = np.arange(0.0, 1500.0, 5.0) + 0.3 * n
        spoofed = (t >= 600) & (t < 900)
        latitude = np.where(spoofed, airport[0], 33.9 - 0.02 * n)
        longitude = np.where(spoofed, airport[1], 31.5 + 0.1 * n + 0.0002 * t)
        parts.append(reports(f"{n:06x}", t, latitude, longitude, groundspeed=400.0))
    events = run(recording(*parts))
    at = {json.loads(row["parameters"])["cell"]["number"]: row for row in events.iter_rows(named=True)}
    there = at[int(cell_of(np.array([airport[0]]), np.array([airport[1]]))[0])]
    said = json.loads(there["parameters"])
    assert said["signs"]["shared_point"] == 6
    (point,) = said["points"]
    assert (point["latitude"], point["longitude"]) == (pytest.approx(34.8751), pytest.approx(33.6249))
    assert len(point["tracks"]) == 6
    assert seconds(there["start"]) == pytest.approx(600, abs=30)
    # Where they were before is disturbed too.
    before = set(at) - {said["cell"]["number"]}
    assert before
    assert all("jump" in json.loads(at[cell]["parameters"])["signs"] for cell in before)


def test_stray_positions_are_no_jumps() -> None:
    parts = []
    for n in range(6):
        part = standing(f"{n:06x}", at=n)
        stray = pl.int_range(pl.len()) % 50 == 25
        parts.append(part.with_columns(latitude=pl.when(stray).then(pl.col("latitude") + 5).otherwise("latitude")))
    assert run(recording(*parts)).height == 0


# The demo


def test_nothing_on_the_real_recording() -> None:
    """Its 7,160 low qualities are no interference.

    4,395 are TIS-B (what a radar saw). 2,478 are of aircraft that a ground station relayed (ADS-R), with "nic": 0 beside
    "rc": 186 and "nac_p": 9. The other 287 are one aircraft that never had a good value (143) and drops of single
    aircraft, mostly one stated value long; of drops that last a minute there are at most two in a cell and hour.
    """
    table = read(DEMO).table
    assert run(table).height == 0
    names = TrackNames()
    flagged = Gate(Thresholds(), names).judge(batch_of(table, names))
    assert integrity.counts(flagged.flags)["low_quality"] == 7160
    naive = replace(PARAMETERS, sound_nac_p=12, lasting_s=0.0)
    assert run(table, parameters=naive).height > 0  # so the two rules are what keeps it silent


# An independent count


def random_recording(seed: int, region: str = "europe") -> pl.DataFrame:
    """Three hours of traffic in a few cells, with spells of low quality, gaps, unknowns, relays, jumps and a shared circle."""
    rng = np.random.default_rng(seed)
    lat0, lon0 = REGIONS[region]
    parts: list[pl.DataFrame] = []
    for n in range(24):
        t = np.sort(rng.uniform(0, 3 * 3600.0, 300)).round(0)
        t = np.unique(t[(t < (gap := rng.uniform(0, 9000))) | (t > gap + 500)])
        bearing, far = rng.uniform(0, 360) + t * 0.02, 60_000 + 40_000 * np.sin(t / 2000.0 + n)
        if n < 5:
            bearing, far = t * 0.9 + 70.0 * n, np.full(len(t), 5_000.0)
        lon, lat, _ = GEOD.fwd(np.full(len(t), lon0), np.full(len(t), lat0), bearing, far)
        if n > 18:
            away = t > rng.uniform(2000, 9000)
            lat = np.where(away, lat - 1.5, lat)
        low = np.sin(t / rng.uniform(300, 900) + n) > rng.uniform(0.2, 1.3)
        nic, nac_p = np.where(low, rng.choice([0, 4]), 8), np.where(low & (n % 3 > 0), 2, 9)
        part = reports(
            f"{n:06x}", t, lat, lon, nic, nac_p, groundspeed=250.0, address_type="tisb" if n == 9 else "icao"
        )
        told_now = pl.Series(rng.random(len(t)) < 0.7)
        parts.append(
            part.with_columns(
                nic=pl.when(told_now & (n != 7)).then("nic"),
                nac_p=pl.when(told_now & (n not in {7, 8})).then("nac_p"),
                onground=pl.Series(rng.random(len(t)) < 0.02),
                callsign=pl.when(pl.Series(rng.random(len(t)) < 0.05)).then(pl.lit(f"CS{n}")),
            )
        )
    return recording(*parts)


def counted(batch: Batch, names: TrackNames) -> dict[tuple[int, int], tuple[int, int, int]]:
    """Degraded, fine and unknown aircraft by cell and hour, row by row as the definition reads."""
    cells = cell_of(batch.latitude, batch.longitude)
    state: dict[int, dict[str, Any]] = defaultdict(
        lambda: {"nic": None, "nac_p": None, "fine": None, "low": None, "cell": None}
    )
    shown: dict[tuple[int, int], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for k in range(len(batch)):
        track, now, flags = int(batch.track[k]), int(batch.time_us[k]), int(batch.flags[k])
        s = state[track]
        for name in ("nic", "nac_p"):
            value = float(getattr(batch, name)[k])
            if not np.isnan(value):
                s[name] = value
        shared = flags & (integrity.SHARED_POINT | integrity.SHARED_CIRCLE)
        unusable = flags & (integrity.STALE | integrity.FROZEN | integrity.JUMP | integrity.ON_GROUND)
        if names.hearsay[track] or (unusable and not shared):
            continue
        place = (int(cells[k]), now // 3_600_000_000)
        signs = shown[place][names.aircraft[track]]
        poor = bool(flags & integrity.LOW_QUALITY)
        if not poor and (s["nic"] is not None or s["nac_p"] is not None):
            s["fine"], s["low"] = now, None
            signs.add("fine")
        elif poor and not (s["nic"] == 0 and s["nac_p"] is not None and s["nac_p"] >= 8):
            s["low"] = now if s["low"] is None else s["low"]
            if s["fine"] is not None and now - s["fine"] <= 3600e6 and now - s["low"] >= 60e6:
                signs.add("bad")
        if shared:
            signs.add("bad")
        if flags & integrity.RELOCATED:
            signs.add("bad")
        if flags & (integrity.RELOCATED | integrity.SHARED_POINT) and s["cell"] is not None:
            shown[s["cell"], place[1]][names.aircraft[track]].add("bad")
        s["cell"] = place[0]
    return {
        place: (
            sum("bad" in signs for signs in aircraft.values()),
            sum(signs == {"fine"} for signs in aircraft.values()),
            sum(not signs for signs in aircraft.values()),
        )
        for place, aircraft in shown.items()
    }


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("region", sorted(REGIONS))
def test_counts_against_row_by_row(seed: int, region: str) -> None:
    table = random_recording(seed, region)
    names = TrackNames()
    flagged = Gate(Thresholds(), names).judge(batch_of(table, names))
    truth = counted(flagged, names)
    expected = {
        place: count
        for place, count in truth.items()
        if count[0] >= 3 and count[0] + count[1] >= 5 and count[0] > 0.1 * (count[0] + count[1])
    }
    found = {}
    for text in run(table)["parameters"]:
        said = json.loads(text)
        for hour in said["hours"]:
            moment = datetime.fromisoformat(hour["hour"])
            number = int(moment.timestamp()) // 3600
            found[said["cell"]["number"], number] = (hour["degraded"], hour["fine"], hour["unknown"])
    assert found == expected
    assert len(expected) > 0


# Cut invariance


def agree(table: pl.DataFrame, cuts: Sequence[int], stored_at: int | None = None) -> None:
    whole, cut = run(table), run(table, cuts, stored_at)
    assert whole.height > 0
    assert_frame_equal(cut, whole, check_exact=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_cuts(data: st.DataObject) -> None:
    table = random_recording(data.draw(st.integers(0, 5)), data.draw(st.sampled_from(sorted(REGIONS))))
    cuts = data.draw(st.lists(st.integers(0, table.height), max_size=12))
    agree(table, cuts, data.draw(st.none() | st.integers(0, len(cuts))))


@pytest.mark.long
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_cuts_at_length(data: st.DataObject) -> None:
    table = random_recording(data.draw(st.integers(0, 5)), data.draw(st.sampled_from(sorted(REGIONS))))
    cuts = data.draw(st.lists(st.integers(0, table.height), max_size=60))
    agree(table, cuts, data.draw(st.none() | st.integers(0, len(cuts))))


@pytest.mark.parametrize("table", [spoofed_circle(), jammed_area()[0]], ids=["circle", "jammed"])
def test_a_few_rows_at_a_time(table: pl.DataFrame) -> None:
    agree(table, list(range(0, table.height, 37)), stored_at=50)


def test_an_event_comes_when_its_hour_and_the_next_are_over() -> None:
    table = recording(*[standing(f"{n:06x}", low=[(600.0, 1800.0)], end_s=4 * 3600.0, at=n) for n in range(6)])
    names = TrackNames()
    line = pipeline(names)
    line.update(batch_of(table, names))
    midnight_us = int(MIDNIGHT.timestamp() * 1e6)
    hour_us = 3_600_000_000
    assert line.advance(midnight_us + hour_us).events.height == 0
    assert line.advance(midnight_us + 2 * hour_us - 1).events.height == 0
    assert line.advance(midnight_us + 2 * hour_us).events.height == 1
    assert line.finish().events.height == 0


def test_only_what_is_open_is_kept() -> None:
    table = recording(*[standing(f"{n:06x}", end_s=6 * 3600.0, at=n) for n in range(6)])
    names = TrackNames()
    net = Interference(PARAMETERS, names)
    gate = Gate(Thresholds(), names)
    sizes = []
    for first in range(0, table.height, 500):
        batch = gate.judge(batch_of(table[first : first + 500], names, first))
        net.update(batch)
        net.advance(int(batch.time_us[-1]))
        state = net.snapshot()
        sizes.append(state["seen"].height + state["spots"].height + state["members"].height)
    assert max(sizes) <= 6 * 6  # aircraft, and batches an hour; 26 batches in all
    assert len(sizes) == 26


# Doubt


def other(place: tuple[float | None, float | None], second: float, **columns: Any) -> dict[str, Any]:
    moment = MIDNIGHT + timedelta(seconds=second)
    row = {"id": f"e{second}", "kind": "separation", "start": moment, "end": moment, "time": moment}
    return row | {"latitude": place[0], "longitude": place[1], "verdict": "confirmed", "why": "held"} | columns


def test_events_of_other_nets_are_doubted_inside() -> None:
    areas = run(crowd(6, 6)).select(list(EVENT_SCHEMA))
    rows = [
        other(PLACE, 100),
        other(PLACE, 3599.9, verdict="undetermined"),
        other(PLACE, 3600),  # the hour after
        other((PLACE[0] + 2, PLACE[1]), 100),  # another cell
        other((None, None), 100),
        other(PLACE, 200, verdict="refuted"),
        other(PLACE, 300, kind="interference", parameters=areas["parameters"][0]),
        other(PLACE, 400, why=None),
    ]
    events = pl.DataFrame(rows, schema=EVENT_SCHEMA)
    doubted = doubt(events, areas)
    assert doubted.schema == events.schema
    assert doubted["id"].to_list() == events["id"].to_list()
    changed = [a != b for a, b in zip(events.iter_rows(), doubted.iter_rows(), strict=True)]
    assert changed == [True, True, False, False, False, False, False, True]
    assert doubted["verdict"].to_list()[:2] == ["undetermined"] * 2
    assert doubted["why"][0] == f"held; {DOUBT} ({areas['id'][0]})"
    assert doubted["why"][7] == f"{DOUBT} ({areas['id'][0]})"
    assert_frame_equal(doubt(doubted, areas), doubted)
    assert_frame_equal(doubt(events, areas.clear()), events)
    assert_frame_equal(doubt(events.clear(), areas), events.clear())
    us = np.array([int((row["time"] - timedelta(0)).timestamp() * 1e6) for row in rows[:4]])
    latitude, longitude = (np.array([row[name] for row in rows[:4]]) for name in ("latitude", "longitude"))
    assert disturbed(areas, latitude, longitude, us).tolist() == [True, True, False, False]
    assert disturbed(areas.clear(), latitude, longitude, us).tolist() == [False] * 4
