"""Evidence is named by a digest that nobody can guess, and that a changed file does not have."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from overflight.errors import InputError
from overflight.incidents.evidence import copy, held, keep, safe_name


def _file(folder: Path, content: bytes = b"what flew") -> Path:
    path = folder / "radar.csv"
    path.write_bytes(content)
    return path


def test_the_digest_is_of_salt_and_content_and_differs_each_time(tmp_path: Path) -> None:
    one, two = (keep(_file(tmp_path), tmp_path / "evidence") for _ in range(2))
    assert one.digest != two.digest
    salt = bytes.fromhex((tmp_path / "evidence" / one.digest / "salt").read_text().strip())
    assert len(salt) == 32
    assert hashlib.sha256(salt + b"what flew").hexdigest() == one.digest
    file = held(tmp_path / "evidence", one.digest)
    assert file is not None
    assert (file.name, file.read_bytes()) == ("radar.csv", b"what flew")


@pytest.mark.parametrize("part", ["radar.csv", "salt"])
def test_a_swapped_file_or_salt_is_found(tmp_path: Path, part: str) -> None:
    piece = keep(_file(tmp_path), tmp_path / "evidence")
    (tmp_path / "evidence" / piece.digest / part).write_text("00" * 32)
    with pytest.raises(InputError, match="changed or swapped"):
        held(tmp_path / "evidence", piece.digest)


def test_what_is_not_there_is_none_and_a_link_is_refused(tmp_path: Path) -> None:
    piece = keep(_file(tmp_path), tmp_path / "evidence")
    assert held(tmp_path / "evidence", "0" * 64) is None
    assert held(tmp_path / "evidence", "../" + piece.digest) is None
    file = tmp_path / "evidence" / piece.digest / "radar.csv"
    file.unlink()
    file.symlink_to(tmp_path / "radar.csv")
    with pytest.raises(InputError, match="no file"):
        held(tmp_path / "evidence", piece.digest)


def test_copies_are_checked(tmp_path: Path) -> None:
    piece = keep(_file(tmp_path), tmp_path / "mine")
    assert copy(piece.digest, tmp_path / "mine", tmp_path / "theirs")
    assert copy(piece.digest, tmp_path / "mine", tmp_path / "theirs")
    assert not copy("1" * 64, tmp_path / "mine", tmp_path / "theirs")
    (tmp_path / "mine" / piece.digest / "radar.csv").write_text("another")
    with pytest.raises(InputError, match="swapped"):
        copy(piece.digest, tmp_path / "mine", tmp_path / "third")
    assert [*(tmp_path / "third").glob("*")] == []


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a b.csv", "a_b.csv"),
        ("../../etc/passwd", "passwd"),
        (".hidden", "hidden"),
        ("salt", "file_salt"),
        ("..", "file_"),
    ],
)
def test_names_are_no_paths(name: str, plain: str) -> None:
    assert safe_name(name) == plain


def test_a_file_that_is_not_there_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be kept"):
        keep(tmp_path / "none", tmp_path / "evidence")
    assert [*(tmp_path / "evidence").iterdir()] == []
