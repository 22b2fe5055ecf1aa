"""Conflict kernels: against DAIDALUS on real encounters, against the definitions by steps, and where detectors go wrong."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.errors import ParameterError
from overflight.nets.alerting import EN_ROUTE, Alerting, Level, Memory
from overflight.nets.conflict import METHODS, time_in_cylinder, time_in_well_clear
from overflight.units import FT_M, NM_M

REFERENCE = pl.read_parquet(Path(__file__).resolve().parents[1] / "data/encounters/reference.parquet")
S, V = (REFERENCE.select(f"{kind}{axis}" for axis in "xyz").to_numpy() for kind in "sv")
WELL_CLEAR: Any = {"dthr_m": 0.66 * NM_M, "tthr_s": 35.0}
VOLUMES: dict[str, Any] = {
    "cd3d_{}1": partial(time_in_cylinder, horizontal_m=5 * NM_M, vertical_m=1000 * FT_M),
    "do365_{}1": partial(time_in_well_clear, zthr_m=700 * FT_M, **WELL_CLEAR),
    "do365_{}2": partial(time_in_well_clear, zthr_m=450 * FT_M, **WELL_CLEAR),
    "do365_{}3": partial(time_in_well_clear, zthr_m=450 * FT_M, **WELL_CLEAR),
}
LAST_DIGITS = np.array([[0.0, 0.0, 5e-8], [0.0, 0.0, 5e-9]])
"""m and m/s: heights are told to seven decimals and climbs to eight at best, and some climbs are of a few mm/s."""


@pytest.mark.parametrize("column", list(VOLUMES))
def test_real_encounters(column: str) -> None:
    """Conflict or none on every row; times to a microsecond, but for what half a unit of the last digit of the states makes."""
    have = VOLUMES[column](S, V)
    want = REFERENCE[column.format("conflict")].to_numpy()
    assert np.array_equal(~np.isnan(have.time_in), want)
    low, high = (VOLUMES[column](S + sign * LAST_DIGITS[0], V + sign * LAST_DIGITS[1]) for sign in (-1, 1))
    for k, name in enumerate(("in", "out")):
        far = np.abs(have[k] - REFERENCE[column.format(name)].to_numpy())
        open_to = np.nan_to_num(np.abs(low[k] - high[k]))
        assert (far <= 1e-6 + open_to)[want].all()
        assert (far > 1e-6)[want].sum() <= 5  # of 14,079 and more


@pytest.mark.parametrize(
    ("prefix", "alerting"),
    [
        ("do365", EN_ROUTE),
        ("cd3d", Alerting("cd3d", (Level("c", 5 * NM_M, 1000 * FT_M, 180.0, 180.0),), m=1, n=1, persistence_s=0.0)),
    ],
)
def test_alerts_of_real_encounters(prefix: str, alerting: Alerting) -> None:
    """Levels by themselves and as remembered, on every row."""
    raw = Memory(alerting, len(S)).raw(S, V, REFERENCE["time"].to_numpy())
    assert np.array_equal(raw, REFERENCE[f"{prefix}_raw_alert"].to_numpy())
    encounters = REFERENCE.with_row_index("row").group_by("encounter", maintain_order=True).agg("row")["row"].to_list()
    memory = Memory(alerting, len(encounters))
    given_levels = np.zeros(len(S), np.int8)
    for step in range(max(map(len, encounters))):
        # All encounters at once; one that is over stays as it is.
        rows = np.array([rows[min(step, len(rows) - 1)] for rows in encounters])
        going = np.array([step < len(rows) for rows in encounters])
        levels = memory.step(S[rows], V[rows], REFERENCE["time"].to_numpy()[rows] + np.where(going, 0.0, step))
        given_levels[rows[going]] = levels[going]
    assert np.array_equal(given_levels, REFERENCE[f"{prefix}_alert"].to_numpy())


def lost(
    s: np.ndarray, v: np.ndarray, t: np.ndarray, dthr: float, zthr: float, tthr: float, tcoa: float, method: str
) -> np.ndarray:
    """Well clear lost at each time (T), from the definitions."""
    r = s[:2] + t[:, None] * v[:2]
    z = s[2] + t * v[2]
    distance, speed2, closing = np.hypot(*r.T), v[:2] @ v[:2], r @ v[:2]
    to_closest = -closing / speed2 if speed2 else np.zeros_like(t)
    miss = np.hypot(*(r + np.maximum(to_closest, 0)[:, None] * v[:2]).T)
    with np.errstate(all="ignore"):
        if method == "taumod":
            variable = np.where(closing < 0, (dthr**2 - distance**2) / closing, -1.0)
        elif method == "tcpa":
            variable = np.where(closing < 0, to_closest, -1.0)
        else:
            half = np.sqrt(np.maximum(dthr**2 - miss**2, 0)) / np.sqrt(speed2)
            variable = np.where((closing < 0) & (miss < dthr), to_closest - half, -1.0)
        to_level = np.where(z * v[2] < 0, -z / v[2], np.inf)
    horizontal = (distance < dthr) | ((miss < dthr) & (variable >= 0) & (variable < tthr))
    return horizontal & ((np.abs(z) < zthr) | (to_level < tcoa))


@settings(max_examples=300, deadline=None)
@given(
    st.tuples(*[st.floats(-8000, 8000)] * 2, st.floats(-600, 600)),
    st.tuples(*[st.sampled_from([0.0, 1.0]) for _ in range(3)]),
    st.tuples(*[st.floats(-250, 250)] * 2, st.floats(-20, 20)),
    st.sampled_from(METHODS),
    st.sampled_from([(0.0, 0.0), (35.0, 0.0), (35.0, 20.0), (0.0, 20.0)]),
    st.floats(0, 60),
)
def test_well_clear_is_what_its_definition_says(
    s: tuple[float, ...],
    moving: tuple[float, ...],
    v: tuple[float, ...],
    method: Any,
    times: tuple[float, float],
    begin_s: float,
) -> None:
    position, velocity = np.array(s), np.array(v) * np.array(moving)
    tthr, tcoa = times
    steps = begin_s + np.arange(0.0, 120.0, 0.05)
    here = lost(position, velocity, steps, 1200.0, 150.0, tthr, tcoa, method)
    time_in, time_out = time_in_well_clear(
        position,
        velocity,
        dthr_m=1200.0,
        zthr_m=150.0,
        tthr_s=tthr,
        tcoa_s=tcoa,
        method=method,
        begin_s=begin_s,
        end_s=float(steps[-1]),
    )
    if np.isnan(time_in[0]):
        assert here.sum() <= 1
        return
    inside = (steps > time_in[0] + 0.06) & (steps < time_out[0] - 0.06)
    outside = (steps < time_in[0] - 0.06) | (steps > time_out[0] + 0.06)
    assert here[inside].all()
    assert not here[outside].any()


@settings(max_examples=200, deadline=None)
@given(st.tuples(*[st.floats(-20_000, 20_000)] * 3), st.tuples(*[st.floats(-300, 300)] * 3))
def test_the_cylinder_is_left_and_entered_on_its_surface(s: tuple[float, ...], v: tuple[float, ...]) -> None:
    limits = {"horizontal_m": 9260.0, "vertical_m": 304.8}
    time_in, time_out = time_in_cylinder(s, v, **limits)
    steps = np.linspace(0.0, 180.0, 3601)[:, None]
    path = np.array(s) + steps * np.array(v)
    inside = (np.hypot(*path[:, :2].T) < 9260.0) & (np.abs(path[:, 2]) < 304.8)
    if np.isnan(time_in[0]):
        assert inside.sum() <= 1
        return
    for t in (time_in[0], time_out[0]):
        if 0.0 < t < 180.0:
            x, y, z = np.array(s) + t * np.array(v)
            assert np.hypot(x, y) == pytest.approx(9260.0, abs=1e-4) or abs(z) == pytest.approx(304.8, abs=1e-4)
    middle = (steps[:, 0] > time_in[0]) & (steps[:, 0] < time_out[0])
    assert np.array_equal(middle, inside) or (middle != inside).sum() <= 2


@pytest.mark.parametrize("low_ft", range(500, 45_000, 700))
def test_exactly_a_thousand_feet_apart_is_no_loss(low_ft: int) -> None:
    for high in ((low_ft + 1000) * FT_M, low_ft * FT_M + 304.8, low_ft * FT_M + 1000 * FT_M):
        s = [[1000.0, 0.0, high - low_ft * FT_M]]
        assert np.isnan(time_in_cylinder(s, [[-100.0, 0, 0]], horizontal_m=5 * NM_M, vertical_m=1000 * FT_M)).all()


def test_identical_velocities() -> None:
    near = time_in_cylinder([[185.2, 0, 0]], [[0, 0, 0]], horizontal_m=5 * NM_M, vertical_m=1000 * FT_M)
    assert (near.time_in[0], near.time_out[0]) == (0.0, 180.0)
    clear = time_in_well_clear([[185.2, 0, 0]], [[0, 0, 0]], zthr_m=450 * FT_M, **WELL_CLEAR)
    assert (clear.time_in[0], clear.time_out[0]) == (0.0, 180.0)


def test_a_tangent_is_no_loss() -> None:
    assert np.isnan(time_in_cylinder([[-5000, 9260, 0]], [[100, 0, 0]], horizontal_m=9260, vertical_m=300)).all()


def test_now_alone() -> None:
    """A lookahead without length asks whether it is lost now."""
    told = {"horizontal_m": 9260.0, "vertical_m": 300.0, "end_s": 0.0}
    assert time_in_cylinder([[100, 0, 0]], [[10, 0, 0]], **told).time_in[0] == 0.0
    assert np.isnan(time_in_cylinder([[9300, 0, 0]], [[-10, 0, 0]], **told).time_in[0])


def test_what_is_not_known_is_no_number() -> None:
    for s, v in (([[np.nan, 0, 0]], [[0, 0, 0]]), ([[0, 0, np.nan]], [[0, 0, 0]]), ([[0, 0, 0]], [[0, 0, np.nan]])):
        assert np.isnan(time_in_cylinder(s, v, horizontal_m=1.0, vertical_m=1.0)).all()


@pytest.mark.parametrize(
    "wrong", [{"horizontal_m": -1.0}, {"vertical_m": float("nan")}, {"begin_s": 10.0, "end_s": 5.0}]
)
def test_thresholds_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        time_in_cylinder([[0, 0, 0]], [[0, 0, 0]], **({"horizontal_m": 1.0, "vertical_m": 1.0} | wrong))


def test_an_unknown_method() -> None:
    with pytest.raises(ParameterError, match="taumod"):
        time_in_well_clear([[0, 0, 0]], [[0, 0, 0]], dthr_m=1, zthr_m=1, tthr_s=1, method="tau")  # type: ignore[arg-type]


def test_nobody() -> None:
    assert len(time_in_cylinder([], [], horizontal_m=1.0, vertical_m=1.0).time_in) == 0
