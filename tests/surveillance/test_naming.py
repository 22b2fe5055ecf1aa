"""A feed is named as a recording is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from overflight.engine.state import read_state, write_state
from overflight.examples import california
from overflight.surveillance.identity import SILENCE_S, with_identity
from overflight.surveillance.naming import Naming
from overflight.surveillance.read import read

KEEP = ["timestamp", "icao24", "callsign", "address_type", "latitude", "longitude", "source", "ref"]


def unnamed() -> pl.DataFrame:
    """The demo's rows as a feed would give them: no track_id, and `~` before addresses that are none."""
    table = read(california()).table
    address = pl.coalesce("icao24", pl.col("track_id").str.extract("(~[0-9a-f]{6})"))
    first = table["timestamp"].min()
    return table.with_columns(icao24=address).select(KEEP).filter(pl.col("timestamp") < first + pl.duration(hours=3))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_names_however_it_is_cut(seed: int, tmp_path: Path) -> None:
    rows = unnamed()
    whole = with_identity(rows)
    rng = np.random.default_rng(seed)
    naming, parts = Naming(), []
    minute = (rows["timestamp"].to_physical() // 60_000_000).to_numpy()
    edges = np.flatnonzero(np.diff(minute)) + 1
    cuts = np.union1d(edges, rng.choice(rows.height, 200, replace=False))
    for first, end in zip([0, *cuts], [*cuts, rows.height], strict=True):
        parts.append(naming.name(rows[int(first) : int(end)]))
        if rng.random() < 0.01:
            state = naming.snapshot()
            write_state(tmp_path / "state", state)
            naming = Naming()
            naming.restore(read_state(tmp_path / "state"))
    named = pl.concat(parts)
    assert whole["track_id"].str.contains("#").any()
    assert named["track_id"].to_list() == whole["track_id"].to_list()
    assert named["icao24"].to_list() == whole["icao24"].to_list()


def test_a_type_that_is_left_out_is_that_which_was_told_last() -> None:
    rows = unnamed()
    silence = pl.col("timestamp").diff().over("icao24", "source") > pl.duration(seconds=SILENCE_S)
    told = pl.when(silence.fill_null(True) | (pl.int_range(pl.len()) % 3 == 0)).then("address_type")
    sparse = rows.with_columns(address_type=told)
    naming = Naming()
    minute = sparse["timestamp"].to_physical() // 60_000_000
    named = pl.concat([naming.name(sparse.filter(minute == number)) for number in minute.unique().sort()])
    assert named["address_type"].to_list() == with_identity(sparse)["address_type"].to_list()
    assert sparse["address_type"].null_count() > sparse.height / 2
