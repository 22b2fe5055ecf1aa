"""The text columns of the position table in their one form: addresses, callsigns, squawks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from overflight.surveillance.recording import Drops

BAD_ADDRESS: Final = "icao24 is not six hexadecimal digits, set unknown"
BAD_SQUAWK: Final = "squawk is not four octal digits, set unknown"

_ADDRESS: Final = r"^~?[0-9a-f]{6}$"
_SQUAWK: Final = r"^[0-7]{4}$"


def clean_text(frame: pl.DataFrame, label: str, drops: Drops) -> pl.DataFrame:
    """Addresses in lower case (a leading ``~`` kept), squawks of four octal digits, no text that is empty or padded.

    An address or squawk that is none becomes null and is counted.
    """
    rules: dict[str, tuple[Callable[[pl.Expr], pl.Expr], str | None]] = {
        "track_id": (_plain, None),
        "icao24": (_address, BAD_ADDRESS),
        "callsign": (_plain, None),
        "squawk": (_squawk, BAD_SQUAWK),
        "sensor": (_plain, None),
        "party": (_plain, None),
    }
    # Identifiers repeat, and together: the few there are tell whether the many need work.
    texts = [name for name in rules if name in frame.columns and frame.schema[name] != pl.Null]
    engine = "streaming" if len(frame) > 500_000 else "in-memory"  # the former uses all cores, but takes long to start
    distinct = frame.lazy().select(texts).unique().collect(engine=engine)
    for name, (rule, reason) in rules.items():
        if name in frame.columns:
            before = frame.get_column(name)
            if name in texts and _is_clean(distinct.get_column(name).unique(), rule):
                continue
            after = before.cast(pl.String).to_frame().select(rule(pl.col(name))).to_series()
            if reason and after.null_count() > before.null_count():
                lost = before.is_not_null() & (before.str.strip_chars() != "") & after.is_null()
                if lost.any():
                    drops.add(reason, int(lost.sum()), example(frame, lost, label))
            frame = frame.with_columns(after)
    return frame


def example(frame: pl.DataFrame, mask: pl.Series, label: str) -> str:
    """Where the first row of a mask stands."""
    at = int(mask.arg_true()[0])
    ref = frame.get_column("ref")[at] if "ref" in frame.columns else None
    return str(ref) if ref is not None else f"{label}, row {at + 1}"


def _is_clean(values: pl.Series, rule: Callable[[pl.Expr], pl.Expr]) -> bool:
    return values.eq_missing(values.to_frame().select(rule(pl.col(values.name))).to_series()).all()


def _plain(text: pl.Expr) -> pl.Expr:
    stripped = text.str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _address(text: pl.Expr) -> pl.Expr:
    lower = text.str.strip_chars().str.to_lowercase()
    return pl.when(lower.str.contains(_ADDRESS)).then(lower)


def _squawk(text: pl.Expr) -> pl.Expr:
    # software that takes a squawk for a number loses its leading zeros, and a frame with gaps makes it 1200.0
    digits = text.str.strip_chars().str.strip_suffix(".0")
    padded = pl.when(digits.str.len_bytes() > 0).then(digits.str.zfill(4))
    return pl.when(padded.str.contains(_SQUAWK)).then(padded)
