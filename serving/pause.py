"""Pauses: a task that no model may advise on, everywhere or at one site, until it is resumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from models.task import TaskName
from serving.audit.entry import Entry, EntryKind

KINDS = (EntryKind.ADVICE_PAUSED, EntryKind.ADVICE_RESUMED)


@dataclass(frozen=True)
class Pause:
    """site: "" for every site. by: pseudonym of who paused. sequence: of the entry that says it."""

    task: TaskName
    site: str
    by: str
    role: str
    reason: str
    since: str
    sequence: int

    @property
    def where(self) -> str:
        """The site in words."""
        return f"at {self.site}" if self.site else "at every site"

    @property
    def sentence(self) -> str:
        """For whoever reads an answer: nothing of who paused but the role."""
        return f"Advice on {self.task} is paused {self.where} by {self.role}: {self.reason}"


@dataclass(frozen=True)
class Pauses:
    """Those in force."""

    held: Mapping[tuple[TaskName, str], Pause]

    @classmethod
    def told_by(cls, entries: Iterable[Entry]) -> Pauses:
        """What entries of `KINDS`, in order, come to: the latest of each task and site."""
        held: dict[tuple[TaskName, str], Pause] = {}
        for entry in entries:
            where = TaskName(entry.envelope.task), entry.envelope.site
            if entry.kind is EntryKind.ADVICE_PAUSED:
                held[where] = _pause(entry)
            else:
                held.pop(where, None)
        return cls(held)

    def of(self, task: TaskName, site: str) -> Pause | None:
        """The pause that holds for cases of the task at that site; that of every site first."""
        return self.held.get((task, "")) or self.held.get((task, site))

    def all(self) -> list[Pause]:
        """Every pause, the oldest first."""
        return sorted(self.held.values(), key=lambda pause: pause.sequence)


def _pause(entry: Entry) -> Pause:
    said, envelope = entry.payload, entry.envelope
    return Pause(
        TaskName(envelope.task),
        envelope.site,
        said["by"],
        said["role"],
        said["reason"],
        entry.recorded_at,
        entry.sequence,
    )
