"""JSON documents: one value a file, read whole, each item of its list taken apart on its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import polars as pl

from overflight.errors import InputError
from overflight.surveillance.readers.json_lines import fields
from overflight.surveillance.recording import Drops
from overflight.surveillance.source import Source


def read_document(source: Source) -> dict[str, Any]:
    """The JSON object that the file is.

    Raises:
        InputError: it is none, or is damaged or cut short.
    """
    remedy = "fetch the file again"
    try:
        value = json.loads(source.document())
    except (ValueError, RecursionError) as error:
        place = f"byte {error.pos}" if isinstance(error, json.JSONDecodeError) else None
        raise InputError("damaged or incomplete JSON", path=source.name, place=place, remedy=remedy) from error
    if not isinstance(value, dict):
        raise InputError("no JSON object", path=source.name, remedy=remedy)
    return cast("dict[str, Any]", value)


def read_items(
    source: Source, name: str, items: list[Any], schema: Mapping[str, pl.DataType], drops: Drops
) -> pl.DataFrame:
    """The items of the list `name` as rows, with `ref`; an item that is no object is dropped and counted."""
    rows: list[dict[str, Any]] = []
    refs: list[str] = []
    for index, item in enumerate(items):
        ref = f"{source.label}:{name}[{index}]"
        if isinstance(item, dict):
            rows.append(fields(cast("dict[str, Any]", item), schema))
            refs.append(ref)
        else:
            drops.add(f"item of {name} is not what the format says", 1, ref)
    return pl.DataFrame(rows, schema=dict(schema), orient="row").with_columns(ref=pl.Series(refs, dtype=pl.String))
