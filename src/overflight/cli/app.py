"""The commands, and what all of them have."""

from __future__ import annotations

from typing import Annotated

import typer

from overflight._version import __version__
from overflight.cli import (
    agreement,
    airspace,
    check,
    coordinate,
    demo,
    evaluate,
    key,
    record,
    recordings,
    register,
    replay,
    serve,
    watch,
)

app = typer.Typer(
    help="Flight safety for airspace that several parties share and do not all trust.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # brackets in the help are brackets
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("check")(check.check)
app.command("evaluate")(evaluate.evaluate)
app.command("inspect")(recordings.inspect)
app.command("convert")(recordings.convert)
app.command("replay")(replay.replay)
app.command("demo")(demo.demo)
app.command("watch")(watch.watch)
app.command("serve")(serve.serve)
app.command("register")(register.register)
app.add_typer(coordinate.coordinate, name="coordinate")
app.add_typer(airspace.airspace, name="airspace")
app.add_typer(agreement.agreement, name="agreement")
app.add_typer(record.incident, name="incident")
app.add_typer(key.key, name="key")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"overflight {__version__}")
        raise typer.Exit


@app.callback()
def everywhere(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Find every moment at which flights were not safe. Advisory: it decides nothing."""
