"""Logging in at an identity provider: a small one of our own plays it, with real keys, and with every way of being wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from overflight.errors import ParameterError
from overflight.server.oidc import Provider
from tests.server.service import PASSWORD, Running, running, sky

SECRET = "of the client"


class Identity:
    """An identity provider: whoever comes is `claims`; what it says can be made wrong."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, parameters={"kid": "1"})
        self.signed_with = self.key
        self.claims: dict[str, Any] = {"sub": "7", "email": "ops@example.org", "email_verified": True}
        self.asked: dict[str, dict[str, str]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path, query = (
                    urlsplit(self.path).path,
                    {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()},
                )
                if path == "/.well-known/openid-configuration":
                    names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                    self.say({"issuer": outer.url, **{name: f"{outer.url}/{at}" for name, at in names.items()}})
                elif path == "/keys":
                    self.say(KeySet([outer.key]).as_dict(private=False))
                elif path == "/authorize":
                    code = f"code{len(outer.asked)}"
                    outer.asked[code] = query
                    self.send_response(303)
                    self.send_header("Location", f"{query['redirect_uri']}?state={query['state']}&code={code}")
                    self.end_headers()

            def do_POST(self) -> None:
                given = {
                    k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()).items()
                }
                asked = outer.asked.pop(given["code"])
                challenge = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest()).rstrip(
                    b"="
                )
                login = base64.b64encode(f"overflight:{SECRET}".encode()).decode()
                if asked["code_challenge"] != challenge.decode() or self.headers["authorization"] != f"Basic {login}":
                    self.send_error(400)
                    return
                now = int(time.time())
                claims = {"iss": outer.url, "aud": "overflight", "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
                token = jwt.encode({"alg": "RS256", "kid": "1"}, claims | outer.claims, outer.signed_with)
                self.say({"access_token": "x", "token_type": "Bearer", "id_token": token})

            def say(self, content: Any) -> None:
                body = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def identity() -> Generator[Identity]:
    one = Identity()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def there(tmp_path: Path, identity: Identity) -> Generator[Running]:
    provider = Provider(identity.url, "overflight", SECRET)
    with running(tmp_path / "overflight.sqlite", tmp_path, sky().head(6), provider=provider) as one:
        chief = one.administrator()
        given = {"name": "ops@example.org", "role": "operator"}
        assert chief.post("/accounts", json=given).status_code == 201
        yield one


def come_in(there: Running) -> tuple[httpx.Response, httpx.Client]:
    client = there.closing.enter_context(httpx.Client(base_url=there.url, follow_redirects=True))
    return client.get("/login"), client


def test_who_has_an_account_gets_in(there: Running) -> None:
    _, client = come_in(there)
    told = client.get("/api/v1/session").json()
    assert (told["user"], told["role"]) == ("ops@example.org", "operator")
    assert client.get("/api/v1/login").json()["provider"].startswith("http://127.0.0.1:")
    # An account that comes from there has no password to guess.
    assert there.client().post("/session", json={"name": "ops@example.org", "password": PASSWORD}).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "eve@example.org"}, {"email_verified": False}, {"aud": "somebody else"}, {"iss": "https://elsewhere.example"},
        {"nonce": "another"}, {"exp": 1}, {"email": None},
    ],
)  # fmt: skip
def test_who_has_none_or_comes_with_a_wrong_token_does_not(
    there: Running, identity: Identity, claims: dict[str, Any]
) -> None:
    identity.claims |= claims
    answer, client = come_in(there)
    assert answer.status_code == 403
    assert client.get("/api/v1/session").status_code == 401


def test_a_token_signed_by_another_key_is_none(there: Running, identity: Identity) -> None:
    identity.signed_with = RSAKey.generate_key(2048, parameters={"kid": "1"})
    assert come_in(there)[0].status_code == 403


def test_a_login_that_another_browser_began_is_refused(there: Running) -> None:
    one = there.closing.enter_context(httpx.Client(base_url=there.url))
    back = httpx.get(one.get("/login").headers["location"], follow_redirects=False).headers["location"]
    other = there.closing.enter_context(httpx.Client(base_url=there.url))
    assert other.get(back).status_code == 403
    assert one.get(back).status_code == 303
    assert one.get(back).status_code == 403  # and it ends once


def test_a_provider_is_asked_over_tls() -> None:
    with pytest.raises(ParameterError):
        Provider("http://login.example.org", "overflight", SECRET)
