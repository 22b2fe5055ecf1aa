"""Which events get a page of their own where there are too many: the gravest of each kind."""

from __future__ import annotations

import polars as pl

from overflight.events import gravest_first


def drawn_and_listed(events: pl.DataFrame, most: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Divide events into at most `most` that are drawn and the others, each the gravest first.

    What is grave compares only within a kind: where there are too many, each kind gets an equal share of the pages, and
    what one leaves goes to the others.
    """
    every = (
        gravest_first(events).with_row_index("gravest").with_columns(pl.int_range(pl.len()).over("kind").alias("turn"))
    )
    chosen = every.sort("turn", "gravest").head(most).select("gravest")
    drawn, listed = (every.join(chosen, on="gravest", how=how).sort("gravest") for how in ("semi", "anti"))
    return drawn.drop("gravest", "turn"), listed.drop("gravest", "turn")
