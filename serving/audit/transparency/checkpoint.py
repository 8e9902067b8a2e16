"""C2SP tlog-checkpoint: the state of a log at a size, as the text of a signed note.

https://c2sp.org/tlog-checkpoint
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from serving.audit.transparency.note import Note, Verifier, decode_strict_base64, wrong_key_error

ROOT_BYTES = 32
MAX_TREE_SIZE = 2**63 - 1


@dataclass(frozen=True)
class Checkpoint:
    """State of a log.

    Attributes:
        origin: name of the log.
        size: number of leaves.
        root: of the tree over the leaves, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Parse the text of a checkpoint; extension lines are allowed and ignored.

        Raises:
            ValueError: the text is not a checkpoint.
        """
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines) or not text.endswith("\n"):
            raise ValueError(f"a checkpoint has lines of origin, size and root; got {text[:200]!r}")
        origin, size, encoded = lines[:3]
        root = decode_strict_base64(encoded)
        if root is None or len(root) != ROOT_BYTES:
            raise ValueError(f"a root is the base64 of {ROOT_BYTES} bytes; got {encoded[:200]!r}")
        return cls(origin, parse_size(size), root)


def parse_size(text: str) -> int:
    """Parse the size in a checkpoint: decimal digits without a leading zero.

    Raises:
        ValueError: for anything else.
    """
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_TREE_SIZE))
    if not digits or str(int(text)) != text or int(text) > MAX_TREE_SIZE:
        raise ValueError(f"a size is a number without leading zeros; got {text[:200]!r}")
    return int(text)


def parse_unverified_checkpoint(note: str | bytes) -> Checkpoint:
    """Parse the checkpoint in a note without verifying it: for display, never to be trusted.

    Raises:
        ValueError: the text is not a note, or its note is not a checkpoint.
    """
    return Checkpoint.parse(Note.parse(note).text)


def open_checkpoint(note: str | bytes, keys: Iterable[Verifier]) -> Checkpoint:
    """Return the checkpoint in a note that a trusted key of its own log has signed.

    A log's key has the log's name, so that the key of one log says nothing about another.

    Raises:
        MalformedNoteError, ForgedNoteError, WrongKeyError: as `Note.parse` and `signers` say.
        ValueError: the note is no checkpoint.
    """
    signed, trusted = Note.parse(note), list(keys)
    signers = signed.signers(trusted)
    checkpoint = Checkpoint.parse(signed.text)
    if all(key.name != checkpoint.origin for key in signers):
        raise wrong_key_error(
            signed.signatures, [k for k in trusted if k.name == checkpoint.origin]
        )
    return checkpoint
