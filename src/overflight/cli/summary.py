"""The summary of a check, for people: totals first, then each event in a line, the gravest first."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overflight.engine.result import CheckResult, Summary
from overflight.events import REASONS, gravest_first

MOST_EVENTS = 20
MOST_NOTED = 8
MOST_NOTICES = 12
NOTE = (
    "Advisory. Severity is provisional: the share of the minimum that was left, not a risk. "
    "Where nothing could be tested, no event means nothing: what that was is said above."
)


def print_summary(result: CheckResult, written: list[str], *, to_stderr: bool = False) -> None:
    """Print the totals, the events and where they were written; to stderr where stdout has the events."""
    console = Console(stderr=to_stderr, highlight=False, soft_wrap=False)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, lines in totals(result.summary, result.parameters):
        for k, line in enumerate(lines):
            table.add_row("" if k else name, Text(line))
    for path in written:
        table.add_row("Written", Text(path))
    console.print(table)
    if result.events.height:
        _print_events(console, result)
    console.print(Text(NOTE, style="dim"))


def totals(s: Summary, parameters: dict[str, str]) -> list[tuple[str, list[str]]]:
    """Return the totals as lines under headings."""
    read = [
        f"{_of(s.files, 'input')}, {_of(s.rows, 'position')}, {_of(s.tracks, 'track')}, {s.aircraft:,} aircraft addresses"
    ]
    if s.start and s.end:
        read.append(f"{_time(s.start)} to {_time(s.end)} UTC")
    lines = [("Read", read)]
    if s.outside:
        read.append(f"{s.outside:,} more are outside the time or area asked for")
    for heading, which in (("Dropped", False), ("Unknown", True)):
        counted = [(reason, count) for reason, count in s.dropped.items() if reason.endswith("set unknown") == which]
        if counted:
            lines.append((heading, [f"{n:,} × {reason} (first: {s.drop_examples[reason]})" for reason, n in counted]))
    integrity = [f"{s.disqualified:,} positions not used"]
    if s.flagged:
        integrity[0] += f"; flags: {_counts(s.flagged)}"
    if s.explained:
        integrity.append(
            f"{_of(sum(s.explained.values()), 'close encounter')} only in flagged positions: {_counts(s.explained)} (--ungated shows them)"
        )
    lines.append(("Integrity", integrity))
    lines += _listed("Sensors", s.sensors)
    tested = [f"{s.tested_minutes:,.0f} track-minutes" if s.tested_minutes else "nothing could be tested"]
    if s.track_minutes_no_altitude:
        unheard = f"{s.track_minutes_no_altitude:,.1f} track-minutes without altitude"
        reported = parameters["unknown altitude"].startswith("reported")
        how = "compared in the plane alone" if reported else "not tested"
        hint = "" if reported else " (--unknown-altitude report shows such pairs)"
        tested.append(f"{how}: {unheard}{hint}")
    if s.isolated:
        tested.append(f"not tested: {_of(s.isolated, 'report')} with no other of the track near in time")
    lines.append(("Tested", tested))
    if airspace := _airspace(s):
        lines.append(("Airspace", airspace))
    lines += _listed("Notices", s.notices, "overflight airspace audit")
    lines += _listed("Agreement", s.agreement)
    lines.append(("Found", _found(s)))
    return lines + _listed("Lines", s.lines)


def _listed(heading: str, some: list[str], lister: str = "--json") -> list[tuple[str, list[str]]]:
    more = len(some) - MOST_NOTICES
    left = [f"and {more:,} more ({lister} lists them)"] if more > 0 else []
    return [(heading, [*some[:MOST_NOTICES], *left])] if some else []


def _airspace(s: Summary) -> list[str]:
    lines = [f"{_of(s.volumes, 'volume')} tested"] if s.volumes_given or s.refused else []
    if s.volumes < s.volumes_given:
        lines.append(
            f"NOT tested, as no net for their kind was asked for: {_of(s.volumes_given - s.volumes, 'volume')}"
        )
    if s.above_ground:
        lines.append(f"undetermined without terrain: {_of(s.above_ground, 'volume')} with a limit above ground")
    lines += [f"{count:,} × {note}" for note, count in list(s.noted.items())[:MOST_NOTED]]
    if len(s.noted) > MOST_NOTED:
        lines.append(f"and {len(s.noted) - MOST_NOTED:,} more notes (overflight airspace validate lists them)")
    if s.withheld.positions:
        lines.append(
            f"NO border verdict on {_of(s.withheld.positions, 'position')} of {_of(s.withheld.tracks, 'track')} inside volumes, "
            f"which are not to be believed: {_counts(s.withheld.flags)} (--ungated uses them)"
        )
    lines += [f"--allow {rule}: matches nobody in the recording" for rule in s.allows_nobody]
    if s.refused:
        lines.append(f"NOT tested, as they cannot be read: {_of(len(s.refused), 'volume')}")
        lines += s.refused[:MOST_NOTED]
    if len(s.refused) > MOST_NOTED:
        lines.append(f"and {len(s.refused) - MOST_NOTED:,} more (overflight airspace validate lists them)")
    return lines


def _found(s: Summary) -> list[str]:
    found = sum(s.events.values())
    lines = [
        f"{_of(found, 'event')}: {s.confirmed:,} confirmed, {s.undetermined:,} undetermined"
        if found
        else ("no event in what was tested" if s.tested_minutes else "nothing could be tested")
    ]
    if found and s.nets != ["separation"]:
        lines.append(", ".join(f"{kind} {count:,}" for kind, count in s.events.items()))
    pairs = {reason: count for reason, count in s.dismissed.items() if reason in REASONS}
    if pairs:
        many = _of(sum(pairs.values()), "other encounter")
        lines.append(f"{many} below the widest minimum, no event: {_counts(pairs)}")
    others = {reason: count for reason, count in s.dismissed.items() if reason not in REASONS}
    if others:
        lines.append(f"{sum(others.values()):,} more looked at, no event: {_counts(others)}")
    return lines


def _print_events(console: Console, result: CheckResult) -> None:
    """Two lines an event: what happened, and what decided."""
    gravest = gravest_first(result.events)
    console.print()
    few = gravest.height <= MOST_EVENTS
    console.print(
        Text(
            "Events, the gravest first" if few else f"The {MOST_EVENTS} gravest of {gravest.height:,} events",
            style="bold",
        )
    )
    for row in gravest.head(MOST_EVENTS).iter_rows(named=True):
        grave = "    " if row["severity"] is None else f"{row['severity']:.2f}"
        console.print(
            Text(f"{grave}  {_time(row['time'])}  {_happened(row)}{_lasted(row['duration_s'])}"), soft_wrap=True
        )
        console.print(Text(f"      {row['verdict']}: {row['why']}", style="dim"), soft_wrap=True)
    console.print()


def _lasted(duration_s: float | None) -> str:
    return "" if duration_s is None else f", for {duration_s:.0f} s"


def _happened(row: dict[str, Any]) -> str:
    level = "" if row["altitude_ft"] is None else f" at {row['altitude_ft']:,.0f} ft"
    if row["kind"] in {"separation", "conflict"}:
        vertical = "an unknown height" if row["vertical_ft"] is None else f"{row['vertical_ft']:,.0f} ft"
        lead = "conflict of " if row["kind"] == "conflict" else ""
        return (
            f"{lead}{_name(row, 'a')} and {_name(row, 'b')}: {row['horizontal_nm']:.2f} NM and {vertical} apart{level}"
        )
    if row["kind"] == "breach":
        who = " and ".join(_name(row, side) for side in "ab" if row[f"track_{side}"] is not None)
        parties = " and ".join(row[f"party_{side}"] for side in "ab" if row[f"party_{side}"] is not None)
        where = "" if row["latitude"] is None else f" near {row['latitude']:.2f}, {row['longitude']:.2f}{level}"
        what = "reported" if json.loads(row["parameters"])["kind"] == "conduct" else "not kept"
        return f"{row['rule']} {what}: {who or 'a call'} ({parties or 'party not clear'}){where}"
    if row["volume"] is not None:
        entered = row["start"].strftime("%H:%M:%S")
        how_deep = f"up to {row['depth_m'] / 1000.0:,.1f} km deep{level}, {row['path_m'] / 1000.0:,.1f} km inside"
        return f"{_name(row, 'a')} in {row['volume']} from {entered}: {how_deep}"
    who = f" of {_name(row, 'a')}" if row["track_a"] is not None else ""
    return f"{row['kind']}{who} near {row['latitude']:.2f}, {row['longitude']:.2f}{level}"


def _name(row: dict[str, Any], side: str) -> str:
    return json.loads(row["parameters"])[side].get("callsign") or row[f"track_{side}"]


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
