"""A real PostgreSQL server for the tests, where there is one: its own cluster in a temporary folder, reached by loopback."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.surveillance.feeds.listening import free_port


def _program(name: str) -> str | None:
    """Debian keeps the server's programs out of the path."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(kept[-1]) if kept else shutil.which(name)


@contextlib.contextmanager
def postgres_server() -> Generator[str]:
    """Give the address of a server that nobody else uses, without a database's name at its end."""
    initdb, postgres = _program("initdb"), _program("postgres")
    if initdb is None or postgres is None:
        said = "no PostgreSQL (Debian: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    user = None
    if os.geteuid() == 0:  # the server refuses to run as root
        user = next(name for name in ("postgres", "nobody") if name in {one.pw_name for one in pwd.getpwall()})
    folder = Path(tempfile.mkdtemp(prefix="overflight-postgres-", dir="/tmp"))
    try:
        if user:
            shutil.chown(folder, user)
        data, port = folder / "data", free_port()
        command = [
            initdb,
            "-D",
            str(data),
            "-U",
            "overflight",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)
        options = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
        with subprocess.Popen(
            [postgres, "-D", str(data), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        ) as process:
            address = f"postgresql://overflight@127.0.0.1:{port}"
            until = time.monotonic() + 30
            ready = [str(Path(postgres).with_name("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(port)]
            while subprocess.run(ready, check=False).returncode != 0:
                assert time.monotonic() < until, "PostgreSQL does not start"
                time.sleep(0.05)
            try:
                yield address
            finally:
                process.terminate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fresh_database(address: str, name: str) -> str:
    """Make an empty database on a server; returns its address."""
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{address}/{name}"
