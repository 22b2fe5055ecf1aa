"""The tree of RFC 6962, section 2.1: hashes, proofs of inclusion and consistency, and how they are verified.

A tree of n leaves is described by the hashes of its *complete* subtrees, each named by level (its height; leaves are 0) and index (how many
of its size stand before it). They never change as the tree grows, so whoever stores them can prove anything about any earlier tree with some
log(n) reads. Proofs and roots are made from them by the ranges that the RFC's recursive definitions cut the leaves into; proofs are
verified after RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

Hashes = Callable[[int, int], bytes]
"""The hash of the complete subtree of a level and index: leaves [index * 2**level, (index + 1) * 2**level)."""

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
HASH_BYTES: Final = 32


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node from those below it."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed(size: int, leaves: Sequence[bytes], hashes: Hashes) -> list[tuple[int, int, bytes]]:
    """Return the subtrees that become complete as leaves are added: level, index and hash of each, the leaves among them.

    Args:
        size: leaves that there were.
        leaves: hashes of the new ones.
        hashes: of the subtrees that were complete.
    """
    made: list[tuple[int, int, bytes]] = []
    pending: dict[int, bytes] = {}  # by level, the last complete subtree that is a left child and has no sibling yet
    for index, leaf in enumerate(leaves, start=size):
        level, at, digest = 0, index, leaf
        made.append((level, at, digest))
        while at & 1:
            left = pending.pop(level, None)
            digest = node_hash(hashes(level, at - 1) if left is None else left, digest)
            level, at = level + 1, at >> 1
            made.append((level, at, digest))
        pending[level] = digest
    return made


def root(size: int, hashes: Hashes) -> bytes:
    """Return the root of the tree of the first `size` leaves."""
    return EMPTY_ROOT if size == 0 else _subtree(0, size, hashes)


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` leaves (RFC 6962, 2.1.1), the leaf's sibling first.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    proof: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            proof.append(_subtree(middle, end, hashes))
            end = middle
        else:
            proof.append(_subtree(begin, middle, hashes))
            begin = middle
    return proof[::-1]


def consistency_proof(old: int, size: int, hashes: Hashes) -> list[bytes]:
    """Return the proof that the tree of `size` leaves continues that of `old` (RFC 6962, 2.1.2); empty for 0 and for the same size.

    Raises:
        ValueError: `old` is no size between 0 and `size`.
    """
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} continues none of {old}")
    if old in (0, size):
        return []
    proof: list[bytes] = []
    begin, end, whole = 0, size, True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            proof.append(_subtree(middle, end, hashes))
            end = middle
        else:
            proof.append(_subtree(begin, middle, hashes))
            begin, whole = middle, False
    if not whole:
        proof.append(_subtree(begin, end, hashes))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Say whether a proof shows that a leaf (its hash) is at `index` of the tree with that root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or any(len(one) != HASH_BYTES for one in (leaf, expected, *proof)):
        return False
    at, last, digest = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            digest = node_hash(sibling, digest)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and digest == expected


def verify_consistency(old: int, size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Say whether a proof shows that the tree of `size` leaves continues that of `old` (RFC 9162, 2.1.4.2).

    An empty tree is continued by every tree and proves nothing: `old` of 0 is refused, whoever asks has to know what to do with it.
    """
    if not 0 < old <= size or any(len(one) != HASH_BYTES for one in proof):
        return False
    if old == size:
        return not proof and old_root == new_root
    if not proof:
        return False
    path = list(proof)
    if old & (old - 1) == 0:  # a complete tree: its own root is where the proof begins
        path.insert(0, old_root)
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _split(size: int) -> int:
    """Return the largest power of two below `size` (2 or more)."""
    return 1 << ((size - 1).bit_length() - 1)


def _subtree(begin: int, end: int, hashes: Hashes) -> bytes:
    """Return the hash of leaves [begin, end), where `begin` is a multiple of a power of two that is at least their number."""
    size = end - begin
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return hashes(level, begin >> level)
    middle = begin + _split(size)
    return node_hash(_subtree(begin, middle, hashes), _subtree(middle, end, hashes))
