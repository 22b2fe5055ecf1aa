"""What no event shows of borders: rules that allow nobody, and positions inside that were not believed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np
import polars as pl

from overflight.nets.incursion import Incursion
from overflight.surveillance import integrity
from overflight.surveillance.batch import TrackNames


@dataclass(frozen=True)
class Withheld:
    """Positions inside tested volumes, at a level and time that are possible, that were not used: no verdict rests on them.

    Attributes:
        positions: how many.
        tracks: of how many tracks.
        flags: positions by disqualifying flag; one may have several.
    """

    positions: int = 0
    tracks: int = 0
    flags: dict[str, int] = field(default_factory=dict[str, int])


def withheld(table: pl.DataFrame, skipped: int, net: Incursion | None) -> Withheld:
    """Count the positions of a table that a net of volumes would have found inside, had their flags not disqualified them.

    Args:
        table: the position table with its flags.
        skipped: flags that the net does not use.
        net: that tested the volumes; None for none.
    """
    wanted = skipped & integrity.DISQUALIFYING
    if net is None or not wanted:
        return Withheld()
    flags = table["flags"].to_numpy()
    # What is left out for another reason, on the ground, would have given no verdict anyway.
    otherwise = skipped & ~wanted
    rows = table[np.flatnonzero((flags & wanted != 0) & (flags & otherwise == 0))]
    latitude, longitude = (rows[name].cast(pl.Float64).to_numpy() for name in ("latitude", "longitude"))
    altitude_ft = rows["altitude"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    time_us = rows["timestamp"].dt.epoch("us").to_numpy()
    rows = rows.filter(pl.Series(net.possibly_inside(latitude, longitude, altitude_ft, time_us)))
    found = integrity.counts(rows["flags"].to_numpy() & np.uint32(wanted))
    return Withheld(rows.height, rows["track_id"].n_unique(), found)


def matching_nobody(allow: Iterable[tuple[str, str]], names: TrackNames) -> list[str]:
    """Return the rules that allow no track of a recording, "callsign=THX*"."""
    return [
        f"{name}={pattern}"
        for name, pattern in allow
        if not any(value is not None and fnmatchcase(value, pattern) for value in getattr(names, name))
    ]
