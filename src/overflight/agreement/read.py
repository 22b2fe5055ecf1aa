"""Agreements from TOML; what is wrong is said with its line and its key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from overflight.agreement.model import RULES, Agreement
from overflight.errors import InputError

MOST_BYTES: Final = 2_000_000
_HEAD: Final = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY: Final = re.compile(r"""^\s*([A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*[.=]""")


def read_agreement(path: str | Path) -> Agreement:
    """Read an agreement.

    Raises:
        InputError: it cannot be read, is no TOML, or a part of it is wrong; the message names line and key.
    """
    name = str(path)
    try:
        content = Path(path).read_bytes()
        if len(content) > MOST_BYTES:
            raise InputError(f"is larger than {MOST_BYTES:,} bytes", path=name)
        text = content.decode("utf-8")
        told = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=name) from None
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"is no TOML ({error})", path=name, remedy="overflight agreement new writes one to begin with"
        ) from None
    try:
        return Agreement.model_validate(told).read_from(Path(path), content)
    except ValidationError as error:
        first = error.errors()[0]
        # where a rule is of one kind, the kind stands between its number and its key
        loc = [part for part in first["loc"] if not (isinstance(part, str) and part in RULES)]
        key = ".".join(str(part) for part in loc) or "agreement"
        said = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{key}: {said[0].lower()}{said[1:]}", path=name, place=f"line {line_of(text, loc)}") from None


def line_of(text: str, loc: Sequence[Any]) -> int:
    """Return the line (from 1) of a key: of its table where the key is missing; 1 where that is, too."""
    path = [str(part) for part in loc if not isinstance(part, int)]
    numbers = [part for part in loc if isinstance(part, int)]
    seen: dict[str, int] = {}
    here: list[str] = []
    best, depth = 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        if head := _HEAD.match(line):
            here = [part.strip().strip("\"'") for part in head[2].split(".")]
            if head[1] == "[[":
                name = ".".join(here)
                seen[name] = seen.get(name, -1) + 1
                for longer in [one for one in seen if one.startswith(f"{name}.")]:
                    del seen[longer]
        elif key := _KEY.match(line):
            found = [*here, key[1].strip("\"'")]
            if _same(found, path, numbers, seen) and len(found) > depth:
                best, depth = number, len(found)
            continue
        else:
            continue
        if _same(here, path, numbers, seen) and len(here) > depth:
            best, depth = number, len(here)
    return best


def _same(here: list[str], path: list[str], numbers: list[int], seen: dict[str, int]) -> bool:
    """Whether `here` leads to `path`, by the numbers of the tables that it lies in."""
    if not here or here != path[: len(here)]:
        return False
    counted = [seen[name] for k in range(1, len(here) + 1) if (name := ".".join(here[:k])) in seen]
    return counted == numbers[: len(counted)]


def template() -> str:
    """Return an agreement to begin with, with comments."""
    return files("overflight.agreement").joinpath("template.toml").read_text(encoding="utf-8")
