"""Overflight: flight safety for airspace that several parties share and do not all trust.

>>> import overflight
>>> events = overflight.check("recording.jsonl.gz")  # doctest: +SKIP

What is public stands here; nothing heavy is loaded before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from overflight._version import __version__
from overflight.errors import InputError, OverflightError, ParameterError

if TYPE_CHECKING:
    from overflight.agreement.model import Agreement
    from overflight.agreement.read import read_agreement
    from overflight.airspace.volume import Airspace
    from overflight.api import Evaluation, Events, check, evaluate, read, read_airspace
    from overflight.surveillance.recording import Recording

__all__ = [
    "Agreement",
    "Airspace",
    "Evaluation",
    "Events",
    "InputError",
    "OverflightError",
    "ParameterError",
    "Recording",
    "__version__",
    "check",
    "evaluate",
    "read",
    "read_agreement",
    "read_airspace",
]


def __getattr__(name: str) -> Any:
    """Load the public functions on first use."""
    if name in {*__all__} - {"__version__", "InputError", "OverflightError", "ParameterError"}:
        if name in {"Agreement", "read_agreement"}:
            from overflight.agreement import read as room
        else:
            from overflight import api as room

        return getattr(room, name)
    raise AttributeError(f"module 'overflight' has no attribute {name!r}")
