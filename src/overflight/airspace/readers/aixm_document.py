"""An AIXM document: parsed without entities or network, with its links, and the small values that stand in it."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

from lxml import etree

from overflight.errors import InputError, ParameterError
from overflight.units import parse_length_m

Element: TypeAlias = etree._Element  # pyright: ignore[reportPrivateUsage]  # lxml has no public name for it

MOST_LINKS: Final = 10_000
"""Links followed for one airspace. Real ones follow a few; a document that nests them would keep a reader busy for ever."""

MOST_POINTS: Final = 300_000
"""Points of one airspace; the finest coasts have a tenth. Links can repeat a line at no cost to the document's size."""

_ID: Final = "{http://www.opengis.net/gml/3.2}id"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_TITLE: Final = "{http://www.w3.org/1999/xlink}title"
_UNITS: Final = {"[nmi_i]": "nm", "[ft_i]": "ft", "[mi_i]": "mi"}  # UCUM; AIXM's own are NM, KM, M, FT, MI


class AixmError(ValueError):
    """A feature that cannot be read, or not for sure; says why in one clause."""


def parse(data: bytes, label: str) -> Element:
    """Parse a document.

    Raises:
        InputError: it is not well-formed, or declares a document type (AIXM has none; entities come with one).
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError, LookupError) as error:
        raise InputError(f"is no XML ({error})", path=label, remedy="export it again") from None
    about: Any = root.getroottree().docinfo  # its stubs are not complete
    if about.doctype:
        raise InputError("declares a document type, which AIXM does not have", path=label, remedy="remove the DOCTYPE")
    return root


def local(element: Element) -> str:
    """Return an element's name without its namespace, which differs between the editions of AIXM."""
    return str(element.tag).rpartition("}")[2]


def text(element: Element, name: str) -> str | None:
    """Return the text of a child; None where there is none, or it is nil."""
    return own_text(element.find(f"{{*}}{name}"))


def own_text(element: Element | None) -> str | None:
    """Return the text of an element with single spaces; None where it is empty."""
    return (" ".join((element.text or "").split()) or None) if element is not None else None


def number(value: str | None, what: str) -> float:
    """Return a finite number.

    Raises:
        AixmError: it is none.
    """
    try:
        found = float(value or "")
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise AixmError(f"{what} {value or ''!r} is no number")
    return found


def length_m(element: Element | None, what: str) -> float:
    """Return a length in m from an element with the attribute ``uom``.

    Raises:
        AixmError: no number, or an unknown unit.
    """
    value = number(own_text(element), what)
    uom = (element.get("uom") or "").lower() if element is not None else ""
    try:
        return parse_length_m(f"{value:f} {_UNITS.get(uom, uom)}", what)
    except ParameterError:
        raise AixmError(f"{what} {value:g} has no known unit ({uom or 'none'})") from None


def href(element: Element) -> str | None:
    """Return what an element links to."""
    return element.get(_HREF)


class Links:
    """What the links of a document lead to: ``#gml-id`` and ``urn:uuid:identifier``."""

    def __init__(self, root: Element) -> None:
        """Index all ids and identifiers; the first of two that are the same counts."""
        self._by_id: dict[str, Element] = {}
        self._by_identifier: dict[str, Element] = {}
        self._left, self._points = MOST_LINKS, MOST_POINTS
        for element in root.iter("*"):
            name = element.get(_ID)
            if name is not None:
                self._by_id.setdefault(name, element)
            if local(element) == "identifier":
                parent, value = element.getparent(), own_text(element)
                if parent is not None and value is not None:
                    self._by_identifier.setdefault(value.lower(), parent)

    def begin(self) -> None:
        """Count links and points from here: another airspace is read."""
        self._left, self._points = MOST_LINKS, MOST_POINTS

    def count(self, points: int) -> None:
        """Count points that were read.

        Raises:
            AixmError: there are too many.
        """
        self._points -= points
        if self._points < 0:
            raise AixmError(f"it has more than {MOST_POINTS} points")

    def follow(self, element: Element) -> Element:
        """Return what an element's link leads to.

        Raises:
            AixmError: nothing in this document, or too many links were followed.
        """
        self._left -= 1
        if self._left < 0:
            raise AixmError(f"it leads to more than {MOST_LINKS} links")
        target = href(element) or ""
        name = target.lower().removeprefix("urn:uuid:")
        found = self._by_id.get(target[1:]) if target.startswith("#") else self._by_identifier.get(name)
        if found is None and not target.startswith("#"):
            found = self._by_id.get(f"uuid.{name}")
        if found is None:
            title = element.get(_TITLE)
            raise AixmError(
                f"{local(element)} refers to {title or target or 'nothing'!r}, which is not in the document"
            )
        return found
