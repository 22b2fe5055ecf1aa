"""What to change of an operation so that it is clear of others: later or earlier, higher or lower, or elsewhere. The smallest of each, and the smallest first.

What is proposed was held against all that is in the way by the same geometry that found the conflict: nothing is proposed that would be refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from overflight.airspace.bands import HIGHEST_FL, Band
from overflight.airspace.operational import Circle, Polygon, Volume
from overflight.airspace.rings import GEOD
from overflight.coordination.uss.declared import Declared, Place
from overflight.units import FT_M

STEP_US: Final = 5 * 60_000_000
MOST_US: Final = 6 * 3_600_000_000
LEVEL_M: Final = 1_000.0 * FT_M
MOST_LEVELS: Final = 20
STEP_M: Final = 2_000.0
MOST_M: Final = 100_000.0
MOST_PAIRS: Final = 1_000
"""Of volumes to be held against each other for each change: with more, trying would take too long, and nothing is proposed."""
_BEARINGS: Final = tuple(range(0, 360, 45))
_HIGHEST_M: Final = HIGHEST_FL * 100.0 * FT_M


@dataclass(frozen=True)
class Shift:
    """A change that makes an operation clear.

    Attributes:
        kind: "time", "level" or "place".
        later_us: by how much later; less than 0 for earlier.
        higher_m: by how much higher.
        distance_m, bearing_deg: by how much elsewhere, and towards where.
        steps: how large the change is, in steps of its kind: 5 minutes, 1,000 ft, 2 km.
        declared: the operation as it would be.
    """

    kind: str
    steps: int
    declared: Declared
    later_us: int = 0
    higher_m: float = 0.0
    distance_m: float = 0.0
    bearing_deg: float = 0.0


def shifts(declared: Declared, others: Sequence[Declared], now_us: int) -> list[Shift]:
    """Return the smallest change of each kind that is clear of others, the smallest first; none of a kind where none is clear.

    Args:
        declared: what is in the way of others.
        others: all that it must be clear of, wherever they are; what it does not give way to does not count.
        now_us: nothing is proposed that would begin before this, unless it begins before it already.
    """
    blocking = [one for one in others if declared.gives_way_to(one)]
    if len(declared.places) * sum(len(one.places) for one in blocking) > MOST_PAIRS:
        return []
    found: list[Shift] = []
    for candidates in (_in_time(declared, now_us), _in_level(declared), _elsewhere(declared)):
        clear = next((one for one in candidates if not any(one.declared.meeting(other) for other in blocking)), None)
        if clear is not None:
            found.append(clear)
    return sorted(found, key=lambda one: one.steps)


def _in_time(declared: Declared, now_us: int) -> Iterator[Shift]:
    begins = min(place.volume.start_us or 0 for place in declared.places)
    for step in range(1, MOST_US // STEP_US + 1):
        for by in (step * STEP_US, -step * STEP_US):
            if by > 0 or begins + by >= now_us:
                yield Shift("time", step, _each(declared, lambda place, by=by: _later(place, by)), later_us=by)


def _in_level(declared: Declared) -> Iterator[Shift]:
    for step in range(1, MOST_LEVELS + 1):
        for by in (step * LEVEL_M, -step * LEVEL_M):
            bands = [place.band.moved(by) for place in declared.places]
            if all(_flown(band) for band in bands):
                moved = _each(
                    declared, lambda place, by=by: replace(place, band=place.band.moved(by), volume=_level(place, by))
                )
                yield Shift("level", step, moved, higher_m=by)


def _elsewhere(declared: Declared) -> Iterator[Shift]:
    for step in range(1, int(MOST_M / STEP_M) + 1):
        for bearing in _BEARINGS:
            moved = _each(declared, lambda place, by=step * STEP_M, to=bearing: _moved(place, by, to))
            yield Shift("place", step, moved, distance_m=step * STEP_M, bearing_deg=float(bearing))


def _each(declared: Declared, change: Callable[[Place], Place]) -> Declared:
    return replace(declared, places=tuple(change(place) for place in declared.places))


def _later(place: Place, by_us: int) -> Place:
    volume = place.volume
    assert volume.start_us is not None
    assert volume.end_us is not None
    return replace(place, volume=replace(volume, start_us=volume.start_us + by_us, end_us=volume.end_us + by_us))


def _level(place: Place, by_m: float) -> Volume:
    if place.band.pressure:
        return place.volume
    return replace(place.volume, lower_m=place.volume.lower_m + by_m, upper_m=place.volume.upper_m + by_m)


def _flown(band: Band) -> bool:
    """Whether a band is one that may be flown: not below the ground's standard level, not above the highest flight level."""
    return band.lower_m >= 0.0 and band.upper_m <= _HIGHEST_M


def _moved(place: Place, by_m: float, bearing_deg: float) -> Place:
    outline = place.volume.outline
    if isinstance(outline, Circle):
        latitude, longitude = _there([outline.latitude], [outline.longitude], by_m, bearing_deg)
        moved: Circle | Polygon = replace(outline, latitude=latitude[0], longitude=longitude[0])
    else:
        assert outline is not None
        latitude, longitude = _there(outline.latitude, outline.longitude, by_m, bearing_deg)
        moved = Polygon(tuple(latitude), tuple(longitude))
    return replace(place, volume=replace(place.volume, outline=moved))


def _there(
    latitude: Iterable[float], longitude: Iterable[float], by_m: float, bearing_deg: float
) -> tuple[list[float], list[float]]:
    here = list(latitude)
    there = [bearing_deg] * len(here), [by_m] * len(here)
    found_longitude, found_latitude, _ = GEOD.fwd(list(longitude), here, *there)
    return list(found_latitude), list(found_longitude)
