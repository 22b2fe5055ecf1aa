"""Sets of alerting parameters side by side, as rows of text: for the terminal and for the report."""

from __future__ import annotations

from overflight.engine.evaluate import NEAR_FACTOR, RESTART_S
from overflight.engine.evaluation import Evaluation, SetOutcome
from overflight.engine.outcomes import GENUINE, LATE, MISSED, NEAR, NOT_ALERTABLE, SET_ASIDE, UNDECIDED, WARNED
from overflight.nets.alerting import Alerting
from overflight.report.text import count, moment, trimmed

Row = tuple[str, ...]
"""A name, indented where it is a part of the one above, and a cell for each set."""


def replayed(found: Evaluation) -> list[tuple[str, str]]:
    """Return what was replayed, and what was not, as named lines."""
    rows = [
        (
            "Replayed",
            f"{count(found.recording.table.height, 'position')}, {count(found.recording.table['track_id'].n_unique(), 'track')}, "
            f"{moment(found.start)} to {moment(found.end)} UTC",
        ),
        (
            "Flown",
            f"{found.flight_hours:,.1f} hours with a known altitude; {found.hours_without_altitude:,.1f} without: not tested",
        ),
    ]
    dropped = sum(found.recording.drops.counts.values())
    left = [f"{count(found.disqualified, 'position')} by the integrity gate or on the ground"]
    left += [f"{count(dropped, 'row')} as read"] if dropped else []
    left += [f"{found.outside:,} outside the time or area asked for"] if found.outside else []
    return [*rows, ("Not used", ", ".join(left))]


def compared(found: Evaluation) -> list[Row]:
    """Return the figures of all sets."""
    sets = found.sets
    rows: list[Row] = [
        ("Loss: both below", *(_volume(each) for each in sets)),
        ("Alerts begin before it", *(_ahead(each.alerting) for each in sets)),
        ("Losses", *(f"{each.losses.height:,}" for each in sets)),
        _row(f"  warned {found.least_warning_s:g} s or more before", sets, "losses", WARNED),
        _row("  late", sets, "losses", LATE),
        _row("  missed", sets, "losses", MISSED),
        _row("  could not be alerted (seen too late)", sets, "losses", NOT_ALERTABLE),
    ]
    if any(each.of_losses[SET_ASIDE] for each in sets):
        rows.append(_row("  set aside by the net", sets, "losses", SET_ASIDE))
    rows += [
        ("Alerts", *(f"{each.alerts.height:,}" for each in sets)),
        _row("  genuine: a loss followed", sets, "alerts", GENUINE),
        ("  nuisance: none followed", *(f"{each.nuisances:,}" for each in sets)),
        _row(f"    of them within {NEAR_FACTOR:g} times the minima", sets, "alerts", NEAR),
        _row("  cannot be decided", sets, "alerts", UNDECIDED),
        ("Alerts in a flight hour", *(_number(each.alerts_per_flight_hour, 2) for each in sets)),
    ]
    quarters = [each.quartiles_s for each in sets]
    rows.append(("Warning time, median", *("-" if each is None else f"{round(each[2])} s" for each in quarters)))
    rows.append(
        ("  middle half", *("-" if each is None else f"{round(each[1])} to {round(each[3])} s" for each in quarters))
    )
    rows.append(("  all", *("-" if each is None else f"{round(each[0])} to {round(each[4])} s" for each in quarters)))
    rows.append(("Changes of level within alerts", *(f"{each.level_changes:,}" for each in sets)))
    rows.append((f"Alerts that came back within {RESTART_S:g} s", *(f"{each.restarts:,}" for each in sets)))
    return rows


def _row(name: str, sets: tuple[SetOutcome, ...], which: str, outcome: str) -> Row:
    return (name, *(f"{(each.of_losses if which == 'losses' else each.of_alerts)[outcome]:,}" for each in sets))


def _volume(each: SetOutcome) -> str:
    layers = each.minima.layers
    return " / ".join(f"{trimmed(x.horizontal_nm, 'NM')}, {trimmed(x.vertical_ft, 'ft')}" for x in layers)


def _ahead(alerting: Alerting) -> str:
    times = dict.fromkeys(f"{level.alerting_s:.0f}" for level in alerting.levels)
    return f"{', '.join(times)} s"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"
