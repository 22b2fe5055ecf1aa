"""The OpenSky Network's REST interface, live.

Source: OpenSky REST API, "All State Vectors", "Authentication" and "Limitations"
(https://openskynetwork.github.io/opensky-api/rest.html). With credentials (OAuth2 client credentials, from the
environment) states are as of every 5 s, without of every 10 s; a token holds for 30 minutes. Questions cost credits by
area, and status 429 says in a header how long to wait once they are used up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlencode

from overflight.errors import InputError
from overflight.surveillance.feeds.polled import Polled
from overflight.surveillance.feeds.web import Answer, NoAnswerError, ask
from overflight.surveillance.readers import opensky

STATES: Final = "https://opensky-network.org/api/states/all"
TOKEN: Final = "https://auth.opensky-network.org/auth/realms/opensky-network/protocol/openid-connect/token"
ANONYMOUS_S: Final = 10.0
KNOWN_S: Final = 5.0
_VARIABLES: Final = ("OPENSKY_CLIENT_ID", "OPENSKY_CLIENT_SECRET")
_LONGEST_S: Final = 86_400.0  # credits are given anew every day
_EARLY_S: Final = 60.0  # before a token ends, it is renewed


class OpenSky:
    """The questions to the network, with the token and the waits that it asks for."""

    def __init__(self, box: tuple[float, float, float, float] | None, client: tuple[str, str] | None) -> None:
        """Ask nothing yet; `box` is west, south, east, north in deg, `client` its identity and secret."""
        self.states, self.token_from = STATES, TOKEN
        self._box, self._client = box, client
        self._token, self._until = "", float("-inf")
        self._not_before = float("-inf")
        self.every_s = KNOWN_S if client else ANONYMOUS_S

    def fetch(self) -> bytes:
        """The states of now.

        Raises:
            OSError: there are none, and why.
        """
        wait_s = self._not_before - time.monotonic()
        if wait_s > 0:
            raise NoAnswerError(f"asks to wait another {wait_s:,.0f} s: the credits are used up")
        asked: dict[str, float] = {}
        if self._box:
            asked = dict(zip(("lomin", "lamin", "lomax", "lamax"), self._box, strict=True))
        url = f"{self.states}?{urlencode(asked)}" if asked else self.states
        answer = ask(url, {"Authorization": f"Bearer {self._bearer()}"} if self._client else {})
        if answer.status == 401:
            self._until = float("-inf")
            raise NoAnswerError(f"refuses the credentials; check {' and '.join(_VARIABLES)}")
        self._heed(answer)
        return answer.body

    def _bearer(self) -> str:
        assert self._client is not None
        if time.monotonic() >= self._until:
            client, secret = self._client
            form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
            answer = ask(self.token_from, form=urlencode(form).encode())
            if answer.status in {400, 401, 403}:
                raise NoAnswerError(f"refuses the credentials; check {' and '.join(_VARIABLES)}")
            self._heed(answer)
            try:
                given = cast("dict[str, Any]", json.loads(answer.body))
                self._token = str(given["access_token"])
                self._until = time.monotonic() + float(given.get("expires_in", 1800)) - _EARLY_S
            except (ValueError, KeyError, TypeError, AttributeError):
                raise NoAnswerError("gives no token") from None
        return self._token

    def _heed(self, answer: Answer) -> None:
        """Go on only with an answer; where it asks to wait, wait."""
        if answer.status == 429:
            said = answer.headers.get("X-Rate-Limit-Retry-After-Seconds") or answer.headers.get("Retry-After") or ""
            wait_s = min(_LONGEST_S, max(1.0, float(said))) if said.isdigit() else 60.0
            self._not_before = time.monotonic() + wait_s
            raise NoAnswerError(f"asks to wait {wait_s:,.0f} s: the credits are used up")
        if answer.status != 200:
            raise NoAnswerError(f"answers with status {answer.status}")


def network(name: str, environ: Mapping[str, str]) -> Polled:
    """``opensky:`` or ``opensky:W,S,E,N``.

    Raises:
        InputError: what follows is no box, or only one of the two credentials is given.
    """
    box = _box(name)
    given = [environ.get(variable, "") for variable in _VARIABLES]
    if any(given) and not all(given):
        missing = _VARIABLES[given.index("")]
        raise InputError("half of the credentials", path=name, remedy=f"set {missing}, too, or neither")
    asking = OpenSky(box, (given[0], given[1]) if all(given) else None)
    return Polled(name, opensky.STATES, "time", asking.fetch, asking.every_s)


def _box(name: str) -> tuple[float, float, float, float] | None:
    text = name.removeprefix("opensky:")
    if not text:
        return None
    remedy = "write it like opensky:5.9,45.8,10.5,47.8"
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError("no W,S,E,N in degrees", path=name, remedy=remedy) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise InputError("no box on the Earth (west below east, south below north)", path=name, remedy=remedy)
    return west, south, east, north
