"""The README's examples run as printed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import polars as pl
import pytest

from tests.flights import flight

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def sbs(table: pl.DataFrame) -> bytes:
    """BaseStation lines as a receiver on the network sends them."""
    lines = []
    for row in table.sort("timestamp").iter_rows(named=True):
        day, time = row["timestamp"].strftime("%Y/%m/%d %H:%M:%S.%f")[:-3].split()
        lines.append(
            f"MSG,3,1,1,{row['icao24'].upper()},1,{day},{time},{day},{time},,{row['altitude']:.0f},,,"
            f"{row['latitude']:.6f},{row['longitude']:.6f},,,0,0,0,0\r\n"
        )
    return "".join(lines).encode()


@pytest.fixture
def receiver() -> threading.Event:
    """Something that answers on port 30003 of this machine, once, as dump1090 does."""
    traffic = pl.concat(
        [
            flight("A", latitude=30, longitude=-135, course=90, icao24="aaaaa1"),
            flight("B", latitude=30, longitude=-135, course=0, icao24="aaaaa2"),
        ]
    )
    server = socket.create_server(("127.0.0.1", 30003))
    server.settimeout(60)
    served = threading.Event()

    def serve() -> None:
        with server, server.accept()[0] as client:
            client.sendall(sbs(traffic))
        served.set()

    threading.Thread(target=serve, daemon=True).start()
    return served


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like the checkout, in which the examples may write; `overflight` and `python` are on the path."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def run(*args: str) -> str:
    done = subprocess.run(args, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_examples_are_all_here() -> None:
    assert [language for language, _ in BLOCKS] == ["sh", "python", "sh", "sh", "python", "sh"]


def test_the_command_line_example(checkout: Path) -> None:
    shown = run("bash", "-euc", BLOCKS[0][1])
    assert "confirmed" in shown
    assert (checkout / "report.html").stat().st_size > 100_000
    assert pl.read_csv(checkout / "events.csv").height > 3


def test_the_python_example(checkout: Path) -> None:
    assert re.search(r"\d+ confirmed, \d+ undetermined", run(sys.executable, "-c", BLOCKS[1][1]))
    assert (checkout / "three-miles.html").exists()


@pytest.mark.usefixtures("checkout")
def test_the_receiver_example(receiver: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    watch = subprocess.Popen(["bash", "-euc", f"exec {BLOCKS[2][1]}"], stdout=subprocess.PIPE, text=True)
    assert receiver.wait(60)
    time.sleep(8.0)  # the loop judges what came, and the screen shows it
    watch.send_signal(signal.SIGINT)
    shown, _ = watch.communicate(timeout=60)
    assert watch.returncode == 0
    assert re.search(r"separation +(confirmed|undetermined) +adsb:aaaaa1 adsb:aaaaa2", shown)
    assert "STALE" in shown


def test_the_airspace_examples(checkout: Path) -> None:
    border, notice = BLOCKS[3][1].strip().splitlines()
    assert "3 events: 3 confirmed" in run("bash", "-euc", border)
    assert "Turkey" in (checkout / "border.html").read_text()
    assert "hazard 43" in run("bash", "-euc", notice)
    assert "adsb:a1fec6#2 confirmed 2025-06-02 19:38" in run(sys.executable, "-c", BLOCKS[4][1])


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.usefixtures("checkout")
def test_the_agreement_examples() -> None:
    shown = run("bash", "-euc", BLOCKS[5][1])
    assert "7 events: 4 confirmed, 3 undetermined" in shown
    assert "suspended again on 19 June 2017" in shown
    assert "212 kt (statute)" in " ".join(shown.split())
    assert "VERIFIED: 2 statements" in shown
