"""What the tests of live sources share: a feed that is read in a thread, and a server that says what it is told."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

import polars as pl

from overflight.surveillance.complete import finish
from overflight.surveillance.feeds.feed import Feed, Piece
from overflight.surveillance.recording import Drops


class Listening:
    """A feed, read until it is closed."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.pieces: list[Piece] = []
        self.moments: list[float] = []
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        try:
            for piece in self.feed.pieces():
                self.moments.append(time.monotonic())
                self.pieces.append(piece)
        except BaseException as error:
            self.error = error

    def __enter__(self) -> Listening:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.feed.close()
        self._thread.join(10)
        assert not self._thread.is_alive(), "pieces() ends after close()"
        if self.error:
            raise self.error

    @property
    def rows(self) -> int:
        return sum(piece.rows.height for piece in self.pieces)

    def table(self) -> pl.DataFrame:
        return finish([piece.rows for piece in self.pieces], Drops())

    def until(self, seen: Callable[[], object], seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        while not seen():
            assert self.error is None, self.error
            assert time.monotonic() < until, (self.rows, self.feed.health, self.feed.drops)
            time.sleep(0.02)


class Server:
    """A TCP server on loopback: each connection gets the next script, a list of bytes, and is then closed or kept."""

    def __init__(self, *scripts: list[bytes], keep: bool = True, pause_s: float = 0.0) -> None:
        self._scripts, self._keep, self._pause_s = list(scripts), keep, pause_s
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.connections = 0
        self.accepted: list[float] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            self.accepted.append(time.monotonic())
            last = len(self._scripts) == 1
            script = self._scripts[0] if last else self._scripts.pop(0)
            with contextlib.suppress(OSError):
                for part in script:
                    link.sendall(part)
                    time.sleep(self._pause_s)
            if self._keep and last:
                self._open.append(link)
            else:
                link.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for link in self._open:
            link.close()
        self._thread.join(5)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
