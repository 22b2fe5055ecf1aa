"""A map of volumes of airspace on coastlines and borders, as an SVG or PNG file."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from matplotlib.transforms import Affine2D, TransformedBbox

from overflight.airspace.boundary import pieces, stretches
from overflight.airspace.volume import Airspace, Ring, Volume
from overflight.errors import InputError, ParameterError
from overflight.files import refuse_missing_folder, whole_file
from overflight.report import scale
from overflight.report.canvas import INK, MINIMUM, QUIET, Canvas, Dash, Frame, style
from overflight.report.overview import EARTH_NM, HEIGHT, WIDTH, Projection, backdrop, centre
from overflight.report.tracks import Floats

_STYLES: Final[dict[str, tuple[str, Dash | None, str]]] = {
    # colour, dash, and how opaque the area is (two hexadecimal digits)
    "fir": ("#475569", (8.0, 3.0), "08"),
    "national": ("#111827", None, "10"),
    "restricted": ("#b91c1c", None, "26"),
    "danger": ("#c2410c", (4.0, 1.5), "26"),
    "corridor": ("#0b4f9e", None, "20"),
    "keep_out": ("#7f1d1d", (1.5, 1.5), "40"),
    "line_side": ("#6d28d9", (6.0, 1.5, 1.0, 1.5), "18"),
    "hazard": ("#a16207", (1.0, 1.5), "38"),
}
"""By kind; told apart without colour too."""

_LEAST_HALF_NM: Final = 2.0
_STRIP: Final = 18.0  # points, above the map, for the key
_MOST_LABELS: Final = 60
_SUFFIXES: Final = (".svg", ".png")
_PNG_DPI: Final = 200


def refuse_output(path: Path) -> None:
    """Say that a picture cannot be written, before any work is done for it.

    Raises:
        ParameterError: the name does not end in .svg or .png.
        InputError: there is no such folder.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise ParameterError("--out", str(path), "names no format of pictures", remedy="end it in .svg or .png")
    refuse_missing_folder(path)


def draw(airspace: Airspace, path: Path) -> None:
    """Draw all volumes, whole or not at all: the file appears when it is done.

    Raises:
        ParameterError: the name does not end in .svg or .png.
        InputError: there is nothing to draw, or the place cannot be written to.
    """
    refuse_output(path)
    if not airspace.volumes:
        raise InputError("has nothing in it that could be drawn", path=str(path), remedy="look at what was refused")
    with style(), whole_file(path) as temporary:
        _sheet(airspace).save(temporary)


