"""HTML that cannot be injected: text from outside is escaped because nothing but `Html` passes unescaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias

_VOID: Final = frozenset({"br", "col", "hr", "img", "meta"})


class Html(str):
    """Text that is markup already. Made by `tag`, `join` and the drawings; never from anything that was read."""

    __slots__ = ()


Child: TypeAlias = "str | int | Html | None"


def render(child: Child) -> str:
    """Return markup as it is and everything else escaped; None is nothing."""
    if child is None:
        return ""
    return str(child) if isinstance(child, Html) else escape(str(child))


def join(children: Iterable[Child]) -> Html:
    """Put children one after another."""
    return Html("".join(render(child) for child in children))


def tag(element: str, /, *children: Child, **attributes: str | int | None) -> Html:
    """Make one element. `class_` is written ``class``, other underscores are hyphens; None leaves an attribute out."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{element}{pairs}>" if element in _VOID else f"<{element}{pairs}>{join(children)}</{element}>")


def table(
    head: Iterable[Child],
    rows: Iterable[Iterable[Child]],
    *,
    numeric: Iterable[int] = (),
    class_: str | None = None,
) -> Html:
    """Make a table; the columns in `numeric` (from 0) are set flush right. The first cell of a row is its header."""
    right = frozenset(numeric)

    def cells(element: str, row: Iterable[Child]) -> Html:
        return join(
            tag(
                "th" if element == "th" or index == 0 else "td",
                cell,
                class_="n" if index in right else None,
                scope="col" if element == "th" else "row" if index == 0 else None,
            )
            for index, cell in enumerate(row)
        )

    body = join(tag("tr", cells("td", row)) for row in rows)
    return tag("table", tag("thead", tag("tr", cells("th", head))), tag("tbody", body), class_=class_)
