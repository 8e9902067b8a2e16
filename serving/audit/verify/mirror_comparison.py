"""Compare the checkpoint mirror (notes, leaves, tiles) with the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from serving.audit.transparency.checkpoint import Checkpoint
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror
from serving.audit.transparency.merkle import TILE_LEVELS, root_of
from serving.audit.transparency.tiled_tree import (
    TILE_WIDTH,
    partial_tile_widths,
    split_hashes,
    tile_name,
)
from serving.audit.verify.checkpoint_sources import CheckpointWitness, OpenedCheckpoints
from serving.audit.verify.evidence import CheckpointEntry, MirrorEvidence
from serving.audit.verify.tree_rebuild import HASH_BYTES, LeafSpool, RebuiltTree
from serving.audit.verify.verdict import FaultLocation


def mirror_witnesses(place: CheckpointMirror | None) -> Iterator[CheckpointWitness]:
    """Every note of the second place.

    Raises:
        CheckpointMirrorError: it cannot be read.
    """
    if place is None:
        return
    for size, note in place.checkpoints():
        name = f"the checkpoint of size {size} in the second place"
        yield CheckpointWitness(note, FaultLocation.MIRROR, name, None, size)
    latest = place.latest()
    if latest is not None:
        yield CheckpointWitness(
            latest, FaultLocation.MIRROR, "the latest checkpoint in the second place"
        )


def first_lost_checkpoint(
    written: Iterable[CheckpointEntry], kept: Iterable[CheckpointWitness]
) -> int | None:
    """The first entry whose checkpoint, by its own word written there, is not there."""
    there = {one.size for one in kept}
    sizes = [(one.sequence, one.size) for one in written]
    return next((number for number, size in sizes if size is not None and size not in there), None)


def compare_with_mirror(
    place: CheckpointMirror | None,
    opened: OpenedCheckpoints,
    leaves: LeafSpool,
    tree: RebuiltTree,
    truth: Mapping[int, str],
) -> MirrorEvidence | None:
    """Hold the hashes in the second place against the log's leaves, with `truth` set right.

    Raises:
        CheckpointMirrorError: it cannot be read.
    """
    signed = [s.checkpoint for s in opened.signed if s.witness.where is FaultLocation.MIRROR]
    largest = max(signed, key=lambda checkpoint: checkpoint.size, default=None)
    if place is None or largest is None:
        return None
    size = largest.size
    differs, damaged = None, None
    for index, tile in _leaf_tiles(place, size, leaves.since):
        begin = index * TILE_WIDTH
        if len(tile) != min(TILE_WIDTH, size - begin) * HASH_BYTES:
            damaged = damaged or (tile_name(0, index), begin + 1)
        elif differs is None:
            differs = _first_difference(tile, begin, leaves, truth)
    if damaged is None and differs is None and size <= leaves.last and not leaves.since:
        damaged = _first_damaged_tile(place, largest, tree)
    fits = tree.roots.get(size) == largest.root
    if damaged is None and (differs is not None or size > leaves.last):
        fits = _mirror_root(place, size) == largest.root
    name, under = damaged or ("", None)
    return MirrorEvidence(size, differs, fits, name, under)


def mirror_leaves(place: CheckpointMirror, size: int, numbers: Iterable[int]) -> dict[int, str]:
    """Leaves that the second place holds of those entries, hexadecimal, by number."""
    found, tiles = dict[int, str](), dict[int, bytes]()
    for number in numbers:
        index, at = divmod(number - 1, TILE_WIDTH)
        if not 1 <= number <= size:
            continue
        if index not in tiles:
            tiles[index] = _read_tile(place, 0, index, min(TILE_WIDTH, size - index * TILE_WIDTH))
        leaf = tiles[index][at * HASH_BYTES : (at + 1) * HASH_BYTES]
        if len(leaf) == HASH_BYTES:
            found[number] = leaf.hex()
    return found


def _leaf_tiles(place: CheckpointMirror, size: int, since: int = 0) -> Iterator[tuple[int, bytes]]:
    for index in range(since // TILE_WIDTH, -(-size // TILE_WIDTH)):
        yield index, _read_tile(place, 0, index, min(TILE_WIDTH, size - index * TILE_WIDTH))


def _read_tile(place: CheckpointMirror, level: int, index: int, width: int) -> bytes:
    """A tile as it is; the full one serves where the partial one is gone. Empty if none is."""
    found = place.storage.read(tile_name(level, index, width))
    if found is None and width < TILE_WIDTH:
        found = (place.storage.read(tile_name(level, index)) or b"")[: width * HASH_BYTES]
    return found or b""


def _first_difference(
    tile: bytes, begin: int, leaves: LeafSpool, truth: Mapping[int, str]
) -> int | None:
    """The first entry, of those that were read, whose leaf is another than in the tile."""
    first = max(begin, leaves.since) + 1
    ours = leaves.between(first, begin + TILE_WIDTH)
    theirs = tile[(first - 1 - begin) * HASH_BYTES :]
    if not truth and ours.startswith(theirs):
        return None
    for at in range(0, min(len(ours), len(theirs)), HASH_BYTES):
        number = first + at // HASH_BYTES
        own = truth.get(number) or ours[at : at + HASH_BYTES].hex()
        if own != theirs[at : at + HASH_BYTES].hex():
            return number
    return None


def _first_damaged_tile(
    place: CheckpointMirror, signed: Checkpoint, tree: RebuiltTree
) -> tuple[str, int] | None:
    """The first tile above the leaves that is not made of those below it."""
    for level in range(1, len(partial_tile_widths(signed.size))):
        height = level * TILE_LEVELS
        count = signed.size >> height
        for index in range(-(-count // TILE_WIDTH)):
            width = min(TILE_WIDTH, count - index * TILE_WIDTH)
            places = range(index * TILE_WIDTH, index * TILE_WIDTH + width)
            wanted = "".join(tree.nodes.get((height, at), "") for at in places)
            if _read_tile(place, level, index, width).hex() != wanted:
                return tile_name(level, index, width), (index * TILE_WIDTH << height) + 1
    return None


def _mirror_root(place: CheckpointMirror, size: int) -> bytes:
    """Root over the leaves in the second place."""
    return root_of(leaf for _, tile in _leaf_tiles(place, size) for leaf in split_hashes(tile))
