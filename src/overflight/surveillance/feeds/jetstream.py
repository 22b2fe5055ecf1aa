"""NATS JetStream: a stream of messages, each of one or more JSON lines of the position table, that can be resumed.

The place in the stream is ours to keep (`Piece.position`, the sequence number of the last message), so the consumer on
the server is made for the connection and forgotten with it, and nothing is acknowledged.
Source: https://docs.nats.io/nats-concepts/jetstream/consumers.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import polars as pl

from overflight.errors import InputError
from overflight.surveillance.complete import normalise
from overflight.surveillance.feeds.feed import NO_ROWS, TICK_S, Health, Piece
from overflight.surveillance.feeds.lines import Held
from overflight.surveillance.feeds.place import Place
from overflight.surveillance.feeds.pump import Chunk, Pump, keep_connected
from overflight.surveillance.readers.json_lines import read_objects
from overflight.surveillance.recording import Drops
from overflight.surveillance.table import POSITION_SCHEMA

if TYPE_CHECKING:
    from nats.aio.client import Client

GONE: Final = "message that the stream no longer holds"
ANEW: Final = "stream that was made anew: it is read from its beginning"
_FETCH: Final = 500  # messages asked for at once
_PATH: Final = "nats://HOST:4222/STREAM"


class JetStream:
    """``nats://HOST:PORT/STREAM``."""

    def __init__(self, place: Place, after: int | None = None) -> None:
        """Connect nowhere yet; go on after a message of the stream, or begin with the first that it holds.

        Raises:
            InputError: the name has no stream.
        """
        self.name = place.name
        self.drops = Drops()
        self.health = Health(lost=self.drops.counts)
        self._place = place
        self._stream = place.url.path.strip("/")
        if not self._stream or any(mark in self._stream for mark in "/.*> "):
            raise InputError("names no stream", path=self.name, remedy=f"write it like {_PATH}")
        self._after = after or 0
        self._pump = Pump(lambda: keep_connected(self._pump, self.health, self._session))

    def pieces(self) -> Iterator[Piece]:
        """What comes (`Feed.pieces`)."""
        yield from self._pump.pieces(self.health, self._piece, lambda: Piece(NO_ROWS))

    def close(self) -> None:
        """Stop."""
        self._pump.close()

    def _piece(self, chunks: list[Chunk]) -> Piece:
        payloads = [chunk.data if chunk.data.endswith(b"\n") else chunk.data + b"\n" for chunk in chunks]
        counts = [payload.count(b"\n") for payload in payloads]
        message = pl.Series("message", np.repeat([chunk.position or 0 for chunk in chunks], counts))
        start = pl.Series("start", np.repeat(np.cumsum([0, *counts[:-1]]), counts))
        held = Held(f"{self.name}#{chunks[0].position}", b"".join(payloads))
        parts = [NO_ROWS]
        for frame in read_objects(held, dict.fromkeys(POSITION_SCHEMA, pl.String()), self.drops):
            at = frame.get_column("line") - 1
            place = pl.format("{}#{}:{}", pl.lit(self.name), message.gather(at), at - start.gather(at) + 1)
            rows = frame.drop("line").with_columns(pl.coalesce("ref", place).alias("ref"))
            parts.append(normalise(rows, self.name, self.drops))
        return Piece(pl.concat(parts, how="diagonal"), chunks[-1].position)

    def _session(self) -> str:
        return asyncio.run(self._talk())

    async def _talk(self) -> str:
        from nats.aio.client import Client
        from nats.errors import Error

        async def silent(_: Exception) -> None:
            """What goes wrong is said once, as the reason why the session ended."""

        server = self._place.url._replace(path="", query="", fragment="").geturl()
        once = {"allow_reconnect": False, "max_reconnect_attempts": 1, "reconnect_time_wait": 0.1}
        client = Client()
        try:
            # some of its types are unknown
            await cast("Any", client).connect(server, connect_timeout=5, error_cb=silent, **once)
            return await self._consumed(client, cast("Any", client).jetstream())
        except Error as error:
            return self._reason(error)
        finally:
            with contextlib.suppress(Error, OSError):
                await client.close()  # also where it was refused, as the socket stays open

    async def _consumed(self, client: Client, stream: Any) -> str:
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        state = (await stream.stream_info(self._stream)).state
        if state.last_seq < self._after:
            self.drops.add(ANEW, 1, f"{self.name}#{self._after}")
            self._after = 0
        elif self._after and state.first_seq > self._after + 1:
            self.drops.add(GONE, state.first_seq - self._after - 1, f"{self.name}#{self._after + 1}")
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self._after + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=60.0,
        )
        made = await stream.add_consumer(self._stream, config)
        messages = await stream.pull_subscribe_bind(made.name, self._stream)
        self.health.connected, self.health.trouble = True, None
        self.health.connections += 1
        expected = 1
        while not self._pump.closed:
            try:
                some = await messages.fetch(_FETCH, TICK_S)
            except TimeoutError:
                if not client.is_connected:
                    return "the connection broke"
                continue
            for message in some:
                sequence = message.metadata.sequence
                if sequence.consumer != expected:
                    return "a message was lost on the way"  # made good by the next connection
                expected += 1
                self.health.heard_at = time.monotonic()
                self.health.bytes += len(message.data)
                chunk = Chunk(message.data, time.time(), position=sequence.stream)
                while not self._pump.put(chunk, wait=False):
                    if self._pump.closed:
                        return "closed"
                    await asyncio.sleep(TICK_S / 10)
                self._after = sequence.stream
        return "closed"

    def _reason(self, error: Exception) -> str:
        from nats.errors import NoServersError
        from nats.js.errors import NotFoundError, ServiceUnavailableError

        if isinstance(error, NotFoundError):
            return f"has no stream {self._stream}"
        if isinstance(error, ServiceUnavailableError):
            return "has no JetStream"
        if "authorization" in str(error).lower():
            return "refuses the credentials"
        if isinstance(error, NoServersError):
            return "does not answer"
        return f"broke off ({type(error).__name__})"
