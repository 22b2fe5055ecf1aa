"""What the first pages say of airspace: the volumes that were tested, those that were not, and what happened in each."""

from __future__ import annotations

from collections import Counter
from typing import Final

import polars as pl

from overflight.airspace.notices import COVERED, OPEN, PARTLY, UNDECIDED, Audit
from overflight.airspace.volume import Volume
from overflight.engine.result import CheckResult
from overflight.events import REASONS
from overflight.nets.lines import line_days
from overflight.nets.stay_events import HAZARDS, net_of
from overflight.report import text
from overflight.report.describe import STAYS
from overflight.report.markup import Child, Html, join, table, tag

BUNDLED: Final = ("fir", "country")
_NETS: Final = ("incursion", "hazard", "line")
_NO_EVENTS: Final = {"own airspace", "allowed", "party unknown", "not bound by the line"}
_MOST_SOURCES: Final = 50
_MOST_NOTES: Final = 20
_MOST_VOLUMES: Final = 100
_MOST_CROSSINGS: Final = 60


def tested(result: CheckResult) -> tuple[Volume, ...]:
    """Return the volumes that a net tested: of the kinds that were asked for."""
    if not set(result.summary.nets) & set(STAYS):
        return ()
    asked = {name.strip() for name in result.parameters.get("nets", "").split(",")}
    wanted = asked & set(_NETS) or set(_NETS)
    return tuple(volume for volume in result.airspace.volumes if net_of(volume.kind) in wanted)


def kind_of_event(volume: Volume) -> str:
    """What a stay in a volume is called."""
    return "hazard" if volume.kind in HAZARDS else "incursion"


def refused(result: CheckResult) -> list[str]:
    """Say of each volume that could not be read why."""
    return list(result.summary.refused)


def airspace(result: CheckResult) -> Html | None:
    """The section on airspace; None where none was given."""
    if not result.airspace.volumes and not result.summary.refused:
        return None
    volumes = tested(result)
    parts: list[Child] = [tag("h2", "Airspace")]
    idle = len(result.airspace.volumes) - len(volumes)
    said = f"{text.count(len(volumes), 'volume')} tested"
    if idle:
        said += f"; {text.count(idle, 'volume')} given but not tested, as no net for their kind was asked for"
    if result.summary.above_ground:
        said += f"; undetermined without terrain: {result.summary.above_ground:,} with a limit above ground"
    parts.append(tag("p", f"{said}."))
    parts += [_refused(result), _withheld(result)]
    parts.append(_by_volume(result, volumes))
    if volumes:
        parts += [_kinds(volumes), _sources(result), _notes(volumes)]
    others = {reason: number for reason, number in result.summary.dismissed.items() if reason in _NO_EVENTS}
    if others:
        said = "; ".join(f"{reason}: {number:,}" for reason, number in sorted(others.items()))
        parts.append(tag("p", f"Stays that are no events: {said}."))
    parts += [_lines(result), notices(result.audit)]
    return tag("section", *parts)


def _lines(result: CheckResult) -> Html:
    """Crossings of agreed lines, by day, side and party."""
    days = line_days(result.events)
    undecided = [line for line in result.summary.lines if "NOT" in line]
    if not days and not undecided:
        return Html("")
    rows: list[list[Child]] = [
        [
            str(day.day),
            day.volume,
            day.party or "unknown",
            f"{day.crossings:,}",
            f"{day.stays:,}",
            f"{day.confirmed:,}",
            text.duration(day.wrong_side_s),
            text.depth(day.depth_m),
        ]
        for day in days
    ]
    more = len(rows) - _MOST_VOLUMES
    heads = ("Day (UTC)", "Side", "Party", "Crossings", "Stays", "Confirmed", "Time there", "Deepest")
    return join(
        [
            tag("h3", "Lines not to be crossed"),
            table(heads, rows[:_MOST_VOLUMES], numeric=[3, 4, 5, 6, 7], class_="wide list") if rows else None,
            *(tag("p", f"{line}.") for line in undecided),
            tag("p", f"and {more:,} more (--json lists them)") if more > 0 else None,
        ]
    )


