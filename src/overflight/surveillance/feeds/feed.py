"""What a live source is: pieces of positions as they come, and what it has to say of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import polars as pl

from overflight.surveillance.recording import Drops
from overflight.surveillance.table import POSITION_SCHEMA

TICK_S: Final = 0.5
"""A feed gives a piece, if an empty one, at least this often, in s: who waits for it can see that time passes."""

NO_ROWS: Final = pl.DataFrame(schema=POSITION_SCHEMA)


@dataclass(frozen=True)
class Piece:
    """Some rows of a source.

    Attributes:
        rows: columns of the position table as far as the source has them, typed and in range (`complete.normalise`), not yet
            named (`identity`) nor ordered; may be empty.
        position: where the source goes on after these rows (a sequence number of its stream); None where it cannot be
            resumed.
    """

    rows: pl.DataFrame
    position: int | None = None


@dataclass
class Health:
    """What a source has to say of itself. Numbers are counted since the start and never set back.

    Attributes:
        connected: whether it can be heard now.
        heard_at: when the last data came, by `time.monotonic`; minus infinity before the first.
        bytes: received.
        rows: positions given out.
        connections: made so far: 1 is one that never broke.
        lost: by reason, what was received and could not be used, or was noticed to be missing: the counts of the feed's drops.
        trouble: why it is not connected, in a line; None where all is well.
    """

    connected: bool = False
    heard_at: float = float("-inf")
    bytes: int = 0
    rows: int = 0
    connections: int = 0
    lost: dict[str, int] = field(default_factory=dict[str, int])
    trouble: str | None = None


class Feed(Protocol):
    """A live source.

    Attributes:
        name: as the user named it, without what is secret in it.
        health: what it has to say of itself.
        drops: what was left out, and why, with an example of each.
    """

    name: str
    health: Health
    drops: Drops

    def pieces(self) -> Iterator[Piece]:
        """What comes, as it comes: blocks, yields at least one piece every `TICK_S` s, connects again by itself.

        It ends only where the source ends (a file on standard input) or after `close`.

        Raises:
            InputError: what comes on standard input is of no known format.
        """
        ...

    def close(self) -> None:
        """Stop: `pieces` ends soon. May be called from any thread, and twice."""
        ...
