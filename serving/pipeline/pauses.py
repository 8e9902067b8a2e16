"""Pauses: stop models from advising on a task, everywhere or at one site.

A pause is an entry of the audit log; those in force are projected from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from models.catalogue import TASKS
from models.task import TaskName
from serving.audit.log.entry import Entry, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.pseudonym import Pseudonyms
from serving.runtime.context import command_context

PAUSE_ENTRY_KINDS = (EntryKind.ADVICE_PAUSED, EntryKind.ADVICE_RESUMED)


@dataclass(frozen=True)
class Pause:
    """A pause in force.

    site: "" for every site. by: pseudonym of the person who paused. sequence: of the audit entry.
    """

    task: TaskName
    site: str
    by: str
    role: str
    reason: str
    since: str
    sequence: int

    @property
    def where(self) -> str:
        """The site as a phrase."""
        return f"at {self.site}" if self.site else "at every site"

    @property
    def sentence(self) -> str:
        """The pause for readers of an answer, who learn the role and nothing else of the person."""
        return f"Advice on {self.task} is paused {self.where} by {self.role}: {self.reason}"


@dataclass(frozen=True)
class ActivePauses:
    """The pauses in force, by task and site."""

    held: Mapping[tuple[TaskName, str], Pause]

    @classmethod
    def from_entries(cls, entries: Iterable[Entry]) -> ActivePauses:
        """Project entries of `PAUSE_ENTRY_KINDS`: the last of a task and site counts."""
        held: dict[tuple[TaskName, str], Pause] = {}
        for entry in entries:
            where = TaskName(entry.envelope.task), entry.envelope.site
            if entry.kind is EntryKind.ADVICE_PAUSED:
                held[where] = _pause_from_entry(entry)
            else:
                held.pop(where, None)
        return cls(held)

    def find(self, task: TaskName, site: str) -> Pause | None:
        """Find the pause of a task at a site; one of every site comes first."""
        return self.held.get((task, "")) or self.held.get((task, site))

    def all(self) -> list[Pause]:
        """Return every pause, the oldest first."""
        return sorted(self.held.values(), key=lambda pause: pause.sequence)


def _pause_from_entry(entry: Entry) -> Pause:
    content, envelope = entry.payload, entry.envelope
    return Pause(
        TaskName(envelope.task),
        envelope.site,
        content["by"],
        content["role"],
        content["reason"],
        entry.recorded_at,
        entry.sequence,
    )


MAX_TEXT_LENGTH = 500


@dataclass(frozen=True)
class PauseRecorder:
    """Records pauses and their ends. people: makes the pseudonym of the person."""

    audit: AuditStore
    people: Pseudonyms
    now: datetime

    def record(
        self, kind: EntryKind, task: str, site: str, said: Mapping[str, str], by: str
    ) -> Entry:
        """Record a pause or its end.

        Args:
            kind: one of `PAUSE_ENTRY_KINDS`.
            task: the task's name.
            site: the site; "" for every site.
            said: role and reason.
            by: the person, recorded as a pseudonym.

        Raises:
            ValueError: an unknown task, an empty or unprintable text, or nothing to resume there.
            AuditUnavailableError: nothing was recorded, so nothing changes.
        """
        name = _parse_task(task)
        texts = {part: _check_text(part, text) for part, text in said.items()}
        person = self.people.of(_check_text("by", by))
        if kind is EntryKind.ADVICE_RESUMED:
            self._require_paused(name, site)
        context = command_context(
            f"triage {'pause' if kind is PAUSE_ENTRY_KINDS[0] else 'resume'}"
        ).recorded()
        at = self.now.isoformat()
        draft = new_draft(kind, {"by": person, **texts}, context, at, task=name, site=site)
        return self.audit.append([draft])[0]

    def _require_paused(self, task: TaskName, site: str) -> None:
        pauses = ActivePauses.from_entries(self.audit.of_kind(*PAUSE_ENTRY_KINDS))
        if (task, site) in pauses.held:
            return
        elsewhere = [one.where for one in pauses.all() if one.task == task]
        paused = f"it is paused {' and '.join(elsewhere)}" if elsewhere else "it is not paused"
        where = f"at {site}" if site else "at every site"
        raise ValueError(f"{task} was not paused {where}: {paused}")


def _parse_task(text: str) -> TaskName:
    if (name := TaskName(text)) in TASKS:
        return name
    raise ValueError(f"task {text!r} is not one of {', '.join(TASKS)}")


def _check_text(part: str, text: str) -> str:
    found = text.strip()
    if not 0 < len(found) <= MAX_TEXT_LENGTH or not found.isprintable():
        raise ValueError(
            f"{part} takes 1 to {MAX_TEXT_LENGTH} printable characters, got {len(found)}"
        )
    return found
