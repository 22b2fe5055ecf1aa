"""The compiled look across tracks against its twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from overflight_kernels import Crowd, CrowdLimits

from tests.kernels import twin_crowd
from tests.kernels.twin_crowd import COPY, LIMITS, SHARED, Row


def crowd() -> Crowd:
    return Crowd(CrowdLimits(**LIMITS))


Answer = list[tuple[int, int]]


def update(kernel: Crowd, rows: list[Row], hearsay: list[int], aircraft: list[int], threads: int = 1) -> Answer:
    """The flags of each report, and the track that it copies (-1 for none)."""
    names = {
        "time_us": np.int64, "track": np.uint32, "latitude": float, "longitude": float, "altitude": float,
        "speed": float, "course": float, "doubtful": np.uint8,
    }  # fmt: skip
    units = {"latitude": "_deg", "longitude": "_deg", "altitude": "_m", "speed": "_mps", "course": "_deg"}
    flags, copies, originals = kernel.update(
        **{
            name + units.get(name, ""): np.array([getattr(row, name) for row in rows], kind)
            for name, kind in names.items()
        },
        hearsay=np.array(hearsay, np.uint8),
        aircraft=np.array(aircraft, np.uint32),
        threads=threads,
    )
    original = dict(zip(copies.tolist(), originals.tolist(), strict=True))
    return [(flag, original.get(k, -1)) for k, flag in enumerate(flags.tolist())]


@st.composite
def crowds(draw: st.DrawFn) -> tuple[list[Row], list[int], list[int]]:
    """Reports in the order of time: some tracks follow each other, some meet on one point, some are of one aircraft."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    centre = draw(st.sampled_from([(48.0, 11.0), (0.0, 179.999), (-85.0, -30.0)]))
    tracks = draw(st.integers(1, 7))
    hearsay = rng.integers(0, 3, tracks).tolist()
    aircraft = rng.integers(0, tracks, tracks).tolist() if draw(st.booleans()) else list(range(tracks))
    spread = draw(st.sampled_from([300.0, 3e3, 30e3]))
    start = rng.uniform(-spread, spread, (tracks, 2))
    course = rng.choice([0.0, 30.0, 200.0], tracks)
    speed = rng.choice([5.0, 100.0, 240.0], tracks)
    t = np.sort(rng.integers(0, 120, draw(st.integers(0, 120))))
    rows = []
    for second in t.tolist():
        k = int(rng.integers(tracks))
        away = start[k] + speed[k] * second * np.array([np.cos(np.radians(course[k])), np.sin(np.radians(course[k]))])
        if rng.random() < 0.3:
            away = np.array([1000.0, 1000.0])  # the point that all share
        lat = centre[0] + away[0] / 111.2e3
        lon = (centre[1] + away[1] / (111.2e3 * np.cos(np.radians(centre[0]))) + 180) % 360 - 180
        said = rng.random(3) < 0.15
        rows.append(
            Row(
                time_us=second * 1_000_000,
                track=k,
                latitude=float(lat),
                longitude=float(lon),
                altitude=np.nan if said[0] else 3000.0 + 100 * (k % 3),
                speed=np.nan if said[1] else float(speed[k]),
                course=np.nan if said[2] else float(course[k]),
                doubtful=bool(rng.random() < 0.1),
            )
        )
    return rows, hearsay, aircraft


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(crowds(), st.integers(1, 2))
def test_equals_its_twin(world: tuple[list[Row], list[int], list[int]], threads: int) -> None:
    rows, hearsay, aircraft = world
    twin = twin_crowd.Crowd(hearsay, aircraft)
    assert update(crowd(), rows, hearsay, aircraft, threads) == [twin.look(row) for row in rows]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(crowds(), st.floats(0, 1), st.booleans())
def test_goes_on_where_it_stopped(world: tuple[list[Row], list[int], list[int]], share: float, stored: bool) -> None:
    rows, hearsay, aircraft = world
    cut = round(share * len(rows))
    kernel = crowd()
    before = update(kernel, rows[:cut], hearsay, aircraft)
    if stored:
        state, kernel = kernel.state(), crowd()
        kernel.set_state(state)
    assert before + update(kernel, rows[cut:], hearsay, aircraft) == update(crowd(), rows, hearsay, aircraft)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(crowds(), st.floats(0, 1))
def test_a_copy_may_come_late(world: tuple[list[Row], list[int], list[int]], share: float) -> None:
    """Nobody can be a copy in the first call, which takes less trouble over it then."""
    rows, hearsay, aircraft = world
    own = [row for row in rows[: round(share * len(rows))] if not hearsay[row.track]]
    own = [row for row in own if aircraft.count(aircraft[row.track]) == 1]
    order = sorted(range(len(hearsay)), key=lambda t: (hearsay[t] > 0 or aircraft.count(aircraft[t]) > 1, t))
    number = {track: place for place, track in enumerate(order)}
    known = sum(not hearsay[t] and aircraft.count(aircraft[t]) == 1 for t in order)
    rows = [replace(row, track=number[row.track]) for row in [*own, *rows[round(share * len(rows)) :]]]
    hearsay, aircraft = [hearsay[t] for t in order], [aircraft[t] for t in order]
    kernel, twin = crowd(), twin_crowd.Crowd(hearsay, aircraft)
    found = update(kernel, rows[: len(own)], hearsay[:known], aircraft[:known])
    assert found + update(kernel, rows[len(own) :], hearsay, aircraft) == [twin.look(row) for row in rows]


def test_each_flag_is_reached() -> None:
    rows = [Row(1_000_000 * k, k % 3, 48.0, 11.0, 3000.0, 100.0, 90.0, False) for k in range(9)]
    assert update(crowd(), rows, [0, 0, 0], [0, 1, 2]) == [(0, -1)] * 2 + [(SHARED, -1)] * 7
    ghost = [Row(1_000_000 * k, k % 2, 48.0 + 1e-3 * k, 11.0, 3000.0, 111.2, 0.0, False) for k in range(6)]
    assert update(crowd(), ghost, [0, 1], [0, 1]) == [(0, -1), (COPY, 0)] * 3
    assert update(crowd(), ghost, [0, 0], [0, 1]) == [(0, -1)] * 6
