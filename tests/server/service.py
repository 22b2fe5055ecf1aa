"""A real service for the tests: the loop in its thread, a database, and HTTP on a free port."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import polars as pl

from overflight.airspace.volume import Airspace
from overflight.engine.parameters import CheckParameters
from overflight.engine.recorded import Recorded
from overflight.engine.replay import ReplayParameters
from overflight.server.address import Address
from overflight.server.loop import Shown
from overflight.server.service import Service, Work
from overflight.server.serving import assembled, served, setup_secret
from overflight.server.sources import Sources
from overflight.store.opened import open_store
from overflight.store.positions import Positions
from overflight.surveillance.feeds.feed import Feed
from overflight.surveillance.table import POSITION_SCHEMA

PASSWORD = "correct horse battery staple"
LOCAL = Address("127.0.0.1", 0)
START = datetime(2015, 10, 7, 4, 0, tzinfo=UTC)


def flight(
    track_id: str, party: str | None, latitude: float, east: float, seconds: Iterable[float] = range(300), **other: Any
) -> pl.DataFrame:
    """A flight along a parallel, a report a second: `east` degrees of longitude an hour, through 44 E after 200 s."""
    rows = [
        {
            "timestamp": START + timedelta(seconds=second),
            "track_id": track_id,
            "icao24": track_id.removeprefix("adsb:")[:6],
            "callsign": f"TST{track_id[-2:]}",
            "latitude": latitude,
            "longitude": 44.0 + east * (second - 200) / 3600.0,
            "altitude": 35000.0,
            "groundspeed": 450.0,
            "track": 90.0 if east > 0 else 270.0,
            "vertical_rate": 0.0,
            "source": "adsb",
            "party": party,
            "flags": 0,
        }
        | other
        for second in seconds
    ]
    return pl.DataFrame(rows, schema=POSITION_SCHEMA)


def sky() -> pl.DataFrame:
    """Three pairs that meet: one of no known party, one of RED with BLUE, one of GREEN alone."""
    parts = [
        flight("adsb:000001", None, 30.0, 10.0), flight("adsb:000002", None, 30.01, -10.0),
        flight("adsb:000003", "RED", 33.0, 10.0), flight("adsb:000004", "BLUE", 33.01, -10.0),
        flight("adsb:000005", "GREEN", 36.0, 10.0), flight("adsb:000006", "GREEN", 36.01, -10.0),
    ]  # fmt: skip
    return pl.concat(parts).sort("timestamp", "track_id")


def recorded(table: pl.DataFrame, speed: float) -> Sources:
    def opened(positions: Mapping[str, int]) -> list[Feed]:
        return [Recorded("test", table, ReplayParameters(speed=speed), after=positions.get("test"))]

    return Sources(opened, Shown("test", speed), (43.0, 29.0, 45.0, 37.0))


@dataclass
class Running:
    """A service that runs.

    Attributes:
        url: where it is.
        service: its parts.
        secret: of the link that makes the first administrator; None where there is one.
        began: when its loop began, s since 1970.
        closing: closes its browsers.
    """

    url: str
    service: Service
    secret: str | None
    began: float
    closing: contextlib.ExitStack

    def ended(self) -> None:
        """Wait until the recording has been judged."""
        until = time.monotonic() + 20
        while self.service.loop.state != "ended":
            assert time.monotonic() < until, self.service.loop.status()
            time.sleep(0.02)

    def client(self) -> httpx.Client:
        """Return a browser without a cookie; it is closed with the service."""
        return self.closing.enter_context(httpx.Client(base_url=f"{self.url}/api/v1", timeout=20))

    def logged_in(self, name: str, password: str = PASSWORD) -> httpx.Client:
        """Return a browser in which somebody is logged in, and which says the CSRF value."""
        client = self.client()
        answer = client.post("/session", json={"name": name, "password": password})
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    def administrator(self) -> httpx.Client:
        """Make the first account, and return its browser."""
        client = self.client()
        given = {"secret": self.secret, "name": "chief", "password": PASSWORD}
        answer = client.post("/setup", json=given)
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client


@contextlib.contextmanager
def running(
    place: Path | str,
    folder: Path,
    table: pl.DataFrame,
    *,
    speed: float = 0.0,
    nets: tuple[str, ...] = ("separation",),
    lateness_s: float = 5.0,
    told: dict[str, Any] | None = None,
    airspace: Airspace | None = None,
    sources: Sources | None = None,
    **more: Any,
) -> Generator[Running]:
    """Run a service on a database."""
    store = open_store(place)
    parameters = CheckParameters(nets=nets, profile="en-route", **(told or {}))
    work = Work(sources or recorded(table, speed), parameters, airspace or Airspace(()), lateness_s, **more)
    began = time.time()
    service = assembled(work, store, Positions(folder / "positions", timedelta(days=30)), folder / "state", LOCAL)
    try:
        with served(service, LOCAL) as (url, _), contextlib.ExitStack() as closing:
            yield Running(url, service, setup_secret(store), began, closing)
    finally:
        service.loop.stop()
        store.close()
