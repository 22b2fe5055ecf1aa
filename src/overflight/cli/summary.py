"""The summary of a check, for people: totals first, then each event in a line, the gravest first."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overflight.engine.result import CheckResult, Summary

MOST_EVENTS = 20
NOTE = (
    "Advisory. Severity is provisional: the share of the minimum that was left, not a risk. "
    "What was not tested is said above; no event there means nothing."
)


def print_summary(result: CheckResult, written: list[str]) -> None:
    """Print the totals, the events and where they were written, to stdout."""
    console = Console(highlight=False, soft_wrap=False)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, lines in totals(result.summary):
        for k, line in enumerate(lines):
            table.add_row("" if k else name, Text(line))
    for path in written:
        table.add_row("Written", Text(path))
    console.print(table)
    if result.events.height:
        console.print(_events(result))
    console.print(Text(NOTE, style="dim"))


def totals(s: Summary) -> list[tuple[str, list[str]]]:
    """Return the totals as lines under headings."""
    read = [f"{_of(s.files, 'input')}, {_of(s.rows, 'position')}, {_of(s.tracks, 'track')}, {s.aircraft:,} aircraft addresses"]
    if s.start and s.end:
        read.append(f"{_time(s.start)} to {_time(s.end)} UTC")
    lines = [("Read", read)]
    if s.dropped:
        lines.append(("Dropped", [f"{count:,} × {reason} (first: {s.drop_examples[reason]})" for reason, count in s.dropped.items()]))
    integrity = [f"{s.disqualified:,} positions not used"]
    if s.flagged:
        integrity[0] += f"; flags: {_counts(s.flagged)}"
    if s.explained:
        integrity.append(f"{_of(sum(s.explained.values()), 'close encounter')} only in flagged positions: {_counts(s.explained)} (--ungated shows them)")
    lines.append(("Integrity", integrity))
    tested = [f"{s.track_minutes:,.0f} track-minutes"]
    if s.track_minutes_no_altitude:
        tested.append(f"not tested: {s.track_minutes_no_altitude:,.1f} track-minutes without altitude (--unknown-altitude report shows such pairs)")
    if s.isolated:
        tested.append(f"not tested: {_of(s.isolated, 'report')} with no other of the track near in time")
    lines.append(("Tested", tested))
    found = sum(s.events.values())
    events = [f"{_of(found, 'event')}: {s.confirmed:,} confirmed, {s.undetermined:,} undetermined" if found else "no event in what was tested"]
    if s.dismissed:
        events.append(f"{_of(sum(s.dismissed.values()), 'other encounter')} below the widest minimum, no event: {_counts(s.dismissed)}")
    lines.append(("Separation", events))
    return lines


def _events(result: CheckResult) -> Table:
    gravest = result.events.sort("severity", "start")
    title = None if gravest.height <= MOST_EVENTS else f"the {MOST_EVENTS} gravest of {gravest.height:,}"
    table = Table(title=title, box=None, padding=(0, 1), header_style="bold")
    for name, right in (
        ("time (UTC)", False), ("pair", False), ("held to", False), ("verdict", False), ("severity", True),
        ("horizontal", True), ("vertical", True), ("altitude", True), ("for", True),
    ):  # fmt: skip
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "pair")
    for row in gravest.head(MOST_EVENTS).iter_rows(named=True):
        table.add_row(
            _time(row["time"]),
            f"{_name(row, 'a')} {_name(row, 'b')}",
            row["rule"],
            row["verdict"],
            f"{row['severity']:.2f}",
            f"{row['horizontal_nm']:.2f} NM",
            "unknown" if row["vertical_ft"] is None else f"{row['vertical_ft']:,.0f} ft",
            "unknown" if row["altitude_ft"] is None else f"{row['altitude_ft']:,.0f} ft",
            f"{row['duration_s']:.0f} s",
        )
    return table


def _name(row: dict[str, Any], side: str) -> str:
    return json.loads(row["parameters"])[side].get("callsign") or row[f"track_{side}"]


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
