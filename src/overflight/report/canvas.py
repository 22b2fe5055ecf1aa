"""A sheet to draw on, in points, through matplotlib's SVG backend.

Paths and texts stand directly on a matplotlib figure: its axes and ticks, which cost three times what is drawn in
them, are not used, and neither is pyplot. Text stays text (``svg.fonttype: none``) in the page's own font, so that it
can be selected and searched; coordinates are cut to hundredths of a point; ids are prefixed, so that several drawings
can stand in one page; neither a date nor a random salt goes in, so that the same result gives the same bytes.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final, Literal

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from overflight.report.markup import Html, tag
from overflight.report.tracks import Floats

STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "overflight",
    # Metrics come from the font that matplotlib ships; the page's style sheet sets the reader's own.
    "font.family": "DejaVu Sans",
    "text.parse_math": False,  # a callsign with two dollar signs is no formula
    "path.simplify": True,
}
"""Matplotlib settings under which drawings are made."""

INK: Final = "#111827"
QUIET: Final = "#6b7280"
MINIMUM: Final = "#b91c1c"
LOSS: Final = "#f8d3cf"

Dash = tuple[float, ...]

COLOURS: Final = ("#0b4f9e", "#b8430a")
DASHES: Final[tuple[Dash | None, ...]] = (None, (4.0, 1.5))
"""Of tracks A and B, told apart without colour too."""


@dataclass(frozen=True)
class Frame:
    """A rectangle of the sheet with its own scale: what it shows, and where it stands in points from the lower left."""

    left: float
    bottom: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def box(self) -> Bbox:
        """The rectangle, to cut at."""
        return Bbox.from_bounds(self.left, self.bottom, self.width, self.height)

    @property
    def low(self) -> Floats:
        """Its lower left corner on the sheet."""
        return np.array([self.left, self.bottom])

    @property
    def high(self) -> Floats:
        """Its upper right corner on the sheet."""
        return np.array([self.left + self.width, self.bottom + self.height])

    def at(self, points: Floats) -> Floats:
        """Where values stand on the sheet, (N, 2) or (2,)."""
        low, high = np.array([self.x[0], self.y[0]]), np.array([self.x[1], self.y[1]])
        return (points - low) / (high - low) * np.array([self.width, self.height]) + np.array([self.left, self.bottom])


def style() -> AbstractContextManager[None]:
    """Put `STYLE` in force: drawings are made within."""
    context: Any = matplotlib.rc_context  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return context(STYLE)


class Canvas:
    """A sheet in points, origin at the lower left. What is drawn later lies on top."""

    def __init__(self, width: float, height: float) -> None:
        """Make an empty sheet."""
        self._figure: Any = Figure(figsize=(width / 72.0, height / 72.0), dpi=72)
        FigureCanvasSVG(self._figure)
        self._figure.patch.set_visible(False)
        self._order = 0

    def _add(self, artist: Any, inside: Frame | None) -> None:
        self._order += 1
        artist.set_zorder(self._order)
        artist.set_transform(IdentityTransform())
        self._figure.add_artist(artist, clip=False)
        if inside is not None:
            artist.set_clip_box(inside.box)

    def line(
        self,
        points: Floats,
        colour: str,
        width: float,
        *,
        dash: Dash | None = None,
        inside: Frame | None = None,
        round_ends: bool = False,
    ) -> None:
        """Draw a line through (N, 2) points; NaN breaks it. `dash` is in line widths."""
        if len(points) < 2:
            return
        self._add(
            PathPatch(
                Path(points),
                fill=False,
                edgecolor=colour,
                linewidth=width,
                linestyle=(0, dash) if dash else "-",
                capstyle="round" if round_ends else "butt",
                joinstyle="round",
            ),
            inside,
        )

    def dots(self, points: Floats, colour: str, size: float, *, inside: Frame | None = None) -> None:
        """Draw round dots at (N, 2) points: as lines of no length with round ends, which a file keeps in few bytes."""
        points = points[np.isfinite(points).all(axis=1)]
        if len(points) == 0:
            return
        codes = np.tile(np.array([Path.MOVETO, Path.LINETO], dtype=Path.code_type), len(points))
        path = Path(np.repeat(points, 2, axis=0) + np.tile([[0.0, 0.0], [0.02, 0.0]], (len(points), 1)), codes)
        path.should_simplify = False
        self._add(PathPatch(path, fill=False, edgecolor=colour, linewidth=size, capstyle="round"), inside)

    def shape(self, points: Floats, fill: str, *, edge: str | None = None, inside: Frame | None = None) -> None:
        """Fill a polygon of (N, 2) points."""
        path = Path(np.concatenate([points, points[:1]]), closed=True)
        self._add(PathPatch(path, facecolor=fill, edgecolor=edge or "none", linewidth=0.7 if edge else 0.0), inside)

    def areas(self, rings: list[Floats], fill: str, *, inside: Frame | None = None) -> None:
        """Fill what lies in an odd number of closed rings, each (N, 2)."""
        if not rings:
            return
        codes = [np.full(len(ring), Path.LINETO, dtype=Path.code_type) for ring in rings]
        for each in codes:
            each[0] = Path.MOVETO
        path = Path(np.concatenate(rings), np.concatenate(codes))
        path.should_simplify = False
        self._add(PathPatch(path, facecolor=fill, edgecolor="none", linewidth=0.0), inside)

    def box(self, frame: Frame, *, fill: str | None = None, edge: str | None = None) -> None:
        """Fill or outline a frame."""
        corners = np.array([[0, 0], [frame.width, 0], [frame.width, frame.height], [0, frame.height]], dtype=float)
        corners += np.array([frame.left, frame.bottom])
        if fill is not None:
            self.shape(corners, fill)
        if edge is not None:
            self.line(np.concatenate([corners, corners[:1]]), edge, 0.6)

    def text(
        self,
        place: Floats | tuple[float, float],
        text: str,
        *,
        size: float = 7.5,
        colour: str = INK,
        bold: bool = False,
        across: Literal["left", "center", "right"] = "left",
        along: Literal["bottom", "center", "top", "baseline"] = "baseline",
    ) -> None:
        """Write a text at a point of the sheet."""
        if not np.isfinite(place).all():
            return
        self._add(
            Text(
                float(place[0]),
                float(place[1]),
                text,
                fontsize=size,
                color=colour,
                ha=across,
                va=along,
                fontweight="bold" if bold else "normal",
            ),
            None,
        )

    def title(self, frame: Frame, title: str) -> None:
        """Write a title above a frame."""
        self.text((frame.left, frame.bottom + frame.height + 4.0), title, size=8, bold=True)

    def svg(self, prefix: str, title: str) -> Html:
        """Return the drawing as an SVG element to stand in a page.

        Args:
            prefix: goes before each id; unlike in any other drawing of the page.
            title: what the drawing shows, for readers who do not see it.
        """
        buffer = StringIO()
        self._figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        return _inline(buffer.getvalue(), prefix, title)


_HEAD = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>|<style.*?</style>|<defs>\s*</defs>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>\s*")
_VIEW_BOX = re.compile(r'viewBox="([^"]+)"')
_GROUP_ID = re.compile(r'^<g id="[^"]*"')
_REFERENCE = re.compile(r'(\bid="|url\(#|href="#)')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
_NEEDLESS = re.compile(
    r" font-family: [^;\"]*;?| text-anchor: start;?|; stroke-linejoin: round"
    r"| transform=\"rotate\(-?0 [^)]*\)\"|xlink:(?=href)"
)
_SPACE = re.compile(r"\s+")


def _inline(source: str, prefix: str, title: str) -> Html:
    """Cut matplotlib's SVG document down to an element."""

    def shorten(match: re.Match[str]) -> str:
        text = match[0]
        if text.startswith("<svg"):
            box = _VIEW_BOX.search(text)
            drawing = tag("svg", class_="drawing", role="img", aria_label=title, viewBox=box[1] if box else None)
            return drawing.removesuffix("</svg>")
        text = _NEEDLESS.sub("", _GROUP_ID.sub("<g", text))
        text = _DECIMALS.sub(r"\1", _REFERENCE.sub(rf"\g<1>{prefix}-", text))
        return _SPACE.sub(" ", text).strip().replace(' "', '"')

    # Only inside tags: what stands between them is text, and stays as it was written.
    text = _TAG.sub(shorten, _HEAD.sub("", source)).strip()
    return Html(text.replace("<g></g>", ""))