class _Sheet(Canvas):
    """A sheet that becomes a file of its own."""

    def save(self, path: Path) -> None:
        """Write it as its suffix says; the same drawing gives the same bytes."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # the viewer of an SVG may have it
            if path.suffix.lower() == ".png":
                # Artists stand at points; a picture has more dots than points, and only sizes grow of themselves.
                larger = Affine2D().scale(_PNG_DPI / 72.0)
                for artist in self._figure.artists:
                    artist.set_transform(larger)
                    if artist.get_clip_box() is not None:
                        artist.set_clip_box(TransformedBbox(artist.get_clip_box(), larger))
                self._figure.savefig(path, format="png", dpi=_PNG_DPI, metadata={"Software": None})
            else:
                self._figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _sheet(airspace: Airspace) -> _Sheet:
    outlines = [(volume, _outlines(volume)) for volume in airspace.volumes]
    every = np.concatenate([ring for _, rings in outlines for ring in rings])
    projection = Projection(*centre(every[:, 0], every[:, 1]))
    places = projection(every[:, 0], every[:, 1])
    middle = (places.max(axis=0) + places.min(axis=0)) / 2.0
    reach = (places.max(axis=0) - places.min(axis=0)) / 2.0
    half_y = max(float(reach[1]), float(reach[0]) * HEIGHT / WIDTH, _LEAST_HALF_NM) * 1.1
    half_x = half_y * WIDTH / HEIGHT
    x, y = float(middle[0]), float(middle[1])
    frame = Frame(0.5, 0.5, WIDTH - 1.0, HEIGHT - 1.0, (x - half_x, x + half_x), (y - half_y, y + half_y))

    sheet = _Sheet(WIDTH, HEIGHT + _STRIP)
    sheet.shape(np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT + _STRIP], [0, HEIGHT + _STRIP]], dtype=float), "#ffffff")
    backdrop(sheet, projection, frame, projection.area(half_x + abs(x), half_y + abs(y)))
    drawn = [(volume, [frame.at(projection(ring[:, 0], ring[:, 1])) for ring in rings]) for volume, rings in outlines]
    # Areas that others lie in come first, so that the smaller ones are seen.
    drawn.sort(key=lambda each: -sum(_size(path) for path in each[1]))
    filled = float(np.hypot(half_x, half_y)) < EARTH_NM  # beyond, a ring around the antipode turns inside out
    for volume, paths in drawn:
        colour, dash, opacity = _STYLES[volume.kind]
        if filled:
            sheet.areas(paths, colour + opacity, inside=frame)
        for longitude, latitude in _boundaries(volume):
            sheet.line(
                _unbroken(frame.at(projection(longitude, latitude)), frame), colour, 1.0, dash=dash, inside=frame
            )
        low, high = paths[0].min(axis=0), paths[0].max(axis=0)
        if len(volume.parts) == 1 and (high - low).max() < 4.0:  # too small to be seen: its place, at least
            sheet.dots(((low + high) / 2.0)[None, :], colour, 5.0, inside=frame)
    _labels(sheet, drawn, frame)
    length = scale.nice(half_x * 0.4)
    scale.bar(sheet, WIDTH - 12.0, 10.0, length, length / (2.0 * half_x) * frame.width)
    sheet.box(frame, edge=QUIET)
    _key(sheet, airspace)
    return sheet


def _outlines(volume: Volume) -> list[Floats]:
    """Return the rings of a volume as closed lines of longitude and latitude, (N, 2) each, with all their bends."""
    return [_outline(ring) for part in volume.parts for ring in (part.outer, *part.holes)]


def _outline(ring: Ring) -> Floats:
    latitude, longitude = pieces(ring)
    return np.stack([longitude, latitude], axis=-1)


def _boundaries(volume: Volume) -> Iterator[tuple[Floats, Floats]]:
    """Yield longitude and latitude along what of a volume is boundary: not along edges that only close the side of a line."""
    for part in volume.parts:
        for ring in (part.outer, *part.holes):
            yield from ((longitude, latitude) for latitude, longitude in stretches(ring))


def _size(path: Floats) -> float:
    """Area of a closed line on the sheet, in square points."""
    x, y = path[:, 0], path[:, 1]
    return abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2.0


def _unbroken(path: Floats, frame: Frame) -> Floats:
    """Break a line where it leaps across the map, at the antipode of its centre."""
    leap = np.flatnonzero(np.hypot(*np.diff(path, axis=0).T) > frame.width / 2.0)
    return np.insert(path, leap + 1, np.nan, axis=0)


def _labels(sheet: Canvas, drawn: list[tuple[Volume, list[Floats]]], frame: Frame) -> None:
    """Name the volumes, the largest first, where there is room, with ceiling over floor as charts have it."""
    taken: list[Box] = []
    for volume, paths in drawn[:_MOST_LABELS]:
        name = "".join(char for char in volume.name if char.isprintable())
        name = name if len(name) <= 26 else name[:25] + "…"
        levels = f"{volume.ceiling} / {volume.floor}"
        wide, high = max(len(name) * 4.6, len(levels) * 3.6), 16.0
        box = next((box for box in _spots(max(paths, key=_size), wide, high) if _free(box, taken, frame)), None)
        if box is None:
            continue
        taken.append(box)
        x, y = (box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0
        sheet.text((x, y + 1.0), name, size=7, colour=INK, bold=True, across="center")
        sheet.text((x, y - 7.0), levels, size=6, colour=INK, across="center")


Box = tuple[float, float, float, float]


def _spots(path: Floats, wide: float, high: float) -> list[Box]:
    """Return where a label may stand: within an area that has room for it, else beside it, so as not to hide it."""
    (left, bottom), (right, top) = path.min(axis=0), path.max(axis=0)
    x, y = (float(left) + float(right)) / 2.0, (float(bottom) + float(top)) / 2.0
    if right - left > wide and top - bottom > high:
        point = shapely.point_on_surface(shapely.make_valid(shapely.Polygon(path)))
        middles = [(float(point.centroid.x), float(point.centroid.y))]
    else:
        beside, above = wide / 2.0 + 3.0, high / 2.0 + 3.0
        middles = [
            (float(right) + beside, y),
            (float(left) - beside, y),
            (x, float(top) + above),
            (x, float(bottom) - above),
        ]
    return [(a - wide / 2.0, b - high / 2.0, a + wide / 2.0, b + high / 2.0) for a, b in middles]


def _free(box: Box, taken: list[Box], frame: Frame) -> bool:
    """Whether a label is on the map and on no other, and not on the scale bar at the lower right."""
    (west, south), (east, north) = frame.low, frame.high
    if not (west < box[0] and box[2] < east and south < box[1] and box[3] < north):
        return False
    others = [*taken, (east - frame.width * 0.3, south, east, south + 26.0)]
    return not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in others)


def _key(sheet: Canvas, airspace: Airspace) -> None:
    """Say above the map what the lines are, how many there are, and how many are missing."""
    counts = Counter(volume.kind for volume in airspace.volumes)
    left, line = 1.0, HEIGHT + _STRIP / 2.0 + 1.0
    for kind, (colour, dash, opacity) in _STYLES.items():
        if not counts[kind]:
            continue
        corners = np.array(
            [[left, line - 4.0], [left + 16.0, line - 4.0], [left + 16.0, line + 4.0], [left, line + 4.0]]
        )
        sheet.areas([np.concatenate([corners, corners[:1]])], colour + opacity)
        sheet.line(np.concatenate([corners, corners[:1]]), colour, 1.0, dash=dash)
        label = f"{kind.replace('_', '-')} {counts[kind]:,}"
        sheet.text((left + 20.0, line - 2.5), label, size=7)
        left += 20.0 + len(label) * 4.2 + 12.0
    if airspace.refused:
        count = len(airspace.refused)
        missing = f"NOT drawn, as {'it' if count == 1 else 'they'} cannot be read: {count:,}"
        sheet.text((WIDTH - 1.0, line - 2.5), missing, size=7, colour=MINIMUM, bold=True, across="right")
