"""What happened, in the few words that a heading or a line of a list has room for; for events of every kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from overflight.report import text
from overflight.report.encounter import parse_parameters, state_of
from overflight.report.markup import Child, Html, join, table, tag
from overflight.units import NM_M

STAYS: Final = ("incursion", "hazard")
"""Kinds of events that are a stay in a volume."""

KINDS: Final[dict[str, tuple[str, str]]] = {
    "separation": ("loss of separation", "losses of separation"),
    "conflict": ("predicted loss of separation", "predicted losses of separation"),
    "incursion": ("airspace entered", "entries into airspace"),
    "hazard": ("danger entered", "entries into a danger"),
    "lost": ("aircraft lost from sight", "aircraft lost from sight"),
    "breach": ("procedure not kept", "procedures not kept"),
    "interference": ("area of interference", "areas of interference"),
    "outage": ("outage of reception", "outages of reception"),
}
"""Each kind as people call it, one and several."""

_LONGEST = 70


def kind(name: str | None) -> str:
    """What people call a kind."""
    return KINDS[name][0] if name in KINDS else (name or "event")


def name(row: dict[str, Any], parameters: dict[str, Any], side: str) -> str:
    """What a reader knows a track by: its callsign where it has one, else its track_id."""
    callsign = state_of(parameters, side).get("callsign")
    return (str(callsign).strip() if callsign else "") or str(row[f"track_{side}"] or "")


def who(row: dict[str, Any], parameters: dict[str, Any]) -> str:
    """Both tracks of an event, the one and the volume it was in, or the place where nobody takes part."""
    flown = " and ".join(name(row, parameters, side) for side in "ab" if row[f"track_{side}"] is not None)
    if flown and row["volume"]:
        return f"{flown} in {row['volume']}"
    return flown or row["volume"] or text.place(row["latitude"], row["longitude"])


def tracks(row: dict[str, Any], parameters: dict[str, Any]) -> Child:
    """Who takes part, without where; the place where nobody does."""
    sides = [name(row, parameters, side) for side in "ab" if row[f"track_{side}"] is not None]
    if not sides:
        latitude, _, longitude = text.place(row["latitude"], row["longitude"]).partition(" ")
        return join([_whole(latitude), " ", _whole(longitude)])
    return join(part for side in sides for part in (" and " if side is not sides[0] else None, _whole(side)))


def how(row: dict[str, Any]) -> str:
    """How near, how deep, or what else measures it."""
    if row["depth_m"] is not None:
        way = "" if row["path_m"] is None else f", {row['path_m'] / NM_M:.1f} NM inside"
        return f"{row['depth_m'] / NM_M:.2f} NM deep{way}"
    if row["horizontal_nm"] is not None:
        return f"{row['horizontal_nm']:.2f} NM and {text.quantity(row['vertical_ft'], 'ft')} apart"
    why = (row["why"] or "").split(";")[0].split(" (")[0]
    return why if len(why) <= _LONGEST else why[: _LONGEST - 1] + "…"


def listing(rows: Iterable[tuple[Child, dict[str, Any]]]) -> Html:
    """A table of events, one a line."""
    listed = list(rows)
    separation = all(row["kind"] == "separation" or row["track_b"] is not None for _, row in listed)
    return _pairs(listed) if separation else _mixed(listed)


def _pairs(rows: list[tuple[Child, dict[str, Any]]]) -> Html:
    """Pairs of aircraft only: both distances have a column."""
    lines: list[list[Child]] = []
    for number, row in rows:
        lines.append(
            [
                number,
                tag("span", text.moment(row["time"] or row["start"]), class_="time"),
                who(row, parse_parameters(row["parameters"])),
                text.quantity(row["horizontal_nm"], "NM", 2),
                text.quantity(row["vertical_ft"], "ft"),
                text.duration(row["duration_s"]),
                _severity(row),
                row["verdict"],
            ]
        )
    return table(
        ("No.", "Worst moment, UTC", "Tracks", "Horizontal", "Vertical", "Lasted", "Severity, provisional", "Verdict"),
        lines,
        numeric=[3, 4, 5, 6],
        class_="wide list",
    )


def _mixed(rows: list[tuple[Child, dict[str, Any]]]) -> Html:
    """Events of any kind."""
    rated = any(row["severity"] is not None for _, row in rows)
    lines: list[list[Child]] = []
    for number, row in rows:
        lines.append(
            [
                number,
                tag("span", text.moment(row["time"] or row["start"]), class_="time"),
                _whole(row["kind"] or "event"),
                tracks(row, parse_parameters(row["parameters"])),
                _whole(row["volume"] or ""),
                how(row),
                text.duration(row["duration_s"]),
                *(["–" if row["severity"] is None else _severity(row)] if rated else []),
                row["verdict"],
            ]
        )
    heads: list[Child] = ["No.", "Worst moment, UTC", "What", "Who", "Volume", "How near, how deep", "Lasted"]
    return table(
        [*heads, *([join(["Severity,", tag("br"), "provisional"])] if rated else []), "Verdict"],
        lines,
        numeric=[6, 7] if rated else [6],
        class_="wide list mixed",
    )


def _whole(word: str) -> Child:
    """A word that is not broken over two lines, unless it is long."""
    return tag("span", word, class_="time") if len(word) <= 20 else word


def _severity(row: dict[str, Any]) -> str:
    return "not rated" if row["severity"] is None else f"{row['severity']:.2f}"
