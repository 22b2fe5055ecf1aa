"""The register under load: many clients that plan at once, over loopback, and questions to a register that holds 100,000 intents.

    python bench/coordination.py [--seconds 15] [--stored 100000]

Ten clients in a process of their own, each with one connection, a token and a subscription over where it flies. Disjoint: each plans where no other does. All
overlapping: all plan in one volume, and each must show the keys of all that is there; a table in the clients' process stands for the details that managers
give each other. What a client did not know it learns from the refusal, and asks again at once. Requests are written down before they are timed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from figures import Figure, at_least, at_most, noise, show

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.postgres import fresh_database, postgres_server

CLIENTS = 10
INTENTS = "/dss/v1/operational_intent_references"
SCOPES = "utm.strategic_coordination"
AUTHORITY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
START = datetime.now(UTC) + timedelta(hours=1)


def volume(latitude: float, longitude: float, radius_m: float, hours: float = 1.0) -> dict[str, Any]:
    def when(moment: datetime) -> dict[str, str]:
        return {"value": moment.isoformat().replace("+00:00", "Z"), "format": "RFC3339"}

    center = {"lat": latitude, "lng": longitude}
    level = {"reference": "W84", "units": "M"}
    space = {
        "outline_circle": {"center": center, "radius": {"value": radius_m, "units": "M"}},
        "altitude_lower": {"value": 3_000.0, **level},
        "altitude_upper": {"value": 4_000.0, **level},
    }
    return {"volume": space, "time_start": when(START), "time_end": when(START + timedelta(hours=hours))}


class Client:
    """One of those that ask."""

    def __init__(self, url: str, name: str, secret: str) -> None:
        self.name = name
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, told: Any) -> tuple[int, dict[str, Any]]:
        self._connection.request(method, path, json.dumps(told), self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content)

    def subscribed(self, where: dict[str, Any]) -> str:
        told = {
            "extents": where,
            "uss_base_url": f"https://{self.name}.example",
            "notify_for_operational_intents": True,
        }
        name = str(uuid.uuid4())
        status, answer = self.ask("PUT", f"/dss/v1/subscriptions/{name}", told)
        assert status == 200, answer
        return name

    def planned(self, where: dict[str, Any], subscription: str, key: list[str], name: str) -> tuple[int, Any]:
        told = {"extents": [where], "state": "Accepted", "uss_base_url": f"https://{self.name}.example", "key": key}
        return self.ask("PUT", f"{INTENTS}/{name}", told | {"subscription_id": subscription})


def disjoint(client: Client, k: int, until: float, took: list[float]) -> None:
    subscription = client.subscribed(volume(30.0, 10.0 * k + 5.0, 500_000.0, 2.0))
    for n in range(1_000_000):
        where = volume(28.0 + 0.05 * (n % 80), 10.0 * k + 3.0 + 0.05 * (n // 80), 1_000.0)
        begun = time.perf_counter()
        if time.monotonic() > until:
            return
        status, answer = client.planned(where, subscription, [], str(uuid.uuid4()))
        assert status == 201, answer
        took.append(time.perf_counter() - begun)


def overlapping(client: Client, k: int, until: float, took: list[float], known: dict[str, str]) -> None:
    where = volume(30.0, 30.0, 10_000.0)
    subscription = client.subscribed(volume(30.0, 30.0, 20_000.0, 2.0))
    key: dict[str, str] = {}
    while True:
        name, begun = str(uuid.uuid4()), time.perf_counter()
        while True:
            if time.monotonic() > until:
                return
            status, answer = client.planned(where, subscription, list(key.values()), name)
            if status == 201:
                break
            assert status == 409, answer
            for one in answer["missing_operational_intents"]:
                while one["id"] not in known:  # its manager has not heard yet that it is there
                    time.sleep(0.001)
                key[one["id"]] = known[one["id"]]
        made = answer["operational_intent_reference"]
        known[made["id"]] = key[made["id"]] = made["ovn"]
        took.append(time.perf_counter() - begun)


def clients(urls: list[str], tokens: list[str], kind: str, seconds: float, told: Any) -> None:
    """What the process of the clients does: all of them for some time, each in a thread."""
    took: list[list[float]] = [[] for _ in range(CLIENTS)]
    known: dict[str, str] = {}
    until = time.monotonic() + seconds
    threads: list[threading.Thread] = []
    for k in range(CLIENTS):
        client = Client(urls[k % len(urls)], f"uss{k}", tokens[k])
        work: Callable[[], None] = (
            (lambda client=client, k=k: disjoint(client, k, until, took[k]))
            if kind == "disjoint"
            else (lambda client=client, k=k: overlapping(client, k, until, took[k], known))
        )
        threads.append(threading.Thread(target=work))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put(took)


def token(name: str) -> str:
    claims = {"iss": "bench", "sub": name, "aud": "bench", "exp": int(time.time()) + 7200, "scope": SCOPES}
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, AUTHORITY)


@contextmanager
def register(place: str | None, folder: Path) -> Generator[tuple[str, int]]:
    """The command line's own register; gives its address and its process."""
    keys = folder / "keys.json"
    keys.write_text(json.dumps(KeySet([AUTHORITY]).as_dict(private=False)))
    command = [str(Path(sys.executable).with_name("overflight")), "register", "--listen", "127.0.0.1:0"]
    command += ["--keys", str(keys), "--audience", "bench"]
    command += [] if place is None else ["--database", place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        try:
            yield said.split()[4].removesuffix("/dss/v1"), process.pid
        finally:
            process.terminate()


def load(urls: list[str], kind: str, seconds: float) -> list[list[float]]:
    told: Any = multiprocessing.get_context("fork").Queue()
    tokens = [token(f"uss{k}") for k in range(CLIENTS)]
    process = multiprocessing.get_context("fork").Process(target=clients, args=(urls, tokens, kind, seconds, told))
    process.start()
    took = told.get()
    process.join()
    return took


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def rss_mb(pid: int) -> float:
    told = Path(f"/proc/{pid}/statm").read_text().split()
    return int(told[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def rates(name: str, took: list[list[float]], seconds: float, least: float, slowest_ms: float | None) -> list[Figure]:
    everything = [one for each in took for one in each]
    counts = [len(each) for each in took]
    found = [at_least(f"{name}, creates a second", len(everything) / seconds, least)]
    if slowest_ms is None:
        share = max(counts) / max(1, statistics.median(counts))
        found.append(at_most("  the most of a client, by the median of all", share, 3.0))
        found.append(Figure("  fewest and most of a client", f"{min(counts)} and {max(counts)}"))
    p95_ms = 1000.0 * percentile(everything, 0.95)
    held = Figure("  95 % done within", f"{p95_ms:.0f} ms")
    found.append(held if slowest_ms is None else at_most("  95 % done within", p95_ms, slowest_ms, " ms", 0))
    return found


def fill(place: str, count: int, seed: int) -> None:
    """Put intents into a register's database, by its own code but in few transactions."""
    from overflight.airspace.operational import read_volume
    from overflight.coordination.dss.entities import INTENT, Entity, new_ovn, write_entity
    from overflight.coordination.dss.shapes import Shape
    from overflight.coordination.dss.tables import open_tables

    database = open_tables(place)
    chance = random.Random(seed)
    for begin in range(0, count, 2_000):
        with database.transaction() as connection:
            for _ in range(min(2_000, count - begin)):
                told = volume(chance.uniform(30, 50), chance.uniform(0, 40), chance.uniform(500, 5_000))
                shape = Shape([read_volume(told)])
                name, url = str(uuid.UUID(int=chance.getrandbits(128), version=4)), "https://x.example"
                entity = Entity(
                    INTENT, name, "x", 1, new_ovn(), url, shape.volumes, state="Accepted", subscription=name
                )
                write_entity(connection, entity, shape, None)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    database.close()


def queries(url: str, count: int) -> tuple[list[float], list[int]]:
    client, chance = Client(url, "uss0", token("uss0")), random.Random(2)
    took, found = [], []
    for _ in range(count):
        told = {"area_of_interest": volume(chance.uniform(31, 49), chance.uniform(1, 39), 20_000.0)}
        begun = time.perf_counter()
        status, answer = client.ask("POST", f"{INTENTS}/query", told)
        took.append(time.perf_counter() - begun)
        assert status == 200, answer
        found.append(len(answer["operational_intent_references"]))
    return took, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--stored", type=int, default=100_000)
    told = parser.parse_args()
    figures: list[Figure] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = stack.enter_context(postgres_server())
        place = fresh_database(address, "bench")
        servers = [stack.enter_context(register(place, folder)) for _ in range(2)]
        urls = [url for url, _ in servers]
        figures += rates(
            "PostgreSQL, 2 servers, disjoint", load(urls, "disjoint", told.seconds), told.seconds, 100, 150
        )
        took = load(urls, "overlapping", told.seconds)
        figures += rates("PostgreSQL, 2 servers, all overlapping", took, told.seconds, 20, None)
        figures.append(Figure("memory of the two servers", ", ".join(f"{rss_mb(pid):.0f} MB" for _, pid in servers)))
        with register(None, folder) as (url, _):
            took = load([url], "disjoint", told.seconds)
            figures += rates("SQLite, 1 server, disjoint", took, told.seconds, 150, 1_000)
        place = fresh_database(address, "stored")
        with register(place, folder) as (url, pid):
            processes = [
                multiprocessing.get_context("fork").Process(target=fill, args=(place, told.stored // 2, k))
                for k in (1, 2)
            ]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
            taken, found = queries(url, 500)
            p95_ms = 1000.0 * percentile(taken, 0.95)
            figures.append(at_most(f"a query of {told.stored:,} intents, 95 %", p95_ms, 50, " ms", 1))
            figures.append(Figure("  all of them", noise([1000.0 * one for one in taken], "ms", 1)))
            figures.append(Figure("  intents found", noise([float(one) for one in found], "", 0)))
            figures.append(Figure("  memory of the server", f"{rss_mb(pid):.0f} MB"))
    sys.exit(0 if show("coordination", figures) else 1)


if __name__ == "__main__":
    main()
