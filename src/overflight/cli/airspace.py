"""``overflight airspace``: look at volumes, find what is wrong with them, hold dangers against notices, turn them into GeoJSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from overflight.airspace.volume import Airspace, Volume

airspace = typer.Typer(
    help="Volumes of airspace: show, validate, audit and convert them.", rich_markup_mode=None, no_args_is_help=True
)

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="GeoJSON, OpenAir, AIXM, ED-269, ED-318, NOTAM, bulletins; or fir:LTAA,OSTT, country:TR.",
        show_default=False,
    ),
]
PIPED_WIDTH = 200
"""Columns of a table that no terminal sets the width of."""


@airspace.command()
def show(
    file: Sources,
    out: Annotated[
        list[Path] | None, typer.Option(help="Draw a map into FILE.svg or FILE.png; may be repeated.")
    ] = None,
) -> None:
    """List the volumes of files, and what was refused; draw them."""
    import sys

    from overflight.airspace.read import read_airspace

    if out:
        from overflight.report.airspace_map import draw, refuse_output

        for path in out:
            refuse_output(path)
        found = read_airspace(*file)
        for path in out:
            draw(found, path)
    else:
        found = read_airspace(*file)
    _print(found)
    for path in out or []:
        print(f"map written to {path}", file=sys.stderr)


def _print(found: Airspace) -> None:
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    if found.volumes:
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for heading in ("id", "name", "kind", "floor", "ceiling", "parts", "vertices", "active", "owner", "notes"):
            right = heading in {"parts", "vertices", "notes"}
            table.add_column(heading, justify="right" if right else "left", overflow="fold", no_wrap=right)
        for volume in found.volumes:
            table.add_row(*map(Text, _row(volume)))
        console.print(table)
    count = len(found.volumes)
    noted = sum(bool(volume.notes) for volume in found.volumes)
    console.print(
        Text(f"{count:,} volume{'' if count == 1 else 's'}, {noted:,} with notes, {len(found.refused):,} refused")
    )
    for refused in found.refused:
        console.print(Text(f"refused: {refused.source}: {refused.name}: {refused.reason}", style="red"), soft_wrap=True)


def _row(volume: Volume) -> tuple[str, ...]:
    rings = [ring for part in volume.parts for ring in (part.outer, *part.holes)]
    return (
        volume.id,
        "" if volume.name == volume.id else volume.name,
        volume.kind,
        str(volume.floor),
        str(volume.ceiling),
        f"{len(volume.parts):,}",
        f"{sum(len(ring) for ring in rings):,}",
        _active(volume),
        volume.owner or "",
        f"{len(volume.notes):,}" if volume.notes else "",
    )


def _active(volume: Volume) -> str:
    """Say when a volume is active: its first time, and how many more there are."""
    if not volume.active:
        return "always"
    first = volume.active[0]
    start, end = (None if each is None else f"{each:%Y-%m-%d %H:%M}Z" for each in (first.start, first.end))
    estimated = " (estimated)" if volume.estimated_end else ""
    said = f"{start or '…'} to {end or '…'}{estimated}"
    return said if len(volume.active) == 1 else f"{said}, {len(volume.active) - 1} more"


@airspace.command()
def validate(file: Sources) -> None:
    """Print a line for each volume that was refused, and for each note; exit with 1 if there is one."""
    from overflight.airspace.read import read_airspace

    found = read_airspace(*file)
    lines = [f"{each.source}: {each.name}: refused: {each.reason}" for each in found.refused]
    lines += [f"{each.source}: {each.name}: noted: {note}" for each in found.volumes for note in each.notes]
    for line in dict.fromkeys(" ".join(line.split()) for line in lines):  # the volumes of one notice share its notes
        print(line)
    if lines:
        raise typer.Exit(1)
    count = len(found.volumes)
    print(f"{count:,} volume{'' if count == 1 else 's'}, nothing refused, nothing noted")


@airspace.command()
def audit(
    file: Sources,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Say which flight information regions the dangers cross, and where no notice covers them for sure; exit with 1 if there is such a place."""
    from overflight.airspace.audit import audit as held_against
    from overflight.airspace.notices import OPEN, PARTLY, UNDECIDED
    from overflight.airspace.read import read_airspace

    given = read_airspace(*file)
    found = held_against(given)
    refused = [f"NOT audited, as it cannot be read: {one.source}: {one.name}: {one.reason}" for one in given.refused]
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps(asdict(found) | {"refused": refused}, default=str, ensure_ascii=False, indent=1))
    else:
        for line in [*refused, *(found.lines() or ["there is no danger in it, and no notice that contradicts itself"])]:
            print(line)
    if refused or any(one.verdict in {OPEN, PARTLY, UNDECIDED} for one in found.crossings):
        raise typer.Exit(1)


@airspace.command()
def convert(
    file: Sources,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="FILE.geojson; - writes to standard output.")],
) -> None:
    """Turn volumes into GeoJSON that reads as the same volumes; what was refused is told on standard error."""
    import sys

    from overflight.airspace.read import read_airspace
    from overflight.airspace.write import refuse_output, write_airspace

    refuse_output(out)
    found = read_airspace(*file)
    write_airspace(found, out)
    for refused in found.refused:
        print(f"left out: {refused.source}: {refused.name}: refused: {refused.reason}", file=sys.stderr)
