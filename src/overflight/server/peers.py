"""`OtherSystems`: asks other systems for details, and tells them of changes, with tokens of the authority that all of them trust.

Where they are, they have told the register themselves: only public addresses over TLS are connected to, but for hosts that whoever runs this service named.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from overflight.coordination.dss.requests import MANAGEMENT, PROCESSING, STRATEGIC
from overflight.coordination.uss.foreign import INTENTS
from overflight.errors import InputError, ParameterError
from overflight.server.address import LOOPBACK
from overflight.server.outside import exchange

_MOST_ANSWER: Final = 4 << 20
_EARLY_S: Final = 60.0
"""How long before its end a token is not used any more."""


@dataclass(frozen=True)
class Authority:
    """Who gives out tokens for other systems (OAuth 2.0 client credentials, RFC 6749 section 4.4).

    Attributes:
        url: its token endpoint.
        client_id, secret: who this service is to it.
    """

    url: str
    client_id: str
    secret: str

    def __post_init__(self) -> None:
        """Refuse an address that secrets are not sent to."""
        parts = urlsplit(self.url)
        local = parts.hostname in LOOPBACK
        if not parts.hostname or (parts.scheme != "https" and not (local and parts.scheme == "http")):
            remedy = "write it like https://authority.example.org/token"
            raise ParameterError("--token-url", self.url[:60], "is no https address", remedy=remedy)


class OtherSystems:
    """Other systems, by what they have told the register of where they are."""

    def __init__(self, authority: Authority, inside: Collection[str]) -> None:
        """Take who gives out tokens, and hosts of one's own network that may be reached."""
        self._authority, self._inside = authority, frozenset(inside)
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, str], tuple[str, float]] = {}

    def details(self, kind: str, base_url: str, name: str) -> Any:
        """Ask for details, as `overflight.coordination.uss.foreign.Peers` says."""
        url = f"{base_url}/uss/v1/{kind}/{name}"
        status, content = self._exchanged("GET", url, STRATEGIC if kind == INTENTS else PROCESSING, None)
        if status != 200:
            raise InputError(f"answered {status}", path=url)
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise InputError("answered what is no JSON", path=url) from None

    def notify(self, url: str, body: str) -> None:
        """Tell of a change.

        Raises:
            InputError: it was not heard.
        """
        scope = STRATEGIC if url.endswith(INTENTS) else MANAGEMENT
        status, _ = self._exchanged("POST", url, scope, body.encode())
        if not 200 <= status < 300:
            raise InputError(f"answered {status}", path=url)

    def _exchanged(self, method: str, url: str, scope: str, body: bytes | None) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._token(urlsplit(url).hostname or '', scope)}"}
        return exchange(method, url, headers, body, self._inside, _MOST_ANSWER)

    def _token(self, audience: str, scope: str) -> str:
        with self._lock:
            found = self._tokens.get((audience, scope))
        if found is not None and time.monotonic() < found[1]:
            return found[0]
        told = {"grant_type": "client_credentials", "scope": scope, "audience": audience}
        who = (self._authority.client_id, self._authority.secret)
        try:
            answer = httpx2.post(self._authority.url, data=told, auth=who, timeout=10.0).raise_for_status().json()
            token, lasts_s = str(answer["access_token"]), float(answer.get("expires_in", 0))
        except (httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"gives no token ({type(error).__name__})", path=self._authority.url) from None
        with self._lock:
            now = time.monotonic()
            self._tokens = {key: one for key, one in self._tokens.items() if one[1] > now}
            self._tokens[audience, scope] = (token, now + lasts_s - _EARLY_S)
        return token