def notices(audit: Audit) -> Html:
    """Which regions the dangers cross, and whether their notices cover them."""
    if not audit.dangers and not audit.contradictions:
        return Html("")
    order = (OPEN, PARTLY, UNDECIDED, COVERED)
    crossings = sorted(audit.crossings, key=lambda one: order.index(one.verdict))
    rows: list[list[Child]] = [
        [
            one.fir or "none known",
            tag("span", one.danger, class_="time"),
            f"{one.area_km2:,.0f}",
            tag("span", one.verdict, class_="time"),
            one.why,
        ]
        for one in crossings[:_MOST_CROSSINGS]
    ]
    first, *_ = audit.lines()
    heads = ("Region", "Danger", "km²", "Notices", "Why")
    return join(
        [
            tag("h3", "Dangers and notices"),
            tag("p", f"{first}. Only the notices that were given are known here.") if audit.dangers else None,
            table(heads, rows, numeric=[2], class_="wide list") if rows else None,
            tag("p", f"and {len(crossings) - len(rows):,} more (overflight airspace audit lists them)")
            if len(crossings) > len(rows)
            else None,
            tag("ul", *(tag("li", line) for line in audit.contradictions)) if audit.contradictions else None,
        ]
    )


def _refused(result: CheckResult) -> Html:
    """Name each volume that was refused: whoever relies on this report must know."""
    lines = refused(result)
    if not lines:
        return Html("")
    return tag(
        "div",
        tag(
            "p",
            tag(
                "strong",
                f"NOT tested, as {'it' if len(lines) == 1 else 'they'} cannot be read: "
                f"{text.count(len(lines), 'volume')}.",
            ),
            " No event there means nothing.",
        ),
        tag("ul", *(tag("li", line) for line in lines)),
        class_="advisory",
    )


def _withheld(result: CheckResult) -> Html:
    """Say of how many positions inside volumes nothing was concluded, and which rules allow nobody."""
    told = result.summary.withheld
    parts: list[Child] = []
    if told.positions:
        flags = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in told.flags.items())
        said = f"{text.count(told.positions, 'position')} of {text.count(told.tracks, 'track')} inside volumes are not to be believed ({flags})"
        parts.append(
            tag("p", tag("strong", f"No border verdict: {said}."), " What no other position shows is no event.")
        )
    parts += [tag("p", f"Allowed were {rule}: no track of the recording is.") for rule in result.summary.allows_nobody]
    return join(parts)


def _kinds(volumes: tuple[Volume, ...]) -> Html:
    rows: list[list[Child]] = []
    for kind, count in sorted(Counter(volume.kind for volume in volumes).items()):
        some = [volume for volume in volumes if volume.kind == kind]
        limited = sum(bool(volume.active) for volume in some)
        accuracy = sorted({volume.accuracy_m for volume in some})
        good = f"{accuracy[0]:,.0f}" if len(accuracy) == 1 else f"{accuracy[0]:,.0f} to {accuracy[-1]:,.0f}"
        rows.append([kind.replace("_", " "), f"{count:,}", kind_of_event(some[0]), f"{limited:,}", f"{good} m"])
    heads = ("Kind", "Volumes", "A stay is called", "Active at times only", "Boundary good to")
    return table(heads, rows, numeric=[1, 3, 4], class_="wide")


def _sources(result: CheckResult) -> Html:
    """Where the volumes come from, each file once, and each bundled set."""
    origins = Counter(_origin(volume.source) for volume in result.airspace.volumes)
    missing = Counter(_origin(each.source) for each in result.airspace.refused)
    rows = [
        (tag("span", name or "given as data", class_="path"), f"{origins[name]:,}", f"{missing[name]:,}")
        for name in sorted({*origins, *missing})
    ]
    more = max(0, len(rows) - _MOST_SOURCES)
    digests = result.airspace.digests
    return join(
        [
            table(("Source", "Volumes", "Refused"), rows[:_MOST_SOURCES], numeric=[1, 2], class_="wide"),
            tag("p", f"and {text.count(more, 'more file')}") if more else None,
            tag("p", "SHA-256 of the files: ", tag("code", " ".join(digests)), class_="small") if digests else None,
        ]
    )


