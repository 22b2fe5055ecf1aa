"""Airspace that ships with the package, by name: `fir:LTAA,OSTT,OIIX` and `country:TR,SY,IR`.

``fir`` gives flight information regions (and the sectors of some) from the VATSIM data project; ``country`` gives the land
of countries, by ISO 3166-1 alpha-2 code, from Natural Earth. Both are approximate and not authoritative, which each volume
says in its notes and in its `accuracy_m`. Edges are straight in longitude and latitude, as both sources draw them.
"""

from __future__ import annotations

import difflib
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from overflight.airspace.readers.geojson import GEOJSON
from overflight.airspace.rings import RingError, make_ring
from overflight.airspace.volume import STRAIGHT, Airspace, Part, Refused, Ring, Volume
from overflight.earth.naturalearth import Floats, NaturalEarth
from overflight.earth.territory import territory
from overflight.errors import InputError

FIR_ACCURACY_M: Final = 6_000.0
"""95 % of a FIR boundary lies this near to where it should. Measured where it is a border between two states (eleven
borders, among them Turkey's with Syria, Iraq, Iran and Georgia): 50 % lies within 1.4 km of Natural Earth's border, 91 %
within 5 km, 95 % within 6.1 km, which includes the error of that map. The points come from AIPs, rounded to minutes at the
coarsest (1.9 km), and along rivers and ridges they are far apart."""

COUNTRY_ACCURACY_M: Final = 2_000.0
"""0.2 mm, the finest that a map shows, at 1:10 million. Checked against airports: of some 400 within 6 km of another
country, none lies on the wrong side by more, apart from disputed land, wrongly listed airports and one at 3.2 km. The grid
of the bundled data (rounding by up to 220 m) is part of that."""

_FIR_DATA: Final = ("overflight.airspace", "data/vatspy/fir_boundaries.geojson.gz")
_EARTH_DATA: Final = ("overflight.earth", "data/natural_earth_10m.npz")
_FIR_LETTERS: Final = 4
"""Of the location indicator of a region (ICAO Doc 7910); longer codes of the set are sectors."""

APPROXIMATE: Final = "approximate, not authoritative"


def resolve(text: str) -> Airspace | None:
    """Return the airspace of a name that begins with ``fir:`` or ``country:``; None for any other text.

    A region whose boundary encloses no area anybody could name is refused; the others of the list are not.

    Raises:
        InputError: a code that is not known (codes alike are named).
    """
    prefix, colon, listed = text.partition(":")
    name = prefix.strip().lower()
    if name not in _SETS or not colon:
        return None
    build, example, data = _SETS[name]
    codes = [code.strip().upper() for code in listed.split(",")]
    if not all(codes):
        raise InputError("a code is missing", path=text, remedy=f"write it like {example}")
    found = Airspace(digests=(_digest(data),))
    for code in dict.fromkeys(codes):
        found += build(code)
    return found


@cache
def _digest(data: tuple[str, str]) -> str:
    """Return the SHA-256 of a bundled file, as other files of an airspace have it."""
    return hashlib.sha256(_bundled(data)).hexdigest()


def _bundled(data: tuple[str, str]) -> bytes:
    package, path = data
    return files(package).joinpath(path).read_bytes()


def fir_codes() -> tuple[str, ...]:
    """Return all codes that ``fir:`` knows."""
    return tuple(_features())


@cache
def all_firs() -> Airspace:
    """Return every flight information region of the bundled set, without its sectors ("EDGG-N"): a quarter of a second, once."""
    found = Airspace()
    for code in _features():
        if len(code) == _FIR_LETTERS and not code.endswith("XX"):  # "several of Turkey's"
            found += _firs(code)
    return found


def unchecked_parts(code: str) -> tuple[Part, ...]:
    """Return the outlines of a region that was refused as they are drawn, to tell whether something lies near it."""
    return tuple(
        Part(Ring(points[:-1, 1].copy(), points[:-1, 0].copy(), np.full(len(points) - 1, STRAIGHT, np.uint8)))
        for feature in _features()[code]
        for polygon in feature["geometry"]["coordinates"]
        for points in [np.asarray(polygon[0], float)]
    )


