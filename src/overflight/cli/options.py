"""Options that several commands take, in the same words."""

from __future__ import annotations

from typing import Annotated

import typer

Recordings = Annotated[
    list[str],
    typer.Argument(metavar="RECORDING...", help="Files, folders or globs; - reads standard input.", show_default=False),
]

RadarPlaces = Annotated[
    list[str] | None,
    typer.Option(
        "--radar",
        help='Where a radar of ASTERIX category 048 stands, "25/10=50.90,4.48,60 m": SAC/SIC, degrees, height; may be repeated.',
    ),
]

Allow = Annotated[
    list[str] | None, typer.Option(help='Tracks that may be in any volume, "callsign=THY*"; may be repeated.')
]

Agreed = Annotated[
    str | None,
    typer.Option("--agreement", help="An agreement (TOML) whose breaches are looked for.", show_default=False),
]

Logged = Annotated[
    list[str] | None, typer.Option("--log", help="Calls, notices and plans (CSV, JSON) for it; may be repeated.")
]

QnhUncertainty = Annotated[
    float, typer.Option(help="How far QNH may be from 1013.25 hPa, for limits above mean sea level.")
]

GivenMinima = Annotated[
    str | None,
    typer.Option(help='Minima of every pair, "5 NM/1000 ft". Without: by the rules of flight of each pair.'),
]

Profile = Annotated[str | None, typer.Option(help="Named minima of every pair: en-route, terminal, well-clear, nmac.")]

VerticalTolerance = Annotated[
    str | None, typer.Option(help='Taken off vertical minima, "0 ft". [200 ft off minima of 1000 ft and more]')
]

MaxGap = Annotated[str, typer.Option(help="Two reports of a track at most this far apart are bridged.")]

From = Annotated[str | None, typer.Option("--from", help="Only positions from this time on (ISO 8601, UTC).")]

To = Annotated[str | None, typer.Option("--to", help="Only positions before this time.")]

Within = Annotated[str | None, typer.Option(help="Only positions within W,S,E,N (degrees).")]

UnknownAltitude = Annotated[
    str, typer.Option(help='Pairs without altitude: "count" the time, or "report" them as undetermined.')
]


def radar_places(texts: list[str] | None) -> dict[str, tuple[float, float, float]]:
    """Read --radar, each "25/10=50.90,4.48,60 m".

    Raises:
        ParameterError: one is not written so.
    """
    from overflight.surveillance.radars import parse_radar

    return dict(parse_radar(text, "--radar") for text in texts or [])
