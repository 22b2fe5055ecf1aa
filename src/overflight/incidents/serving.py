"""A party's log and its witness over HTTP: reads as `exchange.py` describes a place, and under `/witness` the protocol of C2SP tlog-witness.

There are no accounts: what is served is what a party shows to everybody who reaches it, and a request for a cosignature is judged by the signature of the log
alone. It listens on loopback unless told otherwise; evidence is not served unless the party says so.
"""

from __future__ import annotations

import re
import tempfile
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Final

from overflight.errors import InputError
from overflight.incidents.bundle import bundle_of, write_bundle
from overflight.incidents.exchange import witness_file
from overflight.incidents.log import tiles
from overflight.incidents.log.checkpoints import origin_hash
from overflight.incidents.log.store import StoredLog
from overflight.incidents.log.witness import MOST_BYTES
from overflight.incidents.party import Party

TIMEOUT_S: Final = 20.0
MOST_AT_ONCE: Final = 32
MOST_UNREAD: Final = 10_000_000
BINARY: Final = "application/octet-stream"
TEXT: Final = "text/plain; charset=utf-8"
_TILE: Final = re.compile(r"tile/(entries|[0-7])/((?:x\d{3}/){0,5}\d{3})(?:\.p/(\d{1,3}))?")
_LOG: Final = re.compile(r"/([0-9a-f]{64})/(.+)")
_NOTE: Final = re.compile(r"/notes/([0-9a-f]{64})")
_COSIGNED: Final = re.compile(r"/witness/([0-9a-f]{64})/checkpoint")
_BUNDLE: Final = re.compile(r"/bundle/([0-9a-f]{64})")


class Server(ThreadingHTTPServer):
    """Serves a party's record."""

    daemon_threads = True

    def __init__(self, party: Party, address: tuple[str, int], *, with_evidence: bool = False) -> None:
        """Listen at an address (port 0: any that is free)."""
        self.party, self.with_evidence = party, with_evidence
        self.at_once = BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, _Handler)

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """Return the type and content of what is at a path, or None."""
        if match := _NOTE.fullmatch(path):
            note = self.party.store.note(match[1])
            return None if note is None else (TEXT, note.content)
        if match := _COSIGNED.fullmatch(path):
            log = self._log(match[1])
            cosigned = None if log is None else log.cosigned()
            return None if cosigned is None else (TEXT, cosigned.content)
        if match := _BUNDLE.fullmatch(path):
            return self._bundle(match[1])
        if match := _LOG.fullmatch(path):
            return self._of_log(match[1], match[2])
        return None

    def _log(self, name: str) -> StoredLog | None:
        store = self.party.store
        return next((store.log(origin) for origin in store.origins() if origin_hash(origin) == name), None)

    def _bundle(self, incident: str) -> tuple[str, bytes] | None:
        party = self.party
        if incident not in party.store.incidents():
            return None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bundle.zip"
            write_bundle(
                bundle_of(party.store, party.policy, incident, party.evidence), path, with_evidence=self.with_evidence
            )
            return "application/zip", path.read_bytes()

    def _of_log(self, name: str, rest: str) -> tuple[str, bytes] | None:
        log = self._log(name)
        latest = None if log is None else log.latest()
        if log is None or latest is None:
            return None
        if rest == "checkpoint":
            return TEXT, latest.content
        if rest == f"witnessed/{witness_file(self.party.witness_signer.key)}":
            cosigned = log.cosigned()
            return None if cosigned is None else (TEXT, cosigned.content)
        if match := _TILE.fullmatch(rest):
            level, index = match[1], int(match[2].replace("x", "").replace("/", ""))
            width = int(match[3]) if match[3] else tiles.WIDTH
            content = tiles.tile(level, index, width, latest.size, log.entries, log.hashes)
            return None if content is None else (BINARY, content)
        return None


class _Handler(BaseHTTPRequestHandler):
    server: Server  # type: ignore[assignment]
    server_version, sys_version = "overflight", ""
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_S

    def do_GET(self) -> None:
        with self.server.at_once:
            try:
                found = self.server.answer(self.path)
            except InputError as error:
                self._send(HTTPStatus.INTERNAL_SERVER_ERROR, TEXT, f"{error.reason}\n".encode())
                return
            self._send(
                *((HTTPStatus.NOT_FOUND, TEXT, b"there is nothing\n") if found is None else (HTTPStatus.OK, *found))
            )

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/witness/add-checkpoint":
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing")
        elif not length.isdigit():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "say how long the request is")
        elif int(length) > MOST_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {MOST_BYTES:,} bytes")
        else:
            body = self.rfile.read(int(length))
            with self.server.at_once:
                try:
                    answer = self.server.party.witness.add_checkpoint(body)
                except InputError as error:
                    self._send(HTTPStatus.INTERNAL_SERVER_ERROR, TEXT, f"{error.reason}\n".encode())
                    return
            self._send(answer.status, answer.content_type, answer.body)

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        """Answer a request that is not wanted; what is not too long of it is read first, so that the answer is heard."""
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        if length.isdigit() and int(length) <= MOST_UNREAD:
            self.rfile.read(int(length))
        self._send(status, TEXT, f"{reason}\n".encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Say nothing for every request."""

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing of a client that goes away."""
