"""The loop around a live state: sources in threads, one thread that judges, changes told once, state stored on the way.

Data that stops is an alarm of its own. A source of which nothing was heard for `STALE_S` is *stale*, and said to be: a sky without reports is
not a quiet sky.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from overflight.engine.journal import STORE_S, Journal
from overflight.engine.live import Live
from overflight.engine.lives import Change
from overflight.surveillance.feeds.feed import Feed, Piece

STALE_S: Final = 4.0
"""Silence of a source that is an alarm, in s: it is looked at every half second, so that it is shown within 5 s."""
GATHER_S: Final = 0.25
"""How long pieces are gathered before they are judged, in s: two events of half a second each may pass a batch of one second."""
CURRENT_S: Final = 1.0
"""How often it is said what is going on, in s; more often where that takes less than a tenth of the time."""
SILENT_S: Final = 120.0
"""Silence of all sources after which time is taken to pass without them, in s, where they report what happens now and cannot go back."""
NOW_S: Final = 120.0
"""A source reports what happens now if its newest report is at most this old when it comes, in s."""
_ROOM: Final = 16


@dataclass(frozen=True)
class SourceStatus:
    """What is to be said of a source.

    Attributes:
        name: as the user named it.
        connected: whether it can be heard.
        silent_s: time since it was heard; None before the first time.
        stale: whether that is an alarm.
        rows: positions that it gave.
        lost: what it gave that could not be used, and what it is known to have lost.
        trouble: why it is not connected, in a line.
    """

    name: str
    connected: bool
    silent_s: float | None
    stale: bool
    rows: int
    lost: int
    trouble: str | None


class Watch:
    """Runs until the sources end or it is told to stop."""

    def __init__(
        self,
        live: Live,
        feeds: Sequence[Feed],
        journal: Journal | None,
        told: Callable[[list[dict[str, Any]]], None],
        tick: Callable[[list[SourceStatus]], None] = lambda _: None,
    ) -> None:
        """Keep what to do: `told` is given changes as plain data, `tick` the sources twice a second."""
        self._live, self._feeds, self._journal = live, tuple(feeds), journal
        self._told, self._tick = told, tick
        self._pieces: queue.Queue[tuple[Feed, Piece]] = queue.Queue(_ROOM)
        self._stopping = threading.Event()
        self._errors: list[BaseException] = []
        self._began_s = time.monotonic()
        self._stale: set[str] = set()
        self._lag_s: float | None = None  # of the newest report behind the clock, when the last rows came

    def stop(self) -> None:
        """End soon, with the state stored; may be called from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Run.

        Raises:
            InputError: a source cannot be read at all, or the state cannot be stored.
        """
        threads = [threading.Thread(target=self._listen, args=(feed,), daemon=True) for feed in self._feeds]
        for thread in threads:
            thread.start()
        stored_s = current_s = ticked_s = time.monotonic()
        try:
            while not self._stopping.is_set():
                alive = any(thread.is_alive() for thread in threads)
                took = self._gather()
                now_s = time.monotonic()
                current = now_s - current_s >= min(CURRENT_S, 10 * self._live.told_in_s)
                current_s = now_s if current else current_s
                self._tell(self._live.step(now_s, current=current))
                if current:
                    self._pass_time()
                if now_s - ticked_s >= 0.5:
                    ticked_s = now_s
                    self._watch_sources()
                if self._journal is not None and now_s - stored_s >= STORE_S:
                    self._journal.store()
                    stored_s = time.monotonic()
                if not took and not alive and self._pieces.empty():
                    break
            if self._errors:
                raise self._errors[0]
            self._tell(self._live.current() if self._stopping.is_set() else self._live.finish())
        finally:
            for feed in self._feeds:
                feed.close()
            if self._journal is not None:
                try:
                    self._journal.store(wait=True)
                finally:
                    self._journal.close()
        self._watch_sources()

    def _listen(self, feed: Feed) -> None:
        try:
            for piece in feed.pieces():
                while not self._stopping.is_set():
                    try:
                        self._pieces.put((feed, piece), timeout=0.5)
                        break
                    except queue.Full:
                        continue
                if self._stopping.is_set():
                    return
        except BaseException as error:  # raised again by the thread that judges
            self._errors.append(error)

    def _gather(self) -> bool:
        """Take what has come within a moment; False for nothing."""
        until_s = time.monotonic() + GATHER_S
        took = False
        while (left := until_s - time.monotonic()) > 0 and not self._stopping.is_set():
            try:
                feed, piece = self._pieces.get(timeout=left)
            except queue.Empty:
                break
            self._live.take(feed.name, piece.rows, piece.position, time.monotonic())
            if piece.rows.height:
                took = True
                newest = piece.rows["timestamp"].max()
                self._lag_s = time.time() - newest.timestamp() if piece.position is None else None  # type: ignore[union-attr]
        return took

    def _tell(self, changes: list[Change]) -> None:
        if changes:
            new = self._journal.tell(changes) if self._journal is not None else [one.record() for one in changes]
            if new:
                self._told(new)

    def _pass_time(self) -> None:
        """Let time pass where sources that report what happens now have fallen silent: everybody may be lost, or they are."""
        heard_s = max((feed.health.heard_at for feed in self._feeds), default=0.0)
        silent_s = time.monotonic() - heard_s
        if self._lag_s is not None and -NOW_S <= self._lag_s <= NOW_S and silent_s >= SILENT_S:
            self._tell(self._live.move_on(round((time.time() - self._lag_s - SILENT_S / 2) * 1e6)))

    def sources(self) -> list[SourceStatus]:
        """What is to be said of the sources now."""
        now_s = time.monotonic()
        statuses: list[SourceStatus] = []
        for feed in self._feeds:
            health = feed.health
            heard = health.heard_at > float("-inf")
            silent_s = now_s - (health.heard_at if heard else self._began_s)
            statuses.append(
                SourceStatus(
                    name=feed.name,
                    connected=health.connected,
                    silent_s=silent_s if heard else None,
                    stale=silent_s >= STALE_S,
                    rows=health.rows,
                    lost=sum(feed.drops.counts.values()),
                    trouble=health.trouble,
                )
            )
        return statuses

    def _watch_sources(self) -> None:
        statuses = self.sources()
        self._tick(statuses)
        for status in statuses:
            if status.stale != (status.name in self._stale):
                (self._stale.add if status.stale else self._stale.discard)(status.name)
                silent_s = None if status.silent_s is None else round(status.silent_s, 1)
                life = "stale" if status.stale else "heard again"
                self._told([{"life": life, "source": status.name, "silent_s": silent_s, "trouble": status.trouble}])


@contextlib.contextmanager
def signals(stop: Callable[[], None]) -> Generator[None]:
    """Call `stop` where somebody asks for the end: by Ctrl-C, or as a service is ended."""

    def asked(number: int, frame: FrameType | None) -> None:
        stop()

    before = {which: signal.signal(which, asked) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
