"""A loop that is killed at any moment goes on where it was: no event is lost, and none is told twice.

The positions come through a real NATS server; the process is a real one, and ends by SIGKILL.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from overflight.airspace.read import read_airspace
from overflight.engine.journal import Journal
from overflight.engine.ledger_file import LedgerFile
from overflight.engine.live import Live
from overflight.engine.parameters import CheckParameters
from overflight.errors import InputError
from overflight.examples import california
from overflight.surveillance.read import read
from tests.surveillance.feeds.nats_server import NatsServer

OVERFLIGHT = str(Path(sys.executable).with_name("overflight"))
NETS = ("separation", "conflict", "incursion")
BOX = Path(__file__).parent / "box.geojson"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    running = NatsServer(tmp_path / "nats")
    running.start()
    yield running
    running.stop()


def window(hours: float) -> pl.DataFrame:
    table = read(california()).table
    start = table["timestamp"].dt.truncate("1d").min()
    first, last = start + pl.duration(hours=18.0), start + pl.duration(hours=18.0 + hours)  # type: ignore[operator]
    return table.filter(pl.col("timestamp").is_between(first, last, closed="left"))


def watching(source: str, state: Path) -> subprocess.Popen[bytes]:
    nets = [word for net in NETS for word in ("--net", net)]
    return subprocess.Popen(
        [OVERFLIGHT, "watch", source, *nets, "--airspace", str(BOX), "--state", str(state), "--json"],
        stdout=subprocess.DEVNULL,
    )


def told(state: Path) -> list[dict]:
    path = state / "events.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def never_stopped(table: pl.DataFrame) -> set[str]:
    """Events that a loop closes which takes in the same positions in one go, and is still listening."""
    loop = Live(CheckParameters(nets=NETS), read_airspace(BOX))
    loop.take("all", table, None, 0.0)
    return {change.event["id"] for change in loop.step(0.0) if change.life == "closed"}


def killed(server: NatsServer, folder: Path, hours: float, kills: int, longest_s: float, seed: int) -> None:
    table = window(hours)
    table.write_parquet(folder / "window.parquet")
    wanted = never_stopped(table)
    assert len(wanted) >= 10
    source, state = f"{server.url}/positions", folder / "state"
    speed = 3600.0 * hours / (0.7 * longest_s * kills)
    replay = subprocess.Popen(
        [OVERFLIGHT, "replay", str(folder / "window.parquet"), "--quiet", "--speed", str(speed), "--to", source]
    )
    rng = np.random.default_rng(seed)
    try:
        for _ in range(kills):
            loop = watching(source, state)
            time.sleep(rng.uniform(4.0, longest_s))
            assert loop.poll() is None
            loop.send_signal(signal.SIGKILL)
            loop.wait()
        assert replay.wait(600) == 0
        loop = watching(source, state)
        until = time.monotonic() + 300.0
        while {line["event"]["id"] for line in told(state) if line["life"] == "closed"} != wanted:
            assert loop.poll() is None
            if time.monotonic() > until:
                break
            time.sleep(0.5)
        time.sleep(2.0)  # for what should not come
        loop.send_signal(signal.SIGTERM)
        assert loop.wait(60) == 0
    finally:
        for process in (replay, loop):
            process.kill()
    counts = Counter(line["event"]["id"] for line in told(state) if line["life"] == "closed")
    assert counts.keys() == wanted
    assert set(counts.values()) == {1}
    opened = Counter(line["event"]["id"] for line in told(state) if line["life"] == "opened")
    assert max(opened.values()) == 1


def test_killed_twice(server: NatsServer, tmp_path: Path) -> None:
    killed(server, tmp_path, hours=0.6, kills=2, longest_s=7.0, seed=1)


@pytest.mark.long
def test_killed_twenty_times(server: NatsServer, tmp_path: Path) -> None:
    killed(server, tmp_path, hours=1.5, kills=20, longest_s=18.0, seed=2)


def test_one_loop_at_a_time(tmp_path: Path) -> None:
    loop = Live(CheckParameters(nets=NETS), read_airspace(BOX))
    first = Journal(LedgerFile(tmp_path), tmp_path / "state", loop)
    with pytest.raises(InputError, match="in use by another process"):
        Journal(LedgerFile(tmp_path), tmp_path / "state", loop)
    first.close()


@pytest.mark.parametrize(
    ("other", "named"), [({"minima": "3 NM/500 ft"}, "minima"), ({"alerting": "do365-en-route"}, "alerting")]
)
def test_other_parameters_are_refused(tmp_path: Path, other: dict[str, str], named: str) -> None:
    first = Journal(LedgerFile(tmp_path), tmp_path / "state", Live(CheckParameters(nets=NETS), read_airspace(BOX)))
    first.store()
    first.close()
    with pytest.raises(InputError, match=f"was stored with other {named}"):
        Journal(LedgerFile(tmp_path), tmp_path / "state", Live(CheckParameters(nets=NETS, **other), read_airspace(BOX)))


def test_a_line_that_was_cut_short_is_no_line(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(
        b'{"life": "opened", "at": "x", "event": {"id": "1", "kind": "conflict"}}\n{"life": "clo'
    )
    journal = Journal(LedgerFile(tmp_path), tmp_path / "state", Live(CheckParameters(nets=NETS), read_airspace(BOX)))
    journal.close()
    assert (tmp_path / "events.jsonl").read_bytes().endswith(b"}\n")
