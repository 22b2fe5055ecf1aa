"""What the integrity gate explains away: encounters that exist only in positions that it disqualified."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from overflight.events import DISMISSED_SCHEMA
from overflight.nets.base import Findings
from overflight.nets.separation import Separation, SeparationParameters
from overflight.surveillance import integrity
from overflight.surveillance.batch import Batch, TrackNames


def explained(
    batches: Iterable[Batch], hidden: pl.DataFrame, names: TrackNames, told: SeparationParameters, found: Findings
) -> pl.DataFrame:
    """Encounters that would be events if the gate's flags were ignored (`DISMISSED_SCHEMA`), under the flag that explains each.

    `batches` are all positions with their flags; `hidden` those with a disqualifying one (track, time_us, flags).
    """
    suspected = np.zeros(len(names), bool)
    suspected[hidden["track"].unique().to_numpy()] = True
    net = Separation(replace(told, skipped=told.skipped & ~integrity.DISQUALIFYING), names, only=suspected)
    for batch in batches:
        net.update(batch)
    seen: dict[tuple[str, str], list[tuple[datetime, datetime]]] = defaultdict(list)
    pairs = (
        found.events.filter(pl.col("kind") == "separation"),
        found.dismissed.filter(~pl.col("reason").str.starts_with("alert: ")),
    )
    for row in (row for some in pairs for row in some.select("track_a", "track_b", "start", "end").iter_rows()):
        seen[row[0], row[1]].append((row[2], row[3]))
    margin_us = round(told.max_gap_s * 1e6)
    number = {name: k for k, name in enumerate(names.track_id)}
    track, time, flags = (hidden[name].to_numpy() for name in ("track", "time_us", "flags"))
    rows: list[dict[str, Any]] = []
    raw = net.finish()
    together = raw.dismissed.filter(pl.col("reason") == "formation")  # what a copy looks like when it is believed
    for row in [*raw.events.iter_rows(named=True), *together.iter_rows(named=True)]:
        if any(start <= row["end"] and row["start"] <= end for start, end in seen[row["track_a"], row["track_b"]]):
            continue
        low, high = (round(row[name].timestamp() * 1e6) for name in ("start", "end"))
        mine = np.isin(track, [number[row["track_a"]], number[row["track_b"]]])
        mine &= (time >= low - margin_us) & (time <= high + margin_us)
        flag = integrity.name_of(int(np.bitwise_or.reduce(flags[mine], initial=0)) & integrity.DISQUALIFYING)
        rows.append(
            {name: row[name] for name in DISMISSED_SCHEMA if name in row}
            | {"reason": f"integrity: {flag}", "why": f"exists only in positions flagged {flag}"}
        )
    return pl.DataFrame(rows, schema=DISMISSED_SCHEMA, orient="row")
