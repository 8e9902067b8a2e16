"""Everything a verdict is decided on, as read and before any judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from serving.audit.log.sequence_ranges import Ranges
from serving.audit.transparency.checkpoint import Checkpoint
from serving.audit.transparency.note import Note
from serving.audit.verify.checkpoint_sources import OpenedCheckpoints
from serving.audit.verify.diagnosis import Suspects
from serving.audit.verify.segment import WrongPayload
from serving.audit.verify.tree_rebuild import RebuiltTree
from serving.audit.verify.verdict import ClockStep, Finding

StoredNodes = Mapping[tuple[Any, Any], Any]


@dataclass(frozen=True)
class StoredHead:
    """The row of `head` as it is; whatever a database may hold."""

    origin: Any
    size: Any
    hash: Any
    frontier: Any
    checkpoint_size: Any = 0
    checkpoint_at: Any = ""


@dataclass(frozen=True)
class CheckpointEntry:
    """A checkpoint that is on record as written. note: None where its payload is gone."""

    sequence: int
    at: Any
    note: str | None

    @property
    def size(self) -> int | None:
        """The size it is of; None where that cannot be read."""
        try:
            return Checkpoint.parse(Note.parse(self.note or "").text).size
        except ValueError:
            return None


@dataclass(frozen=True)
class ErasureEntry:
    """An entry that says what was erased. ranges: None where it cannot be read any more."""

    sequence: int
    ranges: Ranges | None


@dataclass(frozen=True)
class PayloadEvidence:
    """Faults of payloads. missing: entries without one; strays: payloads without an entry."""

    missing: Ranges = ()
    wrong: Sequence[WrongPayload] = ()
    strays: Sequence[tuple[Any, str]] = ()


@dataclass(frozen=True)
class MirrorEvidence:
    """State of the hashes in the checkpoint mirror.

    Attributes:
        size: of its largest signed checkpoint.
        differs: first entry whose leaf differs from the log's; None if no leaf does.
        fits: whether its leaves make the root that was signed.
        damaged: name of the first tile that is missing, of a wrong length, or not made of those
            below it; "" if there is none.
        under: the first entry under that tile.
    """

    size: int = 0
    differs: int | None = None
    fits: bool = False
    damaged: str = ""
    under: int | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything that was read for a verdict.

    Attributes:
        head: row of `head`; None if there is not exactly one.
        last: number of the last entry.
        now: tree over the entries as they are.
        since: number of the entry after which reading began.
        mended: tree over the entries as they were recorded, as far as the suspects show it.
        commitments: that some entries name, by number.
        lost: first entry that names a checkpoint which the mirror lacks; None if there is none.
    """

    head: StoredHead | None
    last: int
    now: RebuiltTree
    opened: OpenedCheckpoints
    nodes: StoredNodes = field(default_factory=dict)
    since: int = 0
    last_hash: str = ""
    suspects: Suspects | None = None
    mended: RebuiltTree | None = None
    payloads: PayloadEvidence = field(default_factory=PayloadEvidence)
    commitments: Mapping[int, str] = field(default_factory=dict)
    erasures: Sequence[ErasureEntry] = ()
    place: MirrorEvidence | None = None
    lost: int | None = None
    checkpoints: Sequence[CheckpointEntry] = ()
    entries: int = 0
    findings: Sequence[Finding] = ()
    steps_back: int = 0
    clock_steps: Sequence[ClockStep] = ()
