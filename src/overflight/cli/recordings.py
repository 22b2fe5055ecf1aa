"""``overflight inspect`` and ``overflight convert``: what is in a recording, and into another format with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from overflight.cli.options import RadarPlaces, Recordings, radar_places

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def inspect(
    recording: Recordings,
    radar: RadarPlaces = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Say what is in a recording: span, tracks, rates, area, integrity counts."""
    from overflight.cli.progress import waiting
    from overflight.engine.inspection import inspect_recording
    from overflight.surveillance.read import read

    with waiting(quiet) as shown:
        found = inspect_recording(read(*recording, progress=shown.read, radars=radar_places(radar)))
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1, default=str))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in found.items():
        table.add_row(name.replace("_", " "), Text(_said(value)))
    Console(highlight=False).print(table)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        counts = cast("dict[str, int]", value)
        return ", ".join(f"{key} {count:,}" for key, count in counts.items()) or "none"
    if isinstance(value, list):
        return "\n".join(cast("list[str]", value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def convert(
    source: Annotated[str, typer.Argument(metavar="IN", help="File, folder or glob; - reads standard input.")],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="FILE.parquet, .csv, .arrow or .jsonl; tracks as .geoparquet, .mfjson, .kml or .czml; - writes CSV to standard output.",
        ),
    ],
    radar: RadarPlaces = None,
    quiet: Quiet = False,
) -> None:
    """Turn any recording into a position table, or into tracks for other tools."""
    import sys

    from overflight.cli.progress import waiting
    from overflight.files import STDOUT
    from overflight.surveillance.read import read
    from overflight.surveillance.write import refuse_output, write

    refuse_output(target)
    with waiting(quiet) as shown:
        recording = read(source, progress=shown.read, radars=radar_places(radar))
        shown.step(f"writing {target.name}")
        write(recording.table, target)
    if not quiet:
        dropped = sum(recording.drops.counts.values())
        print(
            f"{recording.table.height:,} positions written to {'standard output' if target == STDOUT else target}",
            file=sys.stderr,
        )
        for reason, count in recording.drops.counts.items():
            print(
                f"dropped {count:,} of {dropped:,}: {reason} (first: {recording.drops.examples[reason]})",
                file=sys.stderr,
            )
