"""Web servers on loopback: aircraft.json and OpenSky, with what goes wrong between."""

from __future__ import annotations

import copy
import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from overflight.errors import InputError
from overflight.surveillance.feeds import polled, web
from overflight.surveillance.feeds.opened import open_feed
from overflight.surveillance.feeds.opensky import OpenSky, network
from overflight.surveillance.feeds.polled import AGAIN, DAMAGED, Polled
from overflight.surveillance.readers import opensky
from tests.surveillance.feeds.listening import Listening
from tests.surveillance.samples import AIRCRAFT, STATES

SECRET = "s3cr3t-Zebra"


class Web:
    """A server whose answer is asked of `answer(handler) -> (status, headers, body)`."""

    def __init__(self, answer):
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                length = int(self.headers.get("Content-Length") or 0)
                outer.asked.append((self.path, dict(self.headers), self.rfile.read(length)))
                status, headers, body = answer(self)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name that the server calls

            def log_message(self, *_):
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(polled, "EVERY_S", 0.05)


def at(now: float) -> dict:
    """The sample of aircraft.json some time later: the first aircraft has moved, the others are remembered."""
    document = copy.deepcopy(AIRCRAFT)
    later = now - document["now"]
    document["now"] = now
    for aircraft in document["aircraft"]:
        aircraft["seen_pos"] = aircraft.get("seen_pos", 0) + later
    document["aircraft"][0] |= {"lat": 36.5 + later / 1000, "seen_pos": 0.5}
    return document


def test_snapshots_are_news_once():
    moment = {"now": AIRCRAFT["now"]}

    def answer(_):
        body = json.dumps(at(moment["now"])).encode()
        return 200, {"Content-Encoding": "gzip"}, gzip.compress(body)

    with Web(answer) as server, Listening(open_feed(f"{server.url}/data/aircraft.json")) as live:
        live.until(lambda: live.rows == 3)
        asked = len(server.asked)
        live.until(lambda: len(server.asked) > asked + 3)
        heard_at = live.feed.health.heard_at
        assert live.rows == 3, "the same now is no news"
        moment["now"] += 1.03
        live.until(lambda: live.rows >= 4)
        assert live.feed.health.heard_at > heard_at
        time.sleep(0.3)
        assert live.rows == 4
        assert live.feed.drops.counts == {AGAIN: 2, "no position": 2}
        table = live.table()
        assert table.filter(icao24="a1b2c3").height == 2
        assert table["ref"][0].startswith(f"{server.url}/data/aircraft.json@17488225")
        assert live.feed.health.connected
        assert live.feed.health.connections == 1


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ((404, {}, b""), "answers with status 404"),
        ((200, {}, b"<html>hello"), "answers with something else than readsb-aircraft"),
        ((302, {"Location": "http://example.org/"}, b""), "answers with status 302"),
        ((200, {"Content-Length": "1000"}, b'{"aircraft": ['), "the answer is"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"aircraft": [')[:-9]), "the answer is"),
        ((200, {"Content-Encoding": "gzip"}, b"nonsense"), "the answer is damaged"),
    ],
)
def test_a_bad_answer_is_said_and_asked_again(bad, said):
    answers = [bad, bad]

    def answer(handler):
        if answers:
            handler.close_connection = True
            return answers.pop()
        return 200, {}, json.dumps(AIRCRAFT).encode()

    with Web(answer) as server, Listening(open_feed(f"{server.url}/aircraft.json")) as live:
        live.until(lambda: live.feed.health.trouble)
        assert live.feed.health.trouble.startswith(said)
        live.until(lambda: live.rows == 3)
        assert live.feed.health.trouble is None


def test_damaged_json_is_counted():
    answers = [b'{"now": 1, "aircraft": [{]}']

    def answer(_):
        return 200, {}, answers.pop() if answers else json.dumps(AIRCRAFT).encode()

    with Web(answer) as server, Listening(open_feed(f"{server.url}/aircraft.json")) as live:
        live.until(lambda: live.rows == 3)
        assert live.feed.drops.counts[DAMAGED] == 1


