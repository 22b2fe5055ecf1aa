"""Several sensors, one sky: tracks of one aircraft from ADS-B, radar and system tracks count as one aircraft.

Tracks of one ICAO address are one aircraft (`TrackNames.aircraft`). A track without an address is joined to the aircraft that it has
moved with, by evidence over time (`overflight.surveillance.association`); its reports are then flagged `same_aircraft` and left out by the nets
as long as the aircraft is heard of itself, and step in where it falls silent. While the join lasts the pair is named among the suspects, so
that an encounter of an aircraft with itself, found before the proof, ends among the dismissed. Two tracks that share an address but are
provably at two places are two aircraft: the one met later gets a number of its own, under the name "track/2".

Everything is causal and decided at whole instants of event time, so the cut into batches does not matter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.surveillance.association import Association, Compared, within
from overflight.surveillance.batch import NOT_REPEATED, Batch, TrackNames
from overflight.surveillance.integrity import DISQUALIFYING, SAME_AIRCRAFT, SUSPECTS_SCHEMA
from overflight.surveillance.renumbering import GONE, Renumbering
from overflight.surveillance.sampling import GRID_US, LAG_US, Sampler, Samples, near, offset, places
from overflight.surveillance.sensors import Traits
from overflight.units import NM_M

HEARD_US: Final = 15_000_000
"""A report is left out where the aircraft was heard of itself so lately: as long as anybody is extrapolated to now."""

ELSEWHERE_M: Final = 2.46 * NM_M
"""Two tracks of one address farther apart are not at one place: the gate takes what is nearer for a copy."""

ELSEWHERE_TIMES: Final = 3
"""So many instants in a row, half a minute: one wild position is no second aircraft."""


@dataclass(frozen=True)
class Link:
    """Two tracks that were found to be one aircraft, or two in spite of one address; from when on, until when, and why."""

    track: str
    other: str
    same: bool
    start: datetime
    end: datetime | None
    why: str
    ended: str | None


@dataclass
class _Found:
    """A link in the making: numbers of tracks, times in microseconds."""

    track: int
    other: int
    same: bool
    from_us: int
    why: str
    to_us: int | None = None
    ended: str | None = None


class Fusion:
    """Joins and splits tracks. Batches come in order of time, after the gate."""

    def __init__(self, names: TrackNames) -> None:
        """Start with nothing seen; `names` is shared with whoever makes the batches."""
        self._names = names
        self._traits = Traits(names)
        self._sampler = Sampler()
        self._pairs = Association(self._traits)
        self._own: dict[int, int] = {}  # a track that shares its address: its number as an aircraft of its own
        self._elsewhere: dict[
            int, tuple[int, int]
        ] = {}  # a track away from another of its address: how often, last tick
        self._links: list[_Found] = []
        self._open_links: dict[int, int] = {}  # joined track: place of its link

    def update(self, batch: Batch) -> Batch:
        """Return the batch, whose rows are not earlier than any before, with `same_aircraft` flags, suspects and tracks split."""
        if len(batch) == 0:
            return batch
        self._traits.learn(batch.tracks)
        usable = np.flatnonzero(batch.flags & DISQUALIFYING == 0)
        compared = self._traits.compared
        rows = usable if compared.all() else usable[compared[batch.track[usable]]]
        if len(rows) == 0 and not self._sampler.waiting:
            self._sampler.remember(batch, usable)
            return self._apply(batch, {}) if self._own else batch
        self._sampler.add(batch, rows, self._traits.accuracy_m)
        spans, moved, suspects = self._judge(batch)
        flags = self._redundant(batch, usable, spans)
        self._sampler.remember(batch, usable)
        if flags is not None:
            batch = replace(batch, flags=batch.flags | flags)
        if len(suspects):
            known = [] if batch.suspects is None else [batch.suspects]
            all_of_them = pl.concat([*known, _frame(np.concatenate(suspects, axis=1))])
            batch = replace(batch, suspects=all_of_them.sort("time_us", maintain_order=True))
        return self._apply(batch, moved) if self._own else batch

    def _judge(self, batch: Batch) -> tuple[NDArray[np.int64], dict[int, int], list[NDArray[np.int64]]]:
        """Judge the instants that are complete by the end of a batch.

        Returns the joins that apply to its rows (4, N: track, other, rows from and to), from which row on a track that
        shares its address is another, and suspects.
        """
        since = np.zeros(len(self._traits), np.int64)  # from which row on a track is joined
        over: list[tuple[int, int, int, int]] = []
        moved: dict[int, int] = {}
        suspects: list[NDArray[np.int64]] = []
        samples = self._sampler.due(int(batch.time_us[-1]))
        one, other = self._compared(samples)
        ticks = np.unique(samples.tick)
        for tick, place in zip(ticks.tolist(), places(samples.tick[one], ticks).tolist(), strict=True):
            now_us = tick * GRID_US + LAG_US
            row = int(places(batch.time_us, np.array([now_us]))[0])
            end = int(places(samples.tick[one], np.array([tick]), "right")[0])
            begin, finish = places(samples.tick, np.array([tick, tick + 1]))
            here = samples.at(np.arange(int(begin), int(finish)))
            for track in self._away(here, tick):
                moved[track] = row
                self._split(track, now_us)
            for change in self._pairs.step(tick, self._pairs_of(samples, here, one[place:end], other[place:end])):
                if change.joined:
                    since[change.track] = row
                    self._link(change.track, change.other, now_us, change.why)
                else:
                    over.append((change.track, change.other, int(since[change.track]), row))
                    self._unlink(change.track, now_us, change.why)
            suspects += self._suspected(here.track, now_us)
        joined = np.flatnonzero(self._pairs.whom >= 0)
        still = np.stack([joined, self._pairs.whom[joined], since[joined], np.full(len(joined), len(batch))])
        spans = np.concatenate([np.array(over, np.int64).reshape(-1, 4).T, still], axis=1)
        return spans[:, spans[2] < spans[3]], moved, suspects

    def _compared(self, samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of samples to compare: a track that may be joined, and whom it may be; in order of time and tracks."""
        t = self._traits
        free = np.flatnonzero(~t.addressed[samples.track] & ~t.hearsay[samples.track])
        if len(free) == 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        one, other = near(samples, free)
        may = t.may_join(samples.track[one], samples.track[other])
        one, other = one[may], other[may]
        order = np.lexsort((samples.track[other], samples.track[one], samples.tick[one]))
        return one[order], other[order]

    def _pairs_of(self, samples: Samples, here: Samples, one: NDArray[np.int64], other: NDArray[np.int64]) -> Compared:
        """Compare the pairs of one instant: those that are near, and the joined wherever they are."""
        first = int(places(samples.tick, here.tick[:1])[0])
        joined = np.flatnonzero(self._pairs.whom >= 0)
        whom = self._pairs.whom[joined]
        both = within(joined, here.track) & within(whom, here.track)
        joined, whom = joined[both], whom[both]
        known = samples.track[one] << 32 | samples.track[other]
        far = ~within(joined << 32 | whom, known)
        one = np.append(one, first + places(here.track, joined[far]))
        other = np.append(other, first + places(here.track, whom[far]))
        keys = samples.track[one] << 32 | samples.track[other]
        order = np.argsort(keys)
        one, other, keys = one[order], other[order], keys[order]
        moved, velocity = offset(samples, one, other)
        return Compared(
            keys >> 32,
            keys & 0xFFFFFFFF,
            moved,
            velocity,
            samples.altitude_m[one] - samples.altitude_m[other],
            samples.variance_m2[one] + samples.variance_m2[other],
            samples.onground[one] | samples.onground[other],
        )

    def _away(self, here: Samples, tick: int) -> list[int]:
        """Tracks that have been away from an earlier one of their address for long enough."""
        t = self._traits
        rows = np.flatnonzero(t.addressed[here.track] & ~t.hearsay[here.track])
        rows = rows[np.argsort(t.aircraft[here.track[rows]], kind="stable")]
        aircraft = t.aircraft[here.track[rows]]
        first = np.searchsorted(aircraft, aircraft)  # the lowest of those of one aircraft: the one met first
        later = np.flatnonzero(first != np.arange(len(rows)))
        if len(later) == 0:
            return []
        one, other = rows[later], rows[first[later]]
        apart = np.hypot(*offset(here, one, other)[0].T)
        limit = ELSEWHERE_M + 3.0 * np.sqrt(here.variance_m2[one] + here.variance_m2[other])
        found: list[int] = []
        for track, away in zip(here.track[one].tolist(), (apart > limit).tolist(), strict=True):
            times, last = self._elsewhere.get(track, (0, tick))
            times = (times + 1 if tick - last <= ELSEWHERE_TIMES else 1) if away else 0
            self._elsewhere[track] = (times, tick)
            if times >= ELSEWHERE_TIMES and track not in self._own:
                found.append(track)
        return found

    def _split(self, track: int, now_us: int) -> None:
        names = self._names
        number = names.split(track, f"{names.track_id[track]}/2")
        former = self._traits.aircraft[track]
        self._own[track] = number
        self._traits.aircraft[track] = names.aircraft[number]
        where = f"more than {ELSEWHERE_M / NM_M:.1f} NM from another track of {names.icao24[track]}, {ELSEWHERE_TIMES} times in a row"
        other = next(k for k in range(len(self._traits)) if names.aircraft[k] == former and k != track)
        self._links.append(_Found(track, other, False, now_us, where))

    def _link(self, track: int, other: int, now_us: int, why: str) -> None:
        self._open_links[track] = len(self._links)
        known = self._names.joined.setdefault(int(self._traits.aircraft[other]), [])
        known.append((self._names.sensor[track], now_us, NOT_REPEATED))
        self._links.append(_Found(track, other, True, now_us, why))

    def _unlink(self, track: int, now_us: int, why: str) -> None:
        link = self._links[self._open_links.pop(track)]
        link.to_us, link.ended = now_us, why
        known = self._names.joined[int(self._traits.aircraft[link.other])]
        held = (self._names.sensor[track], link.from_us, NOT_REPEATED)
        known[known.index(held)] = (*held[:2], now_us)

    def _suspected(self, present: NDArray[np.int64], now_us: int) -> list[NDArray[np.int64]]:
        """Name the joined tracks that are seen, with the aircraft that they are, and with each other: track, time, original."""
        track = present[self._pairs.whom[present] >= 0]
        if len(track) == 0:
            return []
        aircraft = self._traits.aircraft
        original = aircraft[self._pairs.whom[track]]
        order = np.argsort(original, kind="stable")
        track, original = track[order], original[order]
        tracks, originals = [track], [original]
        for shift in range(1, len(track)):  # several views of one aircraft
            same = np.flatnonzero(original[shift:] == original[:-shift])
            if len(same) == 0:
                break
            tracks.append(track[same + shift])
            originals.append(aircraft[track[same]])
        track = np.concatenate(tracks)
        return [np.stack([track, np.full(len(track), now_us), np.concatenate(originals)])]

    def _redundant(
        self, batch: Batch, usable: NDArray[np.int64], spans: NDArray[np.int64]
    ) -> NDArray[np.uint32] | None:
        """Flag the reports of joined tracks before which the other was heard of, not long ago."""
        if spans.shape[1] == 0:
            return None
        n = len(batch)
        order = usable[np.argsort(batch.track[usable], kind="stable")]
        key = batch.track[order].astype(np.int64) * n + order
        track, other, first, last = spans[0], spans[1], spans[2], spans[3]
        low, high = places(key, track * n + first), places(key, track * n + last)
        count = high - low
        span = np.repeat(np.arange(len(track)), count)
        nth = np.arange(len(span)) - np.repeat(np.cumsum(count) - count, count)
        row = order[low[span] + nth]
        whom = other[span]
        before = places(key, whom * n + row) - 1
        here = (before >= 0) & (key[np.maximum(before, 0)] // n == whom)
        remembered = self._sampler.last["time_us"]
        earlier = (
            remembered[np.minimum(whom, len(remembered) - 1)] if len(remembered) else np.zeros(len(whom), np.int64)
        )
        earlier = np.where(whom < len(remembered), earlier, -HEARD_US - 1)
        heard = np.where(here, batch.time_us[order[np.maximum(before, 0)]], earlier)
        flags = np.zeros(n, np.uint32)
        flags[row[batch.time_us[row] - heard <= HEARD_US]] = SAME_AIRCRAFT
        return flags

    def _apply(self, batch: Batch, moved: dict[int, int]) -> Batch:
        """Give the rows of tracks that share an address their own numbers, from the row on at which it was found."""
        track = batch.track.copy()
        for former, number in self._own.items():
            rows = np.flatnonzero(batch.track == former)
            track[rows[rows >= moved.get(former, 0)]] = number
        return replace(batch, track=track, tracks=max(batch.tracks, *(k + 1 for k in self._own.values())))

    def links(self) -> list[Link]:
        """Return every join and split so far, in order, with its reason."""
        return [
            Link(
                self._names.track_id[link.track],
                self._names.track_id[link.other],
                link.same,
                _moment(link.from_us),
                None if link.to_us is None else _moment(link.to_us),
                link.why,
                link.ended,
            )
            for link in self._links
        ]

    def told(self) -> list[str]:
        """Say in lines which sensors' tracks are aircraft of which others, and what was split."""
        names = self._names
        joined = {(link.track, link.other) for link in self._links if link.same}
        pairs = Counter((names.sensor[one].rstrip(":"), names.sensor[other].rstrip(":")) for one, other in joined)
        lines = [
            f"{count:,} × a track of {one} is an aircraft of {other}" for (one, other), count in sorted(pairs.items())
        ]
        lines += [
            f"offset of {one.rstrip(':')} from {other.rstrip(':')}: {east:.0f} m east, {north:.0f} m north, {clock:.2f} s, from {of} aircraft"
            for one, other, east, north, clock, of in self._pairs.offsets.told()
        ]
        return lines + [f"{link.track}: an aircraft of its own, {link.why}" for link in self.links() if not link.same]

    def holds(self) -> NDArray[np.int64]:
        """Return the tracks that are joined, and those to whom they are."""
        joined = np.flatnonzero(self._pairs.whom >= 0)
        return np.concatenate([joined, self._pairs.whom[joined]])

    def forget(self, numbers: Renumbering) -> None:
        """Forget some tracks, of those that are held none, and what was found of them."""
        new = numbers.track.tolist()
        self._traits.forget(numbers)
        self._sampler.forget(numbers)
        self._pairs.forget(numbers)
        self._own = {new[k]: new[own] for k, own in self._own.items() if GONE not in (new[k], new[own])}
        self._elsewhere = {new[k]: seen for k, seen in self._elsewhere.items() if new[k] != GONE}
        kept = [k for k, link in enumerate(self._links) if GONE not in (new[link.track], new[link.other])]
        place = {k: at for at, k in enumerate(kept)}
        links = (self._links[k] for k in kept)
        self._links = [replace(link, track=new[link.track], other=new[link.other]) for link in links]
        self._open_links = {new[k]: place[at] for k, at in self._open_links.items() if at in place}

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "sampler": self._sampler.snapshot(),
            "pairs": self._pairs.snapshot(),
            "own": dict(self._own),
            "elsewhere": dict(self._elsewhere),
            "links": [dict(vars(link)) for link in self._links],
            "open_links": dict(self._open_links),
            "tracks": len(self._traits),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot, with the same track names."""
        self._traits.learn(state["tracks"])
        self._sampler.restore(state["sampler"])
        self._pairs.restore(state["pairs"])
        self._own, self._elsewhere = dict(state["own"]), dict(state["elsewhere"])
        self._links, self._open_links = [_Found(**link) for link in state["links"]], dict(state["open_links"])
        for track, number in self._own.items():
            self._traits.aircraft[track] = self._names.aircraft[number]


def _frame(suspects: NDArray[np.int64]) -> pl.DataFrame:
    track, time_us, original = suspects[0], suspects[1], suspects[2]
    columns = {"track": track, "time_us": time_us, "flags": np.full(len(track), SAME_AIRCRAFT), "original": original}
    return pl.DataFrame(columns, schema=SUSPECTS_SCHEMA)


def _moment(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).replace(microsecond=time_us % 1_000_000)
