"""Webhooks, signed as Standard Webhooks asks (standardwebhooks.com, specification 1.0): `v1` is HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Collection
from typing import Any, Final

from overflight.errors import InputError
from overflight.server.outside import exchange

_MOST_ANSWER: Final = 4096


def signature(secret: str, message_id: str, at_s: int, body: bytes) -> str:
    """Return the header `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{at_s}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def post(target: str, secret: str, message_id: str, content: dict[str, Any], inside: Collection[str]) -> str:
    """Send a notice; returns what was answered. `inside` are hosts of one's own network that may be reached.

    Raises:
        InputError: it could not be sent, or was not accepted.
    """
    body = json.dumps(content, ensure_ascii=False).encode()
    at_s = int(time.time())
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": signature(secret, message_id, at_s, body),
    }
    status, _ = exchange("POST", target, headers, body, inside, _MOST_ANSWER)
    if not 200 <= status < 300:
        raise InputError(f"answered {status}", path=target)
    return f"answered {status}"
