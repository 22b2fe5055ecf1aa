"""How often the level of an alert changes while it is given.

The event tells only the first and the gravest level; this watches the net second by second.
"""

from __future__ import annotations

from typing import Any

from overflight.nets.predicted import Conflict, ConflictParameters
from overflight.surveillance.batch import TrackNames


class WatchedConflict(Conflict):
    """The net conflict, with the changes of level of each alert counted."""

    def __init__(self, parameters: ConflictParameters, names: TrackNames) -> None:
        """Start with nothing seen."""
        super().__init__(parameters, names)
        self._levels: dict[int, tuple[int, int]] = {}  # of each alert that is given: start, level
        self._changes: dict[tuple[str, str, int], int] = {}

    def changes(self, track_a: str, track_b: str, start_us: int) -> int:
        """Count the changes of level within an alert: neither its beginning nor its end is one."""
        return self._changes.get((track_a, track_b, start_us), 0)

    def _judge(self, time_us: int) -> list[tuple[int, Any]]:
        over = super()._judge(time_us)
        levels = dict(zip(self._pairs.tolist(), self._memory.level.tolist(), strict=True))
        given = {pair: (alert.start_us, int(levels[pair])) for pair, alert in self._open.items()}
        for pair, (start_us, level) in given.items():
            before = self._levels.get(pair)
            if before is not None and before[0] == start_us and before[1] != level:
                one, other = sorted(self._names.track_id[side] for side in (pair >> 32, pair & 0xFFFFFFFF))
                key = (one, other, start_us)
                self._changes[key] = self._changes.get(key, 0) + 1
        self._levels = given
        return over
