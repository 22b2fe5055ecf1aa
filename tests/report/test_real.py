"""The report on the real recording that ships with the project: what it draws is what the net found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import overflight
from overflight.report import encounter
from overflight.report.html import compose
from overflight.report.tracks import Tracks
from overflight.surveillance.integrity import DISQUALIFYING, ON_GROUND

EXAMPLES = Path(__file__).parents[2] / "examples" / "california-2025"


@pytest.mark.skipif(not list(EXAMPLES.glob("*.jsonl.gz")), reason="the recording is not there")
def test_drawn_distances_are_the_events_own():
    recording = sorted(EXAMPLES.glob("*.jsonl.gz"))[0]
    check = overflight.check(str(recording)).result
    rows = check.events.to_dicts()
    assert rows
    ids = [row[side] for row in rows for side in ("track_a", "track_b")]
    tracks = Tracks(check.recording.table, ids, DISQUALIFYING | ON_GROUND)
    for number, row in enumerate(rows, start=1):
        found = encounter.build(number, row, tracks)
        worst = int(np.flatnonzero(found.at_s == 0.0)[0])
        assert found.horizontal_nm()[worst] * 1852.0 == pytest.approx(row["horizontal_nm"] * 1852.0, abs=1.0)
        assert found.vertical_ft()[worst] == pytest.approx(row["vertical_ft"], abs=1.0)
    page = compose(check)
    assert page.count('class="event"') == min(len(rows), 50)
    assert len(page.encode()) < 3_000_000
