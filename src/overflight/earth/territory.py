"""The land of a country as valid polygons, from the bundled Natural Earth data.

The map's grid (0.0036 by 0.0017 degrees) rounds fine coasts so that some outlines cross themselves by a fraction of a
cell, and islets collapse to a line. Both are mended on the grid, before degrees are made of it, so that neighbours get
the same vertices; the area changes by a few cells at most. Countries that the map cuts at the antimeridian (Russia,
Fiji) are made whole again.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from overflight.earth.iso3166 import NUMERIC
from overflight.earth.naturalearth import Floats, Ints, NaturalEarth
from overflight.errors import InputError

LARGEST_MEND: Final = 20.0
"""Cells of the grid by which mending may change a polygon, about 1 km2. Measured over all countries: up to 13 (atolls)."""


@dataclass(frozen=True)
class Territory:
    """The land of a country.

    Attributes:
        code: ISO 3166-1 alpha-2.
        name: in English.
        polygons: each an outer ring and its holes: longitude and latitude in degrees, (N, 2), the first point not
            repeated; straight edges in longitude and latitude, the short way round.
        notes: what was mended, each in one line.
    """

    code: str
    name: str
    polygons: tuple[tuple[Floats, ...], ...]
    notes: tuple[str, ...] = ()


def territory(code: str, earth: NaturalEarth | None = None) -> Territory:
    """Return the land of a country by its ISO 3166-1 alpha-2 code; `earth` saves to open the map again.

    Raises:
        InputError: no such code, or one that the map draws no land for.
    """
    earth = earth or NaturalEarth()
    names, number = earth.names(), NUMERIC.get(code)
    if number is None:
        raise InputError("is no ISO 3166-1 alpha-2 code", path=f"country:{code}", remedy=_remedy(code, names))
    if number not in names:
        reason = "has no land of its own in Natural Earth, which counts it to another country or leaves it out"
        raise InputError(reason, path=f"country:{code}", remedy="give its outline as GeoJSON")
    polar, plain, lost = _sorted(earth.polygons(number), earth.period)
    mended: list[shapely.Polygon] = []
    crossings = 0
    for polygon in plain:
        pieces = [polygon] if polygon.is_valid else _mended(polygon, code)
        crossings += pieces != [polygon]
        lost += not pieces
        mended += pieces
    mended = _without_seam(mended, earth.period)
    polygons = [tuple(earth.to_degrees(ring)[:-1] for ring in _rings(polygon)) for polygon in mended]
    polygons += [(earth.to_degrees(ring)[:-1],) for ring in polar]
    if not polygons:
        raise InputError("is smaller than the grid of the map", path=f"country:{code}", remedy="give its outline")
    notes: list[str] = []
    if crossings:
        notes.append(f"{crossings} outlines that the map's grid made cross or touch themselves are mended")
    if lost:
        notes.append(f"{lost} islets or enclaves smaller than the map's grid are left out")
    return Territory(code, names[number], tuple(polygons), tuple(notes))


def _remedy(code: str, names: dict[str, str]) -> str:
    """Name the codes that may have been meant: alike, or of a country whose name is alike."""
    called = {names[number].upper(): alpha for alpha, number in NUMERIC.items() if number in names}
    meant = [called[name] for name in difflib.get_close_matches(code, called, 3, 0.75)]
    meant += [alpha for alpha in difflib.get_close_matches(code, NUMERIC, 4, 0.5) if alpha not in meant]
    near = [f"{alpha} ({names.get(NUMERIC[alpha], 'no land in the map')})" for alpha in meant]
    return f"did you mean {', '.join(near)}?" if near else "write it like TR"


def _sorted(polygons: list[list[Ints]], period: int) -> tuple[list[Ints], list[shapely.Polygon], int]:
    """Part the outlines round a pole, which no plane polygon can show, from the others, and count what is no area."""
    polar: list[Ints] = []
    plain: list[shapely.Polygon] = []
    lost = 0
    for rings in polygons:
        outer, *holes = rings
        if abs(int(outer[-1, 0] - outer[0, 0])) > period // 2:
            polar.append(outer)
            continue
        whole = [hole for hole in holes if len(hole) > 3]
        lost += len(holes) - len(whole) + (len(outer) <= 3)
        if len(outer) > 3:
            plain.append(shapely.Polygon(outer, whole))
    return polar, plain, lost


def _mended(polygon: shapely.Polygon, code: str) -> list[shapely.Polygon]:
    """Return what an outline encloses that crosses itself: the union of its loops."""
    valid = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
    pieces = _pieces(valid)
    change = sum(float(piece.area) for piece in pieces) - float(polygon.area)
    if abs(change) > LARGEST_MEND:
        reason = f"its outline crosses itself: mending would change it by {abs(change):.0f} cells of the map's grid"
        raise InputError(reason, path=f"country:{code}", remedy="give its outline as GeoJSON")
    return pieces


def _without_seam(polygons: list[shapely.Polygon], period: int) -> list[shapely.Polygon]:
    """Join what is cut at the antimeridian: x a multiple of the period."""
    whole: list[shapely.Polygon] = []
    cut: list[shapely.Polygon] = []
    for polygon in polygons:
        west, _, east, _ = polygon.bounds
        x = shapely.get_coordinates(polygon)[:, 0]
        side = [edge for edge in (west, east) if edge % period == 0 and np.count_nonzero(x == edge) > 1]
        if side:
            cut.append(shapely.transform(polygon, lambda at, by=period - side[0]: at + np.array([by, 0.0])))
        else:
            whole.append(polygon)
    return whole + _pieces(shapely.union_all(cut))


def _pieces(geometry: BaseGeometry) -> list[shapely.Polygon]:
    """Return the polygons of a geometry."""
    parts = shapely.get_parts(geometry).tolist()
    return [part for part in parts if isinstance(part, shapely.Polygon) and not part.is_empty]


def _rings(polygon: shapely.Polygon) -> list[Floats]:
    """Return the outer ring and the holes."""
    return [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
