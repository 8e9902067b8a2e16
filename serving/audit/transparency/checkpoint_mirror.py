"""Append-only mirror of signed checkpoints and tree hashes, kept apart from the database.

Laid out as C2SP tlog-tiles, with all hashes and no content, so that a rewritten log can be told
to the very entry:

    checkpoint                 the latest signed checkpoint
    checkpoints/<20 digits>    every one, by size
    key                        the verifier keys that sign them, one a line
    tile/<L>/<N>[.p/<W>]       hashes
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from serving.audit.transparency.checkpoint import (
    Checkpoint,
    open_checkpoint,
    parse_unverified_checkpoint,
)
from serving.audit.transparency.merkle import HASH_BYTES
from serving.audit.transparency.mirror_storage import (
    CheckpointMirrorError,
    MirrorStorage,
    open_storage,
)
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.tiled_tree import (
    TILE_WIDTH,
    RightEdge,
    Tile,
    partial_tile_widths,
    split_hashes,
    tile_name,
)

LATEST_FILE, KEYS_FILE, CHECKPOINTS_FOLDER = "checkpoint", "key", "checkpoints"
LeafReader = Callable[[int, int], Iterable[bytes]]
"""First and last sequence, both included -> the leaf hashes of those entries, in order."""


class DivergentHistoryError(RuntimeError):
    """The mirror holds no prefix of the log to be written; it was left as it is."""


@dataclass(frozen=True)
class CheckpointMirror:
    """Checkpoints and hashes of one log, only ever added to. told: its name in messages.

    Every method raises CheckpointMirrorError where the place cannot be read or written.
    """

    storage: MirrorStorage

    @classmethod
    def open(cls, where: Path | str) -> Self:
        """The second place in that folder or at that URL (s3://, gs://, abfs://).

        Nothing is read or made yet.

        Raises:
            ValueError: a URL of another kind.
        """
        return cls(open_storage(where))

    @property
    def told(self) -> str:
        """Name in messages, without passwords and keys."""
        return self.storage.told

    def latest(self) -> str | None:
        """Return the note of the latest checkpoint; the largest one if that file is missing."""
        found = self._text(LATEST_FILE)
        if found is None and (sizes := self.sizes()):
            return self.note(sizes[-1])
        return found

    def sizes(self) -> list[int]:
        """Return the sizes of the log at which there is a checkpoint, smallest first."""
        return sorted(
            int(name) for name in self.storage.names(CHECKPOINTS_FOLDER) if name.isdigit()
        )

    def note(self, size: int) -> str | None:
        """Return the note of the checkpoint at a size; None if there is none."""
        return self._text(f"{CHECKPOINTS_FOLDER}/{size:020d}")

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Yield size and note of every checkpoint, unverified, smallest first."""
        for size in self.sizes():
            found = self.note(size)
            if found is not None:
                yield size, found

    def keys(self) -> list[Verifier]:
        """Return the keys that sign this log's checkpoints; empty while nothing was written.

        Raises:
            ValueError: the file holds something else.
        """
        lines = (self._text(KEYS_FILE) or "").split("\n")
        return [Verifier.parse(line) for line in lines if line.strip()]

    def leaves(self, first: int = 1, last: int | None = None) -> Iterator[bytes]:
        """Leaf hashes of the entries from `first` to `last`, to the latest checkpoint by default.

        Raises:
            CheckpointMirrorError: some are not there.
        """
        note = self.latest()
        size = 0 if note is None else parse_unverified_checkpoint(note).size
        last = size if last is None else last
        if not 1 <= first <= last + 1 or last > size:
            raise CheckpointMirrorError(
                f"{self.told} holds entries 1 to {size}; not {first} to {last}"
            )
        for index in range((first - 1) // TILE_WIDTH, -(-last // TILE_WIDTH)):
            start = index * TILE_WIDTH
            tile = self._tile(0, index, min(TILE_WIDTH, size - start))
            yield from tile[max(0, first - 1 - start) : last - start]

    def write(self, note: str, key: Verifier, leaves: LeafReader) -> None:
        """Add a checkpoint and the hashes it needs, those first; nothing to do if it is there.

        note: signed by `key`. leaves: gives the leaf hashes of those entries that are not here
            yet; it is asked twice.

        Raises:
            DivergentHistoryError: what is here is of another log, longer, or not the beginning of
                what is to be written, or is signed by keys that do not include this one.
                Nothing was written.
            ValueError: the note is not one that `key` signed.
        """
        new = open_checkpoint(note, [key])
        old = self._held(new.origin)
        self._agrees(old, new)
        if not self._trusts(key):
            self.storage.write(KEYS_FILE, f"{key}\n".encode())
        edge = self._edge(old)
        if new.size > edge.size:
            for _ in self._grown(edge.copy(), new, leaves):
                pass  # nothing is written before all of it was held against the signed root
            for tile in self._grown(edge, new, leaves):
                self._add(tile)
        self._keep(f"{CHECKPOINTS_FOLDER}/{new.size:020d}", note, new)
        if old is None or new.size > old.size:
            self.storage.write(LATEST_FILE, note.encode())

    def _held(self, origin: str) -> Checkpoint | None:
        """Return the latest checkpoint of the mirror, signed by a key that the mirror trusts."""
        note = self.latest()
        if note is None:
            return None
        try:
            return open_checkpoint(note, self.keys())
        except ValueError as error:
            raise DivergentHistoryError(
                f"the checkpoint in {self.told} does not verify ({error}); "
                f"nothing of {origin} was written there"
            ) from error

    def _agrees(self, old: Checkpoint | None, new: Checkpoint) -> None:
        if old is None:
            return
        other_root = new.size == old.size and new.root != old.root
        if new.origin != old.origin or new.size < old.size or other_root:
            raise self._other(old, new)

    def _grown(self, edge: RightEdge, new: Checkpoint, leaves: LeafReader) -> Iterator[Tile]:
        """Every tile that the log has at the checkpoint and the edge had not."""
        old = Checkpoint(new.origin, edge.size, edge.root())
        yield from edge.grow(islice(leaves(edge.size + 1, new.size), new.size - edge.size))
        yield from edge.partial()
        if (edge.size, edge.root()) != (new.size, new.root):
            raise self._other(old, new)

    def _trusts(self, key: Verifier) -> bool:
        """Return whether a key signs in this mirror; False while none does."""
        known = self.keys()
        if known and key not in known:
            labels = ", ".join(one.label for one in known)
            raise DivergentHistoryError(
                f"{self.told} is signed by {labels}, not by {key.label}; nothing was written. "
                "If the key was changed on purpose, add its line to the file "
                f"`{KEYS_FILE}` there: {key}"
            )
        return bool(known)

    def _edge(self, old: Checkpoint | None) -> RightEdge:
        """Return the right edge of the mirrored tree; it must give the root that was signed."""
        if old is None:
            return RightEdge()
        edge = RightEdge(old.size)
        for level, width in enumerate(partial_tile_widths(old.size)):
            index = old.size // TILE_WIDTH ** (level + 1)
            edge.rows.append(list(self._tile(level, index, width)) if width else [])
        if edge.root() != old.root:
            made = Checkpoint(old.origin, old.size, edge.root())
            raise DivergentHistoryError(
                f"the hashes in {self.told} make {_describe_checkpoint(made)}, but "
                f"signed is {_describe_checkpoint(old)}; "
                "nothing was written"
            )
        return edge

    def _tile(self, level: int, index: int, width: int) -> tuple[bytes, ...]:
        """The first hashes of a tile; the full one serves where the partial one is gone."""
        for name in (tile_name(level, index, width), tile_name(level, index)):
            content = self.storage.read(name)
            if content is not None and len(content) >= width * HASH_BYTES:
                return split_hashes(content)[:width]
        raise CheckpointMirrorError(
            f"{self.told} lacks {tile_name(level, index, width)}, or part of it"
        )

    def _add(self, tile: Tile) -> None:
        """Write a tile, never in place of another."""
        there = self.storage.read(tile.name)
        if there is None:
            self.storage.write(tile.name, tile.content())
        elif there != tile.content():
            raise DivergentHistoryError(f"{self.told} holds another {tile.name}; it was left")

    def _keep(self, name: str, note: str, new: Checkpoint) -> None:
        there = self._text(name)
        if there is None:
            self.storage.write(name, note.encode())
        elif (old := parse_unverified_checkpoint(there)) != new:
            raise self._other(old, new)

    def _text(self, name: str) -> str | None:
        content = self.storage.read(name)
        return None if content is None else content.decode(errors="replace")

    def _other(self, old: Checkpoint, new: Checkpoint) -> DivergentHistoryError:
        return DivergentHistoryError(
            f"{self.told} holds {_describe_checkpoint(old)}, which is not the beginning "
            f"of {_describe_checkpoint(new)}; "
            "one of the two was changed, or this is the second place of another log; "
            "nothing was written"
        )


def _describe_checkpoint(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.origin} with {checkpoint.size} entries, root {checkpoint.root.hex()}"
