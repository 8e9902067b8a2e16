"""The Merkle tree of RFC 9162, section 2: hashes, and the frontier that an append needs."""

from __future__ import annotations

from collections.abc import Iterable
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
    """Hash of a leaf with that content."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of the node over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """Roots of the perfect subtrees that a tree of `size` leaves falls into, largest first.

    All that is needed to append to a tree and to know its root.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def extended(self, leaves: Iterable[bytes]) -> tuple[Frontier, list[Node]]:
        """The frontier after these leaf hashes, and the nodes at tile heights now complete."""
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
        """Root of the whole tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def text(self) -> str:
        """The peaks in hexadecimal, joined."""
        return b"".join(self.peaks).hex()

    @classmethod
    def read(cls, size: int, text: str) -> Frontier:
        """What `text` wrote.

        Raises:
            ValueError: as many peaks as a tree of that size has are not in the text.
        """
        joined = bytes.fromhex(text)
        peaks = tuple(joined[i : i + 32] for i in range(0, len(joined), 32))
        if len(joined) % 32 or len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks, not {text!r}")
        return cls(size, peaks)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Root of the tree over leaf hashes."""
    return Frontier().extended(leaves)[0].root()
