"""The service as programs and browsers meet it, on both databases: who gets in, who sees what, and what is never lost."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import polars as pl
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from overflight.airspace.read import read_airspace
from overflight.examples import october
from overflight.server.address import Address
from overflight.server.loop import Shown
from overflight.server.pictures import Watcher
from overflight.server.sky import HEAD, MAGIC, Picture
from overflight.server.sources import Sources
from tests.server.service import PASSWORD, START, Running, recorded, running, sky

ROLES = ("viewer", "operator", "analyst", "party officer", "administrator")


@pytest.fixture
def here(tmp_path: Path) -> Generator[Running]:
    """The same on SQLite alone, for what a database has no part in."""
    with running(tmp_path / "overflight.sqlite", tmp_path, sky()) as one:
        one.ended()
        yield one


def made(chief: httpx.Client, name: str, role: str, party: str | None = None) -> None:
    answer = chief.post("/accounts", json={"name": name, "role": role, "party": party, "password": PASSWORD})
    assert answer.status_code == 201, answer.text


def alarms(client: httpx.Client) -> list[dict[str, Any]]:
    answer = client.get("/alarms")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def tracks(client: httpx.Client) -> set[str]:
    return {side for alarm in alarms(client) for side in (alarm["event"]["track_a"], alarm["event"]["track_b"])}


def test_the_link_opens_once(there: Running) -> None:
    stranger = there.client()
    wrong = {"secret": "x" * 43, "name": "eve", "password": PASSWORD}
    assert stranger.post("/setup", json=wrong).status_code == 401
    for path in ("/session", "/status", "/alarms", "/events", "/volumes", "/accounts", "/audit", "/alarms/stream"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), path
    chief = there.administrator()
    again = {"secret": there.secret, "name": "eve", "password": PASSWORD}
    assert stranger.post("/setup", json=again).status_code == 401
    assert chief.get("/session").json()["role"] == "administrator"
    told = [(one["action"], one["user"]) for one in chief.get("/audit").json()["items"]]
    assert told == [("logged in", "chief"), ("made an account", None)]
    assert chief.delete("/session").status_code == 204
    assert chief.get("/session").status_code == 401


def test_what_each_role_cannot_reach(there: Running) -> None:
    chief = there.administrator()
    may = {
        "acknowledge": {"operator", "administrator"},
        "shelve": {"operator", "administrator"},
        "unshelve": {"operator", "administrator"},
        "note": {"operator", "analyst", "party officer", "administrator"},
        "service": {"administrator"},
        "download": {"operator", "analyst", "party officer", "administrator"},
        "share": {"party officer", "administrator"},
        "administer": {"administrator"},
    }
    for role in ROLES:
        made(chief, role.replace(" ", "-"), role, "RED" if role == "party officer" else None)
    other = alarms(chief)[-1]["event_id"]
    for role in ROLES:
        client = there.logged_in(role.replace(" ", "-"))
        seen = {alarm["event_id"]: alarm for alarm in alarms(client)}
        event = next(iter(seen.values())) if role != "administrator" else seen[other]
        path = f"/alarms/{event['event_id']}"
        sent = {
            "note": client.post(f"{path}/note", json={"note": "seen"}),
            "shelve": client.post(f"{path}/shelve", json={"minutes": 10, "reason": "known"}),
            "unshelve": client.post(f"{path}/unshelve"),
            "acknowledge": client.post(f"{path}/acknowledge", json={"seen": event["sequence"]}),
            "service": client.post(f"{path}/service", json={"out": False, "reason": "repaired"}),
            "download": client.get("/events/download"),
            "share": client.put("/sharing", json={"party": "RED", "ally": "BLUE", "shared": True}),
            "administer": client.get("/accounts"),
        }
        for what, answer in sent.items():
            allowed = role in may[what]
            assert (answer.status_code < 300) == allowed, (role, what, answer.text)
            assert allowed or answer.status_code == 403
        made_by_me = client.post("/accounts", json={"name": "x", "role": "administrator", "password": PASSWORD})
        assert made_by_me.status_code == (201 if role == "administrator" else 403)
        assert client.get("/audit").status_code == (200 if role == "administrator" else 403)
        changed = client.put("/accounts/viewer", json={"role": "viewer"})
        assert changed.status_code == (200 if role == "administrator" else 403)


def test_a_party_sees_its_own_and_what_is_shared(there: Running) -> None:
    chief = there.administrator()
    made(chief, "red", "operator", "RED")
    made(chief, "blue", "party officer", "BLUE")
    made(chief, "all", "viewer")
    red, blue = there.logged_in("red"), there.logged_in("blue")
    unknown = {"adsb:000001", "adsb:000002"}
    both = {"adsb:000003", "adsb:000004"}
    assert tracks(red) == unknown | both
    assert len(tracks(there.logged_in("all"))) == 6
    green = next(one["event_id"] for one in alarms(chief) if one["event"]["party_a"] == "GREEN")
    window = {"from": "2015-10-07T04:00:00Z", "to": "2015-10-07T04:01:00Z"}
    for path in (f"/events/{green}", f"/alarms/{green}/log", f"/events/{green}/report"):
        assert red.get(path).status_code == 404
    assert red.post(f"/alarms/{green}/note", json={"note": "what is there?"}).status_code == 404
    assert green not in {one["id"] for one in red.get("/events").json()["items"]}
    # Asking for a party that shows nothing to you shows nothing of it.
    assert green not in {one["id"] for one in red.get("/events", params={"party": "GREEN"}).json()["items"]}
    flown = {one["track_id"] for one in red.get("/positions", params=window).json()["tracks"]}
    assert flown == unknown | {"adsb:000003"}
    assert blue.put("/sharing", json={"party": "GREEN", "ally": "RED", "shared": True}).status_code == 403
    assert blue.put("/sharing", json={"party": "BLUE", "ally": "RED", "shared": True}).status_code == 204
    flown = {one["track_id"] for one in red.get("/positions", params=window).json()["tracks"]}
    assert flown == unknown | both
    assert [one["ally"] for one in red.get("/sharing").json()["items"]] == ["RED"]
    assert frames(there, red, 1)[0][1] == unknown | both
    assert blue.put("/sharing", json={"party": "BLUE", "ally": "RED", "shared": False}).status_code == 204
    assert frames(there, red, 1)[0][1] == unknown | {"adsb:000003"}


def frames(there: Running, client: httpx.Client, count: int) -> list[tuple[bytes, set[str]]]:
    """The first pictures that somebody is sent, each with the tracks that are in it."""
    cookie = f"overflight_session={client.cookies['overflight_session']}"
    names: dict[int, str] = {}
    found: list[tuple[bytes, set[str]]] = []
    url = there.url.replace("http", "ws") + "/api/v1/tracks/live"
    with connect(url, additional_headers={"Cookie": cookie}, compression=None) as socket:
        while len(found) < count:
            told = socket.recv(10)
            if isinstance(told, str):
                names |= {one[0]: one[1] for one in json.loads(told)["names"]}
                continue
            magic, number, _, _ = HEAD.unpack_from(told)
            assert magic == MAGIC
            columns = np.frombuffer(told, "<u4", number, HEAD.size)
            found.append((told, {names[int(one)] for one in columns}))
    return found


def test_the_sky_comes_once_a_second_and_ends_with_the_session(here: Running) -> None:
    chief = here.administrator()
    began = time.monotonic()
    sent = frames(here, chief, 3)
    assert 1.0 < time.monotonic() - began < 6
    assert [len(seen) for _, seen in sent[1:]] == [6, 6]  # the first may be of the time before anything was judged
    sequences = [HEAD.unpack_from(frame)[2] for frame, _ in sent]
    assert sequences == list(range(sequences[0], sequences[0] + 3))
    stranger = here.client()
    stranger.cookies.set("overflight_session", "x" * 43)
    with pytest.raises(ConnectionClosed) as closed:
        frames(here, stranger, 1)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_a_page_of_another_site_changes_nothing(here: Running) -> None:
    chief = here.administrator()
    event = alarms(chief)[0]
    path, sent = f"/alarms/{event['event_id']}/acknowledge", {"seen": event["sequence"]}
    csrf = chief.headers.pop("X-CSRF-Token")
    assert chief.post(path, json=sent).status_code == 403
    assert chief.post(path, json=sent, headers={"X-CSRF-Token": "guessed"}).status_code == 403
    elsewhere = {"X-CSRF-Token": csrf, "Origin": "https://elsewhere.example"}
    assert chief.post(path, json=sent, headers=elsewhere).status_code == 403
    assert chief.get("/alarms", headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert chief.get("/alarms", headers={"Host": "elsewhere.example"}).status_code == 421
    assert chief.post(path, json=sent, headers={"X-CSRF-Token": csrf, "Origin": here.url}).status_code == 200
    headers = chief.get("/alarms").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    again = here.client().post("/session", json={"name": "chief", "password": PASSWORD})
    cookie = again.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_passwords_cannot_be_tried_for_long(here: Running) -> None:
    here.administrator()
    guesser = here.client()
    for _ in range(5):
        assert guesser.post("/session", json={"name": "chief", "password": "wrong" * 4}).status_code == 401
    answer = guesser.post("/session", json={"name": "chief", "password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 301
    assert guesser.post("/session", content=b"x" * 100_000).status_code == 413


def test_a_token_acts_as_its_owner_until_it_is_taken_back(there: Running) -> None:
    chief = there.administrator()
    made(chief, "ops", "operator", "RED")
    ops = there.logged_in("ops")
    token = ops.post("/tokens", json={"name": "display", "days": 30}).json()
    program = there.client()
    program.headers["Authorization"] = f"Bearer {token['secret']}"
    assert program.get("/session").json()["user"] == "ops"
    event = alarms(program)[0]
    sent = {"seen": event["sequence"]}
    assert program.post(f"/alarms/{event['event_id']}/acknowledge", json=sent).status_code == 200
    assert token["secret"] not in ops.get("/tokens").text
    assert chief.delete(f"/tokens/{token['id']}").status_code == 404  # of somebody else
    assert ops.delete(f"/tokens/{token['id']}").status_code == 204
    assert program.get("/session").status_code == 401
    again = there.client()
    secret = ops.post("/tokens", json={"name": "display", "days": 30}).json()["secret"]
    again.headers["Authorization"] = f"Bearer {secret}"
    assert chief.put("/accounts/ops", json={"role": "operator", "enabled": False}).status_code == 200
    assert again.get("/session").status_code == ops.get("/session").status_code == 401
    assert chief.put("/accounts/chief", json={"role": "viewer"}).status_code == 409  # who would look after it?


def stream(client: httpx.Client, after: int, count: int, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """The first entries of the log after one, as they are streamed."""
    found: list[dict[str, Any]] = []
    with client.stream("GET", "/alarms/stream", params={"after": after}, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: ") and line != "data: {}":
                found.append(json.loads(line.removeprefix("data: ")))
                if len(found) == count:
                    break
    return found


def test_the_stream_goes_on_where_it_was_and_says_what_people_do(there: Running) -> None:
    chief = there.administrator()
    last = chief.get("/alarms").json()["sequence"]
    everything = stream(chief, 0, last)
    assert [one["sequence"] for one in everything] == list(range(1, last + 1))
    assert stream(chief, 0, 1, {"Last-Event-ID": "2"})[0]["sequence"] == 3
    event = alarms(chief)[0]
    got: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: got.extend(stream(there.logged_in("chief"), last, 1)))
    reader.start()
    time.sleep(0.5)
    asked = time.monotonic()
    sent = {"seen": event["sequence"], "note": "both told"}
    answer = chief.post(f"/alarms/{event['event_id']}/acknowledge", json=sent)
    assert answer.status_code == 200, answer.text
    reader.join(10)
    assert time.monotonic() - asked < 1.0
    assert [(one["action"], one["user"], one["note"]) for one in got] == [("acknowledged", "chief", "both told")]
    again = chief.post(f"/alarms/{event['event_id']}/acknowledge", json=sent)
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")


def test_events_come_in_pages_and_files(there: Running, tmp_path: Path) -> None:
    chief = there.administrator()
    whole = chief.get("/events").json()
    assert (len(whole["items"]), whole["next"]) == (3, None)
    first = chief.get("/events", params={"limit": 2}).json()
    rest = chief.get("/events", params={"limit": 2, "after": first["next"]}).json()
    assert first["items"] + rest["items"] == whole["items"]
    area = {"bbox": "43,32,45,34"}
    assert [one["track_a"] for one in chief.get("/events", params=area).json()["items"]] == ["adsb:000003"]
    assert chief.get("/events", params={"kind": "hazard"}).json()["items"] == []
    for wrong in (
        {"bbox": "1,2"},
        {"bbox": "1,2,3,nan"},
        {"kind": "x"},
        {"severity": "x"},
        {"after": "x"},
        {"from": "x"},
    ):
        answer = chief.get("/events", params=wrong)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    files = {
        form: chief.get("/events/download", params={"format": form}) for form in ("csv", "geojson", "geoparquet", "kml")
    }
    assert {answer.status_code for answer in files.values()} == {200}
    ids = {one["id"] for one in whole["items"]}
    assert set(pl.read_csv(files["csv"].content)["id"]) == ids
    assert {one["id"] for one in files["geojson"].json()["features"]} == ids
    (tmp_path / "events.parquet").write_bytes(files["geoparquet"].content)
    about = json.loads(pl.read_parquet_metadata(tmp_path / "events.parquet")["geo"])
    assert (about["version"], about["columns"]["geometry"]["encoding"]) == ("1.1.0", "WKB")
    marks = etree.fromstring(files["kml"].content).findall(".//{*}Placemark")
    assert {mark.get("id") for mark in marks} == {f"event-{one}" for one in ids}
    page = chief.get(f"/events/{whole['items'][0]['id']}/report")
    assert "attachment" in page.headers["content-disposition"]
    assert "Loss of separation" in page.text
    assert "<svg" in page.text
    one = chief.get(f"/events/{whole['items'][0]['id']}").json()
    assert [entry["action"] for entry in one["log"]] == ["opened", "closed"] or one["log"]


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("0001-01-01T00:00:00+14:00", "0001-01-01T01:00:00Z", 422),
        ("9999-12-31T22:00:00-14:00", "9999-12-31T23:00:00-14:00", 422),
        ("0002-06-01T00:00:00Z", "0002-06-01T01:00:00Z", 200),
        ("9998-06-01T00:00:00Z", "9998-06-01T01:00:00+01:00", 422),
        ("9998-06-01T00:00:00", "9998-06-01T01:00:00", 200),
    ],
)
def test_the_ends_of_the_calendar_are_no_trouble(here: Running, start: str, end: str, status: int) -> None:
    client = here.administrator()
    window = {"from": start, "to": end}
    assert client.get("/positions", params=window).status_code == status
    assert client.get("/events", params=window).status_code in {200, status}


def test_what_flew_can_be_asked_for(here: Running) -> None:
    chief = here.administrator()
    window = {"from": "2015-10-07T04:00:10Z", "to": "2015-10-07T04:00:20Z"}
    found = chief.get("/positions", params=window).json()
    assert (found["step_s"], len(found["tracks"])) == (0, 6)
    assert found["tracks"][0]["t"] == [float(second) for second in range(10)]
    assert found["tracks"][0]["callsign"] == "TST01"
    too_long = {"from": START.isoformat(), "to": "2015-10-08T04:00:00Z"}
    assert chief.get("/positions", params=too_long).status_code == 422
    told = chief.get("/status").json()
    assert (told["mode"], told["state"], told["rows"]) == ("replay", "ended", 1800)
    assert {one["net"] for one in told["off"]} >= {"conflict", "incursion"}
    assert httpx.get(f"{here.url}/healthz").text == "ok\n"
    assert httpx.get(f"{here.url}/readyz").text == "ready\n"
    metrics = httpx.get(f"{here.url}/metrics").text
    assert 'overflight_loop{state="ended"} 1.0' in metrics
    assert "overflight_positions_total 1800.0" in metrics
    assert 'overflight_http_answers_total{method="GET",route="/api/v1/positions",status="200"} 1.0' in metrics


def test_a_service_that_starts_again_loses_nothing_and_tells_nothing_twice(place: Path | str, tmp_path: Path) -> None:
    with running(place, tmp_path, sky(), speed=100.0) as one:
        chief = one.administrator()
        until = time.monotonic() + 10
        while not alarms(chief):
            assert time.monotonic() < until
            time.sleep(0.02)
        event = alarms(chief)[0]
        sent = {"seen": event["sequence"]}
        assert chief.post(f"/alarms/{event['event_id']}/acknowledge", json=sent).status_code == 200
    with running(place, tmp_path, sky(), speed=0.0) as one:
        assert one.secret is None
        client = one.logged_in("chief")
        one.ended()
        last = client.get("/alarms").json()["sequence"]
        entries = stream(client, 0, last)
        assert [entry["sequence"] for entry in entries] == list(range(1, last + 1))
        closed = [entry["alarm"]["event_id"] for entry in entries if entry["action"] == "closed"]
        assert len(closed) == len(set(closed)) == 3
        again = client.get(f"/events/{event['event_id']}").json()
        assert "acknowledged" in [entry["action"] for entry in again["log"]]
        window = {"from": "2015-10-07T04:00:00Z", "to": "2015-10-07T04:05:00Z"}
        assert sum(len(one["t"]) for one in client.get("/positions", params=window).json()["tracks"]) == 1800


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "overflight.example"])
def test_nothing_is_served_in_the_open(host: str) -> None:
    with pytest.raises(Exception, match="in the open"):
        Address.of(f"{host}:8080", None, None, None)
    assert Address.of(f"{host}:8080", None, None, "10.0.0.1").secure


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1.2.3"])
def test_this_machine_may_be_served_without(host: str) -> None:
    assert not Address.of(f"{host}:8080", None, None, None).secure


def test_what_is_looked_for_and_what_is_not_is_said_rightly(tmp_path: Path) -> None:
    corridor = read_airspace(str(october() / "synthetic_corridor_7_october.geojson"))
    nets = ("separation", "hazard")
    with running(tmp_path / "overflight.sqlite", tmp_path, sky().head(6), nets=nets, airspace=corridor) as one:
        told = one.administrator().get("/status").json()
    assert told["nets"] == ["separation", "hazard"]
    off = {each["net"]: each["why"] for each in told["off"]}
    assert off["breach"] == "no agreement was given"
    assert off["incursion"] == off["conflict"] == "not asked for"


def test_a_stream_that_tells_of_the_past_is_not_live(tmp_path: Path) -> None:
    told = Sources(recorded(sky(), 0.0).open, Shown(None, 1.0), None)
    with running(tmp_path / "overflight.sqlite", tmp_path, sky(), sources=told) as one:
        one.ended()
        said = one.administrator().get("/status").json()
    assert said["mode"] == "behind"
    assert said["behind_s"] > 10 * 365 * 86_400
    assert said["in_sight"] == 6


def test_a_watcher_that_is_slow_is_shown_the_newest() -> None:
    async def slow() -> list[int]:
        watcher = Watcher()
        for number in range(1, 6):
            watcher.offer(Picture(number, number, {}, []), {})
        return [(await watcher.next())[0].sequence for _ in range(2)]

    with ThreadPoolExecutor(1) as apart:  # a browser's tests may have left a loop in this thread
        assert apart.submit(lambda: asyncio.run(slow())).result() == [4, 5]


def test_the_command_line_serves_over_tls_and_stops_when_told(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    self_signed(key, certificate)
    command = [
        str(Path(sys.executable).with_name("overflight")),
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        str(certificate),
        "--tls-key",
        str(key),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline(), process.stdout.readline()]
            url = said[0].split()[3]
            context = ssl.create_default_context(cafile=str(certificate))
            with httpx.Client(base_url=url, verify=context) as client:
                given = {"secret": said[1].strip().rpartition("#")[2], "name": "chief", "password": PASSWORD}
                answer = client.post("/api/v1/setup", json=given)
                assert answer.status_code == 201
                assert "Secure" in answer.headers["set-cookie"]
                assert answer.headers["strict-transport-security"]
                assert client.get("/metrics", headers={"Host": "overflight.example"}).status_code == 421
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def self_signed(key: Path, certificate: Path) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key.write_bytes(secret.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    certificate.write_bytes(made.public_bytes(pem))
