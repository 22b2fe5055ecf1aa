"""The report's first pages: what was found, what was read, what could not be tested, and the totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from overflight.engine.result import CheckResult, Summary
from overflight.events import BANDS, REASONS, VERDICTS
from overflight.report import airspace_pages, text
from overflight.report.describe import KINDS
from overflight.report.markup import Child, Html, join, table, tag

_NOTHING: dict[str, str] = {
    "separation": "no loss",
    "incursion": "no volume entered",
    "lost": "no aircraft lost from sight",
    "interference": "no sign of interference",
}
"""What each net says that found nothing."""


def headline(result: CheckResult) -> Html:
    """Say in a sentence or two what was found; never an all-clear without its limits."""
    summary = result.summary
    total = result.events.height
    said: list[Child] = []
    nothing = [_NOTHING.get(net, f"nothing by the net {net}") for net in summary.nets if net not in {"hazard", "line"}]
    if total:
        verdict = " and ".join(
            f"{number:,} {name}"
            for name, number in (("confirmed", summary.confirmed), ("undetermined", summary.undetermined))
            if number
        )
        found = f"{text.count(total, 'event')} found" + (f": {verdict}." if verdict else ".")
        kinds = Counter(result.events["kind"].to_list())
        if set(kinds) != {"separation"}:
            said.append(
                tag("p", f"{sentence([_several(kind, number) for kind, number in _falling(kinds)])}.", class_="kinds")
            )
    elif summary.tested_minutes > 0.0 and nothing:
        first, *rest = nothing
        found = f"{sentence([f'{first.capitalize()} found' if first == 'no loss' else first.capitalize(), *rest])} in what could be tested."
    else:
        found = "Nothing could be tested."
    if summary.refused:
        missing = f"{text.count(len(summary.refused), 'volume')} could not be read and {'was' if len(summary.refused) == 1 else 'were'} NOT tested."
        said.append(tag("p", missing, class_="missing"))
    return join([tag("p", found, class_="headline"), *said, tag("p", _tested(result), class_="tested")])


def _several(kind: str, number: int) -> str:
    one, many = KINDS.get(kind, (kind, kind))
    return text.count(number, one, many)


def sentence(words: list[str]) -> str:
    """Join words as a sentence does: "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _tested(result: CheckResult) -> str:
    summary = result.summary
    testable = summary.tested_minutes
    if testable <= 0.0:
        return "The recording holds no stretch of track with a known altitude. This says nothing about what flew."
    volumes = airspace_pages.tested(result)
    against = f", against {text.count(len(volumes), 'volume')} of airspace" if volumes else ""
    return (
        f"Tested: {testable:,.0f} track-minutes with a known altitude, of {text.count(summary.tracks, 'track')} "
        f"({text.count(summary.aircraft, 'aircraft', 'aircraft')} by ICAO address), "
        f"from {text.moment(summary.start)} to {text.moment(summary.end)} UTC{against}."
    )


def limits(result: CheckResult) -> Html:
    """List what could not be tested. Stands on every report, with and without events."""
    summary = result.summary
    share = 100.0 * summary.track_minutes_no_altitude / summary.track_minutes if summary.track_minutes else 0.0
    dropped = sum(count for reason, count in summary.dropped.items() if not reason.endswith("set unknown"))
    rows: list[Child] = [
        f"{summary.track_minutes_no_altitude:,.0f} of {summary.track_minutes:,.0f} track-minutes ({share:.1f} %) "
        "had no known altitude. That is never taken for separated, but no vertical distance could be tested."
        + (" Volumes without floor and ceiling were tested all the same." if airspace_pages.tested(result) else ""),
        f"{text.count(summary.isolated, 'report')} stood alone, with no other of their track within the longest gap "
        "over which motion is assumed: not tested.",
        f"{text.count(summary.disqualified, 'position')} were not used (integrity flags, on the ground), and "
        f"{text.count(dropped, 'row')} could not be used as read.",
        *([f"{summary.outside:,} positions are outside the time or area asked for."] if summary.outside else []),
        "Aircraft that sent no position, or that no receiver heard, are not in the recording and so not in here.",
    ]
    if result.airspace.volumes:
        rows.append(
            "Airspace that was not given was not tested. The volumes are as good as their source says, and stand as they are: "
            "a notice that was not among the files is not known here."
        )
    if summary.refused:
        rows.append(
            f"{text.count(len(summary.refused), 'volume')} could not be read and so NOT tested: "
            f"{'; '.join(each.name for each in result.airspace.refused)}. The reasons stand under Airspace."
        )
    return join([tag("h2", "What could not be tested"), tag("ul", *(tag("li", row) for row in rows))])


