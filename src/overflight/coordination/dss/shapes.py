"""`Shape`: some volumes with their areas and cells, computed once and held against others exactly."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final

from overflight.airspace.operational import Volume
from overflight.coordination.areas import Area
from overflight.coordination.dss.cells import ancestors, first, last

_KEPT: Final = 10_000


class Shape:
    """Volumes as one.

    Attributes:
        start_us, end_us: from the first to the last moment; None where it is open.
        lower_m, upper_m: from the lowest to the highest level; infinite where it is open.
    """

    def __init__(self, volumes: Iterable[Volume]) -> None:
        """Take volumes, each with an area.

        Raises:
            ParameterError: an area makes no sense.
        """
        self.volumes = tuple(volumes)
        self.areas = tuple(Area(one.outline) for one in self.volumes if one.outline is not None)
        self.lower_m = min((one.lower_m for one in self.volumes), default=-math.inf)
        self.upper_m = max((one.upper_m for one in self.volumes), default=math.inf)
        starts, ends = [one.start_us for one in self.volumes], [one.end_us for one in self.volumes]
        self.start_us = None if None in starts else min(one for one in starts if one is not None)
        self.end_us = None if None in ends else max(one for one in ends if one is not None)

    @cached_property
    def cells(self) -> list[int]:
        """Cells that cover it, in order; none of them within another."""
        found = {cell for area in self.areas for cell in area.cells()}
        return sorted(found if len(self.areas) == 1 else (cell for cell in found if found.isdisjoint(ancestors(cell))))

    @cached_property
    def ranges(self) -> list[tuple[int, int]]:
        """Ranges of the numbers of all cells that something that meets it is in: what is within its cells, and what they are within."""
        found: list[tuple[int, int]] = []
        for cell in self.cells:
            low, high = first(cell), last(cell)
            if found and low - found[-1][1] <= 2:
                found[-1] = (found[-1][0], high)
            else:
                found.append((low, high))
        wider = {up for cell in self.cells for up in ancestors(cell)}
        return [*found, *((up, up) for up in sorted(wider))]

    def meets(self, other: Shape) -> bool:
        """Whether some volume of one and some of the other have a place, a level and a time in common."""
        return any(
            one.when(two) and one.level(two) and here.meets(there)
            for one, here in zip(self.volumes, self.areas, strict=True)
            for two, there in zip(other.volumes, other.areas, strict=True)
        )

    def covers(self, other: Shape, since_us: int) -> bool:
        """Whether each volume of another is wholly within one of this, but for what was before a moment."""
        return all(
            any(
                mine.lower_m <= two.lower_m
                and two.upper_m <= mine.upper_m
                and (
                    mine.start_us is None or (two.start_us is not None and mine.start_us <= max(two.start_us, since_us))
                )
                and (mine.end_us is None or (two.end_us is not None and two.end_us <= mine.end_us))
                and here.covers(there)
                for mine, here in zip(self.volumes, self.areas, strict=True)
            )
            for two, there in zip(other.volumes, other.areas, strict=True)
        )


class Shapes:
    """The shapes that were last asked for, by a name that is never used for another."""

    def __init__(self) -> None:
        """Keep none yet."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Shape] = OrderedDict()

    def of(self, name: str, made: Callable[[], Shape]) -> Shape:
        """Return the shape of a name; made where it is not kept."""
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
                return found
        shape = made()
        with self._lock:
            self._kept[name] = shape
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return shape
