"""``overflight demo``: the main job on the real recording that ships with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_OUT = Path("overflight-demo")


def demo(
    out: Annotated[Path, typer.Option(help="Folder for report.html, events.parquet and events.geojson.")] = DEFAULT_OUT,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary, no progress.")] = False,
) -> None:
    """Check a day over California: 41,294 real ADS-B positions of 2 June 2025 (adsb.lol, ODbL)."""
    from overflight.cli.check import check
    from overflight.errors import InputError
    from overflight.examples import california

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be made ({error.strerror})", path=str(out), remedy="name another folder with --out"
        ) from None
    files = [out / name for name in ("report.html", "events.parquet", "events.geojson")]
    check([str(california())], out=files, quiet=quiet)
