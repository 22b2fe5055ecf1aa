"""The recordings that ship with the package."""

from __future__ import annotations

from pathlib import Path

from overflight.errors import InputError

NAME = "adsblol_20250602_36_-122.jsonl.gz"


def california() -> Path:
    """Path of the demo recording: in an installed package beside this module, in a checkout in ``examples/``.

    Raises:
        InputError: it is in neither place.
    """
    return _example("california-2025") / NAME


def october() -> Path:
    """Folder of the October 2015 scenario.

    Raises:
        InputError: it is in neither place.
    """
    return _example("october-2015")


def _example(name: str) -> Path:
    here = Path(__file__).resolve().parent
    for folder in (here / "examples", here.parents[1] / "examples"):
        if (folder / name).is_dir():
            return folder / name
    raise InputError("the example is missing", path=name, remedy="install overflight again, or clone its repository")
