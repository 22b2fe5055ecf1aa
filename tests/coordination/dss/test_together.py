"""Many clients at once, and servers that are killed: one wins where one can, and nothing is half there."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa

from overflight.coordination.dss.changes import ovn_digest
from overflight.coordination.dss.entities import INTENT, SUBSCRIPTION, read_cells, read_entity
from overflight.coordination.dss.shapes import Shape
from overflight.coordination.dss.tables import CELLS, CHANGES, ENTITIES, open_tables
from overflight.incidents.log.dsse import payload_of
from overflight.incidents.party import Party, create
from tests.coordination.dss.servers import server
from tests.coordination.dss.standing import INTENTS, Standing, new_id, token
from tests.postgres import fresh_database

CLIENTS = 40
LONG = bool(os.environ.get("OVERFLIGHT_LONG"))
ROUNDS = 100 if LONG else 10
KILLS = 40 if LONG else 4

Many = Callable[[Callable[[int, httpx2.Client], Any]], list[Any]]


def _intent(longitude: float, **more: Any) -> dict[str, Any]:
    there = Standing(None, None)  # type: ignore[arg-type]
    return there.intent(there.volume(latitude=30.0, longitude=longitude)) | more


@contextmanager
def _at_once(urls: list[str]) -> Generator[Many]:
    """Clients, each with its own connection; gives what lets all of them do something at the same moment."""
    together = threading.Barrier(CLIENTS)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(CLIENTS))
        clients = [
            stack.enter_context(
                httpx2.Client(
                    base_url=urls[k % len(urls)], timeout=60, headers={"Authorization": f"Bearer {token(f'uss{k}')}"}
                )
            )
            for k in range(CLIENTS)
        ]

        def one(work: Callable[[int, httpx2.Client], Any], k: int) -> Any:
            together.wait(60)
            return work(k, clients[k])

        yield lambda work: list(pool.map(lambda k: one(work, k), range(CLIENTS)))


def test_of_many_that_conflict_exactly_one_wins(place: Path | str, tmp_path: Path) -> None:
    with server(place, tmp_path) as (url, _):
        _one_wins([url])


def test_of_many_that_conflict_over_two_servers_exactly_one_wins(postgres: str, tmp_path: Path) -> None:
    place = fresh_database(postgres, "overflight_two")
    with server(place, tmp_path) as (one, _), server(place, tmp_path) as (two, _):
        _one_wins([one, two])


def _one_wins(urls: list[str]) -> None:
    with _at_once(urls) as many:
        for k in range(ROUNDS):
            told = _intent(0.1 * k)
            answers = many(lambda _, client, told=told: client.put(f"{INTENTS}/{new_id()}", json=told))
            won = [one.json() for one in answers if one.status_code == 201]
            assert len(won) == 1, [one.text for one in answers if one.status_code not in (201, 409)]
            (winner,) = (one["operational_intent_reference"]["id"] for one in won)
            lost = [one.json()["missing_operational_intents"] for one in answers if one.status_code == 409]
            assert len(lost) == CLIENTS - 1
            assert all([one["id"] for one in each] == [winner] for each in lost)


def test_nobody_else_reads_the_registers_file(tmp_path: Path) -> None:
    with server(tmp_path / "register", tmp_path) as (url, _), httpx2.Client(base_url=url) as client:
        assert client.get("/healthz").text == "ok\n"
        assert {one.stat().st_mode & 0o077 for one in tmp_path.glob("overflight-register.sqlite*")} == {0}


def test_of_many_that_use_one_id_exactly_one_wins(place: Path | str, tmp_path: Path) -> None:
    with server(place, tmp_path) as (url, _), _at_once([url]) as many:
        name = new_id()
        answers = many(lambda k, client: client.put(f"{INTENTS}/{name}", json=_intent(1.0 * k)))
        assert sorted({one.status_code for one in answers} - {403, 409}) == [201]
        assert [one.status_code for one in answers].count(201) == 1


def test_of_many_changes_of_one_version_exactly_one_is_made(place: Path | str, tmp_path: Path) -> None:
    with (
        server(place, tmp_path) as (url, _),
        _at_once([url]) as many,
        httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {token()}"}) as own,
    ):
        made = own.put(f"{INTENTS}/{new_id()}", json=_intent(0.0)).json()["operational_intent_reference"]
        path = f"{INTENTS}/{made['id']}/{made['ovn']}"
        headers = {"Authorization": f"Bearer {token()}"}
        answers = many(lambda k, client: client.put(path, json=_intent(1.0 * k), headers=headers))
        codes = [one.status_code for one in answers]
        assert (codes.count(200), codes.count(409)) == (1, CLIENTS - 1)


def test_a_server_that_is_killed_leaves_nothing_half_done(place: Path | str, tmp_path: Path) -> None:
    create(tmp_path / "record", "register").close()
    told: list[dict[str, Any]] = []
    chance = random.Random(4)
    for _ in range(KILLS):
        with server(place, tmp_path, "--record", "record") as (url, process):
            stop = threading.Event()
            with ThreadPoolExecutor(4) as pool:
                for k in range(4):
                    pool.submit(_work, url, f"uss{k}", stop, told)
                stop.wait(chance.uniform(0.2, 1.0))
                process.send_signal(signal.SIGKILL)
                stop.set()
    with server(place, tmp_path, "--record", "record"):
        pass  # which moves what the last one left
    assert len(told) > KILLS
    _is_whole(place, told, tmp_path / "record")


def _work(url: str, sub: str, stop: threading.Event, told: list[dict[str, Any]]) -> None:
    """Make intents with subscriptions, and remove some of them; keeps what the server has acknowledged."""
    more = {"new_subscription": {"uss_base_url": f"https://{sub}.example"}}
    own = 10.0 * int(sub[3:])
    with httpx2.Client(base_url=url, timeout=20, headers={"Authorization": f"Bearer {token(sub)}"}) as client:
        for k in range(10_000):
            if stop.is_set():
                return
            try:
                at = own + 0.02 * random.randrange(400)
                answer = client.put(f"{INTENTS}/{new_id()}", json=_intent(at, **more))
                if answer.status_code != 201:
                    continue
                made = answer.json()["operational_intent_reference"]
                told.append(made)
                if k % 3 == 0:
                    told.append({"going": made["id"]})
                    gone = client.delete(f"{INTENTS}/{made['id']}/{made['ovn']}")
                    if gone.status_code == 200:
                        told.append({"gone": made["id"]})
            except httpx2.HTTPError:
                return


def _is_whole(place: Path | str, told: list[dict[str, Any]], record: Path) -> None:
    database = open_tables(place if isinstance(place, str) else place.with_name("overflight-register.sqlite"))
    with database.reading() as connection:
        intents = {
            name: read_entity(connection, INTENT, name)
            for name in connection.execute(sa.select(ENTITIES.c.id).where(ENTITIES.c.kind == INTENT)).scalars()
        }
        for made in told:
            if "gone" in made:
                assert made["gone"] not in intents
        maybe_gone = {one["going"] for one in told if "going" in one}
        for made in told:
            if "ovn" in made and made["id"] not in maybe_gone:
                found = intents[made["id"]]
                assert found is not None
                assert found.ovn == made["ovn"]
        served = set()
        for name, intent in intents.items():
            assert intent is not None
            assert read_cells(connection, INTENT, [name]) == set(Shape(intent.volumes).cells)
            assert intent.subscription is not None
            subscription = read_entity(connection, SUBSCRIPTION, intent.subscription)
            assert subscription is not None
            assert subscription.volumes == intent.volumes
            served.add(subscription.id)
        chosen = sa.select(ENTITIES.c.id).where(ENTITIES.c.kind == SUBSCRIPTION)
        assert set(connection.execute(chosen).scalars()) == served
        assert set(connection.execute(sa.select(CELLS.c.id)).scalars()) == served | set(intents)
        assert connection.execute(sa.select(sa.func.count()).select_from(CHANGES)).scalar_one() == 0
    database.close()
    party = Party(record)
    entries = party.log.entries(0, party.log.size)
    assert len(set(entries)) == len(entries), "no change is there twice"
    written = [json.loads(payload_of(one)) for one in entries]
    put = {(one["id"], one["ovn_sha256"]) for one in written if one["action"] == "put"}
    deleted = {one["id"] for one in written if one["action"] == "delete"}
    assert put == {(one["id"], one["ovn_sha256"]) for one in written}
    assert {name for name, _ in put} - deleted == set(intents)
    assert {(one.id, ovn_digest(one.ovn)) for one in intents.values() if one is not None} <= put
    checkpoint = party.log.latest()
    assert checkpoint is not None
    assert checkpoint.size == len(entries)
    party.close()


def test_two_servers_write_one_journal(postgres: str, tmp_path: Path) -> None:
    place = fresh_database(postgres, "overflight_journal")
    create(tmp_path / "record", "register", place).close()
    with ExitStack() as stack:
        urls = [stack.enter_context(server(place, tmp_path, "--record", "record"))[0] for _ in range(2)]
        many = stack.enter_context(_at_once(urls))
        for k in range(5):
            answers = many(lambda n, client, k=k: client.put(f"{INTENTS}/{new_id()}", json=_intent(4.0 * n + 0.1 * k)))
            assert [one.status_code for one in answers] == [201] * CLIENTS
    party = Party(tmp_path / "record")
    entries = party.log.entries(0, party.log.size)
    assert len(entries) == len(set(entries)) == 5 * CLIENTS
    party.close()
