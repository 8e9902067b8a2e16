"""Entries of every kind made by hand, for tests of what is kept, erased and exported."""

import uuid
from datetime import UTC, datetime

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.audit.log.entry import SCHEMA_VERSION, Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.pseudonym import Pseudonyms
from serving.runtime.context import RequestContext
from tests.support.synthetic_recommendations import recommendation_draft

PSEUDONYMS = Pseudonyms(bytes(range(32)))
CONTEXT = RequestContext("0af7651916cd43dd8448eb211c80319c", "local", None, "0.1.0+0123456789ab", 7)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
TASK = INVOICE_MISMATCH.name


def recommendation_recorded_at(number, at=NOW, task=TASK, **changes):
    """Return a recommendation's draft, recorded at another moment than the case's own."""
    made = recommendation_draft(task, number, **changes)
    return Draft(**(vars(made) | {"recorded_at": at.isoformat()}))


def draft_of_kind(kind, at=NOW, about="", **fields):
    """Return a draft of any other kind."""
    return Draft(
        id=str(uuid.uuid4()),
        kind=kind,
        about=about,
        task="",
        site="",
        reference="",
        priority=0.0,
        recorded_at=at.isoformat(),
        payload={
            "schema": SCHEMA_VERSION,
            "kind": kind.value,
            "context": CONTEXT.recorded(),
            **fields,
        },
    )


def decision_draft(number, person="ada", at=NOW, **changes):
    """Return the draft of a person's decision about a recommendation."""
    name = str(uuid.uuid4())
    said = {
        "decision_id": name,
        "recommendation_id": f"rec-{number}",
        "happened_at": at.isoformat(),
        "known_at": at.isoformat(),
        "action": "followed",
        "role": "accounts payable",
        "resolved_as": "DUPLICATE",
        "reason": None,
        "person": person and PSEUDONYMS.of(person),
    }
    return draft_of_kind(EntryKind.DECISION, at, f"rec-{number}", **(said | changes))
