"""C2SP tlog-tiles: a log's hashes as files of at most 256, which never change once written.

https://c2sp.org/tlog-tiles
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce

from serving.audit.merkle import EMPTY_ROOT, node_hash, root_of
from serving.audit.proof import HASH_BYTES
from serving.audit.tree import WIDTH, perfect


@dataclass(frozen=True)
class Tile:
    """Neighbouring hashes of a level, 1 to 256. index: of the tile within its level."""

    level: int
    index: int
    hashes: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """Where it is kept."""
        return tile_name(self.level, self.index, len(self.hashes))

    def content(self) -> bytes:
        """What is kept."""
        return b"".join(self.hashes)


def tile_name(level: int, index: int, width: int = WIDTH) -> str:
    """Where a tile of that many hashes is kept: `tile/0/x001/x234/067`, partial `.../067.p/5`."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[n : n + 3] for n in range(0, len(digits), 3)]
    path = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{path}" + ("" if width == WIDTH else f".p/{width}")


def hashes_of(content: bytes) -> tuple[bytes, ...]:
    """The hashes of a tile."""
    starts = range(0, len(content), HASH_BYTES)
    return tuple(content[start : start + HASH_BYTES] for start in starts)


def widths(size: int) -> list[int]:
    """How many hashes the last tile of each level holds in a tree of that size; 0 where full."""
    found = []
    while size:
        found.append(size % WIDTH)
        size //= WIDTH
    return found


@dataclass
class RightEdge:
    """The tiles of each level that are not full yet, lowest level first: all a log grows from."""

    size: int = 0
    rows: list[list[bytes]] = field(default_factory=list)

    def copy(self) -> RightEdge:
        """One that grows by itself."""
        return RightEdge(self.size, [list(row) for row in self.rows])

    def grow(self, leaves: Iterable[bytes]) -> Iterator[Tile]:
        """Take in leaf hashes; gives every tile as it becomes full."""
        for leaf in leaves:
            self.size += 1
            yield from self._push(0, leaf)

    def partial(self) -> Iterator[Tile]:
        """The tiles that are not full."""
        for level, row in enumerate(self.rows):
            if row:
                yield Tile(level, self.size // WIDTH ** (level + 1), tuple(row))

    def root(self) -> bytes:
        """Root of the tree."""
        peaks = [peak for row in reversed(self.rows) for peak in _peaks(row)]
        if not peaks:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(peaks))

    def _push(self, level: int, node: bytes) -> Iterator[Tile]:
        if level == len(self.rows):
            self.rows.append([])
        row = self.rows[level]
        row.append(node)
        if len(row) == WIDTH:
            yield Tile(level, self.size // WIDTH ** (level + 1) - 1, tuple(row))
            self.rows[level] = []
            yield from self._push(level + 1, root_of(row))


def _peaks(row: Sequence[bytes]) -> Iterator[bytes]:
    for level, index in perfect(0, len(row)):
        yield root_of(row[index << level : (index + 1) << level])
