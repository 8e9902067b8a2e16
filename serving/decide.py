"""What a person decided about a recommendation: recorded once, and never changed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.api.messages import DecisionMessage
from serving.audit.entry import Draft, Entry, EntryKind, drafted
from serving.audit.group import Committed, Key
from serving.audit.pseudonym import Pseudonyms
from serving.audit.readings import readings
from serving.audit.store import AuditStore, TakenError
from serving.context import Context
from serving.recommendation import Advice

Said = Mapping[str, Any]

# Decisions are named after what they decide, so that two that arrive at once cannot both be
# recorded: the second has a name that is taken, in whichever process it came in.
NAMES = uuid.UUID("6f1b0c1e-3a0e-5d51-9f43-0d4a9d8f7c52")


PERSON, SHOWN_AT = "person", "shown_at"


class AlreadyDecidedError(RuntimeError):
    """Something else was decided about the recommendation before."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(f"recommendation {entry.envelope.about} was decided at {_was(entry)}")


def _was(entry: Entry) -> str:
    if entry.body is None:
        return f"{entry.recorded_at}; what was decided has been erased since"
    said = entry.payload
    ended = f", resolved as {said['resolved_as']}" if said["resolved_as"] else ""
    why = f' ("{said["reason"]}")' if said["reason"] else ""
    return f"{said['happened_at']}: {said['action']} by {said['role']}{ended}{why}"


@dataclass(frozen=True)
class Deciding:
    """What a decision is recorded with. people: makes the pseudonym of who decided."""

    audit: AuditStore
    people: Pseudonyms
    now: datetime
    context: Context

    def said(self, decision: DecisionMessage) -> Said:
        """What was decided, by whom as a pseudonym."""
        told = decision.model_dump(mode="json", exclude={PERSON, SHOWN_AT})
        return told | {PERSON: None if decision.person is None else self.people.of(decision.person)}

    def draft(self, advice: Advice, said: Said, shown_at: datetime | None) -> Draft:
        """The decision as it is recorded."""
        now, identifier = self.now.isoformat(), str(uuid.uuid5(NAMES, advice.id))
        told = {
            "decision_id": identifier,
            "recommendation_id": advice.id,
            "happened_at": now,
            "known_at": now,
            **said,
            "shown": self.shown(advice, shown_at),
        }
        return drafted(
            EntryKind.DECISION,
            told,
            self.context.recorded(),
            now,
            id=identifier,
            about=advice.id,
            task=advice.task,
            site=advice.site_id,
        )

    def shown(self, advice: Advice, shown_at: datetime | None) -> dict[str, Any]:
        """What was shown and when: the answer in its place, and every page given of it."""
        answered = self.audit.read(advice.id)
        read = readings(self.audit, advice.id)
        return {
            "sequence": answered and answered.sequence,
            "hash": answered and answered.hash,
            "answered_at": advice.answered_at.isoformat(),
            "reports": [
                {"sequence": r.sequence, "at": r.at, "page_digest": r.page_digest} for r in read
            ],
            SHOWN_AT: shown_at and shown_at.isoformat(),
        }


def decide(
    deciding: Deciding, advice: Advice, decision: DecisionMessage, key: Key | None = None
) -> tuple[Committed, bool]:
    """The decision on record, and whether it was recorded just now.

    key: recorded with it, so that the same request sent again gets the same answer.

    Raises:
        AlreadyDecidedError: something else was decided before; nothing was recorded.
        AuditUnavailableError: nothing was recorded.
        KeyTakenError: the key was used before; nothing was recorded.
    """
    audit, said = deciding.audit, deciding.said(decision)
    if before := audit.decisions(advice.id):
        return _before(before[0], said), False
    made = deciding.draft(advice, said, decision.shown_at)
    try:
        return audit.commit([made], key), True
    except TakenError:  # by somebody else, between look and record
        return _before(audit.decisions(advice.id)[0], said), False


def _before(entry: Entry, said: Said) -> Committed:
    """What was recorded then; no checkpoint was made for it now."""
    return Committed([_same(entry, said)], "")


def _same(before: Entry, said: Said) -> Entry:
    """The decision before, if it says the same; an old one does not say who decided."""
    if before.body is None:
        raise AlreadyDecidedError(before)
    was = before.payload
    if any(was[name] != value for name, value in said.items() if name in was):
        raise AlreadyDecidedError(before)
    return before
