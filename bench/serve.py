"""The service under load: what pushing the sky to many pages costs, that no alarm is lost, and how much a first look at the page loads.

    python bench/serve.py [--tracks 5000] [--clients 50] [--seconds 60]

Pushing: aircraft worldwide, each heard once a second, judged by the nets that need no airspace, and the sky sent once a second to clients in
another process, which read all of it as a page does. Counted is the CPU of the threads that make and send pictures (and that answer everything else);
a delivery is from the moment at which a picture is made to that at which a client has it. Alarms: a recording in which 500 pairs come too near within
a minute, one after another, replayed as it happened by the command line's own service, which is stopped and started again on the way; a client follows
the stream over all of it. First look: what Chromium loads until the map and the first tracks are drawn; and what finer coasts it loads after that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import polars as pl

from figures import Figure, at_most, noise, show
from live_loop import Sky as Aircraft
from live_loop import rss_mb
from overflight.airspace.volume import Airspace
from overflight.engine.parameters import CheckParameters
from overflight.server.address import Address
from overflight.server.loop import Shown
from overflight.server.pictures import Pictures
from overflight.server.service import Work
from overflight.server.serving import assembled, served, setup_secret
from overflight.server.sky import HEAD
from overflight.server.sources import Sources
from overflight.store.opened import open_store
from overflight.store.positions import Positions
from overflight.surveillance.feeds.feed import Feed, Health, Piece
from overflight.surveillance.recording import Drops
from overflight.surveillance.table import POSITION_SCHEMA

PASSWORD = "a password of the bench"
WARM_S = 10
ALARMS = 500
TICKS = os.sysconf("SC_CLK_TCK")


class Everybody:
    """A feed: every aircraft once a second, a quarter of them at a time, as it happens."""

    def __init__(self, count: int) -> None:
        self.name, self.drops, self.health = "bench", Drops(), Health(connected=True)
        self._sky, self._count, self._stopping = Aircraft(count, 1), count, threading.Event()

    def pieces(self) -> Iterator[Piece]:
        rng, began = np.random.default_rng(2), time.monotonic()
        size = -(-self._count // 4)
        for t in range(1_000_000):
            rows = self._sky.second(t, rng)
            for quarter in range(4):
                if self._stopping.wait(max(0.0, began + t + quarter / 4 - time.monotonic())):
                    return
                self.health.heard_at = time.monotonic()
                yield Piece(rows[quarter * size : (quarter + 1) * size])

    def close(self) -> None:
        self._stopping.set()


def cpu_s() -> dict[str, float]:
    """CPU of each thread of this process so far, s, by its name."""
    found: dict[str, float] = {}
    for thread in threading.enumerate():
        stat = Path(f"/proc/self/task/{thread.native_id}/stat")
        if stat.exists():
            fields = stat.read_text().rpartition(")")[2].split()
            found[thread.name] = found.get(thread.name, 0.0) + (int(fields[11]) + int(fields[12])) / TICKS
    return found


def serve(tracks: int, folder: Path) -> None:
    """Serve; of two lines on standard input each, say what it cost from one to the other, until the second is "last"."""

    def opened(_: Mapping[str, int]) -> list[Feed]:
        return [Everybody(tracks)]

    store = open_store(folder / "overflight.sqlite")
    parameters = CheckParameters(nets=("separation", "conflict", "lost", "interference"))
    work = Work(Sources(opened, Shown("bench", 1.0), None), parameters, Airspace(()))
    address = Address("127.0.0.1", 0)
    positions = Positions(folder / "positions", timedelta(days=1))
    service = assembled(work, store, positions, folder / "state", address)
    made: dict[int, float] = {}

    def picture() -> Any:
        found = service.loop.picture(), service.status()
        made[found[0].sequence] = time.monotonic()
        return found

    service.pictures = Pictures(picture)
    with served(service, address) as (url, _):
        print(json.dumps({"url": url, "secret": setup_secret(store)}), flush=True)
        last = ""
        while last != "last\n":
            sys.stdin.readline()
            before, began = cpu_s(), time.monotonic()
            last = sys.stdin.readline()
            used = {name: after - before.get(name, 0.0) for name, after in cpu_s().items()}
            told = {
                "cpu": used,
                "lasted": time.monotonic() - began,
                "made": made,
                "rss": rss_mb(),
                "status": service.status(),
            }
            print(json.dumps(told), flush=True)
    service.loop.stop()


async def watch(url: str, token: str, clients: int, seconds: float) -> list[list[tuple[int, float]]]:
    """Follow the sky by as many lines; returns when each had which picture."""
    from websockets.asyncio.client import connect

    async def one(start_s: float) -> list[tuple[int, float]]:
        await asyncio.sleep(start_s)
        got: list[tuple[int, float]] = []
        headers = {"Authorization": f"Bearer {token}"}
        address = url.replace("http", "ws") + "/api/v1/tracks/live"
        async with connect(address, additional_headers=headers, compression=None, max_size=None) as line:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                told = await line.recv()
                if isinstance(told, bytes):
                    got.append((HEAD.unpack_from(told)[2], time.monotonic()))
        return got

    return list(await asyncio.gather(*(one(k / clients) for k in range(clients))))


def token_of(url: str, secret: str | None) -> str:
    """Make the first account, and a token."""
    with httpx2.Client(base_url=f"{url}/api/v1", timeout=30) as client:
        told = client.post("/setup", json={"secret": secret, "name": "bench", "password": PASSWORD}).json()
        made = client.post("/tokens", json={"name": "bench", "days": 1}, headers={"X-CSRF-Token": told["csrf"]})
        return made.json()["secret"]


def pushing(told: argparse.Namespace) -> list[Figure]:
    own = [sys.executable, str(Path(__file__).resolve())]
    with tempfile.TemporaryDirectory() as folder:
        command = [*own, "--part", "serve", "--tracks", str(told.tracks), "--folder", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            place = json.loads(server.stdout.readline())
            token = token_of(place["url"], place["secret"])
            time.sleep(WARM_S)
            idle = costs(server, None, 15.0)
            follow = [*own, "--part", "watch", "--url", place["url"], "--clients", str(told.clients)]
            command = [*follow, "--seconds", str(told.seconds + 2 * WARM_S)]
            environment = os.environ | {"OVERFLIGHT_BENCH_TOKEN": token}
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as clients:
                time.sleep(WARM_S)
                busy = costs(server, None, float(told.seconds))
                assert clients.stdout is not None
                got: list[list[list[float]]] = json.loads(clients.stdout.readline())
            made = {int(sequence): at for sequence, at in costs(server, "last", 0.1)["made"].items()}
    # The first that a client is given is the last that was made before it came: how old that is says nothing.
    late = [(at - made[int(sequence)]) * 1000 for each in got for sequence, at in each[1:] if int(sequence) in made]
    expected = told.clients * told.seconds
    share = {name: busy["cpu"].get(name, 0.0) / busy["lasted"] for name in busy["cpu"]}
    push = sum(used for name, used in share.items() if name == "http" or name.startswith(("asyncio_", "AnyIO")))
    rest = sum(
        used / idle["lasted"]
        for name, used in idle["cpu"].items()
        if name == "http" or name.startswith(("asyncio_", "AnyIO"))
    )
    return [
        at_most("CPU of making and sending, share of a core", 100 * push, 15.0, " %", digits=1),
        Figure("  of it without a client", f"{100 * rest:.1f} %"),
        at_most("delivery, p99", float(np.percentile(late, 99)), 250.0, " ms", digits=0),
        Figure("delivery, median and all", noise(late, "ms", 1)),
        Figure(
            "pictures that were delivered",
            f"{len(late):,} (in {told.seconds} s and what is before and after; {expected:,} are due in that time)",
        ),
        Figure("CPU of judging meanwhile, share of a core", f"{100 * share.get('loop', 0.0):.1f} %"),
        Figure("tracks in sight", f"{busy['status']['in_sight']:,}"),
        Figure("memory of the service", f"{busy['rss']:.0f} MB"),
    ]


def costs(server: subprocess.Popen[str], last: str | None, seconds: float) -> dict[str, Any]:
    """Let the service count for some seconds."""
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write("begin\n")
    server.stdin.flush()
    time.sleep(seconds)
    server.stdin.write(f"{last or 'go on'}\n")
    server.stdin.flush()
    return json.loads(server.stdout.readline())


def many_losses(path: Path) -> None:
    """Write a recording in which pairs come too near, one after another, within a minute."""
    start = datetime(2015, 10, 7, 4, 0, tzinfo=UTC)
    parts: list[pl.DataFrame] = []
    seconds = np.arange(0, 100)
    for k in range(ALARMS):
        meet_s = 35.0 + 60.0 * k / ALARMS
        latitude, longitude = -60.0 + 5.0 * (k // 25), -120.0 + 8.0 * (k % 25)
        near = seconds[(seconds >= meet_s - 30) & (seconds <= meet_s + 20)]
        for side in (-1.0, 1.0):
            moved = side * (near - meet_s) * 500.0 / 3600.0 / 60.0 / np.cos(np.radians(latitude))
            parts.append(
                pl.DataFrame(
                    {
                        "timestamp": pl.Series([start + timedelta(seconds=int(t)) for t in near]),
                        "track_id": f"adsb:{2 * k + (side > 0):06x}",
                        "icao24": f"{2 * k + (side > 0):06x}",
                        "latitude": latitude + side * 0.005,
                        "longitude": longitude + moved,
                        "altitude": 35000.0,
                        "groundspeed": 500.0,
                        "track": 90.0 if side > 0 else 270.0,
                        "vertical_rate": 0.0,
                    }
                ).cast({name: kind for name, kind in POSITION_SCHEMA.items() if name in {"timestamp", "altitude"}})
            )
    pl.concat(parts).sort("timestamp", "track_id").write_parquet(path)


def alarms() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many_losses(folder / "losses.parquet")
        port = free_port()
        command = [
            str(Path(sys.executable).with_name("overflight")), "serve", str(folder / "losses.parquet"), "--net", "separation", "--profile", "en-route",
            "--data", str(folder / "data"), "--listen", f"127.0.0.1:{port}", "--speed", "1", "--lateness", "0.5s",
        ]  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        got: list[dict[str, Any]] = []
        done, connections = threading.Event(), [0]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            lines = [server.stdout.readline() for _ in range(2)]
            token = token_of(url, lines[1].rpartition("#")[2].strip())
            reader = threading.Thread(target=follow, args=(url, token, got, done, connections))
            reader.start()
            time.sleep(55)
            server.send_signal(signal.SIGTERM)
            server.wait(30)
            stopped_after = len(got)
            server = subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True)
            until = time.monotonic() + 120
            while time.monotonic() < until and sum(one["action"] == "closed" for one in got) < ALARMS:
                time.sleep(0.5)
            time.sleep(3)
            with httpx2.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}) as client:
                last = client.get("/alarms").json()["sequence"]
            done.set()
            reader.join(20)
        finally:
            server.terminate()
            server.wait(30)
    sequences = [one["sequence"] for one in got]
    opened = {one["alarm"]["event_id"] for one in got if one["action"] == "opened"}
    closed = {one["alarm"]["event_id"] for one in got if one["action"] == "closed"}
    gaps = sum(b != a + 1 for a, b in pairwise(sequences)) + (sequences[0] != 1)
    return [
        Figure("alarms in a minute", f"{len(opened):,} opened, {len(closed):,} closed, of {ALARMS}"),
        at_most("entries lost, doubled or out of order", gaps + (sequences[-1] != last), 0, "", digits=0),
        Figure(
            "entries of the log", f"{len(got):,}; {stopped_after:,} before the restart; {connections[0]} connections"
        ),
    ]


def follow(url: str, token: str, got: list[dict[str, Any]], done: threading.Event, connections: list[int]) -> None:
    """Follow the stream as a page does: connect again, and go on after what was had."""
    with httpx2.Client(timeout=httpx2.Timeout(5, read=15)) as client:
        while not done.is_set():
            after = got[-1]["sequence"] if got else 0
            headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": str(after)}
            try:
                with client.stream("GET", f"{url}/api/v1/alarms/stream", headers=headers) as answer:
                    connections[0] += answer.status_code == 200
                    for line in answer.iter_lines():
                        if line.startswith("data: ") and line != "data: {}":
                            got.append(json.loads(line.removeprefix("data: ")))
                        if done.is_set():
                            return
            except httpx2.HTTPError:
                time.sleep(0.2)


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def first_look() -> list[Figure]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        return [Figure("first look", "not measured: no Chromium")]
    port = free_port()
    command = [str(Path(sys.executable).with_name("overflight")), "serve", "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(2)]
        flags = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        line = page.context.new_cdp_session(page)
        line.send("Network.enable")
        loaded: dict[str, float] = {}
        names: dict[str, str] = {}
        line.on("Network.requestWillBeSent", lambda one: names.update({one["requestId"]: one["request"]["url"]}))
        line.on("Network.loadingFinished", lambda one: loaded.update({one["requestId"]: one["encodedDataLength"]}))
        page.goto(f"http://127.0.0.1:{port}/setup#{lines[1].rpartition('#')[2].strip()}")
        page.fill("[name=name]", "bench")
        page.fill("[name=password]", PASSWORD)
        began = time.monotonic()
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-testid=map][data-drawn=true]", timeout=60_000)
        while page.get_attribute("[data-testid=map]", "data-tracks") == "0":
            page.wait_for_timeout(20)
        drawn = time.monotonic() - began
        worker = next((url for url in names.values() if "worker" in url), None)
        first = sum(loaded.values())
        page.wait_for_timeout(6000)
        finer = sum(
            size for name, size in loaded.items() if "countries-10m" in names[name] or "countries-50m" in names[name]
        )
        ticks = page.evaluate(
            "new Promise(done => { const at = []; let last = performance.now(); const step = () => { const now = performance.now();"
            " at.push(now - last); last = now; at.length < 200 ? requestAnimationFrame(step) : done(Math.max(...at)) };"
            " requestAnimationFrame(step) })"
        )
        browser.close()
        server.send_signal(signal.SIGINT)
    if worker is not None and not any("worker" in names[name] for name in loaded):
        answer = subprocess.run(
            ["gzip", "-c", next(Path("src/overflight/server/page/assets").glob("*worker*"))],
            capture_output=True,
            check=True,
        )
        first += len(answer.stdout)
    return [
        at_most("first look, compressed", first / 1000, 900.0, " kB", digits=0),
        Figure("from logging in to the first tracks drawn", f"{drawn:.1f} s on a software renderer"),
        Figure("finer coasts, which come after it", f"{finer / 1000:.0f} kB"),
        Figure("longest pause between two frames, of 200", f"{ticks:.0f} ms"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=5000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--part", choices=("serve", "watch", "push", "alarms", "look"))
    parser.add_argument("--folder")
    parser.add_argument("--url")
    told = parser.parse_args()
    if told.part == "serve":
        serve(told.tracks, Path(told.folder))
        return
    if told.part == "watch":
        print(
            json.dumps(asyncio.run(watch(told.url, os.environ["OVERFLIGHT_BENCH_TOKEN"], told.clients, told.seconds)))
        )
        return
    told.seconds = int(told.seconds)
    if told.part in {None, "push"}:
        show(f"Pushing {told.tracks:,} tracks at 1 Hz to {told.clients} clients", pushing(told))
    if told.part in {None, "alarms"}:
        show(f"{ALARMS} alarms in a minute, over a restart of the service", alarms())
    if told.part in {None, "look"}:
        show("The first look at the page", first_look())


if __name__ == "__main__":
    sys.exit(main())
