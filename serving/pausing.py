"""Pausing a task and resuming it: checked against what is in force, then recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from models.task import TaskName
from serving.audit.entry import Entry, EntryKind, drafted
from serving.audit.pseudonym import Pseudonyms
from serving.audit.store import AuditStore
from serving.context import of_command
from serving.pause import KINDS, Pauses

LONGEST = 500


@dataclass(frozen=True)
class Pausing:
    """people: makes the pseudonym of who does it."""

    audit: AuditStore
    people: Pseudonyms
    now: datetime

    def record(
        self, kind: EntryKind, task: str, site: str, said: Mapping[str, str], by: str
    ) -> Entry:
        """Record a pause or its end. said: role and reason. by: who does it.

        Raises:
            ValueError: a task that is none, nothing said, or nothing to resume there.
            AuditUnavailableError: nothing was recorded, so nothing changes.
        """
        name = _task(task)
        told = {part: _said(part, text) for part, text in said.items()}
        who = self.people.of(_said("by", by))
        if kind is EntryKind.ADVICE_RESUMED:
            self._held(name, site)
        context = of_command(f"triage {'pause' if kind is KINDS[0] else 'resume'}").recorded()
        at = self.now.isoformat()
        draft = drafted(kind, {"by": who, **told}, context, at, task=name, site=site)
        return self.audit.append([draft])[0]

    def _held(self, task: TaskName, site: str) -> None:
        pauses = Pauses.told_by(self.audit.of_kind(*KINDS))
        if (task, site) in pauses.held:
            return
        there = [one.where for one in pauses.all() if one.task is task]
        paused = f"it is paused {' and '.join(there)}" if there else "it is not paused"
        asked = f"at {site}" if site else "at every site"
        raise ValueError(f"{task} was not paused {asked}: {paused}")


def _task(given: str) -> TaskName:
    if given in set(TaskName):
        return TaskName(given)
    raise ValueError(f"task {given!r} is not one of {', '.join(TaskName)}")


def _said(part: str, text: str) -> str:
    found = text.strip()
    if not 0 < len(found) <= LONGEST or not found.isprintable():
        raise ValueError(f"{part} takes 1 to {LONGEST} printable characters, got {len(found)}")
    return found
