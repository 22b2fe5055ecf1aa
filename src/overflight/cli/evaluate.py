"""``overflight evaluate``: what sets of alerting parameters would have cost and saved."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overflight.cli.options import From, MaxGap, Recordings, To, Within
from overflight.errors import ParameterError

if TYPE_CHECKING:
    from overflight.engine.evaluation import Evaluation

NOTE = (
    "Advisory. An alert that no loss followed may have been needed: somebody may have acted on what it told. "
    "Whether a loss of these distances was a loss of separation depends on the rules of flight, which are not asked here."
)


def evaluate(
    recording: Recordings,
    alerting: Annotated[
        list[str] | None,
        typer.Option(
            help="Set of parameters: stca, stca-layered, do365-en-route, -terminal, -non-cooperative; may be repeated. "
            "[stca and do365-en-route]"
        ),
    ] = None,
    lookahead: Annotated[
        str | None,
        typer.Option(help="Each set with its times scaled so that alerts begin so long before a loss, 60s,90s,120s."),
    ] = None,
    least_warning: Annotated[str, typer.Option(help="A warning shorter than this is late.")] = "30s",
    max_gap: MaxGap = "60s",
    start: From = None,
    end: To = None,
    bbox: Within = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(help="Write the report to FILE.html, or the figures to FILE.json; may be repeated."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the figures, and every alert and loss, as JSON.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No table, no progress.")] = False,
) -> None:
    """Say what sets of alerting parameters would have cost and saved."""
    from overflight import api
    from overflight.cli.progress import waiting
    from overflight.engine.evaluate import DEFAULT_SETS
    from overflight.files import refuse_missing_folder, whole_file
    from overflight.units import parse_bbox

    for path in out or []:
        if path.suffix.lower() not in {".html", ".json"}:
            raise ParameterError(
                "--out", str(path), "is no report or table of figures", remedy="name a .html or .json file"
            )
        refuse_missing_folder(path)
    with waiting(quiet) as shown:
        found = api.evaluate(
            list(recording),
            alerting=alerting or DEFAULT_SETS,
            lookahead=lookahead.split(",") if lookahead else (),
            least_warning=least_warning,
            max_gap=max_gap,
            start=start,
            end=end,
            bbox=None if bbox is None else parse_bbox(bbox, "--bbox"),
            progress=shown.read,
            report=shown.step,
        )
        for path in out or []:
            shown.step(f"writing {path.name}")
            if path.suffix.lower() == ".html":
                from overflight.report.evaluation import write_evaluation

                write_evaluation(found, path)
            else:
                with whole_file(path) as temporary:
                    temporary.write_text(_json(found), encoding="utf-8")
    if as_json:
        print(_json(found))
    elif not quiet:
        print_evaluation(found, [str(path) for path in out or []])


def _json(found: Evaluation) -> str:
    plain = found.as_json()
    for told, each in zip(plain["sets"], found.sets, strict=True):
        for name, frame in (("every_alert", each.alerts), ("every_loss", each.losses)):
            told[name] = frame.to_dicts()
    return json.dumps(plain, ensure_ascii=False, indent=1, default=datetime.isoformat)


def print_evaluation(found: Evaluation, written: list[str]) -> None:
    """Print the sets side by side."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from overflight.report.comparison import compared, replayed

    console = Console(highlight=False)
    read = Table.grid(padding=(0, 2))
    read.add_column(style="bold", no_wrap=True)
    read.add_column(overflow="fold")
    for name, text in replayed(found):
        read.add_row(name, Text(text))
    for path in written:
        read.add_row("Written", Text(path))
    console.print(read)
    console.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for each in found.sets:
        table.add_column(each.alerting.name, justify="right")
    for name, *cells in compared(found):
        table.add_row(Text(name, style="" if name.startswith(" ") else "bold"), *cells)
    console.print(table)
    console.print(Text(NOTE, style="dim"))