def meaning(result: CheckResult) -> Html:
    """A few lines on what the numbers mean and what they do not."""
    max_gap = result.parameters.get("largest gap bridged")
    gap = f" at most {max_gap} apart" if max_gap else ""
    lines = [
        f"Distances are between reported positions, with uniform motion between two reports{gap}; they are "
        "as good as the accuracies that the aircraft or the sensors state, which decide the verdict."
    ]
    if "separation" in result.summary.nets or not airspace_pages.tested(result):
        lines += [
            "Severity is provisional: the share of the minimum that was left at the worst moment (0: a "
            "collision, 1: the minimum just kept). It rates neither cause nor blame nor the risk of collision.",
            "A loss says that the minimum named with it was not kept. Whether that minimum applied (visual "
            "separation, a clearance, an agreed formation) only those who know the clearances can say.",
        ]
    if airspace_pages.tested(result):
        lines += [
            "An entry says that a track was in a volume, from the instant of entry to that of exit. It is confirmed "
            "where the deepest point lies inside by more than position and boundary are good to, at a level that is inside for "
            "sure. Whether the aircraft was allowed there only those who control the volume can say.",
            "Aircraft report pressure altitude. A limit above mean sea level differs from it with the pressure of the day, and one "
            "above ground with the terrain: near such a limit an entry is undetermined, and it is drawn as a band or said in words.",
            "Depth is the distance from the boundary in the plane, not from the floor or the ceiling.",
        ]
    if "lost" in result.summary.nets:
        lines.append(
            "Lost from sight says that no report came from an aircraft where others were heard. It is no finding that it is in "
            "distress; search areas and phases are proposals, and the unit responsible decides."
        )
    if "interference" in result.summary.nets:
        lines.append(
            "Interference says that many of the aircraft in a cell and hour had degraded or impossible positions: not by "
            "whom, nor from where."
        )
    return join([tag("h2", "What the numbers mean"), tag("ul", *(tag("li", line) for line in lines))])


def read(result: CheckResult) -> Html:
    """What was read, what was dropped and why, and the parameters."""
    summary, recording = result.summary, result.recording
    parts: list[Child] = [tag("h2", "What was read")]
    parts.append(
        table(
            ("File", "Format", "Positions", "SHA-256 of the file as stored"),
            (
                (tag("span", file.path, class_="path"), file.format, f"{file.rows:,}", tag("code", file.sha256))
                for file in recording.files
            ),
            numeric=[2],
            class_="wide",
        )
    )
    parts.append(
        tag(
            "p",
            f"{text.count(summary.rows, 'position')} in all, {text.count(summary.tracks, 'track')}, "
            f"{text.count(summary.aircraft, 'aircraft', 'aircraft')} by ICAO address.",
        )
    )
    parts.append(tag("h3", "Dropped while reading"))
    if summary.dropped:
        parts.append(
            table(
                ("Reason", "Rows", "For example"),
                (
                    (reason, f"{number:,}", summary.drop_examples.get(reason, ""))
                    for reason, number in sorted(summary.dropped.items(), key=lambda item: (-item[1], item[0]))
                ),
                numeric=[1],
                class_="wide",
            )
        )
    else:
        parts.append(tag("p", "Nothing: every row that was read is in the table."))
    for notice in text.notices([file.path for file in recording.files]):
        parts.append(tag("p", notice, class_="notice"))
    return join(parts)


def gate(summary: Summary) -> Html:
    """What the integrity gate and the choice of minima did to the encounters."""
    pairs = {reason: number for reason, number in summary.dismissed.items() if reason in REASONS}
    happened: list[tuple[Child, Child]] = [
        ("looked at", f"{summary.encounters:,}"),
        ("events", f"{summary.events.get('separation', 0):,}"),
        *((f"no event: {reason}", f"{number:,}") for reason, number in _falling(pairs)),
    ]
    others: list[tuple[Child, Child]] = [
        (reason, f"{number:,}") for reason, number in _falling(airspace_pages.other_reasons(summary.dismissed))
    ]
    explained = _falling(summary.explained)
    return join(
        [
            tag("h2", "Encounters and integrity" if "separation" in summary.nets else "Integrity"),
            tag(
                "div",
                _counts("Encounters", happened) if "separation" in summary.nets else None,
                _counts("Silences, no event", others) if others else None,
                _counts("In flagged positions only", [(_spaced(name), f"{n:,}") for name, n in explained]),
                _counts("Flagged positions", [(_spaced(name), f"{n:,}") for name, n in _falling(summary.flagged)]),
                class_="columns",
            ),
            tag(
                "p",
                f"{text.count(summary.disqualified, 'position')} were not used because of a flag; one may have "
                "several flags. What rests on degraded positions is undetermined.",
            ),
        ]
    )


