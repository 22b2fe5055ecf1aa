"""What is drawn is what was flown: distances, gaps, the antimeridian, the poles."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from overflight.report import encounter, plan_plot
from overflight.report.html import compose
from overflight.report.tracks import Plan, Tracks
from tests.report.building import GEOD, START, crossing, event, flight, result


def built(a: pl.DataFrame, b: pl.DataFrame, **over: object) -> encounter.Encounter:
    row = result([a, b], [event(a, b, **over)]).events.row(0, named=True)
    return encounter.build(1, row, Tracks(pl.concat([a, b]), [row["track_a"], row["track_b"]]))


@pytest.mark.parametrize(
    "at", [(-121.5, 36.8), (179.999, -16.5), (-179.999, 66.0), (12.0, 89.97), (0.0, -89.99), (0.0, 0.0)]
)
def test_distance_against_time_agrees_with_geodesics(at: tuple[float, float]):
    longitude, latitude, _ = GEOD.fwd(*at, 90.0, 926.0)
    a = flight("syn:a", at, 0.0)
    b = flight("syn:b", (longitude, latitude), 300.0, altitude_ft=10300.0, every_s=5)
    found = built(a, b)
    moments = np.array([(time - START).total_seconds() for time in a["timestamp"]]) - 150.0
    _, _, metres = GEOD.inv(a["longitude"], a["latitude"], b["longitude"], b["latitude"])
    shown = (moments >= found.at_s[0]) & (moments <= found.at_s[-1])
    drawn = np.interp(moments[shown], found.at_s, found.horizontal_nm() * 1852.0)
    np.testing.assert_allclose(drawn, np.asarray(metres)[shown], atol=1.0)
    np.testing.assert_allclose(found.vertical_ft(), 300.0)
    # The plan shows the same distances, wherever on Earth it is.
    one, two = (found.plan().project(point) for point in found.closest_m)
    assert float(np.hypot(*(one - two))) * 1852.0 == pytest.approx(926.0, abs=1.0)
    assert plan_plot.view_half_nm(found, []) < 3.0
    assert compose(result([a, b], [event(a, b)])).count('class="event"') == 1


def test_north_is_up_and_east_is_right():
    plan = Plan.at(built(*crossing()[0]).closest_m[0])
    for bearing, expected in ((0.0, (0.0, 1.0)), (90.0, (1.0, 0.0)), (225.0, (-np.sqrt(0.5), -np.sqrt(0.5)))):
        longitude, latitude, _ = GEOD.fwd(-121.5, 36.8, bearing, 1852.0)
        there = flight("x", (longitude, latitude), 0.0)
        point = Tracks(there, ["x"]).around("x", START + timedelta(seconds=150), 0.0, 0.0, 60.0).position_m(np.zeros(1))
        np.testing.assert_allclose(plan.project(point)[0], expected, atol=1e-3)


def test_nothing_is_drawn_over_a_gap():
    pair, _ = crossing()
    a = pair[0].filter(~pl.col("timestamp").is_between(START + timedelta(seconds=160), START + timedelta(seconds=240)))
    found = built(a, pair[1])
    unknown = np.isnan(found.position_m[0][:, 0])
    assert unknown[(found.at_s > 5.0) & (found.at_s < 80.0)].all()  # reports at 155 s and 245 s
    assert not unknown[(found.at_s <= 5.0) & (found.at_s > -80.0)].any()
    assert np.isnan(found.horizontal_nm()[unknown]).all()


def test_positions_that_the_net_skipped_are_not_drawn():
    pair, _ = crossing()
    bad = pair[0].with_columns(flags=pl.when(pl.int_range(pl.len()) % 2 == 0).then(4).otherwise(0).cast(pl.UInt32))
    track = Tracks(bad, ["syn:a00000"], skipped=4).around("syn:a00000", START, 0.0, 300.0, 60.0)
    assert len(track.time_s) == bad.height // 2


def test_a_track_of_one_report_is_known_at_its_instant_only():
    single = flight("x", (0.0, 0.0), 0.0).head(1)
    track = Tracks(single, ["x"]).around("x", START, 10.0, 10.0, 60.0)
    known = np.isfinite(track.position_m(np.array([-1.0, 0.0, 1.0]))[:, 0])
    assert known.tolist() == [False, True, False]
    assert track.altitude_at_ft(np.array([0.0])).tolist() == [10000.0]
