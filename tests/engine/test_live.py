"""Live equals history: whatever the order, the cuts and the restarts, the closed events are those of a check."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from overflight.airspace.read import read_airspace
from overflight.airspace.volume import Airspace
from overflight.engine.history import check_recording
from overflight.engine.live import Live
from overflight.engine.lives import Change
from overflight.engine.parameters import NETS, CheckParameters
from overflight.engine.state import read_state, write_state
from overflight.events import records
from overflight.examples import california
from overflight.surveillance.read import read
from overflight.surveillance.recording import Recording
from tests.agreement.documents import halves

ALL = CheckParameters(nets=NETS, **halves())
HOUR = 3_600_000_000


@lru_cache(maxsize=1)
def recording() -> Recording:
    return read(california())


@lru_cache(maxsize=1)
def airspace() -> Airspace:
    return read_airspace(Path(__file__).parent / "box.geojson")


def span(first_h: float, hours: float) -> pl.DataFrame:
    table = recording().table
    us = table["timestamp"].to_physical() - int(table["timestamp"].to_physical().min())  # type: ignore[arg-type]
    return table.filter(us.is_between(int(first_h * HOUR), int((first_h + hours) * HOUR), closed="left"))


def disorder(table: pl.DataFrame, seed: int, by_s: float = 4.0, twice: float = 0.01) -> list[pl.DataFrame]:
    """Rows shuffled by up to `by_s`, some twice, in pieces as a feed would give them."""
    rng = np.random.default_rng(seed)
    again = table.filter(pl.Series(rng.random(table.height) < twice))
    rows = pl.concat([table, again])
    key = rows["timestamp"].to_physical().to_numpy() + rng.uniform(0.0, by_s * 1e6, rows.height)
    rows = rows[np.argsort(key, kind="stable")]
    cuts = np.sort(rng.choice(rows.height, rows.height // 40, replace=False)).tolist()
    return [rows[first:end] for first, end in zip([0, *cuts], [*cuts, rows.height], strict=True)]


def live(
    pieces: list[pl.DataFrame], parameters: CheckParameters, volumes: Airspace, stop: Path | None = None
) -> list[Change]:
    """All changes; with `stop`, the loop is stored there and made anew in the middle."""
    loop = Live(parameters, volumes)
    changes: list[Change] = []
    for number, piece in enumerate(pieces):
        loop.take("test", piece, number, now_s=0.0)
        changes += loop.step(0.0, current=number % 7 == 0)
        if stop is not None and number % 50 == 20:
            write_state(stop, loop.snapshot())
            loop = Live(parameters, volumes)
            loop.restore(read_state(stop))
            assert loop.positions == {"test": number}
    return changes + loop.finish()


def last_words(changes: list[Change]) -> dict[str, dict]:
    """Closed events by id, as they stand in the end."""
    closed: dict[str, dict] = {}
    for change in changes:
        if change.life == "closed":
            assert change.event["id"] not in closed
        if change.life in {"closed", "revised"}:
            closed[change.event["id"]] = change.event
    return closed


def expected(table: pl.DataFrame, parameters: CheckParameters, volumes: Airspace) -> dict[str, dict]:
    checked = Recording(table.with_columns(flags=pl.lit(0, pl.UInt32)), recording().files, recording().drops)
    inputs = " ".join([*volumes.digests, *parameters.agreed])
    return {
        event["id"]: event | {"inputs": inputs}
        for event in records(check_recording(checked, parameters, volumes).events)
    }


def agree(
    table: pl.DataFrame, pieces: list[pl.DataFrame], parameters: CheckParameters, stop: Path | None = None
) -> int:
    found, wanted = last_words(live(pieces, parameters, airspace(), stop)), expected(table, parameters, airspace())
    assert found.keys() == wanted.keys()
    for key, event in wanted.items():
        assert found[key] == event, json.dumps([found[key], event], indent=1)
    return len(wanted)


@pytest.mark.parametrize("seed", [1, 2])
def test_an_hour_as_a_feed_gives_it(seed: int) -> None:
    table = span(16.0 + seed, 0.5)
    assert agree(table, disorder(table, seed), ALL) >= 5


def test_stored_and_made_anew(tmp_path: Path) -> None:
    table = span(18.0, 0.25)
    assert agree(table, disorder(table, 3), ALL, tmp_path / "state") >= 3
