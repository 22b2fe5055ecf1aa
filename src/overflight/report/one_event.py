"""The report of one event out of what a service has kept: the same page that the report of a check has of it."""

from __future__ import annotations

import threading
from typing import Final

import polars as pl

from overflight.airspace.volume import Airspace
from overflight.report import canvas, describe, event_pages, text
from overflight.report.html import ADVISORY, document
from overflight.report.markup import join, tag
from overflight.report.tracks import Tracks
from overflight.surveillance.integrity import DISQUALIFYING, ON_GROUND

_DRAWING: Final = threading.Lock()
"""Drawings are made under settings that hold for the whole process: a service that is asked twice makes one after the other."""


def compose(events: pl.DataFrame, table: pl.DataFrame, airspace: Airspace, parameters: dict[str, str]) -> str:
    """Return the report of one event as HTML.

    Args:
        events: the event table, of one row.
        table: the positions of its tracks (`POSITION_SCHEMA`), with the gate's flags.
        airspace: the volumes that it was found with.
        parameters: those that it was found with, as text by name.
    """
    drawn = events.to_dicts()
    sides = [row[side] for row in drawn for side in ("track_a", "track_b") if row[side] is not None]
    with _DRAWING, canvas.style():
        pages = event_pages.pages(airspace, parameters, drawn, Tracks(table, sides, DISQUALIFYING | ON_GROUND))
    row = drawn[0]
    head = tag(
        "header",
        tag("p", "Overflight", class_="brand"),
        tag("h1", f"{describe.kind(row['kind']).capitalize()}, {text.moment(row['start'])} UTC"),
        tag("p", ADVISORY, class_="advisory"),
        tag("p", f"Event {row['id']}, of {table.height:,} positions that the service has kept."),
    )
    title = f"{describe.kind(row['kind'])}, {text.moment(row['start'])} UTC"
    return document(join([head, *pages]), title=title, files=[])
