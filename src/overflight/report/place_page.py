"""The page of an event that is neither a pair of aircraft nor a stay: an aircraft lost, an area, an outage.

It has a map of the place with what the event's parameters tell of areas, the track where there is one, and the
parameters as they are, in tables.
"""

from __future__ import annotations

from typing import Any, Final, cast

from overflight.report import describe, event_page, overview, text
from overflight.report.encounter import Encounter
from overflight.report.markup import Child, Html, join, table, tag
from overflight.report.shapes import shapes
from overflight.report.tracks import Floats

_MOST_LINES: Final = 24
_ON_THE_MAP: Final = ("latitude", "longitude", "corners")
"""Of a thing that is drawn: where it is."""


def page(encounter: Encounter, path: Floats | None) -> Html:
    """Everything about one event; drawings are made under `canvas.style`.

    Args:
        encounter: the event.
        path: longitude and latitude, (N, 2), of the way flown before; None where nobody takes part.
    """
    row = encounter.row
    parts: list[Child] = []
    if row["latitude"] is not None and row["longitude"] is not None:
        areas = shapes(row, encounter.parameters)
        drawing = overview.place(encounter.number, (row["longitude"], row["latitude"]), areas, path)
        parts.append(tag("figure", drawing, tag("figcaption", _caption(bool(areas), path is not None)), class_="map"))
    if encounter.states and any(encounter.states):
        parts.append(event_page.states(encounter, "Last known"))
    parts += _tables(encounter.parameters)
    told = [
        ("From", text.moment(row["start"]), "UTC"),
        ("Lasted", text.duration(row["duration_s"]), f"to {text.moment(row['end'])}" if row["end"] else ""),
    ]
    if row["severity"] is not None:
        told.append(("Severity, provisional", f"{row['severity']:.2f}", ""))
    if row["altitude_ft"] is not None:
        told.append(("Pressure altitude", text.quantity(row["altitude_ft"], "ft"), ""))
    return event_page.section(
        encounter,
        f"{describe.kind(row['kind']).capitalize()} · {text.moment(encounter.time, 1)} UTC · "
        f"{text.place(row['latitude'], row['longitude'])}",
        event_page.facts(told),
        *parts,
        event_page.parameters(encounter),
    )


def _caption(areas: bool, track: bool) -> str:
    said = ["Black mark: the place of the event."]
    if track:
        said.append("Blue: the track up to there.")
    if areas:
        said.append("Brown broken lines: the areas that the event tells of.")
    return " ".join([*said, "Coast blue, borders broken grey: made with Natural Earth, for orientation only."])


def _tables(parameters: dict[str, Any]) -> list[Child]:
    """What the parameters hold beyond single values: lists of things as tables, things as lines."""
    parts: list[Child] = []
    for key, value in parameters.items():
        if key == "a" or not isinstance(value, dict | list) or not value:
            continue
        title = tag("h3", event_page.label(key)[0].capitalize())
        if isinstance(value, dict):
            parts += [title, *_thing(cast("dict[str, Any]", value))]
        else:
            parts += [title, _listed(cast("list[Any]", value))]
    return parts


def _thing(value: dict[str, Any]) -> list[Child]:
    value = {key: part for key, part in value.items() if key not in _ON_THE_MAP}
    single: dict[str, Any] = {key: part for key, part in value.items() if not isinstance(part, list) or part == []}
    parts: list[Child] = [tag("p", _line(single))] if single else []
    for key, part in value.items():
        if key not in single:
            parts += [tag("p", event_page.label(key)[0].capitalize(), ":", class_="small"), _listed(part)]
    return parts


def _listed(values: list[Any]) -> Html:
    """A list: of things as a table, of anything else as a line."""
    things = [cast("dict[str, Any]", each) for each in values if isinstance(each, dict)]
    if len(things) != len(values):
        return tag("p", ", ".join(_cell(each) for each in values[:_MOST_LINES]), _more(values), class_="small")
    keys = list(dict.fromkeys(key for thing in things for key in thing))
    heads = [_head(*event_page.label(key)) for key in keys]
    rows = [[_degrees(key, thing.get(key)) for key in keys] for thing in things[:_MOST_LINES]]
    return join([table(heads, rows, class_="wide list"), tag("p", _more(values), class_="small")])


def _head(name: str, unit: str) -> str:
    return f"{name.capitalize()}, {unit}" if unit else name.capitalize()


def _degrees(key: str, value: object) -> str:
    """A cell; latitudes and longitudes keep four decimals, some ten metres."""
    if key in {"latitude", "longitude"} and isinstance(value, int | float):
        return f"{value:.4f}"
    return _cell(value)


def _more(values: list[Any]) -> str:
    return f" and {len(values) - _MOST_LINES:,} more" if len(values) > _MOST_LINES else ""


def _line(values: dict[str, Any]) -> str:
    said: list[str] = []
    for key, value in values.items():
        name, unit = event_page.label(key)
        said.append(f"{name} {_cell(value)} {unit}".rstrip())
    return "; ".join(said)


def _cell(value: object) -> str:
    if value is None:
        return text.UNKNOWN
    if isinstance(value, list):
        return ", ".join(_cell(each) for each in cast("list[object]", value)[:_MOST_LINES])
    if isinstance(value, dict):
        return _line(cast("dict[str, Any]", value))
    return event_page.plain(value)
