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

# The id of a decision follows from the recommendation, so that of two that arrive at once, in
# whichever processes, only one can be recorded: the id of the second is taken.
DECISION_NAMESPACE = uuid.UUID("6f1b0c1e-3a0e-5d51-9f43-0d4a9d8f7c52")


PERSON, SHOWN_AT = "person", "shown_at"


class AlreadyDecidedError(RuntimeError):
    """Something else was decided on the recommendation before."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(
            f"recommendation {entry.envelope.about} was decided at {_describe_decision(entry)}"
        )


def _describe_decision(entry: Entry) -> str:
    if entry.body is None:
        return f"{entry.recorded_at}; what was decided has been erased since"
    fields = entry.payload
    ended = f", resolved as {fields['resolved_as']}" if fields["resolved_as"] else ""
    why = f' ("{fields["reason"]}")' if fields["reason"] else ""
    return f"{fields['happened_at']}: {fields['action']} by {fields['role']}{ended}{why}"


@dataclass(frozen=True)
class DecisionRecorder:
    """Records decisions made in one request. people: makes the pseudonym of the person."""

    audit: AuditStore
    people: Pseudonyms
    now: datetime
    context: RequestContext

    def said(self, decision: DecisionMessage) -> DecisionFields:
        """Return the fields of a decision, with the person as a pseudonym."""
        fields = decision.model_dump(mode="json", exclude={PERSON, SHOWN_AT})
        return fields | {
            PERSON: None if decision.person is None else self.people.of(decision.person)
        }

    def draft(self, advice: Advice, fields: DecisionFields, shown_at: datetime | None) -> Draft:
        """Draft the audit entry of a decision."""
        now, identifier = self.now.isoformat(), str(uuid.uuid5(DECISION_NAMESPACE, advice.id))
        content = {
            "decision_id": identifier,
            "recommendation_id": advice.id,
            "happened_at": now,
            "known_at": now,
            **fields,
            "shown": self.shown(advice, shown_at),
        }
        return new_draft(
            EntryKind.DECISION,
            content,
            self.context.recorded(),
            now,
            id=identifier,
            about=advice.id,
            task=advice.task,
            site=advice.site_id,
        )

    def shown(self, advice: Advice, shown_at: datetime | None) -> dict[str, Any]:
        """Return what the person could have seen: the answer, and every page rendered of it."""
        answered = self.audit.read(advice.id)
        accesses = report_accesses(self.audit, advice.id)
        return {
            "sequence": answered and answered.sequence,
            "hash": answered and answered.hash,
            "answered_at": advice.answered_at.isoformat(),
            "reports": [
                {"sequence": access.sequence, "at": access.at, "page_digest": access.page_digest}
                for access in accesses
            ],
            SHOWN_AT: shown_at and shown_at.isoformat(),
        }


def record_decision(
    recorder: DecisionRecorder,
    advice: Advice,
    decision: DecisionMessage,
    key: IdempotencyKey | None = None,
) -> tuple[CommitResult, bool]:
    """Record a decision, unless the same one is on record.

    key: recorded with it, so that the same request sent again gets the same answer.

    Returns:
        The decision on record, and whether this call recorded it.

    Raises:
        AlreadyDecidedError: something else was decided before; nothing was recorded.
        AuditUnavailableError: nothing was recorded.
        IdempotencyKeyUsedError: the key was used before; nothing was recorded.
    """
    audit, fields = recorder.audit, recorder.said(decision)
    if before := audit.decisions(advice.id):
        return _earlier_decision(before[0], fields), False
    draft = recorder.draft(advice, fields, decision.shown_at)
    try:
        return audit.commit([draft], key), True
    except DuplicateEntryError:  # recorded by another request since the look above
        return _earlier_decision(audit.decisions(advice.id)[0], fields), False


def _earlier_decision(entry: Entry, fields: DecisionFields) -> CommitResult:
    """Return the earlier decision, without a checkpoint."""
    return CommitResult([_require_same(entry, fields)], "")


def _require_same(before: Entry, fields: DecisionFields) -> Entry:
    """Return the earlier decision if it says the same."""
    if before.body is None:
        raise AlreadyDecidedError(before)
    recorded = before.payload
    if any(recorded[name] != value for name, value in fields.items()):
        raise AlreadyDecidedError(before)
    return before
