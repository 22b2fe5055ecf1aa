"""From a source to its taker: a thread reads, so that neither waits for the other longer than it must.

Between them is a limited number of bytes. Where that is used up, a source that can wait (TCP, a pipe) is read no further
until there is room, and one that cannot (UDP) is told so and counts what it loses.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from overflight.surveillance.feeds.feed import TICK_S, Health, Piece

ROOM: Final = 64 << 20
"""Bytes that may wait to be taken."""
GATHER_S: Final = 0.2
"""How long what comes is gathered before it is worked on, in s: a parser's start costs more than a few rows."""
GATHER: Final = 4 << 20
"""Bytes that are worked on at once: as many are not waited for any longer."""

FOREIGN: Final = "stream of no known format"

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0


@dataclass(frozen=True)
class Chunk:
    """Bytes of a source.

    Attributes:
        data: the bytes: whatever came of a stream, one datagram, one document, one message.
        received_s: when, in s since 1970.
        position: of a message in its stream; None where there is none.
        begins: whether a new connection begins with it.
    """

    data: bytes
    received_s: float
    position: int | None = None
    begins: bool = False


class Pump:
    """The thread of a feed, and what it has read but nobody has taken yet."""

    def __init__(self, run: Callable[[], None]) -> None:
        """Keep what the thread shall do: it gives chunks by `put` and ends where the source does, or once `closed`."""
        self._run = run
        self._waiting: deque[Chunk] = deque()
        self._size = 0
        self._ended = False
        self._error: BaseException | None = None
        self._change = threading.Condition()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def closed(self) -> bool:
        """Whether nobody takes any more."""
        return self._closed.is_set()

    def put(self, chunk: Chunk, *, wait: bool = True) -> bool:
        """Hand a chunk over; False where there is no room (only without `wait`) or nobody takes any more."""
        with self._change:
            while self._size + len(chunk.data) > ROOM and self._waiting and not self.closed:
                if not wait:
                    return False
                self._change.wait(TICK_S)
            if self.closed:
                return False
            self._waiting.append(chunk)
            self._size += len(chunk.data)
            self._change.notify_all()
        return True

    def sleep(self, seconds: float) -> bool:
        """Wait; False where it was closed meanwhile."""
        return not self._closed.wait(seconds)

    def pieces(
        self,
        health: Health,
        piece: Callable[[list[Chunk]], Piece],
        rest: Callable[[], Piece],
        end: Callable[[], Piece] | None = None,
    ) -> Iterator[Piece]:
        """What `piece` makes of the chunks, what `rest` gives where none came, and what `end` gives after the last.

        Raises:
            InputError: what the thread ended with.
        """
        self._thread = threading.Thread(target=self._reading, name="overflight-feed", daemon=True)
        self._thread.start()
        try:
            while not self.closed:
                chunks, ended = self._take()
                made = piece(chunks) if chunks else rest()
                health.rows += len(made.rows)
                yield made
                if ended:
                    break
            if end is not None and not self.closed:
                last = end()
                health.rows += len(last.rows)
                yield last
            if self._error is not None:
                raise self._error
        finally:
            self.close()
            self._thread.join(2 * TICK_S)

    def close(self) -> None:
        """Let the thread and the taker end."""
        self._closed.set()
        # Called from a signal handler in the thread that holds the lock, waiting for it would never end.
        if self._change.acquire(blocking=False):
            self._change.notify_all()
            self._change.release()

    def _take(self) -> tuple[list[Chunk], bool]:
        """The chunks that came within a tick, and whether they were the last."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._ended or self.closed, TICK_S)
            until = time.monotonic() + GATHER_S
            while self._waiting and self._size < GATHER and not (self._ended or self.closed):
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._change.wait(left)
            taken: list[Chunk] = []
            size = 0
            while self._waiting and size < GATHER:
                taken.append(self._waiting.popleft())
                size += len(taken[-1].data)
            self._size -= size
            self._change.notify_all()
            return taken, self._ended and not self._waiting

    def _reading(self) -> None:
        try:
            self._run()
        except BaseException as error:  # handed to the taker, who would otherwise wait for ever
            self._error = error
        with self._change:
            self._ended = True
            self._change.notify_all()


def runs(chunks: list[Chunk]) -> Iterator[Chunk]:
    """Chunks of a stream put together, as far as they are of one connection and came within `GATHER_S`."""
    some: list[Chunk] = []
    for chunk in chunks:
        if some and (chunk.begins or chunk.received_s - some[0].received_s > GATHER_S):
            yield _one(some)
            some = []
        some.append(chunk)
    if some:
        yield _one(some)


def _one(some: list[Chunk]) -> Chunk:
    return Chunk(b"".join(chunk.data for chunk in some), some[-1].received_s, begins=some[0].begins)


def keep_connected(pump: Pump, health: Health, session: Callable[[], str]) -> None:
    """Run `session` again and again until the pump is closed, with growing waits while it gives nothing of use.

    Exponential back-off with jitter from `FIRST_WAIT_S` to `LONGEST_WAIT_S`, so that many clients of one server do not come
    back in step.

    Args:
        pump: that of the feed.
        health: told that the connection is gone, and why.
        session: connects, puts what it hears, and returns why that ended; an OSError is a reason, too.
    """
    failures = 0
    while not pump.closed:
        rows, began_at = health.rows, time.monotonic()
        try:
            why = session()
        except OSError as error:
            why = said(error)
        health.connected = False
        if pump.closed:
            break
        health.trouble = why
        lasted_s = time.monotonic() - began_at
        pump.sleep(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0))
        # asked only now, as the rows of what came last may have been made meanwhile
        failures = 0 if health.rows > rows or lasted_s > LONGEST_WAIT_S else failures + 1


def said(error: OSError) -> str:
    """An error of the system in a few words."""
    if isinstance(error, TimeoutError):
        return "does not answer"
    return error.strerror.lower() if error.strerror else str(error) or type(error).__name__
