"""What a reader of airspace is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from overflight.airspace.volume import Airspace


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: as `overflight airspace` shows it.
        matches: whether the first bytes of a file are of this format.
        read: all volumes of a document; the second argument is what to call it. Raises `InputError` where the document as
            a whole is damaged; a single volume that cannot be read is `Refused`.
        read_all: the same of several documents that speak of each other, as a notice of one may cancel one of another.
    """

    name: str
    matches: Callable[[bytes], bool]
    read: Callable[[bytes, str], Airspace]
    read_all: Callable[[Sequence[tuple[bytes, str]]], Airspace] | None = None
