"""ASTERIX records as libasterix takes them apart, and the values in them.

libasterix (https://github.com/zoranbosnjak/asterix-libs, MIT) is made from the machine-readable form of the EUROCONTROL
specifications. Of each category the newest edition that it knows is used: editions of one category add items at the end and
leave what was there in its place, but for category 021, whose editions 0.x and 1.x differ and are not read. Its module takes
3 s to load (30 s the first time, where Python may not keep the compiled form), so it is loaded when the first record is
taken apart, by name, which also keeps type checkers from reading its 190,000 lines.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, TypeAlias

Tell: TypeAlias = Callable[[str], None]
"""Counts one record or value of this record that cannot be used, under a reason."""
Row: TypeAlias = dict[str, Any]
"""Values by the names of the position table, and `time_of_day_s`, `begins`, `ends`."""

NOT_REAL: Final = "simulated, test or ghost target, or fixed transponder (ASTERIX)"
BAD_CODE: Final = "Mode 3/A code garbled or not validated (ASTERIX), squawk set unknown"
BAD_LEVEL: Final = "flight level garbled or not validated (ASTERIX), altitude set unknown"
NO_TIME_OF_DAY: Final = "no time of day, or one of 24 hours and more (ASTERIX)"
NO_PLACE: Final = "target report without a position (ASTERIX)"

SIGMAS_95: Final = 2.4477
"""Radius that holds 95 % of a circular normal distribution, in standard deviations: sqrt(-2 ln 0.05)."""


class Items:
    """The items of one record. A value that the record does not have is None.

    An item is named by its number in the specification and the names of its parts: ``quantity("105", "LAT")``.
    """

    def __init__(self, found: dict[str, Any]) -> None:
        """Look into the items that libasterix found, by name."""
        self._found = found

    def __contains__(self, item: str) -> bool:
        """Whether the record has an item."""
        return item in self._found

    def _part(self, item: str, names: tuple[str, ...]) -> Any:
        part = self._found.get(item)
        for name in names:
            if part is None:
                return None
            part = part.variation.get_item(name)
        return None if part is None else part.variation

    def number(self, item: str, *names: str) -> int | None:
        """The bits as they stand, as a number without a sign."""
        part = self._part(item, names)
        return None if part is None else part.as_uint()

    def quantity(self, item: str, *names: str) -> float | None:
        """A quantity in the unit of the specification."""
        part = self._part(item, names)
        return None if part is None else part.content.as_quantity()

    def text(self, item: str, *names: str) -> str | None:
        """Characters, without the blanks around them; None where there are none."""
        part = self._part(item, names)
        return None if part is None else part.content.as_string().strip() or None

    def is_set(self, item: str, *names: str) -> bool:
        """Whether a bit is there and 1."""
        return self.number(item, *names) == 1

    def code(self, item: str, tell: Tell) -> str | None:
        """A Mode 3/A code, four octal digits, unless it is marked as garbled or not validated."""
        if self.is_set(item, "V") or self.is_set(item, "G"):
            tell(BAD_CODE)
            return None
        return self.text(item, "MODE3A")

    def address(self, item: str, *names: str) -> str | None:
        """A 24-bit address in hexadecimal; 0 is none."""
        number = self.number(item, *names)
        return f"{number:06x}" if number else None

    def sensor(self) -> str:
        """Who sends: "SAC/SIC" in decimal, as data item 010 has it."""
        return f"{self.number('010', 'SAC')}/{self.number('010', 'SIC')}"

    def expansion(self, category: int) -> Items:
        """The items of the Reserved Expansion Field; none where it is absent or not understood."""
        field = self._part("RE", ())
        if field is None:
            return Items({})
        library, base = _library()
        kind = newest(library.manifest["REFS"][category]).cv_expansion
        parsed = kind.parse(base.Bits.from_bytes(field.get_bytes()))
        return Items({}) if isinstance(parsed, ValueError) else Items(parsed[0].arg)


def records(category: int, body: bytes) -> Iterator[tuple[int, Items | None]]:
    """The records of a data block, each with the byte of `body` where it starts; the last is None where it is damaged.

    Where a record ends is known only when it has been taken apart: what follows a damaged one in its block is lost.
    """
    base, kind = _library()[1], _record_kind(category)
    at = 0
    while at < len(body):
        try:
            parsed = kind.parse(base.ParsingMode.StrictParsing, base.Bits.from_bytes(body[at:]))
            if isinstance(parsed, ValueError):
                yield at, None
                return
            record, rest = parsed
            items = Items(record.items_regular)
        except Exception:  # whatever the library raises on garbage, it is a damaged record
            yield at, None
            return
        yield at, items
        at = len(body) - len(rest) // 8


def newest(editions: list[Any]) -> Any:
    """The newest of the editions that the library knows."""
    return max(editions, key=lambda edition: edition.cv_edition)


@cache
def _record_kind(category: int) -> Any:
    return newest(_library()[0].manifest["CATS"][category]).cv_uap.cv_record


@cache
def _library() -> tuple[Any, Any]:
    return importlib.import_module("asterix.generated"), importlib.import_module("asterix.base")
