"""``overflight register``: the neutral register of who flies where and when (a DSS of ASTM F3548-21)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(
    keys: Annotated[
        Path,
        typer.Option(help="Public keys of the authority whose tokens are taken: JWKS or PEM.", show_default=False),
    ],
    audience: Annotated[
        list[str],
        typer.Option(help="Name by which tokens are for this register; may be repeated.", show_default=False),
    ],
    database: Annotated[
        str | None,
        typer.Option(
            help="postgresql://USER@HOST/NAME, which several registers may share. [overflight-register.sqlite]",
            show_default=False,
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a record, made with overflight key new, that every change is written into for all to verify.",
            show_default=False,
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Write more to the log on standard error.")] = False,
    listen: Annotated[str, typer.Option(help="HOST:PORT.")] = "127.0.0.1:8090",
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate (PEM), for TLS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    behind_proxy: Annotated[
        str | None, typer.Option(help="Address of the proxy that ends TLS before this.", show_default=False)
    ] = None,
) -> None:
    """Keep the register of where and when parties plan to fly (ASTM F3548-21, /dss/v1)."""
    from overflight.server.address import Address
    from overflight.server.bearer import Bearers
    from overflight.server.registering import Settings, run

    address = Address.of(listen, tls_cert, tls_key, behind_proxy)
    place = database or Path("overflight-register.sqlite")
    run(Settings(place, Bearers(keys, audience), record, verbose), address)
