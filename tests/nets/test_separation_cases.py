"""The separation net on cases that each say one thing, through the public API."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyproj import Geod

import overflight
from tests.oracle.brute_force import NM_M, Track
from tests.oracle.traffic import position_table, random_tracks, seconds

GEOD = Geod(ellps="WGS84")
MID_ATLANTIC = (45.0, -30.0)  # no airport for hundreds of miles


def flight(
    t: object,
    alt: object = 10_000.0,
    *,
    at: tuple[float, float] = MID_ATLANTIC,
    aside_m: float = 0.0,
    course: float = 90.0,
    along_m: object = 0.0,
) -> Track:
    """A track on the geodesic `aside_m` to the left of `at`, parallel to `course`, `along_m` down it at each time."""
    t = np.asarray(t, np.float64)
    along = np.broadcast_to(np.asarray(along_m, np.float64), t.shape)
    lon, lat, back = GEOD.fwd(at[1], at[0], course - 90, aside_m)
    lons, lats, _ = GEOD.fwd(np.full(t.size, lon), np.full(t.size, lat), np.full(t.size, back - 90), along)
    return t, np.asarray(lats), np.asarray(lons), np.broadcast_to(np.asarray(alt, np.float64), t.shape).copy()


def check(tracks: dict[str, Track] | pl.DataFrame, **how: object) -> pl.DataFrame:
    """Events at 5 NM/1000 ft, nothing taken off, unless told otherwise."""
    table = tracks if isinstance(tracks, pl.DataFrame) else position_table(tracks)
    given = {"minima": "5 NM/1000 ft", "vertical_tolerance": "0 ft", "ungated": True} | how
    return overflight.check(table, **given).to_polars().filter(kind="separation").sort("start", "track_a", "track_b")


def spans(events: pl.DataFrame) -> list[tuple[float, float]]:
    return [(seconds(row["start"]), seconds(row["end"])) for row in events.iter_rows(named=True)]


T = np.arange(0.0, 121.0, 8.0)


def test_reports_that_never_share_an_instant() -> None:
    # Head-on at 500 m/s in sum, 30 km apart at t = 0; reports of one at even, of the other at odd seconds.
    a, b = np.arange(0.0, 121.0, 10.0), np.arange(1.0, 121.0, 6.0)
    events = check({"A": flight(a, along_m=250 * a - 15e3), "B": flight(b, along_m=15e3 - 250 * b)})
    assert spans(events) == [pytest.approx(((30e3 - 9260) / 500, (30e3 + 9260) / 500), abs=0.01)]
    assert events["severity"][0] < 1e-3
    assert seconds(events["time"][0]) == pytest.approx(60, abs=0.01)


def test_one_report_is_no_track() -> None:
    found = overflight.check(position_table({"A": flight(T), "B": flight([60.0])}), minima="5 NM/1000 ft", ungated=True)
    assert found.to_polars().height == 0
    assert found.summary.isolated == 1
    assert check({"A": flight([60.0]), "B": flight([60.0])}).height == 0


@pytest.mark.parametrize("at", [(0.0, 180.0), (-75.0, 179.99), (90.0, 0.0), (-90.0, 0.0), (89.99, 77.0)])
@pytest.mark.parametrize("course", [90.0, 0.0, 37.0])
def test_antimeridian_and_poles(at: tuple[float, float], course: float) -> None:
    # Two abreast, 2 NM apart, fly over the place; a third passes 6 NM aside.
    def track(aside_m: float) -> Track:
        return flight(T, at=at, course=course, along_m=250 * (T - 60), aside_m=aside_m)

    events = check({"A": track(0.0), "B": track(2 * NM_M), "C": track(8 * NM_M)})
    assert events.select("track_a", "track_b").rows() == [("A", "B")]
    assert spans(events) == [pytest.approx((0, 120))]
    assert events["severity"][0] == pytest.approx(0.4, abs=1e-3)


def test_identical_positions() -> None:
    a = flight(T, along_m=200 * T)
    events = check({"A": a, "B": a, "C": flight(T + 0.5, along_m=200 * (T + 0.5))})
    assert events.select("track_a", "track_b").rows() == [("A", "B"), ("A", "C"), ("B", "C")]
    assert events["severity"].max() < 1e-6
    assert events["horizontal_nm"].max() < 1e-4


def test_an_hour_in_formation_is_one_event() -> None:
    t = np.arange(0.0, 3601.0, 5.0)
    events = check(
        {"A": flight(t, along_m=220 * t), "B": flight(t + 2.5, 10_100.0, along_m=220 * t + 550, aside_m=150)}
    )
    assert spans(events) == [pytest.approx((2.5, 3600))]
    assert events["duration_s"][0] == pytest.approx(3597.5)
    assert events["severity"][0] == pytest.approx(0.1, abs=1e-6)


def test_exactly_at_the_minimum_is_kept() -> None:
    a = flight(T, along_m=200 * T)
    assert check({"A": a, "B": flight(T, 11_000.0, along_m=200 * T)}).height == 0
    assert check({"A": a, "B": flight(T, 10_999.0, along_m=200 * T)}).height == 1
    # In trail on one geodesic at exactly 5 NM, and a metre nearer.
    assert check({"A": a, "B": flight(T, along_m=200 * T + 5 * NM_M)}).height == 0
    assert check({"A": a, "B": flight(T, along_m=200 * T + 5 * NM_M - 1)}).height == 1


@pytest.mark.parametrize("rate", [20.0, -7.3])
def test_climbing_exactly_the_minimum_apart_is_kept(rate: float) -> None:
    climb = np.round(20_000 + rate * T)
    assert check({"A": flight(T, climb), "B": flight(T, climb + 1000)}).height == 0


def test_unknown_altitude_is_never_separated() -> None:
    tracks = {"A": flight(T, along_m=200 * T), "B": flight(T, np.nan, along_m=200 * T + 2000)}
    table = position_table(tracks)
    silent = overflight.check(table, minima="5 NM/1000 ft", ungated=True)
    assert silent.to_polars().height == 0
    assert silent.summary.track_minutes_no_altitude == pytest.approx(2.0)
    told = check(table, unknown_altitude="report")
    assert told.select("track_a", "track_b", "verdict").rows() == [("A", "B", "undetermined")]
    assert told["vertical_ft"][0] is None
    assert told["horizontal_nm"][0] == pytest.approx(2000 / NM_M, abs=1e-4)
    # Far apart in the plane nothing is doubtful.
    tracks["B"] = flight(T, np.nan, along_m=200 * T + 20_000)
    assert check(tracks, unknown_altitude="report").height == 0


def test_altitude_unknown_for_a_while() -> None:
    alt = np.where((T >= 40) & (T <= 64), np.nan, 10_200.0)
    tracks = {"A": flight(T), "B": flight(T, alt, aside_m=1000)}
    assert spans(check(tracks)) == [(0, 32), (72, 120)]


def radar(tracks: dict[str, Track], **how: object) -> pl.DataFrame:
    """Two aircraft under radar control, held to the minima by layer."""
    table = position_table(tracks).with_columns(
        squawk=pl.col("track_id").replace_strict({name: f"{4321 + k}" for k, name in enumerate(tracks)})
    )
    return check(table, minima=None, **how)


@pytest.mark.parametrize(
    ("alt_a", "alt_b", "apart_nm", "severity"),
    [
        (8_000, 8_000, 2.9, 2.9 / 3),
        (8_000, 8_000, 3.1, None),
        (12_000, 12_000, 4.9, 4.9 / 5),
        (12_000, 12_000, 5.1, None),
        (30_000, 31_000, 1.0, None),
        (40_000, 41_000, 1.0, None),  # FL410 is the highest level with 1,000 ft
        (43_000, 44_500, 1.0, 0.75),
        (43_000, 45_000, 1.0, None),
    ],
)
def test_minima_by_layer(alt_a: float, alt_b: float, apart_nm: float, severity: float | None) -> None:
    events = radar({"A": flight(T, alt_a), "B": flight(T, alt_b, aside_m=apart_nm * NM_M)})
    assert events.height == (severity is not None)
    if severity is not None:
        assert events["severity"][0] == pytest.approx(severity, abs=1e-3)
        assert events["rule"][0] == "radar"


def test_climbing_from_one_layer_into_another() -> None:
    # 4 NM apart in the climb: 3 NM are owed up to 10,000 ft, which both pass at t = 50 s, and 5 NM above.
    alt = 9_000 + 20 * T
    events = radar({"A": flight(T, alt), "B": flight(T, alt, aside_m=4 * NM_M)})
    assert spans(events) == [pytest.approx((50, 120), abs=1e-3)]
    assert events["severity"][0] == pytest.approx(0.8, abs=1e-4)
    # The higher of the two decides: 500 ft above the other it passes at 25 s.
    events = radar({"A": flight(T, alt), "B": flight(T, alt + 500, aside_m=4 * NM_M)})
    assert spans(events) == [pytest.approx((25, 120), abs=1e-3)]
    # 2 NM apart it is one loss all the way, graver above.
    events = radar({"A": flight(T, alt), "B": flight(T, alt, aside_m=2 * NM_M)})
    assert spans(events) == [pytest.approx((0, 120))]
    assert events["severity"][0] == pytest.approx(0.4, abs=1e-4)


@pytest.mark.parametrize(("tolerance", "count"), [("0 ft", 1), ("199 ft", 1), ("200 ft", 0), ("300 ft", 0), (None, 0)])
def test_vertical_tolerance_is_taken_off(tolerance: str | None, count: int) -> None:
    tracks = {"A": flight(T), "B": flight(T, 10_800.0)}
    events = check(tracks, vertical_tolerance=tolerance)
    assert events.height == count
    if count:
        left = 1000 - float(tolerance.split()[0])  # type: ignore[union-attr]
        assert events["severity"][0] == pytest.approx(800 / left)


def test_tolerance_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(overflight.ParameterError):
        check({"A": flight(T)}, vertical_tolerance="1000 ft")


@pytest.mark.parametrize(
    ("max_gap", "expected"),
    [("60s", [(0, 60), (121, 131)]), ("61s", [(0, 131)]), ("59.9s", [(121, 131)]), ("1 min", [(0, 60), (121, 131)])],
)
def test_the_largest_gap_bridged(max_gap: str, expected: list[tuple[float, float]]) -> None:
    a = flight([0.0, 60.0, 121.0, 131.0])
    b = flight(np.arange(0.0, 132.0, 1.0), aside_m=1000)
    assert spans(check({"A": a, "B": b}, max_gap=max_gap)) == [pytest.approx(span) for span in expected]


@pytest.mark.parametrize(("pause", "count"), [(9.9, 1), (10.0, 2), (10.1, 2)])
def test_losses_a_few_seconds_apart_are_one_event(pause: float, count: int) -> None:
    # B leaves the other's layer for `pause` seconds, at 100 ft/s.
    half = pause / 2
    t = [0.0, 40.0, 50 + half, 60 + 2 * half, 110.0]
    b = flight(t, [10_000, 10_000, 11_000 + 100 * half, 10_000, 10_000])
    assert check({"A": flight(np.arange(0.0, 111.0, 10.0)), "B": b}).height == count


def test_worst_moment_of_equally_severe_ones_is_the_nearest() -> None:
    # Head-on with 500 ft between: severity 0.5 for as long as they are within 2.5 NM; they meet at t = 60 s.
    a = flight(T, along_m=250 * T - 15e3)
    b = flight(T, 10_500.0, along_m=15e3 - 250 * T, aside_m=100)
    events = check({"A": a, "B": b})
    assert events["severity"][0] == pytest.approx(0.5)
    assert events["horizontal_nm"][0] == pytest.approx(100 / NM_M, abs=5e-4)
    assert seconds(events["time"][0]) == pytest.approx(60, abs=0.1)


def test_ground_traffic_only_on_demand() -> None:
    table = position_table({"A": flight(T), "B": flight(T, aside_m=500)})
    grounded = table.with_columns(onground=pl.col("track_id") == "B")
    assert check(grounded).height == 0
    assert check(grounded, include_ground=True).height == 1


def test_two_sources_of_one_aircraft_are_no_pair() -> None:
    table = position_table({"adsb:3c0001": flight(T), "mlat:3c0001": flight(T, aside_m=500)})
    assert check(table.with_columns(icao24=pl.lit("3c0001"))).height == 0


@pytest.mark.parametrize("classed", [False, True])
def test_the_number_of_threads_does_not_matter(classed: bool) -> None:
    table = position_table(random_tracks(11, count=200), squawk="1234")
    how = {"minima": None if classed else "5 NM/1000 ft"}
    one, two = (check(table, threads=threads, **how) for threads in (1, 2))
    assert one.height > 20
    assert_frame_equal(one, two)


def test_order_cuts_and_repetitions_do_not_matter(tmp_path: Path) -> None:
    table = position_table(random_tracks(12, "antimeridian", count=120))
    rng = np.random.default_rng(3)
    # Two positions of one track at one instant: which comes first must not depend on the order of the rows.
    twice = table.sample(fraction=0.02, seed=6).with_columns(pl.col("latitude") + 0.001)
    table = pl.concat([table, twice]).sort("timestamp", "track_id")

    def stored(name: str, *parts: pl.DataFrame) -> list[Path]:
        paths = [tmp_path / f"{name}{k}.parquet" for k in range(len(parts))]
        for path, part in zip(paths, parts, strict=True):
            part.write_parquet(path)
        return paths

    cuts = [0, *sorted(rng.choice(np.arange(1, table.height), 4, replace=False).tolist()), table.height]
    pieces = [table[i:j] for i, j in itertools.pairwise(cuts)]
    ways = {
        "sorted": stored("sorted", table),
        "shuffled": stored("shuffled", table.sample(fraction=1, shuffle=True, seed=4)),
        "cut": [stored("cut", *pieces)[k] for k in rng.permutation(5)],
        "repeated": stored("repeated", pl.concat([table, table.sample(fraction=0.03, seed=5)])),
    }
    answers = {
        way: overflight.check(paths, minima="5 NM/1000 ft", max_gap="60s").to_polars().drop("inputs").sort("id")
        for way, paths in ways.items()
    }
    assert answers["sorted"].height > 20
    for way in ("shuffled", "cut", "repeated"):
        assert_frame_equal(answers[way], answers["sorted"], check_exact=True)


CROWD = """
    import resource
    import numpy as np, polars as pl, overflight
    from tests.oracle.traffic import EPOCH

    rng = np.random.default_rng(1)
    count, times = 10_000, np.arange(0, 61, 10)
    # All within 2 NM, each 5 ft above the one below: exactly the minimum, but 150 of them hang 2.5 ft too low.
    low = rng.choice(np.arange(1, count - 1, 2), 150, replace=False)
    altitude = 5.0 * np.arange(count)
    altitude[low] -= 2.5
    lat, lon = 50 + rng.uniform(-0.016, 0.016, count), 8 + rng.uniform(-0.025, 0.025, count)
    table = pl.concat([
        pl.DataFrame({"track_id": [f"T{k:05d}" for k in range(count)], "latitude": lat + 1e-5 * t, "longitude": lon,
                      "altitude": altitude.astype(np.float32)})
        .with_columns(timestamp=pl.lit(EPOCH).cast(pl.Datetime("us", "UTC")) + pl.duration(seconds=int(t)))
        for t in times
    ])
    events = overflight.check(table, minima="5 NM/5 ft", vertical_tolerance="0 ft", ungated=True).to_polars()
    pairs = {(int(a[1:]), int(b[1:])) for a, b in events.select("track_a", "track_b").iter_rows()}
    assert pairs == {(k - 1, k) for k in low.tolist()}, (len(pairs), sorted(pairs)[:5])
    assert events.height == 150
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert peak < 1500, f"{peak:.0f} MiB"
"""


def test_ten_thousand_aircraft_in_one_cell() -> None:
    # In a process of its own, so that its peak memory is its own.
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CROWD)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
