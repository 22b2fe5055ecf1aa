"""One pipeline for history, live and clusters: integrity gate, fusion of sensors, then nets.

Batches come in order of time. However a recording is cut into batches, the findings are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overflight.nets.base import Findings, Net
from overflight.surveillance.batch import Batch
from overflight.surveillance.fusion import Fusion
from overflight.surveillance.integrity import Gate
from overflight.surveillance.renumbering import Renumbering


class Pipeline:
    """Feeds positions through the gate, the fusion and every net, and collects what they conclude."""

    def __init__(self, gate: Gate, nets: Sequence[Net]) -> None:
        """Start with nothing seen."""
        self.gate, self.fusion, self.nets = gate, Fusion(gate.names), tuple(nets)

    def update(self, batch: Batch) -> Batch:
        """Take in rows that are not earlier than any before; returns them with their integrity flags."""
        flagged = self.judge(batch)
        self.test(flagged)
        return flagged

    def judge(self, batch: Batch) -> Batch:
        """Return rows with their integrity flags, and the tracks of several sensors joined."""
        return self.fusion.update(self.gate.judge(batch))

    def test(self, flagged: Batch) -> None:
        """Take in rows that have been judged already."""
        for net in self.nets:
            net.update(flagged)

    def advance(self, watermark_us: int) -> Findings:
        """Collect what no position at or after the watermark can change."""
        return Findings.together([net.advance(watermark_us) for net in self.nets])

    def finish(self) -> Findings:
        """Collect everything: no more positions will come."""
        return Findings.together([net.finish() for net in self.nets])

    def holds(self) -> NDArray[np.int64]:
        """Return the numbers of the tracks that must not be forgotten."""
        return np.concatenate([self.fusion.holds(), *(net.holds() for net in self.nets)])

    def forget(self, keep: NDArray[np.bool_]) -> Renumbering:
        """Forget the tracks that are not to be kept, by number; all that are held are. Returns the new numbers."""
        numbers = self.gate.names.forget(keep)
        for part in (self.gate, self.fusion, *self.nets):
            part.forget(numbers)
        return numbers

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data and arrays."""
        return {
            "gate": self.gate.snapshot(),
            "fusion": self.fusion.snapshot(),
            "nets": {net.name: net.snapshot() for net in self.nets},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot of a pipeline with the same parameters and the same track names."""
        self.gate.restore(state["gate"])
        self.fusion.restore(state["fusion"])
        for net in self.nets:
            net.restore(state["nets"][net.name])
