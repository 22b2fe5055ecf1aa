"""What a reader is: a name, how its format is recognised, and how its rows come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import polars as pl

from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source

Stage = Literal["positions", "messages", "frames", "tracks"]
"""What rows still need. *positions*: nothing but completion. *messages*: partial reports of an aircraft, to be joined
(`overflight.surveillance.messages`). *frames*: raw Mode S, to be decoded first (`overflight.surveillance.mode_s`). *tracks*:
positions by track numbers that were given out more than once (`overflight.surveillance.track_numbers`)."""


@dataclass(frozen=True)
class Reader:
    """One format.

    Attributes:
        name: as it stands in `SourceFile.format`.
        stage: what its rows still need.
        matches: whether the first bytes (at most `source.HEAD`) are of this format.
        read: the rows, in one or more frames whose columns are of `POSITION_SCHEMA` as far as the format has them;
            lines that cannot be read are counted in the drops.
    """

    name: str
    stage: Stage
    matches: Callable[[bytes], bool]
    read: Callable[[Source, Drops], Iterator[pl.DataFrame]]
