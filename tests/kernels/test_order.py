"""`order_by_track` against a stable sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from overflight_kernels import order_by_track, order_ties


@given(st.lists(st.integers(0, 6), max_size=60), st.integers(0, 3))
def test_is_a_stable_sort(track: list[int], spare: int) -> None:
    codes = np.array(track, np.uint32)
    tracks = int(codes.max(initial=0)) + 1 + spare
    rows, offsets = order_by_track(codes, tracks)
    np.testing.assert_array_equal(rows, np.argsort(codes, kind="stable"))
    np.testing.assert_array_equal(np.diff(offsets), np.bincount(codes, minlength=tracks))
    assert offsets[0] == 0


def test_a_code_beyond_the_tracks_is_refused() -> None:
    with pytest.raises(IndexError, match="beyond"):
        order_by_track(np.array([0, 3], np.uint32), 3)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=60))
def test_ties_are_put_in_order_of_rank(rows: list[tuple[int, int]]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    time, rank = np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.uint32)
    assert order_ties(time, rank).tolist() == sorted(range(len(rows)), key=lambda k: rows[k])
