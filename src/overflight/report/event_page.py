"""One event's page: what all kinds share, and the page of a pair of aircraft."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from overflight.report import describe, text
from overflight.report.encounter import Encounter, known
from overflight.report.markup import Child, Html, join, table, tag


def page(encounter: Encounter, drawing: Html) -> Html:
    """Everything about one event in which aircraft take part."""
    row = encounter.row
    kind = "Loss of separation" if row["kind"] == "separation" else describe.kind(row["kind"]).capitalize()
    return section(
        encounter,
        f"{kind} · worst at {text.moment(encounter.time, 1)} UTC · {text.place(row['latitude'], row['longitude'])}",
        _facts(encounter),
        tag("figure", drawing, tag("figcaption", _caption(encounter))),
        states(encounter),
        parameters(encounter),
    )


def section(encounter: Encounter, where: str, told: Html, *parts: Child) -> Html:
    """Put a page together: heading, what and where, facts, verdict, and then the rest."""
    row = encounter.row
    verdict = row["verdict"] or "not given"
    nobody = row["track_a"] is None and row["volume"] is None
    what = describe.kind(row["kind"]) if nobody else describe.who(row, encounter.parameters)
    return tag(
        "section",
        tag("h2", f"Event {encounter.number}: {what}"),
        tag("p", where, class_="where"),
        told,
        tag("p", tag("strong", f"Verdict: {verdict}. "), row["why"] or "", class_=f"verdict {_word(verdict)}"),
        *parts,
        class_="event",
        id=f"event-{encounter.number}",
    )


def _word(verdict: str) -> str:
    """A class name from a verdict: letters only."""
    return "".join(letter for letter in verdict if letter.isascii() and letter.isalpha())


def _facts(encounter: Encounter) -> Html:
    row = encounter.row
    nominal, applied = encounter.number_of("vertical_ft"), encounter.vertical_minimum_ft
    tolerance = encounter.number_of("vertical_tolerance_ft")
    less = f" ({text.trimmed(nominal, '')}less {text.trimmed(tolerance, '').strip()})" if tolerance else ""
    told: list[tuple[str, str, str]] = []
    if encounter.number_of("horizontal_nm") is not None or row["horizontal_nm"] is not None:
        minimum = f"minimum {text.trimmed(encounter.number_of('horizontal_nm'), 'NM')}"
        told.append(("Horizontal", text.distance(row["horizontal_nm"]), minimum))
        told.append(
            ("Vertical", text.quantity(row["vertical_ft"], "ft"), f"minimum {text.trimmed(applied, 'ft')}{less}")
        )
    severity = "not rated" if row["severity"] is None else f"{row['severity']:.2f}"
    told.append(("Severity, provisional", severity, f"band {row['band']}" if row["band"] else ""))
    told.append(("Lasted", text.duration(row["duration_s"]), f"from {row['start']:%H:%M:%S} UTC"))
    if row["closure_kt"] is not None:
        speed = row["closure_kt"]
        told.append(("Closure", text.quantity(abs(speed), "kt"), "closing" if speed > 0.0 else "opening"))
    return facts(told)


def facts(told: Iterable[tuple[str, str, str]]) -> Html:
    """What a reader looks for first: term, value and a note each."""
    return tag(
        "dl",
        *(tag("div", tag("dt", term), tag("dd", value), tag("dd", note, class_="note")) for term, value, note in told),
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


def states(encounter: Encounter, title: str = "At the worst moment") -> Html:
    """What each aircraft said at the worst moment, and which lines of the recording say so."""
    row, told = encounter.row, encounter.states
    sides = [side for side in "ab" if row[f"track_{side}"] is not None]

    def line(title: str, *values: Child) -> list[Child]:
        return [title, *values]

    def number(key: str, unit: str) -> list[str]:
        return [text.quantity(_float(state, key), unit) for state in told]

    def word(key: str) -> list[str]:
        return [text.UNKNOWN if state.get(key) is None else str(state[key]) for state in told]

    def pair(first: list[str], second: list[str]) -> list[str]:
        return [", ".join(both) for both in zip(first, second, strict=True)]

    rows = [
        line("Callsign", *word("callsign")),
        line("Track", *(str(row[f"track_{side}"]) for side in sides)),
        line("ICAO address, squawk", *pair(word("icao24"), word("squawk"))),
        line("Position", *(text.place(_float(state, "latitude"), _float(state, "longitude")) for state in told)),
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
    return join([tag("h3", title), table(["", *heads], rows, class_="states")])


def _float(state: dict[str, Any], key: str) -> float | None:
    return known(state.get(key))


_LABELS = {
    "volume": "named",
    "horizontal_nm": "horizontal minimum",
    "vertical_ft": "vertical minimum",
    "vertical_tolerance_ft": "vertical tolerance",
    "max_gap_s": "longest gap bridged",
}
_UNITS = {"nm": "NM", "ft": "ft", "s": "s", "m": "m", "min": "min", "kt": "kt", "deg": "°", "fpm": "ft/min"}


def label(key: str) -> tuple[str, str]:
    """A parameter's name as words, and its unit, which its last part says."""
    words, _, last = key.rpartition("_")
    unit = _UNITS.get(last, "") if words else ""
    return _LABELS.get(key, (words if unit else key).replace("_", " ")), unit


def parameters(encounter: Encounter) -> Html:
    """The parameters of the event, its id and its inputs."""
    row = encounter.row
    told: list[str] = [f"rule {row['rule']}"] if row["rule"] else []
    if row["volume"]:
        told.append(f"volume {row['volume']}")
    for key, value in encounter.parameters.items():
        if key in {"a", "b"} or value is None or isinstance(value, dict | list):  # told elsewhere on the page
            continue
        name, unit = label(key)
        told.append(f"{name} {plain(value)} {unit}".rstrip())
    return join(
        [
            tag("p", tag("strong", "Parameters: "), "; ".join(told) or "none", class_="small"),
            tag("p", tag("strong", "Event "), tag("code", row["id"] or ""), class_="small"),
            tag("p", tag("strong", "Inputs (SHA-256) "), tag("code", _inputs(row["inputs"])), class_="small"),
        ]
    )


def plain(value: object) -> str:
    """A value of a parameter as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.{3 if abs(value) < 100 else 6}g}" if isinstance(value, int | float) else str(value)


def _inputs(digests: str | None) -> str:
    """All digests where they are few; of many the first three (all of them stand on the first page)."""
    every = (digests or "").split()
    return " ".join(every) if len(every) <= 3 else f"{' '.join(every[:3])} and {len(every) - 3} more"
