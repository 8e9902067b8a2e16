"""Rebuild the Merkle tree over the leaves as they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Self

from serving.audit.transparency.merkle import Frontier

HASH_BYTES = 32
MAX_BYTES_IN_MEMORY = 64 * 2**20
LEAVES_PER_READ = 4096


@dataclass
class LeafSpool:
    """Leaf hashes in order, of entries after `since`; in memory while there are few."""

    since: int = 0
    count: int = 0
    file: IO[bytes] = field(default_factory=lambda: SpooledTemporaryFile(MAX_BYTES_IN_MEMORY))  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def add(self, hashes: bytes) -> None:
        """Put more at the end."""
        self.file.seek(self.count * HASH_BYTES)
        self.file.write(hashes)
        self.count += len(hashes) // HASH_BYTES

    @property
    def last(self) -> int:
        """The number of the last entry."""
        return self.since + self.count

    def between(self, first: int, last: int) -> bytes:
        """Joined, of the entries numbered so; fewer where there are fewer."""
        begin = max(0, first - 1 - self.since)
        self.file.seek(begin * HASH_BYTES)
        return self.file.read(max(0, last - self.since - begin) * HASH_BYTES)

    def of(self, number: int) -> str:
        """Of one entry, hexadecimal; "" if there is none."""
        return self.between(number, number).hex() if number > self.since else ""

    def changed(self, other: Mapping[int, str]) -> Iterator[bytes]:
        """Yield all leaves in order, with those of `other` (hexadecimal, by number) replaced."""
        for first in range(self.since + 1, self.last + 1, LEAVES_PER_READ):
            some = self.between(first, first + LEAVES_PER_READ - 1)
            for at in range(0, len(some), HASH_BYTES):
                number = first + at // HASH_BYTES
                new = other.get(number)
                yield bytes.fromhex(new) if new else some[at : at + HASH_BYTES]


@dataclass(frozen=True)
class RebuiltTree:
    """A tree. nodes: by level and index, as they are kept. roots: by size, of those asked for."""

    frontier: Frontier
    nodes: Mapping[tuple[int, int], str]
    roots: Mapping[int, bytes]


def rebuild_tree(start: Frontier, leaves: Iterable[bytes], sizes: Collection[int]) -> RebuiltTree:
    """The tree of `start` with more leaves; sizes before that have no root."""
    frontier, rest = start, iter(leaves)
    nodes, roots = dict[tuple[int, int], str](), dict[int, bytes]()
    for size in sorted({size for size in sizes if size >= start.size}):
        frontier, made = frontier.with_leaves(islice(rest, size - frontier.size))
        nodes |= {(node.level, node.index): node.hash.hex() for node in made}
        if frontier.size < size:
            break
        roots[size] = frontier.root()
    frontier, made = frontier.with_leaves(rest)
    nodes |= {(node.level, node.index): node.hash.hex() for node in made}
    return RebuiltTree(frontier, nodes, roots)
