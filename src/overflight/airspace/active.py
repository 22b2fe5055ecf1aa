"""When a volume is active, as spans of time."""

from __future__ import annotations

from typing import Final

from overflight.airspace.volume import Volume

EVER: Final = (-(2**63), 2**63 - 1)
"""From always on to until further notice, in microseconds since 1970."""


def spans_us(volume: Volume, *, for_sure: bool = False) -> list[tuple[int, int]]:
    """Return active times in microseconds since 1970, in order, without overlaps; empty for always.

    An estimated end is none, as it holds until somebody says otherwise; but only until then `for_sure`.
    """
    spans = sorted(
        (
            EVER[0] if window.start is None else round(window.start.timestamp() * 1e6),
            EVER[1]
            if window.end is None or (volume.estimated_end and not for_sure)
            else round(window.end.timestamp() * 1e6),
        )
        for window in volume.active
    )
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
