"""How often somebody may try a password: guesses are slowed down, by name and by address."""

from __future__ import annotations

import threading
import time
from typing import Final

from overflight.server.problems import Problem

TRIES: Final = 5
WITHIN_S: Final = 300.0
OF_AN_ADDRESS: Final = 50
_MOST_KNOWN: Final = 10_000


class Attempts:
    """Failures of the last minutes, by name and by address. A success forgets those of the name."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._failed: dict[str, list[float]] = {}

    def refuse(self, name: str, address: str) -> None:
        """Refuse one more attempt where there were too many.

        Raises:
            Problem: 429, with when to try again.
        """
        now_s = time.monotonic()
        with self._lock:
            for key, most in ((f"name {name} {address}", TRIES), (f"address {address}", OF_AN_ADDRESS)):
                failed = [at_s for at_s in self._failed.get(key, ()) if at_s > now_s - WITHIN_S]
                if len(failed) >= most:
                    wait_s = round(failed[-most] + WITHIN_S - now_s) + 1
                    raise Problem(429, f"too many attempts; try again in {wait_s} s", {"Retry-After": str(wait_s)})

    def failed(self, name: str, address: str) -> None:
        """Count a failure."""
        now_s = time.monotonic()
        with self._lock:
            if len(self._failed) > _MOST_KNOWN:
                self._failed = {key: at for key, at in self._failed.items() if at[-1] > now_s - WITHIN_S}
            for key in (f"name {name} {address}", f"address {address}"):
                kept = [at_s for at_s in self._failed.get(key, ()) if at_s > now_s - WITHIN_S]
                self._failed[key] = [*kept, now_s]

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name."""
        with self._lock:
            self._failed.pop(f"name {name} {address}", None)
