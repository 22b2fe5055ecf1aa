"""All formats of airspace, and which one a file is of."""

from __future__ import annotations

from typing import Final

from overflight.airspace.readers.aixm import AIXM
from overflight.airspace.readers.bulletins import BULLETINS
from overflight.airspace.readers.ed269 import ED269, ED318
from overflight.airspace.readers.format import Format
from overflight.airspace.readers.geojson import GEOJSON, OPENAIP
from overflight.airspace.readers.notam import NOTAM
from overflight.airspace.readers.openair import OPENAIR

FORMATS: Final[tuple[Format, ...]] = (AIXM, ED269, ED318, GEOJSON, OPENAIP, BULLETINS, NOTAM, OPENAIR)
"""In the order in which they are asked."""


def format_of(head: bytes) -> Format | None:
    """Return the format whose first bytes these are; None for a file that is foreign."""
    return next((kind for kind in FORMATS if kind.matches(head)), None)
