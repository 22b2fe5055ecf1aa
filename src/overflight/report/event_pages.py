"""The pages of events, each by what it is: a pair of aircraft, a stay in a volume, or anything else."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np

from overflight.airspace.levels import QNH_UNCERTAINTY_HPA
from overflight.airspace.volume import Airspace
from overflight.earth.wgs84 import to_geodetic
from overflight.report import encounter, event_page, event_plot, place_page, stay, stay_page
from overflight.report.describe import STAYS
from overflight.report.encounter import Encounter
from overflight.report.markup import Html
from overflight.report.stay import Volumes
from overflight.report.tracks import Floats, Tracks

_BEFORE_S: Final = 1200.0
"""How much of the track before it a map of an event shows: 20 min are some 150 NM."""


def pages(
    airspace: Airspace, parameters: dict[str, str], drawn: list[dict[str, Any]], tracks: Tracks, first: int = 1
) -> list[Html]:
    """Return a page for each event, numbered from `first`, found in some airspace; to be called under `canvas.style`."""
    volumes = Volumes(airspace.volumes, qnh_hpa_of(parameters))
    return [
        _page(encounter.build(number, row, tracks), volumes, tracks) for number, row in enumerate(drawn, start=first)
    ]


def _page(found: Encounter, volumes: Volumes, tracks: Tracks) -> Html:
    entered = stay.build(found, volumes)
    if entered is not None:
        return stay_page.page(entered)
    if len(found.tracks) == 2 or (found.tracks and found.row["kind"] in STAYS):
        return event_page.page(found, event_plot.draw(found))
    return place_page.page(found, _before(found, tracks) if found.tracks else None)


def _before(found: Encounter, tracks: Tracks) -> Floats:
    """Longitude and latitude of the way flown up to an event, (N, 2), NaN over gaps."""
    track = tracks.around(found.row["track_a"], found.time, _BEFORE_S, 0.0, 60.0)
    path = track.ecef_m[track.time_s <= 0.0]
    latitude, longitude = to_geodetic(path)
    gaps = np.flatnonzero(np.diff(track.time_s[: len(path)]) > track.max_gap_s) + 1
    return np.insert(np.stack([longitude, latitude], axis=-1), gaps, np.nan, axis=0)


def qnh_hpa_of(parameters: dict[str, str]) -> float:
    """How far QNH was taken to be from standard, from the parameters as told; what a check assumes where they do not say."""
    told = next((text for name, text in parameters.items() if "qnh" in name.lower()), "")
    number = re.search(r"\d+(?:\.\d+)?", told)
    return float(number[0]) if number else QNH_UNCERTAINTY_HPA
