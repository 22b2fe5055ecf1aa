"""``overflight replay``: a recording as a live feed."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from overflight.cli.options import From, Recordings


def replay(
    recording: Recordings,
    to: Annotated[
        str,
        typer.Option(
            help="Where to: tcp://127.0.0.1:PORT listens and serves every client, nats://HOST:PORT/STREAM, or stdout.",
            show_default=False,
        ),
    ],
    speed: Annotated[float, typer.Option(help="Times real time; 0 for as fast as it is taken.")] = 1.0,
    start: From = None,
    end: Annotated[str | None, typer.Option("--to-time", help="Only positions before this time.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Move the times, so that the first position is of now.")] = False,
    shuffle: Annotated[
        str, typer.Option(help="Delay positions by up to this much at random: a feed's disorder, to test with.")
    ] = "0s",
    duplicate: Annotated[str, typer.Option(help='Say this share of the positions twice, "1%".')] = "0%",
    seed: Annotated[int, typer.Option(help="Of chance, for --shuffle and --duplicate.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Send a recording as a live feed: JSON lines of the position table, in order of time."""
    from overflight.cli.progress import waiting
    from overflight.engine.outlets import outlet
    from overflight.engine.replay import ReplayParameters
    from overflight.engine.replay import replay as run
    from overflight.surveillance.read import read
    from overflight.units import parse_duration_s, parse_time

    parameters = ReplayParameters(
        speed=speed,
        start=None if start is None else parse_time(start, "--from"),
        end=None if end is None else parse_time(end, "--to-time"),
        now=now,
        shuffle_s=parse_duration_s(shuffle, "--shuffle"),
        duplicate=_share(duplicate),
        seed=seed,
    )
    target = outlet(to)
    with waiting(quiet) as shown:
        table = read(*recording, progress=shown.read).table
        shown.step("replaying")
        sent = run(table, parameters, target, lambda done: shown.read(done, table.height))
    if not quiet:
        print(f"{sent:,} positions sent", file=sys.stderr)


def _share(text: str) -> float:
    from overflight.errors import ParameterError

    try:
        return float(text.strip().removesuffix("%")) / (100.0 if text.strip().endswith("%") else 1.0)
    except ValueError:
        raise ParameterError("--duplicate", text, "is no share", remedy='write it like "1%"') from None
