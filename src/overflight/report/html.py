"""The report: one HTML file that needs nothing else, for a screen and for A4 paper.

No script, no font, no image is loaded; the same result gives the same bytes.
"""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Final

import polars as pl

from overflight._version import __version__
from overflight.engine.result import CheckResult
from overflight.files import whole_file
from overflight.report import airspace_pages, choice, describe, text, totals
from overflight.report.markup import Child, Html, join, tag
from overflight.report.tracks import Tracks
from overflight.surveillance.integrity import DISQUALIFYING, ON_GROUND

DRAWN: Final = 50
"""Events that get a page of their own: the gravest."""

LISTED: Final = 2000
"""Further events that get a line; beyond that a list is read by a program, from the event table."""


def write_report(result: CheckResult, path: Path) -> None:
    """Write the report of a check, whole or not at all: to a temporary file beside `path`, then renamed.

    Raises:
        InputError: the folder does not exist or cannot be written to.
    """
    page = compose(result)
    with whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def compose(result: CheckResult) -> str:
    """Return the report of a check as HTML."""
    chosen, rest = choice.drawn_and_listed(result.events, DRAWN)
    drawn = chosen.to_dicts()
    body: list[Child] = [*_first_pages(result)]
    if drawn:
        from overflight.report import canvas, event_pages

        tracks = tracks_of(result, drawn)
        with canvas.style():
            body.append(_overview(result, drawn, rest))
            body += event_pages.pages(result.airspace, result.parameters, drawn, tracks)
    if rest.height:
        body.append(_rest(rest))
    title = f"{text.count(result.events.height, 'event')}, {text.moment(result.summary.start)} UTC"
    return document(join(body), title=title, files=[file.path for file in result.recording.files])


def tracks_of(result: CheckResult, drawn: list[dict[str, Any]]) -> Tracks:
    """Return the tracks that some events are of, as the check used them."""
    sides = [row[side] for row in drawn for side in ("track_a", "track_b") if row[side] is not None]
    return Tracks(result.recording.table, sides, _skipped(result))


def _skipped(result: CheckResult) -> int:
    """Integrity flags of positions that the check did not use, from its parameters as told."""
    gate = 0 if result.parameters.get("integrity gate") == "off" else DISQUALIFYING
    return gate | (0 if result.parameters.get("on the ground") == "included" else ON_GROUND)


def _first_pages(result: CheckResult) -> list[Html]:
    about = airspace_pages.airspace(result)
    return [
        tag(
            "header",
            tag("p", "Overflight", class_="brand"),
            tag("h1", "Flight-safety check"),
            totals.headline(result),
            tag("p", ADVISORY, class_="advisory"),
        ),
        tag("section", totals.limits(result)),
        *([] if about is None else [about]),
        tag("section", totals.meaning(result)),
        totals.distribution(result.events),
        tag("section", totals.gate(result.summary)),
        tag("section", totals.read(result)),
        tag("section", totals.parameters(result)),
    ]


ADVISORY: Final = (
    "Advisory only. This report points to moments worth a look; it is no finding of fault and no basis for control of "
    "traffic. Every severity in it is provisional."
)


def _overview(result: CheckResult, drawn: list[dict[str, Any]], rest: pl.DataFrame) -> Html:
    """The map of all events, and the list of those that are drawn."""
    from overflight.report import overview_page

    parts: list[Child] = [tag("h2", "Where the events were"), overview_page.figure(result, drawn, rest)]
    if rest.height:
        kinds = result.events["kind"].n_unique()
        gravest = f"{len(drawn)} of {result.events.height:,} events have a page each, the gravest of each kind"
        if kinds == 1:
            gravest = f"The {len(drawn)} gravest of {result.events.height:,} events have a page each"
        parts.append(tag("p", f"{gravest}; the others stand at the end."))
    links = ((tag("a", number, href=f"#event-{number}"), row) for number, row in enumerate(drawn, start=1))
    parts.append(describe.listing(links))
    return tag("section", *parts, class_="overview")


def _rest(rest: pl.DataFrame) -> Html:
    """The events that are listed only."""
    shown = rest.head(LISTED).to_dicts()
    parts: list[Child] = [tag("h2", "Further events")]
    if rest.height > len(shown):
        parts.append(
            tag(
                "p",
                f"The next {len(shown):,} by severity; {text.count(rest.height - len(shown), 'more event')} "
                "are in the event table (Parquet, CSV, JSON or GeoJSON).",
            )
        )
    parts.append(describe.listing((number, row) for number, row in enumerate(shown, start=DRAWN + 1)))
    return tag("section", *parts, class_="rest")


def document(body: Html, *, title: str, files: list[str]) -> str:
    """Return a whole page: `body` under the house's style, and what it was made from below it."""
    style = resources("overflight.report").joinpath("style.css").read_text(encoding="utf-8")
    sources = tag(
        "footer",
        tag(
            "p",
            f"Made by Overflight {__version__} from {', '.join(files) or 'no file'}. The data remain under the licences of their sources: keep "
            "their notices when you forward this report. Map: made with Natural Earth, public domain.",
        ),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"Overflight: {title}"),
        tag("style", Html(style)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', tag('main', body, sources)), lang='en')}\n"
