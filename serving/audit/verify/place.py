"""What the second place holds, against the log: its notes, its leaves, its tiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from serving.audit.checkpoint import Checkpoint
from serving.audit.merkle import TILE_LEVELS, root_of
from serving.audit.second_place import SecondPlace
from serving.audit.tiles import hashes_of, tile_name, widths
from serving.audit.tree import WIDTH
from serving.audit.verify.evidence import OnRecord, Place
from serving.audit.verify.fault import Where
from serving.audit.verify.folding import BYTES, Folded, Leaves
from serving.audit.verify.witness import Opened, Witness


def place_witnesses(place: SecondPlace | None) -> Iterator[Witness]:
    """Every note of the second place.

    Raises:
        SecondPlaceError: it cannot be read.
    """
    if place is None:
        return
    for size, note in place.checkpoints():
        name = f"the checkpoint of size {size} in the second place"
        yield Witness(note, Where.SECOND_PLACE, name, None, size)
    latest = place.latest()
    if latest is not None:
        yield Witness(latest, Where.SECOND_PLACE, "the latest checkpoint in the second place")


def lost_notes(written: Iterable[OnRecord], kept: Iterable[Witness]) -> int | None:
    """The first entry whose checkpoint, by its own word written there, is not there."""
    there = {one.size for one in kept}
    sizes = [(one.sequence, one.size) for one in written]
    return next((number for number, size in sizes if size is not None and size not in there), None)


def place_of(
    place: SecondPlace | None,
    opened: Opened,
    leaves: Leaves,
    tree: Folded,
    truth: Mapping[int, str],
) -> Place | None:
    """Hold the hashes in the second place against the log's leaves, with `truth` set right.

    Raises:
        SecondPlaceError: it cannot be read.
    """
    signed = [s.checkpoint for s in opened.signed if s.witness.where is Where.SECOND_PLACE]
    largest = max(signed, key=lambda checkpoint: checkpoint.size, default=None)
    if place is None or largest is None:
        return None
    size = largest.size
    differs, damaged = None, None
    for index, tile in _tiles(place, size, leaves.since):
        begin = index * WIDTH
        if len(tile) != min(WIDTH, size - begin) * BYTES:
            damaged = damaged or (tile_name(0, index), begin + 1)
        elif differs is None:
            differs = _differs(tile, begin, leaves, truth)
    if damaged is None and differs is None and size <= leaves.last and not leaves.since:
        damaged = _above(place, largest, tree)
    fits = tree.roots.get(size) == largest.root
    if damaged is None and (differs is not None or size > leaves.last):
        fits = _root(place, size) == largest.root
    name, under = damaged or ("", None)
    return Place(size, differs, fits, name, under)


def known(place: SecondPlace, size: int, numbers: Iterable[int]) -> dict[int, str]:
    """Leaves that the second place holds of those entries, hexadecimal, by number."""
    found, tiles = dict[int, str](), dict[int, bytes]()
    for number in numbers:
        index, at = divmod(number - 1, WIDTH)
        if not 1 <= number <= size:
            continue
        if index not in tiles:
            tiles[index] = _tile(place, 0, index, min(WIDTH, size - index * WIDTH))
        leaf = tiles[index][at * BYTES : (at + 1) * BYTES]
        if len(leaf) == BYTES:
            found[number] = leaf.hex()
    return found


def _tiles(place: SecondPlace, size: int, since: int = 0) -> Iterator[tuple[int, bytes]]:
    for index in range(since // WIDTH, -(-size // WIDTH)):
        yield index, _tile(place, 0, index, min(WIDTH, size - index * WIDTH))


def _tile(place: SecondPlace, level: int, index: int, width: int) -> bytes:
    """A tile as it is; the full one serves where the partial one is gone. Empty if none is."""
    found = place.storage.read(tile_name(level, index, width))
    if found is None and width < WIDTH:
        found = (place.storage.read(tile_name(level, index)) or b"")[: width * BYTES]
    return found or b""


def _differs(tile: bytes, begin: int, leaves: Leaves, truth: Mapping[int, str]) -> int | None:
    """The first entry, of those that were read, whose leaf is another than in the tile."""
    first = max(begin, leaves.since) + 1
    ours = leaves.between(first, begin + WIDTH)
    theirs = tile[(first - 1 - begin) * BYTES :]
    if not truth and ours.startswith(theirs):
        return None
    for at in range(0, min(len(ours), len(theirs)), BYTES):
        number = first + at // BYTES
        own = truth.get(number) or ours[at : at + BYTES].hex()
        if own != theirs[at : at + BYTES].hex():
            return number
    return None


def _above(place: SecondPlace, signed: Checkpoint, tree: Folded) -> tuple[str, int] | None:
    """The first tile above the leaves that is not made of those below it."""
    for level in range(1, len(widths(signed.size))):
        height = level * TILE_LEVELS
        count = signed.size >> height
        for index in range(-(-count // WIDTH)):
            width = min(WIDTH, count - index * WIDTH)
            places = range(index * WIDTH, index * WIDTH + width)
            wanted = "".join(tree.nodes.get((height, at), "") for at in places)
            if _tile(place, level, index, width).hex() != wanted:
                return tile_name(level, index, width), (index * WIDTH << height) + 1
    return None


def _root(place: SecondPlace, size: int) -> bytes:
    """Root over the leaves in the second place."""
    return root_of(leaf for _, tile in _tiles(place, size) for leaf in hashes_of(tile))
