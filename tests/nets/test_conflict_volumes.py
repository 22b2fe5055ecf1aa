"""Volumes by altitude, widened and shrunk: against steps, and by positions drawn from within the accuracies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.nets.alerting import EN_ROUTE, LAYERED, STCA
from overflight.nets.conflict import time_in_cylinder
from overflight.nets.minima import RADAR
from overflight.nets.volumes import Pairs, growing_disc, spans
from overflight.units import FT_M, NM_M

plane = st.tuples(*[st.floats(-20_000, 20_000)] * 2)
slow = st.tuples(*[st.sampled_from([0.0, 1.0, -1.0, 60.0, 250.0, -120.5])] * 2)


@settings(max_examples=150, deadline=None)
@given(
    plane, slow, st.sampled_from([0.0, 500.0, 9260.0]), st.sampled_from([0.0, 1.0, -1.0, 20.0, -20.0, 300.0, -300.0])
)
def test_a_growing_disc_is_what_its_definition_says(
    s: tuple[float, ...], v: tuple[float, ...], radius: float, growth: float
) -> None:
    steps = np.linspace(-200.0, 200.0, 4001)
    apart = np.hypot(s[0] + steps * v[0], s[1] + steps * v[1])
    room = radius + growth * steps - apart
    time_in, time_out = growing_disc(np.array([s]), np.array([v]), radius, growth)
    within = (steps > time_in[0]) & (steps < time_out[0])
    sure = np.abs(room) > 1e-3
    assert np.array_equal(within[sure], (room > 0.0)[sure])


def pairs_of(rng: np.random.Generator, count: int) -> Pairs:
    """Pairs on either side of the layers' floors, that come near each other or nearly so."""
    s = np.concatenate([rng.uniform(-25e3, 25e3, (count, 2)), rng.uniform(-900, 900, (count, 1))], axis=1)
    v = np.concatenate([rng.uniform(-300, 300, (count, 2)), np.zeros((count, 1))], axis=1)
    floor_m = rng.choice([10_000.0, 41_200.0], count) * FT_M
    low = floor_m + rng.uniform(-1500, 1500, count)
    altitude = np.stack([low + s[:, 2], low], axis=1)
    up = rng.choice([0.0, 5.0, -5.0, 12.0], (count, 2))
    v[:, 2] = up[:, 0] - up[:, 1]
    return Pairs(s, v, altitude, up, np.zeros(count), np.zeros(count))


def test_minima_by_layer_are_those_of_the_higher_one_at_each_moment() -> None:
    pairs = pairs_of(np.random.default_rng(3), 3000)
    (span,) = spans(pairs, LAYERED)
    steps = np.arange(0.0, 130.0, 0.25)
    lost = np.zeros((len(pairs.s), len(steps)), bool)
    for n, t in enumerate(steps):
        high_ft = (pairs.altitude_m + t * pairs.up_mps).max(axis=1) / FT_M
        layers = [RADAR.at(height) for height in high_ft]
        place = pairs.s + t * pairs.v
        lost[:, n] = (np.hypot(*place[:, :2].T) < np.array([x.horizontal_nm for x in layers]) * NM_M) & (
            np.abs(place[:, 2]) < np.array([x.vertical_ft for x in layers]) * FT_M
        )
    some = lost.any(axis=1)
    assert some.sum() > 300
    assert not np.isnan(span.time_in[some]).any()
    first = steps[lost.argmax(axis=1)]
    last = steps[len(steps) - 1 - lost[:, ::-1].argmax(axis=1)]
    assert ((span.time_in <= first + 1e-6) & (span.time_in >= first - 0.26))[some].mean() > 0.99
    assert ((span.time_out >= last - 1e-6) & (span.time_out <= last + 0.26))[some].mean() > 0.99
    assert (np.isnan(span.time_in) | (span.time_out - span.time_in < 0.26))[~some].all()


def test_without_errors_nothing_is_widened() -> None:
    pairs = pairs_of(np.random.default_rng(4), 2000)
    (plain,), (wide,), (narrow,) = spans(pairs, STCA), spans(pairs, STCA, 1.0), spans(pairs, STCA, -1.0)
    for name in ("time_in", "time_out"):
        for other in (wide, narrow):
            np.testing.assert_allclose(getattr(other, name), getattr(plain, name), atol=1e-6)


@pytest.mark.parametrize("alerting", [STCA, LAYERED, EN_ROUTE])
def test_no_loss_within_the_accuracies_is_missed_and_none_is_called_sure_that_is_not(alerting: object) -> None:
    """Draw places and velocities within the accuracies: what any has lost is widened to, what is sure is lost by all."""
    rng = np.random.default_rng(5)
    count, draws = 1500, 40
    plain = pairs_of(rng, count)
    pairs = Pairs(
        plain.s,
        plain.v,
        plain.altitude_m,
        plain.up_mps,
        rng.uniform(0, 800, count),
        rng.choice([0.0, 2.0, 20.0], count),
    )
    wide, narrow = spans(pairs, alerting, 1.0), spans(pairs, alerting, -1.0)  # type: ignore[arg-type]
    seen = 0
    for _ in range(draws):
        off = [
            (limit * np.sqrt(rng.uniform(0, 1, count)) * np.array([np.cos(angle), np.sin(angle)])).T
            for limit, angle in ((pairs.error_m, rng.uniform(0, 7, count)), (pairs.error_mps, rng.uniform(0, 7, count)))
        ]
        s, v = pairs.s.copy(), pairs.v.copy()
        s[:, :2] += off[0]
        v[:, :2] += off[1]
        drawn = spans(Pairs(s, v, pairs.altitude_m, pairs.up_mps, pairs.error_m, pairs.error_mps), alerting)  # type: ignore[arg-type]
        for one, outer, inner in zip(drawn, wide, narrow, strict=True):
            lost = ~np.isnan(one.time_in)
            seen += int(lost.sum())
            assert (outer.time_in[lost] <= one.time_in[lost] + 1e-6).all()
            sure = ~np.isnan(inner.time_in) & (inner.time_in < alerting.lookahead_s)  # type: ignore[attr-defined]
            assert lost[sure].all()
    assert seen > 1000


def test_a_cylinder_by_layers_is_the_plain_one_where_one_layer_holds() -> None:
    pairs = pairs_of(np.random.default_rng(6), 1000)
    high = Pairs(pairs.s, pairs.v, pairs.altitude_m * 0 + 6000.0, pairs.up_mps * 0, pairs.error_m, pairs.error_mps)
    (layered,) = spans(high, LAYERED)
    plain = time_in_cylinder(pairs.s, pairs.v, horizontal_m=5 * NM_M, vertical_m=1000 * FT_M, end_s=LAYERED.lookahead_s)
    np.testing.assert_allclose(layered.time_in, plain.time_in, atol=1e-6)
