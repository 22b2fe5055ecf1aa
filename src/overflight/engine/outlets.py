"""Where a replay goes: standard output, clients of a TCP port, a NATS stream."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
import uuid
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, cast

from overflight.errors import InputError
from overflight.surveillance.feeds.place import Place, place_of

if TYPE_CHECKING:
    from overflight.engine.replay import Outlet

SLOW_S: Final = 10.0
"""A client that takes nothing for so long is left behind."""
ANSWER_S: Final = 10.0
"""How long a NATS server may take to say that it has stored a message."""
KINDS: Final = "tcp://127.0.0.1:PORT, nats://HOST:PORT/STREAM or stdout"


def outlet(name: str) -> Outlet:
    """The outlet of a name.

    Raises:
        InputError: no such kind of outlet, or it cannot be opened.
    """
    if name in {"stdout", "-"}:
        return Stdout()
    kind = name.partition("://")[0]
    if kind == "tcp":
        return Listener(place_of(name, "tcp://127.0.0.1:30003"))
    if kind == "nats":
        return Stored(place_of(name, "nats://127.0.0.1:4222/positions", 4222))
    raise InputError("no known destination", path=name.rpartition("@")[2], remedy=f"name it as {KINDS}")


class Stdout:
    """Standard output."""

    def ready(self) -> None:
        """It always is."""

    def send(self, lines: bytes) -> None:
        """Write and flush: whoever reads waits for each line."""
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()

    def close(self) -> None:
        """Nothing is left."""


class Listener:
    """A TCP port: every client gets what is sent from then on; one that is too slow is left behind, which is said."""

    def __init__(self, place: Place) -> None:
        """Listen.

        Raises:
            InputError: the address cannot be listened at.
        """
        try:
            self._server = socket.create_server((place.host, place.port))
        except OSError as error:
            remedy = "name an address of this machine and a free port"
            raise InputError(f"cannot listen ({error.strerror})", path=place.name, remedy=remedy) from None
        self._clients: list[socket.socket] = []
        self._somebody = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def ready(self) -> None:
        """Wait for the first client."""
        self._somebody.wait()

    def send(self, lines: bytes) -> None:
        """Send to every client."""
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            try:
                client.sendall(lines)
            except OSError as error:
                why = "too slow" if isinstance(error, TimeoutError) else "gone"
                print(f"overflight: a client is {why} and gets no more", file=sys.stderr)
                with self._lock:
                    self._clients.remove(client)
                client.close()

    def close(self) -> None:
        """Let the clients take what is left, and listen no more."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._server.close()
        with self._lock:
            for client in self._clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_WR)
                client.close()
            self._clients.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            client.settimeout(SLOW_S)
            with self._lock:
                self._clients.append(client)
            self._somebody.set()


class Stored:
    """A NATS stream, made where there is none; every message is stored before the next ones are sent."""

    def __init__(self, place: Place) -> None:
        """Connect.

        Raises:
            InputError: the name has no stream, or the server does not answer.
        """
        self._place = place
        self._stream = place.url.path.strip("/")
        if not self._stream or any(mark in self._stream for mark in "/.*> "):
            remedy = "write it like nats://127.0.0.1:4222/positions"
            raise InputError("names no stream", path=place.name, remedy=remedy)
        self._run, self._number = uuid.uuid4().hex, 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client: Any = None
        try:
            self._do(self._connect())
        except BaseException:
            self.close()
            raise

    def ready(self) -> None:
        """The stream keeps what nobody has taken yet."""

    def send(self, lines: bytes) -> None:
        """Store one message.

        Raises:
            InputError: the server does not say that it has it.
        """
        self._number += 1
        # the same number again is the same message, should one be sent twice on the way
        self._do(self._publish(lines, {"Nats-Msg-Id": f"{self._run}-{self._number}"}))

    def close(self) -> None:
        """Say goodbye."""
        if self._client is not None:
            with contextlib.suppress(InputError):
                self._do(self._client.close())
        self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_S)
        self._loop.close()

    async def _connect(self) -> None:
        from nats.aio.client import Client
        from nats.js.errors import NotFoundError

        async def silent(_: Exception) -> None:
            """What goes wrong ends the replay with one line."""

        server = self._place.url._replace(path="", query="", fragment="").geturl()
        self._client = cast("Any", Client())  # some of its types are unknown
        tries = {"max_reconnect_attempts": 3, "reconnect_time_wait": 1}
        await self._client.connect(server, connect_timeout=5, error_cb=silent, **tries)
        self._stored = self._client.jetstream(timeout=ANSWER_S)
        try:
            found: list[str] = (await self._stored.stream_info(self._stream)).config.subjects or []
        except NotFoundError:
            found = [f"overflight.{self._stream}"]
            await self._stored.add_stream(name=self._stream, subjects=found)
        first = found[0] if found else self._stream
        self._subject = first.replace("*", "replay").replace(">", "replay")

    async def _publish(self, lines: bytes, headers: dict[str, str]) -> None:
        await self._stored.publish(self._subject, lines, stream=self._stream, headers=headers, timeout=ANSWER_S)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        from nats.errors import Error

        try:
            asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except (Error, OSError, TimeoutError) as error:
            said = str(error).split("\n")[0] or type(error).__name__
            raise InputError(
                f"does not take what is sent ({said})",
                path=self._place.name,
                remedy="check that a NATS server with JetStream listens there",
            ) from None
