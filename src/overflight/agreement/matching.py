"""Whose an aircraft is, by an agreement."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from overflight.agreement.model import Agreement, addresses

SEVERAL: Final = "*"
"""Of more than one party: nothing is decided by it."""


class Matching:
    """Says whose tracks are."""

    def __init__(self, agreement: Agreement) -> None:
        """Take the rules of matching of every party."""
        self._ids = [one.id for one in agreement.party]
        self._ranges = [[addresses(text) for text in one.aircraft.icao24] for one in agreement.party]
        self._callsigns = [one.aircraft.callsign for one in agreement.party]
        self._tracks = [frozenset(one.aircraft.track_id) for one in agreement.party]

    def party(self, track_id: str, icao24: str | None, callsign: str | None, said: str | None = None) -> str | None:
        """Return the party of a track, None where it is nobody's, `SEVERAL` where it is more than one's.

        A mark by hand (`track_id`) comes before everything else, then what the recording says (`said`), then address and callsign together.
        """
        marked = [name for name, tracks in zip(self._ids, self._tracks, strict=True) if track_id in tracks]
        if not marked and said in self._ids:
            return said
        found = marked or [
            name
            for name, ranges, patterns in zip(self._ids, self._ranges, self._callsigns, strict=True)
            if _within(icao24, ranges) or (callsign is not None and any(fnmatchcase(callsign, one) for one in patterns))
        ]
        return None if not found else found[0] if len(found) == 1 else SEVERAL


def _within(icao24: str | None, ranges: list[tuple[int, int]]) -> bool:
    try:
        number = int(icao24 or "", 16)
    except ValueError:
        return False
    return any(low <= number <= high for low, high in ranges)