def test_answers_have_limits(monkeypatch):
    monkeypatch.setattr(web, "MOST", 100_000)
    bomb = gzip.compress(b" " * 1_000_000)

    def answer(handler):
        packed = "packed" in handler.path
        return 200, {"Content-Encoding": "gzip"} if packed else {}, bomb if packed else b" " * 200_000

    with Web(answer) as server:
        for path in ("/packed", "/plain"):
            with pytest.raises(web.NoAnswerError, match="more than"):
                web.ask(server.url + path)


def test_a_password_is_used_and_never_said():
    def answer(handler):
        ok = handler.headers.get("Authorization") == "Basic cGlsb3Q6czNjcjN0LVplYnJh"
        return (200, {}, json.dumps(AIRCRAFT).encode()) if ok else (401, {}, b"")

    with Web(answer) as server:
        name = server.url.replace("http://", f"http://pilot:{SECRET}@") + f"/aircraft.json?key={SECRET}"
        with Listening(open_feed(name)) as live:
            live.until(lambda: live.rows == 3)
            assert f"key={SECRET}" in server.asked[0][0]
            assert SECRET not in repr((live.feed.name, live.feed.drops, live.feed.health, live.table().to_dicts()))


def sky(server: Web, box, client) -> Polled:
    asking = OpenSky(box, client)
    asking.states, asking.token_from = f"{server.url}/states", f"{server.url}/token"
    return Polled("opensky:", opensky.STATES, "time", asking.fetch, 0.05)


def test_opensky_with_credentials_and_a_token_that_ends():
    tokens: list[str] = []

    def answer(handler):
        if handler.path == "/token":
            tokens.append(f"{SECRET}-{len(tokens)}")
            return 200, {}, json.dumps({"access_token": tokens[-1], "expires_in": 1800}).encode()
        if handler.headers["Authorization"] != f"Bearer {SECRET}-1":
            return 401, {}, b""
        return 200, {}, json.dumps(STATES).encode()

    with Web(answer) as server, Listening(sky(server, (5.9, 45.8, 10.5, 47.8), ("me", SECRET))) as live:
        live.until(lambda: live.feed.health.trouble)
        assert live.feed.health.trouble == "refuses the credentials; check OPENSKY_CLIENT_ID and OPENSKY_CLIENT_SECRET"
        live.until(lambda: live.rows == 2)
        form = parse_qs(server.asked[0][2].decode())
        assert form == {"grant_type": ["client_credentials"], "client_id": ["me"], "client_secret": [SECRET]}
        query = parse_qs(urlsplit(next(path for path, *_ in server.asked if path.startswith("/states"))).query)
        assert query == {"lomin": ["5.9"], "lamin": ["45.8"], "lomax": ["10.5"], "lamax": ["47.8"]}
        assert len(tokens) == 2
        assert SECRET not in repr((live.feed.name, live.feed.drops, live.feed.health, live.table().to_dicts()))


def test_opensky_is_not_asked_while_it_wants_to_be_left_alone():
    def answer(handler):
        if len(server.asked) == 1:
            return 429, {"X-Rate-Limit-Retry-After-Seconds": "3"}, b""
        return 200, {}, json.dumps(STATES).encode()

    with Web(answer) as server, Listening(sky(server, None, None)) as live:
        started = time.monotonic()
        live.until(lambda: live.feed.health.trouble)
        assert live.feed.health.trouble == "asks to wait 3 s: the credits are used up"
        live.until(lambda: live.rows == 2)
        assert time.monotonic() - started > 2.5
        assert server.asked[0][0] == "/states"
        assert "Authorization" not in server.asked[0][1]
        assert len(live.pieces) >= 5, "time passes meanwhile"


def test_opensky_wrong_credentials_are_not_told():
    with Web(lambda _: (401, {}, SECRET.encode())) as server, Listening(sky(server, None, ("me", SECRET))) as live:
        live.until(lambda: live.feed.health.trouble)
        assert live.feed.health.trouble.startswith("refuses the credentials")
        assert SECRET not in repr(live.feed.health)


def test_half_of_the_credentials_is_refused():
    with pytest.raises(InputError, match="set OPENSKY_CLIENT_ID, too, or neither") as refused:
        network("opensky:", {"OPENSKY_CLIENT_SECRET": SECRET})
    assert SECRET not in str(refused.value)
