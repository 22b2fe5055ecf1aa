"""``overflight serve``: the service and its page."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

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
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE]...",
        help="Live sources as in watch, or a recording, which is replayed. [an hour of the demo recording, ten times as fast]",
        show_default=False,
    ),
]
DEMO_FROM = "2025-06-02T17:20:00Z"
DEMO_SPEED = 10.0


def serve(
    source: Sources = None,
    speed: Annotated[
        float | None, typer.Option(help="Of a recording: times real time; 0 for as fast as it can be judged. [1]")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="Of a recording: begin here (ISO 8601, UTC).")] = None,
    net: Annotated[list[str] | None, typer.Option(help="Net to run, as in watch; may be repeated.")] = None,
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
        str | None,
        typer.Option(
            help="How much later than others a report may come, as in watch. [5s; 0.1s of a recording, which is in order]"
        ),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Folder of a party whose record of incidents is shown, as in incident.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder for what is kept: database, positions, state. [overflight-data; a temporary one for the demo]"
        ),
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql://USER@HOST/NAME instead of SQLite in the folder.")
    ] = None,
    keep: Annotated[float, typer.Option(help="Days for which positions are kept; events are kept for good.")] = 30.0,
    smtp: Annotated[
        str | None,
        typer.Option(help="smtp://USER@HOST:587, for notices by mail; the password in OVERFLIGHT_SMTP_PASSWORD."),
    ] = None,
    smtp_from: Annotated[str | None, typer.Option(help="From whom mail comes.")] = None,
    webhook_host: Annotated[
        list[str] | None,
        typer.Option(
            help="Host of one's own network that webhooks and other systems may reach, without TLS too; may be repeated."
        ),
    ] = None,
    oidc_issuer: Annotated[
        str | None,
        typer.Option(help="Identity provider (OpenID Connect) to log in at; its secret in OVERFLIGHT_OIDC_SECRET."),
    ] = None,
    oidc_client: Annotated[str, typer.Option(help="Who this service is to it.")] = "overflight",
    oidc_claim: Annotated[str, typer.Option(help="Its claim that is the name of an account here.")] = "email",
    keys: Annotated[
        Path | None,
        typer.Option(help="Answer other systems (ASTM F3548-21) that show tokens of this authority, as in register."),
    ] = None,
    audience: Annotated[
        list[str] | None, typer.Option(help="Name by which tokens are for this service; may be repeated.")
    ] = None,
    uss_url: Annotated[
        str | None, typer.Option(help="Where other systems reach this service. [where it listens]")
    ] = None,
    token_url: Annotated[
        str | None,
        typer.Option(
            help="Where the authority gives out tokens for other systems; the secret in OVERFLIGHT_USS_SECRET."
        ),
    ] = None,
    token_client: Annotated[str, typer.Option(help="Who this service is to it.")] = "overflight",
    journal: Annotated[
        Path | None, typer.Option(help="Folder of a record that the register's journal goes into, as in register.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Write every answer to the log on standard error.")
    ] = False,
    listen: Annotated[str, typer.Option(help="HOST:PORT.")] = "127.0.0.1:8080",
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate (PEM), for TLS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    behind_proxy: Annotated[
        str | None,
        typer.Option(help="Address of the proxy that ends TLS before this; what it says of who asks is believed."),
    ] = None,
) -> None:
    """Serve the page: the sky, its alarms, who has seen them, what was found, and the record of it."""
    from overflight.cli.living import told
    from overflight.coordination.dss.requests import read_base_url
    from overflight.errors import ParameterError
    from overflight.server.address import Address
    from overflight.server.bearer import Bearers
    from overflight.server.coordinating import Others
    from overflight.server.mail import Mail
    from overflight.server.oidc import Provider
    from overflight.server.peers import Authority, OtherSystems
    from overflight.server.service import Work
    from overflight.server.serving import Kept, run
    from overflight.server.sources import open_sources
    from overflight.units import parse_duration_s

    sources = list(source or ())
    if not sources and start is None and speed is None:
        start, speed = DEMO_FROM, DEMO_SPEED
    mail = None if smtp is None else Mail.of(smtp, smtp_from, os.environ.get("OVERFLIGHT_SMTP_PASSWORD"))
    secret = os.environ.get("OVERFLIGHT_OIDC_SECRET", "")
    provider = None if oidc_issuer is None else Provider(oidc_issuer, oidc_client, secret, oidc_claim)
    inside = tuple(webhook_host or ())
    systems = None
    if token_url is not None:
        authority = Authority(token_url, token_client, os.environ.get("OVERFLIGHT_USS_SECRET", ""))
        systems = OtherSystems(authority, inside)
    if (keys is None) != (not audience):
        raise ParameterError("--keys", str(keys or ""), "goes with --audience", remedy="give both")
    bearers = None if keys is None else Bearers(keys, audience or ())
    base_url = None if uss_url is None else read_base_url(uss_url, "--uss-url")
    others = Others(bearers, base_url, systems, journal)
    where = Address.of(listen, tls_cert, tls_key, behind_proxy)
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
    opened = open_sources(sources, speed, start, radar_places(radar))
    kept = Kept(data or (Path("overflight-data") if sources else None), database, timedelta(days=keep), verbose)
    lateness_s = parse_duration_s(lateness or ("5s" if opened.shown.recording is None else "0.1s"), "--lateness")
    run(Work(opened, parameters, volumes, lateness_s, record, mail, inside, provider, others), kept, where)