def fir_parts(code: str) -> tuple[Part, ...]:
    """Return the area of a region of the bundled set; none for one that it does not know, or whose boundary is of no use."""
    return tuple(part for volume in _firs(code).volumes for part in volume.parts) if code in _features() else ()


def _firs(code: str) -> Airspace:
    """Return the volumes of one code: more than one where its oceanic part, or another, has a boundary of its own."""
    known = _features()
    place = f"fir:{code}"
    if code not in known:
        near = [name for name in known if len(name) == _FIR_LETTERS and name[:2] == code[:2]]
        near = difflib.get_close_matches(code, known, 5, 0.6) or near[:5]
        remedy = f"did you mean {', '.join(near)}?" if near else "write it like fir:LTAA"
        raise InputError("is no FIR of the bundled set", path=place, remedy=remedy)
    document = {"type": "FeatureCollection", "features": known[code]}
    found = GEOJSON.read(json.dumps(document).encode(), place)
    volumes: list[Volume] = []
    for number, volume in enumerate(found.volumes, start=1):
        feature = known[code][int(volume.source.rpartition(" ")[2]) - 1]
        oceanic = feature["properties"]["oceanic"] == "1"
        volumes.append(
            replace(
                volume,
                id=code if number == 1 else f"{code}#{number}",
                name=f"{code} oceanic" if oceanic else code,
                kind="fir",
                accuracy_m=FIR_ACCURACY_M,
                source=place,
                notes=(
                    f"{APPROXIMATE}: made for flight simulation (VATSIM)",
                    "no vertical limits in the source: from the surface, unlimited",
                    *volume.notes,
                ),
            )
        )
    refused = tuple(Refused(code, place, f"{each.reason}: give its boundary as a file") for each in found.refused)
    return Airspace(tuple(volumes), refused)


@cache
def _features() -> dict[str, list[dict[str, Any]]]:
    """Read the bundled boundaries, by code in the order of the file: some tens of milliseconds, once."""
    features: dict[str, list[dict[str, Any]]] = {}
    for feature in json.loads(gzip.decompress(_bundled(_FIR_DATA)))["features"]:
        features.setdefault(feature["properties"]["id"].upper(), []).append(feature)
    return features


@cache
def _earth() -> NaturalEarth:
    """Open the map once."""
    return NaturalEarth()


def _countries(code: str) -> Airspace:
    """Return the land of a country as one volume."""
    place = f"country:{code}"
    land = territory(code, _earth())
    notes = [
        f"{APPROXIMATE}; land only, without territorial sea",
        "borders as Natural Earth draws them: de facto control",
    ]
    notes += land.notes
    parts: list[Part] = []
    for number, rings in enumerate(land.polygons, start=1):
        try:
            made = [_ring(ring) for ring in rings]
        except RingError as error:
            raise InputError(f"part {number}: {error}", path=place, remedy="give its outline as a file") from None
        parts.append(Part(made[0], tuple(made[1:])))
    volume = Volume(
        id=code,
        name=land.name,
        kind="national",
        parts=tuple(parts),
        accuracy_m=COUNTRY_ACCURACY_M,
        owner=code,
        source=place,
        notes=tuple(notes),
    )
    return Airspace((volume,))


def _ring(points: Floats) -> Ring:
    """Make a ring of longitude and latitude, (N, 2)."""
    ring, _ = make_ring(points[:, 1].tolist(), points[:, 0].tolist(), STRAIGHT)
    return ring


_SETS: Final[dict[str, tuple[Callable[[str], Airspace], str, tuple[str, str]]]] = {
    "fir": (_firs, "fir:LTAA,OSTT", _FIR_DATA),
    "country": (_countries, "country:TR,SY", _EARTH_DATA),
}
