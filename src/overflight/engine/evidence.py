"""The evidence of events: which lines of the recording each rests on, and what the aircraft said there."""

from __future__ import annotations

import json
from typing import Any, Final

import polars as pl

from overflight.events import EVENT_SCHEMA

_MOMENTS: Final[dict[str, tuple[str, ...]]] = {
    "separation": ("a", "b"),
    "incursion": ("a", "entry", "exit"),
    "hazard": ("a", "entry", "exit"),
    "lost": ("a",),
}
"""By kind: the parts of `parameters` that have evidence, each the row before and the row after, in the order of the list."""


def with_evidence(events: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Put the references of the reports that an event rests on into its parameters; returns `EVENT_SCHEMA`."""
    parts = [pl.DataFrame(schema=EVENT_SCHEMA)]
    for (kind,), some in events.group_by("kind", maintain_order=True):
        told = _told(some, _MOMENTS.get(str(kind), ()), table)
        parts.append(some.with_columns(told).select(list(EVENT_SCHEMA)))
    return pl.concat(parts)


def _told(events: pl.DataFrame, moments: tuple[str, ...], table: pl.DataFrame) -> pl.Series:
    """Return the parameters, with what was said at each moment."""
    rows = events["evidence"].list
    seen = [
        _as_reported(table, rows.get(2 * k), rows.get(2 * k + 1), heard=moment in "ab").to_dicts()
        for k, moment in enumerate(moments)
    ]
    said: list[str] = []
    for number, text in enumerate(events["parameters"]):
        parameters: dict[str, Any] = json.loads(text)
        for moment, reports in zip(moments, seen, strict=True):
            reported = reports[number].items()
            parameters[moment] |= {name: x for name, x in reported if x is not None or name.startswith("ref")}
        said.append(json.dumps(parameters))
    return pl.Series("parameters", said, dtype=pl.String)


def _as_reported(table: pl.DataFrame, before: pl.Series, after: pl.Series, *, heard: bool) -> pl.DataFrame:
    """References and, where `heard`, speed, course and climb as the aircraft said: two reports a second apart give a poor difference."""
    wanted = (
        {"groundspeed_kt": "groundspeed", "track_deg": "track", "vertical_rate_fpm": "vertical_rate"} if heard else {}
    )
    last, then = (table.select("ref", **wanted)[rows] for rows in (before, after))
    return pl.DataFrame(
        [last["ref"].alias("ref_before"), then["ref"].alias("ref_after")]
        + [last[name].fill_null(then[name]).cast(pl.Float64).round(1) for name in wanted]
    )
