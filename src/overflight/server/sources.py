"""What the service is fed by: live sources, or recordings that are replayed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from overflight.engine.replay import ReplayParameters
from overflight.errors import ParameterError
from overflight.examples import california
from overflight.server.loop import Shown
from overflight.surveillance.feeds.feed import Feed
from overflight.surveillance.radars import Radars
from overflight.units import parse_time

Place = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sources:
    """What the service is fed by.

    Attributes:
        open: returns the feeds, each going on after its position.
        shown: what they are shown as.
        place: west, south, east, north (deg) of what they tell of, if that is known.
    """

    open: Callable[[Mapping[str, int]], list[Feed]]
    shown: Shown
    place: Place | None


def open_sources(names: list[str], speed: float | None, start: str | None, radars: Radars) -> Sources:
    """Read recordings, or get live sources ready; without a name, the demo recording.

    Raises:
        InputError: a recording cannot be read, or a source is of no known kind.
        ParameterError: recordings and live sources at once, or a speed or time for what is no recording.
    """
    files = [name for name in names if name != "-" and ("://" not in name) and not name.lower().startswith("opensky:")]
    if names and not files:
        if speed is not None or start is not None:
            what = "--speed" if speed is not None else "--from"
            raise ParameterError(
                what, speed if speed is not None else start, "is for recordings", remedy="leave it out"
            )
        return _live(names, radars)
    if len(files) < len(names):
        live = next(name for name in names if name not in files)
        raise ParameterError("SOURCE", live, "is live, others are recordings", remedy="name one kind or the other")
    return _recorded(files or [str(california())], 1.0 if speed is None else speed, start, radars)


def _live(names: list[str], radars: Radars) -> Sources:
    from overflight.surveillance.feeds.opened import decoder, open_feed

    decode = decoder(radars)

    def opened(positions: Mapping[str, int]) -> list[Feed]:
        return [open_feed(name, after=positions.get(name), decode=decode) for name in names]

    opened({})  # a name that is none is said before anything else begins
    return Sources(opened, Shown(None, 1.0), None)


def _recorded(names: list[str], speed: float, start: str | None, radars: Radars) -> Sources:
    from overflight.engine.recorded import Recorded
    from overflight.surveillance.read import read

    parameters = ReplayParameters(speed=speed, start=None if start is None else parse_time(start, "--from"))
    table = read(*names, radars=radars).table
    name = ", ".join(Path(one).name for one in names)
    key = f"{name} from {start}" if start else name  # where it goes on is counted from where it began

    def opened(positions: Mapping[str, int]) -> list[Feed]:
        return [Recorded(key, table, parameters, after=positions.get(key))]

    return Sources(opened, Shown(name, speed), _place(table))


def _place(table: pl.DataFrame) -> Place | None:
    """What a recording tells of, without the few that were far away."""
    if not table.height:
        return None
    quantiles = table.select(
        pl.col("longitude").quantile(0.01).alias("west"),
        pl.col("latitude").quantile(0.01).alias("south"),
        pl.col("longitude").quantile(0.99).alias("east"),
        pl.col("latitude").quantile(0.99).alias("north"),
    )
    west, south, east, north = quantiles.row(0)
    return west, south, east, north
