"""One event's page, and one event's line in a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from overflight.report import text
from overflight.report.encounter import Encounter, known, parse_parameters, state_of
from overflight.report.markup import Child, Html, join, table, tag


def name(row: dict[str, Any], parameters: dict[str, Any], side: str) -> str:
    """What a reader knows a track by: its callsign where it has one, else its track_id."""
    callsign = state_of(parameters, side).get("callsign")
    return (str(callsign).strip() if callsign else "") or str(row[f"track_{side}"] or "")


def names(row: dict[str, Any], parameters: dict[str, Any]) -> str:
    """Both tracks of an event, or the one."""
    return " and ".join(name(row, parameters, side) for side in "ab" if row[f"track_{side}"] is not None)


def listing(rows: Iterable[tuple[Child, dict[str, Any]]]) -> Html:
    """A table of events, one a line."""
    lines: list[list[Child]] = []
    for number, row in rows:
        lines.append(
            [
                number,
                tag("span", text.moment(row["time"] or row["start"]), class_="time"),
                names(row, parse_parameters(row["parameters"])),
                text.quantity(row["horizontal_nm"], "NM", 2),
                text.quantity(row["vertical_ft"], "ft"),
                text.duration(row["duration_s"]),
                "not rated" if row["severity"] is None else f"{row['severity']:.2f}",
                row["verdict"],
            ]
        )
    return table(
        ("No.", "Worst moment, UTC", "Tracks", "Horizontal", "Vertical", "Lasted", "Severity, provisional", "Verdict"),
        lines,
        numeric=[3, 4, 5, 6],
        class_="wide list",
    )


def page(encounter: Encounter, drawing: Html) -> Html:
    """Everything about one event."""
    row = encounter.row
    verdict = row["verdict"] or "not given"
    return tag(
        "section",
        tag("h2", f"Event {encounter.number}: {names(row, encounter.parameters)}"),
        tag(
            "p",
            f"{_kind(row['kind'])} · worst at {text.moment(encounter.time, 1)} UTC · "
            f"{text.place(row['latitude'], row['longitude'])}",
            class_="where",
        ),
        _facts(encounter),
        tag("p", tag("strong", f"Verdict: {verdict}. "), row["why"] or "", class_=f"verdict {_word(verdict)}"),
        tag("figure", drawing, tag("figcaption", _caption(encounter))),
        _states(encounter),
        _parameters(encounter),
        class_="event",
        id=f"event-{encounter.number}",
    )


def _kind(kind: str | None) -> str:
    return "Loss of separation" if kind == "separation" else (kind or "event").capitalize()


def _word(verdict: str) -> str:
    """A class name from a verdict: letters only."""
    return "".join(letter for letter in verdict if letter.isascii() and letter.isalpha())


def _facts(encounter: Encounter) -> Html:
    row = encounter.row
    nominal, applied = encounter.number_of("vertical_ft"), encounter.vertical_minimum_ft
    tolerance = encounter.number_of("vertical_tolerance_ft")
    less = f" ({text.trimmed(nominal, '')}less {text.trimmed(tolerance, '').strip()})" if tolerance else ""
    facts: list[tuple[str, str, str]] = []
    if encounter.number_of("horizontal_nm") is not None or row["horizontal_nm"] is not None:
        minimum = f"minimum {text.trimmed(encounter.number_of('horizontal_nm'), 'NM')}"
        facts.append(("Horizontal", text.distance(row["horizontal_nm"]), minimum))
        facts.append(
            ("Vertical", text.quantity(row["vertical_ft"], "ft"), f"minimum {text.trimmed(applied, 'ft')}{less}")
        )
    severity = "not rated" if row["severity"] is None else f"{row['severity']:.2f}"
    facts.append(("Severity, provisional", severity, f"band {row['band']}" if row["band"] else ""))
    facts.append(("Lasted", text.duration(row["duration_s"]), f"from {row['start']:%H:%M:%S} UTC"))
    if row["closure_kt"] is not None:
        speed = row["closure_kt"]
        facts.append(("Closure", text.quantity(abs(speed), "kt"), "closing" if speed > 0.0 else "opening"))
    return tag(
        "dl",
        *(tag("div", tag("dt", term), tag("dd", value), tag("dd", note, class_="note")) for term, value, note in facts),
        class_="facts",
    )


def _caption(encounter: Encounter) -> str:
    gap = encounter.number_of("max_gap_s")
    between = (
        f" Between reports at most {gap:g} s apart the motion is uniform; nothing is drawn over longer gaps."
        if gap
        else ""
    )
    shaded = "pale red: the loss" if encounter.row["kind"] == "separation" else "pale red: the event"
    first = "A: blue, solid line, round mark"
    both = f"{first}; B: orange, broken line, square mark" if len(encounter.tracks) == 2 else first
    return f"{both}. Dots: reports; {shaded}; large marks and vertical line: the worst moment.{between}"


def _states(encounter: Encounter) -> Html:
    row, states = encounter.row, encounter.states
    sides = [side for side in "ab" if row[f"track_{side}"] is not None]

    def line(title: str, *values: Child) -> list[Child]:
        return [title, *values]

    def number(key: str, unit: str) -> list[str]:
        return [text.quantity(_float(state, key), unit) for state in states]

    def word(key: str) -> list[str]:
        return [text.UNKNOWN if state.get(key) is None else str(state[key]) for state in states]

    def pair(first: list[str], second: list[str]) -> list[str]:
        return [", ".join(both) for both in zip(first, second, strict=True)]

    rows = [
        line("Callsign", *word("callsign")),
        line("Track", *(str(row[f"track_{side}"]) for side in sides)),
        line("ICAO address, squawk", *pair(word("icao24"), word("squawk"))),
        line("Position", *(text.place(_float(state, "latitude"), _float(state, "longitude")) for state in states)),
        line("Accuracy (95 %)", *number("accuracy_m", "m")),
        line("Pressure altitude, rate", *pair(number("altitude_ft", "ft"), number("vertical_rate_fpm", "ft/min"))),
        line(
            "Ground speed, track",
            *pair(
                number("groundspeed_kt", "kt"), [value.replace(" °", "°") for value in number("track_deg", "° true")]
            ),
        ),
        line("Report before", *word("ref_before")),
        line("Report after", *word("ref_after")),
    ]
    if any(row[f"party_{side}"] is not None for side in sides):
        rows.insert(2, line("Party", *(row[f"party_{side}"] or text.UNKNOWN for side in sides)))
    heads = [tag("span", side.upper(), class_=f"key {side}") for side in sides]
    return join([tag("h3", "At the worst moment"), table(["", *heads], rows, class_="states")])


def _float(state: dict[str, Any], key: str) -> float | None:
    return known(state.get(key))


_LABELS = {
    "horizontal_nm": ("horizontal minimum", "NM"),
    "vertical_ft": ("vertical minimum", "ft"),
    "vertical_tolerance_ft": ("vertical tolerance", "ft"),
    "max_gap_s": ("longest gap bridged", "s"),
}


def _parameters(encounter: Encounter) -> Html:
    row = encounter.row
    told: list[str] = [f"rule {row['rule']}"] if row["rule"] else []
    if row["volume"]:
        told.append(f"volume {row['volume']}")
    for key, value in encounter.parameters.items():
        if key in {"a", "b"} or value is None:
            continue
        label, unit = _LABELS.get(key, (key.replace("_", " "), ""))
        told.append(f"{label} {_value(value)} {unit}".rstrip())
    return join(
        [
            tag("p", tag("strong", "Parameters: "), "; ".join(told) or "none", class_="small"),
            tag("p", tag("strong", "Event "), tag("code", row["id"] or ""), class_="small"),
            tag("p", tag("strong", "Inputs (SHA-256) "), tag("code", _inputs(row["inputs"])), class_="small"),
        ]
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.{3 if abs(value) < 100 else 6}g}" if isinstance(value, int | float) else str(value)


def _inputs(digests: str | None) -> str:
    """All digests where they are few; of many the first three (all of them stand on the first page)."""
    every = (digests or "").split()
    return " ".join(every) if len(every) <= 3 else f"{' '.join(every[:3])} and {len(every) - 3} more"
