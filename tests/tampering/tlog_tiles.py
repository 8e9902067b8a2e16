"""Slow, plain reference of the C2SP tlog-tiles layout.

The tests compare the service's mirror with it, and attackers write their tiles with it.

https://c2sp.org/tlog-tiles
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from serving.audit.transparency.merkle import node_hash
from tests.tampering.rows import Row

WIDTH = 256
HASH_BYTES = 32


def mirror_files(entries: Sequence[Row], note: str) -> dict[str, bytes]:
    """Return the files that belong to a note, by path: the note and the tiles of its tree."""
    size = int(note.split("\n")[1])
    leaves = [bytes.fromhex(str(row["hash"])) for row in entries[:size]]
    notes = {"checkpoint": note.encode(), f"checkpoints/{size:020}": note.encode()}
    return dict(tiles(leaves)) | notes


def tiles(leaves: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the path and content of every tile over the leaf hashes."""
    level, hashes = 0, list(leaves)
    while hashes:
        for start in range(0, len(hashes), WIDTH):
            part = hashes[start : start + WIDTH]
            yield tile_path(level, start // WIDTH, len(part)), b"".join(part)
        full = len(hashes) // WIDTH
        hashes = [perfect_tree_root(hashes[i * WIDTH : (i + 1) * WIDTH]) for i in range(full)]
        level += 1


def tile_path(level: int, index: int, width: int) -> str:
    """Return a tile's path: the index in groups of three digits, all but the last prefixed by x."""
    groups = []
    rest = index
    while not groups or rest:
        rest, digits = divmod(rest, 1000)
        groups.append(f"{digits:03}")
    path = "/".join([f"x{group}" for group in groups[:0:-1]] + groups[:1])
    return f"tile/{level}/{path}" + (f".p/{width}" if width < WIDTH else "")


def perfect_tree_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a perfect tree over 2**n hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(*hashes[i : i + 2]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def as_text(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the files as text: each tile has one hexadecimal hash a line and the suffix `.hex`."""
    return dict(_as_text(name, content) for name, content in files.items())


def _as_text(name: str, content: bytes) -> tuple[str, str]:
    if not name.startswith("tile/"):
        return name, content.decode()
    parts = [content[i : i + HASH_BYTES] for i in range(0, len(content), HASH_BYTES)]
    return f"{name}.hex", "".join(f"{part.hex()}\n" for part in parts)


def from_text(texts: Mapping[str, str]) -> dict[str, bytes]:
    """Return the binary files that `as_text` wrote as text."""
    return {
        name.removesuffix(".hex"): bytes.fromhex(text) if name.endswith(".hex") else text.encode()
        for name, text in texts.items()
    }
