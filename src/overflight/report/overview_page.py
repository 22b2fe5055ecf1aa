"""The map of all events with its key, as the report has it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from overflight.engine.result import CheckResult
from overflight.events import BANDS
from overflight.report import airspace_pages, overview
from overflight.report.describe import STAYS
from overflight.report.encounter import parse_parameters
from overflight.report.markup import Html, join, tag
from overflight.report.overlay import Overlay
from overflight.report.shapes import Shape, shapes

_MOST_AREAS = 60


def figure(result: CheckResult, drawn: list[dict[str, Any]], rest: pl.DataFrame) -> Html:
    """The map of all events; nothing where none of them has a place.

    Args:
        result: of the check.
        drawn: events that have a page, in order of their numbers.
        rest: events that have none.
    """
    numbered = [(number, row) for number, row in enumerate(drawn, start=1) if _placed(row)]
    others = rest.drop_nulls(["latitude", "longitude"]).filter(
        pl.col("latitude").is_not_nan() & pl.col("longitude").is_not_nan()
    )
    if not numbered and others.height == 0:
        return Html("")
    rows = [row for _, row in numbered]
    longitude, latitude = (
        np.concatenate([np.array([row[name] for row in rows], np.float64), others[name].to_numpy()])
        for name in ("longitude", "latitude")
    )
    bands = [_band(band) for band in [*(row["band"] for row in rows), *others["band"].to_list()]]
    numbers = [*(number for number, _ in numbered), *([None] * others.height)]
    overlay = _overlay(result, drawn)
    drawing = overview.draw(longitude, latitude, bands, numbers, overlay)
    return tag(
        "figure",
        drawing,
        tag("figcaption", _caption(bands, overlay, listed=others["band"].null_count() > 0)),
        class_="map",
    )


def _placed(row: dict[str, Any]) -> bool:
    return all(row[name] is not None and np.isfinite(row[name]) for name in ("latitude", "longitude"))


def _band(band: str | None) -> int:
    return BANDS.index(band) if band in BANDS else overview.UNRATED


def _overlay(result: CheckResult, drawn: list[dict[str, Any]]) -> Overlay:
    """Volumes with and without events, and the areas of the events that are drawn."""
    volumes = airspace_pages.tested(result)
    entered = set(result.events.filter(pl.col("kind").is_in(STAYS))["volume"].to_list())
    areas: list[Shape] = [
        shape for row in drawn if _placed(row) for shape in shapes(row, parse_parameters(row["parameters"]))
    ]
    return Overlay(
        entered=tuple(volume for volume in volumes if volume.id in entered),
        others=tuple(volume for volume in volumes if volume.id not in entered),
        areas=areas[:_MOST_AREAS],
    )


def _caption(bands: list[int], overlay: Overlay, *, listed: bool) -> Html:
    key: list[Html] = []
    if any(band != overview.UNRATED for band in bands):
        dots = [
            Html(f'<span class="dot" style="color:{colour}">●</span> {band}')
            for band, colour in zip(BANDS, overview.BAND_COLOURS, strict=True)
        ]
        key.append(join(["Provisional severity: ", *(join([each, " · "]) for each in dots)]))
    if overview.UNRATED in bands:
        key.append(Html('<span class="dot">○</span> event without severity · '))
    if listed:
        key.append(Html("small grey: such an event without a page · "))
    said = "number: the event's page (where there is room)."
    if overlay.entered:
        said += " Thin red: volumes with events."
    if overlay.others:
        said += " Thin grey: volumes without, where they are in view."
    if overlay.areas:
        said += " Brown broken lines: search areas, cells and circles of events."
    said += " Coast blue, borders broken grey: made with Natural Earth; borders are for orientation only."
    return join([*key, said])
