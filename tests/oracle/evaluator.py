"""An independent judge of an evaluation: plain loops over the definitions, the losses by the brute force beside it."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass

from tests.oracle.brute_force import Loss, Track, losses

STEP_S = 0.5


@dataclass(frozen=True)
class Alert:
    """An alert of a pair, s."""

    pair: tuple[str, str]
    start: float
    end: float


@dataclass(frozen=True)
class Rules:
    """What the evaluation is told; lengths in m and ft, times in s."""

    horizontal_m: float
    vertical_ft: float
    lookahead_s: float
    least_warning_s: float = 30.0
    max_gap_s: float = 60.0
    near: float = 1.5


def evaluated(
    tracks: dict[str, Track], alerts: list[Alert], rules: Rules
) -> tuple[Counter[str], Counter[str], list[float]]:
    """Count alerts and losses by outcome, and list the warning times of the losses that were alerted and could be."""
    lost = losses(tracks, horizontal_m=rules.horizontal_m, vertical_ft=rules.vertical_ft, max_gap_s=rules.max_gap_s)
    wide = losses(
        tracks,
        horizontal_m=rules.near * rules.horizontal_m,
        vertical_ft=rules.near * rules.vertical_ft,
        max_gap_s=rules.max_gap_s,
    )
    of_alerts = Counter(
        _alert(alert, tracks, lost.get(alert.pair, []), wide.get(alert.pair, []), rules) for alert in alerts
    )
    of_losses: Counter[str] = Counter()
    warnings: list[float] = []
    for pair, spans in lost.items():
        for loss in spans:
            outcome, warning = _loss(loss, pair, tracks, [alert for alert in alerts if alert.pair == pair], rules)
            of_losses[outcome] += 1
            if outcome in {"warned", "late"}:
                warnings.append(warning)
    return of_alerts, of_losses, sorted(warnings)


def _alert(alert: Alert, tracks: dict[str, Track], lost: list[Loss], wide: list[Loss], rules: Rules) -> str:
    until = alert.end + rules.lookahead_s
    if any(_touch(alert.start, until, one.start, one.end) for one in lost):
        return "genuine"
    if not all(_known(tracks[name], alert.start, until, rules.max_gap_s) for name in alert.pair):
        return "undecided"
    return "near" if any(_touch(alert.start, until, one.start, one.end) for one in wide) else "nuisance"


def _loss(
    loss: Loss, pair: tuple[str, str], tracks: dict[str, Track], alerts: list[Alert], rules: Rules
) -> tuple[str, float]:
    first = math.inf
    for alert in alerts:
        if alert.start <= loss.end and loss.start <= alert.end + rules.lookahead_s:
            first = min(first, alert.start)
    warning = loss.start - first
    if warning >= rules.least_warning_s:
        return "warned", warning
    if min(_heard(tracks[name], loss.start, rules.max_gap_s) for name in pair) < rules.least_warning_s:
        return "not alertable", warning
    return ("late" if math.isfinite(first) else "missed"), warning


def _touch(start: float, end: float, other_start: float, other_end: float) -> bool:
    return max(start, other_start) <= min(end, other_end)


def _known(track: Track, start: float, end: float, max_gap_s: float) -> bool:
    """Step through the time: is each moment between two reports with altitude that are not too far apart?"""
    t, _, _, altitude = track
    moments = [*(start + k * STEP_S for k in range(int((end - start) / STEP_S) + 1)), end]
    for moment in moments:
        legs = [
            k
            for k in range(len(t) - 1)
            if t[k] <= moment <= t[k + 1]
            and t[k + 1] - t[k] <= max_gap_s
            and not math.isnan(altitude[k])
            and not math.isnan(altitude[k + 1])
        ]
        if not legs:
            return False
    return True


def _heard(track: Track, moment: float, max_gap_s: float) -> float:
    """Walk back from a moment, report by report with an altitude, to the first silence."""
    t, _, _, altitude = track
    reports = [x for x, level in zip(t, altitude, strict=True) if x <= moment and not math.isnan(level)]
    if not reports or moment - reports[-1] > max_gap_s:
        return 0.0
    since = reports[-1]
    for before, after in itertools.pairwise(reports[::-1]):
        if before - after > max_gap_s:
            break
        since = after
    return float(moment - since)
