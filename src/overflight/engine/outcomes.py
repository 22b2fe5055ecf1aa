"""What became of each alert, and of each loss: the definitions of `overflight.engine.evaluate`, applied to a pair at a time."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from overflight.engine.sight import Sight

Pair = tuple[str, str]
"""Two track_id, the lower first."""

GENUINE: Final = "genuine"
NEAR: Final = "near"
NUISANCE: Final = "nuisance"
UNDECIDED: Final = "undecided"
ALERTS: Final = (GENUINE, NEAR, NUISANCE, UNDECIDED)

WARNED: Final = "warned"
LATE: Final = "late"
MISSED: Final = "missed"
NOT_ALERTABLE: Final = "not alertable"
SET_ASIDE: Final = "set aside"
LOSSES: Final = (WARNED, LATE, MISSED, NOT_ALERTABLE, SET_ASIDE)

DOUBTFUL: Final = "a loss only in positions that the integrity gate doubts"


class Span(NamedTuple):
    """From when to when, microseconds since 1970."""

    start_us: int
    end_us: int

    def meets(self, other: Span) -> bool:
        """Say whether two have an instant in common."""
        return self.start_us <= other.end_us and other.start_us <= self.end_us


Spans = Mapping[Pair, Sequence[Span]]
Reasons = Mapping[Pair, Sequence[tuple[Span, str]]]


@dataclass(frozen=True)
class Happened:
    """What really happened, by pair.

    Attributes:
        losses: times below the minima.
        wider: times below the wider minima that say what is near.
        doubted: times below the minima that the integrity gate explains.
        sight: when the tracks were known.
    """

    losses: Spans
    wider: Spans
    doubted: Spans
    sight: Sight


class AlertOutcome(NamedTuple):
    """What became of an alert: one of `ALERTS`, and for `undecided` why."""

    outcome: str
    why: str | None


class LossOutcome(NamedTuple):
    """What was said before a loss: one of `LOSSES`, and for `set aside` why.

    `warning_s` is the start of the loss less that of the first alert, None without one; `heard_s` for how long both had been
    heard of.
    """

    outcome: str
    why: str | None
    warning_s: float | None
    heard_s: float


def of_alert(pair: Pair, alert: Span, happened: Happened, lookahead_us: int) -> AlertOutcome:
    """Say what became of an alert."""
    watched = Span(alert.start_us, alert.end_us + lookahead_us)
    if _any(happened.losses, pair, watched):
        return AlertOutcome(GENUINE, None)
    if _any(happened.doubted, pair, watched):
        return AlertOutcome(UNDECIDED, DOUBTFUL)
    for track in pair:
        if (why := happened.sight.lacking(track, *watched)) is not None:
            return AlertOutcome(UNDECIDED, why)
    return AlertOutcome(NEAR if _any(happened.wider, pair, watched) else NUISANCE, None)


def of_loss(
    pair: Pair,
    loss: Span,
    alerts: Spans,
    dismissed: Reasons,
    happened: Happened,
    lookahead_us: int,
    least_warning_s: float,
) -> LossOutcome:
    """Say what was said before a loss; `dismissed` are alerts that were not given because of where or how the pair flew."""
    heard_s = min(happened.sight.heard_s(track, loss.start_us) for track in pair)
    before = [alert for alert in alerts.get(pair, ()) if alert.start_us <= loss.end_us]
    meant = [alert for alert in before if alert.end_us + lookahead_us >= loss.start_us]
    warning_s = max(((loss.start_us - alert.start_us) * 1e-6 for alert in meant), default=None)
    watched = Span(loss.start_us - lookahead_us, loss.end_us)
    reasons = [reason for span, reason in dismissed.get(pair, ()) if span.meets(watched)]
    if warning_s is not None and warning_s >= least_warning_s:
        outcome = WARNED
    elif heard_s < least_warning_s:
        outcome = NOT_ALERTABLE
    elif warning_s is not None:
        outcome = LATE
    else:
        outcome = SET_ASIDE if reasons else MISSED
    return LossOutcome(outcome, reasons[0] if outcome == SET_ASIDE else None, warning_s, heard_s)


def restarts(alerts: Spans, within_us: int) -> int:
    """Count the alerts that begin at most so long after another of the same pair ended."""
    count = 0
    for spans in alerts.values():
        ordered = sorted(spans)
        count += sum(b.start_us - a.end_us <= within_us for a, b in itertools.pairwise(ordered))
    return count


def by_pair(rows: Iterable[tuple[Pair, Span]]) -> Spans:
    """Collect spans by their pair."""
    found: dict[Pair, list[Span]] = defaultdict(list)
    for pair, span in rows:
        found[pair].append(span)
    return dict(found)


def _any(spans: Spans, pair: Pair, watched: Span) -> bool:
    return any(span.meets(watched) for span in spans.get(pair, ()))
