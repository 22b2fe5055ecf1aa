"""A real NATS server for the tests, where there is one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.surveillance.feeds.listening import free_port


class NatsServer:
    """`nats-server -js` on a free port of loopback, with its streams in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.port, self._options = folder, free_port(), options
        self.url = f"nats://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("nats-server") or "/usr/sbin/nats-server"
        if not Path(program).exists():
            said = "no nats-server (Debian: apt-get install nats-server)"
            if os.environ.get("CI") == "true":
                pytest.fail(said)
            pytest.skip(said)
        command = [program, "-js", "-a", "127.0.0.1", "-p", str(self.port), "-sd", str(self.folder), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < until, "nats-server does not start"
                time.sleep(0.05)

    def __enter__(self) -> NatsServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)
            self._process = None
