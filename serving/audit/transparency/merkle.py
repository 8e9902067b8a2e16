"""RFC 9162 Merkle trees: hashes, the append frontier, inclusion and consistency proofs.

The two `verify` functions need nothing but the numbers and hashes they are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

EMPTY_ROOT = sha256(b"").digest()
TILE_LEVELS = 8
"""Hashes are kept of perfect subtrees of 256, 65,536, ... leaves: C2SP tlog-tiles' height."""


class Node(NamedTuple):
    """Hash of the perfect subtree over leaves [index * 2**level, (index + 1) * 2**level)."""

    level: int
    index: int  # type: ignore[assignment] # in place of a tuple's method, which nobody calls
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf with that content."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """Roots of the perfect subtrees that a tree of `size` leaves falls into, largest first.

    All that is needed to append to a tree and to know its root.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def with_leaves(self, leaves: Iterable[bytes]) -> tuple[Frontier, list[Node]]:
        """Return the frontier after these leaf hashes, and the nodes completed at tile heights."""
        size, peaks, complete = self.size, list(self.peaks), list[Node]()
        for leaf in leaves:
            node, level, index = leaf, 0, size
            while index & 1:
                node, level, index = node_hash(peaks.pop(), node), level + 1, index >> 1
                if level % TILE_LEVELS == 0:
                    complete.append(Node(level, index, node))
            peaks.append(node)
            size += 1
        return Frontier(size, tuple(peaks)), complete

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def text(self) -> str:
        """Return the peaks in hexadecimal, joined."""
        return b"".join(self.peaks).hex()

    @classmethod
    def read(cls, size: int, text: str) -> Frontier:
        """Parse the peaks that `text` wrote.

        Raises:
            ValueError: the text does not hold as many peaks as a tree of that size has.
        """
        joined = bytes.fromhex(text)
        peaks = tuple(joined[i : i + 32] for i in range(0, len(joined), 32))
        if len(joined) % 32 or len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks, not {text!r}")
        return cls(size, peaks)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root of the tree over leaf hashes."""
    return Frontier().with_leaves(leaves)[0].root()


HASH_BYTES = 32


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Return whether the path proves a leaf hash at an index of the tree (2.1.3.2).

    Args:
        leaf: hash of the leaf.
        index: from 0, so the sequence of an entry less 1.
        size: of the tree.
        path: hashes from the leaf to the root.
        root: of the tree.
    """
    if not 0 <= index < size or not are_hashes([leaf, root, *path]):
        return False
    node, last, made = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            made = node_hash(sibling, made)
            node, last = skip_right_edge(node, last)
        else:
            made = node_hash(made, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and made == root


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Return whether the path proves that the first tree is a prefix of the second (2.1.4.2).

    The empty tree is a prefix of every tree, and needs no path.

    Args:
        first: size of the first tree.
        second: size of the second tree.
        first_root: root of the first tree.
        second_root: root of the second tree.
        path: hashes of the proof.
    """
    if not 0 <= first <= second or not are_hashes([first_root, second_root, *path]):
        return False
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    steps = [first_root, *path] if first.bit_count() == 1 else list(path)
    return bool(steps) and _recompute_roots(first, second, steps) == (first_root, second_root)


def _recompute_roots(first: int, second: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the roots of both trees from the steps; None if there are too many or too few."""
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    of_first = of_second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if node & 1 or node == last:
            of_first, of_second = node_hash(step, of_first), node_hash(step, of_second)
            node, last = skip_right_edge(node, last)
        else:
            of_second = node_hash(of_second, step)
        node, last = node >> 1, last >> 1
    return (of_first, of_second) if last == 0 else None


def skip_right_edge(node: int, last: int) -> tuple[int, int]:
    """Move up past the levels where a node at the right edge has no sibling."""
    while not node & 1 and node:
        node, last = node >> 1, last >> 1
    return node, last


def are_hashes(hashes: Sequence[bytes]) -> bool:
    """Return whether every value has the size of a SHA-256."""
    return all(len(one) == HASH_BYTES for one in hashes)
