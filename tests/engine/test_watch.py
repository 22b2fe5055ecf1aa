"""The loop around real sources: silence is an alarm, garbage and floods are counted, and the rest goes on."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from overflight.airspace.volume import Airspace
from overflight.engine.admission import TOO_MANY
from overflight.engine.live import Live
from overflight.engine.parameters import NETS, CheckParameters
from overflight.engine.watch import Watch
from overflight.examples import california
from overflight.surveillance.feeds.opened import open_feed
from overflight.surveillance.read import read
from overflight.surveillance.table import POSITION_SCHEMA

OVERFLIGHT = str(Path(sys.executable).with_name("overflight"))
ALL = CheckParameters(nets=tuple(net for net in NETS if net not in {"incursion", "hazard", "line", "breach"}))
BOX = str(Path(__file__).parent / "box.geojson")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def line(second: float, name: str = "adsb:abc123", latitude: float = 50.0, longitude: float = 8.0) -> bytes:
    row = {
        "timestamp": (START + timedelta(seconds=second)).isoformat(),
        "track_id": name,
        "address_type": "icao",
        "icao24": name[-6:],
        "latitude": latitude,
        "longitude": longitude,
        "altitude": 30000,
        "groundspeed": 450.0,
        "track": 90.0,
        "vertical_rate": 0.0,
        "source": "adsb",
    }
    return json.dumps(row).encode() + b"\n"


def until(holds: Callable[[], bool], seconds: float) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it did not happen"
        time.sleep(0.05)
    return time.monotonic() - began


def test_a_source_that_falls_silent_is_said_to_be_stale_within_5_s() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        feed = open_feed(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        told: list[dict[str, Any]] = []
        watch = Watch(Live(ALL, Airspace()), [feed], None, told.extend)
        thread = threading.Thread(target=watch.run)
        thread.start()
        try:
            client, _ = server.accept()
            with client:
                for second in range(4):
                    client.sendall(line(second) + b"\x00garbage, and no line of any format\n")
                    time.sleep(0.3)
                silent = time.monotonic()
                until(lambda: any(change["life"] == "stale" for change in told), 10)
                assert time.monotonic() - silent <= 5.5  # of which half a second is this test's own
                assert watch.sources()[0].stale
                client.sendall(line(20.0))
                until(lambda: any(change["life"] == "heard again" for change in told), 5)
        finally:
            watch.stop()
            thread.join(10)
        status = watch.sources()[0]
        assert status.rows == 5
        assert status.lost == 4


def test_a_source_that_is_not_there_is_stale_from_the_start_and_says_why() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    told: list[dict[str, Any]] = []
    watch = Watch(Live(ALL, Airspace()), [open_feed(f"tcp://127.0.0.1:{port}")], None, told.extend)
    thread = threading.Thread(target=watch.run)
    thread.start()
    until(lambda: bool(told), 10)
    watch.stop()
    thread.join(10)
    assert told[0]["life"] == "stale"
    assert told[0]["silent_s"] is None
    assert "refused" in told[0]["trouble"]


def table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=POSITION_SCHEMA)


def test_a_flood_of_addresses_is_bounded_and_whoever_is_known_is_followed() -> None:
    loop = Live(ALL, Airspace(), new_tracks=1000)
    drops: dict[str, int] = loop.drops.counts
    for second in range(40):
        moment = START + timedelta(seconds=second)
        common = {
            "timestamp": moment,
            "latitude": 50.0,
            "altitude": 30000.0,
            "source": "adsb",
            "address_type": "icao",
            "flags": 0,
        }
        flood = [
            common | {"track_id": f"x{second}-{k}", "latitude": k * 0.2 - 60.0, "longitude": second * 2.0}
            for k in range(500 if second else 0)
        ]
        known = common | {"track_id": "known", "longitude": -8.0 + second * 1e-3}
        loop.take("test", table([known, *flood]), None, 0.0)
        loop.step(0.0)
    assert 500 <= len(loop.names) <= 1000
    assert drops[TOO_MANY] > 15_000
    assert loop.names.track_id[0] == "known"
    newest = int(loop.rows)
    loop.take(
        "test",
        table([common | {"track_id": "known", "longitude": 0.0, "timestamp": START + timedelta(seconds=60)}]),
        None,
        0.0,
    )
    loop.step(0.0)
    loop.finish()
    assert loop.rows > newest


def told_live(state: Path, nets: list[str], *replayed: str) -> tuple[set[str], list[dict[str, Any]]]:
    """What a loop closes of the demo, replayed with disorder to its standard input, and every line that it told."""
    disorder = ["--shuffle", "4s", "--duplicate", "1%", "--seed", "3"]
    replay = subprocess.Popen(
        [OVERFLIGHT, "replay", str(california()), *replayed, *disorder, "-q", "--to", "stdout"], stdout=subprocess.PIPE
    )
    command = [OVERFLIGHT, "watch", "-", "--json", "--state", str(state), *nets]
    watch = subprocess.run(command, stdin=replay.stdout, capture_output=True, check=True)
    assert replay.wait(10) == 0
    assert replay.stdout is not None
    replay.stdout.close()
    lines = [json.loads(text) for text in watch.stdout.splitlines()]
    closed = [one["event"]["id"] for one in lines if one["life"] == "closed"]
    assert len(closed) == len(set(closed))
    return set(closed), lines


def found_by_check(recording: str, nets: list[str]) -> dict[str, dict[str, Any]]:
    check = subprocess.run([OVERFLIGHT, "check", recording, "--json", *nets], capture_output=True, check=True)
    return {event["id"]: event for event in json.loads(check.stdout)["events"]}


def test_the_whole_way_from_a_replay_to_lines(tmp_path: Path) -> None:
    nets = ["--net", "separation", "--net", "conflict", "--net", "incursion", "--airspace", BOX]
    span = ["--from", "2025-06-02T18:00:00Z", "--to-time", "2025-06-02T18:10:00Z"]
    closed, _ = told_live(tmp_path / "state", nets, *span, "--speed", "0")
    first, last = (datetime(2025, 6, 2, 18, minute, tzinfo=UTC) for minute in (0, 10))
    rows = read(california()).table.filter(pl.col("timestamp").is_between(first, last, closed="left"))
    rows.write_parquet(tmp_path / "window.parquet")
    wanted = found_by_check(str(tmp_path / "window.parquet"), nets)
    assert closed == wanted.keys()
    assert len(wanted) > 3


@pytest.mark.long
def test_the_whole_day_at_50_times(tmp_path: Path) -> None:
    """All nets, half an hour of a real clock: the same events, and in the end the same verdicts."""
    nets = [word for net in NETS for word in ("--net", net)] + ["--airspace", BOX]
    closed, lines = told_live(tmp_path / "state", nets, "--speed", "50")
    wanted = found_by_check(str(california()), nets)
    assert closed == wanted.keys()
    last = {one["event"]["id"]: one["event"] for one in lines if one["life"] in {"closed", "revised"}}
    for key, event in wanted.items():
        assert {**last[key], "inputs": ""} == {**event, "inputs": ""}
