"""Mutated samples of every format: whatever the bytes are, only the typed errors come out."""

from __future__ import annotations

import random

import pytest

from overflight.errors import InputError
from overflight.surveillance.read import read
from overflight.surveillance.table import POSITION_SCHEMA
from tests.surveillance.samples import samples

QUICK, FULL = 100, 1000


def mutated(data: bytes, rng: random.Random) -> bytes:
    """One to eight changes: flipped bytes, bytes set to ones that parsers mind, pieces left out, doubled or moved."""
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at, size = rng.randrange(len(data)), rng.choice((1, 2, 5, 40, 400))
        match rng.randrange(6):
            case 0:
                data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
            case 1:
                data = (
                    data[:at]
                    + rng.choice((b'"', b"{", b"[", b",", b"\n", b"\0", b"\x1a", b"\xff", b"-9e99", b"NaN"))
                    + data[at + 1 :]
                )
            case 2:
                data = data[:at] + data[at + size :]
            case 3:
                data = data[:at] + data[at : at + size] * rng.choice((2, 3, 20)) + data[at + size :]
            case 4:
                data = data[:at] + bytes(rng.randrange(256) for _ in range(size)) + data[at + size :]
            case _:
                data = data[: max(at, 1)]
        data = data or b"\n"
    return data


def check(tmp_path, name, seeds):
    path = tmp_path / "sample"
    taken = refused = 0
    for seed in seeds:
        path.write_bytes(mutated(samples()[name], random.Random(f"{name} {seed}")))
        try:
            recording = read(path)
            taken += 1
        except InputError as error:
            refused += "\n" not in str(error)
        else:
            assert dict(recording.table.schema) == POSITION_SCHEMA, seed
            assert recording.table["timestamp"].null_count() == 0, seed
            assert recording.table["latitude"].is_between(-90, 90).all(), seed
    assert taken + refused == len(seeds), "an error of more than one line"
    return refused


@pytest.mark.parametrize("name", sorted(samples()))
def test_mutated_samples(tmp_path, name):
    check(tmp_path, name, range(QUICK))


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(samples()))
def test_mutated_samples_in_full(tmp_path, name):
    assert check(tmp_path, name, range(FULL)) < FULL, "if all are refused, nothing was tested"
