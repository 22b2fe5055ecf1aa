"""The judge judged: cases whose answer follows from a line of arithmetic, and a plain look at every 20 ms."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod

from tests.oracle.brute_force import NM_M, Loss, Track, losses
from tests.oracle.traffic import position_table, random_tracks, tracks_of

GEOD = Geod(ellps="WGS84")
EQUATOR_M = 6378137.0 * np.pi / 180  # one degree of longitude on the equator
NEAR = {"abs": 1e-3}


def reports(t: object, alt: object = 10_000.0, *, lat: object = 0.0, lon: object = 0.0) -> Track:
    """A track at the given times; everything else is broadcast to them."""
    t = np.asarray(t, np.float64)
    return (t, *(np.broadcast_to(np.asarray(x, np.float64), t.shape).copy() for x in (lat, lon, alt)))


def one(tracks: dict[str, Track], **how: float) -> Loss:
    found = losses(tracks, **how)
    assert list(found) == [("A", "B")]
    (loss,) = found["A", "B"]
    return loss


def eastward(t: object, start_m: float, speed: float, lon0: float = 0.0, alt: object = 10_000.0) -> Track:
    """Along the equator, `start_m` east of `lon0` at time 0."""
    t = np.asarray(t, np.float64)
    lon = lon0 + (start_m + speed * t) / EQUATOR_M
    return reports(t, alt, lon=(lon + 180) % 360 - 180)


@pytest.mark.parametrize("lon0", [0.0, 180.0, -179.9, 90.0])
def test_head_on_on_the_equator(lon0: float) -> None:
    # 40 km apart, closing at 500 m/s: below 9,260 m from (40,000 - 9,260) / 500 s to (40,000 + 9,260) / 500 s.
    a = eastward(np.arange(0, 200, 7), -20_000, 250, lon0)
    b = eastward(np.arange(1.5, 200, 5), 20_000, -250, lon0)
    loss = one({"A": a, "B": b})
    assert loss.start == pytest.approx(61.48, **NEAR)
    assert loss.end == pytest.approx(98.52, **NEAR)
    assert loss.time == pytest.approx(80.0, **NEAR)
    assert loss.severity == pytest.approx(0, abs=1e-4)


def test_passing_abeam_at_a_known_distance() -> None:
    # 3 NM of meridian between two opposite parallels; half the way through the circle of 5 NM is 4 NM.
    _, lat, _ = GEOD.fwd(0.0, 0.0, 0.0, 3 * NM_M)
    t = np.arange(0, 200, 6)
    a = eastward(t, -20_000, 250)
    b = (t, np.full(t.size, lat), eastward(t, 20_000, -250)[2], a[3])
    loss = one({"A": a, "B": b})
    assert loss.start == pytest.approx(80 - 4 * NM_M / 500, abs=0.02)
    assert loss.end == pytest.approx(80 + 4 * NM_M / 500, abs=0.02)
    assert loss.severity == pytest.approx(0.6, abs=1e-4)
    assert loss.horizontal_m == pytest.approx(3 * NM_M, abs=0.1)


def test_over_the_pole() -> None:
    # Both reach the pole at t = 100 s, on meridians 90 degrees apart, at 200 m/s: sqrt(2) * 200 * |t - 100| apart.
    t = np.arange(0, 201, 5.0)
    tracks = {}
    for name, lon in (("A", 30.0), ("B", 120.0)):
        meridian = 180.0 - np.where(t < 100, lon, lon + 180)
        lons, lats, _ = GEOD.fwd(np.zeros(t.size), np.full(t.size, 90.0), meridian, 200 * abs(t - 100))
        tracks[name] = reports(t, lat=lats, lon=lons)
    loss = one(tracks)
    assert loss.start == pytest.approx(100 - 9260 / (200 * np.sqrt(2)), abs=1e-3)
    assert loss.end == pytest.approx(100 + 9260 / (200 * np.sqrt(2)), abs=1e-3)
    assert loss.severity == pytest.approx(0, abs=1e-6)


def test_climbing_through_the_other_level() -> None:
    # 1 NM apart throughout; from 8,000 ft at 20 ft/s through 10,000 ft: within 1,000 ft from 50 s to 150 s.
    t = np.arange(0, 201, 8.0)
    a = reports(t, lon=NM_M / EQUATOR_M)
    b = reports(t, 8000 + 20 * t)
    loss = one({"A": a, "B": b})
    assert (loss.start, loss.end) == pytest.approx((50, 150), **NEAR)
    assert loss.severity == pytest.approx(0.2, abs=1e-6)
    assert loss.horizontal_m == pytest.approx(NM_M, abs=1e-3)


def test_worst_moment_of_equally_severe_ones_is_the_nearest() -> None:
    # Head-on with 500 ft between: the severity is 0.5 for as long as they are within 2.5 NM, and they meet at 80 s.
    a = eastward(np.arange(0, 200, 7), -20_000, 250)
    b = eastward(np.arange(0, 200, 7), 20_000, -250, alt=10_500.0)
    loss = one({"A": a, "B": b})
    assert loss.severity == pytest.approx(0.5, abs=1e-9)
    assert loss.time == pytest.approx(80, abs=0.01)
    assert loss.horizontal_m < 2
    assert loss.vertical_ft == pytest.approx(500)


def test_nothing_is_assumed_over_a_long_silence() -> None:
    a = eastward([0.0, 30.0, 61.0, 99.0, 160.0, 170.0], -20_000, 250)
    b = eastward(np.arange(0, 200, 5.0), 20_000, -250)
    # Known from 0 to 99 s and from 160 s on, where they have passed each other by: the loss ends at 99 s at the latest.
    loss = one({"A": a, "B": b})
    assert loss.end == pytest.approx(98.52, **NEAR)
    a = eastward([0.0, 30.0, 70.0, 131.0, 140.0], -20_000, 250)
    loss = one({"A": a, "B": b})
    assert loss.end == 70.0
    assert losses({"A": a, "B": b}, max_gap_s=39.9) == {}
    assert one({"A": a, "B": b}, max_gap_s=61.0).end == pytest.approx(98.52, **NEAR)


@pytest.mark.parametrize(("pause", "count"), [(9.9, 1), (10.1, 2)])
def test_losses_a_few_seconds_apart_are_one(pause: float, count: int) -> None:
    # B leaves the other's layer at t = 50 s, at 100 ft/s, and comes back: out of it for `pause` seconds.
    half = pause / 2
    t = [0.0, 40.0, 50 + half, 60 + 2 * half, 110.0]
    b = reports(t, [10_000, 10_000, 11_000 + 100 * half, 10_000, 10_000])
    found = losses({"A": reports(np.arange(0, 111, 10.0)), "B": b})["A", "B"]
    assert len(found) == count
    assert found[0].start == 0
    assert found[-1].end == 110
    if count == 2:
        assert found[0].end == pytest.approx(50, **NEAR)
        assert found[1].start == pytest.approx(50 + pause, **NEAR)


@pytest.mark.parametrize(("abeam_m", "lost"), [(9259.999, True), (9260.001, False)])
def test_the_shortest_graze_is_seen(abeam_m: float, lost: bool) -> None:
    _, lat, _ = GEOD.fwd(0.0, 0.0, 0.0, abeam_m)
    t = np.arange(0, 200, 6.13)
    # Against the equator the parallel is no geodesic between reports: A waits on it, B flies by.
    a = reports(t, lat=lat)
    b = eastward(t, -20_000, 250)
    found = losses({"A": a, "B": b})
    assert bool(found) == lost
    if lost:  # 2 * sqrt(9260^2 - 9259.999^2) / 250 s
        assert found["A", "B"][0].end - found["A", "B"][0].start == pytest.approx(0.0344, abs=2e-3)


def test_exact_minima_are_no_loss() -> None:
    t = np.arange(0, 100, 5.0)
    assert losses({"A": reports(t), "B": reports(t, 11_000.0)}) == {}
    assert one({"A": reports(t), "B": reports(t, 10_999.9)}).end == 95
    north = GEOD.fwd(0.0, 0.0, 0.0, 9260.000001)[1]
    assert losses({"A": reports(t), "B": reports(t, lat=north)}) == {}


def test_what_is_not_known_is_not_judged() -> None:
    t = np.arange(0, 100, 5.0)
    assert losses({"A": reports(t), "B": reports([50.0])}) == {}
    assert losses({"A": reports(t), "B": reports(t, np.nan)}) == {}
    assert losses({"A": reports(t)}) == {}
    known = np.where((t >= 20) & (t <= 60), 10_000.0, np.nan)
    loss = one({"A": reports(t), "B": reports(t, known)})
    assert (loss.start, loss.end) == (20, 60)


def test_the_order_of_reports_is_demanded() -> None:
    with pytest.raises(ValueError, match="order"):
        losses({"A": reports([5.0, 0.0]), "B": reports([0.0, 5.0])})


def plain(a: Track, b: Track, step: float = 0.02) -> list[tuple[float, float, float]]:
    """Start, end and severity by looking every `step` seconds and nowhere else."""

    def at(track: Track, t: np.ndarray) -> tuple[np.ndarray, ...]:
        ends = np.clip(np.searchsorted(track[0], t), 1, track[0].size - 1)
        t0, t1 = track[0][ends - 1], track[0][ends]
        azimuth, _, length = GEOD.inv(track[2][ends - 1], track[1][ends - 1], track[2][ends], track[1][ends])
        share = (t - t0) / (t1 - t0)
        lon, lat, _ = GEOD.fwd(track[2][ends - 1], track[1][ends - 1], azimuth, length * share)
        alt = track[3][ends - 1] * (1 - share) + track[3][ends] * share
        known = (t1 - t0 <= 60) & (t >= track[0][0]) & (t <= track[0][-1])
        return lat, lon, np.where(known, alt, np.nan)

    t = np.arange(max(a[0][0], b[0][0]), min(a[0][-1], b[0][-1]), step)
    (lat_a, lon_a, alt_a), (lat_b, lon_b, alt_b) = at(a, t), at(b, t)
    distance = np.asarray(GEOD.inv(lon_a, lat_a, lon_b, lat_b)[2])
    left = np.maximum(distance / 9260, abs(alt_a - alt_b) / 1000)
    lost = np.flatnonzero(left < 1 - 1e-9)
    if not lost.size:
        return []
    groups = np.split(lost, np.flatnonzero(np.diff(t[lost]) >= 10) + 1)
    return [(t[g[0]], t[g[-1]], left[g].min()) for g in groups]


@pytest.mark.parametrize("region", ["europe", "antimeridian", "pole"])
def test_equals_a_plain_look_at_every_20_ms(region: str) -> None:
    tracks = random_tracks(4, region, count=7, radius_m=18e3, duration_s=600)
    names = sorted(tracks)
    found = losses(tracks)
    assert sum(map(len, found.values())) >= 3
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            want = plain(tracks[a], tracks[b])
            have = found.get((a, b), [])
            assert len(have) == len(want), (a, b)
            for loss, (start, end, severity) in zip(have, want, strict=True):
                assert (loss.start, loss.end) == pytest.approx((start, end), abs=0.021)
                assert loss.severity == pytest.approx(severity, abs=1e-3)


def test_tables_and_tracks_are_the_same_thing() -> None:
    tracks = random_tracks(5, count=5)
    back = tracks_of(position_table(tracks))
    assert list(back) == sorted(tracks)
    for name, track in tracks.items():
        for ours, theirs in zip(track, back[name], strict=True):
            np.testing.assert_allclose(theirs, ours, atol=1e-3)
