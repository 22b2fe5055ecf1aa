"""What lies below the events on a map: outlines of volumes, and areas that events tell of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from overflight.airspace.volume import Volume
from overflight.report import outlines
from overflight.report.canvas import MINIMUM, QUIET, Canvas, Frame
from overflight.report.labels import Labels
from overflight.report.projection import EARTH_NM, Projection
from overflight.report.shapes import Shape
from overflight.report.tracks import Floats

_MOST_LABELS: Final = 12
_MOST_VOLUMES: Final = 400
"""More than this are no picture, and those without events are left out."""

AREA: Final = "#8a5a1e"


@dataclass(frozen=True)
class Name:
    """The name of a volume, and where on the sheet: `on` the place, within the area, or beside it."""

    text: str
    place: Floats
    on: bool


@dataclass(frozen=True)
class Overlay:
    """Volumes and areas of one map.

    Attributes:
        entered: volumes that have events.
        others: volumes that have none.
        areas: search areas, cells and circles.
    """

    entered: tuple[Volume, ...] = ()
    others: tuple[Volume, ...] = ()
    areas: list[Shape] | tuple[Shape, ...] = ()

    def wanted(self) -> list[Floats]:
        """Lines of longitude and latitude that the map should show if it can: (N, 2) each, the smallest first."""
        volumes = [_vertices(volume) for volume in self.entered]
        lines = [*volumes, *(shape.outline for shape in self.areas)]
        return sorted((line for line in lines if len(line)), key=lambda line: float(np.ptp(line, axis=0).max()))

    def draw(self, canvas: Canvas, projection: Projection, frame: Frame) -> list[Name]:
        """Draw them on a frame; returns the names to write."""
        some = [volume for volume in self.others if _meets(projection(*_vertices(volume).T), frame)]
        some = some if len(some) <= _MOST_VOLUMES else []
        names: list[Name] = []
        for volumes, colour, width in ((some, QUIET, 0.5), (self.entered, MINIMUM, 0.8)):
            for volume in volumes:
                rings = outlines.rings(volume, projection)
                for path in (outlines.within(path, frame) for path in outlines.boundaries(volume, projection)):
                    canvas.line(frame.at(path), colour, width, inside=frame)
                if len(some) + len(self.entered) <= _MOST_LABELS:
                    names += _named(volume, rings, frame)
        for shape in self.areas:
            path = frame.at(projection(*shape.outline.T))
            canvas.line(path, AREA, 0.9, dash=(3.0, 2.0), inside=frame)
            if shape.label.startswith("after") and len(self.areas) <= _MOST_LABELS:
                top = path[int(np.argmax(path[:, 1]))]
                if (top < frame.high - 10.0).all() and (top > frame.low + 10.0).all():
                    canvas.text(top + np.array([0.0, 2.0]), shape.label, size=6.5, colour=AREA, across="center")
        return names

    @staticmethod
    def label(canvas: Canvas, frame: Frame, names: list[Name], places: Floats) -> None:
        """Write the names of volumes, and none on an event."""
        across, along = np.meshgrid([-12.0, -6.0, 0.0, 6.0, 12.0], [-10.0, -5.0, 0.0, 5.0, 10.0])
        around = np.stack([across.ravel(), along.ravel()], axis=-1)  # the mark, and its number wherever that stands
        labels = Labels(frame, (places[:, None, :] + around).reshape(-1, 2))
        for name in names:
            labels.put(canvas, name.place, name.text, size=6.5, colour=MINIMUM, bold=True, on=name.on)


def _vertices(volume: Volume) -> Floats:
    """Longitude and latitude of the corners of a volume, (N, 2)."""
    rings = [part.outer for part in volume.parts]
    return np.concatenate([np.empty((0, 2)), *(np.stack([ring.longitude, ring.latitude], axis=-1) for ring in rings)])


def _meets(points: Floats, frame: Frame) -> bool:
    """Whether the box around corners meets the frame, and is no wild one from the far side of the Earth."""
    if len(points) == 0 or float(np.ptp(points, axis=0).max()) > EARTH_NM * 3.0:
        return False
    low, high = points.min(axis=0), points.max(axis=0)
    (west, east), (south, north) = frame.x, frame.y
    return bool(low[0] <= east and high[0] >= west and low[1] <= north and high[1] >= south)


def _named(volume: Volume, rings: list[Floats], frame: Frame) -> list[Name]:
    """A volume's id: in the area where it has room for it, else at the highest point of the boundary in view."""
    text = "".join(char for char in volume.id if char.isprintable())[:24]
    found = outlines.inner(rings, frame)
    if found is None:
        return []
    middle, size = found
    room = size / np.array([frame.x[1] - frame.x[0], frame.y[1] - frame.y[0]]) * np.array([frame.width, frame.height])
    if room[0] > 4.5 * len(text) + 20.0 and room[1] > 24.0:
        return [Name(text, frame.at(middle), on=True)]
    points = frame.at(rings[0])
    seen = points[(points >= frame.low).all(axis=1) & (points <= frame.high).all(axis=1)]
    return [Name(text, seen[int(np.argmax(seen[:, 1]))], on=False)] if len(seen) else []
