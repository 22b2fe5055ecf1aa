"""What every net is: an incremental operator over batches of positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from overflight.events import DISMISSED_SCHEMA, EVENT_SCHEMA
from overflight.surveillance.batch import Batch


@dataclass(frozen=True)
class Findings:
    """What a net has concluded: events, and encounters that are none (`EVENT_SCHEMA`, `DISMISSED_SCHEMA`)."""

    events: pl.DataFrame
    dismissed: pl.DataFrame

    @staticmethod
    def none() -> Findings:
        """Return empty findings."""
        return Findings(pl.DataFrame(schema=EVENT_SCHEMA), pl.DataFrame(schema=DISMISSED_SCHEMA))

    @staticmethod
    def together(findings: list[Findings]) -> Findings:
        """Return several findings as one."""
        findings = [Findings.none(), *findings]
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

    def snapshot(self) -> dict[str, Any]:
        """Return the state, as plain data and arrays; `restore` takes it back."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        ...
