"""`exchange`: asks somebody whose address others have named. It connects to public addresses over TLS alone, and follows nothing.

Who runs the service may name hosts of their own network; nobody else may use it to reach into that.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

from overflight.errors import InputError

TIMEOUT_S: Final = 10.0


def exchange(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, inside: Collection[str], most: int
) -> tuple[int, bytes]:
    """Ask; returns the status and at most so many bytes of the answer. `inside` are hosts of one's own network that may be reached.

    Raises:
        InputError: the address may not or cannot be reached.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    if not secure and host not in inside:
        raise InputError(
            "is no https address", path=url, remedy="only hosts named at the start may be reached without TLS"
        )
    port = parts.port or (443 if secure else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    told = {"User-Agent": "overflight", **({} if body is None else {"Content-Type": "application/json"}), **headers}
    try:
        connection = _Connection(host, port, _address(host, port, inside), secure=secure)
        try:
            connection.request(method, path, body, told)
            answer = connection.getresponse()
            content = answer.read(most)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise InputError(f"cannot be reached ({error})", path=url) from None
    return answer.status, content


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
