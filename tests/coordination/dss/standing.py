"""A register for tests: its application, an authority whose tokens it takes, and requests as the standard writes them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.testclient import TestClient

from overflight.coordination.dss.register import Register
from overflight.coordination.dss.tables import open_tables
from overflight.server.bearer import Bearers
from overflight.server.register import create_register_app

AUTHORITY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
AUDIENCE = "register.example"
STRATEGIC = "utm.strategic_coordination"
CONFORMANCE = "utm.conformance_monitoring_sa"
MANAGEMENT = "utm.constraint_management"
PROCESSING = "utm.constraint_processing"
ARBITRATION = "utm.availability_arbitration"
EVERYTHING = " ".join((STRATEGIC, CONFORMANCE, MANAGEMENT, PROCESSING, ARBITRATION))
INTENTS = "/dss/v1/operational_intent_references"
CONSTRAINTS = "/dss/v1/constraint_references"
SUBSCRIPTIONS = "/dss/v1/subscriptions"
HIDDEN = "Available from USS"


def token(sub: str = "uss1", scope: str = EVERYTHING, key: RSAKey = AUTHORITY, **claims: Any) -> str:
    told = {"iss": "authority", "sub": sub, "aud": AUDIENCE, "exp": int(time.time()) + 3600, "scope": scope} | claims
    told = {name: value for name, value in told.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "one"}, told, key)


def keys_file(folder: Path) -> Path:
    path = folder / "keys.json"
    path.write_text(json.dumps(KeySet([AUTHORITY]).as_dict(private=False)))
    return path


def new_id() -> str:
    return str(uuid.uuid4())


class Standing:
    """A register under test; its clock stands until it is set."""

    def __init__(self, client: TestClient, register: Register) -> None:
        self.client, self.register = client, register
        self.now = datetime.now(UTC).replace(microsecond=0)

    def ask(self, method: str, path: str, body: Any = None, sub: str = "uss1", scope: str = EVERYTHING) -> Any:
        headers = {"Authorization": f"Bearer {token(sub, scope)}"}
        return self.client.request(method, path, json=body, headers=headers)

    def when(self, minutes: float) -> dict[str, str]:
        moment = self.now + timedelta(minutes=minutes)
        return {"value": moment.isoformat().replace("+00:00", "Z"), "format": "RFC3339"}

    def volume(
        self,
        latitude: float = 36.0,
        longitude: float = 37.0,
        radius_m: float = 1_000.0,
        levels: tuple[float | None, float | None] = (1_000.0, 2_000.0),
        minutes: tuple[float | None, float | None] = (10.0, 70.0),
    ) -> dict[str, Any]:
        center = {"lat": latitude, "lng": longitude}
        told: dict[str, Any] = {
            "volume": {"outline_circle": {"center": center, "radius": {"value": radius_m, "units": "M"}}}
        }
        for end, level in zip(("lower", "upper"), levels, strict=True):
            if level is not None:
                told["volume"][f"altitude_{end}"] = {"value": level, "reference": "W84", "units": "M"}
        for end, minute in zip(("start", "end"), minutes, strict=True):
            if minute is not None:
                told[f"time_{end}"] = self.when(minute)
        return told

    def intent(
        self, *extents: dict[str, Any], state: str = "Accepted", key: Iterable[str] = (), **more: Any
    ) -> dict[str, Any]:
        told = {
            "extents": list(extents) or [self.volume()],
            "key": list(key),
            "state": state,
            "uss_base_url": "https://uss1.example/utm",
        }
        return told | more

    def planned(
        self, *extents: dict[str, Any], sub: str = "uss1", name: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """The reference of an intent that is made."""
        answer = self.ask("PUT", f"{INTENTS}/{name or new_id()}", self.intent(*extents, **more), sub)
        assert answer.status_code == 201, answer.text
        return answer.json()["operational_intent_reference"]

    def subscribed(self, extents: dict[str, Any] | None = None, sub: str = "uss2", **more: Any) -> dict[str, Any]:
        """A subscription that is made."""
        told = {
            "extents": extents or self.volume(minutes=(0.0, 120.0)),
            "uss_base_url": f"https://{sub}.example/utm",
            "notify_for_operational_intents": True,
        }
        answer = self.ask("PUT", f"{SUBSCRIPTIONS}/{new_id()}", told | more, sub)
        assert answer.status_code == 200, answer.text
        return answer.json()["subscription"]

    def restricted(self, *extents: dict[str, Any], sub: str = "uss3") -> dict[str, Any]:
        """The reference of a constraint that is made."""
        told = {"extents": list(extents) or [self.volume()], "uss_base_url": "https://uss3.example/utm"}
        answer = self.ask("PUT", f"{CONSTRAINTS}/{new_id()}", told, sub)
        assert answer.status_code == 201, answer.text
        return answer.json()["constraint_reference"]

    def found(self, where: str, volume: dict[str, Any], sub: str = "uss1") -> Any:
        answer = self.ask("POST", f"{where}/query", {"area_of_interest": volume}, sub)
        assert answer.status_code == 200, answer.text
        (found,) = answer.json().values()
        return found


@contextmanager
def standing(place: Path | str, folder: Path) -> Generator[Standing]:
    database = open_tables(place)
    register = Register(database)
    with TestClient(create_register_app(register, Bearers(keys_file(folder), [AUDIENCE]))) as client:
        one = Standing(client, register)
        register.clock = lambda: int(one.now.timestamp() * 1_000_000)
        yield one
    database.close()
