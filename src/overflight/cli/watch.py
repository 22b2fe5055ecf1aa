"""``overflight watch``: live, in the terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from overflight.cli.options import (
    Agreed,
    Allow,
    GivenMinima,
    Logged,
    MaxGap,
    Profile,
    QnhUncertainty,
    RadarPlaces,
    UnknownAltitude,
    VerticalTolerance,
    radar_places,
)

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="tcp://HOST:PORT (Beast, SBS, JSON lines), http://HOST/data/aircraft.json, opensky:W,S,E,N, udp://HOST:PORT (ASTERIX), "
        "nats://HOST:PORT/STREAM, or - for JSON lines on standard input.",
        show_default=False,
    ),
]


def watch(
    source: Sources,
    net: Annotated[
        list[str] | None,
        typer.Option(help="Net to run, as in check; may be repeated. [all; those that need it only with --airspace]"),
    ] = None,
    airspace: Annotated[list[str] | None, typer.Option(help="Volumes, as in check; may be repeated.")] = None,
    agreement: Agreed = None,
    log: Logged = None,
    allow: Allow = None,
    qnh_uncertainty: QnhUncertainty = 30.0,
    alerting: Annotated[str, typer.Option(help="Levels of predicted conflicts, as in check.")] = "stca",
    minima: GivenMinima = None,
    profile: Profile = None,
    vertical_tolerance: VerticalTolerance = None,
    max_gap: MaxGap = "60s",
    unknown_altitude: UnknownAltitude = "count",
    radar: RadarPlaces = None,
    lateness: Annotated[
        str, typer.Option(help="How much later than others a report may come; later ones are dropped and counted.")
    ] = "5s",
    state: Annotated[
        Path | None,
        typer.Option(
            help="Folder for events.jsonl, which only grows, and for the state that a loop started again goes on from: "
            "nothing is lost or told twice, if the source can go back (nats://)."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print changes as JSON lines instead of a screen.")] = False,
) -> None:
    """Watch live sources: losses, conflicts ahead, airspace entered, vanished tracks, interference, and sources that fall silent."""
    from overflight.cli.living import told
    from overflight.engine.journal import Journal
    from overflight.engine.ledger_file import LedgerFile
    from overflight.engine.live import Live
    from overflight.engine.watch import Watch, signals
    from overflight.surveillance.feeds.opened import decoder, open_feed
    from overflight.units import parse_duration_s

    parameters, volumes = told(
        net,
        airspace,
        agreement,
        log,
        minima=minima,
        profile=profile,
        vertical_tolerance=vertical_tolerance,
        max_gap=max_gap,
        unknown_altitude=unknown_altitude,
        allow=tuple(allow or ()),
        qnh_uncertainty_hpa=qnh_uncertainty,
        alerting=alerting,
    )
    live = Live(parameters, volumes, parse_duration_s(lateness, "--lateness"))
    journal = Journal(LedgerFile(state), state / "state", live) if state is not None else None
    places = radar_places(radar)
    feeds = [open_feed(name, after=live.positions.get(name), decode=decoder(places)) for name in source]

    def print_lines(changes: list[dict[str, Any]]) -> None:
        for change in changes:
            sys.stdout.write(json.dumps(change, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    if as_json:
        loop = Watch(live, feeds, journal, print_lines)
        with signals(loop.stop):
            loop.run()
        return
    from overflight.cli.screen import Screen

    with Screen(live) as screen:
        loop = Watch(live, feeds, journal, screen.told, screen.show)
        with signals(loop.stop):
            loop.run()
    screen.last()
