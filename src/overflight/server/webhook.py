"""Webhooks, signed as Standard Webhooks asks (standardwebhooks.com, specification 1.0): `v1` is HMAC-SHA256 over id, time and body.

Who subscribes names where this service shall connect to. It connects to public addresses over TLS alone, and follows nothing: who runs the service may
name hosts of their own network, and nobody else may use it to reach into that.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlsplit

from overflight.errors import InputError

TIMEOUT_S: Final = 10.0
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
    parts = urlsplit(target)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    if not secure and host not in inside:
        raise InputError(
            "is no https address", path=target, remedy="only hosts named at the start may be reached without TLS"
        )
    port = parts.port or (443 if secure else 80)
    body = json.dumps(content, ensure_ascii=False).encode()
    at_s = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "overflight",
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": signature(secret, message_id, at_s, body),
    }
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection = _Connection(host, port, _address(host, port, inside), secure=secure)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read(_MOST_ANSWER)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise InputError(f"cannot be reached ({error})", path=target) from None
    if not 200 <= answer.status < 300:
        raise InputError(f"answered {answer.status}", path=target)
    return f"answered {answer.status}"


def _address(host: str, port: int, inside: Collection[str]) -> str:
    """Return the address of a host, if it may be reached: it is looked up once, so that it cannot be another when it is connected to."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if host not in inside and not all(ipaddress.ip_address(one).is_global for one in found):
        raise InputError(
            "is in a network of our own", path=host, remedy="who runs the service may name it at the start"
        )
    return found[0]


class _Connection(http.client.HTTPConnection):
    """Connects to an address, and speaks to the host of a name."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._address, self._secure = address, secure

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), TIMEOUT_S)
        self.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=self.host) if self._secure else plain
        )
