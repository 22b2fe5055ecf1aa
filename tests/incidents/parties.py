"""Parties for the tests: records that pin each other's keys."""

from __future__ import annotations

from pathlib import Path

from overflight.incidents.party import Party, create

QUORUM = "group others any {names}\nquorum others\n"


def parties(folder: Path, *names: str, quorum: bool = False) -> list[Party]:
    """Make records that know each other; with `quorum` a checkpoint needs a cosignature of somebody else."""
    made = [create(folder / name, name) for name in names]
    lines = [line for one in made for line in card(one)]
    end = QUORUM.format(names=" ".join(names)) if quorum else "quorum none\n"
    for one in made:
        (one.folder / "policy").write_text("\n".join([*lines, end]))
        one.close()
    return [Party(one.folder) for one in made]


def card(party: Party) -> list[str]:
    """The lines by which others pin a party's keys."""
    return party.card
