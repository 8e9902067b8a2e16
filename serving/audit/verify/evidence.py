"""Everything that a verdict is decided on, as it was read; nothing of it is judged yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from serving.audit.checkpoint import Checkpoint
from serving.audit.note import Note
from serving.audit.verify.diagnosis import Suspects
from serving.audit.verify.fault import ClockStep, Finding
from serving.audit.verify.folding import Folded
from serving.audit.verify.ranges import Ranges
from serving.audit.verify.span import WrongPayload
from serving.audit.verify.witness import Opened

Nodes = Mapping[tuple[Any, Any], Any]


@dataclass(frozen=True)
class Head:
    """The row of `head` as it is; whatever a database may hold."""

    origin: Any
    size: Any
    hash: Any
    frontier: Any
    checkpoint_size: Any = 0
    checkpoint_at: Any = ""


@dataclass(frozen=True)
class OnRecord:
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
class Erasure:
    """An entry that says what was erased. ranges: None where it cannot be read any more."""

    sequence: int
    ranges: Ranges | None


@dataclass(frozen=True)
class Payloads:
    """What is wrong with payloads. missing: entries without; strays: under no entry's number."""

    missing: Ranges = ()
    wrong: Sequence[WrongPayload] = ()
    strays: Sequence[tuple[Any, str]] = ()


@dataclass(frozen=True)
class Place:
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

    head: Head | None
    last: int
    now: Folded
    opened: Opened
    nodes: Nodes = field(default_factory=dict)
    since: int = 0
    last_hash: str = ""
    suspects: Suspects | None = None
    mended: Folded | None = None
    payloads: Payloads = field(default_factory=Payloads)
    commitments: Mapping[int, str] = field(default_factory=dict)
    erasures: Sequence[Erasure] = ()
    place: Place | None = None
    lost: int | None = None
    checkpoints: Sequence[OnRecord] = ()
    entries: int = 0
    findings: Sequence[Finding] = ()
    steps_back: int = 0
    clock_steps: Sequence[ClockStep] = ()
