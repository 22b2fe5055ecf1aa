"""Notices out: signed, in order, tried again, written down, and to nobody who may not see what they tell of."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Generator
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from overflight.errors import InputError, ParameterError
from overflight.server.mail import Mail
from overflight.server.webhook import post
from overflight.store.accounts import ROLES
from tests.server.service import PASSWORD, running, sky
from tests.surveillance.feeds.listening import free_port


class Received:
    """A program that takes webhooks: it refuses the first few, as a program does that has just started."""

    def __init__(self, refuse: int) -> None:
        self.refuse, self.got, self.tries = refuse, list[tuple[dict[str, str], bytes]](), 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.tries += 1
                answer = 503 if outer.tries <= outer.refuse else 204
                if answer == 204:
                    outer.got.append((dict(self.headers), body))
                self.send_response(answer)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/notices?of=overflight"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Generator[Received]:
    one = Received(refuse=2)
    yield one
    one.server.shutdown()
    one.server.server_close()


def until(what: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_webhook_is_signed_tried_again_and_written_down(
    place: Path | str, tmp_path: Path, receiver: Received
) -> None:
    with running(place, tmp_path, sky(), speed=60.0, inside=("127.0.0.1",)) as there:
        chief = there.administrator()
        given = {"channel": "webhook", "target": receiver.url, "party": "RED", "kinds": ["separation"]}
        made = chief.post("/subscriptions", json=given)
        assert made.status_code == 201, made.text
        secret, name = made.json()["secret"], made.json()["id"]
        there.ended()
        until(lambda: len(receiver.got) >= 4)
        time.sleep(1.0)
        told = [json.loads(body) for _, body in receiver.got]
        # RED is told of its own event and of that of no known party; not of GREEN's.
        assert {one["data"]["event"]["track_a"] for one in told} == {"adsb:000001", "adsb:000003"}
        sequences = [one["data"]["sequence"] for one in told]
        assert sequences == sorted(set(sequences))
        assert {one["type"] for one in told} == {"event.opened", "event.closed"}
        for headers, body in receiver.got:
            head = {key.lower(): value for key, value in headers.items()}
            signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
            key = base64.b64decode(secret.removeprefix("whsec_"))
            expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            assert head["webhook-signature"] == f"v1,{expected}"
            assert abs(time.time() - int(head["webhook-timestamp"])) < 60
        tried = chief.get(f"/subscriptions/{name}/deliveries").json()["items"][::-1]
        assert [(one["attempt"], one["delivered"], one["outcome"][-12:]) for one in tried[:3]] == [
            (1, False, "answered 503"),
            (2, False, "answered 503"),
            (3, True, "answered 204"),
        ]
        assert secret not in chief.get("/subscriptions").text
        feed = chief.get("/feed", params={"kind": "separation"}).text.splitlines()
        assert len(feed) == 6
        assert "HIGH loss of separation is over: TST0" in feed[0]
        assert chief.delete(f"/subscriptions/{name}").status_code == 204
        assert chief.get(f"/subscriptions/{name}/deliveries").status_code == 404


class Box:
    """Takes mail."""

    def __init__(self) -> None:
        self.got: list[Message] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.got.append(message_from_bytes(envelope.content))
        return "250 OK"


def test_mail_goes_to_an_ally_as_long_as_the_party_shares(tmp_path: Path) -> None:
    box, port = Box(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        mail = Mail("127.0.0.1", port, "overflight@example.org", None, None)
        with running(tmp_path / "overflight.sqlite", tmp_path, sky(), speed=60.0, mail=mail) as there:
            chief = there.administrator()
            chief.post(
                "/accounts", json={"name": "green", "role": "party officer", "party": "GREEN", "password": PASSWORD}
            )
            green = there.logged_in("green")
            given = {"channel": "email", "target": "safety@red.example", "party": "RED", "of_party": "GREEN"}
            assert green.post("/subscriptions", json=given).status_code == 409  # it does not share yet
            assert green.put("/sharing", json={"party": "GREEN", "ally": "RED", "shared": True}).status_code == 204
            assert green.post("/subscriptions", json=given | {"of_party": None}).status_code == 403
            assert green.post("/subscriptions", json=given).status_code == 201
            there.ended()
            until(lambda: len(box.got) >= 2)
            assert [one["To"] for one in box.got] == ["safety@red.example"] * 2
            assert "loss of separation" in box.got[0]["Subject"]
            assert "TST05 and TST06" in box.got[0].get_payload()
            items = green.get("/subscriptions").json()["items"]
            assert [(one["party"], one["of_party"]) for one in items] == [("RED", "GREEN")]
    finally:
        controller.stop()


@pytest.mark.parametrize(
    "target",
    ["https://127.0.0.1/x", "https://10.1.2.3/x", "https://[::1]/x", "https://localhost/", "http://example.org/x"],
)
def test_nobody_reaches_into_our_network_by_a_webhook(target: str) -> None:
    with pytest.raises(InputError):
        post(target, "whsec_AAAA", "msg_1", {}, inside=())


@pytest.mark.parametrize(
    "given",
    [
        {"channel": "telegraph", "target": "x"},
        {"channel": "email", "target": "a@b\r\nBcc: everybody@example.org"},
        {"channel": "email", "target": "nobody"},
        {"channel": "webhook", "target": "ftp://example.org"},
        {"channel": "webhook", "target": "https://user:secret@example.org"},
        {"channel": "webhook", "target": "https://example.org", "kinds": ["x"]},
        {"channel": "webhook", "target": "https://example.org", "priority": "x"},
    ],
)
def test_what_is_no_subscription_is_refused(given: dict[str, Any], tmp_path: Path) -> None:
    with running(tmp_path / "overflight.sqlite", tmp_path, sky().head(6)) as there:
        assert there.administrator().post("/subscriptions", json=given).status_code == 422


def test_a_mail_server_is_named_without_its_password() -> None:
    assert Mail.of("smtp://me@mail.example:25", "x@example.org", "secret").port == 25
    for wrong in ("mail.example", "smtp://me:secret@mail.example", "smtp://"):
        with pytest.raises(ParameterError) as refused:
            Mail.of(wrong, "x@example.org", None)
        assert "secret@" not in str(refused.value)
    assert "share" not in ROLES["operator"]
