"""What every net is: an incremental operator over batches of positions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.events import DISMISSED_SCHEMA, EVENT_SCHEMA
from overflight.surveillance.batch import Batch
from overflight.surveillance.renumbering import Renumbering


@dataclass(frozen=True)
class Findings:
    """What a net has concluded: events, and encounters that are none (`EVENT_SCHEMA`, `DISMISSED_SCHEMA`)."""

    events: pl.DataFrame
    dismissed: pl.DataFrame

    @staticmethod
    @lru_cache(maxsize=1)  # a live feed asks every second, and mostly there is nothing
    def none() -> Findings:
        """Return empty findings."""
        return Findings(pl.DataFrame(schema=EVENT_SCHEMA), pl.DataFrame(schema=DISMISSED_SCHEMA))

    @staticmethod
    def together(findings: list[Findings]) -> Findings:
        """Return several findings as one."""
        some = [one for one in findings if one.events.height or one.dismissed.height]
        if not some:  # the columns of the events depend on the net
            return findings[0] if findings else Findings.none()
        findings = [Findings.none(), *some]
        return Findings(
            pl.concat([one.events for one in findings], how="diagonal"),
            pl.concat([one.dismissed for one in findings]),
        )


class Net(Protocol):
    """A safety net. However a recording is cut into batches, the findings are the same.

    Batches come in order of time: no row of a later batch is earlier than one of a batch before.
    """

    name: str

    def update(self, batch: Batch) -> None:
        """Take in more positions."""
        ...

    def advance(self, watermark_us: int) -> Findings:
        """Conclude what no position at or after the watermark can change."""
        ...

    def finish(self) -> Findings:
        """Conclude everything: no more positions will come."""
        ...

    def current(self, watermark_us: int) -> pl.DataFrame:
        """Return the events that are going on, as they would stand if they ended now; nothing changes by it.

        One that is concluded later has the same `id`, unless what comes decides that it was something else.
        """
        ...

    def rests_on(self) -> NDArray[np.int64]:
        """Return the rows of the recording that events still to be concluded may name as their evidence."""
        ...

    def holds(self) -> NDArray[np.int64]:
        """Return the numbers of the tracks that what is still to be concluded names: they must not be forgotten."""
        ...

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks, none of those that it holds; the others have new numbers."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """Return the state, as plain data and arrays; `restore` takes it back."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        ...