def _spaced(flag: str) -> str:
    """A flag's name as words."""
    return flag.replace("_", " ")


def _counts(title: str, rows: list[tuple[Child, Child]]) -> Html:
    body = table((title, "Count"), rows, numeric=[1]) if rows else table((title, "Count"), [("none", "0")], numeric=[1])
    return tag("div", body)


def _falling(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def distribution(events: pl.DataFrame) -> Html:
    """Events by kind, verdict, provisional severity and hour, as small bars."""
    if events.height == 0:
        return Html("")
    kinds = Counter(events["kind"].to_list())
    verdicts = Counter(events["verdict"].to_list())
    bands = Counter(events["band"].to_list())
    return tag(
        "section",
        tag("h2", "Events by kind, verdict, severity and hour"),
        tag(
            "div",
            tag("div", _bars("Kind", _falling({str(name): number for name, number in kinds.items()}))),
            tag("div", _bars("Verdict", [(name, verdicts[name]) for name in VERDICTS if verdicts[name]])),
            tag(
                "div",
                _bars(
                    "Severity, provisional",
                    [
                        *((name, bands[name]) for name in BANDS if bands[name] or "separation" in kinds),
                        *([("not rated", bands[None])] if bands[None] else []),
                    ],
                ),
            ),
            class_="columns",
        ),
        _histogram(*_by_time(events)),
    )


def _by_time(events: pl.DataFrame) -> tuple[str, list[tuple[str, int]]]:
    """Events by the hour in which they began, or by the day where that would be more than 48 columns."""
    starts: list[Any] = events["start"].drop_nulls().to_list()
    if not starts:
        return "Hour, UTC", []
    hours = Counter(start.replace(minute=0, second=0, microsecond=0) for start in starts)
    first, last = min(hours), max(hours)
    length = int((last - first) / timedelta(hours=1)) + 1
    if length <= 48:
        every = [first + timedelta(hours=step) for step in range(length)]
        return f"Hour of {first:%Y-%m-%d}, UTC", [(f"{hour:%H}", hours[hour]) for hour in every]
    days = Counter(f"{start:%m-%d}" for start in sorted(starts))
    return f"Day from {first:%Y-%m-%d}, UTC", list(days.items())


def _histogram(title: str, columns: list[tuple[str, int]]) -> Html:
    """Columns with their number on top; at most 48 are labelled, evenly."""
    if not columns:
        return Html("")
    highest = max(number for _, number in columns) or 1
    width, height = 620.0 / max(len(columns), 12), 56.0
    every = -(-len(columns) // 26)
    parts: list[Html] = []
    for index, (label, number) in enumerate(columns):
        middle, tall = (index + 0.5) * width, round(height * number / highest, 1)
        if number:
            parts.append(
                tag(
                    "rect",
                    x=f"{middle - width * 0.4:.1f}",
                    y=f"{14 + height - tall:g}",
                    width=f"{width * 0.8:.1f}",
                    height=f"{tall:g}",
                    fill="#33658f",
                )
            )
            parts.append(
                tag("text", f"{number:,}", x=f"{middle:.1f}", y=f"{10 + height - tall:g}", text_anchor="middle")
            )
        if index % every == 0:
            parts.append(
                tag("text", label, x=f"{middle:.1f}", y=f"{height + 26:g}", text_anchor="middle", class_="tick")
            )
    line = tag("path", d=f"M0 {height + 14:g}H620", stroke="#6b7280", fill="none")
    drawing = tag(
        "svg", *parts, line, class_="histogram", viewBox="0 0 620 86", role="img", aria_label=f"Events by {title}"
    )
    return tag("figure", tag("figcaption", tag("strong", title)), drawing)


def _bars(title: str, rows: list[tuple[str, int]]) -> Html:
    """A table of counts with a bar each; drawn as SVG because printers leave out backgrounds."""
    longest = max((number for _, number in rows), default=0) or 1

    def bar(number: int) -> Html:
        width = round(100.0 * number / longest, 1)
        box = tag("rect", x=0, y=0, width=f"{width:g}", height=8, fill="#33658f") if number else None
        return tag("svg", box, class_="bar", viewBox="0 0 100 8", preserveAspectRatio="none", aria_hidden="true")

    return table(
        (title, "Events", ""), ((name, f"{number:,}", bar(number)) for name, number in rows), numeric=[1], class_="bars"
    )


def parameters(result: CheckResult) -> Html:
    """The parameters that were used."""
    return join(
        [tag("h2", "Parameters"), table(("Parameter", "Value"), sorted(result.parameters.items()), class_="wide")]
    )
