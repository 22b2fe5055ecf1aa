"""How soon somebody must look at an event: the priority of its alarm (ANSI/ISA-18.2-2016, 8.5: few of them, and the highest seldom)."""

from __future__ import annotations

from typing import Any, Final

PRIORITIES: Final = ("low", "medium", "high")
_GRAVE_BANDS: Final = {"below 0.25", "0.25 to 0.5"}
_HIGH_KINDS: Final = {"conflict", "hazard", "lost"}
_LOW_KINDS: Final = {"interference", "outage"}


def priority_of(event: dict[str, Any]) -> int:
    """Return the place in `PRIORITIES` of an event, as a record.

    High is what somebody can still act upon: a conflict ahead, a flight in danger, a vanished one, a near mid-air collision or half the
    minimum lost. Low is what is not certain, and what says something of the sensors. What is not certain of two flights that come
    together is medium: not to know is no reason not to look.
    """
    together = event["kind"] in {"conflict", "separation"}
    if event["kind"] in _LOW_KINDS or event["verdict"] == "refuted":
        return 0
    if event["verdict"] != "confirmed":
        return 1 if together else 0
    parameters: dict[str, Any] = event["parameters"] or {}
    nmac = parameters.get("nmac", False)
    return 2 if event["kind"] in _HIGH_KINDS or nmac or (together and event["band"] in _GRAVE_BANDS) else 1
