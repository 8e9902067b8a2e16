"""Inclusion and consistency proofs of RFC 9162, sections 2.1.3 and 2.1.4.

The two `verify` functions need nothing but the numbers and hashes they are given.
"""

from __future__ import annotations

from collections.abc import Sequence

from serving.audit.merkle import EMPTY_ROOT, node_hash
from serving.audit.store import AuditStore
from serving.audit.tree import Tree, tiles_of

HASH_BYTES = 32


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether the path proves that leaf hash at that index of the tree (2.1.3.2).

    index: from 0, so the sequence of an entry less 1. size, root: of the tree.
    """
    if not 0 <= index < size or not whole([leaf, root, *path]):
        return False
    node, last, made = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            made = node_hash(sibling, made)
            node, last = climbed(node, last)
        else:
            made = node_hash(made, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and made == root


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the path proves that the first tree is the beginning of the second (2.1.4.2).

    first, second: sizes. The empty tree begins every tree, and needs no path.
    """
    if not 0 <= first <= second or not whole([first_root, second_root, *path]):
        return False
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    steps = [first_root, *path] if first.bit_count() == 1 else list(path)
    return bool(steps) and _both(first, second, steps) == (first_root, second_root)


def _both(first: int, second: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The roots of both trees that the steps make; None where there are too many or few."""
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    of_first = of_second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if node & 1 or node == last:
            of_first, of_second = node_hash(step, of_first), node_hash(step, of_second)
            node, last = climbed(node, last)
        else:
            of_second = node_hash(of_second, step)
        node, last = node >> 1, last >> 1
    return (of_first, of_second) if last == 0 else None


def climbed(node: int, last: int) -> tuple[int, int]:
    """Up past the levels where a node at the right edge has no sibling."""
    while not node & 1 and node:
        node, last = node >> 1, last >> 1
    return node, last


def whole(hashes: Sequence[bytes]) -> bool:
    """Whether each can be a SHA-256."""
    return all(len(one) == HASH_BYTES for one in hashes)


def inclusion_proof(store: AuditStore, sequence: int, size: int | None = None) -> list[bytes]:
    """The path from the leaf of that entry to the root of the log at a size; now, if none.

    Raises:
        ValueError: the log was never of that size, or did not hold the entry then.
        LookupError: entries that the proof needs are missing.
        AuditUnavailableError: the record cannot be read.
    """
    return _tree(store, size).inclusion(sequence - 1)


def consistency_proof(store: AuditStore, first: int, second: int | None = None) -> list[bytes]:
    """The path that proves the log at size `first` to be the beginning of it at `second`.

    Raises:
        ValueError, LookupError, AuditUnavailableError: as `inclusion_proof` says.
    """
    return _tree(store, second).consistency(first)


def root_at(store: AuditStore, size: int) -> bytes:
    """The root of the log when it had that size, from the hashes that are kept.

    Raises:
        ValueError, LookupError, AuditUnavailableError: as `inclusion_proof` says.
    """
    return _tree(store, size).root()


def _tree(store: AuditStore, size: int | None) -> Tree:
    now = store.head().frontier.size
    if size is not None and not 0 <= size <= now:
        raise ValueError(f"the log has {now} entries; it cannot be proven at size {size}")
    return Tree(now if size is None else size, tiles_of(store))
