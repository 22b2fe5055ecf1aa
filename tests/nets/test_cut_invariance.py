"""However a recording is cut into batches, and wherever its state is stored and restored: the findings are the same."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from overflight.airspace.volume import SURFACE, Limit
from overflight.engine.parameters import CheckParameters
from overflight.engine.pipeline import Pipeline
from overflight.nets.incursion import Incursion, IncursionParameters
from overflight.nets.interference import Interference, InterferenceParameters
from overflight.nets.separation import Separation
from overflight.surveillance.batch import TrackNames, batch_of
from overflight.surveillance.integrity import Gate
from overflight.surveillance.table import POSITION_SCHEMA
from tests.airspace.zones import star, volume
from tests.oracle.traffic import REGIONS, position_table, random_tracks

GIVEN = CheckParameters(minima="5 NM/1000 ft")
CLASSED = CheckParameters()
UNGATED = CheckParameters(minima="3 NM/500 ft", ungated=True, unknown_altitude="report", max_gap="25s")


def pipeline(parameters: CheckParameters, names: TrackNames) -> Pipeline:
    told = parameters.separation("x")
    skipped, unknown = told.skipped, told.report_unknown
    rng = np.random.default_rng(5)
    amsl, high = Limit("AMSL", 9500.0), Limit("STD", 12_000.0)
    zones = tuple(
        volume(
            f"{where}{k}", star(rng, *REGIONS[where][:2], 30e3 * (k + 1)), floor=amsl if k else SURFACE, ceiling=high
        )
        for where in REGIONS
        for k in range(2)
    )
    return Pipeline(
        Gate(parameters.thresholds, names),
        [
            Separation(told, names),
            Incursion(IncursionParameters(zones, (), told.max_gap_s, unknown, skipped, inputs="x"), names),
            Interference(InterferenceParameters(share=0.01, degraded=1, seen=1, lasting_s=1.0), names),
        ],
    )


def run(
    table: pl.DataFrame, parameters: CheckParameters, cuts: Sequence[int] = (), stored_at: int | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    """Events, dismissals and flags of `table` in batches that end at the rows `cuts`.

    Before batch number `stored_at` the state is stored, and a new pipeline goes on from it.
    """
    names = TrackNames()
    line = pipeline(parameters, names)
    found, flags = [], []
    for number, (first, end) in enumerate(itertools.pairwise([0, *sorted(cuts), table.height])):
        if number == stored_at:
            state = pickle.dumps(line.snapshot())
            line = pipeline(parameters, names)
            line.restore(pickle.loads(state))
        batch = batch_of(table[first:end], names, first)
        flags.append(line.update(batch).flags)
        if len(batch):
            found.append(line.advance(int(batch.time_us[-1])))
    found.append(line.finish())
    events = pl.concat([one.events for one in found], how="diagonal").sort("start", "id")
    dismissed = pl.concat([one.dismissed for one in found]).sort("start", "track_a", "track_b", "reason", "end")
    return events, dismissed, np.concatenate(flags)


def traffic(seed: int, region: str = "europe", count: int = 40, radius_m: float = 60e3) -> pl.DataFrame:
    """Traffic as received: codes, callsigns and altitudes only now and then, many reports at one instant, a copy."""
    rng = np.random.default_rng(seed)
    table = position_table(random_tracks(seed, region, count=count, radius_m=radius_m, duration_s=700))
    n = table.height
    number = table["track_id"].str.slice(1).cast(pl.Int32).alias("number")
    codes = pl.Series(["1200", "7000", "4321", "2345", "6612"])[(number % 5).to_list()]
    table = table.with_columns(
        # Whole seconds, so that many reports share an instant.
        pl.col("timestamp").dt.truncate("1s"),
        squawk=pl.when(pl.Series(rng.random(n) < 0.1)).then(codes),
        callsign=pl.when(pl.Series(rng.random(n) < 0.05)).then(pl.format("CS{}", number)),
        altitude=pl.when(pl.Series(rng.random(n) < 0.97)).then("altitude"),
        onground=pl.Series(rng.random(n) < 0.02),
        icao24=number.cast(pl.String).str.zfill(6),
        nac_p=pl.Series(rng.choice([8, 9, 3], n, p=[0.6, 0.3, 0.1]).astype(np.uint8)),
    )
    ghost = table.filter(pl.col("track_id") == table["track_id"][0]).with_columns(
        track_id=pl.lit("~ghost"), icao24=pl.lit("~99999"), latitude=pl.col("latitude") + 1e-4
    )
    table = pl.concat([table, ghost]).unique(["track_id", "timestamp"], keep="first")
    missing = [pl.lit(None, kind).alias(name) for name, kind in POSITION_SCHEMA.items() if name not in table.columns]
    return table.with_columns(missing).select(
        pl.col(name).cast(kind) for name, kind in POSITION_SCHEMA.items()
    ).sort("timestamp", "track_id")  # fmt: skip


def agree(table: pl.DataFrame, parameters: CheckParameters, cuts: Sequence[int], stored_at: int | None = None) -> None:
    whole, cut = run(table, parameters), run(table, parameters, cuts, stored_at)
    np.testing.assert_array_equal(cut[2], whole[2])
    for ours, theirs in zip(cut[:2], whole[:2], strict=True):
        told = [
            f"{a['track_a']} {a['track_b']} {a['start']:%H:%M:%S} {name}: {a[name]} in batches, {b[name]} at once"
            for a, b in zip(ours.iter_rows(named=True), theirs.iter_rows(named=True), strict=False)
            for name in ours.columns
            if a[name] != b[name]
        ]
        assert not told, "\n".join(told[:5])
        assert_frame_equal(ours, theirs, check_exact=True)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("parameters", [GIVEN, CLASSED, UNGATED], ids=["given", "classed", "ungated"])
def test_cuts(parameters: CheckParameters, data: st.DataObject) -> None:
    table = traffic(data.draw(st.integers(0, 2**16)), data.draw(st.sampled_from(sorted(REGIONS))))
    cuts = data.draw(st.lists(st.integers(0, table.height), max_size=12))
    agree(table, parameters, cuts, data.draw(st.none() | st.integers(0, len(cuts))))


@pytest.mark.long
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("parameters", [GIVEN, CLASSED, UNGATED], ids=["given", "classed", "ungated"])
def test_cuts_at_length(parameters: CheckParameters, data: st.DataObject) -> None:
    table = traffic(data.draw(st.integers(0, 2**32)), data.draw(st.sampled_from(sorted(REGIONS))))
    cuts = data.draw(st.lists(st.integers(0, table.height), max_size=40))
    agree(table, parameters, cuts, data.draw(st.none() | st.integers(0, len(cuts))))


@pytest.mark.parametrize("parameters", [GIVEN, CLASSED, UNGATED], ids=["given", "classed", "ungated"])
def test_a_second_at_a_time(parameters: CheckParameters) -> None:
    table = traffic(5)
    seconds = table.with_row_index().group_by("timestamp").agg(pl.col("index").min()).sort("index")["index"].to_list()
    agree(table, parameters, seconds[200:450], stored_at=100)


def test_there_is_something_to_find() -> None:
    for parameters, least in ((GIVEN, 10), (CLASSED, 1), (UNGATED, 10)):
        events, dismissed, flags = run(traffic(5), parameters)
        assert events.height >= least
        assert np.count_nonzero(flags) > 0
        if parameters is CLASSED:
            assert dismissed.height > 0
