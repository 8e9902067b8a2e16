"""A Merkle tree kept as C2SP tlog-tiles: roots, proof paths, tile names.

A tile is 256 neighbouring hashes of one tile level (C2SP tlog-tiles): leaves at level 0, roots
of perfect subtrees of 256 leaves at level 1, and so on. Whatever the size of the log, a path
reads two tiles a level at most.

https://c2sp.org/tlog-tiles
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce

from serving.audit.transparency.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    TILE_LEVELS,
    node_hash,
    root_of,
)

TILE_WIDTH = 2**TILE_LEVELS
TileReader = Callable[[int, int], Sequence[bytes]]
"""Level and index of a tile -> its hashes, as many as there are."""
LeafRange = tuple[int, int]


@dataclass(frozen=True)
class TiledTree:
    """Tree over the first `size` leaves."""

    size: int
    tiles: TileReader
    fetched: dict[tuple[int, int], Sequence[bytes]] = field(default_factory=dict, repr=False)

    def root(self) -> bytes:
        """Root of the tree."""
        return self.over(0, self.size)

    def inclusion(self, index: int) -> list[bytes]:
        """Return the path from a leaf to the root, lowest first (2.1.3.1).

        Raises:
            ValueError: no such leaf.
            LookupError: a hash is missing.
        """
        if not 0 <= index < self.size:
            raise ValueError(f"the tree has leaves 0 to {self.size - 1}; got {index}")
        return [self.over(*part) for part in inclusion_ranges(index, self.size)]

    def consistency(self, first: int) -> list[bytes]:
        """Return the proof that the tree of the first leaves is a prefix of this one (2.1.4.1).

        Raises:
            ValueError, LookupError: as `inclusion` says.
        """
        if not 0 <= first <= self.size:
            raise ValueError(f"a tree of {self.size} leaves does not begin with one of {first}")
        return [self.over(*part) for part in consistency_ranges(first, self.size)]

    def over(self, begin: int, end: int) -> bytes:
        """Return the root over leaves [begin, end), a range that the tree falls into."""
        roots = [self.perfect(level, index) for level, index in perfect_subtrees(begin, end)]
        if not roots:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(roots))

    def perfect(self, level: int, index: int) -> bytes:
        """Return the root over leaves [index << level, (index + 1) << level), a perfect subtree."""
        kept, above = divmod(level, TILE_LEVELS)
        first = index << above
        found = self.tile(kept, first // TILE_WIDTH)
        start = first % TILE_WIDTH
        part = found[start : start + (1 << above)]
        if len(part) < 1 << above:
            missing = ((first + len(part)) << (kept * TILE_LEVELS)) + 1
            raise LookupError(f"the hash of entry {missing} is missing, and no proof without it")
        return root_of(part)

    def tile(self, level: int, index: int) -> Sequence[bytes]:
        """Return a tile, which is read once."""
        if (level, index) not in self.fetched:
            self.fetched[level, index] = self.tiles(level, index)
        return self.fetched[level, index]


def inclusion_ranges(index: int, size: int) -> list[LeafRange]:
    """Return the ranges whose roots lead from a leaf to the root."""
    parts, begin, end = list[LeafRange](), 0, size
    while end - begin > 1:
        middle = begin + split_point(end - begin)
        if index < middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((begin, middle))
            begin = middle
    return parts[::-1]


def consistency_ranges(first: int, size: int) -> list[LeafRange]:
    """The ranges whose roots make the root over the first leaves, and the root over all."""
    if first in {0, size}:
        return []
    parts, begin, end = list[LeafRange](), 0, size
    while first != end:
        middle = begin + split_point(end - begin)
        if first <= middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((begin, middle))
            begin = middle
    known = begin == 0  # then it is the first tree itself, whose root the verifier has
    return parts[::-1] if known else [(begin, end), *parts[::-1]]


def split_point(size: int) -> int:
    """Return the largest power of two below a size of at least two."""
    return 1 << ((size - 1).bit_length() - 1)


def perfect_subtrees(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield level and index of the perfect subtrees that a range falls into, largest first."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        yield level, begin >> level
        begin += 1 << level


@dataclass(frozen=True)
class Tile:
    """Neighbouring hashes of a level, 1 to 256. index: of the tile within its level."""

    level: int
    index: int
    hashes: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """Path of the tile."""
        return tile_name(self.level, self.index, len(self.hashes))

    def content(self) -> bytes:
        """Return the content of the tile: its hashes, one after the other."""
        return b"".join(self.hashes)


def tile_name(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile: `tile/0/x001/x234/067`, of a partial one `.../067.p/5`."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[n : n + 3] for n in range(0, len(digits), 3)]
    path = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{path}" + ("" if width == TILE_WIDTH else f".p/{width}")


def split_hashes(content: bytes) -> tuple[bytes, ...]:
    """Return the hashes of a tile."""
    starts = range(0, len(content), HASH_BYTES)
    return tuple(content[start : start + HASH_BYTES] for start in starts)


def partial_tile_widths(size: int) -> list[int]:
    """Return the number of hashes in the last tile of each level of a tree; 0 if it is full."""
    found = []
    while size:
        found.append(size % TILE_WIDTH)
        size //= TILE_WIDTH
    return found


@dataclass
class RightEdge:
    """The tiles of each level that are not full yet, lowest level first: all a log grows from."""

    size: int = 0
    rows: list[list[bytes]] = field(default_factory=list)

    def copy(self) -> RightEdge:
        """Return a copy that grows independently."""
        return RightEdge(self.size, [list(row) for row in self.rows])

    def grow(self, leaves: Iterable[bytes]) -> Iterator[Tile]:
        """Append leaf hashes, and yield every tile as it becomes full."""
        for leaf in leaves:
            self.size += 1
            yield from self._push(0, leaf)

    def partial(self) -> Iterator[Tile]:
        """Yield the tiles that are not full."""
        for level, row in enumerate(self.rows):
            if row:
                yield Tile(level, self.size // TILE_WIDTH ** (level + 1), tuple(row))

    def root(self) -> bytes:
        """Root of the tree."""
        peaks = [peak for row in reversed(self.rows) for peak in _row_peaks(row)]
        if not peaks:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(peaks))

    def _push(self, level: int, node: bytes) -> Iterator[Tile]:
        if level == len(self.rows):
            self.rows.append([])
        row = self.rows[level]
        row.append(node)
        if len(row) == TILE_WIDTH:
            yield Tile(level, self.size // TILE_WIDTH ** (level + 1) - 1, tuple(row))
            self.rows[level] = []
            yield from self._push(level + 1, root_of(row))


def _row_peaks(row: Sequence[bytes]) -> Iterator[bytes]:
    for level, index in perfect_subtrees(0, len(row)):
        yield root_of(row[index << level : (index + 1) << level])