def _origin(source: str) -> str:
    """The file of "zones.txt:line 7", and the set of "fir:LTAA"."""
    name, colon, _ = source.partition(":")
    return f"bundled set {name}" if colon and name in BUNDLED else name


def _notes(volumes: tuple[Volume, ...]) -> Html:
    """What was mended, assumed or is only approximate, each once with whom it concerns."""
    notes: dict[str, list[str]] = {}
    for volume in volumes:
        for note in volume.notes:
            notes.setdefault(note, []).append(volume.id)
    if not notes:
        return Html("")
    items: list[Child] = []
    for note, names in sorted(notes.items(), key=lambda item: ("approximate" not in item[0], -len(item[1]), item[0])):
        concerned = ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:5])} and {len(names) - 5:,} more"
        items.append(tag("li", f"{note} ({concerned})"))
    more = len(items) - _MOST_NOTES
    if more > 0:
        items = [
            *items[:_MOST_NOTES],
            tag("li", f"and {text.count(more, 'more note')} (overflight airspace validate lists them)"),
        ]
    return join([tag("h3", "Notes on the volumes"), tag("ul", *items)])


def _by_volume(result: CheckResult, volumes: tuple[Volume, ...]) -> Html:
    """Who was in which volume, how long in all, and how deep; the volumes that nobody entered are counted."""
    stays = result.events.filter(pl.col("kind").is_in(STAYS))
    if stays.height == 0:
        return tag("p", "No volume was entered in what could be tested.") if volumes else Html("")
    by_volume = (
        stays.group_by("volume", "kind")
        .agg(
            pl.len().alias("entries"),
            pl.col("track_a").n_unique().alias("tracks"),
            (pl.col("verdict") == "confirmed").sum().alias("confirmed"),
            pl.col("duration_s").sum(),
            pl.col("depth_m").max(),
        )
        .sort("entries", "volume", descending=[True, False])
    )
    known = {volume.id: volume for volume in result.airspace.volumes}
    rows: list[list[Child]] = []
    for row in by_volume.head(_MOST_VOLUMES).iter_rows(named=True):
        volume = known.get(row["volume"])
        name = row["volume"] if volume is None or volume.name == volume.id else f"{row['volume']}: {volume.name}"
        rows.append(
            [
                name,
                tag("span", row["kind"], class_="time"),
                "" if volume is None else f"{volume.floor} to {volume.ceiling}",
                f"{row['entries']:,}",
                f"{row['confirmed']:,}",
                f"{row['tracks']:,}",
                text.duration(row["duration_s"]),
                text.depth(row["depth_m"]),
            ]
        )
    heads = ("Volume", "Event", "Levels", "Entries", "Confirmed", "Tracks", "Time inside", "Deepest")
    idle = len(volumes) - by_volume["volume"].n_unique()
    said = [f"{text.count(idle, 'volume')} had no event."] if idle > 0 else []
    if by_volume.height > len(rows):
        said.insert(
            0, f"{text.count(by_volume.height - len(rows), 'more volume')} with events stand in the event table."
        )
    return join(
        [table(heads, rows, numeric=[3, 4, 5, 6, 7], class_="wide list"), tag("p", " ".join(said)) if said else None]
    )


def other_reasons(dismissed: dict[str, int]) -> dict[str, int]:
    """Why silences and the like are no events: reasons that are neither of pairs nor of stays."""
    return {
        reason: number for reason, number in dismissed.items() if reason not in REASONS and reason not in _NO_EVENTS
    }
