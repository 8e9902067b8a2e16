"""Decisions of reviewers on recommendations: the message, and recording it exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from data.contracts.decisions import Action
from features.cases import CaseShape
from serving.audit.log.entry import Draft, Entry, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import DuplicateEntryError
from serving.audit.log.group_commit import CommitResult, IdempotencyKey
from serving.audit.log.store import AuditStore
from serving.audit.pseudonym import Pseudonyms
from serving.audit.report_access_log import report_accesses
from serving.recommendation.recommendation import Advice
from serving.runtime.context import RequestContext
from serving.tasks.message_fields import Moment, StrictMessage, Text
from serving.tasks.messages import TaskRequest


class DecisionMessage(StrictMessage):
    """What a person did with a recommendation. Roles, and never a name on record."""

    action: Action = Field(strict=False, description="what was done with the recommendation")
    role: Text = Field(description="role of who decided, never a name")
    resolved_as: Text | None = Field(
        default=None,
        description="what it ended as: a class of the recommendation's task; for an invoice "
        "also RECEIPT_ARRIVES, PO_AMENDED, CREDIT_NOTE, RELEASED_IN_TOLERANCE, REVERSED or "
        "DUPLICATE",
    )
    reason: Annotated[str, Field(min_length=1, max_length=2000)] | None = Field(
        default=None,
        validate_default=True,
        description="why, in the person's own words; needed where a recommendation is overridden",
    )

    person: Text | None = Field(
        default=None,
        repr=False,  # a name that is nowhere in what is printed cannot end in a log
        description="who decided, as the orchestrator names them: a user's id, not an address. "
        "Never recorded and never answered: a keyed pseudonym of it is, so that what this "
        "person decided can be found, and erased, on request",
    )
    shown_at: Moment | None = Field(
        default=None,
        description="when the person saw the answer, as the orchestrator knows it; recorded as "
        "said. The same decision with another moment is the same decision",
    )

    @field_validator("reason")
    @classmethod
    def overriding_takes_a_reason(cls, reason: str | None, others: ValidationInfo) -> str | None:
        """A recommendation may be overridden, with a reason."""
        if others.data.get("action") is Action.OVERRIDDEN and reason is None:
            raise PydanticCustomError("reason_missing", "overridden without a reason")
        return reason


# The shape of a decision's message, so that its errors read like all others.
DECISION_REQUEST = TaskRequest(CaseShape(()), frozenset(), DecisionMessage)

DecisionFields = Mapping[str, Any]

# Decisions are named after what they decide, so that two that arrive at once cannot both be
# recorded: the second has a name that is taken, in whichever process it came in.
DECISION_NAMESPACE = uuid.UUID("6f1b0c1e-3a0e-5d51-9f43-0d4a9d8f7c52")


PERSON, SHOWN_AT = "person", "shown_at"


class AlreadyDecidedError(RuntimeError):
    """Something else was decided about the recommendation before."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(
            f"recommendation {entry.envelope.about} was decided at {_describe_decision(entry)}"
        )


def _describe_decision(entry: Entry) -> str:
    if entry.body is None:
        return f"{entry.recorded_at}; what was decided has been erased since"
    said = entry.payload
    ended = f", resolved as {said['resolved_as']}" if said["resolved_as"] else ""
    why = f' ("{said["reason"]}")' if said["reason"] else ""
    return f"{said['happened_at']}: {said['action']} by {said['role']}{ended}{why}"


@dataclass(frozen=True)
class DecisionRecorder:
    """What a decision is recorded with. people: makes the pseudonym of who decided."""

    audit: AuditStore
    people: Pseudonyms
    now: datetime
    context: RequestContext

    def said(self, decision: DecisionMessage) -> DecisionFields:
        """What was decided, by whom as a pseudonym."""
        told = decision.model_dump(mode="json", exclude={PERSON, SHOWN_AT})
        return told | {PERSON: None if decision.person is None else self.people.of(decision.person)}

    def draft(self, advice: Advice, said: DecisionFields, shown_at: datetime | None) -> Draft:
        """The decision as it is recorded."""
        now, identifier = self.now.isoformat(), str(uuid.uuid5(DECISION_NAMESPACE, advice.id))
        told = {
            "decision_id": identifier,
            "recommendation_id": advice.id,
            "happened_at": now,
            "known_at": now,
            **said,
            "shown": self.shown(advice, shown_at),
        }
        return new_draft(
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
        read = report_accesses(self.audit, advice.id)
        return {
            "sequence": answered and answered.sequence,
            "hash": answered and answered.hash,
            "answered_at": advice.answered_at.isoformat(),
            "reports": [
                {"sequence": r.sequence, "at": r.at, "page_digest": r.page_digest} for r in read
            ],
            SHOWN_AT: shown_at and shown_at.isoformat(),
        }


def record_decision(
    deciding: DecisionRecorder,
    advice: Advice,
    decision: DecisionMessage,
    key: IdempotencyKey | None = None,
) -> tuple[CommitResult, bool]:
    """The decision on record, and whether it was recorded just now.

    key: recorded with it, so that the same request sent again gets the same answer.

    Raises:
        AlreadyDecidedError: something else was decided before; nothing was recorded.
        AuditUnavailableError: nothing was recorded.
        KeyTakenError: the key was used before; nothing was recorded.
    """
    audit, said = deciding.audit, deciding.said(decision)
    if before := audit.decisions(advice.id):
        return _earlier_decision(before[0], said), False
    made = deciding.draft(advice, said, decision.shown_at)
    try:
        return audit.commit([made], key), True
    except DuplicateEntryError:  # by somebody else, between look and record
        return _earlier_decision(audit.decisions(advice.id)[0], said), False


def _earlier_decision(entry: Entry, said: DecisionFields) -> CommitResult:
    """What was recorded then; no checkpoint was made for it now."""
    return CommitResult([_require_same(entry, said)], "")


def _require_same(before: Entry, said: DecisionFields) -> Entry:
    """The decision before, if it says the same; an old one does not say who decided."""
    if before.body is None:
        raise AlreadyDecidedError(before)
    was = before.payload
    if any(was[name] != value for name, value in said.items() if name in was):
        raise AlreadyDecidedError(before)
    return before
