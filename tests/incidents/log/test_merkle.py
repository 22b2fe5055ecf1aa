"""The tree against the published vectors, and against RFC 6962's recursive definitions written down as they stand."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overflight.incidents.log import merkle
from tests.incidents.log.vectors import decoded
from tests.incidents.log.vectors import merkle as vectors

LEAVES = [str(number).encode() for number in range(300)]


def _tree(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + _tree(leaves[:k]) + _tree(leaves[k:])).digest()


def _path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m < k:
        return [*_path(m, leaves[:k]), _tree(leaves[k:])]
    return [*_path(m - k, leaves[k:]), _tree(leaves[:k])]


def _subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2."""
    if m == len(leaves):
        return [] if whole else [_tree(leaves)]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m <= k:
        return [*_subproof(m, leaves[:k], whole), _tree(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], False), _tree(leaves[:k])]


def _hashes(cuts: list[int]) -> dict[tuple[int, int], bytes]:
    """The hashes of complete subtrees, of leaves that came in batches of these sizes."""
    known: dict[tuple[int, int], bytes] = {}
    size = 0
    for cut in cuts:
        leaves = [merkle.leaf_hash(leaf) for leaf in LEAVES[size : size + cut]]
        for level, at, digest in merkle.completed(size, leaves, lambda level, at: known[level, at]):
            assert (level, at) not in known
            known[level, at] = digest
        size += cut
    return known


KNOWN = _hashes([300])


@pytest.mark.parametrize("vector", vectors("inclusion"), ids=lambda v: str(v["desc"]))
def test_published_proofs_of_inclusion(vector: dict[str, object]) -> None:
    proof = [decoded(one) for one in vector["proof"] or []]  # type: ignore[attr-defined]
    args = (decoded(vector["leafHash"]), vector["leafIdx"], vector["treeSize"], proof, decoded(vector["root"]))  # type: ignore[arg-type]
    assert merkle.verify_inclusion(*args) is not vector["wantErr"]  # type: ignore[arg-type]


@pytest.mark.parametrize("vector", vectors("consistency"), ids=lambda v: str(v["desc"]))
def test_published_proofs_of_consistency(vector: dict[str, object]) -> None:
    proof = [decoded(one) for one in vector["proof"] or []]  # type: ignore[attr-defined]
    args = (vector["size1"], vector["size2"], proof, decoded(vector["root1"]), decoded(vector["root2"]))  # type: ignore[arg-type]
    assert merkle.verify_consistency(*args) is not vector["wantErr"]  # type: ignore[arg-type]


def test_there_are_as_many_vectors_as_were_published() -> None:
    assert (len(vectors("inclusion")), len(vectors("consistency"))) == (98, 98)


@given(st.lists(st.integers(0, 9), max_size=20), st.data())
def test_roots_and_proofs_are_those_of_the_definition_however_leaves_came(cuts: list[int], data: st.DataObject) -> None:
    known = _hashes(cuts)
    size = sum(cuts)
    root = merkle.root(size, lambda level, at: known[level, at])
    assert root == _tree(LEAVES[:size])
    if size:
        index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
        inclusion = merkle.inclusion_proof(index, size, lambda level, at: known[level, at])
        assert inclusion == _path(index, LEAVES[:size])
        assert merkle.verify_inclusion(merkle.leaf_hash(LEAVES[index]), index, size, inclusion, root)
        consistency = merkle.consistency_proof(old, size, lambda level, at: known[level, at])
        assert consistency == _subproof(old, LEAVES[:size], True)
        assert merkle.verify_consistency(old, size, consistency, _tree(LEAVES[:old]), root)


@given(st.integers(1, 300), st.data())
def test_no_changed_proof_is_taken(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    hashes = lambda level, at: KNOWN[level, at]  # noqa: E731
    root, old_root = merkle.root(size, hashes), merkle.root(old, hashes)
    leaf, other = merkle.leaf_hash(LEAVES[index]), merkle.leaf_hash(b"other")
    proof = merkle.inclusion_proof(index, size, hashes)
    assert not merkle.verify_inclusion(other, index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, [*proof, other], root)
    assert not any(merkle.verify_inclusion(leaf, wrong, size, proof, root) for wrong in range(size) if wrong != index)
    chain = merkle.consistency_proof(old, size, hashes)
    assert not merkle.verify_consistency(old, size, [*chain, other], old_root, root)
    assert not merkle.verify_consistency(old, size, chain, other, root)
    if chain:
        at = data.draw(st.integers(0, len(chain) - 1))
        assert not merkle.verify_consistency(old, size, chain[:at] + chain[at + 1 :], old_root, root)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(index, size, lambda level, at: KNOWN[level, at])
    with pytest.raises(ValueError, match="continues none"):
        merkle.consistency_proof(size + 1, size, lambda level, at: KNOWN[level, at])
