"""What a notice audit finds: where dangers have no notice (see `overflight.airspace.audit`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

COVERED: Final = "covered"
OPEN: Final = "open"
PARTLY: Final = "partly open"
UNDECIDED: Final = "cannot decide"


@dataclass(frozen=True)
class Opening:
    """A time and a range of levels at which a danger, or some of its area, has no notice.

    Attributes:
        start, end: UTC; None for ever since and until further notice.
        floor, ceiling: the levels.
        area_km2: without notice.
        latitude, longitude: a place there, deg.
    """

    start: datetime | None
    end: datetime | None
    floor: str
    ceiling: str
    area_km2: float
    latitude: float
    longitude: float

    def __str__(self) -> str:
        """Say it in a line."""
        ever = "at any time"
        if self.start is not None or self.end is not None:
            ever = " ".join(f"{word} {t:%Y-%m-%d %H:%MZ}" for word, t in (("from", self.start), ("to", self.end)) if t)
        place = f"{abs(self.latitude):.2f}{'NS'[self.latitude < 0]} {abs(self.longitude):.2f}{'EW'[self.longitude < 0]}"
        return f"{ever}, {self.floor} to {self.ceiling}, {self.area_km2:,.0f} km² around {place}"


@dataclass(frozen=True)
class Crossing:
    """A danger within a region.

    Attributes:
        danger: id of the volume.
        name: what people call it.
        fir: code of the region; empty for what lies in none that is known.
        area_km2: of the danger in it.
        notices: ids of the region's notices that cover some of it.
        verdict: covered, open (no notice covers any of it), partly open, or cannot decide.
        why: what the verdict rests on, in a line.
        openings: the largest of what is open.
    """

    danger: str
    name: str
    fir: str
    area_km2: float
    notices: tuple[str, ...]
    verdict: str
    why: str
    openings: tuple[Opening, ...] = ()

    def __str__(self) -> str:
        """Say it in a line."""
        where = self.fir or "no known region"
        return f"{where}: {self.danger}, {self.area_km2:,.0f} km²: {self.verdict}; {self.why}"


@dataclass(frozen=True)
class Audit:
    """What the notices say of the dangers.

    Attributes:
        dangers: volumes that were asked about.
        notices: volumes of notices that were given.
        crossings: by danger and region.
        contradictions: notices that contradict themselves, a line each.
    """

    dangers: int = 0
    notices: int = 0
    crossings: tuple[Crossing, ...] = ()
    contradictions: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Say it in lines: what is open first."""
        if not self.dangers:
            return list(self.contradictions)
        order = (OPEN, PARTLY, UNDECIDED, COVERED)
        counts = {verdict: sum(one.verdict == verdict for one in self.crossings) for verdict in order}
        said = ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items() if count)
        many = f"{self.dangers:,} danger{'' if self.dangers == 1 else 's'}"
        given = f"{self.notices:,} notice{'' if self.notices == 1 else 's'} given"
        found = [f"{many} against {given}: {said or 'none leaves the air of the states whose notices tell of them'}"]
        found += [str(one) for verdict in order for one in self.crossings if one.verdict == verdict]
        return [*found, *self.contradictions]
