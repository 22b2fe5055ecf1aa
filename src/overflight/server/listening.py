"""`listening`: an application served at an address, in a thread, for as long as a block runs."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Generator
from typing import Any, Final

import uvicorn

from overflight.engine.watch import signals
from overflight.errors import InputError
from overflight.server.address import Address

GRACE_S: Final = 5
"""How long answers that are being given may go on once the service is to stop, in s."""


@contextlib.contextmanager
def listening(
    app: Callable[..., Any], address: Address, stop: Callable[[], None] | None = None
) -> Generator[tuple[str, uvicorn.Server]]:
    """Serve an application; gives its address and the server. It has stopped when the block ends, after `stop` was called.

    Raises:
        InputError: nothing can listen there.
    """
    cert, key = address.tls or (None, None)
    config = uvicorn.Config(
        app,
        host=address.host,
        port=address.port,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=1024,
        proxy_headers=address.proxy is not None,
        forwarded_allow_ips=address.proxy,
        ssl_certfile=cert,
        ssl_keyfile=key,
        timeout_graceful_shutdown=GRACE_S,
        limit_concurrency=1000,
    )
    bound = _bound(address)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="http", daemon=True)
    thread.start()
    while not server.started and thread.is_alive():  # who is told the address can come at once
        thread.join(0.01)
    try:
        yield address.url(bound.getsockname()[1]), server
    finally:
        if stop is not None:
            stop()
        server.should_exit = True
        thread.join()
        bound.close()


def wait(server: uvicorn.Server) -> None:
    """Return when somebody asks for the end, or the server has ended by itself."""
    asked = threading.Event()
    with signals(asked.set):
        while not asked.wait(0.2) and not server.should_exit:
            pass
    logging.getLogger("overflight.server").info("stopping")


def _bound(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        bound = socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        place = f"{address.host}:{address.port}"
        raise InputError(
            f"cannot be listened at ({error.strerror})", path=place, remedy="name another with --listen"
        ) from None
    # Connections inherit it. asyncio sets it only where a socket names its protocol, which this one does not: without it the last piece
    # of an answer waits 40 ms for a receiver that is slow to confirm.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound
