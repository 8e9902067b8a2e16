"""What became of a recommendation since: what was decided, and who read its report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from serving.audit.entry import Entry
from serving.audit.readings import Reading, readings
from serving.audit.store import AuditStore
from serving.desk.facts import moment

ERASED = "erased since"


@dataclass(frozen=True)
class Standing:
    """Where a recommendation stands, a sentence each."""

    decided: str
    read: str


def standing(audit: AuditStore, recommendation: str) -> Standing:
    """Where it stands by the record, now.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    return Standing(decided(audit.decisions(recommendation)), read(readings(audit, recommendation)))


def decided(entries: Sequence[Entry]) -> str:
    """What was decided, by which role, when, and where that is recorded."""
    if not entries:
        return "nothing was reported yet"
    entry = entries[0]
    where = f"{moment(entry.recorded_at)}, entry {entry.sequence}"
    if entry.body is None:
        return f"decided on {where}; by whom and what was {ERASED}"
    said = entry.payload
    ended = f", resolved as {said['resolved_as']}" if said["resolved_as"] else ""
    return f"{said['action']} by {said['role']}{ended}, {where}"


def read(given: Sequence[Reading]) -> str:
    """How often the report was given before, to whom, and when last."""
    if not given:
        return "never before"
    by = defaultdict[str, list[str]](list)
    for one in given:
        by[one.caller or ERASED].append(one.at)
    told = [f"{_times(len(at))} by {who} (last {moment(max(at))})" for who, at in by.items()]
    return "; ".join(told)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
