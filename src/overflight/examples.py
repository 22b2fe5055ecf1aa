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
    here = Path(__file__).resolve().parent
    for folder in (here / "examples", here.parents[1] / "examples"):
        path = folder / "california-2025" / NAME
        if path.is_file():
            return path
    raise InputError(
        "the demo recording is missing", path=NAME, remedy="install overflight again, or clone its repository"
    )
