"""`read_airspace`: volumes from files of any format, found by their content."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

from overflight.airspace.apart import apart
from overflight.airspace.readers.format import Format
from overflight.airspace.readers.registry import FORMATS, format_of
from overflight.airspace.sets import resolve
from overflight.airspace.volume import Airspace, Volume
from overflight.errors import InputError

LARGEST: Final = 200_000_000
"""Bytes of an airspace file; the whole world's as AIXM is less."""


def read_airspace(*sources: str | Path) -> Airspace:
    """Read volumes from files, or bundled ones by name: ``fir:LTAA,OSTT``, ``country:TR,SY`` (see `sets`).

    Returns:
        The volumes of all files in order, notices last, and what was refused. Ids that occur twice are made different.

    Raises:
        InputError: a file that cannot be read, is of no known format, or is damaged as a whole; a name not known.
    """
    found = Airspace()
    several: dict[str, list[tuple[bytes, str]]] = {}  # documents that speak of each other, by their format
    for name in map(str, sources):
        named = resolve(name)
        if named is not None:
            found += named
            continue
        kind, data = _file(name)
        label = Path(name).name
        digest = Airspace(digests=(hashlib.sha256(data).hexdigest(),))
        if kind.read_all is None:
            found += kind.read(data, label) + digest
        else:
            several.setdefault(kind.name, []).append((data, label))
            found += digest
    for kind in FORMATS:
        if kind.read_all is not None and kind.name in several:
            found += kind.read_all(several[kind.name])
    return replace(found, volumes=_distinct(found))


def _file(name: str) -> tuple[Format, bytes]:
    path = Path(name)
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"is larger than {LARGEST / 1e6:.0f} MB", path=name, remedy="split it")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot be read ({error})", path=name, remedy="check the path") from None
    kind = format_of(data[:65536])
    if kind is None:
        remedy = "give GeoJSON, openAIP, OpenAir, AIXM, ED-269, ED-318, NOTAM or conflict-zone bulletins"
        raise InputError("the format of the airspace is not known", path=name, remedy=remedy)
    return kind, data


def _distinct(airspace: Airspace) -> tuple[Volume, ...]:
    """Give volumes that share an id different ones: "EDR1", "EDR1#2"."""
    seen: Counter[str] = Counter()
    volumes: list[Volume] = []
    for volume in (one for whole in airspace.volumes for one in apart(whole)):
        seen[volume.id] += 1
        count = seen[volume.id]
        volumes.append(volume if count == 1 else replace(volume, id=f"{volume.id}#{count}"))
    return tuple(volumes)
