"""A story in chapters: what was said, what flew, what was agreed, and the record of it; one HTML file like the report of a check.

Whoever writes the story gives the words; here is what each part of it looks like.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from overflight.agreement.explain import explain
from overflight.agreement.model import Agreement
from overflight.airspace.notices import Audit
from overflight.engine.result import CheckResult
from overflight.files import whole_file
from overflight.incidents.examination import CONTRADICT, IMPOSSIBLE, Examined, Finding
from overflight.incidents.verification import Checked, Verification, moment
from overflight.report import airspace_pages, canvas, event_pages
from overflight.report.html import ADVISORY, document, tracks_of
from overflight.report.markup import Child, Html, join, table, tag

SYNTHETIC: Final = (
    "Every track in this document is synthetic: made to do what a public statement says. None of them is a recording, "
    "and none shows what any aircraft did."
)


class Story:
    """Chapters, one after another."""

    def __init__(self, title: str, introduction: str) -> None:
        """Begin with a title and what the story is of."""
        self._title = title
        self._parts: list[Child] = [
            tag(
                "header",
                tag("p", "Overflight", class_="brand"),
                tag("h1", title),
                tag("p", SYNTHETIC, class_="advisory"),
                tag("p", introduction),
                tag("p", ADVISORY, class_="notice"),
            )
        ]
        self._drawn = 0

    def chapter(self, title: str, *paragraphs: str) -> None:
        """Begin a chapter."""
        self._parts.append(tag("section", tag("h2", title), *(tag("p", one) for one in paragraphs)))

    def events(self, result: CheckResult, of: str) -> None:
        """Show what a check of something found, each event on its page with its drawings."""
        drawn = result.events.sort("start", "id").to_dicts()
        found = "nothing was found in what was tested." if not drawn else f"{len(drawn)} found."
        self._parts.append(tag("p", tag("strong", f"{of}: {found}")))
        if not drawn:
            return
        with canvas.style():
            tracks = tracks_of(result, drawn)
            self._parts += event_pages.pages(result.airspace, result.parameters, drawn, tracks, self._drawn + 1)
        self._drawn += len(drawn)

    def notices(self, audit: Audit) -> None:
        """Show which regions a danger crosses, and who gave notice."""
        self._parts.append(tag("section", airspace_pages.notices(audit)))

    def agreement(self, agreement: Agreement) -> None:
        """Show an agreement in words."""
        title, *lines = [line for line in explain(agreement).splitlines() if line.strip()]
        self._parts.append(tag("section", tag("h3", title), *(_line(line) for line in lines)))

    def breaches(self, result: CheckResult) -> None:
        """Show the breaches of an agreement in a table, with what each version says."""
        rows: list[list[Child]] = [
            [
                join([tag("div", f"{row['start']:%Y-%m-%d}", class_="time"), f"{row['start']:%H:%M:%S}"]),
                tag("span", row["rule"], class_="time"),
                _parties(row),
                tag("span", row["verdict"], class_="time"),
                row["why"].partition(": ")[2],
            ]
            for row in result.events.filter(result.events["kind"] == "breach").sort("start", "id").to_dicts()
        ]
        heads = ("Time (UTC)", "Rule", "Parties", "Verdict", "By whose version, and why")
        self._parts.append(tag("section", tag("h3", "What was not kept"), table(heads, rows, class_="wide")))

    def claims(self, judged: Iterable[Examined], found: Iterable[Finding]) -> None:
        """Show every claim with its verdict and the arithmetic, and what cannot be true together."""
        rows: list[list[Child]] = [
            [
                tag("span", one.claim.number, class_="time"),
                one.claim.by,
                f"{one.claim.of}: {one.claim.said}",
                tag("span", one.verdict, class_="time"),
                "; ".join(one.why),
            ]
            for one in judged
        ]
        worst = [one for one in found if one.outcome in (IMPOSSIBLE, CONTRADICT)]
        self._parts.append(
            tag(
                "section",
                tag("h3", "What each side said"),
                table(("", "Who", "Claim", "Verdict", "The arithmetic"), rows, class_="wide"),
                tag("h3", "What cannot be true together") if worst else None,
                tag("ul", *(tag("li", f"{' and '.join(map(str, one.claims))}: {one.why}") for one in worst))
                if worst
                else None,
            )
        )

    def record(self, found: Verification) -> None:
        """Show the statements of an incident side by side, with what of them is known and verified."""
        parties = list(dict.fromkeys(one.party for one in found.statements))
        rows = [
            [_times(one), *(_statement(one) if one.party == party else "" for party in parties)]
            for one in found.statements
        ]
        said = (
            f"Verified: {len(found.statements)} statements"
            if not found.problems
            else f"NOT verified: {len(found.problems)} problems"
        )
        self._parts.append(
            tag(
                "section",
                tag("p", tag("code", f"incident {found.incident}")),
                table(("Times", *parties), rows, class_="wide"),
                tag("p", tag("strong", said)),
                tag("ul", *(tag("li", line) for line in (*found.problems, *found.lacking)))
                if found.problems or found.lacking
                else None,
            )
        )

    def write(self, path: Path, files: list[str]) -> None:
        """Write the story, whole or not at all.

        Raises:
            InputError: the file cannot be written.
        """
        page = document(join(self._parts), title=self._title, files=files)
        with whole_file(path) as temporary:
            temporary.write_text(page, encoding="utf-8", newline="\n")


def _line(line: str) -> Html:
    """A line of an agreement in words: a heading, a name, or what is said of it."""
    if line.isupper():
        return tag("h3", line.capitalize())
    return tag("p", line.strip(), class_="small") if line.startswith(" ") else tag("p", line)


def _parties(row: dict[str, Any]) -> str:
    return " and ".join(row[side] for side in ("party_a", "party_b") if row[side] is not None) or "not clear"


def _times(one: Checked) -> Html:
    before = "nothing cosigned was seen" if one.not_before is None else moment(one.not_before)
    by = "not cosigned" if one.existed_by is None else moment(one.existed_by)
    return join(
        tag("div", line, class_="small")
        for line in (f"claimed {moment(one.claimed)}", f"not before: {before}", f"existed by: {by}")
    )


def _statement(one: Checked) -> Html:
    told = one.statement.predicate
    evidence = [f"evidence {piece.name}: {state}" for piece, state in one.evidence]
    check = [] if told.detection is None else [f"check: {one.detection or 'not repeated'}"]
    claims = [f"{len(told.claims)} claims"] if told.claims else []
    lines = [f"{one.statement.id[:12]}{', taken back' if one.retracted else ''}", *claims, *evidence, *check]
    return join(
        [
            tag("strong", (told.verdict or "attach").upper()),
            tag("div", told.text),
            *(tag("div", line, class_="small") for line in lines),
        ]
    )
