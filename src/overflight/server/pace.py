"""`Pace`: how often each client of a standard's API may ask, so that none of them keeps the others out (HTTP 429)."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from overflight.coordination.dss.refusal import Refusal

PER_S: Final = 100.0
AT_ONCE: Final = 1_000.0
"""Requests that a client may make in a second for good, and at once: a hundred operations an hour, each with its keys, stay far below."""
_MOST_KNOWN: Final = 10_000


class Pace:
    """Counts requests; any number of threads may use it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a clock, s."""
        self._clock, self._lock = clock, threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how many are left, and as of when

    def take(self, client: str) -> None:
        """Count a request of a client.

        Raises:
            Refusal: 429, it asks too often.
        """
        now = self._clock()
        with self._lock:
            left, then = self._left.pop(client, (AT_ONCE, now))
            left = min(AT_ONCE, left + (now - then) * PER_S)
            self._left[client] = (max(left - 1.0, 0.0), now)
            if len(self._left) > _MOST_KNOWN:
                self._left.popitem(last=False)
        if left < 1.0:
            raise Refusal(429, f"more than {PER_S:g} requests a second; wait a second")
