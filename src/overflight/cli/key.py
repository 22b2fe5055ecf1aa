"""``overflight key``: a party's keys, and the lines by which others pin them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from overflight.incidents.party import Party

key = typer.Typer(help="A party's keys.", rich_markup_mode=None, no_args_is_help=True)

RECORD = Path("record")
Record = Annotated[Path, typer.Option("--record", help="The folder of the party's record.", show_default="record")]


@key.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the party is called.", show_default=False)],
    record: Record = RECORD,
    database: Annotated[
        str | None,
        typer.Option(help="postgresql://... for the logs; without it a file in the record.", show_default=False),
    ] = None,
) -> None:
    """Make keys and an empty record for a party."""
    from overflight.incidents.party import create

    party = create(record, name, database)
    print(f"made {record}: keys readable by you only, an empty log, a policy that knows nobody else")
    print("the lines for the policies of the others (give them by a way that they trust):\n")
    _print(party)
    party.close()


@key.command()
def show(record: Record = RECORD) -> None:
    """Print the lines by which other parties pin the keys of this one, for their policies."""
    from overflight.incidents.party import Party

    party = Party(record)
    _print(party)
    party.close()


def _print(party: Party) -> None:
    print("\n".join(party.card))
