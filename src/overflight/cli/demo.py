"""``overflight demo``: the main job on the real recording that ships with the package, and the scenario it was made for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_OUT = Path("overflight-demo")


SCENARIOS = ("california-2025", "october-2015")


def demo(
    which: Annotated[
        str, typer.Argument(metavar="[SCENARIO]", help="california-2025, a real day, or october-2015, told in order.")
    ] = SCENARIOS[0],
    out: Annotated[Path, typer.Option(help="Folder for report.html, events.parquet and events.geojson.")] = DEFAULT_OUT,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary, no progress.")] = False,
) -> None:
    """Check a day over California: 41,294 real ADS-B positions of 2 June 2025 (adsb.lol, ODbL). Or tell of October 2015."""
    from overflight.cli.check import check
    from overflight.errors import InputError, ParameterError
    from overflight.examples import california

    if which not in SCENARIOS:
        raise ParameterError("SCENARIO", which, "is none", remedy=f"choose from {', '.join(SCENARIOS)}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be made ({error.strerror})", path=str(out), remedy="name another folder with --out"
        ) from None
    if which == SCENARIOS[1]:
        from overflight.cli.october import tell

        tell(out)
        if not quiet:
            print(f"{out / 'report.html'}: the story; {out / 'incident.zip'}: its record, which anybody can verify:")
            print(f"overflight incident verify {out / 'incident.zip'} --policy {out / 'policy'}")
        return
    files = [out / name for name in ("report.html", "events.parquet", "events.geojson")]
    check([str(california())], out=files, quiet=quiet)
