"""The tree of RFC 9162 over hashes that are kept in tiles, and the paths that prove it.

A tile is 256 neighbouring hashes of one tile level (C2SP tlog-tiles): leaves at level 0, roots
of perfect subtrees of 256 leaves at level 1, and so on. Whatever the size of the log, a path
reads two tiles a level at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce

import sqlalchemy as sa

from serving.audit.merkle import EMPTY_ROOT, TILE_LEVELS, node_hash, root_of
from serving.audit.store import AuditStore
from serving.audit.tables import ENTRIES, NODES

WIDTH = 2**TILE_LEVELS
Tiles = Callable[[int, int], Sequence[bytes]]
"""Level and index of a tile -> its hashes, as many as there are."""
Range = tuple[int, int]


@dataclass(frozen=True)
class Tree:
    """The tree over the first `size` leaves."""

    size: int
    tiles: Tiles
    fetched: dict[tuple[int, int], Sequence[bytes]] = field(default_factory=dict, repr=False)

    def root(self) -> bytes:
        """Root of the tree."""
        return self.over(0, self.size)

    def inclusion(self, index: int) -> list[bytes]:
        """The path from a leaf to the root, lowest first (2.1.3.1).

        Raises:
            ValueError: no such leaf.
            LookupError: a hash is missing.
        """
        if not 0 <= index < self.size:
            raise ValueError(f"the tree has leaves 0 to {self.size - 1}; got {index}")
        return [self.over(*part) for part in beside_leaf(index, self.size)]

    def consistency(self, first: int) -> list[bytes]:
        """The path that proves the tree of the first leaves to be the beginning (2.1.4.1).

        Raises:
            ValueError, LookupError: as `inclusion` says.
        """
        if not 0 <= first <= self.size:
            raise ValueError(f"a tree of {self.size} leaves does not begin with one of {first}")
        return [self.over(*part) for part in beside_tree(first, self.size)]

    def over(self, begin: int, end: int) -> bytes:
        """Root over leaves [begin, end), a range that the tree falls into."""
        roots = [self.perfect(level, index) for level, index in perfect(begin, end)]
        if not roots:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(roots))

    def perfect(self, level: int, index: int) -> bytes:
        """Root of the perfect subtree over leaves [index << level, (index + 1) << level)."""
        kept, above = divmod(level, TILE_LEVELS)
        first = index << above
        found = self.tile(kept, first // WIDTH)
        start = first % WIDTH
        part = found[start : start + (1 << above)]
        if len(part) < 1 << above:
            missing = ((first + len(part)) << (kept * TILE_LEVELS)) + 1
            raise LookupError(f"the hash of entry {missing} is missing, and no proof without it")
        return root_of(part)

    def tile(self, level: int, index: int) -> Sequence[bytes]:
        """A tile, read once."""
        if (level, index) not in self.fetched:
            self.fetched[level, index] = self.tiles(level, index)
        return self.fetched[level, index]


def beside_leaf(index: int, size: int) -> list[Range]:
    """The ranges whose roots lead from a leaf to the root."""
    parts, begin, end = list[Range](), 0, size
    while end - begin > 1:
        middle = begin + half(end - begin)
        if index < middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((begin, middle))
            begin = middle
    return parts[::-1]


def beside_tree(first: int, size: int) -> list[Range]:
    """The ranges whose roots make the root over the first leaves, and the root over all."""
    if first in {0, size}:
        return []
    parts, begin, end = list[Range](), 0, size
    while first != end:
        middle = begin + half(end - begin)
        if first <= middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((begin, middle))
            begin = middle
    known = begin == 0  # then it is the first tree itself, whose root the verifier has
    return parts[::-1] if known else [(begin, end), *parts[::-1]]


def half(size: int) -> int:
    """The largest power of two below a size of at least two."""
    return 1 << ((size - 1).bit_length() - 1)


def perfect(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Level and index of the perfect subtrees that a range falls into, largest first."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        yield level, begin >> level
        begin += 1 << level


def tiles_of(store: AuditStore) -> Tiles:
    """The tiles of a log, read from its leaves and from the hashes kept beside them."""

    def tile(level: int, index: int) -> Sequence[bytes]:
        start = index * WIDTH
        query = leaves(start) if level == 0 else nodes(level, start)
        with store.reading() as connection:
            found = connection.execute(query).all()
        return [bytes.fromhex(row.hash) for n, row in enumerate(found) if row.place == start + n]

    return tile


def leaves(start: int) -> sa.Select[tuple[int, str]]:
    """Leaf hashes of a tile, from that leaf on. A leaf's place is its sequence less one."""
    wanted = ENTRIES.c.sequence.between(start + 1, start + WIDTH)
    place = (ENTRIES.c.sequence - 1).label("place")
    return sa.select(place, ENTRIES.c.hash).where(wanted).order_by(ENTRIES.c.sequence)


def nodes(level: int, start: int) -> sa.Select[tuple[int, str]]:
    """Hashes of a tile above the leaves, from that one on."""
    wanted = NODES.c.index.between(start, start + WIDTH - 1)
    query = sa.select(NODES.c.index.label("place"), NODES.c.hash)
    return query.where(NODES.c.level == level * TILE_LEVELS, wanted).order_by(NODES.c.index)
