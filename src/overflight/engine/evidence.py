"""The evidence of events: which lines of the recording each rests on, and what the aircraft said there.

Events of a net that tells its parameters as data, a column `told`, have it added to that data, which is then written as JSON;
of those that were few enough to be written one by one, the JSON is opened once more.
"""

from __future__ import annotations

import json
from typing import Any, Final

import polars as pl

from overflight.events import EVENT_SCHEMA

_MOMENTS: Final[dict[str, tuple[str, ...]]] = {
    "separation": ("a", "b"),
    "conflict": ("a", "b"),
    "incursion": ("a", "entry", "exit"),
    "hazard": ("a", "entry", "exit"),
    "lost": ("a",),
    "breach": ("a",),
}
"""By kind: the parts of `parameters` that have evidence, each the row before and the row after, in the order of the list."""

SAID: Final = {"groundspeed_kt": "groundspeed", "track_deg": "track", "vertical_rate_fpm": "vertical_rate"}
"""What an aircraft says of its motion, and the column of the position table that holds it."""


def with_evidence(events: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Put the references of the reports that an event rests on into its parameters; returns `EVENT_SCHEMA`."""
    parts = [pl.DataFrame(schema=EVENT_SCHEMA)]
    for (kind,), some in events.group_by("kind", maintain_order=True):
        reported = _reported(some["evidence"], _MOMENTS.get(str(kind), ()), table)
        as_data = "told" in some.columns and some["told"].null_count() == 0
        parameters = _written(some["told"], reported) if as_data else _rewritten(some["parameters"], reported)
        parts.append(some.with_columns(parameters.alias("parameters")).select(list(EVENT_SCHEMA)))
    return pl.concat(parts)


def _written(told: pl.Series, reported: dict[str, pl.DataFrame]) -> pl.Series:
    """Write parameters as JSON, with what was reported at each moment; what an aircraft did not say is left out."""
    data = told.struct.unnest().with_columns(
        pl.col(moment).struct.with_fields(*reports.get_columns()) for moment, reports in reported.items()
    )
    # A quotation mark within a text is written \", so that this is found nowhere else.
    unsaid = {f',"{name}":null': "" for name in SAID}
    return data.to_struct().struct.json_encode().str.replace_many(unsaid)


def _rewritten(parameters: pl.Series, reported: dict[str, pl.DataFrame]) -> pl.Series:
    """Add what was reported at each moment to parameters that are written already."""
    seen = [(moment, reports.to_dicts()) for moment, reports in reported.items()]
    said: list[str] = []
    for number, text in enumerate(parameters):
        data: dict[str, Any] = json.loads(text)
        for moment, reports in seen:
            data[moment] |= {name: x for name, x in reports[number].items() if x is not None or name not in SAID}
        said.append(json.dumps(data))
    return pl.Series(said, dtype=pl.String)


def _reported(evidence: pl.Series, moments: tuple[str, ...], table: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What was reported around each moment, one row an event."""
    rows = evidence.list
    return {
        moment: _as_reported(table, rows.get(2 * k), rows.get(2 * k + 1), heard=moment in "ab")
        for k, moment in enumerate(moments)
    }


def _as_reported(table: pl.DataFrame, before: pl.Series, after: pl.Series, *, heard: bool) -> pl.DataFrame:
    """References and, where `heard`, speed, course and climb as the aircraft said: two reports a second apart give a poor difference."""
    wanted = SAID if heard else {}
    # what rests on no position (a call that nobody answered) names no row
    last, then = (table.select("ref", **wanted).select(pl.all().gather(rows)) for rows in (before, after))
    return pl.DataFrame(
        [last["ref"].alias("ref_before"), then["ref"].alias("ref_after")]
        + [last[name].fill_null(then[name]).cast(pl.Float64).round(1) for name in wanted]
    )
