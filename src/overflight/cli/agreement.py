"""``overflight agreement``: what parties agreed, written, checked and said in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

agreement = typer.Typer(help="What parties agreed.", rich_markup_mode=None, no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE.toml", help="The agreement.", show_default=False)]


@agreement.command()
def new(
    out: Annotated[
        Path | None, typer.Argument(metavar="[FILE.toml]", help="Where to write it; else it is printed.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="The JSON Schema instead, for editors and other programs.")
    ] = False,
) -> None:
    """Write an agreement to begin with, with comments."""
    from overflight.agreement.model import Agreement
    from overflight.agreement.read import template
    from overflight.errors import InputError
    from overflight.files import whole_file

    text = json.dumps(Agreement.model_json_schema(), indent=1) + "\n" if schema else template()
    if out is None:
        print(text, end="")
        return
    if out.exists():
        raise InputError("is there already", path=str(out), remedy="name another file")
    with whole_file(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"{out}: change it, then overflight agreement validate {out}")


@agreement.command()
def validate(file: File) -> None:
    """Check an agreement and the volumes that it names; what is wrong is said with line and key."""
    from overflight.agreement.model import AREAS
    from overflight.agreement.read import read_agreement
    from overflight.agreement.versions import Volumes, parts_of, variant, views

    read = read_agreement(file)
    volumes = Volumes(read.folder)
    notes: list[str] = []
    for rule in read.rules:
        for party, here in views(read, rule) if rule.kind in AREAS else ():
            for part in parts_of(here):
                if variant(here, party.border, part) is None:
                    notes.append(f"rule {rule.id}: {party.id} has no border; by its version nobody is inside")
                else:
                    volumes.part(here, party.border, part)
    for note in dict.fromkeys(notes):
        print(f"note: {note}")
    print(f"{file}: {len(read.party)} parties, {len(read.rule)} rules, {len(volumes.digests)} files of volumes; sound")


@agreement.command()
def explain(file: File) -> None:
    """Say an agreement in words, for whoever reads no TOML."""
    from overflight.agreement.explain import explain as explained
    from overflight.agreement.read import read_agreement

    print(explained(read_agreement(file)), end="")
