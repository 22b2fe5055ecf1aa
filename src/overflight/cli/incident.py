"""``overflight incident``: what is said of an incident, held against physics and against what others say."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from overflight.incidents.examination import Examined, Finding

incident = typer.Typer(help="What is said of an incident.", rich_markup_mode=None, no_args_is_help=True)

NOTE = "Advisory. It says what can be true together, not who is right. Undetermined is an answer: no track was given that decides."
PIPED_WIDTH = 160
"""Columns of a table that no terminal sets the width of."""


@incident.command()
def examine(
    claims: Annotated[Path, typer.Argument(metavar="CLAIMS.json", help="What was said, by whom.", show_default=False)],
    case: Annotated[str | None, typer.Option(help="Only the claims of this case.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print claims, verdicts and findings as JSON.")] = False,
) -> None:
    """Hold the claims of an incident against physics and each other, with the arithmetic."""
    from overflight.errors import ParameterError
    from overflight.incidents.claims import read_claims
    from overflight.incidents.examination import examine as examined

    read = read_claims(claims)
    cases = list(dict.fromkeys(claim.case for claim in read))
    if case is not None:
        if case not in cases:
            raise ParameterError("--case", case, "is none of this file", remedy=f"choose from {', '.join(cases)}")
        read = [claim for claim in read if claim.case == case]
    judged, found = examined(read)
    if as_json:
        told = {"claims": [asdict(one) for one in judged], "findings": [asdict(one) for one in found]}
        print(json.dumps(told, ensure_ascii=False, indent=1, default=datetime.isoformat))
    else:
        _print(judged, found)


def _print(judged: list[Examined], found: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPED_WIDTH)
    for case in dict.fromkeys(one.claim.case for one in judged):
        table = Table(title=Text(case), title_justify="left", box=None, padding=(0, 2, 0, 0), title_style="bold")
        table.add_column("", justify="right", no_wrap=True)
        for name, ratio in (("claim", 3), ("who", 2), ("verdict and arithmetic", 5)):
            table.add_column(name, overflow="fold", ratio=ratio)
        for one in judged:
            if one.claim.case == case:
                said = f"{one.claim.of}: {one.claim.said}"
                why = "\n".join([one.verdict, *one.why])
                table.add_row(str(one.claim.number), Text(said), Text(one.claim.by), Text(why))
        console.print(table)
        console.print()
    for outcome in ("impossible", "contradict", "agree"):
        some = [one for one in found if one.outcome == outcome]
        if some:
            console.print(Text(f"{_HEADS[outcome]} ({len(some)})", style="bold"))
        for one in some:
            console.print(Text(f"  {' and '.join(map(str, one.claims))}, {one.among}: {one.why}"))
    console.print(Text(NOTE, style="dim"))


_HEADS = {
    "impossible": "Impossible together",
    "contradict": "One says what another denies",
    "agree": "The same, said twice",
}
