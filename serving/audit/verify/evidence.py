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
    """What the second place holds beside notes. size: of its largest signed checkpoint.

    differs: first entry whose leaf is another than the log's now; None: none.
    fits: whether its leaves make the root that it has signed. damaged: name of the first tile that
    is missing, of a wrong length, or not made of those below it. under: the first entry under it.
    """

    size: int = 0
    differs: int | None = None
    fits: bool = False
    damaged: str = ""
    under: int | None = None


@dataclass(frozen=True)
class Evidence:
    """What was read.

    head: None where there is not exactly one. last: number of the last entry, since: of the one
    after which reading began. now: the tree over the entries as they are; mended: over what
    they were, as the suspects tell it. commitments: that entries name, by number, of some.
    lost: the first entry that names a checkpoint in the second place that is not there.
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
