"""Logging in at an identity provider (OpenID Connect Core 1.0, code flow with PKCE, RFC 7636): it says who somebody is, and accounts here say what they may.

An administrator makes the account, without a password, under the name that the provider's claim has. Nobody gets in that has none.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from overflight.errors import InputError, ParameterError
from overflight.server.address import LOOPBACK

TIMEOUT_S: Final = 10.0
BEGUN_S: Final = 600.0
"""How long somebody may take to log in there."""
_ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]
_MOST_BEGUN: Final = 1000
_LEEWAY_S: Final = 60


@dataclass(frozen=True)
class Begun:
    """A login that was begun: what the provider's answer must fit."""

    nonce: str
    verifier: str
    redirect: str
    until_s: float


class Provider:
    """An identity provider."""

    def __init__(self, issuer: str, client_id: str, secret: str, claim: str = "email") -> None:
        """Keep who it is, and who we are to it; nothing is asked of it yet.

        Raises:
            ParameterError: the issuer is no https address (http is for this machine alone).
        """
        parts = urlsplit(issuer)
        local = parts.hostname in LOOPBACK
        if not parts.hostname or (parts.scheme != "https" and not (local and parts.scheme == "http")):
            remedy = "write it like https://login.example.org"
            raise ParameterError("--oidc-issuer", issuer[:60], "is no https address", remedy=remedy)
        self.issuer, self._claim = issuer.rstrip("/"), claim
        self._client_id, self._secret = client_id, secret
        self._lock = threading.Lock()
        self._begun: dict[str, Begun] = {}

    def begin(self, redirect: str) -> tuple[str, str]:
        """Begin a login that comes back to an address; returns where to send the browser, and the state that it must come back with.

        Raises:
            InputError: the provider cannot be asked.
        """
        described = self._described()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        client: Any = OAuth2Client(
            self._client_id, redirect_uri=redirect, scope="openid email profile", code_challenge_method="S256"
        )
        with client:
            url, _ = client.create_authorization_url(
                described["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        now_s = time.monotonic()
        with self._lock:
            self._begun = {key: one for key, one in self._begun.items() if one.until_s > now_s}
            if len(self._begun) >= _MOST_BEGUN:
                raise InputError("too many logins were begun", path=self.issuer, remedy="try again in a while")
            self._begun[state] = Begun(nonce, verifier, redirect, now_s + BEGUN_S)
        return str(url), state

    def end(self, state: str, code: str) -> str:
        """End a login with what the browser came back with; returns the name that the provider knows somebody by.

        Raises:
            InputError: it was not begun here, or the provider does not vouch for them.
        """
        with self._lock:
            begun = self._begun.pop(state, None)
        if begun is None or begun.until_s < time.monotonic():
            raise InputError("was not begun here, or too long ago", path="the login", remedy="begin again")
        described = self._described()
        try:
            client: Any = OAuth2Client(self._client_id, self._secret, redirect_uri=begun.redirect, timeout=TIMEOUT_S)
            with client:
                answer: dict[str, Any] = client.fetch_token(
                    described["token_endpoint"], code=code, code_verifier=begun.verifier
                )
            keys = KeySet.import_key_set(httpx2.get(described["jwks_uri"], timeout=TIMEOUT_S).json())
            claims = jwt.decode(answer["id_token"], keys, algorithms=_ALGORITHMS).claims
            self._registry(begun.nonce).validate(claims)
        except (httpx2.HTTPError, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"does not vouch for anybody ({type(error).__name__})", path=self.issuer) from None
        name = claims.get(self._claim)
        if not isinstance(name, str) or (self._claim == "email" and claims.get("email_verified") is not True):
            raise InputError(f"says no {self._claim} that it has verified", path=self.issuer)
        return name

    def _registry(self, nonce: str) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )

    def _described(self) -> dict[str, Any]:
        """Return what the provider says of itself (OpenID Connect Discovery 1.0)."""
        url = f"{self.issuer}/.well-known/openid-configuration"
        try:
            answer = httpx2.get(url, timeout=TIMEOUT_S)
            found: dict[str, Any] = answer.raise_for_status().json()
            if found["issuer"].rstrip("/") != self.issuer:
                raise InputError("calls itself something else", path=self.issuer)
            return {name: str(found[name]) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        except (httpx2.HTTPError, json.JSONDecodeError, KeyError, AttributeError) as error:
            raise InputError(f"cannot be asked ({type(error).__name__})", path=self.issuer) from None
