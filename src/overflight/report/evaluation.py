"""The report of an evaluation: one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from overflight.engine.evaluate import NEAR_FACTOR, RESTART_S
from overflight.engine.evaluation import Evaluation
from overflight.files import whole_file
from overflight.report import text
from overflight.report.comparison import compared, replayed
from overflight.report.html import document
from overflight.report.markup import Child, Html, join, table, tag
from overflight.units import FT_M, NM_M


def write_evaluation(found: Evaluation, path: Path) -> None:
    """Write the report of an evaluation, whole or not at all.

    Raises:
        InputError: the folder does not exist or cannot be written to.
    """
    page = compose_evaluation(found)
    with whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def compose_evaluation(found: Evaluation) -> str:
    """Return the report of an evaluation as HTML."""
    from overflight.report import canvas, evaluation_plot

    with canvas.style():
        bars = evaluation_plot.outcomes(found)
        histogram = evaluation_plot.warnings(found)
    paths = [file.path for file in found.recording.files]
    body = join(
        [
            tag(
                "header",
                tag("p", "Overflight", class_="brand"),
                tag("h1", "Evaluation of conflict alerting"),
                tag("p", "What these parameters would have cost and saved.", class_="headline"),
                tag("p", ADVISORY, class_="advisory"),
            ),
            tag("section", table(("Replay", ""), replayed(found), class_="wide")),
            tag("section", tag("h2", "Side by side"), _compared(found)),
            tag(
                "section",
                tag("h2", "Alerts and losses"),
                tag("figure", bars, tag("figcaption", "Bars of alerts are to one scale, bars of losses to another.")),
                tag("h2", "Warning times"),
                _warnings(found, histogram),
            ),
            _undecided(found),
            tag("section", tag("h2", "What the words mean"), tag("ul", *(tag("li", line) for line in _meaning(found)))),
            tag(
                "section",
                tag("h2", "Parameters"),
                _levels(found),
                table(("Parameter", "Value"), found.parameters.items(), class_="wide"),
            ),
            tag("section", *(tag("p", notice, class_="notice") for notice in text.notices(paths))),
        ]
    )
    return document(body, title=f"evaluation, {text.moment(found.start)} UTC", files=paths)


ADVISORY = (
    "Advisory only. An alert that no loss followed may have been needed, as somebody may have acted; nuisance is an upper bound. "
    "Whether a loss of these distances was a loss of separation depends on the rules of flight, which are not asked here."
)


def _compared(found: Evaluation) -> Html:
    head = ("", *(each.alerting.name for each in found.sets))
    rows: list[list[Child]] = [
        [tag("strong", name) if not name.startswith(" ") else name.replace("  ", "\u2003"), *cells]
        for name, *cells in compared(found)
    ]
    return table(head, rows, numeric=range(1, len(head)), class_="wide")


def _warnings(found: Evaluation, histogram: Html | None) -> Html:
    if histogram is None:
        return tag("p", "No loss that could be alerted was.")
    caption = (
        f"Losses by the time from the first alert to the loss, in steps of 10 s. Broken red: {found.least_warning_s:g} s, below which "
        "a warning is late; black: the median. Negative: the loss came first."
    )
    return tag("figure", histogram, tag("figcaption", caption))


def _undecided(found: Evaluation) -> Html:
    rows = [(each.alerting.name, "alert", why, f"{n:,}") for each in found.sets for why, n in each.undecided.items()]
    rows += [(each.alerting.name, "loss", why, f"{n:,}") for each in found.sets for why, n in each.set_aside.items()]
    if not rows:
        return Html("")
    head = ("Set", "Of what", "Why", "Count")
    title = "What could not be decided, or was set aside"
    return tag("section", tag("h2", title), table(head, rows, numeric=[3], class_="wide"))


def _meaning(found: Evaluation) -> list[str]:
    least = f"{found.least_warning_s:g} s"
    return [
        "A loss: both distances below those of the set's gravest level at once, exact in continuous time between the reported "
        "positions, without tolerance and without the time part of well clear.",
        "Genuine: the pair lost these distances at some time from the alert's start until its end and the set's longest lookahead. "
        f"Nuisance: it did not; told apart where the two came within {NEAR_FACTOR:g} times the distances. Cannot be decided: no loss is known, but "
        "one of the two was out of sight or without altitude, or the loss rests on positions that the integrity gate doubts.",
        f"Warned: alerted {least} or more before the loss. Late: alerted, but less than that before, or after. Missed: not alerted. "
        f"Could not be alerted: neither, and one of the two had been heard of for less than {least} before the loss.",
        f"Came back: began within {RESTART_S:g} s of the end of another alert of the pair.",
    ]


def _levels(found: Evaluation) -> Html:
    rows = [
        (
            each.alerting.name,
            level.name,
            text.trimmed(level.horizontal_m / NM_M, "NM"),
            text.trimmed(level.vertical_m / FT_M, "ft"),
            f"{level.alerting_s:.0f} s",
            f"{level.early_s:.0f} s",
            "-" if level.tthr_s is None else f"{level.tthr_s:.0f} s",
            f"{each.alerting.m} of {each.alerting.n}",
        )
        for each in found.sets
        for level in each.alerting.levels
    ]
    head = ("Set", "Level", "Horizontal", "Vertical", "Alerts before", "Holds before", "Time threshold", "Steps needed")
    return table(head, rows, numeric=range(2, 8), class_="wide")
