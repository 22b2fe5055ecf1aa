"""What the net `lost` is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from overflight.surveillance import integrity

NOT_HEARD: Final = (
    integrity.STALE | integrity.FROZEN | integrity.JUMP | integrity.SHARED_POINT | integrity.SHARED_CIRCLE
)
"""Positions that do not show that the aircraft was heard of there and then. A duplicate does."""


@dataclass(frozen=True)
class LostParameters:
    """What the net is told. All defaults were tried on the recording that ships with the package.

    Attributes:
        wait_s: a silence is judged so long after it began, in whole minutes; see the module.
        silence_s: a shorter silence is no candidate anywhere; where so long a one is expected, nobody is called lost.
        gap_share: the silence expected somewhere is the one that this share of the reports there are followed by at most.
        gap_factor: a candidate is silent for so many times the expected silence.
        least_gaps: with fewer silences known near a place, those of the whole recording tell what to expect.
        cell_nm: size of the cells in which coverage is learnt: what lies within one and a half is "near there".
        ahead_s: for how long others must be seen, in whole minutes.
        way_s: for how long the way ahead must be in coverage.
        approach_s: how far ahead a descent is followed to an airport.
        well_known: on every step of the way ahead somebody must have been seen, at its level or below, in this share of the
            nine places around it; to confirm, too.
        least_known: or in this share, when it is judged once more: by then a gap in what is known says less of reception
            than of where people like to fly.
        proven_known: then this share will do, whoever was seen up to a band of altitude higher counted too, if of those on
            like courses nobody was lost and `confirm_minutes` of flight are known; or `well_known` of them, however many are.
        after_s: who flew somewhere counts as seen on if there was a report so long after, or later within the waiting time;
            whole minutes.
        least_low_minutes: of others' flight near there, at its level or below, after which they were seen on: to know anything.
        least_share: of those on such courses, how many must have been seen on;
        smoothing: what is known of all courses counts for so many minutes on such courses.
        least_minutes: or else, along an airway, of others' flight near there at its level and on such courses alone, all of it
            seen on.
        again_s: what the coverage left open is judged once more so long after it began, within the hour, or at the end.
        least_reports: of the aircraft itself.
        least_seen_s: for how long it must have been seen.
        radius_nm: others within this are near.
        above_ft: others so much higher do not show that it would be seen.
        outage_of: so many must have been near before an outage can be told from chance.
        outage_share: an outage leaves at most this share of them, newcomers included.
        confirm_others: see the module, as for the next two.
        confirm_minutes: of others' flight.
        confirm_share: of these, seen on.
        skipped: integrity flags of positions that do not count.
        inputs: digests of the recording, for the events.
    """

    wait_s: float = 1800.0
    silence_s: float = 180.0
    gap_share: float = 0.99
    gap_factor: float = 3.0
    least_gaps: int = 100
    cell_nm: float = 3.0
    ahead_s: float = 240.0
    way_s: float = 180.0
    approach_s: float = 60.0
    well_known: float = 0.7
    least_known: float = 0.4
    proven_known: float = 0.2
    after_s: float = 60.0
    least_low_minutes: int = 6
    least_share: float = 0.85
    smoothing: float = 12.0
    least_minutes: int = 12
    again_s: float = 86_400.0
    least_reports: int = 5
    least_seen_s: float = 60.0
    radius_nm: float = 30.0
    above_ft: float = 5000.0
    outage_of: int = 5
    outage_share: float = 0.25
    confirm_others: int = 3
    confirm_minutes: int = 20
    confirm_share: float = 0.95
    skipped: int = NOT_HEARD
    inputs: str = ""
