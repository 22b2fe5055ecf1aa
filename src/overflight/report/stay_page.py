"""The page of one stay in a volume."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from overflight.report import describe, event_page, stay_plan, stay_profile, text
from overflight.report.canvas import Canvas, Frame
from overflight.report.encounter import known, state_of
from overflight.report.event_plot import ANY, HEIGHT, WIDTH
from overflight.report.markup import Child, Html, join, table, tag
from overflight.report.stay import Crossing, Stay

_LONGEST_RAW: Final = 500


def page(stay: Stay) -> Html:
    """Everything about one stay; drawings are made under `canvas.style`."""
    encounter, row = stay.encounter, stay.row
    return event_page.section(
        encounter,
        f"{describe.kind(row['kind']).capitalize()} · {stay.volume.name} ({stay.volume.kind}) · deepest at "
        f"{text.moment(encounter.time, 1)} UTC · {text.place(row['latitude'], row['longitude'])}",
        event_page.facts(_facts(stay)),
        tag("figure", _drawing(stay), tag("figcaption", _caption(stay))),
        _moments(stay),
        event_page.parameters(encounter),
    )


def _drawing(stay: Stay) -> Html:
    sheet = Canvas(WIDTH, HEIGHT)
    side = HEIGHT - 16.0
    stay_plan.draw(sheet, stay, Frame(1.0, 1.0, side, side, ANY, ANY))
    stay_profile.draw(sheet, stay, Frame(side + 44.0, 0.0, WIDTH - side - 58.0, HEIGHT, ANY, ANY))
    number = stay.encounter.number
    return sheet.svg(f"e{number}", f"Plan view and altitude against time of event {number}")


def _facts(stay: Stay) -> list[tuple[str, str, str]]:
    row, volume = stay.row, stay.volume
    accuracy = f"boundary good to {volume.accuracy_m:,.0f} m" if volume.accuracy_m else "boundary exact by definition"
    return [
        _moment("Entered", "Inside from the first report", stay.entry),
        _moment("Left", "Inside to the last report", stay.exit),
        ("Lasted", text.duration(row["duration_s"]), f"{text.depth(row['path_m'])} flown inside"),
        ("Deepest", text.depth(row["depth_m"]), accuracy),
        (
            "Levels",
            f"{volume.floor} to {volume.ceiling}",
            "no altitude" if row["altitude_ft"] is None else f"deepest at {row['altitude_ft']:,.0f} ft",
        ),
        ("Whose", volume.owner or "not said", f"kind: {volume.kind.replace('_', ' ')}"),
    ]


def _moment(word: str, otherwise: str, crossing: Crossing) -> tuple[str, str, str]:
    altitude = "" if crossing.altitude_ft is None else f" at {crossing.altitude_ft:,.0f} ft"
    if not crossing.crossed:
        seen = "entry" if crossing.how == "first report" else "exit"
        return otherwise, f"{crossing.time:%H:%M:%S}", f"{seen} not seen;{altitude}".rstrip(";")
    return word, f"{crossing.time:%H:%M:%S}", f"over the {crossing.how}{altitude}"


def _moments(stay: Stay) -> Html:
    """Entry, deepest moment and exit, each with the lines of the recording that it rests on; and who it was."""
    row, parameters = stay.row, stay.encounter.parameters
    state = stay.encounter.states[0]

    def reported(which: str, key: str) -> str:
        return str(state_of(parameters, which).get(key) or text.UNKNOWN)

    def at(crossing: Crossing) -> tuple[str, str, str, str]:
        return (
            text.moment(crossing.time, 1),
            text.place(crossing.latitude, crossing.longitude),
            text.quantity(crossing.altitude_ft, "ft"),
            crossing.how or text.UNKNOWN,
        )

    deepest = (
        text.moment(stay.encounter.time, 1),
        text.place(row["latitude"], row["longitude"]),
        text.quantity(row["altitude_ft"], "ft"),
        f"{text.depth(row['depth_m'])} from the boundary",
    )
    columns = (at(stay.entry), deepest, at(stay.exit))
    titles = ("Time, UTC", "Position", "Pressure altitude", "How")
    rows: list[list[Child]] = [[title, *(column[k] for column in columns)] for k, title in enumerate(titles)]
    for title, key in (("Report before", "ref_before"), ("Report after", "ref_after")):
        rows.append([title, *(reported(which, key) for which in ("entry", "a", "exit"))])
    party = f" · party {row['party_a']}" if row["party_a"] else ""
    who = (
        f"Callsign {state.get('callsign') or text.UNKNOWN} · track {row['track_a']} · ICAO address "
        f"{state.get('icao24') or text.UNKNOWN} · squawk {state.get('squawk') or text.UNKNOWN} · positions good to "
        f"{text.quantity(known(state.get('accuracy_m')), 'm')} (95 %){party}"
    )
    return join(
        [
            tag("h3", "The stay"),
            table(["", "Entry", "Deepest", "Exit"], rows, class_="states"),
            tag("p", who, class_="small"),
            tag("p", _volume(stay), class_="small"),
        ]
    )


def _volume(stay: Stay) -> str:
    """When the volume is active, where it comes from, and what it says of itself."""
    volume = stay.volume
    said: list[str] = []
    if volume.active:
        spans = [f"{_end(span.start, 'ever')} to {_end(span.end, 'further notice')}" for span in volume.active[:3]]
        more = f" and {len(volume.active) - 3:,} more times" if len(volume.active) > 3 else ""
        said.append(f"active {', '.join(spans)}{more}{' (the end is an estimate)' if volume.estimated_end else ''}")
    if volume.source:
        said.append(f"from {volume.source}")
    said += volume.notes[:5]
    if volume.raw and not volume.raw.lstrip().startswith(("{", "<")):
        raw = " ".join(volume.raw.split())
        said.append(f"as published: {raw if len(raw) <= _LONGEST_RAW else raw[: _LONGEST_RAW - 1] + '…'}")
    return f"Volume {volume.id}: {'; '.join(said) or 'nothing more is said of it'}."


def _end(moment: datetime | None, otherwise: str) -> str:
    return otherwise if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _caption(stay: Stay) -> str:
    gap = stay.encounter.number_of("max_gap_s")
    known = f"; wide pale line: how far it is known ({stay.volume.accuracy_m:,.0f} m)" if stay.volume.accuracy_m else ""
    between = f" Between reports at most {gap:g} s apart the motion is uniform." if gap else ""
    return (
        f"Blue: the track, with its reports; pale red: the stay; pale yellow: the volume; red: its boundary{known}. Rings: "
        "entry and exit; black mark and vertical line: the deepest moment; arrow: to the nearest boundary."
        f"{between} Coasts and borders, where drawn, are for orientation only."
    )
