"""The state of a live loop as one file: plain data, arrays and tables, and nothing that could run.

A zip archive, not compressed: `tree.json` with the data, in which what JSON lacks is written as `{"$": kind, ...}`; one `.npy` entry for
each array (NEP 1, without pickled objects), one Arrow IPC entry for each table. Reading it executes nothing, whoever wrote it.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from overflight.errors import InputError
from overflight.files import whole_file

FORMAT: Final = "overflight-state-1"
_REMEDY: Final = "name another folder for the state, or delete this one to begin anew"


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write nested dicts, lists, tuples, sets, numbers, texts, bytes, arrays and tables; the file appears whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    with whole_file(path) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            tree = _Writer(archive).plain(state)
            archive.writestr("tree.json", json.dumps({"format": FORMAT, "tree": tree}))
        temporary.chmod(0o600)
    path.chmod(0o600)  # where everybody flew is nobody else's business


def read_state(path: Path) -> dict[str, Any]:
    """Read what `write_state` wrote.

    Raises:
        InputError: it cannot be read, or is no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read("tree.json"))
            if document.get("format") != FORMAT:
                raise InputError("is of another version", path=str(path), remedy=_REMEDY)
            return cast("dict[str, Any]", _Reader(archive).data(document["tree"]))
    except InputError:
        raise
    except Exception as e:  # a damaged archive raises whatever its parts do; the user gets one kind
        raise InputError(f"is no stored state ({e})", path=str(path), remedy=_REMEDY) from None


class _Writer:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive, self._count = archive, 0

    def _entry(self, kind: str, data: bytes) -> dict[str, Any]:
        self._count += 1
        self._archive.writestr(name := f"{self._count}.{kind}", data)
        return {"$": kind, "entry": name}

    def plain(self, value: Any) -> Any:  # noqa: PLR0911 - a return a kind
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.ndarray):
            sink = io.BytesIO()
            np.save(sink, cast("NDArray[Any]", value), allow_pickle=False)
            return self._entry("npy", sink.getvalue())
        if isinstance(value, np.generic):
            return {"$": "number", "array": self.plain(np.array(cast("Any", value)))}
        if isinstance(value, pl.DataFrame):
            sink = io.BytesIO()
            value.rechunk().write_ipc(sink)
            return self._entry("arrow", sink.getvalue())
        if isinstance(value, bytes):
            return self._entry("bin", value)
        if isinstance(value, dict):
            entries = cast("dict[Any, Any]", value)
            if all(isinstance(key, str) for key in entries) and "$" not in entries:
                return {key: self.plain(one) for key, one in entries.items()}
            return {"$": "dict", "items": [[self.plain(key), self.plain(one)] for key, one in entries.items()]}
        if isinstance(value, list):
            return [self.plain(one) for one in cast("list[Any]", value)]
        if isinstance(value, tuple):
            return {"$": "tuple", "items": [self.plain(one) for one in cast("tuple[Any, ...]", value)]}
        if isinstance(value, set):
            return {"$": "set", "items": [self.plain(one) for one in cast("set[Any]", value)]}
        raise TypeError(f"a {type(value).__name__} cannot be stored")


class _Reader:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def data(self, value: Any) -> Any:  # noqa: PLR0911 - a return a kind
        if isinstance(value, list):
            return [self.data(one) for one in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        entries = cast("dict[str, Any]", value)
        kind = entries.get("$")
        if kind is None:
            return {key: self.data(one) for key, one in entries.items()}
        if kind == "dict":
            return {self.data(key): self.data(one) for key, one in entries["items"]}
        if kind in {"tuple", "set"}:
            return {"tuple": tuple, "set": set}[kind](self.data(one) for one in entries["items"])
        if kind == "number":
            return self.data(entries["array"])[()]
        stored = self._archive.read(entries["entry"])
        if kind == "npy":
            return np.load(io.BytesIO(stored), allow_pickle=False)
        return pl.read_ipc(io.BytesIO(stored)) if kind == "arrow" else stored
