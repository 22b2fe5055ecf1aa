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
    recording: Annotated[
        list[str] | None, typer.Option(help="Positions to hold them against; may be repeated.")
    ] = None,
    airspace: Annotated[list[str] | None, typer.Option(help="The volume that they speak of; may be repeated.")] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(help='Which track somebody is: "the aircraft=adsb:a1b2c3"; may be repeated.', metavar="WHO=TRACK"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print claims, verdicts and findings as JSON.")] = False,
) -> None:
    """Hold the claims of an incident against physics, each other and tracks, with the arithmetic."""
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
    if recording or airspace or track:
        judged = _held(judged, recording or [], airspace or [], track or [])
    if as_json:
        told = {"claims": [asdict(one) for one in judged], "findings": [asdict(one) for one in found]}
        print(json.dumps(told, ensure_ascii=False, indent=1, default=datetime.isoformat))
    else:
        _print(judged, found)


def _held(judged: list[Examined], recordings: list[str], volumes: list[str], tracks: list[str]) -> list[Examined]:
    from overflight import api
    from overflight.errors import ParameterError
    from overflight.incidents.claims import subject
    from overflight.incidents.tracks import held, stays_of

    for name, given in (("--recording", recordings), ("--airspace", volumes), ("--track", tracks)):
        if not given:
            raise ParameterError(name, "", "is missing", remedy="give recording, airspace and track together")
    whose: dict[str, list[str]] = {}
    for text in tracks:
        who, _, name = text.partition("=")
        if not (who.strip() and name.strip()):
            raise ParameterError("--track", text, "names nobody", remedy='write it like "the aircraft=adsb:a1b2c3"')
        whose.setdefault(subject(who), []).append(name.strip())
    read = api.read(*recordings)
    known = set(read.table["track_id"].unique())
    subjects = {one.claim.subject for one in judged}
    for who, names in whose.items():
        if who not in subjects:
            raise ParameterError(
                "--track", who, "is nobody that a claim is of", remedy=f"choose from {', '.join(sorted(subjects))}"
            )
        for name in names:
            if name not in known:
                raise ParameterError(
                    "--track", name, "is no track of the recording", remedy="overflight inspect lists them"
                )
    found = api.check(read, airspace=volumes, nets=("incursion", "hazard"))
    stays = {who: stays_of(found.to_polars(), read.table, names) for who, names in whose.items()}
    return held(judged, stays)


@incident.command()
def cite(
    page: Annotated[
        str, typer.Argument(metavar="PAGE", help="An HTML file, or its http(s) address.", show_default=False)
    ],
    case: Annotated[str, typer.Option(help="The case that the claims are of.", show_default=False)],
    of: Annotated[str, typer.Option(help="Whom or what they are of.")] = "the aircraft",
    evidence: Annotated[Path, typer.Option(help="Where the page is kept, named by a salted digest.")] = Path(
        "evidence"
    ),
    out: Annotated[
        Path | None,
        typer.Option(help="Ask of every proposal whether it is right, and add those that are to FILE.json."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the proposals as JSON.")] = False,
) -> None:
    """Propose claims from a press page, each with its sentence, and keep the page as evidence."""
    import sys

    from overflight.errors import ParameterError
    from overflight.incidents.citation import keep, read_page
    from overflight.incidents.proposals import proposals

    if out is not None and not sys.stdin.isatty():
        raise ParameterError(
            "--out",
            str(out),
            "needs somebody to ask",
            remedy="run it in a terminal, or leave it out to see the proposals",
        )
    read = read_page(page)
    found, dropped = proposals(read.text, read.date)
    kept = keep(read, evidence)
    told = [one.claim(case, of, read.source) | {"sentence": one.sentence} for one in found]
    if as_json:
        about = {"title": read.title, "date": read.date, "source": read.source, "evidence": kept.name}
        print(json.dumps(about | {"proposals": told, "dropped": dropped}, ensure_ascii=False, indent=1))
        return
    print(f"{read.title} ({read.date or 'no date'}), {read.source}\nkept as {kept}")
    if dropped:
        print("dropped: " + ", ".join(f"{count} {reason}" for reason, count in dropped.items()))
    right: list[dict[str, object]] = []
    for number, (one, row) in enumerate(zip(found, told, strict=True), 1):
        number_and_unit = "" if one.value is None else f" {one.value} {one.unit}"
        bound = "" if one.bound == "exactly" else f"{one.bound} "
        print(f"\n{number}. {one.by}: {one.quantity}, {bound}{one.what}{number_and_unit}\n   “{one.sentence}”")
        if out is not None and typer.confirm("   Is that what was said?", default=False):
            right.append({name: value for name, value in row.items() if name != "sentence"})
    if out is None:
        print(f"\n{len(found)} proposals; nobody has confirmed them. --out FILE.json asks for each.")
    else:
        _add(out, right)
        print(
            f"\n{len(right)} of {len(found)} written to {out}: add what is missing, and hold them with overflight incident examine."
        )


def _add(path: Path, rows: list[dict[str, object]]) -> None:
    from overflight.errors import InputError
    from overflight.files import whole_file

    known: list[object] = []
    if path.exists():
        try:
            known = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            known = {}  # type: ignore[assignment]
        if not isinstance(known, list):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputError("is no list of claims", path=str(path), remedy="name another file")
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps([*known, *rows], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


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
