"""A state that is stored comes back as it was; what is no state is refused, and nothing in it runs."""

from __future__ import annotations

import pickle
import stat
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from overflight.engine.state import read_state, write_state
from overflight.errors import InputError


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    structured = np.zeros(2, np.dtype([("a", np.int64), ("b", np.bool_)]))
    structured["a"] = [3, -4]
    state = {
        "plain": [None, True, 3, 2**60, 1.5, float("inf"), "ü"],
        "tuple": (1, (2, "x")),
        "set": {3, 4},
        "keys": {1: "one", (2, 3): "pair", "$": "dollar"},
        "bytes": b"\x00\xff",
        "array": np.arange(6.0).reshape(2, 3),
        "structured": structured,
        "scalar": np.uint64(7),
        "table": pl.DataFrame({"t": [1, None], "s": ["a", "b"], "l": [[1], []]}),
        "empty": pl.DataFrame(),
    }
    write_state(tmp_path / "state", state)
    back = read_state(tmp_path / "state")
    for name in ("plain", "tuple", "set", "keys", "bytes", "scalar"):
        assert back[name] == state[name]
        assert type(back[name]) is type(state[name])
    np.testing.assert_array_equal(back["array"], state["array"])
    np.testing.assert_array_equal(back["structured"], structured)
    assert_frame_equal(back["table"], state["table"])
    assert back["empty"].is_empty()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600


def test_what_cannot_be_stored_is_refused_and_leaves_the_old_state(tmp_path: Path) -> None:
    write_state(tmp_path / "state", {"n": 1})
    with pytest.raises(TypeError, match="object cannot be stored"):
        write_state(tmp_path / "state", {"n": object()})
    assert read_state(tmp_path / "state") == {"n": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('it ran')",)


def test_nothing_in_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tree.json", '{"format": "overflight-state-1", "tree": {"$": "npy", "entry": "1.npy"}}')
        archive.writestr("1.npy", pickle.dumps(Bomb()))
    with pytest.raises(InputError, match="is no stored state"):
        read_state(path)


@pytest.mark.parametrize("content", [b"", b"nonsense", pickle.dumps({"a": 1})])
def test_what_is_no_state_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(InputError, match="delete this one to begin anew"):
        read_state(tmp_path / "state")


def test_damage_anywhere_is_refused(tmp_path: Path) -> None:
    write_state(tmp_path / "whole", {"array": np.arange(50), "table": pl.DataFrame({"a": [1, 2, 3]})})
    whole = (tmp_path / "whole").read_bytes()
    for at in range(0, len(whole), 37):
        (tmp_path / "state").write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            back = read_state(tmp_path / "state")
        except InputError:
            continue
        np.testing.assert_array_equal(back["array"], np.arange(50))  # a byte that says nothing
