"""The map of all events: where they were, on coastlines and borders.

Azimuthal equidistant around the middle of the events (Snyder, Map Projections: A Working Manual, USGS 1395, section 25,
on the sphere: for orientation, 0.5 % off): it has no seam at the antimeridian and none at the poles.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from overflight.earth.naturalearth import Area, Line, NaturalEarth
from overflight.report import scale
from overflight.report.canvas import COLOURS, INK, QUIET, Canvas, Dash, Frame
from overflight.report.markup import Html
from overflight.report.overlay import Overlay
from overflight.report.projection import EARTH_NM, Projection, centre
from overflight.report.shapes import Shape
from overflight.report.tracks import Floats

WIDTH: Final = 518.0  # points: the printable width of A4
HEIGHT: Final = 300.0
_LEAST_HALF_NM: Final = 45.0  # a coast or a border to know the place by is mostly within that
BAND_COLOURS: Final = ("#7f1d1d", "#c2410c", "#d99a1c", "#64748b")
"""By provisional severity band, the gravest first; each is darker than the next, so that they differ in grey too."""

_MOST_NUMBERS: Final = 20
"""Up to so many events each has its number on the map, however near they are to each other."""

UNRATED: Final = len(BAND_COLOURS)
"""In place of a band: an event without severity, drawn as a ring."""


def draw(
    longitude_deg: Floats,
    latitude_deg: Floats,
    bands: list[int],
    numbers: list[int | None],
    overlay: Overlay | None = None,
) -> Html:
    """Draw the map of all events.

    Args:
        longitude_deg: of each event, (N,), N at least 1.
        latitude_deg: likewise.
        bands: severity band of each event, as an index into `BAND_COLOURS`; `UNRATED` for one without severity.
        numbers: number of each event in the report; None for one that is only listed.
        overlay: volumes and areas to draw below the events.
    """
    overlay = overlay or Overlay()
    projection = Projection(*centre(longitude_deg, latitude_deg))
    places = projection(longitude_deg, latitude_deg)
    frame = _around(places, [projection(*line.T) for line in overlay.wanted()])
    canvas = Canvas(WIDTH, HEIGHT)
    _ground(canvas, projection, frame)
    names = overlay.draw(canvas, projection, frame)
    _events(canvas, frame.at(places), bands, numbers)
    overlay.label(canvas, frame, names, frame.at(places))
    _scale(canvas, frame)
    return canvas.svg("map", "Map of all events")


def place(number: int, at: tuple[float, float], areas: list[Shape], path: Floats | None) -> Html:
    """Draw the map of one event.

    Args:
        number: of the event, for the ids of the drawing.
        at: longitude and latitude of the event, deg.
        areas: that its parameters tell of.
        path: longitude and latitude, (N, 2), of the way flown, NaN where it is not known.
    """
    overlay = Overlay(areas=areas)
    projection = Projection(*at)
    mark = np.zeros((1, 2))
    frame = _around(mark, [projection(*shape.outline.T) for shape in areas], most=20.0)
    canvas = Canvas(WIDTH, HEIGHT)
    _ground(canvas, projection, frame)
    overlay.label(canvas, frame, overlay.draw(canvas, projection, frame), frame.at(mark))
    if path is not None and len(path):
        canvas.line(frame.at(projection(*path.T)), COLOURS[0], 1.3, inside=frame)
    canvas.dots(frame.at(mark), "#ffffff", 9.0)
    canvas.dots(frame.at(mark), INK, 6.5)
    _scale(canvas, frame)
    return canvas.svg(f"e{number}", f"Map of event {number}")


def _around(places: Floats, lines: list[Floats], most: float = 2.0) -> Frame:
    """Put the frame around the events, not around their mean; lines are let in as long as it grows at most so many times."""
    low, high = places.min(axis=0), places.max(axis=0)
    tall = _tall(low, high)
    for line in lines:
        wider = np.fmin(low, np.nanmin(line, axis=0)), np.fmax(high, np.nanmax(line, axis=0))
        if _tall(*wider) <= most * tall:
            low, high = wider
    x, y = (float(value) for value in (low + high) / 2.0)
    half_y = _tall(low, high)
    half_x = half_y * WIDTH / HEIGHT
    return Frame(0.5, 0.5, WIDTH - 1.0, HEIGHT - 1.0, (x - half_x, x + half_x), (y - half_y, y + half_y))


def _tall(low: Floats, high: Floats) -> float:
    """Half the height of the frame around a box, NM."""
    reach = (high - low) / 2.0
    return max(float(reach[1]), float(reach[0]) * HEIGHT / WIDTH, _LEAST_HALF_NM / 1.25) * 1.25


def _ground(canvas: Canvas, projection: Projection, frame: Frame) -> None:
    (west, east), (south, north) = frame.x, frame.y
    area = projection.area(max(abs(west), abs(east)), max(abs(south), abs(north)))
    backdrop(canvas, projection, frame, area)


def _scale(canvas: Canvas, frame: Frame) -> None:
    wide = frame.x[1] - frame.x[0]
    length = scale.nice(wide * 0.2)
    scale.bar(canvas, WIDTH - 12.0, 10.0, length, length / wide * frame.width)


def backdrop(canvas: Canvas, projection: Projection, frame: Frame, area: Area) -> None:
    """Draw land, graticule, coasts and borders of an area on a frame at the lower left of a sheet `WIDTH` wide."""
    earth = NaturalEarth()
    canvas.box(frame, fill="#e9f1f7")
    half_x, half_y = (frame.x[1] - frame.x[0]) / 2.0, (frame.y[1] - frame.y[0]) / 2.0
    if np.hypot(half_x, half_y) < EARTH_NM:  # a ring around the antipode of the centre would turn inside out
        _land(canvas, projection, frame, earth.land(area))
    _graticule(canvas, projection, frame, area)
    _lines(canvas, projection, frame, earth.lines(area))


def _thinned(path: Floats, frame: Frame) -> Floats:
    """Put a projected line on the sheet without the points that the eye does not tell apart."""
    grain = 4.0 if frame.y[1] - frame.y[0] < 250.0 else 2.0 if frame.y[1] - frame.y[0] < 1500.0 else 1.0
    path = np.round(frame.at(path) * grain) / grain
    keep = np.ones(len(path), dtype=bool)
    keep[1:] = (np.diff(path, axis=0) != 0.0).any(axis=1)
    return path[keep]


def _on_sheet(path: Floats, frame: Frame) -> Floats:
    """Put a projected line on the sheet: NaN where it is far outside, and no points closer than the eye sees."""
    path = _thinned(path, frame)
    inside = np.logical_and(path >= frame.low - 10.0, path <= frame.high + 10.0)
    inside = inside[:, 0] & inside[:, 1]
    # A point outside stays where its neighbour is inside, so that lines reach the frame.
    near = inside.copy()
    near[1:] |= inside[:-1]
    near[:-1] |= inside[1:]
    path = np.where(near[:, None], path, np.nan)
    # Across the antipode of the centre a step leaps over the whole map; it is no line.
    leap = np.hypot(*np.diff(path, axis=0).T) > frame.width / 2.0
    path[1:][leap] = np.nan
    gaps = np.isnan(path[:, 0])
    return path[~(gaps & np.concatenate([[False], gaps[:-1]]))]


def _dense(points: Floats, step_deg: float) -> Floats:
    """Add points to long straight edges (a border along a parallel), which are curves on the map."""
    span = np.abs(np.diff(points, axis=0)).max(axis=1, initial=0.0)
    if not (span > step_deg).any():
        return points
    parts = np.maximum(np.ceil(span / step_deg), 1.0)
    at = np.concatenate([[0.0], np.cumsum(parts)])
    every: Floats = np.arange(float(at[-1]) + 1.0, dtype=np.float64)
    return np.stack([np.interp(every, at, points[:, 0]), np.interp(every, at, points[:, 1])], axis=-1)


def _land(canvas: Canvas, projection: Projection, frame: Frame, rings: list[Floats]) -> None:
    """Fill the land. Each ring is cut to the area already, a little wider than the frame."""
    outlines: list[Floats] = []
    for ring in rings:
        points = _dense(np.concatenate([ring, ring[:1]]), _step_deg(frame))
        path = _thinned(projection(points[:, 0], points[:, 1]), frame)
        if len(path) > 3:
            outlines.append(path)
    canvas.areas(outlines, "#fbfaf5", inside=frame)


def _step_deg(frame: Frame) -> float:
    """Longest straight piece in longitude and latitude that needs no bend on the map."""
    return max((frame.y[1] - frame.y[0]) / 2400.0, 0.02)


def _lines(canvas: Canvas, projection: Projection, frame: Frame, lines: list[Line]) -> None:
    drawn: dict[bool, list[Floats]] = {False: [], True: []}
    gap = np.full((1, 2), np.nan)
    for line in lines:
        points = _dense(line.points, _step_deg(frame))
        path = _on_sheet(projection(points[:, 0], points[:, 1]), frame)
        if np.isfinite(path).all(axis=1).sum() > 1:
            drawn[line.border] += [path, gap]
    styles: dict[bool, tuple[str, float, Dash | None]] = {
        False: ("#3f6f94", 0.8, None),
        True: ("#6b7280", 0.8, (4.0, 1.5, 1.0, 1.5)),
    }
    for border, paths in drawn.items():
        if paths:
            colour, width, dash = styles[border]
            canvas.line(np.concatenate(paths), colour, width, dash=dash, inside=frame)


def _graticule(canvas: Canvas, projection: Projection, frame: Frame, area: Area) -> None:
    west, south, east, north = area.west, area.south, area.east, area.north
    steps = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
    step_y = next((step for step in steps if (frame.y[1] - frame.y[0]) / 60.0 / step <= 5.0), 45.0)
    step_x = next((step for step in steps if (east - west) / step <= 9.0), 45.0)
    fine = np.linspace(0.0, 1.0, 181)
    paths: list[Floats] = []
    labels: list[tuple[Floats, int, str]] = []
    for longitude in _multiples(west, east, step_x):
        path = _on_sheet(projection(np.full(181, longitude), south + fine * (north - south)), frame)
        turned = (longitude + 180.0) % 360.0 - 180.0
        labels.append((path, 1, _degrees(turned, "" if abs(turned) in {0.0, 180.0} else "EW")))
        paths += [path, np.full((1, 2), np.nan)]
    for latitude in _multiples(south, north, step_y):
        path = _on_sheet(projection(west + fine * (east - west), np.full(181, latitude)), frame)
        labels.append((path, 0, _degrees(latitude, "NS" if latitude else "")))
        paths += [path, np.full((1, 2), np.nan)]
    if paths:
        canvas.line(np.concatenate(paths), "#c9d3dc", 0.5, inside=frame)
    taken: list[tuple[int, float]] = []
    for path, across, label in labels:
        along = _at_edge(path, across)
        room = 26.0 if across else 12.0
        if np.isnan(along) or any(side == across and abs(along - other) < room for side, other in taken):
            continue
        taken.append((across, along))
        if across == 0 and 20.0 < along < HEIGHT - 12.0:
            canvas.text((4.0, along), label, size=7, colour=QUIET, along="center")
        elif across == 1 and 24.0 < along < WIDTH - 130.0:  # the scale bar stands at the right
            canvas.text((along, 4.0), label, size=7, colour=QUIET, across="center")


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [count * step for count in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _degrees(value: float, sides: str) -> str:
    return f"{abs(round(value, 6)):g}°{sides[value < 0] if sides else ''}"


def _at_edge(path: Floats, across: int) -> float:
    """Where a line crosses the left (across 0) or the lower (across 1) edge of the map, along it; NaN for nowhere."""
    height = path[:, across] - 1.0
    crossing = np.flatnonzero(height[:-1] * height[1:] <= 0.0)  # NaN is not
    if len(crossing) == 0:
        return math.nan
    before = int(crossing[0])
    run = height[before] - height[before + 1]
    share = height[before] / run if run else 0.0
    return float(path[before, 1 - across] + share * (path[before + 1, 1 - across] - path[before, 1 - across]))


def _events(canvas: Canvas, places: Floats, bands: list[int], numbers: list[int | None]) -> None:
    band = np.array(bands)
    unrated = band == UNRATED
    numbered = np.array([number is not None for number in numbers])
    canvas.dots(places[unrated & ~numbered], QUIET, 2.6)
    canvas.dots(places[unrated & numbered], INK, 7.0)
    canvas.dots(places[unrated & numbered], "#ffffff", 4.4)
    for each in reversed(range(len(BAND_COLOURS))):  # the gravest on top
        canvas.dots(places[band == each], "#ffffff", 8.0)
        canvas.dots(places[band == each], BAND_COLOURS[each], 6.5)
    # Each number goes to that side of its mark where there is most room from marks and from numbers already written.
    sides = np.array([(1, 0.6), (1, -0.6), (-1, 0.6), (-1, -0.6), (0, 1.1), (0, -1.1), (1.9, 0), (-1.9, 0)]) * 8.5
    taken = places.copy()
    crowded = len(numbers) - numbers.count(None) > _MOST_NUMBERS
    written: list[Floats] = []
    for number, index in sorted((number, index) for index, number in enumerate(numbers) if number is not None):
        options = places[index] + sides
        room = np.hypot(*(options[:, None, :] - taken[None, :, :]).T).min(axis=0)
        best = options[int(np.argmax(room))]
        if crowded and any(abs(best - other)[0] < 9.0 and abs(best - other)[1] < 7.0 for other in written):
            continue  # two numbers on one another are none: the list has them
        written.append(best)
        taken = np.concatenate([taken, best[None, :]])
        canvas.text(best, str(number), size=8, bold=True, across="center", along="center")
